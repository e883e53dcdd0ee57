"""The result of a capacity curve: the best size, the simplest comparable one, and those that underfit or overfit."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from multilayer.results import Column, Result, Table, failure_notes, frame, listing, plus_minus
from multilayer.selection.curves.constant import UNKNOWN, ConstantPrediction
from multilayer.selection.statistics import (
    Array,
    best_and_within_one_error,
    is_clear,
    mean,
    mean_pairs,
    paired,
    standard_error,
)

# A smaller rise of the validation cost, as a fraction of its minimum, is noise of the batches.
LEAST_RISE = 0.05


@dataclass(frozen=True, eq=False)
class CapacityCurve(Result):
    """The result of :func:`capacity_curve`; print it, or draw it by :func:`multilayer.plots.plot_capacity_curve`.

    Attributes
    ----------
    capacities : tuple of n tuples of int
        The values of ``hidden_layer_sizes``.
    n_weights : array of shape (n,)
        The number of weights and biases of each network; NaN if no fit was finished.
    train_scores, test_scores : arrays of shape (n, folds)
        Scores on the training rows and on the test rows; NaN for a fit that failed.
    train_costs, test_costs : arrays of shape (n, folds)
        Mean costs of the final networks, without regularisation.
    fit_times : array of shape (n, folds)
        Seconds.
    train_curves, test_curves : tuples of n arrays of shape (folds, epochs)
        ``loss_curve_`` and ``validation_loss_curve_`` of each network; NaN after its end.
    metric : str
        The name of the score.
    stops_early : bool
        Whether ``test_curves`` are of rows held out by early stopping, not of the test rows.
    failures : dict of (int, int) to Exception
        The errors of fits that failed, by capacity and fold.
    constant : ConstantPrediction
        The score of a constant prediction on the same folds.
    """

    capacities: tuple[tuple[int, ...], ...]
    n_weights: Array
    train_scores: Array
    test_scores: Array
    train_costs: Array
    test_costs: Array
    fit_times: Array
    train_curves: tuple[Array, ...]
    test_curves: tuple[Array, ...]
    metric: str
    stops_early: bool = False
    failures: Mapping[tuple[int, int], Exception] = field(default_factory=dict)
    constant: ConstantPrediction = UNKNOWN

    @property
    def order(self) -> list[int]:
        """The indices of the capacities, the fewest weights first."""
        return np.argsort(self.n_weights, kind="stable").tolist()

    @property
    def names(self) -> list[str]:
        """The names of the capacities, such as "(64,)", "3 x 64" and "linear"."""
        return [named(capacity) for capacity in self.capacities]

    @property
    def best(self) -> tuple[int, ...] | None:
        """The capacity with the highest mean validation score; None without any score."""
        chosen = best_and_within_one_error(self.test_scores, self.order)
        return None if chosen is None else self.capacities[chosen[0]]

    @property
    def simplest(self) -> tuple[int, ...] | None:
        """The one-standard-error choice.

        The capacity with the fewest weights whose mean score is within one standard error of the best.
        """
        chosen = best_and_within_one_error(self.test_scores, self.order)
        return None if chosen is None else self.capacities[chosen[1]]

    def mean_curves(self, capacity: int) -> tuple[Array, Array]:
        """Return the mean training and validation cost of one capacity after each epoch.

        A fold that ended earlier contributes its last cost.

        Parameters
        ----------
        capacity : int
            The index of the capacity.

        Returns
        -------
        tuple of two arrays of shape (epochs,)
            The means over the folds for training and validation; empty without any curve.
        """
        train, test = (_carried_on(curves[capacity]) for curves in (self.train_curves, self.test_curves))
        return mean(train, axis=0), mean(test, axis=0)

    def overfits_from(self, capacity: int) -> int | None:
        """Return the epoch from which the validation cost of one capacity clearly rises.

        Parameters
        ----------
        capacity : int
            The index of the capacity.

        Returns
        -------
        int or None
            The epoch, from 1; None if the cost does not rise.
        """
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
        """Return whether one capacity underfits.

        Parameters
        ----------
        capacity : int
            The index of the capacity.

        Returns
        -------
        bool
            Whether it has fewer weights than the best capacity, and clearly worse scores and costs.
        """
        chosen = best_and_within_one_error(self.test_scores, self.order)
        if chosen is None or not self.n_weights[capacity] < self.n_weights[chosen[0]]:
            return False
        best = chosen[0]
        worse = paired(self.test_scores[best], self.test_scores[capacity])
        higher = [paired(costs[capacity], costs[best]) for costs in (self.train_costs, self.test_costs)]
        return all(is_clear(*difference) for difference in (worse, *higher))

    @property
    def conclusion(self) -> str:
        """The best and the simplest capacity, and those that underfit or overfit."""
        chosen = best_and_within_one_error(self.test_scores, self.order)
        if chosen is None:
            return "No conclusion: no network has a validation score."
        failed = self.constant.conclusion(self.test_scores, self.metric)
        if failed:
            return failed
        return " ".join([self._on_the_best(*chosen), *self._on_underfitting(chosen[0]), *self._on_overfitting()])

    def _on_the_best(self, best: int, simplest: int) -> str:
        names, scores = self.names, self.test_scores[best]
        value = plus_minus(float(mean(scores)), float(standard_error(scores)))
        first = f"{names[best]} is best: {self.metric} {value}"
        if len(self.capacities) == 1:
            return f"{first}; there is no other to compare with."
        if math.isnan(float(standard_error(scores))):
            return f"{first} on a single fold: pass more folds to tell this from noise."
        if best == self.order[0]:
            return f"{first}, the smallest tested."
        if simplest != best:
            return f"{first}; {names[simplest]} is the simplest within one standard error of it."
        if best == self.order[-1]:
            return f"{first}, and no smaller one is within one standard error: a larger one may be even better."
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
            f"high, {costs[0]} and {costs[1]}, compared with {costs[2]} and {costs[3]} of {self.names[best]}."
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
        """The fits as a frame.

        Returns
        -------
        pandas.DataFrame
            A row for each fit: capacity, weights, fold, scores, costs, epochs, seconds.
        """
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
        """The mean scores and costs as a table.

        A row for each capacity, the fewest weights first, with the conclusion below.
        """
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
    """Return a short name of layer sizes.

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
    """Extend curves (folds, epochs) by their last values, since a network does not change after its training.

    Folds without any epoch are dropped.

    Examples
    --------
    >>> _carried_on(np.array([[3.0, 2.0, np.nan], [3.0, 1.0, 4.0], [np.nan] * 3])).tolist()
    [[3.0, 2.0, 2.0], [3.0, 1.0, 4.0]]
    """
    kept = curves[np.isfinite(curves).any(axis=1)]
    places = np.where(np.isfinite(kept), np.arange(kept.shape[1]), 0)
    return np.take_along_axis(kept, np.maximum.accumulate(places, axis=1), axis=1)
