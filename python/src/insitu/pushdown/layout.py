"""Blocks: which tables of a request are grouped together, decided by what a sample of the rows shows."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from .errors import NotOffered
from .request import Product, Request

# With at most this share of the rows of a sample different, grouping by whole rows leaves little to sum.
_FEW_ROWS = 1 / 20
_ENOUGH = 500  # rows of a sample from which shares can be told
# So many cells of all factors together may be grouped at once: then one grouping serves all tables, and its margins agree
# to the last bit, so that dependent columns are known for certain.
_MOST_JOINT_CELLS = 20_000
# Rows of a sample that must share a cell with another: with fewer, the answer would be about as long as the rows.
_LEAST_SHARED = 2
# Sums over this many rows round by some units in the last place.
_ROWS_IN_TURN = 8_192
_MOST_PARTS = 250_000  # groups and parts of them that an answer may come to by our own doing


@dataclass(frozen=True)
class Block:
    """One grouping: by the labels of factors and by values that the rows of a group share; what is summed of the others.

    `parts`: values by whose side of their origin the rows of a group are summed apart. The answer then has several rows for
    a group, which the engine adds up in double-double.
    """

    factors: tuple[int, ...] = ()
    shared: tuple[int, ...] = ()
    products: tuple[Product, ...] = ()
    described: tuple[int, ...] = ()
    parts: tuple[int, ...] = ()

    def facts(self) -> dict[str, object]:
        """As the engine reads it."""
        return {
            "factors": list(self.factors),
            "shared": list(self.shared),
            "products": [list(p) for p in self.products],
            "described": list(self.described),
        }

    @property
    def sums(self) -> int:
        """Numbers that are added up for every row."""
        return len(self.products) + 3 * len(self.described)


def default_blocks(request: Request) -> list[Block]:
    """One block for each set of factors."""
    return [
        _merged(request, [factors])
        for factors in dict.fromkeys(tuple(sorted(t.factors)) for t in request.tables)
    ]


def choose_blocks(request: Request, sample: pa.Table) -> list[Block]:
    """The blocks that cost least, as far as a sample of the rows tells: columns "f0", … and "v1", …, used rows only.

    Raises: NotOffered where no grouping compresses.
    """
    rows = sample.num_rows
    shared = _few_values(request, sample)
    if shared:
        factors = tuple(range(len(request.factors)))
        left = [v for v in range(1, len(request.values) + 1) if v not in shared]
        products = [(0, v) for v in left] + [(v, w) for v in left for w in left if v <= w]
        return [Block(factors, shared, tuple(products))]
    blocks = default_blocks(request)
    united = tuple(sorted({f for block in blocks for f in block.factors}))
    if rows < _ENOUGH or _cells(rows, _different(sample, united, ())) <= _MOST_JOINT_CELLS:
        return [_merged(request, [block.factors for block in blocks])]
    for block in blocks:
        if rows - _different(sample, block.factors, ()) < _LEAST_SHARED:
            names = ", ".join(request.factors[f].column for f in block.factors)
            raise NotOffered(f"grouping by {names} hardly makes fewer rows")
    return blocks


def in_parts(block: Block, sample: pa.Table, rows: int, most: int) -> Block:
    """The block with so many parts that some ten thousand rows are added up one after the other, `rows` in all.

    Arguments:
        most: parts that a dialect has room for.
    """
    squared = [a for a, b in block.products if a == b > 0]
    if not squared or block.described:
        return block
    different = _different(sample, block.factors, block.shared)
    groups = max(1.0, _cells(sample.num_rows, different)) if different > 1 else 1.0
    wanted = math.ceil(math.log2(max(1.0, rows / groups / _ROWS_IN_TURN)))
    wanted = min(wanted, math.floor(math.log2(max(1.0, _MOST_PARTS / groups))))
    return replace(block, parts=tuple(squared[-min(wanted, most) :] if wanted else ()))


def _cells(rows: int, different: int) -> float:
    """About how many cells there are, if so many different ones are seen in so many rows and all are as likely.

    Of n rows of N cells, n²/2N meet one that was there before.
    """
    return rows * rows / 2 / (rows - different) if different < rows else math.inf


def _merged(request: Request, sets: Iterable[Sequence[int]]) -> Block:
    """One block for the tables over any of these sets of factors."""
    wanted = {tuple(s) for s in sets}
    tables = [t for t in request.tables if tuple(sorted(t.factors)) in wanted]
    factors = sorted({f for t in tables for f in t.factors})
    products = sorted({p for t in tables for p in t.products if p[1] > 0})
    described = sorted({v for t in tables for v in t.described})
    return Block(tuple(factors), (), tuple(products), tuple(described))


def _few_values(request: Request, sample: pa.Table) -> tuple[int, ...]:
    """The values to group by, where few rows differ: all of them, or all but the last, which is the response."""
    k = len(request.values)
    if not request.complete or any(t.described for t in request.tables):
        return ()
    factors = tuple(range(len(request.factors)))
    for count in (k, k - 1):
        values = tuple(range(1, count + 1))
        few = _FEW_ROWS * sample.num_rows
        if values and sample.num_rows >= _ENOUGH and _different(sample, factors, values) <= few:
            return values
    return ()


def _different(sample: pa.Table, factors: Sequence[int], values: Sequence[int]) -> int:
    """Different rows of the sample in these columns."""
    names = [f"f{f}" for f in factors] + [f"v{v}" for v in values]
    if not names:
        return 1 if sample.num_rows else 0
    codes = np.zeros(sample.num_rows, np.int64)
    for name in names:
        indices = sample[name].combine_chunks().dictionary_encode().indices.fill_null(-1)
        _, codes = np.unique(
            np.stack([codes, indices.to_numpy(zero_copy_only=False)]), axis=1, return_inverse=True
        )
        codes = codes.reshape(-1)
    return int(codes.max(initial=-1)) + 1
