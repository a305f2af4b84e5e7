"""TRANSFORM, POSITION and QTRANS, as poses.cpp writes them."""

from __future__ import annotations

from tests.interop.values.building import message, ninths, thirds

POSES = {
    "transform": message(
        "TRANSFORM",
        "Probe",
        1,
        matrix=thirds([2, -1, 2, 2, 2, -1, -1, 2, 2], [10.5, -20.25, 30.125]),
    ),
    "transform-counted": message(
        "TRANSFORM",
        "TwentyCharacterName1",
        2,
        matrix=[
            [1.5, -2.5, 3.5, -4.5],
            [5.5, -6.5, 7.5, -8.5],
            [9.5, -10.5, 11.5, -12.5],
            [0, 0, 0, 1],
        ],
    ),
    "position-28": message(
        "POSITION", "Pointer", 3, position=[-1.5, 20.25, 300.125], quaternion=ninths(2, -4, 5, 6)
    ),
    # On the wire without w, which follows from the length 1.
    "position-24": message(
        "POSITION", "Pointer", 4, position=[-1.5, 20.25, 300.125], quaternion=ninths(2, -4, 5, 6)
    ),
    # On the wire without a quaternion; the reference reads no rotation.
    "position-12": message(
        "POSITION", "Pointer", 5, position=[-1.5, 20.25, 300.125], quaternion=[0, 0, 0, 1]
    ),
    "qtrans": message(
        "QTRANS", "Stylus", 6, position=[4.5, -5.75, 6.125], quaternion=ninths(-6, 5, 4, 2)
    ),
}
