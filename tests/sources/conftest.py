"""Real images for the tests: those that the wheels of pydicom and nibabel carry."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest


def _folder(package: str, *parts: str) -> Path:
    spec = find_spec(package)
    assert spec is not None, f"{package} is not installed"
    assert spec.origin is not None
    return Path(spec.origin).parent.joinpath(*parts)


@pytest.fixture(scope="session")
def dicom_files() -> Path:
    """Test files of pydicom."""
    return _folder("pydicom", "data", "test_files")


@pytest.fixture(scope="session")
def nifti_files() -> Path:
    """Test files of nibabel."""
    return _folder("nibabel", "tests", "data")
