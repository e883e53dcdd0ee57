"""Setups from messages: every value is checked, and what fits together is completed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from multilayer import MLPClassifier, MLPRegressor
from multilayer.exceptions import MultilayerError
from multilayer.playground.data.play_data import shape_data
from multilayer.playground.runs.setup import (
    DEFAULTS,
    DESCENT_ONLY,
    RANGES,
    Setup,
    choices,
    estimator_for,
    initial_parameters,
    setup_from_json,
)

DATA = shape_data("moons", rows=100)


def test_a_setup_returns_from_its_message() -> None:
    setup = Setup().with_parameters({"hidden_layer_sizes": [3, 4], "activation": ["relu", "tanh"], "alpha": 0.5})
    assert setup_from_json(setup.to_json()) == setup


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"alpa": 1}, "unknown parameter 'alpa'. Did you mean 'alpha'"),
        ({"alpha": "1"}, "alpha must be a non-negative number, got '1'"),
        ({"learning_rate_init": 0}, "learning_rate_init must be a positive number, got 0"),
        ({"dropout": 1.0}, "dropout must be a number of at least 0 and below 1, got 1.0"),
        ({"hidden_layer_sizes": [0]}, "must be a positive integer, got 0"),
        ({"hidden_layer_sizes": [65]}, "must be at most 64 in the playground, got 65"),
        ({"hidden_layer_sizes": [1] * 7}, "a list of at most 6 layers"),
        ({"activation": ["tanh"] * 3}, "one name or 2 names"),
        ({"activation": "tan"}, "unknown activation 'tan'"),
        ({"solver": "sgdm"}, "unknown solver 'sgdm'"),
        ({"learning_rate": "invscaling"}, "learning_rate must be one of constant, cosine"),
        ({"batch_size": 0}, "batch_size must be a positive integer, got 0"),
        ({"batch_size": True}, "batch_size must be a positive integer, got True"),
        ({"random_state": -1}, "random_state must be a non-negative integer, got -1"),
        ({"max_iter": 10**7}, "max_iter must be at most 1,000,000"),
        ({"shuffle": "no"}, "shuffle must be True or False, got 'no'"),
    ],
)
def test_wrong_values_name_the_parameter(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(MultilayerError) as caught:
        setup_from_json({"parameters": parameters})
    assert message in str(caught.value)
    assert caught.value.parameter == next(iter(parameters))  # type: ignore[attr-defined]


@pytest.mark.parametrize("given", [{"date": {}}, {"data": []}, {"data": {"row": 3}}, {"parameters": [1]}])
def test_wrong_objects_are_errors(given: dict[str, Any]) -> None:
    with pytest.raises(MultilayerError):
        setup_from_json(given)


def test_layers_and_activations_stay_together() -> None:
    setup = Setup().with_parameters({"activation": ["relu", "tanh"]})
    more = setup.with_parameters({"hidden_layer_sizes": [2, 3, 4]})
    assert more.parameters["activation"] == ("relu", "tanh", "tanh")
    assert more.with_parameters({"hidden_layer_sizes": [2]}).parameters["activation"] == ("relu",)
    none = more.with_parameters({"hidden_layer_sizes": []})
    assert none.parameters["activation"] == ()
    assert none.with_parameters({"hidden_layer_sizes": [2]}).parameters["activation"] == ("tanh",)


def test_another_solver_drops_a_schedule_that_it_lacks() -> None:
    setup = Setup().with_parameters({"solver": "sgd", "learning_rate": "invscaling"})
    assert setup.with_parameters({"solver": "adam"}).parameters["learning_rate"] == "constant"


values = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 200), st.floats(allow_nan=True), st.text(max_size=5),
    st.lists(st.integers(-1, 9), max_size=4), st.sampled_from(["all", "relu", "sgd", "lbfgs", "cosine", "he"]),
)  # fmt: skip


@given(st.dictionaries(st.sampled_from(sorted(DEFAULTS)), values, max_size=4))
def test_any_message_gives_an_estimator_or_an_error(parameters: dict[str, Any]) -> None:
    try:
        setup = setup_from_json({"parameters": parameters})
        estimator = estimator_for(setup.parameters, DATA)
    except MultilayerError:
        return
    assert isinstance(estimator, MLPClassifier)
    assert estimator.n_iter_no_change is None


def test_parameters_without_effect_are_omitted() -> None:
    lbfgs = initial_parameters(Setup().with_parameters({"solver": "lbfgs"}).parameters, DATA)
    assert lbfgs.keys().isdisjoint(DESCENT_ONLY)
    adam = initial_parameters(DEFAULTS, DATA)
    assert "momentum" not in adam
    assert set(choices(DEFAULTS, DATA)["without_effect"]) == {"momentum"}


def test_amounts_are_standardized() -> None:
    estimator = estimator_for(DEFAULTS, shape_data("waves", rows=50))
    assert isinstance(estimator, MLPRegressor)
    assert estimator.standardize_targets


def test_every_number_has_a_range_and_a_default() -> None:
    numbers = {name for name, value in DEFAULTS.items() if isinstance(value, int | float) and value is not True}
    assert numbers == RANGES.keys()
