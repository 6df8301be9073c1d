"""People at the door: tokens made by the command, and requests that carry them."""

from __future__ import annotations

import contextlib
import http.client
import io
import json
from typing import Any

from ravsock.__main__ import main
from ravsock.config import Config
from ravsock.tokens import new_secret, parse, text_of
from tests.databases import run_sql


def command(config: Config, *words: str) -> tuple[int, str, str]:
    """`ravsock token ...` on that database: exit code, standard output, standard error."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(["token", *words, "--database", config.database])
    return code, out.getvalue(), err.getvalue()


def make_token(config: Config, role: str, name: str | None = None, *more: str) -> str:
    """A new token, as its owner gets it."""
    code, out, _ = command(config, "add", "--role", role, *(["--name", name] if name else []), *more)
    assert code == 0
    return out.strip()


def sql(config: Config, statement: str, *values: Any) -> list[Any]:
    """One statement on the server's database, from outside."""
    return [tuple(row) for row in run_sql(config.database, statement, *values)]


def expire(config: Config, token: str) -> str:
    """Its end is past."""
    sql(config, "UPDATE token SET expires_at = 1.0 WHERE id = ?", number_of(token))
    return token


def revoke(config: Config, token: str) -> str:
    """By the command."""
    code, _, err = command(config, "revoke", str(number_of(token)))
    assert code == 0, err
    return token


def unknown(token: str) -> str:
    """A token of the same number with another secret."""
    return text_of(number_of(token), new_secret())


def number_of(token: str) -> int:
    parsed = parse(token)
    assert parsed is not None
    return parsed[0]


def ask(
    port: int, method: str, path: str, token: str | None = None, body: bytes | None = None, **headers: str
) -> tuple[int, Any]:
    """One request; (status, JSON or bytes). Underscores in names of headers stand for hyphens."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    if token is not None:
        sent["Authorization"] = f"Bearer {token}"
    try:
        connection.request(method, path, body, sent)
        response = connection.getresponse()
        text = response.read()
    finally:
        connection.close()
    try:
        return response.status, json.loads(text)
    except ValueError:
        return response.status, text
