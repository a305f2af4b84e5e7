"""`python -m igtl`: the command line, where the `igtl` command is not on the path."""

from __future__ import annotations

import sys

from igtl.cli import main

if __name__ == "__main__":
    sys.exit(main())
