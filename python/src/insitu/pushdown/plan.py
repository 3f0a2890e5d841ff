"""A pass by a database's own SQL: what is asked, in how many statements, and the state of the answer."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence

import pyarrow as pa
from sqlglot import exp

from .. import _core
from .dialects import Dialect
from .errors import NotOffered
from .layout import Block, choose_blocks, default_blocks, in_parts
from .origins import Answer, origins_of_sample
from .request import request_of
from .rows import Rows
from .statements import FAULTY, MOST_GROUPS, USED, CellOrigins, Statements

SAMPLE_ROWS = 1_000
# Statements of sums at most: each brings the origins closer to the means.
_MOST_TRIES = 3
_MOST_CELL_ORIGINS = 1_000
# Pages are read for this many times the rows that are wanted, since they come in whole pages and a selection may leave few.
_SAMPLED_FROM = 4

Execute = Callable[[exp.Query], pa.Table]


class Plan:
    """How the state of an analysis is summed by SQL.

    Arguments:
        analysis: a pass. rows: what it reads, as the database has it. dialect: of the database.
        expected: about how many rows there are, where that is known.
        table: they are a table's, of whose pages the database can read some (TABLESAMPLE).
    Raises: NotOffered if the analysis, a column or the dialect do not allow it; it says why.
    """

    def __init__(
        self,
        analysis: _core.Analysis,
        rows: Rows,
        dialect: Dialect,
        expected: int | None = None,
        table: bool = False,
    ) -> None:
        self._expected = expected
        self._is_table = table
        self.analysis = analysis
        self.dialect = dialect
        self.request = request_of(analysis)
        self._statements = Statements(self.request, rows, dialect)
        # What the last run did, for `explain()`.
        self.rows_read = 0
        self.notes: list[str] = []

    def statements(self) -> list[exp.Query]:
        """The statements as they would be without having seen a row: the sample, and the sums about zero."""
        blocks = default_blocks(self.request)
        origin = [0.0] * len(self.request.values)
        return [self._statements.sample(SAMPLE_ROWS), self._statements.sums(blocks, origin)]

    def seconds(self, rows: int) -> float:
        """About how long the database will add up so many rows."""
        blocks = default_blocks(self.request)
        sums = sum(block.sums for block in blocks)
        scans = len(blocks) * (self.dialect.scan_seconds + self.dialect.group_seconds)
        return rows * (sums * self.dialect.product_seconds + scans)

    def run(self, execute: Execute) -> _core.State:
        """The state of all rows. `execute` runs a statement, all of them on one snapshot of the rows.

        Raises: NotOffered where the rows prove unsuited; DataError for values that no pass can use.
        """
        self.notes = []
        sample = self._sample(execute)
        blocks = [
            in_parts(block, sample, self._expected or 0, self.dialect.parts)
            for block in choose_blocks(self.request, sample)
        ]
        origin = origins_of_sample(sample, len(self.request.values))
        cells: Mapping[int, CellOrigins] = {}
        for left in reversed(range(_MOST_TRIES)):
            table = execute(self._statements.sums(blocks, origin, cells))
            if table.num_rows > MOST_GROUPS:
                raise NotOffered(f"there are more than {MOST_GROUPS:,} groups of rows")
            answer = Answer(table, self.request, blocks, origin)
            self.rows_read = answer.rows()
            if answer.has(FAULTY):
                return self._state(answer, blocks, origin, faults=self._faults(execute))
            if answer.overflows():
                raise NotOffered("a sum of products is beyond what doubles hold")
            better = None if cells else answer.better_origins()
            far = {} if better or cells else answer.cell_origins()
            if left == 0 or not (better or far):
                break
            self.notes.append("summed again: a mean was far from where the sample had it")
            origin, cells = better or origin, self._checked(far)
        return self._state(answer, blocks, origin, cells=cells)

    def _sample(self, execute: Execute) -> pa.Table:
        """Used rows: of all the table's pages, or else the first."""
        wanted = SAMPLE_ROWS
        if self._is_table and self._expected and self._expected > _SAMPLED_FROM * wanted:
            percent = 100.0 * _SAMPLED_FROM * wanted / self._expected
            spread = execute(self._statements.sample(_SAMPLED_FROM * wanted, percent))
            if spread.num_rows >= wanted:
                return _used(spread)
        return _used(execute(self._statements.sample(wanted)))

    def _checked(self, cells: Mapping[int, CellOrigins]) -> Mapping[int, CellOrigins]:
        if any(len(found.cells) > _MOST_CELL_ORIGINS for found in cells.values()):
            raise NotOffered("the means of many cells lie far from the mean of all")
        return cells

    def _faults(self, execute: Execute) -> list[dict[str, object]]:
        found = execute(self._statements.faults()).to_pylist()[0]
        return [
            {"column": name, "fault": kind, "value": _text(found[f"a{i}"]), "rows": found[f"n{i}"]}
            for i, (name, kind) in enumerate(self._statements.fault_names())
            if found[f"n{i}"]
        ]

    def _state(
        self,
        answer: Answer,
        blocks: Sequence[Block],
        origin: Sequence[float],
        cells: Mapping[int, CellOrigins] | None = None,
        faults: list[dict[str, object]] | None = None,
    ) -> _core.State:
        facts = {
            "origin": list(origin),
            "rounding": self._rounding(answer),
            "blocks": [block.facts() for block in blocks],
            "faults": faults or [],
        }
        table = _with_origins(answer, blocks, cells or {})
        if self.dialect.text_end:
            table = _without_ends(table, len(self.dialect.text_end))
        if (
            faults
        ):  # status and block mean nothing to the engine then, which raises the first of them
            table = table.slice(0, 0)
        return self.analysis.from_sums(json.dumps(facts), _one_batch(table))

    def _rounding(self, answer: Answer) -> float:
        """Relative error of the sums: of one product where they are compensated, else what so many roundings make of it.

        Roundings of different terms are as good as independent: their sum grows with the root of their number (Higham and
        Mary, 2019), here with a factor that one sum in a thousand exceeds.
        """
        if self.dialect.compensated:
            return 2.0**-50
        return 2.0**-53 * (4.0 + math.sqrt(answer.most_rows()))


def _used(sample: pa.Table) -> pa.Table:
    return sample.filter(pa.array(_is(sample, USED), pa.bool_()))


def _is(table: pa.Table, status: int) -> list[bool]:
    return [value == status for value in table["status"].to_pylist()]


def _text(value: float) -> object:
    """A number as the engine's JSON has it."""
    return value if math.isfinite(value) else ("Infinity" if value > 0 else "-Infinity")


def _with_origins(
    answer: Answer, blocks: Sequence[Block], cells: Mapping[int, CellOrigins]
) -> pa.Table:
    """The answer with the origins of groups that have their own."""
    table = answer.table
    for j in sorted({j for found in cells.values() for j in found.values}):
        origins: list[float | None] = [None] * table.num_rows
        for i, found in cells.items():
            places = [row for row, here in enumerate(answer.used(i)) if here]
            at = found.values.index(j) if j in found.values else None
            for row, labels in zip(places, answer.labels(i, blocks[i]), strict=True):
                if at is not None and labels in found.cells:
                    origins[row] = found.cells[labels][at]
        table = table.append_column(f"o{j}", pa.array(origins, pa.float64()))
    return table


def _without_ends(table: pa.Table, length: int) -> pa.Table:
    import pyarrow.compute as pc

    for i, field in enumerate(table.schema):
        if field.name.startswith("f") and pa.types.is_string(field.type):
            table = table.set_column(i, field.name, pc.utf8_slice_codeunits(table[i], 0, -length))
    return table


def _one_batch(table: pa.Table) -> pa.RecordBatch:
    columns = [column.combine_chunks() for column in table.columns]
    arrays = [c.chunk(0) if isinstance(c, pa.ChunkedArray) else c for c in columns]
    return pa.RecordBatch.from_arrays(arrays, schema=table.schema)
