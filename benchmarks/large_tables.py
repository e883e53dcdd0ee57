"""Fit a table model on more rows than memory: time of each phase, memory, rows per second beside training in memory.

    python benchmarks/large_tables.py                   # 0.2 GB of Parquet files, which are 3.4 GB of encoded rows
    python benchmarks/large_tables.py --gigabytes 1     # 17 GB of encoded rows
    python benchmarks/large_tables.py --kill            # also a fit that is killed in the middle of training

The files are made from a seed, row group by row group. Each fit has a process of its own, which reports its peak memory
as the operating system counts it. The rows beside it are the first ones of the same table, in the same encoding: one
pass in memory by the same network, by scikit-learn's MLPClassifier with the same layers and batches, and by a linear
model. All are scored on the same new rows.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

import json_results
from made_rows import NUMBERS

CHILD = Path(__file__).with_name("large_tables_runs.py")
MAKER = Path(__file__).with_name("made_rows.py")
# Of this table; the fit itself compares the exact number with the free space of the disk.
BYTES_OF_ROW, BYTES_OF_ENCODED_ROW = 115, 2_000
KILL_GIGABYTES = 0.03
PHASES = ("reading", "encoding", "training")
IN_WORDS = {"reading": "reading, summaries of columns", "encoding": "encoding to the file", "training": "training"}

CONSOLE = Console(width=150)


def run(task: str, **options: Any) -> dict[str, Any]:
    """Run a task in a new process and return the figures of its last line."""
    process = subprocess.run(_command(task, options), check=True, stdout=subprocess.PIPE, text=True)
    return dict(json.loads(process.stdout.splitlines()[-1]))


def run_until(n_rows: int, task: str, **options: Any) -> float:
    """Kill a task when it has trained on so many rows and has a checkpoint; return the seconds until then."""
    began = time.perf_counter()
    process = subprocess.Popen(_command(task, options), stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for line in process.stdout:
        word, _, number = line.partition(" ")
        if word == "training" and int(number) >= n_rows and any(Path(options["scratch"]).glob("network-*.npz")):
            os.kill(process.pid, signal.SIGKILL)
            break
    process.stdout.close()
    if process.wait() != -signal.SIGKILL:
        raise SystemExit("the fit ended before it could be killed. Use more rows.")
    return time.perf_counter() - began


def _command(task: str, options: dict[str, Any]) -> list[str]:
    return [sys.executable, str(CHILD), task, json.dumps(options)]


@contextmanager
def made_folder(parent: Path, gigabytes: float, seed: int, *, keep: bool) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Make a folder of Parquet files; it is removed after use unless ``keep``."""
    parent.mkdir(parents=True, exist_ok=True)
    check_space(parent, gigabytes)
    folder = Path(tempfile.mkdtemp(prefix="multilayer-rows-", dir=parent))
    try:
        command = [sys.executable, str(MAKER), str(folder), "--gigabytes", str(gigabytes), "--seed", str(seed)]
        made = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        yield folder, json.loads(made.stdout)
    finally:
        if not keep:
            shutil.rmtree(folder)


def check_space(folder: Path, gigabytes: float) -> None:
    """Exit if the folder has too little space for the files and the encoded rows."""
    needed = 1e9 * gigabytes * (1 + BYTES_OF_ENCODED_ROW / BYTES_OF_ROW)
    free = shutil.disk_usage(folder).free
    if needed > 0.95 * free:
        raise SystemExit(
            f"--gigabytes {gigabytes} needs about {needed / 1e9:.0f} GB with the encoded rows, and {folder} has "
            f"{free / 1e9:.0f} GB. Use at most --gigabytes {0.9 * gigabytes * free / needed:.2g}, or another --folder."
        )


def phase_rows(fit: dict[str, Any]) -> list[list[Any]]:
    """Return the seconds and rows per second of each phase."""
    found: list[list[Any]] = []
    for phase in PHASES:
        seconds, n_rows = fit["phases"][phase]
        found.append([IN_WORDS[phase], n_rows, seconds, n_rows / seconds])
    rest = fit["seconds"] - sum(row[2] for row in found)
    rows = fit["phases"]["reading"][1]
    found.append(["encoders, models beside the network, start", None, rest, None])
    found.append(["all", rows, fit["seconds"], rows / fit["seconds"]])
    return found


def size_rows(made: dict[str, Any], fit: dict[str, Any], memory: str) -> list[list[Any]]:
    """Return the sizes in megabytes."""
    encoded = fit["bytes_of_row"] * fit["n_encoded"]
    return [
        [f"Parquet files, {made['rows']:,} rows of {NUMBERS + 5} columns", made["bytes"] / 1e6],
        ["the same rows as a table of pyarrow", made["bytes_in_memory"] / 1e6],
        [f"encoded rows of {fit['bytes_of_row']:,} bytes", encoded / 1e6],
        [f"most memory of the process, memory={memory!r}", fit["peak"]],
        ["file of the model", fit["model_bytes"] / 1e6],
    ]


def beside_rows(fit: dict[str, Any], others: Sequence[dict[str, Any]]) -> list[list[Any]]:
    """Return rows per second of training, and the scores on new rows."""
    seconds, n_rows = fit["phases"]["training"]
    pace = n_rows / seconds
    scores = [fit["accuracy"], fit["log_loss"], fit["peak"]]
    found = [
        ["TableClassifier on the folder", fit["n_encoded"], n_rows / fit["n_encoded"], seconds, pace, 1.0, *scores]
    ]
    for other in others:
        own = None if other["trained"] is None else other["trained"] / other["seconds"]
        ratio = None if own is None else own / pace
        row = [other["name"], other["rows"], other["passes"], other["seconds"], own, ratio]
        found.append([*row, other["accuracy"], other["log_loss"], other["peak"]])
    return found


def killed(parent: Path, memory: str, seed: int, gigabytes: float, *, keep: bool) -> list[list[Any]]:
    """Return the seconds of an undisturbed fit, of one until it is killed, and of the same call again."""
    with made_folder(parent, gigabytes, seed, keep=keep) as (folder, _), tempfile.TemporaryDirectory(dir=parent) as own:
        options = {"folder": str(folder), "memory": memory, "checkpoint_seconds": 1.0, "n_scored": 0}
        whole = run("fit", scratch=f"{own}/undisturbed", **options)
        until = run_until(whole["phases"]["training"][1] // 2, "fit", scratch=f"{own}/killed", **options)
        again = run("fit", scratch=f"{own}/killed", **options)
    is_equal = "yes" if again["digest"] == whole["digest"] else "NO"
    trained = [each["phases"]["training"][1] for each in (whole, again)]
    return [
        ["undisturbed", whole["seconds"], trained[0], ""],
        ["killed in the middle of training", until, None, ""],
        ["the same call again", again["seconds"], trained[1] - again["resumed_at"], is_equal],
    ]


def tables(given: argparse.Namespace) -> list[json_results.Results]:
    """Measure everything."""
    parent, memory, found = given.folder, given.memory, []
    with (
        made_folder(parent, given.gigabytes, given.seed, keep=given.keep) as (folder, made),
        tempfile.TemporaryDirectory(dir=parent) as own,
    ):
        CONSOLE.print(f"{made['rows']:,} rows, {made['bytes'] / 1e9:.2f} GB, made in {made['seconds']:.0f} s")
        model = f"{own}/model.mlp"
        options = {"memory": memory, "max_time": given.max_time, "model": model, "seed": given.seed}
        fit = run("fit", folder=str(folder), scratch=f"{own}/fit", n_scored=given.scored, **options)
        columns, units = ("phase", "rows", "time", "rows per second"), ("", "", "s", "1/s")
        found.append(shown("phases", columns, units, phase_rows(fit)))
        found.append(shown("sizes", ("what", "size"), ("", "MB"), size_rows(made, fit, memory)))
        n_rows = min(given.in_memory, made["rows"])
        some = {"model": model, "rows": n_rows, "n_scored": given.scored, "seed": given.seed}
        others = [run(task, **some) for task in ("frame", "network", "sklearn", "linear", "torch")]
    names = ("training", "rows", "passes", "time", "rows per second", "ratio", "accuracy", "log-loss", "most memory")
    kinds = ("", "", "", "s", "1/s", "x", "%", "", "MB")
    found.append(shown("beside training in memory", names, kinds, beside_rows(fit, [o for o in others if o])))
    if given.kill:
        rows = killed(parent, memory, given.seed, given.kill_gigabytes, keep=given.keep)
        columns, units = ("fit", "time", "rows trained on", "equal weights"), ("", "s", "", "")
        found.append(shown("killed and resumed", columns, units, rows))
    return found


def shown(title: str, columns: Sequence[str], units: Sequence[str], rows: list[list[Any]]) -> json_results.Results:
    """Print a table and return it."""
    table = Table(*columns, title=title)
    for row in rows:
        table.add_row(*(_text(cell, unit) for cell, unit in zip(row, units, strict=True)))
    CONSOLE.print(table)
    return json_results.Results(title, columns, units, rows)


def _text(cell: Any, unit: str) -> str:
    if cell is None or isinstance(cell, str):
        return cell or ""
    return f"{cell:,.0f} {unit}".strip() if cell >= 1000 else f"{cell:.4g} {unit}".strip()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gigabytes", type=float, default=0.2, help="the size of the Parquet files")
    parser.add_argument("--memory", default="1GB", help="the limit of the fit")
    parser.add_argument("--max-time", type=float, help="the seconds of the fit")
    parser.add_argument("--in-memory", type=int, default=200_000, help="rows of the trainings in memory")
    parser.add_argument("--scored", type=int, default=100_000, help="new rows of the scores")
    parser.add_argument("--kill", action="store_true", help="also kill a fit and repeat it")
    parser.add_argument("--kill-gigabytes", type=float, default=KILL_GIGABYTES, help="the Parquet files of that fit")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()), help="where files are written")
    parser.add_argument("--keep", action="store_true", help="keep the Parquet files")
    parser.add_argument("--seed", type=int, default=0)
    json_results.add_option(parser)
    given = parser.parse_args()
    if min(given.gigabytes, given.kill_gigabytes) <= 0 or min(given.in_memory, given.scored) < 1000:
        parser.error("the sizes must be positive, --in-memory and --scored at least 1000")
    import multilayer  # noqa: F401 its version is a part of the results

    began = time.perf_counter()
    found = tables(given)
    CONSOLE.print(f"{time.perf_counter() - began:.0f} s")
    if given.json is not None:
        json_results.write(given.json, found)


if __name__ == "__main__":
    main()
