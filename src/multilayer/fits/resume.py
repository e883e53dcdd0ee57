"""To begin a run, to go on with one (warm_start and partial_fit), and what of one is worth keeping."""

from __future__ import annotations

import copy
import math
from dataclasses import fields, replace
from types import SimpleNamespace, TracebackType
from typing import Any

import numpy as np
from sklearn.utils import check_random_state

from multilayer.engines import DescentState, Objective
from multilayer.equations.activations import Activation
from multilayer.exceptions import ParameterError
from multilayer.network import Floats, Network
from multilayer.training import Recipe, Run, StopState, standing, starting_parameters
from multilayer.training.starting import Initialization


def begun(
    objective: Objective, settings: SimpleNamespace, initialization: Initialization, activation: str | Activation
) -> Run:
    """A run before its first update, whose rule has no memory yet."""
    random_state = check_random_state(settings.random_state)
    parameters = starting_parameters(objective.network, initialization, random_state, objective.X.dtype, activation)
    return Run(DescentState(parameters, np.empty((0, len(parameters)), dtype=parameters.dtype)), random_state)


def continued(run: Run, recipe: Recipe, n_rows: int, *, is_part: bool) -> None:
    """Make a run ready for a recipe, which may be another than before, and for data, which may be others.

    Memory of another kind of update rule is given up, and so is the order of other rows.
    """
    if run.state.slots.shape[0] != recipe.rule.n_slots:
        parameters = run.state.parameters
        run.state.slots = np.zeros((recipe.rule.n_slots, len(parameters)), dtype=parameters.dtype)
        run.state.t = 0
    if is_part or (run.order is not None and len(run.order) != n_rows):
        run.order = None


def without_memory(run: Run) -> Run:
    """A run that is over: its weights, curves and generator, without the memory of its update rule and of its rows.

    Adam's memory is twice the weights, and the rows' is as long as the data.  Nor does it know how long it took: two
    fits alike are pickled alike, which joblib's cache goes by.
    """
    parameters = standing(run)
    return replace(
        run,
        state=DescentState(parameters, np.empty((0, len(parameters)), dtype=parameters.dtype)),
        rows=None,
        held_out=None,
        n_divided=0,
        order=None,
        history=replace(run.history, seconds=0.0),
        # Of a score on rows that are no longer known; a cost is still one.
        stop=StopState() if run.watches_score else run.stop,
        watches_score=False,
        best_score=-math.inf,
        last=None,
        best_digest=b"",
    )


class Continuing:
    """Within this block a run is trained further in place; an error puts back what it was."""

    def __init__(self, run: Run, parameters: Floats, before: Network, now: Network, shown_costs: list[float]) -> None:
        if before.layer_sizes != now.layer_sizes:
            raise ParameterError(
                f"the network has layers of {before.layer_sizes} units and cannot go on with {now.layer_sizes}. "
                "Set warm_start=False and call fit to begin anew, or put hidden_layer_sizes and the columns of X and y "
                "back to what they were."
            )
        if before.normalization != now.normalization:
            raise ParameterError(
                f"the network has normalization={before.normalization!r} and cannot go on with {now.normalization!r}. "
                "Set warm_start=False and call fit to begin anew, or put normalization back to what it was."
            )
        self.run, state = run, run.state
        # joblib loads the arrays of an estimator as memory maps that cannot be written to.
        parameters, state.slots, run.order = _writeable(parameters), _writeable(state.slots), _writeable(run.order)
        # What the estimator shows, and lets its user write to, is the average where one is kept.
        if state.average is None:
            state.parameters = parameters
        else:
            state.parameters, state.average = _writeable(state.parameters), parameters
        self.arrays = state.parameters, state.average
        average = None if state.average is None else state.average.copy()
        self.kept = replace(
            run,
            state=DescentState(state.parameters.copy(), state.slots.copy(), state.t, average),
            history=copy.copy(run.history),
        )
        # A run that draws from NumPy's one global generator does not wind it back: others draw from it too.
        is_own = run.random_state is not np.random.mtrand._rand
        self.draws = run.random_state.get_state(legacy=False) if is_own else None
        history = run.history
        curves = [history.costs, history.step_sizes, history.validation_costs, history.validation_scores, shown_costs]
        self.lengths = [(curve, len(curve)) for curve in curves if curve is not None]

    def __enter__(self) -> Run:
        return self.run

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            return
        run, kept = self.run, self.kept
        parameters, average = self.arrays
        parameters[...] = kept.state.parameters
        kept.state.parameters = parameters
        if average is not None:
            average[...] = kept.state.average
            kept.state.average = average
        for curve, length in self.lengths:
            del curve[length:]
        for field in fields(Run):
            setattr(run, field.name, getattr(kept, field.name))
        if self.draws is not None:
            run.random_state.set_state(self.draws)


def _writeable(array: Any) -> Any:
    """The array itself, or a copy of one that cannot be written to; None is None."""
    return array if array is None or array.flags.writeable else np.array(array)
