"""Settings of the server: the documented names, the environment over them, the command line over both."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from ravspec.errors import ConfigError
from ravspec.values import INLINE_BYTES

#: where the tables are. SQLAlchemy's URL form; RDF's `sqlite:///rdf.db?check_same_thread=False` too
RDF_DATABASE_URI = "sqlite:///rdf.db"
#: where arrays over SQL_BYTES are
RDF_DATA_DIR = "rdf-data"
RAVSOCK_HOST = "127.0.0.1"
RAVSOCK_PORT = 9999
#: seconds of silence after which a life is lost; ping, retry and stall limits derive from it
LEASE_S = 10.0
#: values up to this many bytes are kept in SQL, larger ones as files
SQL_BYTES = 1 << 16
#: the largest message a peer may send; arrays over INLINE_BYTES go by themselves
MESSAGE_BYTES = 256 << 20
#: other sites whose pages may speak to this server, comma-separated origins
RAVSOCK_ORIGINS = ""
#: names by which others reach the server (through a proxy, say), comma-separated, beside the address it
#: listens on and the names of its certificate
RAVSOCK_NAMES = ""


@dataclass(frozen=True, slots=True)
class Config:
    """All settings, read once."""

    database: str = RDF_DATABASE_URI
    data_dir: Path = Path(RDF_DATA_DIR)
    host: str = RAVSOCK_HOST
    port: int = RAVSOCK_PORT
    lease_s: float = LEASE_S
    sql_bytes: int = SQL_BYTES
    inline_bytes: int = INLINE_BYTES
    message_bytes: int = MESSAGE_BYTES
    origins: tuple[str, ...] = ()
    names: tuple[str, ...] = ()

    @property
    def heartbeat_s(self) -> float:
        """How often a contributor says it is there: three times in a lease."""
        return self.lease_s / 3


#: environment variable of each setting
ENVIRONMENT = {
    "database": "RDF_DATABASE_URI",
    "data_dir": "RDF_DATA_DIR",
    "host": "RAVSOCK_HOST",
    "port": "RAVSOCK_PORT",
    "lease_s": "LEASE_S",
    "origins": "RAVSOCK_ORIGINS",
    "names": "RAVSOCK_NAMES",
}


def parse(field: str, value: Any) -> Any:
    """A setting as its type, from the text of an environment variable or the command line."""
    try:
        match field:
            case "port":
                port = int(value)
                if not 0 <= port <= 65535:
                    raise ValueError("a port is a number from 0 to 65535")
                return port
            case "lease_s":
                lease_s = float(value)
                if not 0.1 <= lease_s <= 3600:
                    raise ValueError("a lease is from 0.1 to 3600 seconds")
                return lease_s
            case "data_dir":
                return Path(value)
            case "origins" | "names":
                return tuple(part.strip() for part in value.split(",") if part.strip())
        return str(value)
    except ValueError as error:
        raise ConfigError(f"{ENVIRONMENT[field]}={value!r} cannot be used: {error}") from None


def read_config(flags: Mapping[str, Any], environ: Mapping[str, str] = os.environ) -> Config:
    """The settings: flags that are not None over the environment over the documented values."""
    given: dict[str, Any] = {}
    for name in (field.name for field in fields(Config)):
        variable = ENVIRONMENT.get(name)
        if variable and environ.get(variable):
            given[name] = parse(name, environ[variable])
        if flags.get(name) is not None:
            given[name] = parse(name, flags[name])
    return replace(Config(), **given)


def is_loopback(host: str) -> bool:
    """True for an address or name of this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def is_open_to_others(config: Config) -> bool:
    """Can others than this machine reach the server, themselves or through a proxy?"""
    return not is_loopback(config.host) or any(not is_loopback(name) for name in config.names)
