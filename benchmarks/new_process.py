"""Measurements that require a new process: the memory that a fit takes, and the time of the first fit.

    python benchmarks/new_process.py memory multilayer    # MB that the fit of 200,000 x 100 float32 adds at its peak
    python benchmarks/new_process.py first multilayer     # seconds: imports, the first fit, the second fit

``engine.py`` runs these as child processes and reads the line of JSON that they print.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

STATUS = Path("/proc/self/status")
CLEAR = Path("/proc/self/clear_refs")
# All variables that name a folder for kernels, which are read from every one of them.
CACHE_FOLDERS = ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME", "LOCALAPPDATA", "HOME")


def classifier(library: str) -> Any:
    if library == "multilayer":
        from multilayer import MLPClassifier
    else:
        from sklearn.neural_network import MLPClassifier  # type: ignore[assignment]
    return MLPClassifier


def _status(key: str) -> float:
    """Return a figure of this process in MB, as reported by Linux."""
    line = next(line for line in STATUS.read_text(encoding="ascii").splitlines() if line.startswith(key + ":"))
    return int(line.split()[1]) / 1000


def memory(library: str) -> dict[str, float]:
    """Return the peak memory of a fit in MB, in addition to the data and the memory used before."""
    import numpy as np

    rng = np.random.RandomState(0)
    X = rng.standard_normal((200_000, 100)).astype(np.float32)
    y = (X[:, 0] > 0).astype(np.int64)
    model = classifier(library)((64, 64), batch_size=256, max_iter=2, random_state=0)
    model.fit(X[:2000], y[:2000])  # imports and compiles
    CLEAR.write_text("5", encoding="ascii")  # resets the peak
    before = _status("VmRSS")
    model.fit(X, y)
    return {"peak growth": _status("VmHWM") - before}


def first(library: str) -> dict[str, float]:
    """Return the seconds that a program needs once."""
    start = time.perf_counter()
    import numpy as np

    kind = classifier(library)
    imported = time.perf_counter()
    X = np.random.RandomState(0).standard_normal((1800, 64)).astype(np.float32)
    y = np.arange(1800) % 10
    begun = time.perf_counter()
    kind((100,), max_iter=1, random_state=0).fit(X, y)
    fitted = time.perf_counter()
    kind((100,), max_iter=1, random_state=0).fit(X, y)
    return {
        "imports": imported - start,
        "first fit": fitted - begun,
        "second fit": time.perf_counter() - fitted,
    }


def in_child(task: str, library: str, cache: str | None = None) -> dict[str, float]:
    """Return the figures of a task, measured in a new process; kernels come from ``cache`` if it is given."""
    environment = dict(os.environ) | (dict.fromkeys(CACHE_FOLDERS, cache) if cache else {})
    command = [sys.executable, __file__, task, library]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    return dict(json.loads(done.stdout))


def first_fits(rounds: int) -> dict[str, dict[str, float]]:
    """Return the times of the first fit without compiled kernels, with the cache, and with scikit-learn; the
    shortest of ``rounds``.
    """
    with tempfile.TemporaryDirectory() as cache:
        found = {"cold": in_child("first", "multilayer", cache)}
        for name, library in (("cached", "multilayer"), ("scikit-learn", "scikit-learn")):
            times = [in_child("first", library, cache) for _ in range(rounds)]
            found[name] = {key: min(t[key] for t in times) for key in times[0]}
    return found


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    print(json.dumps({"memory": memory, "first": first}[sys.argv[1]](sys.argv[2])))
