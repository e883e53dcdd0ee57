"""What a page and the playground tell each other, recorded in the browser: every number bit for bit."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from multilayer.playground.messages import decode

CURVES = ("costs", "validation_costs", "validation_scores")


@dataclass(frozen=True, eq=False)
class Answer:
    """An answer, with the request that it belongs to."""

    request: dict[str, Any]
    fields: dict[str, Any]
    arrays: dict[str, npt.NDArray[np.float32]]
    payload: bytes | None

    def __getitem__(self, name: str) -> Any:
        return self.fields[name]

    @property
    def error(self) -> str | None:
        """The message of an error.  A proof has a number of this name."""
        found = self.fields.get("error")
        return found["message"] if isinstance(found, dict) else None


@dataclass(eq=False)
class Conversation:
    """The requests of a page and their answers, in the order of the answers."""

    n_sockets: int = 0
    requests: dict[tuple[int, int], dict[str, Any]] = field(default_factory=dict)
    answers: list[Answer] = field(default_factory=list)
    frames: list[Answer] = field(default_factory=list)
    curves: dict[str, list[float]] = field(default_factory=dict)  # of the newest run

    def listen(self, socket: Any) -> None:
        """Record a WebSocket of Playwright."""
        self.n_sockets += 1
        number = self.n_sockets
        socket.on("framesent", lambda data: self._sent(number, data))
        socket.on("framereceived", lambda data: self._received(number, data))

    def _sent(self, socket: int, data: bytes) -> None:
        fields, _, _ = decode(data)
        self.requests[socket, fields["id"]] = fields

    def _received(self, socket: int, data: bytes) -> None:
        fields, arrays, payload = decode(data)
        answer = Answer(self.requests[socket, fields["id"]], fields, arrays, payload)
        if answer.request["do"] != "frame":
            self.answers.append(answer)
        elif "update" in fields:
            self._append_curves(answer)
            self.frames.append(answer)

    def _append_curves(self, frame: Answer) -> None:
        start = frame["curves"]["from"]
        is_same_run = bool(self.frames) and self.frames[-1]["run"] == frame["run"]
        for name in CURVES:
            before = self.curves.get(name, [])[:start] if is_same_run else []
            self.curves[name] = [*before, *(frame["curves"][name] or [])]  # null without validation rows

    @property
    def frame(self) -> Answer:
        """The newest frame."""
        return self.frames[-1]

    @property
    def scene(self) -> Answer:
        """The newest answer that describes the scene."""
        return next(each for each in reversed(self.answers) if "setup" in each.fields)

    def answers_to(self, name: str) -> list[Answer]:
        """The answers to the requests of a name."""
        return [each for each in self.answers if each.request["do"] == name]
