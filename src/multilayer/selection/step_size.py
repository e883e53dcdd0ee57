"""The learning-rate range test (Smith, 2017): the cost while the step size rises from update to update."""

from __future__ import annotations

import copy
import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import check_random_state

from multilayer._checks import check_integer, check_real
from multilayer.engines import Batches
from multilayer.estimators.base import BaseMLP
from multilayer.exceptions import DivergenceError, InputError, ParameterError
from multilayer.fits.errors import DIVERGENCE_IN_SCIKIT_LEARN
from multilayer.fits.fit import Fit
from multilayer.fits.rows import FitRequest
from multilayer.fits.settings import settings_of
from multilayer.results import Column, Result, Table, frame
from multilayer.selection.statistics import Array
from multilayer.training import Recipe
from multilayer.training.batching import RowNumbers, epochs_of_batches, next_orders

# The number of updates after which a cost counts a third in the smoothed cost, as a share of all updates.
SMOOTHING = 1 / 60
# The smallest and the largest suggestion, as shares of the step size with the lowest cost.  That one is too large: the
# cost no longer falls there, and hundreds of epochs diverge where a few updates do not.  A network whose cost falls
# fastest long before needs larger steps after the start, so that much less than a tenth is too small.
CAUTION = (1 / 10, 1 / 5)
# A smaller fall, as a share of the cost, is noise.
LEAST_FALL = 0.01
UPDATES_PER_CALL = 16  # between two checks whether the test is over; the result does not depend on it

ENDS = {
    "ceiling": "the smoothed cost rose above {ceiling:g} times its minimum",
    "not finite": "the cost was no longer finite",
    "last": "the last step size was reached",
}


@dataclass(frozen=True, eq=False)
class StepSizeTest(Result):
    """The result of :func:`find_step_size`; print it, or draw it by :func:`multilayer.plots.plot_step_sizes`.

    Attributes
    ----------
    step_sizes : array of shape (n,)
        The step size of each update, rising by a constant factor.
    costs : array of shape (n,)
        The cost of each update's batch before the update, in the units of ``loss_curve_``.
    smoothed : array of shape (n,)
        The mean of the neighbouring costs, in which near ones count most.
    suggestion : float or None
        The step size to start with; None if the cost has not fallen.
    steepest : float or None
        The step size at which the smoothed cost fell fastest.
    lowest : float
        The step size at which it was lowest.
    ended : {"ceiling", "not finite", "last"}
        Why the test ended.
    settings : str
        How the suggestion was chosen, in a sentence.
    """

    step_sizes: Array
    costs: Array
    smoothed: Array
    suggestion: float | None
    steepest: float | None
    lowest: float
    ended: str
    settings: str

    def __len__(self) -> int:
        return len(self.step_sizes)

    def __repr__(self) -> str:
        found = "none" if self.suggestion is None else f"{self.suggestion:.2g}"
        return f"<StepSizeTest: suggestion {found}; {self._course}>"

    @property
    def table(self) -> Table:
        """The test as a table.

        The smoothed cost at the first step size of each power of ten, and below how the suggestion was chosen.
        """
        powers = 10.0 ** np.unique(np.floor(np.log10(self.step_sizes) + 1e-9))
        first = np.searchsorted(self.step_sizes, powers * (1 - 1e-9))
        rows = list(zip(self.step_sizes[first].tolist(), self.smoothed[first].tolist(), strict=True))
        title = "no suggestion" if self.suggestion is None else f"learning_rate_init={self.suggestion:.2g}"
        how = f"{self.settings[0].upper()}{self.settings[1:]}"
        return Table((Column("step size", ".1e"), Column("cost", ".4g")), rows, title, [how, f"{self._course}."])

    def to_frame(self) -> Any:
        """The test as a frame.

        Returns
        -------
        pandas.DataFrame
            A row for each update: step size, cost, smoothed cost.
        """
        return frame({"step_size": self.step_sizes, "cost": self.costs, "smoothed_cost": self.smoothed})

    @property
    def _course(self) -> str:
        return f"{len(self)} updates from {self.step_sizes[0]:.2g} to {self.step_sizes[-1]:.2g}"


def find_step_size(
    estimator: BaseMLP,
    X: ArrayLike,
    y: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    first: float = 1e-7,
    last: float = 100.0,
    n_updates: int = 300,
    ceiling: float = 4.0,
) -> StepSizeTest:
    """Suggest a ``learning_rate_init`` by training while the step size rises from update to update.

    The network starts with the weights, rows and batches of ``estimator.fit(X, y)``, and is trained by its solver, with
    its cost, penalties, dropout and clipping.  Step sizes rise by a constant factor.  The cost is constant at first,
    then falls, and rises in the end.  The suggestion is the step size at which the smoothed cost falls fastest over the
    logarithm of the step size, but at least a tenth and at most a fifth of the step size with the lowest cost.

    The estimator is neither fitted nor changed, and neither is its ``random_state``.  Its schedule,
    ``weight_averaging`` and ``warm_start`` have no effect on the test.

    Parameters
    ----------
    estimator : MLPClassifier or MLPRegressor
        Fitted or not, with solver="adam" or "sgd".
    X : array, sparse matrix or frame of shape (m, s_1)
        The rows, as for ``fit``.
    y : array of shape (m,) or (m, K)
        The targets, as for ``fit``.
    sample_weight : array of shape (m,) or None, default=None
        The weight of each row.
    first : float, default=1e-7
        The first step size.
    last : float, default=100.0
        The last and largest step size.
    n_updates : int, default=300
        Updates from ``first`` to ``last``.  With more updates there are more rows for each step size: the curve is
        smoother, and the network has learned more when the step size gets large.
    ceiling : float, default=4.0
        The test ends when the smoothed cost is above this many times its minimum so far, or is not finite.

    Returns
    -------
    StepSizeTest
        The costs and the suggestion.

    Raises
    ------
    ParameterError
        If the solver is "lbfgs", which has no step size, or a parameter is out of its range.
    InputError
        If the estimator is none of this library, or X or y cannot be used.
    DivergenceError
        If the cost is not finite at the starting weights.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from multilayer import MLPClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> model = MLPClassifier((32,), random_state=0)
    >>> found = find_step_size(model, X / 16, y)
    >>> 0.003 < found.suggestion < 0.1
    True
    >>> model = model.set_params(learning_rate_init=found.suggestion)

    References
    ----------
    Smith, L. N. (2017). Cyclical learning rates for training neural networks. WACV.
    """
    _check(estimator, first, last, n_updates, ceiling)
    fit = _first_updates(estimator, X, y, sample_weight)
    planned = np.geomspace(first, last, n_updates)
    fading = math.exp(-1.0 / max(SMOOTHING * n_updates, 1.0))
    tested = _range_test(fit, planned, fading, ceiling)
    return _read(planned[: len(tested.costs)], tested, fading, ceiling)


def _check(estimator: Any, first: float, last: float, n_updates: int, ceiling: float) -> None:
    if not isinstance(estimator, BaseMLP):
        received = estimator.__name__ if isinstance(estimator, type) else type(estimator).__name__
        raise InputError(
            f"estimator must be an MLPClassifier or MLPRegressor, got {received}. Of a pipeline pass the network, "
            "and X as the steps before have made it: find_step_size(pipeline[-1], pipeline[:-1].fit_transform(X), y)."
        )
    if estimator.solver == "lbfgs":
        raise ParameterError(
            "find_step_size is for solver='adam' and 'sgd', got solver='lbfgs', which finds the length of each step by "
            "a line search and takes no learning_rate_init."
        )
    check_real("first", first, 0.0, open_low=True)
    check_real("last", last, first, open_low=True)
    check_integer("n_updates", n_updates, 10)
    check_real("ceiling", ceiling, 1.0, open_low=True)


@dataclass(frozen=True)
class _RangeTest:
    """The updates that were done, and why the test ended."""

    costs: Array  # (n,)
    sizes: Array  # (n,), the summed weights of the rows of each batch
    ended: str = "last"


def _first_updates(estimator: BaseMLP, X: Any, y: Any, sample_weight: Any) -> Fit:
    """The fit of an estimator from new weights, before its first update.

    Neither the estimator nor its random state is changed: the fit has the weights, held-out rows and shuffles of the
    next ``fit``.  Callbacks receive nothing.
    """
    parameters = estimator.get_params(deep=False)
    random_state = copy.deepcopy(check_random_state(settings_of(estimator).random_state))
    model = type(estimator)(**(parameters | {"random_state": random_state, "callbacks": ()}))
    return model._begin(FitRequest(X, y, sample_weight))


def _range_test(fit: Fit, planned: Array, fading: float, ceiling: float) -> _RangeTest:
    """Train with the planned step sizes until the cost is too high.

    The criterion is the mean of the costs so far, in which older costs count less.
    """
    # The test examines each update, so that weights are not averaged.
    recipe, problem = cast(Recipe, fit.session.recipe), fit.problem  # not that of L-BFGS, which has no step size
    options = replace(recipe.options, average=0.0)
    costs, sizes = np.empty(0), np.empty(0)
    for batches, counts in _parts(fit, recipe, planned):
        new = problem.engine.descend(problem.objective, recipe.rule, fit.state.descent, batches, options)
        costs = np.concatenate([costs, new / problem.cost_divisor])
        sizes = np.concatenate([sizes, counts[: len(new)]])
        diverged = not np.isfinite(costs[-1])
        if diverged:  # a cost that is not finite is not part of the curve
            costs, sizes = costs[:-1], sizes[:-1]
        if not len(costs):
            raise DivergenceError(
                f"the cost is {new[-1]} at the starting weights, before any step.",
                "Bring the columns of X and, for regression, the targets to a scale near 1 (StandardScaler, "
                f"standardize_targets=True). {DIVERGENCE_IN_SCIKIT_LEARN}",
            )
        means = _fading_means(costs, sizes, fading)
        too_high = means > _limits(np.minimum.accumulate(means), ceiling)
        if too_high.any():
            n = int(too_high.argmax()) + 1
            return _RangeTest(costs[:n], sizes[:n], "ceiling")
        if diverged:
            return _RangeTest(costs, sizes, "not finite")
    return _RangeTest(costs, sizes)


def _parts(fit: Fit, recipe: Recipe, planned: Array) -> Iterator[tuple[Batches, Array]]:
    """The updates in groups of a few, with the weights of their batches."""
    state, weight = fit.state, fit.problem.objective.sample_weight
    n_rows = fit.n_rows
    done = 0
    order: RowNumbers | None = np.arange(n_rows) if recipe.shuffle else None
    while done < len(planned):
        orders = None if order is None else next_orders(order, state.random_state, 1)
        order = None if orders is None else orders[-1]
        epoch = epochs_of_batches(orders, n_rows, recipe.batch_size, np.zeros(1), state.rows)
        n = min(len(epoch), len(planned) - done)
        for start in range(0, n, UPDATES_PER_CALL):
            part = slice(start, min(start + UPDATES_PER_CALL, n))
            starts, stops = epoch.starts[part], epoch.stops[part]
            yield (
                Batches(epoch.order, starts, stops, planned[done + part.start : done + part.stop]),
                _batch_sizes(epoch.order, starts, stops, weight),
            )
        done += n


def _batch_sizes(order: RowNumbers | None, starts: RowNumbers, stops: RowNumbers, weight: Any) -> Array:
    """The sum of the row weights of each batch, since the cost of a small last batch is a poor estimate."""
    if weight is None:
        return (stops - starts).astype(np.float64)
    rows = np.arange(len(weight)) if order is None else order
    return np.array([weight[rows[i:j]].sum(dtype=np.float64) for i, j in zip(starts, stops, strict=True)])


def _fading_means(costs: Array, sizes: Array, fading: float) -> Array:
    """The mean of the costs up to each update, in which a cost counts ``fading`` times as much as the next."""
    with np.errstate(over="ignore"):
        total, counted = (_fading_sums(values, fading) for values in (costs * sizes, sizes))
    return np.divide(total, counted, out=costs.copy(), where=counted > 0)


def _smoothed(costs: Array, sizes: Array, fading: float) -> Array:
    """The mean of the costs around each update, in which neighbours count less by a factor ``fading`` for each step.

    It uses both sides, so that a fall is not delayed.
    """
    total, counted = (
        _fading_sums(values, fading) + _fading_sums(values[::-1], fading)[::-1] - values
        for values in (costs * sizes, sizes)
    )
    return np.divide(total, counted, out=costs.copy(), where=counted > 0)


def _fading_sums(values: Array, fading: float) -> Array:
    return np.array(list(itertools.accumulate(values.tolist(), lambda total, value: fading * total + value)))


def _limits(least: Any, ceiling: float) -> Any:
    """``ceiling`` times the lowest cost; the same distance above a negative cost, which a custom loss may have."""
    return least + (ceiling - 1.0) * np.abs(least)


def _read(step_sizes: Array, tested: _RangeTest, fading: float, ceiling: float) -> StepSizeTest:
    """The result of the test by its costs."""
    costs, sizes = tested.costs, tested.sizes
    means = _fading_means(costs, sizes, fading)
    turn = int(means.argmin())
    # The last costs of a divergence may be huge and would dominate the mean: they are cut at the first cost.
    limit = min(float(_limits(means[turn], ceiling)), float(means[: turn + 1].max()))
    tamed = np.concatenate([costs[:turn], np.minimum(costs[turn:], limit)])
    smoothed = _smoothed(tamed, sizes, fading)
    low = int(smoothed.argmin())
    lowest, end = float(step_sizes[low]), ENDS[tested.ended].format(ceiling=ceiling)
    if smoothed[0] - smoothed[low] <= LEAST_FALL * max(abs(smoothed[0]), abs(smoothed[low])):
        how = f"the cost has not fallen: {smoothed[0]:.3g} at first, {smoothed[low]:.3g} at its lowest; {end}."
        return StepSizeTest(step_sizes, costs, smoothed, None, None, lowest, tested.ended, how)
    steep = float(step_sizes[int(np.gradient(smoothed, np.log(step_sizes))[: low + 1].argmin())])
    suggestion = min(max(steep, CAUTION[0] * lowest), CAUTION[1] * lowest)
    how = f"the smoothed cost fell fastest at {steep:.2g} and was lowest at {lowest:.2g}"
    if suggestion != steep:
        share, why = (
            ("fifth", "larger steps are too close to divergence")
            if suggestion < steep
            else ("tenth", "smaller steps are slow")
        )
        how = f"the suggestion is a {share} of the step size with the lowest cost, because {why}: {how}"
    return StepSizeTest(step_sizes, costs, smoothed, suggestion, steep, lowest, tested.ended, f"{how}; {end}.")
