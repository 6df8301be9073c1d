"""The version of the tables: the mark in the database, and what is done when it is not ours.

An empty database gets the tables of ravsock.models as they are. Older ones are upgraded by
ravsock.migrations, one step a version; that both ways end in the same tables is tested.
"""

from __future__ import annotations

import logging

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from ravsock import models
from ravsock.sql import Store
from ravspec.errors import ConfigError

log = logging.getLogger(__name__)

CURRENT = f"{models.SCHEMA:04}"

#: Alembic's own table; one row
mark = sa.Table(
    "alembic_version",
    sa.MetaData(),
    sa.Column("version_num", sa.String(32), nullable=False),
    sa.PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)

#: the mark before version 4
old_mark = sa.Table("schema_version", sa.MetaData(), sa.Column("version", sa.Integer, primary_key=True))


def table_names(connection: Connection) -> set[str]:
    """The tables that are there, ours or not."""
    return set(sa.inspect(connection).get_table_names())


def ours() -> set[str]:
    """The names of all tables that are RDF's, marks included."""
    return {*models.metadata.tables, mark.name, old_mark.name}


def version_of(connection: Connection) -> str | None:
    """The version of the tables, four digits; None where there are no tables, "unknown" without a mark."""
    names = table_names(connection)
    if mark.name in names:
        return connection.execute(sa.select(mark.c.version_num)).scalar() or "unknown"
    if old_mark.name in names:
        version = connection.execute(sa.select(old_mark.c.version)).scalar()
        return "unknown" if version is None else f"{version:04}"
    return "unknown" if names else None


def bring_up(engine: Engine, store: Store, name: str) -> None:
    """Make the tables, or upgrade them; ConfigError if they are not RDF's, or a newer RDF's.

    name: of the database, for messages.
    """
    with engine.connect() as connection:
        version = version_of(connection)
    if version == CURRENT:
        return
    if version is None:
        with engine.execution_options(**store.CHANGING).begin() as connection:
            store.hold(connection)
            if version_of(connection) is None:  # nobody else was faster
                create_tables(connection)
        return
    check_is_older(version, name)
    with store.upgrading(engine, version) as connection:
        if version_of(connection) == version:
            _upgrade(connection, version)
    log.info("action=upgraded database=%s before=%s now=%s", name, version, CURRENT)


def check_is_older(version: str, name: str) -> None:
    """ConfigError for tables from which no steps lead here."""
    if not version.isdecimal():
        raise ConfigError(
            f"the database {name} has tables of version {version}, which are not RDF's. Name another database"
        )
    if version > CURRENT:
        raise ConfigError(
            f"the database {name} is of version {version}, and this RDF knows versions up to {CURRENT}: a "
            "newer RDF has upgraded it. Start that one, or put back the backup from before the upgrade"
        )


def create_tables(connection: Connection) -> None:
    """All tables, and the mark of their version."""
    models.metadata.create_all(connection)
    _mark(connection, CURRENT)


def _mark(connection: Connection, version: str) -> None:
    mark.create(connection)
    connection.execute(mark.insert().values(version_num=version))


def _upgrade(connection: Connection, version: str) -> None:
    # Alembic takes 0.3 s to import, and is needed once in the life of a version
    from ravsock import migrations

    if old_mark.name in table_names(connection):
        old_mark.drop(connection)
        _mark(connection, version)
    migrations.upgrade(connection)
