"""The validation of a fit: on rows of its own, on rows held out, or none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import numpy as np

from multilayer.exceptions import InputError, InputTypeError, ParameterWarning
from multilayer.fits.errors import warn
from multilayer.fits.holdout import hold_nothing_out, hold_out
from multilayer.fits.metrics import AUTO
from multilayer.fits.rows import Rows, Table
from multilayer.fits.scores import r2
from multilayer.training import Run


def validation_rows(run: Run, rows: Rows, settings: SimpleNamespace, groups: Any) -> Table | None:
    """The rows that validate a run, without those of weight 0; None where nothing does.

    Rows of the user's own leave all others to training.
    """
    if rows.own_validation is not None:
        hold_nothing_out(run)
        own = _counted(rows.own_validation, "Pass more rows in X_val, or rows of a weight above 0.")
        if settings.early_stopping_metric == AUTO and rows.targets.score is r2:
            _warn_of_equal_targets(own)
        return own
    if settings.early_stopping and settings.solver != "lbfgs":
        table = rows.training
        held_out = hold_out(run, table, settings.validation_fraction, groups, stratify=rows.targets.stratify)
        advice = "Increase 'validation_fraction' or the size of your dataset."
        return _counted(table.taken(held_out), advice, table.n_rows)
    hold_nothing_out(run)
    return None


@contextmanager
def about_validation_data() -> Iterator[None]:
    """Within this block errors say that they are about X_val, y_val or sample_weight_val."""
    try:
        yield
    except InputError as error:
        kind = InputTypeError if isinstance(error, InputTypeError) else InputError
        raise kind(f"validation data (X_val, y_val): {error}") from None


def _warn_of_equal_targets(own: Table) -> None:
    # Not of rows held out, whose draws and their luck are scikit-learn's.
    if (own.Y[0] == own.Y).all():
        warn(
            "all targets in y_val are equal, and R² of such rows is 0 or 1, whatever the network has learned. "
            "Pass rows with other targets too, or set early_stopping_metric='loss'.",
            ParameterWarning,
        )


def _counted(table: Table, advice: str, of: int | None = None) -> Table:
    if table.weight is not None and not table.weight.all():
        table = table.taken(np.flatnonzero(table.weight))
    n_rows = len(table.Y)
    if n_rows < 2:
        received = f"{n_rows} of {of} rows" if of is not None else f"{n_rows} rows that count"
        raise InputError(f"The validation set is too small: {received}. {advice}")
    return table
