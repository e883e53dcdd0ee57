"""The pictures: what they show at the pointer, and where a click leads."""

from __future__ import annotations

import re

import numpy as np
import pytest

from .play_page import PlayPage, number_of, pattern_of, text_of


def test_the_exact_value_of_a_weight_at_the_pointer(play: PlayPage) -> None:
    frame = play.train(2)
    link = play.page.locator("#network-body path.link-hit").first
    link.dispatch_event("pointerover")
    tip = play.page.locator("#network-body .picture-tip")
    found = play.until_found(r"Theta_1\[(\d), (\d)\] = (\S+)", tip)
    row, column = int(found[1]), int(found[2])
    assert number_of(found[3]) == pytest.approx(float(frame.arrays["thetas"][3 * row + column]), rel=1e-4)


def test_the_prediction_at_the_pointer(play: PlayPage) -> None:
    frame = play.train(20)
    body = play.page.locator("#boundary .picture-body")
    body.focus()
    play.press("ArrowUp")  # from the middle of the plane
    tip = play.page.locator("#boundary .picture-tip")
    found = play.until_found(r"(?s)class \d: [\d.]+.*class \d: [\d.]+", tip)
    shares = dict(re.findall(r"class (\d): ([\d.]+)", found[0]))
    assert float(shares["0"]) + float(shares["1"]) == pytest.approx(1, abs=0.002)
    outputs = frame.arrays["outputs"][0]
    near = outputs[33:40, 38:42]
    assert near.min() - 0.001 <= float(shares["1"]) <= near.max() + 0.001


def test_a_row_that_is_chosen_in_the_picture_is_proved(play: PlayPage) -> None:
    play.train(1)
    with play.answering("prove_unit"):
        play.unit(2, 0).click()
    body = play.page.locator("#boundary .picture-body")
    body.focus()
    play.press("ArrowLeft", "ArrowLeft")
    with play.answering("prove_unit") as answers:
        for _ in range(20):  # a validation row cannot be chosen
            play.press("Enter")
            if play.page.locator("#boundary .chosen-ring").count():
                break
            play.press("ArrowLeft")
    sample = answers[-1].request["sample"]
    point = play.talk.scene.arrays["points"][sample]
    assert [term["value"] for term in answers[-1]["terms"]] == pytest.approx([1, *point], rel=1e-6)


def test_a_click_on_the_curve_goes_to_the_epoch(play: PlayPage) -> None:
    end = play.train(8)
    body = play.page.locator("#curves-body")
    box = body.bounding_box()
    with play.answering("go_to") as answers:
        play.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        play.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    update = answers[-1]["update"]
    assert 0 < update < end["update"]
    assert update % end["updates_per_epoch"] == 0
    play.frame_at(update)


def test_classes_mistakes_and_the_other_curves(play: PlayPage) -> None:
    play.train(3)
    mode = play.field("views.boundary.mode.label", "#boundary")
    mode.select_option(label=text_of("views.boundary.mode.classes"))
    rows = play.field("views.boundary.rows.label", "#boundary")
    rows.select_option(label=text_of("views.boundary.rows.mistakes"))
    play.field("views.curves.quantity", "#curves").select_option(label=text_of("views.curves.accuracy"))
    play.page.locator("#curves-body").get_by_text(text_of("views.curves.accuracy"), exact=True).first.wait_for()
    play.train(1)


def test_dead_units_are_marked(play: PlayPage) -> None:
    with play.answering("change"):
        play.parameter("activation").first.select_option("relu")
    with play.answering("change"):
        play.parameter("activation").nth(1).select_option("relu")
    with play.answering("change"):
        play.parameter("learning_rate_init").fill("3")
        play.press("Enter")
    play.frame_at(0)
    play.train(12)
    play.until(lambda: play.talk.frame["layers_at"] == play.talk.frame["update"], "a measurement")
    layers = play.talk.frame["layers"]
    dead = [(k + 2, unit) for k, layer in enumerate(layers[:-1]) for unit in layer["dead"]]
    assert dead
    for place in dead:
        mark = play.unit(*place)
        play.until(lambda: "dead" in (mark.get_attribute("class") or "").split(), f"the mark of {place}")  # noqa: B023
    with play.answering("diagnose") as answers:
        play.button("views.diagnosis.run").click()
    assert any("dead" in finding["name"] for finding in answers[0]["findings"])
    play.page.locator("#tab-see").get_by_text(answers[0]["summary"]).first.wait_for()


def test_descriptions_for_screen_readers(play: PlayPage) -> None:
    play.train(3)
    for name in ("network", "boundary", "curves", "confusion", "vitals"):
        picture = play.page.locator(f".picture-body.picture-{name}")
        assert picture.get_attribute("role") in ("img", "group")
        # The label is the name of the picture until it is drawn.
        play.until(lambda: len(picture.get_attribute("aria-label") or "") > 10, f"the text of {name}")  # noqa: B023
    numbers = text_of("views.network.describe", sizes="2-5-5-1", count=51, update=21, largest="", dead=0, saturated=0)
    network = play.page.locator(".picture-body.picture-network")
    play.until(lambda: numbers[:60] in network.get_attribute("aria-label"), "the description of update 21")


def test_the_cost_as_sound(play: PlayPage) -> None:
    play.button("shell.sound").click()
    play.page.get_by_text(pattern_of("shell.sound.on")).first.wait_for(state="attached")
    play.train(1)
    play.button("shell.sound").click()
    play.page.get_by_text(pattern_of("shell.sound.off")).first.wait_for(state="attached")


def test_values_for_three_classes_agree(play: PlayPage) -> None:
    with play.answering("change_data"):
        play.shape("blobs").click()
    play.frame_at(0)
    frame = play.train(2)
    assert np.allclose(frame.arrays["outputs"].sum(axis=0), 1, atol=1e-5)
    with play.answering("prove_weight") as answers:
        play.page.locator("#network-body path.link-hit").last.dispatch_event("click")
    assert answers[0]["error"] < 1e-7
    with play.answering("prove_unit") as answers:
        play.unit(4, 2).click()
    proof = answers[0]
    assert proof["a"] - proof["target"] == pytest.approx(proof["delta"], rel=1e-9)
