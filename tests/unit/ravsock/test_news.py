"""News: who is told, of what, and how often."""

from __future__ import annotations

import asyncio

import pytest

from ravsock import news as module
from ravsock.news import GRAPHS, OTHERS, RECENT_S, News
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

    def pass_by(self, seconds: float) -> None:
        """As if that was longer ago."""
        self.news._worked = {graph: at - seconds for graph, at in self.news._worked.items()}

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


def test_a_life_is_told_the_names_of_the_graphs_that_it_works_for_and_of_no_other(office: Office) -> None:
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
        # of the other it is told how far it is
        assert told["ann"].graphs[0].name == "graph 1"
        assert told["ann"].others == [GraphNews(2, "", 10, 4, 0)]
        assert told["ann"].working == 2

    asyncio.run(story())


def test_others_are_those_being_worked_on_and_only_some_are_told(office: Office) -> None:
    async def story() -> None:
        office.news.watch("ann")
        for graph in range(1, OTHERS + 4):
            office.computed[graph] = 0
            office.news.assigned("bob", graph)
        office.computed[2] = 10  # all of what there is of it
        office.news.ending(3)
        [(_, message)] = await office.wait()
        assert [g.id for g in message.others] == [*range(OTHERS + 3, 3, -1)]
        assert message.working == OTHERS + 1
        # What nobody was given work of for a while is not being worked on
        office.news.touch()
        office.pass_by(RECENT_S + 1)
        office.news.assigned("bob", 1)
        [(_, message)] = await office.wait()
        assert ([g.id for g in message.others], message.working) == ([1], 1)

    asyncio.run(story())


def test_lives_of_one_tab_are_one_contributor(office: Office) -> None:
    async def story() -> None:
        office.news.company(4)  # one of them does not watch
        for life, tab in (("ann", "a"), ("ann-2", "a"), ("bob", "b")):
            office.news.watch(life, tab)
        assert [m.contributors for _, m in await office.wait()] == [3, 3, 3]
        office.news.forget("bob")
        office.news.company(3)
        assert [m.contributors for _, m in await office.wait()] == [2, 2]

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
