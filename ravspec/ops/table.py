"""OPS: every op by its name. The one list that all rooms read."""

from __future__ import annotations

from ravspec.errors import UnknownOp, nearest
from ravspec.ops import (
    contraction,
    counting,
    creation,
    distributions,
    elementwise,
    fitting,
    fourier,
    index,
    joining,
    linalg,
    manipulate,
    maths,
    membership,
    nans,
    ordering,
    products,
    random,
    reduce,
    sets,
    spectra,
    vectors,
)
from ravspec.ops.op import Op

CHAPTERS = {
    "Creation": creation.ROWS,
    "Arithmetic, comparison, logic": elementwise.ROWS,
    "Functions of one number": maths.ROWS,
    "Reductions": (*reduce.ROWS, *nans.ROWS),
    "Products": (*products.ROWS, *contraction.ROWS),
    "Linear algebra": (*linalg.ROWS, *spectra.ROWS, *vectors.ROWS, *fitting.ROWS),
    "Fourier transforms": fourier.ROWS,
    "Shapes": manipulate.ROWS,
    "Joining, cutting, repeating": joining.ROWS,
    "Indexing": index.ROWS,
    "Sorting, searching, sets": (*ordering.ROWS, *sets.ROWS, *membership.ROWS, *counting.ROWS),
    "Random": (*random.ROWS, *distributions.ROWS),
}


def _by_name(rows: list[Op]) -> dict[str, Op]:
    names: dict[str, Op] = {}
    for row in rows:
        assert row.name not in names, f"two rows are called {row.name}"
        names[row.name] = row
    return names


OPS: dict[str, Op] = _by_name([row for rows in CHAPTERS.values() for row in rows])


def _aliases(ops: dict[str, Op]) -> dict[str, str]:
    aliases: dict[str, str] = {}
    for row in ops.values():
        for alias in row.aliases:
            assert alias not in ops and alias not in aliases, f"{alias} is already the name of an op"
            aliases[alias] = row.name
    return aliases


#: RDF's and NumPy's other spellings: alias -> name
ALIASES: dict[str, str] = _aliases(OPS)


def find_op(name: str) -> Op:
    """The row of a wire name; an unknown name is an UnknownOp that names the nearest."""
    try:
        return OPS[name]
    except KeyError:
        raise UnknownOp(f'no op is called "{name}"{nearest(name, [*OPS, *ALIASES])}') from None
