"""A program that trains on an executor and prints its results, which tests run on another host or end in the middle.

python driver.py WORK EXECUTOR ADDRESS FOLDER
"""

from __future__ import annotations

import json
import os
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import joblib
import numpy as np

from multilayer import MLPClassifier
from multilayer.exceptions import InterruptedTrainingWarning
from multilayer.selection import cross_validate, search

X = np.random.RandomState(0).normal(size=(120, 3))
Y = (X[:, 0] * X[:, 1] > 0).astype(int)
MODEL = MLPClassifier((6,), max_iter=18, n_iter_no_change=None, random_state=0)
SPACE = {"alpha": [0.0, 0.1, 1.0], "learning_rate_init": [0.01, 0.1]}
LONG = 60.0  # seconds that no test waits for


class HostScore:
    """The accuracy; makes a file with the number of the network of the host that computes it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, model: Any, rows: Any, y: Any) -> float:
        (self.folder / f"host-{os.stat('/proc/self/ns/net').st_ino}").touch()
        time.sleep(0.05)  # both hosts have time to start
        return float(model.score(rows, y))


class FirstIsQuick:
    """The accuracy, which only the first call returns soon."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, model: Any, rows: Any, y: Any) -> float:
        try:
            (self.folder / "first").touch(exist_ok=False)
        except FileExistsError:
            end = time.monotonic() + LONG
            while time.monotonic() < end and not (self.folder / "over").exists():  # workers of Dask are not killed
                time.sleep(0.05)
        return float(model.score(rows, y))


def scores(folder: Path) -> Any:
    """Return the scores of a cross-validation and a search."""
    scoring = HostScore(folder)
    folds = cross_validate(MODEL, X, Y, cv=6, scoring=scoring)["test_score"]
    found = search(MODEL, SPACE, X, Y, cv=3, scoring=scoring, random_state=0)
    return [folds.tolist(), [trial.fold_scores for trial in found.trials], found.best.number]


def journal(folder: Path) -> Any:
    """Return the results of a search with a journal, and the number of results that the journal held before."""

    class Listener:
        n_known = 0

        def __call__(self, event: Any) -> None:
            pass

        def on_journal(self, n_known: int) -> None:
            self.n_known = n_known

    listener = Listener()
    path = folder / "journal"
    found = search(MODEL, SPACE, X, Y, cv=3, scoring=HostScore(folder), journal=path, callbacks=[listener])
    parameters = found.estimator.parameters_.tolist()
    results = [trial.fold_scores for trial in found.trials], found.best.number, parameters
    return {"results": results, "n_known": listener.n_known}


def interrupted(folder: Path) -> Any:
    """Return the number of folds that a cross-validation has finished before Ctrl-C, and the warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = cross_validate(
            MODEL, X, Y, cv=3, scoring=FirstIsQuick(folder), callbacks=[lambda _: (folder / "arrived").touch()]
        )
    said = [str(each.message) for each in caught if issubclass(each.category, InterruptedTrainingWarning)]
    return {"n": len(found["test_score"]), "warnings": said}


@contextmanager
def executor(name: str, address: str) -> Iterator[None]:
    """Select an executor for the block."""
    if name == "threads":
        yield
    elif name == "loky":
        with joblib.parallel_config("loky", n_jobs=2):
            yield
    elif name == "dask":
        from distributed import Client

        with Client(address, timeout=60) as client:
            client.wait_for_workers(2, timeout=60)
            with joblib.parallel_config("dask"):
                yield
    else:
        import ray
        from ray.util.joblib import register_ray

        ray.init(address=address, _node_ip_address=address.split(":")[0], log_to_driver=False, configure_logging=False)
        register_ray()
        while ray.cluster_resources().get("CPU", 0) < 2:
            time.sleep(0.1)
        with joblib.parallel_config("ray", ray_remote_args={"num_cpus": 1}):
            yield
        ray.shutdown()


if __name__ == "__main__":
    work = {"scores": scores, "journal": journal, "interrupted": interrupted}[sys.argv[1]]
    with executor(*sys.argv[2:4]):
        print(json.dumps(work(Path(sys.argv[4]))))
