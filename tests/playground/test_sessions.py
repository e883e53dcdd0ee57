"""Whole sessions of any requests: Python, links and rewinding reproduce them to the last bit."""

from __future__ import annotations

import contextlib
import io
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, note, settings
from hypothesis import strategies as st

from multilayer.exceptions import MultilayerError
from multilayer.playground.data.open_table import OpenTable, opened_table
from multilayer.playground.workbench import Workbench

CSV = "age,town,income,bought\n" + "\n".join(
    f"{20 + i % 50},{['Ulm', 'Bonn', ''][i % 3]},{'' if i % 11 == 0 else 1000 + 37 * i},{['no', 'yes'][i % 50 > 24]}"
    for i in range(60)
)
Request = dict[str, Any]


def request(name_: str, /, **fields: Any) -> Request:
    return {"do": name_, **fields}


def changes() -> st.SearchStrategy[dict[str, Any]]:
    values: dict[str, st.SearchStrategy[Any]] = {
        "alpha": st.sampled_from([0.0, 0.1]),
        "l1_alpha": st.sampled_from([0.0, 0.01]),
        "weight_decay": st.sampled_from([0.0, 0.05]),
        "dropout": st.sampled_from([0.0, 0.2]),
        "learning_rate_init": st.sampled_from([0.001, 0.02]),
        "learning_rate": st.sampled_from(["constant", "cosine", "one_cycle", "cosine_cycles", "plateau"]),
        "batch_size": st.sampled_from([8, 20, "all"]),
        "shuffle": st.booleans(),
        "momentum": st.sampled_from([0.0, 0.9]),
        "solver": st.sampled_from(["adam", "sgd", "lbfgs"]),
        "activation": st.sampled_from(["relu", "tanh", ["sigmoid", "relu"]]),
        "max_iter": st.sampled_from([4, 12, 200]),
    }
    restarting = {"hidden_layer_sizes": st.sampled_from([[], [3, 2]]), "random_state": st.integers(0, 2)}
    usual = st.sampled_from(sorted(values)).flatmap(lambda name: values[name].map(lambda value: {name: value}))
    rare = st.sampled_from(sorted(restarting)).flatmap(lambda name: restarting[name].map(lambda value: {name: value}))
    both = st.tuples(usual, usual).map(lambda pair: {**pair[0], **pair[1]})
    return st.one_of(usual, usual, usual, both, rare)


updates = st.integers(0, 40)
REQUESTS = st.one_of(
    st.integers(1, 25).map(lambda n: request("step", updates=n)),
    st.integers(1, 6).map(lambda n: request("step", epochs=n)),
    updates.map(lambda n: request("go_to", update=n)),
    changes().map(lambda given: request("change", parameters=given)),
    changes().map(lambda given: request("change", parameters=given)),
    st.tuples(updates, changes()).map(lambda both: request("branch", update=both[0], parameters=both[1])),
    st.sampled_from(
        [
            request("reset", seed="same"),
            request("reset", seed="new"),
            request("change_data", data={"name": "waves"}),
            request("change_data", data={"name": "blobs", "validation_fraction": 0.0}),
            request("change_data", data={"name": "table"}),
            request("set_bug", name="missing-mean"),
            request("set_bug", name="unshuffled-batches"),
            request("set_bug", name=None),
        ]
    ),
    st.sampled_from([request("trace"), request("prove_weight", layer=1, row=0, column=0), request("check_bug")]),
    st.sampled_from([request("play"), request("pause"), request("forget_ghosts"), request("diagnose")]),
)


TABLE = lru_cache(opened_table(io.BytesIO(CSV.encode()), "shop.csv", "bought").data)


def opened() -> Workbench:
    bench = Workbench(OpenTable("shop.csv", TABLE))
    bench.handle(request("change_data", data={"name": "moons", "rows": 50}))
    return bench


def held(bench: Workbench, requests: list[Request]) -> None:
    """Hold a session; requests that are errors must leave it as it was."""
    for each in requests:
        before = state_of(bench)
        try:
            bench.handle(each)
        except MultilayerError as error:
            note(f"{each}: {error}")
            if each["do"] not in ("change", "branch"):  # they may have finished an epoch
                assert_equal(state_of(bench), before)
        bench.work(0.002)
        bench.frame({})


def state_of(bench: Workbench) -> tuple[Any, ...]:
    run = bench._desk.run
    return run.setup, run.update, run.epoch, list(run.fit.state.history.costs), run.parameters.copy()


def assert_equal(found: tuple[Any, ...], expected: tuple[Any, ...]) -> None:
    assert found[:-1] == expected[:-1]
    np.testing.assert_array_equal(found[-1], expected[-1])


def curve_of(code: str, folder: Path) -> list[float]:
    names: dict[str, Any] = {}
    with contextlib.chdir(folder), contextlib.redirect_stdout(io.StringIO()):
        exec(compile(code, "program", "exec"), names)
    curve: list[float] = names["model"].loss_curve_
    return curve


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("tables")
    (place / "shop.csv").write_text(CSV, encoding="utf-8")
    return place


CHANGES_AT_ONE_PLACE = [
    request("step", epochs=3),
    request("change", parameters={"solver": "sgd"}),
    request("change", parameters={"solver": "adam"}),
    request("change", parameters={"alpha": 0.1}),
    request("step", epochs=2),
]
SCHEDULE_LEFT = [
    request("change", parameters={"learning_rate": "cosine", "dropout": 0.2}),
    request("step", epochs=3),
    request("change", parameters={"learning_rate": "constant"}),
    request("step", epochs=3),
]
PROOF_BEFORE_CHANGE = [
    request("step", epochs=3),
    request("trace"),
    request("change", parameters={"batch_size": 8}),
    request("step", epochs=2),
]
LBFGS_CHANGED = [
    request("change", parameters={"solver": "lbfgs"}),
    request("step", epochs=5),
    request("change", parameters={"alpha": 0.1}),
    request("go_to", update=3),
    request("step", updates=2),
    request("change", parameters={"alpha": 0.2}),
    request("step", updates=2),
    request("go_to", update=5),
    request("change", parameters={"solver": "adam"}),
    request("step", updates=7),
]
CHANGE_BEFORE_ANOTHER = [
    request("step", epochs=6),
    request("change", parameters={"alpha": 0.1}),
    request("step", epochs=2),
    request("go_to", update=11),
    request("change", parameters={"l1_alpha": 0.01}),
    request("step", epochs=2),
]
SORTED_ROWS = [request("set_bug", name="unshuffled-batches"), request("step", epochs=2)]


@given(st.lists(REQUESTS, min_size=3, max_size=9))
@example(CHANGES_AT_ONE_PLACE)
@example(SCHEDULE_LEFT)
@example(PROOF_BEFORE_CHANGE)
@example(LBFGS_CHANGED)
@example(CHANGE_BEFORE_ANOTHER)
@example(SORTED_ROWS)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_python_links_and_rewinding_reproduce_a_session(folder: Path, requests: list[Request]) -> None:
    bench = opened()
    held(bench, requests)
    run, end = bench._desk.run, state_of(bench)
    if run.reason == "diverged":  # its parameters are between two updates
        return

    bench.handle(request("go_to", update=0))
    bench.handle(request("go_to", update=end[1]))
    assert_equal(state_of(bench), end)

    other = opened()
    other.handle(request("open", link=bench.handle(request("link")).fields["link"]))
    assert_equal(state_of(other), end)
    bench.handle(request("step", updates=3))
    other.handle(request("step", updates=3))
    if run.last_update == run.update:  # no later change was left
        assert_equal(state_of(other), state_of(bench))

    bench.handle(request("go_to", update=end[1]))
    curve = [cost / run.cost_divisor for cost in end[3]]
    if curve:
        found = bench.handle(request("seeds", n=2, epochs=end[2])).fields
        assert found["costs"][0] == [curve[epoch - 1] for epoch in found["at"]]
    if bench._desk.bug is None and curve:
        code = bench.handle(request("python")).fields["code"]
        note(code)
        assert curve_of(code, folder) == curve
