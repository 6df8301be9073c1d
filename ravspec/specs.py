"""Checking a spec as a whole, also one that came from elsewhere."""

from __future__ import annotations

import re

import msgspec

from ravspec.errors import ParamError, ProtocolError
from ravspec.federated import (
    VERSION,
    Spec,
    check_columns,
    check_epsilon,
    check_name,
    check_values,
)
from ravspec.statistics import STATISTICS, sums_of

#: what one spec may hold
MOST_STATISTICS = 1000
MOST_SUMS = 100_000
MOST_CLIENTS = 1_000_000
MOST_ROWS = 1 << 40
MOST_ROSTER = 10_000
SPEC_BYTES = 4 << 20
#: a Unix time of the year 9999, the last that calendars write
LAST_DEADLINE = 253_370_764_800

HEX = re.compile(r"[0-9a-f]*")


def read_spec(text: bytes | str) -> Spec:
    """A spec that came from elsewhere, checked; ProtocolError where it is none."""
    if len(text) > SPEC_BYTES:
        raise ProtocolError(f"a spec of {len(text):,} bytes; {SPEC_BYTES:,} are the most")
    try:
        spec = msgspec.json.decode(text, type=Spec, strict=True)
        check(spec)
    except (msgspec.MsgspecError, ParamError, UnicodeDecodeError, RecursionError) as error:
        raise ProtocolError(f"this is no spec of a federated graph: {error}") from None
    return spec


def check(spec: Spec) -> None:
    """A ParamError for what no contributor can answer."""
    if spec.version != VERSION:
        raise ParamError(f"a spec of version {spec.version}; this RDF knows {VERSION}")
    if not 1 <= spec.min_clients <= spec.max_clients <= MOST_CLIENTS:
        raise ParamError(
            f"min_clients={spec.min_clients}, max_clients={spec.max_clients}: both are from 1 to "
            f"{MOST_CLIENTS:,}, and min_clients is not the larger"
        )
    if not 1 <= spec.max_rows <= MOST_ROWS:
        raise ParamError(f"max_rows={spec.max_rows} is not from 1 to {MOST_ROWS:,}")
    if spec.deadline is not None and not 0 <= spec.deadline <= LAST_DEADLINE:
        raise ParamError(f"deadline={spec.deadline} is no Unix time up to {LAST_DEADLINE:,}")
    if not HEX.fullmatch(spec.modulus) or bool(spec.modulus) != spec.encryption:
        raise ParamError("an encrypted graph has a key's modulus, a plain one has none")
    if spec.encryption and not 256 <= spec.n.bit_length() <= 16384:
        raise ParamError(f"a key of {spec.n.bit_length()} bits is not from 256 to 16384")
    if not re.fullmatch("[0-9a-f]{32}", spec.nonce):
        raise ParamError("the nonce is 32 hexadecimal digits")
    if spec.epsilon is not None:
        check_epsilon(spec.epsilon)
    for name in (spec.name, spec.developer):
        check_name(name, empty=True)
    check_columns(spec)
    check_statistics(spec)
    check_roster(spec)


def check_roster(spec: Spec) -> None:
    """Who takes part in a sealed graph: all of them, each with a key of its own."""
    if not spec.roster:
        return
    n = len(spec.roster)
    if not 2 <= n <= MOST_ROSTER:
        raise ParamError(
            f"a roster of {n}; it names 2 to {MOST_ROSTER:,}, as one alone has nobody to hide among"
        )
    if not spec.min_clients == spec.max_clients == n:
        raise ParamError(
            f"the roster names {n}, and a sealed total is of all of them: "
            f"max_clients and min_clients are {n} too"
        )
    if not spec.encryption:
        raise ParamError("a roster needs encryption: without it the server would read the total")
    for name, key in spec.roster.items():
        check_name(name)
        if not re.fullmatch("[0-9a-f]{64}", key):
            raise ParamError(f'roster "{name}": a key is the 64 hexadecimal digits that `ravpy key` shows')
    if len(set(spec.roster.values())) != n:
        raise ParamError("two names of the roster have the same key; each has its own")


def check_statistics(spec: Spec) -> None:
    """The statistics, one by one and together."""
    if not 1 <= len(spec.statistics) <= MOST_STATISTICS:
        raise ParamError(f"{len(spec.statistics)} statistics; a graph asks for 1 to {MOST_STATISTICS}")
    total = 0
    for statistic in spec.statistics:
        row = STATISTICS.get(statistic.name)
        if row is None:
            raise ParamError(f"no statistic is called {statistic.name!r:.60}")
        for column in statistic.columns:
            if column not in spec.columns:
                raise ParamError(f'{statistic.name}: no rule names the column "{column:.60}"')
        if statistic.by is not None:
            check_name(statistic.by.column)
            check_values(statistic.by.column, statistic.by.values)
        if statistic.part_of:
            check_name(statistic.part_of)
        row.check(spec, statistic)
        total += len(sums_of(spec, statistic))
        if total > MOST_SUMS:
            raise ParamError(f"these statistics need more than {MOST_SUMS:,} sums")
