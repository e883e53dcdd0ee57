"""Mean and standard deviation of targets that are read in blocks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multilayer._constant import is_constant
from multilayer.exceptions import InputError
from multilayer.fits.target_scale import TargetScale


@dataclass(frozen=True, eq=False)
class TargetMoments:
    """The moments of the rows so far, for each of K columns.

    Two parts of n_1 and n_2 rows are merged by (Chan, Golub and LeVeque, 1979)::

        mean = mean_1 + d n_2 / n,   squares = squares_1 + squares_2 + d^2 n_1 n_2 / n,   d = mean_2 - mean_1

    without the loss of digits of the sum of the squares.
    """

    weight: float  # the sum of the weights of the rows
    mean: NDArray[np.float64]  # (K,)
    squares: NDArray[np.float64]  # (K,), the weighted sum of the squared differences from the mean
    low: NDArray[np.float64]  # (K,)
    high: NDArray[np.float64]

    @classmethod
    def of_none(cls, n_columns: int) -> TargetMoments:
        """Return the moments of no rows."""
        zeros, infinite = np.zeros(n_columns), np.full(n_columns, np.inf)
        return cls(0.0, zeros, zeros, infinite, -infinite)

    def merged(self, Y: NDArray[np.float64], weight: NDArray[np.float64] | None = None) -> TargetMoments:
        """Return the moments with some more rows, (m, K); those of weight 0 do not count."""
        w = np.ones(len(Y)) if weight is None else weight
        Y, w = Y[w > 0], w[w > 0]
        if not len(Y):
            return self
        with np.errstate(over="ignore", invalid="ignore"):  # scale() raises an error
            n = float(w.sum())
            mean = np.average(Y, axis=0, weights=w)
            squares = (w[:, np.newaxis] * (Y - mean) ** 2).sum(axis=0)
            total, d = self.weight + n, mean - self.mean
            return TargetMoments(
                total,
                self.mean + d * (n / total),
                self.squares + squares + d**2 * (self.weight * n / total),
                np.minimum(self.low, Y.min(axis=0)),
                np.maximum(self.high, Y.max(axis=0)),
            )

    def scale(self) -> TargetScale:
        """Return the scale of the targets; the deviation of a constant column is 0, and its mean is its value."""
        deviation = np.sqrt(self.squares / self.weight)
        if not (np.isfinite(deviation).all() and np.isfinite(self.mean).all()):
            raise InputError(
                f"y must be numbers whose squares are finite, got values up to {np.abs([self.low, self.high]).max():g}."
                " Remove such rows, or bring y to another scale."
            )
        deviation[is_constant(self.low, self.high, np.float64)] = 0.0
        return TargetScale(np.clip(self.mean, self.low, self.high), deviation)

    def as_json(self) -> dict[str, Any]:
        """Return the moments as numbers and lists."""
        return {name: value.tolist() if name != "weight" else value for name, value in vars(self).items()}

    @classmethod
    def from_json(cls, described: dict[str, Any]) -> TargetMoments:
        """Return the moments of :meth:`as_json`."""
        arrays = {name: np.array(described[name], dtype=np.float64) for name in ("mean", "squares", "low", "high")}
        return cls(float(described["weight"]), **arrays)
