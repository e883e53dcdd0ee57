"""The losses of TableRegressor: what its networks minimise, its score, and the models beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from multilayer._checks import check_choice
from multilayer.exceptions import InputError
from multilayer.fits.losses import check_targets, loss_of_numbers, warn_of_quantiles_without_effect

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


@dataclass(frozen=True, eq=False)
class TargetLoss:
    """The loss of a regressor for the targets of a fit.

    Attributes
    ----------
    name : str
        One of ``LOSSES``.
    levels : tuple of float
        The quantiles of loss="quantile"; (0.5,) for others.
    unit : array of shape (K,)
        The numbers by which the targets of the networks are divided: the means for Poisson and Gamma, whose networks
        begin with predictions near 1; else 1, because networks standardise the targets themselves.
    deviation : array of shape (K,)
        The standard deviations of the targets, at which the Huber loss becomes linear.
    """

    name: str
    levels: tuple[float, ...]
    unit: NDArray[np.float64]
    deviation: NDArray[np.float64]

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

    def scaled(self, y: NDArray[Any]) -> NDArray[Any]:
        """Return the targets of the networks."""
        return y / self.unit if self.name in POSITIVE else y

    def matrix(self, y: NDArray[Any]) -> NDArray[Any]:
        """Return the targets, once for each prediction: (m, K), or (m, number of quantiles)."""
        found = y.reshape(len(y), -1)
        return np.repeat(found, len(self.levels), axis=1) if self.several_levels else found

    def row_losses(self, predicted: NDArray[np.float64], y: NDArray[Any]) -> NDArray[np.float64]:
        """Return the loss of each row, the mean over outputs and quantiles.

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
        e = Y - h
        if self.name == "squared_error":
            losses = e**2
        elif self.name == "absolute_error":
            losses = np.abs(e)
        elif self.name == "huber":
            clipped = np.clip(e, -self.deviation, self.deviation)
            losses = clipped * (e - 0.5 * clipped)
        elif self.name == "quantile":
            tau = np.asarray(self.levels)
            losses = np.where(e > 0, tau * e, (tau - 1.0) * e)
        else:
            h = np.maximum(h, np.finfo(np.float64).tiny)
            losses = 2.0 * (_x_log_x_over(Y, h) - e) if self.name == "poisson" else 2.0 * (e / h - np.log(Y / h))
        found: NDArray[np.float64] = losses.mean(axis=1)
        return found

    def score(self, mean_loss: float) -> float:
        """Return the score of a mean loss: the loss itself, or its root for squared errors."""
        return float(np.sqrt(mean_loss)) if self.name == "squared_error" else mean_loss

    def slope(self, one: float, other: float) -> float:
        """Return the factor from a difference of two mean losses to that of their scores."""
        if self.name != "squared_error":
            return 1.0
        return 1.0 / max(one + other, float(np.finfo(np.float64).tiny))  # a² - b² = (a - b)(a + b)


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
    mean, deviation = Y.mean(axis=0), Y.std(axis=0)
    unit = np.where(mean > 0, mean, 1.0) if loss in POSITIVE else np.ones(Y.shape[1])
    return TargetLoss(loss, levels, unit, np.where(deviation > 0, deviation, 1.0))
