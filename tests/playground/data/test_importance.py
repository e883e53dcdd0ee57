"""importance: equal to scikit-learn's for single inputs, and inputs of one column stay together."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LinearRegression, LogisticRegression

from multilayer import MLPClassifier
from multilayer.exceptions import InputError, ParameterError
from multilayer.playground.data.importance import importance
from multilayer.playground.data.play_data import shape_data
from multilayer.playground.data.table_data import table_data
from multilayer.playground.workbench import Workbench


def table_of(header: str, rows: list[tuple[Any, ...]], **options: Any) -> Any:
    lines = [header, *(",".join(map(str, row)) for row in rows)]
    return table_data(io.BytesIO("\n".join(lines).encode()), header.split(",")[-1], **options)


def test_single_inputs_agree_with_scikit_learn() -> None:
    data = shape_data("waves", 2000)
    model = LinearRegression().fit(np.column_stack([data.X[:, 0] ** 3, data.X[:, 1]]), data.y)
    assert data.X_val is not None
    # scikit-learn shuffles in other orders, so that only means of many repeats agree.
    ours = importance(model, data, n_repeats=40, max_rows=600)
    theirs = permutation_importance(model, data.X_val, data.y_val, n_repeats=40, random_state=1)
    by_name = {each["name"]: each for each in ours["columns"]}
    for j, name in enumerate(("x", "y")):
        error = 4 * (theirs.importances_std[j] / np.sqrt(40) + 1e-9)
        assert by_name[name]["importance"] == pytest.approx(theirs.importances_mean[j], abs=2 * error)
        assert by_name[name]["deviation"] == pytest.approx(theirs.importances_std[j], rel=0.5, abs=1e-9)
    assert ours["note"] == "Fall of the R² of the 600 validation rows when a column is shuffled, 40 times each."


def test_inputs_of_a_column_are_shuffled_together() -> None:
    words = ["red", "green", "blue", "grey"]
    data = table_of("colour,noise,y", [(words[i % 4], i * 7 % 5, "ab"[int(i % 4 > 1)]) for i in range(200)])
    seen = []

    class Watched(LogisticRegression):
        def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
            seen.append(X)
            return float(super().score(X, y, sample_weight))

    found = importance(Watched().fit(data.X, data.y), data)
    of_colour = list(data.columns[0].inputs)
    assert len(of_colour) == 4
    assert len(seen) == 1 + 2 * 5
    for X in seen:
        # Every row still has one colour, and every column the same values.
        np.testing.assert_array_equal(X[:, of_colour].sum(axis=1), 1)
        np.testing.assert_array_equal(np.sort(X, axis=0), np.sort(seen[0], axis=0))
    assert [each["name"] for each in found["columns"]] == ["colour", "noise"]
    assert found["columns"][0]["importance"] == pytest.approx(0.5, abs=0.15)
    assert found["columns"][0]["deviation"] > 0
    assert found["columns"][1]["importance"] == 0


def test_networks_with_text_labels_and_dropped_columns() -> None:
    rows = [(i % 10, 1, i % 3, "high" if i % 10 > 4 else "low") for i in range(120)]
    data = table_of("a,same,b,y", rows)
    model = MLPClassifier((4,), solver="lbfgs", random_state=0, max_iter=60, tol=1e-2).fit(data.X, data.y)
    found = importance(model, data)
    assert [each["name"] for each in found["columns"]] == ["a", "b"]
    assert model.score(data.X_val, data.y_val) > 0.9
    assert found["columns"][0]["importance"] > 0.3
    again = importance(model, data)
    assert again == found


def test_rows_are_limited_and_training_rows_used_without_validation_rows() -> None:
    data = shape_data("moons", 5000, validation_fraction=0)
    model = LogisticRegression().fit(data.X, data.y)
    found = importance(model, data, n_repeats=1)
    assert found["note"] == (
        "Fall of the accuracy of 1,000 of the 5,000 training rows when a column is shuffled, once each."
    )
    assert [each["deviation"] for each in found["columns"]] == [0, 0]


def test_invalid_arguments_are_errors() -> None:
    data = shape_data("moons")
    model = LogisticRegression().fit(data.X, data.y)
    with pytest.raises(ParameterError, match="n_repeats must be a positive integer, got 0"):
        importance(model, data, n_repeats=0)
    with pytest.raises(ParameterError, match="max_rows must be a positive integer"):
        importance(model, data, max_rows=0)
    with pytest.raises(InputError, match=r"fitted on 1 inputs, but the data have 2\. Fit it on data\.X\."):
        importance(LogisticRegression().fit(data.X[:, :1], data.y), data)


def test_the_importance_of_a_wide_table_is_estimated_from_fewer_rows() -> None:
    rng = np.random.default_rng(0)
    names = [f"c{i}" for i in range(150)]
    rows = "\n".join(",".join(map(str, (*row, row[0] > 0))) for row in rng.normal(size=(1200, 150)).round(3))
    bench = Workbench()
    table = f"{','.join((*names, 'up'))}\n{rows}".encode()
    bench.handle({"do": "upload", "name": "wide.csv", "target": "up"}, table)
    bench.handle({"do": "step", "epochs": 20})
    found = bench.handle({"do": "importance"}).fields
    assert found["columns"][0]["name"] == "c0"
    which = "300 of the 360 validation rows"
    assert found["note"] == f"Fall of the accuracy of {which} when a column is shuffled, once each."
