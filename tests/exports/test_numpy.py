"""Exported Python files against predict: they import NumPy only, and compute single rows, too."""

from __future__ import annotations

import ast
import datetime
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import make_pipeline

from multilayer import EnsembleRegressor, MLPClassifier, MLPRegressor, TableClassifier
from multilayer.equations.activations import ACTIVATIONS
from multilayer.exceptions import ModelFileError, ParameterError
from multilayer.exports import save_numpy, to_numpy
from multilayer.tables import TableEncoder

from ..files.pipelines import CASES, TABLE, Y, fitted, network
from .cases import CLASSIFIERS, ENCODERS, OPTIONS, REGRESSORS, ROWS, X, strange_rows

pytestmark = pytest.mark.filterwarnings("ignore::multilayer.ConvergenceWarning")


def executed(model: Any, **options: Any) -> dict[str, Any]:
    """Return the names that the exported file defines."""
    text = to_numpy(model, **options)
    imported = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Import | ast.ImportFrom)]
    assert [ast.unparse(node) for node in imported] == ["import numpy as np"]
    names: dict[str, Any] = {}
    exec(text, names)
    return names


def assert_equal(model: Any, X: Any, rows: Any = None, tolerance: float = 1e-6, **options: Any) -> None:
    """Compare all rows at once and one by one, as dictionaries if columns have names."""
    names = executed(model, **options)
    rows = X if rows is None else rows
    singles = rows.to_dict("records") if hasattr(rows, "columns") else rows
    expected = model.predict(X)
    if hasattr(model, "classes_"):
        found = names["predict_proba"](rows)
        np.testing.assert_allclose(found, model.predict_proba(X), rtol=0, atol=tolerance)
        assert names["predict"](rows).tolist() == expected.tolist()
        assert [np.array(names["predict_one"](row)).tolist() for row in singles] == expected.tolist()
        values = [names["values_of_one"](names["read_one"](row))[0] for row in singles]
        np.testing.assert_allclose(values, found, rtol=0, atol=tolerance)
        return
    found = names["predict"](rows)
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose([names["predict_one"](row) for row in singles], found, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("activation", list(ACTIVATIONS))
def test_activations(activation: str) -> None:
    model = MLPRegressor((5, 4), activation, **OPTIONS).fit(X, X[:, 0])
    assert_equal(model, ROWS)


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_classifiers(name: str) -> None:
    options, y = CLASSIFIERS[name]
    assert_equal(MLPClassifier(**({"hidden_layer_sizes": (6,)} | OPTIONS | options)).fit(X, y), ROWS)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", REGRESSORS)
def test_regressors(name: str, dtype: Any) -> None:
    options, y = REGRESSORS[name]
    model = MLPRegressor(**({"hidden_layer_sizes": (6,)} | OPTIONS | options)).fit(X.astype(dtype), y)
    assert_equal(model, X.astype(dtype), tolerance=1e-5 if dtype == np.float32 else 1e-9)


@pytest.mark.parametrize("name", CASES)
def test_pipelines(name: str) -> None:
    model, X = fitted(name)
    assert_equal(model, X)


@pytest.mark.parametrize("name", ENCODERS)
def test_gaps_unseen_texts_and_extreme_numbers(name: str) -> None:
    model = make_pipeline(TableEncoder(**ENCODERS[name]), network()).fit(TABLE, Y)
    rows = strange_rows()
    given = rows.assign(when=rows["when"].to_numpy(), new=rows["new"].astype(object).where(rows["new"].notna(), None))
    assert_equal(model, rows, given, tolerance=1e-5)


def test_ensembles_and_table_models() -> None:
    ensemble = EnsembleRegressor(MLPRegressor((4,), **OPTIONS), 3, random_state=0).fit(X, X[:, :2])
    assert_equal(ensemble, X)
    frame = TABLE[["size", "town", "new"]]
    assert_equal(TableClassifier(preset="quick", calibration="temperature", random_state=0).fit(frame, Y), frame)


def test_dates_times_and_zones() -> None:
    moments = pd.date_range("2019-12-30", periods=200, freq="37h", tz="Europe/Berlin")
    frame = pd.DataFrame({"when": moments, "at": moments.time})
    model = make_pipeline(TableEncoder(), MLPRegressor((4,), **OPTIONS)).fit(frame, np.arange(200.0))
    naive = [each.to_pydatetime() for each in moments.tz_convert("UTC").tz_localize(None)]
    clocks = [each.to_pydatetime() for each in moments.tz_localize(None)]
    rows = [
        {"when": when, "when (local)": local, "at": at}
        for when, local, at in zip(naive, clocks, frame["at"], strict=True)
    ]
    names = executed(model, zoned=["when"])
    np.testing.assert_allclose(names["predict"](rows), model.predict(frame), rtol=0, atol=1e-9)
    np.testing.assert_allclose([names["predict_one"](row) for row in rows], model.predict(frame), rtol=0, atol=1e-9)
    day = {"when": datetime.date(2020, 1, 1), "when (local)": np.datetime64("2020-01-01"), "at": None}
    assert np.isfinite(names["predict_one"](day))


@pytest.mark.parametrize("weights", ["inside", "beside"])
def test_files_run_alone(weights: Any, tmp_path: Path) -> None:
    model, _ = fitted("encoder")
    save_numpy(model, tmp_path / "rents.py", weights=weights)
    assert (tmp_path / "rents.npz").exists() == (weights == "beside")
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); sys.modules['multilayer'] = sys.modules['scipy'] = None\n"
        "import rents; print(rents.predict_one({'size': 1.0, 'town': 'x', 'when': '2020-01-03'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() in ("yes", "no")


def test_errors_name_the_file(tmp_path: Path) -> None:
    model = MLPRegressor((2,), **OPTIONS).fit(X, X[:, 0])
    with pytest.raises(ParameterError, match=r"path must end in \.py, got"):
        save_numpy(model, tmp_path / "model.txt")
    (tmp_path / "folder.py").mkdir()
    with pytest.raises(ModelFileError, match=r"folder\.py: cannot be written"):
        save_numpy(model, tmp_path / "folder.py")


def test_names_of_columns_are_text_only() -> None:
    frame = pd.DataFrame({'"""\n': X[:, 0], "\\'{x}": X[:, 1], "é": ["a'", "\\", '"""'] * 20})
    model = make_pipeline(TableEncoder(), network()).fit(frame, Y[:60])
    assert_equal(model, frame)
