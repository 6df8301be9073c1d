"""The steps from each version of the tables to the next, with Alembic.

A step says its tables in words of its own, not those of ravsock.models, which go on changing. To add one:
change the models, raise models.SCHEMA, write versions/vN_....py; the tests compare.
"""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy.engine import Connection

from ravsock import models

#: what env.py finds the connection by
CONNECTION = "connection"


def config(connection: Connection) -> Config:
    """Alembic's settings; there is no file of them."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes[CONNECTION] = connection
    return config


def upgrade(connection: Connection, version: str = f"{models.SCHEMA:04}") -> None:
    """Take the steps from the database's version to that one, in the connection's transaction."""
    command.upgrade(config(connection), version)
