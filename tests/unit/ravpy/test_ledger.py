"""Differencing: two harmless graphs that give a salary away, and the ledger that refuses the second."""

from __future__ import annotations

import random
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fedfiles import make_spec, take_part, write_csv
from hypothesis import given, settings
from hypothesis import strategies as st

from ravpy import signatures
from ravpy.ledger import Entry, Ledger
from ravpy.marks import Mark, Rows
from ravpy.measuring import Measured
from ravpy.policy import Policy, Refused
from ravspec.errors import ConfigError
from ravspec.federated import By, Column, Spec, Statistic, Where
from ravspec.sums import Kind, Sum

SALARY = {"salary": Column("0", "1000000", 2), "bonus": Column("0", "1000", 0)}
TOTAL = Sum(Kind.SUM, ("salary",), ("salary",))
NAMES = ["salary", "bonus", "age", "sex"]


def people(n: int = 100) -> list[list[Any]]:
    """Salaries, bonuses, ages 20, 21, ..., each once, and sexes."""
    rng = random.Random(7)
    return [[f"{rng.uniform(2e4, 9e4):.2f}", rng.randint(0, 1000), 20 + i, "fm"[i % 2]] for i in range(n)]


def spec(*statistics: Statistic, **more: Any) -> Spec:
    """The mean salary, or something else, of some."""
    nonce = f"{random.Random(str((statistics, more))).getrandbits(128):032x}"
    return make_spec(SALARY, *(statistics or (Statistic("mean", ("salary",)),)), nonce=nonce, **more)


def aged(low: int, high: int) -> dict[str, Any]:
    return {"where": {"age": Where(str(low), str(high))}}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write_csv(tmp_path / "people.csv", NAMES, people())


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "state")


def test_without_the_ledger_two_graphs_give_one_salary_away(ledger: Ledger, file: Path) -> None:
    off = Policy(ledger=False)
    totals = [take_part(ledger, off, spec(**aged(20, high)), file).sums[TOTAL] for high in (69, 70)]
    centre = SALARY["salary"].centre()
    assert (totals[1] - totals[0] + centre) / 100 == float(people()[50][0])


def test_with_the_ledger_the_second_graph_is_refused(ledger: Ledger, file: Path) -> None:
    take_part(ledger, Policy(), spec(**aged(20, 69)), file)
    with pytest.raises(Refused, match=r"ledger: .* the sum of salary of 1 row; 10 are"):
        take_part(ledger, Policy(), spec(**aged(20, 70)), file)
    take_part(
        ledger, Policy(), spec(**aged(20, 79)), file
    )  # ten rows more: nobody can be told from nine others
    with pytest.raises(Refused, match="of 5 rows"):
        take_part(ledger, Policy(), spec(**aged(25, 79)), file)


def test_three_graphs_are_taken_together(ledger: Ledger, file: Path) -> None:
    take_part(ledger, Policy(), spec(**aged(20, 59)), file)
    take_part(ledger, Policy(), spec(**aged(40, 79)), file)
    with pytest.raises(Refused, match="of 5 rows"):  # 20-39, 40-59 and 60-79 can be told apart by now
        take_part(ledger, Policy(), spec(**aged(55, 79)), file)


def test_other_columns_do_not_add_up(ledger: Ledger, file: Path) -> None:
    take_part(ledger, Policy(), spec(**aged(20, 69)), file)
    take_part(ledger, Policy(), spec(Statistic("mean", ("bonus",)), **aged(20, 70)), file)


def test_one_graph_can_be_a_difference_by_itself(ledger: Ledger, tmp_path: Path) -> None:
    rows = people()
    rows[3][3] = "d"
    path = write_csv(tmp_path / "d.csv", NAMES, rows)
    by = Statistic("mean", ("salary",), by=By("sex", ("f", "m")))
    take_part(Ledger(tmp_path / "other"), Policy(), spec(by), path)
    with pytest.raises(Refused, match="of 1 row"):  # all less f less m
        take_part(ledger, Policy(), spec(by, Statistic("sum", ("salary",))), path)


@pytest.mark.parametrize("group", [By("sex", ("f", "m")), By("sex", ("f",)), By("sex", ("m",))])
def test_a_group_counted_by_two_columns_tells_of_the_row_that_one_of_them_lacks(
    ledger: Ledger, file: Path, group: By
) -> None:
    # salaries are counted by sex, then bonuses by sex of all but one: whose sex is the difference
    count = Statistic("count", ("salary",), by=group)
    other = Statistic("count", ("bonus",), by=group)
    off = Policy(ledger=False)
    totals = [
        take_part(ledger, off, spec(*asked, **aged(20, high)), file).sums
        for asked, high in (((count,), 119), ((other,), 118))
    ]
    told = [sum(sums[s] for s in sums if s.group == ("sex", "m")) for sums in totals]
    assert told[0] - told[1] == ("m" in group.values)  # the last one is a man, whichever is asked for
    other_ledger = Ledger(file.parent / "on")
    take_part(other_ledger, Policy(), spec(count, **aged(20, 119)), file)
    with pytest.raises(Refused, match="the sum of sex of 1 row"):
        take_part(other_ledger, Policy(), spec(other, **aged(20, 118)), file)


@pytest.mark.parametrize("chosen", ["f", "m"])
def test_a_rule_that_leaves_one_out_does_not_tell_its_group(ledger: Ledger, file: Path, chosen: str) -> None:
    columns = {"salary": SALARY["salary"], "age": Column("0", "118", 0)}  # the oldest is 119
    grouped = Statistic("count", ("salary", "age"), by=By("sex", (chosen,)))
    with pytest.raises(Refused, match="the sum of sex of 1 row"):
        take_part(ledger, Policy(), make_spec(columns, grouped), file)
    plain = Statistic("count", ("salary", "age"))
    with pytest.raises(Refused, match="the sum of sex of 1 row"):
        take_part(ledger, Policy(), make_spec(columns, plain, where={"sex": Where(values=(chosen,))}), file)
    take_part(ledger, Policy(), make_spec(columns, plain), file)  # how many have none is nobody's secret


def test_a_condition_that_is_narrowed_by_one_row_does_not_tell_whether_it_holds_there(
    ledger: Ledger, file: Path
) -> None:
    # the last one is a man; that the number of women stays the same without him would tell it
    women = {"sex": Where(values=("f",))}
    take_part(ledger, Policy(), spec(where=women), file)
    with pytest.raises(Refused, match="the sum of sex of 1 row"):
        take_part(ledger, Policy(), spec(where={**women, "age": Where("20", "118")}), file)


def test_missing_cells_are_sums_like_others(ledger: Ledger, file: Path) -> None:
    missing = Statistic("missing", ("salary",))
    take_part(ledger, Policy(), spec(missing), file)
    with pytest.raises(Refused, match="there being a salary of 1 row"):
        take_part(ledger, Policy(), spec(missing, **aged(20, 118)), file)


@pytest.mark.parametrize("change", ["drop", "add", "edit", "move", "copy"])
def test_a_changed_file_is_the_same_file(ledger: Ledger, tmp_path: Path, file: Path, change: str) -> None:
    take_part(ledger, Policy(), spec(), file)
    rows, path, names = people(), file, list(NAMES)
    match change:
        case "drop":
            del rows[17]
        case "add":
            rows.append(["12345.00", 7, 99, "f"])
        case "edit":
            rows[17][0] = "1.00"
        case "move":  # columns and rows in another order, one row less
            names, rows = names[::-1], [row[::-1] for row in reversed(rows)][1:]
        case "copy":
            del rows[17]
            path = tmp_path / "elsewhere.csv"
    write_csv(path, names, rows)
    with pytest.raises(Refused, match="of 1 row"):
        take_part(ledger, Policy(), spec(name="again"), path)


@pytest.mark.parametrize("left_out", [5, 50])
def test_rows_that_were_rewritten_may_be_the_same_people(ledger: Ledger, file: Path, left_out: int) -> None:
    take_part(ledger, Policy(), spec(), file)
    rows = people()
    for row in rows[:11]:
        row[1] += 1  # the bonus, which nobody asked for
    del rows[left_out]  # one of the eleven, or another
    write_csv(file, NAMES, rows)
    with pytest.raises(Refused, match="If they are the same rows, changed, the sum of 1 would be told"):
        take_part(ledger, Policy(), spec(name="again"), file)


def test_rows_that_went_and_came_are_let_through_where_their_numbers_are_far_apart(
    ledger: Ledger, file: Path
) -> None:
    take_part(ledger, Policy(), spec(), file)
    write_csv(file, NAMES, people(131)[11:])
    take_part(ledger, Policy(), spec(name="again"), file)


def test_ten_new_rows_are_let_through(ledger: Ledger, file: Path) -> None:
    take_part(ledger, Policy(), spec(), file)
    write_csv(file, NAMES, people(110))
    take_part(ledger, Policy(), spec(name="again"), file)


def test_another_file_has_nothing_to_do_with_it(ledger: Ledger, tmp_path: Path, file: Path) -> None:
    take_part(ledger, Policy(), spec(**aged(20, 69)), file)
    shifted = [[row[0], row[1], row[2] + 1, row[3]] for row in people()]
    other = write_csv(tmp_path / "b.csv", NAMES, shifted)
    take_part(ledger, Policy(), spec(**aged(20, 70)), other)


def test_files_of_few_different_rows_are_no_copies_of_each_other(ledger: Ledger, tmp_path: Path) -> None:
    for name in "ab":
        path = write_csv(tmp_path / name, NAMES, [[1, i % 2, 30, "f"] for i in range(100)])
        take_part(ledger, Policy(), spec(), path)


def test_equal_rows_are_as_many_rows(ledger: Ledger, file: Path) -> None:
    rows = [[1, 1, 30, "f"]] * 15 + [[2, 2, 31, "f"]] * 15
    write_csv(file, NAMES, rows)
    take_part(ledger, Policy(dominance=1), spec(), file)
    write_csv(file, NAMES, rows[:-1])  # one of fifteen equal ones is gone
    with pytest.raises(Refused, match="of 1 row"):
        take_part(ledger, Policy(dominance=1), spec(name="again"), file)


def test_a_graph_takes_a_file_once(ledger: Ledger, file: Path) -> None:
    take_part(ledger, Policy(), spec(), file)
    with pytest.raises(Refused, match="already"):
        take_part(ledger, Policy(), spec(), file)


def test_a_developer_has_so_many_graphs_of_a_file(ledger: Ledger, file: Path) -> None:
    policy = Policy(max_graphs=2)
    for name in "ab":
        take_part(ledger, policy, spec(name=name), file)
    with pytest.raises(Refused, match=r'max_graphs: this data took part in 2 graphs of "ann"'):
        take_part(ledger, policy, spec(name="c"), file)
    take_part(ledger, Policy(), spec(name="c"), file)


def test_epsilons_add_up(ledger: Ledger, file: Path) -> None:
    policy = Policy(max_epsilon=1.0)
    for name in "ab":
        take_part(ledger, policy, spec(name=name, epsilon="0.5"), file)
    with pytest.raises(Refused, match=r"max_epsilon: with this graph it comes to 1\.1"):
        take_part(ledger, policy, spec(name="c", epsilon="0.1"), file)


def test_epsilons_add_up_as_people_add_them(ledger: Ledger, file: Path) -> None:
    policy = Policy(max_epsilon=0.3)
    for name, epsilon in ("a", "0.1"), ("b", "0.2"):
        take_part(ledger, policy, spec(name=name, epsilon=epsilon), file)
    with pytest.raises(Refused, match=r"max_epsilon: with this graph it comes to 0\.300001; 0\.3 is"):
        take_part(ledger, policy, spec(name="c", epsilon="0.000001"), file)


def test_a_damaged_ledger_stops_everything(ledger: Ledger, tmp_path: Path, file: Path) -> None:
    take_part(ledger, Policy(), spec(), file)
    folder = tmp_path / "state/contributor"
    for path in (*folder.glob("rows-*"), folder / "graphs.json"):
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) // 2])
        with pytest.raises(ConfigError, match="damaged"):
            take_part(ledger, Policy(), spec(name="again"), file)
        path.write_bytes(whole)


def test_the_files_are_their_owners_only_and_tell_no_value(
    ledger: Ledger, tmp_path: Path, file: Path
) -> None:
    take_part(ledger, Policy(), spec(), file)
    for path in (tmp_path / "state/contributor").iterdir():
        if path.name != "lock":
            assert path.stat().st_mode & 0o077 == 0
        assert people()[0][0].encode() not in path.read_bytes()


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_combination_of_accepted_graphs_isolates_few_rows(data: Any) -> None:
    """Whatever is accepted: sums of a column over the accepted selections determine no small set's sum."""
    n, least = 14, 3
    matrix: list[list[int]] = []
    rows = signatures.nothing_signed()
    mark = Mark(Rows(("x",)), ("x",))
    for g in range(6):
        used = data.draw(st.lists(st.booleans(), min_size=n, max_size=n))
        new = signatures.Slice(np.arange(1, n + 1, dtype=np.uint64), np.array(used, np.uint32), [0, 1])
        asking = signatures.Asking([mark], str(g))
        after = asking.asked(rows, signatures.joined(rows, new))
        small = asking.smallest_classes().get("x", n)
        if small >= least:
            rows = after
            matrix.append(list(map(int, used)))
    # any combination gives rows of equal signatures equal weights: it has at least `least` rows, or none
    weights = list(zip(*matrix, strict=True)) if matrix else []
    for weight in set(weights):
        assert not any(weight) or weights.count(weight) >= least


def test_keys_of_equal_hashes_differ_and_stay_in_their_slice() -> None:
    top = np.uint64(9) << np.uint64(60)
    keys = signatures.numbered(np.array([5, 5, 5, 9, top, top, top], np.uint64))
    assert len(set(keys.tolist())) == 7
    assert (keys >> np.uint64(60)).tolist() == [0, 0, 0, 0, 9, 9, 9]
    assert signatures.shifted(keys[:2], 1).tolist() == keys[1:3].tolist()
    assert signatures.shifted(keys[1:3], -1).tolist() == keys[:2].tolist()
    assert len(signatures.numbered(np.zeros(0, np.uint64))) == 0


def test_every_row_is_in_one_slice() -> None:
    found = Measured({}, patterns={0: 0, 1: 1})
    hashes = [0, (1 << 60) - 1, 1 << 60, 7 << 60, (1 << 64) - 1, 15 << 60, (15 << 60) - 1]
    found.row_hashes.extend(hashes)
    found.row_patterns.extend(i % 2 for i in range(len(hashes)))
    each = list(signatures.slices(found))
    assert len(each) == signatures.SLICES
    pairs = [pair for s in each for pair in zip(s.hashes.tolist(), s.patterns.tolist(), strict=True)]
    assert sorted(pairs) == sorted((h, i % 2) for i, h in enumerate(hashes))
    assert all(h >> 60 == i for i, s in enumerate(each) for h in s.hashes.tolist())


def test_the_ledger_needs_little_memory_for_long_files_and_those_like_them(
    ledger: Ledger, tmp_path: Path
) -> None:
    n = 400_000
    found = Measured({}, rows=n, chosen=n, patterns={1: 0})
    found.row_hashes.frombytes(np.random.default_rng(1).bytes(8 * n))
    found.row_patterns.frombytes(bytes(4 * n))
    tracemalloc.start()
    for fingerprint in "ab":
        data = ledger.known_as(tmp_path / f"{fingerprint}.csv", found, Policy(), fingerprint)
        entry = Entry(fingerprint, 1, "", "ann", "s", "long.csv", data, 0.0, n)
        marks = [Mark(Rows(("x",)), ("x",))]
        ledger.record(entry, ledger.check(Policy(), entry, found, marks), found, marks)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # beside the twelve of the file's own: a slice, whose rows need more than a hundred each
    assert peak / n < 16
