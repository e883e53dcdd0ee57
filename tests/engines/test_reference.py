"""The reference engine keeps the contract; engines are got by name."""

from __future__ import annotations

import numpy as np
import pytest

from multilayer.engines import Engine, get_engine, new_state
from multilayer.exceptions import ParameterError
from multilayer.network import n_parameters

from .contract import RULES, SMALL, EngineContract


class TestReferenceEngine(EngineContract):
    @pytest.fixture
    def engine(self) -> Engine:
        return get_engine("reference")


def test_an_engine_is_got_by_name() -> None:
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
def test_an_unknown_engine_is_named_with_its_near_miss(name: object, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        get_engine(name)  # type: ignore[arg-type]


def test_a_new_state_takes_the_parameters_over_and_has_empty_slots() -> None:
    parameters = np.ones(n_parameters(SMALL), dtype=np.float32)
    for rule in RULES:
        state = new_state(SMALL, rule, parameters)
        assert state.parameters is parameters
        assert state.slots.shape == (rule.n_slots, len(parameters))
        assert state.slots.dtype == np.float32
        assert not state.slots.any()
        assert state.t == 0
