"""How a fit ended, as a record, and the warnings made of it where it ended too soon."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from multilayer.exceptions import InterruptedTrainingWarning
from multilayer.fits.errors import ConvergenceWarning, warn
from multilayer.fits.recipe import is_done
from multilayer.fits.scale_advice import ScaleAdvice
from multilayer.fits.settings import Settings

# At most so many rows are looked at for the scale of a fit that has met its stop rule and is most likely good.
ROWS_LOOKED_AT = 10_000
# Of what a constant answer leaves open: below the first nothing has been learned, above the second most of it.
LEAST_SKILL, GOOD_SKILL = 0.01, 0.9


@dataclass(frozen=True)
class FitOutcome:
    """How a fit ended."""

    reason: str  # one of training.state.REASONS
    n_epochs: int  # of this fit
    max_epochs: int
    costs: tuple[float, ...]  # of these epochs
    n_epochs_in_all: int  # with those of the fits that it resumes
    stalled: int  # epochs in a row without progress, at the end
    watches_score: bool  # whether the stop rule watches the validation score, not the cost
    holds_out: bool  # whether the validation rows were held out of the rows passed
    keeps_best: bool  # whether the best weights are kept, not the last
    gradient: float  # its largest entry, of L-BFGS
    wants_all_epochs: bool  # whether max_iter epochs are what the user wants
    is_part: bool  # by partial_fit

    @property
    def cost_has_risen(self) -> bool:
        """Whether training has made it clearly worse."""
        is_its_rule = self.reason in ("max_epochs", "converged") and not self.watches_score
        return is_its_rule and bool(self.costs) and self.costs[-1] > 2 * self.costs[0]


def warn_of_outcome(
    outcome: FitOutcome,
    settings: Settings,
    advice: Callable[[int | None], ScaleAdvice],
    skill: Callable[[], float],
) -> None:
    """Warn where a fit ended for another reason than its stop rule, or by it without having learned anything.

    Parameters
    ----------
    outcome : FitOutcome
    settings : Settings
    advice : callable
        Columns of X and targets that are far from unit scale.  They are named first, unless the fit is good.
    skill : callable
        1 for answers that are all right, 0 for those of a constant.
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
            f"max_time={settings.max_time:g} seconds were over before one epoch was done; the estimator holds the "
            "weights reached. Raise max_time.",
            ConvergenceWarning,
        )
    elif not outcome.wants_all_epochs or outcome.reason in _OF_LBFGS:
        complaint = _too_soon(outcome, settings)
        if complaint is not None:
            found = advice(None)
            if found.text and skill() > GOOD_SKILL:
                found = ScaleAdvice()
            warn(_after(found.text, complaint[0]), ConvergenceWarning, _after(found.of_many, complaint[1]))
        elif outcome.reason == "converged":
            _warn_of_nothing_learned(outcome, advice, skill)


def _warn_of_nothing_learned(
    outcome: FitOutcome, advice: Callable[[int | None], ScaleAdvice], skill: Callable[[], float]
) -> None:
    found = advice(ROWS_LOOKED_AT)
    if found.text and not skill() > LEAST_SKILL:  # NaN of answers that are not finite
        what = "and the network answers no better than a constant. On other scales the stop rule is not reliable."
        warn(
            f"{found.text} Training ended after {_epochs(outcome.n_epochs)}, {what}",
            ConvergenceWarning,
            f"{found.of_many} Training ended, {what}",
        )


def _after(advice: str, message: str) -> str:
    return f"{advice} {message[0].upper()}{message[1:]}" if advice else message


def _too_soon(outcome: FitOutcome, settings: Settings) -> tuple[str, str] | None:
    """The text for a fit that ended too soon, and that for many such fits; None for any other."""
    if outcome.reason in _OF_LBFGS:
        ended, found, remedy = _OF_LBFGS[outcome.reason]
        known = {"epochs": outcome.n_epochs, "gradient": outcome.gradient, "tol": settings.tol}
        return f"{ended}{found}. {remedy}".format(**known), f"{_without_number(ended)}. {remedy}"
    if outcome.cost_has_risen:
        ended = f"training ended after {outcome.n_epochs} epochs with a cost that has risen"
        remedy = "Lower learning_rate_init, or bring the columns of X to a similar scale (StandardScaler)."
        message = f"{ended}, from {outcome.costs[0]:.3g} to {outcome.costs[-1]:.3g}. {remedy}"
        return message, f"training ended with a cost that has risen. {remedy}"
    if outcome.reason != "max_epochs" or is_done(settings, outcome.n_epochs_in_all):
        return None
    score = "score of the rows held out" if outcome.holds_out else "validation score"
    what, better = (score, "rising") if outcome.watches_score else ("cost", "falling")
    stalled = outcome.stalled
    state = f"had stopped {better} for {_epochs(stalled)} only" if stalled else f"was still {better}"
    remedy = "Call fit again to continue, or raise max_iter" if settings.warm_start else "Raise max_iter"
    advice = (
        f"{remedy}. Where loss_curve_ falls slowly and smoothly, a larger learning_rate_init is faster; where it goes "
        "up and down, a smaller one is better. If that number of epochs is what you want, set n_iter_no_change=None."
    )
    return (
        f"training ended after max_iter={_epochs(outcome.n_epochs)}, while the {what} {state}. {advice}",
        f"training ended after max_iter epochs, before the {what} had stopped {better}. {advice}",
    )


def _epochs(n: int) -> str:
    return f"{n} epoch" if n == 1 else f"{n} epochs"


# How L-BFGS ended, with what, and what to do.
_OF_LBFGS = {
    "max_iterations": (
        "L-BFGS ended after max_iter={epochs} iterations",
        ", with a gradient of up to {gradient:.2g} and tol={tol:g}",
        "Raise max_iter or tol, or bring the columns of X to a similar scale (StandardScaler).",
    ),
    "max_evaluations": (
        "L-BFGS ended in iteration {epochs} because it had computed the cost max_fun times",
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
