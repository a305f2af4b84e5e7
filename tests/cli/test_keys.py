from __future__ import annotations

import pytest

from igtl.cli.keys import keys_in


@pytest.mark.parametrize(
    ("typed", "keys", "rest"),
    [
        ("", [], ""),
        (" q", ["space", "q"], ""),
        ("\x1b[A\x1b[B\x1b[C\x1b[D", ["up", "down", "right", "left"], ""),
        ("\x1bOA\x1bOH\x1b[H\x1b[1~", ["up", "home", "home", "home"], ""),
        ("\x1b[5~x", ["page up", "x"], ""),
        ("\x1b[2~x", ["\x1b[2~", "x"], ""),  # insert is nothing to us, but one key
        ("\n\x7f", ["enter", "backspace"], ""),
        ("\x1b[1;5C", ["\x1b[1;5C"], ""),  # so is right with ctrl
        ("q\x1b", ["q"], "\x1b"),
        ("\x1b[", [], "\x1b["),
        ("\x1b[1", [], "\x1b[1"),
        ("\x1bq", ["q"], ""),
        ("\x1b\x1b[B", ["escape", "down"], ""),
        ("\x1b\x1b", ["escape"], "\x1b"),
        ("ä", ["ä"], ""),
    ],
)
def test_keys_are_told_apart(typed: str, keys: list[str], rest: str) -> None:
    assert keys_in(typed) == (keys, rest)


def test_a_key_may_come_in_pieces() -> None:
    found, rest = [], ""
    for character in " \x1b[D\x1bOCq":
        keys, rest = keys_in(rest + character)
        found += keys
    assert (found, rest) == (["space", "left", "right", "q"], "")
