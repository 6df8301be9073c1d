"""Federated graphs: statistics of files that never leave their owners.

A graph has rules for columns and a list of statistics. Asking for the first result, or for the fingerprint,
freezes the list: a key is made and kept on this machine, and the question goes to the server, where
contributors find it. What comes back is one total of all of them, which this key alone opens.
"""

from __future__ import annotations

import base64
import secrets
import sys
import time
from contextvars import ContextVar
from typing import Any

from ravop.answers import Answer, Asked
from ravop.engine import current_engine
from ravop.gathering import Gathering
from ravop.keystore import Kept, KeyStore
from ravop.noise import Noise, drowned, noise_of
from ravop.rules import Rules, encryption_default, read_rules
from ravspec.ciphertexts import Wire
from ravspec.errors import ComputeError, GraphError, ParamError, ProtocolError
from ravspec.federated import VERSION, Fingerprint, Spec, Statistic, canonical, fingerprint
from ravspec.plausible import check_plausible
from ravspec.slots import layout_of, unpack
from ravspec.specs import check
from ravspec.statistics import result_of
from ravspec.totals import Totals

_current: ContextVar[FederatedGraph | None] = ContextVar("ravop_federated_graph", default=None)


class FederatedGraph:
    """A federated graph; R.Graph(approach="federated", rules=...) makes one and makes it the current one.

    R.Graph(id=7) comes back to one whose key is on this machine.
    """

    approach = "federated"

    def __init__(
        self,
        id: int | None = None,
        *,
        name: str | None = None,
        algorithm: str | None = None,
        rules: Any = None,
    ) -> None:
        self._server = Gathering(current_engine().config)
        self._keys = KeyStore(self._server.url)
        self._statistics: list[Statistic] = []
        self._kept: Kept | None = None
        self._rules: Rules | None = None
        self._totals: Totals | None = None
        self._noise: Noise | None = None
        self._ended = False
        #: does the server have the question; has it been told of the end
        self._asked = self._told = False
        if id is not None:
            self._id = id
            row = self._server.view(id)
            self.name, self.algorithm, self._developer = row["name"], row["algorithm"], row["developer"]
            self._kept = self._keys.find(id, row["created_at"], row["fingerprint"])
            self._statistics = list(self._kept.spec.statistics)
            self._asked = row["fingerprint"] == fingerprint(self._kept.spec)
        else:
            self._rules = read_rules(rules, encryption_default())
            self.name, self.algorithm = name, algorithm
            self._draft("0" * 32, 0, "")  # whatever is wrong with the rules is said here
            row = self._server.open(name, algorithm)
            self._id, self._developer = int(row["id"]), str(row["developer"])
        self._made_at = float(row["created_at"])
        self._before = _current.get()
        _current.set(self)

    def __enter__(self) -> FederatedGraph:
        return self

    def __exit__(self, kind: type[BaseException] | None, *details: object) -> None:
        _current.set(self._before)
        if kind is None and not self._ended:
            self.end()

    def __repr__(self) -> str:
        return f"federated graph {self.id}" + (f' "{self.name}"' if self.name else "")

    @property
    def id(self) -> int:
        """Its number at the server, by which contributors name it."""
        return self._id

    # --- asking --------------------------------------------------------------------------------------

    def declare(self, statistic: Statistic) -> Answer:
        """Ask for a statistic; its answer comes when it is called."""
        if statistic not in self._statistics:
            if self._ended:
                raise GraphError(f"{self} has ended; ask in a new graph")
            if self._kept is not None:
                raise GraphError(
                    f"{self} is frozen: contributors have been asked, and what they agree to cannot grow. "
                    "Declare all statistics before the first result or the fingerprint, or make a new graph"
                )
            self._statistics.append(statistic)
            try:
                check(self._draft("0" * 32, 0, "", placeholder=True))
            except ParamError:
                self._statistics.pop()
                raise
        return Asked(self, statistic)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of its rules, in their order."""
        return tuple(self._kept.spec.columns if self._kept else self._said().columns)

    def _said(self) -> Rules:
        assert self._rules is not None
        return self._rules

    def _draft(self, nonce: str, graph: int, modulus: str, placeholder: bool = False) -> Spec:
        """The spec as it would be; with a placeholder for the key it can be checked."""
        r = self._said()
        deadline = None if r.deadline_s is None else int(time.time() + r.deadline_s) + 1
        if placeholder or not graph:
            modulus = "8" + "0" * 767 if r.encryption else ""
        statistics = self._statistics or [Statistic("count", tuple(r.columns))] * (not graph)
        spec = Spec(
            version=VERSION, graph=graph, name=self.name or "", developer=getattr(self, "_developer", ""),
            encryption=r.encryption, modulus=modulus, nonce=nonce, columns=r.columns, where=r.where,
            statistics=tuple(statistics), min_clients=r.min_clients, max_clients=r.max_clients,
            max_rows=r.max_rows, deadline=deadline, epsilon=r.epsilon, roster=r.roster,
        )  # fmt: skip
        check(spec)
        return spec

    @property
    def fingerprint(self) -> Fingerprint:
        """What contributors compare, told by another way than the server. Reading it freezes the graph."""
        return fingerprint(self._frozen().spec)

    def _frozen(self) -> Kept:
        """The spec and its key; they are made, kept and sent now, if they were not."""
        if self._kept is None:
            self._kept = self._made()
        if not self._asked:
            self._send(self._kept)
        return self._kept

    def _made(self) -> Kept:
        """A new key and the spec with it, written down: from here on there is no other key of this graph.

        What was sent may have come although its answer did not, so whoever asks again asks with this one.
        """
        if self._ended:
            raise GraphError(f"{self} has ended; ask in a new graph")
        if not self._statistics:
            raise GraphError(f"{self} asks for nothing yet; call R.federated_mean(), for instance")
        rules, primes, modulus = self._said(), None, ""
        if rules.encryption:
            from ravspec import paillier  # of the extra "developer"; contributors and servers do without it

            key = paillier.make_key(rules.key_bits or paillier.KEY_BITS, insecure=rules.insecure)
            primes, modulus = (key.p, key.q), f"{key.n:x}"
        spec = self._draft(secrets.token_hex(16), self._id, modulus)
        layout_of(spec)  # what does not fit the key is said before anything is sent
        if warning := drowned(spec):
            sys.stderr.write(f"{self}: {warning}\n")
        kept = Kept(spec, primes, self._made_at)
        self._keys.keep(kept)
        return kept

    def _send(self, kept: Kept) -> None:
        """Put the question to the server; again is no harm, as after an answer that did not come."""
        if self._ended:
            raise GraphError(f"{self} has ended; ask in a new graph")
        theirs = self._server.freeze(self._id, canonical(kept.spec))
        if theirs != fingerprint(kept.spec):
            raise ProtocolError(f"the server has another spec of {self} than this script: {theirs}")
        self._asked = True
        sys.stderr.write(
            f"{self} asks for {kept.spec.max_clients} contributor{'s' * (kept.spec.max_clients > 1)}. "
            f"Tell them its fingerprint, by another way than the server:\n{theirs}\n"
        )

    # --- results -------------------------------------------------------------------------------------

    def result(self, statistic: Statistic, timeout: float | None = None) -> dict[str, Any]:
        """The value of a statistic, once all have contributed."""
        return result_of(statistic, self._wait(timeout))

    def _wait(self, timeout: float | None) -> Totals:
        if self._totals is None:
            kept = self._frozen()
            if self._ended:
                raise GraphError(f"{self} has ended, and its key is deleted; ask in a new graph")
            self._totals = self._open(kept, self._last_news(kept.spec, timeout))
        return self._totals

    def _last_news(self, spec: Spec, timeout: float | None) -> dict[str, Any]:
        """Wait for the end of the gathering, and say how it gets on."""
        shown = 0
        for news in self._server.news(self._id, timeout):
            if news["contributors"] > shown:
                shown = news["contributors"]
                sys.stderr.write(f"{self}: {shown} of {spec.max_clients} have contributed\n")
            if news["state"] not in ("open", "ended"):
                return news
        raise AssertionError("unreachable: the news end with an end or an exception")

    def _open(self, kept: Kept, news: dict[str, Any]) -> Totals:
        """Decrypt the total, and see that it can be one."""
        spec, n = kept.spec, news["contributors"]
        if news["state"] != "computed":
            raise ComputeError(f"{self} has no result: {news['reason'] or news['state']}")
        if not spec.min_clients <= n <= spec.max_clients:
            raise ComputeError(
                f"{self}: a total of {n} contributor{'s' * (n != 1)}, "
                f"not {spec.min_clients} to {spec.max_clients}"
            )
        layout = layout_of(spec)
        parts = Wire(spec, layout).from_bytes(base64.b64decode(news["total"]))
        if kept.primes is not None:
            from ravspec import paillier

            parts = paillier.decrypt(paillier.Key(*kept.primes), parts)
        sums = unpack(layout, parts, n)
        check_plausible(spec, sums, n)
        self._noise = noise_of(spec, n)
        if self._noise is not None:
            sys.stderr.write(f"{self}: {self._noise}\n")
        return Totals(spec, sums)

    def noise(self, timeout: float | None = None) -> Noise | None:
        """The noise in the results: epsilon, scales, standard deviations; None where there is none."""
        self._wait(timeout)
        return self._noise

    def end(self, timeout: float | None = None) -> str:
        """Wait for what was asked, then delete the key: nothing that was sent can be opened after it."""
        if not self._ended and (self._statistics or self._kept):
            try:
                self._wait(timeout)
            except ComputeError:
                self._forget()
                raise
        return self._forget()

    def cancel(self) -> None:
        """End without waiting; what was contributed is thrown away unopened, and the key deleted."""
        self._forget()

    def _forget(self) -> str:
        """Delete the key, then tell the server: it may be away, and a key that is gone opens nothing."""
        self._ended = True
        if _current.get() is self:
            _current.set(self._before)
        if self._kept is not None:
            self._keys.delete(self._kept)
        if not self._told:
            self._server.end(self._id)
            self._told = True
        return "Graph computed successfully!" if self._totals is not None else "Graph is empty."

    # --- looking -------------------------------------------------------------------------------------

    @property
    def status(self) -> str:
        """open, ended (it asks for contributions), computed, failed or cancelled."""
        return str(self._server.view(self._id)["state"])

    @property
    def contributors(self) -> int:
        """How many have contributed."""
        return int(self._server.view(self._id)["contributors"] or 0)

    @property
    def progress(self) -> float:
        """Percent of max_clients that have contributed; 100 once there is a total."""
        row = self._server.view(self._id)
        if row["state"] == "computed":
            return 100.0
        of = self._kept.spec.max_clients if self._kept else self._said().max_clients
        return 100.0 * (row["contributors"] or 0) / of


def current_federated() -> FederatedGraph:
    """The federated graph to which new statistics belong."""
    graph = _current.get()
    if graph is None:
        raise GraphError(
            'there is no federated graph; make one: R.Graph(approach="federated", rules={"rules": '
            '{"age": {"min": 18, "max": 80}}, "max_clients": 5})'
        )
    return graph
