"""``multilayer`` as a process: closed streams, closed pipes, full disks, signals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import lines_of_people, write

COMMAND = [sys.executable, "-m", "multilayer.cli"]
SMALL = ["--target", "buys", "--hidden", "8", "--epochs", "2"]


@pytest.fixture(scope="module")
def table(tmp_path_factory) -> Path:
    return write(tmp_path_factory.mktemp("people") / "people.csv", lines_of_people())


def shell(script: str, *args: object) -> subprocess.CompletedProcess[bytes]:
    """Run a line in a shell in which ``"$@"`` is the command."""
    words = ["sh", "-c", script, "sh", *COMMAND, *map(os.fspath, args)]
    return subprocess.run(words, capture_output=True, check=False)


needs_posix = pytest.mark.skipif(os.name != "posix", reason="descriptors and signals of POSIX")


@needs_posix
def test_files_are_written_with_closed_streams(table, tmp_path):
    done = shell('"$@" <&- >&- 2>&-', "train", table, *SMALL, "--out", tmp_path / "out")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert (tmp_path / "out" / "report.html").read_bytes().startswith(b"<!DOCTYPE html>")
    # Printed text must not be written to a file that has got the descriptor of a closed stream.
    assert (tmp_path / "out" / "predictions.csv").read_bytes().startswith(b"row,actual,predicted")


@needs_posix
def test_a_closed_pipe_ends_the_command_without_a_message():
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run([*COMMAND, "--help"], stdout=writing, stderr=subprocess.PIPE, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_of_standard_output_is_an_error():
    with open("/dev/full", "wb") as full:
        done = subprocess.run([*COMMAND, "--help"], stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 1
    assert done.stderr == b"multilayer: standard output cannot be written: no space left on device.\n"


# The command sends the first signal to itself at the end of an epoch, and the second a little later.
SENDER = """
import os, sys, threading, time
from multilayer.cli import main
from multilayer.cli.evaluation import evaluation
from multilayer.cli.progress import Watch
from multilayer.training import EpochEnded
numbers = [int(number) for number in sys.argv.pop(1).split(",")]
call = Watch.__call__

def send():
    os.kill(os.getpid(), numbers.pop(0))

def call_and_send(self, event):
    call(self, event)
    if isinstance(event, EpochEnded) and numbers:
        send()
        if numbers:
            evaluation.networks_in_words = lambda networks: time.sleep(60)
            threading.Timer(0.5, send).start()

Watch.__call__ = call_and_send
main(prog_name="multilayer")
"""


def interrupted(table: Path, out: Path, *numbers: int) -> subprocess.CompletedProcess[str]:
    endless = ["--target", "buys", "--hidden", "8", "--epochs", "2000000", "--step-size", "1e-9", "--out", str(out)]
    words = [sys.executable, "-c", SENDER, ",".join(map(str, numbers)), "train", str(table), *endless]
    return subprocess.run(words, capture_output=True, text=True, check=False)


@needs_posix
def test_sigterm_writes_partial_results(table, tmp_path):
    done = interrupted(table, tmp_path / "out", signal.SIGTERM)
    assert done.returncode == 143
    assert "note: interrupted after " in done.stderr
    assert "Traceback" not in done.stderr
    assert "note: interrupted after" in (tmp_path / "out" / "report.html").read_text("utf-8").lower()


@needs_posix
def test_a_second_ctrl_c_ends_the_command_immediately(table, tmp_path):
    done = interrupted(table, tmp_path / "out", signal.SIGINT, signal.SIGINT)
    assert done.returncode == 130
    assert done.stderr.splitlines()[-1] == "multilayer: interrupted."
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()
    assert "Trained" not in done.stdout  # would have been printed after a minute
