"""The table of roles, walked: every endpoint and event, with every role, none, unknown, expired, revoked."""

from __future__ import annotations

from typing import Any

import pytest
from bare_peers import Peer
from contributors import hello
from door import ask, expire, make_token, number_of, revoke, sql, unknown

from ravsock import doorkeeper
from ravsock.config import Config
from ravsock.guards import endpoint
from ravsock.roles import ALL, AT_CONNECT, ENDPOINTS, EVENTS, NOBODY, Principal, Role
from ravsock.routes import DISPATCHER
from ravspec import messages
from ravspec.errors import AccessError

ROLES = [str(role) for role in Role]
BAD = ["none", "unknown", "expired", "revoked"]

#: what stands in the paths for what the table leaves open
PARTS = {"graph": "1", "op": "0", "name": "x", "upload": "ab" * 16, "digest": "cd" * 32, "version": "0"}


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every look at a token is a look into the database."""
    monkeypatch.setattr(doorkeeper, "FRESH_S", 0.0)


def token_for(config: Config, whose: str) -> str | None:
    """A token of a role, or one that is no good."""
    if whose == "none":
        make_token(config, "developer")
        return None
    token = make_token(config, whose if whose in ROLES else "developer")
    make = {"unknown": lambda: unknown(token), "expired": lambda: expire(config, token)}
    make["revoked"] = lambda: revoke(config, token)
    return make.get(whose, lambda: token)()


def test_every_route_stands_in_the_table_and_nothing_else_does(server: Any) -> None:
    routes = {endpoint(route) for route in server.app.router.routes()}
    assert routes == set(ENDPOINTS), "a new endpoint needs a row in ravsock/roles.py: who may use it?"


def test_every_message_of_contributors_stands_in_the_table_and_nothing_else_does() -> None:
    names = {kind.__name__.lower() for kind in messages.FromContributor.__args__}
    assert set(EVENTS) == names | {"connect", "disconnect"}


@pytest.mark.parametrize("whose", ROLES + BAD)
@pytest.mark.parametrize("row", ENDPOINTS)
def test_an_endpoint_is_used_by_its_roles_only(
    config: Config, server: Any, at_once: None, row: str, whose: str
) -> None:
    method, path = row.split(" ")
    for part, value in PARTS.items():
        path = path.replace(f"{{{part}}}", value)
    token, allowed = token_for(config, whose), ENDPOINTS[row]
    if whose == "contributor":
        server.call(lambda d: d.tokens.update(x=number_of(token or "")))
    status, reply = ask(server.port, method, path, token, b"{}" if method != "GET" else None, Rdf_Life="x")
    if allowed is AT_CONNECT:
        assert status not in (401, 403)
    elif whose in BAD:
        assert (status, reply["kind"]) == (401, "TokenError")
        assert "operator can make you" in reply["message"].lower()
    elif whose in allowed:
        assert status not in (401, 403), reply
    else:
        assert (status, reply["kind"]) == (403, "AccessError")
        assert " is for: " in reply["message"]


def test_an_endpoint_that_is_not_in_the_table_is_nobodys(
    config: Config, server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = make_token(config, "operator")
    monkeypatch.setattr(doorkeeper, "FRESH_S", 0.0)
    assert ask(server.port, "GET", "/v1/contributors", token)[0] == 200
    monkeypatch.delitem(ENDPOINTS, "GET /v1/graphs")
    status, reply = ask(server.port, "GET", "/v1/graphs", token)
    assert status == 403
    assert "nobody" in reply["message"]


def test_what_is_not_there_is_told_to_holders_of_tokens_only(
    config: Config, server: Any, at_once: None
) -> None:
    token = make_token(config, "contributor")
    assert ask(server.port, "GET", "/nowhere")[0] == 401
    assert ask(server.port, "GET", "/nowhere", token)[0] == 404
    assert ask(server.port, "PUT", "/v1/graphs", token)[0] == 405


@pytest.mark.parametrize("whose", ROLES + BAD)
def test_only_contributors_connect(config: Config, server: Any, at_once: None, whose: str) -> None:
    peer = Peer(server.url, token_for(config, whose))
    try:
        assert peer.connected == (whose == "contributor")
        if whose in BAD:
            assert peer.refusal["data"]["kind"] == "TokenError"
        elif not peer.connected:
            assert peer.refusal["data"]["kind"] == "AccessError"
            assert "is for: contributor" in peer.refusal["message"]
    finally:
        peer.close()


@pytest.mark.parametrize("whose", ROLES + BAD[2:])
@pytest.mark.parametrize("event", sorted(set(EVENTS) - {"connect", "disconnect"}))
def test_an_event_is_used_by_its_roles_only(
    config: Config, server: Any, at_once: None, event: str, whose: str
) -> None:
    # Given a contributor that has said hello
    token = make_token(config, "contributor")
    peer = Peer(server.url, token)
    try:
        assert peer.send("hello", messages.encode(hello("x", "x"))) is None
        # When its token becomes another, and then it sends the event
        if whose in ROLES:
            sql(config, "UPDATE token SET role = ? WHERE id = ?", whose, number_of(token))
        else:
            {"expired": expire, "revoked": revoke}[whose](config, token)
        sample = {
            "hello": hello("x", "x"),
            "heartbeat": messages.Heartbeat("x"),
            "result": messages.Result("x", 1, 0.0, []),
            "refuse": messages.Refuse("x", 1, ""),
            "crash": messages.Crash("x", ""),
            "bye": messages.Bye("x"),
            "watch": messages.Watch("x"),
        }[event]
        answer = peer.send(event, messages.encode(sample), lenient=True)
        # Then it is taken from a contributor, and refused from others
        if whose in EVENTS[event]:
            assert answer in (None, "taken")
            assert not peer.errors
        else:
            assert peer.error().kind == ("AccessError" if whose in ROLES else "TokenError")
            if whose not in ROLES:
                assert peer.dropped.wait(5), "the connection of a token that is no good is closed"
                assert "x" not in server.call(lambda d: dict(d.present))
    finally:
        peer.close()


@pytest.mark.parametrize("event", ["connect", "disconnect", "on_hello", "trigger_event", "", "welcome"])
def test_another_event_is_refused_and_the_server_goes_on(config: Config, server: Any, event: str) -> None:
    peer = Peer(server.url)
    try:
        peer.send(event, b"x", lenient=True)
        assert ask(server.port, "GET", "/v1/graphs")[0] == 200
    finally:
        peer.close()


def test_a_role_that_is_not_among_those_allowed_gets_words() -> None:
    with pytest.raises(AccessError, match=r"^that is for: nobody"):
        Principal(None, "", 0).demand(NOBODY, "that")
    with pytest.raises(AccessError, match="is for: nobody; this token is an operator's"):
        Principal(Role.OPERATOR, "o", 1).demand(NOBODY, "that")
    Principal(None, "", 0).demand(ALL, "anything")


def test_the_dispatcher_is_not_reached_by_those_who_are_refused(
    config: Config, server: Any, monkeypatch: pytest.MonkeyPatch, at_once: None
) -> None:
    make_token(config, "developer")
    assert ask(server.port, "POST", "/v1/graphs", None, b"{}")[0] == 401
    assert list(server.app[DISPATCHER].registry) == []
