"""What a contribution looks like on its way: fixed-width bytes, checked, and added without being opened.

Plain integers and the standard library, so that the server needs no cryptography at all: adding what is
encrypted is multiplying ciphertexts modulo n squared; where a spec says "not encrypted", it is adding.
"""

from __future__ import annotations

import math

from ravspec.errors import ProtocolError
from ravspec.federated import Spec
from ravspec.slots import Layout


class Wire:
    """How the parts of one spec travel and are added."""

    def __init__(self, spec: Spec, layout: Layout) -> None:
        self.encrypted, self._n = spec.encryption, layout.modulus
        self.modulus = layout.modulus**2 if spec.encryption else layout.modulus
        self.width_bytes = ((self.modulus - 1).bit_length() + 7) // 8
        self.size_bytes = self.width_bytes * layout.parts

    def to_bytes(self, parts: list[int]) -> bytes:
        """The parts, each in the same number of bytes, whatever it is."""
        return b"".join(part.to_bytes(self.width_bytes, "big") for part in parts)

    def from_bytes(self, body: bytes) -> list[int]:
        """The parts of a message; ProtocolError where one is none."""
        if len(body) != self.size_bytes:
            raise ProtocolError(f"{len(body)} bytes, and a contribution to this graph has {self.size_bytes}")
        w = self.width_bytes
        parts = [int.from_bytes(body[i : i + w], "big") for i in range(0, len(body), w)]
        for i, part in enumerate(parts):
            if part >= self.modulus or (self.encrypted and (part == 0 or math.gcd(part, self._n) != 1)):
                raise ProtocolError(f"part {i} is no ciphertext of this graph's key")
        return parts

    def none(self) -> list[int]:
        """What there is before anything came."""
        return [1 if self.encrypted else 0] * (self.size_bytes // self.width_bytes)

    def add(self, total: list[int], parts: list[int]) -> list[int]:
        """Both together."""
        if self.encrypted:
            return [a * b % self.modulus for a, b in zip(total, parts, strict=True)]
        return [(a + b) % self.modulus for a, b in zip(total, parts, strict=True)]
