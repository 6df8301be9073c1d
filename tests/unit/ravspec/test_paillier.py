"""Encryption: what is added encrypted is added; what is no ciphertext or no key is refused."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from fedspecs import make_spec
from hypothesis import given, settings
from hypothesis import strategies as st

from ravspec import paillier
from ravspec.ciphertexts import Wire
from ravspec.errors import ProtocolError
from ravspec.federated import Column, Statistic
from ravspec.slots import layout_of
from ravspec.sums import Sum

KEY = paillier.make_key(1024, insecure=True)
SPEC = make_spec({"a": Column()}, Statistic("mean", ("a",)), modulus=f"{KEY.n:x}")
WIRE = Wire(SPEC, layout_of(SPEC))


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, KEY.n - 1), min_size=1, max_size=4))
def test_sums_modulo_n(values: list[int]) -> None:
    total = WIRE.none()
    for value in values:
        total = WIRE.add(total, WIRE.from_bytes(WIRE.to_bytes(paillier.encrypt(KEY.n, [value]))))
    assert paillier.decrypt(KEY, total) == [sum(values) % KEY.n]


def test_the_same_value_is_never_encrypted_to_the_same_bytes() -> None:
    assert len({paillier.encrypt(KEY.n, [7])[0] for _ in range(20)}) == 20


def test_every_value_is_as_many_bytes() -> None:
    assert {len(WIRE.to_bytes(paillier.encrypt(KEY.n, [v]))) for v in (0, 1, KEY.n - 1)} == {256}


@pytest.mark.parametrize("bad", [0, KEY.p, KEY.q * 3, KEY.n, KEY.n**2, KEY.n**2 + 1])
def test_what_is_no_ciphertext_is_refused(bad: int) -> None:
    body = bad.to_bytes(WIRE.width_bytes, "big")
    with pytest.raises(ProtocolError, match="no ciphertext"):
        WIRE.from_bytes(body)


@pytest.mark.parametrize("value", [-1, KEY.n])
def test_what_is_not_below_the_modulus_is_not_encrypted(value: int) -> None:
    with pytest.raises(ProtocolError, match="not below"):
        paillier.encrypt(KEY.n, [value])


def test_short_keys_need_a_word() -> None:
    with pytest.raises(ProtocolError, match="too short"):
        paillier.make_key(1024)
    with pytest.raises(ProtocolError, match="too short"):
        paillier.check_modulus(KEY.n)
    paillier.check_modulus(KEY.n, insecure=True)


@pytest.mark.parametrize(
    "make",
    [lambda: 2**1023, lambda: 2**1279 - 1, lambda: KEY.p**2, lambda: 3 * KEY.n, lambda: 997 * KEY.p],
)
def test_a_modulus_that_anybody_could_open_is_refused(make: Callable[[], int]) -> None:
    with pytest.raises(ProtocolError, match="no modulus"):
        paillier.check_modulus(make(), insecure=True)


def test_a_key_is_two_primes_of_half_its_size() -> None:
    assert KEY.n.bit_length() == 1024
    assert math.gcd(KEY.n, (KEY.p - 1) * (KEY.q - 1)) == 1
    assert isinstance(layout_of(SPEC).slots[0].sum, Sum)
