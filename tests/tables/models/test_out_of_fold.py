"""Out-of-fold predictions, their weights, and the summary."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import log_loss, root_mean_squared_error

from multilayer.ensembles.greedy import greedy_selection
from multilayer.tables.models import TableClassifier, TableRegressor
from multilayer.tables.models.fitting import Trained
from multilayer.tables.models.means import mean_over_rows
from multilayer.tables.models.out_of_fold import (
    cross_fitted_weights,
    divisions_of,
    mean_of_divisions,
    selected_weights,
)
from multilayer.tables.models.problem import Problem
from multilayer.tables.models.rows import rows_of

from .conftest import results_of_folds

Flats = tuple[pd.DataFrame, pd.Series]


@pytest.fixture(autouse=True, scope="module")
def _shorter_training(short: Any) -> Iterator[None]:
    with short(3):
        yield


def problem_of(folds: Any, groups: Any = None, m: int = 40) -> Problem:
    y = np.zeros(m)
    return Problem(rows_of(np.zeros((m, 1))), y, None, folds, classifies=False, groups=groups)


def of_noise(m: int, n_kinds: int) -> tuple[dict[str, np.ndarray], np.ndarray]:
    rng = np.random.RandomState(0)
    return {f"kind {i}": rng.normal(size=(m, 1)) for i in range(n_kinds)}, rng.normal(size=m)


def test_the_weights_of_a_fold_do_not_know_its_targets() -> None:
    predictions, y = of_noise(40, 6)
    folds = [(np.arange(20, 40), np.arange(20)), (np.arange(20), np.arange(20, 40))]
    rows = np.arange(40)
    divisions = divisions_of(40, rows, problem_of(folds))

    def mean(y: np.ndarray) -> np.ndarray:
        def select(found: Any, of_rows: np.ndarray) -> np.ndarray:
            return greedy_selection([each[:, 0] for each in found], y[of_rows])

        weights = cross_fitted_weights(predictions, rows, divisions, select)
        for number, other in ((0, folds[1][1]), (1, folds[0][1])):
            assert weights[number] == selected_weights(predictions, other, select)
        return mean_of_divisions(predictions, rows, divisions, weights)

    changed = np.where(rows < 20, -y[::-1], y)
    np.testing.assert_array_equal(mean(changed)[:20], mean(y)[:20])
    assert (mean(changed)[20:] != mean(y)[20:]).any()


def test_the_mean_of_kinds_of_noise_is_not_better_than_no_prediction() -> None:
    predictions, y = of_noise(200, 40)
    rows = np.arange(200)
    divisions = divisions_of(200, rows, problem_of([(rows[:0], rows)], m=200))

    def select(found: Any, of_rows: np.ndarray) -> np.ndarray:
        return greedy_selection([each[:, 0] for each in found], y[of_rows])

    on_the_same = selected_weights(predictions, rows, select)
    optimistic = sum(weight * predictions[name][:, 0] for name, weight in on_the_same.items())
    weights = cross_fitted_weights(predictions, rows, divisions, select)
    honest = mean_of_divisions(predictions, rows, divisions, weights)[:, 0]
    assert np.mean((y - optimistic) ** 2) < np.mean(y**2) < np.mean((y - honest) ** 2)


def test_a_single_fold_is_divided_into_parts_by_groups() -> None:
    rows = np.arange(10, 40)
    found = divisions_of(40, rows, problem_of([(np.arange(10), rows)]))
    assert sorted(found) == [-5, -4, -3, -2, -1]
    assert sorted(np.concatenate(list(found.values()))) == list(range(30))
    groups = np.arange(40) // 4
    of_groups = divisions_of(40, rows, problem_of([(np.arange(10), rows)], groups))
    sets = [set(groups[rows[places]]) for places in of_groups.values()]
    assert sum(map(len, sets)) == len(set(groups[10:]))


@pytest.fixture(scope="module")
def of_folds(flats: Flats) -> tuple[TableRegressor, Trained]:
    """Return a model, and what was trained in its folds."""
    X, y = flats
    groups = np.arange(160) // 8
    with results_of_folds() as found:
        model = TableRegressor(cv=2, with_trees=True, random_state=0).fit(X, y, groups=groups)
    return model, found[0]


@pytest.fixture(scope="module")
def fitted(of_folds: tuple[TableRegressor, Trained]) -> TableRegressor:
    return of_folds[0]


def predictions_of(model: Any, results: Any) -> np.ndarray:
    """Return the predictions of one kind for the validation rows of its folds."""
    predicted = np.zeros(160)
    for each in results:
        predicted[model._validation_rows[each.part.fold]] = each.validated[:, 0]
    return predicted


def test_the_score_is_that_of_cross_fitted_predictions(of_folds: tuple[TableRegressor, Trained], flats: Flats) -> None:
    y = flats[1].to_numpy()
    fitted, trained = of_folds
    names = dict.fromkeys(each.part.recipe for each in trained.members)
    kinds = {
        name: predictions_of(fitted, [each for each in trained.members if each.part.recipe == name]) for name in names
    }
    kinds["gradient-boosted trees"] = predictions_of(fitted, trained.companions["gradient-boosted trees"])
    expected = np.zeros(160)
    for fold in (0, 1):
        rows, others = fitted._validation_rows[fold], fitted._validation_rows[1 - fold]
        counts = greedy_selection([each[others] for each in kinds.values()], y[others])
        expected[rows] = np.average([each[rows] for each in kinds.values()], axis=0, weights=counts)
    np.testing.assert_allclose(fitted.oof_prediction_, expected, rtol=1e-9)
    assert fitted.oof_score_ == pytest.approx(root_mean_squared_error(y, expected))
    counts = greedy_selection(list(kinds.values()), y)
    assert list(fitted.weights_.values()) == pytest.approx(counts / counts.sum())


def test_the_summary_names_the_model_and_its_weights(fitted: TableRegressor) -> None:
    table = fitted.summary()
    assert [row[0] for row in table.rows] == ["model", "gradient-boosted trees", "linear regression", "constant"]
    assert "linear model" not in str(table)
    assert [column.name for column in table.columns] == ["name", "RMSE", "model better by"]
    assert "network" not in table.notes[0]
    kinds = ", ".join(f"{name} {weight:.2f}" for name, weight in fitted.weights_.items())
    assert table.notes[1] == f"Weights: {kinds}."
    assert "gradient-boosted trees" in table.notes[1]
    assert "best epoch" in table.notes[2]


def test_errors_of_differences_are_those_of_groups(of_folds: tuple[TableRegressor, Trained], flats: Flats) -> None:
    X, y = flats
    fitted, trained = of_folds
    groups = np.arange(160) // 8
    constant = predictions_of(fitted, trained.companions["constant"])
    of_constant, of_model = (
        fitted._losses(each[:, np.newaxis], y.to_numpy()) for each in (constant, fitted.oof_prediction_)
    )
    difference = of_constant - of_model
    table = fitted.summary()
    line = next(row for row in table.rows if row[0] == "constant")
    slope = fitted._score_slope(table.rows[0][1], line[1])
    expected = mean_over_rows(difference, None, groups)
    assert line[2] == pytest.approx((slope * expected[0], slope * expected[1]))
    arguments: dict[str, Any] = {"n_repeats": 1, "random_state": 0, "out_of_fold": True}
    by_fit, by_rows = (fitted.importance(X, y, groups=g, **arguments) for g in (None, np.arange(160)))
    np.testing.assert_array_equal(by_fit.values, by_rows.values)
    assert (by_fit.errors[:2] != by_rows.errors[:2]).all()


def test_class_weights_are_those_of_all_models_but_not_of_scores() -> None:
    rng = np.random.RandomState(0)
    X, y = rng.normal(size=(120, 2)), np.arange(120) % 4 == 0
    y = y ^ (rng.rand(120) < 0.1)
    with results_of_folds() as found:
        _, balanced, by_number = (
            TableClassifier(cv=2, class_weight=w, calibration=None, random_state=0).fit(X, y)
            for w in (None, "balanced", {True: 3.0})
        )
    for name in ("linear model", "constant"):
        shares = [
            np.concatenate([each.validated[:, 1] for each in trained.companions[name]]).mean() for trained in found[:2]
        ]
        assert shares[0] == pytest.approx(y.mean(), abs=0.05)
        assert shares[1] == pytest.approx(0.5, abs=0.05)
    w = np.where(y, 3.0, 1.0)
    for each in found[2].companions["constant"]:
        train = np.setdiff1d(np.arange(120), by_number._validation_rows[each.part.fold])
        assert each.validated[0, 1] == pytest.approx(np.average(y[train], weights=w[train]))
    assert balanced.oof_score_ == pytest.approx(log_loss(y, balanced.oof_proba_))
