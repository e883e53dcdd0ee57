"""Weights of rows within what the arithmetic can bear: of their size only the ratios matter to a mean.

A sum of weights of 1e308 is infinite, and float32 makes 0 of weights of 1e-50.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multilayer.exceptions import ParameterWarning
from multilayer.fits.errors import warn
from multilayer.network import Floats

# The largest weight is kept between the two; they leave room for sums and products in float32 and float64 alike.
LEAST, MOST = 2.0**-64, 2.0**64
# What a row may weigh relative to the largest, and still count: less is lost in every sum, and a batch of such rows
# alone would be all penalty.
NEGLIGIBLE = 2.0**-64


def scaled_weights(weights: NDArray[np.float64], dtype: Any, name: str = "", *, warns: bool = False) -> Floats:
    """Weights in the dtype of the network, multiplied by a power of two where they are extremely large or small.

    Where the largest lies between 2^-64 and 2^64 they are only cast; else it is brought to 1 or just above, by a power
    of two, which changes no ratio.  Weights below 2^-64 of the largest become 0.

    Parameters
    ----------
    weights : array of float64 of shape (m,)
        Not negative and finite.
    dtype : numpy.float32 or numpy.float64
    name : str
        What they are called in a warning.
    warns : bool
        Whether a warning says that they were multiplied: the penalties ``alpha`` and ``l1_alpha`` are divided by the
        sum of the weights, and so weigh as much as among ordinary weights.

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
                f"{name} has values of up to {largest:.3g}, which were multiplied by 2**{exponent} so that sums of "
                "them stay finite and above 0: only their ratios count, and alpha is measured against weights of up to "
                "2. "
                "Pass weights with a mean near 1.",
                ParameterWarning,
            )
        weights, largest = np.ldexp(weights, exponent), float(np.ldexp(largest, exponent))
    lost = weights < NEGLIGIBLE * largest
    if (lost & (weights > 0)).any():
        weights = np.where(lost, 0.0, weights)
    return weights.astype(dtype, copy=False)


def product_of_weights(factors: Sequence[NDArray[Any]]) -> NDArray[np.float64]:
    """The product of weights of the same rows; in parts of its largest where it leaves float64, as 1e200 · 1e200 does.

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
