"""Our own part of what browsers run: the modules of ravjs, and ravspec's as one archive.

The archive is made from the tree at a server's start, so that browsers run the very modules that
everybody else runs. It is the same to the byte for the same sources: its digest names its version.
"""

from __future__ import annotations

import functools
import gzip
import hashlib
import io
import json
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path

import ravspec
from ravsock.assets import RAVJS, Runtime
from ravspec.ops import CHAPTERS

RAVSPEC = Path(ravspec.__file__).parent

#: an import at a module's head; the parser would take a tenth of a second for all of them
IMPORT = re.compile(r"^from (ravspec[\w.]*) import (\([^)]*\)|.*)$", re.MULTILINE)
#: what a tab imports of ravspec; all that these import comes along
ROOTS = ("ravspec.executor", "ravspec.battery")

#: an archive's entries bear this date, the first that there is
DATE = (1980, 1, 1, 0, 0, 0)

MODULES = "modules.zip"


@dataclass(frozen=True, slots=True)
class Bundle:
    """Files by their paths, each with its compressed form if that is smaller, and the version of all."""

    version: str
    files: dict[str, tuple[bytes, bytes | None]]


@functools.cache
def modules() -> bytes:
    """The archive of Python modules: ravspec's that a tab reaches, and the tab's own beside them."""
    entries = {path.relative_to(RAVSPEC.parent).as_posix(): path for path in reached()}
    entries |= {path.name: path for path in (RAVJS / "python").glob("*.py")}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in sorted(entries):
            info = zipfile.ZipInfo(name, DATE)
            archive.writestr(info, entries[name].read_bytes(), zipfile.ZIP_DEFLATED, 9)
    return out.getvalue()


def reached() -> set[Path]:
    """The modules of ravspec that importing the roots imports."""
    found: set[Path] = set()
    todo = set(ROOTS)
    while todo:
        name = todo.pop()
        todo |= {name.rpartition(".")[0]} - {""}
        place = RAVSPEC.parent / name.replace(".", "/")
        path = next((p for p in (place.with_suffix(".py"), place / "__init__.py") if p.exists()), None)
        if path is not None and path not in found:
            found.add(path)
            todo |= imported(path)
    return found


def imported(path: Path) -> set[str]:
    """The names under ravspec that a module imports at its head; some are not of modules."""
    names: set[str] = set()
    for module, imports in IMPORT.findall(path.read_text()):
        names |= {f"{module}.{name}" for name in re.findall(r"\w+", imports)}
    return names


def manifest(runtime: Runtime, folder: str) -> dict[str, object]:
    """Where a tab finds what it loads, seen from the bundle's folder, and how many bytes that is at most."""
    names = {part: f"{folder}{name}" for part, name in runtime.names.items()}
    size = sum(about.get("gz", about["size_bytes"]) for about in runtime.files.values())
    chapters = {row.name: title for title, rows in CHAPTERS.items() for row in rows}
    return {**names, "runtime": folder, "modules": MODULES, "bytes": size, "chapters": chapters}


def make_bundle(runtime: Runtime | None) -> Bundle:
    """All of it; without a runtime pages still load, and say that there is none."""
    contents = {f"src/{path.name}": path.read_bytes() for path in sorted((RAVJS / "src").glob("*.js"))}
    contents |= {name: (RAVJS / name).read_bytes() for name in ("style.css", "icon.svg")}
    if runtime is not None:
        contents[MODULES] = modules()
        contents["manifest.json"] = json.dumps(manifest(runtime, f"../{runtime.version}/")).encode()
    digest = hashlib.sha256()
    for name, content in contents.items():
        digest.update(f"{name} {len(content)} ".encode() + content)
    files = {name: (content, smaller(content)) for name, content in contents.items()}
    return Bundle(digest.hexdigest()[:12], files)


def smaller(content: bytes) -> bytes | None:
    """Compressed, if that is worth it."""
    packed = gzip.compress(content, 9, mtime=0)
    return packed if len(packed) < 0.9 * len(content) else None
