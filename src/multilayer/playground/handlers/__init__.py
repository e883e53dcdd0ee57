"""The requests of the page, by topic: each module has a table from their names to functions."""

from collections.abc import Mapping
from types import MappingProxyType

from multilayer.playground.handlers import bugs, lessons, opening, proving, seeing, steering, taking
from multilayer.playground.handlers.handler import Handler

HANDLERS: Mapping[str, Handler] = MappingProxyType(
    {
        **opening.HANDLERS,
        **steering.HANDLERS,
        **seeing.HANDLERS,
        **proving.HANDLERS,
        **bugs.HANDLERS,
        **lessons.HANDLERS,
        **taking.HANDLERS,
    }
)

__all__ = ["HANDLERS", "Handler"]
