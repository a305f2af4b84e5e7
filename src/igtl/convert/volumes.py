"""Images as files of their own, geometry included: `.nrrd`, `.mha`, `.nii` and their like.

Of one image, the file is called as asked; of several, `ct-001.nrrd`, `ct-002.nrrd` and so on, in
the order of their arrival.
"""

from __future__ import annotations

from pathlib import Path

from igtl.convert.picture_stream import OTHER_DEVICE, Chosen
from igtl.errors import RecordingError, SourceError
from igtl.messages import Image
from igtl.recording.entry import Entry
from igtl.recording.staging import Staging
from igtl.sources.image_file import write_image
from igtl.sources.toolkit import simpleitk

__all__ = ["VolumeWriter"]

_NOT_HELD = "image files hold images"
_MOST = 1000


class VolumeWriter:
    """Writes a file for each image.

    Args:
        staging: where the files go.
        ending: of their names; one that `igtl.sources.image_file` writes in a single file.
        image: the device whose images are written; None: all.
        most: so many are written at most.

    Raises:
        MissingExtraError: SimpleITK is not installed.
    """

    def __init__(
        self, staging: Staging, ending: str, *, image: str | None = None, most: int = _MOST
    ) -> None:
        simpleitk()
        self._staging, self._ending = staging, ending
        self._chosen, self._most = Chosen(image), most
        self._written: list[Path] = []

    def add(self, entry: Entry) -> str | None:
        """Take one message."""
        message = entry.message
        if not isinstance(message, Image):
            return _NOT_HELD
        if not self._chosen.takes(message.device_name):
            return OTHER_DEVICE
        if len(self._written) >= self._most:
            raise RecordingError(
                f"more than {self._most} images, each of which would be a file: choose some "
                "(--device, --from, --to), allow more (--most), or write a sequence (.seq.nrrd)"
            )
        path = self._staging.new(self._ending)
        try:
            write_image(message, path)
        except SourceError as error:
            if path.exists():  # the image was fine, writing it was not
                raise RecordingError(f"cannot write {path}: {_reason(error, path)}") from error
            return f"cannot be written: {_reason(error, path)}"
        self._written.append(path)
        return None

    def check(self) -> None:
        """Refuse what has no images of the device that was asked for.

        Raises:
            RecordingError: there is none; the text says of which devices there are.
        """
        self._chosen.check()

    def close(self) -> None:
        """Name the files."""
        target, count = self._staging.target, len(self._written)
        digits = max(3, len(str(count)))
        stem, ending = target.name[: -len(self._ending)], target.name[-len(self._ending) :]
        for number, path in enumerate(self._written, start=1):
            name = target.name if count == 1 else f"{stem}-{number:0{digits}}{ending}"
            self._staging.keep(path, target.with_name(name))

    def abandon(self) -> None:
        """Nothing is open between two messages."""


def _reason(error: SourceError, path: Path) -> str:
    """What went wrong, without the temporary name."""
    return str(error).removeprefix(f"cannot write {path}: ")
