"""Requests of a page, and their answers."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from multilayer.exceptions import InputError, InterruptedTrainingError, MultilayerError
from multilayer.playground.messages import Reply, decode, encode
from multilayer.playground.server.limits import PlaygroundLimits

ERRORS = (Exception, InterruptedTrainingError)  # the latter is a KeyboardInterrupt


@dataclass(frozen=True)
class Request:
    """What a page asks for.

    Attributes
    ----------
    id : int
        The number that its answer has too.
    fields : mapping of str to object
        The fields of its JSON text.
    payload : bytes or None
        The bytes that follow.
    size : int
        Bytes of the message.
    """

    id: int
    fields: Mapping[str, Any]
    payload: bytes | None = None
    size: int = 0

    @property
    def is_for_frame(self) -> bool:
        """Whether it is answered when there is something new."""
        return bool(self.fields["do"] == "frame")


class RequestError(InputError):
    """A message that is no request.

    Attributes
    ----------
    id : int or None
        Its number, if it has one.
    """

    def __init__(self, message: str, id: int | None = None) -> None:
        super().__init__(message)
        self.id = id


def read_request(data: bytes, limits: PlaygroundLimits) -> Request:
    """The request of a message; raises a RequestError."""
    try:
        fields, arrays, payload = decode(data, limits.most_text)
    except InputError as error:
        raise RequestError(str(error)) from None
    number = fields.get("id")
    if isinstance(number, bool) or not isinstance(number, int):
        raise RequestError(f"id must be an integer, got {str(number)[:60]!r}.")
    if not isinstance(fields.get("do"), str):
        raise RequestError("do must be the name of a request.", number)
    if arrays:
        raise RequestError("a request has no arrays.", number)
    if payload is not None and len(payload) > limits.most_bytes:
        raise RequestError(
            f"the file has {len(payload):,} bytes, and at most {limits.most_bytes:,} are accepted. Open a smaller "
            "one, or start the playground with a larger --max-bytes.",
            number,
        )
    if fields["do"] == "frame" and not isinstance(fields.get("have", {}), dict):
        raise RequestError("have must be an object with the numbers of the newest frame.", number)
    return Request(number, fields, payload, len(data))


def answer(number: int | None, compute: Callable[[], Reply]) -> bytes:
    """The message of a reply, or of the error that is raised instead."""
    try:
        reply = compute()
        return encode(Reply({**reply.fields, "id": number}, reply.arrays, reply.payload))
    except ERRORS as error:
        return error_answer(number, failure_of(error))


def failure_of(error: BaseException) -> dict[str, Any]:
    """The field of an answer for an error; the traceback of one that this library does not expect is printed."""
    parameter = getattr(error, "parameter", None)
    if isinstance(error, MultilayerError):
        text = str(error)
    elif isinstance(error, MemoryError):
        text = "out of memory. Use a smaller network or fewer rows."
    else:
        traceback.print_exception(error, file=sys.stderr)
        text = f"unexpected {type(error).__name__}. The traceback is where multilayer play was started."
    return {"message": text, "parameter": parameter if isinstance(parameter, str) else None}


def error_answer(number: int | None, failure: Mapping[str, Any]) -> bytes:
    """The message of an error."""
    return encode(Reply({"id": number, "error": failure}))


def refusal(number: int | None, text: str) -> bytes:
    """The message of an error of the request itself."""
    return error_answer(number, {"message": text, "parameter": None})


def superseded_answer(number: int) -> bytes:
    """The message for a request for a frame that a newer one replaces."""
    return encode(Reply({"id": number, "superseded": True}))
