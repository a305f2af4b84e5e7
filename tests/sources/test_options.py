from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pytest

from igtl.errors import SourceError
from igtl.sources.options import argument_name, made, option_names, takes

if TYPE_CHECKING:
    from decimal import Decimal


class Laser:
    """A source's constructor."""

    def __init__(  # type: ignore[no-untyped-def]
        self,
        port: str = "COM1",
        *,
        power: float = 1.0,
        pulses: int | None = None,
        cooled: bool = True,
        colour: str | int = "red",
        axes: Sequence[int] = (),
        anything=None,
    ) -> None:
        self.values = (port, power, pulses, cooled, colour, axes, anything)


@pytest.mark.parametrize(
    ("options", "values"),
    [
        ({}, ("COM1", 1.0, None, True, "red", (), None)),
        ({"power": "2.5", "pulses": "3"}, ("COM1", 2.5, 3, True, "red", (), None)),
        ({"cooled": "no", "colour": "7"}, ("COM1", 1.0, None, False, "7", (), None)),
        ({"cooled": "On", "port": "A"}, ("A", 1.0, None, True, "red", (), None)),
        ({"power": 2, "axes": "1,2"}, ("COM1", 2, None, True, "red", "1,2", None)),
        ({"anything": "4"}, ("COM1", 1.0, None, True, "red", (), "4")),
    ],
)
def test_text_becomes_what_the_option_takes(
    options: dict[str, object], values: tuple[object, ...]
) -> None:
    laser = made("laser", Laser, None, options)
    assert laser.values == values
    assert [type(one) for one in laser.values] == [type(one) for one in values]


def test_what_stands_behind_the_colon_is_the_first_argument() -> None:
    assert made("laser", Laser, "COM3", {"power": "2"}).values[:2] == ("COM3", 2.0)
    assert argument_name(Laser) == "port"


@pytest.mark.parametrize(
    ("argument", "options", "complaint"),
    [
        (None, {"power": "much"}, "source 'laser': power is 'much', expected a number"),
        (None, {"pulses": "2.5"}, "pulses is '2.5', expected a whole number"),
        (None, {"cooled": "maybe"}, "cooled is 'maybe', expected yes or no"),
        (None, {"pwer": "1"}, "'laser' has no option 'pwer'; its options: port, power, pulses,"),
        ("COM3", {"port": "COM4"}, "port is given twice, behind a colon and by name"),
    ],
)
def test_what_does_not_fit_is_told(
    argument: str | None, options: dict[str, object], complaint: str
) -> None:
    with pytest.raises(SourceError, match=complaint):
        made("laser", Laser, argument, options)


def needing(port: str, **more: object) -> tuple[str, dict[str, object]]:
    return port, more


def closed(*, power: float = 1.0) -> float:
    return power


def unknown_kind(power: Decimal | None = None) -> object:
    return power


def test_functions_are_makers_too() -> None:
    assert made("laser", needing, "A", {"x": "1"}) == ("A", {"x": "1"})
    assert made("laser", needing, None, {"port": "A"}) == ("A", {})
    assert made("laser", closed, None, {"power": "3"}) == 3.0
    with pytest.raises(SourceError, match="source 'laser' needs its port: laser:PORT"):
        made("laser", needing, None, {})
    with pytest.raises(SourceError, match="takes nothing behind a colon, found '1'"):
        made("laser", closed, "1", {})


def test_annotations_that_are_not_there_at_run_time_do_no_harm() -> None:
    assert made("laser", unknown_kind, None, {"power": "3"}) == "3"


def test_options_are_named() -> None:
    assert option_names(closed) == ("power",)
    assert option_names(needing) == ("port",)
    assert (takes(closed, "power"), takes(closed, "x"), takes(needing, "x")) == (True, False, True)
