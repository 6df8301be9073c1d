"""The command `ravpy`: take part in the computing, or look at a server's graphs."""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys

from ravpy.benchmark import measure
from ravpy.client import Contributor
from ravpy.config import Config, read_config
from ravpy.listing import show_graphs
from ravpy.status import Status
from ravspec.errors import RavError


def parser() -> argparse.ArgumentParser:
    """The command line."""
    p = argparse.ArgumentParser(
        prog="ravpy",
        description="Contribute this machine's computing to an RDF server. It runs a fixed vocabulary "
        "of NumPy ops and never anybody's code.",
    )
    commands = p.add_subparsers(dest="command", required=True)
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--server", metavar="URL", help="default RAVSOCK_URL, or http://127.0.0.1:9999")
    common.add_argument(
        "--token", metavar="T", help="access token, where the server asks for one (RAV_TOKEN)"
    )
    take_part = commands.add_parser(
        "participate",
        parents=[common],
        help="compute for the server's graphs until you stop it",
        description="Connect, measure this machine, compute what the server hands out. The first Ctrl-C "
        "leaves after the piece that is computing, the second at once. Nothing is lost either way.",
    )
    take_part.add_argument(
        "--name", help="how to be called on the server (default: host name and process id)"
    )
    take_part.add_argument(
        "--transport", choices=["auto", "ftp", "http"], default="auto",
        help="how arrays over 1 MiB travel: by FTP where that goes, else by HTTP (auto), or by one alone",
    )  # fmt: skip
    take_part.add_argument(
        "--exit-when-idle", metavar="SECONDS", type=float, help="leave after so long without work"
    )
    look = commands.add_parser("list", parents=[common], help="show the server's graphs")
    look.add_argument("--approach", choices=["federated", "distributed"], help="only these")
    return p


async def participate(config: Config) -> None:
    """Measure, join, compute."""
    with Status() as status:
        hello = await asyncio.to_thread(measure, config)
        status.measured(hello)
        await Contributor(config, hello, status).run()


def main(argv: list[str] | None = None) -> int:
    """Exit code: 0 fine, 1 failed (one line says why), 2 wrong usage."""
    args = parser().parse_args(argv)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")
    try:
        if args.command == "list":
            show_graphs(read_config(args.server, args.token), args.approach)
        else:
            asyncio.run(
                participate(
                    read_config(args.server, args.token, args.name, args.transport, args.exit_when_idle)
                )
            )
    except RavError as error:
        print(f"ravpy: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
