"""Two hosts on this machine: network namespaces with a cable between them."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest

_NUMBERS = count()


@dataclass(frozen=True)
class Host:
    """A network namespace."""

    name: str
    address: str
    processes: list[subprocess.Popen[str]] = field(default_factory=list)

    def start(self, arguments: Sequence[str], **options: Any) -> subprocess.Popen[str]:
        """Start Python with arguments on this host."""
        command = ["ip", "netns", "exec", self.name, sys.executable, *arguments]
        # Nothing outside reaches these networks: Ray needs no token.
        variables = os.environ | {"RAY_AUTH_MODE": "disabled"}
        process = subprocess.Popen(command, text=True, env=variables, **options)
        self.processes.append(process)
        return process

    def kill(self) -> None:
        """Kill everything that runs on this host."""
        for number in _ip("netns", "pids", self.name).split():
            with suppress(ProcessLookupError):
                os.kill(int(number), signal.SIGKILL)
        for process in self.processes:
            process.wait()
            for stream in (process.stdout, process.stderr):
                if stream is not None:
                    stream.close()


@contextmanager
def two_hosts() -> Iterator[tuple[Host, Host]]:
    """Make two hosts, and remove them with all their processes.

    The test is skipped where this process may not make network namespaces.
    """
    if shutil.which("ip") is None:
        pytest.skip("network namespaces need the command ip of iproute2.")
    number = f"{os.getpid()}-{next(_NUMBERS)}"
    hosts = tuple(Host(f"ml{number}{side}", f"10.203.0.{i}") for i, side in ((1, "a"), (2, "b")))
    made: list[Host] = []
    try:
        try:
            for host in hosts:
                _ip("netns", "add", host.name)
                made.append(host)
            a, b = hosts
            _ip("link", "add", "cable", "netns", a.name, "type", "veth", "peer", "name", "cable", "netns", b.name)
            for host in hosts:
                _ip("-n", host.name, "addr", "add", f"{host.address}/24", "dev", "cable")
                for device in ("lo", "cable"):
                    _ip("-n", host.name, "link", "set", device, "up")
        except subprocess.CalledProcessError as error:
            pytest.skip(f"network namespaces cannot be made here: {error.stderr.strip()}")
        yield a, b
    finally:
        for host in made:
            host.kill()
            _ip("netns", "delete", host.name)


def _ip(*arguments: str) -> str:
    return subprocess.run(["ip", *arguments], capture_output=True, text=True, check=True).stdout
