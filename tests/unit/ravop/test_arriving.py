"""Values that are awaited, in one process."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

import ravop as R


def test_a_tensor_is_awaited_for_its_value_and_unknown_shapes_are_learnt() -> None:
    async def script() -> None:
        x, y = R.t([1, 2]) + 1, R.unique(R.t([3, 3]))
        assert (await x).tolist() == [2, 3]
        assert (await y).tolist() == [3] and y.shape == (1,)
        assert [v.tolist() for v in await R.fetch_async([x * 2, y * 2])] == [[4, 6], [6]]

    asyncio.run(script())


def test_one_that_fails_raises_where_it_is_awaited_and_the_others_come() -> None:
    async def script() -> None:
        good, bad = R.t([1.0]) + 1, R.inv(R.t(np.zeros((2, 2))))
        with pytest.raises(R.ComputeError, match="Singular"):
            await bad
        assert (await good).tolist() == [2]
        come = [x async for x in R.as_completed(bad, good)]
        assert len(come) == 2
        with pytest.raises(R.ComputeError):
            bad()

    asyncio.run(script())


def test_completed_ones_come_in_a_loop_and_in_a_running_event_loop_too() -> None:
    x = R.t(5.0)
    assert sorted(float(y) for y in R.as_completed([x * 2, x * 3])) == [10, 15]

    async def notebook() -> None:
        assert sorted(float(y) for y in R.as_completed(x * 4, x * 5)) == [20, 25]
        for y in R.as_completed(x * 6, x * 7):
            assert y._value is not None
            break

    asyncio.run(notebook())
    with pytest.raises(R.DTypeError, match="as_completed takes tensors, not int"):
        R.as_completed(3)
    assert list(R.as_completed([])) == []
