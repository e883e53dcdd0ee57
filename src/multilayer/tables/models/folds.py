"""The folds of a table model: which rows its networks are trained on, and which ones validate them."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold, StratifiedKFold, train_test_split

from multilayer.exceptions import InputError
from multilayer.fits.errors import input_errors
from multilayer.selection.splitting import checked_folds, checked_groups, is_list_of_folds

RowIndices = NDArray[np.intp]
N_FOLDS = 5
FEWEST_ROWS = 2 * N_FOLDS
VALIDATION_SHARE = 0.2  # of a single split


def folds_of(
    cv: Any, y: NDArray[Any], groups: Any, seed: int, *, classifies: bool, is_single: bool
) -> list[tuple[RowIndices, RowIndices]]:
    """Return the numbers of the training rows and of the validation rows of each fold.

    Parameters
    ----------
    cv : int, splitter, list of (train, test) or None
        The folds as the user states them; None for five, or for one if ``is_single``.
    y : array of shape (m,) or (m, K)
        Class numbers or amounts.
    groups : array-like of shape (m,) or None
        Groups of the rows that are kept in one fold.
    seed : int
        The seed of the default folds.
    classifies : bool
        Whether y holds class numbers; each fold then has the same shares of the classes.
    is_single : bool
        Whether a single fold is the default.

    Returns
    -------
    list of pairs of arrays
        The folds.

    Raises
    ------
    InputError
        For fewer than ten rows, or folds that cannot be made.
    """
    m, numbers = len(y), np.arange(len(y))
    groups = checked_groups(numbers, groups)
    check_enough_rows(m)
    with input_errors():
        if cv is not None and is_list_of_folds(cv):
            return checked_folds(cv, m)
        if hasattr(cv, "split"):
            return checked_folds(cv.split(numbers, y, groups), m)
        if is_single and cv is None and groups is None:
            return [_single_split(numbers, y, seed, classifies=classifies)]
        n_folds = N_FOLDS if cv is None else int(cv)
        splitter = _splitter(n_folds, seed, classifies=classifies, grouped=groups is not None)
        with warnings.catch_warnings():
            # A class with fewer rows than folds is missing in some of them; the networks of those folds give it 0.
            warnings.filterwarnings("ignore", "The least populated class")
            folds = checked_folds(splitter.split(numbers, y, groups), m)
    return folds[:1] if is_single and cv is None else folds


def is_series(folds: Sequence[tuple[RowIndices, RowIndices]]) -> bool:
    """Whether there are several folds, and each validates rows that come after those of its training.

    Examples
    --------
    >>> is_series([(np.arange(3), np.arange(3, 6)), (np.arange(6), np.arange(6, 9))])
    True
    """
    return len(folds) > 1 and all(train.max() < validating.min() for train, validating in folds)


def check_enough_rows(m: int) -> None:
    """Raise an InputError for a table of fewer than ten rows."""
    if m < FEWEST_ROWS:
        raise InputError(
            f"the table has n_samples={m} rows, and a table model needs at least {FEWEST_ROWS}, because it is "
            "validated on rows that it is not trained on. Pass more rows."
        )


def _splitter(n_folds: int, seed: int, *, classifies: bool, grouped: bool) -> Any:
    if grouped and not classifies:
        return GroupKFold(n_folds)
    kind = StratifiedGroupKFold if grouped else StratifiedKFold if classifies else KFold
    return kind(n_folds, shuffle=True, random_state=seed)


def _single_split(
    numbers: RowIndices, y: NDArray[Any], seed: int, *, classifies: bool
) -> tuple[RowIndices, RowIndices]:
    n_classes = int(y.max()) + 1 if classifies else 0
    alone = numbers[:0]  # rows of which each is the only one of its class: a network can learn from them at most
    if classifies:
        alone = np.flatnonzero(np.bincount(y)[y] == 1)
    numbers = np.setdiff1d(numbers, alone)
    n_classes = len(np.unique(y[numbers])) if classifies else 0
    is_stratified = classifies and 2 * n_classes <= len(numbers)
    n_validating = max(int(VALIDATION_SHARE * len(numbers)), n_classes if is_stratified else 1)
    if len(numbers) < 2:
        raise InputError("each class of y has a single row. Pass more rows of each class.")
    train, validating = train_test_split(
        numbers, test_size=n_validating, random_state=seed, stratify=y[numbers] if is_stratified else None
    )
    return np.sort(np.concatenate([train, alone])), np.sort(validating)


def check_weights(
    folds: Sequence[tuple[RowIndices, RowIndices]], weight: NDArray[np.float64] | None, classes: NDArray[Any] | None
) -> None:
    """Raise an error if a fold has no training rows that count, or no validation row counts.

    Parameters
    ----------
    folds : sequence of pairs of arrays
        The folds.
    weight : array of shape (m,) or None
        The weights of the rows.
    classes : array of shape (m,) or None
        Their class numbers.

    Raises
    ------
    InputError
        If weights of 0 leave nothing to learn from.
    """
    if weight is None:
        return
    if classes is not None and len(np.unique(classes[weight > 0])) < 2:
        raise InputError(
            "the rows of y with a positive weight hold 1 class: a classifier needs at least 2. "
            "Give rows of another class a positive weight."
        )
    for number, (train, _) in enumerate(folds):
        if not weight[train].any():
            raise InputError(
                f"all training rows of fold {number} have the weight 0. Remove the rows that should not count, "
                "or pass other folds as cv."
            )
    if not any(weight[validating].any() for _, validating in folds):
        raise InputError(
            "all validation rows have the weight 0. Remove the rows that should not count, or pass other folds as cv."
        )
