"""A step is predicted, then run; the page receives no answer before."""

from __future__ import annotations

import json
import math

import pytest

from multilayer.exceptions import ParameterError
from multilayer.playground.lessons import lesson_names, load_lesson
from multilayer.playground.lessons.progress import check, lesson_json, predict, run, start, summary_json

from .test_answering import Scripted
from .test_reading import BUG, COMPARISON, GOAL, INTERVAL, NUMBER, read

LESSON = read('[[steps]]\ntext = "Read."\n' + INTERVAL + COMPARISON + NUMBER + BUG + GOAL)
TRIAL = Scripted({3: [0.2, 0.2, math.inf], 5: [math.inf] * 3})


def test_a_step_is_predicted_then_answered() -> None:
    begun = start(LESSON)
    assert lesson_json(LESSON, begun)["step"] == 1  # the first to answer
    predicted = predict(LESSON, begun, 1, "many")
    step = lesson_json(LESSON, predicted)["steps"][1]
    assert (step["state"], step["prediction"], step["is_right"]) == ("predicted", "many", None)
    assert (step["feedback"], step["explanation"], step["measured"]) == ("", None, None)
    changed = predict(LESSON, predicted, 1, "few")
    answered = run(LESSON, changed, 1, TRIAL)
    step = lesson_json(LESSON, answered)["steps"][1]
    assert (step["state"], step["prediction"], step["is_right"], step["explanation"]) == (
        "answered",
        "few",
        True,
        "So.",
    )
    assert step["measured"] == [{"text": "", "value": 0.2, "values": [0.2]}]
    assert "The right answer: **few**." in step["feedback"]
    assert lesson_json(LESSON, answered)["step"] == 2
    assert begun == start(LESSON)
    wrong = run(LESSON, predicted, 1, TRIAL)
    assert lesson_json(LESSON, wrong)["steps"][1]["is_right"] is False


def test_a_number_is_compared_with_its_tolerance() -> None:
    progress = run(LESSON, predict(LESSON, start(LESSON), 3, 0.6), 3, TRIAL)
    step = lesson_json(LESSON, progress)["steps"][3]
    assert step["is_right"] is True
    assert step["choices"] is None
    assert step["unit"] == ""
    assert "A prediction within 0.5 counts as right." in step["feedback"]


def test_a_goal_is_checked_on_the_run_of_the_page_and_stays_reached() -> None:
    not_yet = check(LESSON, start(LESSON), 5, {"accuracy": 0.5, "n_parameters": 10})
    step = lesson_json(LESSON, not_yet)["steps"][5]
    assert (step["state"], step["is_right"], step["explanation"]) == ("open", False, None)
    assert "not yet" in step["feedback"]
    assert step["goal"][0] == {
        "measure": "accuracy",
        "title": "accuracy of the training rows",
        "at_least": 0.9,
        "at_most": None,
    }
    reached = check(LESSON, not_yet, 5, {"accuracy": 0.95, "n_parameters": 10})
    assert lesson_json(LESSON, reached)["steps"][5]["state"] == "answered"
    assert check(LESSON, reached, 5, {"accuracy": 0.5, "n_parameters": 10}) == reached


def test_the_page_receives_no_answer_before_it_is_found() -> None:
    secret = read(INTERVAL.replace("So.", "Secret explanation") + BUG + GOAL.replace("epochs = 20", "epochs = 7777"))
    text = json.dumps(lesson_json(secret, start(secret)))
    for word in ("Secret", "7777", "wrong-sign", "at_least = 0.5", "solution"):
        assert word not in text


def test_reading_steps_have_nothing_to_answer() -> None:
    step = lesson_json(LESSON, start(LESSON))["steps"][0]
    assert (step["kind"], step["question"], step["run"], step["choices"]) == ("reading", None, None, None)


def test_everything_is_finite_json() -> None:
    progress = start(LESSON)
    for number, answer in ((1, 0), (2, 0), (3, 1.0), (4, 1)):
        progress = run(LESSON, predict(LESSON, progress, number, answer), number, TRIAL)
    text = json.dumps(lesson_json(LESSON, progress), allow_nan=False)
    assert "So." in text
    assert json.loads(text)["steps"][2]["measured"][1] == {"text": "5 units", "value": None, "values": [None] * 3}
    for name in lesson_names():
        lesson = load_lesson(name)
        json.dumps(lesson_json(lesson, start(lesson)), allow_nan=False)
        assert summary_json(lesson).keys() == {"name", "title", "summary", "minutes"}


def test_steps_out_of_order_are_errors() -> None:
    begun = start(LESSON)
    for call, message in (
        (lambda: run(LESSON, begun, 1, TRIAL), "predict first"),
        (lambda: run(LESSON, begun, 0, TRIAL), "nothing to run"),
        (lambda: run(LESSON, begun, 5, TRIAL), "nothing to run"),
        (lambda: predict(LESSON, begun, 6, "few"), "step must be a number from 0 to 5, got 6"),
        (lambda: predict(LESSON, begun, -1, "few"), "step must be a number from 0 to 5, got -1"),
        (lambda: check(LESSON, begun, 1, {}), "has no goal"),
    ):
        with pytest.raises(ParameterError, match=message):
            call()
    answered = run(LESSON, predict(LESSON, begun, 1, "few"), 1, TRIAL)
    with pytest.raises(ParameterError, match="is answered"):
        predict(LESSON, answered, 1, "many")
