"""What is encoded comes out: the picture itself, at once, with its place, time and name."""

from __future__ import annotations

import numpy as np
import pytest

from igtl.messages import FrameType, Image
from igtl.video import CODEC_NAMES, Decoder, Encoder
from tests.video.pictures import (
    ALL,
    COMPRESSED,
    Pixels,
    carried,
    coloured,
    grey,
    image_of,
    psnr,
    ultrasound,
)

SIZES = [(96, 64), (97, 65), (33, 17)]
#: dB that every single picture reaches at the default quality.
GREY_DB, COLOUR_DB = 36, 32


def test_the_codecs_are_those_of_the_protocol() -> None:
    assert sorted(CODEC_NAMES) == sorted(ALL)


def shown(codec: str, pictures: list[Pixels]) -> list[Pixels]:
    """Each picture behind an encoder, the wire and a decoder; one comes out for each."""
    with Encoder(codec, key_interval=6) as encoder, Decoder() as decoder:
        result = []
        for picture in pictures:
            pixels = decoder.decode(carried(encoder.encode(image_of(picture))))
            assert pixels is not None, decoder.why
            assert (decoder.waiting, decoder.why, decoder.skipped) == (False, "", 0)
            assert pixels.shape == (1, *picture.shape)
            assert pixels.dtype == np.uint8
            assert pixels.flags.writeable
            result.append(pixels[0])
    return result


@pytest.mark.parametrize("codec", ALL)
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_every_grey_picture_comes_out_at_once(codec: str, size: tuple[int, int]) -> None:
    pictures = [grey(number, *size) for number in range(9)]
    for number, pixels in enumerate(shown(codec, pictures)):
        assert psnr(pixels, pictures[number]) > GREY_DB
        others = [psnr(pixels, other) for other in pictures if other is not pictures[number]]
        assert max(others) < psnr(pixels, pictures[number])  # so it is no earlier one


@pytest.mark.parametrize("codec", ALL)
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_every_colour_picture_comes_out_at_once(codec: str, size: tuple[int, int]) -> None:
    pictures = [coloured(number, *size) for number in range(9)]
    for number, pixels in enumerate(shown(codec, pictures)):
        assert psnr(pixels, pictures[number]) > COLOUR_DB


@pytest.mark.parametrize("codec", ALL)
@pytest.mark.parametrize("size", [(1, 1), (1, 200), (200, 1), (5, 3), (16, 16), (640, 16)], ids=str)
def test_tiny_and_narrow_pictures_work(codec: str, size: tuple[int, int]) -> None:
    pictures = [np.full(size[::-1], value, np.uint8) for value in (40, 50, 200)]
    for pixels, picture in zip(shown(codec, pictures), pictures, strict=True):
        assert np.abs(pixels.astype(int) - picture).max() <= 3


@pytest.mark.parametrize("codec", ALL)
def test_real_ultrasound_keeps_its_looks(codec: str) -> None:
    film = ultrasound()[:8]
    bright = [np.ascontiguousarray(picture[..., 1]) for picture in film]
    assert min(map(psnr, shown(codec, bright), bright)) > 38
    assert min(map(psnr, shown(codec, list(film)), film)) > 34


def test_grey_i420_is_the_very_same() -> None:
    pictures = [grey(number, 33, 17) for number in range(3)]
    for pixels, picture in zip(shown("I420", pictures), pictures, strict=True):
        np.testing.assert_array_equal(pixels, picture)


@pytest.mark.parametrize("codec", COMPRESSED)
def test_grey_uses_all_of_0_to_255(codec: str) -> None:
    picture = np.zeros((64, 64), np.uint8)
    picture[:, 32:] = 255
    (pixels,) = shown(codec, [picture])
    assert pixels[:, :28].max() <= 3
    assert pixels[:, 36:].min() >= 252


@pytest.mark.parametrize("codec", ALL)
@pytest.mark.parametrize("coordinates", ["RAS", "LPS"])
def test_place_time_name_and_metadata_stay(codec: str, coordinates: str) -> None:
    matrix = np.array(
        [(0.0, 0.25, 0.0, 10), (0.5, 0.0, 0.0, -20), (0.0, 0.0, -2.0, 30), (0, 0, 0, 1)]
    )
    image = image_of(
        grey(0, 33, 17),
        ijk_to_world=matrix,
        coordinates=coordinates,
        timestamp=1_700_000_000.25,
        metadata={"Depth": "55"},
        message_id=7,
    )
    video = carried(Encoder(codec).encode(image))
    assert video.size == (33, 17, 1)
    assert video.grey
    assert video.metadata["Depth"] == "55"
    back = Decoder().decode_image(video)
    assert back is not None
    np.testing.assert_allclose(back.ijk_to_world, matrix, atol=1e-5)
    assert back.coordinates == coordinates
    assert (back.device_name, back.timestamp) == ("US", 1_700_000_000.25)
    assert dict(back.metadata) == {"Depth": "55"}
    assert back.message_id == 7
    assert back.size == (33, 17, 1)


def test_a_part_of_a_volume_is_where_it_was() -> None:
    part = Image(
        grey(0, 8, 6),
        spacing=(0.5, 2.0, 1.0),
        sub_volume_offset=(10, 5, 0),
        volume_size=(20, 20, 1),
    )
    video = Encoder("I420").encode(part)
    np.testing.assert_allclose(video.ijk_to_world[:3, 3], (5.0, 10.0, 0.0), atol=1e-6)


def test_a_peer_of_header_version_1_sees_the_same() -> None:
    encoder, decoder = Encoder("H264"), Decoder()
    for number in range(4):
        video = encoder.encode(image_of(grey(number)))
        plain = carried(video.replace(metadata={}, message_id=0, header_version=1))
        assert plain.header_version == 1
        pixels = decoder.decode(plain)
        assert pixels is not None
        assert psnr(pixels[0], grey(number)) > GREY_DB


@pytest.mark.parametrize("codec", COMPRESSED)
def test_key_frames_come_when_they_are_due_or_wanted(codec: str) -> None:
    encoder, types = Encoder(codec, key_interval=4), []
    for number in range(11):
        if number == 6:
            encoder.request_key()
        types.append(encoder.encode(image_of(grey(number))).frame_type)
    keys = [number for number, kind in enumerate(types) if kind == FrameType.KEY]
    assert keys == [0, 4, 6, 10]
    assert set(types) == {FrameType.KEY, FrameType.INTER}


@pytest.mark.parametrize("codec", ALL)
def test_size_and_colour_may_change(codec: str) -> None:
    pictures = [grey(0), grey(1), grey(2, 64, 96), coloured(3, 64, 96), coloured(4), grey(5)]
    encoder, decoder = Encoder(codec), Decoder()
    for number, picture in enumerate(pictures):
        video = carried(encoder.encode(image_of(picture)))
        assert video.is_key == (number != 1 or codec == "I420")
        assert video.grey == (picture.ndim == 2)
        pixels = decoder.decode(video)
        assert pixels is not None
        assert psnr(pixels[0], picture) > COLOUR_DB


def test_one_decoder_follows_changes_of_codec() -> None:
    decoder = Decoder()
    for number, codec in enumerate((*ALL, *ALL)):
        pixels = decoder.decode(carried(Encoder(codec).encode(image_of(grey(number)))))
        assert pixels is not None
        assert psnr(pixels[0], grey(number)) > GREY_DB


@pytest.mark.parametrize("codec", COMPRESSED)
def test_an_encoder_and_a_decoder_go_on_after_they_were_closed(codec: str) -> None:
    encoder, decoder = Encoder(codec), Decoder()
    for _ in range(2):
        for number in range(2):
            pixels = decoder.decode(encoder.encode(image_of(grey(number))))
            assert pixels is not None
            assert psnr(pixels[0], grey(number)) > GREY_DB
        encoder.close()
        decoder.close()
        assert decoder.waiting
        assert decoder.why == "the decoder was closed; waiting for a key frame"


@pytest.mark.parametrize("codec", COMPRESSED)
def test_more_quality_is_better_and_larger(codec: str) -> None:
    picture = np.ascontiguousarray(ultrasound()[0, ..., 1])
    sizes, looks = [], []
    for quality in (0, 40, 70, 100):
        video = Encoder(codec, quality=quality).encode(image_of(picture))
        pixels = Decoder().decode(video)
        assert pixels is not None
        sizes.append(len(video.data))
        looks.append(psnr(pixels[0], picture))
    assert sizes == sorted(sizes)
    assert looks == sorted(looks)
    assert looks[-1] > looks[0] + 10


@pytest.mark.parametrize("codec", COMPRESSED)
@pytest.mark.parametrize("bitrate", [300_000, 1_200_000])
def test_a_bitrate_is_kept(codec: str, bitrate: int) -> None:
    noise = np.random.default_rng(1).integers(0, 100, (20, 96, 128), np.uint8)
    encoder = Encoder(codec, bitrate=bitrate, rate=20, key_interval=1000)
    sizes = [len(encoder.encode(image_of(np.ascontiguousarray(one))).data) for one in noise]
    a_second = sum(sizes[10:]) * 8 * 2
    assert 0.4 * bitrate < a_second < 1.6 * bitrate


@pytest.mark.parametrize("codec", COMPRESSED)
def test_nothing_is_printed(codec: str, capfd: pytest.CaptureFixture[str]) -> None:
    with Encoder(codec) as encoder, Decoder() as decoder:
        for number in range(3):
            decoder.decode(encoder.encode(image_of(grey(number))))
        decoder.decode(encoder.encode(image_of(grey(4))).replace(data=b"\0\0\1" + bytes(50)))
    del encoder, decoder
    forgotten = Encoder(codec)
    forgotten.encode(image_of(grey(0)))
    del forgotten
    assert capfd.readouterr() == ("", "")
