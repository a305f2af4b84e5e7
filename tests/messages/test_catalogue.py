"""IMGMETA and LBMETA by hand."""

from __future__ import annotations

import pytest

import igtl
from tests.codec.wire import packet, table

IMGMETA = table(
    """
    'Head' 00*60                  # name char[64]
    'CT1' 00*17                   # id char[20]
    'CT' 00*30                    # modality char[32]
    'Doe^Jane' 00*56              # patient name char[64]
    '4711' 00*60                  # patient id char[64]
    65 53 f1 00  40 00 00 00      # 1,700,000,000.25 s
    02 00  02 01  00 80           # 512 x 513 x 128
    04 00                         # int16; reserved
    """
)
LBMETA = table(
    """
    'Liver' 00*59                 # name char[64]
    'SEG1' 00*16                  # id char[20]
    07 00                         # label 7; reserved
    10 20 30 ff                   # red, green, blue, alpha
    02 00  02 01  00 80           # 512 x 513 x 128
    'CT1' 00*17                   # owner char[20]
    """
)


def test_imgmeta_by_hand() -> None:
    assert len(IMGMETA) == 260
    one = igtl.ImageMetaElement(
        "Head", "CT1", "CT", "Doe^Jane", "4711", 1_700_000_000.25, (512, 513, 128), 4
    )
    data = packet("IMGMETA", IMGMETA * 2)
    assert igtl.encode(igtl.ImageMeta((one, one))) == data
    message = igtl.decode(data)
    assert isinstance(message, igtl.ImageMeta)
    assert message.images == (one, one)
    image = message.images[1]
    assert (image.name, image.id, image.modality) == ("Head", "CT1", "CT")
    assert (image.patient_name, image.patient_id) == ("Doe^Jane", "4711")
    assert (image.timestamp, image.size, image.scalar_type) == (
        1_700_000_000.25,
        (512, 513, 128),
        4,
    )


def test_an_image_without_a_time() -> None:
    one = igtl.ImageMetaElement("Head", "CT1")
    assert one.timestamp is None
    assert bytes(igtl.ImageMeta((one,)).raw_content)[244:252] == bytes(8)


def test_the_last_time_can_be_written_again() -> None:
    message = igtl.decode(packet("IMGMETA", IMGMETA[:244] + b"\xff" * 8 + IMGMETA[252:]))
    assert isinstance(message, igtl.ImageMeta)
    assert message.images[0].timestamp == pytest.approx(2**32)
    assert igtl.ImageMeta(message.images).images == message.images


def test_lbmeta_by_hand() -> None:
    assert len(LBMETA) == 116
    one = igtl.LabelMetaElement("Liver", "SEG1", 7, (16, 32, 48, 255), (512, 513, 128), "CT1")
    data = packet("LBMETA", LBMETA)
    assert igtl.encode(igtl.LabelMeta((one,))) == data
    message = igtl.decode(data)
    assert isinstance(message, igtl.LabelMeta)
    (label,) = message.labels
    assert label == one
    assert (label.label, label.color, label.owner) == (7, (16, 32, 48, 255), "CT1")


@pytest.mark.parametrize(("wire_type", "size"), [("IMGMETA", 260), ("LBMETA", 116)])
def test_a_whole_number_of_records(wire_type: str, size: int) -> None:
    igtl.decode(packet(wire_type, bytes(2 * size)))
    for wrong in (1, size - 1, size + 1):
        with pytest.raises(
            igtl.DecodeError, match=f"{wrong} bytes are not a whole number of {size}"
        ):
            igtl.decode(packet(wire_type, bytes(wrong)))


def test_wrong_values_are_refused() -> None:
    image, label = igtl.ImageMetaElement("a", "b"), igtl.LabelMetaElement("a", "b")
    for one, name, value, text in [
        (image, "id", "x" * 20, "id .* takes 20 bytes, .* room for 19"),
        (image, "patient_id", "x" * 64, "patient_id .* room for 63"),
        (image, "timestamp", -1, "timestamp is -1: time of -1.0 s does not fit"),
        (image, "size", (1, 2), "size has 2 values, expected 3"),
        (label, "size", (1, 2, 65536), r"size\[2\] is 65536, expected 0 to 65535"),
        (label, "label", 256, "label is 256, expected 0 to 255"),
    ]:
        with pytest.raises(igtl.MessageError, match=text):
            one.replace(**{name: value})
