"""The ops of one graph, as columns that grow: what the server holds, and the local engine too.

`append` takes a batch whole or not at all; `cut` gives a subgraph for a contributor. Nothing here
knows which op is computed where; ops are integers, and no object stands for one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ravspec.batch import Batch, Symbols
from ravspec.claims import WEAK, Claims, few_keys, keys_of
from ravspec.codec import literal_from_json
from ravspec.errors import ParamError, ProtocolError
from ravspec.ops import Op, find_op
from ravspec.ops.creation import DATA
from ravspec.shapes import ArrayType
from ravspec.subgraph import Subgraph
from ravspec.values import FEW, Interner, type_from_json, type_to_json


class Column:
    """A NumPy array that grows at its end."""

    def __init__(self, dtype: str) -> None:
        self._data = np.zeros(16, dtype)
        self._n = 0

    def extend(self, values: Any) -> None:
        """Append them."""
        need = self._n + len(values)
        if need > len(self._data):
            self._data = np.concatenate([self._data, np.zeros(max(need, self._n), self._data.dtype)])
        self._data[self._n : need] = values
        self._n = need

    def truncate(self, n: int) -> None:
        """Forget all but the first n."""
        self._n = n

    def all(self) -> NDArray[Any]:
        """A view of what is in it."""
        return self._data[: self._n]

    def __len__(self) -> int:
        return self._n


def tuples(value: Any) -> Any:
    """JSON's lists as tuples, inside params."""
    return tuple(tuples(v) for v in value) if isinstance(value, list) else value


class OpList:
    """Ops of a graph. `first_operand` and `first_out` have one entry more than there are ops."""

    def __init__(self) -> None:
        self.symbols = Symbols()  #: as the developer's library numbers them
        self.kinds: list[tuple[Op, dict[str, Any]]] = []
        self.types: list[ArrayType] = []  #: numbered by intern_type
        self.type_bytes = Column("int64")  #: size_bytes of each
        self.names: dict[int, str] = {}
        self.kind, self.site = Column("uint32"), Column("uint32")
        self.operand, self.output = Column("int32"), Column("uint16")
        self.first_operand, self.first_out = Column("int64"), Column("int64")
        self.out_type = Column("int64")
        self._given_types, self._literal_types = Column("int64"), Column("int64")
        self._columns = (
            self.kind, self.site, self.operand, self.output,
            self.first_operand, self.first_out, self.out_type,
        )  # fmt: skip
        self.first_operand.extend([0])
        self.first_out.extend([0])
        self.claims = Claims(self.kinds, self.types)
        self._type_number: dict[ArrayType, int] = {}
        self._source_kind: list[bool] = []

    def __len__(self) -> int:
        return len(self.kind)

    # --- taking ops in -------------------------------------------------------------------------------

    def is_repeat(self, batch: Batch) -> bool:
        """True for a batch that was taken before; one that leaves a gap or overlaps is an error."""
        if batch.first_op + len(batch) <= len(self) and (len(batch) or batch.first_op < len(self)):
            return True
        if batch.first_op != len(self) or batch.first != self.symbols.counts():
            raise ProtocolError(
                f"the graph has {len(self)} ops and goes on from there; "
                f"the batch begins at {batch.first_op} with symbols {batch.first}"
            )
        return False

    def append(
        self, batch: Batch, with_values: bool = True
    ) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.bool_]]:
        """Take a new batch. Gives predicted seconds, output bytes and whether it is a source, for each op.

        A bad batch raises and leaves the list as it was. with_values False: the sources' values do not
        come with it (they are stored already).
        """
        marks = [len(column) for column in self._columns]
        counts = self.symbols.counts()
        try:
            self._add_symbols(batch.symbols)
            self._check_numbers(batch)
            self._extend(batch)
            cost_s, size_bytes = self._check_claims(len(batch))
            source = np.array(self._source_kind, bool)[batch.kind]
            if with_values:
                self._check_values(batch, size_bytes, source)
        except Exception:
            self._drop_symbols(counts)
            for column, mark in zip(self._columns, marks, strict=True):
                column.truncate(mark)
            raise
        self.names.update(batch.names)
        return cost_s, size_bytes, source

    def _add_symbols(self, new: Symbols) -> None:
        for name, params in new.kinds:
            row = find_op(name)
            given = {key: tuples(value) for key, value in params.items()}
            if row.canonical_params(given) != given:
                raise ParamError(f"{name}: params {params} are not in canonical form")
            self.kinds.append((row, given))
            self._source_kind.append(row.name == DATA)
        self._given_types.extend([self.intern_type(type_from_json(header)) for header in new.types])
        self._literal_types.extend([WEAK[type(literal_from_json(value))] for value in new.literals])
        self.symbols.kinds.extend(new.kinds)
        self.symbols.types.extend(new.types)
        self.symbols.sites.extend(new.sites)
        self.symbols.literals.extend(new.literals)

    def _drop_symbols(self, counts: list[int]) -> None:
        symbols = self.symbols
        for items, count in zip(
            (symbols.kinds, symbols.types, symbols.sites, symbols.literals), counts, strict=True
        ):
            del items[count:]
        del self.kinds[counts[0] :], self._source_kind[counts[0] :]
        self._given_types.truncate(counts[1])
        self._literal_types.truncate(counts[3])
        self.claims.right.clear()

    def intern_type(self, t: ArrayType) -> int:
        """The number of a type in `types`. These are the list's own numbers, not the developer's: a type
        that a result teaches must not take a number that the developer's library gives to another."""
        number = self._type_number.setdefault(t, len(self.types))
        if number == len(self.types):
            self.types.append(t)
            self.type_bytes.extend([t.size_bytes])
        return number

    def _check_numbers(self, batch: Batch) -> None:
        counts = self.symbols.counts()
        for column, known, word in (
            (batch.kind, counts[0], "kind"),
            (batch.out_type, counts[1], "type"),
            (batch.site, counts[2], "call site"),
            (-1 - batch.operand[batch.operand < 0], counts[3], "literal"),
        ):
            if len(column) and int(column.max()) >= known:
                raise ProtocolError(f"an op names {word} {int(column.max())}; there are {known}")

    def _extend(self, batch: Batch) -> None:
        n_out = batch.n_out if len(batch.n_out) else np.ones(len(batch), np.uint16)
        self.first_operand.extend(len(self.operand) + batch.arity.cumsum(dtype=np.int64))
        self.first_out.extend(len(self.out_type) + n_out.cumsum(dtype=np.int64))
        self.kind.extend(batch.kind)
        self.site.extend(batch.site)
        self.operand.extend(batch.operand)
        self.output.extend(batch.output if len(batch.output) else np.zeros(len(batch.operand), np.uint16))
        self.out_type.extend(self._given_types.all()[batch.out_type])

    def _check_claims(self, n: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Check the types of the last n ops. Gives their predicted seconds and output bytes."""
        first_operand, first_out = self.first_operand.all()[-n - 1 :], self.first_out.all()[-n - 1 :]
        kind = self.kind.all()[len(self) - n :]
        arity, n_out = first_operand[1:] - first_operand[:-1], first_out[1:] - first_out[:-1]
        operand_type = self._operand_types(int(first_operand[0]))
        out_type = self.out_type.all()[first_out[0] :]
        cost_s, size_bytes = np.empty(n), np.empty(n, np.int64)
        if n <= FEW and len(out_type) == n:
            arities = arity.tolist()
            keys = few_keys(kind.tolist(), arities, operand_type.tolist(), out_type.tolist())
            for i, key in enumerate(keys):
                cost_s[i], size_bytes[i] = self.claims.check(key, arities[i])
            return cost_s, size_bytes
        for at, a, keys, index in keys_of(kind, arity, operand_type, n_out, out_type):
            found = np.array([self.claims.check(key, a) for key in keys], np.float64).reshape(-1, 2)
            cost_s[at] = found[index, 0]
            size_bytes[at] = found[index, 1]
        return cost_s, size_bytes

    def _operand_types(self, since: int) -> NDArray[np.int64]:
        """The type number of every operand from `since` on, literals' below zero."""
        operand = self.operand.all()[since:].astype(np.int64)
        first = self.first_out.all()
        literal = operand < 0
        producer = np.where(literal, 0, operand)
        at = first[producer] + self.output.all()[since:]
        bad = ~literal & (at >= first[producer + 1])
        if bad.any():
            i = int(np.argmax(bad))
            raise ProtocolError(f"an operand names output {self.output.all()[since + i]} of op {operand[i]}")
        types = self.out_type.all()[np.where(literal, 0, at)].astype(np.int64)
        if literal.any():
            types[literal] = self._literal_types.all()[-1 - operand[literal]]
        return types

    def _check_values(self, batch: Batch, size_bytes: NDArray[np.int64], source: NDArray[np.bool_]) -> None:
        for op in batch.names:  # of this batch or an earlier one
            if op >= batch.first_op + len(batch):
                raise ProtocolError(f"a name is given to op {op}, which there is not")
        inline = source.copy()
        for op in batch.stored:
            i = op - batch.first_op
            if not 0 <= i < len(batch) or not source[i]:
                raise ProtocolError(f"a stored value is named for op {op}, which is not a source")
            inline[i] = False
        need = int(size_bytes[inline].sum())
        if need != len(batch.values):
            raise ProtocolError(
                f"the source ops of the batch need {need} bytes of values; {len(batch.values)} came"
            )

    # --- giving ops out ------------------------------------------------------------------------------

    def outputs_of(self, ops: NDArray[np.integer[Any]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """(n_out of each op, index into out_type of each of their outputs in order)."""
        first = self.first_out.all()
        start = first[ops]
        n_out = first[ops + 1] - start
        return n_out, start if (n_out == 1).all() else spans(start, n_out)

    def types_of(self, ops: NDArray[np.integer[Any]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """(n_out of each op, type number of each of their outputs in order)."""
        n_out, at = self.outputs_of(ops)
        return n_out, self.out_type.all()[at]

    def cut(self, ops: Sequence[int], inputs: Sequence[int]) -> Subgraph:
        """The ops, in that order, as a subgraph over the inputs' outputs."""
        if len(ops) + len(inputs) <= FEW:
            return self._cut_few(ops, inputs)
        chosen, outside = np.array(ops, np.int64), np.array(inputs, np.int64)
        start = self.first_operand.all()
        arity = start[chosen + 1] - start[chosen]
        at = spans(start[chosen], arity)
        operand, output = self.operand.all()[at].astype(np.int64), self.output.all()[at]
        literal = operand < 0
        literals, literal_slot = np.unique(operand[literal], return_inverse=True)
        producers = np.concatenate([outside, chosen])
        first = self.first_out.all()
        n_out = first[producers + 1] - first[producers]
        base = len(literals) + np.cumsum(n_out) - n_out
        order = np.argsort(producers, kind="stable")
        found = np.searchsorted(producers[order], operand[~literal])
        slot = np.empty(len(operand), np.int32)
        slot[~literal] = base[order[found]] + output[~literal]
        slot[literal] = literal_slot
        kinds, kind = np.unique(self.kind.all()[chosen], return_inverse=True)
        own = n_out[len(outside) :]
        return Subgraph(
            kinds=[self.symbols.kinds[k] for k in kinds.tolist()],
            literals=[literal_from_json(self.symbols.literals[-1 - k]) for k in literals.tolist()],
            ops=chosen.astype(np.int32),
            kind=kind.astype(np.uint32),
            arity=arity.astype(np.uint16),
            operand=slot,
            n_out=own.astype(np.uint16) if (own != 1).any() else np.zeros(0, np.uint16),
        )

    def _cut_few(self, ops: Sequence[int], inputs: Sequence[int]) -> Subgraph:
        """The same for a small piece: NumPy's fixed costs would be most of the time."""
        start, first, operand = self.first_operand.all(), self.first_out.all(), self.operand.all()
        at = {op: (int(start[op]), int(start[op + 1])) for op in ops}
        given = {op: operand[lo:hi].tolist() for op, (lo, hi) in at.items()}
        literals = sorted({o for row in given.values() for o in row if o < 0})
        slot_of: dict[int, int] = {o: k for k, o in enumerate(literals)}
        slot = len(literals)
        n_out = []
        for op in (*inputs, *ops):
            slot_of[op] = slot
            n_out.append(int(first[op + 1] - first[op]))
            slot += n_out[-1]
        slots = [
            slot_of[o] + k
            for op, (lo, hi) in at.items()
            for o, k in zip(given[op], self.output.all()[lo:hi].tolist(), strict=True)
        ]
        kind = self.kind.all()
        kinds = Interner()
        kind_numbers = [kinds.number(int(kind[op])) for op in ops]
        own = n_out[len(inputs) :]
        return Subgraph(
            kinds=[self.symbols.kinds[k] for k in kinds.items],
            literals=[literal_from_json(self.symbols.literals[-1 - k]) for k in literals],
            ops=np.array(ops, np.int32),
            kind=np.array(kind_numbers, np.uint32),
            arity=np.array([len(row) for row in given.values()], np.uint16),
            operand=np.array(slots, np.int32),
            n_out=np.array(own if any(n != 1 for n in own) else (), np.uint16),
        )

    def learn_type(self, output_at: int, t: ArrayType) -> None:
        """An output whose shape was not known has this type (the index is into out_type)."""
        self.out_type.all()[output_at] = self.intern_type(t)

    def named(self, part: str) -> list[int]:
        """The ops whose name contains it, or the name of the developer's own op that they are part of."""
        sites = [i for i, (*_, call) in enumerate(self.symbols.sites) if call and part in call[0]]
        inside = np.flatnonzero(np.isin(self.site.all(), sites)).tolist() if sites else []
        return sorted({op for op, name in self.names.items() if part in name}.union(inside))

    def origins(self, op: int, most: int) -> list[int]:
        """The op and those that it is computed from, the nearest first, `most` of them at most."""
        start, operand = self.first_operand.all(), self.operand.all()
        found, todo = {op: None}, deque([op])
        while todo and len(found) < most:
            near = todo.popleft()
            for o in operand[start[near] : start[near + 1]].tolist():
                if o >= 0 and o not in found:
                    found[o] = None
                    todo.append(o)
        return list(found)[:most]

    def view(self, op: int) -> dict[str, Any]:
        """One op for people: JSON."""
        row, params = self.kinds[int(self.kind.all()[op])]
        lo, hi = self.first_operand.all()[op : op + 2]
        operands = [
            {"op": int(o), "output": int(k)} if o >= 0 else {"literal": self.symbols.literals[-1 - int(o)]}
            for o, k in zip(self.operand.all()[lo:hi], self.output.all()[lo:hi], strict=True)
        ]
        _, types = self.types_of(np.array([op]))
        file, line, call = self.symbols.sites[int(self.site.all()[op])]
        within = {"within": dict(zip(("name", "file", "line"), call, strict=True))} if call else {}
        return {
            "op": op, "name": self.names.get(op), "operator": row.name, "params": params,
            "operands": operands, "outputs": [type_to_json(self.types[t]) for t in types.tolist()],
            "file": file, "line": line, **within,
        }  # fmt: skip


def spans(start: NDArray[np.integer[Any]], length: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
    """The indices start[i], start[i] + 1, ... of every span, one span behind the other."""
    ends = np.cumsum(length)
    total = int(ends[-1]) if len(ends) else 0
    return np.repeat(start - (ends - length), length) + np.arange(total, dtype=np.int64)
