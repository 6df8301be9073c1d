"""Who may read and who may name which stored array. Pure: no disk, no SQL, no clock.

An owner is a developer, by name, or a contributor's life (`of_life`). What a developer sent, and what the
graphs hold that are the developer's, stays the developer's; the server keeps that in SQL and tells it here at
a start. A life is lent the stored operands of its live assignments and may name in a result what it
sent itself; both end with the assignment and the life. Nobody is told of any other array, not even
whether it exists.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

#: a developer's name cannot hold this sign (ravsock.tokens.NAME), so no developer is taken for a life
_LIFE = "life:"


def of_life(life: str) -> str:
    """The owner that a contributor's life is."""
    return f"{_LIFE}{life}"


def is_life(owner: str) -> bool:
    """Is the owner a contributor's life?"""
    return owner.startswith(_LIFE)


class Access:
    """The table. `watch(owner, digest, may_read)` is told of every change of what an owner may read."""

    def __init__(self, kept: Iterable[tuple[str, str]] = ()) -> None:
        self._own: dict[str, set[str]] = {}  #: owner -> digests that it sent or that are in its graphs
        self._lent: dict[str, Counter[str]] = {}  #: life's owner -> digests, each as often as it is lent
        self._loans: dict[tuple[str, int], list[str]] = {}  #: (owner, assignment) -> digests
        self.watch: Callable[[str, str, bool], None] = lambda owner, digest, may_read: None
        for owner, digest in kept:
            self._own.setdefault(owner, set()).add(digest)

    # --- questions -----------------------------------------------------------------------------------

    def may_name(self, owner: str, digest: str) -> bool:
        """May the owner use the array in what it sends? A life: only what it sent."""
        return digest in self._own.get(owner, ())

    def may_read(self, owner: str, digest: str) -> bool:
        """May the owner fetch the array?"""
        return self.may_name(owner, digest) or digest in self._lent.get(owner, ())

    def readable(self, owner: str) -> set[str]:
        """All that the owner may fetch: what a new account starts with."""
        return self._own.get(owner, set()) | set(self._lent.get(owner, ()))

    # --- changes -------------------------------------------------------------------------------------

    def add(self, owner: str, digest: str) -> bool:
        """The owner sent the array, or has it in a graph. True if that is new."""
        own = self._own.setdefault(owner, set())
        if digest in own:
            return False
        own.add(digest)
        self.watch(owner, digest, True)
        return True

    def take_away(self, owner: str, digest: str) -> None:
        """The array is not the owner's any more: nothing has used it, and it is deleted."""
        self._own.get(owner, set()).discard(digest)
        if not self.may_read(owner, digest):
            self.watch(owner, digest, False)

    def lend(self, life: str, assignment: int, digests: Iterable[str]) -> None:
        """The stored operands of an assignment are the life's to read while it is live."""
        digests = list(digests)
        if not digests:
            return
        owner = of_life(life)
        self._loans[owner, assignment] = digests
        self._lent.setdefault(owner, Counter()).update(digests)
        for digest in digests:
            self.watch(owner, digest, True)

    def give_back(self, life: str, assignment: int) -> None:
        """The assignment is over."""
        owner = of_life(life)
        lent = self._lent.get(owner)
        for digest in self._loans.pop((owner, assignment), ()):
            assert lent is not None
            lent[digest] -= 1
            if not lent[digest]:
                del lent[digest]
                if not self.may_read(owner, digest):
                    self.watch(owner, digest, False)

    def forget(self, life: str) -> None:
        """The life is over: it may read and name nothing."""
        owner = of_life(life)
        for digest in self.readable(owner):
            self.watch(owner, digest, False)
        self._own.pop(owner, None)
        self._lent.pop(owner, None)
        for key in [key for key in self._loans if key[0] == owner]:
            del self._loans[key]
