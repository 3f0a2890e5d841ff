"""What sums are taken about: numbers close to the means, and few in their digits."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from .layout import Block
from .request import Request
from .statements import USED, CellOrigins

# Deviations by which the mean of a cell may lie off its origin: the square of it is what its sum of squares loses.
_MOST_OFF_IN_CELLS = 32.0


def origin_near(mean: float, deviation: float) -> float:
    """A number within an eighth of a deviation of the mean, with few binary digits.

    So that whole numbers, and others of few digits, keep few in their distances: products of these add up exactly.

    Example:
        >>> origin_near(6.52, 3.4), origin_near(0.01, 1.0), origin_near(0.1, 0.0)
        (6.5, 0.0, 0.1)
    """
    if not (math.isfinite(mean) and math.isfinite(deviation)):
        return 0.0
    if deviation <= 0.0 or abs(mean) > 2.0**50 * deviation:
        return mean
    grid = 2.0 ** math.floor(math.log2(deviation / 4))
    return round(mean / grid) * grid


def origins_of_sample(sample: pa.Table, count: int) -> list[float]:
    """Origins from the values of a sample."""
    found = []
    for j in range(1, count + 1):
        values = sample[f"v{j}"].to_numpy()
        values = values[np.isfinite(values)]
        if len(values) == 0:
            found.append(0.0)
            continue
        with np.errstate(over="ignore", invalid="ignore"):
            found.append(origin_near(float(np.mean(values)), float(np.std(values))))
    return found


class Answer:
    """The answer of a statement of sums: its used groups, and how far its means lie from their origins."""

    def __init__(
        self, table: pa.Table, request: Request, blocks: Sequence[Block], origin: Sequence[float]
    ) -> None:
        self.table = table
        self._request = request
        self._blocks = blocks
        self._origin = origin
        self._status = self._numbers("status")
        self._block = self._numbers("block")

    def _numbers(self, name: str) -> NDArray[Any]:
        column = self.table[name].combine_chunks().cast(pa.float64())
        return np.asarray(column.to_numpy(zero_copy_only=False))

    def has(self, status: int) -> bool:
        """True if any group has this status."""
        return bool(np.any(self._status == status))

    def used(self, index: int) -> NDArray[Any]:
        """Which rows are the used groups of a block."""
        here: NDArray[Any] = (self._block == index) & (self._status == USED)
        return here

    def rows(self) -> int:
        """All rows that were read."""
        return int(self._numbers("rows")[self._block == 0].sum())

    def most_rows(self) -> float:
        """Rows of the largest used group."""
        rows = self._numbers("rows")[self._status == USED]
        return float(rows.max()) if len(rows) else 0.0

    def overflows(self) -> bool:
        """True if a sum of a used group is not finite, where the group has rows with the value."""
        for i, block in enumerate(self._blocks):
            used = self.used(i)
            for a, b in block.products:
                sums = self._numbers(f"s{a}_{b}")[used]
                here = self._weights(b, used) > 0
                if np.any(~np.isfinite(sums[here])):
                    return True
        return False

    def _weights(self, value: int, used: NDArray[Any]) -> NDArray[Any]:
        """Sums of weights of the rows with a value."""
        weighted = self._request.weight is not None
        if self._request.complete:
            name = "weight" if weighted else "rows"
        else:
            name = f"{'w' if weighted else 'n'}{value}"
        return np.asarray(np.nan_to_num(self._numbers(name)[used]))

    def better_origins(self) -> list[float] | None:
        """Origins at the means, if one proves more than a standard deviation off; otherwise None."""
        better = list(self._origin)
        for i, block in enumerate(self._blocks):
            for j in _squared(block):
                used = self.used(i)
                found = self._moments(j, used)
                if found is None:
                    continue
                shift, deviation = found
                if abs(shift) > deviation:
                    better[j - 1] = origin_near(self._origin[j - 1] + shift, deviation)
        return None if better == list(self._origin) else better

    def _moments(self, j: int, used: NDArray[Any]) -> tuple[float, float] | None:
        weight = math.fsum(self._weights(j, used))
        if weight <= 0:
            return None
        first = math.fsum(np.nan_to_num(self._numbers(f"s0_{j}")[used])) / weight
        second = math.fsum(np.nan_to_num(self._numbers(f"s{j}_{j}")[used])) / weight
        return first, math.sqrt(max(0.0, second - first * first))

    def cell_origins(self) -> dict[int, CellOrigins]:
        """Origins of their own for the cells of described values, of blocks where one lies many deviations off."""
        found = {}
        for i, block in enumerate(self._blocks):
            if block.factors and block.described and self._far_cells(i, block):
                found[i] = self._cells(i, block)
        return found

    def _far_cells(self, index: int, block: Block) -> bool:
        used = self.used(index)
        for j in block.described:
            spread = self._numbers(f"g{j}")[used] > self._numbers(f"l{j}")[used]
            shift, variance = self._by_cell(j, used)
            off = shift * shift > _MOST_OFF_IN_CELLS**2 * np.maximum(variance, 0.0)
            if np.any(off & spread):
                return True
        return False

    def _by_cell(self, j: int, used: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        weight = self._weights(j, used)
        with np.errstate(divide="ignore", invalid="ignore"):
            shift = np.nan_to_num(self._numbers(f"s0_{j}")[used] / weight)
            second = np.nan_to_num(self._numbers(f"s{j}_{j}")[used] / weight)
        return shift, second - shift * shift

    def labels(self, index: int, block: Block) -> list[tuple[object, ...]]:
        """Labels of the used groups of a block."""
        mask = pa.array(self.used(index))
        columns = [self.table[f"f{k}"].filter(mask).to_pylist() for k in block.factors]
        return list(zip(*columns, strict=True))

    def _cells(self, index: int, block: Block) -> CellOrigins:
        used = self.used(index)
        numbers = []
        for j in block.described:
            shift, variance = self._by_cell(j, used)
            numbers.append(
                [
                    origin_near(self._origin[j - 1] + s, math.sqrt(max(0.0, v)))
                    for s, v in zip(shift.tolist(), variance.tolist(), strict=True)
                ]
            )
        origins = [list(row) for row in zip(*numbers, strict=True)]
        cells = dict(zip(self.labels(index, block), origins, strict=True))
        return CellOrigins(block.described, cells)


def _squared(block: Block) -> list[int]:
    """Values whose sum and sum of squares a block has."""
    return [a for a, b in block.products if a == b and (0, a) in block.products]
