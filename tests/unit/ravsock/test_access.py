"""Who may read and name which array: the table as a table, and against a plain model of it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ravsock.access import Access, of_life

A, B = "a" * 64, "b" * 64


def test_what_a_developer_sent_is_its_own_and_nobody_elses() -> None:
    access = Access([("anna", A)])
    assert access.add("anna", B)
    assert not access.add("anna", B)
    assert access.readable("anna") == {A, B}
    assert access.may_name("anna", A)
    assert not access.may_read("ben", A)
    assert not access.may_name("ben", A)


def test_a_life_reads_what_its_live_assignments_need_and_names_what_it_sent() -> None:
    access, life = Access(), of_life("x")
    access.lend("x", 1, [A, B])
    access.lend("x", 2, [A])
    assert access.readable(life) == {A, B}
    assert not access.may_name(life, A)
    access.give_back("x", 1)
    assert access.readable(life) == {A}
    access.give_back("x", 2)
    assert access.readable(life) == set()
    access.add(life, B)
    assert access.may_name(life, B)
    access.forget("x")
    assert not access.may_read(life, B)


def test_a_developer_called_like_a_life_is_not_that_life() -> None:
    access = Access()
    access.lend("anna", 1, [A])
    assert not access.may_read("anna", A)


steps = st.lists(
    st.one_of(
        st.tuples(st.just("lend"), st.sampled_from("xy"), st.integers(0, 3), st.sets(st.sampled_from("abc"))),
        st.tuples(st.just("give_back"), st.sampled_from("xy"), st.integers(0, 3)),
        st.tuples(st.just("add"), st.sampled_from("xy"), st.sampled_from("abc")),
        st.tuples(st.just("forget"), st.sampled_from("xy")),
    ),
    max_size=30,
)


@given(steps)
def test_the_watcher_always_knows_what_each_life_may_read(done: list[tuple[object, ...]]) -> None:
    access, told = Access(), set()
    loans: dict[tuple[object, object], set[str]] = {}
    sent: set[tuple[object, str]] = set()

    def watch(owner: str, digest: str, may_read: bool) -> None:
        (told.add if may_read else told.discard)((owner, digest))

    access.watch = watch
    for step in done:
        match step:
            case ("lend", life, number, digests) if (life, number) not in loans:
                loans[life, number] = digests
                access.lend(life, number, digests)
            case ("give_back", life, number):
                loans.pop((life, number), None)
                access.give_back(life, number)
            case ("add", life, digest):
                sent.add((life, digest))
                access.add(of_life(life), digest)
            case ("forget", life):
                loans = {key: value for key, value in loans.items() if key[0] != life}
                sent = {one for one in sent if one[0] != life}
                access.forget(life)
        expected = {(of_life(life), d) for (life, _), ds in loans.items() for d in ds}
        expected |= {(of_life(life), d) for life, d in sent}
        assert told == expected
        for life in "xy":
            assert access.readable(of_life(life)) == {d for owner, d in expected if owner == of_life(life)}
