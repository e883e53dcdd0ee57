"""axe-core finds no fault of accessibility in any state of the page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from .play_page import PlayPage, text_of
from .test_own_table import choose_file, table, train_on  # noqa: F401

TABS = ("see", "prove", "microscope", "bugs", "lessons", "take")
COLORS = ["color-contrast", "link-in-text-block"]  # the rules that take most of the time
# The dark page has the elements of the light one with other colours, and the narrow one has its colours.
RULES: dict[str, dict[str, Any]] = {
    "light": {},
    "dark": {"runOnly": COLORS},
    "narrow": {"rules": {name: {"enabled": False} for name in COLORS}},
}
WINDOWS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "narrow": {"width": 420, "height": 900},
}


def states(play: PlayPage, path: Path) -> Iterator[str]:
    """Bring the page from state to state; yields the name of each."""
    yield "at the start"
    play.train(3)
    for tab in TABS:
        panel = play.tab(tab)
        panel.locator("button, select").locator("visible=true").first.wait_for()
        yield f"the tab {tab}"
    yield from _proofs_and_code(play)
    yield from _dialogs(play, path)
    yield from _lesson_and_bug(play)
    play.tab("see")
    with play.answering("change_data"):
        play.shape("waves").click()
    play.frame_at(0)
    play.train(2)
    with play.answering("change"):
        play.parameter("learning_rate_init").fill("-3")
        play.press("Enter")
    yield "amounts, and an error"


def _proofs_and_code(play: PlayPage) -> Iterator[str]:
    play.tab("see")
    with play.answering("importance"), play.answering("diagnose"):
        play.button("views.importance.measure").click()
        play.button("views.diagnosis.run").click()
    yield "measured importance and diagnosis"
    with play.answering("prove_weight"):
        play.page.locator("#network-body path.link-hit").nth(3).dispatch_event("click")
    yield "a weight"
    with play.answering("prove_unit"):
        play.unit(3, 1).click()
    yield "a unit"
    play.tab("take")
    with play.answering("python"), play.answering("link"):
        play.button("panels.take.python_button").click()
        play.button("panels.take.link_button").click()
    yield "code and link"


def _dialogs(play: PlayPage, path: Path) -> Iterator[str]:
    dialog = play.page.get_by_role("dialog")
    for button in ("shell.help", "shell.transport.branch"):
        play.button(button).click()
        dialog.wait_for()
        yield f"the dialog of {button}"
        play.press("Escape", "Escape")
        dialog.wait_for(state="hidden")
    menu = play.page.locator("#curves details.picture-menu")
    menu.locator("summary").click()
    yield "the menu of a picture"
    menu.get_by_role("button", name=text_of("views.picture.table"), exact=True).click()
    yield "the table of a picture"
    play.press("Escape", "Escape")
    dialog.wait_for(state="hidden")
    choose_file(play, path)
    yield "the columns of a table"
    train_on(play, "buys")
    dialog.wait_for(state="hidden")
    yield "a table"


def _lesson_and_bug(play: PlayPage) -> Iterator[str]:
    panel = play.tab("lessons")
    with play.answering("open"):
        title = "What one unit can do"
        panel.get_by_role("button", name=text_of("panels.lessons.start_named", title=title), exact=True).click()
    panel.get_by_role("spinbutton").fill("3")
    with play.answering("run_step"):
        play.button("panels.lessons.run").click()
    panel.get_by_text(text_of("panels.lessons.verdict_right"), exact=True).wait_for()
    yield "a lesson"
    with play.answering("leave_lesson"):
        panel.get_by_role("button", name=text_of("panels.lessons.leave"), exact=True).click()
    play.tab("bugs")
    with play.answering("set_bug"):
        play.button("panels.bugs.mystery").click()
    with play.answering("check_bug"):
        play.button("panels.bugs.check").click()
    yield "a hidden mistake"
    with play.answering("set_bug"):
        play.button("panels.bugs.leave").click()


@pytest.mark.parametrize("window", WINDOWS)
def test_no_fault_of_accessibility(
    new_play: Callable[..., PlayPage],
    axe: Any,
    window: str,
    table: Path,  # noqa: F811
) -> None:
    # The program of axe is put into the page as a text, which its policy refuses.
    play = new_play(bypass_csp=True, **WINDOWS[window])
    faults: dict[str, str] = {}
    options = {"resultTypes": ["violations"], **RULES[window]}
    for state in states(play, table):
        for violation in axe.run(play.page, options=options).response["violations"]:
            for node in violation["nodes"]:
                name = f"{violation['impact']}: {violation['id']}: {node['html'][:200]}"
                faults.setdefault(name, f"first in: {state}")
    assert faults == {}
