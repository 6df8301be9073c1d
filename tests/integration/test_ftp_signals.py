"""ravftp ends when it is told to, whenever that is."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

#: a server whose main thread waits, while a signal comes to another thread
SCRIPT = """
import os, pathlib, signal, sys, threading
from ravftp.config import Config
from ravftp.grants import Grants
from ravftp.server import Server

server = Server(Config(data_dir=pathlib.Path(sys.argv[1]), host="127.0.0.1", port=0), Grants())
server.stop_on_signals()
serving = threading.Event()
server.post(serving.set)

def signalled():
    serving.wait()
    while pathlib.Path(f"/proc/self/task/{os.getpid()}/stat").read_text().split()[2] != "S":
        pass
    signal.pthread_kill(threading.get_ident(), signal.SIGTERM)

threading.Thread(target=signalled).start()
server.serve()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc for whether a thread waits")
def test_a_signal_that_another_thread_gets_ends_the_loop_that_waits(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path)],
        timeout=20,
        check=False,
        capture_output=True,
        cwd=Path(__file__).resolve().parents[2],
    )
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_child_that_tells_something_when_ravsock_is_gone_ends_quietly(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "ravftp", "--child"]
    pipe = subprocess.PIPE
    folder = Path(__file__).resolve().parents[2]
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, cwd=folder) as child:
        assert child.stdin is not None and child.stdout is not None
        # Given that nobody reads what it says, while it does not see yet that its own pipe is closed
        child.stdout.close()
        # When it says that it is ready
        settings = {"data_dir": str(tmp_path), "host": "127.0.0.1", "port": 0}
        child.stdin.write(json.dumps(settings).encode() + b"\n")
        child.stdin.flush()
        # Then it ends, and leaves nothing for the log
        assert child.wait(20) == 0
        assert child.stderr is not None and child.stderr.read() == b""
