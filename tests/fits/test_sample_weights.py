"""Weights of any magnitude: extreme weights are scaled and keep their ratios, ordinary weights are not changed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.base import clone

from multilayer import EnsembleClassifier, EnsembleRegressor, MLPClassifier, MLPRegressor
from multilayer.exceptions import ParameterWarning
from multilayer.fits.sample_weights import product_of_weights, scaled_weights
from multilayer.selection import cross_validate

RNG = np.random.RandomState(0)
X = RNG.normal(size=(60, 3))
y = X[:, 0] + 0.1 * RNG.normal(size=60)
LABELS = (y > 0).astype(int)
WEIGHT = RNG.randint(1, 4, size=60).astype(float)
SIZES = [1e-320, 1e-300, 1e-50, 1e39, 1e300, 5e307]

sizes = pytest.mark.parametrize("size", SIZES)
dtypes = pytest.mark.parametrize("dtype", [np.float64, np.float32])
scaled = pytest.mark.filterwarnings("ignore:sample_weight has values of up to:multilayer.exceptions.ParameterWarning")


def options(**changes: Any) -> dict[str, Any]:
    few: dict[str, Any] = {"max_iter": 8, "n_iter_no_change": float("inf"), "random_state": 0, "engine": "reference"}
    # Without a penalty the magnitude of the weights does not matter.
    return {"hidden_layer_sizes": (3,), "learning_rate_init": 0.02, "batch_size": 20, "alpha": 0.0} | few | changes


def regressor(**changes: Any) -> MLPRegressor:
    return MLPRegressor(**options(**changes))


def classifier(**changes: Any) -> MLPClassifier:
    return MLPClassifier(**options(**changes))


def power_of_two(size: float) -> float:
    """Return a nearby power of two: multiplication by it does not round."""
    return float(2.0 ** np.floor(np.log2(size))) if size > 1e-308 else 2.0**-1070


@dtypes
def test_ordinary_weights_are_only_cast(dtype: Any) -> None:
    weight = np.exp(RNG.normal(scale=5.0, size=100))
    np.testing.assert_array_equal(scaled_weights(weight, dtype), weight.astype(dtype))
    assert scaled_weights(weight, np.float64) is weight


@dtypes
@sizes
def test_extreme_weights_keep_their_ratios(size: float, dtype: Any) -> None:
    size = power_of_two(size)
    got = scaled_weights(size * np.array([3.0, 0.0, 1.0]), dtype)
    assert got.dtype == dtype
    assert got.tolist() == [1.5, 0.0, 0.5]


def test_weights_negligible_beside_the_largest_become_0() -> None:
    assert scaled_weights(np.array([1e300, 1e-300, 1e290]), np.float64)[1] == 0.0
    assert scaled_weights(np.array([1.0, 2.0**-64, 2.0**-65]), np.float32).tolist() == [1.0, 2.0**-64, 0.0]
    assert scaled_weights(np.zeros(2), np.float32).tolist() == [0.0, 0.0]


def test_products_that_overflow_or_underflow_keep_their_ratios() -> None:
    large, small = np.array([1e200, 2e200, 0.0]), np.array([1e-200, 3e-200, 1e-200])
    np.testing.assert_allclose(product_of_weights([large, large]), [0.25, 1.0, 0.0])
    np.testing.assert_allclose(product_of_weights([small, small]), [1 / 9, 1.0, 1 / 9])
    np.testing.assert_array_equal(product_of_weights([large, small]), large * small)


@scaled
@dtypes
@sizes
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_extreme_weights_train_the_network_of_ordinary_weights(size: float, dtype: Any, solver: str) -> None:
    table, times = X.astype(dtype), power_of_two(size)
    ordinary = regressor(solver=solver, tol=0.1).fit(table, y, WEIGHT)
    extreme = regressor(solver=solver, tol=0.1).fit(table, y, times * WEIGHT)
    np.testing.assert_allclose(extreme.parameters_, ordinary.parameters_, rtol=1e-5, atol=1e-7)
    assert extreme.score(table, y, times * WEIGHT) == pytest.approx(ordinary.score(table, y, WEIGHT), rel=1e-6)


@scaled
@sizes
def test_validation_target_scale_and_balanced_classes_accept_extreme_weights(size: float) -> None:
    times = power_of_two(size)

    def fitted(s: float) -> MLPRegressor:
        given = {"X_val": X[40:], "y_val": y[40:], "sample_weight_val": s * WEIGHT[40:]}
        return regressor(standardize_targets=True).fit(X[:40], y[:40], s * WEIGHT[:40], **given)

    fits = [fitted(s) for s in (1.0, times)]
    np.testing.assert_allclose(fits[1].target_scale_, fits[0].target_scale_, rtol=1e-12)  # type: ignore[arg-type]
    np.testing.assert_allclose(fits[1].validation_scores_, fits[0].validation_scores_, rtol=1e-9)  # type: ignore[arg-type]
    balanced = [classifier(class_weight="balanced").fit(X, LABELS, s * WEIGHT) for s in (1.0, times)]
    np.testing.assert_allclose(balanced[1].predict_proba(X), balanced[0].predict_proba(X), rtol=1e-9)
    assert balanced[1].score(X, LABELS, times * WEIGHT) == balanced[0].score(X, LABELS, WEIGHT)


@pytest.mark.filterwarnings("ignore:class_weight has values of up to:multilayer.exceptions.ParameterWarning")
@pytest.mark.parametrize("size", [1e-300, 1e300])
def test_class_weights_of_extreme_magnitude_train_the_same_network(size: float) -> None:
    ordinary = classifier(class_weight={0: 1.0, 1: 3.0}).fit(X, LABELS)
    extreme = classifier(class_weight={0: size, 1: 3 * size}).fit(X, LABELS)
    np.testing.assert_allclose(extreme.predict_proba(X), ordinary.predict_proba(X), rtol=1e-9)
    Y = np.c_[LABELS, X[:, 1] > 0].astype(int)
    products = [
        classifier(class_weight=[{0: s, 1: 3 * s}, {0: s, 1: s}]).fit(X, Y).predict_proba(X) for s in (1.0, size)
    ]
    np.testing.assert_allclose(products[1], products[0], rtol=1e-9)


def test_rows_of_negligible_weight_do_not_affect_training() -> None:
    # Two batches of weight 1e-29 each would contain only the penalty, and undo the progress of the other batches.
    weight = np.r_[np.full(40, 1e-30), np.ones(20)]
    model = regressor(shuffle=False, alpha=1e-4, max_iter=100).fit(X, y, weight)
    alone = regressor(shuffle=False, alpha=1e-4, max_iter=100).fit(X, y, (weight == 1.0).astype(float))
    np.testing.assert_array_equal(model.parameters_, alone.parameters_)


@scaled
@sizes
def test_ensembles_and_folds_accept_extreme_weights(size: float) -> None:
    times = power_of_two(size)
    for diversity in ("bootstrap", "fold"):
        ensemble = EnsembleRegressor(regressor(), n_members=3, diversity=diversity, random_state=0)
        fits = [clone(ensemble).fit(X, y, s * WEIGHT) for s in (1.0, times)]
        np.testing.assert_allclose(fits[1].predict(X), fits[0].predict(X), rtol=1e-9)
        assert fits[1].oof_score_ == pytest.approx(fits[0].oof_score_)
        assert fits[1].score(X, y, times * WEIGHT) == pytest.approx(fits[0].score(X, y, WEIGHT))
    results = [cross_validate(regressor(), X, y, cv=3, sample_weight=s * WEIGHT) for s in (1.0, times)]
    np.testing.assert_allclose(results[1]["test_score"], results[0]["test_score"])


@pytest.mark.parametrize("size", [1e-320, 1e308])
def test_ensemble_members_accept_weights_of_any_magnitude(size: float) -> None:
    ensemble = EnsembleClassifier(classifier(), n_members=3, weights=[size] * 3, random_state=0).fit(X, LABELS)
    np.testing.assert_allclose(ensemble.weights_, 1 / 3)
    assert np.isfinite(ensemble.predict_proba(X)).all()
    assert ensemble.score(X, LABELS, np.full(60, size)) == ensemble.score(X, LABELS)


def test_scaled_weights_raise_one_warning_per_fit() -> None:
    with pytest.warns(
        ParameterWarning, match=r"sample_weight has values of up to 3e-300, .* multiplied by 2\*\*995"
    ) as w:
        regressor().fit(X, y, 1e-300 * WEIGHT)
    assert len(w) == 1
    with pytest.warns(ParameterWarning, match=r"Only their ratios matter, but alpha now refers to") as w:
        EnsembleRegressor(regressor(), n_members=2, diversity="bootstrap", random_state=0).fit(
            X, y, 1e308 * (WEIGHT > 1)
        )
    assert len(w) == 1
