"""The developer's own ops: `@R.op` gives a function that puts ops together a name of its own.

Contributors still run the vocabulary only: of the function they see, one by one, the ops it is made of.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import Any, TypeVar

from ravop.answers import Answer
from ravop.calls import inside
from ravop.tensor import Tensor
from ravspec.errors import ParamError

F = TypeVar("F", bound=Callable[..., Any])


def op(function: F) -> F:
    """Make a function of tensors, or of federated answers, an op of its own.

    Its ops keep its name and where it was called: errors say "op 12 (exp) in gaussian_kernel(...)", and
    `Graph.get_ops_by_name("gaussian_kernel")` lists them. In a federated graph contributors are told its
    name and what it needs. What it gives says which of both it is: tensors or answers, also several in a
    tuple, list or dict. Anything else is a ParamError.
    """
    if not callable(function):
        raise ParamError(f"R.op makes a function an op; {function!r:.80} is none. Write @R.op above its def")

    @functools.wraps(function)
    def named(*args: Any, **more: Any) -> Any:
        caller = sys._getframe(1)
        with inside(function.__name__, caller.f_code.co_filename, caller.f_lineno):
            result = function(*args, **more)
        if not made_of_ops(result):
            raise ParamError(
                f"{function.__name__} gave {result!r:.80}; an op gives tensors, or answers of federated "
                "graphs, put together. Make arrays tensors by R.t first"
            )
        return result

    return named  # type: ignore[return-value]


def made_of_ops(result: Any) -> bool:
    """True for a tensor or an answer, and for several of them."""
    if isinstance(result, dict):
        result = list(result.values())
    if isinstance(result, tuple | list):
        return bool(result) and all(map(made_of_ops, result))
    return isinstance(result, Tensor | Answer)
