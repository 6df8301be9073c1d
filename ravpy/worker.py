"""The child process: kernels, output cache and array transfers, away from the socket's heartbeat.

It reads frames from standard input and writes frames to standard output, one answer a frame, and ends
when its input is closed. Whatever else prints goes to standard error.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
import warnings
from collections.abc import Mapping
from typing import Any, BinaryIO

from ravftp.client import KINDS, Kind, Transfer, account_from
from ravpy.child import ACCOUNT, FTP_GRANT
from ravspec.codec import PREFIX, split, total_length
from ravspec.executor import Executor

#: a server that is started again may take so long, and gives assignments their time anew
RESTART_S = 10.0


def read_frame(stream: BinaryIO) -> bytes | None:
    """The next frame; None at the end of the stream."""
    prefix = stream.read(PREFIX.size)
    if len(prefix) < PREFIX.size:
        return None
    rest = stream.read(total_length(prefix) - len(prefix))
    return prefix + rest


def serve(executor: Executor, accounts: Accounts, frames: BinaryIO, answers: BinaryIO) -> None:
    """Answer frames until there are no more."""
    waiting: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
    # a thread reads, so that a transfer that waits for a server learns the account it has after a restart
    threading.Thread(target=listen, args=(frames, accounts, waiting), daemon=True).start()
    while (frame := waiting.get()) is not None:
        answers.write(executor.execute(frame))
        answers.flush()


def listen(frames: BinaryIO, accounts: Accounts, waiting: queue.SimpleQueue[bytes | None]) -> None:
    """Queue assignments as they come, and None at the end; an account holds from the moment it comes."""
    frame: bytes | None = b""
    while frame is not None:
        frame = read_frame(frames)
        if frame is not None and (header := split(frame)[0]).startswith(ACCOUNT):
            accounts.ftp = json.loads(header)["ftp"]  # an assignment's header is long, and parsed once
        else:
            waiting.put(frame)


class Accounts:
    """The life's account for FTP, as the server told it last."""

    def __init__(self, ftp: Any) -> None:
        self.ftp = ftp


def make_transfer(life: str, url: str, environ: Mapping[str, str], accounts: Accounts) -> Transfer:
    """How this life's large arrays travel. A server that is away was there a moment ago."""
    kind: Kind = next((kind for kind in KINDS if kind == environ.get("RAV_TRANSPORT")), "auto")
    return Transfer(
        url,
        environ.get("RAV_TOKEN"),
        life=life,
        kind=kind,
        grant=lambda: account_from(accounts.ftp, url),
        say=lambda text: print(text, file=sys.stderr, flush=True),  # noqa: T201 - the parent shows it
        met=True,
    )


def main() -> None:
    """`python -m ravpy.worker LIFE URL`; the rest is in the environment, see ravpy.child."""
    life, url = sys.argv[1:3]
    accounts = Accounts(json.loads(os.environ.get(FTP_GRANT) or "null"))
    transfer = make_transfer(life, url, os.environ, accounts)
    # what NumPy warns of (an empty mean, say) concerns the developer, who sees the NaN
    warnings.simplefilter("ignore", RuntimeWarning)

    def begun(deadline_s: float) -> None:
        """So long it is worth waiting for the server: then the assignment is taken back."""
        transfer.patience_s = deadline_s + RESTART_S

    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # nothing that prints may spoil the frames
    try:
        serve(Executor(life, transfer.get, transfer.put, begun), accounts, sys.stdin.buffer, answers)
    except BrokenPipeError:
        os._exit(0)  # the contributor is gone; flushing at an ordinary exit would only fail again


if __name__ == "__main__":
    main()
