"""What training tells its user where it ended too soon."""

from __future__ import annotations

import math
from types import SimpleNamespace

from multilayer.estimators.errors import ConvergenceWarning, warn
from multilayer.estimators.optimising import is_done
from multilayer.exceptions import InterruptedTrainingWarning
from multilayer.training import Run


def warn_of_the_end(run: Run, epochs: int, settings: SimpleNamespace) -> None:
    """A warning where a run ended for another reason than its stop rule."""
    warn_of_an_interruption(run, epochs, settings.max_iter)
    if run.reason == "max_time" and epochs == 0:
        warn(
            f"max_time={settings.max_time:g} seconds were over before one epoch was done; the estimator holds the "
            "weights reached. Raise max_time.",
            ConvergenceWarning,
        )
    # No patience asks for max_iter epochs, and there they are; under warm_start they may be some of many.
    elif not math.isinf(settings.n_iter_no_change) or settings.warm_start or run.reason in _OF_LBFGS:
        _warn_of_too_soon(run, epochs, settings)


def warn_of_an_interruption(run: Run, epochs: int, max_epochs: int) -> None:
    """A warning where Ctrl-C ended a run."""
    if run.reason == "interrupted":
        warn(
            f"training was interrupted after {epochs} of {max_epochs} epochs; "
            f"the estimator holds {_WEIGHTS[run.best_score > -math.inf]} so far.",
            InterruptedTrainingWarning,
        )


def _warn_of_too_soon(run: Run, epochs: int, settings: SimpleNamespace) -> None:
    if run.reason in _OF_LBFGS:
        ended, found, remedy = _OF_LBFGS[run.reason]
        known = {"epochs": epochs, "gradient": run.gradient, "tol": settings.tol}
        message = f"{ended}{found}. {remedy}".format(**known)
        warn(message, ConvergenceWarning, f"{_without_number(ended)}. {remedy}")
        return
    costs = run.history.costs[-epochs:]
    if run.reason in ("max_epochs", "converged") and not run.watches_score and costs and costs[-1] > 2 * costs[0]:
        ended = f"training ended after {epochs} epochs with a cost that has risen"
        remedy = "Lower learning_rate_init, or bring the columns of X to a similar scale (StandardScaler)."
        message = f"{ended}, from {costs[0]:.3g} to {costs[-1]:.3g}. {remedy}"
        warn(message, ConvergenceWarning, f"training ended with a cost that has risen. {remedy}")
        return
    if run.reason != "max_epochs" or is_done(settings, run.history.n_epochs):
        return
    score = "validation score" if run.held_out is None else "score of the rows held out"
    what, better = (score, "rising") if run.watches_score else ("cost", "falling")
    stalled = run.stop.stalled
    state = f"had stopped {better} for {_epochs(stalled)} only" if stalled else f"was still {better}"
    remedy = "Call fit again to go on, or raise max_iter" if settings.warm_start else "Raise max_iter"
    wanted = "" if settings.warm_start else " If that number of epochs is what you want, set n_iter_no_change=inf."
    advice = (
        f"{remedy}. Where loss_curve_ falls slowly and smoothly, a larger learning_rate_init is faster; where it goes "
        f"up and down, a smaller one is better.{wanted}"
    )
    warn(
        f"training ended after max_iter={_epochs(epochs)}, while the {what} {state}. {advice}",
        ConvergenceWarning,
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
