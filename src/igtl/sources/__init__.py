"""Where messages come from: simulators, cameras, trackers, recordings, films, images, your own.

    source = igtl.sources.open("tracker")
    for message in source.messages(time_s=0.5):
        ...

`igtl serve` plays any source to its clients. Packages may add sources by name or by the ending of
files; see `source`.
"""

from igtl.sources.opening import open_source, source_names
from igtl.sources.source import Source

__all__ = ["Source", "open", "open_source", "source_names"]

open = open_source
