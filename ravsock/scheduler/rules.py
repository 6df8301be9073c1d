"""The short rules that plain growth needs: when to stop, where to cut, whom to refuse.

Each cures one way in which plain growth fails; docs/scheduling.md has their gains.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

#: a prefix this near to the most efficient one is as good
_NEARLY = 0.95


def is_full(
    exec_s: float, down_s: float, up_s: float, target_s: float, is_seed: bool, brings_bytes: bool
) -> bool:
    """Would a piece with these seconds be longer than the target?

    A dependent that brings nothing is bounded by computing alone: the values on the way to it have to
    travel wherever a piece ends, so counting them would send a chain of megabytes op by op. Bytes that
    come down hold the target by themselves; a new seed pays for everything, as it might run elsewhere.
    """
    if is_seed:
        return exec_s + down_s + up_s > target_s
    return exec_s > target_s or (brings_bytes and down_s > target_s)


def has_share(seed_s: Any, share_s: float, busy_s: Any, worthwhile_s: Any) -> Any:
    """*share*: has the piece enough seeds, so that the next ones are for others?

    Growth runs through fan-outs and leaves nothing for the others: a wide graph becomes serial. So a piece
    takes at most half of what would be just, measured on the ready list: the pieces shrink as it empties.
    But work is not sent away for less than sending costs, so the piece must also keep its contributor
    busy (`busy_s`) for a round trip and for what staying together saves in uploads (`worthwhile_s`).
    For numbers, or for arrays of them.
    """
    return (seed_s >= share_s) & (busy_s >= worthwhile_s)


def best_length(efficiency: Sequence[float]) -> int:
    """*cut back*: how long should the piece be, given the efficiency of each of its prefixes?

    A target of time cuts anywhere, also where the boundary is widest, and then megabytes go up for
    nothing. So the piece ends at its last prefix that is about as efficient as the best.
    """
    good = _NEARLY * max(efficiency, default=0.0)
    length = len(efficiency)
    while length and efficiency[length - 1] < good:
        length -= 1
    return length


def should_close(rest_s: float, exec_s: float, lent_s: float, publish_s: float) -> bool:
    """*close*: end the piece here, so that others can have what it makes possible?

    At a fan-out, when the others will have emptied the rest of the ready list (`rest_s`) before this piece
    is done (`exec_s`), it is better to publish what they hunger for: if the time that they would save
    (`lent_s`) is more than twice what publishing costs (`publish_s`: a round trip and the uploads). With
    slow links or small steps it never is, and the graph rightly stays with one good contributor.
    """
    return rest_s < exec_s and lent_s > 2 * publish_s
