"""`ravsock token`: make, list and revoke access tokens, in the database, while a server runs or not."""

from __future__ import annotations

import argparse
import sys
import time
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from ravsock import models as m
from ravsock.config import read_config
from ravsock.database import changing, one_line, open_database, shown
from ravsock.doorkeeper import all_tokens
from ravsock.roles import Role
from ravsock.tokens import Token, checked_name, expiry, hash_of, new_secret, text_of
from ravspec.errors import ConfigError


def add_parser(commands: Any) -> None:
    """The subcommand `token` of the command line."""
    token = commands.add_parser(
        "token",
        help="make, list and revoke access tokens",
        description="Once the database has a token, the server asks everybody for one; on any other address "
        "than this machine's it always does. Changes count within a second, without a restart.",
    )
    actions = token.add_subparsers(dest="action", required=True)
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--database", metavar="URL", default=argparse.SUPPRESS, help="default sqlite:///rdf.db"
    )
    add = actions.add_parser(
        "add", parents=[common], help="make a token and print it, this once",
        description="Prints the token, and nothing else, on standard output. Only its hash is kept.",
    )  # fmt: skip
    add.add_argument("--role", required=True, choices=[str(role) for role in Role], help="what it is for")
    add.add_argument(
        "--name", help="whose it is: graphs and arrays belong to a developer's name (default: role-number)"
    )
    add.add_argument("--expires", metavar="D", help="2027-01-31, or 30d, 12h, 45m (default: never)")
    actions.add_parser("list", parents=[common], help="all tokens, without their secrets")
    revoke = actions.add_parser("revoke", parents=[common], help="refuse a token from now on")
    revoke.add_argument("ids", metavar="ID", type=int, nargs="+", help="its number, as `list` shows it")


def run(args: dict[str, Any]) -> int:
    """Exit code: 0 done, 1 failed (one line says why)."""
    config = read_config({"database": args.get("database")})
    try:
        engine = open_database(config.database)
        try:
            with changing(engine) as connection:
                return ACTIONS[args["action"]](connection, args)
        finally:
            engine.dispose()
    except DBAPIError as error:
        name = shown(config.database)
        raise ConfigError(f"the database {name} cannot be written: {one_line(error.orig)}") from error


def make(c: Connection, role: Role, name: str, expires_at: float | None) -> tuple[int, str, str]:
    """A new token: its number, its name, and its text, which is not kept."""
    secret = new_secret()
    row = {
        "name": name, "role": role, "sha256": hash_of(secret),
        "created_at": time.time(), "expires_at": expires_at,
    }  # fmt: skip
    number = int(c.execute(m.token.insert().values(**row).returning(m.token.c.id)).scalar_one())
    if not name:
        name = f"{role}-{number}"
        c.execute(m.token.update().where(m.token.c.id == number).values(name=name))
    return number, name, text_of(number, secret)


def add(c: Connection, args: dict[str, Any]) -> int:
    """Make a token."""
    role = Role(args["role"])
    expires_at = expiry(args["expires"]) if args["expires"] else None
    number, name, text = make(c, role, checked_name(args["name"]) if args["name"] else "", expires_at)
    until = f"until {moment(expires_at)}" if expires_at else "without an end"
    print(
        f"token {number}: {role} {name!r}, {until}. It is shown this once, so keep it now; "
        "whoever uses it sets RAV_TOKEN",
        file=sys.stderr,
    )
    print(text)
    return 0


def show(c: Connection, args: dict[str, Any]) -> int:
    """List the tokens."""
    head = ("id", "role", "name", "state", "made", "expires", "last used", "revoked")
    rows = [head, *(view(token, time.time()) for token in all_tokens(c))]
    widths = [max(len(row[k]) for row in rows) for k in range(len(head))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    return 0


def view(token: Token, now: float) -> tuple[str, ...]:
    """A token as a row of the list; there is no secret in it, as there is none to be had."""
    times = (token.created_at, token.expires_at, token.last_used_at, token.revoked_at)
    return (str(token.id), token.role, token.name, token.state(now), *map(moment, times))


def moment(at: float | None) -> str:
    """A time as people write it, UTC."""
    return "-" if at is None else datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M")


def revoke(c: Connection, args: dict[str, Any]) -> int:
    """Revoke tokens; all of them, or an error."""
    never_revoked = sa.and_(m.token.c.id.in_(args["ids"]), m.token.c.revoked_at.is_(None))
    # written first: SQLite refuses at once who has read, and then would write after another has written
    c.execute(m.token.update().where(never_revoked).values(revoked_at=time.time()))
    known = {token.id: token for token in all_tokens(c)}
    unknown = [number for number in args["ids"] if number not in known]
    if unknown:
        raise ConfigError(f"there is no token {unknown[0]}; `ravsock token list` shows those that there are")
    for number in args["ids"]:
        print(f"token {number} of {known[number].name!r} is revoked", file=sys.stderr)
    return 0


ACTIONS = {"add": add, "list": show, "revoke": revoke}
