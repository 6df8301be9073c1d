"""No two assignments have one number, however often the server is killed before it has written them down."""

from __future__ import annotations

import sqlalchemy as sa

from ravsock import models, reading
from ravspec.states import GraphState

GRAPH = {"approach": "distributed", "developer": "ada", "state": GraphState.OPEN, "created_at": 0.0}


def test_two_starts_with_nothing_written_between_begin_with_different_numbers() -> None:
    """Found by the simulation: the result of a first #1048577 was taken for that of a second one."""
    engine = sa.create_engine("sqlite://")
    with engine.connect() as c:
        models.metadata.create_all(c)
        assert reading.next_assignment(c) == 1, "of the first server of all"
        c.execute(models.graph.insert(), [GRAPH])
        first = reading.next_assignment(c)
        second = reading.next_assignment(c)
    engine.dispose()
    assert 1 < first < second < 1 << 53, "browsers count up to there"
