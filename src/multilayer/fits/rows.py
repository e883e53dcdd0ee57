"""The rows of a fit: what was passed to it, and what all of it has become."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from numpy.typing import ArrayLike

from multilayer.exceptions import ParameterError
from multilayer.fits.labels import Labels
from multilayer.fits.losses import Loss
from multilayer.fits.scores import Score
from multilayer.network import Floats
from multilayer.training.batching import Rows

Keep = Literal["best", "last"]


@dataclass(frozen=True)
class Table:
    """Rows ready for the network: all of a table's, or those with the ``numbers`` of a table that others share."""

    X: Any  # (m, s_1), an array or CSR
    y: Any  # as it was passed: labels, (m,), zeros and ones, (m, K), or numbers
    Y: Floats  # the targets made of it, (m, K); those to be standardised in float64, until it is known how
    weight: Floats | None = None  # (m,)
    numbers: Rows | None = None  # None for all

    @property
    def n_rows(self) -> int:
        return len(self.Y) if self.numbers is None else len(self.numbers)

    def own(self, column: Any) -> Any:
        """The entries of these rows, from an array with an entry for each row of the table."""
        return column if self.numbers is None else column[self.numbers]

    def taken(self, rows: Rows) -> Table:
        """A copy of some of these rows, which are counted from 0 here."""
        rows = rows if self.numbers is None else self.numbers[rows]
        weight = None if self.weight is None else self.weight[rows]
        return Table(self.X[rows], self.y[rows], self.Y[rows], weight)


@dataclass(frozen=True)
class Targets:
    """What y has become."""

    Y: Floats  # (m, K)
    loss: Loss  # the output unit and its cost
    score: Score  # of the rows that validate
    stratify: bool = False  # whether the rows held out are to have as large a share of each class
    cost_divisor: int = 1  # the costs that are shown are J divided by this
    labels: Labels | None = None  # of a classifier


@dataclass(frozen=True)
class FitData:
    """All rows of a fit."""

    training: Table  # those to be held out among them
    targets: Targets
    validation: Table | None = None  # X_val and y_val


@dataclass(frozen=True)
class ValidationArguments:
    """The arguments of ``fit`` for validation."""

    X: Any = None
    y: Any = None
    weight: Any = None
    groups: Any = None

    @property
    def has_rows(self) -> bool:
        return self.X is not None

    def check_complete(self) -> None:
        """An error where one of X_val and y_val is missing."""
        missing = [name for name, value in (("X_val", self.X), ("y_val", self.y)) if value is None]
        if missing and (len(missing) == 1 or self.weight is not None):
            given = "sample_weight_val" if len(missing) == 2 else "y_val" if self.X is None else "X_val"
            raise ParameterError(
                f"{given} was passed without {' and '.join(missing)}. Pass X_val and y_val together, or neither."
            )


NO_VALIDATION = ValidationArguments()


@dataclass(frozen=True, eq=False)
class SharedTable:
    """X and y, checked once for many fits, each on rows of its own."""

    X: Any  # (m, s_1)
    y: Any  # (m,) or (m, K)
    Y: Floats  # (m, K), the targets that a fit on all rows would have
    weight: Floats | None  # (m,)
    columns: dict[str, Any]  # n_features_in_, and feature_names_in_ if there are any

    def validation(self, rows: Rows) -> ValidationArguments:
        """Some of the rows to validate on."""
        return ValidationArguments(self.X[rows], self.y[rows], None if self.weight is None else self.weight[rows])


@dataclass(frozen=True, eq=False)
class FitRequest:
    """Data and options of one fit."""

    X: Any = None
    y: Any = None
    sample_weight: Any = None
    validation: ValidationArguments = NO_VALIDATION
    resumes: bool = False  # from where the network stands
    is_part: bool = False  # one epoch on a part of the data
    classes: ArrayLike | None = None  # the labels that parts may hold
    epochs_done: int = 0  # of this training, before it was cut off
    shared: SharedTable | None = None  # the table to train on, in place of X and y
    rows: Rows | None = None  # the numbers of its rows
    keep: Keep = "best"  # the weights of the best validation score, or the last ones
