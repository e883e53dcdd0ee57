"""Step sizes, epoch by epoch."""

from __future__ import annotations

import math
from typing import Any

import pytest
from sklearn.neural_network._stochastic_optimizers import SGDOptimizer

from multilayer.equations import GradientDescent
from multilayer.training import Schedule, StopRule, train
from multilayer.training.schedules import Progress, can_cut, step_sizes

from .problems import M, objective, recipe, reference, start


def theirs(name: str) -> Any:
    return SGDOptimizer([], learning_rate_init=0.1, lr_schedule=name, power_t=0.3)


def test_inverse_scaling_is_scikit_learn_s() -> None:
    optimizer, expected = theirs("invscaling"), [0.1]
    for epoch in range(1, 5):
        optimizer.iteration_ends(epoch * 7)
        expected.append(optimizer.learning_rate)
    schedule = Schedule("invscaling", 0.3)
    assert step_sizes(schedule, 0.1, Progress(0, 7), 5).tolist() == expected
    assert step_sizes(schedule, 0.1, Progress(14, 7), 2).tolist() == expected[2:4]


def test_adaptive_cuts_are_scikit_learn_s() -> None:
    optimizer, schedule, cuts = theirs("adaptive"), Schedule("adaptive"), 0
    while not optimizer.trigger_stopping("", False):
        assert can_cut(schedule, step_sizes(schedule, 0.1, Progress(0, 7, n_cuts=cuts), 1)[0])
        cuts += 1
        assert step_sizes(schedule, 0.1, Progress(0, 7, n_cuts=cuts), 1)[0] == optimizer.learning_rate
    assert cuts == 8
    assert not can_cut(schedule, step_sizes(schedule, 0.1, Progress(0, 7, n_cuts=cuts), 1)[0])


def test_constant_is_constant_and_is_never_cut() -> None:
    assert step_sizes(Schedule(), 0.1, Progress(50, 7), 3).tolist() == [0.1] * 3
    assert not can_cut(Schedule(), 0.1)


def test_a_run_follows_its_schedule() -> None:
    how = recipe(rule=GradientDescent(), schedule=Schedule("invscaling", 1.0), max_epochs=4)
    run = train(reference(), objective(), how, start(how))
    assert run.history.step_sizes == pytest.approx([0.05 / (1 + M * epoch) for epoch in range(4)])


def test_an_adaptive_run_ends_where_its_step_size_is_small() -> None:
    how = recipe(
        rule=GradientDescent(),
        schedule=Schedule("adaptive"),
        max_epochs=500,
        stop=StopRule(tol=1.0, patience=2),
    )
    run = train(reference(), objective(), how, start(how))
    assert run.reason == "converged"
    assert run.history.step_sizes[-1] <= 1e-6 < run.history.step_sizes[-4]
    assert run.n_cuts == math.ceil(math.log(0.05 / 1e-6, 5))
