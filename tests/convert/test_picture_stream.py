"""Which pictures are those of one device."""

from __future__ import annotations

import numpy as np
import pytest

import igtl
from igtl.convert.picture_stream import PictureStream
from igtl.errors import DecodeError, RecordingError
from igtl.messages import Image
from igtl.video import Encoder
from tests.convert.entries import entry
from tests.video.pictures import grey

PICTURE = Image(np.zeros((3, 4), np.uint8), device_name="US")


def test_two_connections_at_a_time_are_refused() -> None:
    entries = [entry(PICTURE, n, connection) for n, connection in enumerate("aba")]
    stream = PictureStream(None, entries)
    assert stream.image(entries[0]) == PICTURE
    assert stream.image(entries[1]) == PICTURE  # the first may be lost
    with pytest.raises(RecordingError, match=r"are 'US' \(IMAGE, b\); 'US' \(IMAGE, a\): choose"):
        stream.image(entries[2])


def test_image_and_video_are_two() -> None:
    stream = PictureStream("US")
    stream.image(entry(PICTURE))
    with pytest.raises(RecordingError, match=r"'US' \(VIDEO, tracker\): choose one"):
        stream.image(entry(Encoder("I420").encode(PICTURE)))


def test_names_that_are_long_differ() -> None:
    """They begin alike in the header, and go on in the metadata (PLUS)."""
    stream = PictureStream(None)
    names = "ReconstructedVolumeOfTheLeft", "ReconstructedVolumeOfTheRight"
    left, right = (
        entry(PICTURE.replace(device_name=name[:20], metadata={"IGTL_DEVICE_NAME": name}))
        for name in names
    )
    stream.image(left)
    with pytest.raises(RecordingError, match=r"'\w+Left' \(.*'\w+Right' "):
        stream.image(right)


def test_another_device_is_left_out() -> None:
    stream = PictureStream("US")
    reason = stream.image(entry(PICTURE.replace(device_name="CT")))
    assert reason == "of a device that was not chosen"
    assert stream.image(entry(PICTURE)) == PICTURE


def test_video_begins_anew_over_another_connection() -> None:
    """Even where the numbers of its frames seem to go on."""
    stream, found = PictureStream(None), []
    for connection in "ab":
        encoder = Encoder("H264")
        videos = [encoder.encode(Image(grey(n), device_name="US")) for n in range(4)]
        late = (entry(one, 0, connection) for one in (*videos[3:], *videos[:3]))
        found += [stream.image(one) for one in late]
    kinds = [isinstance(one, Image) for one in found]
    assert kinds == [False, True, True, True] * 2
    assert found[0] == "video in front of its first key frame, or damaged"


def test_what_no_image_can_say_is_malformed() -> None:
    """A name of 20 bytes that are no UTF-8 is read, and cannot be written."""
    one = entry(Encoder("I420").encode(PICTURE))
    one = one._replace(frame=one.frame._replace(raw_name=b"\xff" * 20))
    assert igtl.video.Decoder().decode(one.message) is not None  # type: ignore[arg-type]
    with pytest.raises(DecodeError, match=r"makes no image: device_name .* takes 40 bytes"):
        PictureStream(None).image(one)
