"""Trials: the library trains what a step asks for, in the same way as the page, and measures it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property, partial
from typing import Any, Protocol

from multilayer.exceptions import DivergenceError, InputError
from multilayer.fits.fit import Fit
from multilayer.inspection import Diagnosis
from multilayer.inspection.cost import mean_cost
from multilayer.playground.bugs.check import ProgramCheck, check_program
from multilayer.playground.bugs.engine import BuggyEngine
from multilayer.playground.bugs.setups import SETUPS, parameters_for_bug, rows_for_bug
from multilayer.playground.data.data_choice import DataChoice, changed_data, shape_of
from multilayer.playground.data.play_data import PlayData
from multilayer.playground.instruments import BOUNDED, MOST_ROWS
from multilayer.playground.lessons.lesson import Setup
from multilayer.playground.lessons.measures import Measure
from multilayer.playground.runs.run import CancelledError
from multilayer.playground.runs.setup import estimator_for, fit_request, setup_from_json
from multilayer.training import TrainingSession

EPOCHS_PER_PART = 100  # between two looks at whether the page was closed


class Trial(Protocol):
    """Trains networks and measures them."""

    def measure(self, setup: Setup, epochs: int, measure: Measure, seeds: Sequence[int]) -> list[float]:
        """Train a network for each seed, and measure it.

        Parameters
        ----------
        setup : mapping
            ``data``, ``parameters``, and ``bug`` if the program has a mistake.
        epochs : int
            The number of epochs.
        measure : Measure
            What to measure.
        seeds : sequence of int
            The values of ``random_state``.

        Returns
        -------
        list of float
            A number for each seed; infinite for a level that was not reached and a cost that overflowed.
        """


class EstimatorTrial(Trial):
    """Trains with the estimators of this library.

    Parameters
    ----------
    is_cancelled : callable, optional
        Whether to stop working.
    """

    def __init__(self, is_cancelled: Callable[[], bool] = lambda: False) -> None:
        self._is_cancelled = is_cancelled

    def measure(self, setup: Setup, epochs: int, measure: Measure, seeds: Sequence[int]) -> list[float]:
        train = partial(TrainedNetwork, setup, epochs, validates=measure.kind.of_curve, is_cancelled=self._is_cancelled)
        return [train(seed).value(measure) for seed in seeds]


def data_of(setup: Setup) -> PlayData:
    """Return the data of a setup."""
    return rows_for_bug(setup.get("bug"), shape_of(changed_data(DataChoice(), setup["data"])))


class TrainedNetwork:
    """A network that is trained for a step, and its measures.

    Parameters
    ----------
    setup : mapping
        The setup.
    epochs : int
        The number of epochs.
    seed : int
        The value of ``random_state``.
    validates : bool
        Whether the validation rows are measured after each epoch, which takes time and does not change the weights.
    is_cancelled : callable, optional
        Whether to stop training with a CancelledError.
    """

    def __init__(
        self,
        setup: Setup,
        epochs: int,
        seed: int,
        *,
        validates: bool,
        is_cancelled: Callable[[], bool] = lambda: False,
    ) -> None:
        self.data, self.bug = data_of(setup), setup.get("bug")
        given = {**setup["parameters"], "random_state": seed, "max_iter": epochs}
        if self.bug is not None:
            n_classes = len(self.data.class_names)
            given = parameters_for_bug(self.bug, given, self.data.task, n_classes).parameters
            given["shuffle"] = SETUPS[self.bug].shuffles and given.get("shuffle", True)
        parameters = setup_from_json({"parameters": given}).parameters
        request = fit_request(self.data, validates=validates)
        self.fit: Fit = estimator_for(parameters, self.data)._begin(request)
        if self.bug is not None:
            self.fit.problem = replace(self.fit.problem, engine=BuggyEngine(self.bug))
        self.has_diverged = False
        self._train(is_cancelled)

    def _train(self, is_cancelled: Callable[[], bool]) -> None:
        try:
            while not self.fit.has_ended:
                if is_cancelled():
                    raise CancelledError("the page was closed.")
                self.fit.train(EPOCHS_PER_PART)
        except DivergenceError:
            self.has_diverged = True

    def value(self, measure: Measure) -> float:
        """Return a measure of this network.

        Raises
        ------
        InputError
            The data or the network do not have it.
        """
        kind, data = measure.kind, self.data
        if kind.task not in (None, data.task):
            raise InputError(f"the measure {kind.name!r} is for {kind.task}, but {data.title!r} is {data.task} data.")
        if kind.needs_validation and data.X_val is None:
            raise InputError(f"the measure {kind.name!r} needs validation rows. Set validation_fraction above 0.")
        if measure.layer is not None:
            return self._of_layer(measure.name, measure.layer)
        if measure.level is not None:
            return self._epochs_to(measure.name, measure.level)
        value: float = getattr(self, f"_{kind.name}")()
        return float(value)

    @cached_property
    def _model(self) -> Any:
        return self.fit.snapshot()

    @cached_property
    def _diagnosis(self) -> Diagnosis:
        found: Diagnosis = self._model.diagnose(self.data.X[:MOST_ROWS], self.data.y[:MOST_ROWS])
        return found

    @cached_property
    def _check(self) -> ProgramCheck:
        problem = self.fit.problem
        return check_program(problem.engine, problem.objective, self.fit.state.last)

    def _accuracy(self) -> float:
        return float(self._model.score(self.data.X, self.data.y))

    def _validation_accuracy(self) -> float:
        return float(self._model.score(self.data.X_val, self.data.y_val))

    _r2, _validation_r2 = _accuracy, _validation_accuracy

    def _cost(self) -> float:
        return math.inf if self.has_diverged else float(self._costs[-1])

    def _validation_cost(self) -> float:
        return math.inf if self.has_diverged else float(mean_cost(self._model, self.data.X_val, self.data.y_val))

    def _lowest_validation_cost(self) -> float:
        return min(self._validation_costs)

    def _epoch_of_lowest_validation_cost(self) -> float:
        return 1 + self._validation_costs.index(min(self._validation_costs))

    def _n_parameters(self) -> float:
        return self.fit.n_weights

    def _n_updates(self) -> float:
        session = self.fit.session
        per_epoch = session.updates_per_epoch if isinstance(session, TrainingSession) else 1
        return self.fit.n_epochs * per_epoch

    def _epochs(self) -> float:
        return self.fit.n_epochs

    def _dead_units(self) -> float:
        return self._silent(bounded=False)

    def _saturated_units(self) -> float:
        return self._silent(bounded=True)

    def _diverged(self) -> float:
        return float(self.has_diverged)

    def _weights_wrong(self) -> float:
        return self._check.weights_wrong

    def _layers_wrong(self) -> float:
        return sum(each.weights_wrong > 0 for each in self._check.layers)

    @property
    def _costs(self) -> list[float]:
        return list(self._model.loss_curve_)

    @property
    def _validation_costs(self) -> list[float]:
        return list(self._model.validation_loss_curve_)

    def _silent(self, *, bounded: bool) -> float:
        layers = self._diagnosis.layers[:-1]
        return sum(int(each.silent.sum()) for each in layers if (each.activation in BOUNDED) == bounded)

    def _of_layer(self, name: str, number: int) -> float:
        layers = {each.layer: each for each in self._diagnosis.layers}
        if number not in layers:
            raise InputError(f"the network has the layers {min(layers)} to {max(layers)}, got layer = {number}.")
        attribute = {"gradient_norm": "gradient_size", "update_ratio": "update_ratio", "weight_norm": "weight_size"}
        return float(getattr(layers[number], attribute[name]))

    def _epochs_to(self, name: str, level: float) -> float:
        if name == "epochs_to_cost":
            reached = (i for i, cost in enumerate(self._costs, start=1) if cost <= level)
        else:
            scores = list(self._model.validation_scores_)
            reached = (i for i, score in enumerate(scores, start=1) if score >= level)
        return next(reached, math.inf)
