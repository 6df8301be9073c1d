"""make_server: an FTP server over a data folder and a table of grants."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from typing import Any

from OpenSSL import SSL
from pyftpdlib.ioloop import IOLoop
from pyftpdlib.servers import FTPServer

from ravftp.accounts import Accounts
from ravftp.config import Config, masquerade_ip
from ravftp.grants import Grants
from ravftp.mailbox import Mailbox
from ravftp.sessions import Receiving, ReceivingTls, Session, SessionTls
from ravftp.uploads import Uploads
from ravspec.errors import ConfigError

#: told (user, digest, size, answer) of every new array; calls `answer` with "" or what went wrong
Stored = Callable[[str, str, int, Callable[[str], None]], None]


class Server:
    """One server. Its loop runs in the thread that calls `serve`; `post` reaches it from any other."""

    def __init__(self, config: Config, grants: Grants, stored: Stored | None = None) -> None:
        self.grants = grants
        self.uploads = Uploads(config.data_dir, grants)
        self.loop = IOLoop.factory()
        self._mailbox = Mailbox(self.loop)
        self._sessions: dict[str, set[Any]] = {}
        self._expiry: Any = None
        self._ended = False
        #: told the users whose grants ended for idleness
        self.expired: Callable[[str], None] = lambda user: None
        self.handler = self._handler(config, stored or (lambda user, digest, size, answer: answer("")))
        self._listen(config)

    def _handler(self, config: Config, stored: Stored) -> type[Any]:
        data = type("Data", (ReceivingTls if config.tls_cert else Receiving,), {"timeout": config.stall_s})
        first, last = config.passive_ports or (0, 0)
        attributes = {
            "authorizer": Accounts(self.grants, config.data_dir),
            "grants": self.grants,
            "uploads": self.uploads,
            "mailbox": self._mailbox,
            "sessions": self._sessions,
            "stored": staticmethod(stored),
            "catch_up": staticmethod(lambda: None),
            "no_room": staticmethod(lambda user, reason: None),
            "dtp_handler": data,
            "timeout": config.idle_s,
            "login_s": config.login_s,
            "passive_ports": range(first, last + 1) if config.passive_ports else None,
            "masquerade_address": masquerade_ip(config.masquerade) if config.masquerade else None,
        }
        if config.tls_cert:
            attributes["ssl_context"] = tls_context(config)
        return type("Bound", (SessionTls if config.tls_cert else Session,), attributes)

    def _listen(self, config: Config) -> None:
        try:
            self._server = FTPServer((config.host, config.port), self.handler, self.loop)
        except OSError as error:
            self.close()
            raise ConfigError(
                f"{config.host}:{config.port} cannot be listened on for FTP: {error.strerror or error}. "
                "Another server may run there; choose another port, or 0 for a free one"
            ) from None
        self._server.max_cons = config.max_connections
        self._server.max_cons_per_ip = config.max_connections_per_address
        self.port: int = self._server.address[1]

    def serve(self) -> None:
        """Serve until `stop`."""
        soonest = None
        while not self._ended:
            soonest = self.loop.loop(soonest, blocking=False)
        self.close()

    def post(self, call: Callable[[], None]) -> None:
        """Have a call made by the loop, from any thread."""
        self._mailbox.post(call)

    def stop(self) -> None:
        """End `serve`. From any thread, or a signal's handler."""
        self.post(self._end)

    def _end(self) -> None:
        self._ended = True

    def stop_on_signals(self) -> None:
        """Ctrl-C and SIGTERM end `serve` in order. For the main thread."""
        for name in (signal.SIGINT, signal.SIGTERM):
            signal.signal(name, lambda signum, frame: self.stop())
        self._mailbox.hear_signals()

    def close(self) -> None:
        """Close every connection, leave no unfinished upload."""
        self.loop.close()
        self.uploads.clear()

    # --- grants, in the loop's thread ----------------------------------------------------------------

    def grant(self, **fields: Any) -> None:
        """Give a grant; the fields of Grants.add."""
        self.grants.add(**fields, now=time.monotonic())
        self._watch_idle()

    def revoke(self, user: str) -> None:
        """Take a grant back: its connections end, its unfinished uploads go."""
        self.grants.revoke(user)
        self._cut_off(user)
        self.uploads.drop_all(user)

    def _cut_off(self, user: str) -> None:
        for session in list(self._sessions.get(user, ())):
            session.close()

    def _watch_idle(self) -> None:
        at = self.grants.next_expiry()
        if at is not None and (self._expiry is None or self._expiry.cancelled):
            wait_s = max(0.001, at - time.monotonic())
            self._expiry = self.loop.call_later(wait_s, self._expire)

    def _expire(self) -> None:
        self._expiry = None
        now = time.monotonic()
        for user, sessions in self._sessions.items():
            if any(session.data_channel is not None for session in sessions):
                self.grants.seen(user, now)
        for user in self.grants.expired(now):
            self.revoke(user)
            self.expired(user)
        self._watch_idle()


def tls_context(config: Config) -> SSL.Context:
    """The certificate and key, as pyftpdlib wants them; a ConfigError if they cannot be used."""
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.set_min_proto_version(SSL.TLS1_2_VERSION)
    try:
        context.use_certificate_chain_file(str(config.tls_cert))
        context.use_privatekey_file(str(config.tls_key or config.tls_cert))
        context.check_privatekey()
    except (SSL.Error, OSError) as error:
        raise ConfigError(
            f"certificate {config.tls_cert} and key {config.tls_key} cannot be used for FTPS: {error}; "
            "both are PEM files, and the key belongs to the certificate"
        ) from None
    return context
