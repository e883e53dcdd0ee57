"""A training that was cut off, taken to its end."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from numpy.typing import ArrayLike
from sklearn.utils.validation import _num_samples

from multilayer.estimators.base import BaseMLP
from multilayer.exceptions import InputError, ParameterError
from multilayer.files.models import load_model
from multilayer.fits.rows import ValidationArguments
from multilayer.training import Listener, Run

GOES_ON = ("", "interrupted")  # the reasons for an end that is none


def resume(
    path: str | os.PathLike[str],
    X: ArrayLike,
    y: ArrayLike,
    sample_weight: ArrayLike | None = None,
    *,
    X_val: ArrayLike | None = None,
    y_val: ArrayLike | None = None,
    sample_weight_val: ArrayLike | None = None,
    groups: ArrayLike | None = None,
    callbacks: Sequence[Listener] = (),
) -> Any:
    """Take the training of a :class:`~multilayer.callbacks.Checkpoint` to its end, as if it had never been cut off.

    Given the data of the ``fit`` that was cut off, the result is the same, bit for bit, as without the cut, on the same
    machine; L-BFGS goes on from the last weights with a new memory.  Where that training had come to its end, nothing
    is trained.

    Parameters
    ----------
    path : str or path
        A file of a Checkpoint, or of save_model.
    X, y, sample_weight, X_val, y_val, sample_weight_val, groups
        As they were passed to ``fit``: a file holds no data.
    callbacks : sequence of callables, default=()
        Callbacks of the estimator, which a file does not hold either; another Checkpoint, for instance.

    Returns
    -------
    MLPClassifier or MLPRegressor
        ``n_iter_`` counts the epochs from the beginning of the fit.

    Raises
    ------
    ModelFileError
        As :func:`load_model`.
    InputError
        For another number of rows than before, and as ``fit``.
    ParameterError
        For a file of ``partial_fit``, whose training has no end, or of an ensemble.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from sklearn.datasets import make_moons
    >>> from multilayer import MLPClassifier
    >>> from multilayer.callbacks import Callback, Checkpoint
    >>> class Crash(Callback):
    ...     def on_epoch_end(self, event):
    ...         if event.epoch == 7:
    ...             raise MemoryError
    >>> X, y = make_moons(100, random_state=0)
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "run.safetensors"
    >>> options = {"max_iter": 20, "n_iter_no_change": None, "random_state": 0}
    >>> MLPClassifier(callbacks=[Checkpoint(path), Crash()], **options).fit(X, y)
    Traceback (most recent call last):
    MemoryError
    >>> model = resume(path, X, y)
    >>> model.n_iter_, model.loss_curve_ == MLPClassifier(**options).fit(X, y).loss_curve_
    (20, True)
    """
    model = load_model(path)
    if not isinstance(model, BaseMLP):
        raise ParameterError(
            f"{path} holds an {type(model).__name__}, whose training is done and cannot be resumed. "
            "Call load_model(path)."
        )
    model.callbacks = callbacks
    run = model._run
    if model._last_was_part:
        raise ParameterError(
            f"{path} was trained by partial_fit, whose parts have no end to resume. "
            "Call load_model(path), and partial_fit of what it returns."
        )
    if run.reason not in GOES_ON or model.n_iter_ >= model.max_iter:
        return model
    _check_same_rows(run, X)
    return model._finish(X, y, sample_weight, ValidationArguments(X_val, y_val, sample_weight_val, groups))


def _check_same_rows(run: Run, X: Any) -> None:
    n_before = run.n_divided if run.rows is not None else None if run.order is None else len(run.order)
    if n_before is not None and _num_samples(X) != n_before:
        raise InputError(
            f"X has {_num_samples(X)} rows, and the training to resume had {n_before}. Pass the data of that fit; "
            "to go on with others, use load_model, set_params(warm_start=True) and fit."
        )
