"""Class weights of a rare class are accepted if a member, a fold or a part of the rows lacks the class."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.model_selection import GroupKFold, KFold
from sklearn.model_selection import cross_validate as theirs
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from multilayer import EnsembleClassifier, MLPClassifier
from multilayer.ensembles import ensemble_of
from multilayer.exceptions import ParameterError
from multilayer.selection import capacity_curve, cross_validate, learning_curve, regularization_path, search

rng = np.random.RandomState(0)
X = rng.normal(size=(60, 3))
# The rare class occurs in one fold and one group only.
Y = np.array(["a", "b"] * 30, dtype="U4")
Y[0] = "rare"
GROUPS = np.arange(60) // 10
FOLDS = KFold(3)
PARTIAL, FULL = {"rare": 3.0}, {"rare": 3.0, "a": 1.0, "b": 1.0}


def model(class_weight: Any = PARTIAL, **options: Any) -> MLPClassifier:
    defaults: dict[str, Any] = {"max_iter": 3, "n_iter_no_change": float("inf"), "random_state": 0}
    return MLPClassifier((4,), class_weight=class_weight, engine="reference", **(defaults | options))


def pipeline(class_weight: Any = PARTIAL, **options: Any) -> Any:
    return make_pipeline(StandardScaler(), model(class_weight, **options))


MODELS = pytest.mark.parametrize("make", [model, pipeline])


@MODELS
@pytest.mark.parametrize("weight", [1.0, 3.0])
def test_each_fold_is_trained_with_the_weights_of_its_own_classes(make: Any, weight: float) -> None:
    found = cross_validate(make({"rare": 3.0, "b": weight}), X, Y, cv=FOLDS, error_score="raise")
    for (train, test), score in zip(FOLDS.split(X), found["test_score"], strict=True):
        rows = np.where(Y[train] == "rare", 3.0, np.where(Y[train] == "b", weight, 1.0))
        step = {"mlpclassifier__sample_weight": rows} if make is pipeline else {"sample_weight": rows}
        assert make(None).fit(X[train], Y[train], **step).score(X[test], Y[test]) == score


@MODELS
@pytest.mark.parametrize(
    "options", [{"diversity": "seed"}, {"diversity": "bootstrap"}, {"diversity": "fold", "cv": FOLDS}]
)
@pytest.mark.parametrize("as_list", [False, True])
def test_ensembles_accept_members_without_the_rare_class(make: Any, options: dict[str, Any], as_list: bool) -> None:
    n = 3 if options["diversity"] == "fold" else 6
    ensemble = EnsembleClassifier([make()] * n if as_list else make(), random_state=1, **options)
    if not (as_list or "cv" in options):
        ensemble.set_params(n_members=n)
    ensemble.fit(X, Y)
    assert len(ensemble.estimators_) == n
    assert ensemble.predict_proba(X).shape == (60, 3)
    if options["diversity"] != "seed":
        assert min(len(member.classes_) for member in ensemble.estimators_) == 2


def test_grouped_folds_can_lack_the_rare_class() -> None:
    ensemble = EnsembleClassifier(model(), diversity="fold", cv=GroupKFold(3), random_state=0).fit(X, Y, groups=GROUPS)
    assert len(ensemble.estimators_) == 3


def test_ensembles_can_be_cross_validated_with_folds_that_lack_the_rare_class() -> None:
    ensemble = EnsembleClassifier(model(), diversity="fold", cv=FOLDS, random_state=0)
    assert not cross_validate(ensemble, X, Y, cv=FOLDS, n_jobs=1).failures


def test_scikit_learn_estimators_can_be_cross_validated_with_a_rare_class() -> None:
    y = np.where(np.arange(60) % 3 == 0, "c", Y)
    y[:4] = "rare"
    calibrated = CalibratedClassifierCV(model(), cv=2)
    assert not cross_validate(calibrated, X, y, cv=FOLDS).failures


@MODELS
@pytest.mark.parametrize("scoring", [None, "neg_log_loss"])
def test_searches_and_curves_accept_folds_without_the_rare_class(make: Any, scoring: Any) -> None:
    options: dict[str, Any] = {"cv": FOLDS, "scoring": scoring}
    found = search(make(), {"alpha": [0.0, 1.0]}, X, Y, halving=False, baseline=False, **options)
    assert np.isfinite([trial.mean for trial in found.trials]).all()
    assert not learning_curve(make(), X, Y, sizes=[0.5, 1.0], **options).failures
    assert not capacity_curve(make(), X, Y, capacities=[(2,)], **options).failures
    assert not regularization_path(make(), X, Y, alphas=[0.0, 1.0], **options).failures


def test_the_ensemble_of_a_search_has_the_rare_class() -> None:
    found = search(pipeline(), {"alpha": [0.0, 1.0]}, X, Y, cv=FOLDS, halving=False, baseline=False)
    assert ensemble_of(found, scoring="accuracy").classes_.tolist() == ["a", "b", "rare"]


def test_a_class_can_occur_in_the_held_out_rows_only() -> None:
    fitted = model(early_stopping=True, validation_fraction=FOLDS).fit(X, Y)
    assert fitted.classes_.tolist() == ["a", "b", "rare"]


def test_partial_fit_accepts_data_without_the_rare_class() -> None:
    fitted = model().partial_fit(X[10:], Y[10:], classes=np.unique(Y)).partial_fit(X, Y)
    assert fitted.classes_.tolist() == ["a", "b", "rare"]


def test_fit_rejects_weights_of_unknown_labels_unless_every_class_has_a_weight() -> None:
    with pytest.raises(ParameterError, match=r"labels that are not in y: \['rare'\].* give every class a weight"):
        model(PARTIAL).fit(X[2:], Y[2:])
    given, without = (model(weights).fit(X[2:], Y[2:]) for weights in (FULL, None))
    np.testing.assert_array_equal(given.predict_proba(X), without.predict_proba(X))
    assert np.isfinite(theirs(model(FULL), X, Y, cv=FOLDS, error_score="raise")["test_score"]).all()


@pytest.mark.parametrize("call", [cross_validate, lambda m, X, y, **_: EnsembleClassifier(m, 2).fit(X, y)])
def test_cross_validation_and_ensembles_reject_weights_of_labels_that_are_not_in_y(call: Any) -> None:
    with pytest.raises(ParameterError, match=r"labels that are not in y: \['rar'\]\. The labels of y are \['a', 'b', "):
        call(model({"rar": 3.0}), X, Y, cv=FOLDS)
