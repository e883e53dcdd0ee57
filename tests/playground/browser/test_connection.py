"""Several pages, pages that are closed, and a server that ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from .conftest import Server
from .play_page import PlayPage, pattern_of, text_of


@pytest.fixture
def small_server() -> Iterator[Server]:
    """A server of its own, for two pages."""
    server = Server("--max-sessions", "2")
    yield server
    server.close()


def test_two_pages_have_separate_runs(play: PlayPage, new_play: Callable[..., PlayPage]) -> None:
    other = new_play()
    start = other.talk.frame
    end = play.train(2)
    with other.answering("change"):
        other.parameter("alpha").fill("1")
        other.press("Enter")
    other.frame_at(0)
    assert np.array_equal(other.talk.frame.arrays["thetas"], start.arrays["thetas"])
    assert play.talk.scene["setup"]["parameters"]["alpha"] == 0
    other.train(2)
    assert not np.array_equal(other.talk.frame.arrays["thetas"], end.arrays["thetas"])
    other.page.close()
    play.train(1)


def test_a_closed_page_ends_its_session(small_server: Server, new_play: Callable[..., PlayPage]) -> None:
    first = new_play(small_server.address)
    second = new_play(small_server.address)
    first.play_at_full_speed()
    refused = second.page.context.new_page()
    refused.goto(small_server.address)
    notice = refused.locator("#notice")
    notice.get_by_text(pattern_of("shell.lost.reason")).wait_for()
    first.page.close()  # while it trains

    def is_admitted() -> bool:
        button = refused.get_by_role("button", name=text_of("shell.lost.button"))
        if button.is_visible() and button.is_enabled():
            button.click()
        return not notice.is_visible()

    second.until(is_admitted, "a session for the third page")
    refused.get_by_role("button", name=text_of("shell.transport.update"), exact=True).click()
    second.until(lambda: refused.locator("#update-field").input_value() == "1", "the update of the third page")
    second.train(1)


def test_a_page_says_that_its_server_has_ended(small_server: Server, new_play: Callable[..., PlayPage]) -> None:
    play = new_play(small_server.address, expected="WebSocket|ERR_CONNECTION")
    play.train(1)
    play.play_at_full_speed()
    small_server.process.kill()
    notice = play.page.locator("#notice")
    notice.wait_for(state="visible")
    notice.get_by_text(text_of("shell.lost.restarted")).wait_for()
    notice.get_by_role("button", name=text_of("shell.lost.button")).wait_for(state="visible")
    play.page.get_by_role("alert").first.wait_for(state="attached")
    # The page answers: a tab can be chosen, and the help is open.
    play.tab("lessons")
    play.button("shell.help").click()
    play.page.get_by_role("dialog").wait_for(state="visible")


def test_a_reloaded_page_starts_a_session_of_its_own(play: PlayPage) -> None:
    start = play.talk.frame
    play.train(2)
    play.page.reload()
    play.until(lambda: play.talk.n_sockets == 2 and play.talk.frame["update"] == 0, "the first frame")
    assert np.array_equal(play.talk.frame.arrays["thetas"], start.arrays["thetas"])
