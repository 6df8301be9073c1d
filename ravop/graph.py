"""Graph: the ops of one computation, as the developer builds them; submits them, asks, and waits.

Nothing is sent until a value is asked for, `end()`, the script's exit, or about a thousand new ops.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Sequence
from contextvars import ContextVar
from typing import Any

from numpy.typing import NDArray

from ravop.constants import Constant
from ravop.engine import Engine, current_engine
from ravop.federated import FederatedGraph
from ravop.looking import Looking, number_of
from ravop.operands import ANY_INTEGER, as_value, check_literals
from ravop.record import Operand, Recorder, key_of
from ravop.settings import SETTINGS
from ravop.showing import graph_words, table
from ravop.tensor import Tensor
from ravop.waiting import Question, SendLock, read_ahead, request, wait
from ravspec.batch import Batch
from ravspec.claims import WEAK
from ravspec.codec import array_bytes, dtype_of
from ravspec.errors import DTypeError, GraphError, ParamError
from ravspec.ops import Op
from ravspec.shapes import ArrayType
from ravspec.subgraph import sha256
from ravspec.values import INLINE_BYTES

#: new ops are sent ahead, to be stored, when so many have gathered, or half as many as are there already
#: (every sending waits for its commit, and a graph of a million ops should not wait a thousand times)
SUBMIT_OPS = 1000
#: the highest priority of a graph, and the lowest with a minus
PRIORITIES = 1_000_000

log = logging.getLogger(__name__)

_current: ContextVar[Graph | None] = ContextVar("ravop_graph", default=None)
_graphs: list[Graph] = []


class Graph(Looking):
    """A graph. Making one makes it the current one, to which new tensors belong.

    Graph(name="test")  a new graph; as a context manager it ends with the block
    Graph(id=7)         one that is at the server: its progress, ops and values
    Graph(id="test")    the newest of yours that has this name
    Graph(priority=3)   of your graphs that are being computed, the one with the highest goes first
    Graph(approach="federated", rules=...)  a FederatedGraph: statistics of files that stay where they are
    """

    def __new__(cls, id: int | str | None = None, *, approach: str = "distributed", **more: Any) -> Any:
        number = number_of(current_engine(), id)
        if approach == "federated":
            return FederatedGraph(number, **more)
        if number is not None and current_engine().graph(number).get("approach") == "federated":
            return FederatedGraph(number)
        return super().__new__(cls)

    def __init__(
        self,
        id: int | str | None = None,
        *,
        name: str | None = None,
        algorithm: str | None = None,
        approach: str = "distributed",
        rules: Any = None,
        priority: int = 0,
    ) -> None:
        if approach != "distributed":
            raise ParamError(f'approach must be "distributed" or "federated", not {approach!r}')
        if rules is not None:
            raise ParamError('rules are for graphs with approach="federated"')
        self._engine: Engine = current_engine()
        self._id = number_of(self._engine, id)
        self._attached = id is not None
        self.name, self.algorithm, self.approach = name, algorithm, approach
        self.priority = checked_priority(priority)
        self._record = Recorder()
        self._send_at = SUBMIT_OPS - 1  #: with this op, what is pending is sent ahead
        self._constants: dict[Any, Tensor] = {}
        self._pending_persist: dict[str, int] = {}
        self._ended = False
        self.waits = 0  #: how often values were waited for: what lazy code in a library costs
        self._lock = threading.RLock()
        self._sending = SendLock()
        self._unsent: list[Batch] = []
        self._ahead: Iterator[Any] | None = None  #: the answer to the first of them, if it was sent ahead
        self._before = _current.get()
        if self._attached:
            info = self._engine.graph(self.id)
            self.name, self.algorithm = info["name"], info["algorithm"]
            self.priority = info.get("priority", 0)
        else:
            _graphs.append(self)
            _current.set(self)

    def __enter__(self) -> Graph:
        return self

    def __exit__(self, kind: type[BaseException] | None, *details: object) -> None:
        _current.set(self._before)
        if kind is None and not self._attached:
            self.end()

    @property
    def id(self) -> int:
        """Its number at the server, which gives it on the first question."""
        if self._id is None:
            self._id = self._engine.open_graph(self.name, self.algorithm, self.approach, self.priority)
        return self._id

    # --- building ------------------------------------------------------------------------------------

    def add(self, row: Op, operands: Sequence[Any], params: dict[str, Any], params_key: Any = None) -> Any:
        """Add an op; its operands are tensors of this graph, numbers, or anything NumPy takes as an array.

        params: canonical; params_key: their `key_of`, where it is known already.
        """
        with self._lock:
            if self._ended or self._attached:
                self._check_open()
            given = []
            others = 0  # operands that are no tensors of this graph
            for x in operands:
                if isinstance(x, Tensor) and x._graph is self:
                    given.append(x._operand)
                else:
                    given.append(self._operand(x, row.name))
                    others += 1
            if others:
                given = self._check_others(row, operands, given)
            if params_key is None and params:
                params_key = key_of(params)
            op, types = self._record.add(row, given, params, params_key)
        if op >= self._send_at:
            self._send_ahead()
        if len(types) == 1:
            tensor = Tensor.of(self, op, 0, types[0])
            if SETTINGS.eager_mode:
                self.fetch([tensor])
            return tensor
        tensors = tuple(Tensor.of(self, op, k, t) for k, t in enumerate(types))
        if SETTINGS.eager_mode:
            self.fetch(tensors)
        return tensors

    def _check_others(self, row: Op, operands: Sequence[Any], given: list[Operand]) -> list[Operand]:
        """Numbers among the operands: they must fit, and where there is nothing else, be arrays."""
        if all(op < 0 for op, _, _ in given):
            return [self._constant_operand(x, row.name) for x in operands]
        if row.name not in ANY_INTEGER:
            check_literals(row.name, operands, given, self._record)
        return given

    def _check_open(self) -> None:
        if self._attached:
            raise GraphError(f"{self} was re-attached: its values can be read; new ops go into a new Graph")
        if self._ended:
            raise GraphError(f"{self} has ended and takes no more ops; make a new Graph")

    def _operand(self, x: Any, op_name: str) -> Operand:
        if isinstance(x, Tensor):
            if x._graph is not self:
                raise GraphError(
                    f"an op cannot mix values of two graphs: {x._graph} and {self}. "
                    "Fetch the value in one, x(), and use the array in the other"
                )
            return x._operand
        if type(x) in WEAK:
            return self._record.literal(x)
        if isinstance(x, Constant):
            return self._record.literal(float(x))
        return self._constant_operand(x, op_name)

    def _constant_operand(self, x: Any, op_name: str) -> Operand:
        """An array among the operands: one source op for all arrays of the same content."""
        try:
            value = as_value(x)
        except DTypeError as error:
            raise DTypeError(f"{op_name}: {error}") from None
        content = value.tobytes() if value.nbytes <= INLINE_BYTES else sha256(array_bytes(value))
        key = (value.dtype, value.shape, content)
        tensor = self._constants.get(key)
        if tensor is None:
            tensor = self._constants[key] = Tensor.__new__(Tensor)
            self._source(tensor, value)
        return tensor._operand

    def source_into(self, tensor: Tensor, value: Any, name: str | None, dtype: Any = None) -> None:
        """Make `tensor` the handle on a new source op with this value."""
        array = as_value(value, dtype)
        with self._lock:
            self._check_open()
            self._source(tensor, array)
            if name is not None:
                self._record.give_name(tensor.id, name)
        if tensor.id >= self._send_at:
            self._send_ahead()

    def _source(self, tensor: Tensor, value: NDArray[Any]) -> None:
        digest = self._engine.put(value) if value.nbytes > INLINE_BYTES else None
        op, type_number = self._record.add_source(value)
        tensor._graph, tensor._operand, tensor._value = self, (op, 0, type_number), None
        if digest is not None:
            self._record.give_stored(op, digest)
        else:
            self._record.give_value(value.tobytes())
            tensor._value = value.copy()

    def name_op(self, tensor: Tensor, name: str) -> None:
        """Give an op a name; see get_ops_by_name."""
        self._record.give_name(tensor.id, name)

    def array_type(self, number: int) -> ArrayType:
        """Shape and dtype of a type number."""
        return self._record.type(number)

    def type_number(self, t: ArrayType) -> int:
        """The number of a shape and dtype."""
        return self._record.type_number(t)

    # --- sending and asking --------------------------------------------------------------------------

    def _send_ahead(self) -> None:
        """Send what is pending, to be stored beside the building; nothing is computed because of it.

        Never under the lock of building: whoever sends needs it for a moment.
        """
        self._sending.acquire()
        try:
            self._finish_ahead()
            self._take_pending()
            if len(self._unsent) == 1:  # else one failed to arrive: the next question sends them in order
                message = request(self._unsent[0], Question(wait=False))
                self._ahead = self._engine.send_ahead(self.id, *message)
        finally:
            self._sending.release()

    def _finish_ahead(self) -> None:
        """What was sent ahead is stored, or this raises and it goes again with the next question."""
        if self._ahead is not None:
            ahead, self._ahead = self._ahead, None
            read_ahead(ahead)
            del self._unsent[0]

    def _take_pending(self) -> None:
        with self._lock:
            if not self._attached and self._record.n_pending:
                self._unsent.append(self._record.take_batch())
                self._send_at = self._record.n_ops + max(SUBMIT_OPS, self._record.n_ops // 2) - 1

    def _ask(
        self, ops: list[int], timeout: float | None, *, end: bool = False, wait_for: bool = True
    ) -> dict[int, Sequence[NDArray[Any]]]:
        """Send what is not at the server yet, with a question; see ravop.waiting."""
        self._sending.acquire()
        persist: dict[str, int] = {}
        try:
            self._finish_ahead()
            self._take_pending()
            with self._lock:
                persist, self._pending_persist = self._pending_persist, {}
            # a batch that failed to arrive goes again as it was: the server knows a repeated one
            while len(self._unsent) > 1:
                wait(self, self._engine, self._unsent[0], Question(wait=False), None)
                del self._unsent[0]
            batch = self._unsent[0] if self._unsent else None
            question = Question(ops, persist, end, wait=wait_for)
            return wait(self, self._engine, batch, question, timeout, stored=self._stored)
        except BaseException:
            self._pending_persist = persist | self._pending_persist  # asking twice for a name is no harm
            raise
        finally:
            if self._sending.locked_by_me():
                self._sending.release()

    def store(self) -> None:
        """Send what was built since, to be stored; nothing is computed because of it."""
        if not self._attached and (self._record.n_pending or self._unsent or self._ahead is not None):
            self._ask([], None, wait_for=False)

    def _stored(self) -> None:
        """The server has the ops (it says so again after a broken connection): others may send meanwhile."""
        if self._sending.locked_by_me():
            self._unsent.clear()
            self._sending.release()

    def fetch(self, tensors: Sequence[Tensor], timeout: float | None = None) -> None:
        """Wait until all these tensors of the graph have their values."""
        missing = [t for t in tensors if t._value is None]
        if missing:
            self.waits += 1
            values = self._ask(sorted({t.id for t in missing}), timeout)
            for t in missing:
                t.came(values[t.id])

    def persist(self, tensor: Tensor, name: str) -> None:
        """Keep a tensor's value under a name; see fetch_persisting_op."""
        if not name or not isinstance(name, str):
            raise ParamError(f"persist_op needs a name, not {name!r}")
        self._check_open()
        self._record.give_name(tensor.id, name)
        self._pending_persist[name] = tensor.id

    def submit(self) -> None:
        """End the graph without waiting: what the exit of a script does."""
        if not self._attached and not self._ended and (self._id is not None or self._record.n_ops):
            self._close()
            self._ask([], None, end=True, wait_for=False)

    def end(self, timeout: float | None = None) -> str:
        """No more ops: compute what is left, wait, and say how it went. Failed ops are a ComputeError.

        A graph that was re-attached ends too, as the script that made it may be gone.
        """
        self._close()
        if self._id is None and not self._record.n_ops:
            return "Graph is empty."
        self._ask([], timeout, end=True)
        return "Graph computed successfully!"

    def _close(self) -> None:
        self._ended = True
        if self in _graphs:  # the script's exit need not look at it again
            _graphs.remove(self)

    def _info(self) -> dict[str, Any]:
        self.store()
        return self._engine.graph(self.id)

    def own_op(self, op: int) -> str:
        """The name of the developer's own op (`@R.op`) that an op is part of; nothing if there is none."""
        return self._record.own_op(op)

    def tensor(self, op: int, output: int = 0) -> Tensor:
        """The handle on an op of this graph, for instance after re-attaching. GraphError: there is none."""
        self._info()
        view = self._engine.op(self.id, op)
        if not 0 <= output < len(view["outputs"]):
            raise GraphError(f"op {op} of {self} has {len(view['outputs'])} outputs, not {output + 1}")
        dtype, shape = view["outputs"][output]
        t = ArrayType(None if shape is None else tuple(shape), dtype_of(dtype))
        return Tensor.of(self, op, output, self._record.type_number(t))

    def __str__(self) -> str:
        return f"graph {self._id if self._id is not None else '(not sent)'}" + (
            f' "{self.name}"' if self.name else ""
        )

    def __repr__(self) -> str:
        return f"<{', '.join([str(self), *self._said().values()])}>"

    def _repr_html_(self) -> str:
        return table(str(self), self._said())

    def _said(self) -> dict[str, str]:
        return graph_words(self._engine, self._id, self._record.n_ops)


def checked_priority(priority: Any) -> int:
    """The priority of a graph; ParamError if it is none."""
    if isinstance(priority, bool) or not isinstance(priority, int) or abs(priority) > PRIORITIES:
        raise ParamError(f"priority is an integer from -{PRIORITIES} to {PRIORITIES}, not {priority!r:.40}")
    return priority


def current_graph() -> Graph:
    """The graph that new tensors belong to: the last one made here, else the process's default one."""
    graph = _current.get()
    if graph is None or graph._ended or graph._attached:
        graph = next((g for g in _graphs if not g._ended and g.name is None), None) or Graph()
    return graph


def open_graphs() -> list[Graph]:
    """The graphs that were made here and have not ended."""
    return list(_graphs)
