"""Asking and waiting: send a batch with a question, read the answer's stream, show how far it is."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from tqdm.auto import tqdm

from ravspec import errors
from ravspec.batch import Batch
from ravspec.codec import Buffer, column, read_column
from ravspec.errors import ComputeError, GraphError, RavError
from ravspec.messages import Error, Failure, Failures, Message, Progress, Stored, Submit, Values
from ravspec.values import split_values, type_from_json

if TYPE_CHECKING:
    from ravop.engine import Engine
    from ravop.graph import Graph


@dataclass(frozen=True, slots=True)
class Question:
    """What a request asks for: values of ops, names to keep, the end of the graph; or to store only."""

    ops: Sequence[int] = ()
    persist: dict[str, int] = field(default_factory=dict)
    end: bool = False
    wait: bool = True


class SendLock:
    """A lock that knows whether this thread holds it: batches must reach the server in order."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._owner: int | None = None

    def acquire(self) -> None:
        """Wait for it."""
        self._lock.acquire()
        self._owner = threading.get_ident()

    def release(self) -> None:
        """Let it go."""
        self._owner = None
        self._lock.release()

    def locked_by_me(self) -> bool:
        """True if this thread holds it."""
        return self._owner == threading.get_ident()


def wait(
    graph: Graph,
    engine: Engine,
    batch: Batch | None,
    question: Question,
    timeout: float | None,
    stored: Callable[[], None] = lambda: None,
) -> dict[int, Sequence[NDArray[Any]]]:
    """Send a batch with a question; {op: its outputs} for the ops that it asks for.

    `stored` is called once the ops are safe at the server. A failed op that was asked for (under `end`,
    any) is a ComputeError.
    """
    answer = Answer(engine)
    message, buffers = request(batch, question)
    what = graph.own_op(question.ops[-1]) if len(question.ops) else ""
    with Bar(engine.config.bar_after_s, what, hidden=not question.wait) as bar:
        for reply, parts in engine.submit(graph.id, message, buffers, timeout):
            match reply:
                case Stored():
                    stored()
                case Values():
                    answer.take(reply, parts)
                case Progress():
                    bar.show(reply)
                case Failures():
                    answer.failures.extend(reply.failures)
                case Error():
                    raise rebuilt(reply)
    if answer.failures:
        raise ComputeError(told(answer.failures, graph))
    if question.wait and len(answer.values) < len(question.ops):
        raise GraphError(f"{graph} gave {len(answer.values)} of {len(question.ops)} values asked for")
    return answer.values


def read_ahead(replies: Iterator[tuple[Message, list[memoryview]]]) -> None:
    """Read the answer to ops that were sent ahead: they are stored, or this raises."""
    for reply, _ in replies:
        if isinstance(reply, Error):
            raise rebuilt(reply)


def request(batch: Batch | None, question: Question) -> tuple[Submit, list[Buffer]]:
    """The message and its buffers."""
    want = column(np.array(question.ops, np.int32), "int32")
    if batch is None:
        asking = Submit(
            first_op=0,
            first=[],
            question_only=True,
            persist=question.persist,
            end=question.end,
            wait=question.wait,
        )
        return asking, [*[b""] * 8, want]
    message = Submit(
        first_op=batch.first_op,
        first=batch.first,
        kinds=batch.symbols.kinds,
        types=batch.symbols.types,
        sites=batch.symbols.sites,
        literals=batch.symbols.literals,
        stored=batch.stored,
        names=batch.names,
        persist=question.persist,
        end=question.end,
        wait=question.wait,
    )
    return message, [*batch.buffers(), want]


class Answer:
    """The values and failures that have come."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.values: dict[int, Sequence[NDArray[Any]]] = {}
        self.failures: list[Failure] = []

    def take(self, message: Values, buffers: list[memoryview]) -> None:
        """Values of some ops."""
        ops, n_out, which = (
            read_column(b, d) for b, d in zip(buffers, ("int32", "uint16", "uint32"), strict=False)
        )
        types = [type_from_json(header) for header in message.types]
        inline = np.ones(len(which), bool)
        inline[list(message.stored)] = False
        given = iter(split_values(buffers[3], types, which[inline]))
        if message.stored:
            outputs = [
                next(given) if i not in message.stored else self._engine.get(message.stored[i], types[k])
                for i, k in enumerate(which.tolist())
            ]
        else:
            outputs = list(given)
        if len(outputs) == len(ops):
            self.values.update(zip(ops.tolist(), zip(outputs, strict=True), strict=True))
            return
        at = 0
        for op, n in zip(ops.tolist(), n_out.tolist(), strict=True):
            self.values[op] = outputs[at : at + n]
            at += n


class Bar:
    """A progress bar that shows when the wait has lasted a while, and only in a terminal or notebook."""

    def __init__(self, after_s: float, what: str, hidden: bool) -> None:
        self._what = what  #: the developer's own op that is asked for, if it is one
        self._show_at = time.monotonic() + after_s
        self._hidden = hidden
        self._bar: tqdm[Any] | None = None

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *details: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def show(self, progress: Progress) -> None:
        """Draw how far the graph is."""
        if self._hidden or time.monotonic() < self._show_at:
            return
        if self._bar is None:
            self._bar = tqdm(
                desc=f"computing {self._what}".rstrip(), unit="op", disable=None, dynamic_ncols=True,
                leave=False, initial=progress.computed,
            )  # fmt: skip
        self._bar.total = progress.total
        self._bar.n = progress.computed
        self._bar.set_postfix_str(progress.why or f"{progress.contributors} contributors", refresh=False)
        self._bar.refresh()


def rebuilt(message: Error) -> RavError:
    """The server's error as the exception it names."""
    kind = getattr(errors, message.kind, None)
    if isinstance(kind, type) and issubclass(kind, RavError):
        return kind(message.message)
    return RavError(f"{message.kind}: {message.message}")


def told(failures: list[Failure], graph: Graph, at_most: int = 5) -> str:
    """Failed ops in words: the guilty ones with operator, NumPy's message and the developer's line."""
    causes = {f.cause: f for f in failures}
    lines = []
    for f in list(causes.values())[:at_most]:
        behind = sum(g.cause == f.cause and g.op != f.cause for g in failures)
        inside = f" in {f.within[0]}(...)" if f.within else ""
        lines.append(f"op {f.cause} ({f.operator}){inside} of {graph} failed: {f.reason}")
        lines.append(f'  it was built at File "{f.file}", line {f.line}')
        if f.within:
            lines.append(f'  {f.within[0]} was called at File "{f.within[1]}", line {f.within[2]}')
        if behind:
            lines.append(
                f"  {behind} more {'op depends' if behind == 1 else 'ops depend'} on it and failed with it"
            )
    if len(causes) > at_most:
        lines.append(f"... and {len(causes) - at_most} more")
    return "\n".join(lines)
