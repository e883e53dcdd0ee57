"""The capacity curve: training and validation score and cost against the sizes of the hidden layers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import clone

from multilayer.exceptions import ParameterError
from multilayer.fits.rows import Keep
from multilayer.fits.settings import LOSS, check_hidden_layer_sizes
from multilayer.packs.members import Member
from multilayer.packs.running import PackListener
from multilayer.selection.curves.capacity_result import CapacityCurve
from multilayer.selection.curves.experiment import (
    CurvePoint,
    CurvePoints,
    Experiment,
    checked_network,
    experiment_of,
    points_of,
)
from multilayer.selection.data import Data, network_of, work_of
from multilayer.selection.protocols import CV, Estimator, Scoring
from multilayer.selection.statistics import Array
from multilayer.selection.training import Fitted, ModelTraining
from multilayer.training.batching import RowNumbers

CAPACITIES = ((), (4,), (16,), (64,), (64, 64))


def capacity_curve(
    estimator: Estimator,
    X: ArrayLike,
    y: ArrayLike,
    *,
    scoring: Scoring = None,
    cv: CV = 5,
    groups: ArrayLike | None = None,
    sample_weight: ArrayLike | None = None,
    capacities: Sequence[int | Sequence[int]] = CAPACITIES,
    callbacks: Sequence[PackListener] = (),
    n_jobs: int | None = None,
    backend: str | None = None,
) -> CapacityCurve:
    """Train networks of several sizes, to see how many units and layers are needed.

    Each fold is held out and scored once.  All networks are one pack.  Networks with too few units underfit (bias: both
    costs stay high); those with too many overfit (variance: the training cost falls while the validation cost rises).

    The cost on the test fold is computed after each epoch, but it neither stops training nor selects the weights:
    these are the weights at the end of ``fit`` on the training rows.  With ``early_stopping=True`` the network holds
    out some of the training rows, and the validation costs after each epoch are those of these rows.

    Parameters
    ----------
    estimator : MLPClassifier, MLPRegressor, or a Pipeline that ends in one
        It is cloned for each fit and not changed; only ``hidden_layer_sizes`` differ.
    X : array, sparse matrix or frame of shape (m, s_1)
        The rows, as for ``fit``.
    y : array of shape (m,) or (m, K)
        The targets, as for ``fit``.
    scoring : str, callable or None, default=None
        One metric, higher is better; None for the estimator's own ``score``.
    cv, groups, sample_weight : as for :func:`cross_validate`
        The folds, and the groups and weights of the rows.
    capacities : sequence of tuple of int, default=((), (4,), (16,), (64,), (64, 64))
        Values of ``hidden_layer_sizes``; () is the linear model.
    callbacks, n_jobs, backend : as for :func:`cross_validate`
        Receivers of an event for each fit, and how fits are run.

    Returns
    -------
    CapacityCurve
        The scores of fits that failed, or that Ctrl-C prevented, are NaN.

    Raises
    ------
    InputError
        If the estimator is not a network of this library.
    ParameterError
        If a capacity is not a tuple of layer sizes.
    Exception
        The first error of the fits, if all of them fail.
    InterruptedTrainingError
        If Ctrl-C is pressed before any fit is finished.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from multilayer import MLPClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> model = MLPClassifier(max_iter=100, n_iter_no_change=None, learning_rate_init=0.01, random_state=0)
    >>> curve = capacity_curve(model, X, y, capacities=[(1,), (16,)])
    >>> print(curve.conclusion)
    (16,) is best: accuracy 0.9... ± 0.0...

    References
    ----------
    Geman, S., Bienenstock, E. and Doursat, R. (1992). Neural networks and the bias/variance dilemma. Neural
    Computation 4(1).
    """
    sizes = _checked_capacities(capacities)
    stops_early = bool(checked_network(estimator).early_stopping) and checked_network(estimator).solver != "lbfgs"
    on = experiment_of(estimator, Data.of(X, y, sample_weight, estimator), groups, scoring, cv)
    models = [_of_size(on.estimator, size) for size in sizes]
    members = [
        Member((i, fold), _training(on, model, train, test, stops_early), size=work_of(model, len(train)))
        for fold, (train, test) in enumerate(on.splits)
        for i, model in enumerate(models)
    ]
    found = points_of(on, members, (len(sizes), len(on.splits)), n_jobs, backend, callbacks, curve="the capacity curve")
    table = found.table
    # Folds may differ in labels, or in the columns that earlier steps produce: the largest network is reported.
    n_weights = np.nan_to_num(table("n_weights"), nan=-1.0).max(axis=1)
    return CapacityCurve(
        sizes,
        np.where(n_weights < 0, np.nan, n_weights),
        table("train_score"),
        table("test_score"),
        table("train_cost"),
        table("test_cost"),
        table("fit_time"),
        _stacked(found, "train_curve"),
        _stacked(found, "test_curve"),
        on.metric,
        stops_early,
        found.failures,
        on.constant(),
    )


def _checked_capacities(capacities: Any) -> tuple[tuple[int, ...], ...]:
    if isinstance(capacities, str) or not hasattr(capacities, "__iter__"):
        raise ParameterError(f"capacities must be a list of hidden_layer_sizes, got {capacities!r}. Write [(64,)].")
    sizes = tuple(dict.fromkeys(check_hidden_layer_sizes("capacities", each) for each in capacities))
    if not sizes:
        raise ParameterError("capacities is empty. Pass at least one value for hidden_layer_sizes, such as (64,).")
    return sizes


def _of_size(estimator: Any, size: tuple[int, ...]) -> Any:
    model = clone(estimator)
    network_of(model).set_params(hidden_layer_sizes=size)
    return model


def _training(on: Experiment, blank: Any, train: RowNumbers, test: RowNumbers, stops_early: bool) -> ModelTraining:
    model = clone(blank)
    known = on.known(train, test)
    watched = None if stops_early or not _can_validate(on, known) else known
    if watched is not None:
        network_of(model).set_params(early_stopping=False, early_stopping_metric=LOSS)
    finish = partial(_point, on, train, test, known)
    keep: Keep = "best" if watched is None else "last"
    return ModelTraining(on.data, model, train, finish, watched, keep, clones=False)


def _point(on: Experiment, train: RowNumbers, test: RowNumbers, known: RowNumbers, fitted: Fitted) -> CurvePoint:
    network = network_of(fitted.model)
    curves = {"train_curve": network.loss_curve_, "test_curve": network.validation_loss_curve_ or []}
    return on.point(train, test, fitted, known, n_weights=network.parameters_.size, **curves)


def _can_validate(on: Experiment, rows: RowNumbers) -> bool:
    """Whether ``fit`` accepts the rows for validation: at least two must have a weight above 0."""
    weight = on.data.weight
    return (len(rows) if weight is None else int(np.count_nonzero(weight[rows]))) >= 2


def _stacked(found: CurvePoints, name: str) -> tuple[Array, ...]:
    """Return an array (folds, epochs) of curves for each capacity, padded with NaN."""
    n, n_folds = found.shape
    stacked = []
    for capacity in range(n):
        curves = {fold: each.values[name] for (i, fold), each in found.known.items() if i == capacity}
        stacked.append(np.full((n_folds, max(map(len, curves.values()), default=0)), math.nan))
        for fold, curve in curves.items():
            stacked[-1][fold, : len(curve)] = curve
    return tuple(stacked)
