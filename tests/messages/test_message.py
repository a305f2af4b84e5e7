"""What every message is: immutable, comparable, readable for people and for `match`."""

from __future__ import annotations

import copy
import inspect
import pickle
import pydoc
from typing import Any

import numpy as np
import pytest

import igtl
from igtl.codec.buffers import SMALL
from igtl.messages import encode_buffers
from tests.codec.wire import packet
from tests.messages.samples import XYZ, samples
from tests.messages.values import fields, plain

SAMPLES = samples()
EACH = pytest.mark.parametrize("wire_type", sorted(SAMPLES))
CLASSES = [
    one for name in igtl.messages.__all__ if isinstance(one := getattr(igtl.messages, name), type)
]
MESSAGES = [cls for cls in CLASSES if issubclass(cls, igtl.Message) and cls is not igtl.Message]


def both(wire_type: str) -> tuple[igtl.Message, igtl.Message]:
    """A message as it was made, and as it was received."""
    return SAMPLES[wire_type], igtl.decode(igtl.encode(SAMPLES[wire_type]))


@EACH
def test_fields_cannot_be_set_or_deleted(wire_type: str) -> None:
    for message in both(wire_type):
        before = igtl.encode(message)
        for name in (*message.names, "device_name", "timestamp", "wire_type", "_content", "new"):
            with pytest.raises(
                AttributeError, match=rf"is immutable: .*\.replace\({name}=\.\.\.\)"
            ):
                setattr(message, name, None)
            with pytest.raises(AttributeError, match="is immutable"):
                delattr(message, name)
        assert igtl.encode(message) == before


def arrays(value: Any) -> list[np.ndarray[Any, Any]]:
    """All arrays within a value."""
    match value:
        case np.ndarray():
            return [value]
        case igtl.Record():
            return arrays(list(vars(value).values()))
        case igtl.Message():
            return arrays([getattr(value, name) for name in value.names])
        case tuple() | list() | igtl.Cells():
            return [array for one in value for array in arrays(one)]
    return []


@EACH
def test_arrays_are_read_only(wire_type: str) -> None:
    for message in both(wire_type):
        for name in message.names:
            value = getattr(message, name)
            if isinstance(value, igtl.Cells):  # its cells are copies; its data is not
                value = value.data
            for array in arrays(value):
                assert not array.flags.writeable, name
                assert array.size == 0 or not _can_write(array)


def _can_write(array: np.ndarray[Any, Any]) -> bool:
    try:
        array[...] = 0
    except ValueError:
        return False
    return True


@EACH
def test_other_attributes_are_missing(wire_type: str) -> None:
    for message in both(wire_type):
        any_message: Any = message
        text = f"{type(message).__name__} has no attribute 'gone'"
        with pytest.raises(AttributeError, match=text) as error:
            any_message.gone  # noqa: B018
        assert (error.value.name, error.value.obj) == ("gone", message)  # for "did you mean"
        assert not hasattr(message, "_gone")


@EACH
def test_dir_lists_what_can_be_read(wire_type: str) -> None:
    for message in both(wire_type):
        names = {*message.names, "device_name", "timestamp", "metadata", "header_version"}
        assert names <= set(dir(message))
        assert all(hasattr(message, name) for name in dir(message))


@EACH
def test_equal_by_bytes(wire_type: str) -> None:
    made, received = both(wire_type)
    assert made == received
    assert hash(made) == hash(received)
    assert made != made.replace(device_name="other")
    assert made != made.replace(timestamp=1.0)
    assert made != made.replace(message_id=1)
    assert made != made.replace(metadata={"a": "b"})
    assert (made == 5) is False
    assert {made, received} == {made}


def test_equal_contents_of_different_types_are_different() -> None:
    assert igtl.Get(igtl.Image) != igtl.Get(igtl.Transform)
    assert igtl.Position(XYZ, wire_type="QTRANS") != igtl.Position(XYZ)
    assert igtl.Unknown("STATUS2", b"") != igtl.Unknown("STATUS3", b"")
    assert igtl.Sensor([np.nan]) == igtl.Sensor([np.nan])


@EACH
@pytest.mark.parametrize(
    "again",
    [lambda one: pickle.loads(pickle.dumps(one)), copy.copy, copy.deepcopy],
    ids=["pickle", "copy", "deepcopy"],
)
def test_pickled_and_copied(wire_type: str, again: Any) -> None:
    for message in both(wire_type):
        more = message.replace(device_name="x", metadata={"a": "ö"}, timestamp=1.5)
        for one in (message, more):
            other = again(one)
            assert type(other) is type(one)
            assert other == one
            assert igtl.encode(other) == igtl.encode(one)


@EACH
def test_replace_changes_one_field_and_keeps_the_rest(wire_type: str) -> None:
    for message in both(wire_type):
        changed = message.replace(device_name="Other", timestamp=3.0)
        assert type(changed) is type(message)
        assert (changed.device_name, changed.timestamp) == ("Other", 3.0)
        assert bytes(changed.raw_content) == bytes(message.raw_content)
        assert igtl.encode(changed.replace(device_name="", timestamp=None)) == igtl.encode(message)
        assert message.device_name == ""


@EACH
def test_replace_with_its_own_fields_gives_the_same_bytes(wire_type: str) -> None:
    for message in both(wire_type):
        own = {name: getattr(message, name) for name in message.names}
        assert igtl.encode(message.replace(**own)) == igtl.encode(message)
        assert igtl.encode(message.replace()) == igtl.encode(message)


@EACH
def test_replace_refuses_what_is_not_a_field(wire_type: str) -> None:
    with pytest.raises(TypeError, match="gone"):
        SAMPLES[wire_type].replace(gone=1)
    with pytest.raises(igtl.MessageError, match="takes 21 bytes"):
        SAMPLES[wire_type].replace(device_name="x" * 21)


@pytest.mark.parametrize(
    ("message", "changes", "expected"),
    [
        (igtl.Transform(np.eye(4)), {"matrix": np.eye(4)[:3] * 2}, "TRANSFORM"),
        (igtl.Status(), {"code": 4, "text": "x"}, "STATUS"),
        (igtl.Position(XYZ), {"quaternion": None}, "POSITION"),
        (igtl.Start(igtl.TrackingData), {"interval": 0.5}, "STT_TDATA"),
        (igtl.Start(igtl.Bind), {"interval": 0.5}, "STT_BIND"),
        (igtl.Start(igtl.Video), {"codec": "VP90"}, "STT_VIDEO"),
        (igtl.Ready(igtl.Image), {"status": 1}, "RTS_IMAGE"),
        (igtl.Unknown("NEW", b"1"), {"content": b"22"}, "NEW"),
        (igtl.Position(XYZ, wire_type="QTRANS"), {"position": -XYZ}, "QTRANS"),
    ],
)
def test_replace_of_contents(message: Any, changes: dict[str, Any], expected: str) -> None:
    for one in (message, igtl.decode(igtl.encode(message))):
        changed = igtl.decode(igtl.encode(one.replace(**changes)))
        assert changed.wire_type == expected
        assert type(changed) is type(message)
        for name in message.names:
            value = getattr(changed, name)
            if name not in changes:
                assert plain(value) == plain(getattr(message, name))
            elif name == "matrix":
                assert value[0, 0] == 2.0
            else:
                assert plain(value) == plain(changes[name])


@EACH
def test_repr_names_class_and_fields(wire_type: str) -> None:
    for message in both(wire_type):
        more = message.replace(device_name="Dev", timestamp=1.5, metadata={"k": "v"})
        text = repr(more)
        kind = type(message)
        if isinstance(message, igtl.Get | igtl.Start | igtl.Stop | igtl.Ready):
            (kind,) = {igtl.Get, igtl.Start, igtl.Stop, igtl.Ready} & set(kind.__mro__)
            assert text.startswith(f"{kind.__name__}({message.target.__name__}, ")
        assert text.startswith(f"{kind.__name__}(")
        assert "device_name='Dev'" in text
        assert all(f"{name}=" in text for name in message.names)


def test_repr_of_some() -> None:
    assert repr(igtl.Get(igtl.Image)) == "Get(Image)"
    assert repr(igtl.Get(igtl.Image, device_name="CT")) == "Get(Image, device_name='CT')"
    assert repr(igtl.Ready(igtl.Image, 1)) == "Ready(Image, status=1)"
    assert repr(igtl.Unknown("X", b"123")) == "Unknown('X', <3 bytes>, device_name='')"
    assert repr(igtl.Position(XYZ, None)) == (
        "Position(position=[ 1.  , -2.5 ,  3.25], quaternion=None)"
    )
    image = repr(igtl.Image(np.zeros((480, 640), np.uint8), device_name="US"))
    assert image.startswith("Image(pixels=<1x480x640 uint8>, ijk_to_world=[[1., 0., 0., 0.],")
    assert len(repr(igtl.String("x" * 60_000))) < 1000


def test_match_by_class_and_fields() -> None:
    def kind(message: igtl.Message) -> str:
        match message:
            case igtl.Transform(device_name="Probe", matrix=matrix):
                return f"probe {matrix[0, 3]}"
            case igtl.Transform():
                return "transform"
            case igtl.Status(code=igtl.StatusCode.OK):
                return "fine"
            case igtl.Status(code=code, text=text):
                return f"{code}: {text}"
            case igtl.Get(target=igtl.Image, device_name=name):
                return f"wants {name}"
            case igtl.Get():
                return "wants something"
            case igtl.Unknown(wire_type=wire_type):
                return f"unknown {wire_type}"
        return "other"

    pose = np.eye(4, dtype=np.float64)
    pose[0, 3] = 5.0
    messages = [
        igtl.Transform(pose, device_name="Probe"),
        igtl.Transform(pose),
        igtl.Status(),
        igtl.Status(77, text="odd"),
        igtl.Get(igtl.Image, device_name="CT"),
        igtl.Get(igtl.Status),
        igtl.Unknown("X", b""),
        igtl.Ready(igtl.Image),
    ]
    expected = ["probe 5.0", "transform", "fine", "77: odd"]
    expected += ["wants CT", "wants something", "unknown X", "other"]
    assert list(map(kind, messages)) == expected
    assert [kind(igtl.decode(igtl.encode(message))) for message in messages] == expected


SIGNATURES = {
    igtl.Transform: "(matrix, *, device_name='', timestamp=None, metadata={}, message_id=0, ",
    igtl.Position: "(position, quaternion=(0.0, 0.0, 0.0, 1.0), *, device_name='', ",
    igtl.Tool: "(name, matrix, *, type=<ToolType.SIX_D: 2>)",
    igtl.Ready: "(target: 'type[Message]', status=0, *, device_name='', ",
    type(
        igtl.Start(igtl.TrackingData)
    ): "(target: 'type[Message]', interval=0.0, coordinate_name='', *, ",
    igtl.Image: "(pixels: 'ArrayLike', *, ijk_to_world: 'ArrayLike | None' = None, ",
    igtl.Unknown: "(wire_type: 'str', content: 'bytes', *, device_name='', ",
    igtl.Attribute: "(name: 'str', kind: 'str', data: 'ArrayLike', *, cell: 'bool' = False)",
}


@pytest.mark.parametrize("cls", SIGNATURES, ids=lambda cls: cls.__name__)
def test_signatures(cls: type) -> None:
    assert str(inspect.signature(cls)).startswith(SIGNATURES[cls])


@pytest.mark.parametrize("cls", MESSAGES, ids=lambda cls: cls.__name__)
def test_help_shows_what_a_constructor_takes(cls: type[igtl.Message]) -> None:
    names = list(inspect.signature(cls).parameters)
    assert set(cls.names) <= set(names)
    assert names[-5:] == ["device_name", "timestamp", "metadata", "message_id", "header_version"]
    text = pydoc.plain(pydoc.render_doc(cls))
    assert f" |  {cls.__name__}({names[0]}" in text
    assert cls.__doc__ is not None
    for name in cls.names:
        assert name in cls.__doc__, f"the docstring does not explain {name}"


def test_calls_that_do_not_fit_the_signature() -> None:
    transform: Any = igtl.Transform
    wrong: list[Any] = [
        igtl.Transform,
        igtl.Image,
        igtl.Get,
        lambda: transform(np.eye(4), "Probe"),
        lambda: transform(np.eye(4), matrix=np.eye(4)),
        lambda: transform(np.eye(4), name="Probe"),
        lambda: igtl.String("a", 3, "b"),  # type: ignore[call-arg]
    ]
    for call in wrong:
        with pytest.raises(TypeError):
            call()


@pytest.mark.parametrize("thing", ["text", b"bytes", None, np.eye(4), igtl.Transform, [1]])
def test_only_messages_are_encoded(thing: Any) -> None:
    with pytest.raises(igtl.MessageError, match=r"expected a message such as igtl\.Transform\("):
        igtl.encode(thing)


def test_a_large_array_goes_out_as_it_lies_in_memory() -> None:
    pixels = np.zeros((300, 300), np.uint8)
    pieces = encode_buffers(igtl.Image(pixels))
    assert [len(piece) for piece in pieces] == [58 + 72, 90_000]
    pixels[299, 299] = 5
    assert pieces[1][-1] == 5


def test_a_small_message_goes_out_in_one_piece() -> None:
    for message in (igtl.Status(), igtl.Image(np.zeros((9, 9), np.uint8), message_id=1)):
        (piece,) = encode_buffers(message)
        assert piece == igtl.encode(message)


def test_a_received_message_goes_out_as_it_came() -> None:
    data = packet("IMAGE", igtl.encode(igtl.Image(np.zeros((300, 300), np.uint8)))[58:])
    pieces = encode_buffers(igtl.decode(data))
    assert b"".join(pieces) == data
    assert isinstance(pieces[1], memoryview)
    assert pieces[1].obj is data


@pytest.mark.parametrize("size", [SMALL - 1, SMALL, SMALL + 1])
def test_messages_around_the_size_of_a_piece(size: int) -> None:
    message = igtl.Unknown("X", bytes(size - 58))
    assert b"".join(encode_buffers(message)) == packet("X", bytes(size - 58))
    assert igtl.decode(igtl.encode(message)) == message


def test_unknown_takes_a_name_and_bytes() -> None:
    for wire_type, content in (("", b""), ("X", "text"), ("X", None)):
        with pytest.raises(igtl.MessageError, match="the name of a type and the bytes"):
            igtl.Unknown(wire_type, content)  # type: ignore[arg-type]
    with pytest.raises(igtl.MessageError, match=r"wire type .* takes 13 bytes, .* room for 12"):
        igtl.Unknown("A" * 13, b"")
    assert igtl.Unknown("X", memoryview(b"ab")).content == b"ab"  # type: ignore[arg-type]


def test_fields_of_a_received_message_are_decoded_once() -> None:
    message = igtl.decode(igtl.encode(SAMPLES["TRANSFORM"]))
    assert isinstance(message, igtl.Transform)
    assert message.matrix is message.matrix
    assert fields(message).keys() == {
        "matrix",
        "device_name",
        "timestamp",
        "metadata",
        "message_id",
    }


@pytest.mark.parametrize("data", ["abc", 5, None, memoryview(bytes(200))[::2]])
def test_only_bytes_are_decoded(data: object) -> None:
    with pytest.raises(igtl.MessageError, match=f"is {type(data).__name__}, expected the bytes"):
        igtl.decode(data)  # type: ignore[arg-type]
