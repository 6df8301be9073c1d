"""Paillier's encryption by `phe`: an exact adder of integers below the modulus. No other module uses phe.

phe encodes floats with an exponent that travels in the clear and tells their size; none of that is used here.
Integers go in, integers come out, nothing else is on the wire. Fresh randomness for each encryption is phe's.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from phe.paillier import PaillierPrivateKey, PaillierPublicKey, generate_paillier_keypair

from ravspec.errors import ProtocolError

KEY_BITS = 3072
FEWEST_BITS = 2048


@dataclass(frozen=True, slots=True)
class Key:
    """A private key: two primes."""

    p: int
    q: int

    @property
    def n(self) -> int:
        """The modulus, which is the public key."""
        return self.p * self.q


def check_bits(bits: int, insecure: bool) -> None:
    """Too short a key is refused, unless somebody says that it is insecure."""
    if bits < FEWEST_BITS and not insecure:
        raise ProtocolError(f"a key of {bits} bits is too short: {FEWEST_BITS} are the fewest")


def make_key(bits: int = KEY_BITS, insecure: bool = False) -> Key:
    """A new key."""
    check_bits(bits, insecure)
    _, private = generate_paillier_keypair(n_length=bits)
    return Key(int(private.p), int(private.q))


def check_modulus(n: int, insecure: bool = False) -> None:
    """What can be seen of a public key: its size, and that it is odd and no prime or power of small ones."""
    check_bits(n.bit_length(), insecure)
    # a prime, or what Fermat's test takes for one, would let anybody decrypt
    if n % 2 == 0 or pow(2, n - 1, n) == 1 or math.isqrt(n) ** 2 == n or math.gcd(n, SMALL_PRIMES) != 1:
        raise ProtocolError(
            "this is no modulus of a Paillier key: it is even, prime, a square or has small factors"
        )


def encrypt(n: int, parts: list[int]) -> list[int]:
    """Each of these integers, 0 <= part < n, encrypted afresh."""
    public = PaillierPublicKey(n)
    if any(not 0 <= part < n for part in parts):
        raise ProtocolError("a packed integer is not below the modulus")
    return [int(public.raw_encrypt(part)) for part in parts]


def decrypt(key: Key, ciphertexts: list[int]) -> list[int]:
    """The integers below n that they are."""
    private = PaillierPrivateKey(PaillierPublicKey(key.n), key.p, key.q)
    return [int(private.raw_decrypt(c)) for c in ciphertexts]


#: the product of the primes below 1000
SMALL_PRIMES = math.prod(p for p in range(3, 1000, 2) if all(p % d for d in range(3, math.isqrt(p) + 1, 2)))
