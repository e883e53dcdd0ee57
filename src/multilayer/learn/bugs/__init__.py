"""Seven mistakes in programs that train networks, each beside the right line, and the check that finds it.

Six are variations of :func:`multilayer.equations.core.backpropagation` with one wrong line; the seventh is the order of
the rows.  :func:`train_with_bug` trains with a mistake, and :func:`check_bug` compares its gradient with central
differences.
"""

from multilayer.learn.bugs.records import BUGS, Bug
from multilayer.learn.bugs.training import check_bug, train_with_bug

__all__ = ["BUGS", "Bug", "check_bug", "train_with_bug"]
