"""TLS on the developers' and contributors' side: whom they trust, and what went wrong, in words."""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Mapping
from urllib.parse import urlsplit

from ravspec.errors import ConfigError

#: environment variable: a file with further certificates of authorities (PEM), trusted beside the system's
CA_FILE = "RAV_CA_FILE"

#: how long a look at what a port speaks may take
GLANCE_S = 3.0


def client_context(environ: Mapping[str, str] = os.environ) -> ssl.SSLContext:
    """Trust the system's authorities, and those of the file that RAV_CA_FILE names."""
    context = ssl.create_default_context()
    path = environ.get(CA_FILE)
    if path:
        try:
            context.load_verify_locations(cafile=path)
        except (OSError, ssl.SSLError) as error:
            reason = getattr(error, "strerror", None) or error
            raise ConfigError(
                f"{CA_FILE}={path!r} cannot be used: {reason}. It names a file of certificates in PEM form"
            ) from None
    return context


def advice(url: str, error: BaseException) -> str:
    """What to do about a connection to a URL that failed, where it was about TLS; or nothing.

    A port that speaks TLS answers plain HTTP with silence, so in that case it is asked once more, in TLS.
    """
    scheme, host, port = parts_of(url)
    reason = innermost(error)
    if isinstance(reason, ssl.SSLCertVerificationError):
        return (
            f"the certificate of {host}:{port} is not trusted: {reason.verify_message}. If an authority of "
            f"your own has signed it, name that one's certificate by {CA_FILE}"
        )
    if scheme == "https":
        plain = reason is not None and speaks_tls(host, port) is False
        return f"{host}:{port} does not speak TLS; write http:// instead" if plain else ""
    return f"{host}:{port} speaks TLS; write https:// instead" if speaks_tls(host, port) else ""


def innermost(error: BaseException) -> ssl.SSLError | None:
    """What TLS itself said, whatever the libraries wrapped it in."""
    reason: BaseException | None = error
    while reason is not None:
        inner = [getattr(reason, name, None) for name in ("certificate_error", "os_error", "reason")]
        found = next((one for one in inner if isinstance(one, BaseException)), None)
        if found is None and isinstance(reason, ssl.SSLError):
            return reason
        reason = found or reason.__cause__ or reason.__context__
    return None


def parts_of(url: str) -> tuple[str, str, int]:
    """Scheme, host and port."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)


def speaks_tls(host: str, port: int) -> bool | None:
    """Does the port answer a TLS greeting? None if nothing answers at all."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # nothing is said on this connection
    try:
        with (
            socket.create_connection((host, port), timeout=GLANCE_S) as connection,
            context.wrap_socket(connection, server_hostname=host),
        ):
            return True
    except (ssl.SSLError, ConnectionResetError, TimeoutError):
        return False
    except OSError:
        return None
