"""Exported C headers against predict, compiled without warnings, and run."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import make_pipeline

from multilayer import EnsembleRegressor, MLPClassifier, MLPRegressor, TableClassifier, TableRegressor
from multilayer.equations.activations import ACTIVATIONS
from multilayer.exceptions import InputTypeError, ModelFileError, ParameterError
from multilayer.exports import save_c, to_c
from multilayer.exports.c_lines import literal, number
from multilayer.exports.models import program_of
from multilayer.tables import TableEncoder

from ..files.pipelines import CASES, TABLE, Y, fitted, network
from .cases import CLASSIFIERS, ENCODERS, OPTIONS, REGRESSORS, ROWS, X, strange_rows
from .feeds import column_of, numbers_of

COMPILER = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
FLAGS = ["-std=c99", "-pedantic", "-Wall", "-Wextra", "-Werror", "-O1"]
compiled = pytest.mark.skipif(COMPILER is None, reason="there is no C compiler")
pytestmark = pytest.mark.filterwarnings("ignore::multilayer.ConvergenceWarning")


def c_outputs(model: Any, X: Any, folder: Path, **options: Any) -> tuple[Any, Any]:
    """Return the values of each row, and the results of predict if they are numbers."""
    program = program_of(model)
    (folder / "model.h").write_text(to_c(model, **options), encoding="utf-8")
    inputs = program.inputs
    if program.names:
        columns = [column_of(X, each.name) for each in inputs]
        cells = [
            ["NULL" if pd.isna(cell) else literal(str(cell)) for cell in column]
            if each.type == "text"
            else [number(cell) for cell in numbers_of(column).tolist()]
            for each, column in zip(inputs, columns, strict=True)
        ]
        kind, row = "model_row", "&rows[i]"
        rows = ",\n".join("{" + ", ".join(each) + "}" for each in zip(*cells, strict=True))
    else:
        kind, row = f"double{''}", "rows[i]"
        rows = ",\n".join("{" + ", ".join(map(number, each)) + "}" for each in np.asarray(X, dtype=float).tolist())
    shape = "[]" if program.names else f"[][{inputs[0].width}]"
    n, m = program.values.width, len(X)
    has_predict = program.kind == "classes" or (program.kind == "amounts" and n == 1)
    shown = f'printf("%.17g\\n", (double)model_predict({row}));' if has_predict else 'printf("0\\n");'
    (folder / "main.c").write_text(
        f"""#include <stdio.h>
#include "model.h"
static const {kind} rows{shape} = {{
{rows}}};
int main(void) {{
    for (int i = 0; i < {m}; i++) {{
        double values[{n}];
        model_values({row}, values);
        for (int k = 0; k < {n}; k++) printf("%.17g ", values[k]);
        {shown}
    }}
    return 0;
}}
""",
        encoding="utf-8",
    )
    assert COMPILER is not None
    command = [COMPILER, *FLAGS, "main.c", "-o", "main", "-lm"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    done = subprocess.run([str(folder / "main")], check=True, capture_output=True, text=True)
    numbers = np.array([list(map(float, line.split())) for line in done.stdout.splitlines()])
    return numbers[:, :n], numbers[:, n]


def assert_equal(model: Any, X: Any, folder: Path, tolerance: float = 1e-5, unit: Any = 1.0, **options: Any) -> None:
    values, predicted = c_outputs(model, X, folder, **options)
    if hasattr(model, "classes_"):
        np.testing.assert_allclose(values, model.predict_proba(X), rtol=0, atol=tolerance)
        if np.ndim(model.predict(X)) == 1:
            sure = np.sort(np.column_stack([np.zeros(len(values)), values]), axis=1)
            clear = sure[:, -1] - sure[:, -2] > 2 * tolerance
            assert (model.classes_[predicted.astype(int)] == model.predict(X))[clear].all()
        return
    expected = np.asarray(model.predict(X)).reshape(len(X), -1)
    np.testing.assert_allclose(values / unit, expected / unit, rtol=tolerance, atol=tolerance)
    if expected.shape[1] == 1:
        assert predicted.tolist() == values[:, 0].tolist()


@compiled
@pytest.mark.parametrize("activation", list(ACTIVATIONS))
def test_activations(activation: str, tmp_path: Path) -> None:
    model = MLPRegressor((5, 4), activation, **OPTIONS).fit(X, X[:, 0])
    assert_equal(model, ROWS, tmp_path)


@compiled
@pytest.mark.parametrize("name", CLASSIFIERS)
def test_classifiers(name: str, tmp_path: Path) -> None:
    options, y = CLASSIFIERS[name]
    # Angles of an embedding have no limit: rows within the range of the fit.
    rows = X if name == "embedding" else ROWS
    assert_equal(MLPClassifier(**({"hidden_layer_sizes": (6,)} | OPTIONS | options)).fit(X, y), rows, tmp_path)


@compiled
@pytest.mark.parametrize("name", REGRESSORS)
def test_regressors(name: str, tmp_path: Path) -> None:
    options, y = REGRESSORS[name]
    model = MLPRegressor(**({"hidden_layer_sizes": (6,)} | OPTIONS | options)).fit(X, y)
    assert_equal(model, X, tmp_path)


@compiled
@pytest.mark.parametrize("name", CASES)
def test_pipelines(name: str, tmp_path: Path) -> None:
    model, X = fitted(name)
    assert_equal(model, X, tmp_path)


@compiled
@pytest.mark.parametrize("name", ENCODERS)
def test_gaps_unseen_texts_and_extreme_numbers(name: str, tmp_path: Path) -> None:
    model = make_pipeline(TableEncoder(**ENCODERS[name]), network()).fit(TABLE, Y)
    assert_equal(model, strange_rows(), tmp_path)


@compiled
def test_ensembles_and_table_models(tmp_path: Path) -> None:
    ensemble = EnsembleRegressor(MLPRegressor((4,), **OPTIONS), 3, random_state=0).fit(X, X[:, :2])
    assert_equal(ensemble, X, tmp_path)
    frame = TABLE[["size", "town", "new", "when"]]
    assert_equal(
        TableClassifier(preset="quick", calibration="temperature", random_state=0).fit(frame, Y), frame, tmp_path
    )
    y = 100.0 * np.arange(len(frame))
    assert_equal(TableRegressor(preset="quick", random_state=0).fit(frame, y), frame, tmp_path, unit=y.std())


@compiled
def test_weights_of_8_bits_are_near(tmp_path: Path) -> None:
    model = make_pipeline(TableEncoder(), network(max_iter=200, learning_rate_init=0.01)).fit(TABLE, Y)
    whole, _ = c_outputs(model, TABLE, tmp_path)
    small, _ = c_outputs(model, TABLE, tmp_path, weights="int8")
    assert 0 < np.abs(small - whole).max() < 0.05
    assert "signed char" in to_c(model, weights="int8")


@compiled
def test_odd_names_and_texts(tmp_path: Path) -> None:
    texts = ['a"', "\\", "??/", "*/", "ü", "\n"] * 10
    frame = pd.DataFrame({"double": X[:, 0], "a b": X[:, 1], "a_b": X[:, 2], "1é*/": texts})
    model = make_pipeline(TableEncoder(), network()).fit(frame, Y[:60])
    assert_equal(model, frame, tmp_path)
    assert "double double_;" in to_c(model)


def test_errors(tmp_path: Path) -> None:
    model = MLPRegressor((2,), **OPTIONS).fit(X, X[:, 0])
    with pytest.raises(ParameterError, match="name must be an identifier of C, got 'a b'"):
        to_c(model, name="a b")
    with pytest.raises(ParameterError, match="weights"):
        to_c(model, weights="int4")  # type: ignore[arg-type]
    with pytest.raises(ModelFileError, match="cannot be written"):
        save_c(model, tmp_path)
    large = MLPRegressor((1200, 1000), solver="lbfgs", max_iter=1).fit(X, X[:, 0])
    with pytest.raises(ParameterError, match="at most 1,000,000 weights, and this model has"):
        to_c(large)
    frame = pd.DataFrame({"size": X[:, 0], "town": ["a\0b", "c", "d"] * 20})
    with pytest.raises(InputTypeError, match="the character of number 0"):
        to_c(make_pipeline(TableEncoder(), network()).fit(frame, Y[:60]))
