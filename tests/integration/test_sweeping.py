"""What nobody wants is swept, by age and by space; what anybody might is not."""

from __future__ import annotations

import asyncio
import contextvars
import http.client
import json
import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from contributors import ScriptedContributor
from door import make_token

import ravop as R
from ravop import engine, graph
from ravsock.app import CONFIG
from ravsock.sweeping import GRACE_S, SWEEPER, Swept
from tests.databases import on_postgresql_too

pytestmark = on_postgresql_too

DAY_S = 86400.0
#: values of that many numbers are files, joined with others (more than SQL_BYTES) or by themselves
JOINED, ALONE = 20_000, 300_000


def sweep(server: Any, after_s: float = 0.0, **settings: Any) -> Swept:
    """A sweep as it is so many seconds later, with these settings."""
    sweeper = server.app[SWEEPER]
    sweeper._config = replace(server.app[CONFIG], **settings)
    swept: Swept = server._thread.run(sweeper.sweep(time.time() + after_s))
    return swept


def files(config: Any) -> set[str]:
    return {path.name for path in config.data_dir.iterdir()}


def ended(server: Any) -> tuple[R.Graph, R.Tensor, R.Tensor, R.Tensor]:
    """A graph with a source, a result that is a file, and one that is a file by itself."""
    g = R.Graph(name="ended")
    x = R.t(np.arange(ALONE) * 1.0)
    y, z = R.arange(JOINED) * 2.0, x + 1.0
    R.fetch(y, z)
    g.end()
    return g, x, y, z


def test_results_of_an_old_graph_go_and_are_computed_again_for_who_asks(
    contributor: Callable[..., ScriptedContributor], server: Any, config: Any
) -> None:
    contributor()
    g, x, y, z = ended(server)
    assert len(files(config)) == 3
    # not yet
    assert sweep(server, 29 * DAY_S) == Swept()
    # the results go, the source stays: nobody could compute it
    swept = sweep(server, 31 * DAY_S)
    assert swept.files == 2 and swept.bytes == 8 * (JOINED + ALONE), swept
    assert len(files(config)) == 1
    again = R.Graph(id=g.id)
    assert again.status == "computed"
    assert again.tensor(z.id)(timeout=20)[:3].tolist() == [1.0, 2.0, 3.0]
    assert again.tensor(y.id)(timeout=20)[:3].tolist() == [0.0, 2.0, 4.0]
    assert again.tensor(x.id)()[:3].tolist() == [0.0, 1.0, 2.0]
    server.restart()
    assert again.tensor(z.id)(timeout=20)[:3].tolist() == [1.0, 2.0, 3.0]


def test_what_is_persisted_or_of_an_open_or_cancelled_graph_stays(
    contributor: Callable[..., ScriptedContributor], server: Any, config: Any
) -> None:
    contributor()
    kept = R.Graph(name="kept")
    y = R.arange(JOINED) * 2.0
    y.persist_op("kept")
    y()
    kept.end()
    opened = R.Graph(name="open")
    (R.arange(JOINED) * 3.0)()
    cancelled = R.Graph(name="cancelled")
    z = R.arange(JOINED) * 4.0
    z()
    cancelled.cancel()
    before = files(config)
    assert len(before) == 3 and opened.status == "open"
    assert sweep(server, 1000 * DAY_S, keep_bytes=1) == Swept()
    assert files(config) == before
    assert R.fetch_persisting_op("kept")[1] == 2.0 and R.Graph(id=cancelled.id).tensor(z.id)()[1] == 4.0


def test_over_the_limit_the_oldest_results_go_first(
    contributor: Callable[..., ScriptedContributor], server: Any, config: Any
) -> None:
    contributor()
    graphs = []
    for k in range(4):
        with R.Graph(name=str(k)) as g:
            (R.arange(JOINED) * (k + 1.0))()
        graphs.append(g.id)
    size = 8 * JOINED
    # there is room for two of the four
    swept = sweep(server, 2 * GRACE_S, keep_s=0, keep_bytes=2 * size + 1000)
    assert (swept.results, swept.files, swept.bytes) == (2, 2, 2 * size)
    left = {row[0] for row in server.call(lambda d: d.registry.read(data_graphs))}
    assert left == set(graphs[2:])
    assert sweep(server, 2 * GRACE_S, keep_s=0, keep_bytes=2 * size + 1000) == Swept()


def data_graphs(c: Any) -> list[Any]:
    import sqlalchemy as sa

    return list(c.execute(sa.text("SELECT graph_id FROM data")))


def test_a_graph_for_which_somebody_waits_is_left_alone(
    contributor: Callable[..., ScriptedContributor], server: Any, config: Any
) -> None:
    contributor()
    g, *_ = ended(server)

    def ask(d: Any) -> None:
        record = d.registry.held(g.id)
        record.questions.add(None)

    server.call(ask)
    assert sweep(server, 31 * DAY_S).results == 0
    server.call(lambda d: d.registry.held(g.id).questions.clear())
    assert sweep(server, 31 * DAY_S).results > 0


def test_files_of_a_deleted_graph_go_unless_another_has_them(
    contributor: Callable[..., ScriptedContributor], server: Any, config: Any
) -> None:
    contributor()
    g, *_ = ended(server)
    other = R.Graph(name="other")
    x = R.t(np.arange(ALONE) * 1.0)
    (x.sum())()
    for path in config.data_dir.iterdir():
        os.utime(path, (0, time.time() - 2 * GRACE_S))
    before = files(config)
    R.Graph(id=g.id).delete()
    give_up_at = time.monotonic() + 10
    while len(files(config)) > 1 and time.monotonic() < give_up_at:
        server.call(lambda d: None)
    assert len(before) == 3 and len(files(config)) == 1
    assert R.Graph(id=other.id).tensor(x.id)()[2] == 2.0


def test_files_that_have_just_come_outlive_the_deleting_of_their_graph(
    contributor: Callable[..., ScriptedContributor], server: Any, config: Any
) -> None:
    contributor()
    g, *_ = ended(server)
    R.Graph(id=g.id).delete()
    assert sweep(server, 0.0) == Swept()
    assert len(files(config)) == 3
    assert sweep(server, DAY_S + 1).files == 3


def put(server: Any, value: Any, token: str = "") -> str:
    """An array is sent ahead; its SHA-256."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    connection.request("PUT", f"/v1/data/{os.urandom(16).hex()}", value.tobytes(), headers)
    response = connection.getresponse()
    answer = json.loads(response.read())
    connection.close()
    assert response.status == 201, answer
    return str(answer["sha256"])


def test_an_array_that_was_sent_and_never_used_goes_after_a_day(server: Any, config: Any) -> None:
    digest = put(server, np.arange(ALONE))
    assert sweep(server, DAY_S / 2) == Swept() and files(config) == {digest}
    assert sweep(server, DAY_S + 1, orphan_s=0) == Swept() and files(config) == {digest}
    assert sweep(server, DAY_S + 1) == Swept(0, 1, 8 * ALONE)
    assert files(config) == set()


def test_who_sent_an_array_that_was_swept_is_told_to_send_it_again(config: Any, serve: Any) -> None:
    token = make_token(config, "developer", "anna")
    server = serve(config, token)
    digest = put(server, np.arange(ALONE), token)
    have = server.call(lambda d: d.accounts.of("anna").bytes)
    assert sweep(server, DAY_S + 1).files == 1
    assert server.call(lambda d: d.accounts.of("anna").bytes) == have - 8 * ALONE
    client: Any = engine.current_engine()
    g = R.Graph(name="late")
    put_once, client.put = client.put, lambda value: digest
    with pytest.raises(R.TransferError, match="send it again"):
        R.t(np.arange(ALONE)).sum()(timeout=10)
    client.put = put_once
    assert put(server, np.arange(ALONE), token) == digest
    assert server.call(lambda d: d.access.may_name("anna", digest)), g
    # and what was sent again is there after a restart
    server.restart()
    assert server.call(lambda d: d.access.may_name("anna", digest))


def test_an_array_that_comes_anew_while_it_is_swept_stays(
    server: Any, config: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = put(server, np.arange(ALONE))
    path: Path = config.data_dir / digest
    os.utime(path, (0, time.time() - 2 * DAY_S))
    folder = server.call(lambda d: d.folder)
    rename = os.rename

    def at_this_moment(source: Path, aside: Path) -> None:
        fresh = path.with_name("partial-ftp-test")  # as ravftp does it, in a process of its own
        fresh.write_bytes(path.read_bytes())
        os.replace(fresh, path)
        rename(source, aside)

    monkeypatch.setattr("ravsock.folder.os.rename", at_this_moment)
    assert sweep(server) == Swept()
    assert files(config) == {digest} and not folder.going


@pytest.mark.parametrize("when", ["before anybody is told", "while nobody may"])
def test_an_array_that_somebody_begins_to_use_while_it_is_swept_is_used_or_refused(
    server: Any, config: Any, when: str
) -> None:
    x = np.arange(ALONE) * 1.0
    digest = put(server, x)
    os.utime(config.data_dir / digest, (0, time.time() - 2 * DAY_S))
    sweeper = server.app[SWEEPER]
    without, client = sweeper._without_users, engine.current_engine()
    client.put = lambda value: digest  # type: ignore[method-assign]
    g = R.Graph(name="in time")
    refused: list[str] = []

    def use() -> None:
        R.t(x)
        try:
            g.store()
        except R.TransferError as error:
            refused.append(str(error))

    async def at_this_moment(limits: Any) -> Any:
        found = await without(limits)
        if bool(sweeper._folder.going) == (when == "while nobody may"):
            await asyncio.to_thread(contextvars.copy_context().run, in_graph, g, use)
        return found

    sweeper._without_users = at_this_moment
    swept = sweep(server)
    if when == "while nobody may":
        assert swept.files == 1 and "send it again" in refused[0]
    else:
        assert swept == Swept() and files(config) == {digest} and not refused
        assert g.tensor(0)()[1] == 1.0


def in_graph(g: R.Graph, work: Callable[[], None]) -> None:
    """Another thread has no current graph."""
    graph._current.set(g)
    work()


def test_what_a_contributor_has_sent_stays_while_it_is_there(config: Any, serve: Any) -> None:
    server = serve(config, make_token(config, "developer", "anna"))
    one = ScriptedContributor(server.url, "ann", {}, token=make_token(config, "contributor", "ann"))
    one.join()
    digest = one.transfer.put(np.arange(ALONE))
    assert sweep(server, 2 * DAY_S) == Swept() and files(config) == {digest}
    server.call(lambda d: d.leave(one.life))
    server.run(server.call(lambda d: d.writer.submit(lambda c: None)))
    assert sweep(server, 2 * DAY_S).files == 1
    one.close()
