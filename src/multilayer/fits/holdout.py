"""Validation rows: held out by share, number or splitter, or passed by the user."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.model_selection import train_test_split
from sklearn.utils import check_consistent_length

from multilayer.exceptions import InputError, ParameterError, ParameterWarning
from multilayer.fits.errors import input_errors, warn
from multilayer.fits.rows import FitData, Table
from multilayer.fits.scores import r2
from multilayer.fits.settings import AUTO, Settings
from multilayer.training import TrainingState
from multilayer.training.batching import RowNumbers


def validation_rows(state: TrainingState, data: FitData, settings: Settings, groups: Any) -> Table | None:
    """Return the validation rows without those of weight 0; None without validation."""
    if data.validation is not None:
        state.rows = state.held_out = None
        passed = _checked_validation(data.validation, "Pass more rows in X_val, or rows of positive weight.")
        if settings.early_stopping_metric == AUTO and data.targets.score is r2:
            _warn_of_equal_targets(passed)
        return passed
    if settings.early_stopping and settings.solver != "lbfgs":
        table = data.training
        held_out = hold_out(state, table, settings.validation_fraction, groups, stratify=data.targets.stratify)
        advice = "Increase 'validation_fraction' or the size of your dataset."
        return _checked_validation(table.subset(held_out), advice, table.n_rows)
    state.rows = state.held_out = None
    return None


def hold_out(state: TrainingState, table: Table, fraction: Any, groups: Any, *, stratify: bool) -> RowNumbers:
    """Divide the rows into training rows and validation rows, and return the latter, numbered within the table.

    A share or a number of rows is drawn as scikit-learn's networks draw it; a splitter's first split is used.  If
    training continues with the same number of rows, the division is kept, so that no validation row was trained on.
    """
    n_rows = table.n_rows
    if state.held_out is not None and state.n_divided == n_rows:
        return state.held_out
    if hasattr(fraction, "split"):
        with input_errors():
            rows, held_out = _first_split(table, fraction, groups)
    else:
        if groups is not None:
            raise ParameterError(
                f"groups have no effect with validation_fraction={fraction!r}, which may put rows of one group into "
                "both parts. Set validation_fraction=sklearn.model_selection.GroupShuffleSplit(test_size=0.1)."
            )
        if isinstance(fraction, int) and fraction >= n_rows:
            raise InputError(
                f"validation_fraction={fraction} rows to hold out leave none of the {n_rows} rows for training. "
                "Hold out fewer rows."
            )
        # As scikit-learn names the classes of one target column.
        kinds = np.where(table.select(table.Y)[:, 0] > 0, "True", "False") if stratify else None
        try:
            rows, held_out = train_test_split(
                np.arange(n_rows), random_state=state.random_state, test_size=fraction, stratify=kinds
            )
        except ValueError as error:
            stop = "" if str(error).endswith(".") else "."
            raise InputError(
                f"validation_fraction={fraction!r} cannot divide {n_rows} rows: {error}{stop} Set another "
                "validation_fraction, or pass validation rows to fit as X_val and y_val."
            ) from None
    state.rows, state.held_out, state.n_divided = rows, held_out, n_rows
    if table.weight is not None and not table.select(table.weight)[rows].any():
        raise InputError("All remaining training rows have the weight 0. Use another split, or other weights.")
    return held_out


def _first_split(table: Table, splitter: Any, groups: Any) -> tuple[RowNumbers, RowNumbers]:
    X, y = table.select(table.X), table.select(table.y)
    if groups is not None:
        check_consistent_length(X, groups)
    first = next(iter(splitter.split(X, y, groups)), None)
    if first is None:
        raise InputError(f"validation_fraction={splitter!r} makes no split of {table.n_rows} rows.")
    rows, held_out = (np.asarray(part) for part in first)
    both = np.concatenate([rows, held_out])
    if (
        both.dtype.kind not in "iu"
        or not len(rows)
        or both.min() < 0
        or both.max() >= table.n_rows
        or len(np.unique(both)) < len(both)
    ):
        raise InputError(
            f"validation_fraction={splitter!r} must split the rows into two disjoint sets of row numbers from 0 to "
            f"{table.n_rows - 1}, got {rows!r} and {held_out!r}."
        )
    return rows.astype(np.intp), held_out.astype(np.intp)


def _warn_of_equal_targets(passed: Table) -> None:
    # Not for rows held out, which are drawn as in scikit-learn.
    if (passed.Y[0] == passed.Y).all():
        warn(
            "all targets in y_val are equal, so that R² is 0 or 1 for any predictions. "
            "Pass rows with different targets, or set early_stopping_metric='loss'.",
            ParameterWarning,
        )


def _checked_validation(table: Table, advice: str, of: int | None = None) -> Table:
    if table.weight is not None and not table.weight.all():
        table = table.subset(np.flatnonzero(table.weight))
    n_rows = len(table.Y)
    if n_rows < 2:
        received = f"{n_rows} of {of} rows" if of is not None else f"{n_rows} rows of positive weight"
        raise InputError(f"The validation set is too small: {received}. {advice}")
    return table
