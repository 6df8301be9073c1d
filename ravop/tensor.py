"""Tensor: a handle on one output of one op. It has NumPy's operators and never computes by itself.

A handle is mutable (it learns its value, and its shape where that was not known); the op it names is
not. Operators and methods are put on the class by ravop.functions, from the op table.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Generator, Iterator, Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ravop.arriving import value_of
from ravop.device import DEVICE, check_device
from ravop.missing import refuse
from ravop.showing import tensor_html, tensor_text
from ravspec.errors import DTypeError, ShapeError
from ravspec.shapes import ArrayType

if TYPE_CHECKING:
    from ravop.functions import Methods
    from ravop.graph import Graph
else:
    Methods = object  # the methods are put on the class itself, by ravop.factory


class Tensor(Methods):
    """A lazy array. `Tensor(value)` sends a value; every op on it gives another Tensor.

    Call it for its value: `x()` waits and gives an ndarray; `x(timeout=30)` raises `Timeout` after 30 s.
    """

    __slots__ = ("__weakref__", "_graph", "_operand", "_value")

    _graph: Graph
    _operand: tuple[int, int, int]  #: (op, output, type number)
    _value: NDArray[Any] | None

    #: comparisons are elementwise, so a Tensor cannot be a dictionary key (as in NumPy)
    __hash__ = None  # type: ignore[assignment]
    #: an ndarray on the left of an operator leaves the operation to us
    __array_priority__ = 1000

    def __init__(self, value: Any, name: str | None = None, *, dtype: Any = None) -> None:
        from ravop.graph import current_graph  # the graph's module needs this class

        current_graph().source_into(self, value, name, dtype)

    @staticmethod
    def of(graph: Graph, op: int, output: int, type_number: int) -> Tensor:
        """The handle on an output of an op."""
        tensor = Tensor.__new__(Tensor)
        tensor._graph = graph
        tensor._operand = op, output, type_number
        tensor._value = None
        return tensor

    # --- what is known without computing -------------------------------------------------------------

    @property
    def graph(self) -> Graph:
        """The graph it belongs to."""
        return self._graph

    @property
    def id(self) -> int:
        """The number of its op in the graph."""
        return self._operand[0]

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of its elements."""
        dtype: np.dtype[Any] = self._array_type().dtype
        return dtype

    @property
    def shape(self) -> tuple[int, ...]:
        """Its shape; where only the values tell it (after `unique`, or a mask), reading it computes."""
        shape = self._array_type().shape
        if shape is None:
            shape = self().shape
        return shape

    @property
    def ndim(self) -> int:
        """How many axes it has."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """How many elements it has."""
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def itemsize(self) -> int:
        """Bytes of one element."""
        return self.dtype.itemsize

    @property
    def nbytes(self) -> int:
        """Bytes of all elements."""
        return self.size * self.itemsize

    @property
    def T(self) -> Tensor:
        """The transpose."""
        return self.transpose()

    @property
    def mT(self) -> Tensor:
        """Each matrix of a stack transposed."""
        return self.matrix_transpose()

    @property
    def device(self) -> Any:
        """Where it is: with the contributors."""
        return DEVICE

    def to_device(self, device: Any, /, *, stream: Any = None) -> Tensor:
        """This tensor: there is one device."""
        check_device(device)
        return self

    def _array_type(self) -> ArrayType:
        return self._graph.array_type(self._operand[2])

    # --- its value -----------------------------------------------------------------------------------

    def __call__(self, timeout: float | None = None) -> NDArray[Any]:
        """Wait for the value; an ndarray of this shape and dtype."""
        if self._value is None:
            self._graph.fetch([self], timeout)
        assert self._value is not None
        return self._value

    def get_output(self) -> NDArray[Any]:
        """The value; RDF's name for calling the tensor."""
        return self()

    def __await__(self) -> Generator[Any, None, NDArray[Any]]:
        """`await x` is its value; what else is awaited at the same time is asked for with it."""
        return value_of(self).__await__()

    def came(self, outputs: Sequence[NDArray[Any]]) -> None:
        """Its op's values have come, and with them a shape that only they tell."""
        op, output, type_number = self._operand
        self._value = outputs[output]
        if self._graph.array_type(type_number).shape is None:
            known = ArrayType(self._value.shape, self._value.dtype)
            self._operand = op, output, self._graph.type_number(known)

    def tolist(self) -> Any:
        """The value as nested lists, or as a number; waits for it."""
        return self().tolist()

    def item(self, *at: int) -> Any:
        """The only element, or the one at these places, as a Python number; waits for the value."""
        return self().item(*at) if at else self._scalar("number of its own").item()

    def copy(self) -> Tensor:
        """Another handle on the same value: assigning to one leaves the other."""
        other = type(self).__new__(type(self))
        other._graph, other._operand, other._value = self._graph, self._operand, self._value
        return other

    def __copy__(self) -> Tensor:
        return self.copy()

    def __deepcopy__(self, memo: Any) -> Tensor:
        return self.copy()

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled is where the value is: the graph's number at the server, and the op's in it."""
        self._graph.store()
        return unpickled, (self._graph.id, *self._operand[:2])

    def persist_op(self, name: str) -> None:
        """Keep the value at the server under a name of its own; see `fetch_persisting_op`."""
        self._graph.persist(self, name)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        value = self()
        return np.array(value, dtype) if copy or dtype is not None else value

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        from ravop.protocols import array_ufunc  # the functions need this class

        return array_ufunc(ufunc, method, inputs, kwargs)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: dict[str, Any]) -> Any:
        from ravop.protocols import array_function  # the functions need this class

        return array_function(func, args, kwargs)

    def __array_namespace__(self, *, api_version: str | None = None) -> ModuleType:
        """The module with this class's functions: ravop."""
        namespace = sys.modules["ravop"]
        if api_version not in (None, "2021.12", "2022.12", "2023.12", "2024.12", "2025.12"):
            raise ValueError(f"ravop follows {namespace.__array_api_version__} of the array API")
        return namespace

    def __dlpack__(
        self,
        *,
        stream: Any = None,
        max_version: tuple[int, int] | None = None,
        dl_device: Any = None,
        copy: bool | None = None,
    ) -> Any:
        # a copy, as values that were fetched are read only
        value: Any = self().copy()
        return value.__dlpack__(stream=stream, max_version=max_version, dl_device=dl_device, copy=copy)

    def __dlpack_device__(self) -> tuple[int, int]:
        return (1, 0)  # memory of this process

    def __setitem__(self, key: Any, value: Any) -> None:
        """From now on this handle names a new value, with `value` at `key`; other handles are unchanged."""
        if sys.getrefcount(self) <= NAMELESS:
            warnings.warn(LOST, RuntimeWarning, stacklevel=2)
        self._become(self.set_item(key, value))

    def _become(self, other: Tensor) -> None:
        """Name another value, of the same shape and dtype."""
        if other.shape != self.shape:
            raise ShapeError(f"a tensor of shape {self.shape} cannot take a value of shape {other.shape}")
        if other.dtype != self.dtype:
            if not np.can_cast(other.dtype, self.dtype, "same_kind"):
                raise DTypeError(f"a tensor of {self.dtype} cannot take one of {other.dtype}: use astype")
            other = other.astype(self.dtype)
        self._operand, self._value = other._operand, other._value

    def _scalar(self, kind: str) -> Any:
        if self.size != 1:
            raise DTypeError(
                f"only a tensor of one element has a {kind}; this one has shape {self.shape}. "
                "Use any() or all() for a truth value, or call the tensor for its array"
            )
        return self().reshape(())[()]

    def __bool__(self) -> bool:
        return bool(self._scalar("truth value"))

    def __int__(self) -> int:
        return int(self._scalar("int"))

    def __float__(self) -> float:
        return float(self._scalar("float"))

    def __complex__(self) -> complex:
        return complex(self._scalar("complex"))

    def __index__(self) -> int:
        if self.ndim or self.dtype.kind not in "iu":
            raise DTypeError(f"only a tensor of one integer is an index, not {self._array_type()}")
        return int(self())

    def __len__(self) -> int:
        if not self.ndim:
            raise DTypeError("a tensor of no dimensions has no len()")
        return self.shape[0]

    def __iter__(self) -> Iterator[Tensor]:
        return (self[i] for i in range(len(self)))

    def __round__(self, ndigits: int | None = None) -> Any:
        rounded = self.round(ndigits or 0)
        return int(rounded) if ndigits is None else rounded

    def __format__(self, spec: str) -> str:
        return format(self._scalar("format"), spec) if spec else repr(self)

    def __repr__(self) -> str:
        return tensor_text(self)

    def _repr_html_(self) -> str:
        return tensor_html(self)

    if not TYPE_CHECKING:  # else the checker would take every name for granted

        def __getattr__(self, name: str) -> Any:
            refuse(f"a {type(self).__name__}", name, dir(type(self)))


class Scalar(Tensor):
    """A tensor of one number."""

    __slots__ = ()

    def __init__(self, value: Any, name: str | None = None) -> None:
        if np.ndim(value):
            raise DTypeError(f"a Scalar is one number; for an array of shape {np.shape(value)} use Tensor")
        super().__init__(value, name)


def unpickled(graph: int, op: int, output: int) -> Tensor:
    """The tensor that was pickled, of the graph at the server that is chosen now."""
    from ravop.graph import Graph  # the graph's module needs this class

    tensor: Tensor = Graph(id=graph).tensor(op, output)
    return tensor


class Probe:
    """Counts how many references assigning to a handle sees: one that has a name, or one that has none."""

    def __setitem__(self, key: list[int], value: None) -> None:
        key.append(sys.getrefcount(self))


def nameless() -> int:
    """As many references as a handle without a name has in `__setitem__`; 0 where Python does not tell."""
    counts: list[int] = []
    probe = Probe()
    probe[counts] = None
    Probe()[counts] = None
    with_name, without = counts
    return without if without < with_name else 0


NAMELESS = nameless()
LOST = (
    "this assignment changes nothing: there are no views, and the tensor that it changes has no name. "
    "For x[0][1] = 5 write x[0, 1] = 5"
)
