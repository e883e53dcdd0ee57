"""Rows set aside for validation: by a share, by a number, by a splitter of scikit-learn's, or passed by the user."""

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
from multilayer.training.batching import Rows


def validation_rows(state: TrainingState, data: FitData, settings: Settings, groups: Any) -> Table | None:
    """The rows that validate a training, without those of weight 0; None where nothing does.

    Rows that the user has passed leave all others to training.
    """
    if data.validation is not None:
        state.rows = state.held_out = None
        passed = _counted(data.validation, "Pass more rows in X_val, or rows of a weight above 0.")
        if settings.early_stopping_metric == AUTO and data.targets.score is r2:
            _warn_of_equal_targets(passed)
        return passed
    if settings.early_stopping and settings.solver != "lbfgs":
        table = data.training
        held_out = hold_out(state, table, settings.validation_fraction, groups, stratify=data.targets.stratify)
        advice = "Increase 'validation_fraction' or the size of your dataset."
        return _counted(table.taken(held_out), advice, table.n_rows)
    state.rows = state.held_out = None
    return None


def hold_out(state: TrainingState, table: Table, fraction: Any, groups: Any, *, stratify: bool) -> Rows:
    """Divide the rows into those that train and those that validate, which are returned.

    A share or a number is drawn as scikit-learn's networks draw; of a splitter it is the first split.  A training that
    is resumed with as many rows keeps its division, so that no row that validates has been trained on.  Rows are
    counted within the table's own.
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
                f"groups have no effect with validation_fraction={fraction!r}, which would put rows of one group on "
                "both sides. Set validation_fraction=sklearn.model_selection.GroupShuffleSplit(test_size=0.1)."
            )
        if isinstance(fraction, int) and fraction >= n_rows:
            raise InputError(
                f"validation_fraction={fraction} rows to hold out leave none of the {n_rows} to train on. "
                "Hold fewer out."
            )
        # As scikit-learn names the classes of its single target column.
        kinds = np.where(table.own(table.Y)[:, 0] > 0, "True", "False") if stratify else None
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
    if table.weight is not None and not table.own(table.weight)[rows].any():
        raise InputError("All rows that are left to train on have the weight 0. Use another split, or other weights.")
    return held_out


def _first_split(table: Table, splitter: Any, groups: Any) -> tuple[Rows, Rows]:
    X, y = table.own(table.X), table.own(table.y)
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
            f"validation_fraction={splitter!r} must split the rows into two sets of row numbers from 0 to "
            f"{table.n_rows - 1} that have none in common, got {rows!r} and {held_out!r}."
        )
    return rows.astype(np.intp), held_out.astype(np.intp)


def _warn_of_equal_targets(passed: Table) -> None:
    # Not for rows held out, which are drawn as scikit-learn draws them.
    if (passed.Y[0] == passed.Y).all():
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
