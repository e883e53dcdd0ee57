"""When one network on sharded rows pays: measured constants, one and two workers, and a prediction for up to 64.

    python benchmarks/data_parallel.py              # some minutes
    python benchmarks/data_parallel.py --quick      # about a minute, small networks only

The workers are Ray actors on this machine, with one thread each.  The first table has the constants of the cost model
in shard_costs.py, the second compares the model with measured updates, and the third predicts the speed-up over the
ordinary engine with one thread, for workers that are machines like this one.  The bandwidth of their network cannot be
measured here: it is that of --network, in gigabits per second.
"""

from __future__ import annotations

import argparse
import math
import statistics
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

import json_results
from json_results import Cell, Results
from multilayer.engines import Batches, Objective, at_most, concurrent_calls, get_engine, new_state, sharded_rows
from multilayer.engines.sharded.engine import ShardedEngine
from multilayer.engines.sharded.ray_actors import RayActors
from multilayer.engines.sharded.sharding import Sharding
from multilayer.engines.sharded.worker import PartialSum
from multilayer.engines.sharded.workers import ShardedTable, ShardWorkers
from multilayer.equations import Adam
from multilayer.network import Network, n_parameters
from shard_costs import Cluster, ShardedWork, update_time

N_INPUTS = 100
WIDTHS = (64, 256, 1024)  # of two hidden layers
BATCHES = (1024, 16_384, 131_072)
QUICK = ((64, 256), (1024, 16_384))
WORKERS = (1, 2, 4, 8, 16, 32, 64)
# Measured batches have at most so many multiply-adds, which takes some seconds.
MOST_MULTIPLICATIONS = 4e11
# The longest gradient of one engine that is measured; larger batches take proportionally longer.
MOST_ROWS = 4096


@dataclass(frozen=True)
class Measured:
    """One network and batch: the constants of the model, and the time of the ordinary engine."""

    width: int
    work: ShardedWork
    ordinary_seconds: float


def seconds(run: Callable[[], Any], rounds: int) -> float:
    """Return the median time of some calls after a first one."""
    run()
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        run()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def network_of(width: int) -> Network:
    return Network((N_INPUTS, width, width, 1), ("relu", "relu"), "identity")


def problem(width: int, rows: int) -> tuple[Objective, np.ndarray]:
    rng, network = np.random.RandomState(0), network_of(width)
    X = rng.standard_normal((rows, N_INPUTS)).astype(np.float32)
    parameters = (rng.standard_normal(n_parameters(network)) / math.sqrt(width)).astype(np.float32)
    return Objective(network, X, X[:, :1].copy(), lam=1e-4), parameters


def one_update(rows: int) -> Batches:
    """Return an update on all rows in a random order."""
    order = np.random.RandomState(1).permutation(rows).astype(np.intp)
    return Batches(order, np.zeros(1, dtype=np.intp), np.full(1, rows, dtype=np.intp), np.full(1, 1e-6))


def measured_work(width: int, batch: int, n_shards: int, rounds: int) -> Measured:
    network = network_of(width)
    engine = get_engine("cpu", network)
    of_shard = -(-batch // n_shards)
    objective, parameters = problem(width, of_shard)
    rows = np.random.RandomState(1).permutation(of_shard)

    def gradient_of_shard() -> None:
        part = replace(objective, X=objective.X[rows], Y=objective.Y[rows], lam=0.0)
        engine.cost_and_gradient(part, parameters)

    whole, _ = problem(width, batch)
    measured_rows = min(batch, MOST_ROWS)
    part, of_part, of_whole = problem(width, measured_rows)[0], one_update(measured_rows), one_update(batch)
    driver = ShardedEngine(engine, Sharding(IdleWorkers(len(parameters)), n_shards))
    state = new_state(network, Adam(), parameters.copy())
    with at_most(1), concurrent_calls():
        shard_seconds = seconds(gradient_of_shard, 5 * rounds)
        ordinary = seconds(lambda: engine.descend(part, Adam(), state, of_part), rounds)
        driver_seconds = seconds(lambda: driver.descend(whole, Adam(), state, of_whole), rounds)
    work = ShardedWork(len(parameters), batch, 4, n_shards, shard_seconds, driver_seconds)
    return Measured(width, work, ordinary * batch / measured_rows)


class IdleWorkers(ShardWorkers):
    """A worker that returns the same sums at once, so that the time of an update is that of its driver."""

    n_workers = 1

    def __init__(self, n_parameters: int) -> None:
        self._sums = [[PartialSum(1.0, 1.0, np.full(n_parameters, 1e-3, dtype=np.float32))]]

    def load(self, table: ShardedTable) -> None:
        pass

    def partial_sums(self, table: int, parameters: Any, parts: Any) -> Any:  # noqa: ARG002 of the protocol
        return self._sums

    def release(self, table: int) -> None:
        pass

    def close(self) -> None:
        pass


class Echo:
    """An actor of Ray that receives and returns arrays."""

    def nothing(self) -> None:
        return None

    def receive(self, array: np.ndarray) -> float:
        return float(array[::1024].sum())  # reads a number of every page of memory

    def give(self, n: int) -> np.ndarray:
        return np.ones(n, dtype=np.float32)


def measured_cluster(rounds: int) -> Cluster:
    import ray

    RayActors(2, 1)  # raises an error if the cluster has fewer than two CPUs
    actors = [ray.remote(num_cpus=1)(Echo).remote() for _ in range(2)]
    ray.get([actor.nothing.remote() for actor in actors])
    one = seconds(lambda: ray.get(actors[0].nothing.remote()), 50 * rounds)
    two = seconds(lambda: ray.get([actor.nothing.remote() for actor in actors]), 50 * rounds)
    sent, added = np.ones(2_000_000, dtype=np.float32), np.ones(2_000_000, dtype=np.float32)
    send = seconds(lambda: ray.get(actors[0].receive.remote(ray.put(sent))), 5 * rounds)
    receive = seconds(lambda: ray.get(actors[0].give.remote(len(sent))), 5 * rounds)
    add = seconds(lambda: sent + added, 5 * rounds)
    for actor in actors:
        ray.kill(actor)
    return Cluster(
        latency=one,
        seconds_per_worker=max(two - one, 0.0),
        sent_per_second=sent.nbytes / max(send - one, 1e-9),
        received_per_second=sent.nbytes / max(receive - one, 1e-9),
        added_per_second=sent.nbytes / add,
    )


def measured_update(width: int, work: ShardedWork, k: int, rounds: int) -> float:
    """Return the time of an update on k workers that are Ray actors."""
    objective, parameters = problem(width, work.batch)
    update = one_update(work.batch)
    with sharded_rows(k, n_shards=work.n_shards, backend="ray"):
        engine = get_engine("cpu", objective.network)
        state = new_state(objective.network, Adam(), parameters.copy())
        return seconds(lambda: engine.descend(objective, Adam(), state, update), rounds)


def constants(cluster: Cluster, works: list[Measured]) -> tuple[Results, Results]:
    of_cluster = [
        ("call of an actor, without data", f"{cluster.latency * 1e3:.3g} ms"),
        ("each further worker", f"{cluster.seconds_per_worker * 1e3:.3g} ms"),
        ("parameters to a worker on this machine", f"{cluster.sent_per_second / 1e6:.3g} MB/s"),
        ("gradients from a worker on this machine", f"{cluster.received_per_second / 1e6:.3g} MB/s"),
        ("sum of two gradients", f"{cluster.added_per_second / 1e6:.3g} MB/s"),
    ]
    columns = ("width", "weights", "batch", "gradient of a shard", "a row and weight", "driver alone")
    rows: list[tuple[Cell, ...]] = []
    for each in works:
        of_shard = each.work.batch / each.work.n_shards
        of_weight = each.work.shard_seconds / of_shard / each.work.n_parameters
        figures = (each.work.shard_seconds * 1e3, of_weight * 1e9, each.work.driver_seconds * 1e3)
        rows.append((str(each.width), f"{each.work.n_parameters:,}", f"{each.work.batch:,}", *figures))
    return (
        Results("constants of Ray on this machine", ("what", "figure"), ("", ""), of_cluster),
        Results("constants of networks", columns, ("", "", "", "ms", "ns", "ms"), rows),
    )


def comparison(cluster: Cluster, works: list[Measured], rounds: int) -> Results:
    """Compare the model with measured updates, where these are not too long."""
    rows: list[tuple[Cell, ...]] = []
    for each in works:
        if 3 * each.work.n_parameters * each.work.batch > MOST_MULTIPLICATIONS:
            continue
        for k in (1, 2):
            measured = measured_update(each.width, each.work, k, rounds) * 1e3
            predicted = update_time(each.work, cluster, k).total * 1e3
            name = (str(each.width), f"{each.work.batch:,}", str(k))
            rows.append((*name, each.ordinary_seconds * 1e3, measured, predicted, measured / predicted))
    columns = ("width", "batch", "workers", "ordinary engine", "measured", "predicted", "measured / predicted")
    return Results("one and two workers on this machine", columns, ("", "", "", "ms", "ms", "ms", "x"), rows)


def prediction(cluster: Cluster, works: list[Measured], gigabits: float) -> Results:
    """Predict the speed-up over the ordinary engine with one thread."""
    workers = [k for k in WORKERS if k <= works[0].work.n_shards]
    far = replace(cluster, network=gigabits * 1e9 / 8)
    rows: list[tuple[Cell, ...]] = [
        (
            str(each.width),
            f"{each.work.batch:,}",
            *(each.ordinary_seconds / update_time(each.work, far, k).total for k in workers),
        )
        for each in works
    ]
    title = f"predicted speed-up, network of {gigabits:g} Gbit/s"
    columns = ("width", "batch", *(f"{k} worker{'s' if k > 1 else ''}" for k in workers))
    return Results(title, columns, ("", "", *("x" for _ in workers)), rows)


def show(results: Results) -> None:
    table = Table(*results.columns, title=results.title)
    units = results.units
    for row in results.rows:
        cells = zip(row, units, strict=True)
        table.add_row(
            *(cell if isinstance(cell, str) else f"{cell:.3g}{u if u == 'x' else f' {u}'}" for cell, u in cells)
        )
    Console(width=120).print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="fewer networks and rounds")
    parser.add_argument("--shards", type=int, default=64, help="the number of shards, 64 by default")
    parser.add_argument("--network", type=float, default=10.0, help="bandwidth in Gbit/s, 10 by default")
    json_results.add_option(parser)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    import ray

    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    widths, batches = QUICK if options.quick else (WIDTHS, BATCHES)
    rounds = 3 if options.quick else options.rounds
    works = [measured_work(width, batch, options.shards, rounds) for width in widths for batch in batches]
    cluster = measured_cluster(rounds)
    tables = [
        *constants(cluster, works),
        comparison(cluster, works, rounds),
        prediction(cluster, works, options.network),
    ]
    ray.shutdown()
    for table in tables:
        show(table)
    if options.json:
        versions = json_results.installed_versions() | {"ray": ray.__version__}
        json_results.write(options.json, tables, versions)


if __name__ == "__main__":
    main()
