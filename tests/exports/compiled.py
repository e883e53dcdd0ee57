"""Exported C headers, compiled without warnings for this machine or another processor, and run."""

from __future__ import annotations

import functools
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.pipeline import make_pipeline

from multilayer import EnsembleRegressor, MLPClassifier, MLPRegressor, TableClassifier, TableRegressor
from multilayer.equations.activations import ACTIVATIONS
from multilayer.exports import to_c
from multilayer.exports.c_lines import literal, number
from multilayer.exports.models import program_of
from multilayer.tables import TableEncoder

from ..files.pipelines import CASES, TABLE, Y, fitted, network
from .cases import CLASSIFIERS, ENCODERS, OPTIONS, REGRESSORS, ROWS, X, strange_rows
from .feeds import column_of, numbers_of

FLAGS = ["-std=c99", "-pedantic", "-Wall", "-Wextra", "-Werror", "-O1"]


@dataclass(frozen=True)
class Processor:
    """A compiler, and a command that runs what it has compiled."""

    compiler: str | None
    emulator: str | None = ""
    flags: tuple[str, ...] = ()

    @property
    def is_missing(self) -> bool:
        """Whether the compiler or the emulator is not installed."""
        return self.compiler is None or self.emulator is None


THIS = Processor(shutil.which("cc") or shutil.which("gcc") or shutil.which("clang"))
_STATIC = ("-O0", "-static")  # without a C library of that processor here
OTHERS = {
    "64-bit ARM": Processor(shutil.which("aarch64-linux-gnu-gcc"), shutil.which("qemu-aarch64-static"), _STATIC),
    "32-bit ARM": Processor(shutil.which("arm-linux-gnueabihf-gcc"), shutil.which("qemu-arm-static"), _STATIC),
}


@dataclass(frozen=True)
class Case:
    """A model, its rows, the unit of its amounts, and options of to_c."""

    model: Any
    rows: Any
    unit: float = 1.0
    options: dict[str, Any] = field(default_factory=dict)


def outputs(cases: Sequence[Case], folder: Path, processor: Processor = THIS) -> list[tuple[Any, Any]]:
    """Return, for each case, the values of each row, and the results of predict if they are numbers."""
    widths = [program_of(case.model).values.width for case in cases]
    parts = [_written(case, f"m{i}", folder) for i, case in enumerate(cases)]
    calls = "\n".join(f"    run_m{i}();" for i in range(len(cases)))
    text = "\n".join(["#include <stdio.h>", *parts, f"int main(void) {{\n{calls}\n    return 0;\n}}\n"])
    (folder / "main.c").write_text(text, encoding="utf-8")
    command = [str(processor.compiler), *FLAGS, *processor.flags, "main.c", "-o", "main", "-lm"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    run = [*filter(None, [processor.emulator]), str(folder / "main")]
    lines = subprocess.run(run, check=True, capture_output=True, text=True).stdout.splitlines()
    found = []
    for case, width in zip(cases, widths, strict=True):
        own, lines = lines[: len(case.rows)], lines[len(case.rows) :]
        numbers = np.array([list(map(float, line.split())) for line in own])
        found.append((numbers[:, :width], numbers[:, width]))
    assert not lines
    return found


def _written(case: Case, name: str, folder: Path) -> str:
    """Write the header of a case, and return the rows and the function that prints its results."""
    program = program_of(case.model)
    (folder / f"{name}.h").write_text(to_c(case.model, name=name, **case.options), encoding="utf-8")
    inputs = program.inputs
    if program.names:
        columns = [column_of(case.rows, each.name) for each in inputs]
        cells = [
            ["NULL" if pd.isna(cell) else literal(str(cell)) for cell in column]
            if each.type == "text"
            else [number(cell) for cell in numbers_of(column).tolist()]
            for each, column in zip(inputs, columns, strict=True)
        ]
        kind, row = f"{name}_row", f"&{name}_rows[i]"
        rows = ",\n".join("{" + ", ".join(each) + "}" for each in zip(*cells, strict=True))
    else:
        kind, row = "double", f"{name}_rows[i]"
        lists = np.asarray(case.rows, dtype=float).tolist()
        rows = ",\n".join("{" + ", ".join(map(number, each)) + "}" for each in lists)
    shape = "[]" if program.names else f"[][{inputs[0].width}]"
    n = program.values.width
    has_predict = program.kind == "classes" or (program.kind == "amounts" and n == 1)
    shown = f'printf("%.17g\\n", (double){name}_predict({row}));' if has_predict else 'printf("0\\n");'
    return f"""#include "{name}.h"
static const {kind} {name}_rows{shape} = {{
{rows}}};
static void run_{name}(void) {{
    for (int i = 0; i < {len(case.rows)}; i++) {{
        double values[{n}];
        {name}_values({row}, values);
        for (int k = 0; k < {n}; k++) printf("%.17g ", values[k]);
        {shown}
    }}
}}
"""


def assert_equal(case: Case, found: tuple[Any, Any], tolerance: float = 1e-5) -> None:
    """Compare results with predict."""
    (values, predicted), model, rows = found, case.model, case.rows
    if hasattr(model, "classes_"):
        np.testing.assert_allclose(values, model.predict_proba(rows), rtol=0, atol=tolerance)
        if np.ndim(model.predict(rows)) == 1:
            sure = np.sort(np.column_stack([np.zeros(len(values)), values]), axis=1)
            clear = sure[:, -1] - sure[:, -2] > 2 * tolerance
            assert (model.classes_[predicted.astype(int)] == model.predict(rows))[clear].all()
        return
    expected = np.asarray(model.predict(rows)).reshape(len(rows), -1)
    np.testing.assert_allclose(values / case.unit, expected / case.unit, rtol=tolerance, atol=tolerance)
    if expected.shape[1] == 1:
        assert predicted.tolist() == values[:, 0].tolist()


def _network(kind: Any, options: dict[str, Any], y: Any) -> Any:
    return kind(**({"hidden_layer_sizes": (6,)} | OPTIONS | options)).fit(X, y)


def _classifier(name: str) -> Case:
    # Angles of an embedding have no limit: rows within the range of the fit.
    return Case(_network(MLPClassifier, *CLASSIFIERS[name]), X if name == "embedding" else ROWS)


def _table_models(name: str) -> Case:
    frame = TABLE[["size", "town", "new", "when"]]
    if name == "classes":
        model = TableClassifier(preset="quick", calibration="temperature", random_state=0)
        return Case(model.fit(frame, Y), frame)
    y = 100.0 * np.arange(len(frame))
    return Case(TableRegressor(preset="quick", random_state=0).fit(frame, y), frame, float(y.std()))


def _ensemble() -> Case:
    return Case(EnsembleRegressor(MLPRegressor((4,), **OPTIONS), 3, random_state=0).fit(X, X[:, :2]), X)


MODELS: dict[str, Callable[[], Case]] = {
    **{
        f"activation {name}": lambda name=name: Case(MLPRegressor((5, 4), name, **OPTIONS).fit(X, X[:, 0]), ROWS)
        for name in ACTIVATIONS
    },
    **{f"classifier: {name}": lambda name=name: _classifier(name) for name in CLASSIFIERS},
    **{
        f"regressor: {name}": lambda name=name: Case(_network(MLPRegressor, *REGRESSORS[name]), X)
        for name in REGRESSORS
    },
    **{f"pipeline: {name}": lambda name=name: Case(*fitted(name)) for name in CASES},
    # Gaps, unseen texts and extreme numbers.
    **{
        f"encoder: {name}": lambda name=name: Case(
            make_pipeline(TableEncoder(**ENCODERS[name]), network()).fit(TABLE, Y), strange_rows()
        )
        for name in ENCODERS
    },
    "ensemble": _ensemble,
    "table model of classes": lambda: _table_models("classes"),
    "table model of amounts": lambda: _table_models("amounts"),
}


@functools.cache
def case_of(name: str) -> Case:
    """Return a case of MODELS, which is fitted once."""
    return MODELS[name]()
