"""Standardised targets for the network, and predictions in the units of y."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from multilayer._constant import is_constant, rounding
from multilayer.equations import Cost
from multilayer.exceptions import InputError, ParameterError
from multilayer.fits.losses import Loss
from multilayer.fits.scores import Score
from multilayer.network import Floats


@dataclass(frozen=True, eq=False)
class TargetScale:
    """Mean and standard deviation of the targets of each output.

    A constant output has the deviation 0: the network learns 0 for it, and exactly the mean is predicted.
    """

    mean: NDArray[np.float64]  # (K,)
    deviation: NDArray[np.float64]  # (K,); 0 for constant targets

    @property
    def constant(self) -> NDArray[np.bool_]:
        """Whether each output is constant, (K,)."""
        return self.deviation == 0

    def standardized(self, Y: Floats, dtype: np.dtype[Any], given: DTypeLike = np.float64) -> Floats:
        """Return (Y - mean) / deviation in the dtype of the network; for a constant output Y - mean.

        Differences within the rounding of ``given``, the dtype in which y was passed, are 0.
        """
        with np.errstate(over="ignore", invalid="ignore"):
            beyond = Y.astype(np.float64, copy=False) - self.mean
            if self.constant.any():
                beyond[self.constant & (np.abs(beyond) <= rounding(self.mean, self.mean, given))] = 0.0
            scaled = (beyond / np.where(self.constant, 1.0, self.deviation)).astype(dtype, copy=False)
        if not np.isfinite(scaled).all():
            raise InputError(
                f"y must be finite in {dtype} once standardised, got values up to {np.abs(Y).max():g} with "
                f"standard deviations of {self.deviation}. Remove such rows, or bring y to another scale."
            )
        return np.ascontiguousarray(scaled)

    def restored(self, H: Floats) -> Floats:
        """Return the outputs in the units of y, in the dtype of the network."""
        restored: Floats = (H * self.deviation + self.mean).astype(H.dtype, copy=False)
        if self.constant.any():
            restored[:, self.constant] = self.mean[self.constant]
        return restored

    def scored(self, score: Score) -> Score:
        """Return a score of standardised outputs that treats constant outputs as :meth:`restored` does."""
        if not self.constant.any():
            return score
        return lambda H, Y, weight: score(np.where(self.constant, H.dtype.type(0), H), Y, weight)


def target_scale(Y: Floats, weight: Floats | None, given: DTypeLike = np.float64) -> TargetScale:
    """Return the weighted mean and standard deviation of each column; the deviation of a constant column is 0.

    A column is constant if its spread is within the rounding of the dtype ``given``.  Its mean is one of its values,
    which a computed mean of equal numbers need not be.

    Examples
    --------
    >>> scale = target_scale(np.array([[1.0, 0.1], [5.0, 0.1], [9.0, 7.0]]), np.array([1.0, 1.0, 0.0]))
    >>> scale.mean, scale.deviation
    (array([3. , 0.1]), array([2., 0.]))
    """
    w = np.ones(len(Y)) if weight is None else weight.astype(np.float64)
    Y, w = Y[w > 0].astype(np.float64, copy=False), w[w > 0]
    low, high = Y.min(axis=0), Y.max(axis=0)
    # Relative to the largest, because squares overflow earlier than the numbers.
    largest = np.maximum(np.maximum(np.abs(low), np.abs(high)), np.finfo(np.float64).tiny)
    parts = Y / largest
    means = np.average(parts, axis=0, weights=w)
    deviation = np.sqrt(np.average((parts - means) ** 2, axis=0, weights=w)) * largest
    deviation[is_constant(low, high, given)] = 0.0
    return TargetScale(np.where(deviation > 0, means * largest, np.clip(means * largest, low, high)), deviation)


def rescaled(scale: TargetScale, Y: Floats, weight: Floats | None, given: DTypeLike = np.float64) -> TargetScale:
    """Return the scale to continue with: outputs that were constant in all earlier calls are scaled by this one.

    This loses nothing, because the network has learned 0 for such an output.
    """
    counted = Y if weight is None else Y[weight > 0]
    low, high = np.minimum(counted.min(axis=0), scale.mean), np.maximum(counted.max(axis=0), scale.mean)
    varies = scale.constant & ~is_constant(low, high, given)
    if not varies.any():
        return scale
    now = target_scale(Y, weight, given)
    return TargetScale(np.where(varies, now.mean, scale.mean), np.where(varies, now.deviation, scale.deviation))


def dtype_given(y: Any) -> np.dtype[Any]:
    """Return the dtype in which y was rounded; float64 for Python objects."""
    dtype = np.dtype(getattr(y, "dtype", np.float64))
    return dtype if dtype.kind in "biuf" else np.dtype(np.float64)


def check_can_standardize(loss: Loss, name: str | Cost) -> None:
    """Raise an error for costs of positive numbers, because standardised targets are partly negative."""
    if loss.output == "exp":
        raise ParameterError(
            f"standardize_targets=True cannot be used with loss={name!r}: its predictions are positive, but some "
            "standardised targets are not. Leave standardize_targets at False, or use loss='squared_error'."
        )


def check_same_scaling(was: TargetScale | None, *, standardizes: bool) -> None:
    """Raise an error if training with one setting is to be continued with the other."""
    if (was is not None) != standardizes:
        raise ParameterError(
            f"the network was trained with standardize_targets={not standardizes} and cannot be continued with "
            f"{standardizes}. Set standardize_targets={not standardizes}, or warm_start=False and call fit to start "
            "again."
        )
