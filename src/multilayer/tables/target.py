"""The column to be predicted: is it a class or an amount, and what is y?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from multilayer.exceptions import InputError, unknown_name
from multilayer.tables._arrow import PLURAL, as_frame, is_gap, kind_of, numbers, texts, to_arrow
from multilayer.tables._names import missing_column

Task = Literal["classification", "regression"]

_MOST_CLASSES = 20
_ROWS_PER_CLASS = 5


@dataclass(frozen=True, eq=False)
class TargetInfo:
    """A target ready for an estimator.

    Attributes
    ----------
    task : "classification" or "regression"
    reason : why it is that task, in plain words
    y : array of shape (m,); labels of type str, int64 or bool for classification, float64 for regression
    classes : the different labels, sorted, of the type of y; None for regression
    """

    task: Task
    reason: str
    y: NDArray[Any]
    classes: NDArray[Any] | None


def split_target(frame: object, target: str) -> tuple[Any, Any]:
    """Part a data frame into the features and the column to be predicted.

    Returns
    -------
    The frame without that column and the column, both of the kind that was passed in.

    Raises
    ------
    InputError
        There is no such column, with the names it may have meant; or there is no other column.

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
        raise InputError(f"the table has no column but the target {target!r}: there is nothing to predict it from.")
    return table.drop(target).to_native(), table.get_column(target).to_native()


def encode_target(column: object, task: str = "auto", *, name: str | None = None) -> TargetInfo:
    """Decide between classification and regression, and return y.

    With ``task="auto"``, text and Booleans are classes, and numbers with fractions are amounts.  Whole numbers
    are classes if they take two values, or at most 20 with 5 rows or more for each on average: measurements seldom
    repeat that often.  Grades and small counts do, and are classes by this rule; pass the task where it is wrong.

    Parameters
    ----------
    column : series of pandas or polars, pyarrow array, NumPy array or list of m values
    task : "auto", "classification" or "regression"
    name : the column's name in messages, by default that of the series

    Raises
    ------
    InputError
        Gaps (their number and the first row), no rows, infinity, one value only, text for regression, fractions for
        classification, dates, text that differs in nearly every row.
    ParameterError
        An unknown task.

    Examples
    --------
    >>> info = encode_target(["yes", "no", "yes"])
    >>> info.task, info.classes.tolist(), info.y.tolist()
    ('classification', ['no', 'yes'], ['yes', 'no', 'yes'])
    >>> encode_target([7.5, 9.25, 8.0]).reason
    'The target holds numbers with fractions.'
    """
    if task not in ("auto", *get_args(Task)):
        raise unknown_name("task", task, ("auto", *get_args(Task)))
    name = name if name is not None else getattr(column, "name", None)
    what = f"target {name!r}" if isinstance(name, str) and name else "the target"
    values = _values(to_arrow(column, what), what)
    different = np.unique(values)
    if len(different) == 1:
        raise InputError(f"{what} holds one value only, {different[0].item()!r}: there is nothing to learn.")
    inferred, reason = _inferred_task(values, different)
    if task == "auto" and values.dtype.kind == "U":
        _check_labels_repeat(len(different), len(values), what)
    if task != "auto" and task != inferred:
        reason = f"It was asked for; by itself: {inferred}. {reason}"
    if task == "regression" or (task == "auto" and inferred == "regression"):
        return TargetInfo("regression", reason, _amounts(values, what), None)
    if values.dtype.kind == "f":
        row = int(np.argmax(values != np.trunc(values)))
        raise InputError(
            f"{what} holds numbers with fractions, which are no class labels: {values[row]} in data row {row + 1}. "
            'Pass task="regression", or turn them into text or whole numbers.'
        )
    return TargetInfo("classification", reason, values, different)


def _values(column: Any, what: str) -> NDArray[Any]:
    """The column as an array of str, bool, integers (also whole floats) or float64; no gaps among them."""
    kind = kind_of(column, what)
    if not len(column):
        raise InputError(f"{what} has no rows.")
    if kind not in ("number", "Boolean", "text", "empty"):
        raise InputError(
            f"{what} holds {PLURAL[kind]}, which cannot be predicted as such. "
            "Turn them into numbers, e.g. days since a date."
        )
    amounts = numbers(column, what) if kind in ("number", "Boolean") else None
    gaps = is_gap(column) if amounts is None else np.isnan(amounts)
    if gaps.any():
        n_gaps, first = int(gaps.sum()), int(gaps.argmax()) + 1
        raise InputError(
            f"{what} has {n_gaps} gap{'s' if n_gaps > 1 else ''}, the first in data row {first} of {len(column)}. "
            "Remove the rows without a target."
        )
    if amounts is None:
        words = texts(column).combine_chunks().dictionary_encode()
        labels: NDArray[np.str_] = np.asarray(words.dictionary.to_pylist(), dtype=np.str_)
        return labels[words.indices.to_numpy()]
    if kind == "Boolean":
        return amounts.astype(np.bool_)
    return _whole_numbers(column, amounts)


def _whole_numbers(column: Any, amounts: NDArray[np.float64]) -> NDArray[Any]:
    """The numbers as integers if they are whole, so that a label 1.0 is the label 1.

    Integers are taken from the column itself: float64 does not tell apart 2**53 and 2**53 + 1.
    """
    exact: NDArray[Any] = column.to_numpy()
    if exact.dtype.kind == "u":
        return exact.astype(np.int64 if amounts.max() < 2.0**63 else np.uint64)
    if exact.dtype.kind == "i":
        return exact.astype(np.int64)
    if np.abs(amounts).max() < 2.0**53 and np.array_equal(amounts, np.trunc(amounts)):
        return amounts.astype(np.int64)
    return amounts


def _inferred_task(values: NDArray[Any], different: NDArray[Any]) -> tuple[Task, str]:
    n, n_different = len(values), len(different)
    match values.dtype.kind:
        case "U":
            return "classification", f"The target holds text, {n_different} different labels."
        case "b":
            return "classification", "The target holds Booleans."
        case "f":
            return "regression", "The target holds numbers with fractions."
    if n_different == 2:
        return "classification", f"The target takes two values, {different[0]} and {different[1]}."
    found = f"The target holds whole numbers, {n_different} different ones in {n} rows"
    if n_different <= _MOST_CLASSES and n >= _ROWS_PER_CLASS * n_different:
        return "classification", f'{found}: few enough to be classes. Ask for "regression" if they are amounts.'
    return "regression", f'{found}: too many to be classes. Ask for "classification" if they are labels.'


def _check_labels_repeat(n_different: int, n: int, what: str) -> None:
    if n_different > _MOST_CLASSES and 2 * n_different > n:
        raise InputError(
            f"{what} holds text that differs in {n_different} of {n} rows: too many to be class labels. "
            "If they are numbers, write them with a decimal point and nothing else; otherwise name another column."
        )


def _amounts(values: NDArray[Any], what: str) -> NDArray[np.float64]:
    if values.dtype.kind == "U":
        raise InputError(
            f"{what} holds text, regression needs numbers: {str(values[0])[:40]!r} in data row 1. "
            'Pass task="classification", or turn the text into numbers.'
        )
    return values.astype(np.float64)
