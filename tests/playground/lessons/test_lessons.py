"""The lessons of the package: each step has one right answer, for other seeds too, and explanations are true."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from multilayer.playground.lessons import Step, lesson_names, load_lesson, rehearse
from multilayer.playground.lessons import reading as folder
from multilayer.playground.lessons.answering import find_answer
from multilayer.playground.lessons.lesson import Kind
from multilayer.playground.lessons.measures import Measure
from multilayer.playground.lessons.trials import EstimatorTrial

NAMES = lesson_names()
# What the library finds: the start of the right choice, or the number; None for a goal.
ANSWERS: Mapping[str, list[str | float | None]] = {
    "one-unit": [3, "Most, but not all", "Below 0.75", "Three blobs", None],
    "hidden-layer": ["From 0.6 to 0.85", "The one with tanh units", 17, None],
    "luck": ["Seed 1", "At least 0.15", "12 hidden units", "About 0.5"],
    "step-size": ["10", "About ten times as many", "It rises above 1", "With momentum 0.9", None],
    "batches": [700, "Batches of 10 rows", "Both about the same", "With shuffled rows", None],
    "plateau": ["At least 0.6", "With 1 hidden layer", "With tanh units", "With tanh units", None],
    "dead-units": ["9 to 16", "0.01", "With leaky_relu units", "With the step size 0.01", None],
    "overfitting": ["All rows", "In the first 100 epochs", "1", "500 training rows", None],
    "find-the-bug": ["It rises above 1", "The program with the mistake", 1, "The delta belongs", "The penalty acts"],
}
ABOUT_ONE_SEED = {("luck", 0)}
STEPS = [(name, i) for name in NAMES for i in range(len(load_lesson(name).steps))]


def step_of(name: str, number: int) -> Step:
    return load_lesson(name).steps[number]


def with_seeds(setup: Mapping[str, Any], more: int, data: int) -> dict[str, Any]:
    """Return a setup with other starting weights and other data."""
    parameters, given = setup["parameters"], setup["data"]
    other = {**parameters, "random_state": parameters["random_state"] + more}
    return {**setup, "parameters": other, "data": {**given, "seed": given["seed"] + data}}


def moved(step: Step, more: int, data: int) -> Step:
    choices = tuple(
        each if each.setup is None else replace(each, setup=with_seeds(each.setup, more, data)) for each in step.choices
    )
    return replace(step, setup=with_seeds(step.setup, more, data), choices=choices)


def final(
    step: Step, measure: str, epochs: int, n: int = 3, layer: int | None = None, **parameters: Any
) -> list[float]:
    """Measure the setup of a step with other parameters, for n seeds."""
    data = {**step.setup["data"], **parameters.pop("data", {})}
    bug = parameters.pop("bug", step.setup.get("bug"))
    level = parameters.pop("level", None)
    setup = {"data": data, "parameters": {**step.setup["parameters"], **parameters}} | ({"bug": bug} if bug else {})
    return EstimatorTrial().measure(setup, epochs, Measure(measure, layer, level), range(n))


def test_there_is_a_file_for_each_lesson_and_no_other() -> None:
    files = {path.stem for path in Path(str(folder.__file__)).parent.glob("*.toml")}
    assert files == set(NAMES) == set(ANSWERS)
    assert len(NAMES) >= 7


@pytest.mark.parametrize("name", NAMES)
def test_lessons_are_short_and_complete(name: str) -> None:
    lesson = load_lesson(name)
    assert lesson.name == name
    assert 3 <= len(lesson.steps) <= 5
    assert 5 <= lesson.minutes <= 10
    for step in lesson.steps:
        assert step.question.endswith(("?", "."))
        assert step.controls
        assert not re.search(r"<|\]\(", step.text + step.explanation), "plain text without HTML and links"
        assert step.kind != Kind.GOAL or step.solution is not None


@pytest.mark.parametrize("name", NAMES)
def test_the_library_finds_one_right_answer_for_each_step(name: str) -> None:
    began = time.process_time()
    rehearsed = list(rehearse(load_lesson(name)))
    assert (time.process_time() - began) / len(rehearsed) < 3  # seconds for a step
    assert len(rehearsed) == len(ANSWERS[name])
    for step, expected in zip(rehearsed, ANSWERS[name], strict=True):
        assert step.problem == "", step
        if isinstance(expected, str):
            assert step.answer.startswith(expected), step
        elif expected is not None:
            assert step.finding is not None
            assert step.finding.number == expected
        else:
            assert step.answer.startswith("the solution reaches")


@pytest.mark.parametrize(("name", "number"), [each for each in STEPS if each not in ABOUT_ONE_SEED])
def test_answers_do_not_depend_on_the_seeds(name: str, number: int) -> None:
    step = step_of(name, number)
    if step.kind in (Kind.GOAL, Kind.BUG):
        return
    right = find_answer(step, EstimatorTrial())
    # The data of the lesson on overfitting are few, so that their choice matters: only the weights change there.
    for more, data in ((100, 0), (300, 0 if name == "overfitting" else 1)):
        other = find_answer(moved(step, more, data), EstimatorTrial())
        assert (other.right, other.number) == (right.right, right.number), other.text


@pytest.mark.parametrize(("name", "number"), STEPS)
def test_numbers_are_away_from_the_bounds_of_choices(name: str, number: int) -> None:
    step = step_of(name, number)
    if step.kind != Kind.INTERVAL:
        return
    value = find_answer(step, EstimatorTrial()).measured[0].value
    for choice in step.choices:
        for bound in (choice.at_least, choice.below):
            assert bound is None or abs(value - bound) >= 0.04 * abs(bound), f"{value} is near {bound}"


# What explanations and texts state beyond the answers.


def test_one_unit() -> None:
    blobs = {"name": "blobs", "noise": 0.3}
    assert final(step_of("one-unit", 3), "n_parameters", 1, 1, data=blobs) == [9]
    # "More epochs do not help."
    assert max(final(step_of("one-unit", 2), "accuracy", 1000)) < 0.75
    # "More noise makes groups overlap."
    noisy, clear = ({"name": "blobs", "noise": noise} for noise in (0.9, 0.2))
    step = step_of("one-unit", 4)
    assert max(final(step, "accuracy", 200, data=noisy)) < min(final(step, "accuracy", 200, data=clear))


def test_hidden_layer() -> None:
    step = step_of("hidden-layer", 0)
    # "Any number of layers of identity units is no more than a straight line."
    many = final(step, "accuracy", 200, 5, hidden_layer_sizes=[8, 8, 8], activation="identity")
    none = final(step, "accuracy", 200, 5, hidden_layer_sizes=[])
    assert max(many) < max(none) + 0.1 < 0.75
    # "Three or four hidden units are enough for a circle."
    for n, n_parameters in ((3, 13), (4, 17)):
        assert max(final(step, "validation_accuracy", 200, 10, hidden_layer_sizes=[n])) >= 0.95
        assert final(step, "n_parameters", 1, 1, hidden_layer_sizes=[n]) == [n_parameters]
    assert max(final(step, "validation_accuracy", 200, 10, hidden_layer_sizes=[2])) < 0.85


def test_luck() -> None:
    step = step_of("luck", 0)
    found = final(step, "validation_accuracy", 200, 10)
    assert min(found) < 0.75  # "some stay near 0.7"
    assert sum(each >= 0.95 for each in found) >= 5
    assert min(final(step, "validation_accuracy", 200, 10, hidden_layer_sizes=[12])) >= 0.95  # "every seed"
    # "With zeros the weights between the layers even have the gradient zero."
    zeros = {"hidden_layer_sizes": [12], "initialization": "zeros"}
    assert final(step, "weight_norm", 200, 3, 2, **zeros) == final(step, "weight_norm", 200, 3, 3, **zeros) == [0] * 3
    assert min(final(step, "validation_accuracy", 200, 3, hidden_layer_sizes=[12], initialization="glorot")) > 0.9


def test_step_size() -> None:
    step = step_of("step-size", 0)
    small = final(step, "cost", 100, learning_rate_init=0.01)
    assert all(0.45 < each < 0.69 for each in small)  # "the cost has hardly begun to fall"
    assert all(10 <= each <= 20 for each in final(step, "epochs_to_cost", 100, level=0.3))
    assert final(step_of("step-size", 2), "diverged", 300) == [1, 1, 1]  # "until it is no number any more"
    for parameters in ({"learning_rate_init": 5.0}, {"learning_rate_init": 10.0}, {"momentum": 0.9}):
        assert max(final(step, "cost", 150, 5, **parameters)) <= 0.05


def test_batches() -> None:
    step = step_of("batches", 0)
    assert final(step, "n_updates", 20, 1, batch_size="all") == [20]
    assert final(step, "n_updates", 700, 1, batch_size="all") == [700]
    assert max(final(step, "validation_accuracy", 30, 5, batch_size="all")) < 0.9  # "far too slow for this goal"


def test_plateau() -> None:
    step = step_of("plateau", 0)
    assert max(final(step, "cost", 300)) < 0.4  # "the network does learn, but it starts late"
    few = final(step, "gradient_norm", 1, 3, 2, hidden_layer_sizes=[6])
    many = final(step, "gradient_norm", 1, 3, 2, hidden_layer_sizes=[6] * 5)
    assert all(a > 1000 * b for a, b in zip(few, many, strict=True))
    shallow = final(step, "gradient_norm", 1, 3, 2, hidden_layer_sizes=[6], activation="tanh")
    deep = final(step, "gradient_norm", 1, 3, 2, hidden_layer_sizes=[6] * 5, activation="tanh")
    assert all(5 * b > a for a, b in zip(shallow, deep, strict=True))  # "almost undiminished"
    reached = {
        name: sum(each <= 300 for each in final(step, "epochs_to_score", 300, 5, level=0.9, **parameters))
        for name, parameters in {
            "as it is": {},
            "larger step": {"learning_rate_init": 0.1},
            "he": {"initialization": "he"},
        }.items()
    }
    assert reached["as it is"] == 0
    assert reached["larger step"] == 5
    assert 0 < reached["he"] < 5  # "although not for every seed"


def test_dead_units() -> None:
    step = step_of("dead-units", 0)
    at_the_start = final(step, "dead_units", 1, 5, learning_rate_init=1e-6)
    assert sorted(at_the_start)[2] in (1, 2)  # "often one or two"
    small = final(step, "validation_accuracy", 100, 5, activation="leaky_relu", learning_rate_init=0.01)
    large = final(step, "validation_accuracy", 100, 5, activation="leaky_relu")
    assert sum(each < min(small) for each in large) >= 4  # "for most seeds the accuracy is lower than with 0.01"
    for activation in ("leaky_relu", "silu", "tanh"):
        given = {"activation": activation, "learning_rate_init": 0.01}
        assert max(final(step, "dead_units", 100, 5, **given)) == 0
        assert min(final(step, "validation_accuracy", 100, 5, **given)) >= 0.97


def test_overfitting() -> None:
    step = step_of("overfitting", 0)
    assert min(final(step, "n_parameters", 1, 1)) > 1000
    lowest, last = final(step, "lowest_validation_cost", 500), final(step, "validation_cost", 500)
    assert all(b > 3 * a for a, b in zip(lowest, last, strict=True))  # "then it rises"
    assert max(final(step, "cost", 500)) < 0.01  # "while the cost of the training rows falls on"
    strong = {"alpha": 100.0}
    assert max(final(step, "weight_norm", 500, 3, 2, **strong)) < 0.01  # "pressed to almost 0"
    assert all(abs(each - 0.6931) < 0.001 for each in final(step, "validation_cost", 500, **strong))
    for parameters in ({"alpha": 0.5}, {"alpha": 2.0}, {"hidden_layer_sizes": []}):
        assert max(final(step, "validation_cost", 400, 5, **parameters)) <= 0.4


def test_find_the_bug() -> None:
    step = step_of("find-the-bug", 0)
    # "A gradient that is 20 times too large acts like a step size that is 20 times larger."
    wrong = final(step, "cost", 20, bug="missing-mean")
    right = final(step, "cost", 20, bug="", learning_rate_init=10.0)
    # The last batch of an epoch has 10 of the 350 rows, so that the two are not the same run.
    assert all(abs(a - b) < 0.05 for a, b in zip(wrong, right, strict=True))
    n = 21
    assert final(step, "weights_wrong", 20, bug="wrong-cost-delta") == [n] * 3  # "all derivatives are wrong"
    first, last = (final(step, "cost", epochs, bug="wrong-cost-delta") for epochs in (1, 50))
    assert all(b < a for a, b in zip(first, last, strict=True))  # "the cost falls"
    assert final(step, "weights_wrong", 20, bug="regularised-bias", alpha=1.0) == [6] * 3  # the biases
    assert final(step, "layers_wrong", 20, bug="regularised-bias", alpha=1.0) == [2] * 3
    assert final(step, "layers_wrong", 20, bug="missing-derivative") == [1] * 3
