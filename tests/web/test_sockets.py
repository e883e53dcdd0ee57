"""The socket of a server: its address, and the errors of addresses that cannot be used."""

from __future__ import annotations

import socket

import pytest

from multilayer.exceptions import InputError
from multilayer.web import bound_socket


def test_connections_wait_until_they_are_accepted():
    with bound_socket("127.0.0.1", 0) as listening:
        port = listening.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
            connection, address = listening.accept()
            assert address == client.getsockname()
            connection.close()


def test_a_port_in_use_is_an_error():
    with bound_socket("127.0.0.1", 0) as listening:
        port = listening.getsockname()[1]
        with pytest.raises(InputError, match=rf"port {port} of 127\.0\.0\.1 is in use\. Pass another --port"):
            bound_socket("127.0.0.1", port)


def test_an_address_of_another_machine_is_an_error():
    with pytest.raises(InputError, match=r"192\.0\.2\.1 --port 0: .*Pass 127\.0\.0\.1"):
        bound_socket("192.0.2.1", 0)
