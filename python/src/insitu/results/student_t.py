"""Quantiles of Student's t distribution, for confidence intervals of coefficients, without SciPy.

Up to 20,000 degrees of freedom the tail (a continued fraction of the incomplete beta function, DLMF 8.17.22) is
inverted by bisection; above, the expansion about the normal quantile (Abramowitz and Stegun 26.7.5). Relative error
below 1e-12.
"""

from __future__ import annotations

import math
from statistics import NormalDist

_ASYMPTOTIC_DF = 20_000.0


def t_quantile(probability: float, df: float) -> float:
    """The point that Student's t with `df` degrees of freedom falls below with the given probability.

    >>> round(t_quantile(0.975, 10), 10)
    2.228138852
    """
    if math.isnan(probability) or math.isnan(df) or df <= 0 or not 0 <= probability <= 1:
        return math.nan
    if probability == 0.5:
        return 0.0
    if probability in (0.0, 1.0):
        return math.copysign(math.inf, probability - 0.5)
    tail = min(probability, 1.0 - probability)
    size = _far(tail, df) if df > _ASYMPTOTIC_DF else _near(tail, df)
    return math.copysign(size, probability - 0.5)


def _far(tail: float, df: float) -> float:
    z = -NormalDist().inv_cdf(tail)
    w = z * z
    return z * (
        1.0
        + (w + 1.0) / (4.0 * df)
        + ((5.0 * w + 16.0) * w + 3.0) / (96.0 * df**2)
        + (((3.0 * w + 19.0) * w + 17.0) * w - 15.0) / (384.0 * df**3)
    )


def _near(tail: float, df: float) -> float:
    low, high = 0.0, 1.0
    while _upper_tail(high, df) > tail:
        low, high = high, high * 2.0
    while True:
        middle = 0.5 * (low + high)
        if middle in (low, high):
            return middle
        if _upper_tail(middle, df) > tail:
            low = middle
        else:
            high = middle


def _upper_tail(t: float, df: float) -> float:
    """P(T > t) for t ≥ 0."""
    x, y = df / (df + t * t), t * t / (df + t * t)
    if x < (0.5 * df + 1.0) / (0.5 * df + 2.5):
        return 0.5 * _beta_fraction(x, y, 0.5 * df, 0.5, df)
    return 0.5 - 0.5 * _beta_fraction(y, x, 0.5, 0.5 * df, df)


def _log_gamma_ratio(v: float) -> float:
    """log Γ(v + ½) / Γ(v), without cancellation for large v."""
    if v < 50.0:
        return math.lgamma(v + 0.5) - math.lgamma(v)
    u = 1.0 / v
    series = -1 / 8 + u * (1 / 128 + u * (5 / 1024 + u * (-21 / 32768 - u * 399 / 262144)))
    return 0.5 * math.log(v) + math.log1p(u * series)


def _beta_fraction(x: float, y: float, a: float, b: float, df: float) -> float:
    """The regularised incomplete beta function I_x(a, b), with y = 1 - x, where {a, b} = {df/2, ½}."""
    if x == 0.0:
        return 0.0
    log_x = math.log(x) if x < 0.5 else math.log1p(-y)
    log_y = math.log(y) if y < 0.5 else math.log1p(-x)
    front = math.exp(_log_gamma_ratio(0.5 * df) - 0.5 * math.log(math.pi) + a * log_x + b * log_y)
    c, d = 1.0, 1.0 / (1.0 - (a + b) * x / (a + 1.0))
    fraction = d
    for m in range(1, 10_000):
        for numerator in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1.0 / (1.0 + numerator * d)
            c = 1.0 + numerator / c
            fraction *= c * d
        if abs(c * d - 1.0) < 1e-16:
            break
    return front * fraction / a
