"""Eager mode, the developer's own ops, awaiting and drawing through a real server."""

from __future__ import annotations

import asyncio
import threading
from types import SimpleNamespace
from typing import Any

import pytest
from serving import Server

import ravop as R
from ravop.client import Client


@R.op
def inverse_and_more(a: R.Tensor) -> R.Tensor:
    """A sum with an inverse in it."""
    return R.inv(a) + 1


def test_eager_ops_are_computed_one_by_one_and_raise_at_their_line(
    g: R.Graph, contributor: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    contributor()
    monkeypatch.setattr(R.globals, "eager_mode", True)
    x = R.t([[1.0, 2.0], [2.0, 4.0]])
    y = x + 1
    assert y._value is not None and y._value.tolist() == [[2, 3], [3, 5]]
    with pytest.raises(R.ComputeError, match=r"\(inv\) of graph .*Singular"):
        R.inv(x)
    assert R.unique(x).shape == (3,)


def test_own_ops_are_known_by_name_after_a_restart_too(g: R.Graph, server: Server, contributor: Any) -> None:
    bad = inverse_and_more(R.t([[1.0, 2.0], [2.0, 4.0]]))
    found = g.get_ops_by_name("inverse")
    assert [op["operator"] for op in found] == ["inv", "add"]
    assert {op["within"]["name"] for op in found} == {"inverse_and_more"}
    server.restart()
    again = R.Graph(id=g.id)
    assert again.get_ops_by_name("inverse") == found
    contributor()
    with pytest.raises(R.ComputeError, match=r"\(inv\) in inverse_and_more\(\.\.\.\) of graph"):
        again.tensor(bad.id)()


def test_many_values_are_awaited_on_one_connection_without_threads(g: R.Graph, contributor: Any) -> None:
    contributor("a"), contributor("b")
    before = threading.active_count()

    async def script() -> None:
        xs = [R.t(float(i)) * 2 for i in range(200)]
        waiting = asyncio.ensure_future(R.fetch_async(xs))
        await asyncio.sleep(0)
        assert threading.active_count() <= before
        assert [float(v) for v in await waiting] == [2.0 * i for i in range(200)]
        bad = inverse_and_more(R.t([[1.0, 2.0], [2.0, 4.0]]))
        come = [x async for x in R.as_completed(xs[0] + 1, bad, xs[1] + 1)]
        assert len(come) == 3
        with pytest.raises(R.ComputeError, match="inverse_and_more"):
            await bad

    asyncio.run(script())
    assert sorted(float(x) for x in R.as_completed([R.t(1.0) + 1, R.t(2.0) + 1])) == [2, 3]


def test_an_await_may_be_given_up_and_others_go_on(g: R.Graph, contributor: Any) -> None:
    async def script() -> None:
        x = R.t(1.0) + 1
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await x
        contributor()
        assert float(await x) == 2

    asyncio.run(script())


def test_what_is_awaited_comes_from_a_server_that_was_started_anew(
    g: R.Graph, server: Server, contributor: Any
) -> None:
    async def script() -> None:
        x = R.t(1.0) + 1
        waiting = asyncio.ensure_future(R.fetch_async(x))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await asyncio.shield(waiting)
        await asyncio.to_thread(server.restart)
        await asyncio.to_thread(contributor)
        assert float((await waiting)[0]) == 2

    asyncio.run(script())


def test_a_picture_of_many_ops_costs_two_requests(
    g: R.Graph, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    ask = Client._json

    def counted(self: Client, method: str, path: str, body: bytes | None = None) -> Any:
        asked.append(path)
        return ask(self, method, path, body)

    x = R.t(1.0)
    for _ in range(150):
        x = x + 1
    R.zeros(3)  # x is not made of it
    g.store()
    monkeypatch.setattr(Client, "_json", counted)
    monkeypatch.setattr("subprocess.run", lambda command, input, **more: SimpleNamespace(stdout=input))
    monkeypatch.setattr("shutil.which", lambda program: program)
    for picture, ops in ((R.visualize(x), 151), (R.visualize(g), 152), (R.visualize(x, most=20), 20)):
        assert picture.dot.count("fillcolor") == ops
    assert len(asked) == 2 * 3, asked
    with pytest.raises(R.GraphError, match="there is no op 152"):
        g._engine.origins(g.id, 152, 5)
