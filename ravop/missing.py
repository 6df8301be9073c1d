"""What is said of a name that there is not: the nearest that there is, in the words `R.linalg.solve`."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterable
from typing import Any, NoReturn

import numpy as np

from ravspec.errors import UnknownOp, nearest

#: where names are looked for beside ravop itself
NAMESPACES = ("linalg", "fft", "stats")


@functools.cache
def places() -> dict[str, str]:
    """Every public name -> where it is: "R.exp", "R.linalg.solve"."""
    ravop = sys.modules["ravop"]
    inside = {name: f"R.{space}.{name}" for space in NAMESPACES for name in getattr(ravop, space).__all__}
    return inside | {name: f"R.{name}" for name in ravop.__all__}


@functools.cache
def hint(name: str, known: frozenset[str]) -> str:
    """Where a name is, NumPy's name of a distribution too, else which of those known is near it."""
    elsewhere = places().get(name) or places().get(f"random_{name}")
    if elsewhere is not None:
        return f"; there is {elsewhere}"
    return nearest(name, known) or nearest(name, places())


def refuse(whose: str, name: str, known: Iterable[str]) -> NoReturn:
    """Raise UnknownOp, or for a private name, which only programs ask for, a plain AttributeError."""
    if name.startswith("_"):
        raise AttributeError(f"{whose} has no {name!r}")
    numpys = ", and NumPy's is not in the vocabulary" if callable(getattr(np, name, None)) else ""
    instead = hint(name, frozenset(known))
    raise UnknownOp(f'{whose} has no "{name}"{numpys if "there is" not in instead else ""}{instead}')


def attributes_of(module: str) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """`__getattr__` and `__dir__` of a module with `__all__`."""
    whose = module.replace("ravop", "R")
    names: list[str] = sys.modules[module].__all__

    def get(name: str) -> Any:
        refuse(whose, name, names)

    return get, lambda: sorted(names)
