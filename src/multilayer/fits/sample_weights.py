"""Scaling of extreme sample weights, whose ratios alone matter to a mean.

A sum of weights of 1e308 is infinite, and a weight of 1e-50 is 0 in float32.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multilayer.exceptions import ParameterWarning
from multilayer.fits.errors import warn
from multilayer.network import Floats

# The largest weight is kept between these, so that sums and products are finite in float32 and float64.
LEAST, MOST = 2.0**-64, 2.0**64
# Weights below this share of the largest become 0: they are lost in every sum, and in a batch of such rows the penalty
# would dominate.
NEGLIGIBLE = 2.0**-64


def scaled_weights(weights: NDArray[np.float64], dtype: Any, name: str = "", *, warns: bool = False) -> Floats:
    """Return weights in the dtype of the network, scaled by a power of two if they are extremely large or small.

    If the largest is between 2^-64 and 2^64, they are only cast; otherwise it is scaled to 1 or slightly above.
    Weights below 2^-64 of the largest become 0.  ``warns`` of the scaling, which changes the effect of ``alpha``.

    Examples
    --------
    >>> scaled_weights(np.array([2.0**-1000, 2.0**-999, 0.0]), np.float32).tolist()
    [0.5, 1.0, 0.0]
    """
    largest = float(weights.max(initial=0.0))
    if largest > 0 and not LEAST <= largest <= MOST:
        exponent = 1 - int(np.frexp(largest)[1])
        if warns:
            warn(
                f"{name} has values of up to {largest:.3g}, which were multiplied by 2**{exponent} so that their sums "
                "are finite and positive. Only their ratios matter, but alpha now refers to weights of up to 2. "
                "Pass weights with a mean near 1.",
                ParameterWarning,
            )
        weights, largest = np.ldexp(weights, exponent), float(np.ldexp(largest, exponent))
    lost = weights < NEGLIGIBLE * largest
    if (lost & (weights > 0)).any():
        weights = np.where(lost, 0.0, weights)
    return weights.astype(dtype, copy=False)


def product_of_weights(factors: Sequence[NDArray[Any]]) -> NDArray[np.float64]:
    """Return the product of weights of the same rows, relative to the largest if it overflows, as in 1e200 · 1e200.

    Examples
    --------
    >>> product_of_weights([np.array([1e200, 2e200]), np.array([1e200, 1e200])])
    array([0.5, 1. ])
    """
    with np.errstate(over="ignore", under="ignore"):
        product: NDArray[np.float64] = np.prod(factors, axis=0)
    counts = np.logical_and.reduce([factor > 0 for factor in factors])
    if not counts.any() or (np.isfinite(product).all() and product.max() >= np.finfo(np.float64).tiny):
        return product
    logarithms = np.sum([np.log2(factor, where=counts, out=np.zeros(len(counts))) for factor in factors], axis=0)
    relative: NDArray[np.float64] = np.where(counts, np.exp2(logarithms - logarithms[counts].max()), 0.0)
    return relative
