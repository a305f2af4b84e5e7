"""The command line: `igtl VERB ...`.

One module a verb. Each has `DESCRIPTION` and `EXAMPLES` for its help, `add_arguments(parser)`, and
`run(options)`, which does the work and returns the exit status. `program` finds the verb and is the
only one to end the process; what several verbs need lies beside it, by subject.
"""

from __future__ import annotations

from igtl.cli.program import main

__all__ = ["main"]
