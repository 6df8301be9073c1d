"""The child's frames: assignments are answered, an account for FTP is taken and not answered."""

from __future__ import annotations

import io
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
