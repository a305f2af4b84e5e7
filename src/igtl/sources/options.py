"""Options of sources: which a source takes, and text turned into what it takes."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin

from igtl.errors import SourceError

__all__ = ["argument_name", "made", "option_names", "takes"]

T = TypeVar("T")

_SWITCHES = {"yes": True, "true": True, "on": True, "1": True}
_SWITCHES |= {"no": False, "false": False, "off": False, "0": False}
_KINDS: Mapping[type, tuple[Callable[[str], object], str]] = {
    bool: (lambda text: _SWITCHES[text.lower()], "yes or no"),
    int: (int, "a whole number"),
    float: (float, "a number"),
}
_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


def made(
    name: str, make: Callable[..., T], argument: str | None, options: Mapping[str, object]
) -> T:
    """Call `make`, after a look at whether it takes these options.

    Args:
        name: of the source, for errors.
        make: a class or function.
        argument: its first argument: a path, or what stood behind a colon; None gives none.
        options: keyword options; text is converted to what the annotations say.

    Raises:
        SourceError: an option is unknown or does not fit, or the first argument is missing.
    """
    first = argument_name(make)
    if argument is not None and not first:
        raise SourceError(f"source {name!r} takes nothing behind a colon, found {argument!r}")
    if argument is None and first and first not in options:
        _check_optional(name, make, first)
    if unknown := [option for option in options if not takes(make, option)]:
        known = ", ".join(option_names(make)) or "none"
        raise SourceError(f"source {name!r} has no option {unknown[0]!r}; its options: {known}")
    kinds = _annotations(make)
    values = {
        option: _converted(name, option, value, kinds.get(option))
        for option, value in options.items()
    }
    if argument is None:
        return make(**values)
    if first in values:
        raise SourceError(f"source {name!r}: {first} is given twice, behind a colon and by name")
    return make(_converted(name, first, argument, kinds.get(first)), **values)


def option_names(make: Callable[..., object]) -> tuple[str, ...]:
    """The options of a source by name, but for the path of a file."""
    named = (p for p in inspect.signature(make).parameters.values() if p.kind is not p.VAR_KEYWORD)
    return tuple(p.name for p in named if p.name != "path")


def argument_name(make: Callable[..., object]) -> str:
    """What a source calls its first argument; "" when it has options by name only."""
    for parameter in inspect.signature(make).parameters.values():
        return parameter.name if parameter.kind in _POSITIONAL else ""
    return ""


def takes(make: Callable[..., object], option: str) -> bool:
    """Whether a source has an option of that name, or takes any."""
    parameters = inspect.signature(make).parameters
    return option in parameters or any(p.kind is p.VAR_KEYWORD for p in parameters.values())


def _check_optional(name: str, make: Callable[..., object], first: str) -> None:
    if inspect.signature(make).parameters[first].default is inspect.Parameter.empty:
        raise SourceError(f"source {name!r} needs its {first}: {name}:{first.upper()}")


def _annotations(make: Callable[..., object]) -> Mapping[str, Any]:
    """The annotations of what `make` takes; none where they cannot be evaluated."""
    try:
        signature = inspect.signature(make, eval_str=True)
    except NameError:  # a name that is imported for type checkers only
        return {}
    return {name: parameter.annotation for name, parameter in signature.parameters.items()}


def _converted(name: str, option: str, value: object, annotation: Any) -> object:
    """Text as the first kind of value that the annotation names; all else as it is."""
    union = get_origin(annotation) in (Union, UnionType)
    kinds = [k for k in (get_args(annotation) if union else [annotation]) if k is not NoneType]
    if not isinstance(value, str) or str in kinds or kinds[0] not in _KINDS:
        return value
    convert, expected = _KINDS[kinds[0]]
    try:
        return convert(value)
    except (KeyError, ValueError) as error:
        raise SourceError(f"source {name!r}: {option} is {value!r}, expected {expected}") from error
