"""The command line: ``multilayer demo``, ``train``, ``cv``, ``search``, and ``predict`` to ``serve`` for saved models.

``commands`` has the commands, ``evaluation`` the run on one split or several and its scores, ``output``
what is printed and written.  NumPy, scikit-learn and the rest of this library are imported when a command runs, so that
``multilayer --help`` answers at once.

Exit codes, each but 0 and 141 with one line on stderr:

=====  ==============================================================================================
0      done
1      out of memory; an error in this program; standard output or a file of ``--out`` that cannot be
       written (a full disk); ``--minutes`` that ended before there was a result
2      wrong usage, or data that cannot be used
130    Ctrl-C: the first ends the work and keeps its results, the second ends the command at once
141    the reader of standard output has left (``| head -1``); with ``--out`` all files are written
143    SIGTERM, which is treated as Ctrl-C
=====  ==============================================================================================
"""

from __future__ import annotations

from multilayer.cli.group import cli as main

__all__ = ["main"]
