"""The training of a network on more rows than fit into memory, window after window.

A window counts as an epoch of the training session: ``max_iter`` of the network is the number of windows, and
schedules, patience and curves count windows.  All rows of a window are trained on once, in batches of a random order,
before the next window; a pass over the file is ``windows_per_pass`` windows.
"""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from multilayer.fits.errors import collected_warnings
from multilayer.fits.fit import Fit, begin
from multilayer.fits.recipe import AUTO_BATCH_SIZE
from multilayer.fits.rows import NO_VALIDATION, FitRequest, ValidationArguments
from multilayer.fits.settings import Settings, settings_of
from multilayer.fits.windows import check_class_weight, check_trains_by_windows, replace_rows, restore
from multilayer.tables.streaming.checkpoints import Checkpoint, CheckpointWriter, StoredTraining, read_checkpoint
from multilayer.tables.streaming.rows_file import EncodedRows
from multilayer.tables.streaming.rows_format import Rows
from multilayer.tables.streaming.run_reports import RunReports, listeners_of
from multilayer.tables.streaming.windows import Window, WindowPlan, Windows
from multilayer.training import Listener, RunEnded, RunStarted
from multilayer.training.loop import deferred_interrupt, interrupted_by

PROBED_BATCHES = 16
# Validation of a row takes about this share of the time of its training.
COST_OF_VALIDATION = 0.35


@dataclass(frozen=True, eq=False)
class WindowTraining:
    """The rows and the options of a training by windows.

    Attributes
    ----------
    rows : EncodedRows
        The training rows.
    plan : WindowPlan
        Their windows.
    validation : Rows or None
        Validation rows, in memory; they are scored after each window.
    most_validation_rows : int or None
        Of more validation rows, so many at equal distances are scored; None for all.
    classes : sequence or None
        The class numbers of a classifier; None for those that occur in the training rows.
    checkpoint : Checkpoint or None
        Where the state is written, and resumed from.
    listeners : sequence of callables
        They receive the events of training, with windows as epochs.
    deadline : float
        The end of the training, by ``time.monotonic()``.  The number of windows is reduced to those that the measured
        speed allows, so that the schedules end with the time.
    """

    rows: EncodedRows
    plan: WindowPlan
    validation: Rows | None = None
    most_validation_rows: int | None = None
    classes: Sequence[int] | None = None
    checkpoint: Checkpoint | None = None
    listeners: Sequence[Listener] = ()
    deadline: float = math.inf

    def validation_arguments(self) -> ValidationArguments:
        """Return the validation rows as arguments of ``fit``."""
        if self.validation is None:
            return NO_VALIDATION
        rows, most = self.validation, self.most_validation_rows
        if most is not None and len(rows) > most:
            some = np.linspace(0, len(rows) - 1, most).astype(np.intp)
            weight = None if rows.weight is None else rows.weight[some]
            rows = Rows(rows.X[some], rows.y[some], weight)
        return ValidationArguments(rows.X, rows.y, rows.weight)


def train_by_windows(network: Any, training: WindowTraining) -> Any:
    """Train a network on windows of rows.

    Parameters
    ----------
    network : MLPClassifier or MLPRegressor
        An unfitted network with its parameters, which stays unfitted; ``max_iter`` is the number of windows.
    training : WindowTraining
        Rows and options.

    Returns
    -------
    MLPClassifier or MLPRegressor
        The fitted network.

    Raises
    ------
    ParameterError
        For parameters that need all rows at once.
    DataFileError
        If the rows cannot be read, or the checkpoint cannot be written or belongs to another training.
    DivergenceError
        If the cost is no longer finite.
    """
    network = clone(network)
    settings = settings_of(network)
    validation = training.validation_arguments()
    check_trains_by_windows(settings, has_validation=validation.has_rows)
    if training.plan.windows_per_pass > 1:
        check_class_weight(getattr(network, "class_weight", None))
    stored = fingerprint = None
    if training.checkpoint is not None:
        fingerprint = fingerprint_of(network, training, validation)
        stored = read_checkpoint(training.checkpoint, fingerprint)

    windows = Windows(training.rows, training.plan)
    first = windows.read(0)
    settings = _within_time(network, settings, training, first, validation, stored)
    fit = begin(network, settings, network._target_adapter(), _request(network, training, first.rows, validation))
    if stored is not None:
        restore(fit, stored.state)
    writer = None
    if training.checkpoint is not None and fingerprint is not None:
        writer = CheckpointWriter(training.checkpoint, fingerprint, settings.max_iter)
    _train(fit, windows, first, training, writer)
    fit.end()
    return network


def fingerprint_of(network: Any, training: WindowTraining, validation: ValidationArguments) -> str:
    """Return a hash of everything that the result depends on, except the deadline.

    Parameters
    ----------
    network : MLPClassifier or MLPRegressor
        The unfitted network.
    training : WindowTraining
        Rows and options.
    validation : ValidationArguments
        The validation rows.

    Returns
    -------
    str
        The hash, in hexadecimal digits.
    """
    parameters = {name: value for name, value in network.get_params(deep=False).items() if name not in _WATCHING}
    rows = training.rows
    described = [
        type(network).__name__,
        [[name, _text_of(value)] for name, value in sorted(parameters.items())],
        [rows.checksum, rows.header["fingerprint"]],
        [training.plan.window_rows, training.plan.rows_of_block, training.plan.seed],
        None if training.classes is None else [int(each) for each in training.classes],
    ]
    found = hashlib.blake2b(json.dumps(described).encode(), digest_size=16)
    for array in (validation.X, validation.y, validation.weight):
        if array is not None:
            found.update(f"{array.shape} {array.dtype}".encode())
            found.update(np.ascontiguousarray(array).data)
    return found.hexdigest()


_WATCHING = ("callbacks", "verbose", "n_jobs")  # parameters without influence on the result


def _text_of(value: Any) -> str:
    """Return the text of a parameter; that of a generator or of code would be its address in memory."""
    if isinstance(value, np.random.RandomState):
        key: Any = value.get_state(legacy=False)
        return hashlib.blake2b(repr(key["state"]["key"].tolist()).encode(), digest_size=16).hexdigest()
    return f"{value.__module__}.{value.__qualname__}" if hasattr(value, "__qualname__") else repr(value)


def _request(network: Any, training: WindowTraining, rows: Rows, validation: ValidationArguments) -> FitRequest:
    """Return the request of a fit on the first window, with the classes or the scale of all rows."""
    classes = scale = None
    if network._target_adapter().are_labels:
        known = training.rows.classes if training.classes is None else training.classes
        classes = None if known is None else np.array(known)
    elif training.plan.windows_per_pass > 1 and training.rows.moments is not None:
        scale = training.rows.moments.scale()
    return FitRequest(rows.X, rows.y, rows.weight, validation, classes=classes, target_scale=scale)


def _within_time(
    network: Any,
    settings: Settings,
    training: WindowTraining,
    first: Window,
    validation: ValidationArguments,
    stored: StoredTraining | None,
) -> Settings:
    """Return the settings for as many windows as there is time for; a resumed training keeps its number."""
    before = 0.0
    if stored is not None:
        settings, before = replace(settings, max_iter=stored.n_windows), stored.state.history.seconds
    if math.isinf(training.deadline):
        return settings
    if stored is None:
        n_rows = len(first.rows) + COST_OF_VALIDATION * (len(validation.X) if validation.has_rows else 0)
        of_window = max(n_rows * _seconds_of_row(network, training, first.rows), first.seconds)
        n_windows = (training.deadline - time.monotonic()) / of_window
        settings = replace(settings, max_iter=int(min(max(n_windows, 1), settings.max_iter)))
    if settings.max_iter > 1:  # one window is the least
        left = max(training.deadline - time.monotonic(), 0.0) + before
        settings = replace(settings, max_time=min(settings.max_time, left))
    return settings


def _seconds_of_row(network: Any, training: WindowTraining, rows: Rows) -> float:
    """Return the time of training on a row, by that of one epoch of a few batches; the least, on a busy machine."""
    batch = network.batch_size if isinstance(network.batch_size, int) else AUTO_BATCH_SIZE
    some = rows[: PROBED_BATCHES * batch]
    pace = math.inf
    for _ in range(3):  # the first one may include the compilation
        probe = clone(network).set_params(max_iter=1, early_stopping=False)
        began = time.perf_counter()
        with collected_warnings([]):
            request = _request(probe, training, some, NO_VALIDATION)
            begin(probe, settings_of(probe), probe._target_adapter(), request).train()
        pace = min(pace, (time.perf_counter() - began) / len(some))
    return pace


def _train(
    fit: Fit, windows: Windows, first: Window, training: WindowTraining, writer: CheckpointWriter | None
) -> None:
    """Train the remaining windows of a fit that has begun with the first one."""
    reports = RunReports([*listeners_of(fit), *training.listeners], time.perf_counter())
    started = RunStarted(fit.problem.objective.network, fit.n_rows, fit.max_epochs, fit.n_epochs)
    reports.pass_on(started)
    try:
        if not fit.has_ended:
            _train_windows(fit, windows, first, reports, writer, training.deadline)
        # After an interruption the last checkpoint stays: the weights are not those at the end of a window.
        if writer is not None and fit.state.reason not in ("interrupted", "max_time"):
            writer.write(fit.state)
    except BaseException:
        fit.state.reason = fit.state.reason or "error"
        raise
    finally:
        reports.pass_on(RunEnded(fit.state.reason, fit.state.history.n_epochs, reports.seconds))


def _train_windows(
    fit: Fit, windows: Windows, first: Window, reports: RunReports, writer: CheckpointWriter | None, deadline: float
) -> None:
    """Train on the windows from the next one to the end."""
    begins = first if fit.n_epochs == 0 else windows.read(fit.n_epochs)
    # Ctrl-C between two windows ends the training as within one: with the result so far.
    with (
        deferred_interrupt() as interrupt,
        interrupted_by(interrupt),
        closing(windows.ahead(begins, fit.max_epochs)) as coming,
    ):
        for window in coming:
            if window.number > 0 and windows.plan.windows_per_pass > 1:  # the fit has begun with the first one
                replace_rows(fit, window.rows.X, window.rows.y, window.rows.weight)
            fit.train(n_epochs=1, listeners=[reports])
            if not fit.has_ended and interrupt.pressed:
                fit.session.end("interrupted")
            elif not fit.has_ended and time.monotonic() >= deadline:  # reading and checkpoints take time, too
                fit.session.end("max_time")
            if fit.has_ended:
                break
            if writer is not None:
                writer.write_if_due(fit.state)


def as_rows(X: NDArray[Any], y: NDArray[Any], weight: NDArray[Any] | None = None) -> Rows:
    """Return arrays as encoded rows, such as those of a validation.

    Parameters
    ----------
    X : array of shape (m, width)
        The encoded features.
    y : array of shape (m,) or (m, K)
        The targets.
    weight : array of shape (m,) or None, default=None
        Their weights.

    Returns
    -------
    Rows
        The rows.
    """
    return Rows(np.ascontiguousarray(X, dtype=np.float32), np.asarray(y), weight)
