"""The standard errors of scores, by leaving out blocks of rows."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multilayer.cli.evaluation.tasks import Task

_BLOCKS = 20


def jackknife_errors(task: Task, y: NDArray[Any], predictions: NDArray[Any]) -> dict[str, float]:
    """The standard errors of all scores, by leaving out one of 20 random blocks of rows at a time.

    NaN with fewer than 20 rows, and for scores that are not defined without a block.

    References
    ----------
    Efron, B. and Tibshirani, R. (1993). An Introduction to the Bootstrap, chapter 11.
    """
    if len(y) < _BLOCKS:
        return {metric.name: math.nan for metric in task.metrics}
    blocks = np.random.RandomState(0).permutation(len(y)) % _BLOCKS
    found = [task.score(y[blocks != block], predictions[blocks != block]) for block in range(_BLOCKS)]
    errors = {}
    for metric in task.metrics:
        values = np.array([scores[metric.name] for scores in found])
        unit = float(np.abs(values).max()) or 1.0
        errors[metric.name] = math.sqrt(_BLOCKS - 1) * float((values / unit).std()) * unit
    return errors
