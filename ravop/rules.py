"""The rules of a federated graph, as RDF's scripts write them, checked at the developer's own line."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from ravspec.decimals import written
from ravspec.errors import ConfigError, ParamError, nearest
from ravspec.federated import DEFAULT_ROWS, Column, Where

#: what rules may say, and of what type each is
KINDS: dict[str, tuple[type, ...]] = {
    "rules": (dict,), "where": (dict,), "max_clients": (int,), "min_clients": (int,), "max_rows": (int,),
    "deadline_s": (int, float, Decimal), "encryption": (bool,), "epsilon": (int, float, Decimal, str),
    "roster": (dict,), "key_bits": (int,), "insecure": (bool,),
}  # fmt: skip
#: the longest deadline_s, about a century
MOST_SECONDS = 3_000_000_000
COLUMN = {"min", "max", "decimals"}
WHERE = {"min", "max", "values"}


@dataclass(frozen=True, slots=True)
class Rules:
    """All that is said of a graph beside its statistics."""

    columns: dict[str, Column]
    max_clients: int
    min_clients: int
    where: dict[str, Where] = field(default_factory=dict)
    max_rows: int = DEFAULT_ROWS
    deadline_s: float | None = None
    encryption: bool = True
    epsilon: str | None = None
    roster: dict[str, str] = field(default_factory=dict)
    key_bits: int | None = None
    insecure: bool = False


def read_rules(given: Any, encryption: bool) -> Rules:
    """Rules from JSON text, or what it stands for: {"rules": {column: {...}}, "max_clients": n, ...}."""
    try:
        said = json.loads(given, parse_float=Decimal) if isinstance(given, str | bytes) else given
    except ValueError as error:
        raise ParamError(f"rules cannot be read as JSON: {error}") from None
    example = 'write {"rules": {"age": {"min": 18, "max": 80, "decimals": 0}}, "max_clients": 5}'
    if not isinstance(said, Mapping) or not isinstance(said.get("rules"), Mapping) or not said["rules"]:
        raise ParamError(f"a federated graph has rules for its columns; {example}")
    for name, value in said.items():
        if name not in KINDS:
            raise ParamError(f'rules say nothing of "{name}"{nearest(str(name), KINDS)}')
        if not isinstance(value, KINDS[name]) or (isinstance(value, bool) and bool not in KINDS[name]):
            raise ParamError(f"{name} = {value!r} cannot be used")
    roster = {str(name): str(key) for name, key in said.get("roster", {}).items()}
    max_clients = said.get("max_clients", len(roster))
    if not max_clients and "max_clients" not in said:
        raise ParamError(f"rules name max_clients, how many contribute; {example}")
    more = {k: said[k] for k in ("max_rows", "key_bits", "insecure") if k in said}
    return Rules(
        columns={str(name): column(str(name), rule) for name, rule in said["rules"].items()},
        where={str(name): where(str(name), rule) for name, rule in said.get("where", {}).items()},
        max_clients=max_clients,
        min_clients=said.get("min_clients", max_clients),
        deadline_s=seconds(said["deadline_s"]) if "deadline_s" in said else None,
        encryption=said.get("encryption", encryption),
        roster=roster,
        epsilon=epsilon(said["epsilon"]) if "epsilon" in said else None,
        **more,
    )


def seconds(value: int | float | Decimal) -> float:
    """How long a graph asks."""
    try:
        said = float(value)
    except (ValueError, OverflowError):
        said = math.nan
    if not 0 < said <= MOST_SECONDS:
        raise ParamError(f"deadline_s = {value!r:.60} is no time above 0 and up to {MOST_SECONDS:,} seconds")
    return said


def epsilon(value: object) -> str:
    """Epsilon as canonical text; the check of the spec says which are possible."""
    try:
        return written(value)
    except ValueError as error:
        raise ParamError(f"epsilon: {error}") from None


def column(name: str, rule: Any) -> Column:
    """The rule of a column; an empty one is that of all values."""
    check_keys(name, rule, COLUMN)
    decimals = rule.get("decimals", Column().decimals)
    if not isinstance(decimals, int) or isinstance(decimals, bool):
        raise ParamError(f'column "{name}": decimals = {decimals!r} is not a whole number')
    return Column(bound(name, rule.get("min")), bound(name, rule.get("max")), decimals)


def where(name: str, rule: Any) -> Where:
    """A condition on rows: bounds, or a list of values."""
    if isinstance(rule, list | tuple):
        rule = {"values": rule}
    check_keys(name, rule, WHERE)
    values = rule.get("values")
    texts = None if values is None else tuple(map(str, values))
    return Where(bound(name, rule.get("min")), bound(name, rule.get("max")), texts)


def check_keys(name: str, rule: Any, known: set[str]) -> None:
    """A rule is a dict with no other keys than these."""
    if not isinstance(rule, Mapping):
        raise ParamError(f'column "{name}": its rule is a dict such as {{"min": 0, "max": 9}}, not {rule!r}')
    for key in rule:
        if key not in known:
            raise ParamError(f'column "{name}": a rule says nothing of "{key}"{nearest(str(key), known)}')


def bound(name: str, value: Any) -> str | None:
    """A bound as canonical text."""
    try:
        return None if value is None else written(value)
    except ValueError as error:
        raise ParamError(f'column "{name}": {error}') from None


def encryption_default(environ: Mapping[str, str] = os.environ) -> bool:
    """ENCRYPTION of the environment; True where it says nothing."""
    text = environ.get("ENCRYPTION") or "True"
    if text.lower() not in ("true", "false", "1", "0", "yes", "no"):
        raise ConfigError(f"ENCRYPTION={text!r} is neither True nor False")
    return text.lower() in ("true", "1", "yes")
