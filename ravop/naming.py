"""What functions made of several ops refuse is refused in their own name, which those ops do not know."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from ravspec.errors import OpError, ParamError
from ravspec.ops.op import named

P = ParamSpec("P")
T = TypeVar("T")


def in_its_name(function: Callable[P, T]) -> Callable[P, T]:
    """The function, whose OpErrors name it; what Python says of arguments that do not fit is a ParamError."""

    @functools.wraps(function)
    def naming(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return function(*args, **kwargs)
        except OpError as error:
            raise named(error, function.__name__) from error.__cause__
        except (AttributeError, IndexError, TypeError, ValueError) as error:
            raise ParamError(f"{function.__name__} cannot take {shown(args, kwargs)}: {error}") from error

    return naming


def shown(args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    """Arguments in the words of an error."""
    words = [f"{value!r:.60}" for value in args] + [f"{key}={value!r:.60}" for key, value in kwargs.items()]
    return f"({', '.join(words)})"
