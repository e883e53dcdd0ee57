"""The values of ``loss=``: an output unit with its cost."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from multilayer.equations import (
    AbsoluteError,
    Cost,
    GammaDeviance,
    Huber,
    Quantile,
    SigmoidFocal,
    SoftmaxFocal,
    check_cost,
)
from multilayer.exceptions import InputError, ParameterError, ParameterWarning, unknown_name
from multilayer.fits.errors import warn
from multilayer.network import Floats

QUANTILE = "quantile"
REGRESSION_LOSSES: dict[str, tuple[str, Cost | None]] = {
    "squared_error": ("identity", None),
    "absolute_error": ("identity", AbsoluteError()),
    "huber": ("identity", Huber(1.0)),
    QUANTILE: ("identity", Quantile((0.5,))),
    "poisson": ("exp", None),
    "gamma": ("exp", GammaDeviance()),
}
CLASSIFICATION_LOSSES = ("log_loss", "focal")
# Names in other libraries.
OTHER_NAMES = {
    "mse": "squared_error",
    "l2": "squared_error",
    "mae": "absolute_error",
    "l1": "absolute_error",
    "pinball": QUANTILE,
    "cross_entropy": "log_loss",
    "binary_crossentropy": "log_loss",
    "categorical_crossentropy": "log_loss",
}
# The number of rows on which a custom cost is checked before training.
ROWS_CHECKED = 5


@dataclass(frozen=True)
class Loss:
    """An output unit with its cost, and the number of quantiles of one target."""

    output: str
    cost: Cost | None = None
    n_quantiles: int = 1


def loss_of_numbers(loss: str | Cost, quantile: float | Sequence[float]) -> Loss:
    """Return the loss of an MLPRegressor."""
    levels = _levels(quantile)
    if loss == QUANTILE:
        return _quantiles(Quantile(levels))
    if isinstance(loss, str) or not _is_cost(loss):
        return Loss(*REGRESSION_LOSSES[_checked_name(loss, REGRESSION_LOSSES)])
    if isinstance(loss, Quantile):
        return _quantiles(loss)
    return Loss(getattr(loss, "outputs", ("identity",))[0], loss)


def warn_of_quantiles_without_effect(loss: str | Cost, quantile: float | Sequence[float]) -> None:
    if loss != QUANTILE and _levels(quantile) != (0.5,):
        warn(
            f"quantile={quantile!r} has no effect with loss={loss!r}. Use loss='quantile', or leave quantile at 0.5.",
            ParameterWarning,
        )


def loss_of_classes(loss: str | Cost, output: str) -> Loss:
    """Return the loss of an MLPClassifier with sigmoid or softmax outputs."""
    if isinstance(loss, str) or not _is_cost(loss):
        if _checked_name(loss, CLASSIFICATION_LOSSES) == "log_loss":
            return Loss(output)
        return Loss(output, SigmoidFocal() if output == "sigmoid" else SoftmaxFocal())
    outputs = getattr(loss, "outputs", (output,))
    if output not in outputs:
        raise ParameterError(
            f"loss={loss!r} is a cost for {' or '.join(outputs)} outputs, but this network has {output} outputs. "
            "Set output, or use loss='focal', which adapts to the outputs."
        )
    return Loss(output, loss)


def check_targets(loss: Loss, name: str | Cost, Y: Floats) -> None:
    """Raise an error if y is outside the range of the cost, or if the derivative of a custom cost is wrong."""
    if loss.output == "exp" and name == "gamma" and Y.min() <= 0:
        raise InputError(
            f"y must be positive for loss='gamma', got {Y.min():g}. Use loss='poisson', which allows 0, or "
            "loss='squared_error' for numbers of either sign."
        )
    if loss.output == "exp" and loss.cost is None and Y.min() < 0:
        raise InputError(
            f"y must not be negative for loss='poisson', got {Y.min():g}. Use loss='squared_error' for numbers of "
            "either sign."
        )
    if loss.cost is None or isinstance(name, str):
        return
    few = Y[:ROWS_CHECKED].astype(np.float64)
    if hasattr(loss.cost, "check_targets"):
        loss.cost.check_targets(Y)
    # Sums at odd distances from the targets, because most kinks are at the targets.
    check_cost(loss.cost, 0.37 + 0.61 * np.arange(few.size).reshape(few.shape) / few.size, few, loss.output)


def repeated(Y: Floats, loss: Loss) -> Floats:
    """Repeat the targets, once for each quantile."""
    if loss.n_quantiles == 1:
        return Y
    if Y.shape[1] > 1:
        raise InputError(
            f"several quantiles need a y of one column, got {Y.shape[1]} columns. "
            "Use one quantile for all columns, or fit one estimator per column."
        )
    return np.ascontiguousarray(np.repeat(Y, loss.n_quantiles, axis=1))


def _quantiles(cost: Quantile) -> Loss:
    n = len(cost.levels)
    return Loss("increasing" if n > 1 else "identity", cost, n)


def _levels(quantile: Any) -> tuple[float, ...]:
    try:
        levels = tuple(quantile) if hasattr(quantile, "__iter__") else (quantile,)
        is_valid = len(levels) > 0 and all(0 < level < 1 for level in levels)
        is_rising = all(low < high for low, high in itertools.pairwise(levels))
    except TypeError:
        is_valid = is_rising = False
    if not (is_valid and is_rising):
        raise ParameterError(
            f"quantile must be a number above 0 and below 1, or several in ascending order, got {quantile!r}. "
            "Write (0.1, 0.5, 0.9) for three quantiles."
        )
    return tuple(float(level) for level in levels)


def _checked_name(loss: Any, names: Collection[str]) -> str:
    if isinstance(loss, str) and loss in names:
        return loss
    if isinstance(loss, type):
        raise ParameterError(f"loss must be a cost, got the class {loss.__name__}: call it, as in Huber(1.0).")
    if not isinstance(loss, str):
        raise ParameterError(
            f"loss must be one of {', '.join(map(repr, sorted(names)))}, or an object with the methods value(Z, Y) and "
            f"delta(Z, Y), the derivative of value with respect to Z; got {loss!r}."
        )
    error = unknown_name("loss", loss, names)
    if OTHER_NAMES.get(loss, loss) in names:
        raise ParameterError(f"{error} Use {OTHER_NAMES[loss]!r} for {loss!r}.")
    if loss in REGRESSION_LOSSES or loss in CLASSIFICATION_LOSSES:
        estimator = "MLPRegressor" if loss in REGRESSION_LOSSES else "MLPClassifier"
        raise ParameterError(f"{error} {loss!r} is for {estimator}.")
    raise error


def _is_cost(loss: object) -> bool:
    is_class = isinstance(loss, type)
    return not is_class and callable(getattr(loss, "value", None)) and callable(getattr(loss, "delta", None))
