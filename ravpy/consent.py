"""The consent screen: who asks for what, what would leave and who could open it. Text only, made here."""

from __future__ import annotations

import textwrap
import time
from collections.abc import Iterator, Sequence
from fractions import Fraction

from ravpy.ledger import Entry
from ravpy.measuring import Measured
from ravspec.decimals import DEFAULT_LIMIT, as_float
from ravspec.federated import Column, Spec, Statistic, fingerprint
from ravspec.statistics import STATISTICS
from ravspec.sums import Kind, Sum

WIDTH = 100
#: what a number is called has so much of a line; a longer one has a line of its own
LABEL, NUMBER = 72, 24
#: a bound of a column that nobody stated
WIDEST = f"10^{len(str(DEFAULT_LIMIT)) - 1}"


def screen(
    spec: Spec, found: Measured, server: str, file: str, earlier: Sequence[Entry], size_bytes: int, parts: int
) -> str:
    """All of it."""
    sections = [
        asking(spec, server),
        ["Your file, on this machine", *about_file(spec, found, file)],
        ["What would leave, with its values (they are shown here only)", *leaving(spec, found)],
        ["Who could open it", *opening(spec, size_bytes, parts)],
        ["Graphs that this file took part in", *history(earlier, file)],
    ]
    return "\n".join(
        line for section in sections for line in (section[0], *(f"  {x}".rstrip() for x in section[1:]), "")
    )


def asking(spec: Spec, server: str) -> list[str]:
    """Who asks, for what, by which key."""
    title = f"Graph {spec.graph}{f' {chr(34)}{spec.name}{chr(34)}' if spec.name else ''} at {server}"
    who = (
        f'asked for by "{spec.developer}", as they say'
        if spec.developer
        else "asked for by somebody without a name"
    )
    word = fingerprint(spec).split("-")
    lines = [title, who, "", "fingerprint  " + "-".join(word[:8]), "             " + "-".join(word[8:])]
    lines += [
        "It covers this whole question, the key included. Compare it with what the developer tells you by",
        "another way than the server (telephone, paper): if it is equal, nobody has changed anything.",
        "",
    ]
    return lines + [f"asks for: {describe(s)}" for s in spec.statistics]


def describe(s: Statistic) -> str:
    """A statistic in words."""
    of = f" of {', '.join(s.columns)}"
    if s.name == "linear_regression":
        of = f" of {s.columns[0]} by {', '.join(s.columns[1:])}"
    bins = f", in {len(s.edges) - 1} bins from {s.edges[0]} to {s.edges[-1]}" if s.edges else ""
    groups = f", for each {s.by.column} of {', '.join(s.by.values)}" if s.by else ""
    part = f' (for "{s.part_of}")' if s.part_of else ""
    return f"{STATISTICS[s.name].text}{of}{bins}{groups}{part}"


def about_file(spec: Spec, found: Measured, file: str) -> Iterator[str]:
    """What of the file is used."""
    yield f"{file}: {found.rows:,} rows, {found.chosen:,} of them looked at"
    for name, where in spec.where.items():
        rule = f"is {' or '.join(where.values)}" if where.values else between(where.min, where.max)
        yield f"rows where {name} {rule}"
    for query, n in found.counts.items():
        yield f"{n:,} rows used: {query.text()}"
    for name in sorted(found.rounded):
        column = spec.columns[name]
        bounds = between(column.min or f"-{WIDEST}", column.max or WIDEST)
        parts = [f"{name}: values {bounds}, {with_decimals(column.decimals)}"]
        notes = (
            (found.missing[name], "missing"), (found.excluded[name], "outside, left out"),
            (found.rounded[name], "with more decimals, rounded"),
        )  # fmt: skip
        yield "; ".join(parts + [f"{n:,} {what}" for n, what in notes if n])


def with_decimals(decimals: int) -> str:
    """So many decimals."""
    return f"{decimals} decimal{'s' * (decimals != 1)}"


def between(low: str | None, high: str | None) -> str:
    """A range in words."""
    if low is None and high is None:
        return "of any size"
    return f"from {low} to {high}" if low and high else f"from {low} up" if low else f"up to {high}"


def leaving(spec: Spec, found: Measured) -> Iterator[str]:
    """Each number that would leave."""
    cells: dict[tuple[object, ...], list[tuple[Sum, int]]] = {}
    numbers: list[tuple[str, str]] = []
    for total, value in found.sums.items():
        if total.kind is Kind.CELL:
            cells.setdefault((total.over, total.edges, total.group), []).append((total, value))
        else:
            numbers.append((written(spec, total), amount(spec, total, value)))
    yield from columns(numbers)
    for group in cells.values():
        first, last = group[0][0], group[-1][0]
        where = f" where {first.group[0]} is {first.group[1]}" if first.group else ""
        counts = " ".join(f"{value}" for _, value in group)
        title = f"counts of {first.over[0]}{where}, {first.bin()}, in each bin, {last.bin()}: "
        yield from textwrap.wrap(title + counts, WIDTH - 2, subsequent_indent="    ")


def columns(numbers: Sequence[tuple[str, str]]) -> Iterator[str]:
    """What each number is called, and the numbers one below the other."""
    width = min(LABEL, max((len(label) for label, _ in numbers), default=0))
    for label, number in numbers:
        if len(label) > width:
            yield label
            label = ""
        yield f"{label:<{width}} {number:>{NUMBER}}"


def written(spec: Spec, total: Sum) -> str:
    """A sum as it is: of values less the middle of their rule."""

    def called(name: str) -> str:
        column = spec.columns[name]
        return f"({name} {shifted(column)})" if column.centre() else name

    return total.text(called)


def shifted(column: Column) -> str:
    """What is taken off a value."""
    middle = as_float(Fraction(column.centre(), 10**column.decimals))
    return f"- {middle:g}" if middle > 0 else f"+ {-middle:g}"


def amount(spec: Spec, total: Sum, value: int) -> str:
    """A sum as a decimal number."""
    places = sum(spec.columns[c].decimals for c in total.of)
    sign, digits = "-" if value < 0 else "", f"{abs(value):0{places + 1}d}"
    whole = f"{sign}{int(digits[: len(digits) - places]):,}"
    return f"{whole}.{digits[-places:]}" if places else whole


#: whom a contributor trusts where there is no roster
UNSEALED = (
    "The developer, who has the key, gets the total, and can open nothing else unless the server",
    "hands single contributions over: you trust these two not to work together against you.",
)


def sealed(spec: Spec) -> Iterator[str]:
    """Who cannot read what, and on what that rests."""
    yield "It is sealed: masks lie on it that vanish only in the total of the whole roster. So server and"
    yield "developer together cannot open it, as long as one other of the roster keeps to the rules:"
    yield from textwrap.wrap(", ".join(spec.roster), WIDTH - 6, initial_indent="  ", subsequent_indent="  ")
    yield "Compare the fingerprint with one of them whom you trust: if it is equal, the mask between you two"
    yield "holds. If none of them is real, whoever made them up has your numbers."


def opening(spec: Spec, size_bytes: int, parts: int) -> Iterator[str]:
    """Who can read what."""
    if not spec.encryption:
        yield "NOT ENCRYPTED: the server, and whoever listens on the way, reads each number above."
    else:
        bits = spec.n.bit_length()
        yield f"It is {parts} ciphertext{'s' * (parts > 1)}, {size_bytes:,} bytes, for a key of {bits} bits."
        yield "The server cannot open it: it adds the ciphertexts of all contributors without opening them."
        yield from sealed(spec) if spec.roster else UNSEALED
    until = (
        f", or at {time.strftime('%Y-%m-%d %H:%M', time.localtime(spec.deadline))}" if spec.deadline else ""
    )
    enough = f" with {spec.min_clients} at least" if until else ""
    have = f"{spec.max_clients} {'has' if spec.max_clients == 1 else 'have'}"
    yield f"The total is released when {have} contributed{until}{enough}."
    if spec.max_clients == 1:
        yield "YOU ARE THE ONLY ONE: the total is your numbers."
    elif spec.min_clients < 3:
        yield "WITH TWO CONTRIBUTORS each can take its own numbers off the total and has the other's."
    elif not spec.roster:
        yield "If all others were made up by one person, that person would have your numbers."
    if spec.max_clients > 1:
        yield "If the same is asked of all but one of you as well, the two totals tell that one's numbers."
    if spec.epsilon:
        yield f"Noise is added to each number, here, before it is encrypted: epsilon {spec.epsilon} in total."
    else:
        yield "No noise is added: the total is exact."


def history(earlier: Sequence[Entry], file: str) -> Iterator[str]:
    """Earlier graphs of this file, and of those of which it is a copy or a part."""
    if not earlier:
        yield "none"
    for e in earlier:
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(e.at))
        state = "sent" if e.sent else "begun"
        noise = f", epsilon {e.epsilon:g}" if e.epsilon else ""
        other = f", with {e.file}" if e.file != file else ""
        who = f'"{e.developer}"' if e.developer else "somebody without a name"
        yield f'{when}  graph {e.graph} "{e.name}" by {who}, {e.rows:,} rows, {state}{noise}{other}'
    spent = sum(e.epsilon or 0 for e in earlier)
    if spent:
        yield f"epsilon so far: {spent:g}"
