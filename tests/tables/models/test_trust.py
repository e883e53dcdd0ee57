"""Calibration, sets, intervals, losses and novelty of fitted table models."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from sklearn.metrics import log_loss

from multilayer.estimators import NotFittedError
from multilayer.exceptions import InputError, NoveltyWarning, ParameterError
from multilayer.tables.models import TableClassifier, TableRegressor, expected_calibration_error
from multilayer.tables.models.calibration import tempered

M = 300


def classes_of(m: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.RandomState(seed)
    X = rng.uniform(-2, 2, size=(m, 2))
    noisy = X[:, 0] + 0.7 * rng.normal(size=m)
    return X, np.array(["low", "mid", "top"])[np.digitize(noisy, [-0.7, 0.7])]


def amounts_of(m: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return positive amounts whose spread depends on the second column."""
    rng = np.random.RandomState(seed)
    X = rng.uniform(0, 1, size=(m, 2))
    return X, 3.0 + 2.0 * X[:, 0] + np.where(X[:, 1] > 0.5, 1.0, 0.1) * rng.uniform(-1, 1, size=m)


@pytest.fixture(scope="module")
def classifier() -> TableClassifier:
    return TableClassifier("quick", cv=2, calibration=None, random_state=0).fit(*classes_of(M, 0))


@pytest.fixture(scope="module")
def scaled() -> TableClassifier:
    return TableClassifier("quick", cv=2, calibration="temperature", random_state=0).fit(*classes_of(M, 0))


@pytest.fixture(scope="module")
def regressor() -> TableRegressor:
    return TableRegressor("quick", cv=2, random_state=0).fit(*amounts_of(M, 0))


def inside(ends: tuple[np.ndarray, np.ndarray], y: np.ndarray) -> float:
    return float(np.mean((ends[0] <= y) & (y <= ends[1])))


def test_temperature_changes_probabilities_only(classifier: TableClassifier, scaled: TableClassifier) -> None:
    X, y = classes_of(M, 0)
    assert classifier.temperature_ == 1.0
    assert scaled.temperature_ != 1.0
    before, after = classifier.predict_proba(X), scaled.predict_proba(X)
    np.testing.assert_allclose(after, tempered(before, scaled.temperature_))
    np.testing.assert_array_equal(scaled.predict(X), classifier.predict(X))
    assert scaled.oof_score_ == pytest.approx(log_loss(y, scaled.oof_proba_))


def test_auto_is_never_worse_out_of_fold(classifier: TableClassifier) -> None:
    auto = TableClassifier("quick", cv=2, random_state=0).fit(*classes_of(M, 0))
    assert auto.oof_score_ <= classifier.oof_score_
    assert auto.temperature_ <= 1.0


def test_sets_have_the_coverage_and_are_nested(classifier: TableClassifier) -> None:
    X, y = classes_of(1000, 1)
    codes = np.searchsorted(classifier.classes_, y)
    before = np.zeros((1000, 3), dtype=bool)
    for coverage in (0.5, 0.7, 0.9, 0.97):
        sets = classifier.predict_set(X, coverage)
        assert sets.shape == (1000, 3)
        assert sets.dtype == bool
        assert (before <= sets).all()
        assert sets[np.arange(1000), codes].mean() == pytest.approx(coverage, abs=0.06)
        filled = classifier.predict_set(X, coverage, allow_empty=False)
        assert filled.any(axis=1).all()
        assert (sets <= filled).all()
        before = sets
    assert classifier.predict_set(X, 0.999).all()  # 300 rows cannot have this coverage


def test_summary_has_calibration_errors(classifier: TableClassifier) -> None:
    table = classifier.summary()
    assert table.columns[-1].name == "calibration error"
    _, y = classes_of(M, 0)
    assert table.rows[0][-1] == pytest.approx(expected_calibration_error(y, classifier.oof_proba_))
    assert all(0 <= row[-1] <= 1 for row in table.rows)


def test_sets_with_weights_are_those_of_the_rows_that_count() -> None:
    X, y = classes_of(200, 0)
    folds = [(np.arange(100, 200), np.arange(100)), (np.arange(100), np.arange(100, 200))]
    weight = np.where(np.arange(200) % 2, 1.0, 0.0)
    model = TableClassifier("quick", cv=folds, random_state=0).fit(X, y, weight)
    codes = np.searchsorted(model.classes_, y)
    scores = np.sort((1.0 - model.oof_proba_[np.arange(200), codes])[1::2])
    expected = 1.0 - model.predict_proba(X) <= scores[90]  # rank ⌈101 · 0.9⌉ = 91
    np.testing.assert_array_equal(model.predict_set(X, 0.9), expected)


def test_intervals_have_the_coverage_and_are_nested(regressor: TableRegressor) -> None:
    X, y = amounts_of(1000, 1)
    predicted = regressor.predict(X)
    before = predicted, predicted
    for coverage in (0.5, 0.7, 0.9, 0.97):
        ends = regressor.predict_interval(X, coverage)
        assert ends[0].shape == ends[1].shape == (1000,)
        assert (ends[0] <= before[0]).all()
        assert (before[1] <= ends[1]).all()
        assert inside(ends, y) == pytest.approx(coverage, abs=0.1)
        before = ends


def test_intervals_are_infinite_where_rows_are_too_few(regressor: TableRegressor) -> None:
    lower, upper = regressor.predict_interval(amounts_of(3, 1)[0], 0.999)
    assert lower.tolist() == [0.0] * 3  # all amounts of the fit are positive
    assert np.isposinf(upper).all()


def test_intervals_of_signed_amounts_may_be_negative_and_outputs_have_their_own() -> None:
    X, y = amounts_of(100, 0)
    Y = np.column_stack([y, 10 * (y - y.mean())])
    model = TableRegressor("quick", random_state=0).fit(X, Y)
    lower, upper = model.predict_interval(X, 0.8)
    assert lower.shape == upper.shape == (100, 2)
    assert (lower[:, 0] >= 0).all()
    assert (lower[:, 1] < 0).any()
    assert (np.median(upper - lower, axis=0)[1] / np.median(upper - lower, axis=0)[0]) > 3
    lower, _ = model.predict_interval(X, 0.99)
    assert (lower[:, 0] == 0).all()
    assert np.isneginf(lower[:, 1]).all()


@pytest.mark.parametrize("loss", ["absolute_error", "huber", "quantile", "poisson", "gamma"])
def test_losses_have_their_score_and_intervals(loss: str) -> None:
    X, y = amounts_of(120, 0)
    quantile = 0.8 if loss == "quantile" else 0.5
    model = TableRegressor("standard", cv=2, loss=loss, quantile=quantile, with_trees=True, random_state=0)
    model.fit(X, 100 * y)
    assert {member.network.loss for member in model.members_} == {loss}
    assert model.summary().rows[0][1] == pytest.approx(model.oof_score_)
    assert sum(model.weights_.values()) == pytest.approx(1.0)
    predicted = model.predict(X)
    assert predicted.shape == (120,)
    assert 250 < predicted.mean() < 650  # in the units of y
    lower, upper = model.predict_interval(X, 0.9)
    assert inside((lower, upper), 100 * y) > 0.8
    assert (lower >= 0).all()


def test_several_quantiles_give_columns_and_an_interval() -> None:
    X, y = amounts_of(200, 0)
    model = TableRegressor("standard", cv=2, loss="quantile", quantile=(0.05, 0.5, 0.95), with_trees=True)
    model.set_params(random_state=0).fit(X, y)
    predicted = model.predict(X)
    assert predicted.shape == model.oof_prediction_.shape == (200, 3)
    assert (np.diff(predicted, axis=1) >= 0).all()
    assert inside(model.predict_interval(*amounts_of(1000, 1)[:1], 0.9), amounts_of(1000, 1)[1]) > 0.8
    assert model.score(X, y) <= 1.0
    assert len(model.summary().rows) == 4


def test_far_rows_give_one_warning_and_a_novelty(classifier: TableClassifier, regressor: TableRegressor) -> None:
    far = np.array([[0.0, 0.5], [90.0, 0.5], [-90.0, 0.5]])
    for model, methods in (
        (classifier, ("predict", "predict_proba", "predict_set")),
        (regressor, ("predict", "predict_interval")),
    ):
        assert (model.novelty(far) >= 1).tolist() == [False, True, True]
        for method in methods:
            with pytest.warns(NoveltyWarning, match=r"2 of 3 rows .* in 'x0' \(2\)") as caught:
                getattr(model, method)(far)
            assert len(caught) == 1


def test_novelty_of_tables_finds_columns_by_name() -> None:
    X, y = classes_of(120, 0)
    frame = pa.table({"a": X[:, 0], "b": X[:, 1], "town": ["Ulm", "Bonn", "Kiel"] * 40})
    model = TableClassifier("quick", random_state=0).fit(frame, y)
    rows = pa.table({"town": ["Ulm", "Rome", None], "b": [0.0, 0.0, 0.0], "a": [0.0, 0.0, 0.0]})
    assert (model.novelty(rows) >= 1).tolist() == [False, True, True]


def test_mistakes(classifier: TableClassifier, regressor: TableRegressor) -> None:
    X, y = classes_of(20, 0)
    for coverage in (0.0, 1.0, 90, None):
        with pytest.raises(ParameterError, match="coverage must be a number above 0 and below 1"):
            classifier.predict_set(X, coverage)  # type: ignore[arg-type]
        with pytest.raises(ParameterError, match="coverage must be a number above 0 and below 1"):
            regressor.predict_interval(X, coverage)  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="allow_empty must be True or False"):
        classifier.predict_set(X, allow_empty="no")  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="unknown calibration 'isotonic'"):
        TableClassifier(calibration="isotonic").fit(X, y)  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="unknown loss 'mse'"):
        TableRegressor(loss="mse").fit(X, X[:, 0])  # type: ignore[arg-type]
    with pytest.raises(InputError, match="y must not be negative for loss='poisson'"):
        TableRegressor(loss="poisson").fit(X, X[:, 0])
    for call in (
        lambda: TableClassifier().predict_set(X),
        lambda: TableClassifier().novelty(X),
        lambda: TableRegressor().predict_interval(X),
        lambda: TableRegressor().score(X, X[:, 0]),
    ):
        with pytest.raises(NotFittedError, match="is not fitted yet"):
            call()
