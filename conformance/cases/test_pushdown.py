"""States that SQL's aggregates build against those of the engine, on the same rows, in every database that is here."""

import datetime
import json
import math

import numpy as np
import pyarrow as pa
import pytest

from conformance import summing
from conformance.summing import fit_of, streamed


def random_table(seed: int, n: int = 3000, missing: bool = True) -> pa.Table:
    """Columns of every type that models read, with missing values."""
    rng = np.random.default_rng(seed)
    x = rng.normal(50, 9, n)
    z = 1e6 + rng.normal(0, 2, n)
    k = rng.integers(-3, 9, n)
    a = rng.choice(["high", "low", "mid"], n)
    b = rng.choice(["östlich", "north", "s'th", "west", ""], n)
    flag = rng.random(n) < 0.3
    days = rng.integers(18_000, 18_400, n)
    moments = rng.integers(1_600_000_000, 1_700_000_000, n)
    w = rng.choice([0.0, 0.25, 1.0, 3.0], n)
    y = 0.3 * x + rng.normal(0, 2, n) + k + np.array([len(v) for v in a])

    def holes(values, rate=0.03):
        out = list(values)
        if missing:
            for i in np.flatnonzero(rng.random(n) < rate):
                out[i] = None
        return out

    xs = holes(x)
    if missing:
        xs[5] = math.nan
    return pa.table(
        {
            "y": pa.array(holes(y), pa.float64()),
            "x": pa.array(xs, pa.float64()),
            "z": pa.array(z, pa.float32()),
            "k": pa.array(holes(k.tolist()), pa.int32()),
            "a": pa.array(holes(a.tolist()), pa.string()),
            "b": pa.array(b.tolist(), pa.string()),
            "flag": pa.array(holes(flag.tolist()), pa.bool_()),
            "day": pa.array(
                [datetime.date(1970, 1, 1) + datetime.timedelta(days=int(d)) for d in days]
            ),
            "at": pa.array([int(m) * 1_000_000 for m in moments], pa.timestamp("us")),
            "w": pa.array(holes(w, 0.01), pa.float64()),
            "n": pa.array(rng.integers(0, 4, n).tolist(), pa.int64()),
        }
    )


LINEAR = [
    "y ~ x",
    "y ~ x + z + k",
    "y ~ x + day + at",
    "y ~ x - 1",
    "y ~ a",
    "y ~ a + b + flag",
    "y ~ a + x + k",
    "y ~ a*b + x",
    "y ~ a + x:a + z",
    "y ~ F(k) + x",
    "y ~ F(x) + k",
    "y ~ F(k, 0, 4) + x",
    "y ~ I(x^2) + log(x) + sqrt(z)",
    "y ~ I(x/k) + I(k > 2) + exp(I(x/100))",
    "log(y) ~ I(k != 0):a + abs(k) + floor(x) + ceil(x)",
    "y ~ x + offset(k) + offset(I(z/1e6))",
    "flag ~ x + a",
    "y ~ sin(x) + cos(x) + tan(k) + I(k^-1) + I(k^3)",
    "log10(y) ~ k",
    "pow(y, 1.5) ~ x^0.5 + k",
    "y ~ k",
]


@pytest.mark.parametrize("formula", LINEAR)
@pytest.mark.parametrize("weights", [{}, {"pweights": "w"}, {"fweights": "n"}], ids=str)
def test_linear_models_are_those_of_the_engine(way, formula, weights):
    summing.compare(way, "linear", formula, random_table(1), **weights)


@pytest.mark.parametrize("seed", range(4))
def test_few_rows_and_none(way, seed):
    for n in (1, 2, 7):
        table = random_table(seed, 40).slice(3, n)
        fit = fit_of("linear", "y ~ x + a", table)
        analysis = fit.next()
        found = json.loads(analysis.finalize(way(table).state(analysis)))
        expected = json.loads(analysis.finalize(streamed(analysis, table)))
        for result in (found, expected):
            result["levels"] = [sorted(v) for v in result["levels"]]
        summing.assert_close(found, expected)


def test_no_rows_give_the_empty_state(way):
    table = random_table(1, 20)
    analysis = fit_of("linear", "y ~ x + a", table).next()
    state = way(table.slice(0, 0)).state(analysis)
    assert analysis.save(state) == analysis.save(analysis.empty())


@pytest.mark.parametrize("by_term", [True, False])
@pytest.mark.parametrize("weights", [{}, {"pweights": "w"}, {"fweights": "n"}], ids=str)
@pytest.mark.parametrize(
    "formula",
    [
        "~ x + z + k",
        "~ a + b:flag",
        "~ x:a + y:a:b",
        "~ x + a + x:F(k) + log(y)",
        "y ~ a + x",
        "~ I(x > 50):flag",
    ],
)
def test_summaries_are_those_of_the_engine(way, formula, weights, by_term):
    summing.compare(way, "summary", formula, random_table(2), by_term=by_term, **weights)


def test_levels_and_what_is_outside_of_them(way):
    table = random_table(3)
    levels = {"a": ["mid", "high", "none"], "b": ["west", "", "s'th"], "flag": ["True"]}
    summing.compare(way, "linear", "y ~ a + b + x", table, levels=levels)
    summing.compare(way, "linear", "y ~ N(a) + x:N(b)", table, levels=levels)
    summing.compare(way, "linear", "y ~ F(a, 1, 2) + x", table, levels=levels)
    summing.compare(way, "summary", "~ x:a + b + flag", table, levels=levels)


def test_levels_that_nobody_gives_take_a_pass(way):
    done = summing.compare(way, "linear", "y ~ N(a) + F(b, 2, 4)", random_table(4))
    assert len(done.statements) == 2


def test_bounds_are_levels():
    table = random_table(5)
    fit = fit_of("linear", "y ~ x + F(k, -1, 3)", table)
    analysis = fit.next()
    assert json.loads(analysis.sums())["factors"][0]["levels"] == ["-1", "0", "1", "2", "3"]
