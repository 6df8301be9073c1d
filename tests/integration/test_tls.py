"""HTTP and Socket.IO in TLS, with a chain of certificates made on the spot; and every way to get it wrong."""

from __future__ import annotations

import asyncio
import http.client
import os
import re
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trustme
from door import ask, make_token, revoke
from serving import Server

import ravop as R
from ravop import engine
from ravsock import doorkeeper
from ravsock.config import Config
from ravspec.trust import CA_FILE, advice, speaks_tls

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> trustme.CA:
    """A root; `ca.pem` in its folder is what clients are told to trust."""
    return trustme.CA()


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> str:
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    return str(tmp_path / "ca.pem")


@pytest.fixture
def secure(authority: trustme.CA, config: Config, tmp_path: Path) -> Callable[..., Config]:
    """secure(*names): settings with a certificate for these names, by way of an authority in between."""

    def make(*names: str, **settings: Any) -> Config:
        issued = authority.create_child_ca().issue_cert(*names)
        chain, key = tmp_path / "server.pem", tmp_path / "server.key"
        chain.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
        key.write_bytes(issued.private_key_pem.bytes())
        return replace(config, tls_cert=chain, tls_key=key, **settings)

    return make


def ravpy(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command, to its end."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RAV")}
    return subprocess.run(
        [sys.executable, "-m", "ravpy", *words], cwd=ROOT, env={**kept, "COLUMNS": "300", **environment},
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip


def contributor(url: str, token: str, **environment: str) -> subprocess.Popen[str]:
    """`ravpy participate`, which leaves when there is nothing to do."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RAV")}
    command = [sys.executable, "-m", "ravpy", "participate", "--server", url, "--exit-when-idle", "2"]
    return subprocess.Popen(
        command, cwd=ROOT, env={**kept, "RAV_TOKEN": token, **environment}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


def test_a_graph_goes_through_tls_from_end_to_end(
    secure: Any, serve: Any, ca_file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a server with a certificate and tokens, and a developer and a contributor who trust its root
    config = secure("127.0.0.1")
    developer, helper = (make_token(config, role) for role in ("developer", "contributor"))
    monkeypatch.setenv(CA_FILE, ca_file)
    server = serve(config, developer)
    assert server.url == f"https://127.0.0.1:{server.port}"
    process = contributor(server.url, helper, **{CA_FILE: ca_file})
    # When small and large values go both ways
    R.Graph()
    x = np.random.default_rng(1).normal(size=(700, 400))
    small, large = R.fetch(R.t([1, 2]) + 1, R.t(x) * 2.0)
    # Then they are right, and nobody complained
    assert small.tolist() == [2, 3]
    np.testing.assert_array_equal(large, x * 2)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0, out
    listed = ravpy("list", "--server", server.url, **{CA_FILE: ca_file, "RAV_TOKEN": developer})
    assert listed.returncode == 0 and "open" in listed.stdout, listed.stderr


def test_values_are_awaited_through_tls_with_a_token(
    secure: Any, serve: Any, ca_file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a developer and a contributor who trust the server's root, and have tokens
    config = secure("127.0.0.1")
    developer, helper = (make_token(config, role) for role in ("developer", "contributor"))
    monkeypatch.setenv(CA_FILE, ca_file)
    monkeypatch.setattr(doorkeeper, "FRESH_S", 0.0)
    server = serve(config, developer)
    process = contributor(server.url, helper, **{CA_FILE: ca_file})

    async def script() -> None:
        # When values are awaited, a large one among them
        R.Graph()
        x = np.random.default_rng(1).normal(size=(700, 400))
        small, large = await R.fetch_async(R.t([1, 2]) + 1, R.t(x) * 2.0)
        # Then they come, and one after the other too
        assert small.tolist() == [2, 3]
        np.testing.assert_array_equal(large, x * 2)
        assert sorted([float(v()) async for v in R.as_completed(R.t(1.0) + 1, R.t(2.0) + 1)]) == [2, 3]
        # and with a token that was revoked meanwhile none do
        late = R.t(3.0) + 1
        late.graph.store()
        revoke(config, developer)
        with pytest.raises(R.TokenError, match="revoked"):
            await late

    asyncio.run(script())
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0, out


def unreachable(url: str, token: str | None = None) -> str:
    """What ravop says about a server."""
    engine.initialize(token, url=url)
    with pytest.raises(R.ServerUnreachable) as raised:
        R.Graph().id  # noqa: B018
    return str(raised.value)


@pytest.mark.parametrize(
    ("names", "trusted", "says"),
    [
        (
            ("127.0.0.1",),
            False,
            "is not trusted: .*local issuer certificate.*name that one's certificate by RAV_CA_FILE",
        ),
        (("elsewhere.example",), True, "is not trusted: .*127.0.0.1"),
    ],
)
def test_a_certificate_that_is_not_trusted_is_named_with_what_to_do(
    secure: Any,
    serve: Any,
    ca_file: str,
    monkeypatch: pytest.MonkeyPatch,
    names: Any,
    trusted: bool,
    says: str,
) -> None:
    server = serve(secure(*names))
    trust = {CA_FILE: ca_file} if trusted else {}
    for name, value in trust.items():
        monkeypatch.setenv(name, value)
    assert re.search(says, unreachable(server.url))
    for words in (("list",), ("participate",)):
        done = ravpy(*words, "--server", server.url, **trust)
        assert done.returncode == 1
        assert re.search(says, done.stderr), done.stderr


def test_plain_text_to_a_port_that_speaks_tls_gets_clear_words(secure: Any, serve: Any) -> None:
    server = serve(secure("127.0.0.1"))
    plain = server.url.replace("https", "http")
    says = f"127.0.0.1:{server.port} speaks TLS; write https:// instead"
    assert says in unreachable(plain)
    for words in (("list",), ("participate",)):
        done = ravpy(*words, "--server", plain)
        assert (done.returncode, says in done.stderr) == (1, True), done.stderr


def test_tls_to_a_port_that_speaks_plain_text_gets_clear_words(server: Any) -> None:
    secure_url = server.url.replace("http", "https")
    says = f"127.0.0.1:{server.port} does not speak TLS; write http:// instead"
    assert says in unreachable(secure_url)
    for words in (("list",), ("participate",)):
        done = ravpy(*words, "--server", secure_url)
        assert (done.returncode, says in done.stderr) == (1, True), done.stderr
    engine.initialize(url=server.url)


def test_where_nothing_answers_nothing_is_said_about_tls() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert speaks_tls("127.0.0.1", port) is None
    assert advice(f"https://127.0.0.1:{port}", ConnectionRefusedError()) == ""
    assert advice(f"http://127.0.0.1:{port}", ConnectionRefusedError()) == ""


@pytest.mark.parametrize(
    "noise", [b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\xff\xff", b"\x80\x2e\x01", b"\0" * 5000, b""]
)
def test_noise_at_the_tls_port_troubles_nobody(
    secure: Any, serve: Any, ca_file: str, monkeypatch: pytest.MonkeyPatch, noise: bytes
) -> None:
    monkeypatch.setenv(CA_FILE, ca_file)
    server = serve(secure("127.0.0.1"))
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(noise)
        connection.shutdown(socket.SHUT_WR)
        try:
            while connection.recv(4096):
                pass
        except ConnectionError:
            pass
    assert R.Graph().id >= 1


def test_old_versions_of_tls_are_not_spoken(secure: Any, serve: Any) -> None:
    server: Server = serve(secure("127.0.0.1"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with pytest.warns(DeprecationWarning):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    with (
        socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection,
        pytest.raises((ssl.SSLError, ConnectionError)),
    ):
        context.wrap_socket(connection)


def test_the_certificates_names_are_the_servers(secure: Any, ca_file: str) -> None:
    config = secure("127.0.0.1", "rdf.example.org", host="0.0.0.0")
    token = make_token(config, "developer")
    server = Server(config)
    context = ssl.create_default_context(cafile=ca_file)
    try:
        answers = {}
        for host in ("rdf.example.org", "RDF.example.org:443", "other.example.org"):
            connection = http.client.HTTPSConnection("127.0.0.1", server.port, timeout=10, context=context)
            connection.request(
                "GET", "/v1/graphs", headers={"Host": host, "Authorization": f"Bearer {token}"}
            )
            answers[host] = connection.getresponse().status
            connection.close()
        assert answers == {"rdf.example.org": 200, "RDF.example.org:443": 200, "other.example.org": 403}
    finally:
        server.stop()


def test_the_ready_line_says_https(secure: Any) -> None:
    config = secure("127.0.0.1")
    settings = {
        "RAVSOCK_TLS_CERT": str(config.tls_cert), "RAVSOCK_TLS_KEY": str(config.tls_key),
        "RDF_DATABASE_URI": config.database, "RDF_DATA_DIR": str(config.data_dir), "RAVSOCK_PORT": "0",
    }  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "run_ravsock.py", "--no-ftp"], cwd=ROOT, env={**os.environ, **settings},
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        assert process.stdout.readline().startswith("ravsock ready https://127.0.0.1:")
    finally:
        process.terminate()
        process.communicate(timeout=20)
    assert process.returncode == 0


def test_a_contributor_whose_token_is_no_good_says_so_and_ends(server: Any, config: Config) -> None:
    token = make_token(config, "contributor")
    while ask(server.port, "GET", "/v1/graphs")[0] == 200:
        pass
    for environment, says in (
        ({}, "asks for an access token"),
        ({"RAV_TOKEN": token[:-1] + "!"}, "no access token"),
    ):
        done = ravpy("participate", "--server", server.url, **environment)
        assert done.returncode == 1
        assert says in done.stderr
