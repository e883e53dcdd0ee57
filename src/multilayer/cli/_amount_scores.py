"""How good predicted amounts are, as records and as a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multilayer.cli._tables import TextTable, number


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
    errors = y - predicted
    rmse, deviation = _root_mean_square(errors), _root_mean_square(y - y.mean())
    r2 = np.nan if y.min() == y.max() else 1.0 - (rmse / deviation) ** 2
    return Scores(model, r2=float(r2), rmse=rmse, mae=float(np.abs(errors).mean()))


def _root_mean_square(values: NDArray[Any]) -> float:
    """Of amounts whose squares may be too large, or too small, for a float."""
    unit = np.abs(values).max()
    return float(unit * np.sqrt(np.mean((values / unit) ** 2))) if unit > 0 else 0.0


def score_table(title: str, scores: list[Scores]) -> TextTable:
    """One line a model."""
    rows = [(score.model, number(score.r2), rounded(score.rmse), rounded(score.mae)) for score in scores]
    return TextTable(title, ("model", "R2", "RMSE", "MAE"), tuple(rows), "lrrr")


def rounded(amount: float) -> str:
    """Four significant digits: amounts may be in millions or in millionths.

    Examples
    --------
    >>> rounded(1234567.8), rounded(3.14159), rounded(1.23456e-7)
    ('1,235,000', '3.142', '1.235e-07')
    """
    return f"{float(f'{amount:.4g}'):,.10g}"
