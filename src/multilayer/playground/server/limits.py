"""The limits of the server."""

from __future__ import annotations

from dataclasses import dataclass

_MOST_TEXT = 1 << 20


@dataclass(frozen=True)
class PlaygroundLimits:
    """What the server accepts.

    Attributes
    ----------
    most_sessions : int
        Pages that are open at a time.
    most_bytes : int
        Bytes of an uploaded file.
    most_text : int
        Bytes of the JSON text of a request.
    most_requests : int
        Requests of a page that wait.
    most_unread : int
        Answers that a page has not read yet; no further request of it is read.
    """

    most_sessions: int = 16
    most_bytes: int = 100_000_000
    most_text: int = _MOST_TEXT
    most_requests: int = 64
    most_unread: int = 64

    @property
    def most_message(self) -> int:
        """Bytes of a message.

        Returns
        -------
        int
            The bytes of a file, of a text, and of the length of the text with its padding.
        """
        return self.most_bytes + self.most_text + 16
