"""baselines: the scores of scikit-learn's models, computed another way."""

from __future__ import annotations

import io

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, r2_score

from multilayer.playground.data.baselines import baselines
from multilayer.playground.data.play_data import shape_data
from multilayer.playground.data.table_data import table_data


def test_classes_have_logistic_regression_and_the_majority() -> None:
    data = shape_data("moons")
    assert data.X_val is not None
    linear, majority = baselines(data)
    mean, deviation = data.X.mean(axis=0), data.X.std(axis=0)
    model = LogisticRegression().fit((data.X - mean) / deviation, data.y)
    assert linear["name"] == "linear"
    assert linear["title"] == "logistic regression"
    assert linear["train"] == accuracy_score(data.y, model.predict((data.X - mean) / deviation))
    assert linear["validation"] == accuracy_score(data.y_val, model.predict((data.X_val - mean) / deviation))
    assert majority == {"name": "majority", "title": "most frequent class", "train": 0.5, "validation": 0.5}


def test_amounts_have_ridge_regression_and_the_mean() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 2))
    lines = ["a,b,y", *(f"{a},{b},{1000 * a - 5 * b + 3}" for a, b in x.tolist())]
    data = table_data(io.BytesIO("\n".join(lines).encode()), "y")
    assert data.X_val is not None
    assert data.y_val is not None
    linear, mean = baselines(data)
    assert linear["title"] == "ridge regression"
    assert linear["train"] > 0.99
    Z = data.X - data.X.mean(axis=0)
    theta = np.linalg.solve(Z.T @ Z + np.eye(2), Z.T @ (data.y - data.y.mean()))
    predicted = (data.X_val - data.X.mean(axis=0)) @ theta + data.y.mean()
    assert linear["validation"] == pytest.approx(r2_score(data.y_val, predicted))
    assert (mean["name"], mean["train"]) == ("mean", 0)
    assert mean["validation"] == pytest.approx(r2_score(data.y_val, np.full(len(data.y_val), data.y.mean())))


def test_text_labels_are_scored() -> None:
    lines = ["a,y", *(f"{i % 10},{'high' if i % 10 > 4 else 'low'}" for i in range(100))]
    linear, majority = baselines(table_data(io.BytesIO("\n".join(lines).encode()), "y"))
    assert linear["train"] == linear["validation"] == 1
    assert majority["train"] == 0.5


def test_without_validation_rows_there_is_no_validation_score() -> None:
    for name in ("blobs", "waves"):
        for found in baselines(shape_data(name, validation_fraction=0)):
            assert found["validation"] is None
            assert 0 <= found["train"] <= 1


def test_of_many_entries_a_sample_is_used() -> None:
    rng = np.random.default_rng(0)
    cells = rng.integers(0, 9, (9000, 100))
    lines = [",".join([*(f"c{j}" for j in range(100)), "y"])]
    lines += [",".join(map(str, row)) + f",{'ab'[int(row[0] > 4)]}" for row in cells.tolist()]
    linear, _ = baselines(table_data(io.BytesIO("\n".join(lines).encode()), "y", validation_fraction=0))
    assert linear["title"] == "logistic regression (trained on a sample of 3,000 rows)"
    assert linear["train"] > 0.97
