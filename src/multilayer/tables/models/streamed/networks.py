"""The training of the networks of a table model by windows of encoded rows, one after another."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multilayer.fits.errors import FitWarning, collected_warnings
from multilayer.tables.encoder import TableEncoder
from multilayer.tables.models.memory import MemoryPlan
from multilayer.tables.models.problem import FoldResult
from multilayer.tables.models.recipes import Recipe, parameters_of, updates_of_epoch
from multilayer.tables.models.streamed.encoding import EncodedTable
from multilayer.tables.models.streamed.preparing import Prepared
from multilayer.tables.models.streamed.progress import PhaseReporter
from multilayer.tables.models.streamed.scratch_folder import ScratchFolder
from multilayer.tables.models.training import TrainedMember
from multilayer.tables.streaming.checkpoints import Checkpoint
from multilayer.tables.streaming.rows_format import RowsFormat
from multilayer.tables.streaming.training import WindowTraining, as_rows, train_by_windows
from multilayer.tables.streaming.windows import WindowPlan, most_window_rows
from multilayer.training import EpochEnded, Event

# More than one pass is made as long as it has fewer updates than these in all.
MOST_UPDATES = 60_000
# After each window at most this share of its rows is validated.
SHARE_OF_VALIDATION = 0.25
LEAST_VALIDATED = 2_000
SECONDS_BETWEEN_CHECKPOINTS = 30.0


@dataclass(frozen=True)
class NetworkPlan:
    """The windows of the training of one kind of network.

    Attributes
    ----------
    windows : WindowPlan
        The rows of each window.
    parameters : mapping
        The parameters of the network, with the number of windows as ``max_iter``.
    n_rows : int
        The training rows of the dataset.
    """

    windows: WindowPlan
    parameters: Mapping[str, Any]
    n_rows: int

    @property
    def n_passes(self) -> float:
        """The number of passes over the rows."""
        return float(self.parameters["max_iter"] / self.windows.windows_per_pass)


def network_plan(recipe: Recipe, encoder: TableEncoder, n_rows: int, most_rows: int, seed: int) -> NetworkPlan:
    """Plan the windows of a kind of network.

    The number of passes is that of epochs in memory, but no more than ``MOST_UPDATES`` updates are made, unless one
    pass has more.  All of them are made: training does not stop early.

    Parameters
    ----------
    recipe : Recipe
        The kind of network.
    encoder : TableEncoder
        The encoder of the rows.
    n_rows : int
        The number of training rows.
    most_rows : int
        The most rows of a window.
    seed : int
        The seed of the order of the blocks.

    Returns
    -------
    NetworkPlan
        The plan.
    """
    numbers = tuple(np.flatnonzero(encoder.number_columns_).tolist())
    parameters = parameters_of(recipe, n_rows, len(encoder.number_columns_), numbers)
    windows = WindowPlan(n_rows, most_rows, seed=seed)
    per_pass, batch = windows.windows_per_pass, min(parameters["batch_size"], windows.window_rows)
    of_window = updates_of_epoch(windows.window_rows, batch)
    n_windows = max(per_pass, min(parameters["max_iter"] * per_pass, math.ceil(MOST_UPDATES / of_window)))
    # The schedule of the step size runs to its end, which gains more than a stop before it saves; the best weights are
    # kept nevertheless.
    changed: dict[str, Any] = {"max_iter": n_windows, "batch_size": batch}
    changed |= {"early_stopping": False, "n_iter_no_change": None}
    return NetworkPlan(windows, {**parameters, **changed}, n_rows)


def window_rows(model: Any, form: RowsFormat, plan: MemoryPlan) -> int:
    """Return the most rows of a window, or raise a ParameterError if there is too little memory for one."""
    return most_window_rows(form, plan.window_bytes, len(model.classes_) if model._classifies else 1)


@dataclass(frozen=True, eq=False)
class StreamTraining:
    """How the networks of a fit on a dataset are made.

    Attributes
    ----------
    model : TableClassifier or TableRegressor
        The model.
    table : EncodedTable
        The encoded training rows.
    prepared : Prepared
        The validation rows, and the encoders.
    class_weight : mapping or None
        The weights of the classes by their numbers.
    folder : ScratchFolder
        The folder of the checkpoints, with the memory for windows.
    """

    model: Any
    table: EncodedTable
    prepared: Prepared
    class_weight: Mapping[int, float] | None
    folder: ScratchFolder

    def plan(self, recipe: Recipe, seed: int) -> NetworkPlan:
        """Return the windows of a kind of network."""
        rows = self.table.rows[recipe.encoding]
        most = window_rows(self.model, rows.form, self.folder.plan)
        return network_plan(recipe, self.prepared.encoders[recipe.encoding], rows.n_rows, most, seed)

    def train(self, recipe: Recipe, seed: int, deadline: float) -> tuple[FoldResult[TrainedMember], float]:
        """Train a network; ``deadline`` is its end by ``time.monotonic()``.

        Returns
        -------
        FoldResult, float
            The member with its predictions for the validation rows, and the number of passes that it made.
        """
        model, encoder = self.model, self.prepared.encoders[recipe.encoding]
        began, plan = time.perf_counter(), self.plan(recipe, seed)
        untrained = model._network(seed).set_params(**plan.parameters)
        if model._classifies:
            untrained.set_params(class_weight=self.class_weight)
        X, warnings = self._validation(encoder), list[FitWarning]()
        reporter = PhaseReporter(model.callbacks, "training", plan.parameters["max_iter"], recipe.name)
        training = WindowTraining(
            self.table.rows[recipe.encoding],
            plan.windows,
            self._monitored(X),
            max(LEAST_VALIDATED, int(SHARE_OF_VALIDATION * plan.windows.window_rows)),
            range(len(model.classes_)) if model._classifies else None,
            Checkpoint(self.folder.checkpoint(recipe.name), seconds=SECONDS_BETWEEN_CHECKPOINTS),
            [_WindowListener(reporter, plan.windows.window_rows)],
            deadline,
        )
        with collected_warnings(warnings):
            network = train_by_windows(untrained, training)
        n_passes = len(network._training_state.history.costs) / plan.windows.windows_per_pass
        return self._result(recipe, network, X, time.perf_counter() - began, warnings), n_passes

    def _validation(self, encoder: TableEncoder) -> NDArray[np.float32]:
        problem = self.prepared.problem
        return np.asarray(encoder.transform(problem.rows.take(self.prepared.validating)), dtype=np.float32)

    def _monitored(self, X: NDArray[np.float32]) -> Any:
        problem = self.prepared.problem
        y = problem.y[self.prepared.validating]
        return as_rows(X, y if problem.loss is None else problem.loss.scaled(y))

    def _result(
        self, recipe: Recipe, network: Any, X: NDArray[np.float32], seconds: float, warnings: Sequence[FitWarning]
    ) -> FoldResult[TrainedMember]:
        limits, encoder = self.prepared.limits, self.prepared.encoders[recipe.encoding]
        with collected_warnings([]):
            predicted = self.model._predicted(network, X)
        validated = predicted if limits is None else np.clip(predicted, *limits)
        mean_row = self.table.mean_rows[recipe.encoding]
        member = TrainedMember(recipe.name, 0, encoder, mean_row, network, seconds, tuple(warnings), limits)
        return FoldResult(member, validated)


@dataclass(eq=False)
class _WindowListener:
    """Reports the windows of a training; those of an interrupted one count too."""

    reporter: PhaseReporter
    window_rows: int

    def __call__(self, event: Event) -> bool:
        if isinstance(event, EpochEnded):
            self.reporter.report(event.epoch, event.epoch * self.window_rows)
        return False
