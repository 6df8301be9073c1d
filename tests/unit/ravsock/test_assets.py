"""The browser's runtime: found as it should be, or said what is wrong with it."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ravsock.assets import MANIFEST, RAVJS, cache_folder, find_runtime, version_of
from ravspec.errors import ConfigError

WHEEL = b"not really a wheel"
LOCK = {"packages": {"numpy": {"file_name": "numpy-0.whl", "sha256": "0" * 64}}}


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """An environment whose cache has a runtime of one file."""
    folder = tmp_path / version_of()
    folder.mkdir()
    (folder / "numpy-0.whl").write_bytes(WHEEL)
    manifest = {"files": {"numpy-0.whl": {"size_bytes": len(WHEEL)}}, "names": {}, "versions": {}}
    (folder / MANIFEST).write_text(json.dumps(manifest))
    return {"RAVJS_ASSETS": str(tmp_path)}


def bring() -> Any:
    """The script ravjs/bring.py as a module."""
    spec = importlib.util.spec_from_file_location("bring", RAVJS / "bring.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_whole_runtime_is_found(environ: dict[str, str]) -> None:
    runtime = find_runtime(environ)
    assert runtime.version == version_of() and set(runtime.files) == {"numpy-0.whl"}


def test_what_is_missing_is_named_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"assets.json is missing.*setup.sh server"):
        find_runtime({"RAVJS_ASSETS": str(tmp_path)})


def test_a_file_of_another_size_is_found_out(environ: dict[str, str]) -> None:
    (cache_folder(environ) / version_of() / "numpy-0.whl").write_bytes(WHEEL[:-1])
    with pytest.raises(ConfigError, match="has not the 18 bytes"):
        find_runtime(environ)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"files": {"numpy-0.whl": 3}}'])
def test_a_manifest_that_is_none_is_an_error(environ: dict[str, str], text: str) -> None:
    (cache_folder(environ) / version_of() / MANIFEST).write_text(text)
    with pytest.raises(ConfigError, match="cannot be used"):
        find_runtime(environ)


def test_the_cache_is_outside_the_repository() -> None:
    assert not cache_folder({}).is_relative_to(RAVJS.parent)
    assert cache_folder({"XDG_CACHE_HOME": "/elsewhere"}).is_relative_to("/elsewhere")


def test_a_wheel_counts_only_with_the_digest_of_the_lock_file(tmp_path: Path) -> None:
    (tmp_path / "numpy-0.whl").write_bytes(WHEEL)
    with pytest.raises(ConfigError, match=f"states {'0' * 64}"):
        bring().numpy_wheel(LOCK, tmp_path, tmp_path)
    with pytest.raises(ConfigError, match="is not there"):
        bring().numpy_wheel(LOCK, tmp_path / "elsewhere.whl", tmp_path)


@pytest.mark.parametrize(
    ("release", "said"), [(ConfigError("no way there"), "no way there"), (b"junk", "has the SHA")]
)
def test_the_carrier_is_asked_where_the_release_does_not_give_the_wheel(
    tmp_path: Path, release: Any, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    # Given a release of Pyodide that cannot be reached, or gives other bytes
    module = bring()

    def from_release(name: str, work: Path) -> Path:
        if isinstance(release, Exception):
            raise release
        (work / "junk.whl").write_bytes(release)
        return work / "junk.whl"

    def from_carrier(name: str, work: Path) -> Path:
        (work / name).write_bytes(WHEEL)
        return work / name

    module.from_release, module.from_carrier = from_release, from_carrier
    lock = {"packages": {"numpy": {"file_name": "numpy-0.whl", "sha256": hashlib.sha256(WHEEL).hexdigest()}}}
    # Then the carrier's is taken, and why is said
    assert module.numpy_wheel(lock, None, tmp_path).read_bytes() == WHEEL
    assert said in capsys.readouterr().err
    # And a release that gives the right bytes is enough
    release = WHEEL
    del module.from_carrier
    assert module.numpy_wheel(lock, None, tmp_path).name == "junk.whl"


def test_the_reason_for_which_npm_failed_is_what_it_says_first_and_of_others_last() -> None:
    npm = (
        "npm warn old lockfile\nnpm error code ECONNREFUSED\nnpm error syscall connect\n"
        "npm error FetchError: request to https://registry.example/ failed\nnpm error \n"
        "npm error If you are behind a proxy, please make sure\nnpm error A complete log of this run\n"
    )
    assert bring().reason(npm).startswith("code ECONNREFUSED / syscall connect / FetchError: request to")
    assert "A complete log" not in bring().reason(npm)
    assert bring().reason("one\ntwo\nthree\nERROR: no match") == "two / three / ERROR: no match"


def test_without_npm_set_up_says_so_in_one_line(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, RAVJS / "bring.py"], capture_output=True, text=True,
        env={"RAVJS_ASSETS": str(tmp_path), "PATH": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 1
    assert "needs npm, which is not on the PATH" in done.stderr and "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir()), "something half-made is left"
