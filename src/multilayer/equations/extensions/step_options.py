r"""Options of a step, which every update rule supports.

    ====  ======================  ==================================================================
    tag   option                  effect
    ====  ======================  ==================================================================
    (D5)  clipping                D ← D min(1, c / ‖D‖), before the rule
    (D6)  decoupled weight decay  Theta ← Theta - alpha w Theta without the biases, before the rule
    (D7)  averaging               mean ← mean + (1-β) / (1-β^t) (θ - mean), after the rule
    (D8)  factors                 alpha f in place of alpha, with one f for each part of the parameters
    ====  ======================  ==================================================================

Adam with (D6) is AdamW.

References: (D5) Pascanu et al. (2013); (D6) Loshchilov and Hutter (2019), algorithm 2, in which the schedule multiplies
the decay too, as alpha does here and in PyTorch; (D7) Polyak and Juditsky (1992), with exponentially decaying weights.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from multilayer.equations._checks import check_not_negative
from multilayer.equations.activations import Array
from multilayer.exceptions import ParameterError


@dataclass(frozen=True)
class StepOptions:
    """(D5)-(D8) The options of a step, all off by default."""

    clip_norm: float = math.inf  # the largest norm c of the gradient (D5); infinite for no clipping
    weight_decay: float = 0.0  # the decay w of (D6)
    average: float = 0.0  # the decay β of (D7), below 1; the mean covers about the last 1 / (1 - β) updates
    # The factors f of (D8): of the embedding, then of the biases and of the weights of each layer; gain and shift of a
    # normalised layer have 1.  Empty for 1 everywhere.
    factors: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if not self.clip_norm > 0:
            raise ParameterError(f"clip_norm must be positive, got {self.clip_norm!r}. Use math.inf for no clipping.")
        check_not_negative(self.weight_decay, "weight_decay")
        check_not_negative(self.average, "average")
        if self.average >= 1:
            raise ParameterError(f"average must be below 1, got {self.average!r}. 0.999 counts about 1,000 updates.")
        for factor in self.factors:
            check_not_negative(factor, "factors")


def clip_gradient(D: Sequence[Array], c: float) -> list[Array]:
    """(D5) Clip a gradient: D min(1, c / ‖D‖), ‖D‖ the norm over all layers with their biases.

    The direction of the step does not change; only its length is reduced.

    Parameters
    ----------
    D : list of arrays
        The gradient.
    c : float
        The largest norm.

    Returns
    -------
    list of arrays
        The gradient, scaled if its norm exceeds ``c``.

    Examples
    --------
    >>> clip_gradient([np.array([3.0]), np.array([4.0])], c=1.0)
    [array([0.6]), array([0.8])]
    """
    norm = math.sqrt(sum(float(np.sum(d**2)) for d in D))
    return [d * (c / norm) for d in D] if norm > c else list(D)


def decay_weights(theta: Array, alpha: float, decay: float) -> Array:
    """(D6) Decay the weights: Theta (1 - alpha w), with the biases, column 0, unchanged.

    (C4) adds λ/m Theta to the gradient instead.  For plain gradient descent the two are equivalent.  Adam divides the
    gradient, including the penalty, by its size, so that (C4) shrinks weights with large gradients less.  (D6) shrinks
    all weights by the same factor.

    Parameters
    ----------
    theta : array of shape (s_{l+1}, s_l + 1)
        Weights, the biases in column 0.
    alpha : float
        Step size.
    decay : float
        The decay w.

    Returns
    -------
    array of the shape of ``theta``
        The decayed weights.

    Examples
    --------
    >>> decay_weights(np.array([[5.0, 2.0]]), alpha=0.1, decay=0.5)
    array([[5. , 1.9]])
    """
    decayed = theta * (1.0 - alpha * decay)
    decayed[:, 0] = theta[:, 0]
    return decayed


def average_weights(mean: Array, theta: Array, beta: float, t: int) -> Array:
    """(D7) Update the mean of the weights after updates 1 to t, in which update i has the factor β^(t-i).

    The factors sum to (1-β^t) / (1-β), so the newest weights have the share (1-β) / (1-β^t) of the mean.  After
    the first update the mean equals the weights, for any previous ``mean``.

    Parameters
    ----------
    mean : array of shape (P,)
        The mean after t - 1 updates.
    theta : array of shape (P,)
        The weights after update t.
    beta : float
        The decay β.
    t : int
        The number of updates.

    Returns
    -------
    array of shape (P,)
        The mean after t updates.

    Examples
    --------
    >>> first = average_weights(np.array([99.0]), np.array([1.0]), beta=0.5, t=1)
    >>> average_weights(first, np.array([4.0]), beta=0.5, t=2)  # (1/2 * 1 + 1 * 4) / (3/2)
    array([3.])
    """
    return mean + (1.0 - beta) / (1.0 - beta**t) * (theta - mean)
