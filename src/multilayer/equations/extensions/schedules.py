r"""Schedules: the step size of each epoch, or of each update.

    ====  ================  ==================================================================
    tag   schedule          step size
    ====  ================  ==================================================================
    (S1)  constant          alpha
    (S2)  inverse scaling   alpha / (1 + n)^p after n examples
    (S3)  adaptive          alpha / 5^k after k times without progress
    (S4)  cosine            from alpha to a floor, along half a cosine
    (S5)  one-cycle         from a small share of alpha up to alpha, and down to nearly 0
    (S6)  warm-up           any of these times min(1, (i + 1) / n) in update i
    (S7)  plateau           alpha f^k after k times without progress, but at least a given minimum
    (S8)  custom            alpha times a function of the epoch
    (S9)  cosine cycles     from 0 to alpha and back to 0, c times, each time twice as slowly
    (S10) flat cosine       a factor of dropout and decay: 1 in the first half, then to 0 along half a cosine
    ====  ================  ==================================================================

(S2) decreases fast: with p = 1/2 and 1,000 examples, the step size in the second epoch is a thirtieth of alpha.  (S3)
decreases only if there is no progress; a run ends if a step size of at most 1e-6 makes no progress either.  Both are as
in scikit-learn.  (S4) and (S5) need the length of the run.  All depend only on the epoch or update, except that (S3)
and (S7) count their reductions.

References: (S4) Loshchilov and Hutter (2017), eq. 5, without restarts; (S5) Smith and Topin (2018), in the cosine form
and with the end points of fastai; (S9), (S10) Holzmüller et al. (2024), "coslog4" and "flat_cos".
"""

from __future__ import annotations

import math
from collections.abc import Callable

from multilayer.exceptions import ParameterError

# (S3): the divisor of the step size, and the step size below which it is not divided.
ADAPTIVE_DIVISOR = 5.0
ADAPTIVE_LEAST = 1e-6
# (S5): the share of the run that rises, and the shares of alpha at its first and last update.
ONE_CYCLE_RISE, ONE_CYCLE_FIRST, ONE_CYCLE_LAST = 0.25, 1.0 / 25.0, 1e-5


def constant(alpha: float) -> float:
    """(S1) Return the same step size in every epoch."""
    return alpha


def inverse_scaling(alpha: float, n_examples: int, p: float = 0.5) -> float:
    """(S2) Compute alpha / (1 + n)^p, where n is the number of examples processed before, with repetitions.

    Examples
    --------
    >>> inverse_scaling(0.1, n_examples=0), inverse_scaling(0.1, n_examples=99)
    (0.1, 0.01)
    """
    return float(alpha / (n_examples + 1) ** p)


def adaptive(alpha: float, n_cuts: int) -> float:
    """(S3) Divide alpha by 5 for each time without progress of the cost.

    Examples
    --------
    >>> adaptive(0.1, n_cuts=2)
    0.004
    """
    for _ in range(n_cuts):
        alpha /= ADAPTIVE_DIVISOR
    return alpha


def half_cosine(a: float, b: float, share: float) -> float:
    """(S4) Compute b + (a - b) (1 + cos(π s)) / 2: from a at s = 0 to b at s = 1, with slope 0 at both ends.

    Examples
    --------
    >>> half_cosine(1.0, 0.0, 0.0), half_cosine(1.0, 0.0, 0.5), half_cosine(1.0, 0.0, 1.0)
    (1.0, 0.5, 0.0)
    """
    return b + (a - b) * (0.5 * (1.0 + math.cos(math.pi * share)))


def cosine(alpha: float, epoch: int, n_epochs: int, floor: float = 0.0) -> float:
    """(S4) Decrease from alpha in epoch 0 along half a cosine to the floor after n_epochs.

    Examples
    --------
    >>> [round(cosine(1.0, epoch, n_epochs=4), 4) for epoch in range(6)]
    [1.0, 0.8536, 0.5, 0.1464, 0.0, 0.0]
    """
    return half_cosine(alpha, floor, min(epoch / n_epochs, 1.0))


def one_cycle(
    alpha: float,
    update: int,
    n_updates: int,
    rise: float = ONE_CYCLE_RISE,
    first: float = ONE_CYCLE_FIRST,
    last: float = ONE_CYCLE_LAST,
) -> float:
    """(S5) Rise from alpha ``first`` in update 0 to alpha, then fall to alpha ``last`` in the last update.

    The share ``rise`` of the updates rises.  Both parts are half a cosine; further updates use alpha ``last``.

    Examples
    --------
    >>> [round(one_cycle(1.0, update, n_updates=5), 5) for update in (0, 1, 4, 9)]
    [0.04, 1.0, 1e-05, 1e-05]
    """
    done = min(update / max(n_updates - 1, 1), 1.0)
    if done < rise:
        return half_cosine(alpha * first, alpha, done / rise)
    return half_cosine(alpha, alpha * last, (done - rise) / (1.0 - rise))


def cosine_cycles(alpha: float, update: int, n_updates: int, n_cycles: int = 4) -> float:
    """(S9) alpha (1 - cos(2π log2(1 + (2^c - 1) s))) / 2 with s = i / n: 0 at s = (2^k - 1) / (2^c - 1).

    Examples
    --------
    >>> [round(cosine_cycles(1.0, update, n_updates=15, n_cycles=4), 4) for update in (0, 1, 2, 3, 5, 7, 15)]
    [0.0, 0.0, 0.9304, 0.0, 0.9304, 0.0, 0.0]
    """
    done = min(update / n_updates, 1.0)
    return alpha * 0.5 * (1.0 - math.cos(2.0 * math.pi * math.log2(1.0 + (2.0**n_cycles - 1.0) * done)))


def flat_cosine(share: float) -> float:
    """(S10) 1 for s <= 1/2, then (1 + cos(π (2 s - 1))) / 2, which is 0 at s = 1.

    Examples
    --------
    >>> flat_cosine(0.2), flat_cosine(0.75), flat_cosine(1.0)
    (1.0, 0.5, 0.0)
    """
    return half_cosine(1.0, 0.0, min(max(2.0 * share - 1.0, 0.0), 1.0))


def warm_up(update: int, n_updates: int) -> float:
    """(S6) Compute min(1, (i + 1) / n), the factor of the step size of update i, where n is the length of the warm-up.

    At first, Adam's running means are over few gradients, so their direction is unreliable.

    Examples
    --------
    >>> [warm_up(update, n_updates=4) for update in range(6)]
    [0.25, 0.5, 0.75, 1.0, 1.0, 1.0]
    """
    return min(1.0, (update + 1) / n_updates) if n_updates > 0 else 1.0


def plateau(alpha: float, n_cuts: int, factor: float = 0.5, least: float = 0.0) -> float:
    """(S7) Compute alpha f^k, but at least ``least``, after k times without progress.

    Examples
    --------
    >>> plateau(0.8, n_cuts=3), plateau(0.8, n_cuts=3, least=0.2)
    (0.1, 0.2)
    """
    return max(alpha * factor**n_cuts, min(alpha, least))


def own(alpha: float, epoch: int, factor: Callable[[int], float]) -> float:
    """(S8) Compute alpha times factor(epoch), with epochs counted from 0.

    Raises
    ------
    ParameterError
        If the factor is not a finite positive number.

    Examples
    --------
    >>> own(0.1, epoch=3, factor=lambda epoch: 0.5**epoch)
    0.0125
    """
    try:
        share = float(factor(epoch))
    except (TypeError, ValueError) as error:
        raise ParameterError(
            f"a custom schedule must return a number for each epoch. In epoch {epoch} it failed: {error}."
        ) from None
    if not (math.isfinite(share) and share > 0):
        raise ParameterError(f"a custom schedule must return a finite positive number, got {share!r} in epoch {epoch}.")
    return alpha * share
