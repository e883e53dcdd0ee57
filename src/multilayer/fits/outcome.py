"""The outcome of a fit, and the warnings if it ended too soon."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from multilayer.exceptions import InterruptedTrainingWarning
from multilayer.fits.constant_cost import stays_far_above
from multilayer.fits.errors import ConvergenceWarning, warn
from multilayer.fits.recipe import is_schedule_complete
from multilayer.fits.scale_advice import ScaleAdvice
from multilayer.fits.settings import Settings

# The maximum number of rows whose scale is examined if a fit has converged.
ROWS_EXAMINED = 10_000
# Skill compared with a constant prediction: below the first, nothing was learned; above the second, most was.
LEAST_SKILL, GOOD_SKILL = 0.01, 0.9


@dataclass(frozen=True)
class FitOutcome:
    """How a fit ended.

    Attributes
    ----------
    reason : str
        One of ``multilayer.training.state.REASONS``.
    n_epochs, max_epochs : int
        Epochs of this fit, and their maximum.
    costs : tuple of float
        The costs of these epochs.
    n_epochs_in_all : int
        Epochs including those of the fits that this one continues.
    stalled : int
        Consecutive epochs without progress at the end.
    watches_score : bool
        Whether the stop rule depends on the validation score, not on the cost.
    holds_out : bool
        Whether the validation rows were held out of the rows passed.
    keeps_best : bool
        Whether the best weights are kept, not the last.
    gradient : float
        The largest entry of the gradient; for L-BFGS only.
    wants_all_epochs : bool
        Whether the user requested exactly ``max_iter`` epochs.
    is_part : bool
        Whether the fit is a call of ``partial_fit``.
    constant_cost : float
        The cost of a constant prediction; infinite if the outcome does not depend on it.
    """

    reason: str
    n_epochs: int
    max_epochs: int
    costs: tuple[float, ...]
    n_epochs_in_all: int
    stalled: int
    watches_score: bool
    holds_out: bool
    keeps_best: bool
    gradient: float
    wants_all_epochs: bool
    is_part: bool
    constant_cost: float = math.inf

    @property
    def cost_has_risen(self) -> bool:
        """Whether the last cost is clearly larger than the first."""
        is_its_rule = self.reason in ("max_epochs", "converged") and not self.watches_score
        return is_its_rule and bool(self.costs) and self.costs[-1] > 2 * self.costs[0]

    @property
    def cost_is_far_above_constant(self) -> bool:
        """Whether training has not lowered a cost of several times that of a constant prediction."""
        return stays_far_above(self.costs, self.constant_cost)


def warn_of_outcome(
    outcome: FitOutcome,
    settings: Settings,
    advice: Callable[[int | None], ScaleAdvice],
    skill: Callable[[], float],
) -> None:
    """Warn if a fit ended before it converged, or converged without learning anything.

    ``advice`` returns the columns and targets that are far from unit scale, which come first in the message unless the
    fit is good.  ``skill`` returns 1 for perfect predictions and 0 for a constant.
    """
    if outcome.reason == "interrupted":
        kept = "the best weights" if outcome.keeps_best else "the weights reached"
        warn(
            f"training was interrupted after {outcome.n_epochs} of {outcome.max_epochs} epochs; "
            f"the estimator holds {kept} so far.",
            InterruptedTrainingWarning,
        )
    if outcome.is_part:
        return
    if outcome.reason == "max_time" and outcome.n_epochs == 0:
        warn(
            f"max_time={settings.max_time:g} seconds ended before the first epoch; the estimator holds the "
            "weights reached. Raise max_time.",
            ConvergenceWarning,
        )
    elif not outcome.wants_all_epochs or outcome.reason in _LBFGS_ENDINGS:
        texts = _messages_of_early_end(outcome, settings)
        found = ScaleAdvice()
        if texts is not None or outcome.cost_is_far_above_constant:
            found = advice(None)
        if outcome.cost_is_far_above_constant and not found.text and not skill() > GOOD_SKILL:
            texts = _messages_of_large_cost(outcome, settings)
        if texts is not None:
            if found.text and skill() > GOOD_SKILL:
                found = ScaleAdvice()
            warn(_joined(found.text, texts[0]), ConvergenceWarning, _joined(found.summary, texts[1]))
        elif outcome.reason == "converged":
            _warn_of_nothing_learned(outcome, advice, skill)


def _warn_of_nothing_learned(
    outcome: FitOutcome, advice: Callable[[int | None], ScaleAdvice], skill: Callable[[], float]
) -> None:
    found = advice(ROWS_EXAMINED)
    if found.text and not skill() > LEAST_SKILL:  # or NaN, if predictions are not finite
        what = "and the network predicts no better than a constant. On other scales the stop rule is not reliable."
        warn(
            f"{found.text} Training ended after {_epochs(outcome.n_epochs)}, {what}",
            ConvergenceWarning,
            f"{found.summary} Training ended, {what}",
        )


def _joined(advice: str, message: str) -> str:
    return f"{advice} {message[0].upper()}{message[1:]}" if advice else message


def _messages_of_early_end(outcome: FitOutcome, settings: Settings) -> tuple[str, str] | None:
    """Return the message for a fit that ended too soon, and its summary for many such fits; None for any other."""
    if outcome.reason in _LBFGS_ENDINGS:
        ended, found, remedy = _LBFGS_ENDINGS[outcome.reason]
        known = {"epochs": outcome.n_epochs, "gradient": outcome.gradient, "tol": settings.tol}
        return f"{ended}{found}. {remedy}".format(**known), f"{_without_number(ended)}. {remedy}"
    if outcome.cost_has_risen:
        ended = f"training ended after {outcome.n_epochs} epochs with a cost that has risen"
        remedy = "Lower learning_rate_init, or bring the columns of X to a similar scale (StandardScaler)."
        message = f"{ended}, from {outcome.costs[0]:.3g} to {outcome.costs[-1]:.3g}. {remedy}"
        return message, f"training ended with a cost that has risen. {remedy}"
    if outcome.reason != "max_epochs" or is_schedule_complete(settings, outcome.n_epochs_in_all):
        return None
    score = "score of the rows held out" if outcome.holds_out else "validation score"
    what, better = (score, "rising") if outcome.watches_score else ("cost", "falling")
    stalled = outcome.stalled
    state = f"had stopped {better} for {_epochs(stalled)} only" if stalled else f"was still {better}"
    remedy = "Call fit again to continue, or raise max_iter" if settings.warm_start else "Raise max_iter"
    advice = (
        f"{remedy}. If loss_curve_ falls slowly and smoothly, a larger learning_rate_init is faster; if it goes up and "
        "down, a smaller one is better. To train for exactly this number of epochs, set n_iter_no_change=None."
    )
    return (
        f"training ended after max_iter={_epochs(outcome.n_epochs)}, while the {what} {state}. {advice}",
        f"training ended after max_iter epochs, before the {what} had stopped {better}. {advice}",
    )


def _messages_of_large_cost(outcome: FitOutcome, settings: Settings) -> tuple[str, str]:
    """Return the message for a fit whose step size was far too large, and its summary for many such fits."""
    alpha = settings.learning_rate_init
    remedy = f"learning_rate_init={alpha:g} is too large. Try a smaller one, such as {min(alpha / 10, 0.001):g}."
    return (
        f"training ended after {_epochs(outcome.n_epochs)} with a cost of {outcome.costs[-1]:.3g}, far above the "
        f"{outcome.constant_cost:.3g} of a constant prediction: {remedy}",
        f"training ended with a cost far above that of a constant prediction: {remedy}",
    )


def _epochs(n: int) -> str:
    return f"{n} epoch" if n == 1 else f"{n} epochs"


# By the reason for the end of L-BFGS: what happened, the numbers, and the advice.
_LBFGS_ENDINGS = {
    "max_iterations": (
        "L-BFGS ended after max_iter={epochs} iterations",
        ", with a gradient of up to {gradient:.2g} and tol={tol:g}",
        "Raise max_iter or tol, or bring the columns of X to a similar scale (StandardScaler).",
    ),
    "max_evaluations": (
        "L-BFGS ended in iteration {epochs} because it computed the cost max_fun times",
        ", with a gradient of up to {gradient:.2g} and tol={tol:g}",
        "Raise max_fun or tol.",
    ),
    "line_search": (
        "L-BFGS ended in iteration {epochs} because no step along its direction lowered the cost",
        ", with a gradient of up to {gradient:.2g} and tol={tol:g}",
        "Bring the columns of X to a similar scale (StandardScaler); with float32 data, tol may be too small.",
    ),
}


def _without_number(ended: str) -> str:
    return ended.replace("={epochs}", "").replace(" in iteration {epochs}", "")
