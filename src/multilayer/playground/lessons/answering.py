"""Answers to the questions of a lesson: a prediction is kept, then the library measures, and both are compared."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from multilayer.exceptions import InputError, ParameterError, unknown_name
from multilayer.learn.bugs import BUGS
from multilayer.playground.bugs.lab import BugCase, known_bug
from multilayer.playground.lessons.lesson import Choice, Kind, Setup, Step, TrialRun
from multilayer.playground.lessons.measures import KINDS, Measure, number_text, statistic
from multilayer.playground.lessons.trials import Trial
from multilayer.playground.runs.setup import DEFAULTS

Answer = str | float


@dataclass(frozen=True)
class Measured:
    """The measured values of one setup.

    Attributes
    ----------
    text : str
        The choice that it belongs to; "" for a question about one number.
    value : float
        The number that counts.
    values : tuple of float
        The value of each seed.
    """

    text: str
    value: float
    values: tuple[float, ...]


@dataclass(frozen=True)
class Finding:
    """What the library has found for a step.

    Attributes
    ----------
    right : tuple of str
        The right choices; usually one.
    number : float or None
        The measured number of a question about a number.
    measured : tuple of Measured
        All measured values.
    text : str
        What was measured, in words.
    """

    right: tuple[str, ...] = ()
    number: float | None = None
    measured: tuple[Measured, ...] = ()
    text: str = ""


@dataclass(frozen=True)
class GoalCheck:
    """Whether a run reaches a goal.

    Attributes
    ----------
    is_reached : bool
        Whether all bounds are kept.
    text : str
        Each bound with the value of the run.
    """

    is_reached: bool
    text: str


def checked_prediction(step: Step, answer: object) -> Answer:
    """Return a prediction that fits the question.

    Parameters
    ----------
    step : Step
        The step.
    answer : object
        The text of a choice, its number from 0, or a number.

    Returns
    -------
    str or float
        The text of the choice, or the number.

    Raises
    ------
    ParameterError
        The step asks for no prediction, or the answer is none of its choices or not a number.
    """
    is_number = isinstance(answer, int | float) and not isinstance(answer, bool) and math.isfinite(answer)
    if step.kind in (Kind.READING, Kind.GOAL):
        raise ParameterError(f"this step asks for no prediction, got {answer!r}. Run it or check it instead.")
    if step.kind == Kind.NUMBER:
        if not is_number or not isinstance(answer, int | float):
            raise ParameterError(f"the prediction must be a number, got {answer!r}.")
        return float(answer)
    texts = [choice.text for choice in step.choices]
    if isinstance(answer, int) and not isinstance(answer, bool) and 0 <= answer < len(texts):
        return texts[answer]
    if not isinstance(answer, str) or answer not in texts:
        raise unknown_name("choice", answer, texts)
    return answer


def find_answer(step: Step, trial: Trial) -> Finding:
    """Train what a step asks for, and find the right answer.

    Parameters
    ----------
    step : Step
        A step with a question.
    trial : Trial
        Trains and measures.

    Returns
    -------
    Finding
        The right answer, and all measured values.
    """
    if step.kind == Kind.BUG:
        return _bug_finding(step)
    if step.run is None or step.measure is None:
        raise ParameterError(f"a step of the kind {step.kind.value!r} has nothing to measure.")
    if step.kind == Kind.COMPARISON:
        return _compared(step, step.measure, trial)
    only = _measured(step, step.measure, Choice(""), trial)
    text = f"Measured: {_value_text(step, only)}, the {step.measure.title}."
    if step.kind == Kind.NUMBER:
        return Finding(number=only.value, measured=(only,), text=text)
    right = tuple(choice.text for choice in step.choices if choice.contains(only.value))
    return Finding(right, measured=(only,), text=text)


def is_right(step: Step, finding: Finding, prediction: Answer) -> bool:
    """Return whether a prediction agrees with what was measured.

    Parameters
    ----------
    step : Step
        The step.
    finding : Finding
        What was measured.
    prediction : str or float
        The prediction.

    Returns
    -------
    bool
        Whether it is right.
    """
    if finding.number is not None and not isinstance(prediction, str):
        return abs(prediction - finding.number) <= step.tolerance
    return prediction in finding.right


def check_goal(step: Step, measures: Mapping[str, float | None]) -> GoalCheck:
    """Check a goal on the learner's run.

    Parameters
    ----------
    step : Step
        A step with a goal.
    measures : mapping
        The measures of the run, by their names; None or missing for those that it does not have.

    Returns
    -------
    GoalCheck
        Whether the goal is reached, and a sentence for each bound.

    Raises
    ------
    ParameterError
        The step has no goal.

    Examples
    --------
    >>> from multilayer.playground.lessons import load_lesson
    >>> step = load_lesson("hidden-layer").steps[-1]
    >>> check = check_goal(step, {"validation_accuracy": 0.99, "n_parameters": 41})
    >>> check.is_reached
    False
    >>> print(check.text)
    - accuracy of the validation rows: 0.99, at least 0.95 is needed: reached
    - number of weights and biases: 41 parameters, at most 17 is needed: **not yet**
    """
    if step.kind != Kind.GOAL:
        raise ParameterError("this step has no goal. Run it instead.")
    lines, is_reached = [], True
    for bound in step.goal:
        kind, value = KINDS[bound.measure], measures.get(bound.measure)
        is_kept = value is not None and math.isfinite(value)
        bounds = []
        if bound.at_least is not None:
            bounds.append(f"at least {number_text(bound.at_least)}")
            is_kept = is_kept and value is not None and value >= bound.at_least
        if bound.at_most is not None:
            bounds.append(f"at most {number_text(bound.at_most)}")
            is_kept = is_kept and value is not None and value <= bound.at_most
        shown = "not measured" if value is None else number_text(value, kind.unit)
        verdict = "reached" if is_kept else "**not yet**"
        lines.append(f"- {kind.title}: {shown}, {' and '.join(bounds)} is needed: {verdict}")
        is_reached = is_reached and is_kept
    return GoalCheck(is_reached, "\n".join(lines))


def case_of(step: Step) -> BugCase | None:
    """Return the mistake that runs on the page in a step; hidden if the step asks for it.

    Parameters
    ----------
    step : Step
        The step.

    Returns
    -------
    BugCase or None
        The mistake, or None for the right program.

    Examples
    --------
    >>> from multilayer.playground.lessons import load_lesson
    >>> steps = load_lesson("find-the-bug").steps
    >>> case_of(steps[0]).is_hidden, case_of(steps[3]).is_hidden
    (False, True)
    """
    bug = step.setup.get("bug")
    if bug is None:
        return None
    if step.kind != Kind.BUG:
        return known_bug(bug)
    named = (choice.bug for choice in step.choices)
    return BugCase(bug, is_mystery=True, candidates=tuple(name for name in named if name is not None and name in BUGS))


def seeds_of(setup: Setup, n: int) -> Sequence[int]:
    """Return n seeds: consecutive ones from that of the setup on."""
    first = int(setup["parameters"].get("random_state", DEFAULTS["random_state"]))
    return range(first, first + n)


def _measured(step: Step, measure: Measure, choice: Choice, trial: Trial) -> Measured:
    setup = step.setup if choice.setup is None else choice.setup
    run = step.run or TrialRun(1)
    seeds = seeds_of(setup, run.seeds)
    values = tuple(trial.measure(setup, choice.epochs or run.epochs, measure, seeds))
    if any(math.isnan(value) for value in values):
        raise InputError(f"the {measure.title} is not defined for this network. Use another measure.")
    return Measured(choice.text, statistic(step.statistic, values), values)


def _compared(step: Step, measure: Measure, trial: Trial) -> Finding:
    """Measure each setup; those within the margin of the best are right, or "about the same" if all are."""
    measured = tuple(_measured(step, measure, choice, trial) for choice in step.choices if not choice.is_same)
    values = [each.value for each in measured]
    best = max(values) if step.best == "highest" else min(values)
    near = [each for each in measured if each.value == best or abs(each.value - best) <= step.margin]
    same = tuple(choice.text for choice in step.choices if choice.is_same)
    right = same if same and len(near) == len(measured) else tuple(each.text for each in near)
    lines = [f"- {each.text}: {_value_text(step, each)}" for each in measured]
    return Finding(right, measured=measured, text=f"Measured, the {measure.title}:\n\n" + "\n".join(lines))


def _bug_finding(step: Step) -> Finding:
    running = step.setup.get("bug") or "none"
    right = tuple(choice.text for choice in step.choices if choice.bug == running)
    if not right:
        raise ParameterError(f"no choice names the mistake that runs. Add a choice with bug = {running!r}.")
    if running == "none":
        return Finding(right, text="The program has no mistake.")
    bug = BUGS[running]
    lines = f"`{bug.wrong or '(the line is missing)'}`, and the right line is `{bug.right}`"
    return Finding(right, text=f"{bug.title}: {bug.what} The wrong line is {lines}.")


def _value_text(step: Step, measured: Measured) -> str:
    value = number_text(measured.value, step.unit)
    n = len(measured.values)
    if n == 1:
        return value
    low, high = (number_text(each) for each in (min(measured.values), max(measured.values)))
    return f"{value} ({step.statistic} of {n} seeds, from {low} to {high})"
