from __future__ import annotations

import numpy as np
import pytest

import igtl
from igtl.viewer.summary import counted, summary
from tests.cli.examples import EXAMPLES


@pytest.mark.parametrize(("message", "text"), EXAMPLES, ids=lambda value: type(value).__name__)
def test_what_matters_of_every_type(message: igtl.Message, text: str) -> None:
    assert summary(message) == text
    assert summary(igtl.decode(igtl.encode(message))) == text


def test_every_type_has_an_example() -> None:
    queries = (igtl.Get, igtl.Start, igtl.Stop, igtl.Ready)
    own = {cls for cls in igtl.message_types().values() if cls.__module__.startswith("igtl.")}
    missing = own - {type(message) for message, _ in EXAMPLES}
    assert {cls for cls in missing if not issubclass(cls, queries)} == set()


def test_a_matrix_that_is_no_rotation_does_no_harm() -> None:
    for value in (3.0, np.nan, np.inf):
        assert summary(igtl.Transform(np.full((3, 4), value))).endswith(" deg")


def test_things_are_counted_in_words() -> None:
    assert [counted(n, "vertex") for n in (0, 1, 2)] == ["0 vertices", "1 vertex", "2 vertices"]


def test_types_of_users_are_shown_field_by_field(force: igtl.Message) -> None:
    assert summary(force) == "force=[1., 2., 3.], note=''"


def test_of_metadata_without_end_the_first_are_shown() -> None:
    text = summary(igtl.String("x", metadata={f"key{number}": "v" for number in range(1050)}))
    assert text.startswith("x  {key0=v, key1=v, ")
    assert text.endswith(", key49=v, and 1,000 more}")
