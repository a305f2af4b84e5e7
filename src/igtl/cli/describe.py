"""`igtl describe`: the byte table of a message type, from its declaration."""

from __future__ import annotations

import inspect
import json
from argparse import Namespace
from collections.abc import Iterable, Sequence
from typing import Any

import igtl
from igtl.cli import status
from igtl.cli.arguments import Parser
from igtl.cli.fields import class_of, fields_of, form_of
from igtl.cli.table import aligned
from igtl.cli.terminal import say
from igtl.codec.frame import HEADER_SIZE
from igtl.codec.layout import Row
from igtl.messages.message import HEADER_ROWS
from igtl.messages.query import Companion

__all__ = ["DESCRIPTION", "EXAMPLES", "add_arguments", "run"]

DESCRIPTION = """\
What is on the wire: the bytes of a message type, and what they mean. Without
TYPE: the header, and all types on one line each. Numbers are big-endian."""

EXAMPLES = """\
examples:
  igtl describe                 the header and all types
  igtl describe TRANSFORM       the bytes of one type, and its fields in Python
  igtl describe TrackingData    the same by the name of the class
  igtl describe IMAGE --json    for programs"""

_BEHIND_V2 = (
    "With header version 2 a 12-byte extended header is in front of the content, and metadata\n"
    "behind it; body_size and crc cover all three."
)


def add_arguments(parser: Parser) -> None:
    """Declare what the verb takes."""
    parser.add_argument("type", metavar="TYPE", nargs="?", help="wire type or Python class")
    parser.add_argument("--json", action="store_true", help="one JSON object")


def run(options: Namespace) -> int:
    """Print the tables."""
    if options.type is None:
        facts, text = _overview(), _overview_text
    else:
        facts, text = _type(class_of(options.type)), _type_text
    say(json.dumps(facts) if options.json else "\n".join(text(facts)))
    return status.DONE


def _overview() -> dict[str, Any]:
    types = igtl.message_types().items()
    own = [cls for name, cls in types if name == cls.wire_type and not issubclass(cls, Companion)]
    return {
        "header": [row._asdict() for row in HEADER_ROWS],
        "types": [
            {
                "wire_type": cls.wire_type,
                "class": cls.__name__,
                "size": _size(cls.rows()),
                "queries": _queries(cls),
                "doc": _doc(cls).partition("\n")[0],
            }
            for cls in own
        ],
    }


def _type(cls: type[igtl.Message]) -> dict[str, Any]:
    return {
        "wire_type": cls.wire_type,
        "class": _constructor(cls),
        "doc": _doc(cls),
        "header_size": HEADER_SIZE,
        "content": [row._asdict() for row in cls.rows()],
        "fields": {
            name: f"{form_of(one)}{'' if one.required else ', optional'}"
            for name, one in fields_of(cls).items()
        },
        "queries": _queries(cls),
    }


def _constructor(cls: type[igtl.Message]) -> str:
    """How Python code names the class: `Get(Image)` for a query."""
    if not issubclass(cls, Companion):
        return cls.__name__
    kinds = (igtl.Get, igtl.Start, igtl.Stop, igtl.Ready)
    kind = next(one for one in kinds if issubclass(cls, one))
    return f"{kind.__name__}({cls.target.__name__})"


def _size(rows: Iterable[Row]) -> int | None:
    """Bytes of the content, None when that depends on what is in it."""
    sizes = [row.size for row in rows]
    return None if None in sizes else sum(size or 0 for size in sizes)


def _queries(cls: type[igtl.Message]) -> list[str]:
    """Wire types of what asks for this type and starts, stops and confirms its stream."""
    types = igtl.message_types().values()
    about = {one.wire_type for one in types if issubclass(one, Companion) and one.target is cls}
    return sorted(about)


def _doc(cls: type[igtl.Message]) -> str:
    return inspect.getdoc(cls) or ""


def _overview_text(facts: dict[str, Any]) -> list[str]:
    types = [
        (
            one["wire_type"],
            one["class"],
            _or_varies(one["size"]),
            " ".join(name.partition("_")[0] for name in one["queries"]),
            one["doc"].rpartition(":")[0] or one["doc"].rstrip("."),
        )
        for one in facts["types"]
    ]
    heading = ("type", "class", "bytes", "queries", "")
    return [
        f"header, {HEADER_SIZE} bytes in front of every message:",
        "",
        *_rows_text(facts["header"]),
        "",
        _BEHIND_V2,
        "",
        *aligned([heading, *types], right={2}),
        "",
        "igtl describe TYPE shows the bytes of one type. (v: varies with what is in it.)",
    ]


def _type_text(facts: dict[str, Any]) -> list[str]:
    return [
        f"{facts['wire_type']}, in Python {facts['class']}",
        "",
        *_content_text(facts),
        "",
        *facts["doc"].splitlines(),
        *_listed("igtl send ENDPOINT", facts),
        *(["", f"queries: {' '.join(facts['queries'])}"] if facts["queries"] else []),
    ]


def _content_text(facts: dict[str, Any]) -> list[str]:
    if not facts["content"]:
        return [f"no content behind the {HEADER_SIZE}-byte header"]
    return [
        f"content, behind the {HEADER_SIZE}-byte header (offsets count from the content):",
        "",
        *_rows_text(facts["content"]),
    ]


def _listed(command: str, facts: dict[str, Any]) -> list[str]:
    """How each field is typed."""
    if not facts["fields"]:
        return []
    pairs = [(f"  {name}=", form) for name, form in facts["fields"].items()]
    return ["", f"{command} {facts['wire_type']}:", *aligned(pairs)]


def _rows_text(rows: Sequence[dict[str, Any]]) -> list[str]:
    cells = [("offset", "bytes", "type", "field", "")]
    for row in rows:
        numbers = _or_varies(row["offset"]), _or_varies(row["size"])
        cells.append((*numbers, row["type"], row["name"], row["doc"]))
    return [f"  {text}" for text in aligned(cells, right={0, 1})]


def _or_varies(number: int | None) -> str:
    return "v" if number is None else str(number)
