"""A worker: it has the shards of some objectives and computes their parts of costs and gradients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from multilayer.engines.choice import get_engine
from multilayer.engines.protocol import Engine, Objective
from multilayer.engines.sharded.shards import BatchPart, Shard
from multilayer.engines.sharded.tree import Node, complete_subtrees, tree_sum
from multilayer.engines.threads import at_most
from multilayer.network import Floats, Network


class PartialSum(NamedTuple):
    """Sums over the rows of some shards, without penalty."""

    cost: float
    weight: float  # of the rows; their number if they have no weights
    gradient: Floats


def add(left: PartialSum, right: PartialSum) -> PartialSum:
    """Return the sum of two partial sums."""
    # A diverging network overflows; its cost, which is not finite, reports it.
    with np.errstate(over="ignore", invalid="ignore"):
        gradient = left.gradient + right.gradient
        return PartialSum(left.cost + right.cost, left.weight + right.weight, gradient)


@dataclass(frozen=True, eq=False)
class _Table:
    engine: Engine
    network: Network
    first: int  # the number of the first shard
    shards: tuple[Shard, ...]


class ShardWorker:
    """Computes partial sums, in any process.

    Parameters
    ----------
    n_threads : int
        The number of threads that it may use.
    """

    def __init__(self, n_threads: int) -> None:
        self._n_threads = n_threads
        self._tables: dict[int, _Table] = {}

    def load(self, table: int, engine: str, network: Network, first: int, *shards: Shard) -> None:
        """Load the shards of an objective under a table number.

        Parameters
        ----------
        table : int
            The number of the table.
        engine : str
            The name of the engine.
        network : Network
            The network.
        first : int
            The number of the first shard.
        *shards : Shard
            The shards.
        """
        self._tables[table] = _Table(get_engine(engine, network, is_local=True), network, first, shards)

    def release(self, table: int) -> None:
        """Release the shards of a table."""
        self._tables.pop(table, None)

    def partial_sums(self, table: int, parameters: Floats, part: BatchPart) -> list[PartialSum | None]:
        """Return the sums over the maximal complete subtrees of this worker's shards.

        Parameters
        ----------
        table : int
            The number of the table.
        parameters : array of shape (P,)
            The parameter vector.
        part : BatchPart
            The rows of the batch.

        Returns
        -------
        list of PartialSum or None
            One for each subtree, in order; None for a subtree without rows of the batch.
        """
        loaded = self._tables[table]

        def of_shard(leaf: Node) -> PartialSum | None:
            return _partial_sum(loaded, leaf.place - loaded.first, parameters, part)

        nodes = complete_subtrees(loaded.first, loaded.first + len(loaded.shards))
        # With one BLAS thread, a product does not depend on the number of cores.
        with at_most(self._n_threads), loaded.engine.concurrent_calls():
            return [tree_sum(node, lambda inner: inner.level == 0, of_shard, add) for node in nodes]


def _partial_sum(loaded: _Table, i: int, parameters: Floats, part: BatchPart) -> PartialSum | None:
    shard, rows = loaded.shards[i], part.of_shard(i)
    X, Y = (shard.X, shard.Y) if isinstance(rows, slice) else (shard.X[rows], shard.Y[rows])
    if not len(Y):
        return None
    weight = None if shard.sample_weight is None else shard.sample_weight[rows]
    total = float(len(Y) if weight is None else weight.sum(dtype=np.float64))
    J, D = loaded.engine.cost_and_gradient(Objective(loaded.network, X, Y, sample_weight=weight), parameters)
    with np.errstate(over="ignore", invalid="ignore"):
        return PartialSum(J * total, total, D * total)  # the engine divides by the sum of the weights
