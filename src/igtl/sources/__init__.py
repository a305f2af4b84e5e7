"""Where messages come from when no device is at hand: simulators, image files, and your own.

    source = igtl.sources.open("tracker")
    for message in source.messages(time_s=0.5):
        ...

`igtl serve` plays any source to its clients. Packages may add sources by name; see `source`.
"""

from igtl.sources.source import Source, open_source, source_names

__all__ = ["Source", "open", "open_source", "source_names"]

open = open_source
