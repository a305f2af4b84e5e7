"""Tables for spreadsheets, pandas and statistics: `.csv` and `.parquet`.

One file a kind of table (`igtl.convert.rows`): of one kind, `session.csv`; of several,
`session.poses.csv`, `session.sensors.csv` and so on. Rows stand in the order of arrival and are
written as they come. Numbers are written so that reading gives the same bits.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from igtl.convert.rows import KINDS, Columns, Kind, Row
from igtl.errors import MissingExtraError
from igtl.recording.entry import Entry
from igtl.recording.staging import Staging

__all__ = ["TableWriter", "csv_writer", "parquet_writer"]

#: So many rows wait at most, and of so many bytes of messages.
_ROWS_AT_ONCE = 20_000
_BYTES_AT_ONCE = 16 << 20
_NOT_HELD = "tables hold poses, points, sensors, STATUS and STRING"


class Table(Protocol):
    """One file of rows."""

    def write(self, columns: Columns) -> None:
        """Append rows, given by column."""

    def close(self) -> None:
        """Finish the file."""


class TableWriter:
    """Writes a table for each kind that comes.

    Args:
        staging: where the files go.
        ending: of their names.
        make: opens a table of a kind at a path.
    """

    def __init__(self, staging: Staging, ending: str, make: Callable[[Path, Kind], Table]) -> None:
        self._staging, self._ending, self._make = staging, ending, make
        self._open: dict[str, _Open] = {}

    def add(self, entry: Entry) -> str | None:
        """Take one message."""
        message = entry.message
        kind = next((kind for kind in KINDS if isinstance(message, kind.types)), None)
        if kind is None:
            return _NOT_HELD
        if kind.name not in self._open:
            path = self._staging.new(self._ending)
            self._open[kind.name] = _Open(kind, path, self._make(path, kind))
        one = self._open[kind.name]
        kind.add(entry, message, one.rows)
        one.bytes += entry.frame.body_size
        if len(one.rows) >= _ROWS_AT_ONCE or one.bytes >= _BYTES_AT_ONCE:
            one.write()
        return None

    def close(self) -> None:
        """Write what is left, and name the files."""
        for one in self._open.values():
            one.write()
            one.table.close()
            self._staging.keep(one.path, self._name(one.kind))

    def _name(self, kind: Kind) -> Path:
        target = self._staging.target
        if len(self._open) == 1:
            return target
        stem = target.name[: len(target.name) - len(self._ending)]
        return target.with_name(f"{stem}.{kind.name}{target.name[len(stem) :]}")

    def abandon(self) -> None:
        """Close what is open."""
        for one in self._open.values():
            one.table.close()


@dataclass
class _Open:
    """A table that is being written, and the rows that wait for that."""

    kind: Kind
    path: Path
    table: Table
    rows: list[Row] = field(default_factory=list)
    bytes: int = 0

    def write(self) -> None:
        """Write what waits."""
        if self.rows:
            self.table.write(self.kind.table(self.rows))
        self.rows.clear()
        self.bytes = 0


class _Csv:
    """RFC 4180 in UTF-8, a line of names first; nothing where there is no value."""

    def __init__(self, path: Path, kind: Kind) -> None:
        self._file = path.open("w", encoding="utf-8", newline="")
        self._writer = csv.writer(self._file, lineterminator="\r\n")  # so that both are quoted
        self._writer.writerow(column.name for column in kind.columns)

    def write(self, columns: Columns) -> None:
        self._writer.writerows(zip(*columns, strict=True))

    def close(self) -> None:
        self._file.close()


class _Parquet:
    """A row group for each time that rows are written; what columns mean stands in the schema."""

    def __init__(self, path: Path, kind: Kind) -> None:
        arrow, parquet = _pyarrow()
        types = {"i8": arrow.int64(), "f8": arrow.float64(), "text": arrow.string()}
        fields = [
            arrow.field(column.name, types[column.type], metadata={"description": column.doc})
            for column in kind.columns
        ]
        self._schema = arrow.schema(fields, metadata={"igtl.table": kind.name})
        self._arrow, self._writer = (
            arrow,
            parquet.ParquetWriter(str(path), self._schema, compression="zstd"),
        )

    def write(self, columns: Columns) -> None:
        fields = zip(columns, self._schema, strict=True)
        arrays = [self._arrow.array(column, field.type) for column, field in fields]
        self._writer.write_table(self._arrow.Table.from_arrays(arrays, schema=self._schema))

    def close(self) -> None:
        self._writer.close()


def csv_writer(staging: Staging) -> TableWriter:
    """Writes `.csv`."""
    return TableWriter(staging, ".csv", _Csv)


def parquet_writer(staging: Staging) -> TableWriter:
    """Writes `.parquet`.

    Raises:
        MissingExtraError: pyarrow is not installed.
    """
    _pyarrow()
    return TableWriter(staging, ".parquet", _Parquet)


def _pyarrow() -> tuple[Any, Any]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise MissingExtraError.of("pyarrow", "tables", "writing .parquet") from error
    return pyarrow, pyarrow.parquet
