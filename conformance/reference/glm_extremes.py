"""Sets whose means, counts or offsets are as far out as generalised linear models are asked to go."""

from __future__ import annotations

import math
from typing import Any

from conformance.reference.glm_set import Draws, GlmSet, Table

TRILLION = 10**12
X = [-2.0, -1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0, 2.5]
EVENTS = [1, 0, 2, 1, 3, 2, 2, 5, 4, 7]
ROWS_OF_ONE_EVENT = 10_000_000


def _binomial(link: str) -> dict[str, Any]:
    return {"name": "binomial", "link": link}


def _rare() -> Table:
    """A few events of trillions of trials, and the same the other way round."""
    return {"x": X, "events": EVENTS, "other": [TRILLION - e for e in EVENTS]}


def _rare_sets() -> list[GlmSet]:
    links = ("logit", "probit", "cloglog", "log")
    sets = [
        GlmSet(f"one in 1e12 {link}", _rare(), "cbind(events, other) ~ x", ("x",), _binomial(link))
        for link in links
    ]
    for link in ("logit", "probit"):
        sets.append(
            GlmSet(
                f"all but one in 1e12 {link}", _rare(), "cbind(other, events) ~ x", ("x",), _binomial(link)
            )
        )  # fmt: skip
    return sets


def _tails() -> list[GlmSet]:
    """Cauchit's and cloglog's: means from some millionths to one, and to one less millionths."""
    trials = 10**7
    rare = [3, 4, 4, 7, 5, 9, 14, 22, 40, 300]
    often = [trials - k for k in reversed(rare)]
    sets = []
    for name, events in (("low", rare), ("high", often)):
        table = {"x": X, "events": events, "other": [trials - e for e in events]}
        for link in ("cauchit", "cloglog"):
            sets.append(
                GlmSet(f"{name} tail {link}", table, "cbind(events, other) ~ x", ("x",), _binomial(link))
            )  # fmt: skip
    both = {
        "x": [-40.0, -20.0, -8.0, -3.0, -1.0, 0.0, 1.0, 3.0, 8.0, 20.0, 40.0],
        "events": [80, 160, 400, 1030, 2480, 5010, 7490, 8970, 9610, 9850, 9930],
    }
    both["other"] = [10000 - e for e in both["events"]]
    sets.append(GlmSet("both tails cauchit", both, "cbind(events, other) ~ x", ("x",), _binomial("cauchit")))  # fmt: skip
    late = {
        "x": [-6.0, -4.0, -2.0, -1.0, 0.0, 0.5, 1.0, 1.25, 1.5],
        "events": [25, 183, 1265, 3078, 6321, 8077, 9340, 9695, 9887],
    }
    late["other"] = [10000 - e for e in late["events"]]
    sets.append(GlmSet("both tails cloglog", late, "cbind(events, other) ~ x", ("x",), _binomial("cloglog")))  # fmt: skip
    return sets


def _counts() -> list[GlmSet]:
    """A billion and more. With fewer rows the rounding of a mean alone, a double of nine digits left, is seen in the deviance."""
    draws = Draws(99)
    x = [round(draws() - 0.5, 3) for _ in range(400)]
    y = [round(1e9 * math.exp(0.5 * v) + 3e4 * draws.normal()) for v in x]
    wide = [round(1e9 * math.exp(0.5 * v + draws.normal())) for v in x]
    table = {"x": x, "y": y, "wide": wide, "f": [draws.choice("abc") for _ in x]}
    sets = [
        GlmSet(f"counts of 1e9 {link}", table, "y ~ x", ("x",), {"name": "poisson", "link": link})
        for link in ("log", "identity", "sqrt")
    ]
    family = {"name": "negative.binomial", "link": "log", "theta": 1.5}
    sets.append(GlmSet("counts of 1e9 negative binomial", table, "wide ~ x", ("x",), family))
    family = {"name": "quasipoisson", "link": "log"}
    sets.append(GlmSet("counts of 1e9 by level", table, "wide ~ f + x", ("f", "x"), family))
    return sets


def _offsets() -> list[GlmSet]:
    """Of thirty up and down."""
    draws = Draws(30)
    x = [round(2.0 * draws() - 1.0, 3) for _ in range(30)]
    offset = [(-30.0, 30.0, 0.0)[k % 3] for k in range(30)]
    counts = [draws.count(2.0 * math.exp(0.5 * v)) for v in x]
    table = {
        "x": x,
        "down": [-30.0] * 30,
        "up": [30.0] * 30,
        "counts": counts,
        "mixed": offset,
        "size": [math.exp(o) * draws.gamma(2.0 * math.exp(0.5 * v)) for o, v in zip(offset, x, strict=True)],
        "event": [int(draws() < 1.0 / (1.0 + math.exp(-v))) for v in x],
    }  # fmt: skip
    log = {"name": "poisson", "link": "log"}
    return [
        GlmSet("offset -30 poisson", table, "counts ~ x", ("x",), log, offset="down"),
        GlmSet("offset 30 poisson", table, "counts ~ x", ("x",), log, offset="up"),
        GlmSet("offset -30 logit", table, "event ~ x", ("x",), _binomial("logit"), offset="down"),
        GlmSet("offset 30 logit", table, "event ~ x", ("x",), _binomial("logit"), offset="up"),
        GlmSet("offset 30 probit", table, "event ~ x", ("x",), _binomial("probit"), offset="up"),
        GlmSet("offsets of both signs", table, "size ~ x", ("x",), {"name": "Gamma", "link": "log"}, offset="mixed"),
    ]  # fmt: skip


def one_event() -> GlmSet:
    """One event of ten million rows, as frequencies."""
    table = {
        "x": [0.0, 1.0, 1.0, 2.0],
        "y": [0, 0, 1, 0],
        "times": [2_000_000, 3_999_999, 1, ROWS_OF_ONE_EVENT - 6_000_000],
    }
    return GlmSet("one event of 1e7", table, "y ~ x", ("x",), _binomial("logit"), fweights="times")


def extremes() -> dict[str, GlmSet]:
    """Every set by its name."""
    sets = [*_rare_sets(), *_tails(), *_counts(), *_offsets(), one_event()]
    return {data.name: data for data in sets}
