"""PostgreSQL goes away and comes back: connections end, none can be made, a commit is in doubt."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from contributors import ScriptedContributor
from door import ask, make_token
from serving import Server

import ravop as R
from ravsock import postgresql, store
from ravsock.config import Config
from ravsock.database import Reader, Writer, open_database
from ravsock.sql import DatabaseAway
from ravspec.errors import ConfigError
from tests.databases import administer, only_postgresql, run_sql

pytestmark = only_postgresql


def name_of(url: str) -> str:
    return url.rpartition("/")[2]


def end_connections(url: str) -> None:
    """As when PostgreSQL is started anew."""
    administer(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name_of(url)}'")


@contextlib.contextmanager
def away(url: str) -> Iterator[None]:
    """No connection is left, and none can be made."""
    administer(f"ALTER DATABASE {name_of(url)} ALLOW_CONNECTIONS false")
    try:
        end_connections(url)
        yield
    finally:
        administer(f"ALTER DATABASE {name_of(url)} ALLOW_CONNECTIONS true")


def until(condition: Callable[[], Any], what: str) -> Any:
    give_up_at = time.monotonic() + 15
    while not (answer := condition()):
        assert time.monotonic() < give_up_at, what
        threading.Event().wait(0.01)
    return answer


def test_who_waits_gets_the_value_when_the_database_is_back(
    g: R.Graph, contributor: Callable[..., ScriptedContributor], server: Server, database: str
) -> None:
    contributor("ann")
    x = R.arange(5) * 2
    assert x()[4] == 8
    got: list[Any] = []
    with away(database):
        y = x + 1
        waiter = threading.Thread(target=lambda: got.append(y(timeout=30)))
        waiter.start()
        until(lambda: server.call(lambda d: d.writer.trouble), "the writer has noticed")
        # whoever looks is told why; what needs the database is refused, with a status that says try again
        status, view = ask(server.port, "GET", f"/v1/graphs/{g.id}")
        assert status == 200 and "the server's database is away" in view["waits_for"], view
        began = time.monotonic()
        for _ in range(10):
            status, reply = ask(server.port, "GET", "/v1/graphs")
            assert status == 503 and "the server's database is away" in reply["message"], reply
            assert "Traceback" not in reply["message"]
        assert time.monotonic() - began < 3
        assert not got
    waiter.join(20)
    assert got[0].tolist() == [1, 3, 5, 7, 9]
    until(lambda: ask(server.port, "GET", "/v1/graphs")[0] == 200, "views are back")
    assert run_sql(database, "SELECT count(*) FROM op WHERE state <> 'computed'") == [(0,)]
    # nothing was written twice
    events = run_sql(database, "SELECT count(*) FROM event WHERE what = 'assignment' AND state = 'committed'")
    assert events == run_sql(database, "SELECT count(*) FROM assignment WHERE state = 'committed'")


def test_connections_that_end_are_made_anew(
    g: R.Graph, contributor: Callable[..., ScriptedContributor], database: str
) -> None:
    contributor("ann")
    for k in range(5):
        end_connections(database)
        assert (R.arange(3) + k)(timeout=20).tolist() == [k, k + 1, k + 2]
    assert g.get_op_stats()["computed_ops"] == 10


def test_a_known_token_opens_the_door_while_the_database_is_away(config: Config, serve: Any) -> None:
    token = make_token(config, "developer", "anna")
    server = serve(config, token)
    g = R.Graph(name="mine")
    assert g.status == "open"
    with away(config.database):
        until(lambda: ask(server.port, "GET", "/v1/graphs", token)[0] == 503, "reading fails")
        # two seconds later what is known of the token would be looked up again
        server.call(lambda d: [setattr(k, "at", -1e9) for k in door_of(server)._known.values()])
        status, reply = ask(server.port, "POST", "/v1/transfer", token)
        assert (status, reply) == (200, {"ftp": None})


def door_of(server: Server) -> Any:
    from ravsock.routes import DOOR

    return server.app[DOOR]


@contextlib.contextmanager
def writing(database: str) -> Iterator[Callable[[Any], Any]]:
    """A writer on the database: write(job) gives the job's result."""
    loop = asyncio.new_event_loop()
    writer = Writer(open_database(database), loop)

    async def write(job: Any) -> Any:
        return await asyncio.wait_for(writer.submit(job), 20)

    try:
        yield lambda job: loop.run_until_complete(write(job))
    finally:
        writer.close()
        loop.close()


def new_graph(c: Any) -> int:
    return store.insert_graph(c, "doubtful", None, "distributed", "anna")


@pytest.mark.parametrize("arrived", [True, False])
def test_a_commit_in_doubt_is_done_once(
    database: str, monkeypatch: pytest.MonkeyPatch, arrived: bool
) -> None:
    """The connection ends before the answer to COMMIT; whether PostgreSQL has had the COMMIT is open."""
    commit, cut = postgresql.Session.commit, []

    def cut_off(session: Any) -> None:
        if cut:
            return commit(session)
        cut.append(session)
        driver = session._driver
        execute = driver.execute

        def last(statement: Any, *values: Any) -> Any:
            if statement != "COMMIT":
                return execute(statement, *values)
            if arrived:
                execute(statement)
            end_connections(database)
            with contextlib.suppress(psycopg.Error):
                execute("SELECT 1")
            raise psycopg.OperationalError("the connection is lost")

        driver.execute = last
        commit(session)

    with writing(database) as write:
        monkeypatch.setattr(postgresql.Session, "commit", cut_off)
        assert write(new_graph) >= 1
        assert cut
    assert run_sql(database, "SELECT count(*) FROM graph") == [(1,)]


def test_a_second_server_is_refused_and_the_first_goes_on(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql, "LOCK_S", 1)
    with writing(database) as write:
        with (
            contextlib.closing(asyncio.new_event_loop()) as loop,
            pytest.raises(ConfigError, match="another server writes to it; stop that first") as told,
        ):
            Writer(open_database(database), loop)
        assert "postgres" in str(told.value)
        assert write(new_graph) == 1
    # and once it has ended, the next may write
    with writing(database) as write:
        assert write(new_graph) == 2


def test_reading_is_refused_at_once_for_a_while_and_works_again(database: str) -> None:
    engine = open_database(database)
    read = Reader(engine)
    tries: list[Any] = []
    sa.event.listen(engine, "do_connect", lambda *args: tries.append(args))

    def one(c: Any) -> Any:
        return c.exec_driver_sql("SELECT 1").scalar()

    try:
        with away(database):
            for _ in range(200):
                with pytest.raises(DatabaseAway, match="the server's database is away"):
                    read(one)
            # the pool looks at the connection that it has, which may take a second try
            assert 1 <= len(tries) < 20
        until(lambda: answers(read, one), "it is tried again")
    finally:
        engine.dispose()


def answers(read: Reader, query: Any) -> bool:
    with contextlib.suppress(DatabaseAway):
        return bool(read(query) == 1)
    return False
