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
def shuffle_into(
    orders: NDArray[np.intp],
    order: NDArray[np.intp],
    key: NDArray[np.uint32],
    position: int,
    memory: NDArray[np.int64],
) -> int:
    """Fill each row of ``orders`` with the previous row, shuffled; the first row is ``order``, shuffled.

    ``key``, (624,), and ``position`` are the generator's state.  The key is advanced in place; the new position is
    returned.  ``memory``, (2, 624), holds numbers of the generator, and accepted places.

    Up to half of the draws are rejected, at random, so that a branch would often be predicted wrongly.  Instead, each
    draw is written to the list of accepted places, which a rejected one does not lengthen.  The swaps follow, with
    places that are known in advance, so that the processor need not wait for memory before each.
    """
    words, places = memory[0], memory[1]
    _temper_into(words, key)
    for e in range(orders.shape[0]):
        for r in range(order.size):
            orders[e, r] = order[r] if e == 0 else orders[e - 1, r]
        last, mask = order.size - 1, 1
        while mask < last:
            mask = 2 * mask + 1
        while last > 0:
            if position == WORDS:
                _twist(key)
                _temper_into(words, key)
                position = 0
            n, least = 0, mask // 2  # down to there, places have as many bits as the mask
            while position < WORDS and last - n > least:
                places[n] = words[position] & mask
                position += 1
                n += 1 if places[n] <= last - n else 0
            for i in range(n):
                place = places[i]
                orders[e, last - i], orders[e, place] = orders[e, place], orders[e, last - i]
            last -= n
            if last <= least:
                mask = least
    return position


@inner
def _twist(key: NDArray[np.uint32]) -> None:
    """Replace the key by the next 624 words."""
    # In parts without a branch on i, in which the entries that are read are not written.
    for i in range(WORDS - MIDDLE):
        key[i] = _next(key[i], key[i + 1], key[i + MIDDLE])
    for i in range(WORDS - MIDDLE, WORDS - 1):
        key[i] = _next(key[i], key[i + 1], key[i + MIDDLE - WORDS])
    key[WORDS - 1] = _next(key[WORDS - 1], key[0], key[MIDDLE - 1])


@inner
def _next(word: Any, following: Any, partner: Any) -> Any:
    y = (np.int64(word) & _UPPER) | (np.int64(following) & _LOWER)
    return np.uint32(np.int64(partner) ^ (y >> 1) ^ ((y & 1) * _TWIST))


@inner
def _temper_into(words: NDArray[np.int64], key: NDArray[np.uint32]) -> None:
    """Write the numbers of the generator that the key holds."""
    for i in range(WORDS):
        y = np.int64(key[i])
        y ^= y >> 11
        y ^= (y << 7) & 0x9D2C5680
        y ^= (y << 15) & 0xEFC60000
        words[i] = (y ^ (y >> 18)) & 0xFFFFFFFF
