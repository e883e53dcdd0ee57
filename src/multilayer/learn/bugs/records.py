"""The seven mistakes: what each is, its line beside the right one, and the check that finds it."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from multilayer.equations import core
from multilayer.exceptions import unknown_name
from multilayer.learn.bugs import gradients
from multilayer.learn.bugs.orders import Order, shuffled, unshuffled

WIDTH = 76  # characters of a line, which fit into a page

Gradient = Callable[..., list[NDArray[np.float64]]]


@dataclass(frozen=True)
class Bug:
    """A mistake in a program that trains a network.

    Attributes
    ----------
    name : str
        Its name, the key in :data:`BUGS`.
    title : str
        A short title.
    what : str
        What is wrong.
    wrong : str
        The line with the mistake; empty if the line is missing.
    right : str
        The right line.
    instrument : str
        The check that finds it.
    finding : str
        What that check shows.
    equations : tuple of str
        The tags of the equations.
    gradient : callable
        The gradient as this program computes it: ``gradient(X, Y, thetas, lam, h)``, as
        :func:`multilayer.equations.core.backpropagation`.
    order : callable
        The order of the rows in an epoch: ``order(m, rng)``.
    """

    name: str
    title: str
    what: str
    wrong: str
    right: str
    instrument: str
    finding: str
    equations: tuple[str, ...]
    gradient: Gradient = core.backpropagation
    order: Order = shuffled

    def __str__(self) -> str:
        text = f"{self.title}: {self.what}"
        return "\n".join(
            [
                *textwrap.wrap(text, WIDTH),
                f"  wrong: {self.wrong or '(the line is missing)'}",
                f"  right: {self.right}",
            ]
        )


_GRADIENT_CHECK = "compare_gradients"

_BUGS = (
    Bug(
        "missing-mean",
        "Missing 1/m",
        "The derivatives are summed over the examples, but the cost is their mean.",
        wrong="D.insert(0, Delta + penalty)",
        right="D.insert(0, Delta / m + penalty)",
        instrument=_GRADIENT_CHECK,
        finding="With lam=0 every derivative is m times too large, so a change of m changes the step.",
        equations=("J", "B4"),
        gradient=gradients.missing_mean,
    ),
    Bug(
        "missing-derivative",
        "Forgotten derivative of the activation",
        "The error passes through the weights, but not through the activation.",
        wrong="delta = delta @ thetas[l][:, 1:]",
        right="delta = (delta @ thetas[l][:, 1:]) * A[l] * (1 - A[l])",
        instrument=_GRADIENT_CHECK,
        finding="The last layer is right and every layer below it is wrong.",
        equations=("B2",),
        gradient=gradients.missing_derivative,
    ),
    Bug(
        "regularised-bias",
        "Regularised bias",
        "The penalty acts on the biases too, but the cost does not contain them.",
        wrong="",
        right="penalty[:, 0] = 0.0",
        instrument=_GRADIENT_CHECK,
        finding="Only column 0 is wrong, and only if lam is not 0.",
        equations=("C4", "B4"),
        gradient=gradients.regularised_bias,
    ),
    Bug(
        "transposed-matrix",
        "Transposed matrix",
        "The error passes through Theta transposed. Layers of equal size hide it; others raise an error.",
        wrong="delta = (delta @ thetas[l][:, 1:].T) * A[l] * (1 - A[l])",
        right="delta = (delta @ thetas[l][:, 1:]) * A[l] * (1 - A[l])",
        instrument=_GRADIENT_CHECK,
        finding="The last layer is right and every layer below it is wrong. Layers of different sizes raise an error.",
        equations=("B2",),
        gradient=gradients.transposed_matrix,
    ),
    Bug(
        "wrong-sign",
        "Wrong sign",
        "The error is Y - H in place of H - Y, so that each step raises the cost.",
        wrong="delta = Y - A[-1]",
        right="delta = A[-1] - Y",
        instrument=_GRADIENT_CHECK,
        finding="With lam=0 every derivative has the opposite sign.",
        equations=("B1", "D1"),
        gradient=gradients.wrong_sign,
    ),
    Bug(
        "wrong-cost-delta",
        "Delta of another cost",
        "The delta belongs to the squared error of sigmoid units, but the cost is the cross-entropy.",
        wrong="delta = (A[-1] - Y) * A[-1] * (1 - A[-1])",
        right="delta = A[-1] - Y",
        instrument=_GRADIENT_CHECK,
        finding="Every layer is wrong, the last one too.",
        equations=("B1", "C2"),
        gradient=gradients.delta_of_another_cost,
    ),
    Bug(
        "unshuffled-batches",
        "Unshuffled batches",
        "Each epoch takes the rows in the order of the file. If it is sorted by class, a batch has few classes.",
        wrong="return np.arange(m)",
        right="return rng.permutation(m)",
        instrument="training with and without shuffling",
        finding="Shuffled training reaches a lower cost from the same start. The gradient check finds nothing.",
        equations=("D1",),
        order=unshuffled,
    ),
)

# The seven mistakes, by name.
BUGS = MappingProxyType({bug.name: bug for bug in _BUGS})


def bug_named(name: str) -> Bug:
    """Return the record of a mistake, or raise an error that suggests the closest name."""
    try:
        return BUGS[name]
    except (KeyError, TypeError):
        raise unknown_name("bug", name, BUGS) from None
