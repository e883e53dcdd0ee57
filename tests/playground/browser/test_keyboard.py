"""Everything without a mouse: the focus moves by Tab and arrows, and returns where it was."""

from __future__ import annotations

from typing import Any

import numpy as np

from .play_page import PlayPage, text_of

MOST_TABS = 150


def has_focus(locator: Any) -> bool:
    """Whether the focus is on this element."""
    return locator.count() == 1 and locator.evaluate("element => element === document.activeElement")


def tab_to(play: PlayPage, locator: Any, key: str = "Tab") -> None:
    """Press Tab until an element has the focus."""
    for _ in range(MOST_TABS):
        play.press(key)
        if has_focus(locator):
            return
    raise AssertionError(f"{MOST_TABS} presses of {key} do not lead to {locator}")


def wait_for_focus(play: PlayPage, locator: Any) -> None:
    """Wait until an element has the focus."""
    play.until(lambda: has_focus(locator), f"the focus on {locator}")


def type_into(play: PlayPage, locator: Any, text: str, key: str = "Tab") -> None:
    """Tab to a field and write into it."""
    tab_to(play, locator, key)
    play.press("Control+a")
    play.page.keyboard.type(text)


def test_the_skip_link_leads_to_the_network(play: PlayPage) -> None:
    play.press("Tab")
    wait_for_focus(play, play.page.get_by_role("link", name=text_of("shell.skip")))
    play.press("Enter")
    wait_for_focus(play, play.page.locator("#network"))


def test_training_by_the_keyboard(play: PlayPage) -> None:
    start = play.talk.frame
    type_into(play, play.parameter("learning_rate_init"), "0.02")
    with play.answering("change") as answers:
        play.press("Enter")
    assert answers[0]["setup"]["parameters"]["learning_rate_init"] == 0.02
    tab_to(play, play.button("shell.transport.play"), "Shift+Tab")
    with play.answering("play"):
        play.press("Space")
    play.until(lambda: play.talk.frame["epoch"] >= 2, "two epochs")
    wait_for_focus(play, play.button("shell.transport.pause"))
    with play.answering("pause") as answers:
        play.press("Space")
    end = play.frame_at(answers[-1]["update"])
    slider = play.field("shell.transport.slider", "#transport")
    tab_to(play, slider)
    play.press("Home")
    assert np.array_equal(play.frame_at(0).arrays["thetas"], start.arrays["thetas"])
    play.press("ArrowRight", "ArrowRight")
    play.frame_at(2)
    play.press("End")
    assert np.array_equal(play.frame_at(end["update"]).arrays["thetas"], end.arrays["thetas"])
    type_into(play, play.field("shell.transport.update_number", "#transport"), "7", "Shift+Tab")
    play.press("Enter")
    play.frame_at(7)


def test_keys_of_the_whole_page(play: PlayPage) -> None:
    play.press("ArrowRight")
    play.frame_at(1)
    play.press("Shift+ArrowRight")
    play.frame_at(7)
    play.press("ArrowLeft")
    play.frame_at(6)
    play.press("Home")
    play.frame_at(0)
    with play.answering("play"):
        play.press("Space")
    play.until(lambda: play.talk.frame["update"] > 7, "an update")
    with play.answering("pause") as answers:
        play.press("Space")
    play.frame_at(answers[-1]["update"])
    for number, name in enumerate(("see", "prove", "microscope", "bugs", "lessons", "take"), 1):
        play.press(str(number))
        play.page.locator(f"#tab-{name}").wait_for(state="visible")
    with play.answering("reset"):
        play.press("r")
    play.frame_at(0)


def test_a_weight_is_selected_and_proved(play: PlayPage) -> None:
    play.train(1)
    play.press("Tab")
    play.page.keyboard.press("Shift+Tab")
    drawing = play.page.locator("#network-body svg [role=button][tabindex='0']")
    tab_to(play, drawing)
    play.press("ArrowRight", "ArrowDown")
    name = play.page.evaluate("document.activeElement.getAttribute('aria-label')")
    with play.answering("prove_weight") as answers:
        play.press("Enter")
    proof = answers[0]
    assert name.startswith(proof["name"])
    result = play.page.get_by_role("region", name=text_of("panels.prove.result"))
    result.get_by_text(proof["name"], exact=True).first.wait_for(state="visible")
    wait_for_focus(play, drawing)
    play.press("End")  # the output unit
    with play.answering("prove_unit") as answers:
        play.press("Enter")
    assert answers[0]["equation"] == "B1"


def test_the_tabs_by_arrows(play: PlayPage) -> None:
    names = ("see", "prove", "microscope", "bugs", "lessons", "take")
    tab_to(play, play.page.get_by_role("tab", selected=True))
    for name in (*names[1:], "see"):
        play.press("ArrowRight")
        tab = play.page.get_by_role("tab", name=text_of(f"shell.tabs.{name}"), exact=True)
        play.until(lambda: tab.get_attribute("aria-selected") == "true", f"the tab {name}")  # noqa: B023
        wait_for_focus(play, tab)
        play.page.locator(f"#tab-{name}").wait_for(state="visible")
        play.until(lambda: play.page.locator(".tab").locator("visible=true").count() == 1, "one tab")


def test_a_lesson_by_the_keyboard(play: PlayPage) -> None:
    play.press("5")
    panel = play.page.locator("#tab-lessons")
    title = "What one unit can do"
    start = panel.get_by_role("button", name=text_of("panels.lessons.start_named", title=title), exact=True)
    start.wait_for()
    tab_to(play, start)
    with play.answering("open"):
        play.press("Enter")
    panel.get_by_role("spinbutton").wait_for()
    play.until(lambda: play.page.evaluate("document.activeElement.closest('#tab-lessons') !== null"), "the focus")
    type_into(play, panel.get_by_role("spinbutton"), "3")
    tab_to(play, panel.get_by_role("button", name=text_of("panels.lessons.run"), exact=True))
    with play.answering("run_step") as answers:
        play.press("Enter")
    assert answers[0]["lesson"]["steps"][0]["is_right"]
    feedback = panel.locator(":focus").get_by_text(text_of("panels.lessons.verdict_right"), exact=True)
    feedback.wait_for()
    tab_to(play, panel.get_by_role("button", name=text_of("panels.lessons.next"), exact=True))
    with play.answering("show_step"):
        play.press("Enter")
    radio = panel.get_by_role("radio").first
    tab_to(play, radio)
    play.press("ArrowDown")
    play.until(panel.get_by_role("radio").nth(1).is_checked, "the second choice")


def dialog_returns_the_focus(play: PlayPage, opener: Any) -> None:
    dialog = play.page.get_by_role("dialog")
    dialog.wait_for(state="visible")
    play.until(lambda: play.page.evaluate("document.activeElement.closest('dialog') !== null"), "the focus")
    for _ in range(12):  # the focus stays in the dialog, or in the browser's own bar
        play.press("Tab")
        assert play.page.evaluate("document.activeElement.closest('#page') === null")
    play.press("Escape")
    if dialog.is_visible():  # the first press closes a hover text
        play.press("Escape")
    dialog.wait_for(state="hidden")
    wait_for_focus(play, opener)


def test_dialogs_return_the_focus(play: PlayPage) -> None:
    play.train(1)
    help_button = play.button("shell.help")
    tab_to(play, help_button)
    play.press("Enter")
    dialog_returns_the_focus(play, help_button)
    play.press("?")
    dialog_returns_the_focus(play, help_button)
    branch_button = play.button("shell.transport.branch")
    tab_to(play, branch_button, "Shift+Tab")
    play.press("Enter")
    dialog_returns_the_focus(play, branch_button)
    table_button = play.button("shell.data.table")
    tab_to(play, table_button)
    play.press("Enter")
    dialog_returns_the_focus(play, table_button)


def test_the_table_of_a_picture(play: PlayPage) -> None:
    play.train(1)
    menu = play.page.locator("#curves details.picture-menu summary")
    tab_to(play, menu)
    play.press("Enter")
    tab_to(play, play.page.locator("#curves details.picture-menu button").first)
    play.press("Enter")
    dialog_returns_the_focus(play, menu)


def test_layers_are_added_and_removed(play: PlayPage) -> None:
    add = play.page.locator("#network-body").get_by_role("button", name=text_of("views.network.add_layer"), exact=True)
    tab_to(play, add)
    with play.answering("change") as answers:
        play.press("Enter")
    assert answers[0]["network"]["layer_sizes"] == [2, 5, 5, 5, 1]
    wait_for_focus(play, add)  # the drawing is new, and the focus where it was
    remove = play.page.locator("#network-body").get_by_role(
        "button", name=text_of("views.network.remove_layer", layer=4), exact=True
    )
    tab_to(play, remove, "Shift+Tab")
    with play.answering("change") as answers:
        play.press("Enter")
    assert answers[0]["network"]["layer_sizes"] == [2, 5, 5, 1]
    play.until(lambda: play.page.evaluate("document.activeElement !== document.body"), "the focus")
