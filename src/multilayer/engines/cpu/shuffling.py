"""Orders of rows for many epochs in one compiled call that releases the GIL.

The draws are those of ``RandomState.shuffle``, whose stream NumPy guarantees not to change: the Mersenne Twister
(Matsumoto and Nishimura, 1998), the Fisher-Yates shuffle from the last position to the first, and rejection sampling:
for each position the next number, masked to the bits of the position, that does not exceed it.  With NumPy they take up
to an eighth of the training time of a small network, during which NumPy holds the GIL.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from multilayer.engines.cpu.compiling import inner, kernel

WORDS, MIDDLE = 624, 397
_UPPER, _LOWER, _TWIST = 0x80000000, 0x7FFFFFFF, 0x9908B0DF


@kernel
def shuffle_into(orders: NDArray[np.intp], order: NDArray[np.intp], key: NDArray[np.uint32], position: int) -> int:
    """Fill each row of ``orders`` with the previous row, shuffled; the first row is ``order``, shuffled.

    ``key``, (624,), and ``position`` are the generator's state.  The key is advanced in place; the
    new position is returned.
    """
    for e in range(orders.shape[0]):
        for r in range(order.size):
            orders[e, r] = order[r] if e == 0 else orders[e - 1, r]
        mask = 1
        while mask < order.size - 1:
            mask = 2 * mask + 1
        for last in range(order.size - 1, 0, -1):
            while mask // 2 >= last:
                mask //= 2
            place = last + 1
            while place > last:
                if position == WORDS:
                    _twist(key)
                    position = 0
                place = _tempered(np.int64(key[position])) & mask
                position += 1
            orders[e, last], orders[e, place] = orders[e, place], orders[e, last]
    return position


@inner
def _twist(key: NDArray[np.uint32]) -> None:
    """Replace the key by the next 624 words."""
    for i in range(WORDS):
        following = i + 1 if i + 1 < WORDS else 0
        partner = i + MIDDLE if i + MIDDLE < WORDS else i + MIDDLE - WORDS
        y = (np.int64(key[i]) & _UPPER) | (np.int64(key[following]) & _LOWER)
        key[i] = np.uint32(np.int64(key[partner]) ^ (y >> 1) ^ (_TWIST if y & 1 else 0))


@inner
def _tempered(y: Any) -> Any:
    y ^= y >> 11
    y ^= (y << 7) & 0x9D2C5680
    y ^= (y << 15) & 0xEFC60000
    return y ^ (y >> 18)
