"""The bug lab: the mistake that is switched on, known or hidden, and guesses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from multilayer.exceptions import ParameterError
from multilayer.learn.bugs.records import BUGS, Bug, bug_named
from multilayer.playground.bugs.setups import BugParameters, bugs_for, parameters_for_bug

FEWEST_CLASSES_TO_TRANSPOSE = 3  # with 2 classes, the hidden layers of a transposed matrix have only 2 units


@dataclass(frozen=True)
class BugCase:
    """A mistake that is switched on.

    Attributes
    ----------
    name : str
        The mistake.  It is not part of ``json()`` and of the printed record while it is hidden.
    is_mystery : bool
        Whether it was chosen at random and hidden.
    is_revealed : bool
        Whether a mystery has been found.
    candidates : tuple of str
        The mistakes among which a mystery was chosen.
    """

    name: str = field(repr=False)
    is_mystery: bool = False
    is_revealed: bool = False
    candidates: tuple[str, ...] = ()

    @property
    def is_hidden(self) -> bool:
        """Whether the name must not be shown."""
        return self.is_mystery and not self.is_revealed

    def json(self) -> dict[str, Any]:
        """Return ``scene.bug``.

        Returns
        -------
        dict
            The record of the mistake, without it while it is hidden.
        """
        shown = {"name": None} if self.is_hidden else bug_json(BUGS[self.name])
        is_open = {"is_mystery": self.is_mystery, "is_revealed": not self.is_hidden}
        return {**shown, **is_open, "candidates": list(self.candidates)}


@dataclass(frozen=True)
class Guess:
    """The answer to a guess.

    Attributes
    ----------
    is_right : bool
        Whether the guess is right.
    text : str
        A sentence.
    case : BugCase
        The mistake that is switched on; revealed by a right guess.
    """

    is_right: bool
    text: str
    case: BugCase


def known_bug(name: str) -> BugCase:
    """Return the case of a mistake that is shown.

    Parameters
    ----------
    name : str
        A key of :data:`multilayer.learn.bugs.BUGS`.

    Returns
    -------
    BugCase
        The case.
    """
    return BugCase(bug_named(name).name, is_revealed=True)


def mystery(seed: int, task: str, n_classes: int = 0) -> BugCase:
    """Choose a mistake at random and hide its name.

    Parameters
    ----------
    seed : int
        The seed of the choice.
    task : {"classification", "regression"}
        The task of the data.
    n_classes : int
        The number of classes.

    Returns
    -------
    BugCase
        The hidden mistake.

    Examples
    --------
    >>> case = mystery(1, "classification", 2)
    >>> case.json()["name"] is None
    True
    >>> guesses = [guess(case, name) for name in case.candidates]
    >>> sum(each.is_right for each in guesses)
    1
    """
    names = bugs_for(task, n_classes)
    candidates = tuple(
        name for name in names if name != "transposed-matrix" or n_classes >= FEWEST_CLASSES_TO_TRANSPOSE
    )
    if not candidates:
        raise ParameterError(f"no mistake can run for the task {task!r} with {n_classes} classes. Use other data.")
    chosen = candidates[int(np.random.default_rng(seed).integers(len(candidates)))]
    return BugCase(chosen, is_mystery=True, candidates=candidates)


def parameters_for_case(case: BugCase, parameters: dict[str, Any], task: str, n_classes: int = 0) -> BugParameters:
    """Change parameters to ones that the mistake can run; those of a mystery suit all of its candidates.

    Parameters
    ----------
    case : BugCase
        The mistake.
    parameters : dict
        Parameters of the estimator, by their names.
    task : {"classification", "regression"}
        The task of the data.
    n_classes : int
        The number of classes.

    Returns
    -------
    BugParameters
        The parameters, and a sentence for each change.
    """
    names: str | Sequence[str] = case.candidates if case.is_mystery else case.name
    return parameters_for_bug(names if isinstance(names, str) else tuple(names), parameters, task, n_classes)


def guess(case: BugCase, name: str) -> Guess:
    """Compare a guess with the mistake that runs.

    Parameters
    ----------
    case : BugCase
        The mistake.
    name : str
        The guess, a key of :data:`multilayer.learn.bugs.BUGS`.

    Returns
    -------
    Guess
        Whether it is right, a sentence, and the case after it.
    """
    guessed = bug_named(name)
    if guessed.name == case.name:
        line = guessed.wrong or "(the line is missing)"
        text = f"Right: {guessed.what} The wrong line is `{line}`, the right one `{guessed.right}`."
        return Guess(True, text, replace(case, is_revealed=True))
    text = f"No. With {guessed.title.lower()} you would see this: {guessed.finding}"
    return Guess(False, text, case)


def bug_json(bug: Bug) -> dict[str, Any]:
    """Return the record of a mistake for the page.

    Parameters
    ----------
    bug : Bug
        The mistake.

    Returns
    -------
    dict
        An entry of the answer of ``bugs``.
    """
    return {
        "name": bug.name,
        "title": bug.title,
        "what": bug.what,
        "wrong": bug.wrong,
        "right": bug.right,
        "instrument": bug.instrument,
        "finding": bug.finding,
        "equations": list(bug.equations),
    }
