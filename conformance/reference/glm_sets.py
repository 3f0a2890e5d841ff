"""Sets of data for generalised linear models: published tables, and drawn ones for every family and link.

python -m conformance.reference.glm_sets > build/glm_sets.json
Rscript conformance/reference/glm.R build/glm_sets.json conformance/reference/glm.json
"""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Callable
from typing import Any

from conformance.reference.glm_published import published
from conformance.reference.glm_set import Draws, GlmSet, Table

ROWS = 120
POWERS = {"identity": 1.0, "inverse": -1.0, "1/mu^2": -2.0, "sqrt": 0.5}
EFFECTS = {"a": 0.0, "b": 0.5, "c": -0.5, "d": 0.2}
TERMS = ("x", "z", "f")


def _mean(link: str, eta: float) -> float:
    """The mean, near one where links do not say where; `eta` lies about 0."""
    if link == "log":
        return math.exp(0.7 * eta)
    if link == "logit":
        return 1.0 / (1.0 + math.exp(-eta))
    if link == "probit":
        return 0.5 * math.erfc(-eta / math.sqrt(2.0))
    if link == "cauchit":
        return 0.5 + math.atan(eta) / math.pi
    if link == "cloglog":
        return -math.expm1(-math.exp(eta))
    power = POWERS[link] if link in POWERS else float(link.removeprefix("mu^"))
    return float((1.0 + 0.15 * eta) ** (1.0 / power))


def _count(draws: Draws, mean: float) -> int:
    return draws.count(mean)


def _overdispersed(draws: Draws, mean: float) -> int:
    return draws.count(draws.gamma(mean, 2))


def _positive(draws: Draws, mean: float) -> float:
    return max(0.001, round(draws.gamma(mean), 3))


def _with_zeros(draws: Draws, mean: float) -> float:
    return 0.0 if draws() < 0.25 else _positive(draws, mean)


def _around(draws: Draws, mean: float) -> float:
    return round(mean + 0.3 * draws.normal(), 3)


def _event(draws: Draws, mean: float) -> int:
    return draws.successes(1, mean)


Response = Callable[[Draws, float], float]
RESPONSES: dict[str, Response] = {
    "gaussian": _around,
    "binomial": _event,
    "poisson": _count,
    "Gamma": _positive,
    "inverse.gaussian": _positive,
    "quasipoisson": _overdispersed,
    "negative.binomial": _overdispersed,
    "Tweedie": _with_zeros,
}
# Of quasi, by variance: whose responses do for it.
LIKE = {"constant": "gaussian", "mu": "poisson", "mu^2": "Gamma", "mu^3": "Gamma"}


@functools.cache
def _predictors(seed: int, rows: int = ROWS) -> tuple[Table, list[float]]:
    """Columns that every drawn set has, and the linear predictor without offsets."""
    draws = Draws(seed)
    table: Table = {
        "x": [round(4.0 * draws() - 2.0, 3) for _ in range(rows)],
        "z": [round(draws.normal(), 2) for _ in range(rows)],
        "f": [draws.choice("abcd") for _ in range(rows)],
        "h": [draws.choice("uvw") for _ in range(rows)],
        "t": [round(draws() - 0.5, 3) for _ in range(rows)],
        "years": [round(0.5 + 4.0 * draws(), 2) for _ in range(rows)],
        "w": [round(0.5 + draws(), 2) for _ in range(rows)],
        "times": [int(4.0 * draws()) for _ in range(rows)],
        "n": [1 + int(9.0 * draws()) for _ in range(rows)],
    }
    columns = zip(table["x"], table["z"], table["f"], strict=True)
    return table, [-0.3 + 0.7 * x - 0.3 * z + EFFECTS[f] for x, z, f in columns]


def drawn(name: str, family: dict[str, Any], seed: int, **changes: Any) -> GlmSet:
    """A set of ROWS rows whose model is y ~ x + z + f, unless changed; `offset` and `exposure` count in the means."""
    table, eta = _predictors(seed)
    table, draws = dict(table), Draws(1000 + seed)
    link = family["link"]
    if "offset" in changes:
        eta = [e + t for e, t in zip(eta, table["t"], strict=True)]
    scale = 6.0 if family["name"] == "poisson" and link in ("identity", "sqrt") else 1.0
    means = [scale * _mean(link, e) for e in eta]
    if "exposure" in changes:
        means = [m * years for m, years in zip(means, table["years"], strict=True)]
    if link == "log" and family["name"] in ("binomial", "quasibinomial"):
        means = [0.12 * m for m in means]
    kind = family["name"]
    if kind == "quasi":
        kind = LIKE.get(family["variance"], "shares")
    elif kind == "Tweedie" and family["power"] >= 2.0:
        kind = "Gamma"
    if kind == "quasibinomial" or changes.pop("shares", False) or kind == "shares":
        events = [draws.successes(n, m) for n, m in zip(table["n"], means, strict=True)]
        table["events"] = events
        table["other"] = [n - e for n, e in zip(table["n"], events, strict=True)]
        table["y"] = [e / n for n, e in zip(table["n"], events, strict=True)]
    else:
        table["y"] = [RESPONSES[kind](draws, mean) for mean in means]
    model = {"formula": "y ~ x + z + f", "terms": TERMS, **changes}
    return GlmSet(name, table, family=family, **model)


GRID: dict[str, tuple[str, ...]] = {
    "gaussian": ("identity", "log", "inverse"),
    "binomial": ("logit", "probit", "cauchit", "log", "cloglog"),
    "poisson": ("log", "identity", "sqrt"),
    "Gamma": ("inverse", "identity", "log"),
    "inverse.gaussian": ("1/mu^2", "inverse", "identity", "log"),
    "quasibinomial": ("logit", "probit", "cauchit", "log", "cloglog"),
    "quasipoisson": ("log", "identity", "sqrt"),
    "negative.binomial": ("log", "identity", "sqrt"),
}
QUASI = (
    ("identity", "constant"),
    ("log", "mu^2"),
    ("inverse", "mu^2"),
    ("1/mu^2", "mu^3"),
    ("sqrt", "mu"),
    ("logit", "mu(1-mu)"),
    ("probit", "mu(1-mu)"),
    ("cauchit", "mu(1-mu)"),
    ("cloglog", "mu(1-mu)"),
    ("mu^0.25", "mu"),
    ("log", "constant"),
    ("identity", "mu^3"),
)
TWEEDIE = (
    (1.1, "log"), (1.5, "log"), (1.9, "log"), (1.1, "mu^-0.1"), (1.5, "mu^-0.5"), (1.9, "mu^-0.9"),
    (1.5, "identity"), (1.5, "inverse"), (1.5, "sqrt"), (1.5, "1/mu^2"), (2.5, "log"), (3.0, "mu^-0.5"),
)  # fmt: skip


def _grid() -> list[GlmSet]:
    """Every family with every link that it has."""
    sets = []
    for kind, links in GRID.items():
        for link in links:
            family: dict[str, Any] = {"name": kind, "link": link}
            if kind == "negative.binomial":
                family["theta"] = 2.0
            sets.append(drawn(f"{kind} {link}", family, 1 + len(sets)))
    for link, variance in QUASI:
        family = {"name": "quasi", "link": link, "variance": variance}
        sets.append(drawn(f"quasi {link} {variance}", family, 1 + len(sets)))
    for power, link in TWEEDIE:
        family = {"name": "Tweedie", "link": link, "power": power}
        sets.append(drawn(f"Tweedie {power} {link}", family, 1 + len(sets)))
    return sets


def _weighted() -> list[GlmSet]:
    """Weights of both kinds, trials, offsets and exposures."""
    shares = [
        drawn(
            f"{link} trials", {"name": "binomial", "link": link}, 60 + k, shares=True, pweights="n"
        )
        for k, link in enumerate(GRID["binomial"])
    ]
    asked: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
        ("gaussian weights", {"link": "identity"}, {"pweights": "w"}),
        ("gaussian frequencies", {"link": "log"}, {"fweights": "times", "offset": "t"}),
        ("binomial frequencies", {"link": "logit"}, {"fweights": "times"}),
        ("binomial offset", {"link": "logit"}, {"offset": "t", "pweights": "w"}),
        ("binomial offset probit", {"link": "probit"}, {"offset": "t"}),
        ("binomial frequencies cloglog", {"link": "cloglog"}, {"fweights": "times", "offset": "t"}),
        ("poisson exposure", {"link": "log"}, {"exposure": "years"}),
        ("poisson weights", {"link": "log"}, {"offset": "t", "pweights": "w"}),
        ("poisson frequencies", {"link": "sqrt"}, {"fweights": "times"}),
        ("poisson both", {"link": "log"}, {"offset": "t", "exposure": "years", "fweights": "times"}),
        ("Gamma weights", {"link": "inverse"}, {"pweights": "w"}),
        ("Gamma frequencies", {"link": "log"}, {"fweights": "times", "offset": "t"}),
        ("inverse.gaussian weights", {"link": "log"}, {"offset": "t", "pweights": "w"}),
        ("inverse.gaussian frequencies", {"link": "1/mu^2"}, {"fweights": "times"}),
        ("quasipoisson frequencies", {"link": "log"}, {"fweights": "times", "exposure": "years"}),
        ("quasipoisson weights", {"link": "log"}, {"pweights": "w", "offset": "t"}),
        ("negative.binomial weights", {"link": "log", "theta": 0.7}, {"pweights": "w", "offset": "t"}),
        ("negative.binomial frequencies", {"link": "log", "theta": 25.0}, {"fweights": "times"}),
        ("negative.binomial exposure", {"link": "log", "theta": 1.5}, {"exposure": "years"}),
        ("Tweedie exposure", {"link": "log", "power": 1.6}, {"exposure": "years", "pweights": "w"}),
        ("Tweedie frequencies", {"link": "log", "power": 1.2}, {"fweights": "times"}),
    ]  # fmt: skip
    weighted = [
        drawn(name, {"name": name.split()[0], **family}, 70 + k, **options)
        for k, (name, family, options) in enumerate(asked)
    ]
    counts = drawn(
        "successes and failures", {"name": "binomial", "link": "logit"}, 66, shares=True,
        formula="cbind(events, other) ~ x + z + f + offset(t)",
    )  # fmt: skip
    return [*shares, *weighted, counts]


def _changed(base: GlmSet, name: str, formula: str, terms: tuple[str, ...], **more: Any) -> GlmSet:
    """The same responses, with another right side and further columns."""
    table = {**base.table, **more.pop("columns", {})}
    return GlmSet(name, table, formula, terms, base.family, **more)


def _aliased() -> list[GlmSet]:
    """Columns that follow from others, in numbers and in factors, which no count of cells shows."""
    half = {"a": "left", "b": "left", "c": "right", "d": "right"}
    asked: list[tuple[str, str, str, int]] = [
        ("gaussian", "identity", "x + thrice + z", 101),
        ("poisson", "log", "x + z + thrice", 102),
        ("binomial", "logit", "f + b + x", 101),
        ("binomial", "logit", "x + b + sum", 102),
        ("Gamma", "log", "x + b + sum", 107),
        ("binomial", "logit", "f + half + x", 118),
        ("binomial", "probit", "f + half + x", 104),
        ("poisson", "log", "f + half + f:half", 103),
    ]
    sets = []
    for kind, link, right, seed in asked:
        base = drawn("", {"name": kind, "link": link}, seed)
        x = base.table["x"]
        b = [float(level == "b") for level in base.table["f"]]
        columns = {
            "thrice": [3.0 * value for value in x],
            "b": b,
            "sum": [value + one for value, one in zip(x, b, strict=True)],
            "half": [half[level] for level in base.table["f"]],
        }
        name = f"aliased {kind} {link}: {right}"
        terms = tuple(right.split(" + "))
        sets.append(_changed(base, name, f"y ~ {right}", terms, columns=columns))
    return sets


def _structured() -> list[GlmSet]:
    """Formulas and columns that are not all plain."""
    poisson = drawn("", {"name": "poisson", "link": "log"}, 101)
    logit = drawn("", {"name": "binomial", "link": "logit"}, 102)
    gamma = drawn("", {"name": "Gamma", "link": "log"}, 103)
    probit = drawn("", {"name": "binomial", "link": "probit"}, 104)
    x = poisson.table["x"]
    groups = {"a": "left", "b": "left", "c": "right", "d": "right"}
    group = {"group": [groups[level] for level in gamma.table["f"]]}
    draws = Draws(105)
    many = {"many": [f"m{int(25 * draws()):02d}" for _ in range(ROWS)]}
    holes = {"z": [None if draws() < 0.1 else z for z in probit.table["z"]]}
    holes["f"] = [None if draws() < 0.1 else f for f in probit.table["f"]]
    zero_weights = {"w": [0.0 if draws() < 0.3 else w for w in gamma.table["w"]]}
    squares = {"I(x^2)": [value * value for value in x]}
    levels = {"f": list("abxcdy")}
    far = [round(1e6 + value, 3) for value in x]
    return [
        _changed(poisson, "aliased", "y ~ x + twice + z", ("x", "twice", "z"), columns={"twice": [2.0 * v for v in x]}),
        _changed(gamma, "aliased factors", "y ~ f + group + x", ("f", "group", "x"), columns=group),
        _changed(poisson, "empty levels", "y ~ x + f", ("x", "f"), levels=levels),
        _changed(
            logit, "empty levels first", "y ~ f + x", ("f", "x"),
            levels={"f": list("0abcd")}, reference={"f": list("dabc")},
        ),
        _changed(gamma, "empty cells", "y ~ f * group", ("f", "group", "f:group"), columns=group),
        _changed(poisson, "no intercept", "y ~ x + z - 1", ("x", "z")),
        _changed(gamma, "no intercept factor", "y ~ f + x - 1", ("f", "x")),
        _changed(poisson, "two factors crossed", "y ~ f * h", ("f", "h", "f:h")),
        _changed(probit, "slopes by level", "y ~ x * f", ("x", "f", "x:f")),
        _changed(poisson, "squares", "y ~ x + I(x^2)", ("x", "I(x^2)"), derived=squares),
        _changed(probit, "missing values", "y ~ x + z + f", TERMS, columns=holes),
        _changed(gamma, "zero weights", "y ~ x + z + f", TERMS, columns=zero_weights, pweights="w"),
        _changed(gamma, "many levels", "y ~ x + many", ("x", "many"), columns=many),
        _changed(poisson, "far from zero", "y ~ far + f", ("far", "f"), columns={"far": far}),
        _changed(logit, "far from zero logit", "y ~ far + z", ("far", "z"), columns={"far": [round(1e6 + v, 3) for v in logit.table["x"]]}),
        _changed(gamma, "far from zero gamma", "y ~ far + z", ("far", "z"), columns={"far": [round(1e6 + v, 3) for v in gamma.table["x"]]}),
        _changed(probit, "small and large", "y ~ small + large", ("small", "large"), columns={"small": [v / 2**30 for v in probit.table["x"]], "large": [v * 2**30 for v in probit.table["z"]]}),
    ]  # fmt: skip


def _tiny() -> list[GlmSet]:
    """As few rows as a model can have."""
    x = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]

    def of(name: str, link: str, y: list[float], **more: Any) -> GlmSet:
        table = {"x": x[: len(y)], "y": y}
        return GlmSet(
            f"tiny {name} {link}", table, "y ~ x", ("x",), {"name": name, "link": link, **more}
        )

    return [
        of("poisson", "log", [1, 3, 4]),
        of("poisson", "identity", [2, 3, 7]),
        of("binomial", "logit", [0, 1, 0, 1]),
        of("binomial", "cauchit", [0, 1, 0, 0, 1, 1]),
        of("Gamma", "inverse", [5.0, 3.0, 1.5, 1.25]),
        of("Gamma", "log", [1.0, 3.0, 2.0]),
        of("inverse.gaussian", "log", [1.0, 2.5, 2.0, 7.0]),
        of("gaussian", "log", [1.0, 2.5, 4.0, 9.0]),
        of("negative.binomial", "log", [0, 2, 1, 9], theta=1.5),
        of("Tweedie", "log", [0.0, 1.5, 1.0, 4.0], power=1.5),
    ]


@functools.cache
def all_sets() -> dict[str, GlmSet]:
    """Every set by its name."""
    sets = [*published(), *_grid(), *_weighted(), *_structured(), *_aliased(), *_tiny()]
    named = {data.name: data for data in sets}
    assert len(named) == len(sets)
    return named


if __name__ == "__main__":
    print(json.dumps([data.question() for data in all_sets().values()]))
