"""Values whose files are gone while the server holds their graph in memory: they are computed again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from contributors import ScriptedContributor

import ravop as R

#: of float64: in SQL's place a file; and above INLINE_BYTES, a file that travels by itself
SIZES = {"joined with others": 20_000, "by itself": 300_000}


def lose_files(server: Any, config: Any) -> int:
    """Every file of the data folder is gone, and nothing of them is in memory. How many."""
    files = list(config.data_dir.iterdir())
    for file in files:
        file.unlink()
    server.call(lambda d: [record.values.close() for record in d.registry])
    return len(files)


@pytest.mark.parametrize("how", SIZES)
def test_a_value_whose_file_is_gone_is_computed_again_for_who_asks(
    g: R.Graph, contributor: Callable[..., ScriptedContributor], server: Any, config: Any, how: str
) -> None:
    contributor()
    n = SIZES[how]
    y, other = R.arange(n) * 2.0, R.arange(n) * 3.0
    R.fetch(y, other)
    assert lose_files(server, config) > 0
    again = R.Graph(id=g.id)
    assert again.tensor(y.id)(timeout=20).tolist() == (np.arange(n) * 2.0).tolist()
    # what nobody has asked for since is not
    assert len(list(config.data_dir.iterdir())) == 1


@pytest.mark.parametrize("how", SIZES)
def test_a_value_whose_file_is_gone_is_computed_again_for_an_op_that_needs_it(
    g: R.Graph, contributor: Callable[..., ScriptedContributor], server: Any, config: Any, how: str
) -> None:
    first = contributor()
    n = SIZES[how]
    y = R.arange(n) * 2.0
    y()
    first.close()
    server.call(lambda d: d.leave(first.life))
    assert lose_files(server, config) == 1
    contributor("another")
    assert (y + 1)(timeout=20)[:3].tolist() == [1.0, 3.0, 5.0]


def test_a_source_whose_file_is_gone_is_a_failure_with_its_reason(
    g: R.Graph, contributor: Callable[..., ScriptedContributor], server: Any, config: Any
) -> None:
    contributor()
    x = R.t(np.arange(300_000.0))
    g.store()
    assert lose_files(server, config) == 1
    with pytest.raises(R.ComputeError, match=r"sent|lost"):
        (x + 1)(timeout=20)
