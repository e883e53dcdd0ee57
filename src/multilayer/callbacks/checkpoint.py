"""Training written down so that it can go on after a crash."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import numpy as np

from multilayer.callbacks.base import Callback
from multilayer.exceptions import ParameterError
from multilayer.training import EpochEnded, RunEnded, RunStarted

# After these the last checkpoint stays: what came after it is no whole epoch, or no numbers.
_NOT_WRITTEN = ("diverged", "error", "interrupted")


class Checkpoint(Callback):
    """The estimator as it stands, in a file, again and again while it trains.

    After a crash ``multilayer.resume(path, X, y)`` takes the training to the end that it would have had, bit for bit;
    ``multilayer.load_model(path)`` is the estimator as it stood.  The file is replaced as a whole: whatever happens
    while it is written, there is a whole one under its name.  When training ends, it holds what ``fit`` has made.

    It holds numbers and plain JSON: no callbacks, and no parameters that are code.  An estimator with such a one is
    refused before its first epoch.  Give each fit a path of its own: the folds of a cross-validation would all write
    to one.  The members of an ensemble have files of their own: of ``run.safetensors`` member i writes
    ``run-i.safetensors``.

    Parameters
    ----------
    path : str or path
    every : int, default=1
        Epochs from one checkpoint to the next; iterations of L-BFGS.
    seconds : float or None, default=None
        The least time from one to the next, for networks whose epochs are short: an epoch that comes sooner is not
        written.
    keep : int, default=1
        How many files to keep: ``path``, and the checkpoints before it as path.1, path.2, ...

    Raises
    ------
    ParameterError
        For parameters out of range; when training begins, for an estimator that cannot be stored.
    ModelFileError
        If the file cannot be written: training ends there.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from multilayer import MLPClassifier, load_model
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "run.safetensors"
    >>> options = {"max_iter": 20, "n_iter_no_change": None, "random_state": 0}
    >>> model = MLPClassifier((8,), callbacks=[Checkpoint(path, every=5)], **options)
    >>> model = model.fit([[0.0], [1.0]], [0, 1])
    >>> load_model(path).n_iter_
    20
    """

    def __init__(
        self, path: str | os.PathLike[str], every: int = 1, *, seconds: float | None = None, keep: int = 1
    ) -> None:
        for name, value in (("every", every), ("keep", keep)):
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise ParameterError(f"{name} must be a positive integer, got {value!r}.")
        if seconds is not None and not (isinstance(seconds, int | float) and seconds >= 0):
            raise ParameterError(f"seconds must be a number of at least 0 or None, got {seconds!r}.")
        self.path, self.every, self.seconds, self.keep = Path(path), every, seconds, keep
        self._snapshot: Callable[[], Any] | None = None
        self._last_epoch = 0  # whose end is that of the run, and written then
        self._written = 0.0  # when

    def __getstate__(self) -> dict[str, Any]:
        # What is trained is no part of a copy, and cannot be pickled.
        return {**vars(self), "_snapshot": None}

    def for_member(self, number: int) -> Self:
        path = self.path.with_name(f"{self.path.stem}-{number}{self.path.suffix}")
        return type(self)(path, self.every, seconds=self.seconds, keep=self.keep)

    def on_fit_begin(self, snapshot: Callable[[], Any]) -> None:
        self._snapshot = snapshot

    def on_run_begin(self, event: RunStarted) -> None:
        from multilayer.files.models import describe

        if self._snapshot is None:
            raise ParameterError(
                "a Checkpoint writes an estimator down, and this training has none. Pass it as callbacks=[Checkpoint"
                "(path)] to MLPClassifier or MLPRegressor."
            )
        describe(self._snapshot())
        self._last_epoch = event.epochs_before + event.max_epochs
        self._written = time.monotonic()

    def on_epoch_end(self, event: EpochEnded) -> None:
        is_due = event.epoch % self.every == 0 and event.epoch < self._last_epoch
        if is_due and (self.seconds is None or time.monotonic() - self._written >= self.seconds):
            self._write()

    def on_run_end(self, event: RunEnded) -> None:
        try:
            if event.reason not in _NOT_WRITTEN:
                self._write()
        finally:
            self._snapshot = None

    def _write(self) -> None:
        from multilayer.files.models import save_model

        if self._snapshot is None:
            return
        model = self._snapshot()
        # Weights that have left the finite numbers are found by the next update; the last good ones stay in the file.
        if all(np.isfinite(each).all() for each in (model.parameters_, model._training_state.descent.parameters)):
            save_model(model, self.path, keep=self.keep)
            self._written = time.monotonic()
