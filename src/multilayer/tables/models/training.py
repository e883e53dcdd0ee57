"""The training of a table model: the members of all folds as one pack, and of all rows of a series after it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from multilayer.fits.errors import FitWarning, collected_warnings
from multilayer.packs import Member, Slice
from multilayer.selection.data import Data
from multilayer.selection.training import Fitted, ModelTraining
from multilayer.tables.encoder import TableEncoder
from multilayer.tables.models.budget import LEAST_EPOCHS, Budget
from multilayer.tables.models.companions import BESIDE, LINEAR_MODEL, TREES, companion_member
from multilayer.tables.models.encoded_folds import EncodedFold, encoded_folds
from multilayer.tables.models.openmp import openmp_libraries
from multilayer.tables.models.problem import FoldResult, Limits, Problem
from multilayer.tables.models.recipes import Recipe, parameters_of

PROBED_BATCHES = 16
# Validation of a row takes this share of the time of its training.
COST_OF_VALIDATION = 0.35
Predict = Callable[[Any, NDArray[Any]], NDArray[np.float64]]  # from a fitted network and rows to (m, K)


@dataclass(frozen=True, eq=False)
class TrainedMember:
    """A trained network with its encoder.

    Attributes
    ----------
    recipe : str
        The name of its recipe.
    fold : int
        The number of its fold.
    encoder : TableEncoder
        The encoder of its fold.
    mean_row : array of shape (width,)
        The mean of the encoded training rows of its fold.
    network : MLPClassifier or MLPRegressor
        The network.
    seconds : float
        Its training time.
    warnings : sequence of FitWarning
        The warnings of its fit.
    limits : pair of arrays of shape (K,) or None
        The ranges of the amounts of its training rows, which limit its out-of-fold predictions; None for classes.
    """

    recipe: str
    fold: int
    encoder: TableEncoder
    mean_row: NDArray[np.float64]
    network: Any
    seconds: float
    warnings: Sequence[FitWarning] = ()
    limits: Limits | None = None


@dataclass(eq=False)
class MemberTraining:
    """The training of one member as the work of a pack."""

    fold_number: int
    fold: EncodedFold
    recipe: Recipe
    network: Any  # untrained, without the parameters of the recipe
    predict: Predict
    budget: Budget | None
    n_epochs: int | None = None  # for a fold without validation rows
    may_skip: bool = False  # whether the member is not trained if the time is over
    _training: ModelTraining | None = None
    _is_skipped: bool = False

    def advance(self, part: Slice) -> float:
        """Train a slice; the first one encodes the fold if no other member has."""
        if self._training is None:
            if self.may_skip and self.budget is not None and not self.budget.has_time(self._least_seconds(self.budget)):
                self.budget.skip()
                self._is_skipped = True
                return 0.0
            self._training = self._begin()
        return self._training.advance(part)

    def result(self) -> FoldResult[TrainedMember] | None:
        """Return the trained member and its predictions; None if it was skipped."""
        try:
            if self._is_skipped:
                return None
            if self._training is None:
                raise RuntimeError("the member has not been trained.")
            found: FoldResult[TrainedMember] = self._training.result()
            return found
        finally:
            self.fold.release()

    def measured(self) -> float:
        """Encode the fold, and return the seconds of the fewest epochs that are worth the training."""
        if self.budget is None:
            raise RuntimeError("there is no limit of time.")
        network = self._prepared()
        return min(LEAST_EPOCHS, network.max_iter) * self._seconds_of_epoch(self.budget, network)

    def _least_seconds(self, budget: Budget) -> float:
        """Return the seconds of the encoding and of one epoch, as far as they are known."""
        encoding = 0.0 if self.fold.is_encoded else budget.mean(self.fold.encoding)
        return encoding + budget.pace(self.recipe.name, lambda: 0.0) * self._rows_of_epoch()

    def _rows_of_epoch(self) -> float:
        return len(self.fold.train) + COST_OF_VALIDATION * len(self.fold.problem.monitored(self.fold_number))

    def _seconds_of_epoch(self, budget: Budget, network: Any) -> float:
        """Return the seconds of training and validation in an epoch."""
        data, rows = self.fold.data(), self.fold.train
        return budget.pace(self.recipe.name, lambda: _seconds_of_row(network, data, rows)) * self._rows_of_epoch()

    def _prepared(self) -> Any:
        """Return the network with the parameters of the recipe for the encoded fold."""
        fold = self.fold
        data = fold.data()
        network = self.network.set_params(
            **parameters_of(
                self.recipe,
                len(fold.train),
                data.X.shape[1],
                tuple(np.flatnonzero(fold.encoder.number_columns_).tolist()),
            )
        )
        if self.n_epochs is not None:
            network.set_params(max_iter=self.n_epochs, n_iter_no_change=None)
        return network

    def _begin(self) -> ModelTraining:
        fold, network = self.fold, self._prepared()
        data, monitored = fold.data(), fold.problem.monitored(self.fold_number)
        if self.budget is not None:
            seconds, began = self.budget.begin(), time.perf_counter()
            of_epoch = self._seconds_of_epoch(self.budget, network)
            left = seconds - (time.perf_counter() - began)
            # The schedules of the step size and of dropout then end with the time; one epoch is the least.
            n_epochs = int(min(max(left / of_epoch, 1), network.max_iter))
            network.set_params(max_iter=n_epochs, max_time=left if n_epochs > 1 else None)
        if not len(monitored):
            network.set_params(early_stopping=False)
        validating = monitored if len(monitored) else None
        return ModelTraining(data, network, fold.train, self._finished, validating, clones=False)

    def _finished(self, fitted: Fitted) -> FoldResult[TrainedMember]:
        fold, n_outputs = self.fold, fitted.model.n_outputs_
        limits = fold.problem.limits(fold.train)
        validated = np.zeros((0, n_outputs))
        if len(fold.validating):
            with collected_warnings([]):
                predicted = self.predict(fitted.model, fold.data().X[fold.validating])
            validated = predicted if limits is None else np.clip(predicted, *limits)
        member = TrainedMember(
            self.recipe.name,
            self.fold_number,
            self.fold.encoder,
            self.fold.mean_row,
            fitted.model,
            fitted.seconds,
            tuple(fitted.warnings),
            limits,
        )
        return FoldResult(member, validated)


def _seconds_of_row(network: Any, data: Data, rows: NDArray[np.intp]) -> float:
    """Return the time of training on a row, by that of one epoch of a few batches; the least, on a busy machine."""
    some = rows[: PROBED_BATCHES * network.batch_size]
    probe = clone(network).set_params(max_iter=1, early_stopping=False)
    pace = math.inf
    for _ in range(3):  # the first one may include the compilation
        began = time.perf_counter()
        with collected_warnings([]):
            probe.fit(data.X[some], data.y[some])
        pace = min(pace, (time.perf_counter() - began) / len(some))
    return pace


@dataclass(frozen=True)
class Training:
    """How the members of a fit are made.

    Attributes
    ----------
    problem : Problem
        The data.
    recipes : sequence of Recipe
        The kinds of networks.
    network : callable
        Makes an untrained network from a seed.
    predict : callable
        Predicts with a fitted network.
    seeds : array of int of shape (n_folds, n_recipes)
        The seed of each network.
    seed_of_companions : int
        The seed of the models beside the networks.
    budget : Budget or None
        The time; None for no limit.
    numbers : sequence of int
        The folds to train; the first of them is trained even if the time is over.
    encoded : dict of str to EncodedFold
        The first of these folds, where an epoch of each kind was measured.
    """

    problem: Problem
    recipes: Sequence[Recipe]
    network: Callable[[int], Any]
    predict: Predict
    seeds: NDArray[np.integer[Any]]
    seed_of_companions: int
    budget: Budget | None
    numbers: Sequence[int]
    encoded: dict[str, EncodedFold] = field(default_factory=dict)

    def measurements(self) -> list[Member]:
        """Return a member for each recipe that encodes the first fold, and returns the least seconds of its network."""
        number = self.numbers[0]
        self.encoded.update(encoded_folds(self.problem, number, [each.encoding for each in self.recipes], self.budget))
        tasks = [self._network(number, self.encoded[recipe.encoding], at) for at, recipe in enumerate(self.recipes)]
        return [Member(task.recipe.name, task.measured) for task in tasks]

    def within(self, budget: Budget, least: Mapping[str, float], single: str, *, in_the_end: bool) -> Training:
        """Return the training of the folds that there is time for; if that is none, of one kind in one fold.

        Parameters
        ----------
        budget : Budget
            The time, which receives the number of networks.
        least : mapping of str to float
            The least seconds of each kind.
        single : str
            The kind to train if there is time for one only.
        in_the_end : bool
            Whether one more network of each kind is trained on all rows.

        Returns
        -------
        Training
            The training of fewer or equally many folds.
        """
        n = budget.n_folds(len(self.numbers) + in_the_end, list(least.values()), list(self.encoded))
        kept = [at for at, recipe in enumerate(self.recipes) if n or recipe.name == single]
        recipes, numbers = [self.recipes[at] for at in kept], self.numbers[: max(n - in_the_end, 1)]
        n_times = len(numbers) + in_the_end
        budget.n_waiting = n_times * len(recipes)
        budget.least = sum(least[recipe.name] for recipe in recipes) / len(recipes)
        budget.tasks = dict.fromkeys([*filter(None, BESIDE.values()), TREES, LINEAR_MODEL], len(numbers))
        budget.tasks |= dict.fromkeys((recipe.encoding for recipe in recipes), n_times)
        for name in self.encoded:
            budget.tasks[name] = max(budget.tasks.get(name, 0) - 1, 0)
        return replace(self, recipes=recipes, seeds=self.seeds[:, kept], numbers=numbers)

    def members(self) -> list[Member]:
        """Return the members of a pack: each recipe and each model beside them on each fold.

        Networks and linear models come fold by fold, so that few folds are in memory.  If time is limited, the models
        beside the networks of a fold come before these, which use the time that is left.
        """
        openmp_libraries()
        problem, members = self.problem, []
        for number in sorted(self.numbers):
            train, place = problem.folds[number][0], self.numbers.index(number)
            priority = 0 if self.budget is None else len(self.numbers) - place
            encodings = [recipe.encoding for recipe in self.recipes] + [each for each in BESIDE.values() if each]
            folds = encoded_folds(problem, number, encodings, self.budget)
            if not place:
                folds = {name: fold.with_rows_of(self.encoded.get(name)) for name, fold in folds.items()}
            for at, recipe in enumerate(self.recipes):
                task = self._network(number, folds[recipe.encoding], at, may_skip=place > 0)
                members.append(Member((recipe.name, number), task, float(len(train)), priority, group=number))
            for name, encoding in BESIDE.items():
                work = companion_member(
                    problem, name, number, folds.get(encoding), self.seed_of_companions, self.budget
                )
                size = 1.0 if encoding not in [recipe.encoding for recipe in self.recipes] else float(len(train))
                size = size if self.budget is None else 2.0 * len(train)
                members.append(Member((name, number), work, size, priority, group=number))
        return members

    def members_of_all_rows(self, trained: Sequence[TrainedMember], *, with_trees: bool) -> list[Member]:
        """Return a member for each recipe, trained on all rows for the median of its best epochs, and the trees."""
        problem, number = self.problem.with_all_rows(), len(self.problem.folds)
        encodings = [recipe.encoding for recipe in self.recipes]
        encodings += [BESIDE[TREES]] if with_trees else []
        folds = encoded_folds(problem, number, encodings, self.budget)
        members = []
        for at, recipe in enumerate(self.recipes):
            best = [_best_epoch(each.network) for each in trained if each.recipe == recipe.name]
            n_epochs = round(float(np.median(best)))
            task = self._network(number, folds[recipe.encoding], at, n_epochs, may_skip=True)
            members.append(Member((recipe.name, number), task, group=number))
        if with_trees:
            fold = folds[BESIDE[TREES]]
            work = companion_member(problem, TREES, number, fold, self.seed_of_companions, None)
            members.append(Member((TREES, number), work, group=number))
        return members

    def _network(
        self, number: int, fold: EncodedFold, at: int, n_epochs: int | None = None, *, may_skip: bool = False
    ) -> MemberTraining:
        untrained = self.network(int(self.seeds[number, at]))
        return MemberTraining(number, fold, self.recipes[at], untrained, self.predict, self.budget, n_epochs, may_skip)


def _best_epoch(network: Any) -> int:
    """Return the epoch whose weights a network kept, from 1."""
    scores = network.validation_scores_
    return int(np.argmax(scores)) + 1 if scores else int(network.n_iter_)
