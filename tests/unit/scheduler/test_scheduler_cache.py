"""What a life keeps: the least recently used goes first, but never what its queue relies on."""

from ravsock.scheduler.cache import Cache
from ravsock.scheduler.state import Assignment, Graph, Life, Settings


def piece(keep: list[int], held: list[int] = ()) -> Assignment:  # type: ignore[assignment]
    return Assignment(
        life="a", graph=1, ops=[], inputs=[], held=list(held), exports=[], keep=keep, remade=[],
        cost_s=0.0, live_bytes=0,
    )  # fmt: skip


def cache_of_three() -> tuple[Cache, Life, Graph]:
    """Room for three values of 100 bytes at one life, which holds ops 0, 1 and 2."""
    graph = Graph(1, "ada")
    graph.size_bytes.extend([100] * 6)
    life = Life("a", "a", 1.0, 600, 1e9, 1e9, 0.001, 0.0)
    cache = Cache(Settings(), {1: graph}, {"a": life})
    first = piece(keep=[0, 1, 2])
    cache.keep(life, first)
    assert first.keep == [0, 1, 2] and cache.budget(life) == 300
    return cache, life, graph


def test_the_least_recently_used_goes_first() -> None:
    cache, life, graph = cache_of_three()
    cache.keep(life, piece(keep=[3], held=[0]))
    assert list(life.held) == [(1, 2), (1, 0), (1, 3)]
    assert cache.take_drops(life) == [(1, 1)] and 1 not in graph.holders


def test_what_the_queue_relies_on_stays_and_the_newcomer_is_not_kept() -> None:
    cache, life, _ = cache_of_three()
    life.queue = [piece(keep=[2], held=[0, 1])]
    new = piece(keep=[3])
    cache.keep(life, new)
    assert new.keep == [] and list(life.held) == [(1, 0), (1, 1), (1, 2)]
    life.queue.clear()
    cache.keep(life, new := piece(keep=[3]))
    assert new.keep == [3] and (1, 0) not in life.held


def test_a_value_larger_than_the_cache_evicts_what_it_may_and_is_not_kept() -> None:
    cache, life, graph = cache_of_three()
    graph.size_bytes[4] = 1000
    new = piece(keep=[4])
    cache.keep(life, new)
    assert new.keep == [] and life.held_bytes == sum(life.held.values()) <= 300
