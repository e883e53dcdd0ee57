"""What training tells its user: a line an epoch, and a warning where it ended too soon."""

from __future__ import annotations

import math

from multilayer.estimators.errors import ConvergenceWarning, warn
from multilayer.exceptions import InterruptedTrainingWarning
from multilayer.training import CompilationStarted, EpochEnded, Event, Listener


def epoch_printer(cost_divisor: int) -> Listener:
    """A listener that prints scikit-learn's line an epoch, and what else takes its time."""

    def print_epoch(event: Event) -> None:
        if isinstance(event, CompilationStarted):
            print(f"Compiling {event.kernel} for this machine, once; some seconds ...", flush=True)
        elif isinstance(event, EpochEnded):
            print(f"Iteration {event.epoch}, loss = {event.cost / cost_divisor:.8f}")
            if event.validation_score is not None:
                print(f"Validation score: {event.validation_score:f}")

    print_epoch.only_watches = True  # type: ignore[attr-defined]
    return print_epoch


def warn_of_the_end(reason: str, epochs: int, max_epochs: int, patience: float) -> None:
    """A warning where training ended for another reason than its stop rule."""
    if reason == "interrupted":
        warn(
            f"training was interrupted after {epochs} of {max_epochs} epochs; "
            "the estimator holds the weights reached so far.",
            InterruptedTrainingWarning,
        )
    elif reason in _TOO_SOON and not (reason == "max_epochs" and math.isinf(patience)):
        warn(_TOO_SOON[reason].format(epochs=epochs), ConvergenceWarning)


_TOO_SOON = {
    "max_epochs": (
        "training ended after max_iter={epochs} epochs, while the cost was still falling. "
        "Raise max_iter or learning_rate_init, or set n_iter_no_change=inf if that number of epochs is what you want."
    ),
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
