"""Real images that come with other packages, for demonstrations without a file of one's own."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from igtl.errors import MissingExtraError, SourceError

__all__ = ["sample_ct"]


def sample_ct() -> Path:
    """The path of a real CT slice, 128 x 128, that pydicom carries among its own test files.

    Only the installed package is looked at; nothing is downloaded, and pydicom is not imported.

    Raises:
        MissingExtraError: pydicom is not installed.
        SourceError: this version of pydicom does not carry the file.
    """
    package = find_spec("pydicom")
    if package is None or package.origin is None:
        raise MissingExtraError.of("pydicom", "images", "the sample CT")
    path = Path(package.origin).parent / "data" / "test_files" / "CT_small.dcm"
    if not path.is_file():
        raise SourceError(f"pydicom does not carry its sample CT ({path}): use a file instead")
    return path
