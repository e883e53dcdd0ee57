"""The capacity curve: score and cost against units and layers, in training and in validation: bias and variance."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import clone

from multilayer.exceptions import ParameterError
from multilayer.fits.errors import FitWarning
from multilayer.fits.rows import Keep
from multilayer.fits.settings import LOSS, check_hidden_layer_sizes
from multilayer.packs.members import Member
from multilayer.packs.running import THREADS, PackListener
from multilayer.selection.curves.capacity_result import CapacityCurve
from multilayer.selection.curves.measuring import Bench, bench, checked_network, measured, table_of, tell
from multilayer.selection.fitting import Data, network_of, work_of
from multilayer.selection.statistics import Array
from multilayer.selection.training import Fitted, ModelTraining
from multilayer.training.batching import RowNumbers

CAPACITIES = ((), (4,), (16,), (64,), (64, 64))


@dataclass(frozen=True)
class _Point:
    """One network: its scores, its costs at the end and after each epoch, its size."""

    train_score: float
    test_score: float
    train_cost: float
    test_cost: float
    fit_time: float
    n_weights: int
    train_curve: Sequence[float]
    test_curve: Sequence[float]
    warnings: Sequence[FitWarning]


def capacity_curve(
    estimator: Any,
    X: Any,
    y: Any,
    *,
    scoring: Any = None,
    cv: Any = 5,
    groups: ArrayLike | None = None,
    sample_weight: ArrayLike | None = None,
    capacities: Sequence[int | Sequence[int]] = CAPACITIES,
    callbacks: Sequence[PackListener] = (),
    n_jobs: int | None = None,
    backend: str = THREADS,
) -> CapacityCurve:
    """How many units and layers?  Train networks of each size, and score them on a fold left out, for each fold.

    All networks are one pack.  Too few units cannot learn the rows they are trained on (bias: both costs stay high);
    too many learn them by heart (variance: the training cost falls on while the validation cost rises).

    The fold left out is looked at after each epoch, and decides nothing: it neither ends a training nor chooses its
    weights, which are those that ``fit`` on the training rows ends with.  With ``early_stopping=True`` the network
    holds rows of its own out of the training rows, as ever, and the costs of validation after each epoch are theirs.

    Parameters
    ----------
    estimator : MLPClassifier, MLPRegressor, or a Pipeline that ends in one
        It is cloned for each training and not changed; only ``hidden_layer_sizes`` differ.
    X, y
        As its ``fit`` takes them.
    scoring, cv, groups, sample_weight
        As in :func:`cross_validate`, with a single metric.
    capacities : sequence of tuple of int, default=((), (4,), (16,), (64,), (64, 64))
        Values for ``hidden_layer_sizes``; () is the linear model.
    callbacks, n_jobs, backend
        As in :func:`cross_validate`.

    Returns
    -------
    CapacityCurve
        Trainings that failed, and after Ctrl-C those that were not done, are NaN.

    Raises
    ------
    InputError
        For an estimator that is no network.
    ParameterError
        For capacities that are no layer sizes.
    Exception
        The first error of the trainings, where all of them failed.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from multilayer import MLPClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> model = MLPClassifier(max_iter=100, n_iter_no_change=None, learning_rate_init=0.01, random_state=0)
    >>> curve = capacity_curve(model, X, y, capacities=[(1,), (16,)])
    >>> print(curve.conclusion)
    (16,) is best: accuracy 0.9... ± 0.0...
    """
    sizes = _checked_capacities(capacities)
    stops_early = bool(checked_network(estimator).early_stopping) and checked_network(estimator).solver != "lbfgs"
    on = bench(estimator, Data.of(X, y, sample_weight, estimator), groups, scoring, cv)
    models = [_of_size(on.estimator, size) for size in sizes]
    members = [
        Member((i, fold), _training(on, model, train, test, stops_early), size=work_of(model, len(train)))
        for fold, (train, test) in enumerate(on.splits)
        for i, model in enumerate(models)
    ]
    values, failures = measured(on, members, n_jobs, backend, callbacks)
    tell(values.values(), len(members))
    return _gathered(sizes, on, values, stops_early, failures)


def _gathered(
    sizes: Sequence[tuple[int, ...]], on: Bench, values: Any, stops_early: bool, failures: Any
) -> CapacityCurve:
    n_folds = len(on.splits)
    table = partial(table_of, values, (len(sizes), n_folds))
    # Where folds differ, in labels or in columns that a step before makes of them, the largest network counts.
    n_weights = np.nan_to_num(table("n_weights"), nan=-1.0).max(axis=1)
    return CapacityCurve(
        tuple(sizes),
        np.where(n_weights < 0, np.nan, n_weights),
        table("train_score"),
        table("test_score"),
        table("train_cost"),
        table("test_cost"),
        table("fit_time"),
        tuple(_stacked(values, "train_curve", i, n_folds) for i in range(len(sizes))),
        tuple(_stacked(values, "test_curve", i, n_folds) for i in range(len(sizes))),
        on.metric,
        stops_early,
        failures,
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


def _training(on: Bench, blank: Any, train: RowNumbers, test: RowNumbers, stops_early: bool) -> ModelTraining:
    model = clone(blank)
    known = on.known(train, test)
    watched = None if stops_early or not _can_validate(on, known) else known
    if watched is not None:
        network_of(model).set_params(early_stopping=False, early_stopping_metric=LOSS)
    finish = partial(_point, on, train, test, known)
    keep: Keep = "best" if watched is None else "last"
    return ModelTraining(on.data, model, train, finish, watched, keep, clones=False)


def _point(on: Bench, train: RowNumbers, test: RowNumbers, known: RowNumbers, fitted: Fitted) -> _Point:
    model = fitted.model
    network = network_of(model)
    return _Point(
        on.score(model, train),
        on.score(model, test),
        on.cost(model, train),
        on.cost(model, known),
        fitted.seconds,
        network.parameters_.size,
        network.loss_curve_,
        network.validation_loss_curve_ or [],
        fitted.warnings,
    )


def _can_validate(on: Bench, rows: RowNumbers) -> bool:
    """Whether ``fit`` takes the rows for validation: two of them must count."""
    weight = on.data.weight
    return (len(rows) if weight is None else int(np.count_nonzero(weight[rows]))) >= 2


def _stacked(values: Mapping[tuple[int, int], _Point], name: str, place: int, n_folds: int) -> Array:
    """The curves of one capacity, those of its folds as rows, NaN after the end of each."""
    curves: dict[int, Sequence[float]] = {fold: getattr(p, name) for (i, fold), p in values.items() if i == place}
    stacked = np.full((n_folds, max((len(curve) for curve in curves.values()), default=0)), math.nan)
    for fold, curve in curves.items():
        stacked[fold, : len(curve)] = curve
    return stacked
