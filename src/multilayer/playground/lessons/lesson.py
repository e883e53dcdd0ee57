"""The records of a lesson: its steps, their questions, and what the library runs to find the answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from multilayer.playground.lessons.measures import Measure

Setup = Mapping[str, Any]  # "data", "parameters", and "bug" if the program has a mistake


class Kind(StrEnum):
    """What a step asks for."""

    READING = "reading"
    INTERVAL = "interval"
    COMPARISON = "comparison"
    NUMBER = "number"
    BUG = "bug"
    GOAL = "goal"


@dataclass(frozen=True)
class Choice:
    """One of the answers to choose from.

    Attributes
    ----------
    text : str
        The answer.
    at_least, below : float or None
        The interval of the measured number, for a question about one number.
    setup : mapping or None
        What the library runs, for a comparison.
    epochs : int or None
        The epochs of this choice, if they differ from those of the step.
    is_same : bool
        Whether this choice says that all others are about the same.
    bug : str or None
        The mistake that this choice names.
    """

    text: str
    at_least: float | None = None
    below: float | None = None
    setup: Setup | None = None
    epochs: int | None = None
    is_same: bool = False
    bug: str | None = None

    def contains(self, value: float) -> bool:
        """Return whether a number is within the interval.

        Parameters
        ----------
        value : float
            The number.

        Returns
        -------
        bool
            Whether it is.
        """
        low = float("-inf") if self.at_least is None else self.at_least
        return low <= value and (self.below is None or value < self.below)


@dataclass(frozen=True)
class TrialRun:
    """What the library trains for a step.

    Attributes
    ----------
    epochs : int
        The number of epochs.
    seeds : int
        The number of seeds; the first is the ``random_state`` of the setup.
    """

    epochs: int
    seeds: int = 1


@dataclass(frozen=True)
class Bound:
    """A part of a goal.

    Attributes
    ----------
    measure : str
        The name of the measure.
    at_least, at_most : float or None
        The bounds, which are part of the goal.
    """

    measure: str
    at_least: float | None = None
    at_most: float | None = None


@dataclass(frozen=True)
class Solution:
    """A setup that reaches a goal.

    Attributes
    ----------
    setup : mapping
        The setup.
    epochs : int
        The number of epochs.
    """

    setup: Setup
    epochs: int


@dataclass(frozen=True)
class Step:
    """A step of a lesson.

    Attributes
    ----------
    kind : Kind
        What it asks for.
    text : str
        The text before the question, in a small subset of Markdown: paragraphs, lists, ``**bold**`` and code.
    setup : mapping
        The setup that the page shows: ``data``, ``parameters``, and ``bug`` if the program has a mistake.
    controls : tuple of str or None
        The names of the visible controls; None for all.
    question, explanation : str
        The question, and the text that is shown after the answer.
    run : TrialRun or None
        What the library trains.
    measure : Measure or None
        What it measures.
    statistic : str
        How the values of several seeds become one number.
    choices : tuple of Choice
        The answers to choose from.
    best : {"highest", "lowest"}
        Which choice of a comparison is right.
    margin : float
        Values of a comparison within this distance are about the same.
    tolerance : float
        The distance from the measured number within which a number is right.
    unit : str
        The unit of the number.
    goal : tuple of Bound
        What the learner's run has to reach.
    solution : Solution or None
        A setup that reaches the goal.
    """

    kind: Kind
    text: str
    setup: Setup
    controls: tuple[str, ...] | None = None
    question: str = ""
    explanation: str = ""
    run: TrialRun | None = None
    measure: Measure | None = None
    statistic: str = "median"
    choices: tuple[Choice, ...] = ()
    best: str = "highest"
    margin: float = 0.0
    tolerance: float = 0.0
    unit: str = ""
    goal: tuple[Bound, ...] = ()
    solution: Solution | None = None


@dataclass(frozen=True)
class Lesson:
    """A lesson: a setup, and steps that ask for a prediction before they train.

    Attributes
    ----------
    name : str
        Its name, that of its file.
    title, summary : str
        Title, and one or two sentences about what is learned.
    minutes : int
        About how long it takes.
    steps : tuple of Step
        The steps, in their order.
    """

    name: str
    title: str
    summary: str
    minutes: int
    steps: tuple[Step, ...] = field(repr=False)
