"""Large arrays between real processes: by FTP, FTPS and HTTP, with the same values; and what may break."""

from __future__ import annotations

import hashlib
import os
import signal
import socket
import sys
import textwrap
from pathlib import Path

import numpy as np
import psutil
import pytest
import trustme
from system.processes import Contributor, Running, Script, Server, is_running, until

#: what a developer does with operands of so many elements: they go there, are computed with, and come back
WORK = """
    import sys
    import hashlib
    import numpy as np
    import ravop as R

    n = int(sys.argv[1])
    a, b = (np.random.default_rng(seed).random(n) for seed in (1, 2))
    x, y = R.t(a), R.t(b)
    total, product = R.fetch((x + y).max(), x * y)
    print(float(total), hashlib.sha256(product).hexdigest())
"""


def expected(n: int) -> str:
    """What NumPy makes of it."""
    a, b = (np.random.default_rng(seed).random(n) for seed in (1, 2))
    return f"{float((a + b).max())} {hashlib.sha256(a * b).hexdigest()}\n"


def work(folder: Path, server: Server, n: int, **environment: str) -> Script:
    """The script, started."""
    path = folder / "work.py"
    path.write_text(textwrap.dedent(WORK))
    return Script("work", path, folder, server.url, str(n), **environment)


@pytest.fixture(params=["ftp", "ftps", "http"])
def way(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Settings for all processes: how arrays go, and whom to trust."""
    settings = {"RAV_TRANSPORT": request.param.removesuffix("s")}
    if request.param == "ftps":
        authority = trustme.CA()
        issued = authority.create_child_ca().issue_cert("127.0.0.1", "localhost")
        authority.cert_pem.write_to_path(tmp_path / "authority.pem")
        for i, part in enumerate(issued.cert_chain_pems):
            part.write_to_path(tmp_path / "chain.pem", append=i > 0)
        issued.private_key_pem.write_to_path(tmp_path / "key.pem")
        settings |= {
            "RAVSOCK_TLS_CERT": str(tmp_path / "chain.pem"),
            "RAVSOCK_TLS_KEY": str(tmp_path / "key.pem"),
            "RAV_CA_FILE": str(tmp_path / "authority.pem"),
        }
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))  # for the views of this test
    return settings


@pytest.mark.parametrize(
    "n", [pytest.param(300_000, id="2.4 MB"), pytest.param(25_000_000, id="200 MB", marks=pytest.mark.long)]
)
def test_a_graph_has_the_same_values_whichever_way_its_arrays_go(
    way: dict[str, str], n: int, tmp_path: Path, processes: list[Running]
) -> None:
    # Given a server and a contributor whose arrays may go one way only
    processes.append(server := Server(tmp_path, **way))
    server.ready()
    assert server.url.startswith("https" if "RAVSOCK_TLS_CERT" in way else "http:")
    kind = way["RAV_TRANSPORT"]
    processes.append(Contributor(server.url, "ann", tmp_path, "--transport", kind, **way))
    until(lambda: "ann" in server.present(), "ann is at the server")
    # When a script computes with large operands
    processes.append(script := work(tmp_path, server, n, **way))
    # Then it has NumPy's values
    assert script.output() == expected(n)
    assert "HTTP" not in processes[1].log() + script.log()


def test_ports_that_are_closed_are_said_once_and_http_goes(tmp_path: Path, processes: list[Running]) -> None:
    # Given a server whose port for FTP nobody can reach: another program has it
    with socket.create_server(("127.0.0.1", 0)) as other:
        processes.append(server := Server(tmp_path, RAVFTP_PORT=str(other.getsockname()[1])))
        server.ready()
    processes.append(ann := Contributor(server.url, "ann", tmp_path))
    until(lambda: "ann" in server.present(), "ann is at the server")
    # When arrays go there and back
    processes.append(script := work(tmp_path, server, 300_000))
    # Then they go, and everybody is told once
    assert script.output() == expected(300_000)
    for process in (ann, script):
        assert process.log().count("arrays go by HTTP") == 1, process.tail()
    assert server.log().count("no_ftp") == 1


def test_a_killed_server_leaves_no_ravftp_behind_and_a_new_one_has_its_own(
    server: Server, processes: list[Running], tmp_path: Path
) -> None:
    (child,) = (process for process in server.children() if "ravftp" in process.cmdline())
    server.kill()
    until(lambda: not is_running(child), "ravftp has ended", 5)
    server.restart()
    assert any("ravftp" in process.cmdline() for process in server.children())


@pytest.mark.parametrize("what", ["ravftp", "the server"])
def test_what_is_killed_while_arrays_move_costs_time_only(
    server: Server, processes: list[Running], tmp_path: Path, what: str
) -> None:
    # Given a contributor and a script that move 40 MB a piece, by FTP alone
    processes.append(Contributor(server.url, "ann", tmp_path, "--transport", "ftp"))
    until(lambda: "ann" in server.present(), "ann is at the server")
    processes.append(script := work(tmp_path, server, 5_000_000, RAV_TRANSPORT="ftp"))
    until(lambda: server.graph().get("computing_ops"), "ann has been given something")
    # When one of the two that serve is gone without a word
    (child,) = (process for process in server.children() if "ravftp" in process.cmdline())
    if what == "ravftp":
        os.kill(child.pid, signal.SIGKILL)
    else:
        server.kill()
        server.restart()
    # Then the script has NumPy's values all the same, and nobody gave up
    assert script.output() == expected(5_000_000)
    assert "action=refused" not in server.log()


#: moves an array there and back, and says how quickly
MOVE = """
    import sys, time
    import numpy as np
    from ravop.engine import current_engine
    from ravspec.shapes import ArrayType

    n, seed = int(sys.argv[1]), int(sys.argv[2])
    array = np.arange(n) + seed
    engine = current_engine()
    started = time.perf_counter()
    digest = engine.put(array)
    sent = time.perf_counter()
    back = engine.get(digest, ArrayType(array.shape, array.dtype))
    got = time.perf_counter()
    assert np.array_equal(array, back)
    print(f"{array.nbytes / 1e6 / (sent - started):.0f} {array.nbytes / 1e6 / (got - sent):.0f}")
"""
#: MiB that the server's processes may have at most, ever, all together
SERVER_MIB = 200


def peak_mib(process: psutil.Process) -> float:
    """The most memory that a process ever had."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


@pytest.mark.long
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("kind", ["ftp", "http"])
def test_four_clients_that_move_a_gibibyte_each_leave_the_server_small(
    server: Server, processes: list[Running], tmp_path: Path, kind: str
) -> None:
    path = tmp_path / "move.py"
    path.write_text(textwrap.dedent(MOVE))
    n = 1 << 27
    movers = [
        Script(f"move-{i}", path, tmp_path, server.url, str(n), str(i), RAV_TRANSPORT=kind) for i in range(4)
    ]
    processes += movers
    rates = [mover.output(300) for mover in movers]
    peaks = [peak_mib(process) for process in (psutil.Process(server.pid), *server.children())]
    assert sum(peaks) < SERVER_MIB, f"peaks in MiB {peaks}; MB/s up and down of each {rates}"
