"""Right answers are what was measured: intervals, comparisons, numbers, mistakes and goals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import pytest

from multilayer.exceptions import InputError, ParameterError
from multilayer.playground.bugs.lab import known_bug
from multilayer.playground.lessons import Step, rehearse
from multilayer.playground.lessons.answering import (
    case_of,
    check_goal,
    checked_prediction,
    find_answer,
    is_right,
    seeds_of,
)
from multilayer.playground.lessons.lesson import Lesson, Setup
from multilayer.playground.lessons.measures import Measure, number_text, statistic
from multilayer.playground.lessons.trials import Trial

from .test_reading import BUG, COMPARISON, GOAL, INTERVAL, NUMBER, read


class Scripted(Trial):
    """A trial with given values for each number of hidden units; it records what it was asked for."""

    def __init__(self, values: dict[int, list[float]]) -> None:
        self.values = values
        self.asked: list[tuple[int, str, list[int]]] = []

    def measure(self, setup: Setup, epochs: int, measure: Measure, seeds: Sequence[int]) -> list[float]:
        self.asked.append((epochs, measure.name, list(seeds)))
        values = self.values[setup["parameters"]["hidden_layer_sizes"][0]]
        return values[: len(seeds)]


def step(text: str) -> Step:
    return read(text).steps[0]


@pytest.mark.parametrize(("value", "right"), [(0.2, "few"), (0.49999, "few"), (0.5, "many"), (math.inf, "many")])
def test_intervals(value: float, right: str) -> None:
    trial = Scripted({3: [value]})
    found = find_answer(step(INTERVAL), trial)
    assert found.right == (right,)
    assert trial.asked == [(5, "accuracy", [2])]
    assert is_right(step(INTERVAL), found, right)
    assert not is_right(step(INTERVAL), found, "other")


@pytest.mark.parametrize(
    ("three", "five", "right"),
    [
        ([0.5, 0.5, 0.9], [0.1, 0.1, 0.1], "5 units"),
        ([0.1, 0.2, 0.1], [0.5, 0.7, 0.6], "3 units"),
        ([0.5, 0.5, 0.9], [0.45, 0.1, 0.9], "the same"),
        ([math.inf] * 3, [0.45, 0.1, 0.9], "5 units"),
        ([math.inf] * 3, [math.inf] * 3, "the same"),
    ],
)
def test_comparisons(three: list[float], five: list[float], right: str) -> None:
    trial = Scripted({3: three, 5: five})
    found = find_answer(step(COMPARISON), trial)
    assert found.right == (right,)
    assert trial.asked == [(5, "cost", [2, 3, 4]), (7, "cost", [2, 3, 4])]
    assert "- 3 units: " in found.text
    assert "median of 3 seeds" in found.text


def test_without_a_choice_for_the_same_all_that_are_near_are_right() -> None:
    asked = step(COMPARISON)
    asked = replace(asked, choices=asked.choices[:2])
    found = find_answer(asked, Scripted({3: [0.5] * 3, 5: [0.45] * 3}))
    assert found.right == ("3 units", "5 units")
    highest = replace(asked, best="highest", margin=0.0)
    assert find_answer(highest, Scripted({3: [0.5] * 3, 5: [0.45] * 3})).right == ("3 units",)


def test_numbers() -> None:
    asked = step(NUMBER)
    found = find_answer(asked, Scripted({3: [2.0]}))
    assert found.number == 2.0
    assert [is_right(asked, found, each) for each in (1.5, 2.5, 2.51, 1.4)] == [True, True, False, False]
    with pytest.raises(InputError, match="not defined for this network"):
        find_answer(asked, Scripted({3: [math.nan]}))


def test_mistakes() -> None:
    asked = step(BUG)
    found = find_answer(asked, Scripted({}))
    assert found.right == ("sign",)
    assert "Wrong sign" in found.text
    right_program = read(BUG.replace('setup = { bug = "wrong-sign" }', "")).steps[0]
    assert find_answer(right_program, Scripted({})).right == ("none",)
    other = read(BUG.replace('setup = { bug = "wrong-sign" }', 'setup = { bug = "missing-mean" }')).steps[0]
    with pytest.raises(ParameterError, match="no choice names the mistake that runs"):
        find_answer(other, Scripted({}))


def test_the_mistake_of_a_step_is_hidden_only_if_it_is_asked_for() -> None:
    case = case_of(step(BUG))
    assert case is not None
    assert case.is_hidden
    assert (case.name, case.candidates) == ("wrong-sign", ("wrong-sign",))
    assert case_of(step(INTERVAL)) is None
    shown = replace(step(INTERVAL), setup={"data": {}, "parameters": {}, "bug": "wrong-sign"})
    assert case_of(shown) == known_bug("wrong-sign")


@pytest.mark.parametrize(
    ("text", "answer", "kept"),
    [
        (INTERVAL, "few", "few"), (INTERVAL, 1, "many"), (NUMBER, 3, 3.0), (BUG, "none", "none"),
        (COMPARISON, 2, "the same"),
    ],
)  # fmt: skip
def test_predictions(text: str, answer: object, kept: object) -> None:
    assert checked_prediction(step(text), answer) == kept


@pytest.mark.parametrize(
    ("text", "answer", "message"),
    [
        (INTERVAL, "fewer", "unknown choice 'fewer'. Did you mean 'few'"),
        (INTERVAL, 2, "unknown choice 2"),
        (INTERVAL, True, "unknown choice True"),
        (INTERVAL, None, "unknown choice None"),
        (NUMBER, "3", "must be a number, got '3'"),
        (NUMBER, math.nan, "must be a number, got nan"),
        (NUMBER, True, "must be a number, got True"),
        (GOAL, 3, "asks for no prediction"),
    ],
)
def test_wrong_predictions_are_errors(text: str, answer: object, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        checked_prediction(step(text), answer)


@pytest.mark.parametrize(
    ("accuracy", "n_parameters", "is_reached"),
    [
        (0.9, 20, True), (0.95, 3, True), (0.89, 20, False), (0.9, 21, False), (0.9, 2, False), (None, 20, False),
        (math.nan, 20, False),
    ],
)  # fmt: skip
def test_goals(accuracy: float | None, n_parameters: float, is_reached: bool) -> None:
    check = check_goal(step(GOAL), {"accuracy": accuracy, "n_parameters": n_parameters, "cost": 1.0})
    assert check.is_reached == is_reached
    assert ("not yet" in check.text) == (not is_reached)
    assert check_goal(step(GOAL), {}).is_reached is False
    assert "not measured" in check_goal(step(GOAL), {}).text
    with pytest.raises(ParameterError, match="has no goal"):
        check_goal(step(INTERVAL), {})


def test_a_rehearsal_finds_ambiguous_questions_and_goals_out_of_reach() -> None:
    ambiguous = COMPARISON.replace('{ text = "the same", same = true },', "")
    lesson = read(ambiguous + GOAL)
    first, second = rehearse(lesson, Scripted({3: [0.5] * 3, 5: [0.5] * 3, 4: [0.1]}))
    assert "several answers are right" in str(first)
    assert "does not reach the goal" in str(second)
    fine = Lesson("x", "x", "x", 5, read(NUMBER).steps)
    assert [each.problem for each in rehearse(fine, Scripted({3: [1.0]}))] == [""]


def test_statistics() -> None:
    values = [0.4, 0.1, 0.2]
    expected = {"median": 0.2, "lowest": 0.1, "highest": 0.4, "spread": 0.3, "mean": 0.7 / 3}
    for name, value in expected.items():
        assert statistic(name, values) == pytest.approx(value)
    assert statistic("spread", [math.inf, math.inf]) == 0.0
    assert statistic("median", [1.0, math.inf, math.inf]) == math.inf
    assert list(seeds_of({"parameters": {}}, 3)) == [0, 1, 2]


def test_numbers_in_words() -> None:
    assert [number_text(1, "layers"), number_text(2, "layers"), number_text(1234567, "updates")] == [
        "1 layer", "2 layers", "1,234,567 updates"
    ]  # fmt: skip
    assert number_text(2.5, "epochs") == "2.5 epochs"
    assert number_text(math.nan) == "undefined"
