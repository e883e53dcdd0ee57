"""A person's own table, with text and gaps: opening, training, and looking at it."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from multilayer import load_model

from .conversation import Answer
from .play_page import PlayPage, text_of
from .test_take_along import run, show_python


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Customers, with text, and gaps in most columns."""
    draw = random.Random(0)
    lines = ["age,income,city,member,buys"]
    for i in range(140):
        age, income = draw.randint(18, 80), round(draw.gauss(3000, 800), 1)
        city, member = draw.choice(["Rome", "Oslo", "Lima"]), draw.choice(["yes", "no"])
        buys = "yes" if (age > 45) ^ (city == "Rome") else "no"
        gaps = (i % 9 == 0, i % 11 == 0, i % 13 == 0)
        cells = ["" if is_gap else str(cell) for is_gap, cell in zip(gaps, (age, income, city), strict=True)]
        lines.append(",".join([*cells, member, buys]))
    path = tmp_path / "customers.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def choose_file(play: PlayPage, path: Path) -> Answer:
    """Choose a file in the dialog; returns the answer about its columns."""
    if not play.page.get_by_role("dialog").is_visible():
        play.button("shell.data.table").click()
    with play.answering("upload") as answers:
        with play.page.expect_file_chooser() as chooser:
            play.page.get_by_role("dialog").locator("input[type=file]").click()
        chooser.value.set_files(path)
    return answers[-1]


def train_on(play: PlayPage, target: str) -> Answer:
    """Choose the target, and press the button; returns the answer."""
    dialog = play.page.get_by_role("dialog")
    dialog.get_by_role("radio", name=text_of("panels.table.predict_column", name=target), exact=True).check()
    with play.answering("upload") as answers:
        dialog.get_by_role("button", name=text_of("panels.table.train"), exact=True).click()
    return answers[-1]


def open_table(play: PlayPage, path: Path, target: str = "buys") -> Answer:
    """Open a table by the dialog; returns the scene."""
    choose_file(play, path)
    scene = train_on(play, target)
    assert scene.error is None
    play.page.get_by_role("dialog").wait_for(state="hidden")
    play.frame_at(0)
    return scene


def test_a_table_with_text_and_gaps_trains(play: PlayPage, table: Path) -> None:
    columns = choose_file(play, table)
    assert [column["kind"] for column in columns["columns"]] == ["number", "number", "text", "text", "text"]
    dialog = play.page.get_by_role("dialog")
    assert dialog.get_by_role("radio", checked=True).get_attribute("value") == columns["suggested"] == "buys"
    scene = train_on(play, "buys")
    assert scene["data"]["classes"] == ["no", "yes"]
    assert "city=Oslo" in scene["data"]["inputs"]
    play.frame_at(0)
    frame = play.train(60)
    assert play.curves["costs"][-1] < play.curves["costs"][0]
    linear = next(each for each in scene["baselines"] if each["name"] == "linear")
    assert frame["scores"]["train"] > linear["train"]
    play.page.locator("#scores").get_by_text(linear["title"], exact=True).wait_for()


def test_how_a_table_was_read_is_shown(play: PlayPage, table: Path) -> None:
    rows = table.read_text(encoding="utf-8").splitlines()
    table.write_text("\n".join([*rows, "40,2000,Rome,yes,", "41,2000,Rome,yes,"]) + "\n", encoding="utf-8")
    scene = open_table(play, table)
    (note,) = (note for note in scene["data"]["notes"] if note.startswith("2 rows"))
    play.page.locator("#message").get_by_text(note).wait_for()
    count = len(scene["data"]["notes"])
    key = "shell.data.notes.one" if count == 1 else "shell.data.notes.other"
    play.page.locator("#settings summary").get_by_text(text_of(key, count=count), exact=True).click()
    play.page.locator("#settings .data-notes").get_by_text(note, exact=True).wait_for(state="visible")
    with play.answering("change_data"):
        play.shape("circles").click()
    play.page.locator("#settings .data-notes").wait_for(state="hidden")


def test_reading_options_of_a_table(play: PlayPage, tmp_path: Path) -> None:
    path = tmp_path / "german.csv"
    lines = [f"{k};{k % 7},{k % 9};{'Köln' if k % 2 else 'Ulm'};{'ja' if k % 3 else 'nein'}" for k in range(1200)]
    path.write_bytes("\n".join(["größe;preis;ort;kauf", *lines]).encode("cp1252"))
    dialog = play.page.get_by_role("dialog")

    def option(name: str) -> Any:
        return dialog.get_by_role("combobox", name=text_of(f"panels.table.{name}"), exact=True)

    assert "UTF-8" in (choose_file(play, path).error or "")
    dialog.get_by_text(text_of("panels.table.options"), exact=True).click()
    with play.answering("upload") as answers:
        option("encoding").select_option("cp1252")
    assert [column["kind"] for column in answers[0]["columns"]] == ["number", "text", "text", "text"]
    dialog.get_by_text("1,200 rows, 4 columns").wait_for()
    hint = dialog.get_by_text(text_of("panels.table.decimal_commas"), exact=True)
    hint.wait_for(state="attached")
    with play.answering("upload") as answers:
        option("decimal").select_option(",")
    assert [column["kind"] for column in answers[0]["columns"]] == ["number", "number", "text", "text"]
    hint.wait_for(state="detached")
    option("task").select_option("regression")
    scene = train_on(play, "preis")
    assert scene["data"]["task"] == "regression"
    assert scene["data"]["columns"][-1]["name"] == "kauf"
    play.frame_at(0)


def test_planes_of_a_table(play: PlayPage, table: Path) -> None:
    scene = open_table(play, table)
    boundary = play.page.locator("#boundary")
    boundary.get_by_text("city is held at").first.wait_for()
    points = scene.arrays["points"]
    with play.answering("view") as answers:
        play.field("shell.plane.y", "#boundary").select_option("city")
    (view,) = answers
    assert view["view"]["y"]["name"] == "city"
    assert set(view["view"]["y"]["categories"]) >= {"Rome", "Oslo", "Lima"}
    assert "income is held at its median" in view["view"]["note"]
    boundary.get_by_text("income is held at its median").first.wait_for()
    with play.answering("view") as answers:
        play.field("shell.plane.kind", "#boundary").select_option("pca")
    (view,) = answers
    assert view["view"]["plane"]["kind"] == "pca"
    assert view.arrays["points"].shape == (scene["data"]["n_rows"], 2)
    assert not np.array_equal(view.arrays["points"][: len(points)], points)
    play.field("shell.plane.x", "#boundary").wait_for(state="hidden")
    play.until(lambda: play.talk.frame["view"] == view["view"]["number"], "the frame of the view")
    assert play.talk.frame.arrays["outputs"].shape == (1, 80, 80)


def test_importance_of_the_columns(play: PlayPage, table: Path) -> None:
    open_table(play, table)
    play.train(100)
    with play.answering("importance") as answers:
        play.button("views.importance.measure").click()
    names = [column["name"] for column in answers[0]["columns"]]
    assert set(names) == {"age", "income", "city", "member"}
    assert set(names[:2]) == {"age", "city"}  # the others are noise
    picture = play.page.locator(".picture-importance")
    for name in names:
        picture.get_by_text(name, exact=True).wait_for()


def test_a_table_is_taken_along(play: PlayPage, table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    open_table(play, table)
    frame = play.train(8)
    monkeypatch.chdir(tmp_path)  # the program reads the table
    names = run(show_python(play))
    assert names["model"].loss_curve_ == play.curves["costs"]
    with play.page.expect_download() as download:
        play.button("panels.take.model_button").click()
    path = tmp_path / download.value.suggested_filename
    download.value.save_as(path)
    predicted = load_model(path).predict(names["features"].take(names["rows"]))  # rows as they are in the table
    assert np.mean(predicted == names["y"]) == frame["scores"]["train"]


def test_files_that_cannot_be_used_leave_the_page_working(play: PlayPage, table: Path, tmp_path: Path) -> None:
    dialog = play.page.get_by_role("dialog")
    for content in (b"\x00\x01\xff\xfe" * 50, b"a,b\n1,2\n3\n", b""):
        path = tmp_path / "broken.csv"  # the same file, chosen again
        path.write_bytes(content)
        answer = choose_file(play, path)
        assert answer.error is not None
        dialog.get_by_text(answer.error).wait_for()
    path = tmp_path / "constant.csv"
    path.write_text("a,b\n1,5\n2,5\n3,5\n", encoding="utf-8")
    assert choose_file(play, path).error is None
    answer = train_on(play, "b")
    assert "one value only" in (answer.error or "")
    dialog.get_by_text(answer.error).wait_for()
    play.press("Escape")
    dialog.wait_for(state="hidden")
    play.train(1)  # the run before
    assert not play.talk.scene["data"]["is_table"]
    open_table(play, table)
    play.train(1)


def test_back_to_the_shapes_and_to_the_table(play: PlayPage, table: Path) -> None:
    open_table(play, table)
    with play.answering("change_data") as answers:
        play.shape("circles").click()
    assert not answers[0]["data"]["is_table"]
    with play.answering("change_data") as answers:
        play.button("shell.data.back").click()
    assert answers[0]["data"]["title"] == "customers.csv"
    play.frame_at(0)
    play.train(1)
