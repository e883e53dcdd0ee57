"""How good predicted amounts are, as records and as a table."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multilayer.cli._metrics import Metric, scores_table
from multilayer.cli._tables import TextTable, number, number_with_error

# Before or after the decimal point; powers of ten tell more of longer ones.
_MOST_DIGITS = 6


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


def rounded(amount: float) -> str:
    """Four significant digits: amounts may be in millions or in millionths; a dash where there is none.

    Examples
    --------
    >>> rounded(1234567.8), rounded(3.14159), rounded(1.23456e-7)
    ('1,235,000', '3.142', '1.235e-07')
    """
    return "-" if math.isnan(amount) else f"{float(f'{amount:.4g}'):,.10g}"


def with_error(amount: float, error: float) -> str:
    """Two digits of the error, and as many of the amount as these leave certain.

    Examples
    --------
    >>> with_error(77.0654, 1.016), with_error(123456.7, 2345.6), with_error(1.5e-9, 2e-10)
    ('77.1 ± 1.0', '123,500 ± 2,300', '1.5e-09 ± 2e-10')
    """
    if math.isnan(error):
        return rounded(amount)
    decimals = 1 - math.floor(math.log10(error)) if error > 0 else 0
    if error == 0 or not -_MOST_DIGITS <= decimals <= _MOST_DIGITS:
        return f"{rounded(amount)} ± {error:.2g}"
    shown = max(decimals, 0)
    return f"{round(amount, decimals):,.{shown}f} ± {round(error, decimals):,.{shown}f}"


RMSE = Metric("rmse", "RMSE", False, rounded, with_error)
MAE = Metric("mae", "MAE", False, rounded, with_error)
METRICS = (Metric("r2", "R2", True, number, number_with_error), RMSE, MAE)


def score_table(title: str, scores: list[Scores]) -> TextTable:
    """One line a model."""
    return scores_table(title, scores, METRICS)
