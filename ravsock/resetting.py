"""`reset.py`: drop and create the tables, clear the data folder, and say what was done. It never asks."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Iterator

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DBAPIError

from ravsock import folder, versions
from ravsock.config import read_config
from ravsock.database import connect, one_line, shown
from ravspec.errors import ConfigError

#: tables that have what people would miss
COUNTED = ("graph", "token")


def main(argv: list[str] | None = None) -> int:
    """Exit code: 0 done, 1 failed, 2 there is something to lose and --yes was not given (or wrong usage)."""
    p = argparse.ArgumentParser(
        prog="reset.py",
        description="Make RDF's tables anew and clear the data folder. If there are graphs or files to lose, "
        "it does so only with --yes. Stop the server first.",
    )
    p.add_argument("--database", metavar="URL", help="default RDF_DATABASE_URI, or sqlite:///rdf.db")
    p.add_argument("--data-dir", metavar="DIR", help="default RDF_DATA_DIR, or rdf-data")
    p.add_argument("--yes", action="store_true", help="delete what is there")
    args = vars(p.parse_args(argv))
    yes = args.pop("yes")
    database = ""
    try:
        config = read_config(args)
        database, data_dir = shown(config.database), config.data_dir
        with disposed(connect(config.database)) as engine, engine.begin() as connection:
            check_is_ours(connection, database)
            n_files, n_rows = folder.count(data_dir), {name: count(connection, name) for name in COUNTED}
            there = ", ".join(f"{n} {name}s" for name, n in n_rows.items())
            if (n_files or any(n_rows.values())) and not yes:
                print(
                    f"reset.py: {database} has {there}, {data_dir} {n_files} files. "
                    "Nothing was changed; to delete them, run it with --yes",
                    file=sys.stderr,
                )
                return 2
            drop_tables(connection)
            versions.create_tables(connection)
        folder.clear(data_dir)
    except DBAPIError as error:
        print(f"reset.py: the database {database} cannot be reset: {one_line(error.orig)}", file=sys.stderr)
        return 1
    except (ConfigError, OSError) as error:
        print(f"reset.py: {error}", file=sys.stderr)
        return 1
    print(f"made the tables of {database}; deleted {there} and {n_files} files of {data_dir}")
    return 0


@contextlib.contextmanager
def disposed(engine: Engine) -> Iterator[Engine]:
    """An engine that keeps no connections afterwards."""
    try:
        yield engine
    finally:
        engine.dispose()


def check_is_ours(connection: Connection, database: str) -> None:
    """A database in which others have tables is none of ours to make anew."""
    others = versions.table_names(connection) - versions.ours()
    if others:
        raise ConfigError(
            f"the database {database} has tables that are not RDF's ({', '.join(sorted(others)[:5])}), so "
            "nothing was changed. Name another database"
        )


def count(connection: Connection, table: str) -> int:
    """How many rows a table has; 0 where there is none."""
    if table not in versions.table_names(connection):
        return 0
    return int(connection.execute(sa.text(f"SELECT count(*) FROM {table}")).scalar_one())


def drop_tables(connection: Connection) -> None:
    """Drop every table that is there, older versions' too."""
    found = sa.MetaData()
    found.reflect(connection)
    found.drop_all(connection)
