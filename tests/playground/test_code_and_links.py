"""A run as Python and as a link: both reproduce it to the last digit."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from multilayer.exceptions import InputError
from multilayer.playground.data.play_data import shape_data
from multilayer.playground.data.shapes import SHAPES
from multilayer.playground.runs.code import python_code
from multilayer.playground.runs.links import content_of, link_of
from multilayer.playground.runs.run import Run
from multilayer.playground.runs.setup import Setup

RUNS: dict[str, tuple[str, dict[str, Any]]] = {
    "adam": ("moons", {}),
    "sgd": ("circles", {"solver": "sgd", "batch_size": "all", "momentum": 0.5, "activation": "sigmoid"}),
    "lbfgs": ("moons", {"solver": "lbfgs", "max_iter": 20}),
    "cosine": ("blobs", {"learning_rate": "cosine", "max_iter": 50, "dropout": 0.1, "output": "softmax"}),
    "amounts": ("waves", {"loss": "huber", "alpha": 0.01}),
    "no layer": ("xor", {"hidden_layer_sizes": [], "dropout": 0.3}),
    "spirals": ("spirals", {"hidden_layer_sizes": [12, 12, 6], "initialization": "he", "activation": "relu"}),
}


def trained(name: str) -> Run:
    shape, parameters = RUNS[name]
    run = Run(shape_data(shape, rows=120, noise=SHAPES[shape].noise), Setup().with_parameters(parameters))
    run.advance(n_epochs=12)
    return run


def executed(code: str) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(compile(code, "program", "exec"), names)
    return names


@pytest.mark.parametrize("name", RUNS)
@pytest.mark.filterwarnings("ignore:L-BFGS ended:UserWarning")
def test_the_program_reproduces_the_curve_to_the_last_digit(name: str) -> None:
    run = trained(name)
    code, cost = python_code(run)
    model = executed(code)["model"]
    assert model.loss_curve_ == [cost / run.cost_divisor for cost in run.fit.state.history.costs]
    assert model.loss_curve_[-1] == cost
    assert max(map(len, code.splitlines())) <= 140


@pytest.mark.parametrize("name", ["adam", "cosine", "amounts"])
def test_the_program_reproduces_changes_on_the_way(name: str) -> None:
    run = trained(name)
    run.change({"learning_rate_init": 0.05, "solver": "sgd"})
    run.advance(n_epochs=5)
    run.change({"learning_rate_init": 0.01, "solver": "adam", "l1_alpha": 0.001})
    run.advance(n_epochs=4)
    model = executed(python_code(run)[0])["model"]
    assert model.loss_curve_ == [cost / run.cost_divisor for cost in run.fit.state.history.costs]


def test_the_program_ends_at_the_present_epoch_of_a_run_that_was_rewound() -> None:
    run = trained("adam")
    curve = [cost / run.cost_divisor for cost in run.fit.state.history.costs]
    run.go_to(run.updates_of_epoch(7) + 1)
    assert executed(python_code(run)[0])["model"].loss_curve_ == curve[:7]


def test_the_program_prints_its_last_cost() -> None:
    code, cost = python_code(trained("adam"))
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == repr(cost)


def test_a_link_holds_the_whole_state() -> None:
    run = trained("cosine")
    run.change({"alpha": 0.1})
    run.advance(n_updates=3)
    plane = {"kind": "columns", "x": "x", "y": "y"}
    content = content_of(link_of(run, None, plane))
    assert content["data"] == run.data.fingerprint
    other = Run(run.data, content["setup"])
    for epoch, changes in content["segments"]:
        other.advance(n_epochs=epoch - other.epoch)
        other.change(changes)
    other.go_to(content["update"])
    assert content["plane"] == plane
    np.testing.assert_array_equal(other.parameters, run.parameters)
    assert other.setup == run.setup


@given(st.text(max_size=200))
def test_any_text_is_a_link_or_an_error(text: str) -> None:
    with pytest.raises(InputError, match="link"):
        content_of(text)


def test_a_link_that_is_cut_or_changed_is_an_error() -> None:
    link = link_of(trained("adam"), None, None)
    for n in itertools.chain(range(0, len(link), 37), [len(link) - 1]):
        with pytest.raises(InputError, match="link"):
            content_of(link[:n])


def test_a_link_of_another_version_is_an_error() -> None:
    import base64
    import zlib

    text = json.dumps({"version": 2}).encode()
    with pytest.raises(InputError, match="version 2, but this playground reads 1"):
        content_of(base64.urlsafe_b64encode(zlib.compress(text)).decode())
