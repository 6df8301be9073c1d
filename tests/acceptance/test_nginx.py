"""The two ways of docs/operating.md: nginx, configured as it stands there, and an own certificate."""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import textwrap
from pathlib import Path
from typing import Any

import pytest
import trustme
from system.processes import ROOT, Running, Script, clean_environment, python, until

pytestmark = pytest.mark.long

NAME = "rdf.example.org"


def nginx() -> str:
    """The program. CI has it (.ci/run)."""
    found = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if found is None and os.environ.get("CI") == "true":
        pytest.fail("nginx is missing, which .ci/run should have installed")
    if found is None:
        pytest.skip("nginx is not installed here")
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def certificate(folder: Path, *names: str) -> tuple[Path, Path]:
    """Chain and key for these names, and `ca.pem` to trust."""
    authority = trustme.CA()
    issued = authority.issue_cert(*names)
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    chain, key = folder / "fullchain.pem", folder / "privkey.pem"
    chain.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    key.write_bytes(issued.private_key_pem.bytes())
    return chain, key


def make_token(database: str, role: str) -> str:
    """A new token, by the command."""
    made = subprocess.run(
        python("-m", "ravsock", "token", "add", "--role", role, "--database", database),
        cwd=ROOT, env=clean_environment(), capture_output=True, text=True, check=True,
    )  # fmt: skip
    return made.stdout.strip()


def site_of_the_page() -> str:
    """The configuration that docs/operating.md shows."""
    (site,) = re.findall(r"```nginx\n(.*?)```", (ROOT / "docs/operating.md").read_text(), re.DOTALL)
    return site


class Behind:
    """ravsock on loopback with tokens, and nginx with a certificate before it."""

    def __init__(self, folder: Path, processes: list[Running]) -> None:
        self.folder = folder
        self.database = f"sqlite:///{folder}/rdf.db"
        self.developer, self.contributor = (
            make_token(self.database, role) for role in ("developer", "contributor")
        )
        environment = {"RAVSOCK_NAMES": NAME, "LEASE_S": "2"}
        options = ("--port", "0", "--no-ftp", "--database", self.database, "--data-dir", f"{folder}/data")
        server = Running("server", python(ROOT / "run_ravsock.py", *options), folder, **environment)
        processes.append(server)
        self.server = server
        until(lambda: not server.alive or server.out().count("\n"), "the server's ready line")
        assert server.alive, server.tail()
        self._start_nginx(server.out().split()[-1], processes)
        self.trust = {"RAV_CA_FILE": str(folder / "ca.pem"), "RAV_TRANSPORT": "http"}

    def _start_nginx(self, behind: str, processes: list[Running]) -> None:
        chain, key = certificate(self.folder, NAME, "127.0.0.1")
        self.port = free_port()
        self.url = f"https://127.0.0.1:{self.port}"
        site = site_of_the_page()
        for shown, here in (
            ("listen 443 ssl", f"listen 127.0.0.1:{self.port} ssl"),
            ("http://127.0.0.1:9999", behind),
            (f"/etc/letsencrypt/live/{NAME}/fullchain.pem", str(chain)),
            (f"/etc/letsencrypt/live/{NAME}/privkey.pem", str(key)),
        ):
            assert shown in site
            site = site.replace(shown, here)
        temporary = "".join(
            f"{kind}_temp_path {self.folder}/{kind};\n"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        # one process and no daemon, so that it ends with the test
        main = f"daemon off; master_process off; error_log stderr; pid {self.folder}/nginx.pid; events {{}}\n"
        (self.folder / "nginx.conf").write_text(f"{main}http {{\naccess_log off;\n{temporary}{site}}}\n")
        command = [nginx(), "-c", str(self.folder / "nginx.conf"), "-e", "stderr", "-p", str(self.folder)]
        processes.append(one := Running("nginx", command, self.folder))
        until(lambda: not one.alive or listens(self.port), "nginx listens")
        assert one.alive, one.tail()

    def ask(self, path: str, token: str | None = None, **headers: str) -> tuple[int, Any]:
        """One request through nginx."""
        context = ssl.create_default_context(cafile=str(self.folder / "ca.pem"))
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=20, context=context)
        sent = {**headers, **({"Authorization": f"Bearer {token}"} if token else {})}
        connection.request("GET", path, headers=sent)
        response = connection.getresponse()
        body = json.loads(response.read())
        connection.close()
        return response.status, body


def listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


@pytest.fixture
def behind(tmp_path: Path, processes: list[Running]) -> Behind:
    nginx()
    return Behind(tmp_path, processes)


def test_graphs_arrays_and_waiting_go_through_nginx(behind: Behind, processes: list[Running]) -> None:
    # Given a developer who asks before anybody is there to compute
    path = behind.folder / "script.py"
    path.write_text(
        textwrap.dedent("""
        import numpy as np
        import ravop as R
        x = np.random.default_rng(1).normal(size=2_000_000)
        with R.Graph():
            y, z = R.fetch(R.t(x) * 2.0, R.t([1, 2]) + 1)
            print(np.array_equal(y, x * 2), z.tolist())
    """)
    )
    asking = Script("script", path, behind.folder, behind.url, RAV_TOKEN=behind.developer, **behind.trust)
    processes.append(asking)
    until(lambda: behind.ask("/v1/graphs", behind.developer)[1]["graphs"], "the graph is there")
    # When a contributor joins through nginx too
    command = python("-m", "ravpy", "participate", "--server", behind.url, "--name", "helper")
    environment = {"PYTHONPATH": str(ROOT), "RAV_TOKEN": behind.contributor, **behind.trust}
    helper = Running("helper", [*command, "--transport", "http"], behind.folder, **environment)
    processes.append(helper)
    # Then 16 MB went each way, and the answer came
    assert asking.output().strip() == "True [2, 3]"
    rows = behind.ask("/v1/contributors", behind.developer)[1]["contributors"]
    assert [row["name"] for row in rows] == ["helper"]


def test_the_door_is_the_same_behind_nginx(behind: Behind) -> None:
    assert behind.ask("/v1/graphs")[0] == 401
    assert behind.ask("/v1/graphs", behind.developer)[0] == 200
    assert behind.ask("/v1/graphs", behind.contributor)[0] == 403
    here = f"{NAME}:{behind.port}"
    assert behind.ask("/v1/graphs", behind.developer, Host=here, Origin=f"https://{here}")[0] == 200
    for headers in ({"Host": "evil.example"}, {"Host": here, "Origin": "https://evil.example"}):
        status, reply = behind.ask("/v1/graphs", behind.developer, **headers)
        assert (status, reply["kind"]) == (403, "AccessError")


def test_the_join_link_is_the_one_by_which_people_come_through_nginx(behind: Behind) -> None:
    # The log has the name and https, and no token
    assert f"browsers join at https://{NAME}/#token=TOKEN, which is in " in behind.server.log()
    token = (behind.folder / "data" / "join-token").read_text()
    assert token.startswith("rdf_") and token not in behind.server.log()
    # The page for the projector has what its visitor wrote, the port too
    here = f"{NAME}:{behind.port}"
    assert behind.ask("/v1/join", token, Host=here)[1]["link"] == f"https://{here}/#token={token}"


def test_with_a_certificate_of_its_own_the_join_link_has_its_name(
    tmp_path: Path, processes: list[Running]
) -> None:
    chain, key = certificate(tmp_path, "*.example.net", NAME)
    database = f"sqlite:///{tmp_path}/rdf.db"
    make_token(database, "operator")
    environment = {"RAVSOCK_TLS_CERT": str(chain), "RAVSOCK_TLS_KEY": str(key), "RAVSOCK_HOST": "0.0.0.0"}
    options = ("--port", "0", "--no-ftp", "--database", database, "--data-dir", f"{tmp_path}/data")
    server = Running("server", python(ROOT / "run_ravsock.py", *options), tmp_path, **environment)
    processes.append(server)
    until(lambda: not server.alive or server.out().count("\n"), "the server's ready line")
    port = server.out().strip().rpartition(":")[2]
    assert f"browsers join at https://{NAME}:{port}/#token=TOKEN" in server.log()
