"""The errors and warnings that are also scikit-learn's, and what an error leaves behind."""

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
from multilayer.fits.containers import where_not_finite


class NotFittedError(MultilayerError, sklearn.exceptions.NotFittedError):
    """The estimator was asked for what only a fitted one has."""


class ConvergenceWarning(MultilayerWarning, sklearn.exceptions.ConvergenceWarning):
    """Training ended before its stop rule was met."""


@dataclass(frozen=True)
class Complaint:
    """A warning that somebody else is to give: one for many trainings, in place of one for each."""

    message: str
    category: type[MultilayerWarning]
    of_many: str = ""  # the message without the numbers of this one training, if it has such


_LISTENING: ContextVar[list[Complaint] | None] = ContextVar("_LISTENING", default=None)


@contextmanager
def handed_over(complaints: list[Complaint] | None) -> Iterator[None]:
    """Within this block, in this thread, :func:`warn` appends to the list in place of warning; None: it warns.

    Catching warnings would not do: it changes the filters of all threads.
    """
    token = _LISTENING.set(_LISTENING.get() if complaints is None else complaints)
    try:
        yield
    finally:
        _LISTENING.reset(token)


def warn(message: str, category: type[MultilayerWarning], of_many: str = "") -> None:
    """A warning that points at the line outside this library from which it was called.

    ``of_many`` is what is said of many trainings whose messages differ in their numbers alone.
    """
    complaints = _LISTENING.get()
    if complaints is not None:
        complaints.append(Complaint(message, category, of_many))
        return
    level, frame = 1, sys._getframe()
    while frame is not None and frame.f_globals.get("__name__", "").startswith("multilayer."):
        level, frame = level + 1, frame.f_back  # type: ignore[assignment]
    warnings.warn(message, category, stacklevel=level)


@contextmanager
def input_errors(X: Any = None, *, known_only: bool = False) -> Iterator[None]:
    """Within this block errors of scikit-learn's validation become input errors: its text, and what to do.

    Of entries of ``X`` that are not finite the first is named, too.  With ``known_only`` errors that nothing can be
    said of stay as they are: those of somebody else's code, whose place in it matters.
    """
    try:
        yield
    except MultilayerError:
        raise
    except ValueError as error:
        message = str(error)
        if known_only and not _advice_on(message):
            raise
        where = where_not_finite(X) if "Input X contains" in message else ""
        raise InputError(_with_advice(message, where)) from None
    except TypeError as error:
        if known_only and not _advice_on(str(error)):
            raise
        raise InputTypeError(_with_advice(str(error))) from None


# What to do about an error of scikit-learn's, by a part of its text.
_ADVICE = {
    "could not convert string to float": (
        "X must hold numbers: multilayer.tables.TableEncoder turns columns of text and categories into them."
    ),
    "float() argument must be": "X must hold numbers: multilayer.tables.TableEncoder turns a table into them.",
    "could not be promoted by": (
        "X must hold numbers, got columns of types that have none in common, such as dates: "
        "multilayer.tables.TableEncoder turns a table into numbers."
    ),
    "inhomogeneous shape": "X must be a table: rows of the same number of columns.",
    "Complex data not supported": "X and y must hold real numbers: write np.c_[X.real, X.imag] for both parts.",
    "Found array with dim": (
        "X must be a table of shape (m, n): write X.reshape(len(X), -1) to put what a row has in one line."
    ),
    "Input X contains infinity": "Remove these rows, or clip the numbers to what the dtype holds.",
    " features as input": "Pass the columns that fit was given, in their order.",
    "Input X contains NaN": "multilayer.tables.TableEncoder fills gaps and marks where they were.",
    "Input y contains": "Remove these rows from X and y: without a target there is nothing to learn from them.",
    "cannot be greater than the number of members in each class": (
        "Pass fewer folds, such as cv=2, or leave out the classes that have too few rows."
    ),
    "Cannot have number of splits": "Pass fewer folds than there are rows.",
    "greater than the number of groups": "Pass fewer folds than there are groups.",
    "'groups' parameter should not be None": "Pass groups, an entry for each row of X.",
    "inconsistent numbers of samples": "These are the rows of X and the entries of y: pass one target for each row.",
    "Unknown label type: continuous": (
        "y holds numbers with a fraction, which are no labels. Use MLPRegressor, or make classes of them first."
    ),
}

# Messages of which the first line is enough: then come other models, or all of the numbers.
_CUT = ("contains NaN", "Complex data not supported")


def _advice_on(message: str) -> str:
    return next((advice for part, advice in _ADVICE.items() if part in message), "")


def _with_advice(message: str, where: str = "") -> str:
    advice = _advice_on(message)
    if not advice:
        return message
    is_cut = any(part in message for part in _CUT)
    message = message.split("\n")[0].rstrip() if is_cut else message.rstrip()
    return f"{message}{'' if message.endswith(('.', '!')) else '.'} {where}{advice}"


DIVERGENCE_IN_SCIKIT_LEARN = (
    "In scikit-learn's words: Solver produced non-finite parameter weights. The input data may contain large values "
    "and need to be preprocessed."
)
