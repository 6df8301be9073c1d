"""What the owner of the data lets out at all: local rules that nobody else can weaken.

They are looked at twice: when the spec is read, and when the file is measured. A refusal names the rule and
the numbers to the owner, on this machine; nothing is sent, not even why.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from ravpy.marks import Query
from ravpy.measuring import Measured
from ravspec.errors import ConfigError, RavError
from ravspec.federated import Spec
from ravspec.statistics import STATISTICS
from ravspec.sums import Kind

POLICY_FILE = "contributor/policy.toml"


class Refused(RavError):
    """The local policy does not let this out."""


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules, with values that suit data about people."""

    #: contributors in whose total ours vanishes
    min_clients: int = 3
    #: rows of any query, and of any difference of queries, earlier ones included
    min_rows: int = 10
    #: bins of a column in all histograms, and columns that are multiplied with each other, for each row
    bins_per_row: float = 0.1
    coefficients_per_row: float = 0.1
    #: how much of a column's sum one row may be
    dominance: float = 0.5
    #: rows of a bin that is not empty; 1 lets single rows be a bin's
    min_cell: int = 1
    #: the only columns that may be used; () lets all
    columns: tuple[str, ...] = ()
    #: graphs of one developer that one file takes part in
    max_graphs: int = 20
    #: remember which rows were used, and refuse what earlier graphs would make tell of few
    ledger: bool = True
    #: take part again when rows that were told of are gone and others are new, which may be the same, changed
    changed_rows: bool = True
    #: take part where nothing is encrypted, and the server reads our sums
    allow_plain: bool = False
    #: take part only in sealed rosters, where server and developer together cannot open ours
    sealed: bool = False
    #: take part in graphs with keys that are too short, for tests
    allow_insecure: bool = False
    #: the sum of all epsilons of one file; None: no noise is asked for
    max_epsilon: float | None = None


#: the type of each rule in a policy file
KINDS: dict[str, type | tuple[type, ...]] = {
    "min_clients": int, "min_rows": int, "bins_per_row": (int, float), "coefficients_per_row": (int, float),
    "dominance": (int, float), "min_cell": int, "columns": list, "max_graphs": int, "ledger": bool,
    "changed_rows": bool,
    "allow_plain": bool, "sealed": bool, "allow_insecure": bool, "max_epsilon": (int, float),
}  # fmt: skip


def read_policy(path: Path | None, state: Path, **flags: Any) -> Policy:
    """Flags over the file over the values above; without a path, the state folder's file if there is one."""
    given: dict[str, Any] = {}
    place = path or state / POLICY_FILE
    if path is not None or place.exists():
        try:
            given = tomllib.loads(place.read_text(encoding="utf-8"))  # as TOML always is
        except (OSError, ValueError) as error:
            raise ConfigError(f"the policy {place} cannot be read: {error}") from None
    known = {f.name for f in fields(Policy)}
    for name, value in given.items():
        if name not in known:
            raise ConfigError(f"{place}: there is no rule {name!r}; there are {', '.join(sorted(known))}")
        if not isinstance(value, KINDS[name]) or (isinstance(value, bool) and KINDS[name] is not bool):
            raise ConfigError(f"{place}: {name} = {value!r} cannot be used")
    if "columns" in given:
        given["columns"] = tuple(map(str, given["columns"]))
    policy = replace(Policy(), **{**given, **{k: v for k, v in flags.items() if v is not None}})
    for name in ("min_clients", "min_rows", "min_cell"):
        if getattr(policy, name) < 1:
            raise ConfigError(f"{name} = {getattr(policy, name)}: it is 1 or more")
    for name in ("bins_per_row", "coefficients_per_row", "dominance", "max_epsilon"):
        if not (getattr(policy, name) or 0) >= 0:  # nothing is more than nan, which would be no rule at all
            raise ConfigError(f"{name} = {getattr(policy, name)}: it is 0 or more")
    return policy


# --- before the file is read -------------------------------------------------------------------------


def counted(n: int, what: str) -> str:
    """So many of what there may be one of."""
    return f"{n} {what}{'s' * (n != 1)}"


def check_spec(policy: Policy, spec: Spec) -> None:
    """Refused, if the spec alone is against the rules."""
    for reason in against_spec(policy, spec):
        raise Refused(reason)


def against_spec(policy: Policy, spec: Spec) -> Iterator[str]:
    """What in the spec is against the rules."""
    if spec.min_clients < policy.min_clients:
        yield (
            f"min_clients: the graph may be opened with {counted(spec.min_clients, 'contributor')}; "
            f"{policy.min_clients} are the fewest here"
        )
    if not spec.encryption and not policy.allow_plain:
        yield (
            "allow_plain: the graph is not encrypted: the server and whoever listens would read the sums of "
            "your data"
        )
    if policy.sealed and not spec.roster:
        yield (
            "sealed: the graph has no roster: server and developer together could open what you send; here a "
            "roster is required"
        )
    for column in spec.reads():
        if policy.columns and column not in policy.columns:
            yield f'columns: the graph reads "{column}"; {", ".join(policy.columns)} are allowed'
    if policy.max_epsilon is not None and spec.epsilon is None:
        yield f"max_epsilon: the graph adds no noise; here it must, with epsilon up to {policy.max_epsilon:g}"


# --- when it is measured -----------------------------------------------------------------------------


def check_measured(policy: Policy, spec: Spec, found: Measured) -> None:
    """Refused, if what was found in the file is against the rules."""
    for reason in against_measured(policy, spec, found):
        raise Refused(reason)


def against_measured(policy: Policy, spec: Spec, found: Measured) -> Iterator[str]:
    """What in the file is against the rules."""
    if found.rows > spec.max_rows:
        yield f"max_rows: the file has {found.rows:,} rows, and the graph takes {spec.max_rows:,} of each"
    for query, n in found.counts.items():
        if n < policy.min_rows and (n or not query.group):
            yield f"min_rows: {query.text()}: {counted(n, 'row')}; {policy.min_rows} are the fewest here"
    for (query, column), spread in found.spreads.items():
        if spread.share() > policy.dominance:
            yield (
                f"dominance: {query.text()}: one row is {spread.share():.0%} of the sum of {column}; "
                f"{policy.dominance:.0%} is the most here"
            )
    for total, n in found.sums.items():
        if total.kind in (Kind.CELL, Kind.MISSING) and 0 < n < policy.min_cell:
            yield f"min_cell: {total.text()} is {n}; {policy.min_cell} are the fewest here"
    for (query, column), spread in found.spreads.items():
        if len(query.over) > 1 and 0 < spread.apart() < policy.min_rows:
            yield (
                f"min_rows: {query.text()}: all rows but {spread.apart()} have the same {column}, so its "
                f"products tell of those; {policy.min_rows} are the fewest here"
            )
    yield from too_detailed(policy, found, bins_of(spec), crossed_in(spec))


def bins_of(spec: Spec) -> dict[str, int]:
    """How many bins all statistics together ask for, of each column."""
    asked = {(s.columns[0], s.edges, s.by and s.by.column) for s in spec.statistics if s.edges}
    bins: Counter[str] = Counter()
    for column, edges, _ in asked:
        bins[column] += len(edges) - 1
    return dict(bins)


def crossed_in(spec: Spec) -> list[str]:
    """The columns whose products with others are summed, whatever is made of them."""
    crossed = (s.columns for s in spec.statistics if STATISTICS[s.name].fewest_columns > 1)
    return sorted({c for columns in crossed for c in columns})


def fewest(found: Measured, kind: Kind, *columns: str) -> int:
    """Of how many rows are sums of this kind, where these are the fewest; groups without any do not count."""
    of = {Query(s.over, s.group) for s in found.sums if s.kind is kind and set(s.over) <= set(columns)}
    if kind is Kind.PRODUCT:
        of = {query for query in of if len(query.over) > 1}
    return min((n for query in of if (n := found.counts[query])), default=0)


def too_detailed(
    policy: Policy, found: Measured, bins: Mapping[str, int], crossed: Collection[str]
) -> Iterator[str]:
    """Whether so many bins, or so many sums of products, would tell more than so few rows let out."""
    for column, n in bins.items():
        rows = fewest(found, Kind.CELL, column)
        if n > policy.bins_per_row * rows:
            yield (
                f"bins_per_row: {n} bins of {rows} rows of {column}, all questions taken together; "
                f"{policy.bins_per_row:g} a row are the most here"
            )
    rows = fewest(found, Kind.PRODUCT, *crossed)
    if len(crossed) > policy.coefficients_per_row * rows:
        yield (
            f"coefficients_per_row: {len(crossed)} columns multiplied with each other, of {rows} rows, all "
            f"questions taken together; {policy.coefficients_per_row:g} a row are the most here"
        )
