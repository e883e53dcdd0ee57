"""The server of the playground: the page and its files over HTTP, and a session for each page over a WebSocket."""

from multilayer.playground.server.limits import PlaygroundLimits
from multilayer.playground.server.server import serve_playground

__all__ = ["PlaygroundLimits", "serve_playground"]
