"""IMAGE and COLORT, as images.cpp writes them."""

from __future__ import annotations

from tests.interop.values.building import Values, message, ramp, rows, thirds

TURNED = rows([0, 0, -1, 1, 0, 0, 0, -1, 0], [12.5, -7.25, 100.125])


def image(serial: int, scalar_type: int, pixels: list[float], **changes: object) -> Values:
    """An IMAGE of 3 x 4 x 5 (i, j, k), but for the changes."""
    fields: Values = {
        "components": 1,
        "scalar_type": scalar_type,
        "endian": "little",
        "coordinates": "RAS",
        "size": [3, 4, 5],
        "spacing": [0.5, 0.75, 1.25],
        "matrix": TURNED,
        "sub_volume_offset": [0, 0, 0],
        "sub_volume_size": [3, 4, 5],
        "pixels": pixels,
    }
    return message("IMAGE", "Ultrasound", serial) | fields | changes


IMAGES = {
    "image-int8": image(20, 2, ramp(60, -120, 4)),
    "image-uint8": image(21, 3, ramp(60, 1, 4)),
    "image-int16": image(22, 4, ramp(60, -30000, 1001)),
    "image-uint16": image(23, 5, ramp(60, 5000, 1001)),
    "image-int32": image(24, 6, ramp(60, -2_000_000_000, 67_000_001)),
    "image-uint32": image(25, 7, ramp(60, 100_000_000, 70_000_001)),
    "image-float32": image(26, 10, ramp(60, -20.125, 0.75)),
    "image-float64": image(27, 11, ramp(60, -999_999_999_999_999.5, 33_333_333_333_333.25)),
    "image-big-endian": image(28, 4, ramp(60, -30000, 1001), endian="big"),
    "image-rgb": image(29, 3, ramp(180, 3, 1), components=3),
    "image-sub-volume": image(
        30, 4, ramp(6, -300, 150), sub_volume_offset=[1, 3, 2], sub_volume_size=[2, 1, 3]
    ),
    "image-sub-volume-rgb": image(
        31,
        3,
        ramp(18, 10, 13),
        components=3,
        sub_volume_offset=[1, 3, 2],
        sub_volume_size=[2, 1, 3],
    ),
    "image-lps": image(32, 3, ramp(60, 1, 4), coordinates="LPS"),
    "image-oblique": image(
        33,
        3,
        ramp(60, 1, 4),
        matrix=thirds([2, -1, 2, 2, 2, -1, -1, 2, 2], [-12.5, 7.25, -100.125]),
    ),
    "image-slice": image(
        34,
        3,
        ramp(12, 7, 20),
        endian="big",  # what the library says when nobody tells it
        device_name="",
        size=[4, 3, 1],
        spacing=[0.25, 0.5, 2.0],
        matrix=rows([0, 0, -1, 1, 0, 0, 0, -1, 0], [1.5, -2.5, 3.5]),
        sub_volume_size=[4, 3, 1],
    ),
    # By the library's other class, the header and the pixels of which are sent in three pieces.
    "image-fragments": image(35, 5, ramp(60, 5000, 1001)),
}


def wrapped(count: int, factor: int, modulus: int) -> list[int]:
    """Multiples of `factor`, modulo `modulus`."""
    return [i * factor % modulus for i in range(count)]


def color_table(serial: int, index_type: int, map_type: int, table: list[int]) -> Values:
    """A COLORT; the table of an RGB map lists red, green, blue of one entry after the other."""
    return message(
        "COLORT", "Labels", serial, index_type=index_type, map_type=map_type, table=table
    )


COLOR_TABLES = {
    "colort-8-to-8": color_table(36, 3, 3, wrapped(256, 7, 251)),
    "colort-8-to-16": color_table(37, 3, 5, wrapped(256, 601, 65521)),
    "colort-8-to-rgb": color_table(38, 3, 19, wrapped(768, 7, 251)),
    "colort-16-to-8": color_table(39, 5, 3, wrapped(65536, 7, 251)),
    "colort-16-to-16": color_table(40, 5, 5, wrapped(65536, 601, 65521)),
    "colort-16-to-rgb": color_table(41, 5, 19, wrapped(196608, 7, 251)),
}
