r"""Dropout: units that are omitted from one update, chosen by reproducible random numbers.

(R1) M_l is 1 / (1 - p) for kept units and 0 for dropped units, which have the probability p;  A_l ← A_l * M_l.

Dividing by 1 - p preserves the expected input of the next layer, so that a prediction needs no correction.
The same mask multiplies (B2): a dropped unit receives no gradient.

The dropped units are a function of (seed, update, layer, row, unit), computed by a counter-based generator: it mixes
a counter with a key and has no state.  Engines that process a batch in different orders, or on different machines,
draw the same masks, and a run that is resumed at update t continues as if it had not stopped.

References: Srivastava et al. (2014), dropout; Salmon et al. (2011), "Parallel random numbers: as easy as 1, 2, 3",
the generator Philox 4x32-10.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from multilayer.equations.activations import Array

Words = NDArray[np.uint64]

ROUNDS = 10
MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
KEY_STEPS = (0x9E3779B9, 0xBB67AE85)
MASK_32 = 0xFFFFFFFF


def philox(counter: tuple[Words, Words, Words, Words], key: tuple[int, int]) -> tuple[Words, Words, Words, Words]:
    """(R2) Compute Philox 4x32-10: four random 32-bit words from a counter of four and a key of two.

    Each round multiplies two words of the counter by constants, keeps the upper and lower halves of the 64-bit
    products, and mixes them crosswise with the other two words and the key.

    Examples
    --------
    >>> zero = np.zeros(1, dtype=np.uint64)
    >>> [f"{int(word[0]):08x}" for word in philox((zero, zero, zero, zero), (0, 0))]
    ['6627e8d5', 'e169c58d', 'bc57ac4c', '9b00dbd8']
    """
    c0, c1, c2, c3 = (np.asarray(word, dtype=np.uint64) for word in counter)
    k0, k1 = key
    low = np.uint64(MASK_32)
    for _ in range(ROUNDS):
        first = c0 * np.uint64(MULTIPLIERS[0])
        second = c2 * np.uint64(MULTIPLIERS[1])
        c0 = (second >> np.uint64(32)) ^ c1 ^ np.uint64(k0)
        c1 = second & low
        c2 = (first >> np.uint64(32)) ^ c3 ^ np.uint64(k1)
        c3 = first & low
        k0, k1 = (k0 + KEY_STEPS[0]) & MASK_32, (k1 + KEY_STEPS[1]) & MASK_32
    return c0, c1, c2, c3


def threshold(rate: float) -> int:
    """(R3) Return the rate as a fraction of 2^32; units whose word is smaller are dropped."""
    return round(rate * 2.0**32)


def dropout_mask(rate: float, seed: int, update: int, layer: int, n_rows: int, n_units: int) -> Array:
    """(R1) Compute the mask M_l of one update.

    Parameters
    ----------
    rate : float
        The probability p, from 0 up to but not including 1.
    seed : int
        From 0 to 2^64 - 1.
    update : int
        The number of previous updates.
    layer : int
        0 for the inputs, 1 for the first hidden layer, and so on.
    n_rows, n_units : int
        Shape of A_l for this batch; rows are numbered by their position in the batch.

    Returns
    -------
    array of shape (n_rows, n_units), float64
        0 for dropped units, 1 / (1 - p) for the others.

    Examples
    --------
    >>> mask = dropout_mask(0.25, seed=0, update=0, layer=1, n_rows=1000, n_units=100)
    >>> np.unique(mask), bool(abs(mask.mean() - 1) < 0.01)
    (array([0.        , 1.33333333]), True)
    """
    # One call of the generator gives the words of four adjacent units.
    rows = np.arange(n_rows, dtype=np.uint64)[:, np.newaxis]
    quads = np.arange(-(-n_units // 4), dtype=np.uint64)[np.newaxis, :]
    rows, quads = np.broadcast_arrays(rows, quads)
    counter = (quads, rows, np.full_like(rows, layer), np.full_like(rows, update & MASK_32))
    words = np.stack(philox(counter, (seed & MASK_32, seed >> 32)), axis=2)  # (n_rows, quads, 4)
    dropped = words.reshape(n_rows, -1)[:, :n_units] < threshold(rate)
    return np.where(dropped, 0.0, 1.0 / (1.0 - rate))


def dropout_masks(
    rates: tuple[float, ...], seed: int, update: int, n_rows: int, layer_sizes: tuple[int, ...]
) -> list[Array] | None:
    """(R1) Compute the masks of all layers except the last.

    Parameters
    ----------
    rates : tuple of float
        The rate p of each layer except the last.
    seed, update, n_rows : int
        As for :func:`dropout_mask`.
    layer_sizes : tuple of int
        The sizes s_1 .. s_L.

    Returns
    -------
    list of L - 1 arrays, or None
        The masks; None if every rate is 0.

    Examples
    --------
    >>> [mask.shape for mask in dropout_masks((0.0, 0.5), seed=0, update=0, n_rows=4, layer_sizes=(2, 3, 1))]
    [(4, 2), (4, 3)]
    """
    if not any(rates):
        return None
    return [
        dropout_mask(rate, seed, update, layer, n_rows, n_units)
        for layer, (rate, n_units) in enumerate(zip(rates, layer_sizes[:-1], strict=True))
    ]
