"""class_weight: equivalent to sample weights and repeated rows, and equal to the values of scikit-learn."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array
from sklearn.utils.class_weight import compute_class_weight, compute_sample_weight

from multilayer import MLPClassifier
from multilayer.exceptions import InputError, ParameterError
from multilayer.fits.class_weights import class_weights
from multilayer.fits.labels import labels_of

RNG = np.random.RandomState(0)
X = RNG.normal(size=(40, 3))
Y = np.where(X[:, 0] > 0.8, "rare", np.where(X[:, 1] > 0, "b", "a"))
SEVERAL = (X > [0.8, 0.0, -0.5]).astype(int)
WEIGHTS = {"rare": 3.0, "b": 2.0}
ENGINES = pytest.mark.parametrize("engine", ["reference", "cpu"])


def model(**parameters: Any) -> MLPClassifier:
    defaults = {"hidden_layer_sizes": 4, "max_iter": 5, "n_iter_no_change": math.inf, "random_state": 0}
    return MLPClassifier(**(defaults | parameters))


def row_weights(class_weight: Any, y: Any, sample_weight: Any = None) -> Any:
    return class_weights(class_weight, y, labels_of(y), sample_weight).of_rows(y)


@ENGINES
@pytest.mark.parametrize("class_weight", [WEIGHTS, "balanced"])
@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
@pytest.mark.filterwarnings("ignore::multilayer.ConvergenceWarning")
def test_class_weights_are_equivalent_to_sample_weights(solver: str, class_weight: Any, engine: str) -> None:
    own = RNG.uniform(0.5, 2.0, size=40)
    classes, codes = np.unique(Y, return_inverse=True)
    of_rows = compute_class_weight(class_weight, classes=classes, y=Y, sample_weight=own)[codes]
    weighted = model(class_weight=class_weight, solver=solver, engine=engine).fit(X, Y, own)
    expected = model(solver=solver, engine=engine).fit(X, Y, own * of_rows)
    np.testing.assert_allclose(weighted.parameters_, expected.parameters_, rtol=1e-7)
    np.testing.assert_allclose(weighted.loss_curve_, expected.loss_curve_, rtol=1e-9)


@ENGINES
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.filterwarnings("ignore::multilayer.ConvergenceWarning")
def test_class_weights_are_equivalent_to_repeated_rows(solver: str, engine: str) -> None:
    repeats = np.repeat(np.arange(40), compute_sample_weight(WEIGHTS, Y).astype(int))
    options = {"solver": solver, "engine": engine} | ({"shuffle": False} if solver == "adam" else {})
    weighted = model(class_weight=WEIGHTS, batch_size=40, **options).fit(X, Y)
    repeated = model(batch_size=len(repeats), **options).fit(X[repeats], Y[repeats])
    np.testing.assert_allclose(weighted.parameters_, repeated.parameters_, rtol=1e-7)


def test_balanced_weights_equal_those_of_scikit_learn() -> None:
    np.testing.assert_allclose(row_weights("balanced", Y), compute_sample_weight("balanced", Y), rtol=1e-15)
    for several in (SEVERAL, csr_array(SEVERAL)):
        np.testing.assert_allclose(row_weights("balanced", several), compute_sample_weight("balanced", several))
    own = RNG.uniform(0.5, 2.0, size=40)
    of_classes = compute_class_weight("balanced", classes=np.unique(Y), y=Y, sample_weight=own)
    np.testing.assert_allclose(row_weights("balanced", Y, own), of_classes[np.unique(Y, return_inverse=True)[1]])


@given(st.lists(st.tuples(st.integers(0, 3), st.floats(0.125, 8.0)), min_size=2, max_size=30))
def test_balanced_weights_give_classes_equal_totals_and_rows_a_mean_of_one(rows: list[tuple[int, float]]) -> None:
    y, own = (np.array(column) for column in zip(*rows, strict=True))
    if len(np.unique(y)) > 1:
        weights = row_weights("balanced", y, own) * own
        totals = np.bincount(y, weights)
        np.testing.assert_allclose(totals[totals > 0], weights.sum() / (totals > 0).sum())
        assert weights.sum() == pytest.approx(own.sum())


def test_balanced_weights_ignore_rows_of_weight_zero() -> None:
    own = np.ones(40)
    own[:20] = 0.0
    np.testing.assert_allclose(row_weights("balanced", Y, own)[20:], row_weights("balanced", Y[20:]))
    own[Y == "rare"] = 0.0  # a class of total weight zero
    assert np.isfinite(row_weights("balanced", Y, own)).all()
    counts = {label: (own * (label == Y)).sum() for label in ("a", "b")}
    assert row_weights("balanced", Y, own)[Y == "a"][0] == pytest.approx(sum(counts.values()) / (2 * counts["a"]))


def test_several_labels_take_one_dict_each() -> None:
    dicts = [{0: 1, 1: 5}, {1: 2}, {}]
    expected = np.where(SEVERAL[:, 0], 5.0, 1.0) * np.where(SEVERAL[:, 1], 2.0, 1.0)
    np.testing.assert_array_equal(row_weights(dicts, SEVERAL), expected)
    weighted, by_hand = model(class_weight=dicts).fit(X, SEVERAL), model().fit(X, SEVERAL, expected)
    np.testing.assert_array_equal(weighted.parameters_, by_hand.parameters_)


@pytest.mark.parametrize(
    ("y", "weights"), [(Y == "b", {True: 3}), ((Y == "b").astype(int), {np.int64(1): 3}), ((Y == "b") * 1.0, {1: 3})]
)
def test_keys_of_class_weight_match_labels_that_compare_equal(y: Any, weights: Any) -> None:
    np.testing.assert_array_equal(row_weights(weights, y), np.where(Y == "b", 3.0, 1.0))


@ENGINES
def test_partial_fit_applies_class_weights(engine: str) -> None:
    weighted, expected = model(class_weight=WEIGHTS, engine=engine), model(engine=engine)
    for part in (slice(0, 20), slice(20, 40)):
        weighted.partial_fit(X[part], Y[part], classes=["a", "b", "rare"])
        expected.partial_fit(X[part], Y[part], compute_sample_weight(WEIGHTS, Y[part]), classes=["a", "b", "rare"])
    np.testing.assert_array_equal(weighted.parameters_, expected.parameters_)


def test_class_weights_apply_to_validation() -> None:
    weighted = model(class_weight=WEIGHTS, early_stopping=True, validation_fraction=0.5).fit(X, Y)
    rows = weighted._training_state.held_out
    of_rows = compute_sample_weight({"a": 1.0} | WEIGHTS, Y[rows])
    assert weighted.best_validation_score_ == pytest.approx(weighted.score(X[rows], Y[rows], of_rows))
    own = model(class_weight="balanced").fit(X, Y, X_val=X[:9], y_val=Y[:9])
    of_rows = row_weights("balanced", Y)[:9]  # of the class frequencies of the training rows
    assert own.best_validation_score_ == pytest.approx(own.score(X[:9], Y[:9], of_rows))


@ENGINES
@pytest.mark.parametrize("class_weight", [WEIGHTS, "balanced"])
@pytest.mark.filterwarnings("ignore::multilayer.ConvergenceWarning")
def test_class_weights_apply_to_trace_check_gradient_and_diagnose(class_weight: Any, engine: str) -> None:
    weight = RNG.uniform(0.5, 2.0, size=40)
    fitted = model(class_weight=class_weight, solver="lbfgs", max_iter=10, engine=engine).fit(X, Y, weight)
    np.testing.assert_allclose(fitted.trace(X, Y, weight).J, fitted.loss_, rtol=1e-9)
    assert fitted.check_gradient(X, Y, weight).max_error < 1e-6
    right = fitted.predict(X) == Y
    expected = np.average(right, weights=weight * row_weights(class_weight, Y, weight))
    assert fitted.diagnose(X, Y, weight).score == pytest.approx(expected, rel=1e-12)


def test_a_larger_class_weight_increases_predictions_of_a_rare_class() -> None:
    plain = model(max_iter=60, learning_rate_init=0.01).fit(X, Y)
    weighted = model(max_iter=60, learning_rate_init=0.01, class_weight={"rare": 50}).fit(X, Y)
    assert (weighted.predict(X) == "rare").sum() > (plain.predict(X) == "rare").sum()


@pytest.mark.parametrize(
    ("class_weight", "message"),
    [
        ("balancd", r"unknown class_weight 'balancd'\. Did you mean 'balanced'\?"),
        (
            {"c": 1, "a": 2},
            r"has labels that are not in y: \['c'\]\. The labels of y are \['a', 'b', 'rare'\]",
        ),
        ({"a": -1}, r"class_weight must give each label a finite non-negative number, got -1 for 'a'"),
        ({"a": math.nan}, r"a finite non-negative number, got nan for 'a'"),
        ({"a": "2"}, r"a finite non-negative number, got '2' for 'a'"),
        ({"a": True}, r"a finite non-negative number, got True for 'a'"),
        (
            [{"a": 1}],
            r"class_weight must be None, 'balanced' or a dict of labels .*, got \[\{'a': 1\}\]",
        ),
        (3, r"class_weight must be None, 'balanced' or a dict"),
    ],
)
def test_invalid_class_weights_raise_errors(class_weight: Any, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        model(class_weight=class_weight).fit(X, Y)


@pytest.mark.parametrize(
    ("class_weight", "message"),
    [
        ({0: 1, 1: 5}, r"class_weight must be 'balanced' or a list of 3 dicts, one for each label .* got \{0: 1"),
        ([{1: 5}], r"a list of 3 dicts"),
        ([{1: 5}, {2: 1}, {}], r"class_weight\[1\] has labels that are not in y: \[2\]\. The labels of y are \[0, 1\]"),
    ],
)
def test_invalid_class_weights_of_several_labels_raise_errors(class_weight: Any, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        model(class_weight=class_weight).fit(X, SEVERAL)


def test_class_weights_that_are_all_zero_raise_an_error() -> None:
    with pytest.raises(InputError, match=r"class_weight gives every row the weight 0"):
        model(class_weight={"a": 0, "b": 0, "rare": 0}).fit(X, Y)


def test_balanced_class_weights_raise_an_error_in_partial_fit() -> None:
    with pytest.raises(ParameterError, match=r"class_weight='balanced' cannot be used with partial_fit: .* a dict"):
        model(class_weight="balanced").partial_fit(X, Y, classes=["a", "b", "rare"])
