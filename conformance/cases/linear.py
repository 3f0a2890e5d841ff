"""Linear models: tables, formulas, and the columns that exact arithmetic fits."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa

from conformance.reference import nist, oracle

Cells = Sequence[Any]


@dataclass(frozen=True, eq=False)
class LinearCase:
    """One fit: what is asked, and the full set of columns it may use, in exact numbers.

    `columns` holds every column of the model by coefficient name, all levels of factors included: which of these are dropped is
    `dropped` where the rule names them, else whatever the model says, provided that the rank is the exact one.
    """

    name: str
    table: pa.Table
    formula: str
    columns: dict[str, Cells]
    y: Cells
    options: dict[str, Any] = field(default_factory=dict)
    levels: dict[str, list[str]] = field(default_factory=dict)
    weights: Cells | None = None
    intercept: bool = True
    dropped: tuple[str, ...] | None = None
    coefficient_digits: float = 15.0
    error_digits: float = 15.0

    @property
    def names(self) -> list[str]:
        """All coefficients, the intercept first."""
        return (["(Intercept)"] if self.intercept else []) + list(self.columns)

    @lru_cache(maxsize=8)  # noqa: B019 - cases live as long as the suite
    def answer(self, kept: tuple[str, ...]) -> oracle.LinearAnswer:
        """The exact fit on these columns (without the intercept)."""
        return oracle.linear(
            kept,
            [self.columns[name] for name in kept],
            self.y,
            self.weights,
            intercept=self.intercept,
            about_mean=self.intercept or "cube" in self.options,
            frequency="fweights" in self.options,
        )

    @lru_cache(maxsize=1)  # noqa: B019
    def rank(self) -> int:
        """The exact rank of all columns together."""
        return self.answer(tuple(self.columns)).rank


def table_of(**columns: Cells) -> pa.Table:
    """A table of doubles, integers, texts; None is missing."""
    return pa.table({name: pa.array(list(values)) for name, values in columns.items()})


def dummies(name: str, values: Cells, levels: Cells) -> dict[str, list[int]]:
    """One column per level, named as coefficients are."""
    return {f"{name}={level}": [int(v == level) for v in values] for level in levels}


def crossed(*factors: dict[str, list[int]]) -> dict[str, list[int]]:
    """Products of the columns of several factors, the first varying fastest."""
    result = {}
    for reverse in itertools.product(*(list(f.items()) for f in reversed(factors))):
        parts = list(reversed(reverse))
        product = [int(all(cells)) for cells in zip(*(c for _, c in parts), strict=True)]
        result[", ".join(name for name, _ in parts)] = product
    return result


def sloped(x: str, values: Cells, factor: dict[str, list[int]]) -> dict[str, list[Any]]:
    """A slope of x for every column of a factor."""
    return {
        f"{x} for {name}": [v * d for v, d in zip(values, column, strict=True)]
        for name, column in factor.items()
    }


def nist_case(name: str, *, engine_powers: bool = False) -> LinearCase:
    """A set of NIST; powers come as rounded doubles, or from the formula."""
    data = nist.linear(name)
    suffix = "" if data.intercept else " - 1"
    if data.degree == 1:
        table = table_of(y=data.y, **data.x)
        formula = "y ~ " + " + ".join(data.x) + suffix
        return LinearCase(name, table, formula, dict(data.x), data.y, intercept=data.intercept)
    x = data.x["x"]
    powers = {f"x{k}": oracle.power(x, k) for k in range(1, data.degree + 1)}
    # Filip's condition leaves 12 of the 32 digits of double-double cross-products.
    digits = 12.0 if name == "Filip" else 15.0
    if engine_powers:
        formula = "y ~ x + " + " + ".join(f"I(x^{k})" for k in range(2, data.degree + 1))
        return LinearCase(
            f"{name}-powers", table_of(y=data.y, x=x), formula, powers, data.y,
            coefficient_digits=digits, error_digits=digits,
        )  # fmt: skip
    columns = {name: oracle.rounded(column) for name, column in powers.items()}
    return LinearCase(
        name, table_of(y=data.y, **columns), "y ~ " + " + ".join(columns), dict(columns), data.y,
        coefficient_digits=digits, error_digits=digits,
    )  # fmt: skip


def _offset(size: float, spread: float, seed: int) -> LinearCase:
    rng = np.random.default_rng(seed)
    a, b, noise = (rng.uniform(-spread, spread, 300) for _ in range(3))
    x1, x2 = (size + a).tolist(), (size - b).tolist()
    y = (size + (a - 2 * b + noise)).tolist()
    return LinearCase(
        f"offset-{size:g}", table_of(y=y, x1=x1, x2=x2), "y ~ x1 + x2", {"x1": x1, "x2": x2}, y
    )


def _offset_cells(size: float, spread: float, seed: int) -> list[LinearCase]:
    """Numbers far from zero beside the cells of factors, which must take up their means."""
    data = _groups(seed, 150)
    rng = np.random.default_rng(seed)
    u, v, noise = (rng.uniform(-spread, spread, 150) for _ in range(3))
    x, z = (size + u).tolist(), (size - v).tolist()
    shift = np.array([len(name) for name in data["a"]])
    y = (size + (u * shift - 2 * v + noise)).tolist()
    table = table_of(y=y, x=x, z=z, a=data["a"], b=data["b"])
    a, b = dummies("a", data["a"], A), dummies("b", data["b"], B)
    cells, slopes = crossed(a, b), sloped("x", x, a)

    def case(formula: str, columns: dict[str, Cells], **options: Any) -> LinearCase:
        text = "".join(f", {option}={value}" for option, value in options.items())
        return LinearCase(f"{formula}{text}, offset {size:g}", table, formula, columns, y,
            options=options, intercept="- 1" not in formula and "cube" not in options)  # fmt: skip

    return [
        case("y ~ a + x + z - 1", {**a, "x": x, "z": z}),
        case("y ~ x + a - 1", {"x": x, **a}, drop_main=False),
        case("y ~ x + a - 1", {"x": x, **a}, drop_first=True),
        case("y ~ a + x", {**a, "x": x}, cube=True),
        case("y ~ a:b + x + z", {**cells, "x": x, "z": z}, cube=True),
        case("y ~ a + b + x - 1", {**a, **b, "x": x}),
        case("y ~ a + a:x", {**a, **slopes}),
        case("y ~ a:x + a - 1", {**slopes, **a}),
        case("y ~ a*x", {**a, "x": x, **slopes}),
        case("y ~ a*x + z", {**a, "x": x, "z": z, **slopes}, drop_main=False),
        case("y ~ b + a + a:x - 1", {**b, **a, **slopes}),
        case("y ~ a*b + a:x", {**a, **b, **cells, **slopes}),
        case("y ~ a*b + a:x + z - 1", {**a, **b, **cells, **slopes, "z": z}, drop_first=True),
    ]


def _duplicated() -> LinearCase:
    rng = np.random.default_rng(11)
    x, z = rng.normal(3, 1, 50).tolist(), rng.normal(0, 5, 50).tolist()
    y = (rng.normal(0, 1, 50) + x).tolist()
    columns = {"x": x, "copy": x, "z": z}
    return LinearCase(
        "duplicated-column", table_of(y=y, **columns), "y ~ x + copy + z", columns, y,
        dropped=("copy",),
    )  # fmt: skip


def _sum_of_others() -> LinearCase:
    # Multiples of 2⁻²⁰ below 2¹⁰: their sum is exact in doubles.
    rng = np.random.default_rng(12)
    a, b, c = (rng.integers(-(2**30), 2**30, 80) / 2**20 for _ in range(3))
    y = rng.normal(0, 1, 80) + a - c
    columns = {"a": a.tolist(), "b": b.tolist(), "c": c.tolist(), "total": (a + b + c).tolist()}
    return LinearCase(
        "sum-of-others", table_of(y=y.tolist(), **columns), "y ~ a + b + c + total", columns,
        y.tolist(), dropped=("total",),
    )  # fmt: skip


def _few_rows(n: int, p: int, name: str) -> LinearCase:
    rng = np.random.default_rng(n)
    columns = {f"x{k}": rng.normal(0, 1, n).tolist() for k in range(p)}
    y = rng.normal(0, 1, n).tolist()
    return LinearCase(name, table_of(y=y, **columns), "y ~ " + " + ".join(columns), columns, y,
        dropped=tuple(f"x{k}" for k in range(n - 1, p)))  # fmt: skip


def _weights(kind: str) -> LinearCase:
    rng = np.random.default_rng(13)
    x = rng.normal(100, 15, 200).tolist()
    y = (rng.normal(0, 3, 200) + x).tolist()
    if kind == "fweights":
        w: list[Any] = rng.integers(0, 9, 200).tolist()
    else:
        w = (10.0 ** rng.uniform(-6, 6, 200)).tolist()
        w[7] = 0.0
    return LinearCase(kind, table_of(y=y, x=x, w=w), "y ~ x", {"x": x}, y,
        options={kind: "w"}, weights=w)  # fmt: skip


def _groups(seed: int = 14, n: int = 240) -> dict[str, list[Any]]:
    rng = np.random.default_rng(seed)
    a = rng.choice(["high", "low", "mid"], n).tolist()
    b = rng.choice(["east", "north", "south", "west"], n).tolist()
    x = rng.normal(50, 9, n)
    y = rng.normal(0, 2, n) + 0.3 * x + [len(v) for v in a]
    return {"y": y.tolist(), "x": x.tolist(), "a": a, "b": b}


A, B = ("high", "low", "mid"), ("east", "north", "south", "west")


def _factors() -> list[LinearCase]:
    data = _groups()
    table, y, x = table_of(**data), data["y"], data["x"]
    a, b = dummies("a", data["a"], A), dummies("b", data["b"], B)
    main = {**a, **b, "x": x}
    cases = [
        LinearCase("factors", table, "y ~ a + b + x", main, y, dropped=("a=mid", "b=west")),
        LinearCase("factors-drop-first", table, "y ~ a + b + x", main, y,
            options={"drop_first": True}, dropped=("a=high", "b=east")),
        LinearCase("no-intercept", table, "y ~ a + x - 1", {**a, "x": x}, y, intercept=False,
            dropped=()),
        LinearCase("cells", table, "y ~ a:b", crossed(a, b), y),
        LinearCase("crossed", table, "y ~ a*b", {**a, **b, **crossed(a, b)}, y),
        LinearCase("crossed-keep-main", table, "y ~ a*b", {**a, **b, **crossed(a, b)}, y,
            options={"drop_main": False}),
        LinearCase("slopes", table, "y ~ a + x:a", {**a, **sloped("x", x, a)}, y,
            dropped=("a=mid",)),
        LinearCase("product", table_of(y=y, x=x, z=(z := [v * v for v in y])), "y ~ x*z",
            {"x": x, "z": z, "x:z": [Fraction(p) * Fraction(q) for p, q in zip(x, z, strict=True)]},
            y),
    ]  # fmt: skip
    levels = ["high", "low", "mid", "none"]
    full = dummies("a", data["a"], levels)
    cases.append(
        LinearCase("empty-last-level", table, "y ~ a + b", {**full, **b}, y, levels={"a": levels},
            # The last level is empty: the first of every factor is dropped instead, and the empty one.
            dropped=("a=high", "a=none", "b=east"))
    )  # fmt: skip
    levels = ["none", "high", "low", "mid"]
    full = dummies("a", data["a"], levels)
    cases.append(
        LinearCase("empty-first-level", table, "y ~ a + b", {**full, **b}, y, levels={"a": levels})
    )
    return cases


def _integer_factors() -> list[LinearCase]:
    rng = np.random.default_rng(15)
    k = rng.integers(3, 9, 150).tolist()
    y = (rng.normal(0, 1, 150) + np.array(k) % 3).tolist()
    table = table_of(y=y, k=k)
    named = {f"F_k={v}": [int(c == v) for c in k] for v in range(3, 9)}
    inside = [i for i, v in enumerate(k) if 4 <= v <= 6]
    bounded = {f"F_k_4_6_T={v}": [int(k[i] == v) for i in inside] for v in range(4, 7)}
    return [
        LinearCase("F", table, "y ~ F(k)", named, y, dropped=("F_k=8",)),
        LinearCase("F-bounds", table, "y ~ F(k, 4, 6)", bounded, [y[i] for i in inside],
            dropped=("F_k_4_6_T=6",)),
    ]  # fmt: skip


def _codes() -> list[LinearCase]:
    """Levels that nobody gives: their codes are positions in the sorted order, known only after a pass."""
    data = _groups(17)
    table, y, x = table_of(**data), data["y"], data["x"]
    order = sorted(B)
    code = [order.index(v) for v in data["b"]]
    slopes = [Fraction(v) * k for v, k in zip(x, code, strict=True)]
    return [
        LinearCase("codes", table, "y ~ N(b) + x", {"N(b)": code, "x": x}, y, dropped=()),
        LinearCase("codes-slope", table, "y ~ x + x:N(b)", {"x": x, "x:N(b)": slopes}, y, dropped=()),
        LinearCase("codes-in-cells", table, "y ~ a + N(b):a",
            {**(a := dummies("a", data["a"], A)), **sloped("N(b)", code, a)}, y, dropped=("a=mid",)),
    ]  # fmt: skip


def _missing() -> LinearCase:
    data = _groups(16)
    data["x"] = [None if i % 17 == 0 else v for i, v in enumerate(data["x"])]
    data["a"] = [None if i % 23 == 5 else v for i, v in enumerate(data["a"])]
    data["y"] = [None if i % 31 == 2 else v for i, v in enumerate(data["y"])]
    full = [
        i for i in range(len(data["y"])) if None not in (data["x"][i], data["a"][i], data["y"][i])
    ]
    a = dummies("a", [data["a"][i] for i in full], A)
    return LinearCase("missing", table_of(**data), "y ~ a + x",
        {**a, "x": [data["x"][i] for i in full]}, [data["y"][i] for i in full],
        dropped=("a=mid",))  # fmt: skip


def cases() -> list[LinearCase]:
    """Every linear case that can be had here."""
    sets = nist.available(nist.LINEAR)
    polynomial = [n for n in sets if n == "Filip" or n == "Pontius" or n.startswith("Wampler")]
    return [
        *(nist_case(name) for name in sets),
        *(nist_case(name, engine_powers=True) for name in polynomial),
        _offset(1e9, 1.0, 9),
        _offset(1e15, 1000.0, 10),
        *_offset_cells(1e9, 1.0, 18),
        *_offset_cells(1e15, 1000.0, 19),
        _duplicated(),
        _sum_of_others(),
        _few_rows(4, 6, "n<p"),
        _few_rows(6, 5, "n=p"),
        _weights("pweights"),
        _weights("fweights"),
        *_factors(),
        *_integer_factors(),
        *_codes(),
        _missing(),
    ]
