"""One candidate of a search: its networks on all folds, trained from rung to rung."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sklearn.base import clone

from multilayer.estimators.fit import Fit
from multilayer.exceptions import ParameterError
from multilayer.selection.fitting import Data, advancing, network_of
from multilayer.selection.searching.journal import Scored
from multilayer.training.batching import Rows
from multilayer.training.pack import Slice, StopWatch

BYTES_PER_WEIGHT = 3 * 8  # at most: the weight and Adam's two moments


@dataclass(frozen=True, eq=False)
class Split:
    """Rows to train on, and a table whose rows score."""

    train: Rows
    scored: Data
    test: Rows  # of that table


@dataclass(frozen=True, eq=False)
class Problem:
    """What all trials of a search have in common."""

    estimator: Any
    data: Data
    splits: Sequence[Split]
    scorer: Callable[..., float]
    epochs: Sequence[float]  # of each rung

    def with_params(self, params: dict[str, Any]) -> Any:
        """A clone of the estimator with other parameters; in a pipeline plain names are those of its last step."""
        return clone(self.estimator).set_params(**{self.full_name(name): value for name, value in params.items()})

    def full_name(self, name: str) -> str:
        steps: Any = getattr(self.estimator, "steps", None)
        if steps is None or "__" in name or name in self.estimator.get_params():
            return name
        return f"{steps[-1][0]}__{name}"


@dataclass(eq=False)
class Trial:
    """A candidate and how good it has been so far."""

    number: int
    params: dict[str, Any]
    model: Any  # unfitted
    scores: list[list[Scored]] = field(default_factory=list)  # [rung][fold]

    @property
    def rung(self) -> int:
        """The highest that it has been scored on; -1 before the first."""
        return len(self.scores) - 1

    @property
    def fold_scores(self) -> list[float]:
        """Of each fold, on the highest rung."""
        return [scored.score for scored in self.scores[-1]]

    @property
    def mean(self) -> float:
        """The mean score of the folds; NaN where one has failed."""
        return float(np.mean(self.fold_scores)) if self.scores else math.nan

    @property
    def standard_error(self) -> float:
        """Of the mean, from the spread over the folds; NaN for a single one."""
        n = len(self.fold_scores)
        return float(np.std(self.fold_scores, ddof=1) / math.sqrt(n)) if n > 1 else math.nan

    @property
    def epochs(self) -> int:
        """Epochs that its networks have been trained for, the most of all folds."""
        return max((scored.epochs for scored in self.scores[-1]), default=0) if self.scores else 0

    @property
    def has_ended(self) -> bool:
        """Whether longer training would change nothing: its networks have stopped by themselves."""
        return all(scored.has_ended for scored in self.scores[-1])

    @property
    def n_weights(self) -> int:
        """Weights and biases of its network."""
        return max((scored.n_weights for scored in self.scores[-1]), default=0) if self.scores else 0

    @property
    def seconds(self) -> float:
        """Spent on it, of all folds and rungs."""
        return sum(scored.seconds for fold in self.scores for scored in fold)

    @property
    def error(self) -> str:
        """What went wrong, of the first fold where something did; "" where nothing did."""
        return next((scored.error for scored in self.scores[-1] if scored.error), "") if self.scores else ""


@dataclass(eq=False)
class Course:
    """One fold of one trial: a network in training, put aside between rungs."""

    problem: Problem
    split: Split
    blank: Any  # the model, unfitted
    model: Any = None
    fit: Fit | None = None

    def to_rung(self, rung: int) -> Generator[float, Slice, Scored]:
        """Train to a rung and score; from the beginning, if the network has been given up, which comes to the same."""
        watch = StopWatch()
        yield from watch.timing(self._train(self.problem.epochs[rung]))
        score = self._score()
        fit = self.fit
        if fit is None:
            return Scored(score, seconds=watch.seconds, n_weights=_n_weights(self.model))
        return Scored(score, fit.n_epochs, fit.has_ended, fit.n_weights, watch.seconds)

    def give_up(self) -> None:
        """Free what the network holds."""
        self.model = self.fit = None

    @property
    def n_bytes(self) -> int:
        """What it holds while it is put aside, about."""
        return 0 if self.fit is None else self.fit.n_weights * BYTES_PER_WEIGHT + self.fit.n_rows * 8

    def _train(self, epochs: float) -> Generator[float, Slice, None]:
        if self.model is None:
            self.model = clone(self.blank)
            self.fit = self.problem.data.begin(self.model, self.split.train)
        if self.fit is not None:
            yield from advancing(self.fit, epochs)
            self.fit.keep()

    def _score(self) -> float:
        X, y, weight = self.split.scored.part(self.split.test)
        score = self.problem.scorer(self.model, X, y, **({} if weight is None else {"sample_weight": weight}))
        if not isinstance(score, float | int | np.number):
            raise ParameterError(f"scoring must give one number, got {score!r}. Name a single metric.")
        return float(score)


def _n_weights(model: Any) -> int:
    network = network_of(model)
    return int(np.size(getattr(network, "parameters_", getattr(network, "coef_", ()))))
