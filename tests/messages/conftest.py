"""What several tests of messages need."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from igtl.messages import registry


@pytest.fixture
def forgotten() -> Iterator[None]:
    """Types that a test adds are gone behind it."""
    classes, sure = dict(registry._classes), dict(registry.sure)
    yield
    registry._classes.clear()
    registry._classes.update(classes)
    registry.sure.clear()
    registry.sure.update(sure)
