"""(C6)-(C12) against scikit-learn and difference quotients, at extreme sums, and the predictions that minimise them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import mean_absolute_error, mean_gamma_deviance, mean_pinball_loss

from multilayer.equations import (
    OUTPUTS,
    AbsoluteError,
    GammaDeviance,
    Huber,
    Quantile,
    SigmoidFocal,
    SoftmaxFocal,
    check_cost,
    check_gradient,
    cost,
    initialize_thetas,
    output_unit,
    predict,
)
from multilayer.exceptions import InputError, ParameterError, ShapeError

M, K = 9, 3
LEVELS = (0.1, 0.5, 0.9)
# Each cost with an output unit that it supports.
PAIRS = [
    ("identity", AbsoluteError()),
    ("identity", Huber(0.7)),
    ("identity", Quantile((0.3,))),
    ("identity", Quantile(LEVELS)),
    ("increasing", None),
    ("increasing", AbsoluteError()),
    ("increasing", Huber(0.7)),
    ("increasing", Quantile(LEVELS)),
    ("exp", GammaDeviance()),
    *[("sigmoid", SigmoidFocal(gamma)) for gamma in (0.0, 0.5, 1.0, 2.0)],
    *[("softmax", SoftmaxFocal(gamma)) for gamma in (0.0, 0.5, 1.0, 2.0)],
]
pairs = pytest.mark.parametrize(("output", "chosen"), PAIRS, ids=str)


def example(output: str, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.RandomState(seed)
    Z = rng.normal(size=(M, K))
    Y = {
        "identity": lambda: rng.normal(size=(M, K)),
        "increasing": lambda: np.repeat(rng.normal(size=(M, 1)), K, axis=1),
        "exp": lambda: rng.gamma(2.0, size=(M, K)),
        "sigmoid": lambda: rng.uniform(size=(M, K)).round(1),
        "softmax": lambda: np.eye(K)[rng.randint(K, size=M)],
    }[output]()
    return Z, Y


@pairs
def test_delta_is_the_derivative_of_the_value(output, chosen):
    unit, (Z, Y), h = output_unit(output, chosen), example(output), 1e-6
    for k in range(K):
        step = h * np.eye(K)[k]
        quotient = (unit.cost(Z + step, Y) - unit.cost(Z - step, Y)) / (2 * h)
        np.testing.assert_allclose(unit.delta(Z, Y)[:, k], quotient, atol=1e-8)


@pairs
def test_gradient_of_a_network_matches_difference_quotients_for_every_cost(output, chosen):
    _, Y = example(output)
    X = np.random.RandomState(1).normal(size=(M, 2))
    thetas = initialize_thetas([2, 4, K], 1)
    report = check_gradient(X, Y, thetas, 0.3, hidden="tanh", output=output_unit(output, chosen))
    assert report.max_error < 1e-7


def test_absolute_error_equals_that_of_scikit_learn():
    Z, Y = example("identity")
    assert AbsoluteError().value(Z, Y).mean() == pytest.approx(K * mean_absolute_error(Y, Z), rel=1e-14)


def test_quantile_cost_equals_the_pinball_loss_of_scikit_learn():
    Z, Y = example("identity")
    expected = sum(mean_pinball_loss(Y[:, k], Z[:, k], alpha=LEVELS[k]) for k in range(K))
    assert Quantile(LEVELS).value(Z, Y).mean() == pytest.approx(expected, rel=1e-14)


def test_cost_of_the_median_is_half_the_absolute_error():
    Z, Y = example("identity")
    np.testing.assert_allclose(2 * Quantile((0.5,)).value(Z, Y), AbsoluteError().value(Z, Y), rtol=1e-14)


def test_gamma_deviance_is_half_that_of_scikit_learn():
    Z, Y = example("exp")
    expected = sum(mean_gamma_deviance(Y[:, k], np.exp(Z[:, k])) / 2 for k in range(K))
    assert GammaDeviance().value(Z, Y).mean() == pytest.approx(expected, rel=1e-13)


def test_huber_is_quadratic_inside_and_linear_outside_the_threshold():
    cost = Huber(2.0)
    Z, Y = np.array([[1.0], [-1.0], [2.0], [5.0], [-5.0]]), np.zeros((5, 1))
    assert cost.value(Z, Y).tolist() == [0.5, 0.5, 2.0, 8.0, 8.0]
    assert cost.delta(Z, Y).ravel().tolist() == [1.0, -1.0, 2.0, 2.0, -2.0]


def test_huber_with_a_large_threshold_is_the_squared_error():
    Z, Y = example("identity")
    np.testing.assert_allclose(Huber(1e3).value(Z, Y), output_unit("identity").cost(Z, Y), rtol=1e-14)


@pytest.mark.parametrize(("output", "focal"), [("sigmoid", SigmoidFocal(0.0)), ("softmax", SoftmaxFocal(0.0))])
def test_focal_without_gamma_is_the_cross_entropy(output, focal):
    Z, Y = example(output)
    np.testing.assert_allclose(focal.value(Z, Y), output_unit(output).cost(Z, Y), rtol=1e-13)
    np.testing.assert_allclose(focal.delta(Z, Y), output_unit(output).delta(Z, Y), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("gamma", [0.5, 2.0])
def test_focal_cost_scales_the_cross_entropy_by_a_power_of_the_error(gamma):
    Z, Y = np.array([[0.4, -1.0]]), np.array([[1.0, 0.0]])
    h = output_unit("softmax").h(Z)[0, 0]
    assert SoftmaxFocal(gamma).value(Z, Y)[0] == pytest.approx(-((1 - h) ** gamma) * np.log(h), rel=1e-13)
    # softmax over two classes is the sigmoid of the difference
    assert SigmoidFocal(gamma).value(Z[:, :1] - Z[:, 1:], np.ones((1, 1)))[0] == pytest.approx(
        -((1 - h) ** gamma) * np.log(h), rel=1e-13
    )


@pytest.mark.parametrize("cost", [AbsoluteError(), Quantile((0.9,))], ids=str)
def test_cost_and_delta_are_zero_at_the_kink(cost):
    Y = np.array([[3.0]])
    assert cost.value(Y, Y) == [0.0]
    assert cost.delta(Y, Y) == [[0.0]]


@given(
    arrays(np.float64, 40, elements=st.floats(-10, 10).map(lambda y: round(y, 3))), st.sampled_from([0.1, 0.5, 0.75])
)
def test_best_constant_prediction_is_the_quantile(y, level):
    cost = Quantile((level,))
    best = min(y, key=lambda h: cost.value(np.full((40, 1), h), y[:, np.newaxis]).sum())
    # The fraction of targets below it equals the level, up to ties.
    assert (y < best).mean() <= level + 1e-12
    assert (y <= best).mean() >= level - 1e-12


@pairs
@given(arrays(np.float64, (4, K), elements=st.floats(-600, 600)))
def test_costs_are_non_negative_and_finite_for_extreme_sums(output, chosen, Z):
    unit, (_, Y) = output_unit(output, chosen), example(output)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        values, deltas = unit.cost(Z, Y[:4]), unit.delta(Z, Y[:4])
    assert np.isfinite(values).all()
    assert (values >= -1e-12 * np.abs(Z).max()).all()
    assert np.isfinite(deltas).all()


def test_focal_cost_is_exact_where_h_rounds_to_0_or_1():
    Z = np.array([[1e4]])
    assert SigmoidFocal(2.0).value(Z, np.zeros((1, 1))) == [1e4]
    assert SigmoidFocal(2.0).value(Z, np.ones((1, 1))) == [0.0]
    Z = np.array([[1e4, -1e4]])
    for gamma in (0.0, 0.5, 2.0):
        assert SoftmaxFocal(gamma).value(Z, np.array([[0.0, 1.0]])) == [2e4]
        np.testing.assert_array_equal(SoftmaxFocal(gamma).delta(Z, np.array([[0.0, 1.0]])), [[1.0, -1.0]])
        np.testing.assert_array_equal(SoftmaxFocal(gamma).delta(Z, np.array([[1.0, 0.0]])), [[0.0, 0.0]])


# --- increasing outputs


@given(arrays(np.float64, (4, 5), elements=st.floats(-1e4, 1e4)))
def test_increasing_outputs_never_cross(Z):
    H = output_unit("increasing").h(Z)
    assert (np.diff(H, axis=1) >= 0).all()
    np.testing.assert_array_equal(H[:, 0], Z[:, 0])


def test_a_single_increasing_output_equals_the_identity():
    Z, Y = np.array([[0.3], [-2.0]]), np.array([[1.0], [1.0]])
    for chosen in (None, Huber(), Quantile((0.3,))):
        increasing, identity = output_unit("increasing", chosen), output_unit("identity", chosen)
        np.testing.assert_array_equal(increasing.cost(Z, Y), identity.cost(Z, Y))
        np.testing.assert_array_equal(increasing.delta(Z, Y), identity.delta(Z, Y))


def test_predict_returns_increasing_outputs_as_numbers():
    thetas = [np.array([[0.0, 1.0], [0.0, 0.0]])]
    H = predict([[2.0]], thetas, output=output_unit("increasing", Quantile((0.1, 0.9))))
    np.testing.assert_allclose(H, [[2.0, 2.0 + np.log(2)]])


# --- costs in the equations


class Cubed:
    """A custom cost: abs(z - y)³."""

    def value(self, Z, Y):
        return np.sum(np.abs(Z - Y) ** 3, axis=1)

    def delta(self, Z, Y):
        return 3 * (Z - Y) ** 2 * np.sign(Z - Y)


class Halved(Cubed):
    def delta(self, Z, Y):
        return 0.5 * super().delta(Z, Y)


def test_a_custom_cost_works_with_every_output_unit():
    thetas = [np.array([[0.5, 1.0]])]
    assert cost([[1.0]], [[-0.5]], thetas, output=output_unit("identity", Cubed())) == 8.0
    for output in OUTPUTS:
        report = check_gradient([[1.0]], [[-0.5]], thetas, output=output_unit(output, Cubed()))
        assert report.max_error < 1e-6  # targets suit identity outputs: a custom cost checks its own targets


@pairs
def test_check_cost_passes_for_every_built_in_cost(output, chosen):
    if chosen is not None:
        assert check_cost(chosen, *example(output), output) < 1e-8


def test_check_cost_reports_the_entry_with_the_largest_error():
    Z, Y = np.array([[0.0, 1.0], [2.0, -3.0]]), np.zeros((2, 2))
    message = (
        r"delta of .*Halved.* is not the derivative of value: in row 1, column 1, where z is -3 and y is 0, "
        r"it is -13\.5, the difference quotient of value is -27\."
    )
    with pytest.raises(ParameterError, match=message):
        check_cost(Halved(), Z, Y)


class TwoValues(Cubed):
    def value(self, Z, Y):
        return np.abs(Z - Y) ** 3


class Logarithmic(Cubed):
    def value(self, Z, Y):
        with np.errstate(invalid="ignore"):
            return (np.log(Z) - Y).sum(axis=1)


@pytest.mark.parametrize(
    ("own", "Y", "error", "message"),
    [
        (TwoValues(), [[0.0, 0.0]], ShapeError, r"value of .* must return an array of shape \(1,\), got \(1, 2\)"),
        (Logarithmic(), [[0.0, 0.0]], InputError, r"value of .* is not finite in row 0, where Z is \[-1\.  1\.\]"),
        (Cubed(), [[0.0]], ShapeError, r"Y must have the shape of Z, \(1, 2\), got \(1, 1\)"),
        (object(), [[0.0, 0.0]], ParameterError, r"a cost is an object with the methods value\(Z, Y\) and delta"),
    ],
)
def test_check_cost_rejects_invalid_costs_and_targets(own, Y, error, message):
    with pytest.raises(error, match=message):
        check_cost(own, [[-1.0, 1.0]], Y)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: Huber(0.0), ParameterError, r"threshold must be a positive number, got 0\.0"),
        (lambda: SigmoidFocal(-1.0), ParameterError, r"gamma must be a non-negative number, got -1\.0"),
        (lambda: SoftmaxFocal(float("nan")), ParameterError, r"gamma must be a non-negative number, got nan"),
        (lambda: Quantile(()), ParameterError, r"levels must be numbers between 0 and 1, got \(\)"),
        (lambda: Quantile((0.5, 1.0)), ParameterError, r"levels must be .*got \(0\.5, 1\.0\).*median"),
        (lambda: Quantile(0.5), ParameterError, r"levels must be numbers between 0 and 1, got 0\.5"),
        (lambda: output_unit("softmax", Huber()), ParameterError, r"Huber.* is a cost for identity or increasing"),
        (lambda: output_unit("identity", GammaDeviance()), ParameterError, r"a cost for exp outputs, got output='id"),
        (lambda: output_unit(3), ParameterError, r"unknown output unit 3"),
    ],
)
def test_invalid_costs_raise_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize(
    ("unit", "Y", "error", "message"),
    [
        (output_unit("exp", GammaDeviance()), [[0.0]], InputError, r"Y must be positive for the Gamma deviance, got 0"),
        (output_unit("sigmoid", SigmoidFocal()), [[2.0]], InputError, r"Y must lie in \[0, 1\] for the focal cost"),
        (output_unit("softmax", SoftmaxFocal()), [[-1.0]], InputError, r"Y must lie in \[0, 1\] for the focal cost"),
        (output_unit("identity", Quantile(LEVELS)), [[2.0]], ShapeError, r"one column for each of the 3 levels"),
    ],
)
def test_targets_outside_the_domain_of_a_cost_raise_errors(unit, Y, error, message):
    with pytest.raises(error, match=message):
        cost([[1.0]], Y, [np.array([[0.5, 1.0]])], output=unit)
