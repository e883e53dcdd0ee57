"""Checkpoints, from which training can be resumed after a crash."""

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

# After these reasons the last checkpoint is kept: the weights are not those of a complete epoch, or not finite.
_NOT_WRITTEN = ("diverged", "error", "interrupted")


class Checkpoint(Callback):
    """Write the estimator to a file at the end of epochs, during training.

    After a crash, ``multilayer.resume(path, X, y)`` completes the training with the same result, bit for bit, and
    ``multilayer.load_model(path)`` returns the estimator at the last checkpoint.  The file is replaced as a whole, so
    that an interrupted write leaves the previous checkpoint.  When training ends, the file holds the result of
    ``fit``.

    The file holds numbers and plain JSON, without callbacks.  An estimator with a parameter that is code raises an
    error before its first epoch.  Use a separate path for each fit: the folds of a cross-validation would all write to
    one file.  The members of an ensemble have separate files: for ``run.safetensors``, member i writes
    ``run-i.safetensors``.

    Parameters
    ----------
    path : str or path
        The file.
    every : int, default=1
        Epochs, or iterations of L-BFGS, between checkpoints.
    seconds : float or None, default=None
        The minimum time between checkpoints, for networks with short epochs.
    keep : int, default=1
        The number of files to keep: ``path``, and earlier checkpoints as path.1, path.2, ...

    Raises
    ------
    ParameterError
        For parameters out of range; when training begins, for an estimator that cannot be stored.
    ModelFileError
        If the file cannot be written; this ends the training.

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
            raise ParameterError(f"seconds must be a non-negative number or None, got {seconds!r}.")
        self.path, self.every, self.seconds, self.keep = Path(path), every, seconds, keep
        self._snapshot: Callable[[], Any] | None = None
        self._last_epoch = 0  # written at the end of the run
        self._written = 0.0  # time of the last write

    def __getstate__(self) -> dict[str, Any]:
        # A copy does not train the same estimator, and a function cannot be pickled.
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
                "a Checkpoint stores an estimator, and this training has none. Pass callbacks=[Checkpoint(path)] to "
                "MLPClassifier or MLPRegressor."
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
        # If the weights are not finite, the next update raises an error, and the file keeps the last finite ones.
        if all(np.isfinite(each).all() for each in (model.parameters_, model._training_state.descent.parameters)):
            save_model(model, self.path, keep=self.keep)
            self._written = time.monotonic()
