"""The answers of several networks as one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from multilayer.network import Floats

Weighted = Iterable[tuple[float, Floats]]  # how much each answer counts, and the answer


def mean_and_deviation(answers: Weighted) -> tuple[Floats, Floats]:
    """Mean and standard deviation of predictions of one shape, with one of them in memory at a time.

    mean = Σ w a / Σ w and deviation = √(Σ w (a - mean)² / Σ w), by West's recurrence, in which equal predictions
    have exactly their mean and the deviation 0.

    References
    ----------
    West, D. H. D. (1979). Updating mean and variance estimates. Communications of the ACM 22.
    """
    total, mean, squares = 0.0, np.zeros(()), np.zeros(())
    dtype: np.dtype[Any] = np.dtype(np.float64)
    for weight, answer in answers:
        total, dtype = total + weight, np.result_type(answer, np.float32)
        beyond = answer - mean
        mean = mean + weight / total * beyond
        squares = squares + weight * beyond * (answer - mean)
    deviation = np.sqrt(np.maximum(squares, 0.0) / total)
    return mean.astype(dtype, copy=False), deviation.astype(dtype, copy=False)


def log_mean(answers: Weighted) -> Floats:
    """log(Σ w e^a / Σ w) of logarithms, without their exponentials, which may round to 0."""
    total, summed = 0.0, np.asarray(-np.inf)
    dtype: np.dtype[Any] = np.dtype(np.float64)
    for weight, answer in answers:
        total, dtype = total + weight, answer.dtype
        summed = np.logaddexp(summed, np.log(weight) + answer.astype(np.float64, copy=False))
    return (summed - np.log(total)).astype(dtype, copy=False)
