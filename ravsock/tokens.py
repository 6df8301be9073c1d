"""Access tokens: how they look, how they are kept, and what makes one good. Pure but for chance and hashing.

A token is `rdf_<id>_<secret>`. The id, which is no secret, finds the row; the secret is 256 random bits, of
which the row keeps the SHA-256. A slow hash (scrypt, Argon2) would guard nothing: it makes guessing
passwords slow, and nobody guesses 256 random bits, however fast; but it would make every request slow.
"""

from __future__ import annotations

import datetime
import hashlib
import hmac
import re
import secrets
import time
from dataclasses import dataclass

from ravsock.roles import Role
from ravspec.errors import ConfigError

PREFIX = "rdf_"
SECRET_BYTES = 32

#: what a token's name may look like: no sign by which it could be taken for something else
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@ -]{0,63}")

_TOKEN = re.compile(r"rdf_([1-9][0-9]{0,17})_([A-Za-z0-9_-]{43})")
_SPAN = re.compile(r"([1-9][0-9]{0,5})([smhdw])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}


@dataclass(frozen=True, slots=True)
class Token:
    """A row of the table. Times are seconds since 1970; None: never, or not yet."""

    id: int
    name: str
    role: Role
    sha256: str
    created_at: float
    expires_at: float | None = None
    last_used_at: float | None = None
    revoked_at: float | None = None

    def state(self, now: float) -> str:
        """In a word."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and now >= self.expires_at else "valid"


def new_secret() -> str:
    """256 random bits, in 43 signs."""
    return secrets.token_urlsafe(SECRET_BYTES)


def hash_of(secret: str) -> str:
    """What is kept of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def text_of(number: int, secret: str) -> str:
    """The token as its owner gets it."""
    return f"{PREFIX}{number}_{secret}"


def parse(text: str) -> tuple[int, str] | None:
    """(id, secret) of a text; None if it is no token of ours."""
    match = _TOKEN.fullmatch(text)
    return (int(match[1]), match[2]) if match else None


def is_right(token: Token | None, secret: str) -> bool:
    """Is that the token's secret? Takes the same time whatever the answer."""
    kept = token.sha256 if token is not None else "0" * 64
    return hmac.compare_digest(kept, hash_of(secret)) and token is not None


def checked_name(name: str) -> str:
    """The name, if a token may be called so."""
    if not NAME.fullmatch(name):
        raise ConfigError(
            f"a token cannot be called {name!r:.80}: write letters, digits, '.', '_', '-', '@' and spaces, "
            "at most 64"
        )
    return name


def expiry(text: str, now: float | None = None) -> float:
    """When a token ends: `30d`, `12h` (from now on) or `2027-01-31` (the end of that day, UTC)."""
    now = time.time() if now is None else now
    span = _SPAN.fullmatch(text)
    if span:
        return now + int(span[1]) * _SECONDS[span[2]]
    try:
        day = datetime.date.fromisoformat(text)
        end = datetime.datetime.combine(
            day + datetime.timedelta(days=1), datetime.time(), datetime.UTC
        ).timestamp()
    except (ValueError, OverflowError):
        raise ConfigError(
            f"--expires {text!r:.40} is neither a date such as 2027-01-31 nor a span such as 30d or 12h"
        ) from None
    if end <= now:
        raise ConfigError(f"--expires {text} is in the past")
    return end
