"""The learning-rate range test (Smith, 2017): what the cost does while the step size rises from update to update."""

from __future__ import annotations

import copy
import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray
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
from multilayer.training import Recipe
from multilayer.training.batching import RowNumbers, epochs_of_batches, next_orders

Array = NDArray[np.float64]

# Updates in which a neighbour's part in the smoothed cost fades to a third, as a share of all updates of a test.
SMOOTHING = 1 / 60
# The least and the largest suggestion, as shares of the step size of the least cost.  At that one the cost no longer
# falls, and what a few updates survive, hundreds of epochs do not.  And a network that starts easily falls fastest
# long before: much below a tenth, steps are small for all that comes after the start.
CAUTION = (1 / 10, 1 / 5)
# A fall by less than this share of the cost is taken for chance.
LEAST_FALL = 0.01
UPDATES_PER_CALL = 16  # after which it is seen whether the test is over; what comes out does not depend on it

ENDS = {
    "ceiling": "the smoothed cost rose above {ceiling:g} times its least",
    "not finite": "the cost was no longer finite",
    "last": "the last step size was reached",
}


@dataclass(frozen=True, eq=False)
class StepSizeTest(Result):
    """What :func:`find_step_size` saw; print it, or draw it by :func:`multilayer.plots.plot_step_sizes`."""

    step_sizes: Array  # (n,), rising by a constant factor from update to update
    costs: Array  # (n,), of each update's batch before the update, in the units of loss_curve_
    smoothed: Array  # (n,), the mean of the neighbouring costs, near ones counting most
    suggestion: float | None  # the step size to begin with; None where the cost has not fallen
    steepest: float | None  # the step size where the smoothed cost fell fastest
    lowest: float  # the step size where it was least
    ended: str  # "ceiling", "not finite" or "last"
    settings: str  # how the suggestion was chosen, in a sentence

    def __len__(self) -> int:
        return len(self.step_sizes)

    def __repr__(self) -> str:
        found = "none" if self.suggestion is None else f"{self.suggestion:.2g}"
        return f"<StepSizeTest: suggestion {found}; {self._course}>"

    @property
    def table(self) -> Table:
        """The smoothed cost at the first step size of each power of ten, and how the suggestion was chosen."""
        powers = 10.0 ** np.unique(np.floor(np.log10(self.step_sizes) + 1e-9))
        first = np.searchsorted(self.step_sizes, powers * (1 - 1e-9))
        rows = list(zip(self.step_sizes[first].tolist(), self.smoothed[first].tolist(), strict=True))
        title = "no suggestion" if self.suggestion is None else f"learning_rate_init={self.suggestion:.2g}"
        how = f"{self.settings[0].upper()}{self.settings[1:]}"
        return Table((Column("step size", ".1e"), Column("cost", ".4g")), rows, title, [how, f"{self._course}."])

    def to_frame(self) -> Any:
        """A pandas frame with a row for each update: step size, cost, smoothed cost."""
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
    """Look for a good ``learning_rate_init``: train while the step size rises from update to update.

    The network begins with the weights, rows and batches that ``estimator.fit(X, y)`` would begin with, and is
    trained by its solver, with its cost, penalties, dropout and clipping.  Step sizes rise by a constant factor.  The
    cost stays at first, falls, and rises in the end; the suggestion is where the smoothed cost falls fastest as the
    logarithm of the step size grows, but at least a tenth and at most a fifth of the step size at which it was least.

    The estimator is neither fitted nor changed, and ``random_state`` draws later what it would have drawn.  Its
    schedule and ``weight_averaging`` have no part in the test, and ``warm_start`` none: it begins anew.

    Parameters
    ----------
    estimator : MLPClassifier or MLPRegressor
        Fitted or not, of solver="adam" or "sgd".
    X, y, sample_weight
        As in ``fit``.
    first, last : float, default=1e-7, 100.0
        The first step size, and the largest.
    n_updates : int, default=300
        Updates from ``first`` to ``last``.  More of them see more rows at each step size: the curve is smoother, and
        a network has learned more when a large one comes.
    ceiling : float, default=4.0
        The test ends where the smoothed cost is above this many times its least so far, or not finite.

    Returns
    -------
    StepSizeTest

    Raises
    ------
    ParameterError
        For solver="lbfgs", which has no step size to choose; for a parameter outside its range.
    InputError
        For what is no estimator of this library, and for X and y as in ``fit``.
    DivergenceError
        Where the cost is not finite at the starting weights.

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
    course = _range_test(fit, planned, fading, ceiling)
    return _read(planned[: len(course.costs)], course, fading, ceiling)


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
class _Course:
    """The updates done: the cost of each, how much it counts, and why there are no more."""

    costs: Array  # (n,)
    sizes: Array  # (n,), the summed weights of the rows of each batch
    ended: str = "last"


def _first_updates(estimator: BaseMLP, X: Any, y: Any, sample_weight: Any) -> Fit:
    """The fit of an estimator as if it had not been fitted, before its first update.

    Neither the estimator nor its random state is changed: weights, rows held out and shuffles are those that its next
    fit would draw.  Callbacks receive nothing.
    """
    parameters = estimator.get_params(deep=False)
    random_state = copy.deepcopy(check_random_state(settings_of(estimator).random_state))
    model = type(estimator)(**(parameters | {"random_state": random_state, "callbacks": ()}))
    return model._begin(FitRequest(X, y, sample_weight))


def _range_test(fit: Fit, planned: Array, fading: float, ceiling: float) -> _Course:
    """Train with the planned step sizes until the cost is too high.

    That is decided by the mean of the costs so far, in which older ones fade: what comes after is not known yet.
    """
    # The mean of the weights answers for a network that is trained; here each update is looked at for itself.
    recipe, problem = cast(Recipe, fit.session.recipe), fit.problem  # not that of L-BFGS, which has no step size
    options = replace(recipe.options, average=0.0)
    costs, sizes = np.empty(0), np.empty(0)
    for batches, counts in _parts(fit, recipe, planned):
        new = problem.engine.descend(problem.objective, recipe.rule, fit.state.descent, batches, options)
        costs = np.concatenate([costs, new / problem.cost_divisor])
        sizes = np.concatenate([sizes, counts[: len(new)]])
        diverged = not np.isfinite(costs[-1])
        if diverged:  # the cost that is not finite is no point of a curve
            costs, sizes = costs[:-1], sizes[:-1]
        if not len(costs):
            raise DivergenceError(
                f"the cost is {new[-1]} at the starting weights, before any step. Bring the columns of X and, for "
                "regression, the targets to a scale near 1 (StandardScaler, standardize_targets=True). "
                f"{DIVERGENCE_IN_SCIKIT_LEARN}"
            )
        means = _fading_means(costs, sizes, fading)
        too_high = means > _limits(np.minimum.accumulate(means), ceiling)
        if too_high.any():
            n = int(too_high.argmax()) + 1
            return _Course(costs[:n], sizes[:n], "ceiling")
        if diverged:
            return _Course(costs, sizes, "not finite")
    return _Course(costs, sizes)


def _parts(fit: Fit, recipe: Recipe, planned: Array) -> Iterator[tuple[Batches, Array]]:
    """The updates of epoch after epoch in calls of a few, each with how much its batch counts."""
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
    """The summed weights of the rows of each batch: a last batch of two rows tells little of the cost."""
    if weight is None:
        return (stops - starts).astype(np.float64)
    rows = np.arange(len(weight)) if order is None else order
    return np.array([weight[rows[i:j]].sum(dtype=np.float64) for i, j in zip(starts, stops, strict=True)])


def _fading_means(costs: Array, sizes: Array, fading: float) -> Array:
    """The mean of the costs up to each, where one counts ``fading`` times as much as the next."""
    with np.errstate(over="ignore"):
        total, counted = (_fading_sums(values, fading) for values in (costs * sizes, sizes))
    return np.divide(total, counted, out=costs.copy(), where=counted > 0)


def _smoothed(costs: Array, sizes: Array, fading: float) -> Array:
    """The mean of the costs around each, where a neighbour counts ``fading`` times as much as the one before it.

    From both sides, so that a fall is not seen later than it is.
    """
    total, counted = (
        _fading_sums(values, fading) + _fading_sums(values[::-1], fading)[::-1] - values
        for values in (costs * sizes, sizes)
    )
    return np.divide(total, counted, out=costs.copy(), where=counted > 0)


def _fading_sums(values: Array, fading: float) -> Array:
    return np.array(list(itertools.accumulate(values.tolist(), lambda total, value: fading * total + value)))


def _limits(least: Any, ceiling: float) -> Any:
    """``ceiling`` times the least cost; of a cost below 0, which one's own may be, as far above it."""
    return least + (ceiling - 1.0) * np.abs(least)


def _read(step_sizes: Array, course: _Course, fading: float, ceiling: float) -> StepSizeTest:
    """What the costs say."""
    costs, sizes = course.costs, course.sizes
    means = _fading_means(costs, sizes, fading)
    turn = int(means.argmin())
    # The last costs of a divergence are of any size, and would hide their neighbours; worse than at first is enough.
    limit = min(float(_limits(means[turn], ceiling)), float(means[: turn + 1].max()))
    tamed = np.concatenate([costs[:turn], np.minimum(costs[turn:], limit)])
    smoothed = _smoothed(tamed, sizes, fading)
    low = int(smoothed.argmin())
    lowest, end = float(step_sizes[low]), ENDS[course.ended].format(ceiling=ceiling)
    if smoothed[0] - smoothed[low] <= LEAST_FALL * max(abs(smoothed[0]), abs(smoothed[low])):
        how = f"the cost has not fallen: {smoothed[0]:.3g} at first, {smoothed[low]:.3g} at least; {end}."
        return StepSizeTest(step_sizes, costs, smoothed, None, None, lowest, course.ended, how)
    steep = float(step_sizes[int(np.gradient(smoothed, np.log(step_sizes))[: low + 1].argmin())])
    suggestion = min(max(steep, CAUTION[0] * lowest), CAUTION[1] * lowest)
    how = f"the smoothed cost fell fastest at {steep:.2g} and was least at {lowest:.2g}"
    if suggestion != steep:
        share, why = (
            ("fifth", "larger steps are too close to it") if suggestion < steep else ("tenth", "smaller ones are slow")
        )
        how += f", of which the suggestion is a {share}: {why}"
    return StepSizeTest(step_sizes, costs, smoothed, suggestion, steep, lowest, course.ended, f"{how}; {end}.")
