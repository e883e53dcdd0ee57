"""The result of a regularization path: the best alpha, the largest comparable one, and the limits of the range."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from multilayer.results import Column, Result, Table, failure_notes, frame, plus_minus
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


@dataclass(frozen=True, eq=False)
class RegularizationPath(Result):
    """The result of :func:`regularization_path`; print it, or draw it by ``plot_regularization_path``.

    Attributes
    ----------
    alphas : array of shape (n,)
        The values in increasing order; training started with the largest.
    train_scores, test_scores : arrays of shape (n, folds)
        Scores on the training rows and on the test rows; NaN for a fit that failed.
    train_costs, test_costs : arrays of shape (n, folds)
        Mean costs of the networks, without regularisation.
    fit_times : array of shape (n, folds)
        Seconds.
    norms : array of shape (n, folds, layers)
        √ Σ θ² of the weights of each layer, without biases.
    metric : str
        The name of the score.
    warm_start : bool
        Whether each network started with the weights of the next larger alpha.
    failures : dict of (int, int) to Exception
        The errors of fits that failed, by alpha and fold.
    constant : ConstantPrediction
        The score of a constant prediction on the same folds.
    """

    alphas: Array
    train_scores: Array
    test_scores: Array
    train_costs: Array
    test_costs: Array
    fit_times: Array
    norms: Array
    metric: str
    warm_start: bool = True
    failures: Mapping[tuple[int, int], Exception] = field(default_factory=dict)
    constant: ConstantPrediction = UNKNOWN

    @property
    def best(self) -> float:
        """The alpha with the highest mean validation score; NaN without any score."""
        chosen = self._chosen()
        return math.nan if chosen is None else float(self.alphas[chosen[0]])

    @property
    def simplest(self) -> float:
        """The one-standard-error choice.

        The largest alpha whose mean score is within one standard error of the best; NaN without any score.
        """
        chosen = self._chosen()
        return math.nan if chosen is None else float(self.alphas[chosen[1]])

    def _chosen(self) -> tuple[int, int] | None:
        return best_and_within_one_error(self.test_scores, range(len(self.alphas))[::-1])

    @property
    def conclusion(self) -> str:
        """The best and the simplest alpha, and whether the range ends too early."""
        chosen = self._chosen()
        if chosen is None:
            return "No conclusion: no network has a validation score."
        smaller = ("smaller values of alpha",) if self.alphas[0] > 0 else ()
        failed = self.constant.conclusion(self.test_scores, self.metric, *smaller)
        if failed:
            return failed
        best, simplest = chosen
        scores = self.test_scores[best]
        error = float(standard_error(scores))
        first = f"alpha={self.alphas[best]:g} is best: {self.metric} {plus_minus(float(mean(scores)), error)}"
        if len(self.alphas) == 1:
            return f"{first}; there is no other to compare with."
        if math.isnan(error):
            choice = " on a single fold: pass more folds to tell this from noise."
        elif best == len(self.alphas) - 1:
            choice = ", the largest tested."
        elif simplest == best:
            choice = ", and no larger one is within one standard error."
        else:
            choice = f"; alpha={self.alphas[simplest]:g} is the simplest within one standard error of it."
        return " ".join([first + choice, *self._on_the_range(best, simplest)])

    def _on_the_range(self, best: int, simplest: int) -> list[str]:
        """Return sentences on whether smaller or larger alphas are worth trying."""
        weakest, last = self.alphas[0], len(self.alphas) - 1
        found = []
        if best == 0:
            gain, error = paired(self.test_scores[0], self.test_scores[1])
            if weakest == 0:
                found.append("Regularisation does not improve the score.")
            elif is_clear(gain, error):
                found.append(f"The score still rises towards the smallest alpha, {weakest:g}: try smaller values.")
            else:
                found.append(f"Below {self.alphas[1]:g} alpha hardly matters.")
        if last in (best, simplest):
            found.append(f"The largest alpha, {self.alphas[last]:g}, is as good as any: try larger values.")
        return found

    def to_frame(self) -> Any:
        """The fits as a frame.

        Returns
        -------
        pandas.DataFrame
            A row for each fit: alpha, fold, scores, costs, the norm of all weights, seconds.
        """
        n, folds = self.test_scores.shape
        return frame(
            {
                "alpha": np.repeat(self.alphas, folds),
                "fold": np.tile(np.arange(folds), n),
                "train_score": self.train_scores.ravel(),
                "test_score": self.test_scores.ravel(),
                "train_cost": self.train_costs.ravel(),
                "test_cost": self.test_costs.ravel(),
                "norm": np.sqrt((self.norms**2).sum(axis=2)).ravel(),
                "fit_time": self.fit_times.ravel(),
            }
        )

    @property
    def table(self) -> Table:
        """The mean scores, costs and norms of each alpha and the conclusion as a table."""
        names = [f"training {self.metric}", f"validation {self.metric}", "training cost", "validation cost"]
        measured = (self.train_scores, self.test_scores, self.train_costs, self.test_costs)
        norms = ["  ".join(f"{norm:.3g}" for norm in mean(of_alpha, axis=0)) for of_alpha in self.norms]
        rows = list(zip(self.alphas.tolist(), *map(mean_pairs, measured), norms, strict=True))
        columns = (Column("alpha", "g"), *map(Column, names), Column("norms of the layers"))
        return Table(columns, rows, notes=[self.conclusion, *failure_notes(self.failures, self.test_scores.size)])

    def __repr__(self) -> str:
        n, folds = self.test_scores.shape
        return f"<RegularizationPath: {n} alphas, {folds} folds. {self.conclusion}>"
