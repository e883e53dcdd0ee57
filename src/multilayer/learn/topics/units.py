"""An exercise about units that no example switches on."""

from __future__ import annotations

import numpy as np

from multilayer.equations import backpropagation, forward_propagation
from multilayer.exceptions import InputTypeError
from multilayer.learn.verdicts import RELATIVE, Array, Exercise, Verdict, as_numbers

X = np.array([[1.0, 2.0], [3.0, -1.0], [0.0, 1.0], [2.0, 2.0]])
Y = np.array([[1.0], [0.0], [0.0], [1.0]])
THETA_1 = np.array([[-3.0, 1.0, -1.0], [-4.0, 0.5, 1.0], [-1.0, 1.0, 0.5]])
THETA_2 = np.array([[0.1, 1.0, -1.0, 0.5]])


def _sums() -> Array:
    return forward_propagation(X, [THETA_1, THETA_2], "relu")[0][0]


def dead_units() -> list[int]:
    """Return the numbers, from 1, of the hidden units whose weights have the derivative 0.

    Returns
    -------
    list of int
        The numbers.
    """
    D = backpropagation(X, Y, [THETA_1, THETA_2], 0.0, "relu")[0]
    return [unit for unit, row in enumerate(D, start=1) if not row.any()]


def _truth() -> tuple[int, float]:
    unit = dead_units()[0]
    return unit, float(-_sums()[:, unit - 1].max())


def _compare(answer: object, truth: tuple[int, float]) -> Verdict:
    given = as_numbers(answer, "a pair: the number of the unit, and the rise of its bias")
    if given.shape != (2,):
        raise InputTypeError(f"the answer must be a pair: the unit, and the rise of its bias, got {answer!r}.")
    unit, rise = given
    Z = _sums()
    if unit not in range(1, Z.shape[1] + 1):
        raise InputTypeError(f"the unit must be one of {list(range(1, Z.shape[1] + 1))}, got {unit:g}.")
    if unit != truth[0]:
        n = int((Z[:, int(unit) - 1] > 0).sum())
        return Verdict(False, f"unit {unit:g} is not dead: {n} of {len(Z)} examples have a positive sum.")
    dead = Z[:, int(unit) - 1]
    if abs(rise - truth[1]) <= RELATIVE * truth[1]:
        return Verdict(True, "well done.")
    if rise < 0:
        return Verdict(False, "the unit is right, but its bias must rise, not fall.")
    if np.isclose(rise, -dead.min(), rtol=RELATIVE):
        return Verdict(False, "the unit is right. With this rise every sum is at least 0; one positive sum is enough.")
    if np.isclose(rise, -THETA_1[int(unit) - 1, 0], rtol=RELATIVE):
        return Verdict(False, "the unit is right. This rise makes the bias 0, but the inputs add to the sum, too.")
    side = "less" if rise < truth[1] else "more"
    return Verdict(False, f"the unit is right. The rise is {side} than needed: the largest sum must come to 0.")


EXERCISES = (
    Exercise(
        "dead-unit",
        ("P2", "B2", "B3"),
        "One of three relu units is dead: its weights have the derivative 0 for every example in X, so descent cannot "
        "change them. Which unit, counted from 1, and by how much must its bias rise until the largest of its sums is "
        "0? Answer with a pair.",
        "Compute Z_2 by (P2). relu has g'(z) = 0 for z < 0, and (B2) multiplies by it.",
        "A unit is dead if its column of Z_2 has no positive number: by (B2) its delta is 0, and by (B3) so are the "
        "derivatives of its weights. The bias must rise by minus the largest sum:",
        lambda: {"X": X.copy(), "Theta_1": THETA_1.copy()},
        _truth,
        _compare,
    ),
)
