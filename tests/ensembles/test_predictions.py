"""Predictions of ensembles: means, deviations, classes that members lack, and out-of-fold predictions."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.sparse import csr_matrix, issparse
from sklearn.base import clone
from sklearn.ensemble import VotingClassifier, VotingRegressor
from sklearn.metrics import accuracy_score, r2_score

from multilayer import EnsembleClassifier, EnsembleRegressor, NotFittedError
from multilayer.ensembles.averages import log_mean, mean_and_deviation
from multilayer.selection.out_of_fold import for_classes

from ..problems import CLASSES, LABELS, NUMBERS, SEVERAL, WEIGHT, X, classifier, regressor


def stacked(model: Any, method: str, rows: Any = X) -> np.ndarray:
    return np.array([getattr(member, method)(rows) for member in model.estimators_])


@given(
    arrays(np.float64, (4, 3), elements=st.floats(-1e6, 1e6)),
    arrays(np.float64, 4, elements=st.floats(0.01, 100.0)),
)
def test_incremental_mean_and_deviation_equal_those_of_all_predictions(answers: Any, weights: Any) -> None:
    mean, deviation = mean_and_deviation(zip(weights.tolist(), answers, strict=True))
    expected = np.average(answers, axis=0, weights=weights)
    np.testing.assert_allclose(mean, expected, rtol=1e-9, atol=1e-9)
    spread = np.sqrt(np.average((answers - expected) ** 2, axis=0, weights=weights))
    np.testing.assert_allclose(deviation, spread, rtol=1e-6, atol=1e-6)


@given(arrays(np.float64, 3, elements=st.floats(-1e300, 1e300)), st.integers(1, 9))
def test_equal_predictions_have_themselves_as_mean_and_no_deviation(answer: Any, n: int) -> None:
    mean, deviation = mean_and_deviation([(0.1 * (i + 1), answer) for i in range(n)])
    np.testing.assert_array_equal(mean, answer)
    assert not deviation.any()


def test_log_mean_is_exact_where_the_exponentials_underflow() -> None:
    found = log_mean([(0.5, np.array([-1000.0, -np.inf])), (0.5, np.array([-1000.0, np.log(0.5)]))])
    np.testing.assert_allclose(found, [-1000.0, np.log(0.25)])


def test_for_classes_adds_zero_columns_for_missing_classes() -> None:
    answer = for_classes(np.array([[0.3, 0.7]]), np.array(["a", "c"]), np.array(["a", "b", "c"]))
    assert answer.tolist() == [[0.3, 0.0, 0.7]]


@pytest.mark.parametrize("weights", [None, [1, 3]])
def test_predictions_equal_those_of_scikit_learn_s_voting_estimators(weights: Any) -> None:
    members = [("1", classifier(random_state=1)), ("2", classifier(random_state=2))]
    theirs = VotingClassifier(members, voting="soft", weights=weights).fit(X, CLASSES)
    ours = EnsembleClassifier([member for _, member in members], weights=weights).fit(X, CLASSES)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), rtol=1e-12)
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
    amounts = [("1", regressor(random_state=1)), ("2", regressor(random_state=2))]
    of_theirs = VotingRegressor(amounts, weights=weights).fit(X, NUMBERS)
    of_ours = EnsembleRegressor([member for _, member in amounts], weights=weights).fit(X, NUMBERS)
    np.testing.assert_allclose(of_ours.predict(X), of_theirs.predict(X), rtol=1e-12)
    assert of_ours.score(X, NUMBERS, WEIGHT) == pytest.approx(of_theirs.score(X, NUMBERS, WEIGHT))


def test_return_std_gives_the_deviation_of_the_members() -> None:
    model = EnsembleClassifier(classifier(), 3, random_state=0).fit(X, CLASSES)
    mean, deviation = model.predict_proba(X, return_std=True)
    np.testing.assert_array_equal(mean, model.predict_proba(X))
    np.testing.assert_allclose(mean.sum(axis=1), 1.0)
    np.testing.assert_allclose(deviation, stacked(model, "predict_proba").std(axis=0))
    np.testing.assert_allclose(model.predict_log_proba(X), np.log(mean), rtol=1e-9)
    amounts = EnsembleRegressor(regressor(), 3, random_state=0).fit(X, SEVERAL)
    mean, deviation = amounts.predict(X, return_std=True)
    assert mean.shape == deviation.shape == (90, 2)
    np.testing.assert_allclose(deviation, stacked(amounts, "predict").std(axis=0))


def test_float32_input_gives_float32_predictions() -> None:
    rows = X.astype(np.float32)
    assert EnsembleRegressor(regressor(), 2).fit(rows, NUMBERS).predict(rows).dtype == np.float32
    model = EnsembleClassifier(classifier(), 2).fit(rows, CLASSES)
    assert {answer.dtype for answer in model.predict_proba(rows, return_std=True)} == {np.dtype(np.float32)}


def test_a_member_without_a_class_predicts_probability_zero_for_it() -> None:
    y = CLASSES.copy()
    y[:2] = "z"
    train = [np.arange(2, 90), np.arange(88)]
    model = EnsembleClassifier(
        classifier(), diversity="fold", cv=[(train[0], [0, 1]), (train[1], [88, 89])], random_state=0
    )
    model.fit(X, y)
    assert model.classes_.tolist() == ["a", "b", "c", "z"]
    assert [len(member.classes_) for member in model.estimators_] == [3, 4]
    expected = model.estimators_[1].predict_proba(X)[:, 3] / 2
    np.testing.assert_allclose(model.predict_proba(X)[:, 3], expected)
    np.testing.assert_allclose(model.predict_log_proba(X)[:, 3], np.log(expected), rtol=1e-9)
    assert model.oof_probabilities_[:2, 3].tolist() == [0.0, 0.0]
    assert model.oof_probabilities_.shape == (90, 4)


def test_a_class_that_no_member_was_trained_on_has_probability_zero() -> None:
    y = CLASSES.copy()
    y[0] = "z"
    rows = np.arange(1, 90)
    model = EnsembleClassifier(classifier(), diversity="fold", cv=[(rows[:60], rows[60:]), (rows[30:], rows[:30])]).fit(
        X, y
    )
    assert model.predict_proba(X).shape == (90, 4)
    assert (model.predict_log_proba(X)[:, 3] == -np.inf).all()


@pytest.mark.parametrize("container", [np.asarray, csr_matrix])
def test_multilabel_predictions_average_the_members(container: Any) -> None:
    y = container(LABELS)
    model = EnsembleClassifier(classifier(), 3, diversity="fold", random_state=0).fit(X, y)
    mean = stacked(model, "predict_proba").mean(axis=0)
    np.testing.assert_allclose(model.predict_proba(X), mean)
    predicted = model.predict(X)
    assert issparse(predicted) == issparse(y)
    np.testing.assert_array_equal(predicted.toarray() if issparse(predicted) else predicted, mean > 0.5)
    assert model.oof_score_ == pytest.approx(accuracy_score(LABELS, (model.oof_probabilities_ > 0.5).astype(int)))
    assert model.score(X, y) == accuracy_score(y, predicted)


def test_one_and_two_classes_are_supported() -> None:
    one = EnsembleClassifier(classifier(), 2).fit(X, np.full(90, "only"))
    assert one.predict_proba(X).shape == (90, 1)
    assert set(one.predict(X)) == {"only"}
    two = EnsembleClassifier(classifier(), 2, diversity="bootstrap", random_state=0).fit(X, CLASSES == "a")
    assert two.predict_proba(X).shape == (90, 2)
    assert two.predict(X).dtype == bool


def test_out_of_fold_predictions_are_those_of_the_member_that_left_out_the_row() -> None:
    model = EnsembleRegressor(regressor(), 3, diversity="fold", random_state=0).fit(X, SEVERAL, WEIGHT)
    for member, rows in zip(model.estimators_, model.estimators_samples_, strict=True):
        others = np.setdiff1d(np.arange(90), rows)
        np.testing.assert_allclose(model.oof_prediction_[others], member.predict(X[others]))
    assert model.oof_score_ == pytest.approx(r2_score(SEVERAL, model.oof_prediction_, sample_weight=WEIGHT))


def test_out_of_bag_predictions_are_the_weighted_mean_of_the_members_without_the_row() -> None:
    weights = [1.0, 2.0, 5.0]
    model = EnsembleClassifier(classifier(), 3, diversity="bootstrap", weights=weights, random_state=0).fit(X, CLASSES)
    answers = stacked(model, "predict_proba")
    for row in range(90):
        unseen = [i for i in range(3) if row not in model.estimators_samples_[i]]
        found = model.oof_probabilities_[row]
        if unseen:
            expected = np.average(answers[unseen, row], axis=0, weights=np.array(weights)[unseen])
            np.testing.assert_allclose(found, expected)
        else:
            assert np.isnan(found).all()
    there = ~np.isnan(model.oof_probabilities_[:, 0])
    assert 60 < there.sum() < 90
    predicted = model.classes_[model.oof_probabilities_[there].argmax(axis=1)]
    assert model.oof_score_ == pytest.approx(accuracy_score(CLASSES[there], predicted))


@pytest.mark.parametrize("name", ["oof_score_", "oof_probabilities_"])
def test_out_of_fold_attributes_raise_an_error_with_diversity_seed(name: str) -> None:
    model = EnsembleClassifier(classifier(), 2).fit(X, CLASSES)
    with pytest.raises(
        AttributeError,
        match=f"{name} exists with diversity='bootstrap' and diversity='fold': with diversity='seed' every",
    ):
        getattr(model, name)
    assert not hasattr(EnsembleRegressor(regressor(), 2).fit(X, NUMBERS), "oof_prediction_")


def test_quantile_predictions_are_averaged_and_scored_like_those_of_one_network() -> None:
    network = regressor(loss="quantile", quantile=(0.1, 0.5, 0.9), max_iter=50)
    model = EnsembleRegressor(network, 2, diversity="fold", random_state=0).fit(X, NUMBERS)
    predicted = model.predict(X)
    np.testing.assert_allclose(predicted, stacked(model, "predict").mean(axis=0))
    assert (np.diff(predicted, axis=1) >= 0).all()
    one = EnsembleRegressor([clone(network).set_params(random_state=1)]).fit(X, NUMBERS, WEIGHT)
    assert one.score(X, NUMBERS, WEIGHT) == pytest.approx(one.estimators_[0].score(X, NUMBERS, WEIGHT))
    assert -1 < model.oof_score_ < 1


@pytest.mark.parametrize("diversity", ["seed", "bootstrap", "fold"])
def test_a_pickled_ensemble_gives_equal_predictions(diversity: str) -> None:
    model = EnsembleRegressor(regressor(), 2, diversity=diversity, random_state=0).fit(X, NUMBERS)
    other = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(other.predict(X), model.predict(X))
    if diversity != "seed":
        np.testing.assert_array_equal(other.predict_interval(X), model.predict_interval(X))


def test_an_unfitted_ensemble_raises_not_fitted_errors() -> None:
    for call in ("predict", "predict_proba", "predict_log_proba"):
        with pytest.raises(NotFittedError, match=r"this EnsembleClassifier is not fitted yet. Call fit\(X, y\) first"):
            getattr(EnsembleClassifier(), call)(X)
    for name in ("n_iter_", "oof_score_", "estimators_samples_"):
        assert not hasattr(EnsembleRegressor(), name)
    with pytest.raises(NotFittedError):
        EnsembleRegressor().predict_interval(X)
