"""The step of a difference quotient: the widest whose points all lie on one piece of the cost."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from multilayer.equations import (
    AbsoluteError,
    GammaDeviance,
    Huber,
    Quantile,
    SigmoidFocal,
    SoftmaxFocal,
    forward_propagation,
)
from multilayer.equations.activations import Array
from multilayer.equations.costs import CostedOutput
from multilayer.equations.difference_quotients import KINKED, KINKED_STEP, SMOOTH_STEP
from multilayer.playground.proofs.batches import BatchPass, Place

BETWEEN = (1e-4, 1e-5)  # steps between the two of the book
_SMOOTH_COSTS = (GammaDeviance, SigmoidFocal, SoftmaxFocal)
_KINKED_COSTS = (AbsoluteError, Quantile, Huber)


def quotient_step(computed: BatchPass, place: Place) -> tuple[float, int | None]:
    """(N1) Return the step for one weight, and how many numbers of the batch cross a kink within the four points.

    The number is None if an activation or the cost is a custom one, whose kinks are not known.
    """
    if _is_custom(computed):
        return KINKED_STEP, None
    # A weight moves the sums by h times what it multiplies: large inputs need a smaller step.
    activations = computed.A[place.layer][:, place.column - 1] if place.column > 0 else np.ones(1)
    largest = max(1.0, float(np.abs(activations).max()))
    if not np.isfinite(largest):
        return KINKED_STEP, 0
    pieces = _pieces(computed, computed.thetas, place)
    for step in (SMOOTH_STEP, *BETWEEN, KINKED_STEP):
        h = step / largest
        n_crossings = sum(_crossings(computed, place, move, pieces) for move in (-2.0 * h, 2.0 * h))
        if n_crossings == 0:
            break
    return h, n_crossings


def _is_custom(computed: BatchPass) -> bool:
    output = computed.output
    known = isinstance(output.chosen, _SMOOTH_COSTS + _KINKED_COSTS) if isinstance(output, CostedOutput) else True
    return not known or not all(isinstance(each, str) for each in computed.hidden)


def _crossings(computed: BatchPass, place: Place, move: float, pieces: Sequence[NDArray[np.int8]]) -> int:
    """Return how many numbers are on another piece after a change of the weight."""
    if not pieces:
        return 0
    moved = list(computed.thetas)
    moved[place.layer] = moved[place.layer].copy()
    moved[place.layer][place.row, place.column] += move
    new = _pieces(computed, moved, place)
    return sum(int(np.count_nonzero(a != b)) for a, b in zip(pieces, new, strict=True))


def _pieces(computed: BatchPass, thetas: Sequence[Array], place: Place) -> list[NDArray[np.int8]]:
    """Return the piece on which each sum, each error and the weight lie, wherever there is a kink."""
    found = []
    has_kinked_cost = isinstance(computed.output, CostedOutput) and isinstance(computed.output.chosen, _KINKED_COSTS)
    kinked = [i for i, name in enumerate(computed.hidden) if i >= place.layer and name in KINKED]
    if kinked or has_kinked_cost:
        Z, A = forward_propagation(computed.X, thetas, computed.hidden, computed.output, computed.masks)
        found += [_sign(Z[i]) for i in kinked]
        if isinstance(computed.output, CostedOutput) and has_kinked_cost:
            found.append(_pieces_of_cost(computed.output, A[-1] - computed.Y))
    if computed.penalty.absolutes > 0 and place.column > 0:
        found.append(_sign(thetas[place.layer][place.row : place.row + 1, place.column]))
    return found


def _pieces_of_cost(output: CostedOutput, error: Array) -> NDArray[np.int8]:
    if isinstance(output.chosen, Huber):
        t = output.chosen.threshold
        return _sign(error - t) + _sign(error + t)
    return _sign(error)


def _sign(values: Array) -> NDArray[np.int8]:
    return np.sign(values).astype(np.int8)
