"""One recommendation for the next run, or none.

A cost that was still falling does not speak for more epochs by itself: the network may be overfitting.  The decision is
made by the losses on rows that were not trained on, compared with other models and with the training rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from multilayer.cli.text import count

_OVERFITTED = 0.8  # a training loss below this share of the loss on other rows is a sign of overfitting
SMALLER_STEPS = "try a smaller --step-size"


@dataclass(frozen=True)
class Course:
    """The course of a training."""

    n_epochs: int  # that were allowed
    has_risen: bool  # whether the cost of the last epoch is no lower than that of the first
    ran_out: bool  # whether the cost was still falling in the last epoch


def has_risen(network: Any) -> bool:
    """Whether the cost of a network has not fallen over several epochs."""
    return len(network.loss_curve_) > 1 and network.loss_ >= network.loss_curve_[0]


def advice(course: Course, is_worse: bool, loss: float, trained_loss: float) -> str:
    """What to try, as a sentence; "" where nothing is known to help, or where a note on the cost has said it.

    Parameters
    ----------
    course : Course
    is_worse : bool
        Whether another model has a lower loss on rows that were not trained on.
    loss, trained_loss : float
        The loss of the network on such rows, and on rows that it was trained on.
    """
    has_overfitted = trained_loss < _OVERFITTED * loss
    if course.has_risen:
        return ""
    if is_worse and has_overfitted:
        return " Fewer --epochs, a larger --alpha or fewer --hidden units may help."
    if is_worse and course.ran_out:
        return " More --epochs or another --step-size may help."
    if is_worse:
        return " Another --step-size, a smaller --alpha or more --hidden units may help."
    if not course.ran_out or has_overfitted:
        return ""
    return (
        f" The cost was still falling after {count(course.n_epochs, 'epoch')}, and the predictions for rows that it "
        "has not seen are about as good as for the training rows: more --epochs may help."
    )


def advice_on_trials(means: Sequence[float]) -> str:
    """What to try where the best trial of a search, trained to the end, is worse than another model.

    ``means`` are its mean scores from rung to rung, of which higher is better.
    """
    still_rises = len(means) > 1 and means[-1] > means[-2]
    return f"More --trials{' or --epochs' if still_rises else ''} may find a better one."
