"""What an exercise is, and how an answer is compared with the computed truth."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multilayer.exceptions import InputTypeError

Array = NDArray[np.float64]

# Answers are computed by hand: three significant digits are enough.
RELATIVE, ABSOLUTE = 5e-3, 1e-6


@dataclass(frozen=True)
class Verdict:
    """The result of :func:`check`: true if the answer is right; it prints what is wrong otherwise.

    Attributes
    ----------
    right : bool
        Whether the answer is right.
    text : str
        A short text about the answer.
    """

    right: bool
    text: str

    def __bool__(self) -> bool:
        return self.right

    def __str__(self) -> str:
        return f"{'right' if self.right else 'wrong'}: {self.text}"

    __repr__ = __str__


@dataclass(frozen=True)
class Solution:
    """The solution of an exercise: it prints as text.

    Attributes
    ----------
    text : str
        The way to the answer.
    value : object
        The answer, computed by the library.
    """

    text: str
    value: Any

    def __str__(self) -> str:
        return f"{self.text}\n{self.value}"

    __repr__ = __str__


@dataclass(frozen=True)
class Exercise:
    """An exercise.

    Attributes
    ----------
    name : str
        Its name.
    equations : tuple of str
        The tags of the equations that it needs.
    question : str
        The question.
    hint : str
        A hint.
    explanation : str
        The way to the answer.
    data : callable
        Return what is given, by name.
    truth : callable
        Compute the answer.
    compare : callable
        Compare an answer with the truth: ``compare(answer, truth)``.
    """

    name: str
    equations: tuple[str, ...]
    question: str
    hint: str
    explanation: str
    data: Callable[[], dict[str, Any]]
    truth: Callable[[], Any]
    compare: Callable[[Any, Any], Verdict]


def as_numbers(answer: object, what: str = "a number or an array of numbers") -> Array:
    """Return an answer as an array of float64."""
    try:
        numbers = np.asarray(answer)
        if numbers.dtype.kind not in "iuf":
            raise TypeError
        return numbers.astype(np.float64)
    except (TypeError, ValueError):
        raise InputTypeError(f"the answer must be {what}, got {answer!r}.") from None


def as_choice(answer: object, choices: tuple[Any, ...]) -> Any:
    """Return an answer that is one of some choices, or raise an error that lists them."""
    for choice in choices:
        kinds = (str,) if isinstance(choice, str) else (int, float, np.number)
        if isinstance(answer, kinds) and not isinstance(answer, bool) and answer == choice:
            return choice
    listed = ", ".join(repr(choice) for choice in choices)
    raise InputTypeError(f"the answer must be one of {listed}, got {answer!r}.")


def agreement(answer: NDArray[Any], truth: NDArray[Any]) -> NDArray[np.bool_]:
    """Return which numbers agree: to three significant digits, or exactly if the truth is integers."""
    relative, absolute = (0.0, 0.0) if truth.dtype.kind in "iu" else (RELATIVE, ABSOLUTE)
    return np.isclose(answer, truth, rtol=relative, atol=absolute)


def close(answer: NDArray[Any], truth: NDArray[Any]) -> bool:
    """Return whether two arrays have the same shape, and all of their numbers agree."""
    return answer.shape == truth.shape and bool(agreement(answer, truth).all())


def compare_numbers(answer: object, truth: Array | float, mistakes: Mapping[str, Array | float], m: int = 0) -> Verdict:
    """Compare an answer with the truth, and with the results of common mistakes.

    Parameters
    ----------
    answer : object
        The answer.
    truth : array or float
        The right answer.
    mistakes : mapping of str to array or float
        What a mistake gives, by the text about it.
    m : int, default=0
        The number of examples, to recognise an answer that is a multiple by m; 0 to recognise none.

    Returns
    -------
    Verdict
        The verdict.
    """
    given, right = as_numbers(answer), np.asarray(truth)
    if given.ndim and not right.ndim and given.size == 1:
        given = given.reshape(())  # [3.0] is as good as 3.0
    if close(given, right):
        return Verdict(True, "well done.")
    for text, value in mistakes.items():
        if close(given, np.asarray(value)):
            return Verdict(False, text)
    if given.shape != right.shape:
        return Verdict(False, _about_shapes(given, right))
    if close(-given, right):
        return Verdict(False, "every sign is opposite.")
    if m > 1 and close(given * m, right):
        return Verdict(False, f"every number is m = {m} times too small: it has a factor 1/m too many.")
    if m > 1 and close(given, right * m):
        return Verdict(False, f"every number is m = {m} times too large: this is the answer without the 1/m.")
    return Verdict(False, _about_values(given, right))


def _about_shapes(given: Array, right: Array) -> str:
    text = f"the shape is {given.shape}, and should be {right.shape}."
    if given.ndim == 2 and close(given.T, right):
        return f"{text} The numbers are right, but transposed."
    if given.size == right.size and close(given.reshape(right.shape), right):
        return f"{text} The numbers are right."
    return text


def _about_values(given: Array, right: Array) -> str:
    if not right.ndim:
        return "the value differs."
    wrong = ~agreement(given, right)
    if agreement(np.abs(given), np.abs(right)).all():
        return f"the signs of {wrong.sum()} of {wrong.size} numbers are opposite, first at {_first(wrong)}."
    return f"{wrong.sum()} of {wrong.size} numbers differ, first at {_first(wrong)}."


def _first(wrong: NDArray[np.bool_]) -> str:
    return str([int(i) for i in np.argwhere(wrong)[0]])
