"""Explanations: completeness for all kinds of models, the baseline, trees, limits, and a linear function by hand."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from multilayer.exceptions import ParameterError
from multilayer.results import significant
from multilayer.tables.models import TableClassifier, TableRegressor

from .conftest import few_epochs


@pytest.fixture
def of_trees(classifier, monkeypatch):
    """Return the classifier of three classes with a weight of its trees."""
    *networks, trees = classifier.weights_
    assert trees == "gradient-boosted trees"
    monkeypatch.setattr(classifier, "weights_", {**dict.fromkeys(networks, 0.5 / len(networks)), trees: 0.5})
    return classifier


def change(found):
    return found.prediction - found.baseline


def test_contributions_sum_to_the_change_of_the_prediction(regressor, flats):
    X, y = flats
    found = regressor.explain(X[:40])
    np.testing.assert_allclose(found.prediction, regressor.predict(X[:40]))
    sums = found.contributions.sum(axis=1) + found.limits
    np.testing.assert_allclose(sums, change(found), atol=1e-4 * np.ptp(y))
    np.testing.assert_allclose(found.errors, change(found) - sums)
    assert not found.trees.any()
    assert found.contributions[:, found.names.index("number")].tolist() == [0.0] * 40


def test_contributions_to_a_probability_sum_with_those_of_the_trees(of_trees, flats):
    X, _ = flats
    found = of_trees.explain(X[:40])
    probabilities = of_trees.predict_proba(X[:40])
    np.testing.assert_allclose(found.prediction, probabilities.max(axis=1))
    assert found.targets == tuple(of_trees.predict(X[:40]))
    np.testing.assert_allclose(found.contributions.sum(axis=1) + found.trees, change(found), atol=2e-4)
    assert found.trees.any()
    assert not found.limits.any()
    assert "are not divided among the columns" in found.conclusion
    assert "(gradient-boosted trees)" in str(found[0])


def test_contributions_to_all_classes_sum_to_zero(of_trees, flats):
    total = sum(of_trees.explain(flats[0][:5], target=name).contributions for name in of_trees.classes_)
    np.testing.assert_allclose(total, 0.0, atol=1e-5)


def test_contributions_to_two_classes_are_opposite(flats, classes):
    with few_epochs():
        model = TableClassifier("quick", random_state=0).fit(flats[0], classes == "dear")
    yes, no = (model.explain(flats[0][:5], target=target) for target in (True, False))
    np.testing.assert_allclose(yes.contributions, -no.contributions, atol=1e-6)
    np.testing.assert_allclose(yes.contributions.sum(axis=1), change(yes), atol=2e-4)


def test_a_nonlinear_function_of_the_mean_is_explained_completely(of_trees, flats, monkeypatch):
    """Sharpened probabilities p' = p^a / Σ p^a, whose derivative by p_j is a p'_k (δ_jk - p'_j) / p_j."""
    exponent = 1.7

    def answer(mean):
        powers = np.maximum(mean, 1e-12) ** exponent
        return powers / powers.sum(axis=1, keepdims=True)

    def answer_gradient(mean, unit):
        sharpened = answer(mean)
        own = np.eye(mean.shape[1])[unit]
        return exponent * sharpened[:, [unit]] * (own - sharpened) / np.maximum(mean, 1e-12)

    monkeypatch.setattr(of_trees, "_answer", answer, raising=False)
    monkeypatch.setattr(of_trees, "_answer_gradient", answer_gradient, raising=False)
    found = of_trees.explain(flats[0][:10])
    np.testing.assert_allclose(found.contributions.sum(axis=1) + found.trees, change(found), atol=2e-4)
    assert np.abs(found.limits).max() == 0


def test_predictions_beyond_the_range_of_the_targets_have_a_limit(regressor, flats, monkeypatch):
    X, y = flats
    monkeypatch.setattr(regressor, "_range", (np.array([y.quantile(0.3)]), np.array([y.quantile(0.7)])))
    found = regressor.explain(X[:40])
    assert (found.limits != 0).any()
    assert found.prediction.max() <= y.quantile(0.7) + 1e-6
    sums = found.contributions.sum(axis=1) + found.limits
    np.testing.assert_allclose(sums, change(found), atol=1e-3 * np.ptp(y))
    assert "(limits of the prediction)" in found.to_frame().columns


def test_contributions_of_a_nearly_linear_function_are_its_terms():
    rng = np.random.RandomState(0)
    X = pd.DataFrame(rng.normal(size=(300, 3)), columns=list("abc"))
    with few_epochs(60):
        model = TableRegressor(cv=2, random_state=0).fit(X, 3 * X["a"] - X["b"])
    found = model.explain(X)
    # The networks are not exactly linear, and the smooth clip moves the mean row.
    for j, (name, factor) in enumerate({"a": 3.0, "b": -1.0, "c": 0.0}.items()):
        expected = factor * (X[name] - X[name].mean())
        assert np.sqrt(np.mean((found.contributions[:, j] - expected) ** 2)) < 0.35


def test_a_row_has_no_contributions_if_it_is_the_baseline(regressor, flats):
    X, _ = flats
    found = regressor.explain(X[:1], baseline=X[:1])
    np.testing.assert_allclose(found.contributions, 0.0, atol=1e-9)
    assert found.prediction == pytest.approx(found.baseline)
    other = regressor.explain(X[:1], baseline=X[1:2])
    assert other.baseline[0] == pytest.approx(regressor.predict(X[1:2])[0], rel=1e-5)
    assert "for the mean of the given rows" in other.conclusion


def test_only_columns_that_differ_from_the_baseline_contribute(regressor, flats):
    X, _ = flats
    row = X[:1].assign(size=150.0, number="new")
    found = regressor.explain(row, baseline=X[:1])
    assert np.flatnonzero(found.contributions[0]).tolist() == [0]
    assert found.contributions[0, 0] == pytest.approx(change(found)[0], rel=1e-3)


def test_tables_of_all_libraries_have_equal_explanations(regressor, flats):
    X, _ = flats
    first = regressor.explain(X[:3]).contributions
    for table in (pl.from_pandas(X[:3]), pa.Table.from_pandas(X[:3]), X[:3][X.columns[::-1]]):
        np.testing.assert_array_equal(regressor.explain(table).contributions, first)


def test_several_outputs_are_explained_one_at_a_time(flats):
    X, y = flats
    with few_epochs():
        model = TableRegressor("quick", random_state=0).fit(X[["size", "town"]], np.column_stack([y, -y]))
    found = model.explain(X[:4], target=1)
    np.testing.assert_allclose(found.prediction, model.predict(X[:4])[:, 1])
    np.testing.assert_allclose(found.errors, 0.0, atol=2e-4 * np.ptp(y))
    with pytest.raises(ParameterError, match="target must be the number of an output from 0 to 1, got None"):
        model.explain(X[:1])
    with pytest.raises(ParameterError, match="from 0 to 1, got 2"):
        model.explain(X[:1], target=2)


@pytest.mark.parametrize(
    "options",
    [{"loss": "poisson"}, {"loss": "gamma"}, {"loss": "huber"}, {"loss": "quantile", "quantile": [0.1, 0.5, 0.9]}],
    ids=lambda options: options["loss"],
)
def test_predictions_by_other_losses_are_explained_completely(flats, options):
    X, y = flats
    with few_epochs(60):
        model = TableRegressor("quick", random_state=0, **options).fit(X[["size", "town"]], y)
    target = 2 if options["loss"] == "quantile" else None
    found = model.explain(X[:10], target=target)
    predicted = model.predict(X[:10])
    np.testing.assert_allclose(found.prediction, predicted if target is None else predicted[:, target])
    assert np.abs(found.contributions).max() > 0.01 * np.ptp(y)
    np.testing.assert_allclose(found.contributions.sum(axis=1) + found.limits, change(found), atol=3e-4 * np.ptp(y))
    assert (found.limits == 0).sum() >= 5


def test_calibrated_probabilities_are_explained_completely(of_trees, flats, monkeypatch):
    X, _ = flats
    monkeypatch.setattr(of_trees, "temperature_", 0.5)
    found = of_trees.explain(X[:10], target="dear")
    np.testing.assert_allclose(found.prediction, of_trees.predict_proba(X[:10])[:, 1])
    np.testing.assert_allclose(found.contributions.sum(axis=1) + found.trees, change(found), atol=2e-4)
    monkeypatch.setattr(of_trees, "temperature_", 1.0)
    assert np.abs(found.contributions - of_trees.explain(X[:10], target="dear").contributions).max() > 0.01


def test_an_unknown_class_raises_an_error(classifier, flats):
    with pytest.raises(ParameterError, match="unknown class 'free'"):
        classifier.explain(flats[0][:1], target="free")


def test_text_of_one_row_has_the_values_and_the_sum(regressor, flats):
    X, _ = flats
    found = regressor.explain(X[:3])
    text = str(found[1])
    assert f"{X['size'][1]:.4g}" in text
    assert "prediction - baseline" in text
    prediction, baseline = (significant(values[1], 4) for values in (found.prediction, found.baseline))
    sentence = f"The prediction is {prediction}, and {baseline} for the mean training row."
    assert sentence in " ".join(text.split())
    assert len(found) == 3
    assert found[-1].prediction[0] == found.prediction[2]
    with pytest.raises(IndexError):
        found[3]
    assert "mean absolute contribution" in str(found)


def test_other_columns_are_added_in_one_line(regressor, flats):
    found = regressor.explain(flats[0][:1])
    lines = found.lines(2)
    assert [line.name for line in lines][2] == "(4 other columns)"
    assert sum(line.contribution for line in lines) == pytest.approx(found.contributions.sum() + found.limits[0])


def test_frame_has_a_row_for_each_explained_row(of_trees, flats):
    frame = of_trees.explain(flats[0][:3]).to_frame()
    assert list(frame.columns) == [
        *flats[0].columns,
        "(gradient-boosted trees)",
        "(baseline)",
        "(prediction)",
        "(class)",
    ]
    assert len(frame) == 3


def test_blocks_do_not_change_the_contributions(regressor, flats, monkeypatch):
    X, _ = flats
    whole = regressor.explain(X[:5]).contributions
    monkeypatch.setattr("multilayer.tables.models.attributions.MOST_NUMBERS", 1)
    np.testing.assert_allclose(regressor.explain(X[:5]).contributions, whole, rtol=1e-5, atol=1e-3)


def test_too_few_nodes_are_reported(monkeypatch):
    X = np.random.RandomState(0).uniform(-3, 3, size=(160, 1))
    wave = TableRegressor("quick", random_state=0).fit(X, np.sin(2 * X[:, 0]))
    monkeypatch.setattr("multilayer.tables.models.attributions.FIRST_NODES", 1)
    monkeypatch.setattr("multilayer.tables.models.attributions.MOST_NODES", 1)
    found = wave.explain(X[:20])
    assert np.abs(found.errors).max() > 0.01 * np.abs(found.contributions).max()
    assert "The contributions are approximate: their sum misses the change by up to" in found.conclusion


def test_large_contributions_have_commas_and_no_powers_of_ten(regressor, flats):
    found = regressor.explain(flats[0][:2])
    large = dataclasses.replace(found, contributions=np.full_like(found.contributions, -348_512.7))
    assert "-348,500" in str(large[0])
    assert "348,500" in str(large)
    assert "e+05" not in str(large[0]) + str(large)
