"""Private keys of federated graphs: one a graph, in a file that only its owner can read, never sent.

The file has the spec too, so that a script that comes back trusts its own copy and not the server's. It is
named by the fingerprint: graphs are numbered anew where a server begins with an empty database, and a key of
the same number, which may still be wanted, is another file.
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
from ravspec.federated import Spec, canonical, fingerprint
from ravspec.places import state_dir, write_private
from ravspec.specs import read_spec


@dataclass(frozen=True, slots=True)
class Kept:
    """A spec, and the primes of its key; none where nothing is encrypted."""

    spec: Spec
    primes: tuple[int, int] | None
    #: when the server made the graph, by its clock: which of those of that number it is
    made_at: float


class KeyStore:
    """The keys of one server's graphs."""

    def __init__(self, url: str, environ: Mapping[str, str] = os.environ) -> None:
        self._url = url
        server = hashlib.sha256(url.encode()).hexdigest()[:16]
        self._folder = state_dir(environ) / "developer" / server

    def path(self, kept: Kept) -> Path:
        """Where a key is."""
        return self._path(kept.spec.graph, fingerprint(kept.spec))

    def _path(self, graph: int, word: str) -> Path:
        return self._folder / f"graph-{graph}-{word.replace('-', '')}.json"

    def keep(self, kept: Kept) -> None:
        """Write a key down."""
        body: dict[str, Any] = {"server": self._url, "spec": canonical(kept.spec).decode()}
        body["made_at"] = kept.made_at
        if kept.primes:
            body["p"], body["q"] = (f"{prime:x}" for prime in kept.primes)
        write_private(self.path(kept), json.dumps(body).encode())

    def find(self, graph: int, made_at: float, word: str | None) -> Kept:
        """The key of a graph; GraphError if it is not here.

        The server says when it made the graph, and the fingerprint if it has the question already.
        """
        here = sorted(self._folder.glob(f"graph-{graph}-*.json"))
        if word is not None:
            found = [self._read(path) for path in here if path == self._path(graph, word)]
        else:
            found = [kept for path in here if (kept := self._read(path)).made_at == made_at]
        if found:
            return found[0]
        others = ""
        if here:
            others = (
                f". Here are keys of {len(here)} with that number, of other questions; the server may have "
                "begun anew since, or has changed the question"
            )
        raise GraphError(
            f"the key of graph {graph} is not on this machine ({self._folder}): it never left the one where "
            f"the graph was made, and is deleted by end(){others}"
        )

    def _read(self, path: Path) -> Kept:
        """The key of a file; GraphError if it is damaged."""
        try:
            body = json.loads(path.read_bytes())
            spec = read_spec(body["spec"])
            primes = (int(body["p"], 16), int(body["q"], 16)) if spec.encryption else None
            made_at = float(body["made_at"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise GraphError(f"the key file {path} is damaged: {error}") from None
        if primes is not None and primes[0] * primes[1] != spec.n:
            raise GraphError(f"the key file {path} is damaged: its key is not the spec's")
        return Kept(spec, primes, made_at)

    def delete(self, kept: Kept) -> None:
        """Forget a key; one that is gone already is no error."""
        self.path(kept).unlink(missing_ok=True)
