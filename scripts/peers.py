"""Install the Debian packages that tests and benchmarks run against, when allowed.

They are the reference C++ library, its example programs and a compiler, the browser that looks at
the page of `igtl view`, and the terminal that `igtl top` is driven in. Root may install them,
and so may an account whose sudo asks for no password. Otherwise nothing is changed, and the one
command that would do it is printed: the tests that need the packages are skipped, and say so.
The exit status is always 0: what is missing is the tests' to report.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

LIBRARY = Path("/usr/include/openigtlink/igtlMessageBase.h")
EXAMPLES = Path("/usr/share/doc/openigtlink-examples/examples")
PACKAGES = ("libopenigtlink-dev", "openigtlink-examples", "g++", "chromium", "tmux")

# Container images of Debian leave out /usr/share/doc, where the examples lie.
OPTIONS = (
    "--option=Dpkg::Options::=--path-include=/usr/share/doc/openigtlink-examples/*",
    "--option=Dpkg::Use-Pty=0",
    "--option=DPkg::Lock::Timeout=120",
    "--yes",
    "--no-install-recommends",
)
ATTEMPTS = 2

HINT = """\
Programs that tests run against are missing. These tests will be skipped, or fail where CI=true.
On Debian, this command enables them:
    sudo apt-get install -y {names}"""


def main() -> int:
    """Install what is missing, or say how to; always 0."""
    wanted = missing_packages()
    if not wanted:
        return 0
    prefix = root_prefix() if shutil.which("apt-get") else None
    if prefix is None or not install(prefix, wanted):
        print(HINT.format(names=" ".join(wanted)), flush=True)
    return 0


def missing_packages() -> list[str]:
    """The packages whose files are not on this machine."""
    there = (
        LIBRARY.is_file(),
        EXAMPLES.is_dir(),
        shutil.which("g++") is not None,
        shutil.which("chromium") is not None,
        shutil.which("tmux") is not None,
    )
    return [name for name, found in zip(PACKAGES, there, strict=True) if not found]


def root_prefix() -> list[str] | None:
    """What to put before a command to run it as root; None when this account may not."""
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") and run(["sudo", "-n", "true"]).returncode == 0:
        return ["sudo", "-n"]
    return None


def install(prefix: list[str], packages: list[str]) -> bool:
    """Install packages with apt-get, trying twice; False, with its last words, when it fails."""
    print(f"Installing for the tests: {' '.join(packages)}", flush=True)
    apt = [*prefix, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]
    for _ in range(ATTEMPTS):
        updated = run([*apt, "update"])
        # --reinstall: a package may be there without its files (see OPTIONS).
        installed = run([*apt, "install", "--reinstall", *OPTIONS, *filter(known, packages)])
        if installed.returncode == 0 and not missing_packages():
            return True
    print(tail(updated.stdout), tail(installed.stdout), sep="\n", file=sys.stderr, flush=True)
    return False


def known(package: str) -> bool:
    """Whether apt has such a package: Ubuntu has no Chromium, and shall get the others."""
    return run(["apt-cache", "show", package]).returncode == 0


def run(command: list[str]) -> subprocess.CompletedProcess[str]:
    """Run a command, its output kept."""
    return subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )


def tail(text: str) -> str:
    """The last lines of a program's output."""
    return "\n".join(text.splitlines()[-8:])


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
