"""``multilayer play FILE``: the page opens with a table or with a lesson."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from multilayer.playground import lessons

from .conftest import Server
from .play_page import PlayPage, text_of
from .test_own_table import table  # noqa: F401

LESSON = Path(lessons.__file__).parent / "one-unit.toml"


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    """Start playgrounds."""
    started: list[Server] = []

    def start(*options: str) -> Server:
        started.append(Server(*options))
        return started[-1]

    yield start
    for server in started:
        server.close()


def test_a_table_of_the_command(
    serve: Callable[..., Server],
    new_play: Callable[..., PlayPage],
    table: Path,  # noqa: F811
) -> None:
    play = new_play(serve(str(table), "--target", "buys").address)
    assert play.talk.scene["data"]["title"] == "customers.csv"
    assert play.talk.scene["data"]["target"] == "buys"
    play.train(2)


def test_a_lesson_of_the_command(
    serve: Callable[..., Server], new_play: Callable[..., PlayPage], tmp_path: Path
) -> None:
    path = tmp_path / "mine.toml"
    text = LESSON.read_text(encoding="utf-8")
    path.write_text(text.replace("What one unit can do", "A lesson of a teacher"), encoding="utf-8")
    play = new_play(serve(str(path)).address)
    panel = play.page.locator("#tab-lessons")
    panel.get_by_role("heading", name="A lesson of a teacher").wait_for()
    panel.get_by_role("spinbutton").fill("3")
    with play.answering("run_step") as answers:
        panel.get_by_role("button", name=text_of("panels.lessons.run"), exact=True).click()
    assert answers[0]["lesson"]["steps"][0]["is_right"]
