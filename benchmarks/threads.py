"""Several threads: whether the weights depend on their number, and whether processes get in each other's way.

    python benchmarks/threads.py weights     # compares the weights of several networks for 1, 2 and 4 threads
    python benchmarks/threads.py beside      # two processes with two threads each, at once and in turn

``engine.py`` runs both. The number of threads is set in the environment of a new process, which may have more threads
than cores.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
import warnings
from statistics import median
from typing import Any

#: Layer sizes, rows and batch size of the networks that are compared.
NETWORKS = (
    ((2, 5, 5, 2), 1000, 1000),
    ((20, 32, 32, 3), 5120, 256),
    ((64, 100, 10), 1797, 200),
    ((784, 256, 128, 10), 1200, 512),
    ((100, 512, 512, 3), 2048, 1024),
)
BESIDE = {"digits 64-100-10, batch 200": ((64, 100, 10), 1800, 200), "100-512-512-3, batch 1024": NETWORKS[-1]}


def _child(arguments: list[str], n_threads: int) -> subprocess.Popen[str]:
    environment = os.environ | {"OMP_NUM_THREADS": str(n_threads)}
    command = [sys.executable, __file__, *arguments]
    return subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _fit(sizes: tuple[int, ...], rows: int, batch: int, dtype: Any, epochs: int) -> Any:
    import numpy as np

    from multilayer import MLPClassifier

    rng = np.random.RandomState(0)
    X = rng.standard_normal((rows, sizes[0])).astype(dtype)
    y = (X @ rng.standard_normal((sizes[0], sizes[-1]))).argmax(axis=1)
    return MLPClassifier(
        sizes[1:-1], batch_size=batch, max_iter=epochs, n_iter_no_change=None, random_state=0, dropout=0.1
    ).fit(X, y)


def digests() -> list[str]:
    """Return a digest of the weights and the loss curve of each network and dtype."""
    import numpy as np

    found = []
    for network in NETWORKS:
        for dtype in (np.float32, np.float64):
            model = _fit(*network, dtype, 2)
            weights = model.parameters_.tobytes() + np.array(model.loss_curve_).tobytes()
            found.append(hashlib.sha256(weights).hexdigest())
    return found


def differing(counts: tuple[int, ...] = (1, 2, 4)) -> int:
    """Return the number of networks whose weights depend on the number of threads."""
    children = [_child(["digests"], n) for n in counts]
    found = [json.loads(child.communicate()[0]) for child in children]
    return sum(len(set(each)) > 1 for each in zip(*found, strict=True))


def work_on_request(name: str, seconds: float) -> None:
    """Fit a network for each line of the standard input, and write a line when it is done."""
    import numpy as np

    network = BESIDE[name]
    _fit(*network, np.float32, 1)
    start = time.perf_counter()
    _fit(*network, np.float32, 4)
    epochs = max(4, round(4 * seconds / (time.perf_counter() - start)))
    print("ready", flush=True)
    for _ in sys.stdin:
        _fit(*network, np.float32, epochs)
        print("done", flush=True)


def beside(name: str, seconds: float, rounds: int, n_threads: int = 2) -> float:
    """Return the time of two processes at once as a multiple of that of the same two in turn.

    A fit of one process takes about ``seconds``.
    """
    children = [_child(["work", name, str(seconds)], n_threads) for _ in range(2)]

    def run(some: list[subprocess.Popen[str]]) -> float:
        start = time.perf_counter()
        for child in some:
            child.stdin.write("\n")
            child.stdin.flush()
        for child in some:
            child.stdout.readline()
        return time.perf_counter() - start

    try:
        for child in children:
            child.stdout.readline()
        return median(run(children) / sum(run([child]) for child in children) for _ in range(rounds))
    finally:
        for child in children:
            child.communicate()


def main() -> None:
    warnings.simplefilter("ignore")
    task, arguments = sys.argv[1], sys.argv[2:]
    if task == "digests":
        print(json.dumps(digests()))
    elif task == "work":
        work_on_request(arguments[0], float(arguments[1]))
    elif task == "weights":
        print(f"{differing()} networks differ between 1, 2 and 4 threads")
    elif task == "beside":
        for name in BESIDE:
            print(f"{name}: two processes at once take {beside(name, 0.3, 9):.3g} times as long as in turn")
    else:
        raise SystemExit(f"the task must be weights or beside, got {task!r}.")


if __name__ == "__main__":
    main()
