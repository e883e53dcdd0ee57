"""The workbench of a page: it answers requests, trains between them, and makes frames."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from multilayer.exceptions import InputError, unknown_name
from multilayer.playground.data.open_table import OpenTable
from multilayer.playground.desk import Desk
from multilayer.playground.fields import Fields
from multilayer.playground.frames import frame
from multilayer.playground.handlers import HANDLERS
from multilayer.playground.handlers.opening import open_first
from multilayer.playground.lessons import Lesson
from multilayer.playground.messages import Reply, finite


class Workbench:
    """The session of one page.  One thread uses it; only :meth:`cancel` may be called from another.

    Parameters
    ----------
    table : OpenTable or None, default=None
        The table that the page opens with.
    lesson : Lesson or None, default=None
        The lesson that the page opens with.

    Examples
    --------
    >>> bench = Workbench()
    >>> bench.handle({"do": "step", "epochs": 2}).fields
    {'update': 14, 'epoch': 2}
    >>> bench.handle({"do": "go_to", "update": 3}).fields
    {'update': 3, 'epoch': 0}
    """

    def __init__(self, table: OpenTable | None = None, lesson: Lesson | None = None) -> None:
        self._cancelled = threading.Event()
        self._desk = Desk(table, self._cancelled.is_set)
        self._shown: tuple[Any, ...] | None = None  # what the newest frame showed
        open_first(self._desk, lesson)

    @property
    def is_playing(self) -> bool:
        """Whether the run trains on by itself."""
        return self._desk.is_playing

    def handle(self, request: Mapping[str, Any], data: bytes | None = None) -> Reply:
        """Answer a request.

        Parameters
        ----------
        request : mapping
            Its fields, as described in PROTOCOL.md.
        data : bytes or None, default=None
            The bytes that follow it.

        Returns
        -------
        Reply
            The answer, without the ``id`` of the request.

        Raises
        ------
        MultilayerError
            If the request cannot be answered; the session is as it was before.
        """
        name = request.get("do")
        if not isinstance(name, str) or name not in HANDLERS:
            raise (
                unknown_name("request", name, tuple(HANDLERS))
                if isinstance(name, str)
                else InputError(f"a request must name what to do in its field 'do', got {name!r:.80}.")
            )
        handler, fields = HANDLERS[name], Fields(request)
        fields.check_names(handler.fields)
        if data is not None and not handler.has_bytes:
            raise InputError(f"the request {name!r} has no bytes, got {len(data):,}.")
        with self._desk.unchanged_by_errors():
            return handler.answer(self._desk, fields, data)

    def work(self, seconds: float) -> None:
        """Train for about this time, if the run is playing.

        Parameters
        ----------
        seconds : float
            The time in seconds; one update may take longer.
        """
        if self._desk.is_playing:
            self._desk.work(seconds)

    def frame(self, have: Mapping[str, Any]) -> Reply | None:
        """Return the newest frame.

        Parameters
        ----------
        have : mapping
            What the page has: the field ``have`` of the request.

        Returns
        -------
        Reply or None
            The frame; None if the page has it already.
        """
        desk, run = self._desk, self._desk.run
        numbers = {"scene": desk.scene_number, "run": desk.run_number, "view": desk.view.number}
        now = (*numbers.values(), run.update, run.last_update, desk.is_playing, run.reason, run.message)
        is_known = all(have.get(name) == number for name, number in numbers.items())
        if is_known and now == self._shown:
            return None
        self._shown = now
        reply = frame(run, desk.view, have, numbers)
        layers, at = desk.vital_signs()
        fields = {**reply.fields, "is_playing": desk.is_playing, "layers": layers, "layers_at": at}
        return Reply(finite(fields), reply.arrays)

    def cancel(self) -> None:
        """Stop working soon: the page was closed."""
        self._cancelled.set()

    def close(self) -> None:
        """End the session."""
        self.cancel()
