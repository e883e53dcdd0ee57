"""The training of one fold of one trial, put aside between rungs."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from multilayer.exceptions import ParameterError
from multilayer.fits.fit import Fit
from multilayer.packs import Slice
from multilayer.selection.data import Data, network_of, steps_before
from multilayer.selection.scores import score_of
from multilayer.selection.searching.journal import Scored
from multilayer.selection.searching.trials import ScoredSplit, SearchProblem
from multilayer.selection.training import train_slice

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

    def __init__(self, problem: SearchProblem) -> None:
        self._problem = problem
        self._known: dict[int, Prepared] = {}
        self._locks = [threading.Lock() for _ in problem.splits]

    def __getstate__(self) -> dict[str, Any]:
        return {"_problem": self._problem, "_known": dict(self._known)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["_problem"])  # type: ignore[misc]
        self._known = state["_known"]

    def prepared(self, fold: int) -> Preparation:
        """Return a preparation of one fold for another process, which shares the rows; it prepares other folds."""
        with suppress(Exception):  # the training raises the error
            self.of(fold)
        found = Preparation(self._problem)
        found._known = {number: each for number, each in self._known.items() if number == fold}
        return found

    def of(self, fold: int) -> Prepared:
        with self._locks[fold]:
            if fold not in self._known:
                self._known[fold] = self._prepared(self._problem.splits[fold])
            return self._known[fold]

    def _prepared(self, split: ScoredSplit) -> Prepared:
        before, network = clone(self._problem.estimator[:-1]), network_of(self._problem.estimator)
        training = Data.of(*self._problem.data.through(before, split.train), clone(network))
        training = replace(training, known=self._problem.data.known)  # of all folds
        X, y, weight = split.scored.part(split.test)
        return Prepared(before.steps, training, Data(before.transform(X), y, weight))


@dataclass(eq=False)
class FoldTraining:
    """One fold of one trial: a network in training, put aside between rungs."""

    problem: SearchProblem
    fold: int
    blank: Any  # the model, unfitted
    preparation: Preparation | None = None  # of the fold, where the steps before the network are those of all
    model: Any = None
    fit: Fit | None = None

    def __getstate__(self) -> dict[str, Any]:
        # Otherwise each network would return from another process with a copy of its rows.
        return vars(self) | {"preparation": self.preparation and self.preparation.prepared(self.fold)}

    def release(self) -> None:
        """Free what the network holds."""
        self.model = self.fit = None

    @property
    def n_bytes(self) -> int:
        """What it holds while it is put aside, about."""
        if self.fit is None:
            return 0
        is_own = self.preparation is None and steps_before(self.blank) is not None
        rows = getattr(self.fit.problem.objective.X, "nbytes", 0) if is_own else 0
        return self.fit.n_weights * BYTES_PER_WEIGHT + self.fit.n_rows * 8 + rows

    def begin(self) -> None:
        """Begin the fit, unless it has been begun and not been released."""
        if self.model is not None:
            return
        if self.preparation is None:
            self.model = clone(self.blank)
            self.fit = self.problem.data.begin(self.model, self.problem.splits[self.fold].train)
            return
        prepared, network = self.preparation.of(self.fold), clone(network_of(self.blank))
        self.model = Pipeline([*prepared.steps, (self.blank.steps[-1][0], network)])
        self.fit = prepared.training.begin(network, np.arange(len(prepared.training)))

    def score(self) -> float:
        """The score of the network on the test rows of the fold."""
        # A custom function may want the pipeline and the rows as they came; a metric wants predictions.
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


@dataclass(eq=False)
class RungTask:
    """The training of a fold to a number of epochs, from the beginning if the network was released, and its score."""

    training: FoldTraining
    epochs: float
    first: int | None = None  # epoch that this task begins after
    seconds: float = 0.0  # at work

    def advance(self, part: Slice) -> float:
        began = time.perf_counter()
        training = self.training
        try:
            training.begin()
            fit = training.fit
            if fit is None:
                return 0.0
            if self.first is None:
                self.first = fit.n_epochs
            left = train_slice(fit, part, self.first, self.epochs)
            if left == 0:
                fit.keep()
            return left
        finally:
            self.seconds += time.perf_counter() - began

    @property
    def is_begun(self) -> bool:
        """Whether the network has been trained on a lower rung."""
        return self.training.model is not None

    def take_over(self, other: RungTask) -> None:
        """Continue from the progress of a copy of this task, which another process has trained."""
        self.training.model, self.training.fit = other.training.model, other.training.fit

    def result(self) -> Scored:
        score, fit = self.training.score(), self.training.fit
        if fit is None:
            return Scored(score, seconds=self.seconds, n_weights=_n_weights(self.training.model))
        return Scored(score, fit.n_epochs, fit.has_ended, fit.n_weights, self.seconds)


def _n_weights(model: Any) -> int:
    network = network_of(model)
    return int(np.size(getattr(network, "parameters_", getattr(network, "coef_", ()))))
