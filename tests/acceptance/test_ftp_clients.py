"""ravftp by its command, and the clients that people have: ftplib, curl, lftp; in the clear and in TLS."""

from __future__ import annotations

import contextlib
import ftplib
import hashlib
import io
import json
import os
import shutil
import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import trustme
from system.processes import ROOT, Running, python, until

UP = "0123456789abcdef" * 2
USER, PASSWORD = "ann", "a-long-random-one"
BODY = np.random.default_rng(0).bytes(20_000_000)
DIGEST = hashlib.sha256(BODY).hexdigest()
HALF = len(BODY) // 2


def tool(name: str) -> str:
    """A program of this machine. CI has them all (.ci/run)."""
    found = shutil.which(name)
    if found is None and os.environ.get("CI") == "true":
        pytest.fail(f"{name} is missing, which .ci/run should have installed")
    if found is None:
        pytest.skip(f"{name} is not installed here")
    return found


class Ftpd(Running):
    """`ravftp` with a grants file."""

    def __init__(self, folder: Path, authority: Path | None, *options: str) -> None:
        self.authority = authority
        self.data = folder / "data"
        self.data.mkdir()
        grant = {"user": USER, "password": PASSWORD, "readable": []}
        grants = folder / "grants.json"
        grants.write_text(json.dumps({"grants": [grant]}))
        command = python("-m", "ravftp", "--port", "0", "--grants", grants, "--data-dir", self.data, *options)
        super().__init__("ravftp", command, folder, PYTHONPATH=str(ROOT))
        until(lambda: not self.alive or self.out(), "the ready line of ravftp")
        assert self.out().startswith("ravftp ready 127.0.0.1:"), self.tail()
        self.port = int(self.out().rpartition(":")[2])


@dataclass
class Client:
    """A way to do by FTP what is done here. `authority`: whom to trust, where it is TLS."""

    port: int
    folder: Path
    authority: Path | None = None

    def upload(self, body: bytes, resume: bool = False) -> None:
        """Send to /up; going on behind what is there, if so wanted."""
        raise NotImplementedError

    def rename(self) -> None:
        """Finish the upload."""
        raise NotImplementedError

    def download(self, begun: bytes = b"") -> bytes:
        """The array; going on with what came before."""
        raise NotImplementedError


class Ftplib(Client):
    """Python's own."""

    @contextlib.contextmanager
    def login(self) -> Iterator[ftplib.FTP]:
        context = ssl.create_default_context(cafile=str(self.authority)) if self.authority else None
        with ftplib.FTP_TLS(context=context) if context else ftplib.FTP() as ftp:
            ftp.connect("localhost", self.port, timeout=20)
            ftp.login(USER, PASSWORD)
            if isinstance(ftp, ftplib.FTP_TLS):
                ftp.prot_p()
            ftp.voidcmd("TYPE I")
            yield ftp

    def upload(self, body: bytes, resume: bool = False) -> None:
        with self.login() as ftp:
            at = ftp.size(f"/up/{UP}") or 0 if resume else 0
            ftp.storbinary(f"STOR /up/{UP}", io.BytesIO(body[at:]), rest=at or None)

    def rename(self) -> None:
        with self.login() as ftp:
            ftp.rename(f"/up/{UP}", f"/{DIGEST}")

    def download(self, begun: bytes = b"") -> bytes:
        got = io.BytesIO()
        with self.login() as ftp:
            ftp.retrbinary(f"RETR /{DIGEST}", got.write, rest=len(begun) or None)
        return begun + got.getvalue()


@dataclass
class Command(Client):
    """A program: it works on files."""

    program: str = field(init=False)

    def run(self, *words: str) -> str:
        done = subprocess.run(
            [tool(self.program), *words], cwd=self.folder, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, f"{self.program} ended with {done.returncode}: {done.stderr}"
        return done.stdout


class Curl(Command):
    """curl."""

    program = "curl"

    def curl(self, *words: str) -> None:
        tls = ["--ssl-reqd", "--cacert", str(self.authority)] if self.authority else []
        self.run("-sS", "-u", f"{USER}:{PASSWORD}", *tls, *words)

    @property
    def url(self) -> str:
        return f"ftp://localhost:{self.port}"

    def upload(self, body: bytes, resume: bool = False) -> None:
        (self.folder / "sent").write_bytes(body)
        self.curl(*(["-C", "-"] if resume else []), "-T", "sent", f"{self.url}/up/{UP}")

    def rename(self) -> None:
        self.curl(f"{self.url}/", "-Q", f"RNFR /up/{UP}", "-Q", f"RNTO /{DIGEST}", "-o", "listing")

    def download(self, begun: bytes = b"") -> bytes:
        (self.folder / "got").write_bytes(begun)
        self.curl(*(["-C", "-"] if begun else []), "-o", "got", f"{self.url}/{DIGEST}")
        return (self.folder / "got").read_bytes()


class Lftp(Command):
    """lftp."""

    program = "lftp"

    def lftp(self, command: str) -> None:
        tls = (
            f"set ssl:ca-file {self.authority}; set ftp:ssl-force true; set ftp:ssl-protect-data true"
            if self.authority
            else "set ftp:ssl-allow false"
        )
        settings = f"set net:max-retries 1; set net:timeout 20; set cmd:fail-exit true; {tls}"
        login = f"open -u {USER},{PASSWORD} ftp://localhost:{self.port}"
        self.run("--norc", "-c", f"{settings}; {login}; {command}")

    def upload(self, body: bytes, resume: bool = False) -> None:
        (self.folder / "sent").write_bytes(body)
        self.lftp(f"put {'-c' if resume else ''} sent -o /up/{UP}")

    def rename(self) -> None:
        self.lftp(f"mv /up/{UP} /{DIGEST}")

    def download(self, begun: bytes = b"") -> bytes:
        (self.folder / "got").write_bytes(begun)
        self.lftp(f"get {'-c' if begun else '-e'} /{DIGEST} -o got")
        return (self.folder / "got").read_bytes()


@pytest.fixture(params=["in the clear", "in TLS"])
def ftpd(request: pytest.FixtureRequest, tmp_path: Path, processes: list[Running]) -> Ftpd:
    """The server; `authority` is the file of whom to trust, in TLS."""
    options, authority = [], None
    if request.param == "in TLS":
        authority = tmp_path / "authority.pem"
        signer = trustme.CA()
        signer.cert_pem.write_to_path(authority)
        issued = signer.create_child_ca().issue_cert("localhost", "127.0.0.1")
        chain = tmp_path / "chain.pem"
        for i, part in enumerate(issued.cert_chain_pems):
            part.write_to_path(chain, append=i > 0)
        issued.private_key_pem.write_to_path(tmp_path / "key.pem")
        options = ["--tls-cert", str(chain), "--tls-key", str(tmp_path / "key.pem")]
    server = Ftpd(tmp_path, authority, *options)
    processes.append(server)
    return server


@pytest.fixture(params=[Ftplib, Curl, Lftp], ids=["ftplib", "curl", "lftp"])
def client(request: pytest.FixtureRequest, ftpd: Ftpd, tmp_path: Path) -> Client:
    made: Client = request.param(ftpd.port, tmp_path, ftpd.authority)
    return made


def test_an_array_goes_there_and_back(ftpd: Ftpd, client: Client) -> None:
    client.upload(BODY)
    client.rename()
    assert [f.name for f in ftpd.data.iterdir()] == [DIGEST]
    assert client.download() == BODY


def test_what_broke_off_goes_on_where_it_stopped(ftpd: Ftpd, client: Client) -> None:
    # Given one half of an upload
    client.upload(BODY[:HALF])
    (part,) = ftpd.data.iterdir()
    inode = part.stat().st_ino
    # When the whole is sent to go on with
    client.upload(BODY, resume=True)
    # Then it is the same file, grown to the whole
    client.rename()
    assert (ftpd.data / DIGEST).stat().st_ino == inode
    # And a download goes on in the same way
    assert client.download(BODY[:HALF]) == BODY


def test_an_upload_of_other_bytes_is_refused(ftpd: Ftpd, client: Client) -> None:
    client.upload(BODY[:HALF])
    with pytest.raises((AssertionError, ftplib.error_perm), match=r"550|21"):
        client.rename()
    assert list(ftpd.data.iterdir()) == []


def test_where_there_is_tls_a_login_in_the_clear_is_refused(ftpd: Ftpd) -> None:
    with ftplib.FTP() as ftp:
        ftp.connect("localhost", ftpd.port, timeout=20)
        if ftpd.authority is None:
            ftp.login(USER, PASSWORD)
        else:
            with pytest.raises(ftplib.error_perm, match="TLS required"):
                ftp.login(USER, PASSWORD)


def test_where_there_is_tls_data_in_the_clear_is_refused(ftpd: Ftpd) -> None:
    if ftpd.authority is None:
        pytest.skip("about TLS")
    context = ssl.create_default_context(cafile=str(ftpd.authority))
    with ftplib.FTP_TLS(context=context) as ftp:
        ftp.connect("localhost", ftpd.port, timeout=20)
        ftp.login(USER, PASSWORD)
        with pytest.raises(ftplib.error_perm, match="data channel"):
            ftp.nlst("/")
        ftp.prot_p()
        assert ftp.nlst("/") == ["up"]


def test_it_stops_when_told_and_leaves_no_half_of_an_upload(ftpd: Ftpd, client: Client) -> None:
    client.upload(BODY[:HALF])
    ftpd.process.terminate()
    assert ftpd.wait(10) == 0
    assert list(ftpd.data.iterdir()) == []
