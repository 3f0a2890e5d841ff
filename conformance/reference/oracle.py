"""Least squares and moments in exact rational arithmetic, on the doubles as they are.

Every double is an integer times a power of two. Each column is scaled by its own power of two to integers, the cross-products are
integers, the elimination is fraction-free (Bareiss), and only square roots and logarithms are rounded, to 50 digits. Nothing here
shares an idea with the engine, so that an agreement means something.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import mpmath

DIGITS = 50
Number = float | int | Fraction


@dataclass(frozen=True)
class LinearAnswer:
    """A weighted least-squares fit; entries of aliased columns are None."""

    names: tuple[str, ...]
    coefficients: tuple[Fraction | None, ...]
    std_errors: tuple[mpmath.mpf | None, ...]
    n: int
    rank: int
    residual_squares: Fraction
    total_squares: Fraction
    sigma: mpmath.mpf | None
    r_squared: Fraction | None
    f_statistic: Fraction | None
    log_likelihood: mpmath.mpf | None

    @property
    def aliased(self) -> tuple[bool, ...]:
        """True where the column is a combination of those before it."""
        return tuple(value is None for value in self.coefficients)

    def coefficient(self, name: str) -> Fraction | None:
        """The coefficient of the column `name`."""
        return self.coefficients[self.names.index(name)]


@dataclass(frozen=True)
class MomentsAnswer:
    """Mean and standard deviation (divisor n - 1) of a sample."""

    n: int
    mean: Fraction
    std_dev: mpmath.mpf


def to_mpf(value: Fraction | int) -> mpmath.mpf:
    """A rational number to 50 digits."""
    with mpmath.workdps(DIGITS):
        value = Fraction(value)
        return mpmath.mpf(value.numerator) / mpmath.mpf(value.denominator)


def root(value: Fraction) -> mpmath.mpf:
    """The square root of a rational number to 50 digits."""
    with mpmath.workdps(DIGITS):
        return mpmath.sqrt(to_mpf(value))


def integers(column: Sequence[Number]) -> tuple[list[int], int]:
    """The column as integers, and the common denominator that makes them so."""
    pairs = [Fraction(value).as_integer_ratio() for value in column]
    denominator = math.lcm(*(d for _, d in pairs)) if pairs else 1
    return [n * (denominator // d) for n, d in pairs], denominator


def _sweep(matrix: list[list[int]], size: int) -> tuple[list[int], list[list[Fraction]]]:
    """Columns of the leading size × size block that are independent of those before them, and the reduced rows of these.

    Fraction-free Gauss-Jordan elimination of a symmetric, positive semidefinite matrix with more columns to its right.
    """
    rows = [list(row) for row in matrix]
    kept: list[int] = []
    previous = 1
    for k in range(size):
        pivot = rows[k][k]
        if pivot == 0:
            continue
        pivot_row = rows[k]
        for i in range(len(rows)):
            if i == k:
                continue
            factor = rows[i][k]
            # Bareiss: the division by the previous pivot is exact.
            rows[i] = [
                (pivot * a - factor * b) // previous
                for a, b in zip(rows[i], pivot_row, strict=True)
            ]
        previous = pivot
        kept.append(k)
    return kept, [[Fraction(value, previous) for value in rows[k]] for k in kept]


def linear(
    names: Sequence[str],
    columns: Sequence[Sequence[Number]],
    y: Sequence[Number],
    weights: Sequence[Number] | None = None,
    *,
    intercept: bool = True,
    about_mean: bool | None = None,
    frequency: bool = False,
) -> LinearAnswer:
    """Regresses y on the columns, an intercept first if asked, later columns aliased before earlier ones.

    `about_mean`: R² and F are about the mean of y, as with an intercept; None: only where there is one. Rows of zero weight are
    left out. With `frequency`, weights count rows: n is their sum. `columns` may hold exact fractions,
    as powers that the engine forms in more than double precision.
    """
    names = (["(Intercept)"] if intercept else []) + list(names)
    columns = ([[1] * len(y)] if intercept else []) + [list(column) for column in columns]
    if weights is not None:
        rows = [i for i, w in enumerate(weights) if w != 0]
        weights = [weights[i] for i in rows]
        columns = [[column[i] for i in rows] for column in columns]
        y = [y[i] for i in rows]
    w, w_scale = integers(weights) if weights is not None else ([1] * len(y), 1)
    scaled = [integers(column) for column in [*columns, y]]
    p = len(columns)
    products = [[0] * (p + 1) for _ in range(p + 1)]
    for i in range(p + 1):
        weighted = [a * b for a, b in zip(scaled[i][0], w, strict=True)]
        for j in range(i, p + 1):
            products[i][j] = products[j][i] = sum(
                a * b for a, b in zip(weighted, scaled[j][0], strict=True)
            )
    # [X'WX | X'Wy | I], reduced: solution and inverse at once.
    augmented = [
        products[i][:p] + [products[i][p]] + [1 if i == j else 0 for j in range(p)]
        for i in range(p)
    ]
    kept, reduced = _sweep(augmented, p)
    scales = [scale for _, scale in scaled]
    beta: list[Fraction | None] = [None] * p
    inverse: list[Fraction | None] = [None] * p
    explained = Fraction(0)
    for row, k in zip(reduced, kept, strict=True):
        # Products carry scales[i] * scales[j] * w_scale.
        beta[k] = row[p] * Fraction(scales[k], scales[p])
        inverse[k] = row[p + 1 + k] * scales[k] * scales[k] * w_scale
        explained += row[p] * products[k][p]
    y_squares = Fraction(products[p][p], scales[p] ** 2 * w_scale)
    rss = y_squares - explained / (scales[p] ** 2 * w_scale)
    n = len(y)
    if frequency:
        n = int(sum(Fraction(a, w_scale) for a in w))
    total = y_squares
    about_mean = intercept if about_mean is None else about_mean
    if about_mean:
        weighted_sum = sum(a * b for a, b in zip(w, scaled[p][0], strict=True))
        total -= Fraction(weighted_sum**2, sum(w)) / (scales[p] ** 2 * w_scale)
    return _answer(
        names,
        beta,
        inverse,
        n=n,
        rss=rss,
        total=total,
        model_df=len(kept) - about_mean,
        weights=[Fraction(a, w_scale) for a in w] if weights is not None and not frequency else [],
    )


def _answer(
    names: Sequence[str],
    beta: list[Fraction | None],
    inverse: list[Fraction | None],
    *,
    n: int,
    rss: Fraction,
    total: Fraction,
    model_df: int,
    weights: Sequence[Fraction],
) -> LinearAnswer:
    rank = sum(value is not None for value in beta)
    df = n - rank
    variance = rss / df if df > 0 else None
    f = None
    if variance and model_df > 0:
        f = (total - rss) / model_df / variance
    log_likelihood = None
    if rss > 0:
        with mpmath.workdps(DIGITS):
            log_weights = sum((mpmath.log(to_mpf(w)) for w in weights), mpmath.mpf(0))
            log_likelihood = (
                log_weights
                - n * (mpmath.log(2 * mpmath.pi) + 1 - mpmath.log(n) + mpmath.log(to_mpf(rss)))
            ) / 2
    return LinearAnswer(
        names=tuple(names),
        coefficients=tuple(beta),
        std_errors=tuple(
            None if v is None or variance is None else root(v * variance) for v in inverse
        ),
        n=n,
        rank=rank,
        residual_squares=rss,
        total_squares=total,
        sigma=None if variance is None else root(variance),
        r_squared=1 - rss / total if total else None,
        f_statistic=f,
        log_likelihood=log_likelihood,
    )


def moments(values: Sequence[Number], weights: Sequence[Number] | None = None) -> MomentsAnswer:
    """Mean and standard deviation; with weights the divisor is that of probability weights, (n - 1)/n of their sum."""
    if weights is None:
        weights = [1] * len(values)
    pairs = [
        (Fraction(v), Fraction(w)) for v, w in zip(values, weights, strict=True) if Fraction(w) != 0
    ]
    total = sum((w for _, w in pairs), Fraction(0))
    mean = sum((v * w for v, w in pairs), Fraction(0)) / total
    squares = sum((w * (v - mean) ** 2 for v, w in pairs), Fraction(0))
    n = len(pairs)
    variance = squares / total * Fraction(n, n - 1)
    return MomentsAnswer(n=n, mean=mean, std_dev=root(variance))


def lre(found: float | None, expected: Fraction | mpmath.mpf | float, cap: float = 17.0) -> float:
    """Log relative error: how many leading digits agree (log absolute error where zero is expected); -inf for NaN."""
    if found is None or not math.isfinite(found):
        return -math.inf
    with mpmath.workdps(DIGITS):
        reference = to_mpf(expected) if isinstance(expected, Fraction) else mpmath.mpf(expected)
        error = abs(mpmath.mpf(found) - reference)
        if reference != 0:
            error /= abs(reference)
        return cap if error == 0 else min(cap, float(-mpmath.log10(error)))


def power(column: Sequence[Number], exponent: int) -> list[Fraction]:
    """The exact power of each entry."""
    return [Fraction(value) ** exponent for value in column]


def rounded(column: Sequence[Fraction]) -> list[float]:
    """Each entry as the nearest double."""
    return [float(value) for value in column]
