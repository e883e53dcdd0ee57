"""Targets at mean 0 and standard deviation 1 for the network, and its answers back in the units of y."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multilayer.equations import Cost
from multilayer.estimators.losses import Loss
from multilayer.exceptions import InputError, ParameterError
from multilayer.network import Floats


@dataclass(frozen=True, eq=False)
class TargetScale:
    """What was taken off the targets, output by output."""

    mean: NDArray[np.float64]  # (K,)
    deviation: NDArray[np.float64]  # (K,), above 0

    def standardized(self, Y: Floats, dtype: np.dtype[Any]) -> Floats:
        """(Y - mean) / deviation, in the dtype of the network."""
        with np.errstate(over="ignore", invalid="ignore"):
            scaled = ((Y.astype(np.float64, copy=False) - self.mean) / self.deviation).astype(dtype, copy=False)
        if not np.isfinite(scaled).all():
            raise InputError(
                f"y must be finite in {dtype} once standardised, got values up to {np.abs(Y).max():g} with "
                f"standard deviations of {self.deviation}. Remove such rows, or bring y to another scale."
            )
        return np.ascontiguousarray(scaled)

    def restored(self, H: Floats) -> Floats:
        """The network's answers in the units of y, in the dtype of the network."""
        restored: Floats = (H * self.deviation + self.mean).astype(H.dtype, copy=False)
        return restored


def target_scale(Y: Floats, weight: Floats | None) -> TargetScale:
    """Mean and standard deviation of each column by weight; 1 for the deviation of a column that is constant.

    Constant is what is all one number, not what rounding makes small: the mean of equal numbers need not be one of
    them, and their deviation not 0.

    Examples
    --------
    >>> scale = target_scale(np.array([[1.0, 0.1], [5.0, 0.1], [9.0, 7.0]]), np.array([1.0, 1.0, 0.0]))
    >>> scale.mean, scale.deviation
    (array([3. , 0.1]), array([2., 1.]))
    """
    w = np.ones(len(Y)) if weight is None else weight.astype(np.float64)
    Y, w = Y[w > 0].astype(np.float64, copy=False), w[w > 0]
    # In parts of the largest: squares overflow long before numbers do.
    largest = np.maximum(np.abs(Y).max(axis=0), np.finfo(np.float64).tiny)
    parts = Y / largest
    means = np.average(parts, axis=0, weights=w)
    deviation = np.sqrt(np.average((parts - means) ** 2, axis=0, weights=w)) * largest
    varies = (Y[0] != Y).any(axis=0) & (deviation > 0)
    return TargetScale(np.where(varies, means * largest, Y[0]), np.where(varies, deviation, 1.0))


def check_can_standardize(loss: Loss, name: str | Cost) -> None:
    """An error for costs of numbers above 0: there are none left below the mean."""
    if loss.output == "exp":
        raise ParameterError(
            f"standardize_targets=True cannot go with loss={name!r}: its answers are above 0, and half of the "
            "standardised targets are not. Leave standardize_targets at False, or use loss='squared_error'."
        )


def check_goes_on_alike(was: TargetScale | None, *, standardizes: bool) -> None:
    """An error where a network begun with one setting is to go on with the other."""
    if (was is not None) != standardizes:
        raise ParameterError(
            f"the network was begun with standardize_targets={not standardizes}, its weights are for such targets, and "
            f"it cannot go on with {standardizes}. Set standardize_targets={not standardizes}, or warm_start=False and "
            "call fit to begin anew."
        )
