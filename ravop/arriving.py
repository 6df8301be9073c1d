"""Values as they come: `await x`, `R.fetch_async`, `R.as_completed`.

All that is awaited in one turn of the event loop is one question on one connection: no thread waits for it,
and nothing is asked again and again.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any

from ravop.client import COME_BACK_S, LOST, RETRY_S
from ravop.streaming import stream
from ravop.waiting import Answer, Question, rebuilt, request, told
from ravspec.errors import ComputeError, DTypeError, GraphError, RavError, ServerUnreachable
from ravspec.messages import Error, Failures, Message, Values

if TYPE_CHECKING:
    from ravop.graph import Graph
    from ravop.tensor import Tensor

#: (graph, loop) -> what is awaited in this turn of the loop and not asked for yet
_gathering: dict[tuple[int, int], Awaited] = {}
#: questions that are open, kept from the garbage collector
_open: set[asyncio.Task[None]] = set()


class Awaited:
    """Tensors of one graph that are awaited together."""

    def __init__(self, graph: Graph, loop: asyncio.AbstractEventLoop) -> None:
        self._graph, self._loop = graph, loop
        self._waiting: dict[int, list[tuple[Tensor, asyncio.Future[None]]]] = {}
        self._task: asyncio.Task[None] | None = None
        self._loop.call_soon(self._start)

    def add(self, tensor: Tensor) -> asyncio.Future[None]:
        """A future that is done when the tensor has its value, or has failed."""
        future: asyncio.Future[None] = self._loop.create_future()
        future.add_done_callback(self._let_go)
        self._waiting.setdefault(tensor.id, []).append((tensor, future))
        return future

    def _let_go(self, future: asyncio.Future[None]) -> None:
        """When all who waited have given up, nobody needs the answer."""
        if future.cancelled() and self._task is not None and not self._left():
            self._task.cancel()

    def _left(self) -> list[int]:
        return [op for op, those in self._waiting.items() if not all(future.done() for _, future in those)]

    def _start(self) -> None:
        _gathering.pop((id(self._graph), id(self._loop)), None)
        self._task = self._loop.create_task(self._run())
        _open.add(self._task)
        self._task.add_done_callback(_open.discard)

    async def _run(self) -> None:
        error: Exception = GraphError(f"{self._graph} did not give a value that was awaited")
        try:
            self._graph.store()
            await self._ask()
        except (RavError, *LOST) as trouble:
            error = trouble
        for op in self._left():
            self._fail(op, error)

    async def _ask(self) -> None:
        """Ask until all is there; a server that goes away may come back."""
        patience = self._loop.time() + COME_BACK_S
        while left := self._left():
            message, buffers = request(None, Question(left))
            try:
                async for reply, parts in stream(self._graph._engine, self._graph.id, message, buffers):
                    patience = self._loop.time() + COME_BACK_S
                    self._take(reply, parts)
                return
            except (asyncio.IncompleteReadError, *LOST) as error:
                if self._loop.time() > patience:
                    raise ServerUnreachable(f"{self._graph._engine.config.url} went away: {error}") from error
                await asyncio.sleep(RETRY_S)

    def _take(self, reply: Message, parts: list[memoryview]) -> None:
        match reply:
            case Values():
                answer = Answer(self._graph._engine)
                answer.take(reply, parts)
                for op, outputs in answer.values.items():
                    for tensor, future in self._waiting.get(op, ()):
                        tensor.came(outputs)
                        if not future.done():
                            future.set_result(None)
            case Failures():
                for failure in reply.failures:
                    self._fail(failure.op, ComputeError(told([failure], self._graph)))
            case Error():
                raise rebuilt(reply)

    def _fail(self, op: int, error: Exception) -> None:
        for _, future in self._waiting.get(op, ()):
            if not future.done():
                future.set_exception(error)


def arrival(tensor: Tensor) -> asyncio.Future[None]:
    """A future of the running loop that is done when the tensor has its value. ComputeError: it failed."""
    graph, loop = tensor.graph, asyncio.get_running_loop()
    key = id(graph), id(loop)
    awaited = _gathering.get(key)
    if awaited is None:
        awaited = _gathering[key] = Awaited(graph, loop)
    return awaited.add(tensor)


async def value_of(tensor: Tensor) -> Any:
    """What `await x` gives."""
    if tensor._value is None:
        await arrival(tensor)
    return tensor()


class Arriving:
    """Tensors in the order in which their values come; for `for` and for `async for`."""

    def __init__(self, tensors: list[Tensor]) -> None:
        self._tensors = tensors

    async def __aiter__(self) -> AsyncIterator[Tensor]:
        there = [x for x in self._tensors if x._value is not None]
        done: asyncio.Queue[Tensor] = asyncio.Queue()
        futures = []
        for x in self._tensors:
            if x._value is None:
                futures.append(arrival(x))
                futures[-1].add_done_callback(_putting(done, x))
        try:
            for x in there:
                yield x
            for _ in futures:
                yield await done.get()
        finally:
            for future in futures:
                future.cancel()

    def __iter__(self) -> Iterator[Tensor]:
        """The same by one thread with a loop of its own, as this thread's may be running, in a notebook."""
        come: queue.SimpleQueue[Any] = queue.SimpleQueue()
        loop = asyncio.new_event_loop()

        async def listen() -> None:
            async for x in self:
                come.put(x)

        def run() -> None:
            with asyncio.Runner(loop_factory=lambda: loop) as runner:
                try:
                    runner.run(listen())
                    come.put(None)
                except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - raised where it is read
                    come.put(error)

        thread = threading.Thread(target=run, name="ravop as_completed", daemon=True)
        thread.start()
        try:
            while (x := come.get()) is not None:
                if isinstance(x, BaseException):
                    raise x
                yield x
        finally:  # whoever leaves early needs no more values
            with contextlib.suppress(RuntimeError):  # the loop has ended, as all has come
                loop.call_soon_threadsafe(_cancel_all, loop)
            thread.join()


def _cancel_all(loop: asyncio.AbstractEventLoop) -> None:
    for task in asyncio.all_tasks(loop):
        task.cancel()


def _putting(done: asyncio.Queue[Tensor], tensor: Tensor) -> Any:
    def put(future: asyncio.Future[None]) -> None:
        if not future.cancelled():
            future.exception()  # seen: calling the tensor raises it
            done.put_nowait(tensor)

    return put


def as_completed(*tensors: Any) -> Arriving:
    """The tensors in the order in which their values come, for `for` and `async for`; also of one sequence.

    One that failed comes too, and raises its ComputeError when it is called. DTypeError: it is no tensor.
    """
    return Arriving(several("as_completed", tensors))


async def fetch_async(*tensors: Any) -> list[Any]:
    """The values of several tensors in order, as `fetch` gives them, awaited together. Also of one sequence.

    ComputeError: one of them failed. DTypeError: it is no tensor.
    """
    return await asyncio.gather(*map(value_of, several("fetch_async", tensors)))


def several(caller: str, tensors: tuple[Any, ...]) -> list[Tensor]:
    """The tensors, each by itself or in one sequence."""
    from ravop.tensor import Tensor  # whose `await` is made of this module

    if len(tensors) == 1 and isinstance(tensors[0], list | tuple):
        tensors = tuple(tensors[0])
    for x in tensors:
        if not isinstance(x, Tensor):
            raise DTypeError(f"{caller} takes tensors, not {type(x).__name__}")
    return list(tensors)
