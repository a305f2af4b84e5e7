"""Sequence files of PLUS and 3D Slicer, written frame by frame.

Their header comes first and says what is known last: how many frames there are, and each one's
time and poses. So pixels go to a temporary file beside the target, and in the end header and
pixels are put together under the final name. That takes room on the disk for the pixels twice, for
a moment, and memory for one frame. `.mhd` and `.nhdr` keep the pixels in a file of their own, which
needs no such copy.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self, cast
from uuid import uuid4

import numpy as np
from numpy.typing import ArrayLike, NDArray

from igtl.codec.scalars import bytes_of
from igtl.errors import MessageError, RecordingError
from igtl.messages import geometry
from igtl.recording.disk import check_free, put_in_place
from igtl.sequences import metaimage, nrrd
from igtl.sequences.fields import Meaning, check_field, texts_of
from igtl.sequences.header import IMAGE_TYPE, ORIENTATION, SequenceHeader, turned
from igtl.sequences.reader import SequenceFrame

__all__ = ["ENDINGS", "Progress", "SequenceWriter"]

ENDINGS = (".mha", ".mhd", ".nrrd", ".nhdr")
"""What a sequence file may be called; `.igs.mha`, `.seq.nrrd` and the like end so, too."""

Progress = Callable[[int, int], None]
"""Is told the bytes that are done and all that there are, while a long file is put together."""

_IMAGE_TYPES = {1: "BRIGHTNESS", 3: "RGB_COLOR"}
_DATA_ENDINGS = {
    (".mhd", False): ".raw",
    (".mhd", True): ".zraw",
    (".nhdr", False): ".raw",
    (".nhdr", True): ".raw.gz",
}
_LEVEL = 1
_STEP, _PIECE = 1 << 26, 1 << 20


class SequenceWriter:
    """Writes a sequence file: `with SequenceWriter("scan.igs.mha") as writer: writer.write(frame)`.

    The file has its name when it is whole, at `close`; until then an old one stays as it was.
    Whoever leaves the `with` by an exception, or is killed, leaves no half file.

    Args:
        path: its ending says the format; see `ENDINGS`.
        compress: with zlib (MetaImage) or gzip (NRRD).
        overwrite: whether a file that is there already is replaced.
        orientation: how the pictures lie, "MF" being to the marked side and far from the probe.
            None: they are no ultrasound, and the geometry is that of a patient.
        ijk_to_lps: (4, 4) float64, voxel index (i, j, k, 1) to mm in LPS; None: the index itself.
        fields: what else to say of the whole.
        progress: is called while header and pixels are put together.

    Raises:
        RecordingError: the file is there already, cannot be written, or something does not fit.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        compress: bool = False,
        overwrite: bool = False,
        orientation: str | None = "MF",
        ijk_to_lps: ArrayLike | None = None,
        fields: Mapping[str, str] | None = None,
        progress: Progress | None = None,
    ) -> None:
        self.path, self._overwrite, self._progress = Path(path), overwrite, progress
        self._ending, self._compress = self.path.suffix.lower(), compress
        self._format: Any = nrrd if self._ending in (".nrrd", ".nhdr") else metaimage
        self._check_target()
        self._matrix = _placed(ijk_to_lps)
        self._fields = dict(fields or {})
        if orientation is not None:
            turned(np.empty((0, 0, 0)), orientation, orientation)
            self._fields = {ORIENTATION: orientation.upper()} | self._fields
        for name, text in self._fields.items():
            _check_global(name, text)
        self._deflate = zlib.compressobj(_LEVEL, wbits=self._wbits) if compress else None
        self._header: SequenceHeader | None = None
        self._closed = False
        self._temporary: list[Path] = []
        self.frames = 0
        try:
            self._lines = tempfile.TemporaryFile(dir=self.path.parent)  # noqa: SIM115
            self._pixels = self._pixel_file()
        except OSError as error:
            raise self._failed(error) from error

    @property
    def _wbits(self) -> int:
        """The container of compressed pixels: gzip in NRRD, zlib in MetaImage."""
        return zlib.MAX_WBITS | (16 if self._format is nrrd else 0)

    @property
    def _data_path(self) -> Path | None:
        """The file that is to hold the pixels, None if the header's file does."""
        ending = _DATA_ENDINGS.get((self._ending, self._compress))
        return self.path.with_suffix(ending) if ending else None

    def _check_target(self) -> None:
        """Refuse what could not be written in the end."""
        if self._ending not in ENDINGS or self.path.stem == "":
            raise RecordingError(
                f"cannot write {self.path}: names of sequence files end in one of "
                f"{', '.join(ENDINGS)}, such as scan.igs.mha"
            )
        self._check_free()

    def _check_free(self) -> None:
        for path in filter(None, (self.path, self._data_path)):
            check_free(path, overwrite=self._overwrite)

    def _failed(self, error: OSError) -> RecordingError:
        return RecordingError(f"cannot write {self.path}: {error.strerror or error}")

    def _pixel_file(self) -> BinaryIO:
        """Where the pixels go: into a file that has no name yet, or no name ever."""
        if self._data_path is None:
            return cast(BinaryIO, tempfile.TemporaryFile(dir=self.path.parent))
        return self._new(self._data_path)

    def _new(self, final: Path) -> BinaryIO:
        """A new file beside the target, under a name that it has for now."""
        path = final.with_name(f".{final.name[:100]}.{uuid4().hex[:8]}.part")
        self._temporary.append(path)
        return path.open("xb")

    def write(self, frame: SequenceFrame) -> None:
        """Append one frame. All have pixels of one shape and type.

        Raises:
            RecordingError: it does not fit to the first one, or into the file, or cannot be
                written.
        """
        if self._closed:
            raise RecordingError(f"cannot write to {self.path}: it is closed")
        try:
            pixels = self._checked(np.asarray(frame.pixels))
            lines = self._lines_of(frame)
        except RecordingError as error:
            raise RecordingError(f"cannot write frame {self.frames}: {error}") from error
        try:
            data = bytes_of(pixels)
            self._pixels.write(self._deflate.compress(data) if self._deflate else data)
            self._lines.write(lines)
        except OSError as error:
            self.discard()
            raise self._failed(error) from error
        self.frames += 1

    def _checked(self, pixels: NDArray[Any]) -> NDArray[Any]:
        """The pixels, little-endian, if they are like those of the first frame."""
        little = pixels.dtype.newbyteorder("<")
        if self._header is None:
            self._header = _header_of(pixels, little, self._matrix)
        shape, dtype = self._header.shape, self._header.dtype
        if pixels.shape != shape or little != dtype:
            raise RecordingError(
                f"its pixels have shape {pixels.shape} and are {little.name}, those of frame 0 "
                f"have {shape} and are {dtype.name}: all frames of a file are alike"
            )
        return pixels.astype(little, copy=False)

    def _lines_of(self, frame: SequenceFrame) -> bytes:
        meaning = Meaning(
            frame.timestamp,
            dict(frame.transforms),
            dict(frame.statuses),
            frame.image_status,
            dict(frame.fields),
        )
        start, separator = f"Seq_Frame{self.frames:04}_", self._format.SEPARATOR
        texts = texts_of(meaning).items()
        lines = "".join(f"{start}{name}{separator}{text}\n" for name, text in texts)
        return self._escaped(lines)

    def _escaped(self, lines: str) -> bytes:
        """Bytes of lines; NRRD marks a backslash by another one."""
        return (lines.replace("\\", "\\\\") if self._format is nrrd else lines).encode()

    def close(self) -> None:
        """Put the file together and give it its name. Closing again does nothing.

        Raises:
            RecordingError: there is no frame in it, or it cannot be written; nothing is left then.
        """
        if self._closed:
            return
        try:
            if self._header is None or not self.frames:
                raise RecordingError(f"cannot write {self.path}: no frame was written to it")
            self._put_together(self._header)
        except OSError as error:
            raise self._failed(error) from error
        finally:
            self.discard()

    def _put_together(self, header: SequenceHeader) -> None:
        if self._deflate:
            self._pixels.write(self._deflate.flush())
        self._pixels.flush()
        size = self._pixels.tell()
        image_type = _IMAGE_TYPES.get(header.components)
        fields = dict(self._fields)
        if ORIENTATION in fields and image_type:
            fields = {ORIENTATION: fields[ORIENTATION], IMAGE_TYPE: image_type} | fields
        header = replace(
            header,
            frames=self.frames,
            compressed=self._compress,
            fields=fields,
            data_file=self._data_path.name if self._data_path else "",
        )
        before, behind = self._format.written(header, size)
        with self._new(self.path) as file:
            file.write(before.encode())
            self._lines.seek(0)
            shutil.copyfileobj(self._lines, file)
            file.write(behind.encode())
            if self._data_path is None:
                file.flush()
                _copy(self._pixels.fileno(), file.fileno(), size, self._progress)
        self._pixels.close()
        self._check_free()
        finals = [path for path in (self._data_path, self.path) if path]
        for temporary, final in zip(self._temporary, finals, strict=True):
            put_in_place(temporary, final, overwrite=self._overwrite)
        self._temporary.clear()

    def discard(self) -> None:
        """Leave nothing, and write nothing more. Afterwards `close` does nothing."""
        self._closed = True
        self._pixels.close()
        self._lines.close()
        for path in self._temporary:
            path.unlink(missing_ok=True)
        self._temporary.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.discard()


def _placed(ijk_to_lps: ArrayLike | None) -> NDArray[np.float64]:
    """(4, 4) of what was given; its axes are of some length.

    Raises:
        RecordingError: it is no such matrix.
    """
    try:
        matrix = geometry.make(ijk_to_lps, None, None)
    except MessageError as error:
        raise RecordingError(f"ijk_to_lps: {error}") from error
    if not np.isfinite(matrix).all() or not np.linalg.norm(matrix[:3, :3], axis=0).all():
        raise RecordingError(f"ijk_to_lps is {matrix.tolist()}, expected axes of some length")
    return matrix


def _check_global(name: str, text: str) -> None:
    check_field(name, text)
    if name in metaimage.KEYS or name.startswith("Seq_Frame"):
        raise RecordingError(f"field {name!r} belongs to the format: choose another name")


def _header_of(
    pixels: NDArray[Any], dtype: np.dtype[Any], matrix: NDArray[np.float64]
) -> SequenceHeader:
    """The header for frames like this one, as far as it is known.

    Raises:
        RecordingError: these are no pixels of a frame.
    """
    if pixels.ndim not in (3, 4) or 0 in pixels.shape:
        raise RecordingError(f"its pixels have shape {pixels.shape}, expected (k, j, i[, c])")
    if dtype.kind not in "iuf" or (dtype.itemsize == 2 and dtype.kind == "f"):
        raise RecordingError(f"its pixels are {dtype.name}, expected integers, float32 or float64")
    k, j, i = pixels.shape[:3]
    components = pixels.shape[3] if pixels.ndim == 4 else 1
    return SequenceHeader(
        dtype=dtype,
        size=(i, j, k),
        flat=k == 1,
        frames=0,
        components=components,
        matrix=matrix,
    )


def _copy(source: int, target: int, size: int, progress: Progress | None) -> None:
    """All of a file to the end of another; inside the system where it can do that."""
    done = 0
    while done < size:
        os.lseek(source, done, os.SEEK_SET)
        moved = _moved(source, target)
        if not moved:
            raise OSError(f"{size - done} bytes of its pixels are gone")
        done += moved
        if progress is not None:
            progress(done, size)


def _moved(source: int, target: int) -> int:
    """Bytes of one step. What the system cannot do by itself is done by hand, or fails there."""
    try:
        return os.copy_file_range(source, target, _STEP)
    except (AttributeError, OSError):
        return os.write(target, os.read(source, _PIECE))
