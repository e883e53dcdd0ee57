"""The reference engine fulfils the contract, and engines are selected by name."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from multilayer.engines import Engine, get_engine, new_state
from multilayer.equations import Adam
from multilayer.exceptions import ParameterError
from multilayer.network import Network, n_parameters

from .contract import RULES, SMALL, EngineContract, draw, shuffled


class TestReferenceEngine(EngineContract):
    is_slow = True

    @pytest.fixture
    def engine(self) -> Engine:
        return get_engine("reference")

    def test_custom_activations_and_costs_equal_those_of_the_equations(self, engine: Engine) -> None:
        problem = draw(CUSTOM, 11, lam=0.1, weighted=True)
        self.assert_cost_and_gradient(engine, problem)
        self.assert_descends(engine, problem, Adam(), shuffled(11, 4, epochs=3))


class Sine:
    def g(self, z: Any) -> Any:
        return np.sin(z)

    def g_prime(self, z: Any) -> Any:
        return np.cos(z)


class Quartic:
    def value(self, Z: Any, Y: Any) -> Any:
        return ((Z - Y) ** 4).sum(axis=1)

    def delta(self, Z: Any, Y: Any) -> Any:
        return 4 * (Z - Y) ** 3


CUSTOM = Network((3, 4, 5, 2), (Sine(), "tanh"), "identity", Quartic())


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (
            CUSTOM,
            r"engine='cpu' cannot run the activation <.*Sine.*>, whose g and g' are Python functions\. Use engine=",
        ),
        (Network((3, 2), (), "identity", Quartic()), r"engine='cpu' cannot run the cost <.*Quartic.*'auto' or 'ref"),
    ],
)
def test_custom_functions_run_on_the_reference_engine_and_raise_errors_on_the_cpu_engine(
    network: Network, message: str
) -> None:
    assert get_engine("auto", network).name == get_engine("reference", network).name == "reference"
    with pytest.raises(ParameterError, match=message):
        get_engine("cpu", network)


def test_a_network_of_built_in_functions_does_not_change_the_engine() -> None:
    assert get_engine("auto", SMALL).name == get_engine().name
    assert get_engine("cpu", SMALL).name == "cpu"


def test_an_engine_is_selected_by_name() -> None:
    assert get_engine("reference").name == "reference"
    assert get_engine().name == get_engine("auto").name


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("refrence", r"unknown engine 'refrence'\. Did you mean 'reference'\? Known: 'auto'.*'reference'"),
        ("gpu9", r"unknown engine 'gpu9'\. Known: "),
        (None, r"unknown engine None\. "),
        (1, r"unknown engine 1\. "),
    ],
)
def test_an_unknown_engine_raises_an_error_with_a_suggestion(name: object, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        get_engine(name)  # type: ignore[arg-type]


def test_a_new_state_holds_the_given_parameters_and_empty_slots() -> None:
    parameters = np.ones(n_parameters(SMALL), dtype=np.float32)
    for rule in RULES:
        state = new_state(SMALL, rule, parameters)
        assert state.parameters is parameters
        assert state.slots.shape == (rule.n_slots, len(parameters))
        assert state.slots.dtype == np.float32
        assert not state.slots.any()
        assert state.t == 0
