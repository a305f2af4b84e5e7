from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import SimpleITK

from igtl.errors import MissingExtraError, SourceError
from igtl.sources import toolkit


def test_simpleitk_is_not_imported_before_a_file_is_opened() -> None:
    code = (
        "import sys, igtl.sources, igtl.sources.files;"
        "assert not {'SimpleITK', 'pydicom'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=30)


def test_without_simpleitk_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "SimpleITK", None)
    with pytest.raises(MissingExtraError, match=r"needs SimpleITK: pip install 'igtl\[images\]'"):
        toolkit.read(Path("ct.nrrd"))


def test_what_is_printed_to_standard_error_is_hidden_meanwhile(
    capfd: pytest.CaptureFixture[str],
) -> None:
    os.write(2, b"before ")
    with toolkit.quiet():
        os.write(2, b"hidden ")
        with toolkit.quiet():
            os.write(2, b"hidden ")
    os.write(2, b"after")
    assert capfd.readouterr().err == "before after"


@pytest.mark.parametrize("shown", [True, False])
def test_the_users_choice_about_warnings_is_restored(shown: bool) -> None:
    process = SimpleITK.ProcessObject
    before = process.GetGlobalWarningDisplay()
    process.SetGlobalWarningDisplay(shown)
    try:
        with toolkit.quiet():
            assert not process.GetGlobalWarningDisplay()
        assert process.GetGlobalWarningDisplay() == shown
        with pytest.raises(SourceError):
            toolkit.read(Path("nothing.nrrd"))
        assert process.GetGlobalWarningDisplay() == shown
    finally:
        process.SetGlobalWarningDisplay(before)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "Exception thrown in SimpleITK X: /a/b.cxx:99:\nsitk::ERROR: Nothing is right.",
            "Nothing is right.",
        ),
        (
            "Exception thrown in SimpleITK X: /a/b.cxx:9:\nITK ERROR: PNGImageIO(0x55c5d1115d20): "
            "Error while\nreading\n Reason: No such file or directory",
            "Error while reading",
        ),
        (
            "Exception thrown in SimpleITK X: /a/b.cxx:9:\nITK ERROR: NrrdImageIO(0x1f): Error\n"
            "[nrrd] nrrdRead: trouble\n[nrrd] _nrrdEncodingRaw_read: got only 7 things, not 9\n",
            "got only 7 things, not 9",
        ),
        ("one line only", "one line only"),
    ],
)
def test_reasons_are_one_line_without_addresses(text: str, told: str) -> None:
    assert toolkit.reason(RuntimeError(text)) == told
