"""The progress of a learner through a lesson, and a lesson as the page receives it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from multilayer.exceptions import ParameterError
from multilayer.playground.lessons.answering import (
    Answer,
    Finding,
    GoalCheck,
    check_goal,
    checked_prediction,
    find_answer,
    is_right,
)
from multilayer.playground.lessons.lesson import Bound, Kind, Lesson, Step
from multilayer.playground.lessons.measures import KINDS, number_text
from multilayer.playground.lessons.trials import EstimatorTrial, Trial

OPEN, PREDICTED, ANSWERED = "open", "predicted", "answered"


@dataclass(frozen=True)
class StepProgress:
    """What a learner has done in a step.

    Attributes
    ----------
    prediction : str, float or None
        The prediction.
    finding : Finding or None
        What the library has measured.
    goal : GoalCheck or None
        The last check of the goal.
    """

    prediction: Answer | None = None
    finding: Finding | None = None
    goal: GoalCheck | None = None

    @property
    def state(self) -> str:
        """The state: "open", "predicted" or "answered"."""
        if self.finding is not None or (self.goal is not None and self.goal.is_reached):
            return ANSWERED
        return OPEN if self.prediction is None else PREDICTED


@dataclass(frozen=True)
class Progress:
    """The progress through a lesson.

    Attributes
    ----------
    steps : tuple of StepProgress
        An entry for each step.
    """

    steps: tuple[StepProgress, ...]

    def _with(self, number: int, step: StepProgress) -> Progress:
        return replace(self, steps=(*self.steps[:number], step, *self.steps[number + 1 :]))


def start(lesson: Lesson) -> Progress:
    """Return the progress before the first step.

    Parameters
    ----------
    lesson : Lesson
        The lesson.

    Returns
    -------
    Progress
        Nothing is answered.
    """
    return Progress(tuple(StepProgress() for _ in lesson.steps))


def predict(lesson: Lesson, progress: Progress, step: int, answer: object) -> Progress:
    """Keep a prediction.

    Parameters
    ----------
    lesson : Lesson
        The lesson.
    progress : Progress
        The progress so far.
    step : int
        The number of the step, from 0.
    answer : object
        The text of a choice, its number from 0, or a number.

    Returns
    -------
    Progress
        The progress with the prediction.

    Raises
    ------
    ParameterError
        There is no such step, it is answered, or the answer does not fit the question.
    """
    asked, done = _step(lesson, step), progress.steps[step]
    if done.finding is not None:
        raise ParameterError("this step is answered: its prediction is kept as it was.")
    return progress._with(step, replace(done, prediction=checked_prediction(asked, answer)))


def run(lesson: Lesson, progress: Progress, step: int, trial: Trial | None = None) -> Progress:
    """Train what a step asks for, measure, and compare with the prediction.

    Parameters
    ----------
    lesson : Lesson
        The lesson.
    progress : Progress
        The progress so far.
    step : int
        The number of the step, from 0.
    trial : Trial, optional
        Trains and measures; by default with the estimators.

    Returns
    -------
    Progress
        The progress with the right answer.

    Raises
    ------
    ParameterError
        There is no such step, or it needs a prediction first.
    """
    asked, done = _step(lesson, step), progress.steps[step]
    if asked.kind in (Kind.READING, Kind.GOAL):
        raise ParameterError("this step has nothing to run: it is read, or its goal is checked on your own run.")
    if done.prediction is None:
        raise ParameterError("predict first: choose an answer, then run.")
    return progress._with(step, replace(done, finding=find_answer(asked, trial or EstimatorTrial())))


def check(lesson: Lesson, progress: Progress, step: int, measures: Mapping[str, float | None]) -> Progress:
    """Check the goal of a step on the learner's run.

    Parameters
    ----------
    lesson : Lesson
        The lesson.
    progress : Progress
        The progress so far.
    step : int
        The number of the step, from 0.
    measures : mapping
        The measures of the run, by their names.

    Returns
    -------
    Progress
        The progress with the check; a goal that has been reached stays so.
    """
    checked = check_goal(_step(lesson, step), measures)
    done = progress.steps[step]
    if done.state == ANSWERED and not checked.is_reached:
        return progress
    return progress._with(step, replace(done, goal=checked))


def lesson_json(lesson: Lesson, progress: Progress) -> dict[str, Any]:
    """Return ``scene.lesson``.

    Parameters
    ----------
    lesson : Lesson
        The lesson.
    progress : Progress
        The progress.

    Returns
    -------
    dict
        The lesson; a step that is not answered hides its answer and its explanation.
    """
    current = next((i for i, each in enumerate(lesson.steps) if _is_to_do(each, progress.steps[i])), 0)
    return {
        "name": lesson.name,
        "title": lesson.title,
        "summary": lesson.summary,
        "minutes": lesson.minutes,
        "controls": _list(lesson.steps[current].controls),
        "step": current,
        "steps": [_step_json(step, done) for step, done in zip(lesson.steps, progress.steps, strict=True)],
    }


def summary_json(lesson: Lesson) -> dict[str, Any]:
    """Return an entry of the answer of ``lessons``.

    Parameters
    ----------
    lesson : Lesson
        The lesson.

    Returns
    -------
    dict
        Name, title, summary and minutes.
    """
    return {name: getattr(lesson, name) for name in ("name", "title", "summary", "minutes")}


def _is_to_do(step: Step, done: StepProgress) -> bool:
    return step.kind != Kind.READING and done.state != ANSWERED


def _step(lesson: Lesson, number: int) -> Step:
    n = len(lesson.steps)
    if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number < n:
        raise ParameterError(f"step must be a number from 0 to {n - 1}, got {number!r}.")
    return lesson.steps[number]


def _step_json(step: Step, done: StepProgress) -> dict[str, Any]:
    is_answered = done.state == ANSWERED
    has_choices = step.kind in (Kind.INTERVAL, Kind.COMPARISON, Kind.BUG)
    is_run = step.kind in (Kind.INTERVAL, Kind.COMPARISON, Kind.NUMBER) and step.run is not None
    return {
        "kind": step.kind.value,
        "text": step.text,
        "question": step.question or None,
        "choices": [choice.text for choice in step.choices] if has_choices else None,
        "unit": step.unit if step.kind == Kind.NUMBER else None,
        "run": {"epochs": step.run.epochs, "seeds": step.run.seeds} if is_run and step.run is not None else None,
        "goal": [_bound_json(bound) for bound in step.goal] or None,
        "controls": _list(step.controls),
        "state": done.state,
        "prediction": done.prediction,
        "is_right": _verdict(step, done),
        "feedback": _feedback(step, done),
        "explanation": step.explanation or None if is_answered else None,
        "measured": _measured_json(done) if is_answered else None,
    }


def _verdict(step: Step, done: StepProgress) -> bool | None:
    if done.goal is not None:
        return done.goal.is_reached
    if done.finding is None or done.prediction is None:
        return None
    return is_right(step, done.finding, done.prediction)


def _feedback(step: Step, done: StepProgress) -> str:
    if done.goal is not None:
        return done.goal.text
    if done.finding is None:
        return ""
    if step.kind == Kind.NUMBER and step.tolerance:
        within = number_text(step.tolerance, step.unit)
        return f"{done.finding.text} A prediction within {within} counts as right."
    answers = " or ".join(f"**{text}**" for text in done.finding.right)
    return f"{done.finding.text}\n\nThe right answer: {answers}." if answers else done.finding.text


def _measured_json(done: StepProgress) -> list[dict[str, Any]] | None:
    if done.finding is None:
        return None
    return [
        {"text": each.text, "value": _finite(each.value), "values": [_finite(value) for value in each.values]}
        for each in done.finding.measured
    ]


def _bound_json(bound: Bound) -> dict[str, Any]:
    title = KINDS[bound.measure].title
    return {"measure": bound.measure, "title": title, "at_least": bound.at_least, "at_most": bound.at_most}


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _list(names: tuple[str, ...] | None) -> list[str] | None:
    return None if names is None else list(names)
