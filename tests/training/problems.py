"""A small training problem, helpers that train on it, and a listener that records events."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from multilayer.engines import Engine, Objective, get_engine
from multilayer.engines.protocol import new_state
from multilayer.equations import Adam, GradientDescent, one_hot
from multilayer.network import Network
from multilayer.training import Event, Listener, Recipe, StopRule, TrainingSession, TrainingState, loop
from multilayer.training.lbfgs import LbfgsSession
from multilayer.training.lbfgs import train_lbfgs as drive_lbfgs
from multilayer.training.session import ValidationPlan
from multilayer.training.starting import starting_parameters
from multilayer.training.state import LbfgsRecipe

M = 30
NETWORK = Network((2, 4, 2), ("tanh",), "softmax")


def objective(output: str = "softmax") -> Objective:
    rng = np.random.RandomState(0)
    X = rng.normal(size=(M, 2))
    network = Network((2, 4, 2), ("tanh",), output)
    return Objective(network, X, one_hot((X[:, 0] * X[:, 1] > 0).astype(int), 2))


def recipe(**changes: Any) -> Recipe:
    options: dict[str, Any] = {
        "rule": Adam(),
        "step_size": 0.05,
        "batch_size": 7,  # 30 = 4 * 7 + 2: five updates per epoch
        "shuffle": True,
        "max_epochs": 12,
        "stop": StopRule(patience=math.inf),
    }
    return Recipe(**(options | changes))


def start(how: Recipe, of: Objective | None = None, seed: int = 3) -> TrainingState:
    of = of or objective()
    random_state = np.random.RandomState(seed)
    parameters = starting_parameters(of.network, "epsilon", random_state, np.float64)
    return TrainingState(new_state(of.network, how.rule, parameters), random_state)


def reference() -> Engine:
    return get_engine("reference")


@dataclass(frozen=True)
class Validation:
    """The validation of a training run: its measure, and whether its score stops training."""

    measure: loop.Measure
    stops: bool = True

    @property
    def plan(self) -> ValidationPlan:
        return ValidationPlan(validates=True, stops=self.stops)


def train(
    engine: Engine,
    of: Objective,
    how: Recipe,
    state: TrainingState,
    listeners: Sequence[Listener] = (),
    validation: Validation | None = None,
) -> TrainingState:
    """Train a new or already trained state in a new session."""
    plan = ValidationPlan() if validation is None else validation.plan
    session = TrainingSession(state, how, of.X.shape[0], plan)
    if state.best is not None and validation is not None:
        session.record_score_of_best(validation.measure(state.best)[1])
    return loop.train(session, engine, of, listeners, None if validation is None else validation.measure)


def train_lbfgs(
    engine: Engine,
    of: Objective,
    how: LbfgsRecipe,
    state: TrainingState,
    listeners: Sequence[Listener] = (),
    validation: Validation | None = None,
) -> TrainingState:
    """Train a new or already trained state with L-BFGS in a new session."""
    plan = ValidationPlan() if validation is None else validation.plan
    measure = None if validation is None else validation.measure
    return drive_lbfgs(LbfgsSession(state, how, plan), engine, of, listeners, measure)


class Recorder:
    """A listener that records every event and stops training at the epoch ``stop_at``."""

    def __init__(self, *, only_watches: bool = False, stop_at: int | None = None) -> None:
        self.events: list[Event] = []
        self.only_watches = only_watches
        self.stop_at = stop_at

    def __call__(self, event: Event) -> bool:
        self.events.append(event)
        return getattr(event, "epoch", None) == self.stop_at


DIVERGING = recipe(rule=GradientDescent(), step_size=1e40, batch_size=15, shuffle=False)
