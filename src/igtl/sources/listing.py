"""What sources there are, for people who look for one."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import NamedTuple

from igtl.errors import SourceError
from igtl.sources.opening import all_entries, loaded
from igtl.sources.options import argument_name, option_names

__all__ = ["Kind", "kinds"]


class Kind(NamedTuple):
    """One kind of source."""

    usage: str
    """What to write for it: "camera:CAMERA", "PATH.mcap"."""
    summary: str
    """What it is, in a line; or why it cannot be used."""
    needs: str
    """What has to be installed, such as "igtl[cameras]"; "" for nothing."""
    options: tuple[str, ...]
    """Their names."""


def kinds() -> Iterator[Kind]:
    """All kinds: those with a name first, then those of files, each only once."""
    from igtl.sources.files import FileSource
    from igtl.sources.pictures import PicturesSource

    entries = all_entries()
    files: dict[Callable[..., object], list[str]] = {}
    for name in sorted(entries):
        try:
            make = loaded(entries[name])
        except SourceError as error:
            yield Kind(name, str(error), "", ())
            continue
        if name.startswith("."):
            files.setdefault(make, []).append(name)
            continue
        argument = argument_name(make)
        yield _kind(f"{name}:{argument.upper()}" if argument else name, make)
    for maker, endings in files.items():
        yield _kind(" ".join(f"*{ending}" for ending in endings), maker)
    yield _kind("other files, DICOM folders", FileSource)
    yield _kind("folders of pictures", PicturesSource)


def _kind(usage: str, make: Callable[..., object]) -> Kind:
    text = inspect.getdoc(make) or ""
    return Kind(usage, text.partition("\n")[0], str(getattr(make, "needs", "")), option_names(make))
