from __future__ import annotations

import asyncio
import gc
import io
import math
from typing import Any, Literal

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as Pillow

import igtl
from igtl.viewer.encoding import Jpegs, raw
from igtl.viewer.levels import little_endian, range_of, to_8_bits
from igtl.viewer.pictures import Pictures
from igtl.viewer.slices import Picture
from tests.viewer.sent import Log, Rows, frame_of, opened

RNG = np.random.default_rng(7)
NAMES = ["int8", "uint8", "int16", "uint16", "int32", "uint32", "float32", "float64"]


def picture_of(pixels: NDArray[Any], **options: Any) -> Picture:
    """A picture that came over the wire."""
    frame = frame_of(igtl.Image(pixels, device_name="US", timestamp=5.0, **options))
    row, pictures = Rows().of(frame, 6.0), Pictures(Log())
    pictures.take(row, frame, 6.0)
    stream = pictures.of(row.id)
    assert stream is not None
    picture = stream.newest()
    assert picture is not None
    return picture


def scene(height: int, width: int) -> NDArray[np.uint8]:
    """RGB with edges and slopes, smooth enough for half the colour resolution."""
    row, column = np.mgrid[:height, :width]
    red = 127 + 120 * np.sin(column / 17)
    green = 255 * row / height
    blue = np.where((column // 64 + row // 64) % 2, 200, 30)
    return np.stack([red, green, blue], axis=-1).astype(np.uint8)


def psnr(found: NDArray[np.uint8], sent: NDArray[np.uint8]) -> float:
    error = np.mean((found.astype(float) - sent.astype(float)) ** 2)
    return 10 * math.log10(255**2 / max(error, 1e-9))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 3), (5, 7, 4)])
def test_raw_values_are_those_that_were_sent(
    name: str, order: Literal["<", ">"], shape: tuple[int, ...]
) -> None:
    pixels = RNG.uniform(0, 100, shape).astype(np.dtype(name).newbyteorder(order))
    head, payload = opened(raw(picture_of(pixels).slice(), skipped=3))
    assert (head["width"], head["height"], head["dtype"]) == (7, 5, name)
    assert (head["format"], head["skipped"], head["time"], head["received"]) == ("raw", 3, 5.0, 6.0)
    assert head["range"] == [float(pixels.min()), float(pixels.max())]
    found = np.frombuffer(payload, np.dtype(name).newbyteorder("<")).reshape(shape)
    np.testing.assert_array_equal(found, pixels)


def test_the_whole_head_of_a_grey_picture() -> None:
    pixels = np.array([[1, 2, 3], [4, 5, 250]], np.uint8)
    head, payload = opened(raw(picture_of(pixels, spacing=(2, 3, 1), origin=(10, 20, 30)).slice()))
    assert payload == bytes([1, 2, 3, 4, 5, 250])
    assert head == {
        "seq": 1,
        "time": 5.0,
        "received": 6.0,
        "width": 3,
        "height": 2,
        "components": 1,
        "dtype": "uint8",
        "format": "raw",
        "matrix": [2, 0, 0, 10, 0, 3, 0, 20, 0, 0, 1, 30, 0, 0, 0, 1],
        "device": "US",
        "frame": "World",
        "range": [1, 250],
        "volume": None,
        "skipped": 0,
    }


def test_raw_values_are_not_copied() -> None:
    picture = picture_of(np.zeros((480, 640), np.uint8))
    _, payload = raw(picture.slice())
    assert np.shares_memory(np.asarray(payload), picture.pixels)


def test_slices_across_other_axes_are_in_order() -> None:
    volume = RNG.integers(0, 255, (4, 3, 5), dtype=np.uint8)
    head, payload = opened(raw(picture_of(volume, components=1).slice("i", 2)))
    assert (head["height"], head["width"]) == (4, 3)
    assert payload == b"".join(volume[k, j, 2].tobytes() for k in range(4) for j in range(3))


def test_byte_order() -> None:
    native = np.arange(6, dtype="<u2").reshape(2, 3)
    assert little_endian(native) is native
    assert little_endian(native.astype(">u2")).tobytes() == native.tobytes()
    assert little_endian(native.T).tobytes() == native.T.tobytes()


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([3, -1.5, 2], (-1.5, 3)),
        ([math.nan, 4, 5], (4, 5)),
        ([math.inf, 4, -math.inf, 5, math.nan], (4, 5)),
        ([math.nan, math.inf], (0, 0)),
    ],
)
def test_the_range_is_that_of_numbers(values: list[float], expected: tuple[float, float]) -> None:
    assert range_of(np.array([values])) == expected


def test_the_range_of_a_large_picture_is_about_right() -> None:
    pixels = np.tile(np.arange(3000, dtype=np.float32), (2000, 1))
    assert range_of(pixels) == (0, 2999)


@pytest.mark.parametrize("name", NAMES)
def test_8_bits(name: str) -> None:
    pixels = np.array([[20, 40, 70, 120, 0, 127]]).astype(name)
    if name == "uint8":
        assert to_8_bits(pixels, (20, 70)) is pixels
    else:
        assert to_8_bits(pixels, (20, 70)).tolist() == [[0, 102, 255, 255, 0, 255]]


def test_8_bits_of_what_is_no_number() -> None:
    pixels = np.array([[math.nan, math.inf, -math.inf, 1]], np.float32)
    assert to_8_bits(pixels, (0, 2)).tolist() == [[0, 255, 0, 128]]
    assert to_8_bits(pixels, (1, 1)).tolist() == [[0, 0, 0, 0]]


def test_8_bits_have_no_alpha() -> None:
    pixels = RNG.integers(0, 255, (2, 3, 4), dtype=np.uint8)
    np.testing.assert_array_equal(to_8_bits(pixels, (0, 255)), pixels[..., :3])


def test_32_bits_are_not_rounded_first() -> None:
    pixels = np.array([[4_000_000_000, 4_000_000_080]], np.uint32)
    assert to_8_bits(pixels, (4_000_000_000, 4_000_000_200)).tolist() == [[0, 102]]


async def jpeg_of(pixels: NDArray[Any]) -> tuple[dict[str, Any], NDArray[np.uint8]]:
    """Head, and what another decoder makes of it."""
    head, payload = opened(await Jpegs().envelope(picture_of(pixels)))
    assert head["format"] == "jpeg"
    with Pillow.open(io.BytesIO(payload)) as image:
        return head, np.asarray(image.convert("RGB"))


@pytest.mark.parametrize("size", [(480, 640), (241, 319), (1, 1), (17, 3), (18, 4)])
async def test_jpeg_in_colour(size: tuple[int, int]) -> None:
    sent = scene(*size)
    head, found = await jpeg_of(sent)
    assert (head["height"], head["width"], head["components"]) == (*size, 3)
    assert found.shape == sent.shape
    assert psnr(found, sent) > 25
    assert psnr(found[-1], sent[-1]) > 25


async def test_jpeg_of_grey_is_grey_from_black_to_white() -> None:
    sent = np.repeat(np.arange(256, dtype=np.uint8), 8)[np.newaxis].repeat(64, axis=0)
    _, found = await jpeg_of(sent)
    assert np.abs(found.astype(int) - sent[..., np.newaxis]).max() <= 3


async def test_jpeg_of_16_bits_says_what_black_and_white_are() -> None:
    sent = np.tile(np.linspace(1000, 3000, 256).astype(np.uint16), (64, 1))
    head, found = await jpeg_of(sent)
    assert head["range"] == [1000, 3000]
    values = 1000 + found[32, :, 0] / 255 * 2000
    np.testing.assert_allclose(values, sent[32], atol=40)


async def test_jpeg_is_made_once_for_all() -> None:
    jpegs, picture = Jpegs(), picture_of(scene(48, 64))
    both = await asyncio.gather(*(jpegs.envelope(picture, skipped=n) for n in (0, 5)))
    assert both[0][1] is both[1][1]
    assert [opened(one)[0]["skipped"] for one in both] == [0, 5]
    assert (await jpegs.envelope(picture_of(scene(48, 64))))[1] is not both[0][1]


async def test_jpeg_of_slices() -> None:
    volume = np.stack([np.full((16, 16), value, np.uint8) for value in (10, 90, 200)])
    jpegs, picture = Jpegs(), picture_of(volume, components=1)
    for index, value in ((0, 10), (2, 200), (None, 90)):
        head, payload = opened(await jpegs.envelope(picture, "k", index))
        assert head["volume"]["slice"] == (1 if index is None else index)
        with Pillow.open(io.BytesIO(payload)) as image:
            assert abs(np.asarray(image.convert("L"))[8, 8] - float(value)) <= 2


async def test_pictures_that_are_gone_leave_nothing() -> None:
    jpegs = Jpegs()
    for _ in range(3):
        await jpegs.envelope(picture_of(scene(16, 16)))
    await asyncio.sleep(0)
    gc.collect()  # the streams that the pictures came from are cycles
    assert len(jpegs._made) <= 1
