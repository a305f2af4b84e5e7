"""The house of igtl: its floors, and what each may import.

Imports go down only. The network is opened on one floor, third-party packages stay where they
were declared for, and `import igtl` stays light. Every rule is first seen to fail on a line of
source that breaks it, then applied to the package. Imports inside functions count as well.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "igtl"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

FACE = "igtl"  # the package itself, igtl/__init__.py
FLOORS = (
    {"errors", "closable"},
    {"codec"},
    {"messages"},
    {"protocol"},
    {"net"},
    {"recording", "video"},
    {"sequences"},
    {"aio"},
    {FACE},
    {"sources"},
    {"convert", "pipeline", "hub", "viewer"},
    {"cli"},
    {"__main__"},
)
LEVELS = {unit: level for level, units in enumerate(FLOORS) for unit in units}

CORE = {"errors", "closable", "codec", "messages", "protocol", "net", FACE, "aio"}
CORE_PACKAGES = {"numpy", "fastcrc"}
#: Packages that are imported under another name than they are installed.
IMPORTED_AS = {"opencv-python-headless": "cv2", "ndicapi": "ndicapy", "foxglove-sdk": "foxglove"}
IO_MODULES = {"asyncio", "select", "selectors", "socket", "socketserver", "ssl"}
#: Who may use which of them; aiohttp's handlers are asyncio's, its sockets its own.
IO_ALLOWED = {"net": IO_MODULES, "aio": IO_MODULES, "viewer": {"asyncio"}}


class Import(NamedTuple):
    """One import found in a module of igtl."""

    where: str  # file:line, for people
    importer: str  # the unit (a top-level module or folder of igtl) that imports
    target: str  # the full dotted name of what is imported


def unit_of(name: str) -> str:
    """The unit that a dotted name below `igtl` belongs to; `igtl.encode` belongs to the face."""
    first = name.split(".")[1:2]
    return first[0] if first and first[0] in LEVELS else FACE


def imports_of(source: str, module: str, where: str = "<example>") -> Iterator[Import]:
    """Every import in the source of a module, such as `igtl.net.client`, at any depth."""
    importer = module.split(".")[1] if "." in module else FACE
    for node in ast.walk(ast.parse(source)):
        for target in targets_of(node, module, where):
            yield Import(f"{where}:{getattr(node, 'lineno', 0)}", importer, target)


def targets_of(node: ast.AST, module: str, where: str) -> list[str]:
    """The dotted names that one statement, or one call of `import_module`, imports."""
    match node:
        case ast.Import():
            return [alias.name for alias in node.names]
        case ast.ImportFrom():
            base = absolute(node, module, where)
            return [f"{base}.{alias.name}" for alias in node.names]
        case ast.Call(
            func=ast.Attribute(attr="import_module") | ast.Name(id="import_module"),
            args=[ast.Constant(value=str(name)), *_],
        ):
            return [name]
    return []


def absolute(node: ast.ImportFrom, module: str, where: str) -> str:
    """The absolute name of the package that `from ... import` names."""
    if not node.level:
        return node.module or ""
    own = module.split(".") if where.endswith("__init__.py") else module.split(".")[:-1]
    base = own[: len(own) - node.level + 1]
    return ".".join([*base, node.module] if node.module else base)


def wrong_direction(found: Import) -> str | None:
    """Imports go to a lower floor or stay in their own unit."""
    if found.target.split(".")[0] != "igtl":
        return None
    target = unit_of(found.target)
    if found.importer not in LEVELS:
        return f"{found.where}: {found.importer} has no floor yet: add it to FLOORS"
    if found.importer == target or LEVELS[target] < LEVELS[found.importer]:
        return None
    return f"{found.where}: {found.importer} may not import {found.target} ({target} is no lower)"


def io_outside_net(found: Import) -> str | None:
    """Only `net`, and its face `aio`, open sockets; the viewer's pages are served by asyncio."""
    if found.target.split(".")[0] in IO_MODULES - IO_ALLOWED.get(found.importer, set()):
        return f"{found.where}: {found.importer} may not import {found.target}: that is for net"
    return None


def undeclared(found: Import) -> str | None:
    """The core uses numpy and fastcrc; other floors use what pyproject.toml declares."""
    package = found.target.split(".")[0]
    if package == "igtl" or package in sys.stdlib_module_names:
        return None
    if package in (CORE_PACKAGES if found.importer in CORE else CORE_PACKAGES | extra_packages()):
        return None
    return f"{found.where}: {found.importer} may not import {package}: not declared for it"


def extra_packages() -> set[str]:
    """The import names of the packages in igtl's extras."""
    extras: dict[str, list[str]] = PROJECT["optional-dependencies"]
    names = {re.split(r"[^\w-]", text)[0] for texts in extras.values() for text in texts}
    return {IMPORTED_AS.get(name, name.replace("-", "_")) for name in names} - {"igtl"}


RULES = (wrong_direction, io_outside_net, undeclared)


def violations(source: str, module: str, where: str = "<example>") -> list[str]:
    """What is wrong with the imports of one module."""
    found = imports_of(source, module, where)
    return [text for item in found for rule in RULES if (text := rule(item))]


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def path_id(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


every_module = pytest.mark.parametrize("path", modules(), ids=path_id)


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("igtl.errors", "import igtl.codec"),
        ("igtl.codec.frame", "from igtl.messages import Transform"),
        ("igtl.codec.frame", "from ..messages import Transform"),
        ("igtl.codec.frame", "from .. import messages"),
        ("igtl.messages.image", "def later():\n    from igtl.protocol.framing import Framer"),
        ("igtl.protocol.session", "from igtl import Transform"),
        ("igtl.net.client", "import igtl"),
        ("igtl.net.client", "import importlib\nimportlib.import_module('igtl.sources')"),
        ("igtl", "from igtl.sources import open"),
        ("igtl.recording.player", "from igtl.sources import open"),
        ("igtl.hub.relay", "from igtl.cli import main"),
        ("igtl.aio", "import igtl"),
        ("igtl.shiny.new", "import igtl.errors"),
        ("igtl.protocol.framing", "import socket"),
        ("igtl.codec.crc", "from asyncio import Queue"),
        ("igtl.sources.tracker", "import selectors"),
        ("igtl.cli.serve", "import asyncio"),
        ("igtl.cli.serve", "import ssl"),
        ("igtl.viewer.web", "import socket"),
        ("igtl.messages.image", "import SimpleITK"),
        ("igtl.net.client", "def late():\n    import rich.console"),
        ("igtl.sources.files", "import pandas"),
    ],
)
def test_a_forbidden_import_is_found(module: str, source: str) -> None:
    assert len(violations(source, module)) == 1


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("igtl.codec.frame", "import struct\nimport numpy as np\nfrom fastcrc import crc64"),
        ("igtl.codec.frame", "from . import layout\nfrom .header import Header"),
        ("igtl.messages.image", "from ..errors import MessageError\nfrom .. import codec"),
        ("igtl.net.server", "import asyncio, socket, selectors, ssl"),
        ("igtl", "from igtl.net.client import Client\nfrom igtl.errors import LinkError"),
        ("igtl", "def late():\n    from igtl import aio"),
        ("igtl.aio", "from igtl.net import connect_async as connect"),
        ("igtl.sources.files", "import SimpleITK\nimport pydicom\nfrom igtl import Image"),
        ("igtl.viewer.web", "import asyncio\nfrom igtl import Player"),
        ("igtl.cli.listen", "import rich\nimport rich_argparse\nfrom igtl import sources"),
    ],
)
def test_an_allowed_import_is_let_through(module: str, source: str) -> None:
    assert violations(source, module) == []


@every_module
def test_the_package_keeps_its_import_rules(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert violations(source, module_name(path), path_id(path)) == []


@every_module
def test_every_module_has_a_docstring_and_names_what_it_offers(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree), "a module starts with what it is for"
    offers_nothing = len(tree.body) == 1 or path.name == "__main__.py"
    names = {target.id for target in assigned_names(tree)}
    assert offers_nothing or "__all__" in names, "a module declares __all__"


def assigned_names(tree: ast.Module) -> Iterator[ast.Name]:
    """The names assigned at a module's top level."""
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (target for target in targets if isinstance(target, ast.Name))


def test_every_unit_has_a_floor() -> None:
    units = {path.relative_to(PACKAGE).parts[0].removesuffix(".py") for path in modules()}
    assert units - {"__init__"} <= LEVELS.keys()


def loaded_by(statement: str) -> set[str]:
    """The top-level modules that a fresh interpreter holds after a statement."""
    script = f"{statement}\nimport sys\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    command = [sys.executable, "-c", script]
    process = subprocess.run(command, capture_output=True, text=True, check=True)
    return set(process.stdout.split())


def test_what_a_statement_loads_is_seen() -> None:
    assert "asyncio" in loaded_by("import asyncio")


def test_importing_igtl_stays_light() -> None:
    loaded = loaded_by("import igtl")
    assert "igtl" in loaded
    assert not loaded & (extra_packages() | {"asyncio", "ssl"})
