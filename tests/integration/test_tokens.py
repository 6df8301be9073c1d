"""Tokens from the command to the door: shown once, kept as hashes, counted at once, refused when they end."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from bare_peers import Peer
from contributors import hello
from door import ask, command, expire, make_token, number_of, revoke, sql, unknown
from serving import Server

import ravop as R
from ravsock.app import make_app
from ravsock.config import Config
from ravsock.doorkeeper import FRESH_S
from ravsock.tokens import hash_of, parse
from ravspec import messages
from ravspec.errors import ConfigError


def within(patience_s: float, condition: Any) -> bool:
    """Does the condition come true in that time? Each look at it is a request to the server."""
    give_up_at = time.monotonic() + patience_s
    while not condition():
        if time.monotonic() > give_up_at:
            return False
    return True


def test_a_token_is_shown_once_and_kept_as_a_hash(config: Config) -> None:
    code, out, err = command(config, "add", "--role", "developer", "--name", "anna", "--expires", "30d")
    token = out.strip()
    assert (code, out) == (0, f"{token}\n")
    assert "'anna'" in err and token not in err
    _, secret = parse(token) or (0, "")
    ((kept,),) = sql(config, "SELECT sha256 FROM token")
    assert kept == hash_of(secret)
    assert not any(secret in repr(row) for row in sql(config, "SELECT * FROM token"))
    if config.database.startswith("sqlite"):  # and nowhere in the file
        everything = Path(config.database.removeprefix("sqlite:///")).read_bytes()
        assert secret.encode() not in everything


def test_the_list_has_everything_but_the_token(config: Config) -> None:
    tokens = [
        make_token(config, "developer", "anna", "--expires", "2099-01-31"),
        make_token(config, "operator"),
    ]
    revoke(config, tokens[1])
    code, out, _ = command(config, "list")
    lines = out.splitlines()
    assert code == 0
    assert lines[0].split() == ["id", "role", "name", "state", "made", "expires", "last", "used", "revoked"]
    assert lines[1].split()[:4] == ["1", "developer", "anna", "valid"]
    assert "2099-02-01 00:00" in lines[1]
    assert lines[2].split()[:4] == ["2", "operator", "operator-2", "revoked"]
    assert not any((parse(token) or (0, ""))[1] in out for token in tokens)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("add", "--role", "developer", "--expires", "never"), "neither a date"),
        (("add", "--role", "developer", "--expires", "2001-01-01"), "in the past"),
        (("add", "--role", "developer", "--name", "a/b"), "cannot be called"),
        (("revoke", "7"), "there is no token 7"),
    ],
)
def test_what_the_command_cannot_do_it_says_in_a_line(config: Config, words: Any, says: str) -> None:
    code, out, err = command(config, *words)
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert says in err


def test_without_tokens_the_server_on_loopback_ignores_whatever_token_it_is_given(server: Any) -> None:
    for token in (None, "", "nonsense", "rdf_1_" + "a" * 43):
        assert ask(server.port, "GET", "/v1/graphs", token)[0] == 200
    peer = Peer(server.url, "nonsense")
    assert peer.connected
    peer.close()


def test_tokens_count_while_the_server_runs_and_within_a_second(config: Config, server: Any) -> None:
    assert ask(server.port, "GET", "/v1/graphs")[0] == 200
    token = make_token(config, "developer")
    assert within(FRESH_S + 1, lambda: ask(server.port, "GET", "/v1/graphs")[0] == 401)
    assert ask(server.port, "GET", "/v1/graphs", token)[0] == 200
    assert ask(server.port, "GET", "/v1/graphs", unknown(token))[0] == 401
    revoke(config, token)
    assert within(FRESH_S + 1, lambda: ask(server.port, "GET", "/v1/graphs", token)[0] == 401)
    # and it does not open to everybody because the last token is gone
    assert ask(server.port, "GET", "/v1/graphs")[0] == 401


def test_a_server_that_starts_with_tokens_asks_for_them(config: Config) -> None:
    expire(config, make_token(config, "developer"))
    server = Server(config)
    try:
        assert ask(server.port, "GET", "/v1/graphs")[0] == 401
    finally:
        server.stop()


def test_a_token_anywhere_but_in_the_header_is_not_looked_at(config: Config, server: Any) -> None:
    token = make_token(config, "developer")
    assert within(FRESH_S + 1, lambda: ask(server.port, "GET", "/v1/graphs")[0] == 401)
    for place in (f"?token={token}", f"?access_token={token}", f"?auth={token}", f"#{token}"):
        assert ask(server.port, "GET", f"/v1/graphs{place}")[0] == 401
    for headers in ({"Cookie": f"token={token}"}, {"X_Token": token}, {"Authorization": f"Basic {token}"}):
        assert ask(server.port, "GET", "/v1/graphs", None, None, **headers)[0] == 401
    assert ask(server.port, "GET", "/v1/graphs", None, None, Authorization=f"bearer {token}")[0] == 200


def test_nor_is_one_in_the_address_of_a_socket(config: Config, server: Any) -> None:
    token = make_token(config, "contributor")
    assert within(FRESH_S + 1, lambda: ask(server.port, "GET", "/v1/graphs")[0] == 401)
    peer = Peer(f"{server.url}/?token={token}")
    assert not peer.connected
    assert peer.refusal["data"]["kind"] == "TokenError"
    peer.close()
    peer = Peer(server.url, headers={"Authorization": f"Bearer {token}"})
    assert peer.connected
    peer.close()


def test_when_a_token_was_used_is_written_down(config: Config, server: Any) -> None:
    token = make_token(config, "developer")
    assert within(FRESH_S + 1, lambda: ask(server.port, "GET", "/v1/graphs")[0] == 401)
    before = time.time()
    assert ask(server.port, "GET", "/v1/graphs", token)[0] == 200
    server.run(server.call(lambda d: d.writer.submit(lambda c: None)))
    ((at,),) = sql(config, "SELECT last_used_at FROM token WHERE id = ?", number_of(token))
    assert before <= at <= time.time()


def test_a_developer_who_waits_while_the_token_is_revoked_is_told(config: Config, server: Any) -> None:
    token = make_token(config, "developer", "anna")
    assert within(FRESH_S + 1, lambda: ask(server.port, "GET", "/v1/graphs")[0] == 401)
    R.initialize(token, url=server.url)
    graph, told = R.Graph(), []
    c = R.t(1) + 1

    def wait() -> None:
        with pytest.raises(R.TokenError, match="is revoked") as raised:
            c()
        told.append(str(raised.value))

    waiter = threading.Thread(target=wait)
    waiter.start()
    while not server.call(lambda d: [q for r in d.registry for q in r.questions]):
        pass
    revoke(config, token)
    # something happens at the graph, so the server has news to tell
    assert within(FRESH_S + 5, lambda: _touch(server) or told)
    waiter.join(10)
    assert told
    assert graph.id == 1


def _touch(server: Any) -> None:
    server.call(lambda d: [q.touch() for r in d.registry for q in r.questions])


def test_a_server_for_others_does_not_start_without_a_token(config: Config, tmp_path: Path) -> None:
    def start(**settings: Any) -> None:
        make_app(Config(database=config.database, data_dir=tmp_path / "d", ftp=False, **settings))

    for settings in (
        {"host": "0.0.0.0"},
        {"host": "192.0.2.1"},
        {"host": "::"},
        {"names": ("rdf.example.org",)},
    ):
        with pytest.raises(ConfigError, match=r"no valid token.*ravsock token add"):
            start(**settings)
    token = make_token(config, "operator")
    start(host="0.0.0.0")
    expire(config, token)
    with pytest.raises(ConfigError, match="no valid token"):
        start(host="0.0.0.0")


def test_a_server_for_others_asks_for_a_token_on_loopback_too(config: Config) -> None:
    token = make_token(config, "developer")
    server = Server(replace(config, host="0.0.0.0"))
    try:
        assert ask(server.port, "GET", "/v1/graphs")[0] == 401
        assert ask(server.port, "GET", "/v1/graphs", token)[0] == 200
    finally:
        server.stop()


def test_a_life_that_came_with_one_token_is_not_taken_over_with_another(config: Config, server: Any) -> None:
    tokens = [make_token(config, "contributor") for _ in range(2)]
    assert within(FRESH_S + 1, lambda: ask(server.port, "GET", "/v1/graphs")[0] == 401)
    frame = messages.encode(hello("life", "x"))
    owner, thief = (Peer(server.url, token) for token in tokens)
    try:
        assert owner.send("hello", frame) is None
        assert thief.send("hello", frame) == "refused"
        assert "with another token" in thief.error().message
    finally:
        owner.close()
        thief.close()
