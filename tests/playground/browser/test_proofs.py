"""The tabs Prove and Microscope: numbers of one weight, one unit and one update."""

from __future__ import annotations

import random
from itertools import pairwise

import numpy as np
import pytest

from .conversation import Answer
from .play_page import PlayPage, number_of, pattern_of, text_of


def choose(play: PlayPage, **parts: int | str) -> Answer:
    """Choose a weight or a unit in the fields of the tab Prove, one after the other; returns the last proof."""
    fields = play.page.locator("#tab-prove")
    for name, value in parts.items():
        field = fields.get_by_role("combobox", name=text_of(f"panels.prove.field.{name}"), exact=True)
        if field.input_value() == str(value):
            continue
        wanted = "prove_unit" if "unit" in (value, parts.get("kind")) else "prove_weight"
        with play.answering(wanted):
            field.select_option(str(value))
    play.page.get_by_role("region", name=text_of("panels.prove.result")).locator("*").first.wait_for()
    return play.talk.answers[-1]


def click_link(play: PlayPage, number: int, share: float) -> Answer:
    """Click a point of a link in the drawing; returns the proof of the weight that is the topmost there."""
    link = play.page.locator("#network-body path.link-hit").nth(number)
    x, y = link.evaluate(
        """(path, share) => {
            const point = path.getPointAtLength(share * path.getTotalLength()).matrixTransform(path.getScreenCTM());
            return [point.x, point.y];
        }""",
        share,
    )
    with play.answering("prove_weight") as answers:
        play.page.mouse.click(x, y)
    return answers[-1]


def shown_values(play: PlayPage) -> list[float]:
    """The values of the methods that the page shows, with all their digits."""
    return [number_of(text) for text in play.page.locator("#tab-prove table.values .digits").all_inner_texts()]


def test_three_values_of_twenty_weights_agree(play: PlayPage) -> None:
    play.train(6)
    play.tab("prove")
    sizes, draw = play.talk.scene["network"]["layer_sizes"], random.Random(18)
    weights = []
    for k in range(20):
        if k % 4 == 0:
            n_links = sum(a * b for a, b in pairwise(sizes))
            proof = click_link(play, draw.randrange(n_links), draw.uniform(0.1, 0.9))
        else:
            layer = draw.randrange(1, len(sizes))
            proof = choose(
                play, layer=layer, column=draw.randrange(sizes[layer - 1] + 1), row=draw.randrange(sizes[layer])
            )
        asked = proof.request
        where = (asked["layer"], asked["row"], asked["column"])
        assert proof["name"] == "Theta_{}[{}, {}]".format(*where)
        play.page.locator("#tab-prove").get_by_text(proof["name"], exact=True).first.wait_for()
        assert [each["method"] for each in proof["values"]] == ["backpropagation", "central difference", "complex step"]
        derivative = pytest.approx(proof["derivative"], rel=1e-14)
        play.until(lambda: [derivative] == shown_values(play)[:1], f"the values of {where}")  # noqa: B023
        first, *others = shown_values(play)
        assert len(others) == 2
        for value in others:
            assert value == pytest.approx(first, rel=1e-7, abs=1e-9)
        assert proof["error"] < 1e-7
        play.page.locator("#tab-prove").get_by_text(pattern_of("panels.prove.agree")).wait_for()
        weights.append(where)
    assert len(set(weights)) > 12


def test_the_terms_and_the_update_of_a_weight(play: PlayPage) -> None:
    play.parameter("batch_size").fill("5")  # all terms are shown
    with play.answering("change"):
        play.press("Enter")
    before = play.train(1)
    play.tab("prove")
    proof = choose(play, layer=2, column=3, row=1)
    terms = proof["terms"]
    assert len(terms) == proof["n_terms"] == proof["m"] == 5
    assert sum(term["delta"] * term["activation"] for term in terms) == pytest.approx(proof["sum"], rel=1e-12)
    assert proof["sum"] / 5 == pytest.approx(proof["derivative"], rel=1e-12)
    place = 5 * 3 + 1 * 6 + 3
    assert np.float32(proof["value"]) == before.arrays["thetas"][place]
    play.button("shell.transport.update").click()
    after = play.frame_at(before["update"] + 1)
    assert proof["step"]["new_value"] == pytest.approx(float(after.arrays["thetas"][place]), rel=1e-6)


def test_the_sum_of_a_unit_is_written_out(play: PlayPage) -> None:
    frame = play.train(3)
    play.tab("prove")
    unit = play.unit(2, 4)
    with play.answering("prove_unit") as answers:
        unit.click()
    (proof,) = answers
    point = play.talk.scene.arrays["points"][proof.request["sample"]]
    bias, *weights = frame.arrays["thetas"][12:15]
    assert [term["weight"] for term in proof["terms"]] == pytest.approx([bias, *weights], rel=1e-6)
    assert [term["value"] for term in proof["terms"]] == pytest.approx([1, *point], rel=1e-6)
    assert sum(term["product"] for term in proof["terms"]) == pytest.approx(proof["z"], rel=1e-12)
    assert np.tanh(proof["z"]) == pytest.approx(proof["a"], rel=1e-12)
    table = play.page.locator("#tab-prove table", has=play.page.get_by_text(text_of("panels.prove.z_terms")))
    last = table.locator("tbody tr td:last-child")
    play.until(lambda: last.count() == len(proof["terms"]) + 1, "the terms and their sum")
    *products, total = map(number_of, last.all_inner_texts())
    assert sum(products) == pytest.approx(total, abs=2e-3)
    assert total == pytest.approx(proof["z"], rel=1e-5)
    output = choose(play, kind="unit", layer=4, unit=0)
    assert output["equation"] == "B1"
    assert output["a"] - output["target"] == pytest.approx(output["delta"], rel=1e-9)


def test_numbers_are_stale_while_training_and_new_after_it(play: PlayPage) -> None:
    play.train(1)
    play.tab("prove")
    click_link(play, 3, 0.5)
    stale = play.page.locator("#tab-prove").get_by_text(pattern_of("panels.prove.stale"))
    assert stale.count() == 0 or not stale.first.is_visible()
    play.button("shell.transport.play").click()
    stale.wait_for(state="visible")
    with play.answering("prove_weight") as answers:
        frame = play.pause()
    stale.wait_for(state="hidden")
    (proof,) = answers
    assert np.float32(proof["value"]) in frame.arrays["thetas"]
    proof_region = play.page.get_by_role("region", name=text_of("panels.prove.result"))
    proof_region.get_by_text(f"update {frame['update']}").first.wait_for()


def test_the_microscope_steps_through_an_update(play: PlayPage) -> None:
    before = play.train(2)
    with play.answering("trace") as answers:
        panel = play.tab("microscope")
    (trace,) = answers
    assert trace["update"] == before["update"]
    point = play.talk.scene.arrays["points"][trace["sample"]]
    assert trace["A"][0] == pytest.approx(point, rel=1e-6)
    step_on = panel.get_by_role("button", name=text_of("panels.microscope.next"), exact=True)
    step_on.wait_for()
    n_steps = 0
    while step_on.count():
        step_on.click()
        n_steps += 1
    assert n_steps >= 10
    panel.get_by_role("button", name=text_of("panels.microscope.perform_update"), exact=True).click()
    after = play.frame_at(before["update"] + 1)
    change = np.concatenate([np.ravel(each) for each in trace["step"]])
    np.testing.assert_allclose(
        after.arrays["thetas"].astype(float), before.arrays["thetas"].astype(float) + change, rtol=0, atol=3e-7
    )
