r"""Schedules: the step size of each epoch.

    ====  ================  ==================================================================
    tag   schedule          step size
    ====  ================  ==================================================================
    (S1)  constant          alpha
    (S2)  inverse scaling   alpha / (1 + n)^p after n examples
    (S3)  adaptive          alpha / 5^k after k times without progress
    ====  ================  ==================================================================

(S2) falls fast: with p = 1/2 and 1,000 examples it takes a thirtieth of alpha from the second epoch on.  (S3) falls
only when it must; a run ends when a step size of at most 1e-6 makes no progress either.  Both are as in scikit-learn.
"""

from __future__ import annotations

# (S3): what a step size is divided by, and the step size that is not divided any more.
ADAPTIVE_DIVISOR = 5.0
ADAPTIVE_LEAST = 1e-6


def constant(alpha: float) -> float:
    """(S1) The same step size in every epoch."""
    return alpha


def inverse_scaling(alpha: float, n_examples: int, p: float = 0.5) -> float:
    """(S2) alpha / (1 + n)^p, n the number of examples seen before, those seen again counted again.

    Examples
    --------
    >>> inverse_scaling(0.1, n_examples=0), inverse_scaling(0.1, n_examples=99)
    (0.1, 0.01)
    """
    return float(alpha / (n_examples + 1) ** p)


def adaptive(alpha: float, n_cuts: int) -> float:
    """(S3) alpha divided by 5 for each time that the cost made no progress.

    Examples
    --------
    >>> adaptive(0.1, n_cuts=2)
    0.004
    """
    for _ in range(n_cuts):
        alpha /= ADAPTIVE_DIVISOR
    return alpha
