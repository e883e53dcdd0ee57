"""The regularization path: score, cost and weights against lambda (alpha), from large to small."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import clone

from multilayer._checks import check_flag, check_real
from multilayer.estimators.base import BaseMLP
from multilayer.exceptions import ParameterError
from multilayer.packs import run_task
from multilayer.packs.members import Member
from multilayer.packs.running import PackListener
from multilayer.selection.curves.experiment import (
    CurvePoint,
    CurvePoints,
    Experiment,
    checked_network,
    experiment_of,
    run_members,
)
from multilayer.selection.curves.regularization_result import RegularizationPath
from multilayer.selection.data import Data, network_of
from multilayer.selection.protocols import CV, Estimator, Scoring
from multilayer.selection.statistics import Array
from multilayer.selection.training import ModelTraining
from multilayer.training.batching import RowNumbers
from multilayer.training.loop import deferred_interrupt

# Half powers of ten.  The cost counts alpha / 2 Σ θ² a batch, divided by the batch's rows.
ALPHAS = tuple(float(f"{alpha:.2g}") for alpha in np.logspace(-3, 2, 11))
# A layer has collapsed if the norm of its weights is below this share of the norm at the start of training.
COLLAPSED = 0.1


def regularization_path(
    estimator: Estimator,
    X: ArrayLike,
    y: ArrayLike,
    *,
    scoring: Scoring = None,
    cv: CV = 5,
    groups: ArrayLike | None = None,
    sample_weight: ArrayLike | None = None,
    alphas: ArrayLike | None = None,
    warm_start: bool = True,
    callbacks: Sequence[PackListener] = (),
    n_jobs: int | None = None,
    backend: str | None = None,
) -> RegularizationPath:
    """Train with several values of ``alpha``, the largest first, to see how much regularisation is needed.

    Each fold is held out and scored once.  Each network starts with the weights of the previous one, and ``fit``
    trains it with its usual step size, stop rule and ``max_iter`` epochs.  The order is from large to small, so that
    weights start small and grow as alpha decreases; in the other order, saturated units and overfitted networks would
    change slowly.  After an alpha so large that the weights of a layer almost vanish, the next network starts from new
    weights, because the gradient at 0 is 0.

    A network has therefore been trained for more epochs than by one ``fit``.  ``warm_start=False`` trains each network
    from new weights, as ``fit`` does.

    Parameters
    ----------
    estimator : MLPClassifier, MLPRegressor, or a Pipeline that ends in one
        It is cloned for each fit and not changed; only ``alpha`` differs.
    X : array, sparse matrix or frame of shape (m, s_1)
        The rows, as for ``fit``.
    y : array of shape (m,) or (m, K)
        The targets, as for ``fit``.
    scoring : str, callable or None, default=None
        One metric, higher is better; None for the estimator's own ``score``.
    cv, groups, sample_weight : as for :func:`cross_validate`
        The folds, and the groups and weights of the rows.
    alphas : array of shape (n,) or None, default=None
        The values, not negative; None for half powers of ten from 0.001 to 100.
    warm_start : bool, default=True
        Whether a network starts with the weights of the previous one.
    callbacks, n_jobs, backend : as for :func:`cross_validate`
        Receivers of an event for each fit, and how fits are run.  With ``warm_start`` a member is the whole path of a
        fold.

    Returns
    -------
    RegularizationPath
        The scores of fits that failed, or that Ctrl-C prevented, are NaN.

    Raises
    ------
    InputError
        If the estimator is not a network of this library.
    ParameterError
        If an alpha is negative or not a number.
    Exception
        The first error of the fits, if all of them fail.
    InterruptedTrainingError
        If Ctrl-C is pressed before any fit is finished.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from multilayer import MLPClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> model = MLPClassifier((16,), solver="lbfgs", max_iter=1000, tol=1e-3, random_state=0)
    >>> path = regularization_path(model, X, y, alphas=[0.01, 1, 100, 10000])
    >>> 0.01 <= path.best <= path.simplest < 10000
    True

    References
    ----------
    Friedman, J., Hastie, T. and Tibshirani, R. (2010). Regularization paths for generalized linear models via
    coordinate descent. Journal of Statistical Software 33(1).  Order and warm starts.
    """
    rising = _checked_alphas(alphas)
    check_flag("warm_start", warm_start)
    checked_network(estimator)
    on = experiment_of(estimator, Data.of(X, y, sample_weight, estimator), groups, scoring, cv)
    falling = list(range(len(rising)))[::-1]
    parts = [falling] if warm_start else [[i] for i in falling]
    members = [
        Member((fold, part[0]), partial(_path, on, train, test, [(i, float(rising[i])) for i in part]), size=len(train))
        for fold, (train, test) in enumerate(on.splits)
        for part in parts
    ]
    paths, _ = run_members(
        on,
        members,
        n_jobs,
        backend,
        callbacks,
        curve="the regularization path",
        what="folds" if warm_start else "trainings",
    )
    return _gathered(rising, on, paths, warm_start)


def _checked_alphas(alphas: Any) -> Array:
    given = ALPHAS if alphas is None else alphas
    if isinstance(given, str) or np.ndim(given) != 1 or not len(given):
        raise ParameterError(f"alphas must be a list of non-negative numbers, got {alphas!r}. Write [0.01, 0.1, 1].")
    for alpha in given:
        try:
            check_real("alphas", alpha, 0.0)
        except ParameterError:
            raise ParameterError(
                f"alphas must be finite, non-negative numbers, and one of them is {alpha!r}. Remove it."
            ) from None
    return np.unique([float(alpha) for alpha in given])


def _path(
    on: Experiment, train: RowNumbers, test: RowNumbers, alphas: Sequence[tuple[int, float]]
) -> dict[int, CurvePoint | Exception]:
    """Return the result of each alpha on one fold by the index of the alpha; an error for a fit that failed."""
    known = on.known(train, test)
    found: dict[int, CurvePoint | Exception] = {}
    before: BaseMLP | None = None
    with deferred_interrupt() as interrupt:
        for place, alpha in alphas:
            model = clone(on.estimator)
            network_of(model).set_params(alpha=alpha)
            if before is not None:
                network_of(model).set_params(initialization=[theta.copy() for theta in before.thetas_])
            try:
                found[place] = _point(on, model, train, test, known)
                before = None if _has_collapsed(network_of(model)) else network_of(model)
            except Exception as error:
                found[place], before = error, None
            if interrupt.pressed:
                break
    return found


def _point(on: Experiment, model: Any, train: RowNumbers, test: RowNumbers, known: RowNumbers) -> CurvePoint:
    fitted = run_task(ModelTraining(on.data, model, train, clones=False))
    norms = tuple(float(np.linalg.norm(W)) for W in network_of(model).coefs_)
    return on.point(train, test, fitted, known, norms=norms)


def _has_collapsed(network: BaseMLP) -> bool:
    """Return whether the weights of a layer are much smaller than initial ones (Glorot and Bengio 2010)."""
    usual = [math.sqrt(2.0 * W.size / sum(W.shape)) for W in network.coefs_]
    return any(np.linalg.norm(W) < COLLAPSED * norm for W, norm in zip(network.coefs_, usual, strict=True))


def _gathered(rising: Array, on: Experiment, paths: dict[Any, Any], warm_start: bool) -> RegularizationPath:
    every = {(i, fold): each for (fold, _), path in paths.items() for i, each in path.items()}
    failures = {place: each for place, each in every.items() if isinstance(each, Exception)}
    known = {place: each for place, each in every.items() if not isinstance(each, Exception)}
    if failures and not known:
        raise on.data.reason(failures.values())
    found = CurvePoints(known, failures, (len(rising), len(on.splits)))
    found.warn()
    norms = np.full((*found.shape, max((len(each.values["norms"]) for each in known.values()), default=1)), math.nan)
    for place, each in known.items():
        norms[place] = each.values["norms"]
    table = found.table
    return RegularizationPath(
        rising,
        table("train_score"),
        table("test_score"),
        table("train_cost"),
        table("test_cost"),
        table("fit_time"),
        norms,
        on.metric,
        warm_start,
        failures,
        on.constant(),
    )
