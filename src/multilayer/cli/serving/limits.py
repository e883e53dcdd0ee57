"""The limits of a server: sizes, times, and the names by which it may be called."""

from __future__ import annotations

import functools
import ipaddress
from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True)
class ServerLimits:
    """What a server accepts.

    Attributes
    ----------
    most_rows : int
        Rows of a request.
    most_bytes : int
        Bytes of the body of a request.
    most_requests : int
        Requests that are read or wait for their prediction at a time.
    seconds : float
        Time in which a request must be read, and then answered.
    hosts : collection of str
        Names by which the server may be called, besides localhost and addresses; "*" for any.
    """

    most_rows: int = 1_000
    most_bytes: int = 1_000_000
    most_requests: int = 256
    seconds: float = 30.0
    hosts: Collection[str] = ()

    def is_known_host(self, host: str) -> bool:
        """Whether a request may name this host.

        A web page can make its own name point to this machine (DNS rebinding), and would then read the answers as its
        own. Addresses cannot be made to point elsewhere.

        Examples
        --------
        >>> limits = ServerLimits(hosts=("models.example",))
        >>> [limits.is_known_host(host) for host in ("127.0.0.1:8000", "[::1]:8000", "localhost", "Models.example:80")]
        [True, True, True, True]
        >>> [limits.is_known_host(host) for host in ("evil.example", "localhost.evil.example", "")]
        [False, False, False]
        """
        return _is_known(host, tuple(self.hosts))


@functools.lru_cache(256)
def _is_known(host: str, hosts: tuple[str, ...]) -> bool:
    name = host.strip().lower()
    if name.startswith("["):
        name = name[1:].partition("]")[0]
    elif name.count(":") == 1:
        name = name.partition(":")[0]
    name = name.removesuffix(".")
    return "*" in hosts or name in {"localhost", *(each.lower() for each in hosts)} or is_address(name)


def is_address(host: str) -> bool:
    """Whether a host is an address of IPv4 or IPv6.

    Examples
    --------
    >>> is_address("10.0.0.7"), is_address("::1"), is_address("example.com")
    (True, True, False)
    """
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Whether only programs of this machine reach a server that is bound to this host.

    Examples
    --------
    >>> is_loopback("127.0.0.1"), is_loopback("::1"), is_loopback("localhost"), is_loopback("0.0.0.0")
    (True, True, True, False)
    """
    return host == "localhost" or (is_address(host) and ipaddress.ip_address(host).is_loopback)
