"""A ravftp server in a thread of this process, on a free port."""

from __future__ import annotations

import ftplib
import hashlib
import threading
from pathlib import Path
from typing import Any

from ravftp.client import Account, Transfer
from ravftp.config import Config
from ravftp.grants import Grants, password_hash
from ravftp.server import Server

PASSWORD = "a long random one"


class FtpServer:
    """The server with a data folder; grants are given by `grant`."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)
        self.server = Server(Config(folder, port=0, **settings), Grants())
        self.port = self.server.port
        self._thread = threading.Thread(target=self.server.serve, daemon=True)
        self._thread.start()

    def call(self, function: Any) -> None:
        """Have the loop call a function, and wait until it has."""
        done = threading.Event()

        def inside() -> None:
            function()
            done.set()

        self.server.post(inside)
        assert done.wait(10)

    def grant(self, user: str = "ann", quota_bytes: int = 1 << 30, **fields: Any) -> Account:
        fields = {
            "user": user,
            "password_sha256": password_hash(PASSWORD),
            "quota_bytes": quota_bytes,
            **fields,
        }
        self.call(lambda: self.server.grant(**fields))
        return Account("127.0.0.1", self.port, user, PASSWORD)

    def put(self, body: bytes) -> str:
        """An array that is there already."""
        digest = hashlib.sha256(body).hexdigest()
        (self.folder / digest).write_bytes(body)
        return digest

    def login(self, user: str = "ann", password: str = PASSWORD) -> ftplib.FTP:
        ftp = ftplib.FTP(timeout=10)
        ftp.connect("127.0.0.1", self.port)
        try:
            ftp.login(user, password)
        except ftplib.Error:
            ftp.close()
            raise
        return ftp

    def stop(self) -> None:
        self.server.stop()
        self._thread.join(10)
        assert not self._thread.is_alive()


def transfer(account: Account, **options: Any) -> Transfer:
    """A transfer that knows FTP only."""
    return Transfer("http://127.0.0.1:1", kind="ftp", grant=lambda: account, **options)
