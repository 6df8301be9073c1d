"""The server's certificate: what cannot be used is refused at the start, in words."""

from __future__ import annotations

import datetime
import ssl
from pathlib import Path
from typing import Any

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from ravsock.config import Config
from ravsock.tls import read_certificate
from ravspec.errors import ConfigError
from ravspec.trust import CA_FILE, client_context

NOW = datetime.datetime.now(datetime.UTC)
DAY = datetime.timedelta(days=1)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def write(folder: Path, certificate: Any, name: str = "server") -> dict[str, Path]:
    """The chain and the key as files, as the settings take them."""
    chain, key = folder / f"{name}.pem", folder / f"{name}.key"
    chain.write_bytes(b"".join(blob.bytes() for blob in certificate.cert_chain_pems))
    key.write_bytes(certificate.private_key_pem.bytes())
    return {"tls_cert": chain, "tls_key": key}


def test_a_certificate_gives_its_names_and_its_end(authority: trustme.CA, tmp_path: Path) -> None:
    issued = authority.create_child_ca().issue_cert("rdf.example.org", "192.0.2.1", not_after=NOW + 30 * DAY)
    certificate = read_certificate(Config(**write(tmp_path, issued)))
    assert certificate is not None
    assert certificate.names == ("rdf.example.org", "192.0.2.1")
    assert abs(certificate.ends_at - (NOW + 30 * DAY).timestamp()) < 2
    assert isinstance(certificate.context, ssl.SSLContext)
    assert read_certificate(Config()) is None


def test_one_that_ends_soon_is_worth_a_warning(
    authority: trustme.CA, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    read_certificate(Config(**write(tmp_path, authority.issue_cert("a.example", not_after=NOW + 3 * DAY))))
    assert "certificate_ends_soon" in caplog.text


def test_each_way_to_get_it_wrong_has_its_words(authority: trustme.CA, tmp_path: Path) -> None:
    good = write(tmp_path, authority.issue_cert("a.example"))
    other = write(tmp_path, authority.issue_cert("b.example"), "other")
    old = write(
        tmp_path, authority.issue_cert("c.example", not_before=NOW - 9 * DAY, not_after=NOW - DAY), "old"
    )
    early = write(tmp_path, authority.issue_cert("d.example", not_before=NOW + DAY), "early")
    locked = tmp_path / "locked.key"
    key = load_pem_private_key(good["tls_key"].read_bytes(), None)
    locked.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))
    )
    text = tmp_path / "text.pem"
    text.write_text("hello")
    for settings, says in [
        ({"tls_cert": good["tls_cert"]}, "RAVSOCK_TLS_CERT is set and RAVSOCK_TLS_KEY is not"),
        ({"tls_key": good["tls_key"]}, "RAVSOCK_TLS_KEY is set and RAVSOCK_TLS_CERT is not"),
        ({**good, "tls_cert": tmp_path / "none.pem"}, "none.pem cannot be read: No such file"),
        ({**good, "tls_key": tmp_path}, "cannot be read: Is a directory"),
        ({**good, "tls_key": other["tls_key"]}, "is not the key of the certificate"),
        ({**good, "tls_key": locked}, "locked with a password"),
        ({**good, "tls_cert": text}, "not a certificate chain and a key in PEM form"),
        (old, "would be refused by everybody: certificate has expired"),
        (early, "certificate is not yet valid"),
    ]:
        with pytest.raises(ConfigError, match=says):
            read_certificate(Config(**settings))


def test_clients_are_told_of_a_file_of_authorities_that_cannot_be_used(tmp_path: Path) -> None:
    text = tmp_path / "text.pem"
    text.write_text("hello")
    for path in (tmp_path / "none.pem", text):
        with pytest.raises(ConfigError, match=f"{CA_FILE}=.*PEM"):
            client_context({CA_FILE: str(path)})
