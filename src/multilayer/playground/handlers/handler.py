"""The record of a request that the playground answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from multilayer.playground.desk import Desk
from multilayer.playground.fields import Fields
from multilayer.playground.messages import Reply


@dataclass(frozen=True)
class Handler:
    """A request, and the function that answers it.

    Attributes
    ----------
    answer : callable
        From the desk of a page, the fields, and the bytes of the request to the answer.
    fields : tuple of str
        The names of the fields that the request may have.
    has_bytes : bool
        Whether it may have bytes.
    """

    answer: Callable[[Desk, Fields, bytes | None], Reply]
    fields: tuple[str, ...] = ()
    has_bytes: bool = False
