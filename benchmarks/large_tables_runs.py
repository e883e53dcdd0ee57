"""The trainings of large_tables.py, each in a new process.

The arguments are a task and its options in JSON; the last line that is printed has its figures.
"""

from __future__ import annotations

import hashlib
import importlib.util
import itertools
import json
import os
import resource
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from made_rows import TARGET, first_rows, new_rows

STATUS = Path("/proc/self/status")
PARTS = 20_000  # rows that are predicted at once
REPEATS = 5  # of the trainings in memory

Figures = dict[str, Any]


def peak_megabytes() -> float:
    """Return the most memory of this process so far, as the operating system counts it."""
    if STATUS.exists():
        line = next(line for line in STATUS.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024 / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6


def fit(options: Figures) -> Figures:
    """Fit a model on a folder; prints the rows that were trained on."""
    from multilayer import TableClassifier
    from multilayer.files import save_model
    from multilayer.tables.models.streamed import networks
    from multilayer.tables.models.streamed.progress import PhaseProgress
    from multilayer.tables.streaming.rows_format import RowsFormat

    networks.SECONDS_BETWEEN_CHECKPOINTS = options.get("checkpoint_seconds", networks.SECONDS_BETWEEN_CHECKPOINTS)
    phases: dict[str, tuple[float, int]] = {}
    firsts: dict[str, int] = {}

    def watch(event: Any) -> None:
        if isinstance(event, PhaseProgress):
            phases[event.phase] = event.seconds, event.n_rows
            firsts.setdefault(event.phase, event.n_rows)
            if event.phase == "training":
                print("training", event.n_rows, flush=True)

    given = {name: options[name] for name in ("memory", "scratch", "max_time") if name in options}
    model = TableClassifier("quick", random_state=options.get("seed", 0), callbacks=[watch], **given)
    began = time.perf_counter()
    model.fit(options["folder"], TARGET)
    found: Figures = {"seconds": time.perf_counter() - began, "peak": peak_megabytes(), "phases": phases}
    member = model.members_[0]
    found["bytes_of_row"] = RowsFormat(len(member.encoder.number_columns_), "classes").n_bytes(1)
    found["n_encoded"] = model._n_training_rows[0]
    found["resumed_at"] = firsts["training"]
    found["digest"] = digest(model)
    if "model" in options:
        save_model(model, options["model"])
        found["model_bytes"] = os.path.getsize(options["model"])
    return found | scored(model, options)


def digest(model: Any) -> str:
    """Return a hash of the weights and of the calibration."""
    found = hashlib.blake2b(digest_size=16)
    for parameters in model.members_[0].network.parameters_:
        found.update(np.ascontiguousarray(parameters).tobytes())
    found.update(np.asarray(model.temperature_).tobytes())
    return found.hexdigest()


def scored(model: Any, options: Figures) -> Figures:
    """Return accuracy in percent and log-loss on new rows."""
    if not options["n_scored"]:
        return {}
    table = new_rows(options["n_scored"])
    y = labels_of(table, model.classes_)
    X = table.drop_columns([TARGET])
    parts = [model.predict_proba(X.slice(start, PARTS)) for start in range(0, len(y), PARTS)]
    return scores(np.concatenate(parts), y)


def labels_of(table: Any, classes: Any) -> NDArray[np.intp]:
    return np.searchsorted(classes.astype(str), table.column(TARGET).to_numpy(zero_copy_only=False).astype(str))


def scores(probabilities: NDArray[Any], y: NDArray[np.intp]) -> Figures:
    of_labels = np.clip(probabilities[np.arange(len(y)), y], 1e-15, 1)
    accuracy = 100 * float((probabilities.argmax(axis=1) == y).mean())
    return {"accuracy": accuracy, "log_loss": float(-np.log(of_labels).mean())}


def frame(options: Figures) -> Figures:
    """Fit the same preset on the first rows as a table in memory."""
    from multilayer import TableClassifier

    table = first_rows(options["rows"], seed=options["seed"])
    model = TableClassifier("quick", random_state=0)
    y = table.column(TARGET).to_numpy(zero_copy_only=False)
    began = time.perf_counter()
    model.fit(table.drop_columns([TARGET]), y)
    found = {"name": "TableClassifier in memory, all of fit", "rows": table.num_rows, "passes": None, "trained": None}
    found |= {"seconds": time.perf_counter() - began, "peak": peak_megabytes()}
    return found | scored(model, options)


def timed(train: Callable[[], Any]) -> tuple[Any, float]:
    """Train several times, and return the last model and the median of the seconds."""
    seconds = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        model = train()
        seconds.append(time.perf_counter() - began)
    return model, statistics.median(seconds)


class Encoded:
    """The first rows and new rows in the encoding of the fitted model, and its network."""

    def __init__(self, options: Figures) -> None:
        from multilayer.files import load_model

        model = load_model(options["model"])
        self.member = model.members_[0]
        first, new = first_rows(options["rows"], seed=options["seed"]), new_rows(options["n_scored"])
        self.y, self.y_new = (labels_of(table, model.classes_) for table in (first, new))
        self.X, self.X_new = self._encoded(first), self._encoded(new)
        self.network = self.member.network
        self.batch, self.layers = self.network.batch_size, self.network.hidden_layer_sizes

    def _encoded(self, table: Any) -> NDArray[np.float32]:
        X = table.drop_columns([TARGET])
        parts = [self.member.encoder.transform(X.slice(start, PARTS)) for start in range(0, len(X), PARTS)]
        return np.concatenate(parts).astype(np.float32, copy=False)

    def figures(self, name: str, model: Any, seconds: float) -> Figures:
        found = {"name": name, "rows": len(self.X), "passes": 1, "trained": len(self.X), "seconds": seconds}
        found["peak"] = peak_megabytes()
        return found | scores(model.predict_proba(self.X_new), self.y_new)

    def by_chunks(self, name: str, model: Any, n_rows: int) -> Figures:
        """Train a model of scikit-learn on one chunk after another, in one pass."""
        model.partial_fit(self.X[:n_rows], self.y[:n_rows], classes=[0, 1])  # imports

        def train() -> Any:
            trained = type(model)(**model.get_params())
            for start in range(0, len(self.X), n_rows):
                rows = slice(start, start + n_rows)
                trained.partial_fit(self.X[rows], self.y[rows], classes=[0, 1])
            return trained

        return self.figures(name, *timed(train))


def network(options: Figures) -> Figures:
    """Train the same network on rows in memory, in one epoch."""
    from multilayer import MLPClassifier

    encoded = Encoded(options)
    parameters = encoded.network.get_params() | {"max_iter": 1, "early_stopping": False, "n_iter_no_change": None}
    MLPClassifier(**parameters).fit(encoded.X[:5000], encoded.y[:5000])  # loads the kernels
    return encoded.figures(
        "the same network in memory", *timed(lambda: MLPClassifier(**parameters).fit(encoded.X, encoded.y))
    )


def sklearn(options: Figures) -> Figures:
    """Train scikit-learn's network with the same layers and batches."""
    from sklearn.neural_network import MLPClassifier

    encoded = Encoded(options)
    model = MLPClassifier(encoded.layers, batch_size=encoded.batch, random_state=0)
    return encoded.by_chunks("scikit-learn, MLPClassifier.partial_fit", model, 16 * encoded.batch)


def linear(options: Figures) -> Figures:
    """Train a linear model of scikit-learn."""
    from sklearn.linear_model import SGDClassifier

    encoded = Encoded(options)
    model = SGDClassifier(loss="log_loss", learning_rate="constant", eta0=1e-3, average=True, random_state=0)
    return encoded.by_chunks("scikit-learn, SGDClassifier.partial_fit", model, 16 * encoded.batch)


class _Torch:
    """A network of PyTorch with the methods that are measured."""

    def __init__(self, module: Any) -> None:
        self.module = module

    def predict_proba(self, X: NDArray[np.float32]) -> NDArray[Any]:
        import torch

        with torch.no_grad():
            return torch.softmax(self.module(torch.from_numpy(X)), dim=1).numpy()


def torch(options: Figures) -> Figures:
    """Train a network of PyTorch with the same layers and batches; nothing without PyTorch."""
    if importlib.util.find_spec("torch") is None:
        return {}
    import torch
    from torch import nn

    encoded = Encoded(options)
    sizes = (encoded.X.shape[1], *encoded.layers)
    X, y = torch.from_numpy(encoded.X), torch.from_numpy(encoded.y)

    def train() -> Any:
        torch.manual_seed(0)
        modules = [each for pair in itertools.pairwise(sizes) for each in (nn.Linear(*pair), nn.SiLU())]
        module = nn.Sequential(*modules, nn.Linear(sizes[-1], 2))
        optimizer = torch.optim.Adam(module.parameters())
        for start in range(0, len(X), encoded.batch):
            optimizer.zero_grad()
            rows = slice(start, start + encoded.batch)
            nn.functional.cross_entropy(module(X[rows]), y[rows]).backward()
            optimizer.step()
        return _Torch(module)

    return encoded.figures("PyTorch", *timed(train))


TASKS = {each.__name__: each for each in (fit, frame, network, sklearn, linear, torch)}

if __name__ == "__main__":
    warnings.simplefilter("ignore")
    print(json.dumps(TASKS[sys.argv[1]](json.loads(sys.argv[2]))))
