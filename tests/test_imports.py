"""Who may import whom: the table of docs/architecture.md, kept by reading every module's imports."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

#: room -> what it may import of ours
OURS = {
    "ravspec": {"ravspec"},
    "ravop": {"ravop", "ravspec", "ravftp.client"},
    "ravsock": {"ravsock", "ravspec"},
    "ravftp": {"ravftp", "ravspec"},
    "ravpy": {"ravpy", "ravspec", "ravftp.client"},
    "ravjs": {"ravspec", "ravsock.assets"},
    "examples": {"ravop"},
}

#: room -> what it may import from outside, the standard library aside
OUTSIDE = {
    "ravspec": {"numpy"},
    "ravop": {"numpy", "tqdm"},
    "ravsock": {"numpy", "msgspec", "aiohttp", "socketio", "engineio", "sqlalchemy", "segno"},
    "ravftp": {"numpy", "pyftpdlib", "OpenSSL"},
    "ravpy": {"numpy", "msgspec", "socketio", "rich", "psutil"},
    "ravjs": {"numpy"},
}

#: what the browser runs is NumPy and the standard library; msgspec types the messages of Python peers
MSGSPEC_IN_RAVSPEC = {"ravspec/messages.py", "ravspec/federated.py", "ravspec/specs.py"}

#: the one module that touches phe, an extra that the server does without
PHE = "ravspec/paillier.py"

#: the one module with X25519, for sealed federated graphs
SEALS = "ravpy/seals.py"

#: the one module with psycopg, an extra that a server on SQLite does without
POSTGRESQL = "ravsock/postgresql.py"

#: Alembic takes time to import, and is needed once in the life of a version
MIGRATIONS = "ravsock/migrations/"

#: the one module that whoever has einops imports
EINOPS = "ravop/einops.py"

MODULES = sorted(p for room in OURS for p in (ROOT / room).rglob("*.py"))


def imports_of(path: Path) -> set[str]:
    """The absolute names that a module imports, relative ones resolved."""
    package = path.relative_to(ROOT).parent.parts
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(part for part in (base, node.module or "") if part)
            # `from package import module` names the module, not the package alone
            names |= {f"{module}.{alias.name}" for alias in node.names}
    return names


def is_under(name: str, allowed: str) -> bool:
    return name == allowed or name.startswith(f"{allowed}.")


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_room_imports_only_what_the_table_allows(path: Path) -> None:
    room = path.relative_to(ROOT).parts[0]
    scripts = room in ("examples", "ravjs")  # these import their neighbours by their bare names
    siblings = {entry.stem for entry in path.parent.glob("*.py")} if scripts else set()
    for name in imports_of(path):
        top = name.split(".")[0]
        if top in OURS or (ROOT / top).is_dir():
            assert top in siblings or any(is_under(name, allowed) for allowed in OURS[room]), (
                f"{path.relative_to(ROOT)} imports {name}; {room} may import {sorted(OURS[room])}"
            )
        elif room in OUTSIDE and top not in sys.stdlib_module_names | siblings and top != "__future__":
            messages = str(path.relative_to(ROOT)) in MSGSPEC_IN_RAVSPEC
            phe = {"phe"} if str(path.relative_to(ROOT)) == PHE else set()
            seals = {"cryptography"} if str(path.relative_to(ROOT)) == SEALS else set()
            einops = {"einops"} if str(path.relative_to(ROOT)) == EINOPS else set()
            psycopg = {"psycopg"} if str(path.relative_to(ROOT)) == POSTGRESQL else set()
            alembic = {"alembic"} if str(path.relative_to(ROOT)).startswith(MIGRATIONS) else set()
            seals |= psycopg | alembic
            allowed = OUTSIDE[room] | ({"msgspec"} if messages else set()) | phe | seals | einops
            assert top in allowed, f"{path.relative_to(ROOT)} imports {name}; {room} may import {allowed}"


def test_the_scheduler_imports_nothing_of_the_server() -> None:
    for path in (ROOT / "ravsock/scheduler").glob("*.py"):
        ours = {name for name in imports_of(path) if name.startswith("rav")}
        assert all(is_under(n, "ravsock.scheduler") or is_under(n, "ravspec") for n in ours), (path, ours)


def test_nothing_imports_the_app_but_the_command() -> None:
    importers = {p.name for p in (ROOT / "ravsock").rglob("*.py") if "ravsock.app.make_app" in imports_of(p)}
    assert importers == {"__main__.py"}


def reached_from(start: str) -> dict[str, set[str]]:
    """Our modules that importing one imports, itself included, each with the names it imports."""
    seen: dict[str, set[str]] = {}
    todo = [start]
    while todo:
        name = todo.pop()
        path = ROOT / (name.replace(".", "/") + ".py")
        if not path.exists():
            path = ROOT / name.replace(".", "/") / "__init__.py"
        if name in seen or not path.exists():
            continue
        seen[name] = found = imports_of(path)
        todo += [n for n in found if n.startswith("rav")]
        todo += [n.rpartition(".")[0] for n in found if n.startswith("rav")]
    return seen


def test_what_the_browser_runs_imports_without_msgspec() -> None:
    """The modules that ravjs ships reach neither messages nor msgspec."""
    reached = reached_from("ravspec.executor") | reached_from("ravspec.battery")
    assert "ravspec.ops.table" in reached
    assert "ravspec.messages" not in reached
    for name, found in reached.items():
        assert not any(is_under(n, "msgspec") for n in found), name


def test_the_server_does_without_cryptography() -> None:
    """It adds ciphertexts as integers; it cannot hold a key, as nothing that it imports knows keys."""
    reached = reached_from("ravsock.app")
    assert "ravsock.routes" in reached
    assert "ravspec.paillier" not in reached
    for name, found in reached.items():
        opens = [n for n in found if n.split(".")[0] in ("phe", "gmpy2", "cryptography", "OpenSSL", "ravftp")]
        assert not opens, (name, opens)


def test_the_client_of_ravftp_is_numpy_and_the_standard_library() -> None:
    """Developers and contributors need not install what the server is made of."""
    reached = reached_from("ravftp.client")
    assert "ravftp.ftp" in reached
    for name, found in reached.items():
        outside = {n.split(".")[0] for n in found} - sys.stdlib_module_names - {"ravftp", "ravspec", "numpy"}
        assert not outside, name
