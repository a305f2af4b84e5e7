"""The `golden` program in use: messages that the C++ library made, and what it reads in ours."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from tests.interop.golden_values import Values

TIMEOUT_S = 30.0
LATIN_1 = 4  # the number of the encoding in a STRING


class GoldenMessage(NamedTuple):
    """A message as the C++ library packed it."""

    wire_type: str
    data: bytes


class Golden:
    """The C++ library as an encoder and a decoder of single messages."""

    def __init__(self, program: Path) -> None:
        self._program = program

    @cached_property
    def messages(self) -> dict[str, GoldenMessage]:
        """What the library packs, by the names in `golden_values.VALUES`; the same in every run."""
        lines = (line.split("\t") for line in self._run("write", "").splitlines())
        return {name: GoldenMessage(kind, bytes.fromhex(data)) for name, kind, data in lines}

    def read(self, messages: Mapping[str, bytes]) -> dict[str, Values]:
        """What the library understands of messages, with their CRC checked, by the same names.

        Returns:
            For each the values as in `golden_values.VALUES`, or `{"error": why it was refused}`.

        Raises:
            AssertionError: The library crashed; the text names the message.
        """
        lines = "".join(f"{name}\t{data.hex()}\n" for name, data in messages.items())
        found = [values_of(line) for line in self._run("read", lines).splitlines()]
        return {str(values.pop("name")): values for values in found}

    def _run(self, mode: str, text: str) -> str:
        process = subprocess.run(
            [self._program, mode],
            input=text,
            capture_output=True,
            encoding="ascii",
            check=False,
            timeout=TIMEOUT_S,
        )
        if process.returncode != 0:
            done = process.stdout.count("\n")
            names = [line.partition("\t")[0] for line in text.splitlines()]
            at = f" at message {names[done]!r}" if done < len(names) else ""
            raise AssertionError(
                f"golden {mode} ended with status {process.returncode}{at}: {process.stderr[:2000]}"
            )
        return process.stdout


def values_of(line: str) -> Values:
    """The values in one line of JSON, its texts decoded."""
    values = decoded(json.loads(line))
    assert isinstance(values, dict)
    return values


def decoded(value: object) -> object:
    """A JSON value with its texts decoded: UTF-8, or Latin-1 where that is said beside the text.

    `golden` writes texts byte by byte. Bytes that are no UTF-8 become surrogate escapes.
    """
    match value:
        case dict():
            texts = {"text": value["text"]} if value.get("encoding") == LATIN_1 else {}
            return {key: decoded(item) for key, item in value.items()} | texts
        case list():
            return [decoded(item) for item in value]
        case str():
            return value.encode("latin-1").decode("utf-8", "surrogateescape")
        case _:
            return value
