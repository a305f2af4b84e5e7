"""What people see while it runs: progress and a table a row, on a terminal by rich, else plain."""

from __future__ import annotations

import importlib.util
import sys
from types import TracebackType

from benchmarks.report import Results, headings, table_lines
from benchmarks.rows import Row

__all__ = ["PlainScreen", "RichScreen", "screen_for"]


class PlainScreen:
    """Lines of text, for files, pipes and where rich is missing."""

    def __init__(self) -> None:
        self._row = ""

    def __enter__(self) -> PlainScreen:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        pass

    def say(self, text: str) -> None:
        """Prints one line."""
        print(text)

    def advance(self, row: str, contender: str) -> None:
        """Says which row begins."""
        if row != self._row:
            print(f"measuring: {row} ...", file=sys.stderr, flush=True)
        self._row = row

    def show_row(self, results: Results, row: Row) -> None:
        """Prints the table of a row, columns aligned."""
        lines = [headings(row), *table_lines(results, row)]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        print(f"\n{row.title}")
        for title, *cells in lines:
            aligned = (cell.rjust(width) for cell, width in zip(cells, widths[1:], strict=True))
            print(title.ljust(widths[0]), *aligned, sep="  ", flush=True)


class RichScreen:
    """A progress bar below the tables of the rows that are done."""

    def __init__(self, steps: int) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
        from rich.progress import TimeElapsedColumn as Elapsed

        columns = (BarColumn(), MofNCompleteColumn(), Elapsed(), TextColumn("{task.description}"))
        self._progress = Progress(*columns, transient=True)
        self._task = self._progress.add_task("", total=steps)
        self._begun = 0

    def __enter__(self) -> RichScreen:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def say(self, text: str) -> None:
        """Prints one line."""
        self._progress.console.print(text, markup=False, highlight=False)

    def advance(self, row: str, contender: str) -> None:
        """Shows which of the steps begins."""
        self._progress.update(self._task, completed=self._begun, description=f"{row}: {contender}")
        self._begun += 1

    def show_row(self, results: Results, row: Row) -> None:
        """Prints the table of a row."""
        from rich import box
        from rich.table import Table
        from rich.text import Text

        table = Table(title=row.title, title_justify="left", box=box.SIMPLE_HEAD)
        first, *others = headings(row)
        table.add_column(first, min_width=16)
        for heading in others:
            table.add_column(heading, justify="right", no_wrap=True)
        for cells in table_lines(results, row):
            colour = "red" if cells[-1] == "MISSED" else "green"
            table.add_row(*map(Text, cells[:-1]), Text(cells[-1], style=colour))
        self._progress.console.print(table)


def screen_for(steps: int) -> PlainScreen | RichScreen:
    """The screen that suits the place where the output goes."""
    if sys.stdout.isatty() and importlib.util.find_spec("rich"):
        return RichScreen(steps)
    return PlainScreen()
