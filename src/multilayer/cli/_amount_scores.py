"""How good predicted amounts are, as records and as a table."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multilayer.cli._metrics import Metric, scores_table
from multilayer.cli._tables import TextTable, finer_number, number


@dataclass(frozen=True)
class Scores:
    """The scores of one model on some rows: R2 (NaN where it is not defined), and errors in the target's units."""

    model: str
    r2: float
    rmse: float
    mae: float


def measure(model: str, y: NDArray[Any], predicted: NDArray[Any]) -> Scores:
    """Scores of predicted amounts (m,) against the amounts y (m,).

    R2 is 1 - (RMSE / deviation of y)^2, which a single row or amounts that are all the same do not have.
    """
    # In multiples of the largest amount, since squares of amounts may be too large, or too small, for a float.
    unit = float(max(np.abs(y).max(), np.abs(predicted).max())) or 1.0
    actual = y / unit
    errors = actual - predicted / unit
    rmse = float(np.sqrt(np.mean(errors**2)))
    deviation = float(actual.std())
    r2 = 1.0 - (rmse / deviation) ** 2 if y.min() != y.max() and deviation > 0 else np.nan
    return Scores(model, r2=r2, rmse=rmse * unit, mae=float(np.abs(errors).mean()) * unit)


def rounded(amount: float, digits: int = 4) -> str:
    """Four significant digits: amounts may be in millions or in millionths; a dash where there is none.

    Examples
    --------
    >>> rounded(1234567.8), rounded(3.14159), rounded(1.23456e-7), rounded(1234567.8, 2)
    ('1,235,000', '3.142', '1.235e-07', '1,200,000')
    """
    return "-" if math.isnan(amount) else f"{float(f'{amount:.{digits}g}'):,.10g}"


def rounded_error(error: float) -> str:
    """Two digits: more of an uncertainty are uncertain themselves."""
    return rounded(error, 2)


RMSE = Metric("rmse", "RMSE", False, rounded, rounded, rounded_error)
MAE = Metric("mae", "MAE", False, rounded, rounded, rounded_error)
METRICS = (Metric("r2", "R2", True, number, finer_number, finer_number), RMSE, MAE)


def score_table(title: str, scores: list[Scores]) -> TextTable:
    """One line a model."""
    return scores_table(title, scores, METRICS)
