"""Who may use the playground: only pages of this server, which have the token of its address.

The token is a part of the path, ``http://127.0.0.1:8765/TOKEN/``.  Relative addresses of files and of the WebSocket
then contain it.  A cookie would be sent to the servers on all other ports of this machine too, and two playgrounds
would overwrite each other's.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_BYTES_OF_TOKEN = 24
_NAMES = ("127.0.0.1", "localhost", "[::1]")
_HTTP_PORT = 80  # browsers omit it


@dataclass(frozen=True)
class Access:
    """The token and the names of a server.

    Attributes
    ----------
    port : int
        Its port.
    token : str
        The secret part of its address.
    """

    port: int
    token: str = field(default_factory=lambda: secrets.token_urlsafe(_BYTES_OF_TOKEN), repr=False)

    @property
    def address(self) -> str:
        """The address of the page."""
        return f"http://127.0.0.1:{self.port}/{self.token}/"

    def refusal(self, scope: Mapping[str, Any]) -> str | None:
        """Why a request is refused; None if it may be answered.

        A web page can make its own name point to this machine (DNS rebinding), but the request then has that name as
        its Host.  A page of another site can open a WebSocket here, but the request then has that site as its Origin.
        """
        host = _only(scope, b"host")
        if host is None or host.lower() not in self._hosts:
            return "The address is not that of the playground. Open the address that multilayer play has printed."
        if not self._has_token(scope["path"]):
            return "The address lacks its token. Open the whole address that multilayer play has printed."
        origin = _only(scope, b"origin")
        is_foreign = origin is None or origin.lower() != f"http://{host.lower()}"
        if is_foreign and (scope["type"] == "websocket" or _has(scope, b"origin")):
            return "The request comes from another site."
        return None

    def headers(self, scope: Mapping[str, Any]) -> list[tuple[bytes, bytes]]:
        """The headers of all answers: nothing from elsewhere runs in the page, and the token stays in it."""
        host = _only(scope, b"host") or ""
        # Some browsers do not count a WebSocket of the same server as 'self'.
        sockets = f" ws://{host}" if host.lower() in self._hosts else ""
        policy = (
            f"default-src 'self'; connect-src 'self'{sockets}; img-src 'self' blob: data:; media-src 'self' blob:; "
            "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
        return [
            (b"content-security-policy", policy.encode("latin-1")),
            (b"x-content-type-options", b"nosniff"),
            (b"x-frame-options", b"DENY"),
            (b"referrer-policy", b"no-referrer"),
            (b"cache-control", b"no-store"),
            (b"cross-origin-resource-policy", b"same-origin"),
            (b"cross-origin-opener-policy", b"same-origin"),
        ]

    @property
    def _hosts(self) -> frozenset[str]:
        names = {f"{name}:{self.port}" for name in _NAMES}
        return frozenset(names | set(_NAMES) if self.port == _HTTP_PORT else names)

    def _has_token(self, path: str) -> bool:
        given = path.removeprefix("/").partition("/")[0]
        return hmac.compare_digest(given.encode("utf-8", "replace"), self.token.encode())


def _has(scope: Mapping[str, Any], name: bytes) -> bool:
    return any(key.lower() == name for key, _ in scope["headers"])


def _only(scope: Mapping[str, Any], name: bytes) -> str | None:
    """The value of a header that occurs once."""
    found = [value.decode("latin-1") for key, value in scope["headers"] if key.lower() == name]
    return found[0] if len(found) == 1 else None
