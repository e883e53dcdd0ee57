"""The folds of scikit-learn's splitters as row numbers, once or several times."""

from __future__ import annotations

import numbers
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import clone, is_classifier
from sklearn.model_selection import check_cv
from sklearn.utils import indexable
from sklearn.utils.validation import _num_samples

from multilayer._checks import check_integer
from multilayer.exceptions import InputError, ParameterError, ShapeError
from multilayer.fits.errors import input_errors
from multilayer.training.batching import RowNumbers

Split = tuple[RowNumbers, RowNumbers]  # the numbers of the training rows and of the test rows


def divided(estimator: Any, X: Any, y: Any, groups: Any, cv: Any, repeats: int = 1) -> list[Split]:
    """The folds; of several repeats each is shuffled with another seed: 0, 1, ..."""
    check_kind_of_cv(cv)
    if repeats != 1 or type(repeats) is not int:
        check_integer("repeats", repeats, 1)
        _check_can_repeat(cv, repeats)
    is_number = cv is None or isinstance(cv, numbers.Integral)
    m, groups = _num_samples(X), None if groups is None else checked_groups(X, groups)
    if not is_number and is_list_of_folds(cv):
        return checked_folds(cv, m)
    folds: list[Split] = []
    with input_errors():
        splitter = check_cv(cv, y, classifier=is_classifier(estimator))
        for repeat in range(repeats):
            if repeats > 1:
                splitter = clone(splitter, safe=False)
                splitter.random_state = repeat
                if is_number:
                    splitter.shuffle = True
            folds += checked_folds(splitter.split(X, y, groups), m)
    return folds


def check_kind_of_cv(cv: Any) -> None:
    """Raise a ParameterError unless ``cv`` is a number of folds, a splitter or a list of splits."""
    what = "cv must be a number of folds, a splitter, or an iterable of (train, test)"
    if isinstance(cv, type):
        raise ParameterError(f"{what}, got the class {cv.__name__}. Write {cv.__name__}().")
    if isinstance(cv, numbers.Integral):
        if cv in (True, False) or int(cv) < 2:
            check_integer("cv", cv, 2)
        return
    is_splitter = hasattr(cv, "split") and hasattr(cv, "get_n_splits")
    if isinstance(cv, str | bytes) or not (cv is None or is_splitter or is_list_of_folds(cv)):
        raise ParameterError(f"{what}, got {cv!r}. Write cv=5.")


def is_list_of_folds(cv: Any) -> bool:
    """Whether ``cv`` is a list of pairs (train, test)."""
    return isinstance(cv, Iterable) and not hasattr(cv, "split")


def _check_can_repeat(cv: Any, repeats: int) -> None:
    """Raise a ParameterError if repeats would give the same folds again."""
    if repeats == 1 or cv is None or isinstance(cv, numbers.Integral):
        return
    wanted = f"repeats={repeats} needs a splitter that shuffles, without its own random_state"
    remedy = "Pass a number of folds, which are shuffled by the seeds 0, 1, ..., or one repeat."
    if not hasattr(cv, "random_state") or not getattr(cv, "shuffle", True):
        raise ParameterError(f"{wanted}, got cv={cv!r:.200}, whose folds are the same each time. {remedy}")
    if cv.random_state is not None:
        raise ParameterError(f"{wanted}, got cv={cv!r:.200}. Leave its random_state out. {remedy}")


def checked_groups(X: Any, groups: ArrayLike | None) -> Any:
    """The groups, checked to have one entry for each row of X."""
    if groups is None:
        return None
    with input_errors():
        m, n = _num_samples(X), _num_samples(groups)
    if m != n:
        raise ShapeError(f"groups must have an entry for each of the {m} rows of X, got {n}. Pass one for each.")
    return indexable(groups)[0]


def checked_folds(splits: Iterable[Any], m: int) -> list[Split]:
    """The folds of m rows, checked, each as two arrays of row numbers."""
    folds: list[Split] = []
    for i, split in enumerate(splits):
        if not isinstance(split, Iterable) or len(sides := list(split)) != 2:
            raise InputError(f"fold {i} of cv must be a pair (train, test) of row numbers, got {split!r:.200}.")
        folds.append((_row_numbers(sides[0], m, i, "train"), _row_numbers(sides[1], m, i, "test")))
    if not folds:
        raise ParameterError("cv has no folds. Pass a number of them, such as cv=5, or at least one (train, test).")
    return folds


def _row_numbers(rows: Any, m: int, fold: int, side: str) -> RowNumbers:
    """Row numbers from 0 to m - 1, which may be given as a mask."""
    array, name = np.asarray(rows), f"fold {fold} of cv: {side}"
    if array.dtype.kind == "b" and array.shape == (m,):
        array = np.flatnonzero(array)
    elif array.dtype.kind == "b":
        raise ShapeError(
            f"{name} is a mask of shape {array.shape}, and X has {m} rows. Pass True or False for each, or row numbers."
        )
    if array.ndim == 1 and not array.size:
        raise InputError(f"{name} has no rows. Remove the fold, or give it rows.")
    if array.ndim != 1 or array.dtype.kind not in "iu":
        received = f"shape {array.shape}" if array.ndim != 1 else f"entries such as {array[0]!r}"
        raise InputError(
            f"{name} must be row numbers, integers from 0 to {m - 1}, or a mask of {m} bools, got {received}."
        )
    if array.min() < 0 or array.max() >= m:
        raise InputError(
            f"{name} must be row numbers from 0 to {m - 1}, got numbers from {array.min()} to {array.max()}. "
            "Count rows by their place in X, from 0, not by the labels of a frame."
        )
    return array.astype(np.intp, copy=False)
