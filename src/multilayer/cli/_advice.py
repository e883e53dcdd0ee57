"""What to try next: one recommendation, decided here for all commands, from rows that were not trained on; or none.

A cost that was still falling is no reason for more epochs by itself: the network may be overfitting its training rows.
What decides is how it does on other rows, beside other models and beside its training rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from multilayer.cli._tables import count

# Below this share of the loss on other rows, the loss on training rows is a sign of overfitting.
_OVERFITTED = 0.8

SMALLER_STEPS = "try a smaller --step-size"


@dataclass(frozen=True)
class Course:
    """How a training went.

    Attributes
    ----------
    n_epochs : int
    has_risen : bool
        Whether the cost ended no lower than it was after the first of several epochs.
    ran_out : bool
        Whether the cost was still falling in the last of the epochs that were allowed.
    """

    n_epochs: int
    has_risen: bool
    ran_out: bool


@dataclass(frozen=True)
class Evidence:
    """What a recommendation rests on; of losses, lower is better.

    Attributes
    ----------
    course : Course
    is_worse : bool
        Whether another model has a lower loss on rows that were not trained on.
    loss : of the network on such rows
    trained_loss : of the network on rows that it was trained on
    """

    course: Course
    is_worse: bool
    loss: float
    trained_loss: float

    @property
    def has_overfitted(self) -> bool:
        return self.trained_loss < _OVERFITTED * self.loss


def has_risen(network: Any) -> bool:
    """Whether the cost of a network has not fallen; a single epoch tells nothing of that."""
    return len(network.loss_curve_) > 1 and network.loss_ >= network.loss_curve_[0]


def recommend(evidence: Evidence) -> str:
    """The one thing to try, as a clause; "" where nothing is known to help."""
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


def advice(evidence: Evidence, worse: str = "") -> str:
    """The recommendation in a sentence with its reason; "" for none.

    Parameters
    ----------
    evidence : Evidence
    worse : the clause that the network is worse than another model, if it is
    """
    found = recommend(evidence)
    if worse:
        return f" {worse}." if evidence.course.has_risen else f" {worse}: {found}."
    if not found or evidence.course.has_risen:
        return ""
    return (
        f" The cost was still falling after {count(evidence.course.n_epochs, 'epoch')}, and rows that it has not seen "
        f"are predicted about as well as those that it was trained on: {found}."
    )


def recommend_trials(means: Sequence[float]) -> str:
    """What to try where the best of a search, trained to the end, is worse than another model.

    ``means`` are its mean scores from rung to rung, of which higher is better.
    """
    still_rises = len(means) > 1 and means[-1] > means[-2]
    return f"More --trials{' or --epochs' if still_rises else ''} may find a better one."
