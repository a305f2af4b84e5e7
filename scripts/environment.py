"""Make the virtual environment `.venv` of this checkout, with igtl and what it needs.

    python -m scripts.environment demo     igtl with what `igtl demo` needs
    python -m scripts.environment dev      igtl with every extra, and what tests and checks need

Runs on a bare Python 3.11: standard library only. The versions of `uv.lock` are installed by uv:
the machine's, or one installed into `.venv`. Where uv does not work, pip installs the newest
versions that `pyproject.toml` allows. A stamp in `.venv` makes every later run instant.

The page of `igtl view` is not built here but by `scripts.page`, whenever its sources change. What
that needs comes along: Node.js from PyPI where the machine has none.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.request
import venv
from pathlib import Path

from scripts import page

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
VENV_PYTHON = VENV / "bin" / "python"
INPUTS = ("pyproject.toml", "uv.lock", "scripts/environment.py")

# Debian's python3 comes without ensurepip: there, pip starts from this wheel.
PIP_WHEEL = (
    "https://files.pythonhosted.org/packages/07/25/"
    "ee8c38ae72d66b844ce8eb9711ba905dba21ca1a8a0c960057c41cd23337/pip-26.3-py3-none-any.whl"
)
PIP_SHA256 = "f3b60b20ffaadd4415ed7957212a38ac63fa4c5fa375bd0f4a797777940fad13"

UV_ARGUMENTS = {
    "demo": ("--extra", "cli", "--extra", "images", "--extra", "view", "--no-default-groups"),
    "dev": ("--all-extras",),
}
PIP_ARGUMENTS = {"demo": ("-e", ".[cli,images,view]"), "dev": ("-e", ".[all]", "--group", "dev")}


class SetupError(Exception):
    """The environment could not be made; the text says what to do."""


def main(arguments: list[str]) -> int:
    """Make the environment named by the only argument; returns the exit status."""
    if len(arguments) != 1 or arguments[0] not in UV_ARGUMENTS:
        print("usage: python -m scripts.environment demo|dev", file=sys.stderr)
        return 2
    try:
        make_environment(arguments[0])
    except SetupError as error:
        print(f"environment: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def make_environment(kind: str) -> None:
    """Bring `.venv` up to date for `kind`, unless its stamp says that it is."""
    stamps = [VENV / f"igtl-{name}.stamp" for name in {kind, "dev"}]
    if any(read_stamp(stamp) == [place(), contents()] for stamp in stamps):
        return
    remove_moved_environment()
    print(f"Setting up .venv ({kind}); this takes a minute the first time.", flush=True)
    install(kind)
    (VENV / f"igtl-{kind}.stamp").write_text(f"{place()}\n{contents()}\n", encoding="utf-8")


def place() -> str:
    """Where the environment belongs and its Python: when either changes, it is made anew."""
    return f"{ROOT} {sys.implementation.cache_tag}"


def contents() -> str:
    """A digest of everything that decides what is installed."""
    digest = hashlib.sha256()
    for name in INPUTS:
        digest.update((ROOT / name).read_bytes())
    digest.update(" ".join(node_group()).encode())
    return digest.hexdigest()


def node_group() -> tuple[str, ...]:
    """The option that installs Node.js, on a machine that has none."""
    return () if page.skipped() or page.node_on_path() else ("--group", "page")


def read_stamp(stamp: Path) -> list[str]:
    """The lines of a stamp; none when it, or the environment's Python, is not there."""
    if not (stamp.is_file() and VENV_PYTHON.exists()):
        return []
    return stamp.read_text(encoding="utf-8").splitlines()


def remove_moved_environment() -> None:
    """Remove an environment that this script made for another folder or another Python."""
    stamps = list(VENV.glob("igtl-*.stamp"))
    if any(read_stamp(stamp)[:1] != [place()] for stamp in stamps):
        shutil.rmtree(VENV)
    for stamp in stamps:
        stamp.unlink(missing_ok=True)


def install(kind: str) -> None:
    """Install by the first way that works: the machine's uv, uv from PyPI, pip."""
    if install_with_uv(shutil.which("uv"), kind):
        return
    make_venv()
    if install_with_uv(uv_from_pypi(), kind):
        return
    print("uv does not work here: pip installs the newest versions instead.", flush=True)
    if not (pip("--upgrade", "pip") and pip(*PIP_ARGUMENTS[kind], *node_group())):
        raise SetupError(
            "neither uv nor pip could install the packages (their messages are above). Is there "
            "a way to https://pypi.org? Behind a proxy, set HTTPS_PROXY; with a mirror, "
            "PIP_INDEX_URL. Then run make again."
        )


def install_with_uv(uv: str | None, kind: str) -> bool:
    """Install the locked versions with this uv; False when there is none or it fails."""
    if uv is None:
        return False
    options = ("--frozen", "--inexact", "--python", sys.executable)
    return run(uv, "sync", *options, *UV_ARGUMENTS[kind], *node_group())


def uv_from_pypi() -> str | None:
    """The path of a uv installed into the environment, or None where there is none to be had."""
    return str(VENV / "bin" / "uv") if pip("--only-binary=:all:", "uv") else None


def make_venv() -> None:
    """Make `.venv` with pip in it, also where this Python has no ensurepip."""
    if venv_python_runs("import pip"):
        return
    has_ensurepip = importlib.util.find_spec("ensurepip") is not None
    broken = not venv_python_runs("pass")
    venv.create(VENV, clear=broken, symlinks=True, with_pip=has_ensurepip)
    if not has_ensurepip:
        install_pip_wheel()


def venv_python_runs(statement: str) -> bool:
    """Whether the environment's Python is there and runs a statement without error."""
    if not VENV_PYTHON.exists():
        return False
    process = subprocess.run((VENV_PYTHON, "-c", statement), capture_output=True, check=False)
    return process.returncode == 0


def install_pip_wheel() -> None:
    """Install pip into `.venv` from its wheel on PyPI, checked against a known digest."""
    try:
        with urllib.request.urlopen(PIP_WHEEL, timeout=60) as response:  # an https constant
            data = response.read()
    except OSError as error:
        raise SetupError(
            f"this Python has no ensurepip, and pip could not be fetched from PyPI ({error}). "
            "On Debian or Ubuntu: sudo apt-get install -y python3-venv. Then run make again."
        ) from error
    if (found := hashlib.sha256(data).hexdigest()) != PIP_SHA256:
        raise SetupError(f"{PIP_WHEEL} has SHA-256 {found}, expected {PIP_SHA256}.")
    with tempfile.TemporaryDirectory() as folder:
        wheel = Path(folder) / PIP_WHEEL.rpartition("/")[2]
        wheel.write_bytes(data)
        run(str(VENV_PYTHON), f"{wheel}/pip", "install", "--quiet", str(wheel))


def pip(*arguments: str) -> bool:
    """Run `pip install` in the environment; True when it succeeds."""
    options = ("--quiet", "--disable-pip-version-check")
    return run(str(VENV_PYTHON), "-m", "pip", "install", *options, *arguments)


def run(*command: str) -> bool:
    """Run a command in the project's folder; True when it succeeds."""
    settings = {
        "UV_PROJECT_ENVIRONMENT": str(VENV),
        "UV_PYTHON_DOWNLOADS": "never",
        "IGTL_PAGE": "skip",
    }
    environment = {name: text for name, text in os.environ.items() if name != "VIRTUAL_ENV"}
    try:
        process = subprocess.run(command, cwd=ROOT, env=environment | settings, check=False)
    except OSError:
        return False
    return process.returncode == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
