"""Brings what browsers run and others wrote: Python and NumPy in WebAssembly, and the socket's client.

    python ravjs/bring.py [--wheel FILE-OR-FOLDER]

Pyodide and Socket.IO come by npm, at the versions and digests of package-lock.json. NumPy's wheel for
Pyodide is in neither npm nor PyPI by itself: it is looked for in --wheel (or RAVJS_WHEEL), in the release of
Pyodide, and in a PyPI package that ships it; wherever it comes from, it counts only with the SHA-256 that
Pyodide's own lock file states. The matmul kernel is compiled. All goes into a cache outside the repository
(see ravsock/assets.py), in one step at the end, so that a half-made runtime is never served.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from ravsock.assets import MANIFEST, RAVJS, cache_folder, find_runtime, version_of
from ravspec.errors import ConfigError

#: a package on PyPI that carries NumPy's wheel for this Pyodide; nothing else of it is used
CARRIER = "open-webui==0.12.4"
#: how npm begins each line about what went wrong
NPM_ERROR = "npm error "
#: what is fetched: by npm and from Pyodide's release, and more where only the carrier can be had
SIZE_MB, CARRIER_MB = 33, 106
#: how long Pyodide's release may take to give the wheel, 3 MB, before the carrier is asked
RELEASE_S = 120
#: files of Pyodide that are served as they are
PYODIDE = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip")
SOCKET = "socket.io.esm.min.js"
KERNEL = "matmul.wasm"
LOCK = "pyodide-lock.json"
#: the others are archives already
COMPRESSED = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", SOCKET, KERNEL, LOCK)


def run(command: list[str], what: str, cwd: Path, timeout_s: float | None = None) -> None:
    """Run a command; its end of output is the reason if it fails."""
    try:
        done = subprocess.run(
            command, cwd=cwd, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=timeout_s
        )
    except FileNotFoundError:
        raise ConfigError(f"{what} needs {command[0]}, which is not on the PATH; install Node.js") from None
    except subprocess.TimeoutExpired:
        raise ConfigError(f"{what} failed: nothing came for {timeout_s:g} s") from None
    if done.returncode:
        raise ConfigError(f"{what} failed: {reason(done.stderr.strip() or done.stdout.strip())}")


def reason(output: str) -> str:
    """Why a command failed, out of what it wrote: npm says that first and ends with advice, others last."""
    lines = output.splitlines()
    by_npm = [line.removeprefix(NPM_ERROR).strip() for line in lines if line.startswith(NPM_ERROR)]
    return " / ".join(list(filter(None, by_npm))[:4] or lines[-3:])


def node_modules(work: Path) -> Path:
    """The npm packages of package-lock.json, checked by npm against its digests."""
    for name in ("package.json", "package-lock.json"):
        shutil.copy(RAVJS / name, work / name)
    options = ["--ignore-scripts", "--no-audit", "--no-fund"]
    run(["npm", "ci", *options], "fetching Pyodide and Socket.IO by npm", work)
    return work / "node_modules"


def numpy_wheel(lock: dict[str, Any], given: Path | None, work: Path) -> Path:
    """NumPy's wheel with the digest of Pyodide's lock file."""
    entry = lock["packages"]["numpy"]
    name, digest = entry["file_name"], entry["sha256"]
    if given is not None:
        path = given / name if given.is_dir() else given
        if not path.is_file():
            raise ConfigError(f"{path} is not there; --wheel names {name}, or the folder that has it")
        return checked(path, digest)
    try:
        return checked(from_release(name, work), digest)
    except ConfigError as error:
        print(f"{error}\ntaking it out of {CARRIER} instead, {CARRIER_MB} MB to fetch", file=sys.stderr)
    return checked(from_carrier(name, work), digest)


def checked(path: Path, digest: str) -> Path:
    """The file, if it has that SHA-256."""
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != digest:
        raise ConfigError(f"{path} has the SHA-256 {found}; Pyodide's lock file states {digest}")
    return path


def from_release(name: str, work: Path) -> Path:
    """The wheel from where Pyodide's own loader takes it."""
    folder = work / "release"
    folder.mkdir()
    command = ["node", str(RAVJS / "release.mjs"), str(work / "node_modules"), str(folder)]
    run(command, "fetching NumPy for browsers from Pyodide's release", work, RELEASE_S)
    return folder / name


def from_carrier(name: str, work: Path) -> Path:
    """The wheel out of the package that carries it."""
    options = ["--no-deps", "--only-binary=:all:", "--python-version=3.12", "--disable-pip-version-check"]
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--dest", str(work), *options, CARRIER]
    run(pip, f"fetching {CARRIER}, which carries NumPy for browsers, by pip", work)
    for carrier in work.glob("*.whl"):
        with zipfile.ZipFile(carrier) as archive:
            for entry in archive.namelist():
                if entry.rpartition("/")[2] == name:
                    (work / name).write_bytes(archive.read(entry))
                    return work / name
    raise ConfigError(
        f"{CARRIER} has no {name} in it. The Pyodide release that package.json names has; put it into a "
        "folder and name that by --wheel"
    )


def trimmed(lock: dict[str, Any]) -> dict[str, Any]:
    """Pyodide's lock file with NumPy alone."""
    return {**lock, "packages": {"numpy": lock["packages"]["numpy"]}}


def bring(given: Path | None, target: Path) -> None:
    """Make the runtime of this tree's version at `target`."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix="bringing-") as folder:
        work, out = Path(folder), Path(folder) / "out"
        out.mkdir()
        modules = node_modules(work)
        lock = json.loads((modules / "pyodide" / LOCK).read_text())
        wheel = numpy_wheel(lock, given, work)
        for name in PYODIDE:
            shutil.copy(modules / "pyodide" / name, out / name)
        shutil.copy(wheel, out / wheel.name)
        shutil.copy(modules / "socket.io-client" / "dist" / SOCKET, out / SOCKET)
        (out / LOCK).write_text(json.dumps(trimmed(lock)))
        compiler = ["node", str(modules / "assemblyscript" / "bin" / "asc.js"), "matmul.ts"]
        shutil.copy(RAVJS / "kernel" / "matmul.ts", work)
        flags = ["-O3", "--noAssert", "--enable", "simd", "--runtime", "stub", "--importMemory"]
        run([*compiler, *flags, "-o", str(out / KERNEL)], "compiling the matmul kernel", work)
        compress = ["node", str(RAVJS / "compress.mjs"), *(str(out / name) for name in COMPRESSED)]
        run(compress, "compressing", work)
        packages = json.loads((RAVJS / "package.json").read_text())["dependencies"]
        versions = {**packages, "numpy": lock["packages"]["numpy"]["version"], **lock["info"]}
        names = {"pyodide": "pyodide.mjs", "numpy": wheel.name, "socket": SOCKET, "kernel": KERNEL}
        manifest = {"files": sizes(out), "names": names, "versions": versions}
        (out / MANIFEST).write_text(json.dumps(manifest, indent=1))
        shutil.rmtree(target, ignore_errors=True)
        out.rename(target)


def sizes(folder: Path) -> dict[str, dict[str, int]]:
    """Each file with its size, and those of its compressed forms."""
    found: dict[str, dict[str, int]] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix not in (".br", ".gz"):
            forms = {suffix: path.with_name(f"{path.name}.{suffix}") for suffix in ("br", "gz")}
            there = {suffix: form.stat().st_size for suffix, form in forms.items() if form.exists()}
            found[path.name] = {"size_bytes": path.stat().st_size, **there}
    return found


def main(argv: list[str] | None = None) -> int:
    """Exit code: 0 the runtime is there, 1 it could not be brought (one line says why)."""
    p = argparse.ArgumentParser(prog="ravjs/bring.py", description="Brings what browsers run.")
    p.add_argument(
        "--wheel", metavar="FILE", type=Path, default=os.environ.get("RAVJS_WHEEL") or None,
        help="NumPy's wheel for Pyodide, or a folder that has it, instead of fetching it (RAVJS_WHEEL)",
    )  # fmt: skip
    args = p.parse_args(argv)
    try:
        find_runtime()
        return 0
    except ConfigError:
        pass
    try:
        wheel = args.wheel.absolute() if args.wheel else None
        print(
            f"bringing the browser's runtime, {SIZE_MB} MB; a minute or more the first time", file=sys.stderr
        )
        bring(wheel, cache_folder() / version_of())
        runtime = find_runtime()
    except ConfigError as error:
        print(f"ravjs/bring.py: {error}", file=sys.stderr)
        return 1
    print(f"the browser's runtime is in {runtime.folder}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
