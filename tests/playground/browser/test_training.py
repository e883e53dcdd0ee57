"""Training and steering: what the page shows is the run, bit for bit."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from .conversation import Answer
from .play_page import PlayPage, pattern_of, text_of


def same_weights(one: Answer, other: Answer) -> bool:
    return np.array_equal(one.arrays["thetas"], other.arrays["thetas"])


def test_two_moons_are_learned_by_clicking_play(play: PlayPage) -> None:
    play.play_at_full_speed()
    play.until(lambda: play.talk.frame["scores"]["train"] >= 0.99, "an accuracy of 0.99")
    frame = play.pause()
    assert frame["scores"]["train"] >= 0.99
    play.shows_score(frame["scores"]["train"])
    with play.answering("step"):
        play.button("shell.transport.update").click()
    play.frame_at(frame["update"] + 1)  # nothing was trained after pause


def test_one_update_and_one_epoch(play: PlayPage) -> None:
    start = play.talk.frame
    play.button("shell.transport.update").click()
    first = play.frame_at(1)
    assert first["epoch"] == 0
    assert not same_weights(first, start)
    play.button("shell.transport.epoch").click()
    end = play.frame_at(start["updates_per_epoch"])  # to the end of this epoch
    assert (end["epoch"], len(play.curves["costs"])) == (1, 1)
    play.button("shell.transport.back").click()
    play.frame_at(start["updates_per_epoch"] - 1)
    field = play.field("shell.transport.update_number", "#transport")
    play.until(lambda: field.input_value() == "6", "the number of the update")


def test_frames_continue_the_curves(play: PlayPage) -> None:
    play.button("shell.transport.play").click()
    play.until(lambda: len({frame["epoch"] for frame in play.talk.frames}) >= 5, "frames of five epochs")
    play.pause()
    frames = play.talk.frames
    for before, frame in pairwise(frames):
        assert frame.request["have"]["epochs"] == before["epoch"] == frame["curves"]["from"]
    assert sum(len(frame["curves"]["costs"]) for frame in frames) == frames[-1]["epoch"]


def test_rewinding_gives_the_very_same_weights(play: PlayPage) -> None:
    end = play.train(10)
    curves = play.curves
    middle = play.go_to(23)
    assert not same_weights(middle, end)
    assert play.curves == curves  # also of the future that is kept
    slider = play.field("shell.transport.slider", "#transport")
    slider.fill(str(end["update"]))
    assert same_weights(play.frame_at(end["update"]), end)
    slider.fill("23")
    again = play.frame_at(23)
    assert same_weights(again, middle)
    assert again["last_update"] == end["update"]
    play.button("shell.transport.update").click()
    after = play.frame_at(24)
    play.go_to(0)
    assert same_weights(play.go_to(24), after)


def test_the_update_field_takes_any_number(play: PlayPage) -> None:
    play.train(1)
    field = play.field("shell.transport.update_number", "#transport")
    for entered, update in {"2.6": 3, "-5": 0, "999999": 20_007}.items():
        with play.answering("go_to") as answers:
            field.fill(entered)
            field.press("Enter")
        assert answers[0].request["update"] == update
        play.frame_at(update)
        play.until(lambda: field.input_value() == str(update), "the number of the update")  # noqa: B023
    field.fill("")
    field.press("Enter")
    play.until(lambda: field.input_value() == "20007", "the number of the update")


def branch(play: PlayPage, parameter: str, value: str) -> Answer:
    """Branch from the present update by the dialog; returns the scene of the new future, which plays."""
    play.button("shell.transport.branch").click()
    play.field("shell.branch.parameter", "dialog[open]").select_option(label=text_of(f"shell.parameter.{parameter}"))
    play.until(play.button("shell.branch.confirm").is_disabled, "the button")  # the value is the present one
    play.page.locator(f"dialog[open] [data-parameter={parameter}]").fill(value)
    with play.answering("branch") as answers, play.answering("play"):
        play.button("shell.branch.confirm").click()
    play.page.locator("dialog[open]").wait_for(state="detached")
    return answers[0]


def test_a_branch_keeps_the_past_and_the_other_future(play: PlayPage) -> None:
    end = play.train(16)
    old, each = play.curves, end["updates_per_epoch"]
    play.go_to(10 * each)
    scene = branch(play, "learning_rate_init", "0.1")
    (ghost,) = scene["ghosts"]
    assert ghost["from"] == 10
    for name, curve in old.items():
        assert ghost[name] == curve[10:]
    assert scene["segments"][-1]["changes"] == {"learning_rate_init": 0.1}
    play.until(lambda: play.talk.frame["epoch"] > 12, "the other future")
    play.pause()
    assert play.curves["costs"][:10] == old["costs"][:10]
    assert play.curves["costs"][10:12] != old["costs"][10:12]
    play.go_to(10 * each)
    branch(play, "learning_rate_init", "0.01")
    play.until(lambda: play.talk.frame["epoch"] >= 16, "the old future")
    play.pause()
    assert same_weights(play.go_to(end["update"]), end)
    assert {name: curve[:16] for name, curve in play.curves.items()} == old


def test_a_change_starts_a_segment_or_the_run(play: PlayPage) -> None:
    play.train(2)
    with play.answering("change") as answers:
        play.parameter("alpha").fill("0.5")
        play.press("Enter")
    assert answers[0]["segments"][-1]["changes"] == {"alpha": 0.5}
    before = play.train(1)
    with play.answering("change") as answers:
        play.page.get_by_role("button", name=text_of("views.network.more_units", layer=2), exact=True).click()
    assert answers[0]["network"]["layer_sizes"] == [2, 6, 5, 1]
    assert len(play.frame_at(0).arrays["thetas"]) > len(before.arrays["thetas"])


def test_a_wrong_value_is_refused_and_marked(play: PlayPage) -> None:
    field = play.parameter("learning_rate_init")
    with play.answering("change") as answers:
        field.fill("-1")
        play.press("Enter")
    error = answers[0].error or ""
    assert error.startswith("learning_rate_init must be")  # not the option of the command line
    message = play.page.locator("#message")
    message.wait_for(state="visible")
    label = text_of("shell.parameter.learning_rate_init")
    play.until(lambda: error.replace("learning_rate_init", label) in message.inner_text(), "the message")
    play.until(lambda: field.get_attribute("aria-invalid") == "true", "the mark")
    field.fill("0.01")  # the value that is in use: nothing is asked
    play.press("Enter")
    message.wait_for(state="hidden")
    play.until(lambda: field.get_attribute("aria-invalid") is None, "the end of the mark")
    play.train(1)  # as before
    assert play.talk.scene["setup"]["parameters"]["learning_rate_init"] == 0.01


def test_resets_with_the_same_and_with_a_new_seed(play: PlayPage) -> None:
    start = play.talk.frame
    end = play.train(2)
    for button, is_same in (("reset", True), ("seed", False)):
        with play.answering("reset"):
            play.button(f"shell.transport.{button}").click()
        assert same_weights(play.frame_at(0), start) is is_same
        assert same_weights(play.train(2), end) is is_same


def test_ten_seeds_draw_a_band(play: PlayPage) -> None:
    play.train(5)
    costs = play.curves["costs"]
    button = play.button("shell.seeds.button")
    with play.answering("seeds") as answers:
        button.click()
    (seeds,) = answers
    assert len(seeds["seeds"]) == len(seeds["costs"]) == 10
    assert seeds["costs"][0] == pytest.approx(costs, rel=1e-9)  # this run is the first of them
    assert len({curve[-1] for curve in seeds["costs"]}) == 10
    low, middle, high = (seeds["final"][name] for name in ("lowest", "median", "highest"))
    assert low <= middle <= high
    play.page.get_by_text(pattern_of("shell.seeds.summary")).first.wait_for(state="attached")
    band = play.page.locator("#curves-body path.seeds-band")
    band.wait_for()
    button.click()
    band.wait_for(state="detached")


def test_all_shapes_train(play: PlayPage) -> None:
    for shape, n_outputs in {"circles": 1, "spirals": 1, "xor": 1, "waves": 1, "blobs": 3, "moons": 1}.items():
        with play.answering("change_data") as answers:
            play.shape(shape).click()
        assert answers[0]["network"]["layer_sizes"][-1] == n_outputs
        play.frame_at(0)
        frame = play.train(6)
        costs = play.curves["costs"]
        assert len(costs) == 6
        assert costs[-1] < costs[0]
        assert frame.arrays["outputs"].shape == (n_outputs, 80, 80)
        if shape == "waves":
            assert frame["confusion"] is None
        else:
            n_classes = max(2, n_outputs)
            assert np.shape(frame["confusion"]) == (n_classes, n_classes)
            assert np.sum(frame["confusion"]) == answers[0]["data"]["n_validation"]
        play.shows_score(frame["scores"]["train"])
