"""The target column: the choice between classification and regression, and y."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from multilayer.exceptions import InputError, argument, unknown_name
from multilayer.tables._column_data import PLURAL, ColumnData
from multilayer.tables._frames import as_frame
from multilayer.tables._names import missing_column
from multilayer.tables._series import column_data
from multilayer.tables._spellings import has_decimal_commas

Task = Literal["classification", "regression"]

_MOST_CLASSES = 20
_ROWS_PER_CLASS = 5


@dataclass(frozen=True, eq=False)
class TargetInfo:
    """A target for an estimator.

    Attributes
    ----------
    task : {"classification", "regression"}
        The task.
    reason : str
        The reason for this task, in words.
    y : array of shape (m,)
        Labels of type str, int64 or bool for classification; float64 for regression.
    classes : array or None
        The sorted unique labels; None for regression.
    rows : array of int, of shape (m,)
        The position of each value in the column, from 0.
    """

    task: Task
    reason: str
    y: NDArray[Any]
    classes: NDArray[Any] | None
    rows: NDArray[np.intp]


def split_target(frame: object, target: str) -> tuple[Any, Any]:
    """Divide a data frame into the features and the target column.

    Parameters
    ----------
    frame : pandas, polars or pyarrow table
        The table.
    target : str
        The name of the target column.

    Returns
    -------
    features : table
        The other columns, in a table of the same library.
    column : series or array
        The target column.

    Raises
    ------
    InputError
        If the column does not exist, or is the only one.

    Examples
    --------
    >>> import pyarrow
    >>> features, column = split_target(pyarrow.table({"rooms": [1, 2], "price": [7.5, 9.0]}), "price")
    >>> features.column_names, column.to_pylist()
    (['rooms'], [7.5, 9.0])
    """
    table = as_frame(frame)
    if target not in table.columns:
        raise missing_column("target column", target, table.columns)
    if len(table.columns) == 1:
        raise InputError(
            f"the table has no column but the target {target!r}: there are no features to predict it from."
        )
    return table.drop(target).to_native(), table.get_column(target).to_native()


def features_and_target(X: Any, y: Any) -> tuple[Any, Any]:
    """Return X and y, of which y may be the name of a column of X.

    Raises
    ------
    InputError
        If X has no such column, or no other one.
    """
    return split_target(X, y) if isinstance(y, str) else (X, y)


def encode_target(
    column: object, task: str = "auto", *, name: str | None = None, drop_gaps: bool = False
) -> TargetInfo:
    """Choose between classification and regression, and return y.

    With ``task="auto"``, text and Booleans are classes, and numbers with fractions are amounts.  Whole numbers
    are classes if there are two of them, or at most 20 with an average of 5 rows or more, because measurements seldom
    repeat that often.  Grades and small counts do; pass the task if the choice is wrong.

    Parameters
    ----------
    column : series, array or list of m values
        A pandas or polars series, a pyarrow or NumPy array, or a list.
    task : {"auto", "classification", "regression"}
        The task.
    name : str, optional
        The column's name in messages; by default that of the series.
    drop_gaps : bool
        Whether to drop rows without a value, which are an error by default.

    Returns
    -------
    TargetInfo
        The task and y.

    Raises
    ------
    InputError
        For gaps, no rows, infinity, a single value, text for regression, fractions for classification, dates, and text
        that differs in nearly every row.
    ParameterError
        For an unknown task.

    Examples
    --------
    >>> info = encode_target(["yes", "no", "yes"])
    >>> info.task, info.classes.tolist(), info.y.tolist()
    ('classification', ['no', 'yes'], ['yes', 'no', 'yes'])
    >>> encode_target([7.5, 9.25, 8.0]).reason
    'The target holds numbers with fractions.'
    >>> info = encode_target([7.5, None, 8.0], drop_gaps=True)
    >>> info.y.tolist(), info.rows.tolist()
    ([7.5, 8.0], [0, 2])
    """
    if task not in ("auto", *get_args(Task)):
        raise unknown_name("task", task, ("auto", *get_args(Task)))
    name = name if name is not None else getattr(column, "name", None)
    what = f"target {name!r}" if isinstance(name, str) and name else "the target"
    values, rows = target_values(column_data(column, what), what, drop_gaps)
    different = np.unique(values)
    if len(different) == 1:
        raise InputError(f"{what} holds one value only, {different[0].item()!r}: there is nothing to learn.")
    inferred, reason, advice = inferred_task(values, different)
    if task == "auto" and values.dtype.kind == "U":
        _check_labels_repeat(values, rows, len(different), what)
    if task == "auto":
        reason += advice
    elif task != inferred:
        reason = f"You chose it; the automatic choice is {inferred}. {reason}"
    if task == "regression" or (task == "auto" and inferred == "regression"):
        return TargetInfo("regression", reason, target_amounts(values, rows, what), None, rows)
    if values.dtype.kind == "f":
        i = int(np.argmax(values != np.trunc(values)))
        raise InputError(
            f"{what} holds numbers with fractions, which cannot be labels: {values[i]} in data row {rows[i] + 1}. "
            f"Pass {argument('task', 'regression')}, or convert them to text or whole numbers."
        )
    return TargetInfo("classification", reason, values, different, rows)


def target_values(column: ColumnData, what: str, drop_gaps: bool) -> tuple[NDArray[Any], NDArray[np.intp]]:
    """Return the values as an array of str, bool, integers (also whole floats) or float64, and their rows."""
    if not len(column):
        raise InputError(f"{what} has no rows.")
    if column.kind not in ("number", "Boolean", "text", "empty"):
        raise InputError(
            f"{what} holds {PLURAL[column.kind]}, which cannot be predicted. "
            "Convert them to numbers, e.g. days since a date."
        )
    if column.kind in ("number", "Boolean"):
        column.numbers(what, allow_infinity=False)
    rows = np.flatnonzero(~column.gaps)
    if len(rows) < len(column):
        _check_gaps(column.gaps, what, drop_gaps)
        column = column.take(rows)
    if column.kind == "text":
        labels: NDArray[np.str_] = np.asarray(column.words, dtype=np.str_)
        return labels[column.values], rows
    return column.values if column.kind == "Boolean" else _whole_numbers(column.values), rows


def _check_gaps(gaps: NDArray[np.bool_], what: str, drop_gaps: bool) -> None:
    """Raise an InputError for gaps, unless they are dropped and some values remain."""
    n_gaps, first = int(gaps.sum()), int(gaps.argmax()) + 1
    if n_gaps == len(gaps):
        many = f"all of its {n_gaps} rows are gaps" if n_gaps > 1 else "its only row is a gap"
        raise InputError(f"{what} has no value at all, {many}. Choose another column, or fill it.")
    if not drop_gaps:
        raise InputError(
            f"{what} has {n_gaps} gap{'s' if n_gaps > 1 else ''}, the first in data row {first} of {len(gaps)}. "
            "Remove the rows without a target."
        )


def _whole_numbers(values: NDArray[Any]) -> NDArray[Any]:
    """Convert whole numbers to integers, so that the label 1.0 is the label 1.

    Integers are never floats in between, because float64 cannot distinguish 2**53 from 2**53 + 1.
    """
    if values.dtype.kind == "u":
        return values.astype(np.int64 if values.max() < 2**63 else np.uint64)
    if values.dtype.kind == "i":
        return values.astype(np.int64)
    amounts: NDArray[np.float64] = values.astype(np.float64)
    if np.abs(amounts).max() < 2.0**53 and np.array_equal(amounts, np.trunc(amounts)):
        return amounts.astype(np.int64)
    return amounts


def inferred_task(values: NDArray[Any], different: NDArray[Any]) -> tuple[Task, str, str]:
    """Return the task, the reason, and advice if the choice may be wrong."""
    n, n_different = len(values), len(different)
    match values.dtype.kind:
        case "U":
            return "classification", f"The target holds text, {n_different} different labels.", ""
        case "b":
            return "classification", "The target holds Booleans.", ""
        case "f":
            return "regression", "The target holds numbers with fractions.", ""
    if n_different == 2:
        return "classification", f"The target takes two values, {different[0]} and {different[1]}.", ""
    found = f"The target holds whole numbers, {n_different:,} different ones in {n:,} rows"
    if n_different <= _MOST_CLASSES and n >= _ROWS_PER_CLASS * n_different:
        return (
            "classification",
            f"{found}: few enough to be classes.",
            f" Choose {argument('task', 'regression')} if they are amounts.",
        )
    return (
        "regression",
        f"{found}: too many to be classes.",
        f" Choose {argument('task', 'classification')} if they are labels.",
    )


def _check_labels_repeat(values: NDArray[Any], rows: NDArray[np.intp], n_different: int, what: str) -> None:
    n = len(values)
    if n_different > _MOST_CLASSES and 2 * n_different > n:
        found = f"{what} holds text that differs in {n_different} of {n} rows: too many to be class labels"
        if has_decimal_commas(values.tolist()):
            raise InputError(
                f"{found}. If they are numbers with decimal commas ({_first_word(values, rows)}), read the table with "
                f"{argument('decimal', ',')}; otherwise choose another column."
            )
        raise InputError(
            f"{found}. If they are numbers, write them with a decimal point and nothing else "
            f"({_first_word(values, rows)}); otherwise choose another column."
        )


def target_amounts(values: NDArray[Any], rows: NDArray[np.intp], what: str) -> NDArray[np.float64]:
    if values.dtype.kind == "U":
        if has_decimal_commas(values.tolist()):
            raise InputError(
                f"{what} holds text, regression needs numbers: {_first_word(values, rows)}. If the commas are decimal "
                f"commas, read the table with {argument('decimal', ',')}."
            )
        raise InputError(
            f"{what} holds text, regression needs numbers: {_first_word(values, rows)}. "
            f"Pass {argument('task', 'classification')}, or convert the text to numbers."
        )
    return values.astype(np.float64)


def _first_word(values: NDArray[Any], rows: NDArray[np.intp]) -> str:
    """Return the first text that is not a number, or the first text, with its row."""
    i = next((i for i, text in enumerate(values.tolist()) if not _is_number(text)), 0)
    return f"{str(values[i])[:40]!r} in data row {rows[i] + 1}"


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
