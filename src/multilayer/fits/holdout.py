"""Rows set aside for validation: by a share, by a number, or by a splitter of scikit-learn's."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.model_selection import train_test_split
from sklearn.utils import check_consistent_length

from multilayer.exceptions import InputError, ParameterError
from multilayer.fits.rows import Table
from multilayer.training import Run
from multilayer.training.batching import Rows

Split = float | int | Any  # a splitter is whatever has split(X, y, groups)


def hold_out(run: Run, table: Table, split: Split, groups: Any, *, stratify: bool) -> Rows:
    """Divide the rows into those that train and those that validate, which are returned.

    A share or a number is drawn as scikit-learn's networks draw; of a splitter it is the first split.  A run that goes
    on with as many rows keeps its division, so that no row that validates has been trained on.  Rows are counted
    within the table's own.
    """
    n_rows = table.n_rows
    if run.held_out is not None and run.n_divided == n_rows:
        return run.held_out
    if hasattr(split, "split"):
        rows, held_out = _first_split(table, split, groups)
    else:
        if groups is not None:
            raise ParameterError(
                f"groups have no effect with validation_fraction={split!r}, which would put rows of one group on both "
                "sides. Set validation_fraction=sklearn.model_selection.GroupShuffleSplit(test_size=0.1)."
            )
        if isinstance(split, int) and split >= n_rows:
            raise InputError(
                f"validation_fraction={split} rows to hold out leave none of the {n_rows} to train on. Hold fewer out."
            )
        # As scikit-learn names the classes of its single target column.
        kinds = np.where(table.own(table.Y)[:, 0] > 0, "True", "False") if stratify else None
        try:
            rows, held_out = train_test_split(
                np.arange(n_rows), random_state=run.random_state, test_size=split, stratify=kinds
            )
        except ValueError as error:
            stop = "" if str(error).endswith(".") else "."
            raise InputError(
                f"validation_fraction={split!r} cannot divide {n_rows} rows: {error}{stop} Set another "
                "validation_fraction, or pass rows of your own to fit as X_val and y_val."
            ) from None
    run.rows, run.held_out, run.n_divided = rows, held_out, n_rows
    if table.weight is not None and not table.own(table.weight)[rows].any():
        raise InputError("All rows that are left to train on have the weight 0. Use another split, or other weights.")
    return held_out


def hold_nothing_out(run: Run) -> None:
    """Train on all rows."""
    run.rows = run.held_out = None


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
