"""Poses from named transforms: hand-computed paths, inverses and status; what is missing."""

from __future__ import annotations

import math
from collections.abc import Iterable
from enum import StrEnum

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

import igtl
from igtl.codec.frame import Frame, parse
from igtl.errors import NotAvailable
from igtl.protocol.transforms import Pose, Transforms, names_of
from tests.codec.wire import packet

Matrix = NDArray[np.float64]


def moved(x: float, y: float = 0.0, z: float = 0.0) -> Matrix:
    """A translation in mm."""
    matrix = np.eye(4)
    matrix[:3, 3] = x, y, z
    return matrix


#: A quarter turn about z, x to y, then 10 mm along x; and its inverse, by hand.
TURNED = np.array([[0, -1, 0, 10], [1, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]], float)
BACK = np.array([[0, 1, 0, 0], [-1, 0, 0, 10], [0, 0, 1, 0], [0, 0, 0, 1]], float)


def transform(
    name: str, matrix: Matrix, timestamp: float | None = None, /, **metadata: str
) -> igtl.Transform:
    return igtl.Transform(matrix, device_name=name, timestamp=timestamp, metadata=metadata)


def knowing(*messages: igtl.Message) -> Transforms:
    transforms = Transforms()
    for message in messages:
        transforms.update(message)
    return transforms


def tracked(*tools: tuple[str, Matrix], device: str = "Tracker") -> igtl.TrackingData:
    return igtl.TrackingData(
        [igtl.Tool(name, matrix) for name, matrix in tools], device_name=device, timestamp=7.0
    )


def frame_of(message: igtl.Message) -> Frame:
    return parse(igtl.encode(message))


class Newest:
    """The newest frames of a link that somebody else fills."""

    def __init__(self, *messages: igtl.Message) -> None:
        self.frames = [frame_of(message) for message in messages]

    def __call__(self) -> Iterable[tuple[int, Frame]]:
        return enumerate(self.frames)


class TestPaths:
    def test_a_transform_as_it_was_sent(self) -> None:
        pose = knowing(transform("ProbeToTracker", TURNED, 5.5))["Probe", "Tracker"]
        assert pose.matrix.tolist() == TURNED.tolist()
        assert (pose.source, pose.target) == ("Probe", "Tracker")
        assert (pose.timestamp, pose.status, pose.valid) == (5.5, "OK", True)
        assert pose.path == ("Probe", "Tracker")
        assert pose.matrix.dtype == np.float64
        assert not pose.matrix.flags.writeable

    def test_the_inverse_of_a_transform(self) -> None:
        pose = knowing(transform("ProbeToTracker", TURNED, 5.5))["Tracker", "Probe"]
        assert pose.matrix.tolist() == BACK.tolist()
        assert pose.path == ("Tracker", "Probe")
        assert (pose.timestamp, pose.valid) == (5.5, True)

    def test_the_inverse_is_of_any_matrix_not_only_of_rigid_ones(self) -> None:
        transforms = knowing(transform("ImageToProbe", np.diag([0.5, 0.25, 2.0, 1.0])))
        assert transforms["Probe", "Image"].matrix.tolist() == np.diag([2, 4, 0.5, 1]).tolist()

    def test_a_path_of_three_with_an_inverse_in_it(self) -> None:
        transforms = knowing(
            transform("ProbeToTracker", TURNED, 20.0),
            transform("ReferenceToTracker", moved(0, 0, 3), 10.0),
        )
        transforms.add("Image", "Probe", moved(1, 2))
        pose = transforms["Image", "Reference"]
        # (0, 0, 0) -> (1, 2, 0) -> turned (-2, 1, 0), moved (8, 1, 0) -> (8, 1, -3)
        expected = [[0, -1, 0, 8], [1, 0, 0, 1], [0, 0, 1, -3], [0, 0, 0, 1]]
        assert pose.matrix.tolist() == expected
        assert pose.path == ("Image", "Probe", "Tracker", "Reference")
        assert pose.timestamp == 10.0

    def test_the_shortest_path_is_taken(self) -> None:
        transforms = knowing(
            transform("AToB", moved(1)),
            transform("BToC", moved(1)),
            transform("CToD", moved(1)),
            transform("DToE", moved(1)),
            transform("AToE", moved(50)),
        )
        assert transforms["A", "E"].path == ("A", "E")
        assert transforms["A", "E"].matrix[0, 3] == 50
        assert transforms["E", "B"].path == ("E", "A", "B")
        assert transforms["E", "B"].matrix[0, 3] == -49
        assert transforms["A", "C"].path == ("A", "B", "C")

    def test_both_directions_known_each_is_used_as_it_is(self) -> None:
        transforms = knowing(transform("AToB", moved(1)), transform("BToA", moved(5)))
        assert transforms["A", "B"].matrix[0, 3] == 1
        assert transforms["B", "A"].matrix[0, 3] == 5

    def test_a_frame_in_itself(self) -> None:
        pose = knowing(transform("AToB", moved(1), 5.0))["A", "A"]
        assert pose.matrix.tolist() == np.eye(4).tolist()
        assert (pose.path, pose.timestamp, pose.valid) == (("A",), None, True)

    def test_a_newer_message_replaces_the_older(self) -> None:
        transforms = knowing(transform("AToB", moved(1), 1.0), transform("AToB", moved(2), 2.0))
        assert transforms["A", "B"].matrix[0, 3] == 2
        assert transforms["A", "B"].timestamp == 2.0
        assert len(transforms) == 1

    @given(
        st.lists(st.floats(-1, 1), min_size=4, max_size=4).filter(
            lambda q: sum(x * x for x in q) > 0.01
        ),
        st.lists(st.floats(-1000, 1000), min_size=3, max_size=3),
        st.lists(st.floats(0.1, 10), min_size=3, max_size=3),
    )
    def test_there_and_back_is_the_identity(
        self, quaternion: list[float], position: list[float], scale: list[float]
    ) -> None:
        transforms = knowing(igtl.Position(position, quaternion, device_name="BToC"))
        transforms.add("A", "B", np.diag([*scale, 1.0]))
        there, back = transforms["A", "C"], transforms["C", "A"]
        assert back.path == there.path[::-1]
        np.testing.assert_allclose(back.matrix @ there.matrix, np.eye(4), atol=1e-8)


class TestTimes:
    def test_fixed_parts_have_no_time(self) -> None:
        transforms = Transforms()
        transforms.add("Image", "Probe", moved(1))
        assert transforms["Image", "Probe"].timestamp is None

    def test_parts_without_a_time_do_not_count(self) -> None:
        transforms = knowing(transform("AToB", moved(1)), transform("BToC", moved(1), 3.0))
        assert transforms["A", "B"].timestamp is None
        assert transforms["A", "C"].timestamp == 3.0


class TestNames:
    @pytest.mark.parametrize(
        ("name", "pair"),
        [
            ("ProbeToTracker", ("Probe", "Tracker")),
            ("ToolToTracker", ("Tool", "Tracker")),
            ("StylusTipToTool", ("StylusTip", "Tool")),
            ("AToB", ("A", "B")),
            ("ZoneToZ", ("Zone", "Z")),
        ],
    )
    def test_names_that_say_it(self, name: str, pair: tuple[str, str]) -> None:
        assert names_of(name) == pair
        transforms = knowing(transform(name, moved(1)))
        assert list(transforms) == [pair]
        assert transforms.frames == tuple(sorted(pair))

    @pytest.mark.parametrize(
        "name", ["", "Probe", "Tool", "ToTracker", "ProbeTo", "probeToTracker", "AToBToC"]
    )
    def test_transforms_that_do_not_are_left_out(self, name: str) -> None:
        assert names_of(name) is None
        assert list(knowing(transform(name, moved(1)))) == []

    def test_a_frame_in_itself_is_left_out(self) -> None:
        assert list(knowing(transform("AToA", moved(1)))) == []

    def test_tools_that_do_not_lead_to_the_tracker(self) -> None:
        tools = ("Stylus", moved(1)), ("ProbeToReference", moved(2)), ("probe 3", moved(3))
        transforms = knowing(tracked(*tools, ("", moved(4)), ("Tracker", moved(5))))
        pairs = [("Stylus", "Tracker"), ("Probe", "Reference"), ("probe 3", "Tracker")]
        assert list(transforms) == pairs
        assert [transforms[pair].matrix[0, 3] for pair in pairs] == [1, 2, 3]
        assert transforms["Stylus", "probe 3"].matrix[0, 3] == -2
        assert transforms["Stylus", "probe 3"].timestamp == 7.0

    def test_tools_of_two_trackers_stay_apart(self) -> None:
        transforms = knowing(
            tracked(("Stylus", moved(1)), device="Left"), tracked(("Probe", moved(2)), device="")
        )
        assert list(transforms) == [("Stylus", "Left"), ("Probe", "Tracker")]
        assert ("Stylus", "Probe") not in transforms

    def test_a_long_name_is_taken_from_the_metadata(self) -> None:
        name = "UltrasoundImageToReferenceFrame"
        body = igtl.encode(transform(name[:20], moved(1), IGTL_DEVICE_NAME=name))
        assert list(knowing(igtl.decode(body))) == [("UltrasoundImage", "ReferenceFrame")]


class TestTypes:
    #: A quarter turn about z, x to y, as a quaternion.
    TURN = (0.0, 0.0, math.sqrt(0.5), math.sqrt(0.5))

    def test_position(self) -> None:
        position = igtl.Position((10, 0, 0), self.TURN, device_name="ProbeToTracker", timestamp=4.0)
        pose = knowing(position)["Probe", "Tracker"]
        np.testing.assert_allclose(pose.matrix, TURNED, atol=1e-7)
        assert pose.timestamp == 4.0

    def test_every_term_of_a_quaternion(self) -> None:
        # 120 degrees about (1, 1, 1): x to y, y to z, z to x. Not of unit length.
        position = igtl.Position((1, 2, 3), (1, 1, 1, 1), device_name="AToB")
        expected = [[0, 0, 1, 1], [1, 0, 0, 2], [0, 1, 0, 3], [0, 0, 0, 1]]
        matrix = knowing(position)["A", "B"].matrix
        np.testing.assert_allclose(matrix, expected, atol=1e-12)
        # x y z w = 2 4 6 8 of length sqrt(120), worked out by hand.
        position = igtl.Position((0, 0, 0), (2, 4, 6, 8), device_name="AToB")
        matrix = knowing(position)["A", "B"].matrix
        expected = [[2, -10, 11], [14, 5, 2], [-5, 10, 10]]
        np.testing.assert_allclose(matrix[:3, :3], np.array(expected) / 15, atol=1e-12)

    def test_position_without_orientation(self) -> None:
        pose = knowing(igtl.Position((1, 2, 3), None, device_name="AToB"))["A", "B"]
        assert pose.matrix.tolist() == moved(1, 2, 3).tolist()

    def test_quaternion_tracking_data(self) -> None:
        tools = [
            igtl.QuaternionTool("Stylus", (10, 0, 0), self.TURN),
            igtl.QuaternionTool("ProbeToReference", (0, 1, 0)),
        ]
        transforms = knowing(igtl.QuaternionTrackingData(tools))
        np.testing.assert_allclose(transforms["Stylus", "Tracker"].matrix, TURNED, atol=1e-7)
        assert transforms["Probe", "Reference"].matrix.tolist() == moved(0, 1).tolist()

    def test_others_change_nothing(self) -> None:
        assert list(knowing(igtl.String("x", device_name="AToB"))) == []


class TestStatus:
    @pytest.mark.parametrize(
        ("metadata", "status"),
        [
            ({}, "OK"),
            ({"TransformStatus": "OK"}, "OK"),
            ({"TransformStatus": "ok "}, "OK"),
            ({"TransformValid": "true"}, "OK"),
            ({"TransformValid": "1", "TransformStatus": "OK"}, "OK"),
            ({"TransformStatus": "OUT_OF_VIEW"}, "OUT_OF_VIEW"),
            ({"TransformStatus": "MISSING", "TransformValid": "false"}, "MISSING"),
            ({"TransformStatus": "UNKNOWN", "TransformValid": "true"}, "UNKNOWN"),
            ({"TransformValid": "false"}, "INVALID"),
            ({"TransformValid": "FALSE"}, "INVALID"),
            ({"TransformValid": "0", "TransformStatus": "OK"}, "INVALID"),
        ],
    )
    def test_of_the_metadata(self, metadata: dict[str, str], status: str) -> None:
        pose = knowing(transform("AToB", moved(1), None, **metadata))["A", "B"]
        assert (pose.status, pose.valid) == (status, status == "OK")
        assert pose.matrix[0, 3] == 1

    def test_a_valid_path_goes_before_a_shorter_one(self) -> None:
        transforms = knowing(
            transform("AToC", moved(50), TransformStatus="OUT_OF_VIEW"),
            transform("AToB", moved(1)),
            transform("BToC", moved(1)),
        )
        assert transforms["A", "C"].path == ("A", "B", "C")
        assert transforms["A", "C"].matrix[0, 3] == 2
        assert transforms["A", "C"].valid

    def test_the_inverse_of_a_valid_one_goes_before_an_invalid_one(self) -> None:
        transforms = knowing(
            transform("AToB", moved(1), TransformValid="false"),
            transform("BToA", moved(5)),
            transform("BToC", moved(0), TransformStatus="OUT_OF_VIEW"),
        )
        assert transforms["A", "B"].matrix[0, 3] == -5
        assert transforms["A", "B"].valid
        assert transforms["A", "C"].matrix[0, 3] == -5
        assert transforms["A", "C"].status == "OUT_OF_VIEW"

    def test_the_first_invalid_part_of_a_path_says_why(self) -> None:
        transforms = knowing(
            transform("AToB", moved(1)),
            transform("BToC", moved(2), TransformStatus="OUT_OF_VOLUME"),
            transform("CToD", moved(3), TransformStatus="MISSING"),
        )
        pose = transforms["A", "D"]
        assert (pose.status, pose.valid) == ("OUT_OF_VOLUME", False)
        assert pose.matrix[0, 3] == 6
        assert transforms["D", "A"].status == "MISSING"

    def test_a_tool_that_is_seen_no_more(self) -> None:
        transforms = knowing(
            tracked(("Stylus", moved(1)), ("Probe", moved(2))),
            tracked(("Needle", moved(3)), device="Other"),
            tracked(("Probe", moved(4))),
        )
        lost = transforms["Stylus", "Tracker"]
        assert (lost.status, lost.valid, lost.matrix[0, 3]) == ("MISSING", False, 1)
        assert transforms["Probe", "Tracker"].valid
        assert transforms["Needle", "Other"].valid
        transforms.update(tracked(("Stylus", moved(5)), ("Probe", moved(4))))
        assert transforms["Stylus", "Tracker"].valid
        assert transforms["Stylus", "Tracker"].matrix[0, 3] == 5

    @pytest.mark.parametrize(
        "matrix",
        [
            np.zeros((4, 4)) + np.diag([0, 0, 0, 1.0]),
            np.diag([1.0, 1.0, 0.0, 1.0]),
            moved(math.nan),
            moved(math.inf),
            np.array([[1, 2, 3, 0], [4, 5, 6, 0], [7, 8, 9, 0], [0, 0, 0, 1]], float),
        ],
    )
    def test_what_is_no_pose_replaces_the_one_before(self, matrix: Matrix) -> None:
        transforms = knowing(transform("AToB", moved(1)), transform("AToB", matrix))
        for pair in [("A", "B"), ("B", "A")]:
            assert np.isnan(transforms[pair].matrix).all()
            assert (transforms[pair].status, transforms[pair].valid) == ("INVALID", False)

    def test_a_quaternion_of_zeros_is_no_pose(self) -> None:
        pose = knowing(igtl.Position((1, 2, 3), (0, 0, 0, 0), device_name="AToB"))["A", "B"]
        assert (pose.status, pose.valid) == ("INVALID", False)

    def test_scales_however_small_or_large_are_poses(self) -> None:
        matrix = np.diag([1e-12, 1e-3, 1e12, 1.0])
        pose = knowing(transform("AToB", matrix))["B", "A"]
        assert pose.valid
        np.testing.assert_allclose(np.diag(pose.matrix), [1e12, 1e3, 1e-12, 1], rtol=1e-6)
        turned = np.array([[0, 0.8, 0.6], [0, -0.6, 0.8], [1, 0, 0]]) @ np.diag([1e-5, 1e-12, 1])
        pose = knowing(transform("AToB", np.hstack([turned, np.ones((3, 1))])))["A", "B"]
        assert pose.valid

    def test_a_path_beyond_all_numbers_is_not_valid(self) -> None:
        transforms = Transforms()
        for source, target in [("A", "B"), ("B", "C"), ("C", "D")]:
            transforms.add(source, target, np.diag([1e150, 1e150, 1e150, 1]))
        assert transforms["A", "C"].valid
        assert (transforms["A", "D"].status, transforms["A", "D"].valid) == ("INVALID", False)


class TestFixed:
    def test_three_rows_are_enough(self) -> None:
        transforms = Transforms()
        transforms.add("A", "B", TURNED[:3])
        assert transforms["A", "B"].matrix.tolist() == TURNED.tolist()

    def test_it_is_a_copy(self) -> None:
        transforms, matrix = Transforms(), moved(1)
        transforms.add("A", "B", matrix)
        matrix[0, 3] = 9
        assert transforms["A", "B"].matrix[0, 3] == 1

    def test_any_names_will_do(self) -> None:
        transforms = Transforms()
        transforms.add("my image", "probe", moved(1))
        assert ("my image", "probe") in transforms

    def test_it_goes_before_what_a_peer_sends_and_can_be_replaced(self) -> None:
        transforms = Transforms()
        transforms.add("A", "B", moved(1))
        transforms.update(transform("AToB", moved(2)))
        assert transforms["A", "B"].matrix[0, 3] == 1
        transforms.add("A", "B", moved(3))
        assert transforms["A", "B"].matrix[0, 3] == 3
        assert len(transforms) == 1

    @pytest.mark.parametrize(
        ("matrix", "text"),
        [
            (np.eye(3), r"shape \(3, 3\), expected \(4, 4\) or \(3, 4\)"),
            (np.zeros((3, 4)), "cannot be inverted"),
            (moved(math.nan), "cannot be inverted"),
            (np.ones((4, 4)), r"last row, expected \[0, 0, 0, 1\]"),
            ("identity", "expected real numbers"),
            (np.full((3, 4), 1e308), "cannot be inverted"),
        ],
    )
    def test_what_is_no_pose_is_refused(self, matrix: Matrix, text: str) -> None:
        transforms = Transforms()
        with pytest.raises(igtl.MessageError, match=text):
            transforms.add("A", "B", matrix)
        assert len(transforms) == 0

    @pytest.mark.parametrize(("source", "target"), [("A", "A"), ("", "B"), ("A", "")])
    def test_names_that_are_none_are_refused(self, source: str, target: str) -> None:
        with pytest.raises(igtl.MessageError, match="not the names of two frames"):
            Transforms().add(source, target, np.eye(4))


class TestMissing:
    def test_nothing_is_known(self) -> None:
        with pytest.raises(NotAvailable, match="'A' is not known: no transform was received") as e:
            Transforms()["A", "B"]
        assert e.value.answer is None

    def test_a_frame_that_is_not_known_names_close_ones(self) -> None:
        transforms = knowing(transform("ProbeToTracker", moved(1)))
        text = "frame 'Prob' is not known, did you mean 'Probe'[?] known are 'Probe', 'Tracker'$"
        with pytest.raises(NotAvailable, match=text):
            transforms["Prob", "Tracker"]
        with pytest.raises(NotAvailable, match="frame 'Xyz' is not known; known are 'Probe', 'T"):
            transforms["Probe", "Xyz"]

    def test_no_path_names_what_is_connected(self) -> None:
        transforms = knowing(
            transform("StylusToTracker", moved(1)),
            transform("ReferenceToTracker", moved(1)),
            transform("ImageToProbe", moved(1)),
        )
        text = (
            "no transforms lead from 'Image' to 'Tracker': 'Image' is connected to 'Probe', "
            "'Tracker' is connected to 'Reference', 'Stylus'$"
        )
        with pytest.raises(NotAvailable, match=text):
            transforms["Image", "Tracker"]

    def test_long_lists_are_cut(self) -> None:
        transforms = knowing(*[transform(f"A{n:02}ToB", moved(1)) for n in range(15)])
        with pytest.raises(NotAvailable, match=r"known are 'A00', .*, 'A11', 4 more$"):
            transforms["Nothing", "B"]
        transforms = knowing(*[transform(f"A{n:02}ToB", moved(1)) for n in range(11)])
        with pytest.raises(NotAvailable, match=r"known are 'A00', .*, 'A10', 'B'$"):
            transforms["Nothing", "B"]

    @pytest.mark.parametrize("wrong", ["AToB", ("A",), ("A", "B", "C"), ("A", 1), None])
    def test_what_is_not_two_names_is_a_mistake(self, wrong: object) -> None:
        transforms = knowing(transform("AToB", moved(1)))
        with pytest.raises(TypeError, match="expected two names"):
            transforms[wrong]  # type: ignore[index]
        assert wrong not in transforms

    def test_names_may_be_of_an_enumeration(self) -> None:
        transforms = knowing(transform("AToB", moved(1)))
        frames = StrEnum("frames", {"PROBE": "A", "TRACKER": "B"})
        assert transforms[frames.PROBE, frames.TRACKER].matrix[0, 3] == 1

    def test_in_says_whether_there_is_a_path(self) -> None:
        transforms = knowing(
            transform("AToB", moved(1), TransformValid="false"), transform("CToD", moved(1))
        )
        assert ("A", "B") in transforms
        assert ("B", "A") in transforms
        assert ("A", "C") not in transforms
        assert ("A", "X") not in transforms
        assert ("X", "X") not in transforms


class TestNewest:
    def test_is_looked_at_on_each_access(self) -> None:
        newest = Newest(transform("AToB", moved(1)), igtl.String("x", device_name="BToC"))
        transforms = Transforms(newest)
        assert transforms["A", "B"].matrix[0, 3] == 1
        newest.frames[0] = frame_of(transform("AToB", moved(2)))
        assert transforms["A", "B"].matrix[0, 3] == 2
        newest.frames.append(frame_of(transform("BToC", moved(5))))
        assert transforms.frames == ("A", "B", "C")
        assert transforms["A", "C"].matrix[0, 3] == 7

    def test_a_frame_is_looked_at_once(self) -> None:
        newest = Newest(transform("AToB", moved(1)), transform("BToC", moved(1)))
        transforms = Transforms(newest)
        assert transforms["A", "C"].matrix[0, 3] == 2
        transforms.update(transform("AToB", moved(9)))
        assert transforms["A", "C"].matrix[0, 3] == 10
        newest.frames[1] = frame_of(transform("BToC", moved(2)))
        assert transforms["A", "C"].matrix[0, 3] == 11

    def test_what_is_heard_of_no_more_stays(self) -> None:
        newest = Newest(transform("AToB", moved(1)))
        transforms = Transforms(newest)
        assert len(transforms) == 1
        newest.frames.clear()
        assert transforms["A", "B"].matrix[0, 3] == 1

    def test_malformed_ones_are_passed_over(self) -> None:
        newest = Newest(transform("AToB", moved(1)))
        transforms = Transforms(newest)
        assert len(transforms) == 1
        short = packet("TRANSFORM", bytes(47), device_name=b"AToB")
        damaged = packet("TDATA", bytes(70), device_name=b"NDI", crc=1)
        newest.frames[:] = [parse(short), parse(damaged), frame_of(transform("BToC", moved(1)))]
        assert transforms["A", "C"].matrix[0, 3] == 2

    def test_all_types_with_poses_are_looked_at(self) -> None:
        newest = Newest(
            transform("AToB", moved(1)),
            igtl.Position((1, 0, 0), device_name="BToC"),
            igtl.Position((1, 0, 0), device_name="CToD", wire_type="QTRANS"),
            tracked(("DToE", moved(1))),
            igtl.QuaternionTrackingData([igtl.QuaternionTool("EToF", (1, 0, 0))]),
        )
        assert Transforms(newest)["A", "F"].matrix[0, 3] == 5

    def test_the_transforms_of_a_peer_are_bounded(self) -> None:
        transforms = knowing(
            *[
                tracked(*[(f"{tool}", moved(1)) for tool in range(at, at + 500)], device=f"T{at}")
                for at in range(0, 2500, 500)
            ]
        )
        transforms.add("Image", "0500", moved(1))
        assert len(transforms) == 2001
        assert ("499", "T0") not in transforms
        assert ("500", "T500") in transforms


def test_poses_are_compared_by_identity() -> None:
    pose = knowing(transform("AToB", moved(1)))["A", "B"]
    assert isinstance(pose, Pose)
    assert len({pose, pose}) == 1
