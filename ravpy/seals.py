"""Sealing: masks that vanish in the total of a roster, so that not even the developer's key opens one of it.

Each of a roster has a pair of X25519 keys; the public one stands in the spec. Any two of them have a secret
in common, and from it and the fingerprint comes a mask that one adds and the other takes off, modulo the n of
the developer's key. So a contribution is as good as random to all who lack one of its secrets, and so is each
sum in which one of an honest pair is missing; the total of all has no masks. That holds while two of the
roster are honest and have compared fingerprints: an equal one names both, as each looks for its own in it.

A mask hides one number once. So there is one contribution to a graph from one key (ravpy.once).
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from ravpy.ledger import Ledger
from ravpy.policy import Refused
from ravspec.errors import ConfigError
from ravspec.federated import Spec, fingerprint
from ravspec.places import write_private
from ravspec.slots import Layout

#: bytes beyond those of the modulus, so that what remains of a division by it is evenly spread
EXTRA_BYTES = 16


class SealKey:
    """The pair of keys of a state folder, made when it is first asked for."""

    def __init__(self, state: Path, ledger: Ledger) -> None:
        self._folder, self._ledger = state / "contributor", ledger

    def private(self) -> X25519PrivateKey:
        """The one that nobody is told."""
        path = self._folder / "seal"
        with self._ledger.locked():
            if not path.exists():
                write_private(path, X25519PrivateKey.generate().private_bytes_raw())
        try:
            return X25519PrivateKey.from_private_bytes(path.read_bytes())
        except ValueError as error:
            raise ConfigError(f"the key {path} is damaged: {error}") from None

    def public(self) -> str:
        """The one that the developer puts into the roster."""
        return self.private().public_key().public_bytes_raw().hex()


class Seal:
    """What a key puts on a contribution to one graph."""

    def __init__(self, key: SealKey, spec: Spec) -> None:
        self._key, self._spec = key, spec
        self._own, self._word = key.public(), fingerprint(spec)

    def check(self) -> None:
        """Refused, if the roster does not name this key."""
        if self._own not in self._spec.roster.values():
            raise Refused(
                f"roster: the key of this machine, {self._own}, is none of those of "
                f"{', '.join(self._spec.roster)}; tell it to the developer, who makes a new graph"
            )

    def masked(self, layout: Layout, parts: list[int]) -> list[int]:
        """Packed integers with the masks that the others of the roster take off."""
        private = self._key.private()
        for name, theirs in self._spec.roster.items():
            if theirs == self._own:
                continue
            try:
                secret = private.exchange(X25519PublicKey.from_public_bytes(bytes.fromhex(theirs)))
            except ValueError:  # one of the few numbers whose secret everybody knows
                raise Refused(f"roster: the key of {name} is none") from None
            sign = 1 if self._own < theirs else -1
            masks = masks_of(secret, self._word, (self._own, theirs), layout)
            parts = [(part + sign * mask) % layout.modulus for part, mask in zip(parts, masks, strict=True)]
        return parts


def masks_of(secret: bytes, word: str, pair: tuple[str, str], layout: Layout) -> list[int]:
    """The masks of two of a roster in one graph, one for each packed integer."""
    width = (layout.modulus.bit_length() + 7) // 8 + EXTRA_BYTES
    seed = b"RDF seal\n" + secret + "\n".join((word, *sorted(pair))).encode()
    stream = hashlib.shake_256(seed).digest(width * layout.parts)
    pieces = (stream[i : i + width] for i in range(0, len(stream), width))
    return [int.from_bytes(piece, "big") % layout.modulus for piece in pieces]
