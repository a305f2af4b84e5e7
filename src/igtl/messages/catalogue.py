"""What images there are: IMGMETA and LBMETA."""

from __future__ import annotations

from igtl.codec.declaration import Record, Records, Several, field
from igtl.codec.layout import U8, U16, Reserved, Text, Time
from igtl.messages.message import Message
from igtl.messages.query import queries
from igtl.messages.registry import message

__all__ = ["ImageMeta", "ImageMetaElement", "LabelMeta", "LabelMetaElement"]

Size = tuple[int, int, int]
_NONE = (0, 0, 0)


class ImageMetaElement(Record):
    """Description of one image that can be asked for.

    Args:
        name: for people, up to 63 bytes.
        id: the device name to ask for, up to 19 bytes.
        modality: such as "CT", up to 31 bytes.
        patient_name, patient_id: up to 63 bytes each.
        timestamp: when it was scanned, seconds since 1970 UTC; None when not known.
        size: voxels along i, j, k.
        scalar_type: as IMAGE's: 3 uint8, 4 int16 ...
    """

    name: str = field(Text(64), doc="for people")
    id: str = field(Text(20), doc="device name to ask for")
    modality: str = field(Text(32), default="", doc="such as CT")
    patient_name: str = field(Text(64), default="")
    patient_id: str = field(Text(64), default="")
    timestamp: float | None = field(Time, default=None, doc="of the scan")
    size: Size = field(U16[3], default=_NONE, doc="voxels along i, j, k")
    scalar_type: int = field(U8, default=3, doc="as IMAGE's")
    _reserved = field(Reserved(1))


@queries("GET")
@message("IMGMETA")
class ImageMeta(Message):
    """Images that can be asked for: IMGMETA.

    Args:
        images: a sequence of `ImageMetaElement`.
    """

    images: Several[ImageMetaElement] = field(Records(ImageMetaElement), doc="one an image")


class LabelMetaElement(Record):
    """Description of one structure in a label image.

    Args:
        name: for people, up to 63 bytes.
        id: the device name to ask for, up to 19 bytes.
        label: the pixels' value; 0 when the image holds one structure.
        color: red, green, blue, alpha, 0 to 255.
        size: voxels along i, j, k.
        owner: device name of the image that was segmented, up to 19 bytes.
    """

    name: str = field(Text(64), doc="for people")
    id: str = field(Text(20), doc="device name to ask for")
    label: int = field(U8, default=0, doc="value of its pixels; 0 when there is one structure")
    _reserved = field(Reserved(1))
    color: tuple[int, int, int, int] = field(
        U8[4], default=(255, 255, 0, 255), doc="red green blue alpha"
    )
    size: Size = field(U16[3], default=_NONE, doc="voxels along i, j, k")
    owner: str = field(Text(20), default="", doc="device name of the segmented image")


@queries("GET")
@message("LBMETA")
class LabelMeta(Message):
    """Structures in label images that can be asked for: LBMETA.

    Args:
        labels: a sequence of `LabelMetaElement`.
    """

    labels: Several[LabelMetaElement] = field(Records(LabelMetaElement), doc="one a structure")
