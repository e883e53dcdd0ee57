"""The derivative with respect to one weight by backpropagation, by a difference quotient and by the complex step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from multilayer.equations import complex_step_derivative, difference_quotient
from multilayer.equations.checking import relative_errors, root_mean_square
from multilayer.equations.complex_step import STEP
from multilayer.exceptions import ParameterError
from multilayer.playground.proofs.batches import BatchPass, NextBatch, Place, program_gradient
from multilayer.playground.proofs.steps import quotient_step

MOST_STEPS = 5  # of a difference that are tried
# Relative changes of a quotient with its step: below the first it is accepted, above the second it has a note.
STEADY, INEXACT = 1e-8, 1e-7


@dataclass(frozen=True)
class MethodValue:
    """The derivative by one method.

    Attributes
    ----------
    method : str
        The name of the method.
    value : float
        The derivative.
    error : float
        Its relative error (N2), with backpropagation as the first of the two derivatives.
    step : float or None
        The step of a difference or of a complex step.
    note : str or None
        Why the value is inexact, if it is.
    """

    method: str
    value: float
    error: float
    step: float | None = None
    note: str | None = None


@dataclass(frozen=True)
class ProgramValue:
    """The derivative of a program with a mistake, and its relative error (N2)."""

    value: float
    error: float


def values_of(computed: BatchPass, place: Place) -> tuple[tuple[MethodValue, ...], str | None]:
    """(N1)-(N3) Return the derivative by each method, and why there is no complex step."""
    analytic = float(computed.D[place.layer][place.row, place.column])
    scale = root_mean_square(computed.D)
    values = [MethodValue("backpropagation", analytic, 0.0), _by_difference(computed, place, analytic, scale)]
    try:
        values.append(_by_complex_step(computed, place, analytic, scale))
    except ParameterError as error:
        reason = str(error).removesuffix(" Use difference_quotient.")
        return tuple(values), reason[0].upper() + reason[1:]
    return tuple(values), None


def largest_error(values: Sequence[MethodValue]) -> float:
    """Return the largest error of the values, without inexact ones if there are others beside backpropagation."""
    others = values[1:]
    return max(each.error for each in [each for each in others if each.note is None] or others)


def value_of_program(batch: NextBatch, computed: BatchPass, place: Place, reference: float) -> ProgramValue | None:
    """Return the derivative of the program that trains; None if that is a program of the book."""
    D = program_gradient(batch, computed)
    if D is None:
        return None
    value = float(D[place.layer][place.row, place.column])
    return ProgramValue(value, _error(value, reference, root_mean_square(D)))


def _by_difference(computed: BatchPass, place: Place, analytic: float, scale: float) -> MethodValue:
    widest, n_crossings = quotient_step(computed, place)
    value, step, spread = _steadiest(partial(_quotient, computed, place), widest, scale)
    note = None
    if n_crossings is None:
        note = "A custom activation or cost may have a kink, where a difference is inexact."
    elif n_crossings > 0:
        note = f"{n_crossings:,} numbers of the batch cross a kink within the difference, which is inexact there."
    elif spread > INEXACT:
        note = f"The difference is inexact here: a narrower step changes it by {spread:.1g} of the derivative's scale."
    return MethodValue("central difference", value, _error(analytic, value, scale), step, note)


def _steadiest(quotient: Callable[[float], float], widest: float, scale: float) -> tuple[float, float, float]:
    """Return the quotient that a ten times narrower step changes least, its step, and the relative change.

    The change shows the error of a difference without the derivative by another method: too wide a step has the error
    of the formula, too narrow a one that of rounding.
    """
    found, step, value = [], widest, quotient(widest)
    for _ in range(MOST_STEPS - 1):
        narrower = quotient(step / 10.0)
        spread = _error(value, narrower, scale)
        found.append((spread, step, value))
        if spread < STEADY:
            break
        step, value = step / 10.0, narrower
    spread, step, value = min(found)
    return value, step, spread


def _quotient(computed: BatchPass, place: Place, step: float) -> float:
    """(N1) Return the difference quotient with a step."""
    return difference_quotient(
        computed.X,
        computed.Y,
        computed.thetas,
        place,
        computed.penalty,
        computed.hidden,
        computed.output,
        step,
        computed.weight,
        computed.masks,
    )


def _by_complex_step(computed: BatchPass, place: Place, analytic: float, scale: float) -> MethodValue:
    value = complex_step_derivative(
        computed.X,
        computed.Y,
        computed.thetas,
        place,
        computed.penalty,
        computed.hidden,
        computed.output,
        STEP,
        computed.weight,
        computed.masks,
    )
    return MethodValue("complex step", value, _error(analytic, value, scale), STEP)


def _error(analytic: float, numerical: float, scale: float) -> float:
    """(N2) Return the relative error of one derivative."""
    return float(relative_errors(np.array(analytic), np.array(numerical), scale))
