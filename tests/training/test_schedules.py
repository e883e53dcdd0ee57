"""Step-size schedules and the step sizes of each epoch and update."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pytest
from sklearn.neural_network._stochastic_optimizers import SGDOptimizer

from multilayer.equations import GradientDescent
from multilayer.exceptions import ParameterError
from multilayer.training import Cosine, CustomSchedule, OneCycle, Plateau, Schedule, StopRule, TrainingState, WarmUp
from multilayer.training.schedules import Progress, can_reduce, step_sizes

from .problems import M, Recorder, Validation, objective, recipe, reference, start, train


def theirs(name: str) -> Any:
    return SGDOptimizer([], learning_rate_init=0.1, lr_schedule=name, power_t=0.3)


def test_inverse_scaling_equals_that_of_scikit_learn() -> None:
    optimizer, expected = theirs("invscaling"), [0.1]
    for epoch in range(1, 5):
        optimizer.iteration_ends(epoch * 7)
        expected.append(optimizer.learning_rate)
    schedule = Schedule("invscaling", 0.3)
    assert step_sizes(schedule, 0.1, Progress(0, 7), 5).tolist() == expected
    assert step_sizes(schedule, 0.1, Progress(14, 7), 2).tolist() == expected[2:4]


def test_adaptive_reductions_equal_those_of_scikit_learn() -> None:
    optimizer, schedule, cuts = theirs("adaptive"), Schedule("adaptive"), 0
    while not optimizer.trigger_stopping("", False):
        assert can_reduce(schedule, step_sizes(schedule, 0.1, Progress(0, 7, n_cuts=cuts), 1)[0])
        cuts += 1
        assert step_sizes(schedule, 0.1, Progress(0, 7, n_cuts=cuts), 1)[0] == optimizer.learning_rate
    assert cuts == 8
    assert not can_reduce(schedule, step_sizes(schedule, 0.1, Progress(0, 7, n_cuts=cuts), 1)[0])


def test_a_constant_step_size_is_never_reduced() -> None:
    assert step_sizes(Schedule(), 0.1, Progress(50, 7), 3).tolist() == [0.1] * 3
    assert not can_reduce(Schedule(), 0.1)


def test_a_run_follows_its_schedule() -> None:
    how = recipe(rule=GradientDescent(), schedule=Schedule("invscaling", 1.0), max_epochs=4)
    run = train(reference(), objective(), how, start(how))
    assert run.history.step_sizes == pytest.approx([0.05 / (1 + M * epoch) for epoch in range(4)])


def test_an_adaptive_run_ends_at_a_small_step_size() -> None:
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


# --- schedules that depend on the length of the run or on updates

PER_UPDATE = [OneCycle(6), WarmUp(7), WarmUp(7, Cosine(6)), WarmUp(7, OneCycle(6)), WarmUp(13, Schedule("adaptive"))]
ALL = [
    *PER_UPDATE,
    Cosine(6),
    Cosine(6, floor=0.1),
    CustomSchedule(lambda epoch: 0.9**epoch),
    Plateau(0.5, patience=1, tol=1.0),
    WarmUp(3, Plateau(0.5, patience=2, tol=1.0)),
]


def taken(schedule: Any, n_epochs: int = 6) -> Any:
    return step_sizes(schedule, 0.5, Progress(0, M, updates_per_epoch=5), n_epochs)


def test_one_cycle_spans_the_whole_run() -> None:
    sizes = taken(OneCycle(6, rise=0.5, first=0.1, last=0.01))
    assert sizes.shape == (6, 5)
    assert sizes[0, 0] == pytest.approx(0.05)
    assert sizes[-1, -1] == pytest.approx(0.005)
    assert sizes.max() == pytest.approx(0.5, rel=5e-3)  # none of the 30 updates is exactly at the maximum
    assert np.unravel_index(sizes.argmax(), sizes.shape)[0] in (2, 3)


def test_a_warm_up_multiplies_the_following_schedule() -> None:
    sizes = taken(WarmUp(7, Cosine(6)))
    plain = taken(Cosine(6))
    factors = np.minimum(np.arange(1, 31) / 7, 1.0).reshape(6, 5)
    np.testing.assert_allclose(sizes, plain[:, np.newaxis] * factors, rtol=1e-15)
    np.testing.assert_allclose(taken(WarmUp(7, OneCycle(6))), taken(OneCycle(6)) * factors, rtol=1e-15)


@pytest.mark.parametrize("schedule", ALL, ids=lambda s: re.sub(" at 0x[0-9a-f]+", "", str(s)))
def test_step_sizes_depend_only_on_the_progress_of_the_run(schedule: Any) -> None:
    whole = taken(schedule)
    later = step_sizes(schedule, 0.5, Progress(4 * M, M, updates_per_epoch=5), 2)
    np.testing.assert_array_equal(later, whole[4:])


@pytest.mark.parametrize("schedule", ALL, ids=lambda s: re.sub(" at 0x[0-9a-f]+", "", str(s)))
def test_a_resumed_run_equals_an_uninterrupted_run(schedule: Any) -> None:
    how = recipe(schedule=schedule, max_epochs=6)
    whole = train(reference(), objective(), how, start(how))
    parts = start(how)
    for n_epochs in (1, 3, 2):
        train(reference(), objective(), recipe(schedule=schedule, max_epochs=n_epochs), parts)
    np.testing.assert_array_equal(parts.descent.parameters, whole.descent.parameters)
    assert parts.history.step_sizes == whole.history.step_sizes
    assert parts.n_cuts == whole.n_cuts


@pytest.mark.parametrize("schedule", ALL, ids=lambda s: re.sub(" at 0x[0-9a-f]+", "", str(s)))
def test_listeners_do_not_affect_training(schedule: Any) -> None:
    how = recipe(schedule=schedule)
    unobserved = train(reference(), objective(), how, start(how))
    observed = train(reference(), objective(), how, start(how), [Recorder()])
    np.testing.assert_array_equal(observed.descent.parameters, unobserved.descent.parameters)


class RecordingEngine:
    """The reference engine, recording the step size of each update."""

    name = "reference"

    def __init__(self) -> None:
        self.sizes: list[float] = []

    def descend(self, objective: Any, rule: Any, state: Any, batches: Any, *options: Any) -> Any:
        self.sizes += batches.step_sizes.tolist()
        return reference().descend(objective, rule, state, batches, *options)


@pytest.mark.parametrize("shuffle", [True, False])
def test_the_engine_receives_a_step_size_for_each_update(shuffle: bool) -> None:
    how = recipe(schedule=WarmUp(12), max_epochs=4, shuffle=shuffle)
    engine: Any = RecordingEngine()
    run = train(engine, objective(), how, start(how))
    assert engine.sizes == pytest.approx([0.05 * min(1, (i + 1) / 12) for i in range(20)])
    assert run.history.step_sizes == pytest.approx([0.05 / 12, 0.05 * 6 / 12, 0.05 * 11 / 12, 0.05])


def plateau_run(schedule: Any, stop: StopRule, **options: Any) -> TrainingState:
    how = recipe(rule=GradientDescent(), schedule=schedule, stop=stop, max_epochs=10)
    return train(reference(), objective(), how, start(how), **options)


def test_a_plateau_schedule_reduces_the_step_size_and_training_continues() -> None:
    # No epoch improves the cost by 9, but the first counts as progress because none precedes it.
    run = plateau_run(Plateau(0.5, patience=2, tol=9.0), StopRule(patience=math.inf))
    assert run.history.step_sizes == pytest.approx(
        [0.05, 0.05, 0.05, 0.025, 0.025, 0.0125, 0.0125, 0.00625, 0.00625, 0.003125]
    )
    assert run.reason == "max_epochs"
    assert run.n_cuts == 4


def test_the_stop_rule_ends_training_with_a_plateau_schedule() -> None:
    run = plateau_run(Plateau(0.5, patience=2, tol=9.0), StopRule(tol=9.0, patience=5))
    assert run.reason == "converged"
    assert run.history.n_epochs == 7
    assert run.n_cuts == 3


def test_a_plateau_schedule_uses_the_validation_score() -> None:
    scores = iter([1.0, 2.0, 3.0, 3.0, 3.0, 3.0, 3.0, 4.0, 4.0, 4.0])
    validation = Validation(lambda _: (1.0, next(scores)))
    run = plateau_run(Plateau(0.1, patience=3), StopRule(patience=math.inf), validation=validation)
    assert run.history.step_sizes == pytest.approx([0.05] * 6 + [0.005] * 4)


def test_invalid_step_sizes_of_a_custom_schedule_raise_an_error_that_names_the_epoch() -> None:
    how = recipe(schedule=CustomSchedule(lambda epoch: 1.0 - epoch / 4))
    with pytest.raises(ParameterError, match=r"must return a finite positive number, got 0\.0 in epoch 4"):
        train(reference(), objective(), how, start(how))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Cosine(0), r"n_epochs must be a positive integer, got 0"),
        (lambda: Cosine(5, floor=1.5), r"floor must be a number from 0 to 1, got 1\.5"),
        (lambda: OneCycle(2.5), r"n_epochs must be a positive integer, got 2\.5"),
        (lambda: OneCycle(5, rise=1.0), r"rise must be below 1, got 1"),
        (lambda: OneCycle(5, last=-0.1), r"last must be a number from 0 to 1, got -0\.1"),
        (lambda: Plateau(1.0), r"factor must be above 0 and below 1, got 1\.0"),
        (lambda: Plateau(math.nan), r"factor must be a number from 0 to 1, got nan"),
        (lambda: Plateau(patience=0), r"patience must be a positive integer, got 0"),
        (lambda: WarmUp(-1), r"n_updates must be a non-negative integer, got -1"),
        (lambda: Cosine(5, floor="low"), r"floor must be a number from 0 to 1, got 'low'"),
        (lambda: Schedule("cosin"), r"unknown schedule 'cosin'\. Known: 'adaptive', 'constant', 'invscaling'"),
        (lambda: Schedule("invscaling", power=-1.0), r"power must be a non-negative number, got -1\.0"),
        (
            lambda: WarmUp(3, "cosine"),
            r"then must be a schedule other .* Cosine\(50\).* got 'cosine'",
        ),
        (
            lambda: WarmUp(3, lambda epoch: 0.9**epoch),
            r"CustomSchedule\(f\) for a function f of the epoch, got <function",
        ),
        (lambda: WarmUp(3, WarmUp(3)), r"a schedule other than a warm-up"),
        (lambda: CustomSchedule(0.5), r"a custom schedule must be a function of the epoch, got 0\.5"),
    ],
)
def test_invalid_schedules_raise_errors(make: Any, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        make()


def test_numpy_integers_are_accepted() -> None:
    assert Cosine(np.int64(5)) == Cosine(5)
