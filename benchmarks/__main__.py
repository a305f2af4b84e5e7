"""The command ``python -m benchmarks``: igtl beside the C++ reference, pyigtl and raw sockets."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from benchmarks import report
from benchmarks.contenders import CONTENDERS, Absent, Contender, find
from benchmarks.harness import RoundError, halves, run_round
from benchmarks.rows import ROWS, Row
from benchmarks.screen import PlainScreen, RichScreen, screen_for

HERE = Path(__file__).parent
ROUND_S = 1.0
WARM_UP_S = 0.3
QUICK_S = 0.1
MAX_ROUNDS = 100
MAX_FAILURES = 2  # then a contender is not run again in that row


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the benchmarks; 0 when all is measured, 1 when a contender failed, 130 on Ctrl-C."""
    options = _parser().parse_args(arguments)
    for number in (signal.SIGINT, signal.SIGTERM):  # also where a shell had Ctrl-C ignored
        signal.signal(number, _interrupt)
    try:
        results = _measure(options)
    except KeyboardInterrupt:
        print("\nstopped", file=sys.stderr)
        return 130
    for note in report.footnotes(results):
        print(note)
    for path in _keep(results, options):
        print(f"written: {path}")
    # pyigtl is expected to fail on 4K frames: its socket timeout of 10 ms covers sendall.
    return 1 if {name for _, name in results.failures} - {"pyigtl"} else 0


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt


def _parser() -> argparse.ArgumentParser:
    rows = [row.name for row in ROWS]
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        epilog="A full run rewrites results.json and README.md in benchmarks/; a run with --quick, "
        "--only or --contenders rewrites nothing unless --json names a file.",
    )
    parser.add_argument(
        "--quick", action="store_true", help="one short round of each: a smoke test"
    )
    parser.add_argument("--rounds", type=_rounds, help="rounds after the warm-up (default: 5)")
    parser.add_argument("--only", choices=rows, action="append", metavar="ROW", help=_list(rows))
    parser.add_argument(
        "--contenders", type=_names, default=list(CONTENDERS), metavar="A,B", help=_list(CONTENDERS)
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results there as well")
    return parser


def _list(names: Iterable[str]) -> str:
    return f"some of: {', '.join(names)}"


def _rounds(text: str) -> int:
    rounds = int(text)
    if not 1 <= rounds <= MAX_ROUNDS:
        raise argparse.ArgumentTypeError(f"expected 1 to {MAX_ROUNDS}, found {rounds}")
    return rounds


def _names(text: str) -> list[str]:
    names = text.split(",")
    unknown = [name for name in names if name not in CONTENDERS]
    if unknown:
        raise argparse.ArgumentTypeError(f"unknown {unknown[0]!r}; {_list(CONTENDERS)}")
    return [name for name in CONTENDERS if name in names]


def _measure(options: argparse.Namespace) -> report.Results:
    found = [find(name) for name in options.contenders]
    results = report.Results(
        rows=[row for row in ROWS if not options.only or row.name in options.only],
        contenders=[one for one in found if isinstance(one, Contender)],
        absent=[one for one in found if isinstance(one, Absent)],
        settings={
            "rounds": 1 if options.quick else options.rounds or 5,
            "seconds": QUICK_S if options.quick else ROUND_S,
            "cores": [sorted(cores) for cores in halves()],
        },
    )
    seconds = _plan(options, results)
    steps = len(seconds) * sum(len(_taking_part(results, row)) for row in results.rows)
    with screen_for(steps) as screen:
        for note in report.footnotes(results):  # who is absent
            screen.say(note)
        for row in results.rows:
            _run_row(results, row, seconds, screen)
            screen.show_row(results, row)
    return results


def _plan(options: argparse.Namespace, results: report.Results) -> list[float]:
    """Seconds of every round, the warm-up first."""
    rounds = [results.settings["seconds"]] * results.settings["rounds"]
    return rounds if options.quick else [WARM_UP_S, *rounds]


def _taking_part(results: report.Results, row: Row) -> list[Contender]:
    return [contender for contender in results.contenders if contender.name in row.contenders]


def _run_row(
    results: report.Results, row: Row, plan: Sequence[float], screen: PlainScreen | RichScreen
) -> None:
    """Round by round, contender by contender; one that failed twice is not run again."""
    measured = results.rounds.setdefault(row.name, {})
    warm_ups = len(plan) - results.settings["rounds"]
    for number, seconds in enumerate(plan):
        for contender in _taking_part(results, row):
            screen.advance(row.title, contender.name)
            failures = results.failures.get((row.name, contender.name), [])
            if len(failures) >= MAX_FAILURES:
                continue
            try:
                figures = run_round(contender, row, seconds)
            except RoundError as error:
                results.failures[row.name, contender.name] = [*failures, str(error)]
            else:
                if number >= warm_ups:
                    measured.setdefault(contender.name, []).append(figures)


def _keep(results: report.Results, options: argparse.Namespace) -> Iterator[Path]:
    """Writes the files that the options ask for, and those that are kept when it was a full run."""
    if options.json:
        report.write_json(results, options.json)
        yield options.json
    if not (options.quick or options.only or options.contenders != list(CONTENDERS)):
        report.write_json(results, HERE / "results.json")
        report.write_readme(results, HERE / "README.md")
        yield from (HERE / "results.json", HERE / "README.md")


if __name__ == "__main__":
    sys.exit(main())
