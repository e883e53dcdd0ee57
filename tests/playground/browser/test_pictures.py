"""The pictures of the page: their geometry, their files, their texts and their keyboard."""

from __future__ import annotations

import math
import random
import re
import struct
import zlib
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from .play_page import PlayPage, text_of
from .test_own_table import open_table

SVG = "{http://www.w3.org/2000/svg}"
PNG = b"\x89PNG\r\n\x1a\n"


def call(play: PlayPage, module: str, body: str, values: object = None) -> Any:
    """Run the body of a function with the module as `m` and the values as `v`."""
    script = f"""async (v) => {{
      const m = await import(new URL("js/views/{module}.js", document.baseURI));
      {body}
    }}"""
    return play.page.evaluate(script, values)


def saved(play: PlayPage, region: str, item: int, folder: Path) -> Path:
    """Choose an item of the menu of a picture; returns the file that was downloaded."""
    menu = play.page.locator(f"{region} .picture-menu").first
    menu.locator("summary").click()
    with play.page.expect_download() as download:
        menu.locator(".picture-items button").nth(item).click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


def chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    """The chunks of a PNG file, whose checksums are checked."""
    assert data.startswith(PNG)
    found, at = [], len(PNG)
    while at < len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        name, content = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        assert struct.unpack(">I", data[at + 8 + length : at + 12 + length]) == (zlib.crc32(name + content),)
        found.append((name, content))
        at += 12 + length
    return found


def test_zero_line_of_a_circle_has_its_radius_and_length(play: PlayPage) -> None:
    n, radius = 41, 15.0
    field = [math.hypot(i - 20, j - 20) - radius for i in range(n) for j in range(n)]
    body = "return m.zeroLine(Float32Array.from(v.field), v.n, v.n);"
    ends = call(play, "contours", body, {"field": field, "n": n})
    assert len(ends) % 4 == 0
    points = list(zip(ends[::2], ends[1::2], strict=True))
    assert all(math.hypot(x - 20, y - 20) == pytest.approx(radius, abs=0.02) for x, y in points)
    length = sum(math.dist(points[k], points[k + 1]) for k in range(0, len(points), 2))
    assert length == pytest.approx(2 * math.pi * radius, rel=2e-3)


def test_zero_lines_of_a_saddle_do_not_cross(play: PlayPage) -> None:
    ends = call(play, "contours", "return m.zeroLine(Float32Array.from([3, -1, -1, 3]), 2, 2);")
    assert len(ends) == 8
    # The middle is positive: each line cuts off one of the two negative corners.
    corners = [(1.0, 0.0), (0.0, 1.0)]
    for x1, y1, x2, y2 in (ends[:4], ends[4:]):
        distances = [math.dist(((x1 + x2) / 2, (y1 + y2) / 2), corner) for corner in corners]
        assert min(distances) < 0.5


def test_a_long_curve_is_short_and_keeps_its_peak_and_its_gap(play: PlayPage) -> None:
    values: list[float | None] = [1.0] * 20_000
    values[12_345], values[7_000] = 50.0, None
    body = """const lines = m.decimated(v, 0, (epoch) => epoch / 50, (value) => 100 - value, Number.isFinite);
      return lines;"""
    lines = call(play, "curve_data", body, values)
    assert len(lines) == 2
    assert sum(len(line) for line in lines) < 2 * 2 * 402
    assert min(y for line in lines for y in line[1::2]) == 50


def test_updates_and_epochs_follow_the_batch_size_of_each_segment(play: PlayPage) -> None:
    segments = [{"epoch": 0, "update": 0}, {"epoch": 10, "update": 70}]
    body = """const frame = {updates_per_epoch: 2};
      return [4, 10, 13].map((epoch) => {
        const update = m.updateAt(epoch, v, frame);
        return [update, m.epochAt(update, v, frame)];
      });"""
    assert call(play, "curve_data", body, segments) == [[28, 4], [70, 10], [76, 13]]


def test_animated_png_shows_its_frames_in_order(play: PlayPage) -> None:
    body = """const canvas = document.createElement("canvas");
      [canvas.width, canvas.height] = [20, 10];
      const files = [];
      for (const colour of ["red", "lime", "blue"]) {
        const context = canvas.getContext("2d");
        context.fillStyle = colour;
        context.fillRect(0, 0, 20, 10);
        const blob = await new Promise((resolve) => canvas.toBlob(resolve));
        files.push(new Uint8Array(await blob.arrayBuffer()));
      }
      return [...new Uint8Array(await m.animatedPng(files, [80, 80, 1500]).arrayBuffer())];"""
    found = chunks(bytes(call(play, "apng", body)))
    names = [name for name, _ in found]
    assert names[:3] == [b"IHDR", b"acTL", b"fcTL"]
    assert names[-1] == b"IEND"
    assert struct.unpack(">II", dict(found)[b"acTL"]) == (3, 0)
    numbered = [struct.unpack(">I", content[:4])[0] for name, content in found if name in (b"fcTL", b"fdAT")]
    assert numbered == list(range(len(numbered)))
    controls = [struct.unpack(">IIIIIHHBB", content) for name, content in found if name == b"fcTL"]
    assert [control[1:7] for control in controls] == [(20, 10, 0, 0, delay, 1000) for delay in (80, 80, 1500)]
    start = max(k for k, name in enumerate(names) if name == b"fcTL")
    last = b"".join(content[4:] for name, content in found[start:] if name == b"fdAT")
    assert zlib.decompress(last)[1:4] == b"\x00\x00\xff"


def test_boundary_is_saved_with_a_vector_for_each_row(play: PlayPage, tmp_path: Path) -> None:
    root = ElementTree.parse(saved(play, "#boundary", 1, tmp_path)).getroot()
    scene = play.talk.scene
    marks = [path for path in root.iter(f"{SVG}path") if re.fullmatch(r"rgb\(.*\)", path.get("fill", ""))]
    assert len(marks) >= scene["data"]["n_rows"] + scene["data"]["n_validation"]
    assert len(list(root.iter(f"{SVG}image"))) == 1
    assert {"x", "y"} <= {text.text for text in root.iter(f"{SVG}text")}
    assert not any(element.get("class") or element.get("style") for element in root.iter())


@pytest.mark.parametrize("region", ["#network", "#boundary", "#curves", "#tab-see"])
def test_png_has_twice_the_size_of_the_svg(play: PlayPage, tmp_path: Path, region: str) -> None:
    root = ElementTree.parse(saved(play, region, 1, tmp_path)).getroot()
    header = chunks(saved(play, region, 2, tmp_path).read_bytes())[0][1]
    assert struct.unpack(">II", header[:8]) == (2 * int(root.attrib["width"]), 2 * int(root.attrib["height"]))


def test_table_of_the_network_has_every_parameter(play: PlayPage) -> None:
    play.page.locator("#network .picture-menu summary").click()
    play.page.locator("#network .picture-items button").first.click()
    dialog = play.page.locator("dialog.picture-dialog")
    n_parameters = play.talk.scene["network"]["n_parameters"]
    play.until(lambda: dialog.locator("td.number").count() == n_parameters, "all parameters")
    play.press("Escape")
    dialog.wait_for(state="detached")


def test_arrow_keys_move_from_a_unit_to_its_weight_and_enter_selects_it(play: PlayPage) -> None:
    play.unit(1, 0).focus()
    play.press("ArrowRight")
    label = "document.activeElement.getAttribute('aria-label')"
    assert re.match(r"Theta_1\[0, 1\] = ", play.page.evaluate(label))
    play.press("ArrowRight")
    assert play.page.evaluate(label).startswith("unit 1 of layer 2")
    play.press("ArrowLeft", "Enter")
    assert play.page.evaluate("document.activeElement.getAttribute('aria-label')").startswith("Theta_1[0, 0] = ")
    assert play.page.locator(".link-halo.chosen").get_attribute("d")


def test_a_pointer_moved_by_keys_finds_a_row(play: PlayPage) -> None:
    play.page.locator(".picture-boundary").focus()
    play.press("ArrowRight", "Enter")
    play.page.locator(".chosen-ring").or_(play.page.locator(".near-ring")).first.wait_for(state="attached")
    play.until_found(r"(training|validation) row \d+", play.page.locator(".picture-boundary .picture-tip"))


def test_a_wide_layer_says_how_many_units_are_not_drawn(play: PlayPage) -> None:
    for _ in range(5):
        with play.answering("change"):
            play.page.locator("[data-control=more-0]").click()
    play.frame_at(0)
    nodes = play.page.locator("#network .network-nodes rect")
    play.until(lambda: nodes.count() == 2 + 8 + 5 + 1, "the drawing of the frame")
    button = play.page.get_by_role("button", name="+ 2 not drawn", exact=True)
    cells = play.page.locator("dialog.picture-dialog tbody tr")

    def has_sizes() -> bool:
        """Open the table, which is not written anew: before the weights of the frame, it has dashes."""
        button.press("Enter")
        cells.nth(9).wait_for()
        if not any("–" in text for text in cells.all_inner_texts()):
            return True
        play.press("Escape")
        cells.first.wait_for(state="detached")
        return False

    play.until(has_sizes, "the sizes of the weights")
    rows = [text.split("\t") for text in cells.all_inner_texts()]
    assert [drawn for _, _, drawn in rows] == ["yes"] * 8 + ["no"] * 2
    first, last = play.thetas[:30].reshape(10, 3)[:, 1:], play.thetas[30:85].reshape(5, 11)[:, 1:]
    sizes = sorted(((first**2).sum(axis=1) + (last**2).sum(axis=0)) ** 0.5, reverse=True)
    assert [float(size) for _, size, _ in rows] == pytest.approx(sizes, rel=1e-4)
    play.press("Escape")


def test_inputs_of_the_plane_are_drawn_before_those_with_larger_weights(play: PlayPage) -> None:
    inputs = ["age", "age group=old", "age group=young", *(f"city={k}" for k in range(9)), "income"]
    body = """const columns = m.inputsOfColumns(["city", "age"], v, ["age", "age group", "city", "income"]);
      const thetas = Float32Array.from({length: 14}, (_, k) => k); // the weight of input j is j + 1
      const drawn = (first) => m.drawnUnits([13, 1], thetas, 900, 600, first)[0];
      return [columns, drawn(columns), drawn([])];"""
    columns, drawn, largest = call(play, "network_layout", body, inputs)
    assert columns == [list(range(3, 12)), [0]]
    assert drawn == [0, *range(5, 12)]
    assert largest == list(range(5, 13))


def test_names_that_are_cut_differ(play: PlayPage) -> None:
    names = [f"product category {k:02d} of shop" for k in range(30)]
    short = call(play, "drawing", "return m.shortNames(v, 8);", names)
    assert len(set(short)) == 30
    assert all(len(name) <= 8 for name in short)
    assert call(play, "drawing", "return m.shortNames(v, 8);", ["no", "yes"]) == ["no", "yes"]


def test_a_legend_of_many_classes_has_two_lines_and_tells_the_rest(play: PlayPage) -> None:
    names = [f"class number {k}" for k in range(30)]
    body = """const store = {scene: {data: {classes: v, n_validation: 10}}};
      const t = (key) => key.split(".").at(-1);
      const {places, height} = m.legendElements({store, t}, {task: "classification"}, 330);
      return [places.map(({x, y, length, full}) => [x, y, length, full]), height];"""
    places, height = call(play, "boundary_legend", body, names)
    assert len({y for _, y, _, _ in places}) == 2
    assert height < 40
    assert all(x + length <= 330 for x, _, length, _ in places)
    told = [name for *_, full in places for name in full.split(", ")]
    assert [name for name in told if name in names] == names


def test_there_are_no_lines_around_single_cells_and_what_is_no_number(play: PlayPage) -> None:
    field = [1.0] * 49
    field[24] = -1.0
    assert call(play, "contours", "return m.zeroLine(Float32Array.from(v), 7, 7);", field) == []
    field[25] = -1.0
    assert len(call(play, "contours", "return m.zeroLine(Float32Array.from(v), 7, 7);", field)) == 4 * 6
    body = """const field = Float32Array.from({length: 49}, (_, k) => (k % 7) - 2.5);
      [field[23], field[30], field[37]] = [NaN, Infinity, -Infinity];
      return [...m.zeroLine(field, 7, 7)].map(String);"""
    ends = call(play, "contours", body)
    assert ends
    assert all(math.isfinite(float(end)) for end in ends)


@pytest.mark.parametrize(("largest", "width"), [(9.7e5, 150), (1.23456e-7, 150), (4.1e18, 150), (8.0, 320)])
def test_ticks_of_prediction_errors_do_not_overlap(play: PlayPage, largest: float, width: int) -> None:
    body = """const targets = Float32Array.from([0, 0.3, 1], (share) => share * v[0]);
      const predicted = Float32Array.from([v[0] / 2, NaN, Infinity]);
      const arrays = new Map([["targets", {data: targets}]]);
      const scene = {scene: 1, data: {n_validation: 0}, view: {number: 1}, arrays};
      const frame = {scene: 1, view: 1, arrays: new Map([["predicted", {data: predicted}]])};
      const surface = document.querySelector(".picture-network > svg").cloneNode();
      surface.append(...m.residualElements({t: (key) => key, store: {scene, frame}}, v[1], 120));
      document.querySelector(".picture-network").append(surface);
      const texts = [...surface.querySelectorAll("text:not(.axis-name)")].map((text) => text.getBoundingClientRect());
      const boxes = texts.map(({left, right, top, bottom}) => [left, right, top, bottom]);
      const written = surface.innerHTML;
      surface.remove();
      return [boxes, written];"""
    boxes, written = call(play, "residuals", body, [largest, width])
    assert len(boxes) >= 4
    assert not re.search("NaN|Infinity", written)
    for k, (left, right, top, bottom) in enumerate(boxes):
        for left2, right2, top2, bottom2 in boxes[:k]:
            # The boxes of texts are a little higher than their letters.
            assert left >= right2 or right <= left2 or top + 3 >= bottom2 or bottom <= top2 + 3


def test_saturated_units_are_explained_below_the_network(play: PlayPage) -> None:
    assert play.page.locator(".legend-hit").count() == 0
    with play.answering("change"):  # which may replace the fields
        play.parameter("solver").select_option("sgd")
    field = play.page.locator("#settings input[data-parameter=learning_rate_init]").first
    with play.answering("change"):
        field.fill("1000")
        field.press("Enter")
    play.train(3)
    rule = play.page.get_by_role("button", name=text_of("views.network.rule_saturated"), exact=True)
    rule.wait_for()
    play.page.get_by_text(text_of("views.network.badge_saturated"), exact=True).wait_for()
    rule.click()
    tip = play.page.locator(".picture-network .picture-tip")
    play.until(lambda: tip.inner_text() == text_of("views.network.rule_saturated"), "the explanation")


@pytest.fixture
def wide_table(tmp_path: Path) -> Path:
    """Amounts with many columns."""
    draw = random.Random(0)
    lines = [",".join([*(f"column {k}" for k in range(14)), "revenue"])]
    lines += [",".join(f"{draw.random():.3f}" for _ in range(14)) + f",{draw.random() * 1e12:.0f}" for _ in range(120)]
    path = tmp_path / "revenue.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_the_inputs_that_are_drawn_are_chosen_again_when_training_pauses(play: PlayPage, wide_table: Path) -> None:
    open_table(play, wide_table, "revenue")
    plane = play.talk.scene["view"]["plane"]
    inputs = play.talk.scene["data"]["inputs"]

    def is_right() -> bool:
        sizes = (play.thetas[: 5 * 15].reshape(5, 15)[:, 1:] ** 2).sum(axis=0)
        others = sorted((k for k in range(14) if inputs[k] not in plane.values()), key=lambda k: -sizes[k])
        expected = sorted([inputs.index(plane["x"]), inputs.index(plane["y"]), *others[:6]])
        rects = play.page.locator("#network .network-nodes rect.input").all()
        drawn = [(rect.get_attribute("aria-label") or "").split(",")[0] for rect in rects]
        found.append(drawn)
        return drawn == [inputs[k] for k in expected]

    found: list[list[str]] = []
    play.until(is_right, "the inputs at the start")
    before = found[-1]
    play.train(12)
    play.until(is_right, "the inputs after training")
    assert found[-1] != before


def test_pictures_of_a_table_draw_its_plane_and_say_that_training_diverged(play: PlayPage, wide_table: Path) -> None:
    open_table(play, wide_table, "revenue")
    plane = play.talk.scene["view"]["plane"]
    names = play.page.locator("#network .network-nodes rect.input[aria-label]")
    play.until(lambda: names.count() == 8, "the drawing of the table")
    drawn = [rect.get_attribute("aria-label").split(",")[0] for rect in names.all()]
    assert {plane["x"], plane["y"]} <= set(drawn)
    note = play.page.locator("#boundary-body .long-note-text")
    cut = note.bounding_box()["height"]
    more = play.button("views.note.more")
    more.press("Enter")
    play.until(lambda: note.bounding_box()["height"] > cut + 10, "the whole note")
    play.button("views.note.less").press("Enter")
    play.until(lambda: note.bounding_box()["height"] == cut, "the short note")
    with play.answering("change"):  # each change is answered before the next one, which may replace the fields
        play.parameter("solver").select_option("sgd")
    for k in range(2):  # units of ReLU could all die instead, with a finite cost
        with play.answering("change"):
            play.page.locator(f"[data-control=activation-{k}]").select_option("identity")
    field = play.page.locator("#settings input[data-parameter=learning_rate_init]").first
    with play.answering("change") as answers:
        field.fill("1000")
        field.press("Enter")
    assert answers
    play.until(play.is_newest, "a frame of the last change")
    play.play_at_full_speed()
    play.until(lambda: play.talk.frame["reason"] == "diverged", "the end of training")
    play.page.locator("#network").get_by_text(text_of("views.picture.diverged"), exact=True).wait_for()
    play.page.locator(".picture-alert").nth(3).wait_for(state="attached")
    written = play.page.evaluate("[...document.querySelectorAll('svg')].map((each) => each.innerHTML).join()")
    assert not re.search("NaN|Infinity", written)


def test_texts_for_screen_readers_have_the_numbers_of_the_picture(play: PlayPage) -> None:
    frame = play.train(3)
    texts = {
        "network": rf"after {frame['update']} updates",
        "curves": r"Cost [\d.]+ on the training rows after 3 epochs",
        "boundary": r"after 3 epochs. Accuracy [\d.]+ on the training rows",
        "confusion": r"[\d]+ of 150 rows are predicted correctly",
    }
    for name, text in texts.items():
        picture = play.page.locator(f".picture-{name}")
        play.until(lambda: bool(re.search(text, picture.get_attribute("aria-label") or "")), f"the text of {name}")  # noqa: B023


def test_controls_of_layers_do_not_overlap_on_a_phone(new_play: Callable[..., PlayPage]) -> None:
    play = new_play(width=420, height=900)
    play.until(lambda: play.page.locator(".layer-head").count() == 4, "the layers")
    heads = [head.bounding_box() for head in play.page.locator(".layer-head").all()]
    assert all(one["x"] + one["width"] <= other["x"] for one, other in pairwise(heads))


def test_a_finger_selects_a_row_and_goes_to_an_epoch(new_play: Callable[..., PlayPage]) -> None:
    play = new_play(has_touch=True)
    play.train(4)
    with play.answering("go_to"):
        play.page.locator(".curves-slider").tap()
    box = play.page.locator(".picture-boundary").bounding_box()
    play.page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    play.page.locator(".picture-boundary .picture-tip").wait_for(state="visible")
