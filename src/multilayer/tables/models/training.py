"""The training of a table model: the members of all folds as one pack, each fold encoded once for each encoding."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from multilayer.fits.errors import FitWarning, collected_warnings
from multilayer.packs import Member, Slice
from multilayer.selection.data import Data
from multilayer.selection.training import Fitted, ModelTraining
from multilayer.tables.encoder import TableEncoder
from multilayer.tables.models.budget import Budget
from multilayer.tables.models.losses import TargetLoss
from multilayer.tables.models.recipes import ENCODINGS, Recipe, parameters_of
from multilayer.tables.models.rows import Rows

RowNumbers = NDArray[np.intp]
PROBED_BATCHES = 16
Predict = Callable[[Any, NDArray[Any]], NDArray[np.float64]]  # from a fitted network and rows to (m, K)


@dataclass(frozen=True, eq=False)
class Problem:
    """The data of one fit.

    Attributes
    ----------
    rows : Rows
        The table.
    y : array of shape (m,) or (m, K)
        Class numbers or amounts.
    weight : array of shape (m,) or None
        Weights of the rows.
    folds : sequence of pairs of arrays
        The numbers of the training rows and of the validation rows of each fold.
    classifies : bool
        Whether y holds class numbers.
    identifiers : dict of str to str
        The columns that only identify rows, and why.
    loss : TargetLoss or None
        The loss of amounts.
    """

    rows: Rows
    y: NDArray[Any]
    weight: NDArray[np.float64] | None
    folds: Sequence[tuple[RowNumbers, RowNumbers]]
    classifies: bool
    identifiers: Mapping[str, str] = field(default_factory=dict)
    loss: TargetLoss | None = None

    def limited(self, predicted: NDArray[np.float64], train: RowNumbers) -> NDArray[np.float64]:
        """Limit predicted amounts to the range of the training rows of a fold, which does not know the other rows."""
        if self.classifies:
            return predicted
        y = self.y[train]
        return np.clip(predicted, y.min(axis=0), y.max(axis=0))

    @property
    def task(self) -> Literal["classification", "regression"]:
        """What y holds, for the encoder."""
        return "classification" if self.classifies else "regression"

    def validated(self) -> Problem:
        """Return the validation rows of the single fold as a problem without training rows."""
        ((_, rows),) = self.folds
        weight = None if self.weight is None else self.weight[rows]
        folds = [(rows[:0], np.arange(len(rows)))]
        return replace(self, rows=self.rows.subset(rows), y=self.y[rows], weight=weight, folds=folds)

    def monitored(self, fold: int) -> RowNumbers:
        """Return the validation rows of a fold that can stop its networks: of positive weight and a trained class."""
        train, validating = self.folds[fold]
        if self.weight is not None:
            validating = validating[self.weight[validating] > 0]
        if self.classifies:
            validating = validating[np.isin(self.y[validating], self.y[train])]
        return validating


@dataclass(eq=False)
class EncodedFold:
    """A fold in one encoding, encoded when the first member needs it and dropped after the last."""

    problem: Problem
    train: RowNumbers
    validating: RowNumbers
    options: Mapping[str, Any]
    n_members: int
    encoder: TableEncoder = field(init=False)
    mean_row: NDArray[np.float64] = field(init=False)
    _data: Data | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def data(self) -> Data:
        """Return the encoded rows of the fold at their places; rows of neither part are 0."""
        with self._lock:
            if self._data is None:
                self._data = self._encoded()
            return self._data

    def release(self) -> None:
        """Drop the encoded rows after the last member."""
        with self._lock:
            self.n_members -= 1
            if not self.n_members:
                self._data = None

    def _encoded(self) -> Data:
        problem, rows = self.problem, self.problem.rows
        self.encoder = TableEncoder(
            dtype=np.float32, task=problem.task, identifiers=problem.identifiers, **self.options
        )
        encoded = self.encoder.fit_transform(rows.take(self.train), problem.y[self.train])
        self.mean_row = encoded.mean(axis=0, dtype=np.float64)
        X = np.zeros((len(rows), encoded.shape[1]), dtype=np.float32)
        X[self.train] = encoded
        if len(self.validating):
            X[self.validating] = self.encoder.transform(rows.take(self.validating))
        y = problem.y if problem.loss is None else problem.loss.scaled(problem.y)
        return Data.of(X, y, problem.weight)


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
    validated : array of shape (n, K)
        Its predictions for the validation rows of the fold.
    seconds : float
        Its training time.
    warnings : sequence of FitWarning
        The warnings of its fit.
    """

    recipe: str
    fold: int
    encoder: TableEncoder
    mean_row: NDArray[np.float64]
    network: Any
    validated: NDArray[np.float64]
    seconds: float
    warnings: Sequence[FitWarning] = ()


@dataclass(eq=False)
class MemberTraining:
    """The training of one member as the work of a pack."""

    fold_number: int
    fold: EncodedFold
    recipe: Recipe
    network: Any  # untrained, without the parameters of the recipe
    predict: Predict
    budget: Budget | None
    _training: ModelTraining | None = None

    def advance(self, part: Slice) -> float:
        """Train a slice; the first one encodes the fold if no other member has."""
        if self._training is None:
            self._training = self._begin()
        return self._training.advance(part)

    def result(self) -> TrainedMember:
        """Return the trained member."""
        if self._training is None:
            raise RuntimeError("the member has not been trained.")
        found: TrainedMember = self._training.result()
        self.fold.release()
        return found

    def _begin(self) -> ModelTraining:
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
        if self.budget is not None:
            seconds = self.budget.begin()
            network.set_params(max_iter=_epochs_within(seconds, network, data, fold.train), max_time=seconds)
        monitored = fold.problem.monitored(self.fold_number)
        if not len(monitored):
            network.set_params(early_stopping=False)
        validating = monitored if len(monitored) else None
        return ModelTraining(data, network, fold.train, self._finished, validating, clones=False)

    def _finished(self, fitted: Fitted) -> TrainedMember:
        X = self.fold.data().X[self.fold.validating]
        with collected_warnings([]):
            validated = self.fold.problem.limited(self.predict(fitted.model, X), self.fold.train)
        return TrainedMember(
            self.recipe.name,
            self.fold_number,
            self.fold.encoder,
            self.fold.mean_row,
            fitted.model,
            validated,
            fitted.seconds,
            tuple(fitted.warnings),
        )


def _epochs_within(seconds: float, network: Any, data: Data, rows: RowNumbers) -> int:
    """Return the epochs that fit into some seconds, by the time of one epoch of a few batches, at most those planned.

    The schedules of the step size and of dropout then end with the time.
    """
    some = rows[: PROBED_BATCHES * network.batch_size]
    probe = clone(network).set_params(max_iter=1, early_stopping=False)
    for _ in range(2):  # the first one may include the compilation
        began = time.perf_counter()
        with collected_warnings([]):
            probe.fit(data.X[some], data.y[some])
        pace = (time.perf_counter() - began) * len(rows) / len(some)
    return int(min(max(seconds / pace, 1), network.max_iter))


def members_of(
    problem: Problem,
    recipes: Sequence[Recipe],
    network: Callable[[int], Any],
    predict: Predict,
    seeds: NDArray[np.integer[Any]],
    budget: Budget | None,
) -> list[Member]:
    """Return the members of a pack: each recipe on each fold.

    Parameters
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
    budget : Budget or None
        The time; None for no limit.

    Returns
    -------
    list of Member
        With keys (recipe, fold).
    """
    members = []
    for number, (train, validating) in enumerate(problem.folds):
        n_members = {name: sum(recipe.encoding == name for recipe in recipes) for name in ENCODINGS}
        encoded = {
            name: EncodedFold(problem, train, validating, options, n_members[name])
            for name, options in ENCODINGS.items()
        }
        for at, recipe in enumerate(recipes):
            made = network(int(seeds[number, at]))
            task = MemberTraining(number, encoded[recipe.encoding], recipe, made, predict, budget)
            members.append(Member((recipe.name, number), task, size=float(len(train))))
    return members
