"""Private keys of federated graphs: one a graph, in a file that only its owner can read, never sent.

The file has the spec too, so that a script that comes back trusts its own copy and not the server's.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ravspec.errors import GraphError
from ravspec.federated import Spec, canonical
from ravspec.places import state_dir, write_private
from ravspec.specs import read_spec


@dataclass(frozen=True, slots=True)
class Kept:
    """A spec, and the primes of its key; none where nothing is encrypted."""

    spec: Spec
    primes: tuple[int, int] | None


class KeyStore:
    """The keys of one server's graphs."""

    def __init__(self, url: str, environ: Mapping[str, str] = os.environ) -> None:
        self._url = url
        server = hashlib.sha256(url.encode()).hexdigest()[:16]
        self._folder = state_dir(environ) / "developer" / server

    def path(self, graph: int) -> Path:
        """Where the key of a graph is."""
        return self._folder / f"graph-{graph}.json"

    def keep(self, kept: Kept) -> None:
        """Write a key down."""
        body: dict[str, Any] = {"server": self._url, "spec": canonical(kept.spec).decode()}
        if kept.primes:
            body["p"], body["q"] = (f"{prime:x}" for prime in kept.primes)
        write_private(self.path(kept.spec.graph), json.dumps(body).encode())

    def load(self, graph: int) -> Kept:
        """The key of a graph; GraphError if it is not here."""
        try:
            body = json.loads(self.path(graph).read_bytes())
            spec = read_spec(body["spec"])
            primes = (int(body["p"], 16), int(body["q"], 16)) if spec.encryption else None
        except FileNotFoundError:
            raise GraphError(
                f"the key of graph {graph} is not on this machine ({self.path(graph)}): it never left "
                "the one where the graph was made, and is deleted by end()"
            ) from None
        except (ValueError, KeyError, TypeError) as error:
            raise GraphError(f"the key file {self.path(graph)} is damaged: {error}") from None
        if primes is not None and primes[0] * primes[1] != spec.n:
            raise GraphError(f"the key file {self.path(graph)} is damaged: its key is not the spec's")
        return Kept(spec, primes)

    def delete(self, graph: int) -> None:
        """Forget a key; one that is gone already is no error."""
        self.path(graph).unlink(missing_ok=True)
