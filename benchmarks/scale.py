"""A plan for 10^9 rows and 10^4 networks: bytes, hours, cost, and what breaks first.

    python benchmarks/scale.py                                  # some minutes
    python benchmarks/scale.py --rows 1e8 --networks 1e3 --cores 32 --price 0.05

It measures the fit of a table model on generated files, the training of a network on one core, and what the process
that runs a pack does for each network.  The costs of messages are those of clusters.py in benchmarks/results.  The
price of a core is an assumption.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

import json_results
from json_results import Results
from multilayer import MLPClassifier, TableClassifier
from multilayer.network import Network, n_parameters
from multilayer.packs import Slice
from multilayer.packs.clusters import ClusterPack
from multilayer.packs.clusters.executors import Answer, Worker
from multilayer.packs.clusters.messages import SharedArrays
from multilayer.packs.clusters.worker import work_on
from multilayer.packs.members import Member
from multilayer.selection.data import Data
from multilayer.selection.training import ModelTraining

RESULTS = Path(__file__).parent / "results"
N_NUMBERS, N_WORDS = 26, 4  # the columns of the table
LAYERS = (64, 64)
EPOCHS, SAMPLE = 20, 1_000_000  # of the networks of a search
BYTES_OF_A_ROW_NUMBER = np.dtype(np.intp).itemsize
N_FOLDS = 5
HOUR, DAY, YEAR = 3600.0, 86_400.0, 31_557_600.0
GB = 1e9


@dataclass(frozen=True)
class TablePace:
    """The fit of a table model on files.

    Attributes
    ----------
    stored, encoded : float
        The bytes of a row in Parquet files and as encoded float32.
    reading, encoding, training : float
        The rows per second of the two passes and of the training, on all cores.
    cores : int
        The number of cores.
    peak : float
        The peak of the resident memory, in bytes.
    """

    stored: float
    encoded: float
    reading: float
    encoding: float
    training: float
    cores: int
    peak: float


@dataclass(frozen=True)
class NetworkPace:
    """One network of a pack, and what the process that runs the pack does for it.

    Attributes
    ----------
    rows_per_second : float
        The rows of its training on one core.
    state : float
        The bytes of its progress in a message.
    driver_seconds : float
        The time of the process that runs the pack.
    driver_bytes : float
        The memory of its result there.
    """

    rows_per_second: float
    state: float
    driver_seconds: float
    driver_bytes: float


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
        return [Worker(number, 1) for number in range(64)]

    def submit(self, worker: Worker, message: Any, arrays: Any) -> int:  # noqa: ARG002 all workers are this process
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


def trained(n: int) -> np.ndarray:
    """Return the parameters of a network without training it."""
    return np.zeros(n, dtype=np.float32)


def measured_network(n_members: int) -> NetworkPace:
    rng = np.random.RandomState(0)
    X = rng.standard_normal((100_000, N_NUMBERS + N_WORDS)).astype(np.float32)
    y = (X[:, 0] * X[:, 1] > 0).astype(np.int64)
    network = MLPClassifier(LAYERS, batch_size=1024, max_iter=12, n_iter_no_change=None, random_state=0, n_jobs=1)
    data = Data.of(X, y, None, network)
    fit = data.begin(network, np.arange(len(y)))
    fit.train(2)
    before = fit.seconds
    fit.train(10)
    pace = 10 * len(y) / (fit.seconds - before)
    task = ModelTraining(data, MLPClassifier(LAYERS, max_iter=50, random_state=0), np.arange(len(y)))
    task.advance(Slice(0.1))
    arrays = SharedArrays()
    arrays.encode((data, task.rows), changes=False)  # what is sent once
    state = len(arrays.encode(task, changes=True)[0].data)
    executor = ImmediateExecutor()
    resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    n = n_parameters(Network((N_NUMBERS + N_WORDS, *LAYERS, 1), ("relu", "relu"), "sigmoid"))
    began = time.perf_counter()
    with ClusterPack(executor) as pack:
        pack.add(*(Member(i, partial(trained, n)) for i in range(n_members)))
        kept = list(pack.ended())
    seconds = time.perf_counter() - began - executor.seconds
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - resident) * UNIT_OF_RSS
    return NetworkPace(pace, state, seconds / n_members, grown / len(kept))


UNIT_OF_RSS = 1 if sys.platform == "darwin" else 1024


def write_files(folder: Path, n_rows: int) -> None:
    """Write Parquet files with a target that depends on some of the columns."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rng = np.random.RandomState(0)
    words = np.array([f"word {i}" for i in range(12)])
    for part, start in enumerate(range(0, n_rows, 250_000)):
        n = min(250_000, n_rows - start)
        X = rng.standard_normal((n, N_NUMBERS)).astype(np.float32)
        codes = rng.randint(12, size=(n, N_WORDS))
        y = X[:, 0] * X[:, 1] + (codes[:, 0] > 5) + rng.standard_normal(n) > 0.5
        columns = {f"number {i}": X[:, i] for i in range(N_NUMBERS)}
        columns |= {f"word {i}": words[codes[:, i]] for i in range(N_WORDS)}
        columns["target"] = np.where(y, "yes", "no")
        pq.write_table(pa.table(columns), folder / f"{part:04}.parquet")


def measured_table(n_rows: int, memory: str) -> TablePace:
    """Fit a table model on generated files in this process, which therefore has to be new."""
    last: dict[str, Any] = {}

    def note(event: Any) -> None:
        if hasattr(event, "phase"):
            last[event.phase] = event

    with tempfile.TemporaryDirectory() as folder:
        write_files(Path(folder), n_rows)
        stored = sum(each.stat().st_size for each in Path(folder).iterdir()) / n_rows
        model = TableClassifier("quick", memory=memory, random_state=0, callbacks=[note])
        model.fit(folder, "target")
    encoder = model.members_[0].encoder
    width = sum(report.width for report in encoder.columns_)
    paces = {phase: event.n_rows / event.seconds for phase, event in last.items()}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * UNIT_OF_RSS
    return TablePace(stored, 4.0 * width + 8.0, **paces, cores=os.cpu_count() or 1, peak=peak)


def in_new_process(measure: Callable[..., Any], *arguments: Any) -> Any:
    """Return the result of a function in a new process, of which the peak of the memory is its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as processes:
        return processes.submit(measure, *arguments).result()


def plan_of_table(pace: TablePace, n_rows: float, price: float) -> Results:
    """Return bytes, hours and cost of one table model on so many rows."""
    seconds = {phase: n_rows / getattr(pace, phase) for phase in ("reading", "encoding", "training")}
    rows = [
        ["Parquet files", f"{pace.stored:.0f} bytes a row", n_rows * pace.stored / GB, None, None],
        [
            "first pass: summary, sample, split",
            f"{pace.reading:,.0f} rows a second",
            None,
            seconds["reading"] / HOUR,
            None,
        ],
        ["second pass: encoding", f"{pace.encoding:,.0f} rows a second", None, seconds["encoding"] / HOUR, None],
        ["encoded rows on disk", f"{pace.encoded:.0f} bytes a row", n_rows * pace.encoded / GB, None, None],
        ["training, one pass", f"{pace.training:,.0f} rows a second", None, seconds["training"] / HOUR, None],
        ["memory", "peak of this measurement", pace.peak / GB, None, None],
    ]
    for row in rows:
        if row[3] is not None:
            row[4] = row[3] * pace.cores * price
    total = sum(seconds.values()) / HOUR
    rows.append([f"whole fit on {pace.cores} cores", "", None, total, total * pace.cores * price])
    title = "one table model on many rows"
    return Results(title, ["part", "measured", "size", "time", "cost"], ["", "", "GB", "h", "$"], rows)


def plan_of_networks(pace: NetworkPace, n: float, cores: int, price: float, overheads: dict[str, float]) -> Results:
    """Return bytes, hours and cost of many networks on a table of a million rows."""
    core_seconds = n * SAMPLE * EPOCHS / pace.rows_per_second
    work = f"{SAMPLE:,} rows x {EPOCHS} epochs at {pace.rows_per_second:,.0f} rows a second and core"
    rows = [
        ["training", work, None, core_seconds / HOUR / cores, core_seconds / HOUR * price],
        ["state of the networks in training", f"{pace.state / 1e3:.0f} kB each", cores * pace.state / GB, None, None],
        ["results in the driver", f"{pace.driver_bytes / 1e3:.0f} kB each", n * pace.driver_bytes / GB, None, None],
        ["driver", f"{1e3 * pace.driver_seconds:.2f} ms a network", None, n * pace.driver_seconds / HOUR, None],
    ]
    for name, overhead in overheads.items():
        measured = f"{1e3 * overhead:.1f} ms a network more than in threads"
        rows.append([f"messages of {name}", measured, None, n * overhead / HOUR / cores, None])
    # A ninth of the epochs for all, two ninths more for a third of them, the other six for a ninth.
    halved = core_seconds * (1 / 9 + 2 / 9 / 3 + 6 / 9 / 9)
    rows.append(
        ["training with halving", "a quarter of the epochs", None, halved / HOUR / cores, halved / HOUR * price]
    )
    title = f"many networks on {cores} cores"
    return Results(title, ["part", "measured", "size", "time", "cost"], ["", "", "GB", "h", "$"], rows)


def limits(
    table: TablePace, network: NetworkPace, n_rows: float, n_networks: float, cores: int, price: float
) -> Results:
    """Return what does not fit, in the order in which it breaks."""
    width = table.encoded - 8.0
    both = n_networks * n_rows / network.rows_per_second
    rows = [
        ["a table in memory, float32", f"{width:.0f} bytes a row", f"{64 * GB / width:,.0f} rows in 64 GB"],
        [
            f"row numbers of {N_FOLDS} folds",
            f"{BYTES_OF_A_ROW_NUMBER} bytes a row and fold",
            f"{n_rows * BYTES_OF_A_ROW_NUMBER * (N_FOLDS - 1) / GB:,.0f} GB for {n_rows:.0e} rows",
        ],
        [
            "one reader of the files",
            f"{table.reading:,.0f} rows a second",
            f"{DAY * table.reading:.1e} rows a day",
        ],
        ["disk for encoded rows", f"{table.encoded:.0f} bytes a row", f"{1e3 * GB / table.encoded:.1e} rows in 1 TB"],
        [
            "the driver of a pack",
            f"{1e3 * network.driver_seconds:.2f} ms a network",
            f"{cores} cores wait if a network takes less than {1e3 * network.driver_seconds * cores:.0f} ms",
        ],
        [
            f"{n_networks:.0e} networks on {n_rows:.0e} rows, one pass",
            f"{network.rows_per_second:,.0f} rows a second and core",
            f"{both / YEAR:,.2g} core-years, ${both / HOUR * price:,.0f}, or {both / cores / DAY:,.2g} days on "
            f"{cores} cores",
        ],
    ]
    return Results("what breaks first", ["limit", "measured", "reached at"], ["", "", ""], rows)


def overheads() -> dict[str, float]:
    """Return the seconds that a member takes longer on a cluster than in threads, from the results of clusters.py."""
    path = RESULTS / "clusters.json"
    if not path.exists():
        return {}
    table = json.loads(path.read_text(encoding="utf-8"))["tables"][0]
    at = {name: table["columns"].index(name) for name in ("on", "overhead a member")}
    found = {row[at["on"]]: 1e-3 * row[at["overhead a member"]] for row in table["rows"] if "small" in row[0]}
    return {name: max(found[name], 0.0) for name in ("Dask", "Ray") if name in found}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=float, default=1e9, help="rows of the plan")
    parser.add_argument("--networks", type=float, default=1e4, help="networks of the plan")
    parser.add_argument("--cores", type=int, default=64, help="cores of the cluster of the plan")
    parser.add_argument("--price", type=float, default=0.04, help="an assumption: dollars for an hour of a core")
    parser.add_argument("--measured-rows", type=int, default=2_000_000, help="rows of the table that is measured")
    parser.add_argument("--memory", default="1GB", help="the limit of the measured fit")
    json_results.add_option(parser)
    options = parser.parse_args()
    table = in_new_process(measured_table, options.measured_rows, options.memory)
    network = in_new_process(measured_network, int(options.networks))
    tables = [
        plan_of_table(table, options.rows, options.price),
        plan_of_networks(network, options.networks, options.cores, options.price, overheads()),
        limits(table, network, options.rows, options.networks, options.cores, options.price),
    ]
    json_results.show(tables)
    if options.json:
        json_results.write(options.json, tables)


if __name__ == "__main__":
    main()
