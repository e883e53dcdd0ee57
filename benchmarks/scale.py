"""A plan for 10^9 rows and 10^4 networks: bytes, hours, cost, and what breaks first.

    python benchmarks/scale.py                                  # about a minute
    python benchmarks/scale.py --rows 1e8 --networks 1e3 --cores 32 --price 0.05

It measures what the process that runs a pack does for each member, and takes the other constants from the results of
large_tables.py, clusters.py and data_parallel.py in benchmarks/results: run those first to plan for another machine.
The price of a core is an assumption.
"""

from __future__ import annotations

import argparse
import json
import math
import resource
import sys
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

import json_results
from json_results import Results
from multilayer import MLPClassifier
from multilayer.packs import Slice
from multilayer.packs.clusters import ClusterPack
from multilayer.packs.clusters.executors import Answer, Worker
from multilayer.packs.clusters.messages import SharedArrays, encode
from multilayer.packs.clusters.worker import work_on
from multilayer.packs.members import Member
from multilayer.selection.data import Data
from multilayer.selection.training import ModelTraining

RESULTS = Path(__file__).parent / "results"
MEGABYTE, GIGABYTE = 1e6, 1e9
# The row number of a fold or of an order.
BYTES_OF_A_ROW_NUMBER = np.dtype(np.intp).itemsize


class ImmediateExecutor:
    """A worker in this process whose members are done at once, so that the time of a pack is that of its driver."""

    name, least_seconds = "immediate", 2.0

    def __init__(self) -> None:
        self.seconds = 0.0
        self._sent: list[tuple[int, Any, Any]] = []
        self._tickets = 0

    def open(self) -> None:
        """Do nothing."""

    def workers(self) -> list[Worker]:
        return [Worker(0, 1)]

    def submit(self, worker: Worker, message: Any, arrays: Any) -> int:  # noqa: ARG002 the only worker
        self._tickets += 1
        self._sent.append((self._tickets, message, {each.number: each.array for each in arrays}))
        return self._tickets

    def wait(self, seconds: float) -> list[Answer]:  # noqa: ARG002 nothing takes long
        began = time.perf_counter()
        answers = [Answer(ticket, work_on(message, arrays)) for ticket, message, arrays in self._sent]
        self._sent = []
        self.seconds += time.perf_counter() - began
        return answers

    def close(self) -> None:
        """Do nothing."""


@dataclass(frozen=True)
class Driver:
    """What the process that runs a pack needs for each member: seconds, bytes of its result, bytes of its state."""

    seconds: float
    bytes_kept: float
    bytes_of_state: float


def trained(n_parameters: int) -> np.ndarray:
    """Return the parameters of a network without training it."""
    return np.zeros(n_parameters, dtype=np.float32)


def measured_driver(n_members: int) -> Driver:
    X = np.random.RandomState(0).standard_normal((20_000, 30)).astype(np.float32)
    y = (X[:, 0] > 0).astype(np.int64)
    network = MLPClassifier((64, 64), max_iter=4, n_iter_no_change=None, random_state=0)
    task = ModelTraining(Data.of(X, y, None, network), network, np.arange(len(y)))
    task.advance(Slice(0.25))
    n_parameters = 31 * 64 + 65 * 64 + 65
    state = len(encode(task, SharedArrays().number_of).data)
    executor = ImmediateExecutor()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.perf_counter()
    with ClusterPack(executor) as pack:
        pack.add(*(Member(i, partial(trained, n_parameters)) for i in range(n_members)))
        kept = list(pack.ended())
    seconds = time.perf_counter() - began - executor.seconds
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * (1 if sys.platform == "darwin" else 1024)
    return Driver(seconds / n_members, grown / len(kept), state)
