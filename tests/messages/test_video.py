"""VIDEO, VIDEOMETA and their queries, by tables made by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import igtl
from tests.codec.wire import packet, table

# The protocol document swaps coordinates and size; this is the order of the reference.
VIDEO = table(
    """
    00 01                                     # version of this header: 1
    02                                        # byte order of the samples: little
    'H264'                                    # codec
    00 01                                     # frame type: key
    02                                        # coordinates: LPS
    02 80  01 e0  00 01                       # 640 x 480 x 1
    3f 00 00 00  00 00 00 00  00 00 00 00     # i axis: 0.5 mm along x
    00 00 00 00  3e 80 00 00  00 00 00 00     # j axis: 0.25 mm along y
    00 00 00 00  00 00 00 00  3f 80 00 00     # k axis: 1 mm along z
    43 21 c0 00  42 7b 80 00  41 20 00 00     # centre: 161.75, 62.875, 10 mm
    00 00  00 00  00 00                       # the part begins at the first pixel
    02 80  01 e0  00 01                       # and is the whole
    00 00 00 01  67 42                        # the encoded frame
    """
)
# The first pixel lies half of (size - 1) steps before the centre:
# 161.75 - 0.5 x 639 / 2 = 2;  62.875 - 0.25 x 479 / 2 = 3;  10 - 0 = 10.
IJK_TO_LPS = [[0.5, 0, 0, 2], [0, 0.25, 0, 3], [0, 0, 1, 10], [0, 0, 0, 1]]

VIDEOMETA = table(
    """
    'Endoscope' 00*55                         # name char[64]
    'Cam1' 00*60                              # device name char[64]
    'Doe^Jane' 00*56                          # patient name char[64]
    '4711' 00*60                              # patient id char[64]
    ff fe                                     # zoom i16: -2
    40 12 00 00  00 00 00 00                  # focal length f64: 4.5 mm
    07 80  04 38  00 01                       # 1920 x 1080 x 1
    3f 80 00 00  00 00 00 00  00 00 00 00     # i axis
    00 00 00 00  3f 80 00 00  00 00 00 00     # j axis
    00 00 00 00  00 00 00 00  3f 80 00 00     # k axis
    41 20 00 00  c1 a0 00 00  3f 00 00 00     # centre: 10, -20, 0.5 mm
    03 00                                     # uint8; reserved
    """
)


def video(**changes: Any) -> igtl.Video:
    given: dict[str, Any] = {
        "frame_type": igtl.FrameType.KEY,
        "size": (640, 480, 1),
        "spacing": (0.5, 0.25, 1),
        "origin": (2, 3, 10),
        "coordinates": "LPS",
    }
    return igtl.Video("H264", bytes.fromhex("000000016742"), **given | changes)


def test_video_by_hand() -> None:
    assert len(VIDEO) == 76 + 6
    assert igtl.encode(video()) == packet("VIDEO", VIDEO)


def test_video_is_read() -> None:
    message = igtl.decode(packet("VIDEO", VIDEO))
    assert isinstance(message, igtl.Video)
    assert message.codec == "H264"
    assert bytes(message.data) == b"\0\0\0\1\x67\x42"
    assert message.frame_type is igtl.FrameType.KEY
    assert message.size == (640, 480, 1)
    assert message.coordinates == "LPS"
    assert message.endian == 2
    assert not message.grey
    assert message.ijk_to_world.tolist() == IJK_TO_LPS
    assert message.is_key


@pytest.mark.parametrize(
    ("frame_type", "grey", "raw"),
    [(0, False, 0), (3, False, 3), (1, True, 0x0100), (2, True, 0x0200), (200, False, 200)],
)
def test_grey_shifts_the_frame_type(frame_type: int, grey: bool, raw: int) -> None:
    message = video(frame_type=frame_type, grey=grey)
    assert bytes(message.raw_content)[7:9] == raw.to_bytes(2, "big")
    again = igtl.decode(igtl.encode(message))
    assert isinstance(again, igtl.Video)
    assert (again.frame_type, again.grey) == (frame_type, grey)


@pytest.mark.parametrize(
    ("frame_type", "key"), [(0, False), (1, True), (2, True), (3, False), (4, False), (5, False)]
)
def test_decoding_can_begin_with_key_frames(frame_type: int, key: bool) -> None:
    assert video(frame_type=frame_type).is_key is key


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"size": (640, 480)}, "size has 2 values, expected 3"),
        ({"size": (640, 70_000, 1)}, r"size\[1\] is 70000, expected 0 to 65535"),
        ({"size": 640}, "size is 640, expected 3 numbers"),
        ({"frame_type": 256}, "frame_type is 256, expected 0 to 255"),
        ({"frame_type": "key"}, "frame_type is 'key', expected an integer"),
        ({"endian": 3}, "endian 3: expected four characters, and 1 .big. or 2 .little."),
        ({"coordinates": "XYZ"}, "coordinates are 'XYZ', expected 'RAS' or 'LPS'"),
        ({"ijk_to_world": np.eye(4)}, "give either it or spacing and origin"),
    ],
)
def test_wrong_values_are_refused(changes: dict[str, Any], text: str) -> None:
    with pytest.raises(igtl.MessageError, match=text):
        video(**changes)


@pytest.mark.parametrize("codec", ["H26", "H2645", "", "H26é", 264, None])
def test_a_codec_has_four_characters(codec: Any) -> None:
    with pytest.raises(igtl.MessageError, match="codec"):
        igtl.Video(codec, b"", frame_type=1, size=(1, 1, 1))


def test_data_are_bytes() -> None:
    with pytest.raises(igtl.MessageError, match="data is str, expected the bytes of a frame"):
        igtl.Video("H264", "frame", frame_type=1, size=(1, 1, 1))  # type: ignore[arg-type]


def test_data_are_kept_as_they_were() -> None:
    data = bytearray(b"frame")
    message = igtl.Video("H264", memoryview(data), frame_type=1, size=(1, 1, 1))
    data[0] = 0
    assert bytes(message.data) == b"frame"


def test_another_version_of_the_header_is_refused() -> None:
    with pytest.raises(igtl.DecodeError, match="video header version is 2, expected 1"):
        igtl.decode(packet("VIDEO", b"\0\2" + VIDEO[2:]))
    with pytest.raises(igtl.DecodeError, match="75 bytes are left"):
        igtl.decode(packet("VIDEO", VIDEO[:75]))


def test_a_codec_that_nobody_knows_is_read() -> None:
    message = igtl.decode(packet("VIDEO", VIDEO[:3] + b"XY\0Z" + VIDEO[7:76]))
    assert isinstance(message, igtl.Video)
    assert message.codec == "XY"
    assert bytes(message.data) == b""


START = table("'VP90'  00 00 00 28")  # codec; interval in ms: 40


def test_start_video_is_written_with_8_bytes() -> None:
    start = igtl.Start(igtl.Video, codec="VP90", interval=0.04)
    assert igtl.encode(start) == packet("STT_VIDEO", START)


@pytest.mark.parametrize("more", [b"", b"\0", b"\xff"], ids=["8", "9", "9 not 0"])
def test_start_video_is_read_with_9_bytes_too(more: bytes) -> None:
    """The reference announces and sends one byte more than the layout has."""
    start: Any = igtl.decode(packet("STT_VIDEO", START + more))
    assert issubclass(type(start), igtl.Start)
    assert start.target is igtl.Video
    assert (start.codec, start.interval) == ("VP90", 0.04)
    assert igtl.encode(start) == packet("STT_VIDEO", START + more)


@pytest.mark.parametrize("size", [0, 4, 7, 10])
def test_start_video_of_another_size_is_refused(size: int) -> None:
    with pytest.raises(igtl.DecodeError, match=f"content of {size} bytes, expected 8"):
        igtl.decode(packet("STT_VIDEO", (START + b"\0\0")[:size]))


def test_videometa_by_hand() -> None:
    one = igtl.VideoMetaElement(
        "Endoscope",
        "Cam1",
        "Doe^Jane",
        "4711",
        zoom_level=-2,
        focal_length=4.5,
        size=(1920, 1080, 1),
        pose=np.array([1, 0, 0, 0, 1, 0, 0, 0, 1, 10, -20, 0.5]),
        scalar_type=3,
    )
    assert len(VIDEOMETA) == 322
    data = packet("VIDEOMETA", VIDEOMETA * 2)
    assert igtl.encode(igtl.VideoMeta((one, one))) == data
    message = igtl.decode(data)
    assert isinstance(message, igtl.VideoMeta)
    assert message.videos == (one, one)
    assert message.videos[0].device_name == "Cam1"
    assert message.videos[1].zoom_level == -2
    assert message.videos[1].pose.tolist() == [1, 0, 0, 0, 1, 0, 0, 0, 1, 10, -20, 0.5]


def test_videometa_of_another_size_is_refused() -> None:
    with pytest.raises(igtl.DecodeError, match="321 bytes are not a whole number of 322-byte"):
        igtl.decode(packet("VIDEOMETA", VIDEOMETA[:321]))


def test_get_vmeta() -> None:
    """Not GET_VIDEOMETA, which has 13 characters."""
    get = igtl.Get(igtl.VideoMeta, device_name="Cam1")
    assert igtl.encode(get) == packet("GET_VMETA", device_name=b"Cam1")
    again = igtl.decode(igtl.encode(get))
    assert isinstance(again, igtl.Get)
    assert again.target is igtl.VideoMeta
