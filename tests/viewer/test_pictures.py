from __future__ import annotations

import asyncio
import math
import threading
from collections.abc import Iterator

import numpy as np
import pyigtl
import pytest

import igtl
from igtl.codec.crc import crc64
from igtl.codec.frame import Frame, parse
from igtl.viewer.picture_stream import PictureStream
from igtl.viewer.pictures import Pictures
from igtl.viewer.slices import Axis, Picture
from igtl.viewer.slices import frame_of as coordinate_frame
from igtl.viewer.video_stream import VideoStream
from tests.viewer.sent import Device, Log, Rows, frame_of, spoilt

PATIENCE = 10.0
RNG = np.random.default_rng(7)


@pytest.fixture
def source() -> Iterator[Device]:
    made = Device()
    yield made
    made.pictures.close()


def newest(stream: PictureStream) -> Picture:
    picture = stream.newest()
    assert picture is not None
    return picture


def test_an_image_of_another_implementation(source: Device) -> None:
    volume = RNG.integers(0, 255, (4, 3, 5), dtype=np.uint8)  # k, j, i
    matrix = np.array([[0, 2, 0, 10], [3, 0, 0, 20], [0, 0, 4, 30], [0, 0, 0, 1.0]])
    sent = pyigtl.ImageMessage(
        volume, ijk_to_world_matrix=matrix, timestamp=5.0, device_name="Image_Reference"
    )
    stream = source.send(parse(sent.pack()), received=6.5)
    picture = newest(stream)
    assert (picture.seq, picture.received, picture.size) == (1, 6.5, (5, 3, 4))
    assert picture.time == pytest.approx(5.0)
    np.testing.assert_array_equal(picture.pixels, volume)
    x, y, z, _ = matrix @ (1, 2, 3, 1)  # which pyigtl calls LPS
    np.testing.assert_allclose(picture.matrix @ (1, 2, 3, 1), (-x, -y, z, 1))
    head = picture.slice().head()
    assert (head["device"], head["frame"]) == ("Image_Reference", "Reference")


@pytest.mark.parametrize(
    ("axis", "index", "place"),
    [("k", 3, (1, 2, 3)), ("j", 2, (1, 2, 3)), ("i", 1, (1, 2, 3))],
)
def test_a_slice_is_where_its_voxels_are(
    source: Device, axis: Axis, index: int, place: tuple[int, int, int]
) -> None:
    volume = RNG.integers(0, 1000, (4, 3, 5), dtype=np.uint16)
    matrix = RNG.normal(size=(3, 4))
    one = newest(source.send(igtl.Image(volume, ijk_to_world=matrix, components=1))).slice(
        axis, index
    )
    i, j, k = place
    column, row = {"k": (i, j), "j": (i, k), "i": (j, k)}[axis]
    assert one.pixels[row, column] == volume[k, j, i]
    np.testing.assert_allclose(
        one.matrix @ (column, row, 0, 1), [*(matrix @ (i, j, k, 1)), 1], atol=1e-5
    )
    assert one.head()["volume"] == {"size": (5, 3, 4), "axis": axis, "slice": index}
    assert (one.head()["height"], one.head()["width"]) == one.pixels.shape


def test_the_slice_in_the_middle_is_shown_first(source: Device) -> None:
    picture = newest(source.send(igtl.Image(np.zeros((9, 4, 6), np.uint8))))
    assert (picture.slice().axis, picture.slice().index) == ("k", 4)
    assert picture.slice("i").index == 3


@pytest.mark.parametrize(("asked", "given"), [(-5, 0), (0, 0), (8, 8), (9, 8), (10**12, 8)])
def test_slices_that_are_not_there_are_made_to_fit(source: Device, asked: int, given: int) -> None:
    picture = newest(source.send(igtl.Image(np.zeros((9, 4, 6), np.uint8))))
    assert picture.slice("k", asked).index == given


def test_lps_becomes_ras(source: Device) -> None:
    image = igtl.Image(np.zeros((2, 2), np.uint8), origin=(1, 2, 3), coordinates="LPS")
    one = newest(source.send(image)).slice()
    np.testing.assert_allclose(one.matrix @ (1, 1, 0, 1), (-2, -3, 3, 1))
    assert one.head()["volume"] is None


def test_a_part_of_a_volume_is_shown_where_it_is(source: Device) -> None:
    image = igtl.Image(
        np.zeros((2, 3), np.uint8),
        spacing=2,
        sub_volume_offset=(10, 20, 30),
        volume_size=(100, 100, 100),
    )
    one = newest(source.send(image)).slice()
    assert one.pixels.shape == (2, 3)
    np.testing.assert_allclose(one.matrix @ (1, 1, 0, 1), (22, 42, 60, 1))


@pytest.mark.parametrize(("sent", "shown"), [(1, 1), (2, 1), (3, 3), (4, 4), (5, 1)])
def test_values_that_can_be_shown(source: Device, sent: int, shown: int) -> None:
    pixels = RNG.integers(0, 255, (1, 4, 6, sent), dtype=np.uint8)
    one = newest(source.send(igtl.Image(pixels, components=sent))).slice()
    assert one.components == one.head()["components"] == shown
    np.testing.assert_array_equal(one.pixels.reshape(4, 6, shown), pixels[0, :, :, :shown])


def test_a_place_of_no_numbers_is_no_trouble(source: Device) -> None:
    image = igtl.Image(np.zeros((3, 2, 2), np.uint8), ijk_to_world=np.full((3, 4), np.nan))
    assert math.isnan(newest(source.send(image)).slice("j", 1).matrix[0, 3])


@pytest.mark.parametrize(
    ("device", "frame"),
    [("Image_Reference", "Reference"), ("Image", "World"), ("Image_", "World"), ("US_1", "World")],
)
def test_plus_says_in_the_name_where_an_image_is(device: str, frame: str) -> None:
    assert coordinate_frame(device) == frame


def test_only_pictures_are_kept(source: Device) -> None:
    frame = frame_of(igtl.Transform(np.eye(4), device_name="P"))
    row = source.rows.of(frame)
    source.pictures.take(row, frame, 1.0)
    assert source.pictures.of(row.id) is None
    assert source.pictures.of(12345) is None


def flat(value: int) -> igtl.Image:
    return igtl.Image(np.full((2, 2), value, np.uint8), device_name="US")


async def test_a_picture_is_there_as_soon_as_it_came(source: Device) -> None:
    stream = source.send(flat(1))
    waiting = asyncio.create_task(stream.after(1, PATIENCE))
    await asyncio.sleep(0)
    await asyncio.to_thread(source.send, flat(2))
    picture = await waiting
    assert picture is not None
    assert (picture.seq, picture.pixels[0, 0, 0]) == (2, 2)


async def test_only_the_newest_counts(source: Device) -> None:
    for value in range(5):
        stream = source.send(flat(value))
    picture = await stream.after(0, PATIENCE)
    assert picture is not None
    assert (picture.seq, picture.pixels[0, 0, 0]) == (5, 4)
    assert await stream.after(0, PATIENCE) is picture
    assert await stream.after(5, 0.01) is None


async def test_a_page_of_an_earlier_server_gets_a_picture(source: Device) -> None:
    assert await source.send(flat(1)).after(1000, PATIENCE) is not None


async def test_malformed_pictures_are_passed_over(source: Device) -> None:
    good = frame_of(flat(1))
    stream = source.send(spoilt(good))
    assert await stream.after(0, 0.01) is None
    assert "checksum" in stream.note
    source.send(good)
    picture = await stream.after(0, PATIENCE)
    assert picture is not None
    assert (picture.seq, stream.note) == (2, "")
    source.send(spoilt(good))
    assert await stream.after(2, 0.01) is None
    assert await stream.after(0, PATIENCE) is picture
    assert len(source.log.errors) == 2


async def test_large_pictures_are_decoded(source: Device) -> None:
    volume = np.arange(6 << 20, dtype=np.uint8).reshape(6, 1024, 1024)
    picture = await source.send(igtl.Image(volume, device_name="CT")).after(0, PATIENCE)
    assert picture is not None
    np.testing.assert_array_equal(picture.pixels, volume)


def test_an_image_without_pixels_is_none(source: Device) -> None:
    frame = frame_of(igtl.Image(np.zeros((2, 2), np.uint8), device_name="US"))
    body = bytearray(frame.body)
    body[66:72] = bytes(6)  # the part that follows has no voxels (IMAGE: subvol_size)
    empty = frame._replace(body=bytes(body[:72]), body_size=72, crc=crc64(bytes(body[:72])))
    assert source.send(empty).newest() is None
    assert "without pixels" in source.log.errors[0]


def videos(
    count: int, *, codec: str = "H264", key_interval: int = 4, size: int = 32
) -> list[Frame]:
    """Grey pictures, each as bright as its place says."""
    with igtl.video.Encoder(codec, key_interval=key_interval, quality=90) as encoder:
        values = (20 * number % 256 for number in range(count))
        images = (
            igtl.Image(np.full((size, size), value, np.uint8), origin=value, device_name="Cam")
            for value in values
        )
        # Without numbers, as other senders: a gap cannot be seen.
        return [frame_of(encoder.encode(image).replace(metadata={})) for image in images]


async def test_video_is_decoded_from_the_next_key_frame_on(source: Device) -> None:
    frames = videos(8)
    stream = source.send(frames[0])
    asking = asyncio.create_task(stream.after(0, PATIENCE))
    await asyncio.sleep(0)  # nobody asked before: frame 0 is gone
    assert "key frame" in stream.note
    for frame in frames[1:6]:
        source.send(frame, received=4.5)
    picture = await asking
    while picture is not None and picture.seq < 6:
        picture = await stream.after(picture.seq, PATIENCE)
    assert picture is not None
    assert abs(int(picture.pixels[0, 20, 20]) - 100) <= 2  # that of frame 5
    assert (picture.device, picture.received, stream.note) == ("Cam", 4.5, "")
    np.testing.assert_allclose(picture.matrix @ (0, 0, 0, 1), (100, 100, 100, 1), atol=1e-3)


async def test_video_is_not_decoded_when_nobody_asks(source: Device) -> None:
    frame = videos(1)[0]
    row = source.rows.of(frame)
    stream = VideoStream(row, source.log, linger=0.0)
    stream.take(frame, 1.0)
    assert await stream.after(0, 0.05) is None
    thread = stream._thread
    if thread is not None:
        await asyncio.to_thread(thread.join, PATIENCE)
        assert not thread.is_alive()
    stream.take(frame, 1.0)
    assert (stream.seq, stream._thread) == (0, None)


def test_a_decoder_that_is_too_slow_begins_anew(source: Device) -> None:
    frames = videos(60, codec="VP90", key_interval=50)  # VP9 sees no gap by itself
    now = 0.0
    stream = VideoStream(source.rows.of(frames[0]), source.log, clock=lambda: now)
    stream._thread = threading.current_thread()  # which decodes when it has time

    def send(frame: Frame) -> None:
        nonlocal now
        now += 0.1
        source.rows.of(frame)
        stream.take(frame, 1.0)

    with igtl.video.Decoder() as decoder:
        stream.take(frames[0], 1.0)
        stream._decode_waiting(decoder)
        for frame in frames[1:40]:
            send(frame)
        stream._decode_waiting(decoder)
        assert (stream.seq, stream.left_out) == (1, 32)
        assert "too slow" in stream.note
        for frame in frames[40:51]:
            send(frame)
        stream._decode_waiting(decoder)
        assert (stream.seq, stream.note) == (51, "")


def test_many_frames_at_once_are_decoded(source: Device) -> None:
    frames = videos(60, key_interval=60)
    stream = VideoStream(source.rows.of(frames[0]), source.log, clock=lambda: 0.0)
    stream._thread = threading.current_thread()
    stream.take(frames[0], 1.0)
    for frame in frames[1:]:
        source.rows.of(frame)
        stream.take(frame, 1.0)
    with igtl.video.Decoder() as decoder:
        stream._decode_waiting(decoder)
    assert (stream.seq, stream.left_out, stream.note) == (60, 0, "")


async def test_damaged_video_is_told(source: Device) -> None:
    frames = videos(2)
    stream = source.send(frames[0])
    asking = asyncio.create_task(stream.after(0, PATIENCE))
    await asyncio.sleep(0)
    source.send(spoilt(frames[0]))
    source.send(frames[0])
    assert await asking is not None
    assert "checksum" in source.log.errors[0]


def test_closing_ends_the_threads(source: Device) -> None:
    stream = source.send(videos(1)[0])
    stream.want(PATIENCE)
    assert isinstance(stream, VideoStream)
    thread = stream._thread
    assert thread is not None
    source.pictures.close()
    assert not thread.is_alive()
    stream.want(PATIENCE)
    assert stream._thread is None


def test_of_very_much_the_oldest_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """A peer may invent a thousand devices with a huge image each."""
    monkeypatch.setattr("igtl.viewer.statistics._MOST_KEPT", 1_000_000)
    pictures, rows = Pictures(Log()), Rows()
    frames = [
        frame_of(igtl.Image(np.zeros((600, 600), np.uint8), device_name=name)) for name in "ABC"
    ]
    streams = []
    for frame in frames:
        row = rows.of(frame)
        pictures.take(row, frame, 1.0)
        streams.append(pictures.of(row.id))
    first, second, third = streams
    assert first is not None
    assert second is not None
    assert third is not None
    assert (first.newest(), first.row.newest, first.row.last) == (None, None, None)
    assert "not kept" in first.note
    assert second.newest() is not None
    assert third.newest() is not None
    assert rows.of(frames[0]) is first.row
    pictures.take(first.row, frames[0], 2.0)
    assert first.newest() is not None
    assert second.newest() is None


async def test_who_waits_for_what_was_forgotten_waits_for_the_next() -> None:
    pictures, rows = Pictures(Log()), Rows()
    frame = frame_of(igtl.Image(np.zeros((6, 6), np.uint8), device_name="A"))
    row = rows.of(frame)
    pictures.take(row, frame, 1.0)
    stream = pictures.of(row.id)
    assert stream is not None
    row.forget()
    assert await stream.after(0, 0.01) is None
    pictures.take(rows.of(frame), frame, 2.0)
    assert await stream.after(0, 10) is not None
