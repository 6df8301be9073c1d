"""Calls of the developer's own ops, `@R.op`: which of them is being put together at this moment."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple


class Call(NamedTuple):
    """One call: the op's name, and file and line of the caller.

    In one that calls others the name is a path, outer/inner, and the caller that of the outermost.
    """

    name: str
    file: str
    line: int


CALL: ContextVar[Call | None] = ContextVar("ravop_call", default=None)


@contextmanager
def inside(name: str, file: str, line: int) -> Iterator[None]:
    """What is built in this block is of a call of that op."""
    outer = CALL.get()
    if outer is None:
        call = Call(name, file, line)
    elif name in outer.name.split("/"):  # it calls itself: one level tells as much as fifty
        call = outer
    else:
        call = outer._replace(name=f"{outer.name}/{name}")
    token = CALL.set(call)
    try:
        yield
    finally:
        CALL.reset(token)


def outermost() -> str:
    """The name of the developer's op that is being put together; nothing outside of one."""
    call = CALL.get()
    return call.name.partition("/")[0] if call else ""
