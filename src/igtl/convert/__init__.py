"""Recordings, sequences and captures as files of other formats, and from them.

`convert` does it; `formats` is the table of what there is.
"""

from __future__ import annotations

from igtl.convert.conversion import Converted, LeftOut, convert

__all__ = ["Converted", "LeftOut", "convert"]
