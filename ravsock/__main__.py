"""The command `ravsock` (and run_ravsock.py): read the settings, serve until told to stop."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import logging
import signal
import sys

from ravsock import issuing, joining
from ravsock.app import CONFIG, listen, make_app
from ravsock.config import Config, read_config
from ravsock.routes import DOOR
from ravspec.errors import ConfigError

log = logging.getLogger("ravsock")


def parser() -> argparse.ArgumentParser:
    """The command line."""
    p = argparse.ArgumentParser(
        prog="ravsock",
        description="The RDF server: takes graphs, deals them out to contributors, keeps the values.",
        epilog="Each setting may also come from the environment: RAVSOCK_HOST, RAVSOCK_PORT, "
        "RDF_DATABASE_URI, RDF_DATA_DIR, LEASE_S, RAVSOCK_ORIGINS. Prints one line `ravsock ready URL` "
        "when it can serve; logs go to standard error. Stop it with Ctrl-C.",
    )
    p.add_argument("--host", help="address to listen on (default 127.0.0.1)")
    p.add_argument("--port", help="port to listen on, 0 for a free one (default 9999)")
    p.add_argument("--database", metavar="URL", help="default sqlite:///rdf.db")
    p.add_argument("--data-dir", metavar="DIR", help="folder for large arrays (default rdf-data)")
    p.add_argument("--ftp-port", metavar="P", help="port for arrays by FTP, 0 for a free one (default 2121)")
    p.add_argument(
        "--no-ftp", dest="ftp", action="store_const", const=False, help="serve arrays by HTTP alone"
    )
    p.add_argument("--log-level", default="INFO", choices=["DEBUG", "INFO", "WARNING", "ERROR"])
    issuing.add_parser(p.add_subparsers(dest="command", title="other commands", metavar=""))
    return p


async def serve(config: Config) -> None:
    """Serve until SIGINT or SIGTERM."""
    app = make_app(config)
    runner, url = await listen(app)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # Windows: KeyboardInterrupt ends it there
            loop.add_signal_handler(name, stop.set)
    # the objects of start-up live for ever: keep the garbage collector from walking them again and again
    gc.freeze()
    link = joining.join_link(app[CONFIG], url, joining.join_token(config, app[DOOR]))
    joining.show(link, sys.stderr, config)
    print(f"ravsock ready {url}", flush=True)
    await stop.wait()
    log.info("action=stopping")
    await runner.cleanup()


def main(argv: list[str] | None = None) -> int:
    """Exit code: 0 stopped as told, 1 could not serve (one line says why), 2 wrong usage."""
    args = vars(parser().parse_args(argv))
    logging.basicConfig(
        level=args.pop("log_level"),
        stream=sys.stderr,
        format="%(asctime)s %(levelname)s %(name)s %(message)s",
    )
    try:
        if args["command"] == "token":
            return issuing.run(args)
        asyncio.run(serve(read_config(args)))
    except ConfigError as error:
        print(f"ravsock: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
