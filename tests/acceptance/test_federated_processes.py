"""Federated graphs with real processes: the demo, and a server that is killed between any two steps."""

from __future__ import annotations

import ast
import random
import re
import statistics
import subprocess
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from system.processes import ROOT, Running, Script, Server, clean_environment, python, until

SCRIPT = """
    import json
    import ravop as R

    graph = R.Graph(name="ages", approach="federated", rules=json.dumps(
        {"rules": {"age": {"min": 0, "max": 120, "decimals": 0}}, "max_clients": 3}))
    mean = R.federated_mean()
    variance = R.federated_variance()
    print("id", graph.id, flush=True)
    print("fingerprint", graph.fingerprint, flush=True)
    print("mean", mean()["age"].hex(), "variance", variance()["age"].hex(), flush=True)
    print(graph.end())
"""


def federate(
    server: Server, folder: Path, *args: Any, answer: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    """`ravpy federate` to its end."""
    return subprocess.run(
        python("-m", "ravpy", "federate", *args, "--server", server.url), input=answer, text=True, cwd=ROOT,
        env=clean_environment(RDF_STATE_DIR=str(folder), **environment), capture_output=True, timeout=600,
    )  # fmt: skip


@pytest.fixture
def files(tmp_path: Path) -> list[tuple[Path, list[int]]]:
    """Three files of ages."""
    rng, made = random.Random(3), []
    for i in range(3):
        ages = [rng.randint(18, 90) for _ in range(50)]
        path = tmp_path / f"ages{i}.csv"
        path.write_text("age\n" + "".join(f"{age}\n" for age in ages))
        made.append((path, ages))
    return made


def source(folder: Path) -> str:
    """The developer's script, with its keys in a folder of the test."""
    return f"import os\nos.environ['RDF_STATE_DIR'] = {str(folder / 'dev')!r}\n" + textwrap.dedent(SCRIPT)


def said(script: Script, word: str) -> str:
    """What a script prints behind a word."""
    found: re.Match[str] = until(lambda: re.search(rf"^{word} (\S+)$", script.out(), re.M), word)
    return found[1]


@pytest.mark.long
def test_a_server_killed_between_any_two_steps_loses_and_doubles_nothing(
    server: Server,
    script: Callable[..., Script],
    tmp_path: Path,
    files: list[tuple[Path, list[int]]],
) -> None:
    # Given a developer who waits
    developer = script(source(tmp_path))
    graph, word = said(developer, "id"), said(developer, "fingerprint")
    for path, _ in files:
        # When the server is killed before each contribution, and again after it
        server.kill()
        server.restart()
        done = federate(server, tmp_path / "owner", graph, "--file", path, "--yes", "--expect", word)
        assert done.returncode == 0, done.stderr
        server.kill()
        server.restart()
        # And somebody tries once more
        if path is not files[-1][0]:
            again = federate(server, tmp_path / "owner", graph, "--file", path, "--yes", "--expect", word)
            assert again.returncode == 1
            assert "contributed to this graph already" in again.stderr
    # Then the total is that of the three, to the last bit
    ages = [age for _, each in files for age in each]
    mean = sum(ages) / len(ages)
    n, s, q = len(ages), sum(ages), sum(age * age for age in ages)
    assert f"mean {mean.hex()} variance {((n * q - s * s) / (n * n)).hex()}" in developer.output()
    assert "Graph computed successfully!" in developer.out()


#: a program of ours that starts with this says at its end which modules it has had
WATCH = """
import atexit, os, sys
from pathlib import Path
main = os.getpid()
atexit.register(lambda: Path({folder!r}, f"modules-{{main}}").write_text("\\n".join(sys.modules)))
"""
#: whatever can make a key, or open a ciphertext
OPENERS = {"phe", "gmpy2", "cryptography", "OpenSSL", "ravspec.paillier", "ravop", "ravpy"}


@pytest.mark.long
def test_the_server_s_process_has_had_nothing_that_opens_ciphertexts(
    tmp_path: Path, processes: list[Running], files: list[tuple[Path, list[int]]]
) -> None:
    # Given a server and a developer who say what they have imported
    (tmp_path / "sitecustomize.py").write_text(WATCH.format(folder=str(tmp_path)))
    server = Server(tmp_path, PYTHONPATH=str(tmp_path))
    processes.append(server)
    server.ready()
    (tmp_path / "ask.py").write_text(source(tmp_path))
    paths = f"{tmp_path}:{ROOT}"
    developer = Script("developer", tmp_path / "ask.py", tmp_path, server.url, PYTHONPATH=paths)
    processes.append(developer)
    # When a graph is asked, added up and opened
    graph, word = said(developer, "id"), said(developer, "fingerprint")
    for i, (path, _) in enumerate(files):
        done = federate(server, tmp_path / f"owner{i}", graph, "--file", path, "--yes", "--expect", word)
        assert done.returncode == 0, done.stderr
    assert "Graph computed successfully!" in developer.output()
    server.stop()
    # Then the one who opened it had what it takes, and the one who added it up did not
    assert {"phe", "gmpy2", "ravspec.paillier"} <= modules(tmp_path, developer)
    assert "ravsock.contributions" in modules(tmp_path, server)
    assert not OPENERS & modules(tmp_path, server)


def modules(folder: Path, process: Running) -> set[str]:
    """What a process has imported."""
    return set((folder / f"modules-{process.pid}").read_text().split())


def test_the_command_asks_refuses_and_says_why(
    server: Server, script: Callable[..., Script], tmp_path: Path, files: list[tuple[Path, list[int]]]
) -> None:
    developer = script(source(tmp_path))
    graph, word = said(developer, "id"), said(developer, "fingerprint")
    path = files[0][0]
    listed = subprocess.run(
        python("-m", "ravpy", "list", "--approach", "federated", "--server", server.url),
        capture_output=True, text=True, timeout=60, cwd=ROOT, env=clean_environment(),
    )  # fmt: skip
    assert f"fingerprint: {word}" in listed.stdout
    assert "rules: age: min 0 max 120" in listed.stdout
    for args, answer, code, text in (
        (["--yes"], "", 2, "--yes needs --expect"),
        (["--yes", "--expect", "abc"], "", 1, "fingerprint: the server's question has"),
        (["--min-rows", "51"], "yes\n", 1, "min_rows: age: 50 rows; 51 are the fewest here"),
        (["--min-clients", "4"], "yes\n", 1, "min_clients"),
        ([], "no\n", 1, "nothing was sent"),
        ([], "", 1, "nobody agreed"),
    ):
        done = federate(server, tmp_path / "owner", graph, "--file", path, *args, answer=answer)
        assert done.returncode == code, done.stderr
        assert text in done.stdout + done.stderr
        assert "Traceback" not in done.stderr
    assert server.view(f"federated/{graph}")["contributors"] == 0
    done = federate(server, tmp_path / "owner", graph, "--file", path, answer="yes\n")
    assert done.returncode == 0, done.stderr
    assert server.view(f"federated/{graph}")["contributors"] == 1
    assert all(half in done.stdout for half in (word[:39], word[40:]))


#: a program of ours that starts with this says at its end how much memory it had at most
PEAK = """
import atexit, os
from pathlib import Path
atexit.register(lambda: Path({folder!r}, f"peak-{{os.getpid()}}").write_text(
    Path("/proc/self/status").read_text()))
"""


@pytest.mark.long
def test_a_long_file_takes_part_in_little_memory_whatever_its_encoding(
    server: Server, script: Callable[..., Script], tmp_path: Path
) -> None:
    # Given three million people in latin-1, with semicolons, decimal commas, missing cells and lines in cells
    n, rng = 3_000_000, random.Random(3)
    ages = [rng.randrange(18, 91) for _ in range(1000)]
    path = tmp_path / "people.csv"
    with open(path, "w", encoding="latin-1") as file:
        file.write("number;age;gr\u00f6\u00dfe;note\n")
        for k in range(0, n, 1000):
            file.writelines(
                f'{k + i};{f"{age},0" if i else ""};1,{i:03};"Stra\u00dfe {i % 7};\nhinten"\n'
                for i, age in enumerate(ages)
            )
    (tmp_path / "sitecustomize.py").write_text(PEAK.format(folder=str(tmp_path)))
    developer = script(source(tmp_path).replace('"max_clients": 3', '"max_clients": 1'))
    graph, word = said(developer, "id"), said(developer, "fingerprint")
    # When they take part
    lower = ["--min-clients", "1", "--yes", "--expect", word]
    form = ["--encoding", "latin-1", "--separator", ";", "--decimal-comma"]
    done = federate(
        server, tmp_path / "owner", graph, "--file", path, *lower, *form, PYTHONPATH=f"{tmp_path}:{ROOT}"
    )
    path.unlink()
    # Then all of them count, and the memory is that of the ledger: 24 bytes a row, and a little
    assert done.returncode == 0, done.stderr
    assert f"{n:,} rows, {n:,} of them looked at" in done.stdout
    assert f"0 decimals; {n // 1000:,} missing" in done.stdout
    assert f"mean {(sum(ages[1:]) / 999).hex()} " in developer.output()
    (peak,) = tmp_path.glob("peak-*")
    found = re.search(r"VmHWM:\s+(\d+) kB", peak.read_text())
    assert found
    assert int(found[1]) * 1024 < 100e6 + 40 * n


#: RDF's walkthrough of 2022: these calls, in this order, and nothing that RDF did not have
RDF_SCRIPT = """
    import json
    import ravop as R

    rules = json.dumps({"rules": {"age": {"min": 18, "max": 80}, "salary": {"min": 1, "max": 5},
                                  "bonus": {"min": 0, "max": 10}, "fund": {}}, "max_clients": 1})
    algo = R.Graph(name="test", approach="federated", rules=rules)
    mean = R.federated_mean()
    variance = R.federated_variance()
    standard_deviation = R.federated_standard_deviation()
    print("Aggregated Mean: ", mean())
    print("Aggregated Variance: ", variance())
    print("Aggregated Standard Deviation: ", standard_deviation())
    print(algo.end())
"""
RDF_FILE = """age,salary,bonus,fund
18,1.5,3,1000.5
40,4,10,-22.25
80,5,8,
17,0.99,10.5,7
"""


def test_rdf_s_script_runs_word_for_word_and_its_one_client_lowers_the_floor(
    server: Server, script: Callable[..., Script], tmp_path: Path
) -> None:
    # Given RDF's script, unchanged, and one contributor with RDF's columns
    developer = script(textwrap.dedent(RDF_SCRIPT), RDF_STATE_DIR=str(tmp_path / "dev"))
    path = tmp_path / "data1.csv"
    path.write_text(RDF_FILE)
    until(lambda: re.search(r"^([0-9a-f]{4}-?){16}$", developer.log(), re.M), "a fingerprint")
    graph = server.view("federated")["graphs"][0]["id"]
    # When its owner has the floor that everybody has, and then lowers each
    lower: list[Any] = []
    for flag in ("--min-clients", "--min-rows", "--dominance"):
        done = federate(server, tmp_path / "owner", graph, "--file", path, *lower, answer="yes\n")
        assert (done.returncode, done.stdout) == (1, "")
        assert f"refused here, nothing was sent. {flag[2:].replace('-', '_')}: " in done.stderr
        lower += [flag, 1]
    assert server.view(f"federated/{graph}")["contributors"] == 0
    done = federate(server, tmp_path / "owner", graph, "--file", path, *lower, answer="yes\n")
    assert done.returncode == 0, done.stderr
    assert "YOU ARE THE ONLY ONE: the total is your numbers." in done.stdout
    # Then each column is by itself, both ends of its rule included
    columns = {"age": [18, 40, 80], "salary": [1.5, 4, 5], "bonus": [3, 10, 8], "fund": [1000.5, -22.25, 7]}
    lines = developer.output().splitlines()
    of = {"Mean": statistics.fmean, "Variance": statistics.pvariance, "Standard Deviation": statistics.pstdev}
    for line, name in zip(lines, of, strict=False):
        title, _, value = line.partition(":  ")
        assert title == f"Aggregated {name}"
        expected = {c: of[name](map(float, x)) for c, x in columns.items()}
        assert ast.literal_eval(value) == pytest.approx(expected)
    assert lines[3] == "Graph computed successfully!"


def test_the_demo_gives_what_numpy_gives(tmp_path: Path, processes: list[Running]) -> None:
    command = python(ROOT / "examples/federated/demo.py")
    demo = Running("demo", command, tmp_path)
    processes.append(demo)
    assert demo.wait(120) == 0, demo.tail(60)
    differences = re.findall(r"^  (\d\.\de[+-]\d+)  (.+)$", demo.out(), re.M)
    assert len(differences) == 7
    assert max(float(value) for value, _ in differences) <= 1e-9
    assert demo.out().count("contributed to graph 1: 768 bytes") == 6  # five, and the one that is shown whole
    assert (tmp_path / "federated.png").read_bytes().startswith(b"\x89PNG")
    assert demo.log() == ""
