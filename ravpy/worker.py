"""The child process: kernels, output cache and array transfers, away from the socket's heartbeat.

It reads frames from standard input and writes frames to standard output, one answer a frame, and ends
when its input is closed. Whatever else prints goes to standard error.
"""

from __future__ import annotations

import os
import sys
import warnings
from typing import BinaryIO

from ravftp.client import Transfer
from ravspec.codec import PREFIX, total_length
from ravspec.executor import Executor


def read_frame(stream: BinaryIO) -> bytes | None:
    """The next frame; None at the end of the stream."""
    prefix = stream.read(PREFIX.size)
    if len(prefix) < PREFIX.size:
        return None
    rest = stream.read(total_length(prefix) - len(prefix))
    return prefix + rest


def serve(executor: Executor, frames: BinaryIO, answers: BinaryIO) -> None:
    """Answer frames until there are no more."""
    while (frame := read_frame(frames)) is not None:
        answers.write(executor.execute(frame))
        answers.flush()


def main() -> None:
    """`python -m ravpy.worker LIFE URL`, the token in RAV_TOKEN."""
    life, url = sys.argv[1:3]
    transfer = Transfer(url, os.environ.get("RAV_TOKEN"), life=life)
    # what NumPy warns of (an empty mean, say) concerns the developer, who sees the NaN
    warnings.simplefilter("ignore", RuntimeWarning)
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # nothing that prints may spoil the frames
    try:
        serve(Executor(life, transfer.get, transfer.put), sys.stdin.buffer, answers)
    except BrokenPipeError:
        os._exit(0)  # the contributor is gone; flushing at an ordinary exit would only fail again


if __name__ == "__main__":
    main()
