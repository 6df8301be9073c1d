"""Which results a sweep takes: the property, over any results and settings."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ravsock.reading import StoredResult
from ravsock.sweeping import choose

ops = st.lists(st.integers(0, 9), min_size=1, max_size=3, unique=True).map(tuple)
times, sizes = st.floats(0, 100), st.integers(0, 1000)
rows = st.builds(StoredResult, st.integers(0, 10**6), st.integers(1, 3), ops, times, sizes, st.just(()))
names = st.sets(st.tuples(st.integers(1, 3), st.integers(0, 9)), max_size=6)


@given(st.lists(rows, max_size=12), names, st.floats(0, 120), st.integers(-500, 5000))
def test_what_is_old_goes_then_the_oldest_and_nothing_persisted(
    results: list[StoredResult], persisted: set[tuple[int, int]], before: float, excess: int
) -> None:
    chosen = choose(results, persisted, before, excess)
    free = [r for r in results if not {(r.graph, op) for op in r.ops} & persisted]
    assert all(one in free for one in chosen)
    left = [one for one in free if one not in chosen]
    # nothing old stays
    assert all(one.at >= before for one in left)
    # nothing stays that is older than what went
    assert not chosen or all(one.at >= max(c.at for c in chosen) for one in left)
    # enough went, or all that may
    assert not left or sum(one.size_bytes for one in chosen) >= excess
    # no more than was needed: without the last one it would not have been enough
    if chosen and chosen[-1].at >= before:
        assert sum(one.size_bytes for one in chosen[:-1]) < excess
