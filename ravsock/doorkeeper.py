"""Who is at the door: a token's text in, a Principal or a TokenError out.

Tokens are made and revoked by another process (`ravsock token`), so what is known of one is looked up again
when it was looked up more than FRESH_S ago: a revoked token is refused that much later at the latest.
Nothing is looked up while nobody asks.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from ravsock import models as m
from ravsock.config import Config, is_open_to_others
from ravsock.database import Reader
from ravsock.roles import ANYBODY, Principal, Role
from ravsock.sql import DatabaseAway
from ravsock.tokens import Token, is_right, parse
from ravspec.errors import ConfigError, TokenError

#: seconds for which an answer of the database counts
FRESH_S = 1.0
#: when a token was used last is written down this often at most, in seconds
LAST_USED_S = 60.0
#: so many tokens are known by heart
KNOWN = 10_000

HOW_TO_GET_ONE = "`ravsock token add --role developer` (or contributor, operator) makes one"


@dataclass(slots=True)
class Known:
    """What was looked up, and when."""

    token: Token | None
    at: float
    principal: Principal | None = None


class Doorkeeper:
    """Looks tokens up in the database. `used(token id, time)` is told when one was used."""

    def __init__(self, config: Config, engine: Engine) -> None:
        self._read = Reader(engine)
        self._others = is_open_to_others(config)
        self._known: OrderedDict[int, Known] = OrderedDict()
        self._told: dict[int, float] = {}
        self._demands = False
        self._looked_at = -FRESH_S
        self.used: Callable[[int, float], Any] = lambda token, now: None

    def check_start(self, config: Config) -> None:
        """A server that others can reach does not start without a token that opens it."""
        if self._others and not self._read(count_valid, time.time()):
            reached = f"RAVSOCK_HOST={config.host}" if not config.names else "RAVSOCK_NAMES"
            raise ConfigError(
                f"with {reached} others than this machine reach the server, and its database has no valid "
                f"token, so nobody could use it. {HOW_TO_GET_ONE}, with the same --database"
            )

    @property
    def demands(self) -> bool:
        """Are tokens asked for? Always, once the database has had one, even if it is no longer good."""
        if not self._demands:
            if self._others:
                self._demands = True
            elif time.monotonic() - self._looked_at >= FRESH_S:
                try:
                    self._demands = self._read(any_token)
                except DatabaseAway:
                    if self._looked_at < 0:
                        raise  # nothing is known of the door yet
                self._looked_at = time.monotonic()
        return self._demands

    def admit(self, text: str | None) -> Principal:
        """Who that is; a TokenError if the token does not open this server (any more)."""
        if not self.demands:
            return ANYBODY
        if not text:
            raise TokenError(
                "this server asks for an access token. In a browser, open the whole link you were given; "
                "for a program, set RAV_TOKEN, or give --token or R.initialize(token=...). Its operator can "
                "make you one"
            )
        parsed = parse(text)
        if parsed is None:
            raise TokenError(
                "that is no access token: they begin with rdf_ and have 43 signs after the number"
            )
        number, secret = parsed
        known = self._look_up(number)
        if not is_right(known.token, secret):
            raise TokenError("this server does not know that access token; its operator can make you one")
        return self._good(known)

    def still(self, principal: Principal) -> Principal:
        """The same, if its token is still good: for connections that stay."""
        if principal.role is None:
            return self.admit(None)
        return self._good(self._look_up(principal.token))

    def _good(self, known: Known) -> Principal:
        token, now = known.token, time.time()
        state = token.state(now) if token is not None else "gone"
        if token is None or state != "valid":
            name = f"{token.name!r}" if token is not None else "?"
            raise TokenError(f"the access token of {name} is {state}; its operator can make you another")
        if now - self._told.get(token.id, 0.0) >= LAST_USED_S:
            self._told[token.id] = now
            self.used(token.id, now)
        if known.principal is None:
            known.principal = Principal(token.role, token.name, token.id)
        return known.principal

    def _look_up(self, number: int) -> Known:
        now = time.monotonic()
        known = self._known.get(number)
        if known is None or now - known.at >= FRESH_S:
            try:
                known = Known(self._read(by_id, number), now)
            except DatabaseAway:
                if known is None:
                    raise
                return known  # nobody is put out because the database is away
            self._known[number] = known
            self._known.move_to_end(number)
            if len(self._known) > KNOWN:
                self._known.popitem(last=False)
        return known


# --- queries -----------------------------------------------------------------------------------------


def as_token(row: Any) -> Token:
    """A row of the table."""
    return Token(**{**row._mapping, "role": Role(row.role)})


def by_id(c: Connection, number: int) -> Token | None:
    """The token of that number."""
    row = c.execute(sa.select(m.token).where(m.token.c.id == number)).one_or_none()
    return None if row is None else as_token(row)


def all_tokens(c: Connection) -> list[Token]:
    """Every token, in the order in which they were made."""
    return [as_token(row) for row in c.execute(sa.select(m.token).order_by(m.token.c.id))]


def any_token(c: Connection) -> bool:
    """Has there been a token?"""
    return c.execute(sa.select(m.token.c.id).limit(1)).first() is not None


def count_valid(c: Connection, now: float) -> int:
    """How many tokens are good."""
    return sum(token.state(now) == "valid" for token in all_tokens(c))
