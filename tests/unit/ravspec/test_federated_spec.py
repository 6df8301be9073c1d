"""The spec: one canonical form, one fingerprint, and nothing that cannot be answered."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from fedspecs import make_spec
from hypothesis import given
from hypothesis import strategies as st

from ravspec.errors import ParamError, ProtocolError
from ravspec.federated import By, Column, Spec, Statistic, Where, canonical, fingerprint, same_fingerprint
from ravspec.specs import check, read_spec
from ravspec.statistics import STATISTICS, all_sums

AGE = {"age": Column("18", "80", 0), "fund": Column()}
AT = {"columns": ["age"]}
MEAN = Statistic("mean", ("age", "fund"))


def changed(**more: Any) -> bytes:
    """A good spec with some fields changed, as JSON."""
    return json.dumps({**msgspec.to_builtins(make_spec(AGE, MEAN)), **more}).encode()


def test_a_spec_survives_its_canonical_form() -> None:
    spec = make_spec(AGE, MEAN, where={"sex": Where(values=("f",))}, modulus="c" * 100, deadline=7)
    assert read_spec(canonical(spec)) == spec
    assert b"." not in canonical(spec).replace(b'"', b"")  # no floats


def test_the_fingerprint_is_one_word_and_covers_every_field() -> None:
    spec = make_spec(AGE, MEAN, modulus="c" * 100)
    word = str(fingerprint(spec))
    assert len(word.split()) == 1
    assert len(word) == 79
    others = {
        "version": 2, "graph": 2, "name": "x", "developer": "x", "encryption": False, "modulus": "d" * 100,
        "nonce": "cd" * 16, "columns": {"age": Column("18", "81", 0)}, "statistics": (), "min_clients": 2,
        "max_clients": 6, "max_rows": 5, "where": {"a": Where("1")}, "deadline": 9, "epsilon": "1",
        "roster": {"Aachen": "ab" * 32},
    }  # fmt: skip
    assert set(others) == set(Spec.__struct_fields__)
    words = {str(fingerprint(msgspec.structs.replace(spec, **{k: v}))) for k, v in others.items()}
    assert len(words | {word}) == len(others) + 1


def test_a_typed_fingerprint_may_be_spaced_but_not_shortened() -> None:
    word = fingerprint(make_spec(AGE, MEAN))
    assert same_fingerprint(word.upper().replace("-", " "), word)
    assert not same_fingerprint(word[:-1], word)
    assert not same_fingerprint("", word)


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"min_clients": 6}, "min_clients is not the larger"),
        ({"min_clients": 0}, "from 1 to"),
        ({"max_rows": 0}, "max_rows"),
        ({"deadline": -1}, "deadline=-1 is no Unix time"),
        ({"deadline": 10**15}, "no Unix time"),  # no calendar writes it: the consent screen could not either
        ({"version": 2}, "version 2"),
        ({"encryption": True}, "has a key"),
        ({"modulus": "zz", "encryption": True}, "has a key"),
        ({"modulus": "ff", "encryption": True}, "bits is not from"),
        ({"nonce": "1"}, "nonce"),
        ({"epsilon": "0"}, "epsilon"),
        ({"epsilon": "x"}, "epsilon"),
        ({"name": "a\x1b[2Jb"}, "no name"),
        ({"name": "a\nb"}, "no name"),
        ({"columns": {}}, "0 columns"),
        ({"columns": {"age": {"decimals": 19}}}, "decimals=19"),
        ({"columns": {"age": {"min": "2", "max": "1"}}}, "no value is from"),
        ({"columns": {"age": {"min": "0.5", "decimals": 0}}}, "more than 0 decimals"),
        ({"columns": {"age": {"min": "x"}}}, "not a number"),
        ({"columns": {"age": {"min": "1e30"}}}, "beyond"),
        ({"columns": {"a\x00ge": {}}}, "no name"),
        ({"columns": {"age": {"min": 1.5}}}, "Expected `str"),
        ({"columns": {"age": {"mean": "1"}}}, "unknown field"),
        ({"where": {"sex": {}}}, "takes min, max"),
        ({"where": {"sex": {"values": []}}}, "one or more"),
        ({"statistics": []}, "0 statistics"),
        ({"statistics": [{"name": "mode", "columns": ["age"]}]}, "no statistic is called"),
        ({"statistics": [{"name": "mean", "columns": ["salary"]}]}, "no rule names"),
        ({"statistics": [{"name": "mean", "columns": ["age", "age"]}]}, "each once"),
        ({"statistics": [{"name": "mean", "columns": []}]}, "columns at least"),
        ({"statistics": [{"name": "mean", "columns": ["age"], "ddof": 1}]}, "takes no ddof"),
        ({"statistics": [{"name": "variance", "columns": ["age"], "ddof": 2}]}, "ddof is 0 or 1"),
        ({"statistics": [{"name": "covariance", "columns": ["age"]}]}, "2 columns"),
        ({"statistics": [{"name": "histogram", **AT, "edges": ["20"]}]}, "two edges"),
        ({"statistics": [{"name": "histogram", **AT, "edges": ["30", "20"]}]}, "edges rise"),
        ({"statistics": [{"name": "histogram", **AT, "edges": ["0", "20"]}]}, "within the rule"),
        ({"statistics": [{"name": "histogram", **AT, "edges": ["20.5", "30"]}]}, "decimals"),
        ({"statistics": [{"name": "quantile", **AT, "edges": ["20", "30"], "q": ["2"]}]}, "q is"),
        ({"statistics": [{"name": "mean", **AT, "by": {"column": "s", "values": []}}]}, "one or"),
        ({"unknown": 1}, "unknown field"),
    ],
)  # fmt: skip
def test_a_spec_that_cannot_be_answered_says_why(more: dict[str, Any], why: str) -> None:
    with pytest.raises(ProtocolError, match=why):
        read_spec(changed(**more))


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_no_bytes_do_more_than_a_protocol_error(text: bytes) -> None:
    with pytest.raises(ProtocolError):
        read_spec(text)


def test_deep_json_is_no_crash() -> None:
    with pytest.raises(ProtocolError):
        read_spec(b"[" * 100_000)


def test_every_statistic_of_the_table_can_be_asked_for_and_shares_its_sums() -> None:
    columns = {"a": Column("0", "10", 0), "b": Column("0", "1", 3)}
    edges = {"edges": ("0", "5", "10")}
    extra: dict[str, dict[str, Any]] = {
        "histogram": edges, "minimum": edges, "maximum": edges, "quantile": {**edges, "q": ("0.5",)},
    }  # fmt: skip
    asked = []
    for name in STATISTICS:
        over = ("a",) if name in extra else ("a", "b")
        asked += [Statistic(name, over, **extra.get(name, {})),
                  Statistic(name, over, by=By("sex", ("f", "m")), **extra.get(name, {}))]  # fmt: skip
    spec = make_spec(columns, *asked)
    check(spec)
    sums = all_sums(spec)
    # for all, f and m: four sums of each of two columns; 1 + 2 + 3 of complete rows; 4 cells
    assert len(sums) == len(set(sums)) == 3 * (8 + 6 + 4)
    assert len({total.text() for total in sums}) == len(sums)


def test_a_bad_spec_is_an_error_at_the_developers_too() -> None:
    with pytest.raises(ParamError):
        check(make_spec(AGE, Statistic("mean", ("nothing",))))
