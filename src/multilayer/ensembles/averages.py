"""Weighted means of the predictions of several networks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from multilayer.network import Floats

Weighted = Iterable[tuple[float, Floats]]  # the weight of each prediction, and the prediction


def mean_and_deviation(predictions: Weighted) -> tuple[Floats, Floats]:
    """Return mean and standard deviation of predictions of one shape, with one of them in memory at a time.

    mean = Σ w a / Σ w and deviation = √(Σ w (a - mean)² / Σ w), by West's recurrence, which for equal predictions
    returns exactly this prediction and the deviation 0.

    References
    ----------
    West, D. H. D. (1979). Updating mean and variance estimates. Communications of the ACM 22.
    """
    total, mean, squares = 0.0, np.zeros(()), np.zeros(())
    dtype: np.dtype[Any] = np.dtype(np.float64)
    for weight, prediction in predictions:
        total, dtype = total + weight, np.result_type(prediction, np.float32)
        beyond = prediction - mean
        mean = mean + weight / total * beyond
        squares = squares + weight * beyond * (prediction - mean)
    deviation = np.sqrt(np.maximum(squares, 0.0) / total)
    return mean.astype(dtype, copy=False), deviation.astype(dtype, copy=False)


def log_mean(predictions: Weighted) -> Floats:
    """Return log(Σ w e^a / Σ w) of logarithms a, without their exponentials, which may round to 0."""
    total, summed = 0.0, np.asarray(-np.inf)
    dtype: np.dtype[Any] = np.dtype(np.float64)
    for weight, prediction in predictions:
        total, dtype = total + weight, prediction.dtype
        summed = np.logaddexp(summed, np.log(weight) + prediction.astype(np.float64, copy=False))
    return (summed - np.log(total)).astype(dtype, copy=False)
