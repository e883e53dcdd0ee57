"""The errors and warnings that are also scikit-learn's, and what an error leaves behind."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import sklearn.exceptions

from multilayer.exceptions import InputError, InputTypeError, MultilayerError, MultilayerWarning


class NotFittedError(MultilayerError, sklearn.exceptions.NotFittedError):
    """The estimator was asked for what only a fitted one has."""


class ConvergenceWarning(MultilayerWarning, sklearn.exceptions.ConvergenceWarning):
    """Training ended before its stop rule was met."""


def warn(message: str, category: type[MultilayerWarning]) -> None:
    """A warning that points at the line outside this library from which it was called."""
    level, frame = 1, sys._getframe()
    while frame is not None and frame.f_globals.get("__name__", "").startswith("multilayer."):
        level, frame = level + 1, frame.f_back  # type: ignore[assignment]
    warnings.warn(message, category, stacklevel=level)


@contextmanager
def input_errors() -> Iterator[None]:
    """Within this block errors of scikit-learn's validation become input errors with the same text."""
    try:
        yield
    except MultilayerError:
        raise
    except ValueError as error:
        raise InputError(str(error)) from None
    except TypeError as error:
        raise InputTypeError(str(error)) from None


@contextmanager
def unchanged_on_failure(estimator: object) -> Iterator[None]:
    """An error within this block leaves the estimator with the attributes it had: never new labels on old weights."""
    before = dict(vars(estimator))
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        raise
