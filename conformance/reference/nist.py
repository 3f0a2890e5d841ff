"""The Statistical Reference Datasets of NIST: certified values and data, from files or, where a formula generates them, without."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cache
from pathlib import Path

LINEAR = (
    "Longley", "Norris", "NoInt1", "NoInt2", "Pontius", "Filip",
    "Wampler1", "Wampler2", "Wampler3", "Wampler4", "Wampler5",
)  # fmt: skip
UNIVARIATE = (
    "Lew", "Lottery", "Mavro", "Michelso", "NumAcc1", "NumAcc2", "NumAcc3", "NumAcc4", "PiDigits",
)  # fmt: skip
ANOVA = ("AtmWtAg", "SiRstv", *(f"SmLs0{i}" for i in range(1, 10)))
# No formula generates these: observations.
OBSERVED = (
    "Longley", "Norris", "Pontius", "Filip", "Lew", "Lottery", "Mavro", "Michelso", "AtmWtAg", "SiRstv",
)  # fmt: skip

NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[EeDd][-+]?\d+)?"


@dataclass(frozen=True)
class LinearSet:
    """y on its predictors, or on the powers 1 … degree of x; certified coefficients and standard deviations as text."""

    name: str
    y: tuple[float, ...]
    x: dict[str, tuple[float, ...]]
    degree: int
    intercept: bool
    estimates: tuple[str, ...]
    std_errors: tuple[str, ...]
    sigma: str


@dataclass(frozen=True)
class UnivariateSet:
    """A sample with its certified mean and standard deviation."""

    name: str
    y: tuple[float, ...]
    mean: str
    std_dev: str


@dataclass(frozen=True)
class AnovaSet:
    """One-way layout: group numbers, responses, the certified F statistic and residual standard deviation."""

    name: str
    group: tuple[int, ...]
    y: tuple[float, ...]
    f_statistic: str
    sigma: str


def directory() -> Path | None:
    """The folder with lls, univ and anova, from INSITU_NIST_DIR; None where that is not set."""
    value = os.environ.get("INSITU_NIST_DIR")
    if not value:
        return None
    path = Path(value)
    if not (path / "lls").is_dir():
        raise FileNotFoundError(f"INSITU_NIST_DIR is {path}, which has no folder lls")
    return path


def available(names: tuple[str, ...]) -> tuple[str, ...]:
    """Those of the sets that can be had here."""
    return names if directory() else tuple(n for n in names if n not in OBSERVED)


def left_out() -> tuple[str, ...]:
    """The sets that need their files, where these are missing."""
    return () if directory() else OBSERVED


@cache
def linear(name: str) -> LinearSet:
    """A linear set by name."""
    folder = directory()
    return read_linear(folder / "lls" / f"{name}.dat") if folder else _generated_linear(name)


@cache
def univariate(name: str) -> UnivariateSet:
    """A univariate set by name."""
    folder = directory()
    return read_univariate(folder / "univ" / f"{name}.txt") if folder else _generated_sample(name)


@cache
def anova(name: str) -> AnovaSet:
    """A one-way layout by name."""
    folder = directory()
    return read_anova(folder / "anova" / f"{name}.dat") if folder else generated_anova(name)


def _data_lines(text: str) -> list[list[str]]:
    rows = [line.split() for line in text.splitlines()]
    return [row for row in rows if row and all(re.fullmatch(NUMBER, v) for v in row)]


def read_linear(path: Path) -> LinearSet:
    """Parses a file of NIST's linear least-squares sets."""
    text = path.read_text()
    head, _, body = text.partition("\nData:  ")
    body = text[text.rindex("\nData:") :]
    header, *rest = body.strip().splitlines()
    names = header.split()[1:]
    columns = [tuple(float(v) for v in c) for c in zip(*_data_lines("\n".join(rest)), strict=True)]
    certified = re.findall(rf"^\s+B(\d+)\s+({NUMBER})\s+({NUMBER})\s*$", text, re.M)
    sigma = re.search(rf"Residual\s+Standard Deviation\s+({NUMBER})", text)
    assert sigma is not None, path
    assert head
    intercept = certified[0][0] == "0"
    x = dict(zip(names[1:], columns[1:], strict=True))
    return LinearSet(
        name=path.stem,
        y=columns[0],
        x=x,
        degree=len(certified) - intercept if len(x) == 1 else 1,
        intercept=intercept,
        estimates=tuple(c[1] for c in certified),
        std_errors=tuple(c[2] for c in certified),
        sigma=sigma.group(1),
    )


def read_univariate(path: Path) -> UnivariateSet:
    """Parses a file of NIST's univariate sets, in either of the two headings they come with."""
    text = path.read_text()
    mean = re.search(rf"(?:ybar:|^mean\s+=)\s*({NUMBER})", text, re.M)
    std_dev = re.search(
        rf"(?:denom\. = n-1\)\s+s:|^standardDeviation\s+=)\s*({NUMBER})", text, re.M
    )
    assert mean is not None, path
    assert std_dev is not None, path
    start = max(text.rfind("\nData: Y"), text.rfind("# Data\n"))
    rows = [row for row in _data_lines(text[start:]) if len(row) == 1]
    return UnivariateSet(
        path.stem, tuple(float(row[0]) for row in rows), mean.group(1), std_dev.group(1)
    )


def read_anova(path: Path) -> AnovaSet:
    """Parses a file of NIST's one-way layouts."""
    text = path.read_text()
    between = re.search(rf"^Between\s+\S+\s+\d+\s+{NUMBER}\s+{NUMBER}\s+({NUMBER})", text, re.M)
    sigma = re.search(rf"Certified Residual\s+Standard Deviation\s+({NUMBER})", text)
    assert between is not None, path
    assert sigma is not None, path
    rows = _data_lines(text[text.rindex("\nData:") :])
    return AnovaSet(
        path.stem,
        tuple(int(row[0]) for row in rows),
        tuple(float(row[1]) for row in rows),
        between.group(1),
        sigma.group(1),
    )


# ---- sets that a formula generates -------------------------------------------------------------------------------------------

# Residuals of Wampler3: orthogonal to polynomials of degree 5 on 0 … 20; Wampler4 and 5 take them 100 and 10,000 times.
_WAMPLER_RESIDUALS = (
    759, -2048, 2048, -2048, 2523, -2048, 2048, -2048, 1838, -2048,
    2048, -2048, 1838, -2048, 2048, -2048, 2523, -2048, 2048, -2048, 759,
)  # fmt: skip
_WAMPLER_ERRORS = (
    "2152.32624678170", "2363.55173469681", "779.343524331583",
    "101.475507550350", "5.64566512170752", "0.112324854679312",
)  # fmt: skip


def _generated_linear(name: str) -> LinearSet:
    if name == "NoInt1":
        return LinearSet(
            name, tuple(float(v) for v in range(130, 141)), {"x": tuple(map(float, range(60, 71)))}, 1,
            False, ("2.07438016528926",), ("0.165289256198347E-01",), "3.56753034006338",
        )  # fmt: skip
    if name == "NoInt2":
        return LinearSet(
            name, (3.0, 4.0, 4.0), {"x": (4.0, 5.0, 6.0)}, 1, False,
            ("0.727272727272727",), ("0.420827318078432E-01",), "0.369274472937998",
        )  # fmt: skip
    x = range(21)
    number = int(name.removeprefix("Wampler"))
    step = Fraction(1, 10) if number == 2 else Fraction(1)
    scale = {1: 0, 2: 0, 3: 1, 4: 100, 5: 10_000}[number]
    y = [
        sum((step * v) ** k for k in range(6)) + scale * e
        for v, e in zip(x, _WAMPLER_RESIDUALS, strict=True)
    ]
    errors = tuple(str(Decimal(e) * scale) for e in _WAMPLER_ERRORS)
    return LinearSet(
        name=name,
        y=tuple(float(v) for v in y),
        x={"x": tuple(map(float, x))},
        degree=5,
        intercept=True,
        estimates=tuple(str(float(step**k)) for k in range(6)),
        std_errors=errors if scale else ("0",) * 6,
        sigma=str(Decimal("2360.14502379268") * scale),
    )


def _generated_sample(name: str) -> UnivariateSet:
    if name == "PiDigits":
        digits = pi_digits(5000)
        digits[956] = 3  # NIST's data, and so the certified values, have 3 where pi has 8.
        return UnivariateSet(
            name, tuple(map(float, digits)), "4.53480000000000", "2.86733906028871"
        )
    if name == "NumAcc1":
        return UnivariateSet(name, (10000001.0, 10000003.0, 10000002.0), "10000002", "1")
    whole = {"NumAcc2": 1, "NumAcc3": 1000000, "NumAcc4": 10000000}[name]
    tenths = [2] + [1 if i % 2 == 0 else 3 for i in range(1000)]
    y = tuple(float(f"{whole}.{t}") for t in tenths)
    return UnivariateSet(name, y, f"{whole}.2", "0.1")


def generated_anova(name: str) -> AnovaSet:
    """Simon and Lesage's layouts: nine groups; a mean, then the mean less and plus 0.1 in turn; a leading constant."""
    number = int(name.removeprefix("SmLs"))
    whole = (1, 1_000_000, 1_000_000_000_000)[(number - 1) // 3]
    replicates = (21, 201, 2001)[(number - 1) % 3]
    group, y = [], []
    for g in range(1, 10):
        tenths = 4 if g == 1 else 3 if g % 2 == 0 else 5
        for i in range(replicates):
            t = tenths + (0 if i == 0 else -1 if i % 2 == 1 else 1)
            group.append(g)
            y.append(float(f"{whole}.{t}"))
    f = {21: "2.10000000000000E+01", 201: "2.01000000000000E+02", 2001: "2.00100000000000E+03"}
    return AnovaSet(name, tuple(group), tuple(y), f[replicates], "1.00000000000000E-01")


def pi_digits(count: int) -> list[int]:
    """The first digits of pi, by Machin's formula in integers."""
    one = 10 ** (count + 10)

    def arctan_of_inverse(x: int) -> int:
        total = term = one // x
        k = 1
        while term:
            term //= -x * x
            k += 2
            total += term // k
        return total

    pi = 4 * (4 * arctan_of_inverse(5) - arctan_of_inverse(239))
    # In two halves, below the interpreter's limit on digits of one integer.
    high, low = divmod(pi // 10**10, 10 ** (count // 2))
    return [int(digit) for digit in f"{high}{low:0{count // 2}d}"[:count]]
