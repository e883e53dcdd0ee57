"""find_step_size: its suggestion trains well and is reproducible, and the estimator is not changed."""

from __future__ import annotations

import copy
import dataclasses
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_diabetes, load_digits, make_moons
from sklearn.model_selection import GroupShuffleSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.extmath import softmax

from multilayer import MLPClassifier, MLPRegressor
from multilayer.exceptions import DivergenceError, InputError, ParameterError, ParameterWarning
from multilayer.selection import StepSizeTest, find_step_size
from multilayer.selection import step_size as module

FEW: dict[str, Any] = {"max_iter": 20, "n_iter_no_change": float("inf"), "random_state": 0}


@cache
def table(name: str) -> tuple[Any, Any]:
    if name == "moons":
        return make_moons(1000, noise=0.1, random_state=0)
    if name == "digits":
        X, y = load_digits(return_X_y=True)
        return X / 16, y
    X, y = load_diabetes(return_X_y=True)
    return StandardScaler().fit_transform(X), (y - y.mean()) / y.std()


def network(name: str, **changes: Any) -> Any:
    kind = MLPRegressor if name == "diabetes" else MLPClassifier
    return kind(**{"hidden_layer_sizes": (16, 16)} | FEW | changes)


def cost_after(model: Any, step_size: float, X: Any, y: Any) -> float:
    """Return the cost of all rows after a training with this step size, or infinity after a divergence."""
    try:
        fitted = copy.deepcopy(model).set_params(learning_rate_init=step_size).fit(X, y)
    except DivergenceError:
        return float("inf")
    if isinstance(model, MLPClassifier):
        return float(-np.log(np.maximum(fitted.predict_proba(X)[np.arange(len(y)), y], 1e-300)).mean())
    return float(0.5 * ((fitted.predict(X) - y) ** 2).mean())


@pytest.mark.parametrize("solver", ["adam", "sgd"])
@pytest.mark.parametrize("name", ["moons", "digits", "diabetes"])
@pytest.mark.filterwarnings("ignore::multilayer.ConvergenceWarning")
def test_suggestion_trains_better_than_much_smaller_and_much_larger_steps(name: str, solver: str) -> None:
    X, y = table(name)
    model = network(name, solver=solver)
    found = find_step_size(model, X, y)
    assert found.suggestion is not None
    smaller, suggested, larger = (cost_after(model, factor * found.suggestion, X, y) for factor in (0.01, 1.0, 100.0))
    assert suggested < 0.7 * smaller
    assert suggested < 0.7 * larger


def test_result_records_the_test_and_the_choice_of_the_suggestion() -> None:
    found = find_step_size(network("digits"), *table("digits"), first=1e-5, last=10.0, n_updates=200)
    n = len(found)
    assert isinstance(found, StepSizeTest)
    assert found.step_sizes.shape == found.costs.shape == found.smoothed.shape == (n,)
    np.testing.assert_allclose(found.step_sizes, np.geomspace(1e-5, 10.0, 200)[:n])
    assert found.costs[:5].mean() == pytest.approx(np.log(10), rel=0.2)
    assert found.ended == "ceiling"
    assert found.suggestion is not None
    assert 0.099 < found.suggestion / found.lowest < 0.201
    assert found.lowest == found.step_sizes[found.smoothed.argmin()]
    assert f"was lowest at {found.lowest:.2g}" in found.settings
    assert "the smoothed cost rose above 4 times its minimum" in found.settings
    assert (
        repr(found)
        == f"<StepSizeTest: suggestion {found.suggestion:.2g}; {n} updates from 1e-05 to {found.step_sizes[-1]:.2g}>"
    )
    assert str(found).startswith(f"learning_rate_init={found.suggestion:.2g}\n")
    assert str(found).splitlines()[2:4] == ["step size    cost", f"  1.0e-05  {found.smoothed[0]:>6.4g}"]
    assert "the smoothed cost" in str(found)
    assert found.to_frame()["smoothed_cost"].tolist() == found.smoothed.tolist()
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.suggestion = 1.0  # type: ignore[misc]


def test_first_costs_are_those_of_the_first_batches_of_fit() -> None:
    X, y = table("digits")
    model = network("digits", batch_size=600, max_iter=1, learning_rate_init=1e-300)
    fitted = copy.deepcopy(model).fit(X, y)
    found = find_step_size(model, X, y, first=1e-300, last=1e-290, n_updates=30)
    assert fitted.loss_ == pytest.approx(np.average(found.costs[:3], weights=[600, 600, 597]), rel=1e-12)
    assert found.suggestion is None
    order = np.arange(len(y))
    state = np.random.RandomState(0)
    state.set_state(fitted._training_state.random_state.get_state())
    for epoch in range(2):  # the first three batches and the next three, by hand
        order = fitted._training_state.order if epoch == 0 else order[_shuffled(order, state)]
        for place in range(3):
            rows = order[600 * place : 600 * (place + 1)]
            P = softmax(fitted.decision_function(X[rows]))
            penalty = 0.5 * model.alpha / len(rows) * sum((W**2).sum() for W in fitted.coefs_)
            by_hand = -np.log(P[np.arange(len(rows)), y[rows]]).mean() + penalty
            assert found.costs[3 * epoch + place] == pytest.approx(by_hand, rel=1e-9)


def _shuffled(order: Any, state: np.random.RandomState) -> Any:
    places = np.arange(len(order))
    state.shuffle(places)
    return places


@pytest.mark.parametrize("random_state", [0, np.random.RandomState(3), None])
def test_find_step_size_changes_neither_the_estimator_nor_its_random_state(random_state: Any) -> None:
    X, y = table("moons")
    model = network("moons", random_state=random_state, callbacks=[pytest.fail], dropout=0.1, max_iter=2)
    before = dict(vars(model))
    draws = copy.deepcopy(np.random.get_state())
    first, second = (find_step_size(model, X, y) for _ in range(2))
    assert vars(model) == before
    assert all(np.array_equal(a, b) for a, b in zip(draws, np.random.get_state(), strict=True))
    np.testing.assert_array_equal(first.costs, second.costs)
    np.testing.assert_array_equal(first.smoothed, second.smoothed)
    assert first.suggestion == second.suggestion
    assert first.settings == second.settings


def test_a_fitted_estimator_is_not_changed_and_the_test_starts_from_new_weights() -> None:
    X, y = table("moons")
    model = network("moons", warm_start=True, n_iter_no_change=500, max_iter=20)
    fresh = find_step_size(model, X, y)
    with pytest.warns(match="Call fit again"):
        model.fit(X, y)
    weights, moments = model.parameters_.copy(), model._training_state.descent.slots.copy()
    np.testing.assert_array_equal(find_step_size(model, X, y).costs, fresh.costs)
    np.testing.assert_array_equal(model.parameters_, weights)
    np.testing.assert_array_equal(model._training_state.descent.slots, moments)


def test_number_of_updates_per_call_does_not_change_the_costs(monkeypatch: pytest.MonkeyPatch) -> None:
    X, y = table("digits")
    expected = find_step_size(network("digits", dropout=0.2), X, y)
    monkeypatch.setattr(module, "UPDATES_PER_CALL", 1)
    np.testing.assert_array_equal(find_step_size(network("digits", dropout=0.2), X, y).costs, expected.costs)


@pytest.mark.parametrize(
    "changes", [{}, {"dropout": 0.3, "input_dropout": 0.1}, {"clip_norm": 1.0, "weight_decay": 0.1}]
)
def test_both_engines_give_the_same_costs(changes: Any) -> None:
    X, y = table("diabetes")
    cpu, reference = (
        find_step_size(network("diabetes", engine=engine, **changes), X, y, last=0.1) for engine in ("cpu", "reference")
    )
    np.testing.assert_allclose(cpu.costs, reference.costs, rtol=1e-6)
    assert cpu.suggestion == pytest.approx(reference.suggestion)


def test_integer_weights_are_equivalent_to_repeated_rows() -> None:
    X, y = table("diabetes")
    full = {"batch_size": 442, "shuffle": False, "alpha": 0.0}
    weight = np.r_[np.full(200, 2.0), np.ones(200), np.zeros(42)]
    weighted = find_step_size(network("diabetes", **full), X, y, sample_weight=weight)
    rows = np.r_[np.arange(200), np.arange(400)]
    with pytest.warns(ParameterWarning, match="larger than the data"):
        repeated = find_step_size(network("diabetes", **(full | {"batch_size": 900})), X[rows], y[rows])
    np.testing.assert_allclose(weighted.costs[:200], repeated.costs[:200], rtol=1e-7)
    assert weighted.suggestion == pytest.approx(repeated.suggestion)
    silent = np.r_[np.ones(42), np.zeros(400)]  # most batches have the weight 0, which is not a cost of 0
    found = find_step_size(network("diabetes", batch_size=40, shuffle=False), X, y, sample_weight=silent)
    assert found.smoothed[:11].min() > 0.1


def test_several_labels_sparse_rows_and_scaled_targets_are_supported() -> None:
    import scipy.sparse

    X, y = table("moons")
    sparse = find_step_size(network("moons", class_weight="balanced"), scipy.sparse.csr_array(X), y)
    assert sparse.suggestion == pytest.approx(find_step_size(network("moons"), X, y).suggestion, rel=0.2)
    assert find_step_size(network("moons"), X, np.c_[y, 1 - y]).suggestion is not None
    A, b = table("diabetes")
    one = find_step_size(network("diabetes"), A, b)
    raw = find_step_size(network("diabetes", standardize_targets=True), A, 1e4 + 50 * b)
    np.testing.assert_allclose(raw.costs[:200], one.costs[:200], rtol=1e-6)


def test_rows_that_fit_would_hold_out_are_held_out() -> None:
    X, y = table("moons")
    groups = GroupShuffleSplit(random_state=0)
    with pytest.raises(InputError, match="groups"):
        find_step_size(network("moons", early_stopping=True, validation_fraction=groups), X, y)
    model = network("moons", early_stopping=True, batch_size=1000)
    with pytest.warns(ParameterWarning, match="uses all 900 rows"):
        assert find_step_size(model, X, y).suggestion is not None


def test_a_divergence_ends_the_test_without_an_error() -> None:
    X, y = table("diabetes")
    # float32 overflows at about 3.4e38.
    found = find_step_size(network("diabetes", solver="sgd"), X.astype(np.float32), y, last=1e6, ceiling=1e100)
    assert found.ended == "not finite"
    assert np.isfinite(found.costs).all()
    assert np.isfinite(found.smoothed).all()
    assert "the cost was no longer finite" in found.settings
    assert found.suggestion is not None
    assert cost_after(network("diabetes", solver="sgd"), found.suggestion, X, y) < 0.4


@pytest.mark.parametrize(("first", "last", "ended"), [(1e-12, 1e-10, "last"), (1e6, 1e7, "ceiling")])
def test_no_step_size_is_suggested_where_the_cost_does_not_fall(first: float, last: float, ended: str) -> None:
    X, y = table("diabetes")
    model = network("diabetes", batch_size=442)
    found = find_step_size(model, X, y, first=first, last=last)
    assert found.suggestion is found.steepest is None
    assert found.ended == ended
    assert "the cost has not fallen" in found.settings
    assert str(found).startswith("no suggestion\n\n")
    assert "The cost has not fallen" in str(found)
    assert "suggestion none" in repr(found)


def test_starting_weights_without_a_finite_cost_raise_an_error() -> None:
    X, y = table("diabetes")
    with pytest.raises(DivergenceError, match=r"the cost is inf at the starting weights, before any step"):
        find_step_size(network("diabetes"), X, 1e200 * y)


@pytest.mark.parametrize(
    ("estimator", "arguments", "error", "message"),
    [
        (
            network("moons", solver="lbfgs"),
            {},
            ParameterError,
            r"'lbfgs', which finds the length of each step by a line",
        ),
        (
            make_pipeline(StandardScaler(), network("moons")),
            {},
            InputError,
            r"got Pipeline\. Of a pipeline pass the net",
        ),
        (MLPClassifier, {}, InputError, r"must be an MLPClassifier or MLPRegressor, got MLPClassifier"),
        (network("moons"), {"first": 0.0}, ParameterError, r"first must be a positive number, got 0\.0"),
        (network("moons"), {"last": 1e-8}, ParameterError, r"last must be a number above 1e-07, got 1e-08"),
        (network("moons"), {"n_updates": 5}, ParameterError, r"n_updates must be an integer of at least 10, got 5"),
        (network("moons"), {"ceiling": 1.0}, ParameterError, r"ceiling must be a number above 1, got 1\.0"),
        (network("moons", alpha=-1), {}, ParameterError, r"alpha must be a non-negative number, got -1"),
    ],
)
def test_invalid_arguments_raise_errors(estimator: Any, arguments: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        find_step_size(estimator, *table("moons"), **arguments)


@settings(max_examples=50, deadline=None)
@given(
    costs=st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30),
    sizes=st.data(),
    fading=st.floats(0.1, 0.99),
)
def test_smoothed_costs_equal_the_weighted_means_that_define_them(costs: Any, sizes: Any, fading: float) -> None:
    n = len(costs)
    weights = np.array(sizes.draw(st.lists(st.integers(1, 200).map(float), min_size=n, max_size=n)))
    c, far = np.array(costs), np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    near = fading**far * weights
    tolerance = 1e-9 * max(1.0, np.abs(c).max())
    np.testing.assert_allclose(module._smoothed(c, weights, fading), near @ c / near.sum(axis=1), atol=tolerance)
    past = np.tril(near)
    np.testing.assert_allclose(module._fading_means(c, weights, fading), past @ c / past.sum(axis=1), atol=tolerance)
