"""Hatchling's hook: wheels, sdists and editable installs carry the page of `igtl view`.

The work is done by scripts/page.py. A source tree whose page is up to date, as that of an sdist,
needs nothing; any other asks for Node.js from PyPI where the machine has none.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.config import BuilderConfig
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

sys.path.insert(0, str(Path(__file__).resolve().parent))

from scripts import page

__all__ = ["PageHook"]


class PageHook(BuildHookInterface[BuilderConfig]):
    """Builds the page before anything is packed."""

    def dependencies(self) -> list[str]:
        """What the builder has to install first."""
        return page.requirements()

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the page, or end the build with a word about what to do."""
        try:
            page.build()
        except page.PageError as error:
            self.app.abort(str(error))
