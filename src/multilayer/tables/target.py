"""The column to be predicted: is it a class or an amount, and what is y?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from multilayer.exceptions import InputError, unknown_name
from multilayer.tables._arrow import PLURAL, is_gap, kind_of, numbers, texts, to_arrow
from multilayer.tables._frames import as_frame
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
    rows : array of int of shape (m,); where in the column each of them stands, from 0
    """

    task: Task
    reason: str
    y: NDArray[Any]
    classes: NDArray[Any] | None
    rows: NDArray[np.intp]


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


def encode_target(
    column: object, task: str = "auto", *, name: str | None = None, drop_gaps: bool = False
) -> TargetInfo:
    """Decide between classification and regression, and return y.

    With ``task="auto"``, text and Booleans are classes, and numbers with fractions are amounts.  Whole numbers
    are classes if they take two values, or at most 20 with 5 rows or more for each on average: measurements seldom
    repeat that often.  Grades and small counts do, and are classes by this rule; pass the task where it is wrong.

    Parameters
    ----------
    column : series of pandas or polars, pyarrow array, NumPy array or list of m values
    task : "auto", "classification" or "regression"
    name : the column's name in messages, by default that of the series
    drop_gaps : whether rows without a value are left out; the others are ``rows``.  By default they are an error

    Raises
    ------
    InputError
        Gaps (their number and the first row), nothing but gaps, no rows, infinity, one value only, text for regression,
        fractions for classification, dates, text that differs in nearly every row.
    ParameterError
        An unknown task.

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
    values, rows = _values(to_arrow(column, what), what, drop_gaps)
    different = np.unique(values)
    if len(different) == 1:
        raise InputError(f"{what} holds one value only, {different[0].item()!r}: there is nothing to learn.")
    inferred, reason, advice = _inferred_task(values, different)
    if task == "auto" and values.dtype.kind == "U":
        _check_labels_repeat(values, rows, len(different), what)
    if task == "auto":
        reason += advice
    elif task != inferred:
        reason = f"It was asked for; by itself: {inferred}. {reason}"
    if task == "regression" or (task == "auto" and inferred == "regression"):
        return TargetInfo("regression", reason, _amounts(values, rows, what), None, rows)
    if values.dtype.kind == "f":
        i = int(np.argmax(values != np.trunc(values)))
        raise InputError(
            f"{what} holds numbers with fractions, which are no class labels: {values[i]} in data row {rows[i] + 1}. "
            'Pass task="regression", or turn them into text or whole numbers.'
        )
    return TargetInfo("classification", reason, values, different, rows)


def _values(column: Any, what: str, drop_gaps: bool) -> tuple[NDArray[Any], NDArray[np.intp]]:
    """The column as an array of str, bool, integers (also whole floats) or float64, and the rows these stand in."""
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
    rows = np.flatnonzero(~gaps)
    if len(rows) < len(column):
        _check_gaps(gaps, what, drop_gaps)
        column = column.filter(to_arrow(~gaps, what))
        amounts = None if amounts is None else amounts[rows]
    if amounts is None:
        words = texts(column).combine_chunks().dictionary_encode()
        labels: NDArray[np.str_] = np.asarray(words.dictionary.to_pylist(), dtype=np.str_)
        return labels[words.indices.to_numpy()], rows
    if kind == "Boolean":
        return amounts.astype(np.bool_), rows
    return _whole_numbers(column, amounts), rows


def _check_gaps(gaps: NDArray[np.bool_], what: str, drop_gaps: bool) -> None:
    """Raise InputError for gaps, unless they are to be left out and leave something."""
    n_gaps, first = int(gaps.sum()), int(gaps.argmax()) + 1
    if n_gaps == len(gaps):
        many = f"all of its {n_gaps} rows are gaps" if n_gaps > 1 else "its only row is a gap"
        raise InputError(f"{what} has no value at all, {many}. Name another column, or fill it.")
    if not drop_gaps:
        raise InputError(
            f"{what} has {n_gaps} gap{'s' if n_gaps > 1 else ''}, the first in data row {first} of {len(gaps)}. "
            "Remove the rows without a target."
        )


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


def _inferred_task(values: NDArray[Any], different: NDArray[Any]) -> tuple[Task, str, str]:
    """The task, why, and where the rule may be wrong what to do about it."""
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
        return "classification", f"{found}: few enough to be classes.", ' Ask for "regression" if they are amounts.'
    return "regression", f"{found}: too many to be classes.", ' Ask for "classification" if they are labels.'


def _check_labels_repeat(values: NDArray[Any], rows: NDArray[np.intp], n_different: int, what: str) -> None:
    n = len(values)
    if n_different > _MOST_CLASSES and 2 * n_different > n:
        raise InputError(
            f"{what} holds text that differs in {n_different} of {n} rows: too many to be class labels. "
            "If they are numbers, write them with a decimal point and nothing else "
            f"({_first_word(values, rows)}); otherwise name another column."
        )


def _amounts(values: NDArray[Any], rows: NDArray[np.intp], what: str) -> NDArray[np.float64]:
    if values.dtype.kind == "U":
        raise InputError(
            f"{what} holds text, regression needs numbers: {_first_word(values, rows)}. "
            'Pass task="classification", or turn the text into numbers.'
        )
    return values.astype(np.float64)


def _first_word(values: NDArray[Any], rows: NDArray[np.intp]) -> str:
    """The first text that is no number, or the first of all, and where it stands."""
    i = next((i for i, text in enumerate(values.tolist()) if not _is_number(text)), 0)
    return f"{str(values[i])[:40]!r} in data row {rows[i] + 1}"


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
