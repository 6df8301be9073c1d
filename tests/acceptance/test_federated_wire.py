"""Every byte between real processes, kept by somebody on the line: no row, no sum, no count of rows in it.

What the contributor's program sends is checked in two ways: each line of each request is one of those that
may be there, and what is secret occurs in no form in which a program would write it.
"""

from __future__ import annotations

import random
import re
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from system.processes import Running, Script, Server, clean_environment, python, until
from system.wiretap import Call, Wiretap

from ravop.keystore import Kept, KeyStore
from ravspec import paillier
from ravspec.ciphertexts import Wire
from ravspec.slots import layout_of, unpack

ROWS = 1009
#: shorter forms of a number come about by chance; for those, each line is looked at
TELLING_BYTES = 7
SCRIPT = """
    import json, os
    os.environ["RDF_STATE_DIR"] = {state!r}
    os.environ["RAVSOCK_URL"] = {url!r}
    import ravop as R

    graph = R.Graph(approach="federated", rules=json.dumps({{"rules": {{
        "pay": {{"min": 0, "max": 1000000, "decimals": 2}}}}, "max_clients": 3, "encryption": {encryption}}}))
    variance = R.federated_variance()
    print("id", graph.id, flush=True)
    print("fingerprint", graph.fingerprint, flush=True)
    print("variance", variance()["pay"], flush=True)
"""


@dataclass
class Told:
    """A graph to which three contributed through the wiretap."""

    tap: Wiretap
    kept: Kept
    word: str
    pay: list[list[int]]  #: of each contributor, in hundredths

    def contributions(self) -> list[Call]:
        """The requests in which something went up."""
        return [call for call in self.tap.calls if b"/contributions HTTP/1.1" in call.sent]

    def sums(self, who: int) -> dict[str, int]:
        """What a contributor's program computes, in the integers in which it does."""
        less = [value - 50_000_000 for value in self.pay[who]]
        return {"count": ROWS, "sum": sum(less), "squares": sum(v * v for v in less)}


Tell = Callable[[bool], Told]


@pytest.fixture
def tell(server: Server, script: Any, tmp_path: Path, processes: list[Running]) -> Iterator[Tell]:
    """tell(encryption) has three contribute, everybody through the wiretap."""
    tap = Wiretap(server.port)
    rng = random.Random(8)
    pay = [[rng.randrange(1_000_000, 99_000_000) for _ in range(ROWS)] for _ in range(3)]
    state = tmp_path / "developer"

    def run(encryption: bool) -> Told:
        developer: Script = script(
            "\n".join(line[4:] for line in SCRIPT.format(
                state=str(state), url=tap.url, encryption=encryption).splitlines())
        )  # fmt: skip
        graph, word = said(developer, "id"), said(developer, "fingerprint")
        for i, values in enumerate(pay):
            path = tmp_path / f"pay{i}.csv"
            path.write_text("pay\n" + as_text(values))
            args = ["--file", str(path), "--yes", "--expect", word, "--server", tap.url]
            args += [] if encryption else ["--allow-plain"]
            owner = Running(
                f"owner{i}", python("-m", "ravpy", "federate", graph, *args), tmp_path,
                **clean_environment(RDF_STATE_DIR=str(tmp_path / f"owner{i}")),
            )  # fmt: skip
            processes.append(owner)
            assert owner.wait(60) == 0, owner.tail()
        said(developer, "variance")
        keys = KeyStore(tap.url, {"RDF_STATE_DIR": str(state)})
        return Told(tap, keys.find(int(graph), 0.0, word), word, pay)

    yield run
    tap.close()


def as_text(values: list[int]) -> str:
    """Rows of a file."""
    return "".join(f"{value // 100}.{value % 100:02}\n" for value in values)


def said(script: Script, word: str) -> str:
    """What a script prints behind a word."""
    found: re.Match[str] = until(lambda: re.search(rf"^{word} (\S+)$", script.out(), re.M), word)
    return found[1]


def forms(value: int, places: int) -> Iterator[bytes]:
    """How a program may write a number: text, floats and integers, of the number and of its exact integer."""
    number = float(Fraction(value, 10**places))
    yield from (str(value).encode(), repr(number).encode(), f"{number:.{places}f}".encode())
    yield from (struct.pack("<d", number), struct.pack(">d", number))
    for order in ("big", "little"):
        yield value.to_bytes(16, order, signed=True).strip(b"\0\xff")  # type: ignore[arg-type]


def secrets(told: Told) -> Iterator[tuple[int, int]]:
    """Every row and every sum of every contributor, and their decimals."""
    for who, values in enumerate(told.pay):
        sums = told.sums(who)
        yield from ((value, 2) for value in values)
        yield from ((sums["count"], 0), (sums["sum"], 2), (squares := sums["squares"], 4), (squares, 0))


def found_in(where: bytes, told: Told) -> list[int]:
    """Which secrets occur."""
    return [
        value
        for value, places in secrets(told)
        if any(len(form) >= TELLING_BYTES and form in where for form in forms(value, places))
    ]


def heard(told: Told) -> bytes:
    """Everything that was on the line, but for what is random and known to all, or the time."""
    text = b"\n".join(bytes(side) for call in told.tap.calls for side in (call.sent, call.came))
    spec = told.kept.spec
    names = {call.request()[1]["rdf-contributor"] for call in told.contributions()}
    for known in (spec.modulus, spec.nonce, told.word, *names):
        text = text.replace(known.encode(), b"") if known else text
    return re.sub(rb'"created_at": [\d.]+', b"", text)


def opened(told: Told, call: Call) -> list[int]:
    """The sums of a contribution, for who has the key, or where there is none."""
    kept, layout = told.kept, layout_of(told.kept.spec)
    parts = Wire(kept.spec, layout).from_bytes(call.request()[2])
    if kept.primes is not None:
        parts = paillier.decrypt(paillier.Key(*kept.primes), parts)
    return list(unpack(layout, parts, 1).values())


@pytest.mark.long
def test_nothing_but_ciphertexts_and_known_lines_travels(tell: Tell) -> None:
    told = tell(True)
    kept, calls = told.kept, told.contributions()
    assert len(calls) == 3
    for call in calls:
        first, headers, body = call.request()
        # each line of what a contributor sends is one of these, so that there is no place for anything else
        assert first == f"POST /v1/federated/{kept.spec.graph}/contributions HTTP/1.1"
        assert re.fullmatch("[0-9a-f]{32}", headers.pop("rdf-contributor"))
        assert re.fullmatch(r"Python-urllib/3\.\d+", headers.pop("user-agent"))
        assert headers == {
            "accept-encoding": "identity", "content-length": "768", "rdf-fingerprint": told.word,
            "content-type": "application/octet-stream", "host": told.tap.url[7:], "connection": "close",
        }  # fmt: skip
        assert len(body) == 768
    # and these bytes are the contributions: the key, which was never on the line, opens them
    assert [opened(told, call) for call in calls] == [list(told.sums(who).values()) for who in range(3)]
    assert kept.primes is not None
    for prime in kept.primes:
        assert all(form not in heard(told) for form in (f"{prime:x}".encode(), str(prime).encode()))
    assert found_in(heard(told), told) == []
    for call in told.tap.calls:
        first, headers, body = call.request()
        assert re.fullmatch(rf"[A-Z]+ /v1/(graphs|federated/{kept.spec.graph}(/[a-z]+)?) HTTP/1.1", first)
        if first.startswith("GET"):
            assert body == b""
            assert set(headers) <= {"accept-encoding", "host", "user-agent", "connection", "content-type"}


@pytest.mark.long
def test_what_is_not_encrypted_is_read_by_who_listens_and_the_search_finds_what_is_there(tell: Tell) -> None:
    told = tell(False)
    calls = told.contributions()
    assert [opened(told, call) for call in calls] == [list(told.sums(who).values()) for who in range(3)]
    assert set(found_in(as_text(told.pay[1]).encode(), told)) >= set(told.pay[1])
    sums = told.sums(2)["sum"]
    assert found_in(struct.pack("<d", sums / 100), told) == [sums]
