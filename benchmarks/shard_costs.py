"""The cost model of one network on sharded rows: the predicted time of an update on k workers.

``data_parallel.py`` measures its constants, and compares it with one and two workers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from multilayer.engines.sharded.shards import ranges
from multilayer.engines.sharded.tree import complete_subtrees


@dataclass(frozen=True)
class ShardedWork:
    """An update of one network on a batch, and the measured times of its parts.

    Attributes
    ----------
    n_parameters : int
        The number P of weights and biases.
    batch : int
        The number of rows of the batch.
    itemsize : int
        The bytes of a number.
    n_shards : int
        The number of shards.
    shard_seconds : float
        The time of the gradient of the batch's rows in one shard, with the copy of these rows.
    driver_seconds : float
        The time in which the driver divides the batch, adds the penalty and applies the rule.
    """

    n_parameters: int
    batch: int
    itemsize: int
    n_shards: int
    shard_seconds: float
    driver_seconds: float


@dataclass(frozen=True)
class Cluster:
    """The measured constants of a cluster.

    Attributes
    ----------
    latency : float
        The seconds of a call of one actor and its result, without data.
    seconds_per_worker : float
        The seconds that each further worker adds to such a call.
    sent_per_second : float
        The bytes of parameters per second from the driver to its object store and from there to a worker.
    received_per_second : float
        The bytes of gradients per second from a worker to the driver.
    added_per_second : float
        The bytes of each of two gradients per second that a sum processes.
    network : float
        The bytes per second of the driver's network; infinite for workers on its machine.
    """

    latency: float
    seconds_per_worker: float
    sent_per_second: float
    received_per_second: float
    added_per_second: float
    network: float = math.inf


@dataclass(frozen=True)
class UpdateTime:
    """The seconds of the parts of an update, which follow each other."""

    compute: float
    calls: float
    broadcast: float
    gather: float
    reduction: float
    update: float

    @property
    def total(self) -> float:
        """The seconds of the update."""
        return self.compute + self.calls + self.broadcast + self.gather + self.reduction + self.update


def update_time(work: ShardedWork, cluster: Cluster, n_workers: int) -> UpdateTime:
    """Predict the time of one update: t(k) = compute + calls + broadcast + gather + reduction + update.

    - compute: the worker with the most shards computes their gradients, one after the other, and adds them to its
      partial sums.  Rows of the batch are taken to be spread evenly over the shards that have any; of n shards, a
      random batch of B rows meets n (1 - (1 - 1/n)^B).
    - calls: the latency, and the driver's work for each further worker.
    - broadcast: the driver stores P numbers and the row numbers of the batch once, and its network sends the numbers to
      each worker.
    - gather: each worker returns one partial sum for each maximal complete subtree of its shards, so one if k and the
      number of shards are powers of two, and the driver receives all of them.
    - reduction: the driver adds them.
    - update: the driver divides the batch, adds the penalty and applies the rule, while the workers wait.

    Nothing overlaps, and all workers are equally fast: the model has no term for the slowest of many machines.

    Parameters
    ----------
    work : ShardedWork
        The network and the batch.
    cluster : Cluster
        The constants of the cluster.
    n_workers : int
        The number k of workers.

    Returns
    -------
    UpdateTime
        The seconds of each part.
    """
    workers = ranges(work.n_shards, n_workers)
    n_returned = [len(complete_subtrees(first, stop)) for first, stop in workers]
    size = work.n_parameters * work.itemsize
    of_sum = size / cluster.added_per_second
    share_with_rows = 1.0 - (1.0 - 1.0 / work.n_shards) ** work.batch
    of_workers = [
        share_with_rows * ((stop - first) * work.shard_seconds + (stop - first - n) * of_sum)
        for (first, stop), n in zip(workers, n_returned, strict=True)
    ]
    row_numbers = 8 * work.batch
    return UpdateTime(
        compute=max(of_workers),
        calls=cluster.latency + (n_workers - 1) * cluster.seconds_per_worker,
        broadcast=(size + row_numbers) / cluster.sent_per_second + (n_workers * size + row_numbers) / cluster.network,
        gather=sum(n_returned) * size * (1.0 / cluster.received_per_second + 1.0 / cluster.network),
        reduction=(sum(n_returned) - 1) * of_sum,
        update=work.driver_seconds,
    )
