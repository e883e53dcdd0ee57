"""The command line: ``multilayer demo``, ``train``, ``cv`` and ``search``.

One module a command, by its name; what they share is in the modules that begin with ``_``.  NumPy,
scikit-learn and the rest of this library are imported by the commands as they run, so that ``multilayer --help``
answers at once.

Exit codes, each but 0 and 141 with one line on stderr:

=====  ==============================================================================================
0      done
1      out of memory, a fault of this program; standard output or a file of ``--out`` that cannot be
       written (a full disk); ``--minutes`` that were over before there was a result
2      wrong usage, or data that cannot be used
130    Ctrl-C: the first ends the work and keeps its results, the second ends the command at once
141    nobody reads standard output any more (``| head -1``); with ``--out`` all files are there
143    SIGTERM, which is treated as Ctrl-C
=====  ==============================================================================================
"""

from __future__ import annotations

from multilayer.cli._group import cli as main

__all__ = ["main"]
