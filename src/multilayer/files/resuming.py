"""Resuming of an interrupted training from a checkpoint."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from numpy.typing import ArrayLike
from sklearn.utils.validation import _num_samples

from multilayer.estimators.base import BaseMLP
from multilayer.exceptions import InputError, ParameterError
from multilayer.files.models import load_model
from multilayer.files.schema import stored
from multilayer.fits.rows import ValidationArguments
from multilayer.training import Listener, TrainingState

UNFINISHED = ("", "interrupted")  # reasons of runs that can be resumed


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
    """Resume the training of a :class:`~multilayer.callbacks.Checkpoint`.

    With the data of the interrupted ``fit``, the result is the same as without the interruption, bit for bit, on the
    same machine.  L-BFGS continues from the last weights with an empty memory.  A finished training stays unchanged.

    Parameters
    ----------
    path : str or path
        A file written by a Checkpoint or by save_model.
    X, y, sample_weight, X_val, y_val, sample_weight_val, groups : as for ``fit``
        The data of the interrupted fit, which the file does not hold.
    callbacks : sequence of callables, default=()
        Callbacks of the estimator, such as another Checkpoint; the file does not hold them either.

    Returns
    -------
    MLPClassifier or MLPRegressor
        The fitted estimator; ``n_iter_`` counts the epochs from the start of the fit.

    Raises
    ------
    ModelFileError
        As for :func:`load_model`.
    InputError
        If the number of rows differs, and as for ``fit``.
    ParameterError
        For a file of ``partial_fit``, which has no end to resume to, or of an ensemble.

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
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "state.safetensors"
    >>> options = {"max_iter": 20, "n_iter_no_change": None, "random_state": 0}
    >>> MLPClassifier(callbacks=[Checkpoint(path), Crash()], **options).fit(X, y)
    Traceback (most recent call last):
    MemoryError
    >>> model = resume(path, X, y)
    >>> model.n_iter_, model.loss_curve_ == MLPClassifier(**options).fit(X, y).loss_curve_
    (20, True)

    References
    ----------
    The state that a checkpoint holds is described in src/multilayer/files/FORMAT.md.
    """
    model = load_model(path)
    if not isinstance(model, BaseMLP):
        raise ParameterError(
            f"{path} holds an {type(model).__name__}, whose training is complete. Use load_model(path)."
        )
    model.callbacks = callbacks
    state = stored(model, "training")
    if stored(model, "last_was_partial_fit"):
        raise ParameterError(
            f"{path} was trained by partial_fit, which has no end to resume to. "
            "Call partial_fit on the result of load_model(path)."
        )
    if state.reason not in UNFINISHED or model.n_iter_ >= model.max_iter:
        return model
    _check_same_rows(state, X)
    return model._finish(X, y, sample_weight, ValidationArguments(X_val, y_val, sample_weight_val, groups))


def _check_same_rows(state: TrainingState, X: Any) -> None:
    n_before = state.n_divided if state.rows is not None else None if state.order is None else len(state.order)
    if n_before is not None and _num_samples(X) != n_before:
        raise InputError(
            f"X has {_num_samples(X)} rows, and the training to resume had {n_before}. Pass the data of that fit; "
            "to continue with other data, use load_model, set_params(warm_start=True) and fit."
        )
