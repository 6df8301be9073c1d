"""News: who is told, of what, and how often."""

from __future__ import annotations

import asyncio

import pytest

from ravsock import news as module
from ravsock.news import GRAPHS, News
from ravspec.messages import GraphNews
from ravspec.messages import News as Message


class Office:
    """News with graphs that the test moves, and what was told."""

    def __init__(self) -> None:
        self.computed: dict[int, int] = {}
        self.told: list[tuple[str, Message]] = []
        self.news = News(self.see, lambda life, message: self.told.append((life, message)))

    def see(self, graph: int) -> GraphNews | None:
        done = self.computed.get(graph)
        return None if done is None else GraphNews(graph, f"graph {graph}", 10, done, 0)

    async def wait(self) -> list[tuple[str, Message]]:
        """What is told next."""
        self.told.clear()
        while self.news._timer is not None:
            await asyncio.sleep(0)
        return self.told


@pytest.fixture
def office(monkeypatch: pytest.MonkeyPatch) -> Office:
    monkeypatch.setattr(module, "NEWS_S", 0.0)
    return Office()


def test_a_life_is_told_of_the_graphs_that_it_works_for_and_of_no_other(office: Office) -> None:
    async def story() -> None:
        office.computed = {1: 3, 2: 4}
        office.news.watch("ann")
        office.news.watch("bob")
        office.news.assigned("ann", 1)
        office.news.assigned("bob", 2)
        office.news.assigned("carl", 2)  # does not watch
        told = dict(await office.wait())
        assert [g.id for g in told["ann"].graphs] == [1]
        assert [(g.id, g.computed) for g in told["bob"].graphs] == [(2, 4)]
        assert set(told) == {"ann", "bob"}

    asyncio.run(story())


def test_nothing_is_sent_where_nothing_changed_or_nobody_watches(office: Office) -> None:
    async def story() -> None:
        office.news.company(2)
        assert office.news._timer is None, "nobody watches: no timer"
        office.news.watch("ann")
        assert [m.contributors for _, m in await office.wait()] == [2]
        office.news.touch()
        assert await office.wait() == []
        office.news.forget("ann")
        office.news.company(3)
        assert await office.wait() == []

    asyncio.run(story())


def test_a_graph_that_was_let_go_of_is_shown_as_it_ended(office: Office) -> None:
    async def story() -> None:
        office.computed = {1: 9}
        office.news.watch("ann")
        office.news.assigned("ann", 1)
        await office.wait()
        office.computed[1] = 10
        office.news.ending(1)
        del office.computed[1]
        assert [m.graphs[0].computed for _, m in await office.wait()] == [10]

    asyncio.run(story())


def test_the_latest_graphs_are_shown_the_latest_first(office: Office) -> None:
    async def story() -> None:
        office.news.watch("ann")
        for graph in [*range(1, GRAPHS + 3), GRAPHS]:
            office.computed[graph] = 0
            office.news.assigned("ann", graph)
        [(_, message)] = await office.wait()
        assert [g.id for g in message.graphs][:2] == [GRAPHS, GRAPHS + 2]
        assert len(message.graphs) == GRAPHS

    asyncio.run(story())
