"""What a person takes along: Python code, the model, a link, pictures and an animation."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any
from xml.etree import ElementTree

import numpy as np

from multilayer import load_model

from .play_page import PlayPage, text_of


def show_python(play: PlayPage) -> str:
    """Click "Show this as Python"; returns the code that the page shows."""
    play.tab("take")
    with play.answering("python") as answers:
        play.button("panels.take.python_button").click()
    code = play.page.locator("#tab-take pre code").filter(has_text="import")
    code.wait_for()
    play.until(lambda: code.text_content() == answers[-1]["code"], "the code")
    return code.text_content()


def run(code: str) -> dict[str, Any]:
    """Run a program; returns its names."""
    names: dict[str, Any] = {"__name__": "__main__"}
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(compile(code, "run.py", "exec"), names)
    names["printed"] = printed.getvalue()
    return names


def test_python_code_reproduces_the_curve(play: PlayPage) -> None:
    with play.answering("change"):
        play.parameter("random_state").fill("7")
        play.press("Enter")
    with play.answering("change"):
        play.parameter("dropout").fill("0.1")
        play.press("Enter")
    play.train(12)
    code = show_python(play)
    costs = play.curves["costs"]
    names = run(code)
    assert names["model"].loss_curve_ == costs
    assert repr(costs[-1]) in names["printed"]
    note = text_of("panels.take.prints", epochs=len(costs), cost=repr(costs[-1]))
    play.page.locator("#tab-take").get_by_text(note).wait_for()


def test_python_code_reproduces_a_run_with_changes(play: PlayPage) -> None:
    play.train(4)
    for name, value in (("alpha", "0.2"), ("learning_rate_init", "0.03")):
        with play.answering("change"):
            play.parameter(name).fill(value)
            play.press("Enter")
        play.train(3)
    costs = play.curves["costs"]
    assert len(costs) == 10
    assert run(show_python(play))["model"].loss_curve_ == costs


def test_python_code_of_amounts(play: PlayPage) -> None:
    with play.answering("change_data"):
        play.shape("waves").click()
    play.frame_at(0)
    play.train(5)
    assert run(show_python(play))["model"].loss_curve_ == play.curves["costs"]


def test_the_saved_model_has_the_scores_that_are_shown(play: PlayPage, tmp_path: Path) -> None:
    frame = play.train(15)
    names = run(show_python(play))
    with play.page.expect_download() as download:
        play.button("panels.take.model_button").click()
    path = tmp_path / download.value.suggested_filename
    download.value.save_as(path)
    assert path.suffix == ".safetensors"
    model = load_model(path)
    assert model.score(names["X"], names["y"]) == frame["scores"]["train"]
    assert model.score(names["X_val"], names["y_val"]) == frame["scores"]["validation"]
    play.shows_score(frame["scores"]["train"])


def test_a_link_restores_the_run_in_another_page(play: PlayPage, new_play: Callable[..., PlayPage]) -> None:
    with play.answering("change_data"):
        play.shape("circles").click()
    play.frame_at(0)
    end = play.train(4)
    with play.answering("change"):
        play.parameter("alpha").fill("0.05")
        play.press("Enter")
    end = play.train(4)
    here = play.go_to(end["update"] - 3)
    play.tab("take")
    with play.answering("link"):
        play.button("panels.take.link_button").click()
    field = play.field("panels.take.link_label", "#tab-take")
    play.until(lambda: "#" in field.input_value() and field.input_value() == play.page.url, "the link")
    address = field.input_value()
    other = new_play(address)
    there = other.frame_at(here["update"])
    assert np.array_equal(there.arrays["thetas"], here.arrays["thetas"])
    n = here["epoch"]
    assert {name: curve[:n] for name, curve in other.curves.items()} == {
        name: curve[:n] for name, curve in play.curves.items()
    }
    assert other.talk.scene["setup"] == play.talk.scene["setup"]
    assert other.talk.scene["segments"] == play.talk.scene["segments"]


def test_a_broken_link_is_reported_and_the_page_works(new_play: Callable[..., PlayPage], server: Any) -> None:
    play = new_play(f"{server.address}#nonsense")
    play.page.locator("#message").wait_for(state="visible")
    play.train(1)


def menus(play: PlayPage) -> list[Any]:
    """The menus of the pictures that are seen."""
    seen = play.page.locator("details.picture-menu").locator("visible=true")
    play.until(lambda: seen.count() >= 5, "the menus")
    return [each for each in play.page.locator("details.picture-menu").all() if each.is_visible()]


def download(play: PlayPage, menu: Any, key: str, folder: Path) -> Path:
    """Save a picture by its menu; returns the path of the file."""
    menu.locator("summary").click()
    with play.page.expect_download() as found:
        menu.get_by_role("button", name=text_of(key), exact=True).click()
    path = folder / found.value.suggested_filename
    found.value.save_as(path)
    return path


def test_pictures_are_files_without_references(play: PlayPage, tmp_path: Path, image: ModuleType) -> None:
    play.train(3)
    with play.answering("importance"):  # whose picture is empty before
        play.button("views.importance.measure").click()
    for menu in menus(play):
        path = download(play, menu, "views.picture.svg", tmp_path)
        root = ElementTree.parse(path).getroot()
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert len(list(root.iter())) > 5
        for element in root.iter():
            assert element.tag.rpartition("}")[2] not in ("script", "style", "foreignObject")
            for name, value in element.attrib.items():
                if name.rpartition("}")[2] == "href":
                    assert value.startswith(("#", "data:image/png;base64,"))
                assert "url(" not in value or value.startswith("url(#")
                assert not name.startswith("on")
        path = download(play, menu, "views.picture.png", tmp_path)
        with image.open(path) as picture:
            assert picture.format == "PNG"
            assert min(picture.size) >= 100
            assert len(picture.convert("RGB").getcolors(1 << 24)) > 10


def test_tables_behind_the_pictures(play: PlayPage, tmp_path: Path) -> None:
    play.train(3)
    for menu in menus(play):
        menu.locator("summary").click()
        menu.get_by_role("button", name=text_of("views.picture.table"), exact=True).click()
        dialog = play.page.get_by_role("dialog")
        dialog.locator("table thead th").nth(1).wait_for()
        with play.page.expect_download() as found:
            dialog.get_by_role("button", name=text_of("views.picture.csv"), exact=True).click()
        path = tmp_path / found.value.suggested_filename
        found.value.save_as(path)
        lines = path.read_text(encoding="utf-8").splitlines()
        if lines[0].startswith("epoch"):
            assert [float(line.split(",")[1]) for line in lines[1:4]] == play.curves["costs"]
        dialog.get_by_role("button", name=text_of("views.picture.close"), exact=True).click()
        dialog.wait_for(state="detached")


def test_the_animation_has_a_picture_of_each_update(play: PlayPage, tmp_path: Path, image: ModuleType) -> None:
    end = play.train(1)
    play.tab("take")
    with play.page.expect_download() as found:
        play.button("panels.take.animation_button").click()
    path = tmp_path / found.value.suggested_filename
    found.value.save_as(path)
    with image.open(path) as picture:
        assert (picture.format, picture.is_animated) == ("PNG", True)
        assert picture.n_frames == end["update"] + 1
        pictures = set()
        for k in range(picture.n_frames):
            picture.seek(k)
            pictures.add(picture.convert("RGB").tobytes())
    assert len(pictures) == picture.n_frames
    assert np.array_equal(play.frame_at(end["update"]).arrays["thetas"], end.arrays["thetas"])
