"""Scorers with and without weights, with and without metadata routing, and folds that lack classes."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor, make_column_transformer
from sklearn.metrics import accuracy_score, get_scorer, log_loss, make_scorer, max_error
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold
from sklearn.model_selection import cross_validate as theirs
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from multilayer import EnsembleClassifier, MLPClassifier, MLPRegressor
from multilayer.ensembles import ensemble_of, greedy_selection
from multilayer.exceptions import ParameterError, ParameterWarning
from multilayer.selection import (
    capacity_curve,
    cross_validate,
    learning_curve,
    regularization_path,
    search,
    seed_spread,
)

rng = np.random.RandomState(0)
X = rng.normal(size=(60, 3))
NUMBERS = X[:, 0] * 2 + 1
CLASSES = (X[:, 0] > 0).astype(int)
WEIGHT = rng.uniform(0.1, 3.0, size=60)
OPTIONS: dict[str, Any] = {"max_iter": 4, "n_iter_no_change": float("inf"), "random_state": 0, "engine": "reference"}
REGRESSOR, CLASSIFIER = MLPRegressor((4,), **OPTIONS), MLPClassifier((4,), **OPTIONS)
FOLDS = KFold(3)


def agreement(estimator: Any, X: Any, y: Any) -> float:
    return float(np.mean(estimator.predict(X) == y))


def sum_of_weights(estimator: Any, X: Any, y: Any, sample_weight: Any = None) -> float:  # noqa: ARG001 a scorer's form
    return 0.0 if sample_weight is None else float(np.sum(sample_weight))


def two(estimator: Any, X: Any, y: Any) -> dict[str, float]:
    return {"a": agreement(estimator, X, y), "b": 1.0}


def validated(scoring: Any, model: Any = REGRESSOR, y: Any = NUMBERS, **options: Any) -> tuple[Any, list[str]]:
    """Return the result of a weighted cross-validation, and its warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = cross_validate(model, X, y, sample_weight=WEIGHT, scoring=scoring, cv=FOLDS, **options)
    return found, [str(each.message) for each in caught if issubclass(each.category, ParameterWarning)]


def by_hand(model: Any, y: Any, scorer: Any, *, weighted: bool) -> list[float]:
    scores = []
    for train, test in FOLDS.split(X):
        fitted = clone(model).fit(X[train], y[train], sample_weight=WEIGHT[train])
        scores.append(scorer(fitted, X[test], y[test], **({"sample_weight": WEIGHT[test]} if weighted else {})))
    return scores


class TestWeights:
    @pytest.mark.parametrize("scoring", ["neg_max_error", make_scorer(max_error, greater_is_better=False)])
    def test_a_metric_without_weights_scores_unweighted_with_one_warning(self, scoring: Any) -> None:
        found, messages = validated(scoring)
        assert found["test_score"].tolist() == by_hand(REGRESSOR, NUMBERS, get_scorer("neg_max_error"), weighted=False)
        (message,) = messages
        assert message.startswith("scoring: max_error takes no sample_weight: all rows count alike in it")

    def test_a_custom_function_without_weights_scores_unweighted_with_one_warning(self) -> None:
        found, messages = validated(agreement, CLASSIFIER, CLASSES)
        assert found["test_score"].tolist() == by_hand(CLASSIFIER, CLASSES, agreement, weighted=False)
        assert [message.split(" takes")[0] for message in messages] == ["scoring: agreement"]

    def test_a_custom_function_with_weights_receives_them(self) -> None:
        found, messages = validated(sum_of_weights)
        assert found["test_score"] == pytest.approx([WEIGHT[test].sum() for _, test in FOLDS.split(X)])
        assert messages == []

    def test_a_custom_function_may_return_a_dict(self) -> None:
        found, messages = validated(two, CLASSIFIER, CLASSES)
        assert found["test_a"].tolist() == by_hand(CLASSIFIER, CLASSES, agreement, weighted=False)
        assert found["test_b"].tolist() == [1.0] * 3
        assert len(messages) == 1

    @pytest.mark.parametrize("routing", [False, True])
    def test_each_of_several_metrics_is_weighted_if_it_accepts_weights(self, routing: bool) -> None:
        scoring = {"mine": agreement, "sum": sum_of_weights, "plain": make_scorer(_unweighted), "accuracy": "accuracy"}
        with config_context(enable_metadata_routing=routing):
            found, messages = validated(scoring, CLASSIFIER, CLASSES, return_train_score=True)
        assert [key for key in found if key.startswith("test_")] == [f"test_{name}" for name in scoring]
        unweighted = by_hand(CLASSIFIER, CLASSES, agreement, weighted=False)
        assert found["test_mine"].tolist() == found["test_plain"].tolist() == unweighted
        weighted = by_hand(CLASSIFIER, CLASSES, get_scorer("accuracy"), weighted=True)
        assert found["test_accuracy"] == pytest.approx(weighted)
        assert weighted != unweighted
        assert found["test_sum"] == pytest.approx([WEIGHT[test].sum() for _, test in FOLDS.split(X)])
        (message,) = messages
        assert message.startswith("scoring: mine, plain take no sample_weight: all rows count alike in them")

    @pytest.mark.parametrize(
        "tool",
        [
            lambda **k: search(REGRESSOR, {"alpha": [0.0, 1.0]}, baseline=False, halving=False, **k),
            lambda **k: learning_curve(REGRESSOR, sizes=[0.5, 1.0], **k),
            lambda **k: capacity_curve(REGRESSOR, capacities=[(2,)], **k),
            lambda **k: regularization_path(REGRESSOR, alphas=[0.0, 1.0], **k),
            lambda **k: seed_spread(REGRESSOR, n_seeds=2, **k),
        ],
        ids=["search", "learning_curve", "capacity_curve", "regularization_path", "seed_spread"],
    )
    @pytest.mark.filterwarnings("ignore::multilayer.ConvergenceWarning")
    def test_every_tool_warns_once_of_an_unweighted_metric(self, tool: Any) -> None:
        with pytest.warns(ParameterWarning, match="max_error takes no sample_weight") as caught:
            tool(X=X, y=NUMBERS, sample_weight=WEIGHT, scoring="neg_max_error", cv=2)
        assert sum("sample_weight" in str(each.message) for each in caught) == 1

    def test_greedy_selection_warns_of_an_unweighted_metric(self) -> None:
        predictions = [NUMBERS + 1, NUMBERS, NUMBERS - 3]
        with pytest.warns(ParameterWarning, match="max_error takes no sample_weight"):
            counts = greedy_selection(predictions, NUMBERS, scoring="neg_max_error", sample_weight=WEIGHT)
        assert counts.tolist() == [0, 1, 0]

    @pytest.mark.filterwarnings("ignore::multilayer.ConvergenceWarning")
    def test_ensemble_of_a_search_warns_of_an_unweighted_metric(self) -> None:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            found = search(
                REGRESSOR, {"alpha": [0.0, 1.0]}, X, NUMBERS, sample_weight=WEIGHT, baseline=False, halving=False, cv=2
            )
            ensemble_of(found, scoring="neg_max_error")
        assert sum("max_error takes no sample_weight" in str(each.message) for each in caught) == 1

    def test_weights_for_an_estimator_without_weights_raise_an_error(self) -> None:
        with pytest.raises(ParameterError, match="fit of KNeighborsClassifier has no such parameter"):
            cross_validate(KNeighborsClassifier(), X, CLASSES, sample_weight=WEIGHT)

    def test_a_meta_estimator_passes_weights_on(self) -> None:
        found, messages = validated(None, TransformedTargetRegressor(REGRESSOR))
        assert messages == []
        assert not found.failures
        found, messages = validated(None, GridSearchCV(REGRESSOR, {"alpha": [0.0]}, cv=2))
        assert not found.failures
        assert len(messages) == 1
        assert "GridSearchCV.score takes no sample_weight" in messages[0]


def _unweighted(y: Any, predicted: Any) -> float:
    return float(np.mean(y == predicted))


class TestRouting:
    @pytest.fixture(autouse=True)
    def enabled(self) -> Iterator[None]:
        with config_context(enable_metadata_routing=True):
            yield

    @pytest.mark.parametrize("n_jobs", [1, 2])
    @pytest.mark.parametrize("scoring", [None, "accuracy", ["accuracy", "f1"]])
    def test_weights_without_requests_are_used_as_without_routing(self, scoring: Any, n_jobs: int) -> None:
        model = make_pipeline(StandardScaler(), CLASSIFIER)
        found, messages = validated(scoring, model, CLASSES, n_jobs=n_jobs)
        with config_context(enable_metadata_routing=False):
            expected, _ = validated(scoring, model, CLASSES)
        assert {name: found[name].tolist() for name in found if name.startswith("test_")} == {
            name: expected[name].tolist() for name in expected if name.startswith("test_")
        }
        assert messages == []

    @pytest.mark.parametrize("fit", [False, True])
    @pytest.mark.parametrize("score", [False, True])
    @pytest.mark.parametrize("in_pipeline", [False, True])
    def test_requests_are_followed_as_in_scikit_learn(self, fit: bool, score: bool, in_pipeline: bool) -> None:
        network = clone(CLASSIFIER).set_fit_request(sample_weight=fit).set_score_request(sample_weight=score)
        scaler = StandardScaler().set_fit_request(sample_weight=False)
        model = make_pipeline(scaler, network) if in_pipeline else network
        found, messages = validated(None, model, CLASSES)
        if in_pipeline and not score:  # in this case the pipelines of scikit-learn raise an error in score
            scored = make_scorer(accuracy_score).set_score_request(sample_weight=False)
        else:
            scored = None
        params = {"sample_weight": WEIGHT} if fit or score else {}
        expected = theirs(model, X, CLASSES, scoring=scored, cv=FOLDS, params=params)
        np.testing.assert_array_equal(found["test_score"], expected["test_score"])
        assert messages == []

    def test_steps_before_the_network_receive_requested_weights(self) -> None:
        network = clone(CLASSIFIER).set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        model = make_pipeline(StandardScaler().set_fit_request(sample_weight=True), network)
        found, _ = validated(None, model, CLASSES)
        expected = theirs(model, X, CLASSES, cv=FOLDS, params={"sample_weight": WEIGHT}, return_estimator=True)
        np.testing.assert_array_equal(found["test_score"], expected["test_score"])
        for mine, other in zip(found["estimator"], expected["estimator"], strict=True):
            np.testing.assert_array_equal(mine[0].mean_, other[0].mean_)

    @pytest.mark.parametrize("score", [False, True])
    def test_requests_of_scorers_are_followed(self, score: bool) -> None:
        scorer = make_scorer(accuracy_score).set_score_request(sample_weight=score)
        for scoring in (scorer, {"score": scorer}):
            found, messages = validated(scoring, CLASSIFIER, CLASSES)
            plain = by_hand(CLASSIFIER, CLASSES, get_scorer("accuracy"), weighted=score)
            assert found["test_score"] == pytest.approx(plain)
            assert messages == []

    def test_groups_are_passed_to_the_splitter_by_scikit_learn(self) -> None:
        groups = np.arange(60) // 5
        expected = cross_validate(CLASSIFIER, X, CLASSES, groups=groups, cv=GroupKFold(3))
        for model in (CLASSIFIER, EnsembleClassifier(CLASSIFIER, n_members=2, random_state=0)):
            found = theirs(model, X, CLASSES, params={"groups": groups}, cv=GroupKFold(3), error_score="raise")
            if model is CLASSIFIER:
                np.testing.assert_array_equal(found["test_score"], expected["test_score"])
        grid = GridSearchCV(CLASSIFIER, {"alpha": [0.0]}, cv=GroupKFold(3)).fit(X, CLASSES, groups=groups)
        assert grid.n_splits_ == 3


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_settings_of_scikit_learn_apply_in_every_thread(n_jobs: int) -> None:
    frame = pd.DataFrame(X, columns=list("abc"))
    by_name = make_column_transformer((FunctionTransformer(), ["a"]), remainder="drop", verbose_feature_names_out=False)
    model = make_pipeline(StandardScaler(), by_name, CLASSIFIER)
    with config_context(transform_output="pandas"):
        found = cross_validate(model, frame, CLASSES, cv=FOLDS, n_jobs=n_jobs, error_score="raise")
    assert [list(each[-1].feature_names_in_) for each in found["estimator"]] == [["a"]] * 3


class TestClassesThatFoldsLack:
    y = np.where(X[:, 0] > 0.5, "high", np.where(X[:, 0] < -0.5, "low", "middle"))
    y[:20][y[:20] == "high"] = "low"
    y[20:][y[20:] == "middle"] = "low"  # the first fold tests only "middle", and the others cannot learn "high" from it

    @pytest.mark.parametrize("scoring", ["neg_log_loss", {"loss": "neg_log_loss", "accuracy": "accuracy"}])
    @pytest.mark.parametrize("weighted", [False, True])
    def test_a_missing_class_has_the_probability_0(self, scoring: Any, weighted: bool) -> None:
        weight = WEIGHT if weighted else None
        found = cross_validate(CLASSIFIER, X, self.y, sample_weight=weight, scoring=scoring, cv=FOLDS)
        assert not found.failures
        expected = []
        for (_, test), model in zip(FOLDS.split(X), found["estimator"], strict=True):
            probabilities = pd.DataFrame(model.predict_proba(X[test]), columns=model.classes_)
            probabilities = probabilities.reindex(columns=np.unique(self.y), fill_value=0.0).to_numpy()
            rows = None if weight is None else weight[test]
            expected.append(-log_loss(self.y[test], probabilities, sample_weight=rows, labels=np.unique(self.y)))
        assert found["test_score" if isinstance(scoring, str) else "test_loss"] == pytest.approx(expected)

    def test_a_fold_may_test_one_of_two_classes(self) -> None:
        y = np.repeat([0, 1, 0], 20)
        found = cross_validate(CLASSIFIER, X, y, scoring=["neg_log_loss", "neg_brier_score"], cv=FOLDS)
        assert not found.failures
        for (_, test), model, loss, brier in zip(
            FOLDS.split(X), found["estimator"], found["test_neg_log_loss"], found["test_neg_brier_score"], strict=True
        ):
            right = np.zeros(20)
            if y[test[0]] in model.classes_:
                right = model.predict_proba(X[test])[:, list(model.classes_).index(y[test[0]])]
            eps = np.finfo(np.float64).eps
            assert loss == pytest.approx(np.log(np.clip(right, eps, 1 - eps)).mean())
            assert brier == pytest.approx(-np.mean((1 - right) ** 2))
