"""The command `ravftp`: serve arrays by FTP, alone or as the child of ravsock."""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
from pathlib import Path
from typing import Any

from ravftp.config import RAVFTP_QUOTA_BYTES, Config, config_from_json, passive_ports
from ravftp.grants import Grants, password_hash
from ravftp.parent import Parent, say
from ravftp.server import Server
from ravspec.errors import ConfigError, RavError

EPILOG = """\
ravsock starts a ravftp of its own and tells it who may read what; this command is for serving a data
folder by itself. The grants file is JSON:

  {"grants": [{"user": "ann", "password": "a long random one", "readable": ["<SHA-256>", ...]},
              {"user": "bob", "password_sha256": "<64 hex digits>", "reads_all": true,
               "quota_bytes": 1000000000}]}

`python -c "import secrets; print(secrets.token_urlsafe())"` makes a password. Then, for instance:

  ravftp --data-dir rdf-data --grants grants.json --port 2121
  curl -u ann:... ftp://127.0.0.1:2121/<SHA-256> -o array
  curl -u ann:... -T array ftp://127.0.0.1:2121/up/<32 hex digits of your choice> \\
       -Q "-RNFR /up/<the same>" -Q "-RNTO /<SHA-256 of the file>"

An upload counts once it is renamed to its SHA-256; a broken one goes on where it stopped (curl -C -).
Prints one line `ravftp ready HOST:PORT`; stop it with Ctrl-C."""


def parser() -> argparse.ArgumentParser:
    """The command line."""
    p = argparse.ArgumentParser(
        prog="ravftp",
        description="Large arrays by FTP, each named by the SHA-256 of its bytes.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    p.add_argument("--grants", metavar="FILE", type=Path, help="who may do what, see below")
    p.add_argument("--data-dir", metavar="DIR", type=Path, default=Path("rdf-data"), help="default rdf-data")
    p.add_argument("--host", default="127.0.0.1", help="address to listen on (default 127.0.0.1)")
    p.add_argument("--port", type=int, default=2121, help="default 2121, 0 for a free one")
    p.add_argument("--passive-ports", default="", metavar="A-B", help="for data connections (default: any)")
    p.add_argument("--masquerade", metavar="HOST", help="this server's address outside, behind NAT")
    p.add_argument("--tls-cert", type=Path, metavar="PEM", help="certificate chain: then all is FTPS")
    p.add_argument("--tls-key", type=Path, metavar="PEM", help="its key, if it is another file")
    p.add_argument("--child", action="store_true", help="for ravsock: settings and grants by standard input")
    return p


def read_grants(path: Path, server: Server) -> None:
    """Give the grants of a file."""
    try:
        rows = json.loads(path.read_text())["grants"]
        for row in rows:
            fields = {"quota_bytes": RAVFTP_QUOTA_BYTES, **row}
            if "password" in fields:
                fields["password_sha256"] = password_hash(fields.pop("password"))
            server.grant(**fields)
    except OSError as error:
        raise ConfigError(f"the grants file {path} cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError) as error:
        if isinstance(error, RavError):
            raise
        raise ConfigError(f"the grants file {path} is not as `ravftp --help` shows it: {error}") from None


def serve_alone(args: argparse.Namespace) -> None:
    """Serve by a grants file until told to stop."""
    if args.grants is None:
        raise ConfigError("--grants FILE is missing: nobody could log in; `ravftp --help` shows its form")
    if not args.data_dir.is_dir():
        raise ConfigError(f"there is no data folder {args.data_dir}; make it, or name another by --data-dir")
    config = Config(
        data_dir=args.data_dir,
        host=args.host,
        port=args.port,
        passive_ports=passive_ports(args.passive_ports),
        masquerade=args.masquerade,
        tls_cert=args.tls_cert,
        tls_key=args.tls_key,
    )
    server = Server(config, Grants())
    read_grants(args.grants, server)
    server.stop_on_signals()
    print(f"ravftp ready {config.host}:{server.port}", flush=True)
    server.serve()


def serve_child() -> None:
    """Serve for ravsock: its first line has the settings. Nothing else may write to standard output."""
    out = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    heard = os.dup(sys.stdin.fileno())
    try:
        server = Server(config_from_json(first_line(heard)), Grants())
    except ConfigError as error:
        say(out, event="failed", reason=str(error))
        return
    parent = Parent(server, heard, out)
    server.stop_on_signals()
    parent.tell(event="ready", port=server.port)
    server.serve()


def first_line(file: int) -> Any:
    """The first line of a pipe as JSON, and not a byte of what follows."""
    line = b""
    while not line.endswith(b"\n"):
        part = os.read(file, 1)
        if not part:
            raise ConfigError("ravsock closed the pipe before it gave the settings")
        line += part
    return json.loads(line)


def main(argv: list[str] | None = None) -> int:
    """Exit code: 0 stopped as told, 1 could not serve (one line says why), 2 wrong usage."""
    args = parser().parse_args(argv)
    logging.basicConfig(
        level=logging.WARNING,
        stream=sys.stderr,
        format="%(asctime)s %(levelname)s %(name)s %(message)s",
    )
    try:
        if args.child:
            serve_child()
        else:
            serve_alone(args)
    except ConfigError as error:
        print(f"ravftp: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
