"""Tokens as texts: what they look like, which secret is right, when they end."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ravsock.roles import Role
from ravsock.tokens import (
    Token,
    checked_name,
    expiry,
    hash_of,
    is_right,
    new_secret,
    parse,
    text_of,
)
from ravspec.errors import ConfigError

NOON = 1_800_000_000.0  # 2027-01-15 08:00 UTC


def test_a_token_is_recognised_and_its_secret_has_256_random_bits() -> None:
    secret = new_secret()
    text = text_of(17, secret)
    assert text.startswith("rdf_17_")
    assert parse(text) == (17, secret)
    assert len(secret) == 43
    assert len({new_secret() for _ in range(1000)}) == 1000


@pytest.mark.parametrize(
    "text", ["", "rdf_", "rdf_1_", "rdf_0_" + "a" * 43, "rdf_1_" + "a" * 42, "x" * 10_000]
)
def test_other_texts_are_no_tokens(text: str) -> None:
    assert parse(text) is None


@given(st.text(max_size=80))
def test_no_text_makes_the_parser_stumble(text: str) -> None:
    assert parse(text) is None or parse(text)[1].isascii()  # type: ignore[index]


def test_only_the_right_secret_of_a_token_that_exists_is_right() -> None:
    secret = new_secret()
    token = Token(1, "anna", Role.DEVELOPER, hash_of(secret), 0.0)
    assert is_right(token, secret)
    assert not is_right(token, new_secret())
    assert not is_right(None, secret)
    assert secret not in repr(token)


def test_a_token_is_good_until_it_expires_or_is_revoked() -> None:
    token = Token(1, "anna", Role.DEVELOPER, "", 0.0, expires_at=NOON)
    assert (token.state(NOON - 1), token.state(NOON)) == ("valid", "expired")
    assert Token(1, "anna", Role.DEVELOPER, "", 0.0, revoked_at=1.0).state(2.0) == "revoked"


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("30d", NOON + 30 * 86400),
        ("12h", NOON + 12 * 3600),
        ("90s", NOON + 90),
        ("2w", NOON + 14 * 86400),
        ("2027-01-15", 1_800_057_600.0),  # the end of that day
        ("2027-01-31", 1_801_440_000.0),
    ],
)
def test_an_end_is_a_day_or_a_span(text: str, at: float) -> None:
    assert expiry(text, NOON) == at


@pytest.mark.parametrize("text", ["soon", "", "0d", "-3d", "2027-13-01", "2027-01-14", "9" * 99 + "d", "1y"])
def test_another_end_is_refused_in_words(text: str) -> None:
    with pytest.raises(ConfigError, match=r"--expires.*(neither|past)"):
        expiry(text, NOON)


@pytest.mark.parametrize("name", ["", "life:x", "a/b", "x" * 65, "\n", " x", "ü"])
def test_a_name_that_could_be_taken_for_something_else_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="cannot be called"):
        checked_name(name)
