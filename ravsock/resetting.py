"""`reset.py`: drop and create the tables, clear the data folder, and say what was done. It never asks."""

from __future__ import annotations

import argparse
import sys

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DatabaseError

from ravsock import folder
from ravsock.config import read_config
from ravsock.database import connect, create_tables
from ravspec.errors import ConfigError


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
    try:
        config = read_config(args)
        engine = connect(config.database)
        with engine.begin() as connection:
            n_graphs, n_files = count_graphs(connection), folder.count(config.data_dir)
            if (n_graphs or n_files) and not yes:
                print(
                    f"reset.py: {config.database} has {n_graphs} graphs, {config.data_dir} {n_files} files. "
                    "Nothing was changed; to delete them, run it with --yes",
                    file=sys.stderr,
                )
                return 2
            drop_tables(connection)
            create_tables(connection)
        folder.clear(config.data_dir)
    except DatabaseError as error:
        print(f"reset.py: the database {config.database} cannot be reset: {error.orig}", file=sys.stderr)
        return 1
    except (ConfigError, OSError) as error:
        print(f"reset.py: {error}", file=sys.stderr)
        return 1
    deleted = f"deleted {n_graphs} graphs and {n_files} files of {config.data_dir}"
    print(f"made the tables of {config.database}; {deleted}")
    return 0


def count_graphs(connection: Connection) -> int:
    """How many graphs there are; 0 where there is no table of them."""
    if not sa.inspect(connection).has_table("graph"):
        return 0
    return int(connection.execute(sa.text("SELECT count(*) FROM graph")).scalar_one())


def drop_tables(connection: Connection) -> None:
    """Drop every table that is there, older versions' too."""
    found = sa.MetaData()
    found.reflect(connection)
    found.drop_all(connection)
