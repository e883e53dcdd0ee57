"""What a lesson can measure: a small vocabulary of numbers of a trained network."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median
from types import MappingProxyType

CLASSIFICATION, REGRESSION = "classification", "regression"


@dataclass(frozen=True)
class MeasureKind:
    """A kind of measure.

    Attributes
    ----------
    name : str
        Its name in a file.
    title : str
        Its name in a sentence.
    unit : str
        What it counts, or "" for a plain number.
    task : str or None
        The task that it needs; None for both.
    needs_layer : bool
        Whether it is of one layer.
    needs_level : bool
        Whether it needs the level that is to be reached.
    needs_validation : bool
        Whether it needs validation rows.
    of_curve : bool
        Whether the validation rows are needed after each epoch.
    for_goals : bool
        Whether the learner's run has it, so that it can be part of a goal.
    """

    name: str
    title: str
    unit: str = ""
    task: str | None = None
    needs_layer: bool = False
    needs_level: bool = False
    needs_validation: bool = False
    of_curve: bool = False
    for_goals: bool = False


KINDS: Mapping[str, MeasureKind] = MappingProxyType(
    {
        kind.name: kind
        for kind in (
            MeasureKind("accuracy", "accuracy of the training rows", task=CLASSIFICATION, for_goals=True),
            MeasureKind(
                "validation_accuracy",
                "accuracy of the validation rows",
                task=CLASSIFICATION,
                needs_validation=True,
                for_goals=True,
            ),
            MeasureKind("r2", "R² of the training rows", task=REGRESSION, for_goals=True),
            MeasureKind(
                "validation_r2", "R² of the validation rows", task=REGRESSION, needs_validation=True, for_goals=True
            ),
            MeasureKind("cost", "cost of the last epoch", for_goals=True),
            MeasureKind("validation_cost", "cost of the validation rows", needs_validation=True, for_goals=True),
            MeasureKind(
                "lowest_validation_cost", "lowest cost of the validation rows", needs_validation=True, of_curve=True
            ),
            MeasureKind(
                "epoch_of_lowest_validation_cost",
                "epoch with the lowest cost of the validation rows",
                "epochs",
                needs_validation=True,
                of_curve=True,
            ),
            MeasureKind("epochs_to_cost", "epochs until the cost is low enough", "epochs", needs_level=True),
            MeasureKind(
                "epochs_to_score",
                "epochs until the validation score is high enough",
                "epochs",
                needs_level=True,
                needs_validation=True,
                of_curve=True,
            ),
            MeasureKind("n_parameters", "number of weights and biases", "parameters", for_goals=True),
            MeasureKind("n_updates", "number of updates", "updates"),
            MeasureKind("epochs", "number of epochs", "epochs", for_goals=True),
            MeasureKind("dead_units", "number of dead units", "units", for_goals=True),
            MeasureKind("saturated_units", "number of saturated units", "units", for_goals=True),
            MeasureKind("gradient_norm", "size of the gradient of a layer", needs_layer=True),
            MeasureKind("update_ratio", "size of an update relative to the weights of a layer", needs_layer=True),
            MeasureKind("weight_norm", "size of the weights of a layer", needs_layer=True),
            MeasureKind("diverged", "whether training diverged: 1 if so, otherwise 0"),
            MeasureKind("weights_wrong", "number of wrong derivatives in the gradient check", "derivatives"),
            MeasureKind("layers_wrong", "number of layers with wrong derivatives in the gradient check", "layers"),
        )
    }
)

# The measure whose value is the mistake in the program; its choices name mistakes.
BUG = "bug"

# The ways to make one number of the values of several seeds.
STATISTICS = ("median", "mean", "lowest", "highest", "spread")


@dataclass(frozen=True)
class Measure:
    """A measure of a step.

    Attributes
    ----------
    name : str
        A key of :data:`KINDS`.
    layer : int or None
        The layer, from 2 as in the textbook.
    level : float or None
        The level to be reached.
    """

    name: str
    layer: int | None = None
    level: float | None = None

    @property
    def kind(self) -> MeasureKind:
        """The kind."""
        return KINDS[self.name]

    @property
    def title(self) -> str:
        """The measure in a sentence."""
        if self.layer is not None:
            return self.kind.title.replace("a layer", f"layer {self.layer}")
        if self.level is not None:
            return self.kind.title.replace("low enough", f"{self.level:g}").replace("high enough", f"{self.level:g}")
        return self.kind.title


def statistic(name: str, values: Sequence[float]) -> float:
    """Return one number for the values of several seeds.

    Parameters
    ----------
    name : {"median", "mean", "lowest", "highest", "spread"}
        The statistic; the spread is the highest minus the lowest.
    values : sequence of float
        The values; an infinite one means that a level was not reached, or a cost overflowed.

    Returns
    -------
    float
        The number.

    Examples
    --------
    >>> statistic("spread", [0.5, 0.75, 1.0]), statistic("median", [0.5, 0.75, 1.0])
    (0.5, 0.75)
    """
    if name == "spread":
        low, high = min(values), max(values)
        return 0.0 if low == high else high - low
    if name in ("lowest", "highest"):
        return min(values) if name == "lowest" else max(values)
    return median(values) if name == "median" else fmean(values)


def number_text(value: float, unit: str = "") -> str:
    """Return a measured number for a sentence.

    Parameters
    ----------
    value : float
        The number.
    unit : str
        Its unit.

    Returns
    -------
    str
        Three digits, or the whole number.

    Examples
    --------
    >>> number_text(0.98765), number_text(12.0, "epochs"), number_text(float("inf"), "epochs")
    ('0.988', '12 epochs', 'never reached')
    """
    if math.isinf(value):
        return "never reached" if unit == "epochs" else "too large for a number"
    if math.isnan(value):
        return "undefined"
    text = f"{value:,.0f}" if unit and value == round(value) else f"{value:.3g}"
    return f"{text} {unit.removesuffix('s') if value == 1 else unit}".strip()
