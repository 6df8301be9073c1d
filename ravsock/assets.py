"""The browser's runtime on disk: where it is, which version, and what is wrong if it cannot be used.

Python and NumPy for browsers are others' work. Set-up brings them into a cache outside the repository, in a
folder named by their version; `assets.json` in it says which files there are. Standard library only:
set-up uses this before anything else is sure to work.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ravspec.errors import ConfigError

#: environment variable: the folder of the cache
RAVJS_ASSETS = "RAVJS_ASSETS"
#: our own part of the browser's side
RAVJS = Path(__file__).resolve().parent.parent / "ravjs"
MANIFEST = "assets.json"
HOW_TO_BRING = "`sh setup.sh server` brings it (with npm and a network)"

#: what the runtime is made from; a change of any of them is another version
INGREDIENTS = ("package-lock.json", "kernel/matmul.ts", "bring.py", "compress.mjs", "release.mjs")


@dataclass(frozen=True, slots=True)
class Runtime:
    """The runtime of one version. `files`: name -> {"size_bytes", and "br" and "gz" where they are there}."""

    folder: Path
    version: str
    files: Mapping[str, Mapping[str, int]]
    names: Mapping[str, str]  #: part -> file: "pyodide", "numpy", "socket", "kernel"
    versions: Mapping[str, str]


def version_of(ravjs: Path = RAVJS) -> str:
    """The version of the runtime that this tree wants."""
    digest = hashlib.sha256()
    for name in INGREDIENTS:
        digest.update(name.encode() + (ravjs / name).read_bytes())
    return digest.hexdigest()[:12]


def cache_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """RAVJS_ASSETS, or a folder in the user's cache."""
    if environ.get(RAVJS_ASSETS):
        return Path(environ[RAVJS_ASSETS]).absolute()
    base = environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "raven-distribution-framework" / "browser"


def find_runtime(environ: Mapping[str, str] = os.environ) -> Runtime:
    """The runtime of this tree's version; a ConfigError says what is missing."""
    version = version_of()
    folder = cache_folder(environ) / version
    try:
        manifest = json.loads((folder / MANIFEST).read_text())
        files = manifest["files"]
        for name, about in files.items():
            if (folder / name).stat().st_size != about["size_bytes"]:
                raise ConfigError(
                    f"{folder / name} has not the {about['size_bytes']} bytes it should have; remove "
                    f"{folder}, and {HOW_TO_BRING} again"
                )
    except FileNotFoundError as error:
        raise ConfigError(
            f"the browser's runtime is not there ({error.filename} is missing): {HOW_TO_BRING}"
        ) from None
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"{folder / MANIFEST} cannot be used ({error!r}): {HOW_TO_BRING}") from None
    return Runtime(folder, version, files, manifest["names"], manifest["versions"])
