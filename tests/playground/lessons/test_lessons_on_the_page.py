"""Each lesson can be worked through by requests of the page, and its goals are reached by a learner's own run."""

from __future__ import annotations

import json
from typing import Any

import pytest

from multilayer.playground.lessons import lesson_names, load_lesson
from multilayer.playground.lessons.answering import find_answer
from multilayer.playground.lessons.lesson import Kind, Solution
from multilayer.playground.lessons.trials import EstimatorTrial
from multilayer.playground.workbench import Workbench


def ask(bench: Workbench, do: str, **fields: Any) -> dict[str, Any]:
    reply = bench.handle({"do": do, **fields})
    json.dumps(reply.fields, allow_nan=False)
    return dict(reply.fields)


def train(bench: Workbench, solution: Solution) -> None:
    """Train the solution of a goal, as a learner does with the controls of the page."""
    ask(bench, "change_data", data=dict(solution.setup["data"]))
    ask(bench, "change", parameters=dict(solution.setup["parameters"]))
    ask(bench, "step", epochs=solution.epochs)


@pytest.mark.parametrize("name", lesson_names())
def test_a_lesson_is_worked_through(name: str) -> None:
    bench, lesson = Workbench(), load_lesson(name)
    scene = ask(bench, "open", setup=None, link=None, lesson=name)
    assert scene["lesson"]["name"] == name
    for number, step in enumerate(lesson.steps):
        scene = ask(bench, "show_step", step=number)
        for key, value in step.setup["parameters"].items():
            shown = scene["setup"]["parameters"][key]
            assert set(shown) <= set(value) if key == "activation" else shown == value
        for key, value in step.setup["data"].items():
            assert scene["setup"]["data"][key] == value
        assert (scene["bug"] is None) == ("bug" not in step.setup)
        if step.kind == Kind.GOAL:
            shown = ask(bench, "run_step", step=number)["lesson"]["steps"][number]
            assert (shown["state"], shown["is_right"]) == ("open", False)
            assert step.solution is not None
            train(bench, step.solution)
        else:
            right = find_answer(step, EstimatorTrial())
            answer = right.number if right.number is not None else right.right[0]
            ask(bench, "predict_step", step=number, answer=answer)
        shown = ask(bench, "run_step", step=number)["lesson"]["steps"][number]
        assert (shown["state"], shown["is_right"]) == ("answered", True), shown["feedback"]
        assert shown["explanation"] == step.explanation
    assert ask(bench, "leave_lesson")["lesson"] is None


def test_the_run_of_the_page_is_the_one_that_is_measured() -> None:
    bench, lesson = Workbench(), load_lesson("hidden-layer")
    ask(bench, "open", setup=None, link=None, lesson="hidden-layer")
    step = lesson.steps[0]
    assert step.run is not None
    ask(bench, "step", epochs=step.run.epochs)
    reply = bench.frame({})
    assert reply is not None
    assert reply.fields["scores"]["validation"] == find_answer(step, EstimatorTrial()).measured[0].values[0]
