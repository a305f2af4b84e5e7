"""POINT, TRAJ, TDATA, QTDATA, IMGMETA and LBMETA, as records.cpp writes them."""

from __future__ import annotations

from tests.interop.values.building import message, ninths, thirds

LONG_NAME = "a name of 63 letters, the longest that the reference reads back"
LONG_GROUP = "a group of 31 letters, no more!"
LONG_OWNER = "owner of 19 letters"
LONG_DEVICE = "device, 19 letters!"
LONG_TOOL = "Tool of 19 letters!"

RECORDS = {
    "point": message(
        "POINT",
        "Fiducials",
        60,
        points=[
            {
                "name": "Nasion",
                "group": "Fiducial",
                "color": [255, 128, 64, 32],
                "position": [1.5, -2.5, 3.25],
                "diameter": 0.5,
                "owner": "CT",
            },
            {
                "name": LONG_NAME,
                "group": LONG_GROUP,
                "color": [1, 2, 3, 4],
                "position": [-100.125, 200.25, -300.5],
                "diameter": 7.75,
                "owner": LONG_OWNER,
            },
            {
                "name": "",
                "group": "",
                "color": [0, 0, 0, 0],
                "position": [0.0, 0.0, 0.0],
                "diameter": 0.0,
                "owner": "",
            },
        ],
    ),
    "traj": message(
        "TRAJ",
        "Plan",
        61,
        trajectories=[
            {
                "name": "Needle",
                "group": "Biopsy",
                "type": 3,
                "color": [255, 128, 64, 32],
                "entry": [1.5, -2.5, 3.25],
                "target": [-4.5, 5.75, -6.125],
                "diameter": 1.25,
                "owner": "MR",
            },
            {
                "name": LONG_NAME,
                "group": LONG_GROUP,
                "type": 1,
                "color": [1, 2, 3, 4],
                "entry": [10.5, 20.5, 30.5],
                "target": [0.0, 0.0, 0.0],
                "diameter": 2.5,
                "owner": LONG_OWNER,
            },
            {
                "name": "Target only",
                "group": "",
                "type": 2,
                "color": [5, 6, 7, 8],
                "entry": [0.0, 0.0, 0.0],
                "target": [-70.5, 80.5, 90.5],
                "diameter": 0.0,
                "owner": "",
            },
        ],
    ),
    "tdata": message(
        "TDATA",
        "Tracker",
        62,
        tools=[
            {
                "name": "Probe",
                "type": 1,
                "matrix": thirds([2, -1, 2, 2, 2, -1, -1, 2, 2], [1.5, -2.5, 3.25]),
            },
            {
                "name": LONG_TOOL,
                "type": 2,
                "matrix": thirds([-1, 2, 2, 2, -1, 2, 2, 2, -1], [-100.125, 200.25, -300.5]),
            },
            {
                "name": "Tip",
                "type": 3,
                "matrix": thirds([3, 0, 0, 0, 3, 0, 0, 0, 3], [0.0, 0.125, 1e6]),
            },
            {
                "name": "",
                "type": 4,
                "matrix": thirds([2, 2, -1, -1, 2, 2, 2, -1, 2], [7.0, 8.0, 9.0]),
            },
        ],
    ),
    "qtdata": message(
        "QTDATA",
        "Tracker",
        63,
        tools=[
            {
                "name": "Probe",
                "type": 1,
                "position": [1.5, -2.5, 3.25],
                "quaternion": ninths(2, -4, 5, 6),
            },
            {
                "name": LONG_TOOL,
                "type": 2,
                "position": [-100.125, 200.25, -300.5],
                "quaternion": ninths(6, 5, -4, 2),
            },
            {
                "name": "Tip",
                "type": 3,
                "position": [0.0, 0.125, 1e6],
                "quaternion": ninths(0, 0, 0, 9),
            },
            {
                "name": "",
                "type": 4,
                "position": [7.0, 8.0, 9.0],
                "quaternion": ninths(-5, 2, 6, 4),
            },
        ],
    ),
    # `time` in seconds: the library keeps it in ns and loses up to 13 of them.
    "imgmeta": message(
        "IMGMETA",
        "Archive",
        64,
        images=[
            {
                "name": "Head, plain",
                "id": "CT_1",
                "modality": "CT",
                "patient_name": "Doe^Jane",
                "patient_id": "0815",
                "time": 1_600_000_000.25,
                "size": [512, 513, 64],
                "scalar_type": 4,
            },
            {
                "name": LONG_NAME,
                "id": LONG_DEVICE,
                "modality": LONG_GROUP,
                "patient_name": LONG_NAME,
                "patient_id": LONG_NAME,
                "time": 1_600_000_001.123456789,
                "size": [1, 65535, 2],
                "scalar_type": 11,
            },
        ],
    ),
    "lbmeta": message(
        "LBMETA",
        "Archive",
        65,
        labels=[
            {
                "name": "Liver",
                "id": "LIVER_1",
                "label": 7,
                "color": [255, 128, 64, 32],
                "size": [512, 513, 64],
                "owner": "CT_1",
            },
            {
                "name": LONG_NAME,
                "id": LONG_DEVICE,
                "label": 255,
                "color": [1, 2, 3, 4],
                "size": [1, 65535, 2],
                "owner": LONG_OWNER,
            },
        ],
    ),
}
