"""What browsers are shown: pages, the library and the assets, with their headers."""

from __future__ import annotations

import gzip
import http.client
import re
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from door import ask, make_token

from ravsock.assets import RAVJS, find_runtime
from ravsock.bundle import make_bundle, modules
from ravsock.config import Config
from ravsock.joining import join_link
from ravspec.errors import ConfigError

LINK = re.compile(r'(?:src|href)="(/assets/([0-9a-f]{12})/[^"]+)"')


def get(server: Any, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body; underscores in names of headers stand for hyphens."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    try:
        connection.request("GET", path, headers={k.replace("_", "-"): v for k, v in headers.items()})
        response = connection.getresponse()
        return response.status, dict(response.getheaders()), response.read()
    finally:
        connection.close()


@pytest.fixture
def version(server: Any) -> str:
    """The version of our own assets, as the page names it."""
    return LINK.search(get(server, "/")[2].decode())[2]  # type: ignore[index]


@pytest.mark.parametrize("path", ["/", "/join"])
def test_a_page_is_asked_for_anew_and_all_it_names_is_kept_for_good(server: Any, path: str) -> None:
    status, headers, body = get(server, path)
    assert status == 200 and headers["Cache-Control"] == "no-cache"
    links = LINK.findall(body.decode())
    assert len(links) >= 3 and b"{{" not in body
    for link, _ in links:
        status, headers, _ = get(server, link)
        assert status == 200, link
        assert headers["Cache-Control"] == "public, max-age=31536000, immutable"


def test_no_page_or_script_may_do_anything_but_with_this_server(server: Any, version: str) -> None:
    for path in ("/", "/join", "/ravjs.js", f"/assets/{version}/src/hub.js"):
        policy = get(server, path)[1]["Content-Security-Policy"]
        rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
        assert rules["default-src"] == "'none'" and rules["connect-src"] == "'self'"
        assert rules["script-src"] == "'self' 'wasm-unsafe-eval'"
        assert "http" not in policy and "*" not in policy and "unsafe-inline" not in policy


def test_pages_have_nothing_that_the_policy_forbids() -> None:
    for page in RAVJS.glob("*.html"):
        text = page.read_text()
        assert not re.search(r"\son\w+=|\sstyle=|<style|<script(?![^>]*\ssrc=)|https?://", text), page


def test_every_module_is_served_and_imports_only_neighbours(server: Any, version: str) -> None:
    for path in (RAVJS / "src").glob("*.js"):
        status, headers, body = get(server, f"/assets/{version}/src/{path.name}")
        assert (status, headers["Content-Type"]) == (200, "text/javascript")
        assert body == path.read_bytes()
        for name in re.findall(r'^import .* from "(.*)";$', path.read_text(), re.MULTILINE):
            assert (path.parent / name).exists(), f"{path.name} imports {name}"


def test_compressed_forms_go_to_those_who_take_them(server: Any, version: str) -> None:
    _, headers, body = get(server, f"/assets/{version}/src/hub.js", Accept_Encoding="gzip, br")
    assert headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(body) == (RAVJS / "src/hub.js").read_bytes()


def test_the_runtime_is_served_as_small_as_it_goes(server: Any) -> None:
    try:
        runtime = find_runtime()
    except ConfigError as error:
        pytest.skip(str(error))
    path = f"/assets/{runtime.version}/pyodide.asm.wasm"
    _, headers, body = get(server, path, Accept_Encoding="gzip, br")
    assert (headers["Content-Type"], headers["Content-Encoding"]) == ("application/wasm", "br")
    assert len(body) == runtime.files["pyodide.asm.wasm"]["br"] < 3e6
    assert len(get(server, path)[2]) == runtime.files["pyodide.asm.wasm"]["size_bytes"]


@pytest.mark.parametrize(
    "name",
    ["nothing.js", "../index.html", "..%2f..%2fsetup.sh", "%2e%2e/%2e%2e/setup.sh", "/etc/passwd", "src"],
)
def test_nothing_else_is_served(server: Any, version: str, name: str) -> None:
    assert get(server, f"/assets/{version}/{name}")[0] == 404
    assert get(server, f"/assets/000000000000/{name}")[0] == 404


def test_without_a_runtime_the_server_runs_and_the_page_says_who_knows_what_is_missing(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.setenv("RAVJS_ASSETS", str(tmp_path / "nothing"))
    server = request.getfixturevalue("server")
    status, _, body = get(server, "/")
    assert status == 200 and b"its operator finds what is missing in its log" in body
    assert get(server, "/v1/graphs")[0] == 200
    assert get(server, f"/assets/{LINK.search(body.decode())[2]}/manifest.json")[0] == 404  # type: ignore[index]


def test_the_archive_is_the_tree_and_the_same_each_time() -> None:
    assert modules.__wrapped__() == modules.__wrapped__()
    with zipfile.ZipFile(BytesIO(modules())) as archive:
        names = set(archive.namelist())
        assert {"tab.py", "kernel.py", "rows.py", "ravspec/executor.py", "ravspec/ops/table.py"} <= names
        assert "ravspec/__init__.py" in names and "ravspec/messages.py" not in names
        assert archive.read("ravspec/codec.py") == (RAVJS.parent / "ravspec/codec.py").read_bytes()
    assert make_bundle(None).version == make_bundle(None).version


def test_a_listed_site_may_use_the_library_and_others_may_not(
    config: Config, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    object.__setattr__(config, "origins", ("https://school.example",))
    server = request.getfixturevalue("server")
    status, headers, body = get(server, "/ravjs.js", Origin="https://school.example")
    assert (status, headers["Access-Control-Allow-Origin"]) == (200, "https://school.example")
    assert b"contributor.js" in body
    status, headers, _ = get(server, "/ravjs.js", Origin="https://elsewhere.example")
    assert status == 403 and "Access-Control-Allow-Origin" not in headers


def test_only_a_listed_sites_browser_is_told_that_it_may_send(
    config: Config, request: pytest.FixtureRequest
) -> None:
    object.__setattr__(config, "origins", ("https://school.example",))
    server = request.getfixturevalue("server")
    make_token(config, "contributor")
    asks = {"Access_Control_Request_Method": "PUT", "Access_Control_Request_Headers": "rdf-life"}
    path = f"/v1/data/{'ab' * 16}"
    status, headers = preflight(server, path, Origin="https://school.example", **asks)
    assert (status, headers["Access-Control-Allow-Origin"]) == (204, "https://school.example")
    assert "Rdf-Life" in headers["Access-Control-Allow-Headers"]
    for origin in ("https://elsewhere.example", "null", "https://school.example.evil.example"):
        status, headers = preflight(server, path, Origin=origin, **asks)
        assert status == 403 and "Access-Control-Allow-Origin" not in headers
    # what is sent then needs its token all the same, and the page may read why it was refused
    status, headers, _ = get(server, "/v1/graphs", Origin="https://school.example")
    assert (status, headers["Access-Control-Allow-Origin"]) == (401, "https://school.example")


def preflight(server: Any, path: str, **headers: str) -> tuple[int, dict[str, str]]:
    """A browser's question whether a page may send something."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    try:
        connection.request("OPTIONS", path, headers={k.replace("_", "-"): v for k, v in headers.items()})
        response = connection.getresponse()
        response.read()
        return response.status, dict(response.getheaders())
    finally:
        connection.close()


def test_the_join_link_bears_the_token_that_asks_for_it(config: Config, server: Any) -> None:
    status, answer = ask(server.port, "GET", "/v1/join")
    assert status == 200 and answer["link"] == f"{server.url}/"
    token = make_token(config, "contributor")
    server.call(lambda d: None)
    status, answer = ask(server.port, "GET", "/v1/join", token)
    assert answer["link"] == f"{server.url}/#token={token}"
    assert answer["qr"].startswith("<svg")


@pytest.mark.parametrize(
    ("said", "scheme"), [("https", "https"), ("http", "http"), ("", "http"), ("javascript", "http")]
)
def test_the_join_link_has_the_scheme_that_a_proxy_says_the_browser_came_by(
    config: Config, request: pytest.FixtureRequest, said: str, scheme: str
) -> None:
    object.__setattr__(config, "names", ("lab.example",))
    token = make_token(config, "contributor")
    server = request.getfixturevalue("server")
    about = {"Host": "lab.example:8443", "X_Forwarded_Proto": said}
    status, answer = ask(server.port, "GET", "/v1/join", token, **about)
    assert status == 200 and answer["link"] == f"{scheme}://lab.example:8443/#token={token}"


def test_who_asks_for_the_join_link_without_a_token_is_told_what_to_do_in_a_browser(
    config: Config, request: pytest.FixtureRequest
) -> None:
    make_token(config, "contributor")
    server = request.getfixturevalue("server")
    status, answer = ask(server.port, "GET", "/v1/join")
    assert status == 401 and "In a browser, open the whole link" in answer["message"]


@pytest.mark.parametrize(
    ("host", "names", "url", "link"),
    [
        ("127.0.0.1", (), "http://127.0.0.1:9999", "http://127.0.0.1:9999/#token=t"),
        ("0.0.0.0", ("lab.example",), "https://0.0.0.0:443", "https://lab.example:443/#token=t"),
        ("0.0.0.0", ("lab.example",), "http://localhost:9999", "http://lab.example:9999/#token=t"),
        ("::1", (), "http://[::1]:80", "http://[::1]:80/#token=t"),
        # a proxy: it has the name, and port 443
        ("127.0.0.1", ("lab.example",), "http://127.0.0.1:9999", "https://lab.example/#token=t"),
        ("127.0.0.1", ("lab.example",), "http://lab.example:81", "http://lab.example:81/#token=t"),
        ("127.0.0.1", ("localhost",), "http://127.0.0.1:9999", "http://127.0.0.1:9999/#token=t"),
        # names as certificates have them: of this machine, of many, and in the end one
        ("127.0.0.1", ("lab.example",), "https://127.0.0.1:9999", "https://127.0.0.1:9999/#token=t"),
        ("0.0.0.0", ("::1", "*.example", "b.example"), "https://0.0.0.0:1", "https://b.example:1/#token=t"),
        ("192.0.2.7", ("lab.example",), "https://192.0.2.7:9999", "https://lab.example:9999/#token=t"),
        ("192.0.2.7", ("*.lab.example",), "https://192.0.2.7:9999", "https://192.0.2.7:9999/#token=t"),
        ("0.0.0.0", ("lab.example",), "http://192.0.2.9:9999", "http://192.0.2.9:9999/#token=t"),
    ],
)
def test_the_join_link_names_an_address_that_others_reach(
    host: str, names: tuple[str, ...], url: str, link: str
) -> None:
    assert join_link(Config(host=host, names=names), url, "t") == link
