"""Threads that share the work of an update, without a thread that divides it.

The work of an update is a sequence of stages, and a stage is a number of items that do not depend on each other.  Each
thread of a team runs the same kernel: it takes the next item of the current stage, and the thread that finishes the
last item of a stage prepares the next one.  So a stage ends with its last item, whichever threads are running then: a
thread that starts late, or that the operating system has stopped while it had no item, delays nobody.  One thread does
the whole work by the same code.

What an item computes depends on its number alone, and results of items are added in the order of their numbers.  So all
results are the same, bit for bit, for any number of threads.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from multilayer.engines.cpu.atomics import fetch_add, load_word, store_word, wait_while_in
from multilayer.engines.cpu.compiling import inlined, inner

# A ticket is one word, so that a thread learns at once which stage is current and which item of it is its own: the
# number of the stage, the number of its items, and the next item.
BITS = 20
MASK = (1 << BITS) - 1
STAGES = (1 << (63 - 2 * BITS)) - 1

# Places in Team.words.  Words that all threads write have a line of the cache each.
TICKET, FINISHED = 0, 8
KIND = 16  # the kind of the current stage
UPDATED = 17  # the number of the updates that are finished, and so of the current one
FIRST, STOP = 18, 19  # the rows of the current chunk
SIZE, BLOCKS = 20, 21  # the rows of a block, and the number of blocks
PRESENT = 22  # 1 if the batch stands transposed in memory already
DONE = 23  # the number of costs that are written
WORDS = 24

# Places in Team.numbers: sums over the blocks of a batch, of which the cost becomes J; the penalties of all weights;
# and what the pieces of an update have in common: see updates.Factors.
COST, WEIGHT, SQUARES, ABSOLUTES, STEP, SHRINKING, SHARE = range(7)
NUMBERS = 7


class Team(NamedTuple):
    """What the threads of a team share, besides the arrays of the work."""

    words: NDArray[np.int64]  # (WORDS,)
    numbers: NDArray[np.float64]  # (NUMBERS,)
    of_blocks: NDArray[np.float64]  # (blocks of a chunk, 2): cost and weight of each
    of_pieces: NDArray[np.float64]  # (pieces, 2): sums of squares and of absolute values


def make_team(n_blocks: int, n_pieces: int) -> Team:
    """Return a team whose first stage has not begun: its only item is to begin."""
    words = np.zeros(WORDS, dtype=np.int64)
    words[TICKET] = 1 << BITS
    return Team(words, np.zeros(NUMBERS), np.zeros((n_blocks, 2)), np.zeros((n_pieces, 2)))


@inner
def take_item(words: NDArray[np.int64]) -> int:
    """Return the number of the next item, which is this thread's; -1 when all stages have ended."""
    while True:
        ticket = fetch_add(words, TICKET, 1)
        n_items = (ticket >> BITS) & MASK
        if n_items == 0:
            return -1
        if ticket & MASK < n_items:
            return ticket & MASK
        wait_while_in(words, TICKET, BITS, ticket >> BITS)


@inlined
def is_last_of_stage(words: NDArray[np.int64]) -> bool:
    """Note that an item is finished; return whether it was the last one, so that this thread begins the next stage."""
    # Read before the addition: as soon as the item counts as finished, another thread may begin the next stage.
    n_items = (load_word(words, TICKET) >> BITS) & MASK
    return fetch_add(words, FINISHED, 1) + 1 == n_items


@inner
def begin_stage(words: NDArray[np.int64], n_items: int) -> None:
    """Begin the next stage, after everything that its items read has been written; 0 items end the work."""
    stage = ((load_word(words, TICKET) >> (2 * BITS)) + 1) & STAGES
    words[FINISHED] = 0
    store_word(words, TICKET, (stage << (2 * BITS)) | (n_items << BITS))
