"""Permutation importance: against scikit-learn's, out of fold, weights, tables of all libraries, and errors."""

from __future__ import annotations

import dataclasses

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from sklearn.inspection import permutation_importance
from sklearn.metrics import log_loss

from multilayer.exceptions import InputError, ParameterError
from multilayer.tables.models import TableClassifier, TableRegressor
from multilayer.tables.models.importance import _rises


def test_importance_agrees_with_that_of_scikit_learn(regressor, flats):
    X, y = flats
    found = regressor.importance(X, y, n_repeats=10, random_state=0)
    theirs = permutation_importance(
        regressor, X, y, scoring="neg_root_mean_squared_error", n_repeats=10, random_state=0
    )
    assert found.score == pytest.approx(np.sqrt(np.mean((regressor.predict(X) - y) ** 2)))
    # RMSE of the mean loss over the repeats, against the mean of the RMSE: equal but for the spread of the repeats.
    spread = theirs.importances_std / np.sqrt(10)
    np.testing.assert_array_less(np.abs(found.values - theirs.importances_mean), 5 * spread + 0.01 * found.score)


def test_score_of_out_of_fold_importance_is_the_out_of_fold_score(regressor, flats, classifier, classes):
    assert regressor.importance(*flats, out_of_fold=True).score == pytest.approx(regressor.oof_score_)
    found = classifier.importance(flats[0], classes, out_of_fold=True)
    assert found.score == pytest.approx(classifier.oof_score_)
    assert found.out_of_fold
    assert found.n_rows == len(classes)


def test_score_of_held_out_rows_is_that_of_the_predictions(classifier, flats, classes):
    X = flats[0][:50]
    found = classifier.importance(X, classes[:50], n_repeats=1)
    assert found.metric == "log-loss"
    probabilities = classifier.predict_proba(X)
    probabilities /= probabilities.sum(axis=1, keepdims=True)  # which is 1 in float32 only
    assert found.score == pytest.approx(log_loss(classes[:50], probabilities), rel=1e-5)


def test_conclusion_names_columns_with_and_without_an_effect(regressor, flats):
    found = regressor.importance(*flats, out_of_fold=True, random_state=0)
    assert [found.names[j] for j in found.order[:2]] == ["size", "town"]
    assert found.is_clear[[0, 1]].all()
    assert found.dropped == ("number",)
    assert found.values[found.names.index("number")] == 0
    assert found.conclusion.startswith("Most important: size and town")
    assert found.conclusion.endswith("Dropped by the encoder: number.")
    assert "noise" in found.conclusion.split("May be chance")[1]
    text = str(found)
    assert text.startswith("RMSE of 160 validation rows of the folds: ")
    assert text.index("size  ") < text.index("town  ")


def test_error_is_that_of_the_paired_differences_over_the_rows():
    rng = np.random.RandomState(1)
    model = MeanLoss()
    before, after = rng.rand(40), rng.rand(1, 40)
    values, errors, score = _rises(model, before, after, None)
    difference = after[0] - before
    assert score == pytest.approx(before.mean())
    assert values[0] == pytest.approx(difference.mean())
    assert errors[0] == pytest.approx(difference.std(ddof=1) / np.sqrt(40))
    weight = np.repeat([1.0, 0.0], 20)
    values, errors, _ = _rises(model, before, after, weight)
    assert values[0] == pytest.approx(difference[:20].mean())
    assert errors[0] == pytest.approx(difference[:20].std(ddof=1) / np.sqrt(20), rel=0.05)


class MeanLoss:
    """The score of a model is the mean loss."""

    def _score_of_losses(self, losses, weight):
        return float(np.average(losses, weights=weight))

    def _score_slope(self, one, other):
        del one, other
        return 1.0


def test_rows_of_weight_zero_do_not_count(regressor, flats):
    X, y = flats
    weight = np.ones(len(y))
    wrong = y.copy()
    wrong[:40] = 1e6
    weight[:40] = 0
    found = regressor.importance(X, wrong, weight, n_repeats=1)
    assert found.score == pytest.approx(np.sqrt(np.mean((regressor.predict(X[40:]) - y[40:]) ** 2)))


def test_tables_of_all_libraries_have_equal_importance(regressor, flats):
    X, y = flats
    found = [
        regressor.importance(table, target, random_state=0, n_repeats=2).values
        for table, target in (
            (X, y),
            (pl.from_pandas(X), pl.from_pandas(y)),
            (pa.Table.from_pandas(X), pa.array(y)),
            (X[X.columns[::-1]], y.to_numpy()),
        )
    ]
    for other in found[1:]:
        np.testing.assert_array_equal(other, found[0])


def test_frame_is_sorted_by_importance(regressor, flats):
    frame = regressor.importance(*flats, n_repeats=1).to_frame()
    assert list(frame.columns) == ["column", "importance", "error"]
    assert frame["importance"].is_monotonic_decreasing
    assert len(frame) == 6


def test_max_rows_limits_the_rows(regressor, flats):
    assert regressor.importance(*flats, max_rows=30, n_repeats=1).n_rows == 30
    assert regressor.importance(*flats, max_rows=30, n_repeats=1, out_of_fold=True).n_rows == 30


def test_many_columns_are_listed_in_part(regressor, flats, monkeypatch):
    monkeypatch.setattr("multilayer.tables.models.importance.MOST_LINES", 2)
    text = str(regressor.importance(*flats, n_repeats=1))
    assert "4 more columns are less important; to_frame has them." in text
    assert "\nnoise  " not in text


def test_other_rows_than_those_of_the_fit_raise_an_error_out_of_fold(regressor, flats):
    X, y = flats
    with pytest.raises(InputError, match=r"needs the fitting table of 160 rows .* got 50 rows\. Pass the X and y"):
        regressor.importance(X[:50], y[:50], out_of_fold=True)
    with pytest.raises(InputError, match="got 160 other rows"):
        regressor.importance(X, y + 1, out_of_fold=True)


def test_an_unknown_class_raises_an_error(classifier, flats):
    with pytest.raises(InputError, match=r"y holds the class 'free', which was not in the fitting table"):
        classifier.importance(flats[0][:2], ["cheap", "free"])


@pytest.mark.parametrize("options", [{"n_repeats": 0}, {"max_rows": 0}, {"out_of_fold": "yes"}, {"random_state": -1}])
def test_invalid_parameters_raise_an_error(regressor, flats, options):
    with pytest.raises(ParameterError, match=next(iter(options))):
        regressor.importance(*flats, **options)


def test_targets_of_another_length_raise_an_error(regressor, flats):
    with pytest.raises(InputError, match=r"inconsistent numbers of samples: \[160, 3\]"):
        regressor.importance(flats[0], [1.0, 2.0, 3.0])


@pytest.mark.parametrize("model", [TableClassifier(), TableRegressor()])
def test_a_model_that_is_not_fitted_raises_an_error(model, flats):
    for call in (lambda: model.importance(*flats), lambda: model.explain(flats[0])):
        with pytest.raises(Exception, match="is not fitted yet"):
            call()


def test_a_large_score_has_commas_and_no_powers_of_ten(regressor, flats):
    found = dataclasses.replace(regressor.importance(*flats, n_repeats=1), score=35_418.2)
    assert ": 35,420. Its rise when a column is shuffled, mean of 1:" in str(found)
