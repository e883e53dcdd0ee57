"""CPU seconds of the first fit on a new computer: installed from a wheel, from a source checkout, and of scikit-learn.

    python benchmarks/cold_start.py                       # builds the wheel, which takes minutes
    python benchmarks/cold_start.py --wheel dist/multilayer-*-manylinux_2_17_x86_64.whl
    python benchmarks/cold_start.py --wheel ... --source  # also the checkout, which compiles

Each figure is the user and system time of a new process and its children, imports included, with an empty cache and
bytecode that is compiled before; the least of ``--rounds`` processes.  The wheel is installed in a new virtual
environment; ``--python`` names another Python for it.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

import json_results

ROOT = Path(__file__).resolve().parents[1]
# All variables that name a folder for kernels, which are read from every one of them.
CACHE_FOLDERS = ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME", "LOCALAPPDATA", "HOME")

FIT = textwrap.dedent("""
    import sys, warnings
    warnings.simplefilter("ignore")
    if "without-numba" in sys.argv:
        sys.modules["numba"] = None
    from sklearn.datasets import load_digits
    X, y = load_digits(return_X_y=True)
    X = X[:, :5] / 16 if "five" in sys.argv else X / 16
    {statement}
    model.fit(X, y if hasattr(model, "predict_proba") else y / 9.0)
    model.predict(X)
    print("numba" if sys.modules.get("numba") is not None else "no numba")
""")
OURS = "from multilayer import MLPClassifier, MLPRegressor; model = MLP{kind}(max_iter=2, random_state=0{options})"
THEIRS = "from sklearn.neural_network import MLPClassifier; model = MLPClassifier(max_iter=2, random_state=0)"
#: The work, with the statement that makes a model, and arguments of the program.
WORK = {
    "default fit and predict": (OURS.format(kind="Classifier", options=""), ()),
    "the same without Numba": (OURS.format(kind="Classifier", options=""), ("without-numba",)),
    "narrow layers": (OURS.format(kind="Classifier", options=", hidden_layer_sizes=(5, 5)"), ("five",)),
    "normalised layers": (OURS.format(kind="Classifier", options=", normalization='layer'"), ()),
    "a chosen cost": (OURS.format(kind="Regressor", options=", loss='huber'"), ()),
}


def cpu_seconds(python: str, statement: str, arguments: tuple[str, ...], **environment: str) -> tuple[float, str]:
    """Return the CPU time of a program in a new process with an empty cache, and what it prints."""
    with tempfile.TemporaryDirectory() as empty:
        variables = {**os.environ, **dict.fromkeys(CACHE_FOLDERS, empty), "PYTHONPATH": "", **environment}
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        command = [python, "-c", FIT.format(statement=statement), *arguments]
        ran = subprocess.run(command, env=variables, cwd=empty, check=True, capture_output=True, text=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, ran.stdout.strip()


def installed(wheel: Path, folder: Path, python: str) -> str:
    """Install a wheel in a new virtual environment and return its Python."""
    subprocess.run([python, "-m", "venv", folder], check=True)
    ours = str(folder / "bin" / "python")
    subprocess.run([ours, "-m", "pip", "install", "--quiet", wheel], check=True)  # pip compiles bytecode
    return ours


def built(folder: Path) -> Path:
    """Build the wheel of this checkout."""
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(ROOT)]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    (wheel,) = folder.glob("*.whl")
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(f"built {wheel.name}, {wheel.stat().st_size / 1e6:.1f} MB, in {seconds:.0f} CPU s")
    return wheel


def versions_of(python: str) -> dict[str, str]:
    """Return the versions of the libraries that another Python has."""
    code = "import json, json_results; print(json.dumps(json_results.installed_versions()))"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    ran = subprocess.run([python, "-c", code], env=environment, check=True, capture_output=True, text=True)
    found: dict[str, str] = json.loads(ran.stdout)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wheel", type=Path, help="a wheel; by default, one is built")
    parser.add_argument("--python", default=sys.executable, help="the Python to install it for")
    parser.add_argument("--source", action="store_true", help="also measure this checkout")
    parser.add_argument("--rounds", type=int, default=3)
    json_results.add_option(parser)
    options = parser.parse_args()
    figures: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        wheel = options.wheel or built(Path(scratch))
        python = installed(wheel.resolve(), Path(scratch) / "venv", options.python)
        runs = [("wheel", python, *work, {}) for work in ((name, *WORK[name]) for name in WORK)]
        runs += [("wheel", python, "scikit-learn's default fit and predict", THEIRS, (), {})]
        if options.source:
            source = {"PYTHONPATH": str(ROOT / "src")}
            skipped = "the same without Numba"
            runs += [("source", sys.executable, name, *WORK[name], source) for name in WORK if name != skipped]
        for origin, interpreter, name, statement, arguments, environment in runs:
            rounds = options.rounds if origin == "wheel" else 1
            found = [cpu_seconds(interpreter, statement, arguments, **environment) for _ in range(rounds)]
            seconds, printed = min(found)
            print(f"{origin:8} {name:42} {seconds:6.2f} CPU s, {printed}", flush=True)
            figures.setdefault(name, {})[origin] = seconds
        versions = versions_of(python)
    if options.json:
        rows = [[name, found.get("wheel"), found.get("source")] for name, found in figures.items()]
        columns = ("work", "from the wheel", "source checkout")
        table = json_results.Results("first fit", columns, ("", "CPU s", "CPU s"), rows)
        json_results.write(options.json, [table], versions)


if __name__ == "__main__":
    main()
