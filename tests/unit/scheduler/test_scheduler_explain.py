"""Why is it waiting? The words for the developer, of an op."""

from __future__ import annotations

from simulation.desk import Desk, only

from ravsock.scheduler.events import Assign, EndGraph, Heard, Result, Want


def test_an_op_nobody_asked_for_says_so() -> None:
    desk = Desk([(), ()])
    desk.tell(Want(1, (0,)))
    assert desk.scheduler.explain_op(1, 1) == "nobody has asked for it yet"
    assert desk.scheduler.explain_op(1, 0) == "no contributor is connected"


def test_an_op_names_the_operand_it_waits_for_who_has_it_and_since_when() -> None:
    desk = Desk([(), (0,), (1,)], cost_s=2.0)
    desk.tell(EndGraph(1))
    assert desk.scheduler.explain_op(1, 2) == "it waits for op 0: no contributor is connected"
    assign = only(Assign, desk.join("ann"))
    assert assign.ops == [0]
    desk.tell(Heard("ann"), 1.5)
    said = desk.scheduler.explain_op(1, 2)
    assert said.startswith("it waits for op 0: ann computes it since 1.5 s (predicted: 2.0")
    assert not desk.scheduler.is_late(1)
    desk.tell(Heard("ann"), 6.0)
    assert desk.scheduler.is_late(1)


def test_an_op_that_fits_nobody_says_how_much_it_needs() -> None:
    desk = Desk([(), (0,)], cost_s=60, size_bytes=9_100_000_000)
    desk.join("small", 2_000_000_000)
    desk.tell(EndGraph(1))
    assert "it waits for op 0: op 0 needs 9.1 GB" in desk.scheduler.explain_op(1, 1)


def test_a_failed_op_names_the_op_at_fault() -> None:
    desk = Desk([(), (0,)])
    desk.tell(EndGraph(1))
    assign = only(Assign, desk.join())
    desk.tell(Result("a", assign.assignment, 0.01, ((0, "singular matrix"),)))
    assert desk.scheduler.explain_op(1, 0) == "it failed: singular matrix"
    assert desk.scheduler.explain_op(1, 1) == "op 0, on which it depends, failed: singular matrix"


def test_a_computed_op_says_so() -> None:
    desk = Desk([()])
    desk.tell(EndGraph(1))
    desk.tell(Result("a", only(Assign, desk.join()).assignment, 0.01))
    assert desk.scheduler.explain_op(1, 0) == "it is computed"
