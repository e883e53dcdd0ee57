"""Mean and deviation of numbers that arrive in parts."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass
class Moments:
    """Number, mean and sum of squared distances from the mean of ``x 2^-exponent``.

    Parts are merged by the formulas of Chan, Golub and LeVeque (1979), "Updating Formulae and a Pairwise Algorithm for
    Computing Sample Variances".  A sum of squares would lose all digits of numbers such as 1e9 + 1 and 1e9 + 2.
    """

    n: int = 0
    exponent: int = 0
    mean: float = 0.0
    squares: float = 0.0

    def update(self, values: NDArray[np.float64], exponent: int = 0) -> None:
        """Add numbers, of shape (m,), m > 0; ``exponent`` scales these and all earlier numbers."""
        scaled = np.ldexp(values, -exponent) if exponent else values
        mean = float(scaled.mean())
        squares = float(np.sum((scaled - mean) ** 2))
        if not self.n:
            self.n, self.exponent, self.mean, self.squares = len(values), exponent, mean, squares
            return
        if exponent != self.exponent:
            change = self.exponent - exponent
            self.mean, self.squares = math.ldexp(self.mean, change), math.ldexp(self.squares, 2 * change)
            self.exponent = exponent
        n, distance = self.n + len(values), mean - self.mean
        self.squares += squares + distance * distance * self.n * (len(values) / n)
        self.mean += distance * (len(values) / n)
        self.n = n

    @property
    def deviation(self) -> float:
        """The population standard deviation of ``x 2^-exponent``."""
        return math.sqrt(self.squares / self.n)
