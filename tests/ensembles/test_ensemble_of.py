"""ensemble_of builds an ensemble from a search by greedy selection on out-of-fold predictions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from multilayer import EnsembleClassifier, EnsembleRegressor, MLPClassifier, MLPRegressor
from multilayer.ensembles import ensemble_of, greedy_selection
from multilayer.exceptions import InputError, InputTypeError, ParameterError
from multilayer.selection import cross_validate, search

rng = np.random.RandomState(0)
X = rng.normal(size=(90, 4))
CLASSES = np.array(["a", "b", "c"])[np.digitize(X[:, 0] * X[:, 1], [-0.3, 0.3])]
NUMBERS = np.sin(2 * X[:, 0]) + X[:, 1] ** 2 + 0.2 * rng.normal(size=90)
WEIGHT = rng.uniform(0.5, 2.0, 90)
OPTIONS: dict[str, Any] = {"max_iter": 40, "n_iter_no_change": math.inf, "learning_rate_init": 0.02, "random_state": 0}
SPACE = {"hidden_layer_sizes": [(2,), (6,), (12,)], "activation": ["relu", "tanh"]}


def test_ensemble_of_uses_the_selected_candidates_and_weights() -> None:
    found = search(MLPClassifier(**OPTIONS), SPACE, X, CLASSES, cv=3, sample_weight=WEIGHT)
    ensemble = ensemble_of(found, n_candidates=4)
    assert isinstance(ensemble, EnsembleClassifier)
    best_first = sorted(found.trials, key=lambda trial: (-trial.rung, -trial.mean, trial.number))[:4]
    out_of_fold = [
        cross_validate(trial.model, X, CLASSES, cv=3, sample_weight=WEIGHT).predictions.probabilities
        for trial in best_first
    ]
    counts = greedy_selection(out_of_fold, CLASSES, classes=np.unique(CLASSES), sample_weight=WEIGHT)
    taken = [trial for trial, count in zip(best_first, counts, strict=True) if count]
    assert len(ensemble.estimators_) == len(taken)
    np.testing.assert_allclose(ensemble.weights_, counts[counts > 0] / counts.sum())
    expected = [trial.model.fit(X, CLASSES, WEIGHT).predict_proba(X) for trial in taken]
    mean = np.average(expected, axis=0, weights=counts[counts > 0])
    np.testing.assert_allclose(ensemble.predict_proba(X), mean, rtol=1e-12)


@pytest.mark.parametrize("own_rows", [False, True])
def test_ensemble_of_supports_regression_pipelines(own_rows: bool) -> None:
    model = make_pipeline(StandardScaler(), MLPRegressor(**OPTIONS))
    rows = {"X_val": X[60:], "y_val": NUMBERS[60:]} if own_rows else {"cv": 3}
    n = 60 if own_rows else 90
    found = search(model, SPACE, X[:n], NUMBERS[:n], **rows)
    ensemble = ensemble_of(found, scoring="neg_mean_absolute_error")
    assert isinstance(ensemble, EnsembleRegressor)
    assert ensemble.predict(X).shape == (90,)
    np.testing.assert_array_equal(ensemble.predict(X), ensemble_of(found, scoring="neg_mean_absolute_error").predict(X))


def test_invalid_arguments_raise_errors() -> None:
    with pytest.raises(
        InputTypeError, match=r"search must be a Search, got list\. Pass what multilayer\.selection\.sea"
    ):
        ensemble_of([MLPClassifier()])  # type: ignore[arg-type]
    found = search(MLPRegressor(loss="quantile", quantile=[0.1, 0.9], **OPTIONS), {"alpha": [0.0, 1.0]}, X, NUMBERS)
    with pytest.raises(InputError, match="the candidates predict 180 numbers for 90 targets"):
        ensemble_of(found)
    with pytest.raises(ParameterError, match="n_candidates must be a positive integer"):
        ensemble_of(found, n_candidates=0)
