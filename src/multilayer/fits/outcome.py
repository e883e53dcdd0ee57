"""What training tells its user where it ended too soon."""

from __future__ import annotations

import math
from collections.abc import Callable
from types import SimpleNamespace

from multilayer.exceptions import InterruptedTrainingWarning
from multilayer.fits.errors import ConvergenceWarning, warn
from multilayer.fits.options import is_done
from multilayer.training import Run

ROWS_LOOKED_AT = 10_000  # at most, for the scale of a run that has met its stop rule and is most likely good
# Of what a constant answer leaves open: below the first nothing has been learned, above the second most of it.
LEAST_SKILL, GOOD_SKILL = 0.01, 0.9
Advice = Callable[[int | None], tuple[str, str]]  # what is far from unit scale, as scale_advice tells it


def warn_of_the_end(
    run: Run, epochs: int, settings: SimpleNamespace, advice: Advice, skill: Callable[[], float]
) -> None:
    """A warning where a run ended for another reason than its stop rule, or by it without having learned anything.

    It begins with columns of X and targets that are far from unit scale, where there are any and the fit is not good:
    ``skill`` is 1 for answers that are all right and 0 for those of a constant.
    """
    warn_of_an_interruption(run, epochs, settings.max_iter)
    if run.reason == "max_time" and epochs == 0:
        warn(
            f"max_time={settings.max_time:g} seconds were over before one epoch was done; the estimator holds the "
            "weights reached. Raise max_time.",
            ConvergenceWarning,
        )
    elif not settings.wants_all_epochs or run.reason in _OF_LBFGS:
        complaint = _too_soon(run, epochs, settings)
        if complaint is not None:
            found, of_many = advice(None)
            if found and skill() > GOOD_SKILL:
                found = of_many = ""
            warn(_after(found, complaint[0]), ConvergenceWarning, _after(of_many, complaint[1]))
        elif run.reason == "converged":
            _warn_of_nothing_learned(epochs, advice, skill)


def _warn_of_nothing_learned(epochs: int, advice: Advice, skill: Callable[[], float]) -> None:
    found, of_many = advice(ROWS_LOOKED_AT)
    if found and not skill() > LEAST_SKILL:  # NaN of answers that are not finite
        what = "and the network answers no better than a constant. On other scales the stop rule is not reliable."
        warn(
            f"{found} Training ended after {_epochs(epochs)}, {what}",
            ConvergenceWarning,
            f"{of_many} Training ended, {what}",
        )


def _after(advice: str, message: str) -> str:
    return f"{advice} {message[0].upper()}{message[1:]}" if advice else message


def warn_of_an_interruption(run: Run, epochs: int, max_epochs: int) -> None:
    """A warning where Ctrl-C ended a run."""
    if run.reason == "interrupted":
        warn(
            f"training was interrupted after {epochs} of {max_epochs} epochs; "
            f"the estimator holds {_WEIGHTS[run.best_score > -math.inf]} so far.",
            InterruptedTrainingWarning,
        )


def _too_soon(run: Run, epochs: int, settings: SimpleNamespace) -> tuple[str, str] | None:
    """What to say of a run that ended too soon, and of many such runs; None for any other."""
    if run.reason in _OF_LBFGS:
        ended, found, remedy = _OF_LBFGS[run.reason]
        known = {"epochs": epochs, "gradient": run.gradient, "tol": settings.tol}
        return f"{ended}{found}. {remedy}".format(**known), f"{_without_number(ended)}. {remedy}"
    costs = run.history.costs[-epochs:]
    if run.reason in ("max_epochs", "converged") and not run.watches_score and costs and costs[-1] > 2 * costs[0]:
        ended = f"training ended after {epochs} epochs with a cost that has risen"
        remedy = "Lower learning_rate_init, or bring the columns of X to a similar scale (StandardScaler)."
        message = f"{ended}, from {costs[0]:.3g} to {costs[-1]:.3g}. {remedy}"
        return message, f"training ended with a cost that has risen. {remedy}"
    if run.reason != "max_epochs" or is_done(settings, run.history.n_epochs):
        return None
    score = "validation score" if run.held_out is None else "score of the rows held out"
    what, better = (score, "rising") if run.watches_score else ("cost", "falling")
    stalled = run.stop.stalled
    state = f"had stopped {better} for {_epochs(stalled)} only" if stalled else f"was still {better}"
    remedy = "Call fit again to go on, or raise max_iter" if settings.warm_start else "Raise max_iter"
    advice = (
        f"{remedy}. Where loss_curve_ falls slowly and smoothly, a larger learning_rate_init is faster; where it goes "
        "up and down, a smaller one is better. If that number of epochs is what you want, set n_iter_no_change=None."
    )
    return (
        f"training ended after max_iter={_epochs(epochs)}, while the {what} {state}. {advice}",
        f"training ended after max_iter epochs, before the {what} had stopped {better} for good. {advice}",
    )


def _epochs(n: int) -> str:
    return f"{n} epoch" if n == 1 else f"{n} epochs"


_WEIGHTS = {True: "the best weights", False: "the weights reached"}
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
