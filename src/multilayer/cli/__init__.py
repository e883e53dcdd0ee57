"""The command line: ``multilayer demo``, ``train``, ``cv`` and ``search``.

One module a command, by its name; what they share is in the modules that begin with ``_``.  NumPy,
scikit-learn and the rest of this library are imported by the commands as they run, so that ``multilayer --help``
answers at once.

Exit codes: 0 fine; 2 wrong usage, or data that cannot be used, with one line on stderr; 130 ended by Ctrl-C.
"""

from __future__ import annotations

from multilayer.cli._group import cli as main

__all__ = ["main"]
