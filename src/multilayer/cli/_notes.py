"""Warnings as notes: one readable line each, in place of Python's two with a path."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from multilayer.cli._output import Output
from multilayer.exceptions import InterruptedTrainingWarning

Wording = Callable[[Warning], str]


@contextmanager
def notes_for_warnings(output: Output, wording: Wording = str) -> Iterator[None]:
    """Within this block warnings are collected; at its end, each different one is a note.

    At the end, so that no line is printed into a progress bar.  Deprecations are for programmers and stay out.  A
    training that Ctrl-C has ended marks the command as interrupted.

    Parameters
    ----------
    output : Output
    wording : function of a warning
        The text of its note; "" for none.
    """
    texts: dict[str, None] = {}

    def keep(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
        if issubclass(category, InterruptedTrainingWarning):
            output.interrupt()
        if not issubclass(category, DeprecationWarning | FutureWarning | PendingDeprecationWarning):
            texts[wording(message if isinstance(message, Warning) else category(message))] = None

    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = keep
        try:
            yield
        finally:
            for text in filter(None, texts):
                output.note(text)
