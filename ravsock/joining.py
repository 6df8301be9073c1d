"""The join link: how people get to the page at /, in the terminal and on a projector.

Behind its # it may carry a contributor's token. Browsers send that part to nobody: it stays out of other
sites' sight, and the page takes it out of the address bar. A terminal is shown it; a log, which is kept and
read by others, is told the file that it is in.
"""

from __future__ import annotations

import contextlib
import io
import os
import socket
from collections.abc import Iterator
from typing import TextIO
from urllib.parse import urlsplit

import segno

from ravsock.config import Config, is_loopback
from ravsock.database import changing, open_database
from ravsock.doorkeeper import Doorkeeper
from ravsock.issuing import make
from ravsock.roles import Role
from ravspec.errors import TokenError

#: listening there is listening at every address of the machine
EVERY = ("0.0.0.0", "::")
#: in the data folder
TOKEN_FILE = "join-token"
#: of a link that a telephone would look for in itself
HERE_ONLY = "this link is for browsers on this machine; docs/operating.md says how to let others in"
#: any address will do: nothing is sent, the system only says by which of its own it would go there
ELSEWHERE = ("192.0.2.1", 9)


def join_link(config: Config, url: str, token: str | None) -> str:
    """The link from a URL of the server: for people on other machines, where those reach it.

    `config.names` has those of the certificate too. An address that only the server itself knows gives way
    to a name; one that somebody came by is good for others as well.
    """
    parts = urlsplit(url)
    scheme, host, port = parts.scheme, parts.hostname or "", parts.port
    if is_loopback(host) or host in (*EVERY, config.host):
        name = next(names_for_others(config), "")
        if not is_loopback(config.host):
            host = name or (own_address() if config.host in EVERY else config.host)
        elif name and scheme == "http":
            # what goes by that name is a proxy, and listens where https does (docs/operating.md)
            scheme, host, port = "https", name, None
    host = f"[{host}]" if ":" in host else host
    return f"{scheme}://{host}{f':{port}' if port else ''}/" + (f"#token={token}" if token else "")


def names_for_others(config: Config) -> Iterator[str]:
    """The names by which others can call the server; *.example.org is not one, but a pattern of many."""
    for name in config.names:
        if "*" not in name and not is_loopback(name):
            yield name.strip("[]")


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
        with changing(engine) as connection:
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


def show(link: str, out: TextIO, config: Config) -> None:
    """Print the link; in a terminal with its token and, for telephones, its QR code."""
    if out.isatty():
        print(f"browsers join at {link}", file=out, flush=True)
        segno.make(link, error="l").terminal(out, compact=True, border=2)
        if is_loopback(urlsplit(link).hostname or ""):
            print(HERE_ONLY, file=out, flush=True)
        return
    address, _, token = link.partition("#")
    more = f"#token=TOKEN, which is in {config.data_dir / TOKEN_FILE}" if token else ""
    print(f"browsers join at {address}{more}", file=out, flush=True)


def qr_svg(link: str) -> str:
    """The link's QR code as a picture that scales."""
    out = io.BytesIO()
    segno.make(link, error="m").save(out, kind="svg", xmldecl=False, border=3, omitsize=True, dark="#111")
    return out.getvalue().decode()
