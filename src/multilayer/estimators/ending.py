"""What training tells its user where it ended too soon."""

from __future__ import annotations

import math
from types import SimpleNamespace

from multilayer.estimators.errors import ConvergenceWarning, warn
from multilayer.exceptions import InterruptedTrainingWarning
from multilayer.training import Run


def warn_of_the_end(run: Run, epochs: int, settings: SimpleNamespace, validates: bool) -> None:
    """A warning where a run ended for another reason than its stop rule."""
    if run.reason == "interrupted":
        warn(
            f"training was interrupted after {epochs} of {settings.max_iter} epochs; "
            f"the estimator holds {'the best weights' if validates else 'the weights reached'} so far.",
            InterruptedTrainingWarning,
        )
    elif not math.isinf(settings.n_iter_no_change) or run.reason in _OF_LBFGS:
        message = _too_soon(run, epochs, validates)
        if message:
            warn(message, ConvergenceWarning)


def _too_soon(run: Run, epochs: int, validates: bool) -> str:
    if run.reason in _OF_LBFGS:
        return _OF_LBFGS[run.reason].format(epochs=epochs)
    costs = run.history.costs[-epochs:]
    if run.reason in ("max_epochs", "converged") and not validates and costs[-1] > 2 * costs[0]:
        return (
            f"training ended after {epochs} epochs with a cost that has risen, from {costs[0]:.3g} to {costs[-1]:.3g}. "
            "Lower learning_rate_init, or bring the columns of X to a similar scale (StandardScaler)."
        )
    if run.reason != "max_epochs":
        return ""
    what, better = ("score of the rows held out", "rising") if validates else ("cost", "falling")
    stalled = run.stop.stalled
    state = f"had stopped {better} for {stalled} epochs only" if stalled else f"was still {better}"
    return (
        f"training ended after max_iter={epochs} epochs, while the {what} {state}. Raise max_iter. Where loss_curve_ "
        "falls slowly and smoothly, a larger learning_rate_init is faster; where it goes up and down, a smaller one "
        "is better. If that number of epochs is what you want, set n_iter_no_change=inf."
    )


_OF_LBFGS = {
    "max_iterations": (
        "L-BFGS ended after max_iter={epochs} iterations, before its gradient was smaller than tol. "
        "Raise max_iter or tol, or bring the columns of X to a similar scale (StandardScaler)."
    ),
    "max_evaluations": (
        "L-BFGS ended in iteration {epochs} because it had computed the cost max_fun times, before its gradient was "
        "smaller than tol. Raise max_fun or tol."
    ),
    "line_search": (
        "L-BFGS ended in iteration {epochs} because no step along its direction lowered the cost. "
        "Bring the columns of X to a similar scale (StandardScaler); with float32 data, tol may be too small."
    ),
}
