"""The files of the page: strings, imports, colours, and what the content security policy forbids."""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.resources import files
from pathlib import Path

import pytest

STATIC = Path(str(files("multilayer.playground") / "static"))
AREAS = ("shell", "views", "panels")
SCRIPTS = sorted(STATIC.rglob("*.js"))
STYLES = sorted((STATIC / "css").glob("*.css"))
# A key in a script or in the page: "shell.play", `shell.tabs.${name}.hint`, where VALUE replaces ${name}.
VALUE = "<>"
KEY = re.compile(r"[\"'`]((?:shell|views|panels)\.[\w.<>-]+)[\"'`]")

IMPORTED = re.compile(r"^(?:import|export) (?:[\w*{][^;\"]* from )?\"([^\"]+)\";", re.MULTILINE)


@cache
def strings() -> dict[str, str]:
    found: dict[str, str] = json.loads((STATIC / "strings" / "en.json").read_text(encoding="utf-8"))
    return found


@cache
def keys() -> frozenset[str]:
    texts = [code(path) for path in SCRIPTS] + [(STATIC / "index.html").read_text(encoding="utf-8")]
    return frozenset(key for text in texts for key in KEY.findall(re.sub(r"\$\{[^}]*\}", VALUE, text)))


def code(path: Path) -> str:
    """A script without its comments."""
    return re.sub(r"/\*.*?\*/|^\s*//[^\n]*", "", path.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)


def pattern(key: str) -> re.Pattern[str]:
    """The keys that a template can make; a plural adds .one or .other."""
    return re.compile(".+".join(map(re.escape, key.split(VALUE))) + r"(\.one|\.other)?")


def test_every_key_has_a_text() -> None:
    missing = [key for key in sorted(keys()) if not any(pattern(key).fullmatch(each) for each in strings())]
    assert not missing


def test_every_text_is_used() -> None:
    patterns = [pattern(key) for key in keys()]
    patterns += [pattern(key + ".hint") for key in keys()]
    unused = [key for key in strings() if not any(each.fullmatch(key) for each in patterns)]
    assert not unused


def test_texts_are_sentences_by_their_keys_area_after_area() -> None:
    assert all(isinstance(text, str) and text.strip() == text != "" for text in strings().values())
    assert [key.split(".")[0] for key in strings()] == sorted((key.split(".")[0] for key in strings()), key=AREAS.index)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.relative_to(STATIC).as_posix())
def test_imports_name_files_of_the_page(path: Path) -> None:
    for name in IMPORTED.findall(code(path)):
        assert name.startswith("."), f"{name} is not a file of the page"
        assert (path.parent / name).resolve().is_file(), f"{name} does not exist"


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.relative_to(STATIC).as_posix())
def test_scripts_make_no_markup_and_no_code_from_text(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(
        r"\beval\(|new Function|innerHTML|outerHTML|insertAdjacentHTML|document\.write|https?://(?!www\.w3\.org/)", text
    )


def test_page_has_no_code_and_no_style_of_its_own() -> None:
    page = (STATIC / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"\sstyle=|<style|\son\w+=|<script(?![^>]*\ssrc=\"js/)", page)
    assert all((STATIC / name).is_file() for name in re.findall(r"(?:href|src)=\"([^\"#]+)\"", page))


def test_every_module_of_the_page_exists() -> None:
    main = (STATIC / "js" / "main.js").read_text(encoding="utf-8")
    modules = re.findall(r"\[\"#([\w-]+)\", \"\./([\w/]+\.js)\"\]", main)
    page = (STATIC / "index.html").read_text(encoding="utf-8")
    assert len(modules) > 15
    for region, module in modules:
        assert f'id="{region}"' in page
        assert (STATIC / "js" / module).is_file()


def variables(selector: str) -> dict[str, str]:
    text = (STATIC / "css" / "base.css").read_text(encoding="utf-8")
    block = text[text.index(selector) :]
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block[: block.index("color-scheme")]))


def luminance(color: str) -> float:
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


LIGHT = ":root {"
DARK = ':root[data-theme="dark"] {'


@pytest.mark.parametrize("selector", [LIGHT, DARK])
def test_colours_have_the_contrast_of_wcag_aa(selector: str) -> None:
    colors = variables(LIGHT) | variables(selector)
    grounds = ("paper", "panel", "ground", "raised", "accent-soft", "stale-soft", "error-soft")
    texts = ("ink", "muted", "accent", "error", "good", "stale")
    marks = ("control-line", "positive", "negative", "training", "validation", *(f"class-{k}" for k in range(10)))
    too_weak = [(text, on) for text in texts for on in grounds if contrast(colors[text], colors[on]) < 4.5]
    too_weak += [(mark, on) for mark in marks for on in ("paper", "panel") if contrast(colors[mark], colors[on]) < 3]
    assert not too_weak
    assert contrast(colors["accent-ink"], colors["accent"]) >= 4.5


def test_dark_colours_are_the_same_by_system_and_by_choice() -> None:
    assert variables(DARK) == variables(":root:not([data-theme")
    assert variables(DARK).keys() <= variables(LIGHT).keys()


def test_styles_use_variables_that_exist() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in STYLES)
    scripts = "".join(path.read_text(encoding="utf-8") for path in SCRIPTS)
    defined = set(re.findall(r"(--[\w-]+):", text)) | set(re.findall(r"\"(--[\w-]+)\"", scripts))
    assert set(re.findall(r"var\((--[\w-]+)\)", text)) <= defined
