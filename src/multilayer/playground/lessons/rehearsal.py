"""A rehearsal: all steps of a lesson are run before learners see it, and each right answer is shown."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from multilayer.playground.lessons.answering import Finding, find_answer
from multilayer.playground.lessons.lesson import Bound, Kind, Lesson, Step
from multilayer.playground.lessons.measures import Measure, number_text
from multilayer.playground.lessons.trials import EstimatorTrial, Trial


@dataclass(frozen=True)
class RehearsedStep:
    """A step and what the library finds.

    Attributes
    ----------
    number : int
        The number of the step, from 1.
    question, answer : str
        The question, and the right answer.
    finding : Finding or None
        What was measured; None for a goal.
    problem : str
        What should be changed; "" if nothing.
    """

    number: int
    question: str
    answer: str
    finding: Finding | None = None
    problem: str = ""

    def __str__(self) -> str:
        problem = f"\n   PROBLEM: {self.problem}" if self.problem else ""
        return f"{self.number}. {self.question}\n   {self.answer}{problem}"


def rehearse(lesson: Lesson, trial: Trial | None = None) -> Iterator[RehearsedStep]:
    """Run all steps of a lesson.

    Parameters
    ----------
    lesson : Lesson
        The lesson.
    trial : Trial, optional
        Trains and measures; by default with the estimators.

    Yields
    ------
    RehearsedStep
        Question, right answer, and what should be changed: a question with two right answers, and a solution that does
        not reach its goal.

    Examples
    --------
    >>> from multilayer.playground.lessons import load_lesson
    >>> for step in rehearse(load_lesson("one-unit")):
    ...     print(step)
    1. How many weights and biases does this network have?
       3 parameters
    ...
    """
    trial = trial or EstimatorTrial()
    for number, step in enumerate(lesson.steps, start=1):
        if step.kind == Kind.GOAL:
            yield _rehearsed_goal(number, step, trial)
        elif step.kind != Kind.READING:
            finding = find_answer(step, trial)
            if finding.number is not None:
                yield RehearsedStep(number, step.question, number_text(finding.number, step.unit), finding)
            else:
                problem = "several answers are right. Choose a smaller margin, or other choices."
                answer = " or ".join(finding.right)
                yield RehearsedStep(number, step.question, answer, finding, problem if len(finding.right) > 1 else "")


def _rehearsed_goal(number: int, step: Step, trial: Trial) -> RehearsedStep:
    if step.solution is None:
        return RehearsedStep(number, step.question, "a goal without a solution, which is not tested")
    values = {bound.measure: _value(step, bound, trial) for bound in step.goal}
    answer = ", ".join(f"{name} = {number_text(value)}" for name, value in values.items())
    is_reached = all(_is_kept(bound, values[bound.measure]) for bound in step.goal)
    problem = "" if is_reached else "the solution does not reach the goal. Lower the goal, or change the solution."
    return RehearsedStep(number, step.question, f"the solution reaches {answer}", None, problem)


def _value(step: Step, bound: Bound, trial: Trial) -> float:
    solution = step.solution
    if solution is None:
        return math.nan
    seed = int(solution.setup["parameters"].get("random_state", 0))
    (value,) = trial.measure(solution.setup, solution.epochs, Measure(bound.measure), [seed])
    return value


def _is_kept(bound: Bound, value: float) -> bool:
    return (bound.at_least is None or value >= bound.at_least) and (bound.at_most is None or value <= bound.at_most)
