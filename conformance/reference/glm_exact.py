"""Generalised linear models in fifty digits, by mpmath: means, deviances, scores and Fisher's steps, from their definitions.

Written for small sets: dense columns, plain formulas. Nothing here shares an idea with the engine.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import mpmath
from mpmath import mpf

from conformance.reference.glm_set import GlmSet

DIGITS = 50
_SMALL = mpf(10) ** -30  # the last step, relative
_POWERS = {"identity": 1.0, "inverse": -1.0, "1/mu^2": -2.0, "sqrt": 0.5}
_DEFAULTS = {
    "gaussian": "identity", "binomial": "logit", "poisson": "log", "Gamma": "inverse",
    "inverse.gaussian": "1/mu^2", "quasibinomial": "logit", "quasipoisson": "log",
}  # fmt: skip
_LIKE = {"constant": "gaussian", "mu(1-mu)": "binomial", "mu": "poisson", "mu^2": "Gamma", "mu^3": "inverse.gaussian"}  # fmt: skip
Numbers = list[Any]  # of mpf


def _link(name: str) -> tuple[Callable[[Any], Any], Callable[[Any], Any], Callable[[Any], Any]]:
    """The mean of eta, its derivative, and eta of the mean."""
    if name == "log":
        return mpmath.exp, mpmath.exp, mpmath.log
    if name == "logit":
        chance = lambda e: 1 / (1 + mpmath.exp(-e))  # noqa: E731
        return chance, lambda e: chance(e) * chance(-e), lambda m: mpmath.log(m / (1 - m))
    if name == "probit":
        root = mpmath.sqrt(2)
        return (
            lambda e: mpmath.erfc(-e / root) / 2,
            lambda e: mpmath.exp(-e * e / 2) / mpmath.sqrt(2 * mpmath.pi),
            lambda m: root * mpmath.erfinv(2 * m - 1),
        )
    if name == "cauchit":
        return (
            lambda e: mpf(1) / 2 + mpmath.atan(e) / mpmath.pi,
            lambda e: 1 / (mpmath.pi * (1 + e * e)),
            lambda m: mpmath.tan(mpmath.pi * (m - mpf(1) / 2)),
        )
    if name == "cloglog":
        return (
            lambda e: -mpmath.expm1(-mpmath.exp(e)),
            lambda e: mpmath.exp(e - mpmath.exp(e)),
            lambda m: mpmath.log(-mpmath.log(1 - m)),
        )
    power = mpf(_POWERS[name] if name in _POWERS else name.removeprefix("mu^"))
    if power == 1:
        return lambda e: e, lambda e: mpf(1), lambda m: m
    return lambda e: e ** (1 / power), lambda e: e ** (1 / power - 1) / power, lambda m: m**power


@dataclass(frozen=True)
class _Kind:
    """A family: its variance, its deviance of one row, and the dispersion, where it is known."""

    variance: Callable[[Any], Any]
    deviance: Callable[[Any, Any], Any]
    fixed: bool


def _entropy(y: Any, mu: Any) -> Any:
    """y log(y / mu), 0 at 0."""
    return y * mpmath.log(y / mu) if y > 0 else mpf(0)


def _tweedie(power: Any) -> Callable[[Any, Any], Any]:
    def deviance(y: Any, mu: Any) -> Any:
        first = y ** (2 - power) / ((1 - power) * (2 - power)) if y > 0 else 0
        return 2 * (first - y * mu ** (1 - power) / (1 - power) + mu ** (2 - power) / (2 - power))

    return deviance


def _kind(spec: dict[str, Any]) -> _Kind:
    name = _LIKE[spec["variance"]] if spec["name"] == "quasi" else spec["name"]
    if name == "gaussian":
        return _Kind(lambda m: mpf(1), lambda y, m: (y - m) ** 2, False)
    if name in ("binomial", "quasibinomial"):
        return _Kind(
            lambda m: m * (1 - m),
            lambda y, m: 2 * (_entropy(y, m) + _entropy(1 - y, 1 - m)),
            spec["name"] == "binomial",
        )
    if name in ("poisson", "quasipoisson"):
        return _Kind(
            lambda m: m, lambda y, m: 2 * (_entropy(y, m) + m - y), spec["name"] == "poisson"
        )
    if name == "Gamma":
        return _Kind(lambda m: m**2, lambda y, m: 2 * ((y - m) / m - mpmath.log(y / m)), False)
    if name == "inverse.gaussian":
        return _Kind(lambda m: m**3, lambda y, m: (y - m) ** 2 / (y * m * m), False)
    if name == "negative.binomial":
        theta = mpf(spec["theta"])
        return _Kind(
            lambda m: m + m * m / theta,
            lambda y, m: 2 * (_entropy(y, m) - _entropy(y + theta, m + theta)),
            True,
        )
    power = mpf(spec["power"])
    if power == 3:
        return _kind({"name": "inverse.gaussian"})
    return _Kind(lambda m: m**power, _tweedie(power), False)


@dataclass(frozen=True)
class Place:
    """What there is to say at given coefficients. `sizes` are the sums of the sizes of the scores' terms."""

    mean: Numbers
    score: Numbers
    sizes: Numbers
    information: Any
    deviance: Any
    pearson: Any


@dataclass(frozen=True)
class Fit:
    """A maximum: by the names of the columns."""

    estimates: dict[str, Any]
    std_errors: dict[str, Any]
    deviance: Any
    dispersion: Any
    df: float
    place: Place


class Problem:
    """The model of a set with the columns `names` of its design; those may be dependent as long as nothing is solved."""

    def __init__(self, data: GlmSet, names: Sequence[str]) -> None:
        design = data.design()
        with mpmath.workdps(DIGITS):
            self.names = tuple(names)
            self.columns = [[mpf(value) for value in design[name]] for name in names]
            self._respond(data)
            link = data.family.get("link") or _DEFAULTS[data.family["name"]]
            self._mean, self._slope, self._eta = _link(link)
            self._kind = _kind(data.family)
            rows = len(self.y)
            self.offset = [mpf(0)] * rows
            if data.offset is not None:
                self.offset = [mpf(value) for value in data.column(data.offset)]
            if data.exposure is not None:
                logs = [mpmath.log(mpf(value)) for value in data.column(data.exposure)]
                self.offset = [a + b for a, b in zip(self.offset, logs, strict=True)]
            if "offset(" in data.formula:
                name = data.formula.partition("offset(")[2].partition(")")[0]
                self.offset = [a + b for a, b in zip(self.offset, data.column(name), strict=True)]
        # Rows that count.
        self.n = sum(1 for w in self.weight if w > 0)
        if data.fweights is not None:
            self.n = int(sum(self.weight))

    def _respond(self, data: GlmSet) -> None:
        """Responses and weights."""
        left = data.formula.partition("~")[0].strip()
        named = data.pweights or data.fweights
        rows = len(data.rows())
        self.weight = [mpf(value) for value in data.column(named)] if named else [mpf(1)] * rows
        if not left.startswith("cbind("):
            self.y = [mpf(value) for value in data.column(left)]
            return
        success, failure = (
            [mpf(value) for value in data.column(name.strip())]
            for name in left[len("cbind(") : -1].split(",")
        )
        trials = [s + f for s, f in zip(success, failure, strict=True)]
        self.y = [s / n for s, n in zip(success, trials, strict=True)]
        self.weight = [w * n for w, n in zip(self.weight, trials, strict=True)]

    def at(self, beta: Sequence[Any]) -> Place:
        """Score, expected information and deviance at coefficients."""
        with mpmath.workdps(DIGITS):
            etas = [
                offset + mpmath.fdot(zip(row, beta, strict=True))
                for offset, row in zip(self.offset, zip(*self.columns, strict=True), strict=True)
            ]
            return self._at_etas(etas)

    def _at_etas(self, etas: Numbers) -> Place:
        means = [self._mean(eta) for eta in etas]
        slopes = [self._slope(eta) for eta in etas]
        variances = [self._kind.variance(mean) for mean in means]
        rows = list(zip(self.y, self.weight, means, slopes, variances, strict=True))
        scores = [w * (y - m) * s / v for y, w, m, s, v in rows]
        weights = [w * s * s / v for _, w, _, s, v in rows]
        weighted = [[w * x for w, x in zip(weights, c, strict=True)] for c in self.columns]
        size = len(self.columns)
        information = mpmath.matrix(size, size)
        for i in range(size):
            for j in range(i + 1):
                value = mpmath.fdot(zip(weighted[i], self.columns[j], strict=True))
                information[i, j] = information[j, i] = value
        return Place(
            mean=means,
            score=[mpmath.fdot(zip(scores, c, strict=True)) for c in self.columns],
            sizes=[mpmath.fsum(abs(s * x) for s, x in zip(scores, c, strict=True)) for c in self.columns],
            information=information,
            deviance=mpmath.fsum(w * self._kind.deviance(y, m) for y, w, m, _, _ in rows),
            pearson=mpmath.fsum(w * (y - m) ** 2 / v for y, w, m, _, v in rows),
        )  # fmt: skip

    def step(self, place: Place) -> Numbers:
        """Fisher's."""
        with mpmath.workdps(DIGITS):
            return list(mpmath.lu_solve(place.information, mpmath.matrix(place.score)))

    def relative_scores(self, place: Place) -> Numbers:
        """Of the sum of their terms' sizes, or of their standard deviation where rows are fitted exactly; 0 is a maximum."""
        with mpmath.workdps(DIGITS):
            spread = self.dispersion(place)
            scales = [
                max(size, mpmath.sqrt(place.information[j, j] * spread))
                for j, size in enumerate(place.sizes)
            ]
            pairs = zip(place.score, scales, strict=True)
            return [abs(score) / scale if scale else mpf(0) for score, scale in pairs]

    def errors(self, place: Place) -> Numbers:
        """Standard errors."""
        with mpmath.workdps(DIGITS):
            inverse = place.information**-1
            spread = self.dispersion(place)
            return [mpmath.sqrt(inverse[i, i] * spread) for i in range(len(self.columns))]

    def dispersion(self, place: Place) -> Any:
        """1, or Pearson's."""
        return mpf(1) if self._kind.fixed else place.pearson / (self.n - len(self.columns))

    def fit(self, start: Sequence[float] | None = None, most: int = 400) -> Fit:
        """From given coefficients, or from a constant mean, by Fisher's steps; halved where the deviance rises."""
        with mpmath.workdps(DIGITS):
            beta = [mpf(value) for value in start] if start is not None else self._start()
            place = self.at(beta)
            for _ in range(most):
                step = self.step(place)
                nearer = place
                for _ in range(60):
                    nearer = self._try(beta, step)
                    if nearer is not None and nearer.deviance <= place.deviance * (1 + _SMALL):
                        break
                    step = [value / 2 for value in step]
                beta = [b + d for b, d in zip(beta, step, strict=True)]
                place = nearer
                largest = max(abs(d) / max(abs(b), _SMALL) for b, d in zip(beta, step, strict=True))
                if largest < _SMALL:
                    return self._fitted(beta, place)
            raise ArithmeticError(f"no convergence: the last step is {mpmath.nstr(largest, 3)}")

    def _try(self, beta: Numbers, step: Numbers) -> Place | None:
        try:
            place = self.at([b + d for b, d in zip(beta, step, strict=True)])
        except (ValueError, ZeroDivisionError, TypeError):
            return None
        real = all(isinstance(mean, type(mpf(1))) for mean in place.mean)
        return place if real else None

    def _start(self) -> Numbers:
        """A constant mean, and no slopes."""
        total = mpmath.fsum(self.weight)
        mean = mpmath.fdot(zip(self.weight, self.y, strict=True)) / total
        offset = mpmath.fdot(zip(self.weight, self.offset, strict=True)) / total
        return [self._eta(mean) - offset, *[mpf(0)] * (len(self.columns) - 1)]

    def _fitted(self, beta: Numbers, place: Place) -> Fit:
        return Fit(
            estimates=dict(zip(self.names, beta, strict=True)),
            std_errors=dict(zip(self.names, self.errors(place), strict=True)),
            deviance=place.deviance,
            dispersion=self.dispersion(place),
            df=self.n - len(self.columns),
            place=place,
        )
