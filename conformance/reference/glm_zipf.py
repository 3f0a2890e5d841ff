"""A factor of five thousand levels whose sizes are Zipf's, 190 of them without any event: the rows, and the exact fit.

The limit of the likelihood leaves out the levels without an event, whose coefficients are -infinity, and those whose
responses are all events of a binomial. Of the others each level's constant is eliminated, which leaves one equation
for each column of numbers. In long doubles, where numpy has 64 bits of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

LEVELS = 5000
WITHOUT = 190
LARGEST = 4000
SMALLEST = 8
Array = Any  # of numpy


@dataclass(frozen=True)
class ZipfRows:
    """Rows: level by number, two columns, the response."""

    level: Array
    x: Array
    z: Array
    y: Array


@dataclass(frozen=True)
class ZipfFit:
    """The limit: slopes, constants of levels (nan where infinite) as differences from the first, their errors."""

    slopes: Array
    slope_errors: Array
    constant: float
    constant_error: float
    effects: Array
    effect_errors: Array
    deviance: float


def level_name(number: int) -> str:
    """Sorted as numbered."""
    return f"k{number:04d}"


def rows(family: str) -> ZipfRows:
    """Level k has LARGEST / (k + 1) rows, at least SMALLEST; from some level on every 25th has no event."""
    generator = np.random.Generator(np.random.PCG64(2024))
    sizes = np.maximum(SMALLEST, LARGEST // np.arange(1, LEVELS + 1))
    level = np.repeat(np.arange(LEVELS), sizes)
    generator.shuffle(level)
    uniform = generator.random((3, len(level)))
    x = np.round(4.0 * uniform[0] - 2.0, 2)
    z = np.round(uniform[1] - 0.5, 2)
    effect = (np.arange(LEVELS) % 7 - 3) / 4.0
    eta = -0.2 + 0.5 * x - 0.8 * z + effect[level]
    empty = np.arange(LEVELS - 25 * WITHOUT, LEVELS, 25)
    if family == "poisson":
        y = _poisson(np.exp(eta), uniform[2])
    else:
        y = (uniform[2] < 1.0 / (1.0 + np.exp(-eta))).astype(float)
    y[np.isin(level, empty)] = 0.0
    # All others have an event.
    total = np.bincount(level, y, LEVELS)
    first = np.full(LEVELS, -1)
    first[level[::-1]] = np.arange(len(level))[::-1]
    lacking = np.setdiff1d(np.flatnonzero(total == 0), empty)
    y[first[lacking]] = 1.0
    return ZipfRows(level, x, z, y)


def _poisson(mean: Array, uniform: Array) -> Array:
    """By the distribution function."""
    count, term = np.zeros(len(mean)), np.exp(-mean)
    below = term.copy()
    for k in range(1, 60):
        more = uniform > below
        count += more
        term = term * mean / k
        below = below + term
    return count


class _Arrow:
    """X'WX of level constants and columns of numbers."""

    def __init__(self, level: Array, X: Array, weight: Array, count: int) -> None:
        self.level, self.count = level, count
        self.sums = _by_level(level, weight, count)
        self.means = np.stack(
            [_by_level(level, weight * column, count) / self.sums for column in X.T], axis=1
        )
        within = X - self.means[level]
        self.inverse = _inverse(within.T @ (weight[:, None] * within))

    def solve(self, weight: Array, X: Array, z: Array) -> tuple[Array, Array]:
        """Constants and slopes of a weighted regression of z."""
        middle = _by_level(self.level, weight * z, self.count) / self.sums
        within = X - self.means[self.level]
        slopes = self.inverse @ (within.T @ (weight * (z - middle[self.level])))
        return middle - self.means @ slopes, slopes


def _by_level(level: Array, values: Array, count: int) -> Array:
    sums = np.zeros(count, np.longdouble)
    np.add.at(sums, level, values)
    return sums


def _inverse(matrix: Array) -> Array:
    """Of two by two."""
    (a, b), (c, d) = matrix
    return np.array([[d, -b], [-c, a]]) / (a * d - b * c)


def fit(data: ZipfRows, family: str) -> ZipfFit:
    """By Fisher's steps, which both families' Newton's are."""
    total = np.bincount(data.level, data.y, LEVELS)
    size = np.bincount(data.level, minlength=LEVELS)
    finite = (total > 0) & ((family == "poisson") | (total < size))
    kept = finite[data.level]
    number = np.cumsum(finite) - 1
    level, count = number[data.level[kept]], int(finite.sum())
    X = np.stack([data.x, data.z], axis=1)[kept].astype(np.longdouble)
    y = data.y[kept].astype(np.longdouble)
    share = _by_level(level, y, count) / _by_level(level, np.ones_like(y), count)
    constants = np.log(share if family == "poisson" else share / (1 - share))
    slopes = np.zeros(2, np.longdouble)
    for _ in range(50):
        eta = constants[level] + X @ slopes
        mean = np.exp(eta) if family == "poisson" else 1 / (1 + np.exp(-eta))
        weight = mean if family == "poisson" else mean * (1 - mean)
        arrow = _Arrow(level, X, weight, count)
        more, steeper = arrow.solve(weight, X, (y - mean) / weight)
        constants, slopes = constants + more, slopes + steeper
        if max(np.abs(more).max(), np.abs(steeper).max()) < 1e-15:
            break
    else:
        raise ArithmeticError("no convergence")
    return _answer(arrow, constants, slopes, finite, _deviance(y, mean, family))


def _deviance(y: Array, mean: Array, family: str) -> float:
    event = np.where(y > 0, y * np.log(np.where(y > 0, y, 1) / mean), 0)
    rest = mean - y if family == "poisson" else np.where(y < 1, -np.log1p(-mean), 0)
    return float(2 * np.sum(event + rest))


def _answer(
    arrow: _Arrow, constants: Array, slopes: Array, finite: Array, deviance: float
) -> ZipfFit:
    """Contrasts with the first level that is finite; the first one is."""
    away = arrow.means - arrow.means[0]
    spread = np.einsum("ij,jk,ik->i", away, arrow.inverse, away)
    errors = np.sqrt(1 / arrow.sums + 1 / arrow.sums[0] + spread)
    effects, effect_errors = np.full(len(finite), np.nan), np.full(len(finite), np.nan)
    effects[finite], effect_errors[finite] = constants - constants[0], errors
    own = arrow.means[0] @ arrow.inverse @ arrow.means[0]
    return ZipfFit(
        slopes=slopes.astype(float),
        slope_errors=np.sqrt(np.diag(arrow.inverse)).astype(float),
        constant=float(constants[0]),
        constant_error=float(np.sqrt(1 / arrow.sums[0] + own)),
        effects=effects,
        effect_errors=effect_errors,
        deviance=deviance,
    )
