"""Settings of ravftp. ravsock hands them to its child; alone, the command line gives them."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ravspec.errors import ConfigError

#: bytes that a user may have here which are not in use by any graph yet
RAVFTP_QUOTA_BYTES = 64 << 30


@dataclass(frozen=True, slots=True)
class Config:
    """How to serve."""

    data_dir: Path
    host: str = "127.0.0.1"
    port: int = 2121
    #: ports for data connections, first and last; None: any
    passive_ports: tuple[int, int] | None = None
    #: the address that clients are told for data connections, where it is not the one they see (NAT)
    masquerade: str | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None
    #: connections at once, control and data, in all and from one address
    max_connections: int = 512
    max_connections_per_address: int = 128
    #: seconds that a login may take, a connection stand without a command, a transfer without a byte
    login_s: float = 20.0
    idle_s: float = 300.0
    stall_s: float = 60.0


def passive_ports(text: str) -> tuple[int, int] | None:
    """ "60000-60100" as a pair; "" is None."""
    if not text:
        return None
    first, _, last = text.partition("-")
    try:
        ports = int(first), int(last or first)
    except ValueError:
        ports = (0, 0)
    if not 0 < ports[0] <= ports[1] <= 65535:
        raise ConfigError(f"{text!r:.80} is no range of ports; write for instance 60000-60100")
    return ports


def masquerade_ip(name: str) -> str:
    """The IPv4 address of a name: FTP's PASV knows no others."""
    try:
        return str(socket.getaddrinfo(name, None, socket.AF_INET)[0][4][0])
    except OSError as error:
        raise ConfigError(f"the masquerade address {name!r:.80} has no IPv4 address: {error}") from None


def config_from_json(fields: dict[str, Any]) -> Config:
    """What ravsock gives in the first line (ravsock.ftp)."""
    paths = {key: Path(fields[key]) for key in ("data_dir", "tls_cert", "tls_key") if fields.get(key)}
    ports = fields.get("passive_ports")
    return Config(**{**fields, **paths, "passive_ports": tuple(ports) if ports else None})
