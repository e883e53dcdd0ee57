"""A browser, a server and pages.  Without Playwright or a browser, the tests of this folder are skipped.

- ``MULTILAYER_BROWSER``: the program of a browser of Chromium's family; by default one on the PATH.
- ``MULTILAYER_BROWSER_TESTS=required``: without Playwright or a browser, the tests fail instead of being skipped.
"""

from __future__ import annotations

import importlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any, NoReturn
from urllib.parse import urlsplit

import pytest

from .play_page import SECONDS, PlayPage

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
HOW_TO_INSTALL = (
    "Install Playwright by `pip install playwright`, and a browser by `apt-get install chromium` or "
    "`playwright install chromium`; MULTILAYER_BROWSER may name its program."
)


def _missing(what: str) -> NoReturn:
    reason = f"{what} {HOW_TO_INSTALL}"
    if os.environ.get("MULTILAYER_BROWSER_TESTS") == "required":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def _program() -> str | None:
    """The browser of the machine; None for the one that Playwright has installed."""
    named = os.environ.get("MULTILAYER_BROWSER")
    if named is None:
        return next(filter(None, map(shutil.which, NAMES)), None)
    found = shutil.which(named)
    if found is None:
        _missing(f"MULTILAYER_BROWSER names no program, got {named!r}.")
    return found


@pytest.fixture(scope="package")
def image() -> ModuleType:
    """The module of Pillow that opens pictures."""
    try:
        return importlib.import_module("PIL.Image")
    except ImportError:
        _missing("Pillow is not installed: `pip install pillow`.")


@pytest.fixture(scope="package")
def axe() -> Any:
    """axe-core, which looks for faults of accessibility."""
    try:
        return importlib.import_module("axe_playwright_python.sync_playwright").Axe()
    except ImportError:
        _missing("axe-core is not installed: `pip install axe-playwright-python`.")


@pytest.fixture(scope="package")
def browser() -> Iterator[Any]:
    """The browser of the tests of a worker.  It is closed before other tests: Playwright occupies the event loop."""
    try:
        from playwright.sync_api import Error, expect, sync_playwright
    except ImportError:
        _missing("Playwright is not installed.")
    program = _program()
    # Chromium has no sandbox for the administrator.
    arguments = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    expect.set_options(timeout=1_000 * SECONDS)
    with sync_playwright() as playwright:
        if program is None and not os.path.exists(playwright.chromium.executable_path):
            _missing("No browser is found.")
        try:
            browser = playwright.chromium.launch(executable_path=program, args=arguments)
        except Error as error:
            _missing(f"The browser {program} cannot be started: {str(error).splitlines()[0]}")
        yield browser
        browser.close()


class Server:
    """A playground in a process of its own."""

    def __init__(self, *options: str) -> None:
        command = [sys.executable, "-m", "multilayer.cli", "play", "--no-open", "--port", "0", *options]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, encoding="utf-8")
        assert self.process.stdout is not None
        lines = iter(self.process.stdout.readline, "")
        self.address = next(line.strip() for line in lines if line.strip().startswith("http://"))

    def close(self) -> None:
        """End the process."""
        self.process.terminate()
        self.process.wait(SECONDS)
        if self.process.stdout is not None:
            self.process.stdout.close()


@pytest.fixture(scope="package")
def server() -> Iterator[Server]:
    """The playground of the tests of a worker."""
    server = Server()
    yield server
    server.close()


@pytest.fixture
def new_play(browser: Any, server: Server) -> Iterator[Callable[..., PlayPage]]:
    """Open pages, each in a context of its own; ``expected`` are patterns of errors that may be in the console."""
    opened: list[tuple[PlayPage, str, str | None]] = []

    def make(
        address: str = server.address,
        *,
        expected: str | None = None,
        width: int = 1280,
        height: int = 800,
        **options: Any,
    ) -> PlayPage:
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        context.set_default_timeout(1_000 * SECONDS)
        play = PlayPage(context.new_page())
        opened.append((play, address, expected))
        return play.open(address)

    yield make
    for play, address, expected in opened:
        play.page.context.close()
        faults = [each for each in play.console if expected is None or not re.search(expected, each)]
        assert faults == [], "the console has errors"
        foreign = [each for each in play.addresses if not _is_ours(each, address)]
        assert foreign == [], "the page has requested something from elsewhere"


def _is_ours(requested: str, address: str) -> bool:
    found = urlsplit(requested)
    return found.scheme in ("blob", "data") or found.netloc == urlsplit(address).netloc


@pytest.fixture
def play(new_play: Callable[..., PlayPage]) -> PlayPage:
    """A page of 1280 by 800 pixels."""
    return new_play()
