"""The playground: a page in the browser that shows a network while it trains.  ``multilayer play`` starts it.

The names below load their modules on first use, so that shapes and lessons need no web server.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from multilayer.playground.data.shapes import make_shape
    from multilayer.playground.factory import workbench_factory
    from multilayer.playground.lessons import Lesson, lesson_names, load_lesson, rehearse
    from multilayer.playground.server import PlaygroundLimits, serve_playground
    from multilayer.playground.source import PlaySource, play_source
    from multilayer.playground.workbench import Workbench

_HOMES = {
    "Lesson": "lessons",
    "PlaySource": "source",
    "PlaygroundLimits": "server",
    "Workbench": "workbench",
    "lesson_names": "lessons",
    "load_lesson": "lessons",
    "make_shape": "data.shapes",
    "play_source": "source",
    "rehearse": "lessons",
    "serve_playground": "server",
    "workbench_factory": "factory",
}

__all__ = [
    "Lesson",
    "PlaySource",
    "PlaygroundLimits",
    "Workbench",
    "lesson_names",
    "load_lesson",
    "make_shape",
    "play_source",
    "rehearse",
    "serve_playground",
    "workbench_factory",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
