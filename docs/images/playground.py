"""Draw the pictures of the playground in README and docs: light, dark and as wide as a phone.

    python docs/images/playground.py

Needs the packages of the tests, and chromium.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

FOLDER = Path(__file__).parent
PICTURES = (
    ("playground", 1280, 800, "light"),
    ("playground-dark", 1280, 800, "dark"),
    ("playground-phone", 420, 900, "light"),
)
UPDATES = 900
COLOURS = 255


def draw(browser: Browser, address: str, name: str, width: int, height: int, scheme: str) -> None:
    """Train the two moons for some updates, and save the page."""
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme="dark" if scheme == "dark" else "light"
    )
    page = context.new_page()
    page.goto(address)
    page.locator("#scores-body").filter(has_text="%").wait_for(state="attached")
    page.locator("#update-field").fill(str(UPDATES))
    page.locator("#update-field").press("Enter")
    page.locator("#tab-see").filter(has_text=re.compile(rf"update {UPDATES}")).wait_for(state="attached")
    page.locator("#update-field").blur()
    page.mouse.move(0, 0)
    page.wait_for_timeout(500)
    path = FOLDER / f"{name}.png"
    page.screenshot(path=path)
    # Few colours are enough, and a quarter of the size.
    with Image.open(path) as picture:
        picture.convert("RGB").quantize(COLOURS, method=Image.Quantize.MEDIANCUT).save(path, optimize=True)
    context.close()


def main() -> None:
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        raise SystemExit("no browser was found. Install chromium.")
    command = [sys.executable, "-m", "multilayer.cli", "play", "--no-open", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server, sync_playwright() as playwright:
        try:
            address = next(found[0] for line in server.stdout or () if (found := re.search(r"http://\S+", line)))
            browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
            for picture in PICTURES:
                draw(browser, address, *picture)
            browser.close()
        finally:
            server.terminate()


if __name__ == "__main__":
    main()
