"""The tables' version: made, upgraded with all that is in them, refused."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from contributors import ScriptedContributor
from serving import Server

import ravop as R
from ravsock import migrations, models, resetting, sqlite, versions
from ravsock.config import Config
from ravsock.database import connect, open_database, shown
from ravspec.errors import ConfigError
from tests.databases import both, only_sqlite, run_sql, tables_of

OLDEST = Path(__file__).with_name("version_1.sql")

ROW = (
    "INSERT INTO graph (approach, developer, state, created_at) VALUES ('distributed', 'ann', 'computed', 0)"
)


def upgraded(url: str, version: str = versions.CURRENT) -> None:
    """Go from nothing to a version, step by step."""
    engine = connect(url)
    with engine.begin() as connection:
        migrations.upgrade(connection, version)
    engine.dispose()


def backups(folder: Path) -> list[Path]:
    return sorted(folder.glob("rdf.db.version-*"))


@both
def test_the_steps_end_in_the_tables_of_the_models(database: str, tmp_path: Path) -> None:
    upgraded(database)
    engine = connect(database)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), models.metadata) == []
    stepwise = tables_of(database)
    with engine.begin() as connection:
        models.metadata.drop_all(connection)
        versions.mark.drop(connection)
    engine.dispose()
    open_database(database).dispose()
    assert tables_of(database) == stepwise


def test_there_is_one_line_of_steps_and_it_ends_at_the_models_version() -> None:
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        steps = ScriptDirectory.from_config(migrations.config(connection))
    engine.dispose()
    assert steps.get_heads() == [versions.CURRENT]
    assert [step.revision for step in steps.walk_revisions()][::-1] == [
        f"{n:04}" for n in range(1, models.SCHEMA + 1)
    ]


@both
@pytest.mark.parametrize("version", [f"{n:04}" for n in range(1, models.SCHEMA)])
def test_every_older_version_is_upgraded_at_the_start_and_keeps_its_rows(database: str, version: str) -> None:
    upgraded(database, version)
    run_sql(database, ROW)
    open_database(database).dispose()
    assert run_sql(database, "SELECT id, developer FROM graph") == [(1, "ann")]
    assert run_sql(database, "SELECT version_num FROM alembic_version") == [(versions.CURRENT,)]


@only_sqlite
def test_a_server_goes_on_with_the_oldest_database(
    config: Config,
    serve: Callable[..., Server],
    tmp_path: Path,
) -> None:
    # Given a database of the first version, in which a graph was being computed
    path = tmp_path / "rdf.db"
    with sqlite3.connect(path) as old:
        old.executescript(OLDEST.read_text())
    old.close()
    # When the server of today starts on it
    server = serve(config)
    # Then what was computed is there, what failed has its reason, names are known
    assert R.Graph(id=1).tensor(3)().tolist() == [2.0, 6.0, 12.0]
    assert R.fetch_persisting_op("kept").tolist() == [2.0, 6.0, 12.0]
    with pytest.raises(R.ComputeError, match=r"Singular matrix(?s:.*)script.py"):
        R.Graph(id=1).tensor(6)()
    # And what was not is computed now
    ann = ScriptedContributor(server.url, "ann", {})
    ann.join()
    assert R.fetch_persisting_op("half").tolist() == [2.0, 3.0, 4.0]
    ann.close()
    assert "schema_version" not in tables_of(config.database)
    # And the database as it was is beside it, for nobody else to read
    [copy] = backups(tmp_path)
    assert copy.stat().st_mode & 0o077 == 0
    assert run_sql(f"sqlite:///{copy}", "SELECT version FROM schema_version") == [(1,)]
    assert run_sql(f"sqlite:///{copy}", "SELECT state FROM assignment WHERE id = 4") == [("live",)]
    # And another start makes no more of them
    server.restart()
    assert backups(tmp_path) == [copy]


@both
def test_a_newer_version_is_refused_and_left_alone(database: str, tmp_path: Path) -> None:
    open_database(database).dispose()
    run_sql(database, "UPDATE alembic_version SET version_num = '0099'")
    with pytest.raises(ConfigError, match=r"version 0099, and this RDF knows versions up to .*newer RDF"):
        open_database(database)
    assert run_sql(database, "SELECT version_num FROM alembic_version") == [("0099",)]
    assert not backups(tmp_path)


@both
def test_tables_of_somebody_else_are_refused_and_left_alone(database: str) -> None:
    run_sql(database, "CREATE TABLE thesis (chapter INTEGER)")
    before = tables_of(database)
    with pytest.raises(ConfigError, match="not RDF's"):
        open_database(database)
    assert tables_of(database) == before


@both
def test_an_upgrade_that_fails_changes_nothing(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upgraded(database, "0001")
    before = tables_of(database)
    real = migrations.upgrade

    def fails(connection: Any) -> None:
        real(connection)
        raise sa.exc.OperationalError("", {}, Exception("no room"))

    monkeypatch.setattr(migrations, "upgrade", fails)
    with pytest.raises(ConfigError, match="no room"):
        open_database(database)
    assert tables_of(database) == before
    monkeypatch.undo()
    open_database(database).dispose()
    assert run_sql(database, "SELECT version_num FROM alembic_version") == [(versions.CURRENT,)]


@only_sqlite
def test_what_cannot_be_copied_is_not_upgraded(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upgraded(database, "0001")

    def full(*args: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("ravsock.sqlite.os.replace", full)
    with pytest.raises(ConfigError, match=r"not upgraded, as it could not be copied.*No space"):
        open_database(database)
    assert run_sql(database, "SELECT version_num FROM alembic_version") == [("0001",)]
    assert not backups(tmp_path)


@only_sqlite
def test_rows_that_refer_to_others_survive_a_table_that_is_made_anew(database: str) -> None:
    upgraded(database, "0001")
    run_sql(database, ROW)
    run_sql(database, "INSERT INTO symbol VALUES (1, 'kind', 0, '[]')")
    engine = connect(database)
    with sqlite.upgrading(engine, "0001") as connection:
        step = Operations(MigrationContext.configure(connection))
        # Alembic copies the table and drops the old one, which must not delete by ON DELETE CASCADE
        with step.batch_alter_table("graph", recreate="always"):
            pass
    engine.dispose()
    assert run_sql(database, "SELECT count(*) FROM symbol") == [(1,)]


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ann:secret@127.0.0.1:1/rdf",  # nobody is there
        "postgresql://ann:secret@127.0.0.1:1",  # no database
        "postgresql://ann:secret@127.0.0.1:port/rdf",  # no URL
        "oracle://ann:secret@127.0.0.1/rdf",
    ],
)
def test_no_refusal_shows_the_password(url: str) -> None:
    with pytest.raises(ConfigError) as told:
        open_database(url)
    assert "secret" not in str(told.value)
    assert "secret" not in shown(url)


@both
def test_a_reset_makes_the_tables_anew_if_it_is_told_to_lose_what_is_there(
    database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--database", database, "--data-dir", str(tmp_path / "data")]
    # Given nothing: it makes the tables
    assert resetting.main(words) == 0
    made = tables_of(database)
    assert set(made) >= set(models.metadata.tables)
    # Given a graph and a file: it says so, and needs to be told
    run_sql(database, ROW)
    file = tmp_path / "data" / ("0" * 64)
    file.parent.mkdir()
    file.write_bytes(b"0")
    capsys.readouterr()
    assert resetting.main(words) == 2
    assert "has 1 graphs, 0 tokens" in capsys.readouterr().err
    assert run_sql(database, "SELECT count(*) FROM graph") == [(1,)] and file.exists()
    # When it is told
    assert resetting.main([*words, "--yes"]) == 0
    assert "deleted 1 graphs, 0 tokens and 1 files" in capsys.readouterr().out
    assert run_sql(database, "SELECT count(*) FROM graph") == [(0,)] and not file.exists()
    assert tables_of(database) == made
    # Then numbers begin anew, and a server starts on it
    open_database(database).dispose()
    run_sql(database, ROW)
    assert run_sql(database, "SELECT id FROM graph") == [(1,)]


@both
def test_a_reset_leaves_a_database_of_somebody_else_alone(
    database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_sql(database, "CREATE TABLE thesis (chapter INTEGER)")
    words = ["--database", database, "--data-dir", str(tmp_path / "data"), "--yes"]
    assert resetting.main(words) == 1
    assert "thesis" in capsys.readouterr().err
    assert run_sql(database, "SELECT count(*) FROM thesis") == [(0,)]
