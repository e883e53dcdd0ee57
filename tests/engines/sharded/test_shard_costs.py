"""The cost model of benchmarks/shard_costs.py counts what the engine does."""

from __future__ import annotations

import importlib.util
import math
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from multilayer.engines import get_engine, sharded_rows
from multilayer.engines.sharded import worker

from .runs import a_run, workers_of_context

PATH = Path(__file__).parents[3] / "benchmarks" / "shard_costs.py"


@pytest.fixture(scope="module")
def costs() -> Any:
    spec = importlib.util.spec_from_file_location("_shard_costs", PATH)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["_shard_costs"] = module  # dataclasses look up the module of their annotations
    spec.loader.exec_module(module)
    yield module
    del sys.modules["_shard_costs"]


@pytest.fixture
def work(costs: Any) -> Any:
    return costs.ShardedWork(
        n_parameters=1000, batch=100_000, itemsize=4, n_shards=64, shard_seconds=0.5, driver_seconds=3.0
    )


@pytest.fixture
def cluster(costs: Any) -> Any:
    return costs.Cluster(
        latency=2.0, seconds_per_worker=0.25, sent_per_second=80_400, received_per_second=2000, added_per_second=1000
    )


def test_an_update_on_four_workers_by_hand(costs: Any, work: Any, cluster: Any) -> None:
    # A vector has 4,000 bytes; its sum takes 4 s, its way to the driver 2 s.  Each worker has 16 shards and adds
    # 15 times.
    time = costs.update_time(work, cluster, 4)
    assert time.compute == pytest.approx(16 * 0.5 + 15 * 4.0)
    assert time.calls == pytest.approx(2.0 + 3 * 0.25)
    assert time.broadcast == pytest.approx((4000 + 800_000) / 80_400)
    assert time.gather == pytest.approx(4 * 2.0)
    assert time.reduction == pytest.approx(3 * 4.0)
    assert time.update == 3.0
    parts = (time.compute, time.calls, time.broadcast, time.gather, time.reduction, time.update)
    assert time.total == pytest.approx(sum(parts))


def test_the_network_sends_the_parameters_to_each_worker_and_receives_each_sum(
    costs: Any, work: Any, cluster: Any
) -> None:
    near, far = (costs.update_time(work, replace(cluster, network=bytes_), 8) for bytes_ in (math.inf, 1000.0))
    assert far.broadcast - near.broadcast == pytest.approx(8 * 4.0 + 800.0)
    assert far.gather - near.gather == pytest.approx(8 * 4.0)


def test_a_small_batch_does_not_meet_all_shards(costs: Any, work: Any, cluster: Any) -> None:
    time = costs.update_time(replace(work, batch=1), replace(cluster, added_per_second=math.inf), 1)
    assert time.compute == pytest.approx(0.5)


def test_the_driver_sums_alone_what_64_workers_return(costs: Any, work: Any, cluster: Any) -> None:
    time = costs.update_time(work, cluster, 64)
    assert time.compute == pytest.approx(0.5)
    assert time.reduction == pytest.approx(63 * 4.0)


@pytest.mark.parametrize("k", [1, 2, 3, 7])
def test_the_model_counts_the_gradients_and_sums_of_the_engine(
    costs: Any, work: Any, cluster: Any, k: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    returned = []
    with sharded_rows(k):
        workers = workers_of_context()
        partial_sums = workers.partial_sums

        def counted(*arguments: Any) -> Any:
            returned.append(partial_sums(*arguments))
            return returned[-1]

        monkeypatch.setattr(workers, "partial_sums", counted)
        a_run()
    n_returned = sum(map(len, returned[0]))
    free = replace(cluster, received_per_second=4000.0)
    assert costs.update_time(work, free, k).gather == pytest.approx(n_returned)
    assert isinstance(returned[0][0][0], worker.PartialSum)
    assert get_engine("cpu").name == "cpu"
