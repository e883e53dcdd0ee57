"""The playground: a page in the browser that shows a network while it trains.  ``multilayer play`` starts it."""

from multilayer.playground.server import PlaygroundLimits, serve_playground
from multilayer.playground.source import PlaySource, play_source, workbench_factory

__all__ = ["PlaySource", "PlaygroundLimits", "play_source", "serve_playground", "workbench_factory"]
