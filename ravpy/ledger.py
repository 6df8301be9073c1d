"""The ledger: which rows of a file took part in which graphs, so that no difference of graphs tells of few.

Two graphs whose rules differ by one row, each of them harmless, give that row's values away when they are
subtracted. So for each row and column the ledger keeps a signature: what was told of it so far (ravpy.marks).
Rows with equal signatures cannot be told apart by any combination of all sums that ever left; a graph is
refused if it would make a group of rows with equal signatures that is smaller than min_rows. Rows are known
by a keyed hash of their cells, so it holds when rows are added, moved or removed, and for copies, extracts
and other files with rows of the same people (ravpy.kin): each file has a ledger of its own, and all that have
rows in common are looked at together. A row of which any cell was changed is another row; about that, see
ravpy.signatures.Surplus.

It holds for one machine. It does not know what others were told about the same people.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from functools import reduce
from pathlib import Path

from ravpy.kin import common
from ravpy.marks import Mark
from ravpy.measuring import Measured
from ravpy.policy import Policy, Refused, counted, too_detailed
from ravpy.rowfiles import RowFile
from ravpy.signatures import Asking, Signed, Surplus, joined, slices, united
from ravspec.errors import ConfigError
from ravspec.places import write_private


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


@dataclass(frozen=True, slots=True)
class Known:
    """The ledger's files that tell of a file's rows."""

    own: RowFile
    same: tuple[RowFile, ...] = ()  #: of the same data: copies, extracts, longer exports
    kin: tuple[RowFile, ...] = ()  #: of others with rows of the same people

    def names(self) -> set[str]:
        """By what the ledger knows the same data."""
        return {file.name() for file in (self.own, *self.same)}

    def slices(self) -> Iterator[tuple[Signed, Signed]]:
        """(rows of the same data, rows of all), slice by slice."""
        n = 1 + len(self.same)
        for rows in zip(*(f.slices() for f in (self.own, *self.same, *self.kin)), strict=True):
            same = reduce(united, rows[:n])
            yield same, reduce(united, rows[n:], same)


@dataclass(frozen=True, slots=True)
class Checked:
    """What went before, and from which files of the ledger the next one is made."""

    known: Known
    earlier: list[Entry]


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

    def known_as(self, path: Path, found: Measured, policy: Policy, fingerprint: str) -> str:
        """By what a file is known: its path, or that of the same data which began with this graph."""
        own = self.name_of("file", str(path.resolve()))
        with self.locked():
            same = self._known(own, found, policy).names()
            begun = (e.data for e in self.entries() if e.fingerprint == fingerprint and e.data in same)
            return next(begun, own)

    def _known(self, own: str, found: Measured, policy: Policy) -> Known:
        same: list[RowFile] = []
        kin: list[RowFile] = []
        for path in sorted(self._folder.glob("rows-*.npz")):
            file = RowFile(path)
            if file.name() == own:
                continue
            pairs = zip(slices(found), file.slices(), strict=True)
            both = common((ours.keys(), theirs.keys) for ours, theirs in pairs)
            if both.kin(policy.min_rows):
                (same if both.same(policy.min_rows) else kin).append(file)
        return Known(RowFile(self._folder / f"rows-{own}.npz"), tuple(same), tuple(kin))

    def check(self, policy: Policy, entry: Entry, found: Measured, marks: Sequence[Mark]) -> Checked:
        """What is to be recorded; Refused, if earlier graphs and this one tell of few rows together."""
        known = self._known(entry.data, found, policy)
        entries = self.entries()
        earlier = [e for e in entries if e.data in known.names()]
        try:
            self._check_entries(policy, entry, earlier, found)
            if policy.ledger:
                self._check_rows(policy, known, Asking(marks, entry.fingerprint), Surplus(marks), found)
        except Refused as reason:
            kin = known.names() | {file.name() for file in known.kin}
            others = sorted({e.file for e in entries if e.data in kin and e.file != entry.file})
            if not others:
                raise
            raise Refused(f"{reason}. Rows of it took part with {', '.join(others)}, too") from None
        return Checked(known, earlier)

    def _check_entries(self, policy: Policy, entry: Entry, earlier: Sequence[Entry], found: Measured) -> None:
        """Refused, if there were too many graphs, or such as asked for too much."""
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

    def _check_rows(
        self, policy: Policy, known: Known, asking: Asking, surplus: Surplus, found: Measured
    ) -> None:
        """Refused, if few rows can be told from all others, or could if rows were rewritten."""
        for (same, rows), new in zip(known.slices(), slices(found), strict=True):
            both = joined(rows, new)
            asking.asked(rows, both)
            surplus.add(same, both if same is rows else joined(same, new))
        for column, n in asking.smallest_classes().items():
            if n < policy.min_rows:
                raise Refused(
                    f"ledger: all that was and would be told, taken together, tells the sum of {column} "
                    f"of {counted(n, 'row')}; {policy.min_rows} are the fewest here"
                )
        for column, lost, came in surplus.each():
            if 0 < abs(lost - came) < policy.min_rows:
                raise Refused(
                    f"ledger: of {column}, {lost} rows that were told of are gone or left out now, and "
                    f"{came} are new. If they are the same rows, changed, the sum of {abs(lost - came)} "
                    f"would be told; {policy.min_rows} are the fewest here"
                )
            if not policy.changed_rows:
                raise Refused(
                    f"changed_rows: of {column}, {lost} rows that were told of are gone or left out now, "
                    f"and {came} are new: some may be the same rows, changed, of which the ledger cannot tell"
                )

    def _check_detail(self, policy: Policy, entries: Sequence[Entry], found: Measured) -> None:
        """Refused, if all graphs together ask for too many bins or products; a column counts if asked now."""
        *_, now = entries
        bins = {column: sum(e.bins.get(column, 0) for e in entries) for column in now.bins}
        crossed = {column for e in entries for column in e.crossed} if now.crossed else set()
        for reason in too_detailed(policy, found, bins, crossed):
            raise Refused(reason)

    def record(self, entry: Entry, checked: Checked, found: Measured, marks: Sequence[Mark]) -> None:
        """Write down that this is about to be sent; before it is, so that nothing is forgotten."""
        asking = Asking(marks, entry.fingerprint)
        both = zip(checked.known.slices(), slices(found), strict=True)
        checked.known.own.write(asking.asked(rows, joined(rows, new)) for (_, rows), new in both)
        self.note(entry)

    def note(self, entry: Entry) -> None:
        """Write down what is known of a graph now."""
        kept = [e for e in self.entries() if (e.data, e.fingerprint) != (entry.data, entry.fingerprint)]
        body = json.dumps([asdict(e) for e in (*kept, entry)], indent=1)
        write_private(self._folder / "graphs.json", body.encode())


def together(entries: Iterable[Entry]) -> Decimal:
    """The sum of all epsilons, as people add them: 0.1 and 0.2 are 0.3, which they are not as floats."""
    return sum((Decimal(str(e.epsilon or 0)) for e in entries), Decimal(0))
