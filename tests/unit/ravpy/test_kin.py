"""Differencing by another file with rows of the same people: an extract, or an export that overlaps."""

from __future__ import annotations

import random
from collections import Counter
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fedfiles import make_spec, take_part, write_csv
from hypothesis import given, settings
from hypothesis import strategies as st

from ravpy import kin, signatures
from ravpy.ledger import Ledger
from ravpy.marks import Mark, Rows
from ravpy.policy import Policy, Refused
from ravpy.signatures import numbered
from ravspec.federated import Column, Spec, Statistic, Where
from ravspec.sums import Kind, Sum

SALARY = {"salary": Column("0", "1000000", 2)}
TOTAL = Sum(Kind.SUM, ("salary",), ("salary",))
NAMES = ["salary", "age"]


def of_files(*hashes: Any) -> kin.Common:
    """What two files with rows of these hashes have in common."""
    keys = [np.sort(numbered(np.sort(h))) for h in hashes]
    ends = np.arange(1, 16, dtype=np.uint64) << np.uint64(60)
    a, b = (np.split(k, np.searchsorted(k, ends)) for k in keys)
    return kin.common(zip(a, b, strict=True))


def people(n: int = 300) -> list[list[Any]]:
    """Salaries, and ages 0, 1, 2, ..., each once."""
    rng = random.Random(7)
    return [[f"{rng.uniform(2e4, 9e4):.2f}", i] for i in range(n)]


def younger_than(age: int, name: str = "") -> Spec:
    """The mean salary of the young ones."""
    nonce = f"{random.Random(name).getrandbits(128):032x}"
    where = {"age": Where("0", str(age - 1))}
    return make_spec(SALARY, Statistic("mean", ("salary",)), nonce=nonce, name=name, where=where)


#: files by their rows, in the order in which they are asked of: (weight of its total, rows)
SPLITS = {
    "an extract": [(1, range(100)), (-1, [i for i in range(50) if i != 17])],
    "a longer export": [(1, range(50)), (-1, [i for i in range(300) if i != 17])],
    "two parts, then the whole": [
        (1, range(30)), (1, range(30, 60)), (-1, [i for i in range(300) if i != 41]),
    ],
    # the second part has no row of the first, and is asked for it all the same
    "a whole, then its parts": [(1, range(300)), (-1, range(30)), (-1, [*range(30, 41), *range(42, 300)])],
    "a little in common": [(1, range(150)), (-1, [*range(17), *range(18, 30), *range(150, 300)])],
}  # fmt: skip
#: up to which age the mean is asked for
AGES = {"an extract": 50, "a longer export": 50, "two parts, then the whole": 60, "a little in common": 30}


def ask_all(folder: Path, split: str, ledger: Ledger, policy: Policy) -> float:
    """What the totals of these files tell when they are added up with their weights."""
    rows, told = people(), 0
    for i, (weight, chosen) in enumerate(SPLITS[split]):
        path = write_csv(folder / f"{i}.csv", NAMES, [rows[k] for k in chosen])
        found = take_part(ledger, policy, younger_than(AGES.get(split, 300), f"{split} {i}"), path)
        usable = min(len(chosen), found.chosen)
        told += weight * (found.sums[TOTAL] + usable * SALARY["salary"].centre())
    return told / 100


@pytest.mark.parametrize("split", SPLITS)
def test_files_of_the_same_people_give_one_salary_away_unless_they_are_looked_at_together(
    tmp_path: Path, split: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = people()
    (one,) = set(range(AGES.get(split, 300))) - covered(split)
    with monkeypatch.context() as off:
        off.setattr(kin.Common, "kin", lambda self, min_rows: False)
        told = ask_all(tmp_path, split, Ledger(tmp_path / "off"), Policy())
    assert abs(told) == pytest.approx(float(rows[one][0]), abs=0.001)
    why = r"ledger: .* the sum of (salary|age) of 1 row; 10 are .* took part with .*0.csv"
    with pytest.raises(Refused, match=why):
        ask_all(tmp_path, split, Ledger(tmp_path / "on"), Policy())


def covered(split: str) -> set[int]:
    """All whose salaries cancel."""
    weights = [(w, set(rows)) for w, rows in SPLITS[split]]
    age = AGES.get(split, 300)
    return {i for i in range(age) if not sum(w for w, rows in weights if i in rows)}


@pytest.mark.parametrize("kinds", [80 * 80, 200, 1 << 60])
@pytest.mark.parametrize("sizes", [(1000, 1000), (60, 5000), (5000, 60), (400, 900)])
def test_files_of_other_people_are_no_kin_by_the_rows_that_are_equal_by_chance(
    kinds: int, sizes: tuple[int, int]
) -> None:
    # cells with few values: an age and a weight, say
    rng = np.random.default_rng(3)
    hashes = rng.integers(0, 1 << 63, kinds if kinds < 1 << 20 else 1, np.uint64)
    for _ in range(20):
        some = [hashes[rng.integers(0, len(hashes), n)] if len(hashes) > 1
                else rng.integers(0, 1 << 63, n, np.uint64) for n in sizes]  # fmt: skip
        assert not of_files(*some).kin(10)


@pytest.mark.parametrize("share", [0.4, 0.8, 1.0])
def test_an_extract_is_kin_though_some_rows_are_equal_by_chance(share: float) -> None:
    rng = np.random.default_rng(3)
    hashes = rng.integers(0, 1 << 63, 6400, np.uint64)
    for _ in range(20):
        whole = hashes[rng.integers(0, 6400, 1000)]
        assert of_files(whole, whole[: int(1000 * share)]).same(10)


def test_rows_that_come_often_do_not_hide_the_others() -> None:
    rng = np.random.default_rng(3)
    blank = np.full(500, 7, np.uint64)
    own = rng.integers(0, 1 << 63, 300, np.uint64)
    files = [np.concatenate([blank, own]), np.concatenate([blank, own[:20]])]
    assert of_files(*files) == kin.Common(20, 0.0, 1.0)


def test_bins_and_graphs_of_an_extract_are_those_of_its_file(tmp_path: Path) -> None:
    rows = people()
    whole = write_csv(tmp_path / "whole.csv", NAMES, rows)
    policy = Policy(max_graphs=1)
    ledger = Ledger(tmp_path / "state")
    take_part(ledger, policy, younger_than(300, "a"), whole)
    extract = write_csv(tmp_path / "extract.csv", NAMES, rows[:100])
    why = rf'max_graphs: this data took part in 1 graphs of "ann"; .* took part with {whole}, too$'
    with pytest.raises(Refused, match=why):
        take_part(ledger, policy, younger_than(300, "b"), extract)
    with pytest.raises(Refused, match="contributed to this graph already"):
        take_part(ledger, policy, younger_than(300, "a"), extract)
    little = write_csv(tmp_path / "little.csv", NAMES, [*rows[:40], *([9, i] for i in range(60))])
    take_part(ledger, Policy(max_graphs=1, ledger=False, dominance=1), younger_than(300, "b"), little)


def test_changed_rows_may_be_refused_altogether(tmp_path: Path) -> None:
    rows = people()
    path = write_csv(tmp_path / "people.csv", NAMES, rows)
    strict = Policy(changed_rows=False)
    ledger = Ledger(tmp_path / "state")
    take_part(ledger, strict, younger_than(400, "a"), path)
    write_csv(path, NAMES, [*rows, *([f"{i}00.50", 300 + i] for i in range(100, 130))])
    take_part(ledger, strict, younger_than(400, "b"), path)  # with thirty more, and none gone
    write_csv(path, NAMES, [*rows[50:], *([f"{i}00.70", i] for i in range(30, 100))])
    with pytest.raises(Refused, match=r"changed_rows: of salary, \d+ rows that were told of are gone"):
        take_part(ledger, strict, younger_than(400, "c"), path)
    take_part(ledger, Policy(), younger_than(400, "c"), path)


def told_apart(data: Any, files: list[list[int]], least: int) -> list[set[int]]:
    """The rows that each accepted question is of; each is put to one file, of some of its rows."""
    mark = Mark(Rows(("x",)), ("x",))
    ledgers = [signatures.nothing_signed() for _ in files]
    accepted = []
    for g in range(7):
        i = data.draw(st.integers(0, len(files) - 1))
        used = data.draw(st.lists(st.booleans(), min_size=len(files[i]), max_size=len(files[i])))
        hashes = np.array(files[i], np.uint64)
        others = [r for k, r in enumerate(ledgers) if k != i and kin.contains(r.keys, hashes).any()]
        rows = reduce(signatures.united, others, ledgers[i])
        asking = signatures.Asking([mark], str(g))
        new = signatures.Slice(hashes, np.array(used, np.uint32), [0, 1])
        after = asking.asked(rows, signatures.joined(rows, new))
        if asking.smallest_classes().get("x", least) >= least:
            ledgers[i] = after
            accepted.append({h for h, u in zip(files[i], used, strict=True) if u})
    return accepted


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_no_combination_of_questions_to_several_files_isolates_few_rows(data: Any) -> None:
    # sums of the accepted rows, added and subtracted at will, give rows of the same questions the same weight
    least, people = 3, range(1, 13)
    some = st.lists(st.sampled_from(people), unique=True, min_size=4).map(sorted)
    files = data.draw(st.lists(some, min_size=2, max_size=4))
    accepted = told_apart(data, files, least)
    together = Counter(tuple(h in rows for rows in accepted) for h in people)
    assert all(n >= least for of, n in together.items() if any(of))
