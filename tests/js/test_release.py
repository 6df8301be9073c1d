"""Set-up takes NumPy's wheel from the release of Pyodide, where the network lets it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from ravsock.assets import RAVJS, Runtime

#: Pyodide's release, as far as the tests' machine can reach it: a network that has the wheel, or none
NETWORK = """
import fs from "node:fs";
globalThis.fetch = async (url) => {
  if (!process.env.WHEEL) throw new TypeError("fetch failed");
  if (!String(url).endsWith(`/full/${process.env.NAME}`)) throw new TypeError(`asked for ${url}`);
  return new Response(fs.readFileSync(process.env.WHEEL));
};
"""


@pytest.fixture
def modules(runtime: Runtime, tmp_path: Path) -> Path:
    """A node_modules with Pyodide in it, without NumPy."""
    folder = tmp_path / "node_modules" / "pyodide"
    folder.mkdir(parents=True)
    for path in runtime.folder.iterdir():
        if path.suffix in (".mjs", ".wasm", ".zip", ".json"):
            (folder / path.name).symlink_to(path)
    return folder.parent


@pytest.mark.parametrize("there", [True, False])
def test_pyodide_s_own_loader_fetches_the_wheel(
    node: str, runtime: Runtime, modules: Path, tmp_path: Path, there: bool
) -> None:
    (tmp_path / "network.mjs").write_text(NETWORK)
    name = runtime.names["numpy"]
    (release := tmp_path / "release").mkdir()
    done = subprocess.run(
        [node, "--import", tmp_path / "network.mjs", RAVJS / "release.mjs", modules, release],
        env={"NAME": name, "WHEEL": str(runtime.folder / name) if there else ""},
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == (0 if there else 1), done.stderr
    assert ("fetch failed" in done.stderr) is not there
    assert [path.name for path in release.iterdir()] == [name] * there
    if there:
        assert (release / name).read_bytes() == (runtime.folder / name).read_bytes()
