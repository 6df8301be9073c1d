"""The command `ravpy`: take part in the computing, or look at a server's graphs."""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
from pathlib import Path
from typing import Any

from ravpy.benchmark import measure
from ravpy.client import Contributor
from ravpy.config import Config, read_config
from ravpy.federated import Task, federate
from ravpy.ledger import Ledger
from ravpy.listing import show_graphs
from ravpy.policy import Refused, read_policy
from ravpy.status import Status
from ravpy.table import Format
from ravspec.errors import RavError
from ravspec.places import state_dir


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
    add_federate(commands, common)
    commands.add_parser(
        "key",
        help="show the key of this machine for sealed graphs",
        description="Show the public key that the developer puts into the roster of a sealed graph. The "
        "private one stays in $RDF_STATE_DIR/contributor, or ~/.rdf/contributor.",
    )
    return p


def add_federate(commands: Any, common: argparse.ArgumentParser) -> None:
    """The command `federate`."""
    f = commands.add_parser(
        "federate",
        parents=[common],
        help="take part in a federated graph with a CSV file of yours",
        description="Compute the sums that the graph asks for, show them to you with who asks and who could "
        "open them, and send them encrypted if you agree. The file stays where it is. Rules of your own "
        "(policy.toml in $RDF_STATE_DIR/contributor, or ~/.rdf/contributor) decide what may leave at all.",
    )
    f.add_argument("graph", metavar="GRAPH_ID", type=int, help="see `ravpy list --approach federated`")
    f.add_argument("--file", type=Path, required=True, help="the CSV file; its first line names the columns")
    f.add_argument("--expect", metavar="FINGERPRINT", help="refuse any other question than the one with this")
    f.add_argument("--yes", action="store_true", help="agree without being asked; only with --expect")
    f.add_argument("--encoding", default="utf-8-sig", help="of the file (default utf-8)")
    f.add_argument("--separator", default=",", help="between cells (default a comma; 'tab' for tabs)")
    f.add_argument("--decimal-comma", action="store_true", help="numbers are written 3,25")
    f.add_argument("--missing", metavar="WORDS", default="", help="further words for missing cells: '?,-9'")
    f.add_argument("--policy", type=Path, metavar="FILE", help="another file of rules")
    f.add_argument("--min-clients", type=int, metavar="N", help="your floor of contributors (default 3)")
    f.add_argument("--min-rows", type=int, metavar="N", help="your floor of rows (default 10)")
    f.add_argument(
        "--dominance", type=float, metavar="SHARE", help="how much of a sum one row may be (default 0.5)"
    )
    f.add_argument(
        "--max-epsilon", type=float, metavar="E", help="require noise, of E in all graphs together"
    )
    f.add_argument("--allow-plain", action="store_true", default=None, help="let the server read your sums")
    f.add_argument("--allow-insecure", action="store_true", default=None, help="take keys that are too short")


#: rules of the policy that the command line may say for once
FLAGS = ("min_clients", "min_rows", "dominance", "max_epsilon", "allow_plain", "allow_insecure")


#: to who agreed and then stopped it
MAYBE_SENT = "It may have been sent; run the same command to be sure: nothing is counted twice"


def take_part(args: argparse.Namespace, config: Config) -> int:
    """`ravpy federate`: 0 if something was sent."""
    if args.yes and not args.expect:
        print("ravpy: --yes needs --expect FINGERPRINT, as the developer told you", file=sys.stderr)
        return 2
    state = state_dir()
    flags = {name: getattr(args, name) for name in FLAGS}
    words = frozenset(word.strip().lower() for word in args.missing.split(",") if word.strip())
    separator = "\t" if args.separator in ("tab", "\\t") else args.separator
    form = Format(args.encoding, separator, args.decimal_comma, words)
    policy = read_policy(args.policy, state, **flags)
    agreed = []

    def consent(text: str) -> bool:
        print(text)
        answer = "yes" if args.yes else input('To send it, type "yes": ').strip().lower()
        agreed.append(answer == "yes")
        return agreed[-1]

    try:
        task = Task(args.graph, args.file, form, policy, state, args.expect, args.yes)
        print(federate(config, task, consent))
    except Refused as reason:
        print(f"refused here, nothing was sent. {reason}", file=sys.stderr)
        return 1
    except EOFError:
        print("\nnothing was sent: nobody agreed", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"\nstopped. {MAYBE_SENT if any(agreed) else 'Nothing was sent'}", file=sys.stderr)
        return 1
    except RavError:
        raise  # a server that does not answer is an OSError, too, and no fault of the folder
    except OSError as error:
        print(f"ravpy: the folder {state} cannot be used: {error}", file=sys.stderr)
        return 1
    return 0 if all(agreed) else 1


def own_key() -> str:
    """`ravpy key`."""
    from ravpy.seals import SealKey  # X25519, without which all other commands do

    return SealKey(state_dir(), Ledger(state_dir())).public()


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
        if args.command == "federate":
            return take_part(args, read_config(args.server, args.token))
        if args.command == "key":
            print(own_key())
            return 0
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
