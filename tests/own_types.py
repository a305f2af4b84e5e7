"""The wire types that igtl itself brings, whatever else tests have declared meanwhile."""

from __future__ import annotations

from collections.abc import Mapping

import igtl
from igtl.messages.query import Companion

__all__ = ["own_types"]


def own_types() -> Mapping[str, type[igtl.Message]]:
    """All wire types, queries included, and their classes."""
    return {name: cls for name, cls in igtl.message_types().items() if _is_own(cls)}


def _is_own(cls: type[igtl.Message]) -> bool:
    about = cls.target if issubclass(cls, Companion) else cls
    return about.__module__.startswith("igtl.")
