"""Trainings that are killed at any moment, and the checks afterwards.

Run as a program, it starts or resumes the training as a script of a user would:
``python killed_trainings.py SCENARIO FOLDER``.
"""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np

FILE = "run"
X = np.random.RandomState(0).standard_normal((300, 6))
Y = (X[:, 0] * X[:, 1] > 0).astype(int)
COMMON: dict[str, Any] = {"n_iter_no_change": math.inf, "random_state": 0, "engine": "reference", "max_iter": 60}
OPTIONS: dict[str, dict[str, Any]] = {
    "dropout, early stopping": {"dropout": 0.1, "early_stopping": True, "n_iter_no_change": 1000},
    "normalised, cosine": {"normalization": "layer", "learning_rate": "cosine", "weight_averaging": 0.9},
    "momentum, plateau": {"solver": "sgd", "learning_rate": "plateau", "batch_size": 50, "tol": 1.0},
}
KEEP = {"normalised, cosine": 3, "momentum, plateau": 2}


def network(scenario: str, path: Path, is_victim: bool) -> Any:
    """Train a network. The victim writes after each epoch and is slow, so that it is killed in the middle."""
    from multilayer import MLPClassifier, resume
    from multilayer.callbacks import Checkpoint

    def wait(_: Any) -> None:
        time.sleep(0.01)

    keep = KEEP.get(scenario, 1)
    callbacks: list[Any] = [Checkpoint(path, keep=keep), wait] if is_victim else [Checkpoint(path, 20, keep=keep)]
    if path.exists():
        return resume(path, X, Y, callbacks=callbacks)
    return MLPClassifier((16, 8), callbacks=callbacks, **(COMMON | OPTIONS[scenario])).fit(X, Y)


def ensemble(path: Path, is_victim: bool) -> Any:
    """Train an ensemble. Members are trained in parallel without checkpoints; the ensemble is saved when all are
    done.
    """
    from multilayer import EnsembleClassifier, MLPClassifier, load_model, save_model

    if not path.exists():
        member = MLPClassifier((8,), normalization="layer", **(COMMON | {"max_iter": 20}))
        save_model(EnsembleClassifier(member, 3, diversity="bootstrap", random_state=0).fit(X, Y), path, keep=2)
    model = load_model(path)
    for _ in range(1000 if is_victim else 1):
        save_model(model, path, keep=2)
    return model


def search_result(path: Path) -> Any:
    from multilayer import MLPClassifier
    from multilayer.selection import search

    space = {"hidden_layer_sizes": [(4,), (8,)], "learning_rate_init": [0.001, 0.01, 0.1]}
    return search(MLPClassifier(**(COMMON | {"max_iter": 27})), space, X, Y, cv=3, journal=path, n_jobs=1)


SCENARIOS = (*OPTIONS, "ensemble", "search")


def train(scenario: str, path: Path, *, is_victim: bool = False) -> list[Any]:
    """Start or resume a training, finish it, and return its numbers."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if scenario == "search":
            found = search_result(path)
            return [[trial.mean for trial in found.trials], found.estimator.parameters_]
        if scenario == "ensemble":
            model = ensemble(path, is_victim)
            return [model.weights_, *(member.parameters_ for member in model.estimators_), model.oof_score_]
        model = network(scenario, path, is_victim)
        return [model.parameters_, model.loss_curve_, model.n_iter_]


def kill(scenario: str, folder: Path, seconds: float, *, after_first_file: bool) -> None:
    """Start or resume the training in another process, and kill it."""
    process = subprocess.Popen([sys.executable, __file__, scenario, str(folder)])
    try:
        while after_first_file and not (folder / FILE).exists() and process.poll() is None:
            time.sleep(0.002)
        time.sleep(seconds)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


def check(scenario: str, folder: Path, undisturbed: list[Any]) -> None:
    """Check that the training ends like the undisturbed one, and leaves only its files."""
    received = train(scenario, folder / FILE)
    assert len(received) == len(undisturbed)
    for one, other in zip(received, undisturbed, strict=True):
        np.testing.assert_array_equal(one, other)
    names = {FILE, *(f"{FILE}.{number}" for number in (1, 2))}
    assert set(os.listdir(folder)) <= names, os.listdir(folder)


class Reader:
    """A thread that loads the files of a folder repeatedly while the block runs; each must be complete."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.errors, self.is_over = folder, [], threading.Event()
        self.thread = threading.Thread(target=self._read)

    def _read(self) -> None:
        from multilayer import load_model

        try:
            while not self.is_over.wait(0.001):
                for name in (FILE, f"{FILE}.1"):
                    if (self.folder / name).exists():
                        load_model(self.folder / name)
        except BaseException as error:
            self.errors.append(error)

    def __enter__(self) -> Reader:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.is_over.set()
        self.thread.join()
        assert not self.errors, self.errors


if __name__ == "__main__":
    train(sys.argv[1], Path(sys.argv[2]) / FILE, is_victim=True)
