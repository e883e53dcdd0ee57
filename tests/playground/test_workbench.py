"""The workbench answers every request of the protocol, or says what is wrong and stays as it was."""

from __future__ import annotations

import base64
import io
import json
import re
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import multilayer.playground
from multilayer import MLPClassifier, load_model
from multilayer.exceptions import InputError, MultilayerError
from multilayer.learn.bugs import BUGS
from multilayer.network import thetas
from multilayer.playground.handlers import HANDLERS
from multilayer.playground.handlers.seeing import _most_resolution
from multilayer.playground.messages import Reply, decode, encode
from multilayer.playground.runs.settings import SettingError
from multilayer.playground.workbench import Workbench

CSV = "age,town,income,bought\n" + "\n".join(
    f"{20 + i % 50},{['Ulm', 'Bonn', ''][i % 3]},{'' if i % 11 == 0 else 1000 + 37 * i},{['no', 'yes'][i % 50 > 24]}"
    for i in range(120)
)


class Page:
    """A page that sends requests through the bytes of messages, as a browser does."""

    def __init__(self, **start: Any) -> None:
        self.bench = Workbench(**start)
        self.arrays: dict[str, Any] = {}

    def do(self, name_: str, /, *, bytes_: bytes | None = None, **fields: Any) -> dict[str, Any]:
        reply = self.bench.handle({"id": 1, "do": name_, **fields}, bytes_)
        answer, self.arrays, self.payload = decode(encode(reply))
        return dict(answer)

    def frame(self, **have: Any) -> dict[str, Any]:
        reply = self.bench.frame(have)
        assert reply is not None
        answer, self.arrays, _ = decode(encode(reply))
        return dict(answer)


@pytest.fixture
def page() -> Page:
    return Page()


def test_every_request_of_the_protocol_has_a_handler_and_the_reverse() -> None:
    text = Path(str(multilayer.playground.__file__)).with_name("PROTOCOL.md").read_text(encoding="utf-8")
    requests = text[text.index("## Requests") :]
    described = set(re.findall(r"(?:^|\. |\| )`([a-z_]+)`(?= `\{|:| \|)", requests, re.MULTILINE))
    assert HANDLERS.keys() == described


def test_a_scene_describes_data_network_and_choices(page: Page) -> None:
    scene = page.do("scene")
    assert scene["network"]["layer_sizes"] == [2, 5, 5, 1]
    assert scene["data"]["n_rows"] + scene["data"]["n_validation"] == 500
    assert page.arrays["points"].shape == (scene["data"]["n_rows"], 2)
    assert {each["name"] for each in scene["baselines"]} == {"linear", "majority"}
    assert scene["setup"]["parameters"].keys() <= scene["choices"].keys() | {"shuffle"}


def test_a_frame_shows_the_run_of_the_moment(page: Page) -> None:
    page.do("step", epochs=3)
    frame = page.frame()
    run = page.bench._desk.run
    flat = np.concatenate([each.ravel() for each in thetas(run.network, run.parameters)])
    np.testing.assert_array_equal(page.arrays["thetas"], flat.astype(np.float32))
    assert page.arrays["outputs"].shape == (1, 80, 80)
    assert page.arrays["units"].shape == (10, 24, 24)
    assert len(frame["curves"]["costs"]) == len(frame["curves"]["validation_scores"]) == 3
    model = run.snapshot()
    assert frame["scores"]["train"] == pytest.approx(model.score(run.data.X, run.data.y))
    assert frame["scores"]["validation"] == pytest.approx(model.score(run.data.X_val, run.data.y_val))
    assert np.sum(frame["confusion"]) == len(run.data.y_val)
    top_left = model.predict_proba(_corner(page))[0, 1]
    assert page.arrays["outputs"][0, 0, 0] == pytest.approx(top_left, rel=1e-5)


def _corner(page: Page) -> Any:
    plane = page.bench._desk.view.plane
    assert plane is not None
    half_x, half_y = (plane.x.high - plane.x.low) / 160, (plane.y.high - plane.y.low) / 160
    return np.array([[plane.x.low + half_x, plane.y.high - half_y]])


def test_a_frame_is_sent_once_and_curves_from_where_the_page_is(page: Page) -> None:
    page.do("step", epochs=4)
    first = page.frame()
    have = {name: first[name] for name in ("scene", "run", "view")} | {"epochs": 4}
    assert page.bench.frame(have) is None
    page.do("step", epochs=2)
    assert page.frame(**have)["curves"]["from"] == 4
    assert len(page.frame(**have | {"run": -1})["curves"]["costs"]) == 6


def test_rewind_and_branch_give_the_very_same_numbers(page: Page) -> None:
    page.do("step", epochs=20)
    first = page.frame()
    parameters = page.arrays["thetas"]
    page.do("go_to", update=30)
    page.do("go_to", update=first["update"])
    assert page.frame()["curves"] == first["curves"]
    np.testing.assert_array_equal(page.arrays["thetas"], parameters)

    scene = page.do("branch", update=70, parameters={"learning_rate_init": 0.1})
    (ghost,) = scene["ghosts"]
    assert ghost["label"] == "learning_rate_init = 0.01"
    assert ghost["costs"] == first["curves"]["costs"][ghost["from"] :]
    assert scene["segments"][-1] == {"epoch": 10, "update": 70, "changes": {"learning_rate_init": 0.1}}
    page.do("step", epochs=10)
    other = page.frame()["curves"]["costs"]
    assert other[:10] == first["curves"]["costs"][:10]
    assert other[10:] != first["curves"]["costs"][10:]
    # The same change again, back to the old value, gives the old future.
    page.do("branch", update=70, parameters={"learning_rate_init": 0.01})
    page.do("step", epochs=10)
    assert page.frame()["curves"]["costs"] == first["curves"]["costs"]


def test_a_change_after_a_rewind_keeps_the_future_as_a_ghost(page: Page) -> None:
    page.do("step", epochs=9)
    page.do("go_to", update=14)
    scene = page.do("change", parameters={"alpha": 0.1})
    assert [ghost["label"] for ghost in scene["ghosts"]] == ["alpha = 0"]
    assert page.do("forget_ghosts")["ghosts"] == []


def test_a_change_of_layers_starts_again(page: Page) -> None:
    page.do("step", epochs=2)
    scene = page.do("change", parameters={"hidden_layer_sizes": [4]})
    assert scene["network"]["layer_sizes"] == [2, 4, 1]
    assert page.frame()["update"] == 0


@pytest.mark.parametrize("seed", ["same", "new", 7])
def test_a_reset_starts_again_with_a_seed(page: Page, seed: Any) -> None:
    page.frame()
    before = page.arrays["thetas"]
    page.do("step", epochs=2)
    scene = page.do("reset", seed=seed)
    assert scene["setup"]["parameters"]["random_state"] == {"same": 0, "new": 1, 7: 7}[seed]
    page.frame()
    assert np.array_equal(page.arrays["thetas"], before) == (seed == "same")


@pytest.mark.parametrize("shape", ["circles", "spirals", "xor", "blobs", "waves"])
def test_all_shapes_train(page: Page, shape: str) -> None:
    scene = page.do("change_data", data={"name": shape, "rows": 150})
    page.do("step", epochs=2)
    frame = page.frame()
    n_classes = len(scene["data"]["classes"])
    assert page.arrays["outputs"].shape[0] == (n_classes if n_classes > 2 else 1)
    assert (frame["confusion"] is None) == (n_classes == 0) == (frame["worst"] is not None)


def test_playing_follows_the_pace_and_stops_at_the_end(page: Page) -> None:
    page.do("play", updates_per_second=1)
    page.bench.work(0.01)
    assert page.frame()["update"] == 0
    page.do("change", parameters={"max_iter": 5})
    page.do("play", updates_per_second=None)
    for _ in range(200):
        page.bench.work(0.05)
    frame = page.frame()
    assert (frame["is_playing"], frame["reason"], frame["epoch"]) == (False, "max_epochs", 5)


@pytest.mark.parametrize("shape", ["waves", "moons"])
@pytest.mark.parametrize("activation", ["relu", "identity"])
def test_a_divergence_is_shown_and_can_be_rewound(page: Page, shape: str, activation: str) -> None:
    page.do("change_data", data={"name": shape, "rows": 100})
    diverging = {"solver": "sgd", "learning_rate_init": 1e8, "momentum": 0.0, "activation": activation}
    page.do("change", parameters=diverging)
    page.do("play", updates_per_second=None)
    for _ in range(100):
        page.bench.work(0.02)
    frame = page.frame()
    assert not frame["is_playing"] or shape == "moons"
    for name in ("diagnose", "scene", "python", "link", "save", "trace"):
        with suppress(MultilayerError):
            page.do(name)
    page.do("go_to", update=1)
    assert page.frame()["reason"] == ""


def test_ten_seeds_contain_this_run(page: Page) -> None:
    page.do("step", epochs=15)
    curve = page.frame()["curves"]["costs"]
    seeds = page.do("seeds", n=10)
    assert seeds["seeds"] == list(range(10))
    assert seeds["costs"][0] == [curve[epoch - 1] for epoch in seeds["at"]]
    assert seeds["final"]["lowest"] <= seeds["final"]["median"] <= seeds["final"]["highest"]


def test_seeds_repeat_the_changes_of_the_run(page: Page) -> None:
    page.do("step", epochs=5)
    page.do("change", parameters={"learning_rate_init": 0.2})
    page.do("step", epochs=5)
    curve = page.frame()["curves"]["costs"]
    assert page.do("seeds", n=2)["costs"][0] == curve


def test_a_table_with_text_and_gaps_becomes_the_data(page: Page, tmp_path: Path) -> None:
    described = page.do("upload", bytes_=CSV.encode(), name="shop.csv")
    assert described["n_rows"] == 120
    assert {each["name"] for each in described["columns"]} == {"age", "town", "income", "bought"}
    scene = page.do("upload", bytes_=CSV.encode(), name="shop.csv", target="bought")
    assert scene["data"]["is_table"]
    assert scene["data"]["classes"] == ["no", "yes"]
    page.do("step", epochs=5)
    page.frame()
    assert page.arrays["outputs"].shape == (1, 80, 80)
    view = page.do("view", plane={"kind": "columns", "x": "age", "y": "town"})["view"]
    assert view["y"]["categories"]
    assert "income" in view["note"]
    page.do("view", plane={"kind": "pca"}, resolution=40)
    page.frame()
    assert page.arrays["outputs"].shape == (1, 40, 40)
    columns = page.do("importance")["columns"]
    assert columns[0]["name"] == "age"

    page.do("save")
    assert page.payload is not None
    path = tmp_path / "model.safetensors"
    path.write_bytes(page.payload)
    rows = {"age": [30.0, 69.0], "town": ["Ulm", None], "income": [2000.0, None]}
    import pandas as pd

    assert len(load_model(path).predict(pd.DataFrame(rows))) == 2


def test_a_table_with_decimal_commas_in_another_encoding(page: Page, tmp_path: Path, monkeypatch: Any) -> None:
    rows = [f"{i % 7},5;{i},25;{'Köln' if i % 2 else 'Ulm'}" for i in range(60)]
    content = "\n".join(["größe;preis;stadt", *rows]).encode("cp1252")
    with pytest.raises(MultilayerError, match=r"houses.csv: is not UTF-8"):
        page.do("upload", bytes_=content, name="houses.csv")
    reading = {"decimal": ",", "encoding": "cp1252"}
    described = page.do("upload", bytes_=content, name="houses.csv", **reading)
    assert [each["kind"] for each in described["columns"]] == ["number", "number", "text"]
    scene = page.do("upload", bytes_=content, name="houses.csv", target="preis", **reading)
    assert scene["data"]["task"] == "regression"
    page.do("step", epochs=2)
    (tmp_path / "houses.csv").write_bytes(content)
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    exec(page.do("python")["code"], names)
    assert names["model"].loss_curve_ == page.frame()["curves"]["costs"]


def test_amounts_that_are_too_large_are_refused(page: Page) -> None:
    rows = "\n".join(f"{i},{i}e200" for i in range(50))
    with pytest.raises(MultilayerError, match="squares are too large"):
        page.do("upload", bytes_=f"x,y\n{rows}".encode(), name="a.csv", target="y")


def test_notes_say_which_rows_are_not_used(page: Page) -> None:
    rows = "\n".join(f"{i},{i % 2 if i % 10 else ''}" for i in range(60))
    scene = page.do("upload", bytes_=f"x,y\n{rows}".encode(), name="a.csv", target="y")
    assert any("6 rows without a target are not used" in note for note in scene["data"]["notes"])


def test_the_program_of_a_table_reproduces_its_curve(page: Page, tmp_path: Path, monkeypatch: Any) -> None:
    page.do("upload", bytes_=CSV.encode(), name="shop.csv", target="bought")
    page.do("step", epochs=6)
    (tmp_path / "shop.csv").write_text(CSV, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    exec(page.do("python")["code"], names)
    assert names["model"].loss_curve_ == page.frame()["curves"]["costs"]


def test_a_saved_model_predicts_as_the_page_shows(page: Page, tmp_path: Path) -> None:
    page.do("step", epochs=4)
    page.do("save")
    assert page.payload is not None
    (tmp_path / "m.safetensors").write_bytes(page.payload)
    model = load_model(tmp_path / "m.safetensors")
    assert isinstance(model, MLPClassifier)
    data = page.bench._desk.data
    assert model.score(data.X_val, data.y_val) == page.frame()["scores"]["validation"]


def test_a_link_restores_the_state(page: Page) -> None:
    page.do("change_data", data={"name": "circles", "noise": 0.05})
    page.do("step", epochs=3)
    page.do("change", parameters={"learning_rate_init": 0.05})
    page.do("step", updates=9)
    frame, parameters = page.frame(), page.arrays["thetas"]
    other = Page()
    scene = other.do("open", link=page.do("link")["link"])
    assert scene["setup"] == page.do("scene")["setup"]
    shown = other.frame()
    assert shown["update"] == frame["update"]
    assert shown["curves"] == frame["curves"]
    np.testing.assert_array_equal(other.arrays["thetas"], parameters)


def test_a_link_of_a_table_needs_the_table(page: Page) -> None:
    page.do("upload", bytes_=CSV.encode(), name="shop.csv", target="bought")
    link = page.do("link")["link"]
    with pytest.raises(InputError, match="belongs to a table"):
        Page().do("open", link=link)
    other = Page()
    other.do("upload", bytes_=CSV.replace("Ulm", "Rom").encode(), name="shop.csv", target="bought")
    with pytest.raises(InputError, match="belongs to other data"):
        other.do("open", link=link)


def test_three_values_of_random_weights_agree(page: Page) -> None:
    page.do("step", epochs=10)
    rng = np.random.default_rng(0)
    sizes = page.do("scene")["network"]["layer_sizes"]
    for _ in range(20):
        layer = int(rng.integers(1, len(sizes)))
        row, column = int(rng.integers(sizes[layer])), int(rng.integers(sizes[layer - 1] + 1))
        proof = page.do("prove_weight", layer=layer, row=row, column=column)
        assert len(proof["values"]) == 3
        assert proof["error"] < 1e-7
        assert proof["missing"] is None


def test_a_unit_and_an_update_are_written_out(page: Page) -> None:
    page.do("step", epochs=1)
    unit = page.do("prove_unit", layer=3, unit=2)
    assert sum(term["product"] for term in unit["terms"]) == pytest.approx(unit["z"])
    trace = page.do("trace")
    assert [len(A) for A in trace["A"]] == [2, 5, 5, 1]
    before = np.concatenate([np.ravel(each) for each in thetas(*_network(page))])
    step = np.concatenate([np.ravel(each) for each in trace["step"]])
    page.do("step", updates=1)
    after = np.concatenate([np.ravel(each) for each in thetas(*_network(page))])
    np.testing.assert_allclose(before + step, after, rtol=1e-12)


def _network(page: Page) -> tuple[Any, Any]:
    run = page.bench._desk.run
    return run.network, run.parameters


@pytest.mark.parametrize("name", [each["name"] for each in Page().do("bugs")["bugs"]])
def test_every_mistake_can_be_switched_on_checked_and_left(page: Page, name: str) -> None:
    before = page.do("scene")["setup"]
    scene = page.do("set_bug", name=name)
    assert scene["bug"]["name"] == name
    page.do("step", epochs=2)
    check = page.do("check_bug")
    assert check["is_right"] == (name == "unshuffled-batches")
    if not check["is_right"]:
        layer = len(scene["network"]["layer_sizes"]) - 1 if name in ("missing-mean", "wrong-sign") else 1
        proof = page.do("prove_weight", layer=layer, row=0, column=0 if name == "regularised-bias" else 1)
        assert proof["bug"]["error"] > 1e-4
    with pytest.raises(InputError, match="Leave the bug lab"):
        page.do("python")
    scene = page.do("set_bug", name=None)
    assert scene["bug"] is None
    assert scene["setup"] == before


def test_a_mystery_is_revealed_by_the_right_guess(page: Page) -> None:
    scene = page.do("set_bug", name="mystery")
    assert scene["bug"]["name"] is None
    name = page.bench._desk.bug.name  # type: ignore[union-attr]
    wrong = next(each for each in scene["bug"]["candidates"] if each != name)
    assert scene["setup"]["parameters"]["shuffle"]
    with pytest.raises(InputError, match="would name the hidden mistake"):
        page.do("link")
    assert not page.do("guess_bug", name=wrong)["is_right"]
    assert page.do("scene")["bug"]["name"] is None
    assert page.do("guess_bug", name=name)["is_right"]
    assert page.do("scene")["bug"]["name"] == name


def test_a_lesson_is_predicted_then_run(page: Page) -> None:
    name = page.do("lessons")["lessons"][0]["name"]
    lesson = page.do("open", lesson=name)["lesson"]
    number, step = next((i, each) for i, each in enumerate(lesson["steps"]) if each["choices"])
    page.do("show_step", step=number)
    with pytest.raises(MultilayerError, match="predict first"):
        page.do("run_step", step=number)
    page.do("predict_step", step=number, answer=step["choices"][0])
    answered = page.do("run_step", step=number)["lesson"]["steps"][number]
    assert answered["state"] == "answered"
    assert answered["is_right"] in (True, False)
    assert page.do("leave_lesson")["lesson"] is None


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({}, "must name what to do in its field 'do', got None"),
        ({"do": "plai"}, "unknown request 'plai'. Did you mean 'play'"),
        ({"do": "step"}, "needs one of the fields 'updates' and 'epochs'"),
        ({"do": "step", "updates": 0}, "must be an integer from 1"),
        ({"do": "step", "updates": "3"}, "must be an integer from 1 to 10,000,000, got '3'"),
        ({"do": "step", "update": 3}, "Did you mean 'updates'"),
        ({"do": "go_to"}, "needs the field 'update'"),
        ({"do": "go_to", "update": -1}, "must be an integer from 0"),
        ({"do": "play", "updates_per_second": 0}, "must be a positive number or null, got 0"),
        ({"do": "branch", "update": 9, "parameters": {}}, "the run has 0 updates"),
        ({"do": "change", "parameters": {"alpha": None}}, "alpha must be a non-negative number, got None"),
        ({"do": "change_data", "data": {"name": "moon"}}, "unknown shape 'moon'. Did you mean 'moons'"),
        ({"do": "change_data", "data": {"name": "table"}}, "there is no table yet"),
        ({"do": "change_data", "data": {"rows": 3}}, "rows"),
        ({"do": "view", "plane": {"kind": "tsne"}}, "a plane must be"),
        ({"do": "view", "plane": {"kind": "columns", "x": "x", "y": "z"}}, "unknown column 'z'"),
        ({"do": "view", "resolution": 4}, "must be an integer from 8 to 200"),
        ({"do": "prove_weight", "layer": 9, "row": 0, "column": 0}, "layer"),
        ({"do": "prove_unit", "layer": 2, "unit": 99}, "unit"),
        ({"do": "trace", "sample": 10**6}, "sample must be a training row"),
        ({"do": "set_bug", "name": "typo"}, "unknown bug 'typo'"),
        ({"do": "guess_bug", "name": "wrong-sign"}, "has no mistake"),
        ({"do": "open", "lesson": "no"}, "lesson"),
        ({"do": "run_step", "step": 0}, "no lesson is open"),
        ({"do": "upload", "name": "a.csv"}, "the file is empty"),
        ({"do": "seeds", "n": 1}, "must be an integer from 2 to 50"),
    ],
)
def test_wrong_requests_are_errors_and_change_nothing(page: Page, request_: dict[str, Any], message: str) -> None:
    before = page.do("scene")
    with pytest.raises(MultilayerError) as caught:
        page.bench.handle(request_)
    assert message in str(caught.value)
    assert page.do("scene") == before


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 9) | st.floats(allow_nan=False) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
shared = Page()


@given(
    st.sampled_from(sorted(HANDLERS.keys() - {"seeds", "run_step"})),
    st.dictionaries(
        st.sampled_from(["update", "updates", "parameters", "data", "name", "layer", "unit", "row", "plane", "seed"]),
        json_values,
        max_size=3,
    ),
)
@settings(max_examples=150, deadline=None)
def test_any_request_is_answered_or_an_error(name: str, fields: dict[str, Any]) -> None:
    with suppress(MultilayerError):
        reply = shared.bench.handle({"id": 1, "do": name, **fields})
        assert isinstance(reply, Reply)
        json.loads(json.dumps(decode(encode(reply))[0], allow_nan=False))
    frame = shared.bench.frame({})
    assert frame is not None


def test_bytes_without_a_use_are_an_error(page: Page) -> None:
    with pytest.raises(InputError, match="the request 'play' has no bytes, got 3"):
        page.bench.handle({"do": "play"}, b"abc")


def test_a_file_that_is_no_table_is_an_error(page: Page) -> None:
    before = page.do("scene")
    for content in (b"\x00\xff" * 100, b"a\n", io.BytesIO().getvalue() or b" "):
        with pytest.raises(MultilayerError):
            page.do("upload", bytes_=content, name="x.csv", target="a")
    assert page.do("scene") == before


def test_a_request_that_fails_restores_ghosts_and_play(page: Page) -> None:
    page.do("step", epochs=4)
    page.do("play")
    before = page.do("scene")
    with pytest.raises(MultilayerError, match="weight_decay"):
        page.do("branch", update=3, parameters={"weight_decay": 1000.0})
    assert page.do("scene") == before
    assert page.bench.is_playing


def test_a_branch_at_the_start_leaves_later_changes_out(page: Page) -> None:
    page.do("step", epochs=2)
    page.do("change", parameters={"alpha": 0.1})
    page.do("step", epochs=2)
    scene = page.do("branch", update=0, parameters={"l1_alpha": 0.01})
    assert (scene["setup"]["parameters"]["alpha"], scene["setup"]["parameters"]["l1_alpha"]) == (0.0, 0.01)
    assert [ghost["from"] for ghost in scene["ghosts"]] == [0]


def test_the_data_stay_when_the_bug_lab_is_left(page: Page) -> None:
    page.do("change", parameters={"activation": "relu"})
    page.do("set_bug", name="missing-mean")
    page.do("change_data", data={"name": "circles"})
    setup = page.do("set_bug", name=None)["setup"]
    assert setup["data"]["name"] == "circles"
    assert setup["parameters"]["activation"] == ["relu", "relu"]


def test_the_bug_lab_can_be_left_after_a_link(page: Page) -> None:
    page.do("change_data", data={"name": "xor"})
    page.do("set_bug", name="unshuffled-batches")
    page.do("step", epochs=2)
    other = Page()
    scene = other.do("open", link=page.do("link")["link"])
    assert scene["bug"]["name"] == "unshuffled-batches"
    assert other.do("set_bug", name=None)["setup"]["data"]["name"] == "xor"


def test_a_link_whose_changes_start_the_run_again_is_an_error(page: Page) -> None:
    page.do("step", epochs=2)
    page.do("change", parameters={"alpha": 0.1})
    content = json.loads(zlib.decompress(base64.urlsafe_b64decode(page.do("link")["link"] + "==")))
    content["segments"] = [[1, {"hidden_layer_sizes": [3]}]]
    link = base64.urlsafe_b64encode(zlib.compress(json.dumps(content).encode())).decode().rstrip("=")
    before = page.do("scene")
    with pytest.raises(InputError, match="starts the run again"):
        page.do("open", link=link)
    assert page.do("scene") == before


def test_a_frame_has_the_step_size_of_the_next_update(page: Page) -> None:
    page.do("change", parameters={"learning_rate": "cosine", "max_iter": 10})
    assert page.frame()["step_size"] == 0.01
    page.do("step", epochs=9)
    assert 0 < page.frame()["step_size"] < 0.001
    page.do("step", epochs=9)
    assert page.frame()["step_size"] is None


@pytest.mark.parametrize("epochs", [-3, "x", 2.5, None])
def test_curves_come_from_the_start_for_a_page_with_an_unknown_number_of_epochs(page: Page, epochs: Any) -> None:
    page.do("step", epochs=3)
    curves = page.frame(run=page.do("scene")["run"], epochs=epochs)["curves"]
    assert (curves["from"], len(curves["costs"])) == (0, 3)


def test_maps_of_many_inputs_have_a_lower_resolution() -> None:
    assert [_most_resolution(n) for n in (2, 400, 2000)] == [200, 200, 89]


@pytest.mark.parametrize("changes", [{"activation": "relu"}, {"dropout": 0.2}, {"l1_alpha": 0.1}, {"solver": "lbfgs"}])
@pytest.mark.parametrize("name", ["missing-mean", "mystery"])
def test_a_change_with_which_the_mistake_cannot_run_is_an_error(page: Page, name: str, changes: dict[str, Any]) -> None:
    page.do("set_bug", name=name)
    page.do("step", epochs=1)
    before = page.do("scene")
    for request_ in ({"do": "change"}, {"do": "branch", "update": 5}):
        with pytest.raises(SettingError, match="in the bug lab") as caught:
            page.bench.handle({**request_, "parameters": changes})
        assert not any(bug in str(caught.value) for bug in BUGS)
        assert page.do("scene") == before
    page.do("change", parameters={"learning_rate_init": 0.02})
    page.do("step", epochs=1)


@pytest.mark.parametrize("shuffle", [True, False])
def test_the_order_of_the_rows_does_not_give_a_mystery_away(page: Page, shuffle: bool) -> None:
    page.do("set_bug", name="mystery")
    assert page.do("scene")["setup"]["parameters"]["shuffle"] is True
    with pytest.raises(SettingError, match="while the mistake is hidden"):
        page.do("change", parameters={"shuffle": shuffle})


@pytest.mark.parametrize("changes", [{"rows": 100}, {"noise": 0.2}, {"name": "table", "rows": 100}])
def test_the_fields_of_shapes_are_errors_for_a_table(page: Page, changes: dict[str, Any]) -> None:
    page.do("upload", bytes_=CSV.encode(), name="shop.csv", target="bought")
    with pytest.raises(SettingError, match="has no effect on a table"):
        page.do("change_data", data=changes)
    page.do("change_data", data={"name": "moons", "rows": 100})
    assert page.do("change_data", data={"name": "table"})["data"]["is_table"]
