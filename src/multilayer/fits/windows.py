"""A fit on more rows than fit into memory: between two epochs its rows are replaced by others of the same number."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from multilayer.exceptions import ParameterError, ShapeError
from multilayer.fits.class_weights import BALANCED, with_class_weights
from multilayer.fits.columns import checked_weight
from multilayer.fits.errors import input_errors
from multilayer.fits.fit import Fit
from multilayer.fits.reading import validated
from multilayer.fits.rows import FitRequest
from multilayer.fits.settings import Settings
from multilayer.fits.target_scale import dtype_given
from multilayer.training import TrainingSession, TrainingState


def check_trains_by_windows(settings: Settings, *, has_validation: bool) -> None:
    """Raise an error for settings that need all rows at once.

    Parameters
    ----------
    settings : Settings
        The settings.
    has_validation : bool
        Whether there are separate validation rows.

    Raises
    ------
    ParameterError
        If they do.
    """
    if settings.solver == "lbfgs":
        raise ParameterError(
            "solver='lbfgs' needs all rows in memory, and the rows are more than one window. "
            "Use solver='adam' or 'sgd'."
        )
    if settings.early_stopping and not has_validation:
        raise ParameterError(
            "early_stopping=True would hold out rows of the first window only. Pass validation rows, or set "
            "early_stopping=False."
        )


def check_class_weight(class_weight: Any) -> None:
    """Raise an error for balanced class weights, which depend on all rows.

    Parameters
    ----------
    class_weight : object
        The parameter.

    Raises
    ------
    ParameterError
        If it is "balanced".
    """
    if isinstance(class_weight, str) and class_weight == BALANCED:
        raise ParameterError(
            "class_weight='balanced' depends on all rows, and the network is trained on a window of them at a time. "
            "Pass a dict with the weight of each class: the rows divided by the classes and by the rows of the class."
        )


def replace_rows(fit: Fit, X: Any, y: Any, sample_weight: Any = None) -> None:
    """Continue a fit with other rows, between two epochs.

    Classes, the scale of the targets and the validation rows stay.

    Parameters
    ----------
    fit : Fit
        The fit.
    X : array of shape (m, s_1)
        The rows, as many as before.
    y : array of shape (m,) or (m, K)
        Their targets; labels must be known.
    sample_weight : array of shape (m,) or None, default=None
        Their weights.

    Raises
    ------
    ShapeError
        If the number of rows is another.
    InputError
        As for ``fit``.
    ParameterError
        For balanced class weights, which depend on all rows.
    """
    problem, model = fit.problem, fit.model
    objective, adapter = problem.objective, model._target_adapter()
    n_rows = objective.X.shape[0]
    if len(X) != n_rows or not isinstance(fit.session, TrainingSession) or problem.trained_on is not None:
        raise ShapeError(f"the rows of a fit by batches can be replaced by as many others, {n_rows}, got {len(X)}.")
    dtype = objective.X.dtype
    # As a part: labels that the rows lack are allowed, unknown ones are not.
    request = FitRequest(X, y, sample_weight, resumes=True, is_part=True)
    with input_errors(X):
        X, y = validated(model, X, y, dtype, reset=False, are_labels=adapter.are_labels)
        weight = None if sample_weight is None else checked_weight(sample_weight, n_rows, dtype)
        targets = adapter.encode(y, dtype, request)
    of_classes = adapter.class_weights(y, weight, targets, is_part=True)
    if of_classes is not None:
        weight = with_class_weights(of_classes, y, weight, dtype)
    scale = model._target_scale
    Y = targets.Y if scale is None else scale.standardized(targets.Y, dtype, dtype_given(y))
    table = replace(problem.table, X=X, y=y, Y=targets.Y, weight=weight)
    fit.problem = replace(problem, objective=replace(objective, X=X, Y=Y, sample_weight=weight), table=table)


def restore(fit: Fit, state: TrainingState) -> None:
    """Continue a fit that has just begun from the stored state of an equal fit that was interrupted.

    Parameters
    ----------
    fit : Fit
        The fit, before its first update.
    state : TrainingState
        The state at the end of an epoch.
    """
    vars(fit.session.state).update(vars(state))
    fit.session.seconds = state.history.seconds
    objective = fit.problem.objective
    if objective.dropout and state.seed is not None:
        fit.problem = replace(fit.problem, objective=replace(objective, seed=state.seed))
