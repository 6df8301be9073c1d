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
RAVSOCK_MESSAGE_BYTES = 256 << 20
#: other sites whose pages may speak to this server, comma-separated origins
RAVSOCK_ORIGINS = ""
#: names by which others reach the server (through a proxy, say), comma-separated, beside the address it
#: listens on and the names of its certificate
RAVSOCK_NAMES = ""

# Limits (ravsock.limits). The values are far above what honest use needs; 0 switches one off.
#: bytes of one array that is sent by itself
RAVSOCK_UPLOAD_BYTES = 64 << 30
#: ops of one graph; bytes of its values and arrays
RAVSOCK_GRAPH_OPS = 10_000_000
RAVSOCK_GRAPH_BYTES = 256 << 30
#: of one developer: graphs that have not ended, their ops, and bytes of all that is kept
RAVSOCK_DEVELOPER_GRAPHS = 10_000
RAVSOCK_DEVELOPER_OPS = 50_000_000
RAVSOCK_DEVELOPER_BYTES = 1 << 40
#: connections of one address at once, and its requests a second (this machine's addresses are not counted)
RAVSOCK_ADDRESS_CONNECTIONS = 1000
RAVSOCK_ADDRESS_REQUESTS = 1000.0
#: seconds after which a connection on which no request arrives is closed
RAVSOCK_IDLE_S = 75.0
#: seconds in which a request must have arrived, or after which it must have moved at so many bytes a second
RAVSOCK_REQUEST_S = 30.0
RAVSOCK_MIN_BPS = 1024.0
# Sweeping (ravsock.sweeping); 0: never.
#: seconds for which results of graphs that have ended are kept; persisted ones stay
RAVSOCK_KEEP_S = 30 * 86400
#: bytes of all values, above which the oldest of those results go first
RAVSOCK_KEEP_BYTES = 0
#: seconds after which an array goes that was sent and never used
RAVSOCK_ORPHAN_S = 86400
#: certificate chain and key, PEM files: then HTTP and FTP are in TLS, and nothing goes in the clear
RAVSOCK_TLS_CERT = ""
RAVSOCK_TLS_KEY = ""

#: port of the FTP server for large arrays; the ports of its data connections, first and last, "" for any; and
#: its address for clients beyond a NAT, where it is not the one that they see
RAVFTP_PORT = 2121
RAVFTP_PASSIVE_PORTS = ""
RAVFTP_MASQUERADE = ""
#: bytes that one account may have at the server which no graph uses yet
RAVFTP_QUOTA_BYTES = 64 << 30
#: seconds without a sign of its user after which a developer's account ends
RAVFTP_IDLE_S = 600.0


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
    message_bytes: int = RAVSOCK_MESSAGE_BYTES
    origins: tuple[str, ...] = ()
    tls_cert: Path | None = None
    tls_key: Path | None = None
    ftp: bool = True
    ftp_port: int = RAVFTP_PORT
    ftp_passive_ports: tuple[int, int] | None = None
    ftp_masquerade: str | None = None
    ftp_quota_bytes: int = RAVFTP_QUOTA_BYTES
    ftp_idle_s: float = RAVFTP_IDLE_S
    names: tuple[str, ...] = ()
    upload_bytes: int = RAVSOCK_UPLOAD_BYTES
    graph_ops: int = RAVSOCK_GRAPH_OPS
    graph_bytes: int = RAVSOCK_GRAPH_BYTES
    developer_graphs: int = RAVSOCK_DEVELOPER_GRAPHS
    developer_ops: int = RAVSOCK_DEVELOPER_OPS
    developer_bytes: int = RAVSOCK_DEVELOPER_BYTES
    address_connections: int = RAVSOCK_ADDRESS_CONNECTIONS
    address_requests: float = RAVSOCK_ADDRESS_REQUESTS
    idle_s: float = RAVSOCK_IDLE_S
    request_s: float = RAVSOCK_REQUEST_S
    min_bps: float = RAVSOCK_MIN_BPS
    keep_s: int = RAVSOCK_KEEP_S
    keep_bytes: int = RAVSOCK_KEEP_BYTES
    orphan_s: int = RAVSOCK_ORPHAN_S

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
    "tls_cert": "RAVSOCK_TLS_CERT",
    "tls_key": "RAVSOCK_TLS_KEY",
    "ftp_port": "RAVFTP_PORT",
    "ftp_passive_ports": "RAVFTP_PASSIVE_PORTS",
    "ftp_masquerade": "RAVFTP_MASQUERADE",
    "ftp_quota_bytes": "RAVFTP_QUOTA_BYTES",
    "ftp_idle_s": "RAVFTP_IDLE_S",
    "origins": "RAVSOCK_ORIGINS",
    "names": "RAVSOCK_NAMES",
    "message_bytes": "RAVSOCK_MESSAGE_BYTES",
    "upload_bytes": "RAVSOCK_UPLOAD_BYTES",
    "graph_ops": "RAVSOCK_GRAPH_OPS",
    "graph_bytes": "RAVSOCK_GRAPH_BYTES",
    "developer_graphs": "RAVSOCK_DEVELOPER_GRAPHS",
    "developer_ops": "RAVSOCK_DEVELOPER_OPS",
    "developer_bytes": "RAVSOCK_DEVELOPER_BYTES",
    "address_connections": "RAVSOCK_ADDRESS_CONNECTIONS",
    "address_requests": "RAVSOCK_ADDRESS_REQUESTS",
    "idle_s": "RAVSOCK_IDLE_S",
    "request_s": "RAVSOCK_REQUEST_S",
    "min_bps": "RAVSOCK_MIN_BPS",
    "keep_s": "RAVSOCK_KEEP_S",
    "keep_bytes": "RAVSOCK_KEEP_BYTES",
    "orphan_s": "RAVSOCK_ORPHAN_S",
}

#: the limits, from message_bytes on: numbers that are not below 0
LIMITS = tuple(ENVIRONMENT)[tuple(ENVIRONMENT).index("message_bytes") :]


def parse(field: str, value: Any) -> Any:
    """A setting as its type, from the text of an environment variable or the command line."""
    try:
        match field:
            case "ftp":
                return bool(value)
            case "ftp_passive_ports":
                first, _, last = value.partition("-")
                ports = int(first), int(last or first)
                if not 0 < ports[0] <= ports[1] <= 65535:
                    raise ValueError("a range of ports is written 60000-60100")
                return ports
            case "ftp_quota_bytes":
                if int(value) < 0:
                    raise ValueError("a quota is 0 bytes or more")
                return int(value)
            case "ftp_idle_s":
                if not float(value) > 0:
                    raise ValueError("a time is more than 0 seconds")
                return float(value)
            case "port" | "ftp_port":
                port = int(value)
                if not 0 <= port <= 65535:
                    raise ValueError("a port is a number from 0 to 65535")
                return port
            case "lease_s":
                lease_s = float(value)
                if not 0.1 <= lease_s <= 3600:
                    raise ValueError("a lease is from 0.1 to 3600 seconds")
                return lease_s
            case "data_dir" | "tls_cert" | "tls_key":
                return Path(value)
            case "origins" | "names":
                return tuple(part.strip() for part in value.split(",") if part.strip())
            case _ if field in LIMITS:
                limit = type(getattr(Config(), field))(value)
                if not 0 <= limit < float("inf"):
                    raise ValueError("a limit is 0 (none) or more")
                return limit
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
    if host == "localhost":  # no name that is resolved: it is the browser's own
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def is_open_to_others(config: Config) -> bool:
    """Can others than this machine reach the server, themselves or through a proxy?"""
    return not is_loopback(config.host) or any(not is_loopback(name) for name in config.names)
