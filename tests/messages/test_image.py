"""IMAGE: where voxels are, what axes mean, how pixels lie; with numbers worked out by hand."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest

import igtl
from igtl.messages import encode_buffers
from tests.codec.wire import floats, packet, shorts, table

IMAGE = table(
    """
    00 01                                     # version of this header
    01                                        # one component
    04                                        # int16
    01                                        # big-endian pixels
    01                                        # RAS
    00 03  00 02  00 01                       # 3 x 2 x 1
    3f 00 00 00  00 00 00 00  00 00 00 00     # i axis: 0.5 mm along x
    00 00 00 00  3e 80 00 00  00 00 00 00     # j axis: 0.25 mm along y
    00 00 00 00  00 00 00 00  40 00 00 00     # k axis: 2 mm along z
    41 28 00 00  c1 9f 00 00  3f 00 00 00     # centre: 10.5, -19.875, 0.5
    00 00  00 00  00 00                       # part: from the first voxel
    00 03  00 02  00 01                       # ... all of them
    00 01  00 02  00 03                       # first row
    ff ff  ff fe  ff fd                       # second row
    """
)
# The first voxel: 10.5 - 0.5 x 2 / 2 = 10;  -19.875 - 0.25 x 1 / 2 = -20;  0.5 - 0 = 0.5.
IJK_TO_RAS: Any = [[0.5, 0, 0, 10], [0, 0.25, 0, -20], [0, 0, 2, 0.5], [0, 0, 0, 1]]
PIXELS = [[1, 2, 3], [-1, -2, -3]]


def received(content: bytes) -> igtl.Image:
    image = igtl.decode(packet("IMAGE", content))
    assert isinstance(image, igtl.Image)
    return image


def head(image: igtl.Image) -> dict[str, Any]:
    """The fields on the wire."""
    content = bytes(image.raw_content)
    numbers = np.frombuffer(content, ">f4", 12, 12).tolist()
    shorts_ = np.frombuffer(content, ">u2", 6, 60).tolist()
    return {
        "components": content[2],
        "scalar": content[3],
        "endian": content[4],
        "coordinate": content[5],
        "size": np.frombuffer(content, ">u2", 3, 6).tolist(),
        "axes": [numbers[0:3], numbers[3:6], numbers[6:9]],
        "centre": numbers[9:12],
        "offset": shorts_[:3],
        "part": shorts_[3:],
        "pixels": content[72:],
    }


def test_image_by_hand() -> None:
    image = igtl.Image(np.array(PIXELS, ">i2"), spacing=(0.5, 0.25, 2), origin=(10, -20, 0.5))
    assert igtl.encode(image) == packet("IMAGE", IMAGE)
    same = igtl.Image(np.array(PIXELS, ">i2"), ijk_to_world=IJK_TO_RAS)
    assert same == image


def test_image_is_read() -> None:
    image = received(IMAGE)
    assert image.pixels.shape == (1, 2, 3)
    assert image.pixels.tolist() == [PIXELS]
    assert image.pixels.dtype == np.dtype(">i2")
    assert image.ijk_to_world.tolist() == IJK_TO_RAS
    assert image.spacing.tolist() == [0.5, 0.25, 2.0]
    assert image.origin.tolist() == [10.0, -20.0, 0.5]
    assert image.coordinates == "RAS"
    assert image.size == image.volume_size == (3, 2, 1)
    assert image.sub_volume_offset == (0, 0, 0)
    assert image.components == 1


def test_without_geometry_voxels_are_1_mm_and_the_first_is_at_0() -> None:
    image = igtl.Image(np.zeros((4, 3, 2), np.uint8))
    assert image.ijk_to_world.tolist() == np.eye(4).tolist()
    assert head(image)["centre"] == [0.5, 1.0, 1.5]  # half of size - 1 along x, y, z
    assert igtl.Image(np.zeros((2, 2), np.uint8), spacing=3).spacing.tolist() == [3, 3, 3]


class TestCentre:
    """The wire has the centre of the whole volume: first voxel + sum of axis * (size - 1) / 2."""

    # Axes that are neither aligned nor of one length: i = (0, 2, 0), j = (0, 0, -1), k = (3, 0, 4).
    OBLIQUE = ((0.0, 0.0, 3.0, 5.0), (2.0, 0.0, 0.0, -6.0), (0.0, -1.0, 4.0, 7.0))

    def test_oblique_axes(self) -> None:
        image = igtl.Image(np.zeros((5, 3, 7), np.uint8), ijk_to_world=self.OBLIQUE)
        fields = head(image)
        assert fields["axes"] == [[0, 2, 0], [0, 0, -1], [3, 0, 4]]
        # First voxel (5, -6, 7), then 3 steps of i, 1 of j, 2 of k:
        # x = 5 + 2 x 3, y = -6 + 3 x 2, z = 7 - 1 + 2 x 4.
        assert fields["centre"] == [11.0, 0.0, 14.0]
        assert image.ijk_to_world[:3].tolist() == [list(row) for row in self.OBLIQUE]
        assert image.spacing.tolist() == [2.0, 1.0, 5.0]
        assert image.origin.tolist() == [5.0, -6.0, 7.0]
        # Voxel (6, 0, 4) is at (5, -6, 7) + 6 (0, 2, 0) + 4 (3, 0, 4).
        assert (image.ijk_to_world @ [6, 0, 4, 1]).tolist() == [17.0, 6.0, 23.0, 1.0]

    def test_even_sizes_have_their_centre_between_voxels(self) -> None:
        image = igtl.Image(np.zeros((2, 4, 6), np.uint8), ijk_to_world=self.OBLIQUE)
        # 2.5 steps of i, 1.5 of j, 0.5 of k: x = 5 + 1.5, y = -6 + 5, z = 7 - 1.5 + 2.
        assert head(image)["centre"] == [6.5, -1.0, 7.5]

    def test_a_part_has_the_centre_and_the_matrix_of_the_whole(self) -> None:
        image = igtl.Image(
            np.zeros((1, 2, 3), np.uint8),
            components=1,
            ijk_to_world=self.OBLIQUE,
            sub_volume_offset=(4, 1, 2),
            volume_size=(7, 3, 5),
        )
        fields = head(image)
        assert fields["centre"] == [11.0, 0.0, 14.0]  # as the whole of 7 x 3 x 5 above
        assert (fields["size"], fields["offset"]) == ([7, 3, 5], [4, 1, 2])
        assert fields["part"] == [3, 2, 1]
        again = received(bytes(image.raw_content))
        assert again.ijk_to_world[:3].tolist() == [list(row) for row in self.OBLIQUE]
        assert again.pixels.shape == (1, 2, 3)
        assert (again.size, again.sub_volume_offset) == ((7, 3, 5), (4, 1, 2))
        # The part's first voxel is (4, 1, 2) of the whole.
        assert (again.ijk_to_world @ [4, 1, 2, 1]).tolist() == [11.0, 2.0, 14.0, 1.0]

    def test_a_part_without_a_size_ends_the_volume(self) -> None:
        image = igtl.Image(np.zeros((2, 5), np.uint8), sub_volume_offset=(4, 1, 2))
        assert image.size == (9, 3, 3)
        assert image.origin.tolist() == [0.0, 0.0, 0.0]  # of the volume, not of the part

    def test_the_arithmetic_is_done_in_float64(self) -> None:
        """0.1 mm x 4095 / 2 in float32 would be off by more than the last digit."""
        image = igtl.Image(np.zeros((1, 4096), np.uint8), spacing=(0.1, 1, 1), origin=(0.3, 0, 0))
        assert head(image)["centre"][0] == float(np.float32(0.3 + 0.1 * 4095 / 2))
        assert image.origin[0] == pytest.approx(0.3, abs=1e-4)


class TestCoordinates:
    MATRIX = ((1.0, 2.0, 3.0, 4.0), (5.0, 6.0, 7.0, 8.0), (9.0, 10.0, 11.0, 12.0))
    FLIPPED = ((-1.0, -2.0, -3.0, -4.0), (-5.0, -6.0, -7.0, -8.0), (9.0, 10.0, 11.0, 12.0))

    @pytest.mark.parametrize(("name", "number"), [("RAS", 1), ("LPS", 2)])
    def test_the_matrix_is_in_the_coordinates_that_are_named(self, name: str, number: int) -> None:
        image = igtl.Image(np.zeros((1, 1), np.uint8), ijk_to_world=self.MATRIX, coordinates=name)
        assert head(image)["coordinate"] == number
        again = received(bytes(image.raw_content))
        assert again.coordinates == name
        same, other = again.ijk_to_ras, again.ijk_to_lps
        if name == "LPS":
            same, other = other, same
        assert (
            same[:3].tolist() == again.ijk_to_world[:3].tolist() == [list(r) for r in self.MATRIX]
        )
        assert other[:3].tolist() == [list(row) for row in self.FLIPPED]
        assert same[3].tolist() == other[3].tolist() == [0, 0, 0, 1]

    def test_zeros_stay_zeros(self) -> None:
        image = igtl.Image(np.zeros((1, 1), np.uint8), coordinates="LPS")
        assert not np.signbit(image.ijk_to_ras[:3, 3]).any()
        assert np.diag(image.ijk_to_ras).tolist() == [-1, -1, 1, 1]

    @pytest.mark.parametrize("number", [0, 3, 255])
    def test_other_numbers_are_ras_as_in_the_reference(self, number: int) -> None:
        assert received(IMAGE[:5] + bytes([number]) + IMAGE[6:]).coordinates == "RAS"

    @pytest.mark.parametrize("name", ["ras", "LAS", "", None, 1, ["RAS"]])
    def test_other_names_are_refused(self, name: Any) -> None:
        with pytest.raises(igtl.MessageError, match=r"coordinates are .*, expected 'RAS' or 'LPS'"):
            igtl.Image(np.zeros((1, 1), np.uint8), coordinates=name)

    def test_infinite_geometry_is_read(self) -> None:
        content = bytearray(IMAGE)
        content[5], content[12:60] = 2, floats(*[np.inf] * 12)
        image = received(bytes(content))
        assert image.ijk_to_ras[0, 0] == -np.inf
        assert np.isnan(image.ijk_to_world[0, 3])  # infinite centre - infinite half


class TestShapes:
    @pytest.mark.parametrize(
        ("shape", "components", "size", "count", "read"),
        [
            ((4, 6), None, [6, 4, 1], 1, (1, 4, 6)),
            ((4, 6, 3), None, [6, 4, 1], 3, (1, 4, 6, 3)),
            ((4, 6, 4), None, [6, 4, 1], 4, (1, 4, 6, 4)),
            ((4, 6, 3), 1, [3, 6, 4], 1, (4, 6, 3)),
            ((4, 6, 4), 1, [4, 6, 4], 1, (4, 6, 4)),
            ((4, 6, 2), None, [2, 6, 4], 1, (4, 6, 2)),
            ((4, 6, 2), 2, [6, 4, 1], 2, (1, 4, 6, 2)),
            ((4, 6, 5), None, [5, 6, 4], 1, (4, 6, 5)),
            ((4, 6, 1), None, [1, 6, 4], 1, (4, 6, 1)),
            ((2, 4, 6, 1), None, [6, 4, 2], 1, (2, 4, 6)),
            ((2, 4, 6, 3), None, [6, 4, 2], 3, (2, 4, 6, 3)),
            ((2, 4, 6, 7), 7, [6, 4, 2], 7, (2, 4, 6, 7)),
            ((1, 1, 1, 255), None, [1, 1, 1], 255, (1, 1, 1, 255)),
            ((1, 65535), None, [65535, 1, 1], 1, (1, 1, 65535)),
        ],
    )
    def test_what_axes_mean(
        self,
        shape: tuple[int, ...],
        components: int | None,
        size: list[int],
        count: int,
        read: tuple[int, ...],
    ) -> None:
        pixels = np.arange(np.prod(shape), dtype=np.uint32).reshape(shape)
        image = igtl.Image(pixels, components=components)
        assert (head(image)["size"], head(image)["components"]) == (size, count)
        assert (image.pixels.shape, image.components) == (read, count)
        assert np.array_equal(image.pixels, pixels.reshape(read))
        # On the wire i runs fastest, components run within a voxel.
        wire = np.frombuffer(head(image)["pixels"], np.uint32)
        assert np.array_equal(wire, pixels.ravel())

    @pytest.mark.parametrize(
        ("shape", "components", "text"),
        [
            ((), None, r"pixels have shape \(\), expected \(j, i\), \(j, i, 3\), \(k, j, i\) or"),
            ((4,), None, r"pixels have shape \(4,\)"),
            ((1, 2, 3, 4, 5), None, r"pixels have shape \(1, 2, 3, 4, 5\)"),
            ((0, 4), None, r"pixels have shape \(0, 4\)"),
            ((4, 0, 3), None, r"pixels have shape \(4, 0, 3\)"),
            ((4, 6), 3, r"pixels of shape \(4, 6\) do not have 3 components"),
            ((4, 6, 3), 4, r"pixels of shape \(4, 6, 3\) do not have 4 components"),
            ((2, 4, 6, 3), 1, r"do not have 1 components"),
            ((4, 6), 0, "do not have 0 components"),
            ((1, 65536), None, r"are too large: at most 65535 along an axis and 255 components"),
            ((1, 1, 1, 256), None, "are too large"),
        ],
    )
    def test_other_shapes_are_refused(
        self, shape: tuple[int, ...], components: int | None, text: str
    ) -> None:
        with pytest.raises(igtl.MessageError, match=text):
            igtl.Image(np.zeros(shape, np.uint8), components=components)

    def test_replace_keeps_what_axes_mean(self) -> None:
        """A grey volume three voxels wide is not taken for colour."""
        volume = igtl.Image(np.zeros((4, 6, 3), np.uint8), components=1)
        for image in (volume, received(bytes(volume.raw_content))):
            changed = image.replace(coordinates="LPS")
            assert changed.pixels.shape == (4, 6, 3)
            assert changed.components == 1
            assert np.array_equal(changed.pixels, image.pixels)

    @pytest.mark.parametrize(
        ("shape", "size"), [((8, 12), (12, 8, 1)), ((2, 3), (3, 2, 1)), ((5, 8, 12), (12, 8, 5))]
    )
    def test_replace_by_a_whole_image_of_another_size(
        self, shape: tuple[int, ...], size: tuple[int, int, int]
    ) -> None:
        image = igtl.Image(np.zeros((4, 6), np.uint8), spacing=2, origin=(1, 2, 3))
        other = image.replace(pixels=np.ones(shape, np.uint8))
        assert other.size == size
        assert other.ijk_to_world.tolist() == image.ijk_to_world.tolist()

    def test_replace_of_a_part_stays_a_part(self) -> None:
        part = igtl.Image(
            np.zeros((4, 6), np.uint8), sub_volume_offset=(1, 0, 0), volume_size=(9, 4, 1)
        )
        other = part.replace(pixels=np.ones((3, 5), np.uint8))
        assert (other.size, other.sub_volume_offset) == ((9, 4, 1), (1, 0, 0))
        with pytest.raises(igtl.MessageError, match="reaches outside a volume of"):
            part.replace(pixels=np.ones((4, 9), np.uint8))

    def test_replace_of_pixels_keeps_where_they_are(self) -> None:
        image = igtl.Image(np.zeros((4, 6, 3), np.uint8), spacing=2, origin=(1, 2, 3))
        mask = received(bytes(image.raw_content)).replace(pixels=np.ones((4, 6), np.uint8))
        assert (mask.size, mask.components) == (image.size, 1)
        assert mask.ijk_to_world.tolist() == image.ijk_to_world.tolist()


SCALARS = {
    "int8": (2, [-128, 0, 127]),
    "uint8": (3, [0, 1, 255]),
    "int16": (4, [-32768, 258, 32767]),
    "uint16": (5, [0, 258, 65535]),
    "int32": (6, [-(2**31), 16909060, 2**31 - 1]),
    "uint32": (7, [0, 16909060, 2**32 - 1]),
    "float32": (10, [-1.5, 0.1, np.inf]),
    "float64": (11, [-1.5, 0.1, 1e300]),
}


class TestPixels:
    @pytest.mark.parametrize("name", SCALARS)
    @pytest.mark.parametrize("order", ["<", ">"])
    def test_scalar_types_in_both_byte_orders(self, name: str, order: Any) -> None:
        code, values = SCALARS[name]
        pixels = np.array([values], np.dtype(name).newbyteorder(order))
        image = igtl.Image(pixels)
        fields = head(image)
        assert fields["scalar"] == code
        assert fields["pixels"] == pixels.tobytes()  # as they lie: nothing is swapped
        if pixels.itemsize > 1:
            assert fields["endian"] == {">": 1, "<": 2}[order]
        again = received(bytes(image.raw_content))
        assert again.pixels.tolist() == [pixels.tolist()]
        assert again.pixels.dtype == pixels.dtype

    def test_native_pixels_say_their_byte_order(self) -> None:
        image = igtl.Image(np.array([[1]], np.uint16))
        assert head(image)["endian"] == (2 if sys.byteorder == "little" else 1)

    @pytest.mark.parametrize(
        "dtype", ["int64", "uint64", "bool", "float16", "complex64", "complex128", "O", "U3"]
    )
    def test_other_types_are_refused_with_advice(self, dtype: str) -> None:
        with pytest.raises(igtl.MessageError, match=r"pixels of .* cannot be sent, .*\.astype\("):
            igtl.Image(np.zeros((2, 2), dtype))

    def test_lists_of_python_numbers_are_int64(self) -> None:
        with pytest.raises(igtl.MessageError, match=r"pixels of int64 .*astype\(np.int16 or"):
            igtl.Image([[1, 2], [3, 4]])

    BASE = np.arange(2 * 4 * 6, dtype=np.int16).reshape(2, 4, 6)

    @pytest.mark.parametrize(
        "pixels",
        [
            BASE.transpose(2, 1, 0),
            BASE[:, ::2, 1:5:2],
            BASE[::-1, ::-1, ::-1],
            np.asfortranarray(BASE),
            BASE[0].T,
            np.broadcast_to(np.int16(7), (2, 3, 5)),
            BASE[1:, 2:3, 3:],
            np.lib.stride_tricks.sliding_window_view(np.arange(9, dtype=np.int16), 5),
        ],
        ids=["transposed", "sliced", "negative", "fortran", "2d", "broadcast", "part", "window"],
    )
    def test_any_strides(self, pixels: np.ndarray[Any, Any]) -> None:
        image = igtl.Image(pixels, components=1)
        assert np.array_equal(image.pixels.reshape(pixels.shape), pixels)
        assert head(image)["pixels"] == pixels.tobytes("C")

    def test_colour_of_any_strides(self) -> None:
        bgr = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
        image = igtl.Image(bgr[..., ::-1])
        assert image.pixels[0, 0, 0].tolist() == [2, 1, 0]
        assert head(image)["pixels"][:6] == bytes([2, 1, 0, 5, 4, 3])

    def test_contiguous_pixels_are_sent_as_they_lie(self) -> None:
        pixels = np.zeros((200, 200), np.uint8)
        sent = np.frombuffer(encode_buffers(igtl.Image(pixels))[1], np.uint8)
        assert np.shares_memory(sent, pixels)

    def test_received_pixels_are_not_copied(self) -> None:
        data = igtl.encode(igtl.Image(np.zeros((200, 200), np.uint8)))
        image = igtl.decode(data)
        assert isinstance(image, igtl.Image)
        assert np.shares_memory(image.pixels, np.frombuffer(data, np.uint8))

    def test_read_only_pixels_are_taken(self) -> None:
        pixels = np.zeros((200, 200), np.uint8)
        pixels.flags.writeable = False
        assert received(bytes(igtl.Image(pixels).raw_content)).pixels.shape == (1, 200, 200)


class TestMalformed:
    @pytest.mark.parametrize(
        ("at", "data", "text"),
        [
            (0, b"\0\0", "image header version is 0, expected 1"),
            (0, b"\0\2", "image header version is 2, expected 1"),
            (2, b"\0", "an image of 0 components"),
            (2, b"\2", "1x2x3x2 int16 take 24 bytes, but 12 are there"),
            (3, b"\0", "scalar type 0 is not known"),
            (3, b"\x0d", "scalar type 13 is not known"),  # complex: NDARRAY only
            (3, b"\x0b", "1x2x3x1 float64 take 48 bytes, but 12 are there"),
            (4, b"\0", "byte order of the pixels is 0, expected 1 or 2"),
            (4, b"\3", "byte order of the pixels is 3"),
            (6, shorts(2), r"sub-volume of \(3, 2, 1\) voxels at \(0, 0, 0\) is outside"),
            (60, shorts(1), r"voxels at \(1, 0, 0\) is outside its volume of \(3, 2, 1\)"),
            (64, shorts(65535), r"voxels at \(0, 0, 65535\) is outside"),
            (66, shorts(2), "1x2x2x1 int16 take 8 bytes, but 12 are there"),
            (66, shorts(65535), "is outside its volume"),
        ],
    )
    def test_refused(self, at: int, data: bytes, text: str) -> None:
        with pytest.raises(igtl.DecodeError, match=f"IMAGE of device '': .*{text}"):
            received(IMAGE[:at] + data + IMAGE[at + len(data) :])

    @pytest.mark.parametrize("size", [0, 71, 72, 83, 85])
    def test_sizes(self, size: int) -> None:
        with pytest.raises(igtl.DecodeError):
            received((IMAGE + b"\0")[:size])

    def test_an_empty_part_is_read(self) -> None:
        image = received(IMAGE[:66] + shorts(3, 0, 1))
        assert image.pixels.shape == (1, 0, 3)


class TestGeometryArguments:
    @pytest.mark.parametrize(
        ("given", "text"),
        [
            ({"ijk_to_world": np.eye(3)}, r"ijk_to_world of shape \(3, 3\) is not \(4, 4\)"),
            ({"ijk_to_world": np.eye(4) * 2}, r"is not \(4, 4\) with \[0, 0, 0, 1\] as its last"),
            ({"ijk_to_world": "eye"}, "ijk_to_world is 'eye', expected real numbers"),
            ({"ijk_to_world": np.eye(4) * 1j}, "expected real numbers"),
            ({"ijk_to_world": np.eye(4), "spacing": 1}, "give either it or spacing and origin"),
            ({"ijk_to_world": np.eye(4), "origin": 1}, "give either it or spacing and origin"),
            ({"spacing": 0}, "spacing is 0, expected mm between voxels, above 0"),
            ({"spacing": (1, 1, -1)}, "expected mm between voxels, above 0"),
            ({"spacing": (1, 1, np.nan)}, "expected mm between voxels, above 0"),
            ({"spacing": (1, 2)}, r"spacing has shape \(2,\), expected three numbers"),
            ({"origin": [[1, 2, 3]]}, r"origin has shape \(1, 3\), expected three numbers"),
            ({"origin": (1, 2, None)}, "origin is .*, expected real numbers"),
            ({"spacing": 1e39}, r"pose is beyond the range of f32\[12\]"),
            ({"sub_volume_offset": (0, 0)}, "sub_volume_offset has 2 values, expected 3"),
            ({"sub_volume_offset": (-1, 0, 0)}, r"sub_volume_offset\[0\] is -1, expected 0 to"),
            ({"sub_volume_offset": None}, "sub_volume_offset is None, expected 3 numbers"),
            ({"sub_volume_offset": (0.5, 0, 0)}, r"sub_volume_offset\[0\] is 0.5, expected an int"),
            ({"volume_size": (3, 2)}, "volume_size has 2 values, expected 3"),
            ({"volume_size": 3}, "volume_size is 3, expected 3 numbers"),
            ({"volume_size": (70000, 2, 1)}, r"volume_size\[0\] is 70000"),
            ({"volume_size": (2, 2, 1)}, r"\(3, 2, 1\) voxels at \(0, 0, 0\) reaches outside"),
            (
                {"volume_size": (4, 4, 4), "sub_volume_offset": (2, 0, 0)},
                r"a sub-volume of \(3, 2, 1\) voxels at \(2, 0, 0\) reaches outside a volume of "
                r"\(4, 4, 4\)",
            ),
            ({"sub_volume_offset": (65535, 0, 0)}, r"size\[0\] is 65538, expected 0 to 65535"),
        ],
    )
    def test_wrong_ones_are_refused(self, given: dict[str, Any], text: str) -> None:
        with pytest.raises(igtl.MessageError, match=text):
            igtl.Image(np.zeros((2, 3), np.uint8), **given)

    def test_an_ijk_to_world_of_3x4_is_taken(self) -> None:
        image = igtl.Image(np.zeros((2, 3), np.uint8), ijk_to_world=IJK_TO_RAS[:3])
        assert image.ijk_to_world.tolist() == IJK_TO_RAS


class TestReplacedGeometry:
    """An oblique image: i along y, j along -x, k along z."""

    MATRIX = np.array([[0, -2, 0, 5], [1, 0, 0, 6], [0, 0, 3, 7], [0, 0, 0, 1]], float)

    def test_a_new_spacing_keeps_directions_and_origin(self) -> None:
        image = igtl.Image(np.zeros((4, 6), np.uint8), ijk_to_world=self.MATRIX)
        replaced = image.replace(spacing=(10, 20, 30))
        expected = [[0, -20, 0, 5], [10, 0, 0, 6], [0, 0, 30, 7], [0, 0, 0, 1]]
        np.testing.assert_allclose(replaced.ijk_to_world, expected, atol=1e-5)

    def test_a_new_origin_keeps_the_axes(self) -> None:
        image = igtl.Image(np.zeros((4, 6), np.uint8), ijk_to_world=self.MATRIX)
        replaced = image.replace(origin=(1, 2, 3))
        np.testing.assert_allclose(replaced.ijk_to_world[:3, :3], self.MATRIX[:3, :3])
        np.testing.assert_allclose(replaced.origin, (1, 2, 3), atol=1e-5)

    def test_new_pixels_of_a_whole_image_are_a_whole_image(self) -> None:
        image = igtl.Image(np.zeros((480, 640), np.uint8), ijk_to_world=self.MATRIX)
        replaced = image.replace(pixels=np.ones((240, 320), np.uint8))
        assert replaced.volume_size == (320, 240, 1)
        np.testing.assert_allclose(replaced.ijk_to_world, self.MATRIX, atol=1e-4)
