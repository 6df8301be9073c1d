"""What a web page could try against a server on its visitor's machine. Each guard is taken out once, to see
that what it is for comes through then, and by nothing else would have been stopped."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from bare_peers import Peer
from door import ask
from serving import Server

from ravsock import guards
from ravsock.config import Config
from ravsock.guards import cross_site, foreign_host, foreign_origin, form, goes_by

PORT = "{port}"  #: in headers: the server's

#: (guard, method, headers); the body of a POST is what a page would send to make a graph
ATTACKS: list[tuple[Callable[..., str], str, dict[str, str]]] = [
    # names that lead to this machine: DNS rebinding, and what an attacker's name server may be asked for
    *(
        (foreign_host, "POST", {"Host": host, "Origin": f"http://{host}"})
        for host in (
            "evil.example", f"evil.example:{PORT}", "127.0.0.1.evil.example", "localhost.evil.example",
            f"127.0.0.1.nip.example:{PORT}", "a.localhost.", "xlocalhost", "evil.example.",
        )
    ),
    # other ways to write an address, which only somebody who tries something sends
    *(
        (foreign_host, "GET", {"Host": host})
        for host in (
            "2130706433", "0x7f000001", "0x7f.1", "017700000001", "127.1", "0", "0.0.0.0", f"0.0.0.0:{PORT}",
            "192.168.1.5", "10.0.0.1:80", "[::]", "[::2]:9999", "[fe80::1]", "[::1", "::1", "[]", "[", "]",
            "localhost.", "127.0.0.1.", "", " ", "user@localhost", "localhost@evil.example",
            "localhost,evil.example", "localhost/evil.example", "evil.example#localhost",
            "localhost%00.evil.example", ":9999", "127.0.0.1x",
        )
    ),
    # pages of other sites, and those that hide where they come from
    *(
        (foreign_origin, method, {"Origin": origin})
        for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS")
        for origin in ("http://evil.example", "null")
    ),
    *(
        (foreign_origin, "POST", {"Origin": origin})
        for origin in (
            "https://evil.example", "http://127.0.0.1", "http://127.0.0.1:1", "http://localhost:1", "file://",
            f"http://127.0.0.1:{PORT}.evil.example", f"http://evil.example@127.0.0.1:{PORT}", "", "http://[",
            f"http://evil.example,http://127.0.0.1:{PORT}", "moz-extension://x", "http://127.0.0.1:port",
        )
    ),
    # what browsers send for pages without saying for which: images, scripts, frames, forms
    *(
        (cross_site, method, {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": dest})
        for method, mode, dest in (
            ("GET", "no-cors", "image"), ("GET", "no-cors", "script"), ("GET", "navigate", "iframe"),
            ("GET", "no-cors", "empty"), ("HEAD", "no-cors", "empty"), ("POST", "no-cors", "empty"),
            ("POST", "navigate", "document"), ("GET", "websocket", "websocket"),
        )
        for site in ("cross-site", "same-site", "of my own")
    ),
    # forms, and fetch in their disguise, from browsers too old to say more
    *(
        (form, "POST", {"Content-Type": kind})
        for kind in (
            "text/plain", "text/plain;charset=UTF-8", "TEXT/Plain", "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x", " text/plain ",
        )
    ),
]  # fmt: skip

#: what people and programs on this machine send
HONEST: list[tuple[str, dict[str, str]]] = [
    ("POST", {}),
    ("POST", {"Content-Type": "application/json"}),
    ("POST", {"Content-Type": "application/octet-stream"}),
    ("GET", {"Host": f"localhost:{PORT}"}),
    ("GET", {"Host": "LOCALHOST"}),
    ("GET", {"Host": f"[::1]:{PORT}"}),
    ("GET", {"Host": "127.9.8.7:1"}),
    ("POST", {"Origin": f"http://127.0.0.1:{PORT}", "Sec-Fetch-Site": "same-origin"}),
    ("POST", {"Host": f"localhost:{PORT}", "Origin": f"http://localhost:{PORT}"}),
    ("POST", {"Origin": "https://embeds.example", "Sec-Fetch-Site": "cross-site"}),
    # a link in a mail or on a page, followed by a person; an address typed in
    ("GET", {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}),
    ("GET", {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}),
]


def name(value: Any) -> str | None:
    return value.__name__ if callable(value) else repr(value) if isinstance(value, dict) else None


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = start(tmp_path_factory.mktemp("guarded"))
    yield server
    server.stop()


@pytest.fixture(scope="module")
def unguarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Any], Server]]:
    """A server without one of the guards."""
    made: dict[Any, Server] = {}

    def without(guard: Any) -> Server:
        if guard not in made:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(guards, "GUARDS", tuple(one for one in guards.GUARDS if one is not guard))
                made[guard] = start(tmp_path_factory.mktemp("unguarded"))
        return made[guard]

    yield without
    for server in made.values():
        server.stop()


def start(folder: Any) -> Server:
    database, origins = f"sqlite:///{folder}/rdf.db", ("https://embeds.example",)
    return Server(Config(database=database, data_dir=folder / "data", port=0, origins=origins, ftp=False))


def attack(server: Server, method: str, headers: dict[str, str]) -> tuple[int, Any]:
    sent = {key: value.replace(PORT, str(server.port)) for key, value in headers.items()}
    body = b'{"name": "of a web page"}' if method in ("POST", "PUT") else None
    path = "/v1/graphs" if method in ("GET", "HEAD", "POST") else "/v1/data/" + "ab" * 16
    return ask(server.port, method, path, None, body, **sent)


@pytest.mark.parametrize(("guard", "method", "headers"), ATTACKS, ids=name)
def test_a_web_page_does_not_drive_the_server(
    guarded: Server, guard: Any, method: str, headers: dict[str, str]
) -> None:
    before = number_of_graphs(guarded)
    status, reply = attack(guarded, method, headers)
    assert status == 403
    if method != "HEAD":
        assert reply["kind"] == "AccessError"
    assert number_of_graphs(guarded) == before


@pytest.mark.parametrize(("guard", "method", "headers"), ATTACKS, ids=name)
def test_without_its_guard_it_would(
    unguarded: Callable[[Any], Server], guard: Any, method: str, headers: dict[str, str]
) -> None:
    server = unguarded(guard)
    before = number_of_graphs(server)
    status, reply = attack(server, method, headers)
    assert status != 403, reply
    if method == "POST":
        assert number_of_graphs(server) == before + 1


def number_of_graphs(server: Server) -> int:
    return len(ask(server.port, "GET", "/v1/graphs")[1]["graphs"])


@pytest.mark.parametrize(("method", "headers"), HONEST, ids=name)
def test_people_and_programs_on_this_machine_are_served(
    guarded: Server, method: str, headers: dict[str, str]
) -> None:
    assert attack(guarded, method, headers)[0] in (200, 201)


@pytest.mark.parametrize(
    ("guard", "headers"),
    [
        (foreign_origin, {"Origin": "http://evil.example"}),
        (foreign_origin, {"Origin": "null"}),
        (foreign_host, {"Host": "evil.example", "Origin": "http://evil.example"}),
        (cross_site, {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "websocket"}),
    ],
    ids=name,
)
def test_nor_by_a_websocket(
    guarded: Server, unguarded: Callable[[Any], Server], guard: Any, headers: dict[str, str]
) -> None:
    peer = Peer(guarded.url, headers=headers)
    assert not peer.connected
    peer.close()
    peer = Peer(unguarded(guard).url, headers=headers)
    assert peer.connected
    peer.close()


@pytest.mark.parametrize(
    "head",
    [
        b"GET /v1/graphs HTTP/1.1\r\n\r\n",
        b"GET /v1/graphs HTTP/1.0\r\n\r\n",
        b"GET /v1/graphs HTTP/1.1\r\nHost: evil.example\r\nHost: localhost\r\n\r\n",
        b"GET /v1/graphs HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n",
        b"GET /v1/graphs HTTP/1.1\r\nHost: localhost\r\n evil.example\r\n\r\n",
        b"GET /v1/graphs HTTP/1.1\r\nHost : localhost\r\n\r\n",
    ],
)
def test_a_request_without_one_host_is_refused(guarded: Server, head: bytes) -> None:
    with socket.create_connection(("127.0.0.1", guarded.port), timeout=10) as connection:
        connection.sendall(head)
        answer = connection.recv(65536)
    assert answer.split()[1] in (b"400", b"403")
    assert b"Traceback" not in answer


def test_no_answer_invites_other_sites(guarded: Server) -> None:
    for headers in ({}, {"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"}):
        for method in ("GET", "OPTIONS"):
            connection = http.client.HTTPConnection("127.0.0.1", guarded.port, timeout=10)
            connection.request(method, "/v1/graphs", headers=headers)
            response = connection.getresponse()
            response.read()
            connection.close()
            assert not [key for key in response.headers if key.lower().startswith("access-control")]


@pytest.mark.parametrize(
    ("host", "listens_on", "names", "good"),
    [
        ("192.0.2.7:9999", "0.0.0.0", (), True),  # an address cannot be pointed elsewhere
        ("[2001:db8::1]:9999", "::", (), True),
        ("3221225991", "0.0.0.0", (), False),
        ("rdf.example.org", "0.0.0.0", (), False),
        ("rdf.example.org", "0.0.0.0", ("rdf.example.org",), True),
        ("RDF.Example.org:443", "0.0.0.0", ("rdf.example.org",), True),
        ("rdf.example.org", "127.0.0.1", ("rdf.example.org",), True),  # a proxy in front
        ("192.0.2.7", "127.0.0.1", ("rdf.example.org",), False),
        ("evil.example", "rdf.example.org", (), False),
        ("rdf.example.org:9999", "rdf.example.org", (), True),
        ("localhost:9999", "0.0.0.0", (), True),
    ],
)
def test_the_names_of_a_server_for_others(host: str, listens_on: str, names: Any, good: bool) -> None:
    assert goes_by(host, listens_on, names) is good
