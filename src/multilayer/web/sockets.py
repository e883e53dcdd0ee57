"""The socket of a server."""

from __future__ import annotations

import errno
import os
import socket

from multilayer.exceptions import InputError
from multilayer.storage import reason_of

BACKLOG = 1024  # connections that wait to be accepted


def bound_socket(host: str, port: int) -> socket.socket:
    """Return a socket that listens at this address.

    Parameters
    ----------
    host : str
        The address, or a name of this machine.
    port : int
        The port; 0 for a free one.

    Returns
    -------
    socket
        The socket; connections wait in it until they are accepted.

    Raises
    ------
    InputError
        If the address is in use, or is none of this machine.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (socket.gaierror, UnicodeError):
        raise InputError(
            f"--host {host!r}: there is no such address. Pass 127.0.0.1, or one of this machine."
        ) from None
    found = socket.socket(family, kind, protocol)
    try:
        if os.name == "posix":  # on Windows, the option would let two servers share a port
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            found.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        found.bind(address)
        found.listen(BACKLOG)  # two sockets may be bound to a port, and only one may listen
        return found
    except OSError as error:
        found.close()
        if error.errno == errno.EADDRINUSE:
            text = f"port {port} of {host} is in use. Pass another --port, or --port 0 for a free one."
        elif error.errno == errno.EACCES:
            text = f"port {port} of {host} is not allowed: {reason_of(error).lower()}. Pass a --port from 1024 on."
        else:
            why = reason_of(error).lower()
            text = f"--host {host} --port {port}: {why}. Pass 127.0.0.1, or an address of this machine."
        raise InputError(text) from None
