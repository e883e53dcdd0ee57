"""One recommendation for the next run, or none.

A cost that was still falling does not speak for more epochs by itself: the network may be overfitting.  The decision is
made by the losses on rows that were not trained on, compared with other models and with the training rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from multilayer.cli.text import count

# A training loss below this share of the loss on other rows is a sign of overfitting.
_OVERFITTED = 0.8

SMALLER_STEPS = "try a smaller --step-size"


@dataclass(frozen=True)
class Course:
    """The course of a training.

    Attributes
    ----------
    n_epochs : int
        The number of epochs that were allowed.
    has_risen : bool
        Whether the cost of the last epoch is no lower than that of the first.
    ran_out : bool
        Whether the cost was still falling in the last epoch.
    """

    n_epochs: int
    has_risen: bool
    ran_out: bool


@dataclass(frozen=True)
class Evidence:
    """What a recommendation depends on.

    Attributes
    ----------
    course : Course
    is_worse : bool
        Whether another model has a lower loss on rows that were not trained on.
    loss, trained_loss : float
        The loss of the network on such rows, and on rows that it was trained on.
    """

    course: Course
    is_worse: bool
    loss: float
    trained_loss: float

    @property
    def has_overfitted(self) -> bool:
        return self.trained_loss < _OVERFITTED * self.loss


def has_risen(network: Any) -> bool:
    """Whether the cost of a network has not fallen over several epochs."""
    return len(network.loss_curve_) > 1 and network.loss_ >= network.loss_curve_[0]


def recommend(evidence: Evidence) -> str:
    """What to try, as a clause; "" where nothing is known to help."""
    if evidence.course.has_risen:
        return SMALLER_STEPS
    if evidence.is_worse:
        if evidence.has_overfitted:
            return "fewer --epochs, a larger --alpha or fewer --hidden units may help"
        if evidence.course.ran_out:
            return "more --epochs or another --step-size may help"
        return "another --step-size, a smaller --alpha or more --hidden units may help"
    if evidence.course.ran_out and not evidence.has_overfitted:
        return "more --epochs may help"
    return ""


def advice(evidence: Evidence) -> str:
    """The recommendation as a sentence with its reason; "" for none, or where a note on the cost has it."""
    found = recommend(evidence)
    if not found or evidence.course.has_risen:
        return ""
    if evidence.is_worse:
        return f" {found[0].upper()}{found[1:]}."
    return (
        f" The cost was still falling after {count(evidence.course.n_epochs, 'epoch')}, and the predictions for rows "
        f"that it has not seen are about as good as for the training rows: {found}."
    )


def recommend_trials(means: Sequence[float]) -> str:
    """What to try where the best trial, trained to the end, is worse than another model.

    ``means`` are its mean scores from rung to rung, of which higher is better.
    """
    still_rises = len(means) > 1 and means[-1] > means[-2]
    return f"More --trials{' or --epochs' if still_rises else ''} may find a better one."
