"""What a file that is no recording looks like, for whoever picked the wrong one."""

from __future__ import annotations

from igtl.codec.buffers import Buffer
from igtl.codec.frame import HEADER, HEADER_SIZE
from igtl.codec.text import decode_fixed

__all__ = ["likeness"]

#: How files begin, and what they then are.
_BEGINNINGS: dict[bytes, str] = {
    b"#ROSBAG V": "a ROS 1 bag",
    b"SQLite format 3": "an SQLite file, such as a ROS 2 bag",
    b"\xd4\xc3\xb2\xa1": "a pcap capture: igtl convert makes a recording of it",
    b"\xa1\xb2\xc3\xd4": "a pcap capture: igtl convert makes a recording of it",
    b"\x4d\x3c\xb2\xa1": "a pcap capture: igtl convert makes a recording of it",
    b"\x0a\x0d\x0d\x0a": "a pcapng capture: igtl convert makes a recording of it",
    b"NRRD": "a NRRD image or sequence: igtl convert makes a recording of it",
    b"ObjectType": "a MetaImage or sequence: igtl convert makes a recording of it",
    b"\x89HDF": "an HDF5 file",
    b"\x1f\x8b": "a gzip file: unpack it first",
    b"PK\x03\x04": "a zip file (also .npz, .pt, .docx): unpack it first",
    b"\x28\xb5\x2f\xfd": "a zstd file: unpack it first",
    b"\x04\x22\x4d\x18": "an lz4 file: unpack it first",
    b"PAR1": "a Parquet table",
    b"RIFF": "an AVI or WAV file",
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"%PDF": "a PDF",
}


def likeness(data: Buffer) -> str:
    """What a file looks like whose first bytes (some hundreds) are `data`."""
    start = bytes(data[:512])
    for beginning, name in _BEGINNINGS.items():
        if start.startswith(beginning):
            return name
    if start[4:8] == b"ftyp":
        return "an MP4 movie"
    if start[128:132] == b"DICM":
        return "a DICOM file"
    if _is_message(start):
        return "OpenIGTLink messages without times: igtl convert makes a recording of them"
    if start and not start.strip(b"\0"):
        return "zeros: was the disk full, or the power cut?"
    return "text" if _is_text(start) else "something else"


def _is_message(start: bytes) -> bool:
    """Whether it begins as an OpenIGTLink header does."""
    if len(start) < HEADER_SIZE:
        return False
    version, raw_type, *_, size, _ = HEADER.unpack_from(start)
    name = decode_fixed(raw_type)
    return version in (1, 2, 3) and size < 1 << 32 and name.isascii() and name.isprintable()


def _is_text(start: bytes) -> bool:
    try:
        text = start.decode()
    except UnicodeDecodeError:
        return False
    return bool(text) and all(c.isprintable() or c in "\r\n\t" for c in text)
