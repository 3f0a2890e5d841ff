"""row_selection and transforms in PostgreSQL: every function means there what it means in DuckDB, or is computed in DuckDB."""

from __future__ import annotations

import datetime
import math
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from python.tests.test_expressions import VALUES

import insitu
from insitu.data import RxPostgresData, as_source
from insitu.errors import DataError, SpecError

# What the server would do differently, or with its locale: computed in this process.
HERE = {
    "lower('AB')": "lower",
    "upper('ab')": "upper",
    "regexp_matches('abc', '^a')": "regexplike",
    "try_cast('a' as double)": "trycast",
}

NUMBERS = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    1.5,
    2.5,
    -2.5,
    0.49999999999999994,
    3.7,
    -3.7,
    1e-300,
    1e15 + 0.5,
    123456.789,
    None,
    math.nan,
]
WHOLE = [0, 1, -1, 7, -7, 3, 2**31 - 1, -(2**31), 12, None, 5, 6, 8, 9, 10, 11]
TEXTS = [
    "",
    "a",
    "B",
    "ä",
    "Äb",
    " b c ",
    "a%b",
    "a\\b",
    "\u00a0x\u2003",
    "zz",
    None,
    "ab",
    "abc",
    "100",
    "-1.5",
    "🙂",
]
DATES = [
    datetime.date(2000, 1, 1),
    datetime.date(2024, 2, 29),
    datetime.date(1969, 12, 31),
    datetime.date(2021, 1, 3),
] * 3 + [None] * 4
TIMES = [
    datetime.datetime(2024, 3, 4, 5, 6, 7, 900000),
    datetime.datetime(1900, 12, 31, 23, 59, 59),
    None,
    datetime.datetime(2023, 1, 1),
] * 4
TABLE = pa.table(
    {
        "x": pa.array(NUMBERS, pa.float64()),
        "z": pa.array(NUMBERS[::-1], pa.float64()),
        "r": pa.array(
            [None if v is None else float(np.float32(v)) for v in NUMBERS], pa.float64()
        ).cast(pa.float32()),
        "i": pa.array(WHOLE, pa.int64()).cast(pa.int32()),
        "k": pa.array(WHOLE[::-1], pa.int64()),
        "s": TEXTS,
        "t": TEXTS[::-1],
        "b": [True, False, None, True] * 4,
        "d": pa.array(DATES, pa.date32()),
        "m": pa.array(TIMES, pa.timestamp("us")),
    }
)

# Over the columns above, whose values are the edges.
OVER_COLUMNS = [
    "x + z", "x - i", "x * 2", "x * 0.1", "i * 0.1", "i + k", "x / z", "i / k", "1 / i", "x / 0", "i // 5", "k // -3", "i % 4", "k % -7",
    "-x", "abs(x)", "abs(k)", "ceil(x)", "floor(x)", "trunc(x)", "ceil(i)", "floor(k)", "round(x)", "round(x, 2)", "round(i)",
    "round(x * 1000, 1)", "sign(x)", "sign(i)", "sqrt(x)", "sqrt(abs(k))", "ln(x)", "log10(x)", "log2(x)", "exp(x)", "exp(x * 1000)", "exp(-x * 1000)",
    "sin(x)", "cos(x)", "tan(x)", "atan(x)", "asin(x)", "acos(x)", "atan2(x, z)", "degrees(x)", "radians(x)", "pow(x, 2)", "pow(x, 0.5)",
    "power(x, -1)", "x ** 3", "pow(i, 2)", "greatest(x, z, 1)", "least(x, i)", "greatest(s, t)", "least(d, date '2010-01-01')", "coalesce(x, 0)",
    "ifnull(s, 'none')", "nullif(i, 7)", "case when x > 1 then 'big' when x <= 1 then 'small' else 'none' end", "if(b, x, z)", "case i when 7 then 1 else 0 end",
    "x > 0.5", "x = 0.5", "i >= 7", "x is null", "x is not distinct from z", "not b", "b and x > 0", "b or x > 0", "b is true", "s = 'a'", "s < t", "s > 'B'",
    "s <> t", "s in ('a', 'B', 'zz')", "i in (1, 7)", "i between 1 and 7", "s between 'a' and 'b'", "s like 'a%'", "s like '%\\%'", "s like 'a\\_'",
    "length(s)", "strlen(s)", "left(s, 1)", "right(s, 2)", "left(s, -1)", "right(s, -1)", "substr(s, 2)", "substr(s, 1, 2)", "substring(s, 2, 5)", "s || t",
    "concat(s, 'x', t)", "replace(s, 'b', 'xx')", "trim(s)", "ltrim(s)", "rtrim(s)", "trim(s, 'ab')", "contains(s, 'b')", "starts_with(s, 'a')", "ends_with(s, 'b')",
    "prefix(s, '')", "suffix(s, 'c ')", "contains(s, t)", "year(d)", "month(d)", "day(m)", "quarter(d)", "week(d)", "dayofweek(d)", "isodow(d)",
    "dayofyear(d)", "weekday(d)", "hour(m)", "minute(m)", "second(m)", "hour(d)", "dayname(d)", "monthname(m)", "date_part('year', m)", "date_part('epoch', m)",
    "extract(month from d)", "date_trunc('month', d)", "date_trunc('hour', m)", "date_trunc('week', d)", "d - date '2000-01-01'", "d + 1", "d + interval 1 day",
    "m - interval 2 hour", "d > date '2010-01-01'", "m < timestamp '2000-01-01 00:00:00'", "d = m", "cast(x as bigint)", "cast(i as double)", "cast(x + 1 as float)", "cast(b as integer)",
    "cast(i as varchar)", "cast(d as timestamp)", "cast(m as date)", "cast(s as varchar)", "isnan(x)", "isinf(x / i)", "isfinite(x / i)", "(1 / i) > 5", "pi() * x",
    "r + 1", "r * 2.5", "r / 3", "sqrt(r)", "r > 0.5", "x + r", "cast(r as double)", "i > k", "x > '0.5'", "i = '7'",
]  # fmt: skip
# Of these the server computes none.
OVER_COLUMNS_HERE = {
    "lower(s)": "lower", "upper(s)": "upper", "s ilike 'A%'": "ilike", "regexp_matches(s, '[ab]')": "regexplike", "try_cast(s as double)": "trycast",
    "x % 2": "mod", "x // 2": "intdiv", "round(x, i)": "decimals", "round(r)": "round", "substr(s, -2)": "bounds", "cast(x as varchar)": "cast",
    "m - m": "arithmetic", "r in (0.1, 0.5)": "single precision", "i || s": "dpipe", "cast(least(x, 99.0) as decimal(9, 2))": "cast",
}  # fmt: skip


@pytest.fixture(scope="module")
def source(request: pytest.FixtureRequest) -> RxPostgresData:
    from conformance import postgres

    if (reason := postgres.missing()) is not None:
        pytest.skip(f"PostgreSQL: {reason}")
    from pathlib import Path

    name = postgres.load(TABLE, Path("expressions"), "t", {})
    return RxPostgresData(postgres.connection_string(), table=name)


def both(source: RxPostgresData, text: str) -> tuple[pa.Array, pa.Array, str]:
    """The expression by the server and by DuckDB, and why the server does not compute it."""
    selected = source.select(transforms={"result": text})
    here = as_source(TABLE).select(transforms={"result": text}).to_arrow(["result"])["result"]
    there = selected.to_arrow(["result"])["result"]
    return there.combine_chunks(), here.combine_chunks(), selected.inside(["result"]).reason


def same(there: pa.Array, here: pa.Array) -> None:
    if pa.types.is_decimal(here.type):
        here, there = here.cast(pa.float64()), there.cast(pa.float64())
    assert there.type == here.type
    if not pa.types.is_floating(here.type):
        assert there.to_pylist() == here.to_pylist()
        return
    left, right = (
        np.array([np.nan if v is None else v for v in a.to_pylist()], float) for a in (there, here)
    )
    np.testing.assert_allclose(left, right, rtol=4e-16, atol=0)


@pytest.mark.parametrize("text", VALUES)
def test_each_function(source: RxPostgresData, text: str) -> None:
    there, here, reason = both(source, text)
    same(there, here)
    assert bool(reason) == (text in HERE), reason
    assert HERE.get(text, "") in reason


@pytest.mark.parametrize("text", OVER_COLUMNS)
def test_over_columns(source: RxPostgresData, text: str) -> None:
    there, here, reason = both(source, text)
    assert reason == ""
    same(there, here)


@pytest.mark.parametrize("text", OVER_COLUMNS_HERE)
def test_what_duckdb_computes(source: RxPostgresData, text: str) -> None:
    if text == "m - m":  # an interval, which no model reads
        assert "arithmetic" in source.select(transforms={"result": text}).inside(["result"]).reason
        return
    there, here, reason = both(source, text)
    assert OVER_COLUMNS_HERE[text] in reason
    same(there, here)


def test_selections(source: RxPostgresData) -> None:
    for text in (
        "x > 0",
        "s < 'b' and not b",
        "x is null or i in (1, 7)",
        "1 / i > 0",
        "y > 1",
        "f = 'ab'",
    ):
        transforms = {"y": "x * 2", "f": "s || 'b'", "x": "x + 1"}
        chosen = source.select(text, transforms)
        assert chosen.inside(["x", "y", "s"]).select is not None
        expected = as_source(TABLE).select(text, transforms)
        there, here = chosen.to_arrow(), expected.to_arrow()
        for name in ("i", "s", "x", "y", "f"):
            assert there[name].to_pylist() == here[name].to_pylist()
        assert chosen.schema().names == expected.schema().names


def test_column_info_in_the_server(pg: Any) -> None:
    pg.sql("""create table t (y float8, i int, f text, b bool, d date, n numeric);
              insert into t values (1, 1, 'a', true, '2020-01-01', 1.5), (2, 2, 'b', false, '2020-01-02', null), (4, null, 'z', null, null, 2)""")
    info = {
        "i": {"type": "factor", "levels": [2, 1]},
        "f": {
            "type": "factor",
            "levels": ["a", "b"],
            "newLevels": ["first", "second"],
            "newName": "g",
        },
        "b": {"type": "factor"},
        "d": {"type": "factor"},
        "n": {"type": "float32"},
    }
    source = RxPostgresData(pg.uri, table="t", column_info=info)
    names = source.schema().names
    inside = source.inside(names)
    assert inside.reason == ""
    assert inside.rows is not None
    there = inside.rows.stream(inside).reader().read_all()
    here = source.to_arrow()
    for name in names:
        decoded = (
            here[name].cast(pa.string()) if pa.types.is_dictionary(here[name].type) else here[name]
        )
        assert there[name].to_pylist() == decoded.to_pylist(), name
    selected = source.select("g = 'first' or i = '2'")
    assert selected.inside(["y"]).select is not None
    assert selected.to_arrow(["y"])["y"].to_pylist() == [1.0, 2.0]
    text = RxPostgresData(pg.uri, table="t", column_info={"f": {"type": "logical"}})
    assert "converted by column_info" in text.inside(["f"]).reason


def test_values_that_cannot_be_computed(pg: Any) -> None:
    pg.sql("create table t as select 1e200::float8 x, 'a'::text s, 2147483647 i")
    source = RxPostgresData(pg.uri, table="t")
    with pytest.raises(
        DataError, match="cannot be computed in the server: value out of range: overflow"
    ):
        source.select(transforms={"y": "x * x"}).to_arrow(["y"])
    with pytest.raises(DataError, match='invalid input syntax for type double precision: "a"'):
        source.select(transforms={"y": "cast(s as double)"}).to_arrow(["y"])
    with pytest.raises(SpecError, match="must be true or false"):
        source.select("x + 1").schema()
    with pytest.raises(SpecError, match="no column 'q'"):
        source.select("q > 1").schema()


def test_times_with_a_zone_are_compared_in_duckdb(pg: Any) -> None:
    pg.sql(
        "create table t as select timestamptz '2020-01-01 00:00+00' + i * interval '1 hour' w, i x from generate_series(1, 5) i"
    )
    source = RxPostgresData(pg.uri, table="t").select("w > timestamptz '2020-01-01 03:00:00+00'")
    assert "time zone" in source.inside(["x"]).reason
    assert source.to_arrow(["x"])["x"].to_pylist() == [4, 5]


def test_fits_select_in_the_server(pg: Any) -> None:
    pg.sql(
        "create table t as select i::float8 x, sin(i) y, 'l' || i % 3 f from generate_series(1, 1000) i"
    )
    source = RxPostgresData(pg.uri, table="t")
    context = insitu.RxInPostgres(pg.uri)
    model = insitu.rx_lin_mod(
        "z ~ x + f",
        source,
        row_selection="x > 500 and f <> 'l1'",
        transforms={"z": "y * 2"},
        compute_context=context,
    )
    assert model.n_valid_obs == 333
    sql = " ".join(context.explain().sql)
    assert "WHERE" in sql
    assert "> 500" in sql
    local = insitu.rx_lin_mod(
        "z ~ x + f",
        source.to_arrow(),
        row_selection="x > 500 and f <> 'l1'",
        transforms={"z": "y * 2"},
    )
    assert model.tidy().equals(local.tidy())
