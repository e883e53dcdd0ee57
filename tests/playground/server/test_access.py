"""The token, the host and the origin: requests of others are refused."""

from __future__ import annotations

import http.client
import socket

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from multilayer.playground.server.access import Access

from .bench import Page, running


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with running(tmp_path_factory.mktemp("page")) as found:
        yield found


def get(server, path, method="GET", **headers):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    try:
        connection.putrequest(method, path, skip_host=True)
        for name, value in ({"Host": f"127.0.0.1:{server.port}"} | headers).items():
            connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


def test_the_page_and_its_files(server):
    token = server.access.token
    status, headers, content = get(server, f"/{token}/")
    assert (status, headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert content == b"<!doctype html><title>page</title>"
    status, headers, content = get(server, f"/{token}/js/main.js")
    assert (status, headers["content-type"], content) == (200, "text/javascript; charset=utf-8", b"export {};")
    status, headers, _ = get(server, f"/{token}")
    assert (status, headers["location"]) == (307, server.access.address)


def test_the_limits(server):
    status, headers, content = get(server, f"/{server.access.token}/limits.json")
    assert (status, headers["content-type"], content) == (200, "application/json", b'{"most_bytes":100000000}')


def test_headers_of_every_answer(server):
    for path in (f"/{server.access.token}/", f"/{server.access.token}/none.js", "/"):
        headers = get(server, path)[1]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store"
        policy = dict(each.strip().split(" ", 1) for each in headers["content-security-policy"].split(";"))
        assert policy["default-src"] == "'self'"
        assert policy["connect-src"] == f"'self' ws://127.0.0.1:{server.port}"
        assert policy["frame-ancestors"] == "'none'"
        assert "unsafe" not in headers["content-security-policy"]
        assert "server" not in headers


@pytest.mark.parametrize(
    "path", ["/", "/x/", "/TOKEN/js/main.js", "/socket", "/%00/", "//", "/?token=TOKEN", "/%C3%A9/", "/%FF/"]
)
def test_a_wrong_token_is_refused(server, path):
    token = server.access.token
    changed = token[:-1] + ("A" if token[-1] != "A" else "B")
    status, _, content = get(server, path.replace("TOKEN", changed))
    assert status == 403
    assert b"lacks its token" in content


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1:1", "localhost", "127.0.0.1.evil.example:PORT", "", "0.0.0.0:PORT"]
)
def test_a_foreign_host_is_refused(server, host):
    status, _, content = get(server, f"/{server.access.token}/", Host=host.replace("PORT", str(server.port)))
    assert status == 403
    assert b"is not that of the playground" in content


@pytest.mark.parametrize("host", ["localhost:PORT", "LOCALHOST:PORT", "[::1]:PORT"])
def test_names_of_this_machine_are_accepted(server, host):
    assert get(server, f"/{server.access.token}/", Host=host.replace("PORT", str(server.port)))[0] == 200


def test_a_request_of_another_site_is_refused(server):
    status, _, content = get(server, f"/{server.access.token}/", Origin="http://evil.example")
    assert (status, content) == (403, b"The request comes from another site.")


@pytest.mark.parametrize(
    "origin",
    [None, "null", "http://evil.example", "http://127.0.0.1:1", "https://127.0.0.1:PORT", "http://localhost:PORT"],
)
def test_a_socket_of_another_site_is_refused_before_it_opens(server, origin):
    origin = origin and origin.replace("PORT", str(server.port))
    with pytest.raises(InvalidStatus) as caught:
        server.page(origin=origin)
    assert caught.value.response.status_code == 403
    assert server.sessions.n_alive == 0


def test_a_socket_with_a_wrong_token_or_host_is_refused(server):
    with pytest.raises(InvalidStatus, match="403"):
        Page(Access(server.port))
    # A name that another site has made point to this machine.
    host = f"evil.example:{server.port}"
    address = f"ws://{host}/{server.access.token}/socket"
    with socket.create_connection(("127.0.0.1", server.port)) as connection, pytest.raises(InvalidStatus, match="403"):
        connect(address, sock=connection, origin=f"http://{host}").__enter__()


@pytest.mark.parametrize(
    "path",
    [
        "../secret.txt",
        "secret.txt",
        "js/../secret.txt",
        "js/../../bench.py",
        "%2e%2e/%2e%2e/etc/passwd",
        "..%2f..%2fetc%2fpasswd",
        "/etc/passwd",
        "%2fetc%2fpasswd",
        "js",
        "js/",
        "js\\main.js",
        "main.js%00.html",
        "index.html/",
        "INDEX.HTML",
    ],
)
def test_other_files_are_not_served(server, path):
    status, _, content = get(server, f"/{server.access.token}/{path}")
    assert (status, content) == (404, b"There is no such file.")


def test_other_methods_are_refused(server):
    assert get(server, f"/{server.access.token}/", "POST")[0] == 405
    assert get(server, f"/{server.access.token}/", "DELETE")[0] == 405


def test_tokens_are_secret_and_differ():
    first, second = Access(1), Access(1)
    assert first.token != second.token
    assert len(first.token) == 32
    assert first.token not in repr(first)
