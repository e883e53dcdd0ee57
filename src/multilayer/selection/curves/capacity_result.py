"""What a capacity curve says: which size is best, which is simple and as good, which underfit and which overfit."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from multilayer.results import Column, Result, Table, failure_notes, frame, listing, plus_minus
from multilayer.selection.statistics import (
    Array,
    best_and_within_one_error,
    is_clear,
    mean,
    mean_pairs,
    paired,
    standard_error,
)

# A rise of the validation cost by less than this share of its least is what batches do.
LEAST_RISE = 0.05


@dataclass(frozen=True, eq=False)
class CapacityCurve(Result):
    """What :func:`capacity_curve` measured; print it, or draw it by :func:`multilayer.plots.plot_capacity_curve`."""

    capacities: tuple[tuple[int, ...], ...]  # n hidden_layer_sizes, as they were given
    n_weights: Array  # (n,), biases included; NaN where no training was finished
    train_scores: Array  # (n, folds), of the rows trained on; NaN for a training that failed
    test_scores: Array  # (n, folds), of the rows left out
    train_costs: Array  # (n, folds), mean cost of the final network, without regularisation
    test_costs: Array  # (n, folds)
    fit_times: Array  # (n, folds), seconds
    train_curves: tuple[Array, ...]  # n times (folds, epochs): loss_curve_ of each; NaN after its end
    test_curves: tuple[Array, ...]  # n times (folds, epochs): validation_loss_curve_ of each
    metric: str  # what the scores are
    stops_early: bool = False  # then test_curves are of rows held out of the training rows
    failures: Mapping[tuple[int, int], Exception] = field(default_factory=dict)  # by (capacity, fold)

    @property
    def order(self) -> list[int]:
        """The places of the capacities, the fewest weights first."""
        return np.argsort(self.n_weights, kind="stable").tolist()

    @property
    def names(self) -> list[str]:
        """What the capacities are called: "(64,)", "3 x 64", "linear"."""
        return [named(capacity) for capacity in self.capacities]

    @property
    def best(self) -> tuple[int, ...] | None:
        """The capacity of the highest mean validation score."""
        chosen = best_and_within_one_error(self.test_scores, self.order)
        return None if chosen is None else self.capacities[chosen[0]]

    @property
    def simplest(self) -> tuple[int, ...] | None:
        """The capacity of the fewest weights whose mean score is within one standard error of the best."""
        chosen = best_and_within_one_error(self.test_scores, self.order)
        return None if chosen is None else self.capacities[chosen[1]]

    def mean_curves(self, capacity: int) -> tuple[Array, Array]:
        """Training and validation cost of capacity number ``capacity`` after each epoch, their means over the folds.

        A fold that ended earlier counts with its last cost; without any curve they are empty.
        """
        train, test = (_carried_on(curves[capacity]) for curves in (self.train_curves, self.test_curves))
        return mean(train, axis=0), mean(test, axis=0)

    def overfits_from(self, capacity: int) -> int | None:
        """The epoch (from 1) from which the validation cost of capacity number ``capacity`` clearly rises, or None."""
        curves = _carried_on(self.test_curves[capacity])
        if not curves.size:
            return None
        means = mean(curves, axis=0)
        if not np.isfinite(means).any():
            return None
        low = int(np.nanargmin(means))
        rise, error = paired(curves[:, -1], curves[:, low])
        is_rise = rise > LEAST_RISE * abs(means[low]) and (is_clear(rise, error) or math.isnan(error))
        return low + 1 if is_rise else None

    def underfits(self, capacity: int) -> bool:
        """Whether capacity number ``capacity``, with fewer weights than the best, scores and learns clearly less."""
        chosen = best_and_within_one_error(self.test_scores, self.order)
        if chosen is None or not self.n_weights[capacity] < self.n_weights[chosen[0]]:
            return False
        best = chosen[0]
        worse = paired(self.test_scores[best], self.test_scores[capacity])
        dearer = [paired(costs[capacity], costs[best]) for costs in (self.train_costs, self.test_costs)]
        return all(is_clear(*difference) for difference in (worse, *dearer))

    @property
    def conclusion(self) -> str:
        """Which capacity is best, which is simplest within one standard error, which under- and which overfit."""
        chosen = best_and_within_one_error(self.test_scores, self.order)
        if chosen is None:
            return "Nothing can be concluded: no network has a validation score."
        return " ".join([self._on_the_best(*chosen), *self._on_underfitting(chosen[0]), *self._on_overfitting()])

    def _on_the_best(self, best: int, simplest: int) -> str:
        names, scores = self.names, self.test_scores[best]
        value = plus_minus(float(mean(scores)), float(standard_error(scores)))
        first = f"{names[best]} is best: {self.metric} {value}"
        if len(self.capacities) == 1:
            return f"{first}; there is no other to compare it with."
        if math.isnan(float(standard_error(scores))):
            return f"{first}, of a single fold: pass more folds to tell that from noise."
        if best == self.order[0]:
            return f"{first}, the smallest tried."
        if simplest != best:
            return f"{first}; {names[simplest]} is the simplest within one standard error of it."
        if best == self.order[-1]:
            return f"{first}, and no smaller one is within one standard error: a larger one may be better still."
        return f"{first}, and no smaller one is within one standard error."

    def _on_underfitting(self, best: int) -> list[str]:
        found = [i for i in self.order if self.underfits(i)]
        if not found:
            return []
        last, names = found[-1], [self.names[i] for i in found]
        costs = [f"{float(mean(each)):.3g}" for i in (last, best) for each in (self.train_costs[i], self.test_costs[i])]
        which = "" if len(found) == 1 else f" of {names[-1]}"
        return [
            f"{listing(names)} underfit{'s' if len(found) == 1 else ''}: training and validation cost{which} are both "
            f"high, {costs[0]} and {costs[1]}, where {self.names[best]} has {costs[2]} and {costs[3]}."
        ]

    def _on_overfitting(self) -> list[str]:
        epochs = {i: self.overfits_from(i) for i in self.order}
        found = {self.names[i]: f"{epoch}" for i, epoch in epochs.items() if epoch is not None}
        if not found:
            return []
        one = len(found) == 1
        verb = f"overfit{'s' if one else ''}" if not self.stops_early else "would overfit without early stopping"
        return [
            f"{listing(list(found))} {verb}: validation cost rises from epoch{'' if one else 's'} "
            f"{listing(list(found.values()))}."
        ]

    def to_frame(self) -> Any:
        """A pandas frame with a row a training: capacity, weights, fold, scores, costs, epochs, seconds."""
        n, folds = self.test_scores.shape
        epochs = [np.isfinite(curve).sum(axis=1) for curve in self.train_curves]
        return frame(
            {
                "capacity": [name for name in self.names for _ in range(folds)],
                "n_weights": np.repeat(self.n_weights, folds),
                "fold": np.tile(np.arange(folds), n),
                "train_score": self.train_scores.ravel(),
                "test_score": self.test_scores.ravel(),
                "train_cost": self.train_costs.ravel(),
                "test_cost": self.test_costs.ravel(),
                "epochs": np.concatenate(epochs),
                "fit_time": self.fit_times.ravel(),
            }
        )

    @property
    def table(self) -> Table:
        """The mean scores and costs of each capacity, the fewest weights first, and the conclusion."""
        names = [f"training {self.metric}", f"validation {self.metric}", "training cost", "validation cost"]
        measured = (self.train_scores, self.test_scores, self.train_costs, self.test_costs)
        means = [mean_pairs(each) for each in measured]
        seconds = mean(self.fit_times)
        rows = [[self.names[i], self.n_weights[i], *(each[i] for each in means), seconds[i]] for i in self.order]
        columns = (Column("capacity"), Column("weights", ",.0f"), *map(Column, names), Column("seconds", ".2f"))
        return Table(columns, rows, notes=[self.conclusion, *failure_notes(self.failures, self.test_scores.size)])

    def __repr__(self) -> str:
        n, folds = self.test_scores.shape
        return f"<CapacityCurve: {n} capacities, {folds} folds. {self.conclusion}>"


def named(capacity: tuple[int, ...]) -> str:
    """Layer sizes in short.

    Examples
    --------
    >>> [named(sizes) for sizes in [(), (4,), (64, 64, 64), (64, 32)]]
    ['linear', '(4,)', '3 x 64', '(64, 32)']
    """
    if not capacity:
        return "linear"
    if len(capacity) > 1 and len(set(capacity)) == 1:
        return f"{len(capacity)} x {capacity[0]}"
    return repr(tuple(int(size) for size in capacity))


def _carried_on(curves: Array) -> Array:
    """Curves (folds, epochs), those that have ended held at their last value: the network stays as it is.

    Folds without any epoch are left out.

    Examples
    --------
    >>> _carried_on(np.array([[3.0, 2.0, np.nan], [3.0, 1.0, 4.0], [np.nan] * 3])).tolist()
    [[3.0, 2.0, 2.0], [3.0, 1.0, 4.0]]
    """
    kept = curves[np.isfinite(curves).any(axis=1)]
    places = np.where(np.isfinite(kept), np.arange(kept.shape[1]), 0)
    return np.take_along_axis(kept, np.maximum.accumulate(places, axis=1), axis=1)
