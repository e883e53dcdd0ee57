"""A page of the playground in the browser, as a person uses it: by names of buttons and fields."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import multilayer.playground

from .conversation import Answer, Conversation

SECONDS = 60.0  # for a condition to become true, on a busy machine
STRINGS = Path(multilayer.playground.__file__).parent / "static" / "strings" / "en.json"
TEXTS: dict[str, str] = json.loads(STRINGS.read_text(encoding="utf-8"))


def text_of(key: str, **values: object) -> str:
    """The text of a key of the strings, with its values filled in."""
    return re.sub(r"\{(\w+)\}", lambda match: str(values[match[1]]), TEXTS[key])


def pattern_of(key: str) -> re.Pattern[str]:
    """A pattern for the text of a key with any values."""
    return re.compile(".*".join(map(re.escape, re.split(r"\{\w+\}", TEXTS[key]))))


class PlayPage:
    """A page, its recorded messages, and what went wrong on it.

    Parameters
    ----------
    page : playwright.sync_api.Page
        The page; it is opened by :meth:`open`.
    """

    def __init__(self, page: Any) -> None:
        self.page = page
        self.talk = Conversation()
        self.console: list[str] = []  # errors and warnings
        self.addresses: list[str] = []  # of everything that was requested
        page.on("websocket", self._socket)
        page.on("request", lambda request: self.addresses.append(request.url))
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.console.append(f"uncaught: {error}"))

    def _socket(self, socket: Any) -> None:
        self.addresses.append(socket.url)
        self.talk.listen(socket)

    def _console(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.console.append(f"{message.type}: {message.text}")

    def open(self, address: str) -> PlayPage:
        """Open the page, and wait until it is drawn."""
        self.page.goto(address)
        self.until(lambda: bool(self.talk.frames), "the first frame")
        self.unit(2, 0).wait_for(state="attached")
        return self

    # Controls

    def button(self, key: str, **values: object) -> Any:
        """The visible button with the text of a key as its name."""
        return self.page.get_by_role("button", name=text_of(key, **values), exact=True)

    def field(self, key: str, inside: str = "body", **values: object) -> Any:
        """The field with the text of a key as its label."""
        return self.page.locator(inside).get_by_label(text_of(key, **values), exact=True)

    def parameter(self, name: str) -> Any:
        """The field of a parameter in the settings."""
        return self.page.locator(f"#settings [data-parameter={name}]")

    def tab(self, name: str) -> Any:
        """Choose a tab; returns its panel."""
        self.page.get_by_role("tab", name=text_of(f"shell.tabs.{name}"), exact=True).click()
        return self.page.locator(f"#tab-{name}")

    def shape(self, name: str) -> Any:
        """The label of a shape, which a person clicks."""
        radio = self.page.get_by_role("radio", name=text_of(f"shell.shape.{name}"), exact=True)
        return self.page.locator("label", has=radio)

    def unit(self, layer: int, unit: int) -> Any:
        """The unit of the drawing, by its place: layers count from 1 and units from 0."""
        return self.page.locator("#network-body .network-nodes rect[role=button]").nth(self._place(layer, unit))

    def _place(self, layer: int, unit: int) -> int:
        return sum(self.talk.scene["network"]["layer_sizes"][: layer - 1]) + unit

    def press(self, *keys: str) -> None:
        """Press keys one after the other."""
        for key in keys:
            self.page.keyboard.press(key)

    # Waiting

    def until_found(self, pattern: str, locator: Any) -> re.Match[str]:
        """Wait until a pattern is in the text of an element, which is drawn later than its frame arrives."""
        self.until(lambda: re.search(pattern, locator.inner_text()) is not None, f"{pattern} in {locator}")
        found = re.search(pattern, locator.inner_text())
        assert found is not None
        return found

    def until(self, condition: Callable[[], bool], what: str) -> None:
        """Wait until a condition of the recorded messages is true."""
        end = time.monotonic() + SECONDS
        while not condition():
            if time.monotonic() > end:
                raise AssertionError(f"waited {SECONDS:g} s for {what}; errors of the page: {self.console}")
            self.page.wait_for_timeout(10)  # Playwright receives messages meanwhile

    @contextmanager
    def answering(self, name: str) -> Iterator[list[Answer]]:
        """Wait at the end until a request of this name, made within, is answered: the answer is in the list."""
        before = len(self.talk.answers_to(name))
        found: list[Answer] = []
        yield found
        self.until(lambda: len(self.talk.answers_to(name)) > before, f"the answer to {name}")
        found += self.talk.answers_to(name)[before:]

    def frame_at(self, update: int) -> Answer:
        """Wait until the newest frame shows this update of the newest scene, paused."""

        def is_there() -> bool:
            frame = self.talk.frame
            return self.is_newest() and frame["update"] == update and not frame["is_playing"]

        self.until(is_there, f"update {update}")
        return self.talk.frame

    def is_newest(self) -> bool:
        """Whether the newest frame belongs to the newest scene."""
        frame, scene = self.talk.frame, self.talk.scene
        return bool(frame["scene"] == scene["scene"] and frame["run"] >= scene["run"])

    # What is done often

    def train(self, epochs: int) -> Answer:
        """Train by whole epochs, by their key; returns the frame at the end."""
        self.page.locator("body").focus()
        self.until(self.is_newest, "a frame of the newest scene")  # another batch size changes the updates of an epoch
        update = self.talk.frame["update"]
        each = self.talk.frame["updates_per_epoch"]
        end = (update // each + epochs) * each
        for _ in range(epochs):
            self.page.evaluate("document.activeElement.blur()")
            self.press("Shift+ArrowRight")
        return self.frame_at(end)

    def go_to(self, update: int) -> Answer:
        """Go to an update by the field of the transport; returns its frame."""
        field = self.field("shell.transport.update_number", "#transport")
        field.fill(str(update))
        field.press("Enter")
        return self.frame_at(update)

    def pause(self) -> Answer:
        """Click pause; returns the frame at which training stopped."""
        with self.answering("pause") as answers:
            self.button("shell.transport.pause").click()
        return self.frame_at(answers[-1]["update"])

    def play_at_full_speed(self) -> None:
        """Choose full speed and click play."""
        self.field("shell.transport.speed", "#transport").select_option(text_of("shell.transport.speed.fastest"))
        with self.answering("play"):
            self.button("shell.transport.play").click()

    # Numbers

    @property
    def thetas(self) -> npt.NDArray[np.float32]:
        """The weights of the newest frame."""
        return self.talk.frame.arrays["thetas"]

    @property
    def curves(self) -> dict[str, list[float]]:
        """The curves of the newest run, up to the newest frame."""
        return {name: list(curve) for name, curve in self.talk.curves.items()}

    def shows_score(self, score: float) -> None:
        """Wait until the page shows this score of the training rows, rounded."""
        cell = self.page.locator("#scores tr.network td").first

        def is_shown() -> bool:
            text = cell.inner_text().strip().replace("−", "-")
            try:
                shown = float(text.rstrip("% ").strip()) / (100 if "%" in text else 1)
            except ValueError:  # a dash, before the first score
                return False
            return abs(shown - score) <= 6e-4

        self.until(is_shown, f"the score {score}")


_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻−", "0123456789--")


def number_of(text: str) -> float:
    """The number that the page writes, such as −1.25 × 10⁻³."""
    mantissa, _, power = text.strip().partition(" × 10")
    return float(f"{mantissa.translate(_SUPERSCRIPTS)}e{power.translate(_SUPERSCRIPTS) or 0}")
