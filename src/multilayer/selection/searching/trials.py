"""One candidate of a search, its scores on all folds and rungs, and the event that it has a score."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sklearn.base import clone

from multilayer.selection.data import Data, steps_before
from multilayer.selection.searching.journal import Scored
from multilayer.selection.statistics import standard_error
from multilayer.training.batching import RowNumbers


@dataclass(frozen=True, eq=False)
class ScoredSplit:
    """Rows to train on, and a table whose rows score."""

    train: RowNumbers
    scored: Data
    test: RowNumbers  # of that table


@dataclass(frozen=True, eq=False)
class SearchProblem:
    """What all trials of a search have in common."""

    estimator: Any
    data: Data
    splits: Sequence[ScoredSplit]
    scorer: Callable[..., float]
    epochs: Sequence[float]  # of each rung
    scores_predictions: bool = True  # whether the scorer is a metric of predictions, not a custom function

    def with_params(self, params: dict[str, Any]) -> Any:
        """A clone of the estimator with other parameters; in a pipeline plain names are those of its last step."""
        return clone(self.estimator).set_params(
            **{full_name(self.estimator, name): value for name, value in params.items()}
        )

    def shares_steps(self, params: dict[str, Any]) -> bool:
        """Whether candidates with these parameters differ in the network alone, and not in the steps before it."""
        if steps_before(self.estimator) is None:
            return False
        last = self.estimator.steps[-1][0]
        return all(full_name(self.estimator, name).startswith(f"{last}__") for name in params)


def full_name(estimator: Any, name: str) -> str:
    """What ``set_params`` of an estimator calls a parameter: in a pipeline plain names are those of its last step."""
    steps: Any = getattr(estimator, "steps", None)
    if steps is None or "__" in name or name in estimator.get_params():
        return name
    return f"{steps[-1][0]}__{name}"


@dataclass(eq=False)
class Trial:
    """A candidate of a search with its scores.

    Attributes
    ----------
    number : int
        Its place in the order of candidates.
    params : dict of str to object
        Its parameters.
    model : estimator
        The candidate, unfitted.
    digest : str
        A hash of the model, by which a journal identifies it.
    scores : list of lists of Scored
        The scores by rung and fold.
    """

    number: int
    params: dict[str, Any]
    model: Any
    digest: str = ""
    scores: list[list[Scored]] = field(default_factory=list)

    @property
    def rung(self) -> int:
        """The highest rung with scores; -1 before the first."""
        return len(self.scores) - 1

    @property
    def fold_scores(self) -> list[float]:
        """The scores of the folds on the highest rung."""
        return [scored.score for scored in self.scores[-1]]

    @property
    def mean(self) -> float:
        """The mean score over the folds; NaN if a fold failed."""
        return float(np.mean(self.fold_scores)) if self.scores else math.nan

    @property
    def standard_error(self) -> float:
        """The standard error of the mean over the folds; NaN for a single fold."""
        return math.nan if math.isnan(self.mean) else float(standard_error(self.fold_scores))

    @property
    def epochs(self) -> int:
        """The epochs of training so far, the largest number of all folds."""
        return max((scored.epochs for scored in self.scores[-1]), default=0) if self.scores else 0

    @property
    def has_ended(self) -> bool:
        """Whether more epochs would change nothing, because all networks have stopped early."""
        return all(scored.has_ended for scored in self.scores[-1])

    @property
    def n_weights(self) -> int:
        """The number of weights and biases of its network, the largest of all folds."""
        return max((scored.n_weights for scored in self.scores[-1]), default=0) if self.scores else 0

    @property
    def seconds(self) -> float:
        """The seconds spent on it, on all folds and rungs."""
        return sum(scored.seconds for fold in self.scores for scored in fold)

    @property
    def error(self) -> str:
        """The error of the first fold that failed; empty if none failed."""
        return next((scored.error for scored in self.scores[-1] if scored.error), "") if self.scores else ""


@dataclass(frozen=True)
class TrialScored:
    """The event that a trial has a score on a rung, or has failed.

    Attributes
    ----------
    trial : Trial
        The trial; the linear model has the number -1.
    best : Trial or None
        The best trial so far; None before the first.
    n_begun : int
        Trials that have started.
    n_trials : int or None
        Trials in all; None if only time ends the search.
    n_done : int
        Networks trained, each to a rung.
    n_planned : int
        Networks planned so far, with those that are done.
    seconds : float
        Time since the search started.
    seconds_left : float
        The rest of ``max_time``; infinite without a limit.
    """

    trial: Trial
    best: Trial | None
    n_begun: int
    n_trials: int | None
    n_done: int
    n_planned: int
    seconds: float
    seconds_left: float


SearchListener = Callable[[TrialScored], object]
