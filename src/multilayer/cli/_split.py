"""Rows to train on and rows to test on, so that there is something to learn and to test."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split

from multilayer.cli._tables import count, shortened
from multilayer.exceptions import InputError

Rows = NDArray[np.intp]

_FEWEST_TO_TRAIN = 2
_FEW_TO_TEST = 10


@dataclass(frozen=True)
class Split:
    """Row numbers from 0, sorted.

    Attributes
    ----------
    train, test : arrays of int
    stratified : whether both parts hold the classes in the same proportions
    notes : what the user should know of it
    fraction : the share of the rows that was asked for to test on
    """

    train: Rows
    test: Rows
    stratified: bool
    notes: tuple[str, ...]
    fraction: float


def split_amounts(n: int, test_fraction: float, seed: int) -> Split:
    """Split rows 0 .. n - 1; at least two are in the training part.

    Raises
    ------
    InputError
        There are too few rows for a test part.
    """
    if n < _FEWEST_TO_TRAIN + 1:
        raise InputError(
            f"{count(n, 'row')} cannot be split: amounts need two rows to train on and one to test on. Add rows."
        )
    n_test = min(math.ceil(test_fraction * n), n - _FEWEST_TO_TRAIN)
    train, test = train_test_split(np.arange(n), test_size=n_test, random_state=seed)
    few = f"{count(n_test, 'row')} to test on: the scores would differ much on others"
    notes = (few,) if n_test < _FEW_TO_TEST else ()
    return Split(np.sort(train), np.sort(test), False, notes, test_fraction)


def split_classes(y: NDArray[Any], rows: Rows, test_fraction: float, seed: int) -> Split:
    """Split rows 0 .. m - 1 with labels y (m,); every class has at least one row in the training part.

    In notes they are called by where they stand in the file, ``rows`` (m,).

    Raises
    ------
    InputError
        There are too few rows for a test part.
    """
    classes, codes, sizes = np.unique(y, return_inverse=True, return_counts=True)
    n, n_classes = len(y), len(classes)
    n_test = math.ceil(test_fraction * n)
    spare = n - n_classes
    if spare < 1:
        raise InputError(
            f"{count(n, 'row')} in {count(n_classes, 'class', 'classes')} cannot be split: with a row of each class to "
            "train on, none is left to test on."
        )
    notes = single_row_notes(classes, codes, sizes, rows)
    repeated = np.flatnonzero(sizes[codes] > 1)  # those of classes with two rows or more
    n_repeated = int(np.sum(sizes > 1))
    if n_test >= n_repeated and len(repeated) - n_test >= n_repeated:
        train, test = train_test_split(repeated, test_size=n_test, stratify=codes[repeated], random_state=seed)
        train = np.concatenate([train, np.flatnonzero(sizes[codes] == 1)])
        if len(np.unique(codes[train])) == n_classes:
            return Split(np.sort(train), np.sort(test), True, notes, test_fraction)
    train, test = _one_of_each_class(codes, min(n_test, spare), seed)
    few = f"too few rows to keep the proportions of {count(n_classes, 'class', 'classes')} in both parts of the split"
    return Split(train, test, False, (*notes, few), test_fraction)


def _one_of_each_class(codes: Rows, n_test: int, seed: int) -> tuple[Rows, Rows]:
    """A random split that keeps one random row of each class for training."""
    order = np.random.RandomState(seed).permutation(len(codes))
    _, first = np.unique(codes[order], return_index=True)  # where each class comes first in that order
    free = np.delete(order, first)
    test = np.sort(free[:n_test])
    return np.setdiff1d(order, test), test


def single_row_notes(classes: NDArray[Any], codes: Rows, sizes: Rows, rows: Rows) -> tuple[str, ...]:
    """That classes with a single row are in no test part; they are called by where they stand in the file, ``rows``."""
    singles = np.flatnonzero(sizes == 1)
    if not len(singles):
        return ()
    first = singles[0]
    name = shortened(str(classes[first]), 40)
    row = int(rows[np.argmax(codes == first)]) + 1
    if len(singles) == 1:
        return (f"class {name!r} has a single row, data row {row}: it is trained on, and no score tells of it",)
    return (
        f"{len(singles)} classes have a single row, such as {name!r} in data row {row}: these are trained on, and no "
        "score tells of them",
    )
