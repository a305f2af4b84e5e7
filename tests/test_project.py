"""What the project says of itself is true: public names, README, CHANGELOG, lock file."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import igtl

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def shell_blocks(markdown: str) -> str:
    """The text of every shell code block, fenced or indented."""
    fenced = re.findall(
        r"^```(?:sh|bash|shell|console)\n(.*?)^```", markdown, re.MULTILINE | re.DOTALL
    )
    indented = re.findall(r"^ {4}.*\n?", markdown, re.MULTILINE)
    return "\n".join(fenced) + "\n" + "".join(indented)


def commands(markdown: str, program: str) -> list[str]:
    """The first argument of every line of a shell block that calls `program`."""
    pattern = rf"^\s*(?:\$ )?{program} +([\w-]+)"
    return re.findall(pattern, shell_blocks(markdown), re.MULTILINE)


def make_targets(makefile: str) -> set[str]:
    """The targets that a Makefile defines."""
    rules = re.findall(r"^([a-z][a-z -]*):(?!=)", makefile, re.MULTILINE)
    return {name for rule in rules for name in rule.split()}


def verbs_of_help() -> set[str]:
    """The verbs that `igtl --help` names."""
    command = [sys.executable, "-c", "from igtl.cli import main; main()", "--help"]
    process = subprocess.run(command, capture_output=True, text=True, check=True)
    return set(re.findall(r"[a-z]+", process.stdout))


def extras_named(markdown: str) -> set[str]:
    """The extras of igtl that a text tells people to install."""
    return {
        name for names in re.findall(r"igtl\[([\w,]+)\]", markdown) for name in names.split(",")
    }


def test_every_public_name_is_there_and_listed_once() -> None:
    assert [name for name in igtl.__all__ if not hasattr(igtl, name)] == []
    assert len(set(igtl.__all__)) == len(igtl.__all__)


def test_commands_are_found_in_shell_blocks() -> None:
    text = "make no\n```sh\n$ make yes ARGS=1\n```\n    make four\n```python\nmake = 3\n```\n"
    assert commands(text, "make") == ["yes", "four"]


def test_targets_are_found_in_a_makefile() -> None:
    assert make_targets("A := b\nfuzz slow: x  ## y\n\tcmd: no\nq:\n") == {"fuzz", "slow", "q"}


def test_every_make_target_in_the_prose_exists() -> None:
    prose = read("README.md") + read("CONTRIBUTING.md")
    assert set(commands(prose, "make")) <= make_targets(read("Makefile"))


def test_every_verb_in_the_readme_exists() -> None:
    assert set(commands(read("README.md"), "igtl")) <= verbs_of_help()


def test_every_extra_in_the_readme_exists() -> None:
    assert extras_named("pip install 'igtl[cli,images]'") == {"cli", "images"}
    assert extras_named(read("README.md")) <= set(PROJECT["optional-dependencies"])


def test_changelog_has_an_unreleased_section() -> None:
    assert re.search(r"^## \[?Unreleased", read("CHANGELOG.md"), re.MULTILINE)


def test_version_is_that_of_the_project() -> None:
    assert igtl.__version__ == PROJECT["version"]


def test_types_are_shipped() -> None:
    assert (ROOT / "src" / "igtl" / "py.typed").is_file()


def test_lock_file_names_public_sources_only() -> None:
    lock = tomllib.loads(read("uv.lock"))
    sources = {str(package["source"]) for package in lock["package"] if package["name"] != "igtl"}
    assert sources == {str({"registry": "https://pypi.org/simple"})}
    hosts = set(re.findall(r"url = \"(\w+://[^/]+)/", read("uv.lock")))
    assert hosts == {"https://files.pythonhosted.org"}


def test_lock_file_carries_every_dependency() -> None:
    locked = {package["name"] for package in tomllib.loads(read("uv.lock"))["package"]}
    groups = [PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()]
    names = {re.split(r"[^\w-]", text)[0].lower() for group in groups for text in group}
    assert names <= locked
