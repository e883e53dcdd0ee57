"""The pictures of the mathematics come from one program, and each is on the page with a text in its place."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("matplotlib", reason="matplotlib is not installed: pip install -e '.[plots]'")

DOCS = Path(__file__).parents[2] / "docs"
PROGRAM = DOCS / "images" / "mathematics.py"
PAGE = DOCS / "learn" / "mathematics.md"


@pytest.fixture(scope="module")
def program() -> Any:
    spec = importlib.util.spec_from_file_location("pictures_of_mathematics", PROGRAM)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_picture_is_on_the_page_with_a_text(program: Any) -> None:
    shown = re.findall(r"!\[(.*?)\]\(\.\./images/(mathematics-\w+)\.svg\)", PAGE.read_text(encoding="utf-8"))
    assert {name for _, name in shown} == set(program.PICTURES)
    assert all(len(text) > 60 for text, _ in shown)
    assert all((DOCS / "images" / f"{name}.svg").exists() for _, name in shown)


def test_the_program_draws_the_same_file_twice(program: Any, tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
    for name in program.PICTURES:
        first, second = (program.save(name, tmp_path / folder).read_bytes() for folder in ("a", "b"))
        assert first == second
        assert b"dc:date" not in first
