"""The target as the encodings of features need it: classes, or standardised amounts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from multilayer.exceptions import InputError, ShapeError, unknown_name
from multilayer.tables._column_data import ColumnData
from multilayer.tables._series import column_data
from multilayer.tables.target import Task, inferred_task, target_amounts, target_values

N_FOLDS = 5


@dataclass(frozen=True, eq=False)
class Response:
    """The target of m fitting rows.

    Attributes
    ----------
    task : {"classification", "regression"}
    values : array
        Classes from 0 to K - 1, of shape (m,), or amounts with mean 0 and deviation 1, of shape (m, n_outputs).
    labels : tuple of str
        The names of the outputs: the classes, except for the first one of two; empty strings for amounts.
    folds : array of shape (m,)
        The fold of each row, from 0 to 4, for cross-fitting.
    """

    task: Task
    values: NDArray[Any]
    labels: tuple[str, ...]
    folds: NDArray[np.intp]

    def output(self, i: int) -> NDArray[np.float64]:
        """Return one output with mean 0, of shape (m,): an amount, or the indicator of a class less its share."""
        if self.task == "regression":
            amounts: NDArray[np.float64] = self.values[:, i]
            return amounts
        is_class = (self.values == (i + 1 if len(self.labels) == 1 else i)).astype(np.float64)
        return is_class - is_class.mean()


def response_of(y: Any, task: str, n_rows: int) -> Response:
    """Prepare y of ``n_rows`` rows: classes or amounts, also several amounts a row.

    Raises
    ------
    InputError
        For no y, another number of rows, gaps, infinity, or labels in regression.
    """
    if task not in ("auto", *get_args(Task)):
        raise unknown_name("task", task, ("auto", *get_args(Task)))
    if y is None:
        raise InputError(
            'piecewise="tree" and many_categories="target" of TableEncoder requires y to be passed, but the target y '
            "is None. Pass the target of the fitting rows to fit or fit_transform."
        )
    columns = _columns(y)
    for column in columns:
        if len(column) != n_rows:
            raise InputError(
                f"Found input variables with inconsistent numbers of samples: {n_rows} rows of the table, "
                f"{len(column)} of y."
            )
    values, rows = target_values(columns[0], "y", drop_gaps=False)
    different = np.unique(values)
    if task == "auto":
        task = "regression" if len(columns) > 1 else inferred_task(values, different)[0]
    if task == "classification":
        if len(columns) > 1:
            raise ShapeError(
                f"labels must be one column, got y of {len(columns)} columns. Pass amounts, or one column."
            )
        classes = np.searchsorted(different, values)
        names = tuple(map(str, different.tolist()))
        return Response("classification", classes, names[1:] if len(names) <= 2 else names, _folds(n_rows, classes))
    amounts = [target_amounts(values, rows, "y")]
    for column in columns[1:]:
        amounts.append(target_amounts(*target_values(column, "y", drop_gaps=False), "y"))
    outputs = np.column_stack([_standardised(amount) for amount in amounts])
    return Response("regression", outputs, ("",) * len(columns), _folds(n_rows))


def _columns(y: Any) -> list[ColumnData]:
    """Return the columns of y."""
    table = y if hasattr(y, "shape") else np.asarray(y)
    if len(table.shape) < 2:
        return [column_data(table, "y")]
    table = np.asarray(table)
    if table.ndim > 2 or not table.shape[1]:
        raise ShapeError(f"y must have the shape (m,) or (m, n_outputs), got {table.shape}.")
    return [column_data(table[:, i], "y") for i in range(table.shape[1])]


def _standardised(amounts: NDArray[np.float64]) -> NDArray[np.float64]:
    # Shares of the largest amount, because the squares of amounts may overflow.
    largest = float(np.abs(amounts).max()) or 1.0
    shares = amounts / largest
    shares = shares - shares.mean()
    deviation = float(np.sqrt(np.mean(shares**2)))
    return shares / deviation if deviation > 1e-15 else np.zeros_like(shares)


def _folds(n_rows: int, classes: NDArray[np.intp] | None = None) -> NDArray[np.intp]:
    """Assign rows to folds of equal size at random, always in the same way; the classes are spread evenly."""
    order = np.random.default_rng(0).permutation(n_rows)
    if classes is not None:
        order = order[np.argsort(classes[order], kind="stable")]
    folds = np.empty(n_rows, dtype=np.intp)
    folds[order] = np.arange(n_rows) % N_FOLDS
    return folds
