"""Validation scores from the outputs H and the targets Y, both (m, K); higher is better.

The metrics of scikit-learn return the same numbers but take longer than an epoch of a small network.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from multilayer.network import Floats

Score = Callable[[Floats, Floats, Floats | None], float]


def accuracy(H: Floats, Y: Floats, weight: Floats | None) -> float:
    """Return the share of rows whose most probable class is the true one."""
    if H.shape[1] == 1:
        return _mean((H[:, 0] > 0.5) == (Y[:, 0] > 0.5), weight)
    return _mean(H.argmax(axis=1) == Y.argmax(axis=1), weight)


def single_class_score(H: Floats, Y: Floats, weight: Floats | None) -> float:  # noqa: ARG001 one signature for all scores
    """Return 1: a single class is always predicted."""
    return 1.0


def label_accuracy(H: Floats, Y: Floats, weight: Floats | None) -> float:
    """Return the share of correct labels over all rows; few rows have all of many labels correct."""
    return _mean(((H > 0.5) == (Y > 0.5)).mean(axis=1), weight)


def r2(H: Floats, Y: Floats, weight: Floats | None) -> float:
    """Return the coefficient of determination, averaged over the outputs.

    1 - Σ (y - h)² / Σ (y - mean y)²; for constant targets 1 if the predictions are exact and 0 otherwise.
    """
    Y, H = Y.astype(np.float64, copy=False), H.astype(np.float64, copy=False)
    w = np.ones((len(Y), 1)) if weight is None else weight.astype(np.float64)[:, np.newaxis]
    residual = (w * (Y - H) ** 2).sum(axis=0)
    total = (w * (Y - (w * Y).sum(axis=0) / w.sum()) ** 2).sum(axis=0)
    explained = 1.0 - residual / np.where(total > 0, total, 1.0)
    return float(np.where(total > 0, explained, residual == 0).mean())


def pinball_d2(levels: tuple[float, ...]) -> Score:
    """Return the score 1 - quantile cost / quantile cost of the best constants, averaged over the outputs."""

    def score(H: Floats, Y: Floats, weight: Floats | None) -> float:
        w = np.ones(len(Y)) if weight is None else weight.astype(np.float64)
        taus = levels if len(levels) == Y.shape[1] else levels * Y.shape[1]
        shares = []
        for k, tau in enumerate(taus):
            y, h = Y[:, k].astype(np.float64), H[:, k].astype(np.float64)
            cost, base = (_weighted_cost(tau, predicted, y, w) for predicted in (h, _best_constant(y, tau, w)))
            shares.append(1.0 - cost / base if base > 0 else float(cost == 0))
        return float(np.mean(shares))

    return score


def _weighted_cost(tau: float, h: Floats, y: Floats, w: Floats) -> float:
    low = y - h
    return float(np.dot(w, np.where(low > 0, tau * low, (tau - 1.0) * low)))


def _best_constant(y: Floats, tau: float, w: Floats) -> Floats:
    """Return the weighted quantile of y, repeated for each entry."""
    order = np.argsort(y)
    below = np.cumsum(w[order])
    found = order[np.searchsorted(below, tau * below[-1])]
    return np.full(len(y), y[found])


def _mean(right: NDArray[np.bool_] | Floats, weight: Floats | None) -> float:
    return float(right.mean() if weight is None else np.average(right, weights=weight))


def skill(score_of: Score, H: Floats, Y: Floats, weight: Floats | None) -> tuple[float, float]:
    """Return the score, and the skill (score - base) / (1 - base), where base is the score of the best constant."""
    score = score_of(H, Y, weight)
    constant = np.broadcast_to(np.average(Y, axis=0, weights=weight), Y.shape)
    base = score_of(constant, Y, weight)
    return score, (score - base) / (1.0 - base) if base < 1.0 else 1.0
