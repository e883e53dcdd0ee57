"""The compiled calls of training: a run of updates, and one gradient."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from multilayer.engines.cpu import dense, narrow
from multilayer.engines.cpu.blocks import clear_padding, fill, gather_transposed_into
from multilayer.engines.cpu.compiling import belongs_to, inlined, inner, inner_sum, kernel
from multilayer.engines.cpu.costs import chosen_into
from multilayer.engines.cpu.outputs import output_into
from multilayer.engines.cpu.plan import N_IN, N_OUT, PLACE, PRESENT, START, STOP, THETA, Data, Descent, Plan, Work
from multilayer.engines.cpu.subnormals import flush, restore
from multilayer.engines.cpu.updates import (
    after_update_into,
    before_update_into,
    first_factor,
    refines,
    sum_of_squares,
    update_into,
    update_sections_into,
)
from multilayer.engines.cpu.views import block, line
from multilayer.network import Floats

PIECE = 4096  # the number of parameters that are processed together


class Path(NamedTuple):
    """One way to run the layers of a network; ``dense.py`` and ``narrow.py`` each define one."""

    name: str
    columns: Callable[[int], int]  # rows of a block -> width of the transposed block, with padding
    forward: Callable[..., None]  # (plan, data, work, theta, first, rows): Z transposed to work.outputs
    backward: Callable[..., None]  # (..., keep): from delta transposed in work.errors to Delta, added up
    collect: Callable[..., None]  # (work): Delta of the whole batch to work.gradient
    output: Callable[..., None]  # (plan, Z, Y, delta, scratch): delta of the last layer, and the cost


class Kernels(NamedTuple):
    """The compiled calls of one path."""

    descend: Callable[..., int]
    cost_and_gradient: Callable[..., float]


def make_kernels(path: Path) -> Kernels:
    """Return the kernels of a path.  A kernel is compiled when it is first called, so an unused path costs nothing."""
    columns_of, forward, backward, collect = path.columns, path.forward, path.backward, path.collect
    delta_into = path.output

    @inlined
    @belongs_to(path.name)
    def batch_cost(plan: Plan, data: Data, work: Work, theta: Floats, start: int, stop: int) -> tuple[float, float]:
        """Return the cost of one batch without (C4) and the weight of its rows; store Delta in work.gradient."""
        K = plan.layers[len(plan.layers) - 1, N_OUT]
        total_cost, total_weight = 0.0, 0.0
        # The blocks of one batch have equal sizes: 200 rows are 100 and 100, not 156 and 44.
        n_blocks = -(-(stop - start) // plan.block)
        size = columns_of(-(-(stop - start) // n_blocks))
        stays, present = _look_up(data, work, K, start, stop)
        for first in range(start, stop, size):
            rows = min(size, stop - first)
            columns = columns_of(rows)
            work.held[PLACE] = first - start if stays else 0
            work.held[PRESENT] = 1 if present else 0
            forward(plan, data, work, theta, first, rows)
            Z, Y = block(work.outputs, 0, K, columns), block(work.targets, work.held[PLACE] * K, K, columns)
            delta = block(work.errors, 0, K, columns)
            if not present:
                gather_transposed_into(Y, data.Y, data.order, first, rows)
            delta_into(plan, Z, Y, delta, block(work.scratch, 0, 2, columns))
            total_weight += _weigh(data, first, rows, delta, Z)
            clear_padding(delta, rows)
            clear_padding(Z, rows)
            total_cost += _sum(line(work.outputs, 0, K * columns))
            backward(plan, data, work, theta, first, rows, 0.0 if first == start else 1.0)
        collect(work)
        if total_weight <= 0.0:  # every row of the batch has weight 0
            return 0.0, 0.0
        return total_cost / total_weight, total_weight

    @inlined
    @belongs_to(path.name)
    def do_updates(
        plan: Plan, data: Data, work: Work, theta: Floats, descent: Descent, costs: NDArray[np.float64]
    ) -> int:
        squares = _squares(plan, theta, data.lam)
        is_plain = data.lam1 == 0.0 and not refines(descent)
        for i in range(len(descent.starts)):
            work.clock[0], work.clock[1] = descent.t + i, descent.starts[i]
            J, weight = batch_cost(plan, data, work, theta, descent.starts[i], descent.stops[i])
            costs[i] = J + _regularization(squares, data.lam, weight) + _absolutes(plan, theta, data.lam1, weight)
            if not np.isfinite(costs[i]):
                return i + 1
            factor = first_factor(descent.rule, descent.numbers, descent.step_sizes[i], descent.t + i + 1)
            if is_plain:
                squares = _update(plan, theta, work.gradient, descent, factor, data.lam, weight)
                continue
            # Clipping needs the whole gradient before any weight is changed.
            _finish_gradient(plan, work.gradient, theta, data, weight)
            before_update_into(plan, descent, theta, work.gradient, descent.step_sizes[i])
            if len(descent.factors) > 0:
                update_sections_into(plan, descent, theta, work.gradient, factor)
            else:
                update_into(descent.rule, descent.numbers, theta, work.gradient, descent.slots, 0, factor)
            after_update_into(descent, theta, descent.t + i + 1)
            squares = _squares(plan, theta, data.lam)
        return len(descent.starts)

    @kernel
    @belongs_to(path.name)
    def descend(plan: Plan, data: Data, work: Work, theta: Floats, descent: Descent, costs: NDArray[np.float64]) -> int:
        """Perform the updates; return the number of costs written, of which the last may not be finite."""
        state = flush()
        done = do_updates(plan, data, work, theta, descent, costs)
        restore(state)
        return done

    @kernel
    @belongs_to(path.name)
    def cost_and_gradient(plan: Plan, data: Data, work: Work, theta: Floats, m: int) -> float:
        """Return J over rows 0 .. m - 1; store D in work.gradient."""
        state = flush()
        J, weight = batch_cost(plan, data, work, theta, 0, m)
        _finish_gradient(plan, work.gradient, theta, data, weight)
        squares = _squares(plan, theta, data.lam)
        J += _regularization(squares, data.lam, weight) + _absolutes(plan, theta, data.lam1, weight)
        restore(state)
        return J

    return Kernels(descend, cost_and_gradient)


@inlined
def _look_up(data: Data, work: Work, K: int, start: int, stop: int) -> tuple[bool, bool]:
    """Return whether the batch fits into the memory for transposed rows, and whether it is there already."""
    stays = len(data.order) == 0 and narrow.columns(stop - start) * K <= work.targets.size
    present = stays and work.held[START] == start and work.held[STOP] == stop
    work.held[START], work.held[STOP] = (start, stop) if stays else (0, 0)
    return stays, present


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


@inlined
def _regularization(squares: float, lam: float, m: float) -> float:
    """(C4) Return λ/(2m) times the squared weights, or 0 if m is 0."""
    return lam / (2.0 * m) * squares if m > 0.0 else 0.0


@inlined
def _squares(plan: Plan, theta: Floats, lam: float) -> float:
    """Return the sum of the squared weights if λ is not 0, with the order of additions of ``_update``."""
    squares = 0.0
    if lam > 0.0:
        for l in range(len(plan.layers)):
            k, n, t = plan.layers[l, N_IN], plan.layers[l, N_OUT], plan.layers[l, THETA]
            for w in range(t + n, t + n + k * n, PIECE):
                squares += sum_of_squares(line(theta, w, min(PIECE, t + n + k * n - w)))
    return squares


@inlined
def _update(plan: Plan, theta: Floats, D: Floats, descent: Descent, factor: float, lam: float, m: float) -> float:
    """(B4) Finish the gradient and update, piece by piece, so that each loop finds its data in the cache.

    Return the sum of the squared weights after the update, if λ is not 0.
    """
    squares, first = 0.0, 0
    for l in range(len(plan.layers)):
        k, n, t = plan.layers[l, N_IN], plan.layers[l, N_OUT], plan.layers[l, THETA]
        # Parameters without a penalty are stored between the weights of two layers: gain and shift of the one, and the
        # biases of the other.  They are updated with the first weights after them.
        _finish_into(line(D, first, t + n - first), line(theta, first, t + n - first), 0.0, m)
        for w in range(t + n, t + n + k * n, PIECE):
            stop = min(w + PIECE, t + n + k * n)
            weights, size = line(theta, w, stop - w), stop - first
            _finish_into(line(D, w, stop - w), weights, lam, m)
            here, gradient = line(theta, first, size), line(D, first, size)
            update_into(descent.rule, descent.numbers, here, gradient, descent.slots, first, factor)
            if lam > 0.0:
                squares += sum_of_squares(weights)
            first = stop
    return squares


@inlined
def _finish_gradient(plan: Plan, D: Floats, theta: Floats, data: Data, m: float) -> None:
    """(B4) Finish the whole gradient, with the derivative of (C13)."""
    first = 0
    for l in range(len(plan.layers)):
        k, n, t = plan.layers[l, N_IN], plan.layers[l, N_OUT], plan.layers[l, THETA]
        _finish_into(line(D, first, t + n - first), line(theta, first, t + n - first), 0.0, m)
        first = t + n + k * n
        _finish_into(line(D, t + n, k * n), line(theta, t + n, k * n), data.lam, m)
        if data.lam1 > 0.0 and m > 0.0:
            _add_signs_into(line(D, t + n, k * n), line(theta, t + n, k * n), data.lam1 / m)


@inlined
def _absolutes(plan: Plan, theta: Floats, lam1: float, m: float) -> float:
    """(C13) Return λ1/m times the weights' absolute values, or 0 if m is 0."""
    absolutes = 0.0
    if lam1 > 0.0 and m > 0.0:
        for l in range(len(plan.layers)):
            k, n, t = plan.layers[l, N_IN], plan.layers[l, N_OUT], plan.layers[l, THETA]
            absolutes += _sum_of_absolutes(line(theta, t + n, k * n))
        absolutes *= lam1 / m
    return absolutes


@inner
def _add_signs_into(D: Floats, weights: Floats, rate: float) -> None:
    up, zero = D.dtype.type(rate), D.dtype.type(0)
    for p in range(D.size):
        w = weights[p]
        D[p] += up if w > zero else -up if w < zero else zero


@inner
def _finish_into(D: Floats, theta: Floats, lam: float, m: float) -> None:
    """(B4) Compute D = Delta / m + λ/m Theta, or 0 if m is 0."""
    if m <= 0.0:
        fill(D, 0.0)
        return
    scale, rate = D.dtype.type(1.0 / m), D.dtype.type(lam / m)
    for p in range(D.size):
        D[p] = D[p] * scale + rate * theta[p]


@inner_sum
def _sum(x: Floats) -> float:
    total = 0.0
    for i in range(x.size):
        total += x[i]
    return total


@inner_sum
def _sum_of_absolutes(x: Floats) -> float:
    total = 0.0
    for i in range(x.size):
        total += abs(x[i])
    return total


_DENSE = Path("dense", dense.columns, *dense.PLAIN, dense.collect, output_into)
_NORMALIZED = Path("normalized", dense.columns, *dense.NORMALIZED, dense.collect, output_into)
_EMBEDDED = Path("embedded", dense.columns, *dense.EMBEDDED, dense.collect, output_into)
_EMBEDDED_NORMALIZED = Path(
    "embedded_normalized", dense.columns, *dense.EMBEDDED_NORMALIZED, dense.collect, output_into
)
_NARROW = Path("narrow", narrow.columns, narrow.forward, narrow.backward, narrow.collect, output_into)
DENSE, NARROW = make_kernels(_DENSE), make_kernels(_NARROW)
# The same with chosen costs, and with normalised layers; separate, so that other networks need not compile them.
DENSE_CHOSEN = make_kernels(_DENSE._replace(name="dense_chosen", output=chosen_into))
NORMALIZED = make_kernels(_NORMALIZED)
NORMALIZED_CHOSEN = make_kernels(_NORMALIZED._replace(name="normalized_chosen", output=chosen_into))
EMBEDDED, EMBEDDED_NORMALIZED = make_kernels(_EMBEDDED), make_kernels(_EMBEDDED_NORMALIZED)
EMBEDDED_CHOSEN = make_kernels(_EMBEDDED._replace(name="embedded_chosen", output=chosen_into))
EMBEDDED_NORMALIZED_CHOSEN = make_kernels(
    _EMBEDDED_NORMALIZED._replace(name="embedded_normalized_chosen", output=chosen_into)
)
NARROW_CHOSEN = make_kernels(_NARROW._replace(name="narrow_chosen", output=chosen_into))
