"""Queries of all types but BIND, as queries.cpp writes them."""

from __future__ import annotations

from collections.abc import Iterator

from tests.interop.values.building import Values, message

QUERIES = {
    "get-trans": message("GET_TRANS", "ProbeToTracker", 90),
    "get-image": message("GET_IMAGE", "CT", 91),
    "get-status": message("GET_STATUS", "Scanner", 92),
    "get-capabil": message("GET_CAPABIL", "", 93),
    "get-point": message("GET_POINT", "Fiducials", 94),
    "get-traj": message("GET_TRAJ", "Plan", 95),
    "get-imgmeta": message("GET_IMGMETA", "Archive", 96),
    "get-lbmeta": message("GET_LBMETA", "Archive", 97),
    "get-colort": message("GET_COLORT", "Labels", 98),
    "get-polydata": message("GET_POLYDATA", "Liver", 99),
    # The resolution is an interval in ms.
    "stt-tdata": message("STT_TDATA", "Tracker", 100, resolution=20, coordinate_name="Patient"),
    "stp-tdata": message("STP_TDATA", "Tracker", 101),
    "rts-tdata": message("RTS_TDATA", "Tracker", 102, status=1),
    "stt-qtdata": message(
        "STT_QTDATA",
        "Tracker",
        103,
        resolution=70_000,
        coordinate_name="frame of 31 letters, the most..",
    ),
    "stp-qtdata": message("STP_QTDATA", "Tracker", 104),
    "rts-qtdata": message("RTS_QTDATA", "Tracker", 105, status=0),
}

# In the order of their serials, from 110 on, with the status of an RTS_.
FRAMED_TYPES = (
    ("STT_TRANS", None),
    ("STP_TRANS", None),
    ("RTS_TRANS", 1),
    ("GET_POSITION", None),
    ("STT_POSITION", None),
    ("STP_POSITION", None),
    ("RTS_POSITION", 0),
    ("GET_QTRANS", None),
    ("STT_QTRANS", None),
    ("STP_QTRANS", None),
    ("RTS_QTRANS", 1),
    ("STT_IMAGE", None),
    ("STP_IMAGE", None),
    ("RTS_IMAGE", 1),
    ("RTS_CAPABIL", 0),
    ("GET_STRING", None),
    ("GET_TDATA", None),
    ("GET_QTDATA", None),
    ("GET_SENSOR", None),
    ("STT_SENSOR", None),
    ("STP_SENSOR", None),
    ("RTS_SENSOR", 1),
    ("GET_NDARRAY", None),
    ("STT_NDARRAY", None),
    ("STP_NDARRAY", None),
    ("RTS_NDARRAY", 0),
    ("STT_POLYDATA", None),
    ("STP_POLYDATA", None),
    ("RTS_POLYDATA", 1),
    ("GET_VIDEO", None),
    ("STP_VIDEO", None),
    ("RTS_VIDEO", 1),
    ("GET_VMETA", None),
)


def framed() -> Iterator[tuple[str, Values]]:
    """The queries of types without a class in the library, by name."""
    for serial, (wire_type, status) in enumerate(FRAMED_TYPES, start=110):
        fields: Values = {} if status is None else {"status": status}
        yield wire_type.lower().replace("_", "-"), message(wire_type, "Anything", serial, **fields)


FRAMED_QUERIES = dict(framed())
