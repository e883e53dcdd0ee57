"""Packs run on two hosts, and the loss of one changes nothing in the results."""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pytest

from .hosts import Host, two_hosts
from .local import workers_find_the_package

# Runs on the first host, prints the scores, and lets each fold write the number of its host's network.
PROGRAM = """
import json, os, sys, time
from pathlib import Path
import joblib, numpy as np
from multilayer import MLPClassifier
from multilayer.selection import cross_validate, search

folder, kind, here, there = Path(sys.argv[1]), *sys.argv[2:]
driver = os.getpid()

class Recorded:
    def __call__(self, model, X, y):
        (folder / f"host-{os.stat('/proc/self/ns/net').st_ino}").touch()
        time.sleep(0.2)  # both hosts have time to take a fold
        return float(model.score(X, y))

X = np.random.RandomState(0).normal(size=(120, 3))
y = (X[:, 0] * X[:, 1] > 0).astype(int)
model = MLPClassifier((6,), max_iter=9, n_iter_no_change=None, random_state=0)

def scores():
    folds = cross_validate(model, X, y, cv=6, scoring=Recorded(), n_jobs=2)["test_score"]
    found = search(model, {"alpha": [0.0, 0.1, 1.0]}, X, y, cv=3, scoring=Recorded(), n_jobs=2, random_state=0)
    return [*map(float, folds), *(trial.mean for trial in found.trials), found.best.number]

if __name__ == "__main__":
    if kind == "threads":
        print(json.dumps(scores()))
    elif kind == "dask":
        from distributed import Client
        with Client(f"tcp://{here}:8786", timeout=60) as client, joblib.parallel_config("dask"):
            client.wait_for_workers(2, timeout=60)
            print(json.dumps(scores()))
    else:
        import ray
        from ray.util.joblib import register_ray
        ray.init(address=f"{here}:6389", _node_ip_address=here, log_to_driver=False, configure_logging=False)
        register_ray()
        while ray.cluster_resources().get("CPU", 0) < 2:
            time.sleep(0.1)
        with joblib.parallel_config("ray"):
            print(json.dumps(scores()))
        ray.shutdown()
"""
QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


def start_dask(a: Host, b: Host, folder: Path) -> None:
    command = ["-m", "distributed.cli.dask_scheduler", "--host", a.address, "--port", "8786", "--no-dashboard"]
    a.start(command, **QUIET)
    for host in (a, b):
        place = ["--host", host.address, "--local-directory", str(folder / host.name)]
        options = ["--nthreads", "1", "--no-dashboard", "--no-nanny", *place]
        host.start(["-m", "distributed.cli.dask_worker", f"tcp://{a.address}:8786", *options], **QUIET)


def start_ray(a: Host, b: Host, folder: Path) -> None:
    options = ["--num-cpus", "1", "--object-store-memory", str(80 << 20), "--disable-usage-stats", "--block"]
    head = ["--head", "--port", "6389", "--include-dashboard", "false", "--temp-dir", str(folder)]
    start = ["-m", "ray.scripts.scripts", "start"]
    a.start([*start, *head, "--node-ip-address", a.address, *options], **QUIET)
    b.start([*start, "--address", f"{a.address}:6389", "--node-ip-address", b.address, *options], **QUIET)


def run(host: Host, folder: Path, kind: str, *addresses: str) -> Any:
    arguments = ["-c", PROGRAM, str(folder), kind, *(addresses or ("", ""))]
    program = host.start(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    out, err = program.communicate(timeout=120)
    assert program.returncode == 0, err
    return json.loads(out.splitlines()[-1])


@pytest.mark.parametrize("kind", ["dask", "ray"])
def test_two_hosts_give_the_results_of_one(kind: str, tmp_path: Path) -> None:
    pytest.importorskip({"dask": "distributed", "ray": "ray"}[kind])
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        workers_find_the_package(),
        two_hosts() as (a, b),
    ):
        {"dask": start_dask, "ray": start_ray}[kind](a, b, Path(folder))
        (tmp_path / "one").mkdir()
        expected = run(a, tmp_path / "one", "threads")
        assert run(a, tmp_path, kind, a.address, b.address) == expected
        assert len(list(tmp_path.glob("host-*"))) == 2
