"""Test an installed multilayer: python release/smoke_test.py

It imports, fits, predicts, saves, loads, and runs the command. The package must be installed in the environment of this
Python; that of the checkout is refused. With --machine-code the fit must not need a compiler: the wheel brings machine
code for this processor. Tables are tested where multilayer[tables] is installed.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import os
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import multilayer

COMMAND = Path(sysconfig.get_path("scripts")) / ("multilayer.exe" if os.name == "nt" else "multilayer")


class SmokeTestError(Exception):
    """The installed package does not work."""


def check(is_right: bool, what: str) -> None:
    """Print what was checked, or raise an error."""
    if not is_right:
        raise SmokeTestError(f"failed: {what}")
    print(f"ok: {what}", flush=True)


def run(*arguments: str) -> str:
    """Run the command and return what it prints."""
    done = subprocess.run([COMMAND, *arguments], capture_output=True, text=True, encoding="utf-8")
    if done.returncode != 0:
        raise SmokeTestError(f"multilayer {' '.join(arguments)} ended with {done.returncode}:\n{done.stderr}")
    return done.stdout


def installation() -> None:
    """Check where the package lies, and its version."""
    place = Path(multilayer.__file__).resolve()
    check(place.is_relative_to(Path(sys.prefix).resolve()), f"imported from the environment: {place.parent}")
    version = importlib.metadata.version("multilayer")
    check(multilayer.__version__ == version, f"the version of the metadata is __version__, {version}")
    check(version in run("--version"), "multilayer --version prints it")
    check((place.parent / "py.typed").exists(), "types are marked")


def estimators(folder: Path, needs_machine_code: bool) -> None:
    """Fit a classifier, predict, save and load."""
    X, y = load_digits(return_X_y=True)
    X = X / 16
    X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
    model = multilayer.MLPClassifier((64,), learning_rate_init=0.01, random_state=0).fit(X_train, y_train)
    score = model.score(X_test, y_test)
    check(score > 0.95, f"a fit of digits has the accuracy {score:.3f} on test rows")
    check(np.allclose(model.predict_proba(X).sum(axis=1), 1), "probabilities sum to 1")
    if needs_machine_code:
        check("numba" not in sys.modules, "the fit needed no compiler")
    path = folder / "digits.safetensors"
    multilayer.save_model(model, path)
    loaded = multilayer.load_model(path)
    check(np.array_equal(loaded.predict_proba(X), model.predict_proba(X)), "a saved and loaded model predicts the same")
    darkness = X[:, :32].sum(axis=1)
    regressor = multilayer.MLPRegressor((16,), learning_rate_init=0.01, random_state=0).fit(X, darkness)
    check(regressor.score(X, darkness) > 0.9, "a regressor fits")


def tables(folder: Path) -> None:
    """Train on a file with text, numbers and gaps, by the command, and predict with the model of it."""
    random = np.random.RandomState(0)
    path, out = folder / "orders.csv", folder / "out"
    lines = ["amount,town,late"]
    for amount, town in zip(random.uniform(0, 100, 200).round(1), random.choice(["Bonn", "Kiel"], 200), strict=True):
        lines.append(f"{amount if random.uniform() > 0.05 else ''},{town},{'yes' if amount > 50 else 'no'}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    run("train", str(path), "--target", "late", "--preset", "quick", "--out", str(out))
    model = multilayer.load_model(out / "model.safetensors")
    found = model.predict([{"amount": 95.0, "town": "Kiel"}, {"amount": 5.0, "town": "Bonn"}]).tolist()
    check(found == ["yes", "no"], "multilayer train makes a model from a table, which predicts rows")


def playground() -> None:
    """Step a run of the playground, and look for the files of its page."""
    from multilayer.playground import Workbench, lesson_names, load_lesson

    bench = Workbench()
    check(bench.handle({"do": "step", "epochs": 3}).fields["epoch"] == 3, "a run of the playground trains")
    check(all(load_lesson(name).steps for name in lesson_names()), f"{len(lesson_names())} lessons can be read")
    page = Path(multilayer.__file__).parent / "playground" / "static"
    parts = [page / "index.html", page / "js" / "main.js", page / "css" / "base.css", page / "strings" / "en.json"]
    check(all(path.is_file() for path in parts), "the page of the playground is there")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--machine-code", action="store_true", help="the fit must not need a compiler")
    options = parser.parse_args()
    installation()
    with tempfile.TemporaryDirectory() as folder:
        estimators(Path(folder), options.machine_code)
        if all(importlib.util.find_spec(name) for name in ("narwhals", "pyarrow")):
            tables(Path(folder))
            playground()
        else:
            print("skipped: tables and the playground, which multilayer[tables] installs")
    print("The installed multilayer works.")


if __name__ == "__main__":
    main()
