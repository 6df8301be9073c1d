"""The child's frames: assignments are answered, an account for FTP is taken at once and not answered."""

from __future__ import annotations

import io
import time
from typing import Any

from ravpy.child import account_frame
from ravpy.worker import Accounts, serve
from ravspec.codec import pack
from ravspec.messages import FtpGrant


class Echo:
    """Answers each frame with itself."""

    def execute(self, frame: Any) -> bytes:
        return bytes(frame)


def test_an_account_among_the_frames_is_the_one_from_then_on() -> None:
    accounts = Accounts({"user": "old"})
    work = pack(b'{"type":"assign"}', ())
    grant = FtpGrant(2121, "new", "password")
    answers = io.BytesIO()
    serve(Echo(), accounts, io.BytesIO(work + account_frame(grant) + work), answers)  # type: ignore[arg-type]
    assert answers.getvalue() == work + work
    assert accounts.ftp["user"] == "new"
    serve(Echo(), accounts, io.BytesIO(account_frame(None)), answers)  # type: ignore[arg-type]
    assert accounts.ftp is None


class Waits:
    """An assignment whose array goes only by the new account, like one that moves while a server restarts."""

    def __init__(self, accounts: Accounts) -> None:
        self.accounts = accounts

    def execute(self, frame: Any) -> bytes:
        give_up_at = time.monotonic() + 10
        while self.accounts.ftp["user"] != "new":
            assert time.monotonic() < give_up_at, "the account came only after the assignment"
            time.sleep(0.001)
        return bytes(frame)


def test_an_account_holds_for_the_assignment_that_is_computing() -> None:
    accounts = Accounts({"user": "old"})
    work = pack(b'{"type":"assign"}', ())
    frames = io.BytesIO(work + account_frame(FtpGrant(2121, "new", "password")))
    answers = io.BytesIO()
    serve(Waits(accounts), accounts, frames, answers)  # type: ignore[arg-type]
    assert answers.getvalue() == work
