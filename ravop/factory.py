"""Functions, methods and operators made from the op table: one closure factory, no exec.

Every function has the row's true signature. ravop.functions holds them by name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ravop.describing import docstring, signature
from ravop.graph import Graph, current_graph
from ravop.record import key_of
from ravop.tensor import Tensor
from ravspec.errors import OpError, ParamError
from ravspec.ops import ALIASES, OPS, Op, fourier
from ravspec.ops.creation import DATA

Function = Callable[..., Any]


def apply(row: Op, operands: Sequence[Any], params: dict[str, Any], params_key: Any = None) -> Any:
    """Add an op to the graph of its operands (or the current one). A Tensor, or a tuple of them."""
    for x in operands:
        if isinstance(x, Tensor):
            return x._graph.add(row, operands, params, params_key)
    return current_graph().add(row, operands, params, params_key)


#: params of these types are remembered in their canonical form, which takes longer than all else of an op
PLAIN = frozenset({int, bool, float, str, type(None)})
#: so many are remembered; then they are forgotten, as a script may have a new number for every op
REMEMBERED = 10_000

_canonical: dict[Any, tuple[dict[str, Any], Any]] = {}


def canonical(row: Op, given: dict[str, Any]) -> tuple[dict[str, Any], Any]:
    """The row's params and their key, see `Graph.add`, from what the developer wrote."""
    for value in given.values():
        if type(value) not in PLAIN and not is_plain(value):
            params = row.canonical_params({key: read(param) for key, param in given.items()})
            return params, key_of(params)
    known = row.name, key_of(given)
    found = _canonical.get(known)
    if found is None:
        if len(_canonical) >= REMEMBERED:
            _canonical.clear()
        params = row.canonical_params(given)
        found = _canonical[known] = params, key_of(params)
    return found


def is_plain(value: Any) -> bool:
    """Can the value be remembered as it is, and tuples of such values, however deep?"""
    return type(value) in PLAIN or (type(value) is tuple and all(map(is_plain, value)))


def read(param: Any) -> Any:
    """A param; where it is a tensor, as in RDF it may be, its value: what an op is must be known."""
    return param().tolist() if isinstance(param, Tensor) else param


def create(graph: Graph, name: str, **params: Any) -> Tensor:
    """An op without operands in a certain graph: that of a tensor, whichever is the current one."""
    row = OPS[name]
    created: Tensor = graph.add(row, (), canonical(row, params)[0])
    return created


def default_bind(row: Op) -> Callable[..., tuple[Sequence[Any], dict[str, Any]]]:
    """f(*operands, **params); params may also follow the operands by position, as in NumPy."""
    n_operands, names = len(row.operand_names), tuple(row.params)

    def bind(*args: Any, **kwargs: Any) -> tuple[Sequence[Any], dict[str, Any]]:
        operands, rest = args[:n_operands], args[n_operands:]
        if rest:
            if len(rest) > len(names):
                raise ParamError(f"{row.name} takes {n_operands + len(names)} arguments; got {len(args)}")
            for name, value in zip(names, rest, strict=False):
                if name in kwargs:
                    raise ParamError(f"{row.name} got its param {name} twice")
                kwargs[name] = value
        return operands, kwargs

    return bind


def simple_function(row: Op) -> Function:
    """A function of operands only, and the name that every op may be given."""
    full = full_function(row)

    def function(*operands: Any, **more: Any) -> Any:
        return full(*operands, **more) if more else apply(row, operands, {})

    return function


def misfit(row: Op, bind: Function, error: TypeError) -> str:
    """What Python says of arguments that do not fit, of the op and not of the function that binds them."""
    return f"{row.name}: {str(error).removeprefix(f'{bind.__qualname__}() ')}"


def full_function(row: Op) -> Function:
    """A function that binds its arguments, and takes name= for the op."""
    bind = row.bind or default_bind(row)

    def function(*args: Any, name: str | None = None, **kwargs: Any) -> Any:
        try:
            operands, params = bind(*args, **kwargs)
        except TypeError as error:  # Python's, of arguments that are left over or left out
            raise error if isinstance(error, OpError) else ParamError(misfit(row, bind, error)) from None
        result = apply(row, operands, *canonical(row, params))
        if name is not None:
            first = result[0] if isinstance(result, tuple) else result
            first.graph.name_op(first, name)
        return result

    return function


#: ops with as many outputs as the operands and params say: a tuple, also where it is one
MANY = frozenset({"split", "nonzero"})


def always_tuple(function: Function) -> Function:
    """So that `for part in split(x, n)` goes over parts, and not over the elements of the only one."""

    def tuple_of(*args: Any, **kwargs: Any) -> tuple[Any, ...]:
        result = function(*args, **kwargs)
        return result if isinstance(result, tuple) else (result,)

    return tuple_of


def make_function(row: Op) -> Function:
    """The function of a row."""
    function = simple_function(row) if row.bind is None and not row.params else full_function(row)
    if row.name in MANY:
        function = always_tuple(function)
    function.__name__ = function.__qualname__ = row.name
    function.__module__ = "ravop"
    function.__doc__ = docstring(row)
    function.__signature__ = signature(row)  # type: ignore[attr-defined]
    return function


#: what `R.fft` has, and neither `R` itself nor a tensor, as in NumPy
IN_FFT = {row.name for row in fourier.ROWS}

#: every function by its names, RDF's and NumPy's other spellings included
FUNCTIONS: dict[str, Function] = {name: make_function(row) for name, row in OPS.items() if name != DATA}
FUNCTIONS |= {alias: FUNCTIONS[name] for alias, name in ALIASES.items() if name != DATA}

_UFUNCS = {row.kernel: FUNCTIONS[row.name] for row in OPS.values() if isinstance(row.kernel, np.ufunc)}


def ufunc_function(ufunc: np.ufunc) -> Function | None:
    """The function that does what a NumPy ufunc does, if there is one."""
    return _UFUNCS.get(ufunc)


#: Python's operators: method -> op; the reflected form comes with it
BINARY_OPERATORS = {
    "add": "add", "sub": "subtract", "mul": "multiply", "truediv": "divide", "floordiv": "floor_divide",
    "mod": "remainder", "pow": "pow", "matmul": "matmul", "and": "bitwise_and", "or": "bitwise_or",
    "xor": "bitwise_xor", "lshift": "bitwise_left_shift", "rshift": "bitwise_right_shift",
}  # fmt: skip
COMPARISONS = {
    "lt": "less", "le": "less_equal", "gt": "greater", "ge": "greater_equal",
    "eq": "equal", "ne": "not_equal",
}  # fmt: skip
UNARY_OPERATORS = {"neg": "negative", "pos": "positive", "abs": "abs"}

#: ops that are attributes of tensors, and not methods: NumPy's code says z.real
ATTRIBUTES = ("real", "imag")

#: what may stand beside a Tensor in an operator; anything else is not ours to compare
OPERANDS = (Tensor, bool, int, float, complex, np.ndarray, np.generic, list, tuple)


def operator_method(name: str, reflected: bool = False) -> Function:
    """The method of a binary operator."""
    row = OPS[name]

    def method(self: Tensor, other: Any) -> Any:
        if not isinstance(other, OPERANDS):
            return NotImplemented
        return self._graph.add(row, (other, self) if reflected else (self, other), {})

    return method


def plain_entries(key: Any) -> tuple[Any, ...] | None:
    """A key of integers, slices, None and "..." as it travels (ravspec.ops.index); None if it has arrays."""
    entries: list[Any] = []
    for part in key if type(key) is tuple else (key,):
        kind = type(part)
        if kind is int:
            entries.append(part)
        elif kind is slice:
            bounds = part.start, part.stop, part.step
            if not all(bound is None or type(bound) is int for bound in bounds):
                return None
            entries.append(("slice", *bounds))
        elif part is None or part is Ellipsis:
            entries.append("newaxis" if part is None else "...")
        else:
            return None
    return tuple(entries)


def get_item(self: Tensor, key: Any) -> Tensor:
    """x[key]. Where the value is here already and the key needs none to be computed, so is the part."""
    entries = plain_entries(key)
    if entries is None:
        chosen: Tensor = FUNCTIONS["index"](self, key)
        return chosen
    part: Tensor = self._graph.add(OPS["index"], (self,), {"key": entries}, ("plain", entries))
    if self._value is not None:
        part._value = np.asarray(self._value[key])
    return part


def inplace_method(name: str) -> Function:
    """The method of `x += y` and the like: the same handle, which names the result from then on."""
    method = operator_method(name)

    def inplace(self: Tensor, other: Any) -> Any:
        result = method(self, other)
        if result is NotImplemented:
            return result
        self._become(result)
        return self

    return inplace


def invert(self: Tensor) -> Tensor:
    """~x: the matrix inverse for floating dtypes, as in RDF; bitwise for integers and bools."""
    result: Tensor = FUNCTIONS["bitwise_invert" if self.dtype.kind in "biu" else "inv"](self)
    return result


def install(cls: type[Tensor]) -> None:
    """Put operators and methods on the class; names it has already stay its own."""
    for word, name in BINARY_OPERATORS.items():
        setattr(cls, f"__{word}__", operator_method(name))
        setattr(cls, f"__r{word}__", operator_method(name, reflected=True))
        setattr(cls, f"__i{word}__", inplace_method(name))
    for word, name in COMPARISONS.items():
        setattr(cls, f"__{word}__", operator_method(name))
    for word, name in UNARY_OPERATORS.items():
        setattr(cls, f"__{word}__", FUNCTIONS[name])
    setattr(cls, "__divmod__", operator_method("divmod"))  # noqa: B010
    setattr(cls, "__rdivmod__", operator_method("divmod", reflected=True))  # noqa: B010
    setattr(cls, "__invert__", invert)  # noqa: B010 - mypy does not let a class grow by assignment
    setattr(cls, "__getitem__", get_item)  # noqa: B010
    for name in ATTRIBUTES:
        setattr(cls, name, property(FUNCTIONS[name]))
    for name, function in FUNCTIONS.items():
        row = OPS[ALIASES.get(name, name)]
        if row.operand_names and name not in IN_FFT and not hasattr(cls, name):
            setattr(cls, name, function)


install(Tensor)
