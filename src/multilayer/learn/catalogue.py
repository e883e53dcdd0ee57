"""The exercises by name, and the functions that a learner calls."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from multilayer.exceptions import unknown_name
from multilayer.learn.topics import costs, descent, gradients, scaling, shapes, units
from multilayer.learn.verdicts import Exercise, Solution, Verdict

_ALL = (
    *shapes.EXERCISES,
    *costs.EXERCISES,
    *gradients.EXERCISES,
    *descent.EXERCISES,
    *scaling.EXERCISES,
    *units.EXERCISES,
)

# The ten exercises, by name.
EXERCISES = MappingProxyType({exercise.name: exercise for exercise in _ALL})


def _exercise(name: str) -> Exercise:
    try:
        return EXERCISES[name]
    except (KeyError, TypeError):
        raise unknown_name("exercise", name, EXERCISES) from None


def exercises() -> dict[str, str]:
    """Return the exercises.

    Returns
    -------
    dict of str to str
        The question of each, by name.

    Examples
    --------
    >>> for name in exercises():
    ...     print(name)
    theta-shape
    count-parameters
    confident-error
    delta-output
    delta-hidden
    wrong-sign
    step-size
    cost-curve
    leaky-scaler
    dead-unit
    """
    return {name: exercise.question for name, exercise in EXERCISES.items()}


def data(name: str) -> dict[str, Any]:
    """Return what is given in an exercise.

    Parameters
    ----------
    name : str
        The name of the exercise.

    Returns
    -------
    dict
        Arrays, lists or numbers, by the names that the question uses.

    Raises
    ------
    ParameterError
        There is no exercise of this name.

    Examples
    --------
    >>> data("delta-output")["Y"]
    array([[1., 0., 0.],
           [0., 0., 1.]])
    """
    return _exercise(name).data()


def check(name: str, answer: object) -> Verdict:
    """Check the answer of an exercise.  The library computes the truth; three significant digits are enough.

    Parameters
    ----------
    name : str
        The name of the exercise.
    answer : object
        The answer: a number, a pair, an array or a dict, as the question says.

    Returns
    -------
    Verdict
        It is true if the answer is right; it prints what differs otherwise.

    Raises
    ------
    ParameterError
        There is no exercise of this name.
    InputTypeError
        The answer is not of the kind that the question asks for.

    Examples
    --------
    >>> check("theta-shape", (3, 6))
    wrong: the column of the biases is missing.
    >>> bool(check("theta-shape", (3, 7)))
    True
    """
    exercise = _exercise(name)
    return exercise.compare(answer, exercise.truth())


def hint(name: str) -> str:
    """Return the hint of an exercise.

    Parameters
    ----------
    name : str
        The name of the exercise.

    Returns
    -------
    str
        The hint.

    Raises
    ------
    ParameterError
        There is no exercise of this name.

    Examples
    --------
    >>> print(hint("count-parameters"))
    Each Theta_l has s_(l+1) (s_l + 1) weights. Add the three.
    """
    return _exercise(name).hint


def solution(name: str) -> Solution:
    """Return the solution of an exercise, with the value as the library computes it.

    Parameters
    ----------
    name : str
        The name of the exercise.

    Returns
    -------
    Solution
        The text and the value; it prints both.

    Raises
    ------
    ParameterError
        There is no exercise of this name.

    Examples
    --------
    >>> print(solution("count-parameters"))
    10 * (30 + 1) + 10 * (10 + 1) + 3 * (10 + 1) is
    453
    """
    exercise = _exercise(name)
    return Solution(exercise.explanation, exercise.truth())
