r"""Options of a step, which every update rule supports.

    ====  ======================  ==================================================================
    tag   option                  what it does
    ====  ======================  ==================================================================
    (D5)  clipping                D ← D min(1, c / ‖D‖), before the rule
    (D6)  decoupled weight decay  Theta ← Theta - alpha w Theta without the biases, before the rule
    (D7)  averaging               mean ← mean + (1-β) / (1-β^t) (θ - mean), after the rule
    ====  ======================  ==================================================================

With Adam, (D6) makes AdamW.

References: (D5) Pascanu et al. (2013); (D6) Loshchilov and Hutter (2019), algorithm 2, whose schedule multiplies the
decay too, as here, and in PyTorch, alpha does; (D7) Polyak and Juditsky (1992), with weights that fade.
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
    """(D5)-(D7) The options of a step; by default none is used.

    Parameters
    ----------
    clip_norm : float
        c of (D5), the longest gradient; infinite for any.
    weight_decay : float
        w of (D6); 0 for none.
    average : float
        β of (D7), below 1; 0 for none.  About the last 1 / (1 - β) updates count.
    """

    clip_norm: float = math.inf
    weight_decay: float = 0.0
    average: float = 0.0

    def __post_init__(self) -> None:
        if not self.clip_norm > 0:
            raise ParameterError(f"clip_norm must be positive, got {self.clip_norm!r}. Use math.inf for no clipping.")
        check_not_negative(self.weight_decay, "weight_decay")
        check_not_negative(self.average, "average")
        if self.average >= 1:
            raise ParameterError(f"average must be below 1, got {self.average!r}. 0.999 counts about 1,000 updates.")


def clip_gradient(D: Sequence[Array], c: float) -> list[Array]:
    """(D5) D min(1, c / ‖D‖), ‖D‖ the root of the sum of all squared derivatives: of all layers, biases too.

    The direction of the step stays; only its length is cut.

    Examples
    --------
    >>> clip_gradient([np.array([3.0]), np.array([4.0])], c=1.0)
    [array([0.6]), array([0.8])]
    """
    norm = math.sqrt(sum(float(np.sum(d**2)) for d in D))
    return [d * (c / norm) for d in D] if norm > c else list(D)


def decay_weights(theta: Array, alpha: float, decay: float) -> Array:
    """(D6) Theta (1 - alpha w); column 0, the biases, is unchanged.

    Beside (C4), which puts λ/m Theta into the gradient: plain gradient descent makes the same of both, but Adam
    divides the gradient by its own size and with it the penalty, so that (C4) there shrinks a weight with large
    gradients less than one with small ones.  (D6) shrinks all alike.

    Examples
    --------
    >>> decay_weights(np.array([[5.0, 2.0]]), alpha=0.1, decay=0.5)
    array([[5. , 1.9]])
    """
    decayed = theta * (1.0 - alpha * decay)
    decayed[:, 0] = theta[:, 0]
    return decayed


def average_weights(mean: Array, theta: Array, beta: float, t: int) -> Array:
    """(D7) The mean of the weights after updates 1 .. t, of which update i counts β^(t-i).

    The weights sum to (1-β^t) / (1-β), so that the newest has the share (1-β) / (1-β^t) of the mean: all of it after
    the first update, whatever ``mean`` held before.

    Examples
    --------
    >>> first = average_weights(np.array([99.0]), np.array([1.0]), beta=0.5, t=1)
    >>> average_weights(first, np.array([4.0]), beta=0.5, t=2)  # (1/2 * 1 + 1 * 4) / (3/2)
    array([3.])
    """
    return mean + (1.0 - beta) / (1.0 - beta**t) * (theta - mean)
