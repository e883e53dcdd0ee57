"""Sessions of the real workbench: they train, are cancelled and freed, and no request ends them."""

from __future__ import annotations

import gc
import random
import time
import weakref

import pytest

from multilayer.playground import Workbench
from multilayer.playground.handlers import HANDLERS

from .bench import running, wait_for

MOST_UPDATES = 100  # of a request that trains
VALUES = [
    *(
        None,
        True,
        False,
        0,
        1,
        -1,
        2**63,
        1e308,
        -1e-300,
        0.5,
        "",
        "a",
        "\ud800",
        "x" * 1000,
        [],
        [1],
        [[1]],
        ["a"],
        {},
    ),
    *({}, {"a": 1}, {"kind": "columns", "x": "x", "y": "y"}, {"kind": "pca"}, "moons", "luck", "missing-mean", 10**9),
    *([3, 3], [0], [10**9], {"alpha": -1}, {"alpha": 0.1}, {"hidden_layer_sizes": [10**8]}, {"activation": ["tanh"]}),
    *({"solver": "lbfgs"}, {"batch_size": 10**9}, {"learning_rate_init": 1e10}, {"random_state": -5}),
    *({"name": "circles"}, {"name": "table"}, {"name": "moons", "rows": 10**12}, {"name": "moons", "rows": 20}),
]
LONG = ("seeds", "run_step")  # they train for seconds


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with running(tmp_path_factory.mktemp("page"), Workbench) as found:
        yield found


def test_a_page_trains_and_sees_frames(server):
    with server.page() as page:
        page.ask("open")
        page.ask("play", updates_per_second=None)
        frame = page.ask("frame", have={})
        seen = [frame["update"]]
        for _ in range(3):
            have = {"scene": frame["scene"], "run": frame["run"], "view": frame["view"], "epochs": frame["epoch"]}
            frame = page.ask("frame", have=have)
            seen.append(frame["update"])
        assert seen == sorted(set(seen))
        assert page.ask("pause")["update"] >= seen[-1]


def test_a_paused_page_waits_for_a_frame_until_something_changes(server):
    with server.page() as page:
        page.ask("open")
        frame = page.ask("frame", have={})
        have = {"scene": frame["scene"], "run": frame["run"], "view": frame["view"], "epochs": frame["epoch"]}
        number = page.send("frame", have=have)
        with pytest.raises(TimeoutError):
            page.receive(0.5)
        update = page.ask("step", updates=3)["update"]
        answer = page.receive()
        assert (answer["id"], answer["update"]) == (number, update)


@pytest.mark.parametrize(
    ("name", "fields"), [("seeds", {"n": 20, "epochs": 100_000}), ("go_to", {"update": 10**7}), ("frame", {"have": {}})]
)
def test_a_closed_page_ends_its_session_while_it_works(server, name, fields):
    with server.page() as page:
        page.ask("open")
        assert "error" not in page.ask("change", parameters={"max_iter": 10**6})
        page.ask("play" if name == "frame" else "pause")
        page.send(name, **fields)
        time.sleep(0.5)
    wait_for(lambda: server.sessions.n_alive == 0, 10)


def test_a_closed_session_is_freed(tmp_path):
    made = []

    def make():
        found = Workbench()
        made.append(weakref.ref(found))
        return found

    with running(tmp_path, make) as server:
        for name in ("play", "prove_weight", "nonsense"):  # one of them an error
            with server.page() as page:
                page.ask("open")
                page.ask(name)
                page.ask("frame", have={})
        wait_for(lambda: server.sessions.n_alive == 0, 10)
        gc.collect()
        assert [reference() for reference in made] == [None] * 3


@pytest.mark.parametrize("seed", range(3))
def test_no_request_ends_the_session(server, capfd, seed):
    draw = random.Random(seed)
    names = sorted(set(HANDLERS) - set(LONG))
    with server.page() as page:
        for _ in range(60):
            name = draw.choice(names)
            fields = {field: draw.choice(VALUES) for field in HANDLERS[name].fields if draw.random() < 0.7}
            if name in ("step", "go_to"):
                fields = {field: MOST_UPDATES if _is_large(value) else value for field, value in fields.items()}
            payload = draw.choice([b"", b"a,b\n1,2\n" * 20, bytes(100)]) if HANDLERS[name].has_bytes else None
            answer = page.ask(name, payload, **fields)
            message = (answer.get("error") or {}).get("message", "")
            assert "unexpected" not in message, (name, fields, message)
            assert "error" not in page.ask("frame", have={}), (name, fields)
    assert capfd.readouterr().err == ""


def _is_large(value):
    return isinstance(value, int | float) and value > MOST_UPDATES
