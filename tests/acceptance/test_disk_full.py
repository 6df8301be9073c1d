"""The server's disk is full in the middle: whoever sends is told, the graph says why it waits, and goes on.

The disk is as full as the operating system says it is: the server's process may not write files beyond a
size (RLIMIT_FSIZE), so a write breaks off in the middle with an error like that of a full disk (EFBIG). The
limit is lifted from outside, while it runs.
"""

from __future__ import annotations

import resource
import sys
import textwrap
from pathlib import Path

import pytest
from system.processes import Contributor, Running, Script, Server, until

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="prlimit, to make room from outside, is Linux's"
)

ROOM_BYTES = 4 << 20


def limit(pid: int, size: int) -> None:
    """No file that the process writes may grow beyond that many bytes."""
    _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, hard))


@pytest.fixture
def full(tmp_path: Path, processes: list[Running]) -> Server:
    """A server whose files do not grow beyond ROOM_BYTES."""
    server = Server(tmp_path)
    processes.append(server)
    server.ready()
    limit(server.pid, ROOM_BYTES)
    return server


def run(server: Server, folder: Path, processes: list[Running], source: str, transport: str) -> Script:
    """A developer's script."""
    path = folder / "script.py"
    path.write_text(textwrap.dedent(source))
    name = f"script-{len(processes)}"
    processes.append(one := Script(name, path, folder, server.url, RAV_TRANSPORT=transport))
    return one


def leftovers(server: Server) -> list[str]:
    return [path.name for path in server.data_dir.iterdir() if path.name.startswith("partial")]


@pytest.mark.parametrize("transport", ["http", "ftp"])
def test_a_developer_who_sends_an_array_is_told_and_can_send_it_again_later(
    full: Server, processes: list[Running], tmp_path: Path, transport: str
) -> None:
    everybody = [full.pid, *(child.pid for child in full.children())]
    for pid in everybody:
        limit(pid, ROOM_BYTES)
    source = """
        import os
        import numpy as np
        import ravop as R
        R.Graph()
        try:
            (R.t(np.arange(1_000_000.0)) + 1)(timeout=5)
        except (R.TransferError, R.Timeout) as error:
            print(error, flush=True)
            os._exit(0)
    """
    assert "File too large" in run(full, tmp_path, processes, source, transport).output()
    assert not leftovers(full)
    for pid in everybody:
        limit(pid, resource.RLIM_INFINITY)
    assert "goes on at the server" in run(full, tmp_path, processes, source, transport).output()


def test_a_result_waits_for_room_and_the_graph_says_so(
    full: Server, processes: list[Running], tmp_path: Path
) -> None:
    # Given a contributor whose results do not fit
    helper = Contributor(full.url, "helper", tmp_path, "--transport", "http")
    processes.append(helper)
    until(lambda: "helper" in full.present(), "the contributor is there")
    source = """
        import ravop as R
        with R.Graph():
            print((R.zeros(1_000_000) + 1)().sum())
    """
    asking = run(full, tmp_path, processes, source, "http")
    # When it has computed one
    says = until(
        lambda: "cannot be stored" in (text := full.graph(1).get("waits_for", "")) and text, "trouble"
    )
    # Then the graph says what it waits for, nothing fails, and it is tried again
    assert "File too large" in says
    refused = until(lambda: full.log().count("action=refused") >= 3 and full.log(), "it is tried again")
    assert "gave up" not in refused
    assert asking.alive and not leftovers(full)
    # When there is room
    limit(full.pid, resource.RLIM_INFINITY)
    # Then it goes on
    assert asking.output().strip() == "1000000.0"
    assert full.graph(1)["state"] == "computed"
    assert "cannot be stored" not in full.graph(1)["waits_for"]
