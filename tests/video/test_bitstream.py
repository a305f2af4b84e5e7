"""The bytes as others read them: ffmpeg's demuxers and decoders, without igtl's Decoder."""

from __future__ import annotations

import io
import re
from typing import Any

import av
import numpy as np
import pytest

from igtl.video import Decoder, Encoder
from igtl.video.bitstream import begins_stream, codec_string
from igtl.video.planes import plane
from tests.video.pictures import COMPRESSED, Pixels, coloured, grey, image_of, psnr

COUNT = 12


def encoded(codec: str, pictures: list[Pixels]) -> list[bytes]:
    with Encoder(codec, key_interval=5) as encoder:
        return [bytes(encoder.encode(image_of(picture)).data) for picture in pictures]


def read_by_others(codec: str, packets: list[bytes]) -> list[Any]:
    """Frames as stock decoders give them; H264, HEVC and AV1 from the bytes in one piece."""
    if codec == "VP90":
        context = av.CodecContext.create("libvpx-vp9", "r")  # ours is ffmpeg's own
        return [frame for data in packets for frame in context.decode(av.Packet(data))]
    form = {"H264": "h264", "AV10": "obu"}.get(codec, "hevc")
    with av.open(io.BytesIO(b"".join(packets)), format=form) as container:
        return list(container.decode(video=0))


@pytest.mark.parametrize("codec", COMPRESSED)
def test_others_decode_grey_to_the_same_pixels(codec: str) -> None:
    pictures = [grey(number) for number in range(COUNT)]
    packets = encoded(codec, pictures)
    frames = read_by_others(codec, packets)
    assert len(frames) == COUNT
    decoder, encoder = Decoder(), Encoder(codec, key_interval=5)
    for frame, picture in zip(frames, pictures, strict=True):
        assert (frame.width, frame.height, frame.format.name) in [
            (96, 64, "yuv420p"),
            (96, 64, "yuvj420p"),  # the same, its range in the name
        ]
        assert frame.color_range == 2  # 0 to 255
        assert set(np.unique(plane(frame, 1))) <= {127, 128, 129}
        ours = decoder.decode(encoder.encode(image_of(picture)))
        assert ours is not None
        np.testing.assert_array_equal(plane(frame, 0), ours[0])


@pytest.mark.parametrize("codec", COMPRESSED)
def test_others_decode_the_right_colours(codec: str) -> None:
    pictures = [coloured(number) for number in range(COUNT)]
    frames = read_by_others(codec, encoded(codec, pictures))
    assert len(frames) == COUNT
    for frame, picture in zip(frames, pictures, strict=True):
        assert (frame.color_range, int(frame.colorspace) in (5, 6)) == (1, True)
        assert psnr(frame.to_ndarray(format="rgb24"), picture) > 32


@pytest.mark.parametrize(
    ("codec", "kinds"),
    [("H264", [7, 8, 5]), ("X265", [32, 33, 34, 20]), ("O265", [32, 33, 34, 20])],
)
def test_every_key_frame_has_its_parameter_sets_behind_start_codes(
    codec: str, kinds: list[int]
) -> None:
    """H.264, table 7-1: 7 and 8 parameter sets, 5 IDR. H.265: 32 to 34, and 20 IDR."""
    packets = encoded(codec, [grey(number) for number in range(11)])
    for number, data in enumerate(packets):
        assert data.startswith((b"\0\0\0\1", b"\0\0\1"))
        heads = [found[1][0] for found in re.finditer(rb"\x00\x00\x01(.)", data, re.DOTALL)]
        units = [head & 31 if codec == "H264" else head >> 1 & 63 for head in heads]
        told = [unit for unit in dict.fromkeys(units) if unit not in (6, 39, 40)]
        assert told == (kinds if number % 5 == 0 else [1])


@pytest.mark.parametrize("codec", COMPRESSED)
def test_where_a_stream_begins_is_seen_in_its_bytes(codec: str) -> None:
    packets = encoded(codec, [grey(number) for number in range(11)])
    begins = [begins_stream(codec, memoryview(data)) for data in packets]
    assert [number for number, begin in enumerate(begins) if begin] == [0, 5, 10]


@pytest.mark.parametrize(
    ("codec", "data", "begins"),
    [
        ("H264", b"", False),
        ("H264", b"\0\0\1", False),
        ("H264", b"\0\0\1\x09\xf0\0\0\1\x67", True),  # behind an access unit delimiter
        ("H264", b"\0\0\1\x06\x05\0\0\1\x65", True),  # behind additional information
        ("H264", b"\0\0\1\x61\x00\0\0\1\x65", False),
        ("X265", b"\0\0\0\1\x2a\x01", True),  # clean random access
        ("X265", b"\0\0\0\1\x4e\x01\0\0\1\x02\x01", False),
        ("VP90", b"", False),
        ("VP90", b"\x82", True),
        ("VP90", b"\x86", False),  # an inter frame
        ("VP90", b"\x8a", False),  # shows a frame that is known
        ("VP90", b"\xb1", True),  # profile 3
        ("VP90", b"\xb2", False),
        ("VP90", b"\x42", False),  # no frame marker
        ("AV10", b"\x12\x00\x0a\x01\x00", True),  # behind a temporal delimiter
        ("AV10", b"\x12\x00\x32\x02\x00\x00", False),
        ("AV10", b"\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x0a", False),
        ("AV10", b"\x16\x00\x00\x08", True),  # with an extension; then one without a size
        ("AV10", b"\x12", False),
    ],
)
def test_single_units(codec: str, data: bytes, begins: bool) -> None:
    assert begins_stream(codec, data) is begins


@pytest.mark.parametrize(
    ("codec", "data", "pixels", "name"),
    [
        ("H264", b"\0\0\1\x09\xf0\0\0\0\1\x67\x64\x00\x2a\xac", 1, "avc1.64002A"),
        ("H264", b"\0\0\1\x65\x88", 1, ""),  # an IDR slice alone
        ("H264", b"", 1, ""),
        ("VP90", b"\x82", 1920 * 1080, "vp09.00.41.08"),
        ("VP90", b"\xa2", 64 * 64, "vp09.01.10.08"),
        ("VP90", b"\x92", 64 * 64, ""),  # profile 2 has more bits
        ("VP90", b"\x82", 65535 * 65535, "vp09.00.62.08"),
        ("VP90", b"", 1, ""),
        ("AV10", b"\x12\x00\x0a\x04\x00\x00\x00\x42", 1, "av01.0.08M.08"),
        ("AV10", b"\x0a\x04\x20\x00\x00\x6c", 1, "av01.1.13H.08"),
        ("AV10", b"\x0a\x04\x1a\x00\x00\x00", 1, "av01.0.08M.08"),  # a reduced header
        ("AV10", b"\x0a\x04\x04\x00\x00\x00", 1, ""),  # with times
        ("AV10", b"\x0a\x02\x00\x00", 1, ""),
        ("X265", b"\0\0\0\1\x2a\x01", 1, ""),
    ],
)
def test_what_browsers_call_a_codec(codec: str, data: bytes, pixels: int, name: str) -> None:
    assert codec_string(codec, memoryview(data), pixels) == name
