"""What the tests of the viewer share."""

from __future__ import annotations

from tests.cli.conftest import force

__all__ = ["force"]
