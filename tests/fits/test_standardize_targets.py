"""``standardize_targets=True``: equivalent to scaling y by hand, with all results in the documented units."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.compose import TransformedTargetRegressor
from sklearn.metrics import get_scorer, r2_score
from sklearn.preprocessing import StandardScaler

from multilayer import EnsembleRegressor, MLPRegressor
from multilayer.equations import GammaDeviance, Huber
from multilayer.exceptions import InputError, ParameterError
from multilayer.fits.target_scale import target_scale

RNG = np.random.RandomState(0)
X = RNG.normal(size=(80, 3))
ONE = 5000.0 + 300.0 * (X[:, 0] - np.abs(X[:, 1])) + 20.0 * RNG.normal(size=80)
TWO = np.c_[ONE, 1e-3 * X[:, 2] - 7.0]
WEIGHT = RNG.randint(0, 4, size=80).astype(float)

engines = pytest.mark.parametrize("engine", ["reference", "cpu"])


def options(**changes: Any) -> dict[str, Any]:
    few: dict[str, Any] = {"max_iter": 15, "n_iter_no_change": float("inf"), "random_state": 0}
    return {"hidden_layer_sizes": (5,), "learning_rate_init": 0.02, "batch_size": 32} | few | changes


def standardizing(**changes: Any) -> MLPRegressor:
    return MLPRegressor(standardize_targets=True, **options(**changes))


def scaled(y: Any, weight: Any = None) -> tuple[StandardScaler, Any]:
    scaler = StandardScaler().fit(y.reshape(len(y), -1), sample_weight=weight)
    S = scaler.transform(y.reshape(len(y), -1))
    return scaler, S.ravel() if y.ndim == 1 else S


@engines
@pytest.mark.parametrize("loss", ["squared_error", "absolute_error", "huber", "quantile", Huber(0.3)], ids=str)
@pytest.mark.parametrize("y", [ONE, TWO], ids=["one", "two"])
def test_standardize_targets_equals_the_transformed_target_regressor_of_scikit_learn(
    y: Any, loss: Any, engine: str
) -> None:
    own = standardizing(loss=loss, engine=engine).fit(X, y)
    inner = MLPRegressor(loss=loss, engine=engine, **options())
    theirs = TransformedTargetRegressor(inner, transformer=StandardScaler()).fit(X, y)
    np.testing.assert_allclose(own.predict(X), theirs.predict(X), rtol=1e-9)
    np.testing.assert_allclose(own.loss_curve_, theirs.regressor_.loss_curve_, rtol=1e-9)
    assert own.score(X, y) == pytest.approx(theirs.score(X, y) if loss != "quantile" else own.score(X, y))


@pytest.mark.filterwarnings("ignore::multilayer.ConvergenceWarning")
@pytest.mark.parametrize("solver", ["sgd", "lbfgs"])
def test_mean_and_deviation_are_weighted_for_every_solver(solver: str) -> None:
    own = standardizing(solver=solver).fit(X, TWO, sample_weight=WEIGHT)
    scaler, S = scaled(TWO, WEIGHT)
    by_hand = MLPRegressor(**options(solver=solver)).fit(X, S, sample_weight=WEIGHT)
    np.testing.assert_allclose(own.target_mean_, scaler.mean_, rtol=1e-12)
    np.testing.assert_allclose(own.target_scale_, scaler.scale_, rtol=1e-12)
    np.testing.assert_allclose(own.predict(X), scaler.inverse_transform(by_hand.predict(X)), rtol=1e-7)
    assert own.score(X, TWO) == pytest.approx(by_hand.score(X, S), rel=1e-6)


def test_validation_data_are_scaled_by_the_training_rows() -> None:
    scaler, S = scaled(ONE[:50])
    S_val = scaler.transform(ONE[50:, np.newaxis]).ravel()
    own = standardizing(early_stopping=True).fit(X[:50], ONE[:50], X_val=X[50:], y_val=ONE[50:])
    by_hand = MLPRegressor(**options(early_stopping=True)).fit(X[:50], S, X_val=X[50:], y_val=S_val)
    np.testing.assert_allclose(own.validation_loss_curve_, by_hand.validation_loss_curve_, rtol=1e-9)
    np.testing.assert_allclose(own.validation_scores_, by_hand.validation_scores_, rtol=1e-9)
    assert own.best_validation_score_ == pytest.approx(own.score(X[50:], ONE[50:]))


def test_held_out_rows_do_not_contribute_to_mean_and_deviation() -> None:
    model = standardizing(early_stopping=True, validation_fraction=0.25).fit(X, TWO, sample_weight=WEIGHT)
    rows = model._training_state.rows
    scaler, _ = scaled(TWO[rows], WEIGHT[rows])
    np.testing.assert_allclose(model.target_mean_, scaler.mean_)
    np.testing.assert_allclose(model.target_scale_, scaler.scale_)


@pytest.mark.parametrize("metric", ["neg_mean_absolute_error", "r2", "loss"])
def test_scorers_receive_y_in_its_original_units(metric: str) -> None:
    model = standardizing(early_stopping_metric=metric).fit(X[:50], ONE[:50], X_val=X[50:], y_val=ONE[50:])
    scores = model.validation_scores_
    assert scores is not None
    if metric == "loss":
        assert scores == [-cost for cost in model.validation_loss_curve_ or []]
    else:
        assert model.best_validation_score_ == pytest.approx(get_scorer(metric)(model, X[50:], ONE[50:]))


def test_several_quantiles_are_in_the_units_of_y_and_never_cross() -> None:
    model = standardizing(loss="quantile", quantile=(0.1, 0.5, 0.9), max_iter=200).fit(X, ONE)
    H = model.predict(X)
    assert H.shape == (80, 3)
    assert (np.diff(H, axis=1) >= 0).all()
    assert 0.6 < ((H[:, 0] < ONE) & (H[:, 2] > ONE)).mean() <= 0.95
    assert model.score(X, ONE) > 0.3


def test_a_custom_cost_receives_standardised_targets() -> None:
    class Squared:
        largest = 0.0

        def value(self, Z: Any, Y: Any) -> Any:
            Squared.largest = max(Squared.largest, float(np.abs(Y).max()))
            return 0.5 * ((Z - Y) ** 2).sum(axis=1)

        def delta(self, Z: Any, Y: Any) -> Any:
            return Z - Y

    own = standardizing(loss=Squared(), engine="reference").fit(X, ONE)
    np.testing.assert_allclose(own.predict(X), standardizing(engine="reference").fit(X, ONE).predict(X))
    assert Squared.largest < 10


@pytest.mark.parametrize("loss", ["poisson", "gamma", GammaDeviance()], ids=str)
def test_losses_of_positive_targets_raise_errors(loss: Any) -> None:
    with pytest.raises(
        ParameterError, match=r"standardize_targets=True cannot be used with loss=.*: its predictions are positive"
    ):
        standardizing(loss=loss).fit(X, np.abs(ONE))
    with pytest.raises(ParameterError, match=r"standardize_targets must be True or False, got 'yes'"):
        MLPRegressor(standardize_targets="yes").fit(X, ONE)  # type: ignore[arg-type]


@pytest.mark.parametrize("constant", [0.1, 0.0, -3e7])
def test_a_constant_target_is_predicted_exactly(constant: float) -> None:
    y = np.c_[ONE, np.full(80, constant)]
    model = standardizing(max_iter=300).fit(X, y)
    assert model.target_mean_ is not None
    assert model.target_scale_ is not None
    assert (model.target_mean_[1], model.target_scale_[1]) == (constant, 0.0)
    assert (model.predict(X)[:, 1] == constant).all()
    assert (model.input_gradient(X)[:, 1] == 0).all()
    assert model.score(X, y) == pytest.approx((1 + r2_score(ONE, model.predict(X)[:, 0])) / 2)


FITS: dict[str, dict[str, Any]] = {
    "adam": {},
    "sgd": {"solver": "sgd"},
    "lbfgs": {"solver": "lbfgs"},
    "early stopping": {"early_stopping": True},
    "averaging": {"weight_averaging": 0.9},
    "absolute error": {"loss": "absolute_error"},
    "reference": {"engine": "reference"},
}


@pytest.mark.filterwarnings("ignore::multilayer.ConvergenceWarning")
@pytest.mark.parametrize("changes", FITS.values(), ids=FITS)
@pytest.mark.parametrize("value", [0.3, 1e9 + 1e-7, -1e16, 5e-324, 1.7e308])
def test_a_constant_y_is_predicted_exactly_by_every_solver(value: float, changes: dict[str, Any]) -> None:
    model = standardizing(**changes).fit(X, np.full(80, value))
    assert (model.predict(100 * X) == value).all()


@pytest.mark.filterwarnings("ignore::multilayer.ConvergenceWarning")
def test_a_constant_y_is_predicted_exactly_by_every_way_of_training() -> None:
    y = np.full(80, 0.3)
    model = standardizing().partial_fit(X[:40], y[:40]).partial_fit(X[40:], y[40:])
    assert (model.predict(X) == 0.3).all()
    warm = standardizing(warm_start=True).fit(X, y).fit(X[::-1], y)
    assert (warm.predict(X) == 0.3).all()
    watched = standardizing(early_stopping=True, max_iter=3).fit(X, y, X_val=X, y_val=np.r_[y[:79], 0.4])
    assert (watched.predict(X) == 0.3).all()
    single = standardizing().fit(X.astype(np.float32), y)
    assert (single.predict(X.astype(np.float32)) == np.float32(0.3)).all()
    quantiles = standardizing(loss="quantile", quantile=(0.1, 0.9)).fit(X, y)
    assert (quantiles.predict(X) == 0.3).all()
    both = EnsembleRegressor(standardizing(), n_members=3, diversity="fold", random_state=0).fit(X, y)
    assert (both.predict(X) == 0.3).all()


ROUNDED: dict[str, list[Any]] = {
    "sums": [0.1 + 0.2, 0.3],
    "products": [0.1 * 3, 0.3],
    "a large number": [1e9, 1e9 + 1e-7],
    "beyond the integers": [1e16, 1e16 + 2],
    "subnormal": [0.0, 1e-310],
    "float32": [np.float32(1) / np.float32(3), np.float32(1) / np.float32(3) + np.float32(2.0**-24)],
}


@pytest.mark.parametrize("values", ROUNDED.values(), ids=ROUNDED)
def test_a_spread_within_rounding_counts_as_constant(values: list[Any]) -> None:
    y = np.array(values * 40)
    model = standardizing().fit(X, y)
    assert model.target_scale_ is not None
    assert model.target_scale_.tolist() == [0.0]
    assert len(set(model.predict(X).tolist())) == 1
    assert min(values) <= model.predict(X)[0] <= max(values)
    seen = model.trace(X, y)  # the targets in it are 0, not multiples of the rounding error
    np.testing.assert_array_equal(seen.delta[-1], seen.A[-1])


def test_rows_of_weight_0_do_not_make_a_target_vary() -> None:
    y, weight = np.r_[np.full(79, 0.3), 7.0], np.r_[np.ones(79), 0.0]
    model = standardizing().fit(X, y, weight)
    assert (model.predict(X) == 0.3).all()


def test_held_out_rows_are_scored_with_the_constant_prediction() -> None:
    Y = np.c_[ONE, np.full(80, 0.3)]
    model = standardizing(max_iter=3).fit(X[:60], Y[:60], X_val=X[60:], y_val=Y[60:])
    assert model.best_validation_score_ == pytest.approx(model.score(X[60:], Y[60:]))
    found = model.diagnose(X[:60], Y[:60], X_val=X[60:], y_val=Y[60:])
    assert found.score == pytest.approx(model.score(X[:60], Y[:60]))
    assert found.validation_score == pytest.approx(model.score(X[60:], Y[60:]))


def test_an_output_that_varies_later_is_scaled_from_then_on() -> None:
    model = standardizing(batch_size="auto").partial_fit(X[:1], ONE[:1])
    assert (model.predict(X) == ONE[0]).all()
    model.partial_fit(X, ONE)
    np.testing.assert_allclose([model.target_mean_, model.target_scale_], [[ONE.mean()], [ONE.std()]])
    assert len(set(model.predict(X).tolist())) > 1
    taken = model.target_scale_
    np.testing.assert_array_equal(model.partial_fit(X, 2 * ONE).target_scale_, taken)


@pytest.mark.filterwarnings("ignore::multilayer.ConvergenceWarning")
def test_warm_start_keeps_the_scale_of_the_first_fit() -> None:
    whole = standardizing(max_iter=10).fit(X, TWO)
    parts = standardizing(max_iter=5, warm_start=True).fit(X, TWO).fit(X, TWO)
    np.testing.assert_array_equal(parts.parameters_, whole.parameters_)
    before = parts.target_mean_
    np.testing.assert_array_equal(parts.fit(X, TWO + 100.0).target_mean_, before)
    with pytest.raises(
        ParameterError, match=r"trained with standardize_targets=True and cannot be continued with False"
    ):
        parts.set_params(standardize_targets=False).fit(X, TWO)
    plain = MLPRegressor(warm_start=True, **options()).fit(X, X[:, 0])
    with pytest.raises(
        ParameterError, match=r"trained with standardize_targets=False and cannot be continued with True"
    ):
        plain.set_params(standardize_targets=True).fit(X, X[:, 0])
    assert plain.set_params(standardize_targets=False).fit(X, X[:, 0]).target_mean_ is None


def test_partial_fit_keeps_the_scale_of_the_first_call() -> None:
    model = standardizing().partial_fit(X[:40], ONE[:40])
    taken = model.target_mean_
    np.testing.assert_allclose(taken, [ONE[:40].mean()])
    np.testing.assert_array_equal(model.partial_fit(X[40:], 2 * ONE[40:]).target_mean_, taken)
    scaler, _ = scaled(ONE[:40])
    by_hand = MLPRegressor(**options())
    for rows, part in ((slice(0, 40), ONE[:40]), (slice(40, 80), 2 * ONE[40:])):
        by_hand.partial_fit(X[rows], scaler.transform(part[:, np.newaxis]).ravel())
    np.testing.assert_allclose(model.parameters_, by_hand.parameters_, rtol=1e-9)


def test_a_new_fit_sets_a_new_scale_and_a_failed_fit_keeps_the_old_one() -> None:
    model = standardizing().fit(X, ONE)
    mean = model.target_mean_
    with pytest.raises(ValueError, match="diverged"):
        model.set_params(solver="sgd", learning_rate_init=1e9).fit(X, -ONE)
    np.testing.assert_array_equal(model.target_mean_, mean)
    model.set_params(solver="adam", learning_rate_init=0.02).fit(X, -ONE)
    np.testing.assert_allclose(model.target_mean_, -np.asarray(mean))
    assert model.set_params(standardize_targets=False, learning_rate_init=1e-9).fit(X, ONE).target_scale_ is None


def test_trace_uses_standardised_targets_and_input_gradient_the_units_of_predict() -> None:
    model = standardizing().fit(X, TWO)
    _, S = scaled(TWO)
    few = slice(0, 12)
    assert model.check_gradient(X[few], TWO[few], WEIGHT[few]).max_error < 1e-6
    assert model.target_mean_ is not None
    assert model.target_scale_ is not None
    seen = model.trace(X[few], TWO[few])
    outputs = model.transform(X[few], layer=3)
    np.testing.assert_allclose(seen.A[-1], outputs)
    np.testing.assert_allclose(seen.delta[-1], outputs - S[few])
    np.testing.assert_allclose(model.predict(X[few]), outputs * model.target_scale_ + model.target_mean_)
    h = 1e-4
    moved = [model.predict(X[few] + sign * h * np.eye(3)[1]) for sign in (1, -1)]
    np.testing.assert_allclose(model.input_gradient(X[few])[:, :, 1], (moved[0] - moved[1]) / (2 * h), atol=1e-5)
    np.testing.assert_allclose(model.input_gradient(X[few], output=1), model.input_gradient(X[few])[:, 1])
    np.testing.assert_allclose(
        model.input_gradient(X[few], 0, of="Z") * model.target_scale_[0], model.input_gradient(X[few], 0)
    )


def test_diagnose_finds_no_fault_with_the_scale_of_y() -> None:
    def names(model: MLPRegressor) -> set[str]:
        return {finding.name for finding in model.diagnose(X, ONE)}

    model = standardizing(max_iter=300).fit(X, ONE)
    assert "targets badly scaled" not in names(model)
    assert "targets badly scaled" in names(MLPRegressor(**options()).fit(X, ONE))
    found = model.diagnose(X[:60], ONE[:60], X_val=X[60:], y_val=ONE[60:])
    assert found.score == pytest.approx(model.score(X[:60], ONE[:60]))
    assert found.validation_score == pytest.approx(model.score(X[60:], ONE[60:]))


def test_standardisation_preserves_precision_in_float32_with_a_large_mean() -> None:
    y = 1e6 + 0.01 * X[:, 0]  # float32 has steps of 0.06 there
    model = standardizing(max_iter=200).fit(X.astype(np.float32), y)
    assert model.parameters_.dtype == model.predict(X.astype(np.float32)).dtype == np.float32
    outputs = model.transform(X.astype(np.float32), layer=3).ravel()
    assert np.corrcoef(outputs, X[:, 0])[0, 1] > 0.99


def test_integer_and_extreme_targets_are_supported() -> None:
    model = standardizing().fit(X, (ONE // 10).astype(int))
    assert abs(model.predict(X).mean() - (ONE // 10).mean()) < 20
    assert np.isfinite(standardizing().fit(X, ONE * 1e300).predict(X)).all()
    model = standardizing().partial_fit(X.astype(np.float32), ONE)
    with pytest.raises(InputError, match=r"y must be finite in float32 once standardised, got values up to 1e\+300"):
        model.partial_fit(X.astype(np.float32), np.full(80, 1e300))


def test_copies_and_pickles_predict_the_same() -> None:
    model = standardizing().fit(X, TWO)
    for other in (copy.copy(model), copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        np.testing.assert_array_equal(other.predict(X), model.predict(X))


NUMBERS = st.floats(-1e6, 1e6, allow_subnormal=False).map(lambda x: round(x, 3))


@settings(max_examples=60, deadline=None)
@given(
    Y=arrays(np.float64, (7, 2), elements=NUMBERS), weight=arrays(np.float64, 7, elements=st.integers(1, 5).map(float))
)
def test_weights_equal_repeated_rows_and_restored_inverts_standardized(Y: Any, weight: Any) -> None:
    scale = target_scale(Y, weight)
    repeated = np.repeat(Y, weight.astype(int), axis=0)
    tolerance = 1e-12 * max(1.0, np.abs(Y).max())
    np.testing.assert_allclose(scale.mean, repeated.mean(axis=0), atol=tolerance)
    varies = (repeated != repeated[0]).any(axis=0)
    np.testing.assert_allclose(scale.deviation, np.where(varies, repeated.std(axis=0), 0.0), atol=10 * tolerance)
    np.testing.assert_allclose(scale.restored(scale.standardized(Y, Y.dtype)), Y, rtol=1e-12, atol=tolerance)
