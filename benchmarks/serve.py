"""Requests per second of ``multilayer serve``, their latency and errors, with 1, 20 and 200 connections.

    python benchmarks/serve.py [--seconds 10] [--preset quick]

A table model of 2,000 rows with numbers, text, a date and gaps is trained, saved and served on a free port of this
machine. wrk sends requests of one row, each connection its next one as soon as it has the answer; the rows differ.
Afterwards answers of 200 requests, sent at the same time, are compared with ``predict_proba`` of the loaded model. wrk
shares the processors with the server. It is in the package wrk of Debian, Ubuntu and Homebrew.
"""

from __future__ import annotations

import argparse
import datetime
import http.client
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from multilayer import TableClassifier, load_model, save_model

CONNECTIONS = (1, 20, 200)
N_ROWS = 2_000
N_SENT = 200
HEADERS = {"Content-Type": "application/json"}


def rows_of_customers(n: int) -> tuple[list[dict[str, object]], list[str]]:
    """Rows of seven columns, and classes that depend on them."""
    draw = np.random.RandomState(0)
    rows: list[dict[str, object]] = []
    classes = []
    for i in range(n):
        age, income = int(draw.randint(18, 80)), round(float(draw.normal(40_000, 12_000)), 2)
        town, plan = str(draw.choice(["Bonn", "Kiel", "Trier", "Ulm"])), str(draw.choice(["basic", "plus", "pro"]))
        since = datetime.date(2015, 1, 1) + datetime.timedelta(days=int(draw.randint(3_000)))
        rows.append(
            {
                "age": age if i % 17 else None,
                "income": income,
                "town": town,
                "plan": plan,
                "since": since,
                "visits": int(draw.poisson(3)),
                "member": bool(draw.randint(2)),
            }
        )
        score = (income - 40_000) / 12_000 + (town == "Ulm") + 0.02 * (age - 50) + draw.normal()
        classes.append("yes" if score > 0 else "no")
    return rows, classes


def as_json(row: dict[str, object]) -> dict[str, object]:
    return row | {"since": str(row["since"])}


def script_of(rows: list[dict[str, object]]) -> str:
    """wrk's script, which sends one row after another."""
    bodies = ",\n".join(f"[==[{json.dumps({'rows': [as_json(row)]})}]==]" for row in rows)
    return (
        f'local bodies = {{\n{bodies}\n}}\nlocal i = 0\nlocal headers = {{["Content-Type"] = "application/json"}}\n'
        "function request()\n  i = i % #bodies + 1\n"
        '  return wrk.format("POST", "/predict", headers, bodies[i])\nend\n'
        "function done(summary, latency)\n"
        "  local errors = summary.errors\n"
        '  io.write(string.format("RESULT %d %d %f %f %d\\n", summary.requests, summary.duration,\n'
        "    latency:percentile(50), latency:percentile(99),\n"
        "    errors.connect + errors.read + errors.write + errors.status + errors.timeout))\nend\n"
    )


def started(model: Path) -> tuple[subprocess.Popen[str], int, float]:
    """A server, its port, and the seconds from its start to its first answer."""
    began = time.perf_counter()
    words = [sys.executable, "-m", "multilayer.cli", "serve", str(model), "--port", "0"]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for line in process.stdout:
        if found := re.search(r"http://127\.0\.0\.1:(\d+)/", line):
            port = int(found[1])
            ask(port, [])
            return process, port, time.perf_counter() - began
    raise SystemExit("the server has not started")


def ask(port: int, rows: list[dict[str, object]]) -> list[list[float]]:
    """The probabilities of rows."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("POST", "/predict", json.dumps({"rows": [as_json(row) for row in rows]}), HEADERS)
    answer = json.loads(connection.getresponse().read())
    connection.close()
    return [list(each["probabilities"].values()) for each in answer.get("predictions", [])]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=10, help="of each measurement")
    parser.add_argument("--preset", default="quick", choices=["quick", "standard"], help="of the table model")
    options = parser.parse_args()
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is not installed. Install it with: apt-get install wrk, or brew install wrk")
    folder = Path(tempfile.mkdtemp())
    rows, classes = rows_of_customers(N_ROWS)
    save_model(TableClassifier(options.preset, random_state=0).fit(rows, classes), folder / "model.safetensors")
    (folder / "requests.lua").write_text(script_of(rows[:N_SENT]), encoding="utf-8")
    process, port, seconds = started(folder / "model.safetensors")
    try:
        print(f"From the start of the process to the first answer: {seconds:.1f} s")
        print(f"{'connections':>11}  {'requests/s':>10}  {'p50 ms':>7}  {'p99 ms':>7}  {'errors':>6}")
        for n in CONNECTIONS:
            words = ["wrk", "-t1", f"-c{n}", f"-d{options.seconds}s", "--timeout", "10s", "-s", "requests.lua"]
            url = f"http://127.0.0.1:{port}"
            text = subprocess.run([*words, url], cwd=folder, capture_output=True, text=True, check=True).stdout
            n_sent, duration, p50, p99, errors = map(float, re.search(r"RESULT (.*)", text)[1].split())  # type: ignore[index]
            print(
                f"{n:11}  {n_sent / (duration * 1e-6):10,.0f}  {p50 / 1e3:7.1f}  {p99 / 1e3:7.1f}  {errors:6.0f}",
                flush=True,
            )
        with ThreadPoolExecutor(32) as pool:
            found = list(pool.map(lambda row: ask(port, [row])[0], rows[:N_SENT]))
        expected = load_model(folder / "model.safetensors").predict_proba(rows[:N_SENT]).tolist()
        print(f"Answers equal to predict_proba: {sum(map(list.__eq__, found, expected))} of {N_SENT}")
    finally:
        process.terminate()
        process.wait(30)
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
