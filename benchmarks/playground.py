"""Training in the playground: frames per second, and what watching costs.

    python benchmarks/playground.py [--seconds 4] [--repeats 3] [--json FILE]

The server is ``multilayer play`` in a process of its own.  For each case the network trains as fast as it can: first
without a page that asks for frames, then in a page of a real browser, Chromium without a window, which draws each frame
at 1280 x 800.  Both alternate; printed are medians.  Server and browser share the processors.  "fit" is the speed of
``MLPClassifier.fit`` alone, in this process, with the same validation rows.

The browser is the one of the tests: ``pip install playwright``, and chromium on the path.
"""

from __future__ import annotations

import argparse
import re
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Browser, sync_playwright
from websockets.sync.client import ClientConnection, connect

import json_results
from multilayer.playground.data.play_data import shape_data
from multilayer.playground.messages import Reply, decode, encode
from multilayer.playground.runs.links import link_of
from multilayer.playground.runs.run import Run
from multilayer.playground.runs.setup import Setup, estimator_for, setup_from_json


@dataclass(frozen=True)
class Case:
    """A setup to train."""

    title: str
    setup: Setup

    @property
    def link(self) -> str:
        return link_of(Run(shape_data(**self.setup.data.to_json()), self.setup), None, None)


def cases() -> list[Case]:
    given: list[tuple[str, str, int, list[int], dict[str, Any]]] = [
        ("moons, 500 rows, batches of 50", "moons", 500, [5, 5], {"batch_size": 50}),
        ("moons, 500 rows, one batch", "moons", 500, [5, 5], {"batch_size": "all"}),
        ("three blobs, 2,000 rows, batches of 50", "blobs", 2_000, [16, 16], {"batch_size": 50}),
        ("waves, 10,000 rows, batches of 200", "waves", 10_000, [32, 32], {"batch_size": 200}),
    ]
    return [
        Case(
            title,
            setup_from_json(
                {
                    "data": {"name": name, "rows": rows},
                    "parameters": {"hidden_layer_sizes": sizes, "max_iter": 1_000_000, **parameters},
                }
            ),
        )
        for title, name, rows, sizes, parameters in given
    ]


@contextmanager
def playground() -> Iterator[str]:
    """Run the server; yields its address."""
    command = [sys.executable, "-m", "multilayer.cli", "play", "--no-open", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                if found := re.search(r"http://\S+", line):
                    yield found[0]
                    break
        finally:
            process.terminate()


def ask(socket: ClientConnection, do: str, **fields: Any) -> dict[str, Any]:
    socket.send(encode(Reply({"id": 1, "do": do, **fields})))
    answer = socket.recv()
    assert isinstance(answer, bytes)
    content = decode(answer)[0]
    if "error" in content:
        raise SystemExit(f"{do}: {content['error']['message']}")
    return dict(content)


def unwatched(address: str, case: Case, seconds: float) -> float:
    """Return the updates per second of a page that does not ask for frames."""
    origin = re.match(r"http://[^/]+", address)
    assert origin is not None
    with connect(f"{address.replace('http', 'ws', 1)}socket", origin=origin[0], max_size=None) as socket:
        ask(socket, "open", link=case.link)
        ask(socket, "play", updates_per_second=None)
        time.sleep(0.5)
        ask(socket, "pause")
        before, began = ask(socket, "play", updates_per_second=None)["update"], time.perf_counter()
        time.sleep(seconds)
        return float((ask(socket, "pause")["update"] - before) / (time.perf_counter() - began))


def watched(browser: Browser, address: str, case: Case, seconds: float) -> tuple[float, float]:
    """Return the updates and the frames per second of a page in the browser."""
    page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
    frames: list[tuple[float, int]] = []

    def receive(message: bytes | str) -> None:
        if isinstance(message, bytes):
            fields = decode(message)[0]
            if "curves" in fields:
                frames.append((time.perf_counter(), fields["update"]))

    page.on("websocket", lambda socket: socket.on("framereceived", receive))
    page.goto(f"{address}#{case.link}")
    page.locator("#scores-body").filter(has_text=re.compile(r"\d")).wait_for(state="attached")
    page.locator("#transport select").select_option(value="fastest")
    page.locator("#transport .play").click()
    page.wait_for_timeout(1_000)
    frames.clear()
    page.wait_for_timeout(1_000 * seconds)
    if len(frames) < 2:
        raise SystemExit("the page does not receive frames.")

    page.context.close()
    (first, update), (last, last_update) = frames[0], frames[-1]
    return (last_update - update) / (last - first), (len(frames) - 1) / (last - first)


def fitted(case: Case, seconds: float) -> float:
    """Return the updates per second of the estimator's fit."""
    data = shape_data(**case.setup.data.to_json())
    parameters = dict(case.setup.parameters)
    rows = {"X_val": data.X_val, "y_val": data.y_val}
    estimator_for({**parameters, "max_iter": 2}, data).fit(data.X, data.y, **rows)
    model = estimator_for(parameters, data).set_params(max_time=seconds)
    began = time.perf_counter()
    model.fit(data.X, data.y, **rows)
    per_epoch = -(-len(data.X) // (model.batch_size if isinstance(model.batch_size, int) else 200))
    return model.n_iter_ * per_epoch / (time.perf_counter() - began)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--repeats", type=int, default=3)
    json_results.add_option(parser)
    arguments = parser.parse_args()
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        raise SystemExit("no browser was found. Install chromium.")
    columns = ["case", "fit", "unwatched", "watched", "slow-down", "frames"]
    units = ["", "1/s", "1/s", "1/s", "%", "1/s"]
    print(f"{columns[0]:40}" + "".join(f"{name:>12}" for name in columns[1:]))
    rows: list[list[str | float]] = []
    with playground() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        for case in cases():
            figures = []
            for _ in range(arguments.repeats):
                alone, fit = unwatched(address, case, arguments.seconds), fitted(case, arguments.seconds)
                updates, frames = watched(browser, address, case, arguments.seconds)
                figures.append((fit, alone, updates, 100 * (1 - updates / alone), frames))
            medians = [statistics.median(column) for column in zip(*figures, strict=True)]
            print(
                f"{case.title:40}"
                + "".join(f"{value:12,.0f}" for value in medians[:3])
                + f"{medians[3]:11.0f}%{medians[4]:12.1f}"
            )
            rows.append([case.title, *(round(value, 1) for value in medians)])
        browser.close()
    results = json_results.Results("training while it is watched", columns, units, rows)
    if arguments.json:
        json_results.write(arguments.json, [results])


if __name__ == "__main__":
    main()
