"""The federated graphs of a running server: frozen, gathering until they end, waited for.

Each step is one transaction of the writer thread (ravsock.gathering); memory holds nothing that a restart
would lose, only who waits and when the next deadline is.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any

from aiohttp import web

from ravsock import gathering, reading, store
from ravsock.dispatcher import Dispatcher
from ravsock.federated import Outcome, Question
from ravsock.registry import no_graph
from ravsock.roles import ANYBODY, Principal, Role
from ravsock.sql import DatabaseError
from ravspec.errors import GraphError, ProtocolError
from ravspec.specs import read_spec
from ravspec.states import GraphState
from ravspec.subgraph import sha256

log = logging.getLogger(__name__)

APPROACH = "federated"
#: a deadline is looked at again after so long at most, as clocks are set
LONGEST_WAIT_S = 3600.0
#: how long to wait before an end that could not be written is written again
RETRY_WRITE_S = 2.0


class Gatherings:
    """All of them."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._registry, self._accounts = dispatcher.registry, dispatcher.accounts
        self._write = dispatcher.writer.submit
        self._loop = asyncio.get_running_loop()
        self._questions: dict[int, Question] = {}
        self._changed: dict[int, asyncio.Event] = {}
        self._timers: dict[int, asyncio.TimerHandle] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.closing = False

    async def start(self) -> None:
        """Go on with what the process before had."""
        for row in self._registry.read(gathering.gathered, states=reading.UNFINISHED):
            self._accounts.enter(row["id"], row["developer"], 0)
            if row["spec"] is not None:
                self._set_timer(row["id"], await self._question(row["id"], row["spec"]))

    def close(self) -> None:
        """Stop timers; let those go who wait."""
        self.closing = True
        for timer in self._timers.values():
            timer.cancel()
        for graph in list(self._changed):
            self._touch(graph)

    # --- what there is -------------------------------------------------------------------------------

    def view(self, graph: int, principal: Principal = ANYBODY) -> dict[str, Any]:
        """A federated graph; GraphError if there is none that is shown to whoever asks."""
        row = self.find(graph, principal)
        if row is None:
            raise no_graph(graph)
        return row

    def find(self, graph: int, principal: Principal) -> dict[str, Any] | None:
        """A federated graph; None if there is none that is shown to whoever asks."""
        rows = self._registry.read(gathering.gathered, graph=graph)
        return dict(rows[0]) if rows and shown(rows[0], principal) else None

    def views(self, principal: Principal) -> list[dict[str, Any]]:
        """All that are shown to whoever asks, oldest first."""
        rows = self._registry.read(gathering.gathered)
        return [row for row in rows if shown(row, principal)]

    def released(self, graph: int) -> bytes | None:
        """The total, if it is released."""
        total: bytes | None = self._registry.read(gathering.released, graph)
        return total

    async def _question(self, graph: int, text: str) -> Question:
        if graph not in self._questions:
            self._questions[graph] = await asyncio.to_thread(lambda: Question.of(read_spec(text)))
        return self._questions[graph]

    async def question_of(self, graph: int) -> Question:
        """The question that a graph puts; GraphError before it does."""
        text = self.view(graph)["spec"]
        if text is None:
            raise GraphError(f"graph {graph} has no spec yet; its developer is still at it")
        return await self._question(graph, text)

    # --- what happens --------------------------------------------------------------------------------

    async def open(self, name: str | None, algorithm: str | None, developer: str) -> dict[str, Any]:
        """A new graph."""
        self._accounts.check_graph(developer)
        graph = await self._write(lambda c: store.insert_graph(c, name, algorithm, APPROACH, developer))
        self._accounts.enter(graph, developer, 0)
        return self.view(graph)

    async def freeze(self, graph: int, text: bytes, principal: Principal) -> str:
        """Take the spec of a graph; the same one again changes nothing. Its fingerprint."""
        row = self.view(graph, principal)
        question = await asyncio.to_thread(lambda: Question.of(read_spec(text)))
        spec = question.spec
        if spec.graph != graph or (principal.role is not None and spec.developer != row["developer"]):
            raise ProtocolError(
                f'the spec is of graph {spec.graph} of "{spec.developer}"; this is graph {graph} of '
                f'"{row["developer"]}"'
            )
        stored = await self._write(lambda c: gathering.freeze(c, graph, question))
        if stored != question.fingerprint:
            raise GraphError(f"graph {graph} is frozen with another spec; ask for more in a new graph")
        self._questions[graph] = question
        self._set_timer(graph, question)
        log.info("action=frozen graph=%d fingerprint=%s", graph, stored)
        return str(stored)

    async def contribute(self, graph: int, contributor: str, body: bytes) -> Outcome:
        """Take one contribution."""
        question = await self.question_of(graph)
        await asyncio.to_thread(question.wire.from_bytes, body)  # garbage is refused before it is written
        # two fresh ciphertexts are never equal; two plain contributions may be
        digest = sha256(body if question.spec.encryption else contributor.encode() + body)
        result, state = await self._write(
            lambda c: gathering.contribute(c, graph, question, contributor, digest, body, time.time())
        )
        log.info("action=contribution graph=%d outcome=%s state=%s", graph, result, state)
        self._ended(graph, state)
        return Outcome(result)

    async def cancel(self, graph: int, principal: Principal) -> dict[str, Any]:
        """The developer has what there is, or does without."""
        self.view(graph, principal)
        self._ended(graph, await self._write(lambda c: gathering.cancel(c, graph)))
        return self.view(graph)

    def watch(self, graph: int) -> asyncio.Event:
        """What is set when something happens to a graph."""
        return self._changed.setdefault(graph, asyncio.Event())

    def _ended(self, graph: int, state: GraphState) -> None:
        """Something happened; perhaps it was the end."""
        if state not in reading.UNFINISHED:
            self._accounts.leave(graph)
            self._questions.pop(graph, None)
            timer = self._timers.pop(graph, None)
            if timer is not None:
                timer.cancel()
        self._touch(graph)

    def _touch(self, graph: int) -> None:
        event = self._changed.pop(graph, None)
        if event is not None:
            event.set()

    # --- deadlines -----------------------------------------------------------------------------------

    def _set_timer(self, graph: int, question: Question, wait_s: float = 0.0) -> None:
        deadline = question.spec.deadline
        if deadline is not None and not self.closing:
            wait_s = max(wait_s, min(deadline - time.time(), LONGEST_WAIT_S))
            before = self._timers.get(graph)
            if before is not None:
                before.cancel()
            self._timers[graph] = self._loop.call_later(max(0.0, wait_s), self._look, graph, question)

    def _look(self, graph: int, question: Question) -> None:
        task = self._loop.create_task(self._finish(graph, question))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _finish(self, graph: int, question: Question) -> None:
        try:
            state = await self._write(lambda c: gathering.finish(c, graph, question, time.time()))
        except DatabaseError:
            # a full disk, say; the writer has logged it, and nothing is lost by being late
            self._set_timer(graph, question, RETRY_WRITE_S)
            return
        if state is GraphState.ENDED:
            self._set_timer(graph, question)
        else:
            log.info("action=deadline graph=%d state=%s", graph, state)
            self._ended(graph, state)


def shown(row: dict[str, Any], principal: Principal) -> bool:
    """Developers see their own; contributors see whatever asks for contributions, or did."""
    if principal.role is Role.CONTRIBUTOR:
        return row["spec"] is not None
    return principal.sees(row["developer"])


GATHERINGS = web.AppKey("gatherings", Gatherings)
