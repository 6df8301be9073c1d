"""The server's certificate: read, tried out on the spot, and refused in words where it would fail later."""

from __future__ import annotations

import logging
import ssl
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ravsock.config import Config
from ravspec.errors import ConfigError

log = logging.getLogger(__name__)

#: a certificate that ends within so many seconds is worth a warning at a start
SOON_S = 14 * 86400


@dataclass(frozen=True, slots=True)
class Certificate:
    """What listens with TLS needs, and the names that the certificate is good for."""

    context: ssl.SSLContext
    names: tuple[str, ...]
    ends_at: float


def read_certificate(config: Config) -> Certificate | None:
    """The certificate that is configured, if one is; a ConfigError if it cannot be used."""
    given = {"RAVSOCK_TLS_CERT": config.tls_cert, "RAVSOCK_TLS_KEY": config.tls_key}
    if not any(given.values()):
        return None
    for name, path in given.items():
        if not path:
            other = next(other for other in given if other != name)
            raise ConfigError(f"{other} is set and {name} is not; TLS needs both, a certificate and its key")
        _readable(name, path)
    assert config.tls_cert is not None and config.tls_key is not None
    context = load(config.tls_cert, config.tls_key)
    names, ends_at = try_out(context, config.tls_cert)
    if ends_at - time.time() < SOON_S:
        log.warning("action=certificate_ends_soon path=%s at=%s", config.tls_cert, time.ctime(ends_at))
    return Certificate(context, names, ends_at)


def _readable(name: str, path: Path) -> None:
    try:
        with open(path, "rb"):
            pass
    except OSError as error:
        raise ConfigError(f"{name}={path} cannot be read: {error.strerror}") from None


def load(cert: Path, key: Path) -> ssl.SSLContext:
    """A context with the certificate chain and its key."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)

    def no_password() -> str:
        raise ConfigError(f"RAVSOCK_TLS_KEY={key} is locked with a password; the server needs one without")

    try:
        context.load_cert_chain(cert, key, no_password)
    except ssl.SSLError as error:
        if "KEY_VALUES_MISMATCH" in str(error):
            raise ConfigError(
                f"RAVSOCK_TLS_KEY={key} is not the key of the certificate RAVSOCK_TLS_CERT={cert}"
            ) from None
        raise ConfigError(
            f"RAVSOCK_TLS_CERT={cert} and RAVSOCK_TLS_KEY={key} are not a certificate chain and a key in PEM "
            f"form: {error.reason or error}"
        ) from None
    return context


def try_out(server: ssl.SSLContext, cert: Path) -> tuple[tuple[str, ...], float]:
    """Greet ourselves, in memory, as a client who trusts that very certificate; (its names, when it ends)."""
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False
    client.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    client.load_verify_locations(cafile=cert)
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = server.wrap_bio(to_server, to_client, server_side=True)
    theirs = client.wrap_bio(to_client, to_server)
    for _ in range(4):
        for end in (theirs, ours):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
            except ssl.SSLCertVerificationError as error:
                raise ConfigError(
                    f"RAVSOCK_TLS_CERT={cert} would be refused by everybody: {error.verify_message}"
                ) from None
            except ssl.SSLError as error:
                raise ConfigError(
                    f"RAVSOCK_TLS_CERT={cert} cannot be used: {error.reason or error}"
                ) from None
    found: dict[str, Any] = theirs.getpeercert() or {}
    names = tuple(
        value.lower() for kind, value in found.get("subjectAltName", ()) if kind in ("DNS", "IP Address")
    )
    return names, ssl.cert_time_to_seconds(str(found["notAfter"]))
