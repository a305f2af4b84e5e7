"""Files that have their names only when they are whole.

Whoever writes gets a temporary path beside the target, with the ending that it asked for. `commit`
gives all files their names; `discard` removes them. So a conversion that fails, or is interrupted,
leaves nothing that looks like a result, and an old file of that name stays as it was.
"""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

from igtl.recording.disk import check_free, put_in_place

__all__ = ["Staging"]


class Staging:
    """The files of one conversion.

    Args:
        target: the name that was asked for.
        overwrite: whether files that are there already are replaced, in the end.

    Raises:
        RecordingError: a file cannot have that name, see `check_free`.
    """

    def __init__(self, target: Path, *, overwrite: bool = False) -> None:
        self.target = target
        self._overwrite, self._id = overwrite, uuid4().hex[:8]
        self._temporary: list[Path] = []
        self._kept: dict[Path, Path] = {}
        check_free(target, overwrite=overwrite)

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
            RecordingError: a file cannot have that name, see `check_free`.
        """
        check_free(final, overwrite=self._overwrite)
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
            check_free(final, overwrite=self._overwrite)
        for temporary, final in self._kept.items():
            put_in_place(temporary, final, overwrite=self._overwrite)
        files = tuple(self._kept.values())
        self.discard()
        return files

    def discard(self) -> None:
        """Remove all files that have no final name."""
        for path in self._temporary:
            path.unlink(missing_ok=True)
