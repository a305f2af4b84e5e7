from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from igtl.errors import MissingExtraError, SourceError
from igtl.messages import Image
from igtl.sources import samples
from igtl.sources.files import FileSource


def test_the_sample_ct_is_a_real_slice_with_its_geometry() -> None:
    """Numbers as its tags have them: stored values 128 to 2191, intercept -1024; LPS."""
    source = FileSource(samples.sample_ct(), coordinates="LPS", device_name="CT")
    (image,) = source.messages(0.0)
    assert isinstance(image, Image)
    np.testing.assert_allclose(image.origin, (-158.135803, -179.035797, -75.699997), rtol=1e-6)
    np.testing.assert_allclose(image.spacing, (0.661468, 0.661468, 5.0), rtol=1e-6)
    assert image.size == (128, 128, 1)
    assert image.pixels.dtype == np.int16
    assert image.pixels.min() == -896
    assert image.pixels.max() == 1167


def test_without_pydicom_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pydicom", None)
    with pytest.raises(MissingExtraError, match=r"needs pydicom: pip install 'igtl\[images\]'"):
        samples.sample_ct()


def test_a_pydicom_without_the_file_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pydicom").mkdir()
    (tmp_path / "pydicom" / "__init__.py").touch()
    monkeypatch.delitem(sys.modules, "pydicom", raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(SourceError, match="does not carry its sample CT"):
        samples.sample_ct()
