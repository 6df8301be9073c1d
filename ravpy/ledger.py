"""The ledger: which rows of a file took part in which graphs, so that no difference of graphs tells of few.

Two graphs whose rules differ by one row, each of them harmless, give that row's values away when they are
subtracted. So for each row and column the ledger keeps a signature: what was told of it so far (ravpy.marks).
Rows with equal signatures cannot be told apart by any combination of all sums that ever left; a graph is
refused if it would make a group of rows with equal signatures that is smaller than min_rows. Rows are known
by a keyed hash of their cells, so it holds when rows are added, moved or removed, and when the file is
copied. A row of which any cell was changed is another row; about that, see ravpy.signatures.surplus.

It holds for one machine. It does not know what others were told about the same people.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import io
import json
import secrets
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

from ravpy.marks import Mark
from ravpy.measuring import Measured
from ravpy.policy import Policy, Refused, too_detailed
from ravpy.signatures import Signed, asked, joined, row_keys, smallest_classes, surplus
from ravspec.errors import ConfigError
from ravspec.places import write_private

#: a file is a copy of one that is known if both have so much in common, and most rows are like no other
SAME_SHARE = 0.95


@dataclass(frozen=True, slots=True)
class Entry:
    """A graph that a file took part in."""

    fingerprint: str
    graph: int
    name: str
    developer: str
    server: str
    file: str
    data: str  #: the file, by what the ledger knows it by
    at: float
    rows: int
    epsilon: float | None = None
    sent: bool = False
    bins: dict[str, int] = field(default_factory=dict)  #: that it asked for, of each column
    crossed: list[str] = field(default_factory=list)  #: columns that it had multiplied with each other


class Ledger:
    """The ledger of a state folder."""

    def __init__(self, state: Path) -> None:
        self._folder = state / "contributor"
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Nobody else looks or writes meanwhile."""
        with open(self._folder / "lock", "w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def secret(self) -> bytes:
        """The key of all hashes: made once, never told."""
        path = self._folder / "secret"
        with self.locked():
            if not path.exists():
                write_private(path, secrets.token_bytes(32))
        return path.read_bytes()

    def name_of(self, *what: str) -> str:
        """A name that tells nobody else what it is of."""
        text = "\x1f".join(what).encode()
        return hashlib.blake2b(text, digest_size=16, key=self.secret()).hexdigest()

    def entries(self) -> list[Entry]:
        """All graphs, oldest first."""
        path = self._folder / "graphs.json"
        if not path.exists():
            return []
        try:
            return [Entry(**entry) for entry in json.loads(path.read_text())]
        except (ValueError, TypeError) as error:
            raise ConfigError(f"the ledger {path} is damaged ({error}); nothing is sent without it") from None

    def known_as(self, path: Path, found: Measured) -> str:
        """The name of a file's rows: its own, or that of the file of which it is a copy."""
        own = self.name_of("file", str(path.resolve()))
        if self._rows_file(own).exists():
            return own
        keys = row_keys(found)
        if len(np.unique(np.frombuffer(found.row_hashes, np.uint64))) * 2 > len(keys):
            for other in self._folder.glob("rows-*.npz"):
                known = self._load(other).keys
                common = np.intersect1d(keys, known, assume_unique=True)
                if len(common) >= SAME_SHARE * max(len(keys), len(known)):
                    return other.stem.removeprefix("rows-")
        return own

    def check(self, policy: Policy, entry: Entry, found: Measured, marks: Sequence[Mark]) -> Signed:
        """The rows as they will be; Refused, if earlier graphs and this one tell of few rows together."""
        earlier = [e for e in self.entries() if e.data == entry.data]
        if any(e.fingerprint == entry.fingerprint and e.sent for e in earlier):
            raise Refused("this data has been contributed to this graph already")
        of_developer = {e.fingerprint for e in earlier if e.developer == entry.developer}
        if len(of_developer | {entry.fingerprint}) > policy.max_graphs:
            raise Refused(
                f'max_graphs: this data took part in {len(of_developer)} graphs of "{entry.developer}"; '
                f"{policy.max_graphs} are the most here"
            )
        # what is sent again has the same noise, and tells nothing more
        others = [e for e in earlier if e.fingerprint != entry.fingerprint]
        spent = together([entry, *others])
        if policy.max_epsilon is not None and spent > Decimal(str(policy.max_epsilon)):
            raise Refused(
                f"max_epsilon: with this graph it comes to {float(spent):g}; "
                f"{policy.max_epsilon:g} is the most"
            )
        self._check_detail(policy, [*others, entry], found)
        rows = self._load(self._rows_file(entry.data))
        both = joined(rows, found)
        after = asked(rows, both, marks, entry.fingerprint)
        if policy.ledger:
            for column, n in smallest_classes(after).items():
                if n < policy.min_rows:
                    raise Refused(
                        f"ledger: all that was and would be told, taken together, tells the sum of {column} "
                        f"of {n} rows; {policy.min_rows} are the fewest here"
                    )
            for column, lost, new in surplus(rows, both, marks):
                if 0 < abs(lost - new) < policy.min_rows:
                    raise Refused(
                        f"ledger: of {column}, {lost} rows that were told of are gone or left out now, and "
                        f"{new} are new. If they are the same rows, changed, the sum of {abs(lost - new)} "
                        f"would be told; {policy.min_rows} are the fewest here"
                    )
        return after

    def _check_detail(self, policy: Policy, entries: Sequence[Entry], found: Measured) -> None:
        """Refused, if all graphs together ask for too many bins or products; a column counts if asked now."""
        *_, now = entries
        bins = {column: sum(e.bins.get(column, 0) for e in entries) for column in now.bins}
        crossed = {column for e in entries for column in e.crossed} if now.crossed else set()
        for reason in too_detailed(policy, found, bins, crossed):
            raise Refused(reason)

    def record(self, entry: Entry, rows: Signed) -> None:
        """Write down that this is about to be sent; before it is, so that nothing is forgotten."""
        signatures = json.dumps(rows.signatures).encode()
        buffer = io.BytesIO()
        np.savez(buffer, keys=rows.keys, numbers=rows.numbers, signatures=np.frombuffer(signatures, np.uint8))
        write_private(self._rows_file(entry.data), buffer.getvalue())
        self.note(entry)

    def note(self, entry: Entry) -> None:
        """Write down what is known of a graph now."""
        kept = [e for e in self.entries() if (e.data, e.fingerprint) != (entry.data, entry.fingerprint)]
        body = json.dumps([asdict(e) for e in (*kept, entry)], indent=1)
        write_private(self._folder / "graphs.json", body.encode())

    def _rows_file(self, data: str) -> Path:
        return self._folder / f"rows-{data}.npz"

    def _load(self, path: Path) -> Signed:
        if not path.exists():
            return Signed(np.zeros(0, np.uint64), np.zeros(0, np.uint32), [{}])
        try:
            with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as file:
                signatures: Any = json.loads(file["signatures"].tobytes())
                return Signed(file["keys"], file["numbers"], signatures)
        except (ValueError, KeyError, OSError, zipfile.BadZipFile) as error:
            raise ConfigError(f"the ledger {path} is damaged ({error}); nothing is sent without it") from None


def together(entries: Iterable[Entry]) -> Decimal:
    """The sum of all epsilons, as people add them: 0.1 and 0.2 are 0.3, which they are not as floats."""
    return sum((Decimal(str(e.epsilon or 0)) for e in entries), Decimal(0))
