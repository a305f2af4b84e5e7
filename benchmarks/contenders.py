"""Who takes part: what starts each contender, its version, and how to enable one that is absent."""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = ["CONTENDERS", "Absent", "Contender", "find", "python_version_of"]

SOURCE = Path(__file__).with_name("reference.cpp")
INCLUDES = Path("/usr/include/openigtlink")
FLAGS = ("-O2", "-isystem", str(INCLUDES))
LIBRARIES = ("-lOpenIGTLink",)


@dataclass(frozen=True)
class Contender:
    """A program that can take part; command is followed by a role and key=value options."""

    name: str
    command: tuple[str, ...]
    version: str


@dataclass(frozen=True)
class Absent:
    """A contender that cannot take part here: why, and the one command that enables it."""

    name: str
    reason: str
    enable: str


def find(name: str) -> Contender | Absent:
    """The contender of that name (one of CONTENDERS), compiled when it needs to be."""
    return CONTENDERS[name]()


def python_version_of(package: str) -> str:
    """The installed version of a Python package, or "not installed"."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _python(module: str) -> tuple[str, ...]:
    return (sys.executable, "-m", f"benchmarks.{module}")


def _python_package(package: str, install: str) -> Contender | Absent:
    if importlib.util.find_spec(package) is None:
        return Absent(package, f"{package} is not installed for {sys.executable}", install)
    return Contender(package, _python(f"{package}_worker"), python_version_of(package))


def _raw() -> Contender:
    return Contender("raw", _python("raw_worker"), f"Python {sys.version.split()[0]}")


def _install(requirement: str) -> str:
    if importlib.util.find_spec("pip") is None:
        return f"uv pip install --python {sys.executable} {requirement}"
    return f"{sys.executable} -m pip install {requirement}"


def _reference() -> Contender | Absent:
    """Compiles reference.cpp unless the same source was compiled before."""
    enable = "sudo apt-get install -y g++ libopenigtlink-dev"
    compiler = shutil.which("g++")
    if compiler is None:
        return Absent("reference", "no C++ compiler (g++) found", enable)
    if not (INCLUDES / "igtlServerSocket.h").exists():
        return Absent("reference", f"no OpenIGTLink headers in {INCLUDES}", enable)
    version = f"libopenigtlink-dev {_debian_version()}, {_first_line(compiler, '--version')} -O2"
    key = hashlib.sha256(SOURCE.read_bytes() + repr((FLAGS, version)).encode()).hexdigest()[:16]
    program = _cache() / f"reference-{key}"
    if not program.exists():
        error = _compile(compiler, program)
        if error:
            return Absent("reference", f"reference.cpp did not compile: {error}", enable)
    return Contender("reference", (str(program),), version)


def _compile(compiler: str, program: Path) -> str:
    """Compiles to the path in one step; returns the compiler's first complaint, or nothing."""
    unfinished = program.with_suffix(f".{os.getpid()}")
    command = [compiler, *FLAGS, str(SOURCE), "-o", str(unfinished), *LIBRARIES]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        return next((line for line in done.stderr.splitlines() if "error" in line), done.stderr)
    unfinished.replace(program)
    return ""


def _cache() -> Path:
    """A folder for programs that only this user can write to."""
    folder = Path(tempfile.gettempdir()) / f"igtl-benchmarks-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.stat(follow_symlinks=False)
    if found.st_uid != os.getuid() or found.st_mode & 0o022:
        raise PermissionError(f"{folder} is not this user's alone: remove it and run again")
    return folder


def _debian_version() -> str:
    if shutil.which("dpkg-query") is None:
        return "(version unknown)"
    return _first_line("dpkg-query", "-W", "-f=${Version}", "libopenigtlink-dev")


def _first_line(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    return next(iter(done.stdout.splitlines()), "(version unknown)")


CONTENDERS: Mapping[str, Callable[[], Contender | Absent]] = {
    "igtl": functools.partial(_python_package, "igtl", _install("-e .")),
    "reference": _reference,
    "raw": _raw,
    "pyigtl": functools.partial(_python_package, "pyigtl", _install("pyigtl==0.3.4")),
    "mcap": functools.partial(_python_package, "mcap", _install("mcap")),
}
