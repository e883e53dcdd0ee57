"""The rows of a fit: what was passed beside X and y, and what all of it has become."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import ArrayLike

from multilayer.estimators.losses import Loss
from multilayer.estimators.scores import Score
from multilayer.exceptions import ParameterError
from multilayer.network import Floats
from multilayer.training.batching import Rows as RowNumbers


@dataclass(frozen=True)
class Table:
    """Rows ready for the network."""

    X: Any  # (m, s_1), an array or CSR
    y: Any  # as it was passed: labels, (m,), zeros and ones, (m, K), or numbers
    Y: Floats  # the targets made of it, (m, K)
    weight: Floats | None = None  # (m,)

    def taken(self, rows: RowNumbers) -> Table:
        """A copy of some of the rows."""
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


@dataclass(frozen=True)
class Rows:
    """All rows of a fit."""

    training: Table  # those to be held out among them
    targets: Targets
    own_validation: Table | None = None  # X_val and y_val


@dataclass(frozen=True)
class ValidationArguments:
    """What ``fit`` was passed for validation."""

    X: Any = None
    y: Any = None
    weight: Any = None
    groups: Any = None

    @property
    def has_rows(self) -> bool:
        return self.X is not None

    def check_complete(self) -> None:
        missing = [name for name, value in (("X_val", self.X), ("y_val", self.y)) if value is None]
        if missing and (len(missing) == 1 or self.weight is not None):
            given = "sample_weight_val" if len(missing) == 2 else "y_val" if self.X is None else "X_val"
            raise ParameterError(
                f"{given} was passed without {' and '.join(missing)}. Pass X_val and y_val together, or neither."
            )


NO_VALIDATION = ValidationArguments()


@dataclass(frozen=True)
class Call:
    """What is asked of a training."""

    goes_on: bool  # from where the network stands
    is_part: bool = False  # one epoch on a part of the data
    classes: ArrayLike | None = None  # the labels that parts may hold
    validation: ValidationArguments = NO_VALIDATION
    is_validation: bool = False  # y is y_val
    epochs_done: int = 0  # of this training, before it was cut off
