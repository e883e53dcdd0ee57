"""Two hosts in a network give the results of one, and the loss of one changes nothing."""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest

from . import driver
from .hosts import Host, two_hosts
from .local import workers_find_the_package

QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


def start_dask(a: Host, b: Host, folder: Path) -> str:
    """Start a scheduler, and a worker on each host; return the address."""
    command = ["-m", "distributed.cli.dask_scheduler", "--host", a.address, "--port", "8786", "--no-dashboard"]
    a.start(command, **QUIET)
    address = f"tcp://{a.address}:8786"
    for host in (a, b):
        place = ["--host", host.address, "--local-directory", str(folder / host.name)]
        options = ["--nthreads", "1", "--no-dashboard", "--no-nanny", *place]
        host.start(["-m", "distributed.cli.dask_worker", address, *options], **QUIET)
    return address


def start_ray(a: Host, b: Host, folder: Path) -> str:
    """Start Ray with one core on each host; return the address."""
    options = ["--num-cpus", "1", "--object-store-memory", str(80 << 20), "--disable-usage-stats", "--block"]
    head = ["--head", "--port", "6389", "--include-dashboard", "false", "--temp-dir", str(folder)]
    start, address = ["-m", "ray.scripts.scripts", "start"], f"{a.address}:6389"
    a.start([*start, *head, "--node-ip-address", a.address, *options], **QUIET)
    b.start([*start, "--address", address, "--node-ip-address", b.address, *options], **QUIET)
    return address


def begin(host: Host, *arguments: str) -> subprocess.Popen[str]:
    return host.start([str(driver.__file__), *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def result(program: subprocess.Popen[str]) -> Any:
    out, err = program.communicate(timeout=120)
    assert program.returncode == 0, err
    # Ray may print that a worker was lost, before or after the result.
    return next(found for line in reversed(out.splitlines()) if (found := as_list(line)) is not None)


def as_list(line: str) -> Any:
    """Return the list of a line of JSON, None for another line."""
    try:
        found = json.loads(line)
    except json.JSONDecodeError:
        return None
    return found if isinstance(found, list) else None


@pytest.mark.parametrize("name", ["dask", "ray"])
def test_two_hosts_give_the_results_of_one(name: str, tmp_path: Path) -> None:
    pytest.importorskip({"dask": "distributed", "ray": "ray"}[name])
    (tmp_path / "one").mkdir()
    (tmp_path / "lost").mkdir()
    expected = driver.scores(tmp_path / "one")
    short = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)  # the paths of Ray's sockets must be short
    with short as folder, workers_find_the_package(), two_hosts() as (a, b):
        address = {"dask": start_dask, "ray": start_ray}[name](a, b, Path(folder))
        assert result(begin(a, "scores", name, address, str(tmp_path))) == expected
        assert len(list(tmp_path.glob("host-*"))) == 2
        program = begin(a, "scores", name, address, str(tmp_path / "lost"))
        while program.poll() is None and len(list((tmp_path / "lost").glob("host-*"))) < 2:
            time.sleep(0.02)
        b.kill()
        assert result(program) == expected
