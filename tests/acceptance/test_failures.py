"""What breaks in real life: contributors, their computing processes and the server end without a goodbye."""

from __future__ import annotations

import os
import signal
import textwrap
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
import pytest
from system.processes import LEASE_S, Contributor, Running, Script, Server, is_running, until

from tests.databases import only_postgresql, run_sql

#: arange(PRIME) * k % PRIME is a permutation of 0 .. PRIME - 1, so what sorting gives is known beforehand
PRIME = 400_009

#: branches that take a contributor some 20 ms a step; every value is exact and the script knows it
WORK = f"""
    import sys
    import ravop as R

    P, BRANCHES = {PRIME}, int(sys.argv[1])
    with R.Graph(name="work"):
        order = R.arange(P)
        values = []
        for b in range(1, BRANCHES + 1):
            y = order
            for k in (3, 7):
                y = R.sort(y * (b + k) % P)
            values.append(y.dot(order) + b)
        squares = (P - 1) * P * (2 * P - 1) // 6
        got = [int(v) for v in R.fetch(values)]
        assert got == [squares + b for b in range(1, BRANCHES + 1)], got
    print("all exact")
"""
#: a few seconds for two contributors
BRANCHES = "120"

Two = tuple[Contributor, Contributor]
Scripts = Callable[..., Script]


def test_killing_one_of_two_contributors_changes_nothing_but_the_time(
    server: Server, two: Two, script: Scripts
) -> None:
    # Given a graph of a few seconds, to which both contribute
    ann, _ = two
    developer = script(WORK, BRANCHES)
    server.until_in_the_middle()
    until(lambda: server.computed_ops("ann") and server.computed_ops("bob"), "both have computed something")
    # When one of them is gone without a word
    ann.kill()
    # Then the developer has every value, and the server knows that ann is lost
    assert developer.output() == "all exact\n"
    assert server.graph()["state"] == "computed"
    until(lambda: set(server.present()) == {"bob"}, "ann counts as lost", LEASE_S * 3)


def test_killing_only_the_computing_process_costs_the_contributor_no_more_than_its_work(
    server: Server, two: Two, script: Scripts
) -> None:
    # Given a graph in the middle
    ann, bob = two
    developer = script(WORK, BRANCHES)
    server.until_in_the_middle()
    # When ann's computing process is killed, as a system without memory does it
    child = ann.child_pid()
    os.kill(child, signal.SIGKILL)
    # Then ann says why, has another one, and the values are right
    assert developer.output() == "all exact\n"
    assert "SIGKILL" in ann.log()
    until(lambda: ann.children() and ann.child_pid() != child, "ann computes in a new process")
    assert set(server.present()) == {"ann", "bob"}
    # And she goes on to compute, alone
    bob.kill()
    assert script(WORK, "3").output() == "all exact\n"


def test_the_server_is_killed_in_the_middle_and_the_waiting_script_ends_right(
    server: Server, two: Two, script: Scripts
) -> None:
    # Given a script that waits for a graph that is half done
    developer = script(WORK, BRANCHES)
    server.until_in_the_middle(ops=20)
    # When the server is gone and comes back on the same database
    server.kill()
    assert developer.alive
    server.restart()
    # Then it goes on by itself, with the same contributors; one that pauses between two tries may come later
    assert developer.output() == "all exact\n"
    assert server.graph()["state"] == "computed"
    until(lambda: set(server.present()) == {"ann", "bob"}, "both contributors at the new server")


@pytest.mark.long
@only_postgresql
def test_a_server_on_postgresql_is_killed_twice_and_the_waiting_script_ends_right(
    tmp_path: Path, processes: list[Running], database: str
) -> None:
    # Given a server whose database is PostgreSQL, a contributor, and a script that waits
    processes.append(server := Server(tmp_path, database=database))
    server.ready()
    processes.append(Contributor(server.url, "ann", tmp_path))
    (tmp_path / "work.py").write_text(textwrap.dedent(WORK))
    processes.append(developer := Script("work", tmp_path / "work.py", tmp_path, server.url, BRANCHES))
    for ops in (20, 120):
        server.until_in_the_middle(ops=ops)
        # When it is gone, and another starts while PostgreSQL may still hold the first one's lock
        server.kill()
        server.restart()
    # Then the script has every value, each computed op was committed once, and nobody is left out
    assert developer.output() == "all exact\n"
    assert server.graph()["state"] == "computed"
    rows = run_sql(database, "SELECT ops FROM data WHERE assignment IS NOT NULL")
    ops = np.concatenate([np.frombuffer(row[0], "<i4") for row in rows])
    assert len(ops) == len(set(ops.tolist()))


@pytest.mark.long
def test_a_graph_whose_script_has_left_is_finished_after_a_restart_of_the_server(
    server: Server, two: Two, script: Scripts
) -> None:
    # Given a script that was killed while its graph was computed
    developer = script(WORK, BRANCHES)
    server.until_in_the_middle()
    developer.kill()
    # When the server is stopped in order, and started anew
    server.stop()
    server.restart()
    # Then what the script had asked for is there to be read by its number
    later = script("""
        import ravop as R
        graph = R.Graph(id=1)
        last = len(graph.ops) - 1
        print(graph.name, int(graph.tensor(last)()))
    """)
    squares = (PRIME - 1) * PRIME * (2 * PRIME - 1) // 6
    assert later.output() == f"work {squares + int(BRANCHES)}\n"


#: one long piece: a single chain, that only one contributor can have
CHAIN = f"""
    import ravop as R
    with R.Graph(name="chain"):
        x = R.arange({PRIME} * 4)
        y = x
        for k in range(60):
            y = R.sort(y * 3 % 1_000_003)
        y.sum().persist_op("sum")
        print(y.sum()() > 0)
"""


def test_one_ctrl_c_lets_the_piece_finish_and_leaves(
    server: Server, contributor: Callable[..., Contributor], script: Scripts
) -> None:
    # Given a contributor that computes
    ann = contributor("ann")
    developer = script(WORK, "60")
    server.until_in_the_middle()
    # When it is interrupted once
    ann.interrupt()
    # Then it ends well, says goodbye, and nothing that it had was taken back by a lapse of the lease
    assert ann.wait(10) == 0
    assert "leaving after this piece" in ann.log()
    until(lambda: not server.present(), "ann has said goodbye", LEASE_S / 2)
    states = [row["state"] for row in server.view("contributors")["contributors"]]
    assert states == ["left"]
    # And somebody else ends the work
    contributor("bob")
    assert developer.output() == "all exact\n"


def test_a_second_ctrl_c_leaves_at_once_and_nothing_is_lost(
    server: Server, contributor: Callable[..., Contributor], script: Scripts
) -> None:
    # Given a contributor in the middle of a piece of several seconds
    ann = contributor("ann")
    developer = script(CHAIN)
    until(lambda: server.graph().get("computing_ops"), "the chain is being computed")
    child = psutil.Process(ann.child_pid())
    # When it is interrupted twice
    ann.interrupt()
    until(lambda: "leaving after this piece" in ann.log(), "the first Ctrl-C has been heard", 5)
    ann.interrupt()
    # Then it does not wait for the piece, and takes its computing process with it
    assert ann.wait(3) == 0
    until(lambda: not is_running(child), "the computing process has ended", 3)
    # And somebody else computes what it had
    contributor("bob")
    assert developer.output() == "True\n"


def test_a_killed_contributor_leaves_no_computing_process_behind(
    contributor: Callable[..., Contributor],
) -> None:
    ann = contributor("ann")
    child = psutil.Process(ann.child_pid())
    ann.kill()
    until(lambda: not is_running(child), "the computing process has ended", 5)


def test_a_contributor_started_before_the_server_joins_when_it_comes(
    server: Server, start_contributor: Callable[..., Contributor], script: Scripts
) -> None:
    server.kill()
    ann = start_contributor("ann")
    until(lambda: "no server answers" in ann.log(), "ann has found nobody")
    server.restart()
    until(lambda: "ann" in server.present(), "ann has joined", 15)
    assert script(WORK, "2").output() == "all exact\n"


def test_a_contributor_leaves_when_it_was_idle_for_so_long(
    server: Server, contributor: Callable[..., Contributor], script: Scripts
) -> None:
    ann = contributor("ann", exit_when_idle=1)
    assert script(WORK, "2").output() == "all exact\n"
    assert ann.wait(10) == 0
    assert "no work for 1 s" in ann.log()
    until(lambda: not server.present(), "the server knows that ann has left", LEASE_S / 2)


def test_a_numpy_error_reaches_the_developer_with_the_line_that_made_the_op(
    contributor: Callable[..., Contributor], script: Scripts, tmp_path: Path
) -> None:
    # Given a matrix that has no inverse, which only the contributor finds out
    contributor("ann")
    # When a script asks for a value that needs it
    developer = script("""\
        import ravop as R

        m = R.t([[1.0, 2.0], [2.0, 4.0]])
        x = R.solve(m, R.t([1.0, 1.0]))
        print(x())
    """)
    # Then the script ends with the operator, NumPy's own words, and the line
    assert developer.wait() == 1
    assert developer.out() == ""
    last = developer.log().split("ComputeError: ")[-1]
    assert "(solve)" in last and "Singular matrix" in last
    assert f'File "{tmp_path / "script-1.py"}", line 4' in last


def test_a_failed_op_fails_its_dependents_and_nothing_else(
    server: Server, contributor: Callable[..., Contributor], script: Scripts
) -> None:
    contributor("ann")
    out = script("""
        import ravop as R
        graph = R.Graph(name="half")
        good = R.t([[2.0, 0.0], [0.0, 4.0]])
        bad = R.inv(R.t([[0.0, 0.0], [0.0, 0.0]]))
        after = bad + 1
        print(R.inv(good)().tolist())
        try:
            graph.end()
        except R.ComputeError as error:
            print("inv" in str(error), "1 more op depends on it" in str(error))
        print(graph.status, graph.get_op_stats()["failed_ops"])
    """).output()
    assert out.splitlines() == ["[[0.5, 0.0], [0.0, 0.25]]", "True True", "failed 2"]


def test_a_script_without_a_server_ends_with_advice(
    server: Server, script: Scripts, processes: list[Running]
) -> None:
    server.stop()
    developer = script("import ravop as R; print((R.t([1]) + 1)())")
    assert developer.wait() == 1
    last = developer.log().splitlines()[-1]
    assert "no server answers at" in last or "not submitted" in last, developer.tail()
    assert "run_ravsock.py" in developer.log()


@pytest.mark.long
@pytest.mark.parametrize("what", ["contributor", "computing process"])
def test_a_contributor_that_freezes_is_let_go_and_may_come_back(
    server: Server, two: Two, script: Scripts, what: str
) -> None:
    # Given a graph in the middle
    ann, bob = two
    developer = script(WORK, "60")
    server.until_in_the_middle()
    # When ann (or what computes for her) stands still, as on a laptop whose lid is closed
    pid = ann.pid if what == "contributor" else ann.child_pid()
    os.kill(pid, signal.SIGSTOP)
    try:
        # Then bob computes what she had
        assert developer.output() == "all exact\n"
    finally:
        os.kill(pid, signal.SIGCONT)
    # And she computes again when she wakes, though bob is gone
    bob.kill()
    assert script(WORK, "2").output() == "all exact\n"


@pytest.mark.long
def test_a_computing_process_that_hangs_is_replaced_and_no_op_is_blamed(
    server: Server, two: Two, script: Scripts
) -> None:
    # Given one contributor whose computing process stands still in mid-work, while its heart beats
    ann, bob = two
    bob.kill()
    developer = script(WORK, BRANCHES)
    until(lambda: server.computed_ops("ann"), "ann has computed something")
    hung = psutil.Process(ann.child_pid())
    hung.suspend()
    # Then a new process takes its place, and computes what the graph still needs
    assert developer.output(120) == "all exact\n"
    assert "it did not answer in time" in ann.log()
    assert not is_running(hung)
