"""Kill trainings with SIGKILL: each must have, once resumed, the weights of an undisturbed training.

    python benchmarks/kills.py --count 60

Three networks with checkpoints (one normalised with a cosine schedule), the fit and the saves of an ensemble, and a
search with a journal take turns; a reader loads the files at the same time, and must never fail. Temporary files must
be removed by the next save. tests/files/killed_trainings.py contains the trainings.
"""

from __future__ import annotations

import argparse
import importlib.util
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent


def trainings() -> Any:
    spec = importlib.util.spec_from_file_location(
        "killed_trainings", HERE.parent / "tests" / "files" / "killed_trainings.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    killed_trainings, chance = trainings(), random.Random(arguments.seed)
    undisturbed = {}
    for scenario in killed_trainings.SCENARIOS:
        with tempfile.TemporaryDirectory() as folder:
            undisturbed[scenario] = killed_trainings.train(scenario, Path(folder) / killed_trainings.FILE)
    n_left = 0
    began = time.perf_counter()
    for number in range(arguments.count):
        scenario = killed_trainings.SCENARIOS[number % len(killed_trainings.SCENARIOS)]
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            after_first_file = chance.random() < 0.8
            seconds = chance.uniform(0.0, 0.6) if after_first_file else chance.uniform(0.5, 2.0)
            if scenario == "search":
                killed_trainings.kill(scenario, folder, seconds, after_first_file=after_first_file)
            else:
                with killed_trainings.Reader(folder):
                    killed_trainings.kill(scenario, folder, seconds, after_first_file=after_first_file)
            n_left += sum(each.name.endswith(".tmp") for each in folder.iterdir())
            killed_trainings.check(scenario, folder, undisturbed[scenario])
        print(f"{number + 1:3} {scenario:26} killed after {seconds:.2f} s: same weights", flush=True)
    seconds = time.perf_counter() - began
    print(f"{arguments.count} kills in {seconds:.0f} s, {n_left} temporary files left and removed later, 0 failures")


if __name__ == "__main__":
    sys.exit(main())
