"""Files that have their names only when they are whole.

Whoever writes gets a temporary path beside the target, with the ending that it asked for. `commit`
gives all files their names; `discard` removes them. So a conversion that fails, or is interrupted,
leaves nothing that looks like a result, and an old file of that name stays as it was.
"""

from __future__ import annotations

import os
from pathlib import Path
from uuid import uuid4

from igtl.errors import RecordingError
from igtl.recording.disk import put_in_place

__all__ = ["Staging"]


class Staging:
    """The files of one conversion.

    Args:
        target: the name that was asked for.
        overwrite: whether files that are there already are replaced, in the end.

    Raises:
        RecordingError: there is such a file already, or there is no such folder.
    """

    def __init__(self, target: Path, *, overwrite: bool = False) -> None:
        self.target = target
        self._overwrite, self._id = overwrite, uuid4().hex[:8]
        self._temporary: list[Path] = []
        self._kept: dict[Path, Path] = {}
        if not target.parent.is_dir():
            raise RecordingError(f"cannot write {target}: there is no folder {target.parent}")
        self.check(target)

    def check(self, final: Path) -> None:
        """Refuse a name that is taken.

        Raises:
            RecordingError: there is such a file, and it is not to be overwritten, or is no file.
        """
        if final.exists() and not final.is_file():
            raise RecordingError(f"cannot write {final}: it is a folder, or a device")
        if not self._overwrite and os.path.lexists(final):
            raise RecordingError(
                f"cannot write {final}: there is such a file (replace it with --overwrite)"
            )

    def new(self, ending: str = "") -> Path:
        """A path for a file that is not there yet, beside the target; hidden."""
        stem = self.target.name.partition(".")[0][:100]
        number = len(self._temporary)
        path = self.target.parent / f".{stem}.{self._id}-{number}.partial{ending}"
        self._temporary.append(path)
        return path

    def keep(self, temporary: Path, final: Path) -> None:
        """Let a file be called `final` in the end.

        Raises:
            RecordingError: see `check`.
        """
        self.check(final)
        self._kept[temporary] = final

    def in_words(self, text: str) -> str:
        """A text for people: what it says of a temporary file, it says of the target."""
        for path in self._temporary:
            text = text.replace(str(path), str(self.target))
        return text

    def commit(self) -> tuple[Path, ...]:
        """Give the kept files their names, and remove the others.

        Raises:
            RecordingError: a file of such a name has come meanwhile; then none is renamed.
            OSError: renaming failed.
        """
        for final in self._kept.values():
            self.check(final)
        for temporary, final in self._kept.items():
            put_in_place(temporary, final)
        files = tuple(self._kept.values())
        self.discard()
        return files

    def discard(self) -> None:
        """Remove all files that have no final name."""
        for path in self._temporary:
            path.unlink(missing_ok=True)
