"""Whatever the contributors do, in whatever order: it ends, and every value is right."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from simulation.graphs import Work
from simulation.puppets import GRAPH, Stage

from ravsock.scheduler.events import CancelGraph, Heard, Want

ACTIONS = (
    "join", "small", "finish", "finish", "finish", "finish", "vanish", "leave", "repeat", "forge", "refuse",
    "crash", "lose", "wait", "stall", "heard", "fault", "want", "end", "save", "restart", "restart",
)  # fmt: skip


@st.composite
def works(draw: st.DrawFn) -> Work:
    work = Work("random")
    for op in range(draw(st.integers(1, 30))):
        operands = draw(st.lists(st.integers(0, op - 1), max_size=3)) if op else []
        if not operands and draw(st.booleans()):
            work.data(1000)
        else:
            cost_s = draw(st.sampled_from((1e-4, 0.05, 0.4, 2.0)))
            work.op(operands, cost_s, draw(st.sampled_from((8, 10_000, 3_000_000))))
    return work


def play(stage: Stage, action: str, which: int) -> None:
    puppets = list(stage.puppets.values())
    puppet = puppets[which % len(puppets)] if puppets else None
    op = which % len(stage.work.ins)
    if action == "join":
        stage.join(speed=1 + which % 3)
    elif action == "small":
        stage.join(memory_bytes=5_000_000)
    elif action == "repeat":
        stage.repeat(which)
    elif action == "lose":
        if stage.scheduler.is_available(GRAPH, op):
            stage.lose(op)
    elif action == "wait":
        stage.wait(which % 7)
    elif action == "want":
        stage.tell(Want(GRAPH, (op,), dispatch=which % 2 == 0))
    elif action == "end":
        stage.end()
    elif action == "save":
        stage.save()
    elif action == "restart":
        stage.restart()
    elif puppet is None:
        return
    elif action == "finish":
        stage.finish(puppet)
    elif action == "fault":
        stage.finish(puppet, failing=(op,))
    elif action == "vanish":
        del stage.puppets[puppet.life]
    elif action == "stall":
        stage.tell(Heard(puppet.life))
        stage.wait(9)
    elif action == "heard":
        stage.tell(Heard(puppet.life))
    elif action == "linger":  # everybody is there and nobody is done: something may be overdue
        for other in puppets:
            stage.tell(Heard(other.life))
        stage.wait(3)
    elif action == "forge":
        stage.forge(puppets[(which + 1) % len(puppets)], puppet)
    elif action == "refuse":
        stage.refuse(puppet)
    elif action == "crash":
        stage.crash(puppet)
    elif action == "leave":
        stage.leave(puppet)


def bring_to_an_end(stage: Stage) -> None:
    """From now on there is one large, faithful contributor, and everything is asked for."""
    stage.end()
    for puppet in list(stage.puppets.values()):
        stage.leave(puppet)
    for _ in range(500):
        if not stage.puppets:
            stage.join()
        for puppet in list(stage.puppets.values()):
            stage.tell(Heard(puppet.life))
            stage.finish(puppet)
        counts = stage.scheduler.counts(GRAPH)
        if counts["computed"] + counts["failed"] == counts["total"]:
            return
        stage.wait(1)
    raise AssertionError(stage.scheduler.explain(GRAPH))


def ancestors(work: Work, op: int) -> set[int]:
    found, stack = {op}, [op]
    while stack:
        for operand in work.ins[stack.pop()]:
            if operand not in found:
                found.add(operand)
                stack.append(operand)
    return found


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(works(), st.lists(st.tuples(st.sampled_from(ACTIONS), st.integers(0, 1000)), max_size=60))
def test_it_always_ends_and_every_value_is_right(work: Work, script: list[tuple[str, int]]) -> None:
    stage = Stage(work)
    for action, which in script:
        play(stage, action, which)
    assert_right_in_the_end(stage)


#: with two contributors who are there and late, most is dealt twice
LATE_ACTIONS = (
    "linger", "linger", "linger", "finish", "finish", "finish", "join", "vanish", "crash", "repeat", "forge",
    "lose", "fault", "want", "refuse", "leave", "save", "restart",
)  # fmt: skip


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(works(), st.lists(st.tuples(st.sampled_from(LATE_ACTIONS), st.integers(0, 1000)), max_size=40))
def test_what_is_dealt_twice_counts_once(work: Work, script: list[tuple[str, int]]) -> None:
    stage = Stage(work)
    for action, which in [("join", 0), ("end", 0), ("join", 1), ("join", 2), *script]:
        play(stage, action, which)
    assert_right_in_the_end(stage)


def assert_right_in_the_end(stage: Stage) -> None:
    work = stage.work
    bring_to_an_end(stage)
    graph = stage.scheduler.ledger.graphs[GRAPH]
    for op in work.sinks():
        assert op in stage.failed or stage.store[op] == stage.truth[op]
    for op, at_fault in stage.failed.items():
        assert at_fault in stage.guilty and at_fault in ancestors(work, op)
    made = sum(not source for source in work.source)
    lost_sources = sum(work.source[op] for op in stage.failed)
    failed_ops = len(stage.failed) - lost_sources
    assert (
        sum(stage.computed.values()) == made - failed_ops + stage.recomputed + graph.recomputed - lost_sources
    )


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(works(), st.lists(st.tuples(st.sampled_from(ACTIONS), st.integers(0, 1000)), max_size=30))
def test_a_cancelled_graph_leaves_nothing_behind(work: Work, script: list[tuple[str, int]]) -> None:
    stage = Stage(work)
    for action, which in script:
        play(stage, action, which)
    stage.tell(CancelGraph(GRAPH))
    ledger = stage.scheduler.ledger
    assert not ledger.graphs and not ledger.assignments and not ledger.active and not ledger.developers
    assert not any(life.held or life.queue for life in ledger.lives.values())
