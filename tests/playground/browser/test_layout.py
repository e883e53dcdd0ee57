"""Sizes of the window, light and dark, and reduced motion."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .play_page import PlayPage, text_of

TABS = ("see", "prove", "microscope", "bugs", "lessons", "take")

OVERFLOW = """() => ({
    across: document.scrollingElement.scrollWidth - innerWidth,
    down: document.scrollingElement.scrollHeight - innerHeight,
})"""
# Elements whose content is cut off: wider than their box, and not scrolled.
CUT = """() => [...document.querySelectorAll("button, label, h2, h3, summary")].filter((element) => {
    const style = getComputedStyle(element);
    const isShown = element.checkVisibility({ checkVisibilityCSS: true }) && element.clientWidth > 8;
    return isShown && style.textOverflow !== "ellipsis" && element.scrollWidth > element.clientWidth + 1;
}).map((element) => element.outerHTML.slice(0, 200))"""
# Elements that can be clicked, and that lie out of the window without a box that scrolls to them.
OUTSIDE = """() => [...document.querySelectorAll("button, input, select, summary")].filter((element) => {
    if (!element.checkVisibility({ checkVisibilityCSS: true })) return false;
    const box = element.getBoundingClientRect();
    const scrolls = (parent) => /auto|scroll/.test(getComputedStyle(parent).overflow);
    const isScrolled = (parent) => parent && (scrolls(parent) || isScrolled(parent.parentElement));
    return box.width > 1 && (box.left < -1 || box.right > innerWidth + 1) && !isScrolled(element.parentElement);
}).map((element) => element.outerHTML.slice(0, 200))"""


def test_one_screen_without_scrolling(play: PlayPage) -> None:
    play.train(3)
    for tab in TABS:
        play.tab(tab)
        assert play.page.evaluate(OVERFLOW) == {"across": 0, "down": 0}
        assert play.page.evaluate(CUT) == []
    for name in ("network", "boundary", "curves", "scores", "details"):
        box = play.page.locator(f"#{name}").bounding_box()
        assert box["y"] + box["height"] <= 800
        assert box["x"] + box["width"] <= 1280


def test_a_phone_has_no_horizontal_scrolling(new_play: Callable[..., PlayPage]) -> None:
    play = new_play(width=420, height=900, has_touch=True, is_mobile=True)
    for tab in TABS:
        play.tab(tab)
        assert play.page.evaluate(OVERFLOW)["across"] <= 0
        assert play.page.evaluate(OUTSIDE) == []
    play.button("shell.transport.update").tap()
    play.frame_at(1)
    for name in ("network", "boundary", "curves", "scores", "details"):
        box = play.page.locator(f"#{name}").bounding_box()
        assert box["width"] <= 420
        assert box["height"] > 40


def test_reduced_motion(new_play: Callable[..., PlayPage]) -> None:
    play = new_play(reduced_motion="reduce")
    play.train(1)
    moving = play.page.evaluate(
        """() => [...document.querySelectorAll("*")].filter((element) => {
            const style = getComputedStyle(element);
            const durations = [style.transitionDuration, style.animationDuration].flatMap((text) => text.split(","));
            return Math.max(...durations.map(Number.parseFloat)) > 0.05;
        }).map((element) => element.outerHTML.slice(0, 100))"""
    )
    assert moving == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_follows_the_scheme_of_the_system(new_play: Callable[..., PlayPage], scheme: str) -> None:
    play = new_play(color_scheme=scheme)

    def ink() -> float:
        color = play.page.evaluate("getComputedStyle(document.body).color")
        return sum(map(float, color.strip("rgba()").split(",")[:3])) / 765

    assert (ink() < 0.5) is (scheme == "light")
    play.button("shell.theme").click()
    play.until(lambda: (ink() < 0.5) is (scheme == "dark"), "the other scheme")


def test_every_control_has_a_name_and_a_hover_text(play: PlayPage) -> None:
    for tab in TABS:
        play.tab(tab)
    without = play.page.evaluate(
        """() => [...document.querySelectorAll("#page button, #page input, #page select")].filter((element) => {
            const owners = [element, ...(element.labels ?? [])];
            const isExplained = owners.some((owner) => owner.closest("[data-hint], [title]"));
            return element.checkVisibility({ checkVisibilityCSS: true }) && !isExplained;
        }).map((element) => element.outerHTML.slice(0, 160))"""
    )
    assert without == []
    button = play.button("shell.transport.epoch")
    button.hover()
    hint = play.page.get_by_role("tooltip")
    hint.get_by_text(text_of("shell.transport.epoch.hint")).wait_for()
    play.press("Escape")
    hint.wait_for(state="hidden")
