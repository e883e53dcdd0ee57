"""The target as the encodings of features need it: classes, or standardised amounts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from multilayer.equations.extensions.encodings import cross_fitted_means
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
    classes : array or None
        The classes as they are in y; None for amounts.
    """

    task: Task
    values: NDArray[Any]
    labels: tuple[str, ...]
    folds: NDArray[np.intp]
    classes: NDArray[Any] | None = None

    def output(self, i: int) -> NDArray[np.float64]:
        """Return one output with mean 0, of shape (m,): an amount, or the indicator of a class less its share."""
        if self.task == "regression":
            amounts: NDArray[np.float64] = self.values[:, i]
            return amounts
        is_class = (self.values == (i + 1 if len(self.labels) == 1 else i)).astype(np.float64)
        return is_class - is_class.mean()

    def cross_fitted(self, name: str, codes: NDArray[np.intp], n_categories: int) -> NDArray[np.float64]:  # noqa: ARG002 all columns have these rows
        """Return the cross-fitted mean of each output for each row, (K, m), by the categories of a column."""
        outputs = [self.output(i) for i in range(len(self.labels))]
        found = [cross_fitted_means(codes, t, n_categories, self.folds) for t in outputs]
        return np.array(found).reshape(len(outputs), len(codes))


def response_of(
    y: Any, task: str, n_rows: int, groups: Any = None, all_classes: Sequence[Any] | None = None
) -> Response:
    """Prepare y of ``n_rows`` rows: classes or amounts, also several amounts a row; groups stay in one fold.

    ``all_classes`` may have classes that y lacks.

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
        if all_classes is not None:
            different = np.unique(np.concatenate([different, np.asarray(all_classes)]))
        classes = np.searchsorted(different, values)
        names = tuple(map(str, different.tolist()))
        return Response(
            "classification",
            classes,
            names[1:] if len(names) <= 2 else names,
            _folds(n_rows, groups, classes),
            different,
        )
    amounts = [target_amounts(values, rows, "y")]
    for column in columns[1:]:
        amounts.append(target_amounts(*target_values(column, "y", drop_gaps=False), "y"))
    outputs = np.column_stack([_standardised(amount) for amount in amounts])
    return Response("regression", outputs, ("",) * len(columns), _folds(n_rows, groups))


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


def _folds(n_rows: int, groups: Any, classes: NDArray[np.intp] | None = None) -> NDArray[np.intp]:
    """Assign rows to folds of equal size at random, always in the same way; the classes are spread evenly.

    Rows of one group are in one fold: the largest groups come first, each goes to the smallest fold.
    """
    order = np.random.default_rng(0).permutation(n_rows)
    folds = np.empty(n_rows, dtype=np.intp)
    if groups is not None:
        numbers = group_numbers(groups, n_rows)
        sizes = np.bincount(numbers)
        of_group, rows_of_fold = np.empty(len(sizes), dtype=np.intp), np.zeros(N_FOLDS, dtype=np.intp)
        for group in np.argsort(-sizes, kind="stable"):
            of_group[group] = rows_of_fold.argmin()
            rows_of_fold[of_group[group]] += sizes[group]
        return of_group[numbers]
    if classes is not None:
        order = order[np.argsort(classes[order], kind="stable")]
    folds[order] = np.arange(n_rows) % N_FOLDS
    return folds


def group_numbers(groups: Any, n_rows: int) -> NDArray[np.intp]:
    """Return the number of the group of each row, from 0 in the order of their first rows.

    Examples
    --------
    >>> group_numbers(["b", "a", "b"], 3).tolist()
    [0, 1, 0]
    """
    values = np.asarray(groups, dtype=object).tolist()
    if len(values) != n_rows:
        raise ShapeError(f"groups must have an entry for each of the {n_rows} rows, got {len(values)}.")
    numbers = {value: number for number, value in enumerate(dict.fromkeys(values))}
    return np.array([numbers[value] for value in values], dtype=np.intp)
