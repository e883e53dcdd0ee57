"""The data of one fit of a table model: rows, targets, weights, groups and folds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from multilayer.exceptions import InputError
from multilayer.fits.class_weights import class_weights, with_class_weights
from multilayer.fits.columns import checked_weight
from multilayer.fits.labels import labels_of
from multilayer.tables.models.folds import RowIndices
from multilayer.tables.models.losses import TargetLoss
from multilayer.tables.models.rows import Rows

Limits = tuple[NDArray[np.float64], NDArray[np.float64]]  # the least and the largest amount of each output


@dataclass(frozen=True, eq=False)
class Problem:
    """The data of one fit.

    Attributes
    ----------
    rows : Rows
        The table.
    y : array of shape (m,) or (m, K)
        Class numbers or amounts.
    weight : array of shape (m,) or None
        Weights of the rows.
    folds : sequence of pairs of arrays
        The numbers of the training rows and of the validation rows of each fold.
    classifies : bool
        Whether y holds class numbers.
    identifiers : dict of str to str
        The columns that only identify rows, and why.
    loss : TargetLoss or None
        The loss of amounts.
    groups : array of int of shape (m,) or None
        The number of the group of each row.
    class_weight : mapping, "balanced" or None
        The weights of the classes, by their numbers.
    """

    rows: Rows
    y: NDArray[Any]
    weight: NDArray[np.float64] | None
    folds: Sequence[tuple[RowIndices, RowIndices]]
    classifies: bool
    identifiers: Mapping[str, str] = field(default_factory=dict)
    loss: TargetLoss | None = None
    groups: NDArray[np.intp] | None = None
    class_weight: Mapping[int, float] | Literal["balanced"] | None = None

    @property
    def task(self) -> Literal["classification", "regression"]:
        """What y holds, for the encoder."""
        return "classification" if self.classifies else "regression"

    def limits(self, train: RowIndices) -> Limits | None:
        """Return the ranges of the amounts of some training rows; a fold does not know the other rows."""
        if self.classifies:
            return None
        y = self.y[train].reshape(len(train), -1)
        return y.min(axis=0), y.max(axis=0)

    def validated(self) -> Problem:
        """Return the validation rows of the single fold as a problem without training rows."""
        ((_, rows),) = self.folds
        weight = None if self.weight is None else self.weight[rows]
        folds = [(rows[:0], np.arange(len(rows)))]
        return replace(self, rows=self.rows.subset(rows), y=self.y[rows], weight=weight, folds=folds)

    def with_all_rows(self) -> Problem:
        """Return the problem with one more fold, in which all rows train and none validates."""
        rows = np.arange(len(self.rows))
        return replace(self, folds=[*self.folds, (rows, rows[:0])])

    def monitored(self, fold: int) -> RowIndices:
        """Return the validation rows of a fold that can stop its networks: of positive weight and a trained class."""
        train, validating = self.folds[fold]
        if self.weight is not None:
            validating = validating[self.weight[validating] > 0]
        if self.classifies:
            validating = validating[np.isin(self.y[validating], self.y[train])]
        return validating

    def fitting_weight(self, rows: RowIndices) -> NDArray[np.float64] | None:
        """Return the weights of some rows times those of their classes, as networks are trained with them."""
        weight = None if self.weight is None else self.weight[rows]
        if self.class_weight is None:
            return weight
        y = self.y[rows]
        of_classes: Any = self.class_weight
        if isinstance(of_classes, Mapping):
            # A fold may lack some of the classes.
            of_classes = {number: of_classes.get(number, 1.0) for number in np.unique(y).tolist()}
        found = class_weights(of_classes, y, labels_of(y), weight)
        return np.asarray(with_class_weights(found, y, weight, np.dtype(np.float64)), dtype=np.float64)


def weight_of_rows(weight: ArrayLike | None, m: int, name: str) -> NDArray[np.float64] | None:
    """Return the checked weights of m rows."""
    checked = checked_weight(weight, m, np.dtype(np.float64), name, warns=True)
    return None if checked is None else np.asarray(checked, dtype=np.float64)


def joined_weights(
    n_rows: int, weight: NDArray[np.float64] | None, n_further: int, further: NDArray[np.float64] | None
) -> NDArray[np.float64] | None:
    """Return the weights of rows and of further rows; None if both have none."""
    if weight is None and further is None:
        return None
    return np.concatenate(
        [np.ones(n) if given is None else given for n, given in ((n_rows, weight), (n_further, further))]
    )


def check_lengths(n_rows: int, n_targets: int) -> None:
    """Raise an InputError for another number of targets than rows."""
    if n_rows != n_targets:
        raise InputError(
            f"Found input variables with inconsistent numbers of samples: {[n_rows, n_targets]}. "
            "Pass one target for each row."
        )
