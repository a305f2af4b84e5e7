"""The results: medians and ratios, as JSON for machines and as tables for people."""

from __future__ import annotations

import datetime
import json
import os
import platform
import statistics
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.contenders import Absent, Contender, python_version_of
from benchmarks.rows import Figure, Row, Target

__all__ = [
    "Results",
    "footnotes",
    "headings",
    "line",
    "machine",
    "number",
    "put_between",
    "table_lines",
    "write_json",
    "write_readme",
]

#: Whom igtl is divided by, and how that is headed.
RATIOS = {"reference": "/ref.", "raw": "/raw", "mcap": "/mcap"}
MARKERS = ("<!-- results: written by `make bench` -->", "<!-- end of results -->")


@dataclass
class Results:
    """All rounds of a run: rounds[row name][contender][number of the round]["ROLE.NAME"]."""

    rows: Sequence[Row]
    contenders: Sequence[Contender]
    absent: Sequence[Absent]
    settings: Mapping[str, Any]
    rounds: dict[str, dict[str, list[dict[str, float]]]] = field(default_factory=dict)
    failures: dict[tuple[str, str], list[str]] = field(default_factory=dict)

    def values(self, row: Row, figure: Figure, contender: str) -> list[float]:
        """The figure in every round."""
        found = self.rounds.get(row.name, {}).get(contender, [])
        return [figures[figure.key] for figures in found if figure.key in figures]

    def median(self, row: Row, figure: Figure, contender: str) -> float | None:
        """The median over the rounds, None when the contender has none."""
        values = self.values(row, figure, contender)
        return statistics.median(values) if values else None

    def ratio(self, row: Row, figure: Figure, against: str) -> float | None:
        """The median of igtl over the median of the other."""
        ours, theirs = (self.median(row, figure, name) for name in ("igtl", against))
        return ours / theirs if ours is not None and theirs else None

    def verdicts(self, row: Row, figure: Figure) -> Iterator[tuple[Target, float]]:
        """Each target of the figure that can be judged, and what was found."""
        for target in figure.targets:
            ours = self.median(row, figure, "igtl")
            value = self.ratio(row, figure, target.against) if target.against else ours
            if value is not None:
                yield target, value


def number(value: float | None) -> str:
    """Three significant digits, thousands apart: 0.281, 57.3, 20 100, 612 000."""
    if value is None:
        return "-"
    if abs(value) >= 1000:
        digits = len(str(int(abs(value)))) - 3
        return f"{round(value / 10**digits) * 10**digits:,}".replace(",", " ")
    return f"{value:#.3g}".rstrip(".") if value else "0"


def headings(row: Row) -> tuple[str, ...]:
    """What stands above the cells of a row's figures: only who takes part."""
    return "", *row.contenders, *(RATIOS[name] for name in _compared(row)), "target"


def table_lines(results: Results, row: Row) -> Iterator[tuple[str, ...]]:
    """The cells of a row's figures, in the order of its headings."""
    for figure in row.figures:
        medians = (_cell(results, row, figure, name) for name in row.contenders)
        ratios = (_ratio(results.ratio(row, figure, name)) for name in _compared(row))
        verdicts = [target.met_by(value) for target, value in results.verdicts(row, figure)]
        verdict = "met" if all(verdicts) else "MISSED"
        yield (f"{figure.title}, {figure.unit}", *medians, *ratios, verdict if verdicts else "")


def _compared(row: Row) -> list[str]:
    return [name for name in RATIOS if name in row.contenders]


def _cell(results: Results, row: Row, figure: Figure, contender: str) -> str:
    median = results.median(row, figure, contender)
    if median is None and (row.name, contender) in results.failures:
        return "failed"
    return number(median)


def _ratio(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def footnotes(results: Results) -> Iterator[str]:
    """What the tables do not say: who was absent, who failed and why, which targets are missed."""
    for absent in results.absent:
        yield f"{absent.name} was absent: {absent.reason}. To enable it: `{absent.enable}`"
    for (row, contender), reasons in results.failures.items():
        yield f"{contender} failed in {row} {len(reasons)} x, last: {reasons[-1]}"
    for measured in results.rows:
        yield from _missed(results, measured)


def _missed(results: Results, row: Row) -> Iterator[str]:
    for figure in row.figures:
        for target, value in results.verdicts(row, figure):
            if not target.met_by(value):
                found = f"expected {target}, found {number(value)}"
                yield f"missed: {row.title}, {figure.title}: {found}"


def facts(results: Results) -> Mapping[str, Any]:
    """When, where and with which versions it was measured."""
    versions = {contender.name: contender.version for contender in results.contenders}
    versions |= {name: python_version_of(name) for name in ("numpy", "fastcrc")}
    return {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "versions": versions | {"python": sys.version.split()[0]},
        "settings": dict(results.settings),
    }


def machine() -> Mapping[str, Any]:
    """What it was measured on."""
    return {
        "processor": _first_after("/proc/cpuinfo", "model name") or platform.processor(),
        "cores": os.cpu_count(),
        "memory": _memory(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "load_at_the_end": [round(load, 2) for load in os.getloadavg()],
    }


def _memory() -> str:
    if not hasattr(os, "sysconf"):
        return "unknown memory"
    return f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.1f} GiB"


def _first_after(path: str, key: str) -> str:
    """The value of the first "key : value" line of a file, empty when there is none."""
    file = Path(path)
    lines: Iterable[str] = file.read_text().splitlines() if file.exists() else ()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith(key)), "")


def write_json(results: Results, path: Path) -> None:
    """Everything, each round's figures included."""
    document = {
        **facts(results),
        "absent": {absent.name: absent.reason for absent in results.absent},
        "failures": [
            {"row": row, "contender": contender, "reasons": reasons}
            for (row, contender), reasons in results.failures.items()
        ],
        "rows": [_row_document(results, row) for row in results.rows],
    }
    path.write_text(json.dumps(document, indent=1) + "\n")


def _row_document(results: Results, row: Row) -> Mapping[str, Any]:
    return {
        "name": row.name,
        "title": row.title,
        "roles": row.roles,
        "options": dict(row.options),
        "figures": [_figure_document(results, row, figure) for figure in row.figures],
        "rounds": results.rounds.get(row.name, {}),
    }


def _figure_document(results: Results, row: Row, figure: Figure) -> Mapping[str, Any]:
    return {
        "key": figure.key,
        "title": figure.title,
        "unit": figure.unit,
        "better": figure.better,
        "medians": {name: results.median(row, figure, name) for name in row.contenders},
        "ratios": {name: results.ratio(row, figure, name) for name in _compared(row)},
        "targets": {
            str(target): {"found": value, "met": target.met_by(value)}
            for target, value in results.verdicts(row, figure)
        },
    }


def write_readme(results: Results, path: Path) -> None:
    """Puts the tables into the file, as `put_between` does."""
    put_between(path, MARKERS, "\n".join(_markdown(results)))


def put_between(path: Path, markers: tuple[str, str], tables: str) -> None:
    """Puts a text between two markers of a file; the prose around them stays.

    Raises:
        ValueError: the file has no such markers.
    """
    text = path.read_text()
    begin, end = (text.find(marker) for marker in markers)
    if not 0 <= begin < end:
        raise ValueError(f"{path} lacks the lines {markers[0]!r} and {markers[1]!r}")
    path.write_text(f"{text[: begin + len(markers[0])]}\n\n{tables}\n\n{text[end:]}")


def _markdown(results: Results) -> Iterator[str]:
    measured = facts(results)
    where, settings = measured["machine"], measured["settings"]
    yield f"Measured {measured['date']} on {where['processor']}, {where['cores']} cores,"
    yield f"{where['memory']}, {where['system']}; load at the end {where['load_at_the_end']}."
    yield f"{settings['rounds']} rounds of {settings['seconds']:g} s after a warm-up."
    yield ""
    yield from (f"* {name}: {version}" for name, version in measured["versions"].items())
    for row in results.rows:
        columns = headings(row)
        yield from ("", f"### {row.title}", "", line(columns))
        yield line(["---", *["---:"] * (len(columns) - 2), "---"])
        yield from map(line, table_lines(results, row))
    notes = list(footnotes(results))
    yield from ("", *(f"* {note}" for note in notes)) if notes else ()


def line(cells: Iterable[str]) -> str:
    """One line of a table in Markdown."""
    return f"| {' | '.join(cells)} |"
