"""n_iter_no_change=None trains for exactly max_iter epochs without a warning (warnings are errors in these tests)."""

from __future__ import annotations

import inspect
import shutil
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from multilayer import ConvergenceWarning, EnsembleClassifier, MLPClassifier, MLPRegressor
from multilayer.callbacks import Checkpoint
from multilayer.exceptions import ParameterError
from multilayer.files import load_model, resume, save_model
from multilayer.selection import search

RNG = np.random.RandomState(0)
X = RNG.normal(size=(40, 3))
y = (X[:, 0] > 0).astype(int)
VALIDATION: dict[str, Any] = {"X_val": X[:10], "y_val": y[:10]}


def model(**changes: Any) -> MLPClassifier:
    few: dict[str, Any] = {"max_iter": 6, "n_iter_no_change": None, "random_state": 0, "engine": "reference"}
    return MLPClassifier((3,), **(few | changes))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"tol": 9.0},  # no epoch is progress enough
        {"early_stopping": True, "tol": 9.0},
        {"warm_start": True},
        {"solver": "sgd", "learning_rate": "adaptive", "tol": 9.0},
        {"solver": "sgd", "learning_rate_init": 9.0, "momentum": 0.0},  # whose cost rises
        {"learning_rate": "cosine"},
    ],
    ids=str,
)
def test_none_trains_for_max_iter_epochs_like_infinity(changes: Any) -> None:
    fitted = model(**changes).fit(X, y)
    assert fitted.n_iter_ == len(fitted.loss_curve_) == 6
    assert fitted._training_state.reason == "max_epochs"
    infinite = model(**(changes | {"n_iter_no_change": float("inf"), "warm_start": False})).fit(X, y)
    np.testing.assert_array_equal(fitted.parameters_, infinite.parameters_)
    if "warm_start" in changes:
        assert len(fitted.fit(X, y).loss_curve_) == 12


def test_infinity_with_warm_start_warns_as_in_scikit_learn() -> None:
    with pytest.warns(ConvergenceWarning, match=r"Call fit again to continue, .* set n_iter_no_change=None\."):
        model(n_iter_no_change=float("inf"), warm_start=True).fit(X, y)


def test_validation_keeps_the_weights_of_the_best_epoch() -> None:
    fitted = model(early_stopping=True, max_iter=30).fit(X, y, **VALIDATION)
    assert len(fitted.validation_scores_ or []) == 30
    assert fitted.score(X[:10], y[:10]) == fitted.best_validation_score_ == max(fitted.validation_scores_ or [])


def test_integers_stop_training_and_warn_at_max_iter() -> None:
    assert model(n_iter_no_change=2, tol=9.0).fit(X, y).n_iter_ < 6
    with pytest.warns(ConvergenceWarning, match=r"exactly this number of epochs, set n_iter_no_change=None\."):
        model(n_iter_no_change=10).fit(X, y)
    with pytest.warns(ConvergenceWarning, match="L-BFGS ended after max_iter=2 iterations"):
        model(solver="lbfgs", max_iter=2).fit(X, y)  # L-BFGS does not count epochs


@pytest.mark.parametrize("wrong", [0, -1, 2.5, "None", float("nan"), -float("inf"), False])
def test_invalid_n_iter_no_change_raises_an_error(wrong: Any) -> None:
    with pytest.raises(
        ParameterError,
        match=r"n_iter_no_change must be a positive integer, got .*\. Write None to train for exactly",
    ):
        model(n_iter_no_change=wrong).fit(X, y)


@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
def test_the_docstring_documents_none(kind: Any) -> None:
    assert "n_iter_no_change : int or None, default=10" in (inspect.getdoc(kind) or "")
    assert clone(kind(n_iter_no_change=None)).get_params()["n_iter_no_change"] is None


def test_none_works_with_ensembles_searches_files_and_checkpoints(tmp_path: Any) -> None:
    ensemble = EnsembleClassifier(model(), n_members=2, diversity="bootstrap", random_state=0).fit(X, y)
    assert [member.n_iter_ for member in ensemble.estimators_] == [6, 6]
    found = search(model(tol=9.0), {"n_iter_no_change": [None]}, X, y, cv=2, halving=False)
    assert found.estimator.n_iter_ == 6
    theirs = GridSearchCV(model(), {"n_iter_no_change": [None], "alpha": [0.1, 1.0]}, cv=2).fit(X, y)
    assert theirs.best_estimator_.n_iter_ == 6

    def keep_a_copy(event: Any) -> None:
        if type(event).__name__ == "EpochEnded" and event.epoch == 4:
            shutil.copy(tmp_path / "run", tmp_path / "after 4")

    fitted = model().fit(X, y)
    model(callbacks=[Checkpoint(tmp_path / "run", every=4), keep_a_copy]).fit(X, y)
    resumed = resume(tmp_path / "after 4", X, y)
    assert resumed.n_iter_ == 6
    np.testing.assert_array_equal(resumed.parameters_, fitted.parameters_)
    save_model(fitted, tmp_path / "model")
    loaded = load_model(tmp_path / "model")
    assert loaded.n_iter_no_change is None
    np.testing.assert_array_equal(loaded.predict_proba(X), fitted.predict_proba(X))
