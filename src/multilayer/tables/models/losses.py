"""The losses of TableRegressor: what its networks minimise, its score, and the models beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from multilayer._checks import check_choice
from multilayer.exceptions import InputError
from multilayer.fits.columns import checked_y
from multilayer.fits.containers import checked_entries
from multilayer.fits.errors import input_errors
from multilayer.fits.losses import check_targets, loss_of_numbers, warn_of_quantiles_without_effect
from multilayer.fits.target_scale import target_scale
from multilayer.tables.models.rows import check_finite

RegressionLoss = Literal["squared_error", "absolute_error", "huber", "quantile", "poisson", "gamma"]
LOSSES = ("squared_error", "absolute_error", "huber", "quantile", "poisson", "gamma")
SCORES = {
    "squared_error": "RMSE",
    "absolute_error": "mean absolute error",
    "huber": "mean Huber loss",
    "quantile": "mean pinball loss",
    "poisson": "mean Poisson deviance",
    "gamma": "mean Gamma deviance",
}
POSITIVE = ("poisson", "gamma")
# The squares of larger amounts and of smaller ones may be no numbers.
LARGEST, SMALLEST = 1e150, 1e-150


@dataclass(frozen=True, eq=False)
class TargetLoss:
    """The loss of a regressor for the targets of a fit.

    Attributes
    ----------
    name : str
        One of ``LOSSES``.
    levels : tuple of float
        The quantiles of loss="quantile"; (0.5,) for others.
    centre : array of shape (K,)
        The means of the targets; 0 for Poisson and Gamma.
    unit : array of shape (K,)
        Their standard deviations, 1 for constant targets; the means for Poisson and Gamma, whose networks begin with
        predictions near 1.  Models are fitted to (y - centre) / unit, and losses are those of such targets.
    """

    name: str
    levels: tuple[float, ...]
    centre: NDArray[np.float64]
    unit: NDArray[np.float64]

    @property
    def several_levels(self) -> bool:
        """Whether several quantiles of one target are predicted."""
        return len(self.levels) > 1

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters of MLPRegressor."""
        found: dict[str, Any] = {"loss": self.name, "standardize_targets": self.name not in POSITIVE}
        if self.name == "quantile":
            found["quantile"] = self.levels if self.several_levels else self.levels[0]
        return found

    def scaled(self, y: NDArray[Any]) -> NDArray[np.float64]:
        """Return the targets to which models are fitted, computed in float64."""
        found: NDArray[np.float64] = (np.asarray(y, dtype=np.float64) - self.centre) / self.unit
        return found

    def restored(self, scaled: NDArray[Any]) -> NDArray[np.float64]:
        """Return predictions of such models in the units of y, computed in float64."""
        found: NDArray[np.float64] = np.asarray(scaled, dtype=np.float64) * self.unit + self.centre
        return found

    def matrix(self, y: NDArray[Any]) -> NDArray[Any]:
        """Return the targets, once for each prediction: (m, K), or (m, number of quantiles)."""
        found = y.reshape(len(y), -1)
        return np.repeat(found, len(self.levels), axis=1) if self.several_levels else found

    def row_losses(self, predicted: NDArray[np.float64], y: NDArray[Any]) -> NDArray[np.float64]:
        """Return the loss of each row for scaled targets, the mean over outputs and quantiles.

        The outputs are scaled, so that one in millions does not outweigh another in units, and squares of large amounts
        are numbers; :meth:`score` returns to the units of y.

        Parameters
        ----------
        predicted : array of shape (m, K)
            The predictions.
        y : array of shape (m,) or (m, K)
            The targets.

        Returns
        -------
        array of shape (m,)
            Squared errors, absolute errors, Huber losses (C7) with the threshold of one standard deviation, quantile
            costs (C8), and the deviances of scikit-learn, which are twice the costs of the networks.
        """
        Y, h = self.matrix(y).astype(np.float64), predicted
        e = (Y - h) / self.unit
        if self.name == "squared_error":
            losses = e**2
        elif self.name == "absolute_error":
            losses = np.abs(e)
        elif self.name == "huber":
            clipped = np.clip(e, -1.0, 1.0)
            losses = clipped * (e - 0.5 * clipped)
        elif self.name == "quantile":
            tau = np.asarray(self.levels)
            losses = np.where(e > 0, tau * e, (tau - 1.0) * e)
        else:
            Y, h = Y / self.unit, np.maximum(h / self.unit, np.finfo(np.float64).tiny)
            losses = 2.0 * (_x_log_x_over(Y, h) - e) if self.name == "poisson" else 2.0 * (e / h - np.log(Y / h))
        found: NDArray[np.float64] = losses.mean(axis=1)
        return found

    @property
    def score_name(self) -> str:
        """The name of the score."""
        return SCORES[self.name] + (" of scaled outputs" if len(self.unit) > 1 else "")

    def score(self, mean_loss: float) -> float:
        """Return the score of a mean loss: the loss in the units of y, or its root for squared errors.

        The score of several outputs is that of scaled targets, because they may have different units.
        """
        if self.name == "squared_error":
            return self._unit_of_score * float(np.sqrt(mean_loss))
        return self._unit_of_score * mean_loss

    def slope(self, one: float, other: float) -> float:
        """Return the factor from a difference of two mean losses to that of their scores."""
        unit = self._unit_of_score
        if self.name != "squared_error":
            return unit
        return unit * (unit / max(one + other, float(np.finfo(np.float64).tiny)))  # a² - b² = (a - b)(a + b)

    @property
    def _unit_of_score(self) -> float:
        if len(self.unit) > 1 or self.name == "gamma":
            return 1.0
        unit = float(self.unit[0])
        return unit**2 if self.name == "huber" else unit


def _x_log_x_over(x: NDArray[np.float64], h: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return x log(x / h), 0 at x = 0."""
    found: NDArray[np.float64] = x * np.log(np.where(x > 0, x, h) / h)
    return found


def target_loss(loss: Any, quantile: float | Sequence[float], amounts: NDArray[np.float64]) -> TargetLoss:
    """Return the loss for the targets, of shape (m,) or (m, K).

    Raises
    ------
    ParameterError
        For an unknown loss, or quantiles that are not above 0 and below 1 in ascending order.
    InputError
        For targets that the loss cannot have, or several quantiles of several outputs.
    """
    check_choice("loss", loss, LOSSES)
    of_network = loss_of_numbers(loss, quantile)
    warn_of_quantiles_without_effect(loss, quantile)
    Y = amounts.reshape(len(amounts), -1)
    check_targets(of_network, loss, Y)
    levels = of_network.cost.levels if loss == "quantile" else (0.5,)  # type: ignore[union-attr]
    if len(levels) > 1 and Y.shape[1] > 1:
        raise InputError(
            f"several quantiles need a y of one column, got {Y.shape[1]} columns. "
            "Use one quantile for all columns, or fit one model for each column."
        )
    if loss in POSITIVE:
        mean = Y.mean(axis=0)
        return TargetLoss(loss, levels, np.zeros(Y.shape[1]), np.where(mean > 0, mean, 1.0))
    scale = target_scale(Y, None)
    return TargetLoss(loss, levels, scale.mean, np.where(scale.deviation > 0, scale.deviation, 1.0))


def amounts_in(y: Any, name: str) -> NDArray[np.float64]:
    """Return amounts as an array of shape (m,) or (m, K).

    Raises
    ------
    InputError
        For gaps, or amounts whose squares may be no numbers.
    """
    with input_errors():
        amounts = np.asarray(checked_y(checked_entries(y, name), are_labels=False, name=name), dtype=np.float64)
    check_finite(amounts, name)
    if amounts.ndim not in (1, 2):
        raise InputError(f"{name} must be of shape (m,) or (m, K), got {amounts.shape}.")
    largest = float(np.abs(amounts).max(initial=0.0))
    if largest and not SMALLEST <= largest <= LARGEST:
        raise InputError(
            f"{name} reaches {largest:g}: a table model needs amounts between {SMALLEST:g} and {LARGEST:g}. "
            "Write them in another unit."
        )
    return amounts
