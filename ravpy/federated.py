"""`ravpy federate`: read a file, look at the local policy, ask its owner, send ciphertexts. In that order.

A refusal is told to the owner and to nobody else: nothing is sent, not even that something was refused.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ravpy.asking import ask
from ravpy.config import Config
from ravpy.consent import screen
from ravpy.ledger import Entry, Ledger
from ravpy.marks import Mark
from ravpy.measuring import Measured, Measuring
from ravpy.noise import noisy
from ravpy.once import Once
from ravpy.policy import Policy, Refused, bins_of, check_measured, check_spec, crossed_in
from ravpy.reading import Reading
from ravpy.table import Format, open_table
from ravspec.ciphertexts import Wire
from ravspec.errors import ProtocolError, RavError, ServerUnreachable
from ravspec.federated import Spec, fingerprint, same_fingerprint
from ravspec.slots import layout_of, pack
from ravspec.specs import read_spec

if TYPE_CHECKING:
    from ravpy.seals import Seal

#: a contribution is sent so often before it is said that the server does not answer
TRIES = 3


@dataclass(frozen=True, slots=True)
class Task:
    """What the owner of a file says on the command line."""

    graph: int
    file: Path
    format: Format
    policy: Policy
    state: Path
    expect: str | None = None
    yes: bool = False


Ask = Callable[[str], bool]


def federate(config: Config, task: Task, consent: Ask) -> str:
    """Take part in a federated graph with a file; what was done, in a sentence."""
    spec = fetch_spec(config, task.graph)
    check_question(task, spec)
    ledger = Ledger(task.state)
    found, marks = measure(task, spec, ledger.secret())
    check_measured(task.policy, spec, found)
    data = ledger.known_as(task.file, found, task.policy, fingerprint(spec))
    entry = Entry(
        fingerprint=fingerprint(spec), graph=spec.graph, name=spec.name, developer=spec.developer,
        server=config.url, file=str(task.file.resolve()), data=data,
        at=time.time(), rows=found.chosen, epsilon=float(spec.epsilon) if spec.epsilon else None,
        bins=bins_of(spec), crossed=crossed_in(spec),
    )  # fmt: skip
    with ledger.locked():
        earlier = ledger.check(task.policy, entry, found, marks).earlier
    layout = layout_of(spec)
    wire = Wire(spec, layout)
    seal = sealing(task, spec, ledger)
    once = made_once(task, spec, ledger, entry.data, [found.sums[slot.sum] for slot in layout.slots])
    text = screen(spec, found, config.url, entry.file, earlier, wire.size_bytes, layout.parts)
    if not consent(text):
        return "nothing was sent"
    parts = pack(layout, noisy(spec, found.sums))
    body = wire.to_bytes(encrypted(spec, seal.masked(layout, parts) if seal else parts))
    with ledger.locked():
        # others may have taken part meanwhile; and what may have been sent must be written down before
        ledger.record(entry, ledger.check(task.policy, entry, found, marks), found, marks)
        body = once.keep(body) if once else body
    outcome = send(config, spec, ledger.name_of("contributor", entry.data), body)
    begun = any(e.fingerprint == entry.fingerprint for e in earlier)
    if outcome != "repeated" or begun:  # else it may have been another file's: one token counts once
        with ledger.locked():
            ledger.note(replace(entry, sent=True))
    if outcome == "repeated":
        return (
            f"graph {spec.graph} had a contribution already, of this file or by this token; nothing was "
            "added. If it was another file's, run the same command with a token of your own"
        )
    return f"contributed to graph {spec.graph}: {wire.size_bytes:,} bytes"


def fetch_spec(config: Config, graph: int) -> Spec:
    """The spec of a graph that asks for contributions."""
    row = ask(config, f"federated/{graph}")
    text = row.get("spec") if isinstance(row, dict) else None
    if not isinstance(text, str):
        raise RavError(f"graph {graph} does not ask for contributions yet; its developer is still at it")
    spec = read_spec(text)
    if spec.graph != graph:
        raise ProtocolError(f"the server gave the spec of graph {spec.graph} for graph {graph}")
    if row.get("state") != "ended":
        raise RavError(f"graph {graph} takes no contributions any more: it is {row.get('state')}")
    return spec


def check_question(task: Task, spec: Spec) -> None:
    """Refused, if the spec is not the one that is expected, or against the policy."""
    word = fingerprint(spec)
    if task.expect is not None and not same_fingerprint(task.expect, word):
        raise Refused(
            f"fingerprint: the server's question has {word}, and {task.expect} was expected. Somebody may "
            "have changed it, the key perhaps; ask the developer, by another way than the server"
        )
    check_spec(task.policy, spec)
    if spec.encryption:
        from ravspec import paillier  # of the extra "contributor"

        try:
            paillier.check_modulus(spec.n, insecure=task.policy.allow_insecure)
        except ProtocolError as error:
            raise Refused(f"allow_insecure: {error}") from None


def measure(task: Task, spec: Spec, key: bytes) -> tuple[Measured, list[Mark]]:
    """The sums of the file, and what the policy looks at."""
    form = task.format
    reading = Reading(task.file.name)
    try:
        with open_table(task.file, form) as table:
            measuring = Measuring(spec, table, key, form.decimal_comma, form.missing)
            return measuring.run(reading), measuring.marks
    finally:
        reading.done()


def sealing(task: Task, spec: Spec, ledger: Ledger) -> Seal | None:
    """What masks a contribution, if the graph has a roster; Refused, if that does not name our key."""
    if not spec.roster:
        return None
    from ravpy.seals import Seal, SealKey  # X25519, without which all other graphs do

    seal = Seal(SealKey(task.state, ledger), spec)
    seal.check()
    return seal


def made_once(task: Task, spec: Spec, ledger: Ledger, data: str, sums: list[int]) -> Once | None:
    """What keeps a contribution that must not be made twice; Refused, if there is one of other numbers."""
    if not spec.roster and spec.epsilon is None:
        return None
    # a roster names a key and not a file: its masks are used once, whatever the file
    name = ledger.name_of("once", fingerprint(spec), "" if spec.roster else data)
    once = Once(task.state / "contributor" / f"once-{name}.json", ledger.name_of("sums", data, repr(sums)))
    once.earlier()
    return once


def encrypted(spec: Spec, parts: list[int]) -> list[int]:
    """The parts as ciphertexts, or as they are in a graph without encryption."""
    if not spec.encryption:
        return parts
    from ravspec import paillier

    return paillier.encrypt(spec.n, parts)


def send(config: Config, spec: Spec, contributor: str, body: bytes) -> str:
    """Send a contribution, again if the connection broke: the server counts it once."""
    for left in reversed(range(TRIES)):
        try:
            reply = ask(
                config, f"federated/{spec.graph}/contributions", body,
                Rdf_Fingerprint=fingerprint(spec), Rdf_Contributor=contributor,
            )  # fmt: skip
            return str(reply["outcome"])
        except ServerUnreachable as error:
            if not left:
                raise ServerUnreachable(
                    f"{error}. Run the same command again: nothing is counted twice"
                ) from error
    raise AssertionError("unreachable")
