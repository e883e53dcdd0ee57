"""``multilayer export``: a saved model in other forms."""

from __future__ import annotations

import csv
import io
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from multilayer import load_model
from multilayer.tables import read_table


@pytest.fixture(scope="module")
def model(run, table) -> Path:
    out = table.parent / "exported"
    assert run("train", table, "--target", "buys", "--out", out, "--hidden", "4", "--epochs", "3").exit_code == 0
    return out / "model.safetensors"


@pytest.fixture(scope="module")
def rows(table) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(table.read_text())))


def test_all_forms_are_written_beside_the_model(run, model):
    for form, extension in (("onnx", ".onnx"), ("numpy", ".py"), ("c", ".h"), ("sql", ".sql")):
        result = run("export", model, "--to", form)
        assert result.exit_code == 0, result.stderr
        path = model.with_suffix(extension)
        assert result.stdout == f"Written:\n  {path}\n"
        assert path.stat().st_size > 100


def test_the_python_file_predicts_the_same(run, table, model, tmp_path):
    path = tmp_path / "churn.py"
    assert run("export", model, "--to", "numpy", "-o", path, "--weights", "beside").exit_code == 0
    assert (tmp_path / "churn.npz").exists()
    names: dict[str, object] = {"__file__": str(path)}
    exec(compile(path.read_text(), path, "exec"), names)
    some = read_table(table).to_pylist()[:20]
    expected = load_model(model).predict_proba(some)
    assert np.allclose(names["predict_proba"](some), expected, atol=1e-5)


def test_the_query_predicts_the_same(run, table, model, tmp_path):
    path = tmp_path / "churn.sql"
    assert run("export", model, "--to", "sql", "--name", "customers", "-o", path).exit_code == 0
    frame = read_table(table).to_pandas()[["age", "income", "town"]]
    with sqlite3.connect(":memory:") as base:
        frame.to_sql("customers", base, index=False)
        cursor = base.execute(path.read_text())
        names = [each[0] for each in cursor.description]
        found = cursor.fetchall()
    assert len(found) == len(frame)
    expected = load_model(model).predict_proba(read_table(table))
    place = next(i for i, name in enumerate(names) if "yes" in name)
    assert np.allclose([row[place] for row in found], expected[:, 1], atol=1e-6)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--to", "onnx", "--weights", "int8"], "--weights int8 is no choice of --to onnx. Omit it."),
        (["--to", "c", "--weights", "beside"], "--weights beside is no choice of --to c. Pass float32 or int8"),
        (["--to", "numpy", "--name", "x"], "--name has no effect with --to numpy"),
        (["--to", "pmml"], "--to must be onnx, numpy, c or sql, got 'pmml'"),
        (["--to", "numpy", "-o", "model.txt"], "must end in .py"),
        ([], "--to"),
    ],
)
def test_wrong_options_are_one_line(run, model, options, message):
    result = run("export", model, *options)
    assert result.exit_code == 2
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1
