"""Requests of lessons: list, begin, predict, run, check, leave."""

from __future__ import annotations

from collections.abc import Mapping

from multilayer.exceptions import InputError
from multilayer.playground.desk import Desk
from multilayer.playground.fields import Fields
from multilayer.playground.frames import score_of, training_score
from multilayer.playground.handlers.handler import Handler
from multilayer.playground.instruments import vital_signs
from multilayer.playground.lessons import Lesson, lesson_names, load_lesson
from multilayer.playground.lessons.answering import case_of
from multilayer.playground.lessons.lesson import Kind, Step
from multilayer.playground.lessons.progress import Progress, check, lesson_json, predict, run, start, summary_json
from multilayer.playground.lessons.trials import EstimatorTrial
from multilayer.playground.messages import Reply, finite
from multilayer.playground.runs.setup import CLASSIFICATION, setup_from_json
from multilayer.playground.scene import scene


def begin_lesson(desk: Desk, lesson: Lesson) -> None:
    """Start the first step of a lesson."""
    _start_step(desk, lesson.steps[0])
    desk.lesson = (lesson, start(lesson))


def start_lesson(desk: Desk, name: str) -> None:
    """Start a lesson of the library by its name, or begin again the one that is open."""
    opened = None if desk.lesson is None else desk.lesson[0]
    begin_lesson(desk, opened if opened is not None and opened.name == name else load_lesson(name))


def lessons(_desk: Desk, _fields: Fields, _data: bytes | None) -> Reply:
    """List the lessons of the library."""
    return Reply({"lessons": [summary_json(load_lesson(name)) for name in lesson_names()]})


def show_step(desk: Desk, fields: Fields, _data: bytes | None) -> Reply:
    """Start the setup of a step."""
    lesson, _ = _opened(desk)
    number = fields.integer("step", high=len(lesson.steps) - 1)
    _start_step(desk, lesson.steps[number])
    return scene(desk)


def predict_step(desk: Desk, fields: Fields, _data: bytes | None) -> Reply:
    """Keep a prediction."""
    lesson, progress = _opened(desk)
    number = fields.integer("step", high=len(lesson.steps) - 1)
    return _progressed(desk, lesson, predict(lesson, progress, number, fields.any("answer")))


def run_step(desk: Desk, fields: Fields, _data: bytes | None) -> Reply:
    """Train what a step asks for, or check its goal on the run of the page."""
    lesson, progress = _opened(desk)
    number = fields.integer("step", high=len(lesson.steps) - 1)
    if lesson.steps[number].kind == Kind.GOAL:
        return _progressed(desk, lesson, check(lesson, progress, number, measures(desk)))
    return _progressed(desk, lesson, run(lesson, progress, number, EstimatorTrial(desk.is_cancelled)))


def leave_lesson(desk: Desk, _fields: Fields, _data: bytes | None) -> Reply:
    """Leave the lesson; the run stays."""
    desk.lesson = None
    desk.scene_number += 1
    return scene(desk)


def measures(desk: Desk) -> dict[str, float | None]:
    """Return the measures of the run that a goal may name."""
    run, history = desk.run, desk.run.fit.state.history
    signs = vital_signs(run)[:-1]
    validated = None if desk.data.X_val is None else score_of(run)
    costs, name = history.validation_costs, "accuracy" if desk.data.task == CLASSIFICATION else "r2"
    return {
        name: training_score(run),
        f"validation_{name}": validated,
        "cost": history.costs[-1] / run.cost_divisor if history.costs else None,
        "validation_cost": costs[-1] / run.cost_divisor if costs else None,
        "n_parameters": float(run.parameters.size),
        "epochs": float(run.epoch),
        "dead_units": float(sum(len(layer["dead"]) for layer in signs)),
        "saturated_units": float(sum(len(layer["saturated"]) for layer in signs)),
    }


def _opened(desk: Desk) -> tuple[Lesson, Progress]:
    if desk.lesson is None:
        raise InputError("no lesson is open. Open one by its name.")
    return desk.lesson


def _progressed(desk: Desk, lesson: Lesson, progress: Progress) -> Reply:
    desk.lesson = (lesson, progress)
    return Reply(finite({"lesson": lesson_json(lesson, progress)}))


def _start_step(desk: Desk, step: Step) -> None:
    setup = {name: value for name, value in step.setup.items() if name != "bug"}
    desk.start(setup_from_json(setup), case_of(step))
    desk.setup_before_bug = desk.run.setup


HANDLERS: Mapping[str, Handler] = {
    "lessons": Handler(lessons),
    "show_step": Handler(show_step, ("step",)),
    "predict_step": Handler(predict_step, ("step", "answer")),
    "run_step": Handler(run_step, ("step",)),
    "leave_lesson": Handler(leave_lesson),
}
