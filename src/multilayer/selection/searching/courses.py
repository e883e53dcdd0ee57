"""The training of one fold of one trial, put aside between rungs."""

from __future__ import annotations

import threading
from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from multilayer.exceptions import ParameterError
from multilayer.fits.fit import Fit
from multilayer.packs.running import Slice, StopWatch
from multilayer.selection.fitting import Data, advancing, network_of, steps_before
from multilayer.selection.scores import score_of
from multilayer.selection.searching.journal import Scored
from multilayer.selection.searching.trials import Problem, Split

BYTES_PER_WEIGHT = 3 * 8  # at most: the weight and Adam's two moments


@dataclass(frozen=True, eq=False)
class Prepared:
    """One fold as networks see it, after the steps before them."""

    steps: list[Any]  # fitted on its training rows
    training: Data
    scored: Data


class Preparation:
    """Folds, each prepared once for all candidates that differ in the network alone.

    Without it every network of a pipeline would hold a copy of its rows while it is put aside.
    """

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._known: dict[int, Prepared] = {}
        self._locks = [threading.Lock() for _ in problem.splits]

    def of(self, fold: int) -> Prepared:
        with self._locks[fold]:
            if fold not in self._known:
                self._known[fold] = self._prepared(self._problem.splits[fold])
            return self._known[fold]

    def _prepared(self, split: Split) -> Prepared:
        before, network = clone(self._problem.estimator[:-1]), network_of(self._problem.estimator)
        training = Data.of(*self._problem.data.through(before, split.train), clone(network))
        training = replace(training, known=self._problem.data.known)  # of all folds
        X, y, weight = split.scored.part(split.test)
        return Prepared(before.steps, training, Data(before.transform(X), y, weight))


@dataclass(eq=False)
class Course:
    """One fold of one trial: a network in training, put aside between rungs."""

    problem: Problem
    fold: int
    blank: Any  # the model, unfitted
    preparation: Preparation | None = None  # of the fold, where the steps before the network are those of all
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
        if self.fit is None:
            return 0
        is_own = self.preparation is None and steps_before(self.blank) is not None
        rows = getattr(self.fit.objective.X, "nbytes", 0) if is_own else 0
        return self.fit.n_weights * BYTES_PER_WEIGHT + self.fit.n_rows * 8 + rows

    def _train(self, epochs: float) -> Generator[float, Slice, None]:
        if self.model is None:
            self._begin()
        if self.fit is not None:
            yield from advancing(self.fit, epochs)
            self.fit.keep()

    def _begin(self) -> None:
        if self.preparation is None:
            self.model = clone(self.blank)
            self.fit = self.problem.data.begin(self.model, self.problem.splits[self.fold].train)
            return
        prepared, network = self.preparation.of(self.fold), clone(network_of(self.blank))
        self.model = Pipeline([*prepared.steps, (self.blank.steps[-1][0], network)])
        self.fit = prepared.training.begin(network, np.arange(len(prepared.training)))

    def _score(self) -> float:
        # A function of one's own may want the pipeline and the rows as they came; a metric wants predictions.
        if self.preparation is not None and self.problem.scores_predictions:
            scored = self.preparation.of(self.fold).scored
            model, part = network_of(self.model), (scored.X, scored.y, scored.weight)
        else:
            split = self.problem.splits[self.fold]
            model, part = self.model, split.scored.part(split.test)
        score = score_of(self.problem.scorer, model, part, self.problem.data.known)
        if not isinstance(score, float | int | np.number):
            raise ParameterError(f"scoring must give one number, got {score!r}. Name a single metric.")
        return float(score)


def _n_weights(model: Any) -> int:
    network = network_of(model)
    return int(np.size(getattr(network, "parameters_", getattr(network, "coef_", ()))))
