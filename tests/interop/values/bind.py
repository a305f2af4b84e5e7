"""BIND and its queries, as bind.cpp writes them."""

from __future__ import annotations

from tests.interop.values.building import Values, message, rows


def child(wire_type: str, device_name: str, **fields: object) -> Values:
    """A child of a BIND: it has no time of its own."""
    return {"type": wire_type, "device_name": device_name, **fields}


BINDS = {
    "bind": message(
        "BIND",
        "Frame",
        80,
        children=[
            child("STRING", "Label", encoding=3, text="one"),
            child(
                "TRANSFORM",
                "ProbeToTracker",
                matrix=rows([1, 0, 0, 0, 1, 0, 0, 0, 1], [1.5, -2.5, 3.25]),
            ),
            child(
                "IMAGE",
                "US",
                components=1,
                scalar_type=3,
                endian="big",
                coordinates="RAS",
                size=[3, 1, 1],
                spacing=[0.5, 0.75, 1.25],
                matrix=rows([1, 0, 0, 0, 1, 0, 0, 0, 1], [4.5, 5.5, 6.5]),
                sub_volume_offset=[0, 0, 0],
                sub_volume_size=[3, 1, 1],
                pixels=[9, 8, 7],
            ),
            child("STRING", "Note", encoding=3, text="four"),
        ],
    ),
    # Children of a query: type and device name.
    "get-bind": message(
        "GET_BIND", "Frame", 84, children=[["TRANSFORM", "ProbeToTracker"], ["IMAGE", "US"]]
    ),
    # The name table has 9 bytes: the reference does not pad it (and cannot read it back).
    "get-bind-odd-names": message(
        "GET_BIND", "Frame", 85, children=[["STRING", "Label"], ["IMAGE", "CT"]]
    ),
    # Not empty, but no child and no name: four bytes of 0.
    "get-bind-everything": message("GET_BIND", "Frame", 86, children=[]),
    # The library does not write a resolution (32.32 seconds).
    "stt-bind": message(
        "STT_BIND",
        "Frame",
        87,
        resolution=0,
        children=[["STRING", "Label"], ["TDATA", "Tracker"]],
    ),
    "stp-bind": message("STP_BIND", "Frame", 88),
    "rts-bind": message("RTS_BIND", "Frame", 89, status=1),
}
