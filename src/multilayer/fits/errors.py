"""Errors and warnings that are also scikit-learn's, and the collection of warnings of many fits."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import sklearn.exceptions

from multilayer.exceptions import InputError, InputTypeError, MultilayerError, MultilayerWarning
from multilayer.fits.containers import first_not_finite


class NotFittedError(MultilayerError, sklearn.exceptions.NotFittedError):
    """The estimator is not fitted yet."""


class ConvergenceWarning(MultilayerWarning, sklearn.exceptions.ConvergenceWarning):
    """Training ended before it converged."""


@dataclass(frozen=True)
class FitWarning:
    """A collected warning of one fit, to be given once for many fits."""

    message: str
    category: type[MultilayerWarning]
    summary: str = ""  # the message without the numbers of this fit, if it has any


_COLLECTED: ContextVar[list[FitWarning] | None] = ContextVar("_COLLECTED", default=None)


@contextmanager
def collected_warnings(collected: list[FitWarning] | None) -> Iterator[None]:
    """Let :func:`warn` append to this list within the block, in this thread; None changes nothing.

    ``warnings.catch_warnings`` is no alternative, because it changes the filters of all threads.
    """
    token = _COLLECTED.set(_COLLECTED.get() if collected is None else collected)
    try:
        yield
    finally:
        _COLLECTED.reset(token)


def warn(message: str, category: type[MultilayerWarning], summary: str = "") -> None:
    """Warn at the line outside this library that called it; ``summary`` is the message without numbers."""
    collected = _COLLECTED.get()
    if collected is not None:
        collected.append(FitWarning(message, category, summary))
        return
    level, frame = 1, sys._getframe()
    while frame is not None and frame.f_globals.get("__name__", "").startswith("multilayer."):
        level, frame = level + 1, frame.f_back  # type: ignore[assignment]
    warnings.warn(message, category, stacklevel=level)


@contextmanager
def input_errors(X: Any = None, *, known_only: bool = False) -> Iterator[None]:
    """Convert errors of scikit-learn's validation within this block to input errors with its text and advice.

    For non-finite entries of ``X``, the error names the first.  With ``known_only``, errors without advice pass
    unchanged: they may come from the user's code, whose traceback matters.
    """
    try:
        yield
    except MultilayerError:
        raise
    except ValueError as error:
        message = str(error)
        if known_only and not _advice_on(message):
            raise
        where = first_not_finite(X) if "Input X contains" in message else ""
        raise InputError(_with_advice(message, where)) from None
    except TypeError as error:
        if known_only and not _advice_on(str(error)):
            raise
        raise InputTypeError(_with_advice(str(error))) from None


# Advice for errors of scikit-learn, by a part of their text.
_ADVICE = {
    "could not convert string to float": (
        "X must hold numbers: multilayer.tables.TableEncoder encodes columns of text and categories."
    ),
    "float() argument must be": "X must hold numbers: multilayer.tables.TableEncoder encodes a table.",
    "could not be promoted by": (
        "X must hold numbers, got columns of types without a common type, such as dates: "
        "multilayer.tables.TableEncoder encodes a table."
    ),
    "inhomogeneous shape": "X must be a table whose rows have the same number of columns.",
    "Complex data not supported": "X and y must hold real numbers: write np.c_[X.real, X.imag] for both parts.",
    "Found array with dim": ("X must be a table of shape (m, n): write X.reshape(len(X), -1) to flatten each row."),
    "Input X contains infinity": "Remove these rows, or clip the numbers to the range of the dtype.",
    " features as input": "Pass the columns that fit received, in the same order.",
    "Input X contains NaN": "multilayer.tables.TableEncoder fills and marks missing values.",
    "Input y contains": "Remove these rows from X and y: a row without a target cannot be used.",
    "cannot be greater than the number of members in each class": (
        "Pass fewer folds, such as cv=2, or drop the classes that have too few rows."
    ),
    "Cannot have number of splits": "Pass fewer folds than rows.",
    "greater than the number of groups": "Pass fewer folds than groups.",
    "'groups' parameter should not be None": "Pass groups with one entry for each row of X.",
    "inconsistent numbers of samples": "These are the rows of X and the entries of y: pass one target for each row.",
    "Unknown label type: continuous": (
        "y holds fractional numbers, which cannot be labels. Use MLPRegressor, or convert y to classes first."
    ),
}

# Messages that are cut after their first line: the rest lists other models, or all of the numbers.
_FIRST_LINE_ONLY = ("contains NaN", "Complex data not supported")


def _advice_on(message: str) -> str:
    return next((advice for part, advice in _ADVICE.items() if part in message), "")


def _with_advice(message: str, where: str = "") -> str:
    advice = _advice_on(message)
    if not advice:
        return message
    is_cut = any(part in message for part in _FIRST_LINE_ONLY)
    message = message.split("\n")[0].rstrip() if is_cut else message.rstrip()
    return f"{message}{'' if message.endswith(('.', '!')) else '.'} {where}{advice}"


DIVERGENCE_IN_SCIKIT_LEARN = (
    "Scikit-learn reports this as: Solver produced non-finite parameter weights. The input data may contain large "
    "values and need to be preprocessed."
)
