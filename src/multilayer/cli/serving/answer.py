"""Answers in JSON, of predictions and of errors."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple


class Answer(NamedTuple):
    """A status code of HTTP, and a text in JSON."""

    status: int
    text: bytes


@dataclass(frozen=True)
class Problem:
    """A value that a request may not hold."""

    row: int
    column: str
    received: str
    expected: str

    @property
    def sentence(self) -> str:
        return f"rows[{self.row}], column {self.column!r}: received {self.received}, expected {self.expected}."


class RequestError(Exception):
    """A request that is answered by an error.

    Attributes
    ----------
    status : int
        The status code of HTTP.
    problems : tuple of Problem
        The values that cannot be used, at most the first twenty.
    """

    def __init__(self, status: int, message: str, problems: tuple[Problem, ...] = ()) -> None:
        super().__init__(message)
        self.status, self.problems = status, problems


def error_answer(error: RequestError) -> Answer:
    """The answer of an error."""
    value: dict[str, Any] = {"error": str(error)}
    if error.problems:
        value["problems"] = [asdict(problem) for problem in error.problems]
    return Answer(error.status, as_json(value))


def as_json(value: Any) -> bytes:
    """A value as the text of an answer."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode("utf-8", "backslashreplace")
