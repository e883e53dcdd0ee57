"""The rows of a fit, as passed and as read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from numpy.typing import ArrayLike

from multilayer.exceptions import ParameterError
from multilayer.fits.labels import Labels
from multilayer.fits.losses import Loss
from multilayer.fits.scores import Score
from multilayer.fits.target_scale import TargetScale
from multilayer.network import Floats
from multilayer.training.batching import RowNumbers

Keep = Literal["best", "last"]


@dataclass(frozen=True)
class Table:
    """Rows for a network: all rows of a table, or those with some ``numbers`` in a shared table."""

    X: Any  # (m, s_1), an array or CSR
    y: Any  # as passed: labels, (m,), zeros and ones, (m, K), or numbers
    Y: Floats  # the targets, (m, K); in float64 if they are yet to be standardised
    weight: Floats | None = None  # (m,)
    numbers: RowNumbers | None = None  # None for all

    @property
    def n_rows(self) -> int:
        return len(self.Y) if self.numbers is None else len(self.numbers)

    def select(self, column: Any) -> Any:
        """Return the entries of these rows from an array with one entry per row of the table."""
        return column if self.numbers is None else column[self.numbers]

    def subset(self, rows: RowNumbers) -> Table:
        """Return a copy of some of these rows, numbered from 0."""
        rows = rows if self.numbers is None else self.numbers[rows]
        weight = None if self.weight is None else self.weight[rows]
        return Table(self.X[rows], self.y[rows], self.Y[rows], weight)


@dataclass(frozen=True)
class Targets:
    """The targets of a network, with their loss and score."""

    Y: Floats  # (m, K)
    loss: Loss  # the output unit and its cost
    score: Score  # of the validation rows
    stratify: bool = False  # whether rows are held out in the same proportions of the classes
    cost_divisor: int = 1  # displayed costs are J divided by this
    labels: Labels | None = None  # of a classifier


@dataclass(frozen=True)
class FitData:
    """All rows of a fit."""

    training: Table  # including rows to be held out
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
        """Raise an error if only one of X_val and y_val was passed."""
        missing = [name for name, value in (("X_val", self.X), ("y_val", self.y)) if value is None]
        if missing and (len(missing) == 1 or self.weight is not None):
            given = "sample_weight_val" if len(missing) == 2 else "y_val" if self.X is None else "X_val"
            raise ParameterError(
                f"{given} was passed without {' and '.join(missing)}. Pass X_val and y_val together, or neither."
            )


NO_VALIDATION = ValidationArguments()


@dataclass(frozen=True, eq=False)
class SharedTable:
    """X and y, checked once for many fits on some of their rows."""

    X: Any  # (m, s_1)
    y: Any  # (m,) or (m, K)
    Y: Floats  # (m, K), the targets of a fit on all rows
    weight: Floats | None  # (m,)
    columns: dict[str, Any]  # n_features_in_, and feature_names_in_ if there are any

    def validation(self, rows: RowNumbers) -> ValidationArguments:
        """Return some of the rows as validation rows."""
        return ValidationArguments(self.X[rows], self.y[rows], None if self.weight is None else self.weight[rows])


@dataclass(frozen=True, eq=False)
class FitRequest:
    """Data and options of one fit.

    Attributes
    ----------
    X, y, sample_weight : array-like
        The training rows, unless ``shared`` is given.
    validation : ValidationArguments
        The validation rows, and the groups.
    resumes : bool
        Whether training continues from the last weights.
    is_part : bool
        Whether the rows are a part of the data, to be trained on for one epoch.
    classes : array-like or None
        The labels that parts may hold.
    epochs_done : int
        Epochs done before the fit was interrupted.
    shared : SharedTable or None
        A table to train on instead of X and y.
    rows : array of int or None
        The numbers of the training rows in ``shared``.
    keep : {"best", "last"}
        Whether to keep the weights of the best validation score, or the last.
    target_scale : TargetScale or None
        The scale of standardised targets, if the rows are a window of more rows; None to compute it from the rows.
    """

    X: Any = None
    y: Any = None
    sample_weight: Any = None
    validation: ValidationArguments = NO_VALIDATION
    resumes: bool = False
    is_part: bool = False
    classes: ArrayLike | None = None
    epochs_done: int = 0
    shared: SharedTable | None = None
    rows: RowNumbers | None = None
    keep: Keep = "best"
    target_scale: TargetScale | None = None
