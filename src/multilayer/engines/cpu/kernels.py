"""The compiled call of training: a run of updates, or one gradient, by one thread or several.

An update has these stages, whose items any thread of the team takes (``team.py``):

- ROWS: an item for each block of rows, with forward propagation, the cost, and delta of all layers;
- PIECES: an item for each piece of the parameters, with its gradient, a sum over all rows, and its update;
- UPDATE: with clipping, which needs the whole gradient before any weight changes, the update of each piece.

A batch with more rows than a chunk has ROWS and PIECES for each chunk, and is updated with the last one.  No sum is
divided among threads, so all results are the same for any number of threads.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from multilayer.engines.cpu import dense, narrow
from multilayer.engines.cpu.blocks import clear_padding, gather_transposed_into
from multilayer.engines.cpu.compiling import belongs_to, inlined, inner, inner_sum, kernel
from multilayer.engines.cpu.costs import chosen_into
from multilayer.engines.cpu.outputs import output_into
from multilayer.engines.cpu.plan import N_OUT, Block, Chunk, Data, Descent, Plan, Work, block_size, chunk_size
from multilayer.engines.cpu.subnormals import flush, restore
from multilayer.engines.cpu.team import (
    ABSOLUTES,
    BLOCKS,
    COST,
    DONE,
    FIRST,
    KIND,
    PRESENT,
    SHARE,
    SHRINKING,
    SIZE,
    SQUARES,
    STEP,
    STOP,
    UPDATED,
    WEIGHT,
    Team,
    begin_stage,
    is_last_of_stage,
    take_item,
)
from multilayer.engines.cpu.updates import NO_RULE, Factors, Steps, first_factor, work_on_piece
from multilayer.engines.cpu.views import block, line
from multilayer.network import Floats

# The kinds of stages.  A team begins with one item of START, and one of MEASURE for each piece: the penalties of the
# weights before the first update.
START, MEASURE, ROWS, PIECES, UPDATE = range(5)


class Path(NamedTuple):
    """One way to run the layers of a network; ``dense.py`` and ``narrow.py`` each define one."""

    name: str
    columns: Callable[[int], int]  # rows of a block -> width of the transposed block, with padding
    forward: Callable[..., None]  # (plan, data, work, theta, Block): Z transposed to work.outputs
    backward: Callable[..., None]  # the same arguments: from delta, transposed in work.errors, all that PIECES needs
    gradient: Callable[..., None]  # (plan, data, work, Chunk, piece, keep): Delta of a piece, added to work.gradient
    arrange: Callable[..., None]  # (plan, work, theta, piece): the weights of a piece as the products need them
    output: Callable[..., None]  # (plan, Z, Y, delta, scratch): delta of the last layer, and the cost


def make_kernel(path: Path) -> Callable[..., int]:
    """Return the kernel of a path.  It is compiled when it is first called, so an unused path costs nothing."""
    columns_of, forward, backward, delta_into = path.columns, path.forward, path.backward, path.output
    gradient, arrange = path.gradient, path.arrange

    @inlined
    @belongs_to(path.name)
    def work_on_rows(
        plan: Plan, data: Data, work: Work, theta: Floats, descent: Descent, team: Team, item: int
    ) -> None:
        """Compute cost and delta of one block."""
        words, K = team.words, plan.layers[len(plan.layers) - 1, N_OUT]
        at = item * words[SIZE]
        first = words[FIRST] + at
        rows = min(words[SIZE], words[STOP] - first)
        columns = columns_of(rows)
        place = first - descent.starts[words[UPDATED]] if plan.kept > 0 else 0
        here = Block(first, at, rows, item, place, words[PRESENT] != 0)
        forward(plan, data, work, theta, here)
        Z, Y = block(work.outputs, 0, K, columns), block(work.targets, place * K, K, columns)
        delta = block(work.errors, 0, K, columns)
        if not here.present:
            gather_transposed_into(Y, data.Y, data.order, first, rows)
        delta_into(plan, Z, Y, delta, block(work.scratch, 0, 2, columns))
        team.of_blocks[item, 1] = _weigh(data, first, rows, delta, Z)
        clear_padding(delta, rows)
        clear_padding(Z, rows)
        team.of_blocks[item, 0] = _sum(line(work.outputs, 0, K * columns))
        backward(plan, data, work, theta, here)

    @inlined
    @belongs_to(path.name)
    def work_on_parameters(
        plan: Plan, data: Data, work: Work, theta: Floats, descent: Descent, team: Team, item: int
    ) -> None:
        """Compute the gradient of one piece, and update it, as far as the stage asks for it."""
        words, numbers = team.words, team.numbers
        i, kind = words[UPDATED], words[KIND]
        is_first, is_last = words[FIRST] == descent.starts[i], words[STOP] == descent.stops[i]
        if kind == PIECES:
            chunk = Chunk(words[FIRST], words[STOP] - words[FIRST], words[BLOCKS])
            gradient(plan, data, work, chunk, item, 0.0 if is_first else 1.0)
            if not is_last:
                return
        does = Steps(kind == PIECES, kind == UPDATE or (kind == PIECES and not _waits(descent)))
        factors = Factors(numbers[WEIGHT], descent.step_sizes[i], numbers[STEP], numbers[SHRINKING], numbers[SHARE])
        sums = work_on_piece(plan, data, descent, theta, work.gradient, factors, item, does)
        team.of_pieces[item, 0], team.of_pieces[item, 1] = sums
        if does.update or kind == MEASURE:
            arrange(plan, work, theta, item)

    @inlined
    @belongs_to(path.name)
    def begin_chunk(plan: Plan, work: Work, descent: Descent, team: Team, first: int) -> None:
        """Begin ROWS for the chunk that starts at a row."""
        words, i = team.words, team.words[UPDATED]
        start, stop = descent.starts[i], descent.stops[i]
        if first == start:
            team.numbers[COST], team.numbers[WEIGHT] = 0.0, 0.0
            work.clock[0], work.clock[1] = descent.t + i, start
            is_repeated = i > 0 and start == descent.starts[i - 1] and stop == descent.stops[i - 1]
            words[PRESENT] = 1 if plan.kept > 0 and is_repeated else 0
        words[FIRST] = first
        words[STOP] = min(first + columns_of(chunk_size(stop - start, plan.chunk)), stop)
        rows = words[STOP] - first
        size = columns_of(block_size(rows, plan.block, plan.least))
        words[SIZE] = max(-(-size // plan.tile) * plan.tile, 1)
        words[BLOCKS] = max(-(-rows // words[SIZE]), 1)  # a batch without rows has an empty block
        words[KIND] = ROWS
        begin_stage(words, words[BLOCKS])

    @inlined
    @belongs_to(path.name)
    def begin_next(
        plan: Plan, data: Data, work: Work, descent: Descent, costs: NDArray[np.float64], team: Team
    ) -> None:
        """Begin the stage after the current one, whose items are finished."""
        words, numbers = team.words, team.numbers
        kind, i, n_pieces = words[KIND], words[UPDATED], len(plan.pieces)
        is_last = words[STOP] == descent.stops[i]
        if kind == START:
            _begin(words, MEASURE, n_pieces)
        elif kind == ROWS:
            for b in range(words[BLOCKS]):
                numbers[COST] += team.of_blocks[b, 0]
                numbers[WEIGHT] += team.of_blocks[b, 1]
            if is_last:
                _set_numbers(data, descent, numbers, i)
                costs[i], words[DONE] = numbers[COST], i + 1
            if is_last and descent.rule != NO_RULE and not np.isfinite(costs[i]):
                begin_stage(words, 0)
            else:
                _begin(words, PIECES, n_pieces)
        elif kind == PIECES and not is_last:
            begin_chunk(plan, work, descent, team, words[STOP])
        elif kind == PIECES and descent.rule != NO_RULE and _waits(descent):
            norm = math.sqrt(_total(team.of_pieces, 0))
            numbers[SHRINKING] = descent.clip_norm / norm if norm > descent.clip_norm else 1.0
            _begin(words, UPDATE, n_pieces)
        else:
            numbers[SQUARES], numbers[ABSOLUTES] = _total(team.of_pieces, 0), _total(team.of_pieces, 1)
            words[UPDATED] = i = i if kind == MEASURE else i + 1
            if i < len(descent.starts):
                begin_chunk(plan, work, descent, team, descent.starts[i])
            else:
                begin_stage(words, 0)

    @kernel
    @belongs_to(path.name)
    def descend(
        plan: Plan,
        data: Data,
        work: Work,
        theta: Floats,
        descent: Descent,
        costs: NDArray[np.float64],
        team: Team,
    ) -> int:
        """Perform the updates, as one thread of a team; return the number of costs that are written at the end.

        The last cost may not be finite.  Without a rule, there is one batch, whose gradient is left in work.gradient.
        """
        state = flush()
        while True:
            item = take_item(team.words)
            if item < 0:
                break
            if team.words[KIND] == ROWS:
                work_on_rows(plan, data, work, theta, descent, team, item)
            elif team.words[KIND] != START:
                work_on_parameters(plan, data, work, theta, descent, team, item)
            if is_last_of_stage(team.words):
                begin_next(plan, data, work, descent, costs, team)
        restore(state)
        return team.words[DONE]

    return descend


@inlined
def _waits(descent: Descent) -> bool:
    """Return whether no weight may change before the whole gradient is known."""
    return descent.rule == NO_RULE or descent.clip_norm < math.inf


@inlined
def _begin(words: NDArray[np.int64], kind: int, n_items: int) -> None:
    words[KIND] = kind
    begin_stage(words, n_items)


@inlined
def _set_numbers(data: Data, descent: Descent, numbers: NDArray[np.float64], i: int) -> None:
    """Compute the cost J of a batch, with (C4) and (C13), and what all pieces of its update have in common."""
    m, t = numbers[WEIGHT], descent.t + i + 1
    if m > 0.0:
        penalties = 0.5 * data.lam * numbers[SQUARES] + data.lam1 * numbers[ABSOLUTES]
        numbers[COST] = numbers[COST] / m + penalties / m
    else:  # every row of the batch has weight 0
        numbers[COST] = 0.0
    numbers[STEP] = first_factor(descent.rule, descent.numbers, descent.step_sizes[i], t)
    numbers[SHRINKING] = 1.0
    numbers[SHARE] = (1.0 - descent.beta) / (1.0 - descent.beta**t) if descent.beta > 0.0 else 0.0


@inlined
def _weigh(data: Data, first: int, rows: int, delta: Floats, cost: Floats) -> float:
    """Multiply delta and cost by the rows' weights, if there are any; return the sum of the weights."""
    if len(data.weight) == 0:
        return float(rows)
    total = 0.0
    for r in range(rows):
        w = data.weight[data.order[first + r] if len(data.order) > 0 else first + r]
        total += w
        for k in range(delta.shape[0]):
            delta[k, r] *= w
            cost[k, r] *= w
    return total


@inner
def _total(sums: NDArray[np.float64], column: int) -> float:
    total = 0.0
    for p in range(len(sums)):
        total += sums[p, column]
    return total


@inner_sum
def _sum(x: Floats) -> float:
    total = 0.0
    for i in range(x.size):
        total += x[i]
    return total


_DENSE = Path("dense", dense.columns, *dense.PLAIN, dense.gradient_of_piece, dense.arrange, output_into)
_NORMALIZED = _DENSE._replace(name="normalized", forward=dense.NORMALIZED[0], backward=dense.NORMALIZED[1])
_EMBEDDED = _DENSE._replace(name="embedded", forward=dense.EMBEDDED[0], backward=dense.EMBEDDED[1])
_EMBEDDED_NORMALIZED = _DENSE._replace(
    name="embedded_normalized", forward=dense.EMBEDDED_NORMALIZED[0], backward=dense.EMBEDDED_NORMALIZED[1]
)
_NARROW = Path(
    "narrow", narrow.columns, narrow.forward, narrow.backward, narrow.gradient_of_piece, narrow.arrange, output_into
)


def _with_chosen_costs(path: Path) -> Callable[..., int]:
    return make_kernel(path._replace(name=f"{path.name}_chosen", output=chosen_into))


DENSE, NARROW = make_kernel(_DENSE), make_kernel(_NARROW)
# The same with chosen costs, normalised layers, and embeddings; separate, so that other networks need not compile them.
DENSE_CHOSEN, NARROW_CHOSEN = _with_chosen_costs(_DENSE), _with_chosen_costs(_NARROW)
NORMALIZED, NORMALIZED_CHOSEN = make_kernel(_NORMALIZED), _with_chosen_costs(_NORMALIZED)
EMBEDDED, EMBEDDED_CHOSEN = make_kernel(_EMBEDDED), _with_chosen_costs(_EMBEDDED)
EMBEDDED_NORMALIZED = make_kernel(_EMBEDDED_NORMALIZED)
EMBEDDED_NORMALIZED_CHOSEN = _with_chosen_costs(_EMBEDDED_NORMALIZED)
