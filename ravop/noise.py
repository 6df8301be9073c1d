"""What noise is in the totals of a federated graph: who reads results should know how exact they are."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction

from ravspec.decimals import DEFAULT_LIMIT
from ravspec.federated import Spec
from ravspec.slots import layout_of
from ravspec.sums import Kind, Sum, noise_parts, noise_scale

#: so many deviations are named in a line of text; all are in `deviations`
NAMED = 6


@dataclass(frozen=True, slots=True)
class Noise:
    """The noise in a total: discrete Laplace of each contributor, independent of each other."""

    epsilon: float  #: of each contributor's rows, all sums together
    contributors: int
    scales: dict[str, float]  #: of one contributor, by what is added up, in its unit
    deviations: dict[str, float]  #: standard deviation of the total's noise

    def __str__(self) -> str:
        """One sentence."""
        named = [f"{name} {value:.4g}" for name, value in self.deviations.items()]
        more = f" and {len(named) - NAMED} more" if len(named) > NAMED else ""
        return (
            f"noise of epsilon {self.epsilon:g} by each of {self.contributors} contributors; "
            f"its standard deviations in the totals: {', '.join(named[:NAMED])}{more}"
        )


def noise_of(spec: Spec, contributors: int) -> Noise | None:
    """The noise of a graph; None where it asks for none."""
    if spec.epsilon is None:
        return None
    sums = [slot.sum for slot in layout_of(spec).slots]
    parts = noise_parts(sums)
    scales, deviations = {}, {}
    for total in sums:
        name, unit = called(total), 10 ** sum(spec.columns[c].decimals for c in total.of)
        scale = noise_scale(spec, total, parts)
        scales[name] = float(scale / unit)
        deviations[name] = deviation(scale) * math.sqrt(contributors) / unit
    return Noise(float(spec.epsilon), contributors, scales, deviations)


def drowned(spec: Spec) -> str:
    """Says of which columns noise leaves nothing, as their rules bound no values; "" if of none."""
    if spec.epsilon is None:
        return ""
    summed = {column for slot in layout_of(spec).slots for column in slot.sum.of}
    names = [c for c in sorted(summed) if None in (spec.columns[c].min, spec.columns[c].max)]
    if not names:
        return ""
    return (
        f"the noise will hide all of {', '.join(names)}: it is measured by the largest value that a row may "
        f"have, and without bounds that is {DEFAULT_LIMIT:.0e}; give min and max in the rules"
    )


def called(total: Sum) -> str:
    """What is added up, whichever bin or group it is of: they have the same noise."""
    return f"each bin of {total.over[0]}" if total.kind is Kind.CELL else replace(total, group=None).text()


def deviation(scale: Fraction) -> float:
    """That of one discrete Laplace draw: its variance is 2p / (1 - p)^2, where p = exp(-1 / scale)."""
    inverse = float(1 / scale)
    return math.sqrt(2 * math.exp(-inverse)) / -math.expm1(-inverse)
