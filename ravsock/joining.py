"""The join link: how people get to the page at /, in the terminal and on a projector.

Behind its # it may carry a contributor's token. Browsers send that part to nobody: it stays out of logs
and of other sites' sight, and the page takes it out of the address bar.
"""

from __future__ import annotations

import contextlib
import io
import os
import socket
from typing import TextIO
from urllib.parse import urlsplit

import segno

from ravsock.config import Config, is_loopback
from ravsock.database import open_database
from ravsock.doorkeeper import Doorkeeper
from ravsock.issuing import make
from ravsock.roles import Role
from ravspec.errors import TokenError

#: listening there is listening at every address of the machine
EVERY = ("0.0.0.0", "::")
#: in the data folder
TOKEN_FILE = "join-token"
#: any address will do: nothing is sent, the system only says by which of its own it would go there
ELSEWHERE = ("192.0.2.1", 9)


def join_link(config: Config, url: str, token: str | None) -> str:
    """The link from a URL of the server; for people on other machines, where it listens for those."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if host in EVERY or (is_loopback(host) and config.host in EVERY):
        host = config.names[0] if config.names else own_address()
    host = f"[{host}]" if ":" in host else host
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{host}{port}/" + (f"#token={token}" if token else "")


def join_token(config: Config, door: Doorkeeper) -> str | None:
    """A contributor's token for the link, where tokens are asked for.

    It is kept in a file of the data folder that only the server's user can read, so that a link on a poster
    survives a restart; once it is revoked, the next start makes another.
    """
    if not door.demands:
        return None
    path = config.data_dir / TOKEN_FILE
    with contextlib.suppress(FileNotFoundError):
        text = path.read_text().strip()
        with contextlib.suppress(TokenError):
            if door.admit(text).role is Role.CONTRIBUTOR:
                return text
    engine = open_database(config.database)
    try:
        with engine.begin() as connection:
            _, _, text = make(connection, Role.CONTRIBUTOR, "join-link", None)
    finally:
        engine.dispose()
    path.unlink(missing_ok=True)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    return text


def own_address() -> str:
    """The address by which others reach this machine, as far as one can tell from here."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(ELSEWHERE)
            return str(probe.getsockname()[0])
        except OSError:  # no network at all
            return socket.gethostname()


def show(link: str, out: TextIO) -> None:
    """Print the link; in a terminal with its QR code, for telephones."""
    print(f"browsers join at {link}", file=out, flush=True)
    if out.isatty():
        segno.make(link, error="l").terminal(out, compact=True, border=2)


def qr_svg(link: str) -> str:
    """The link's QR code as a picture that scales."""
    out = io.BytesIO()
    segno.make(link, error="m").save(out, kind="svg", xmldecl=False, border=3, omitsize=True, dark="#111")
    return out.getvalue().decode()
