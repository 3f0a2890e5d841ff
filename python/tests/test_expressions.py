"""row_selection and transforms: what is allowed, what it means, and that order stays."""

from __future__ import annotations

import math
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from insitu.data import RxOdbcData, as_source
from insitu.errors import DataError, SpecError
from insitu.expressions import FUNCTIONS, parse_expression, render, used_columns


def evaluate(text: str, **columns: list[object]) -> list[object]:
    source = as_source(pa.table(columns or {"x": [1.0]}))
    return source.select(transforms={"result": text}).to_arrow(["result"])["result"].to_pylist()


# Expected values by Python, not by the engine under test.
VALUES = {
    "abs(-2)": 2,
    "acos(1.0)": 0.0,
    "asin(1.0)": math.asin(1),
    "atan(1.0)": math.atan(1),
    "atan2(1.0, -1.0)": math.atan2(1, -1),
    "ceil(1.2)": 2.0,
    "ceiling(-1.2)": -1.0,
    "coalesce(null, 3)": 3,
    "concat('a', 'b')": "ab",
    "contains('abc', 'b')": True,
    "cos(1.0)": math.cos(1),
    "date_part('month', date '2024-03-04')": 3,
    "date_trunc('month', date '2024-03-04') = date '2024-03-01'": True,
    "day(date '2024-03-04')": 4,
    "dayname(date '2024-03-04')": "Monday",
    "dayofweek(date '2024-03-04')": 1,
    "dayofyear(date '2024-03-04')": 64,
    "degrees(1.0)": math.degrees(1),
    "ends_with('abc', 'bc')": True,
    "suffix('abc', 'bc')": True,
    "exp(1.0)": math.e,
    "floor(-1.2)": -2.0,
    "greatest(1, 3, 2)": 3,
    "hour(timestamp '2024-03-04 05:06:07')": 5,
    "if(1 > 2, 'a', 'b')": "b",
    "ifnull(null, 2)": 2,
    "isfinite(1.0)": True,
    "isinf(1.0)": False,
    "isnan(1.0)": False,
    "isodow(date '2024-03-10')": 7,
    "least(3, 1, 2)": 1,
    "left('abc', 2)": "ab",
    "length('äb')": 2,
    "ln(10.0)": math.log(10),
    "log10(1000.0)": 3.0,
    "log2(8.0)": 3.0,
    "lower('AB')": "ab",
    "ltrim('  a')": "a",
    "minute(timestamp '2024-03-04 05:06:07')": 6,
    "month(date '2024-03-04')": 3,
    "monthname(date '2024-03-04')": "March",
    "nullif(1, 1)": None,
    "pi()": math.pi,
    "pow(2.0, 3)": 8.0,
    "power(2.0, 3)": 8.0,
    "quarter(date '2024-03-04')": 1,
    "radians(180.0)": math.pi,
    "regexp_matches('abc', '^a')": True,
    "replace('abc', 'b', 'x')": "axc",
    "right('abc', 2)": "bc",
    "round(1.25, 1)": 1.3,
    "rtrim('a  ')": "a",
    "second(timestamp '2024-03-04 05:06:07')": 7,
    "sign(-3)": -1,
    "sin(1.0)": math.sin(1),
    "sqrt(2.0)": math.sqrt(2),
    "starts_with('abc', 'ab')": True,
    "prefix('abc', 'ab')": True,
    "strlen('ä')": 2,
    "substr('abc', 2, 1)": "b",
    "substring('abc', 2)": "bc",
    "tan(1.0)": math.tan(1),
    "trim(' a ')": "a",
    "trunc(-1.7)": -1.0,
    "upper('ab')": "AB",
    "week(date '2024-03-04')": 10,
    "weekday(date '2024-03-04')": 1,
    "year(date '2024-03-04')": 2024,
    "extract(year from date '2024-03-04')": 2024,
    "cast('1.5' as double)": 1.5,
    "try_cast('a' as double)": None,
    "case when 1 = 1 then 'y' else 'n' end": "y",
    "not (1 = 2)": True,
    "2 in (1, 2) and (1 = 1 or 1 = 2)": True,
    "7 // 2 + 7 % 4": 6,
    "1 / 4": 0.25,
    "'ab' like 'a%'": True,
    "'ab' || 'c'": "abc",
    "3 between 2 and 4": True,
    "null is null": True,
    "1 == 1": True,
}


@pytest.mark.parametrize(("text", "expected"), VALUES.items())
def test_each_function(text: str, expected: object) -> None:
    (value,) = evaluate(text)
    if isinstance(expected, float):
        assert float(value) == pytest.approx(expected, rel=1e-15, abs=1e-15)  # type: ignore[arg-type]
    else:
        assert value == expected


def test_every_allowed_function_is_tested() -> None:
    written = " ".join(VALUES)
    assert [
        name
        for name in sorted(FUNCTIONS)
        if f"{name}(" not in written and f"{name} " not in written
    ] == []


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("log(x) > 1", "write ln or log10"),
        ("sum(x) > 1", "'sum' is not available"),
        ("x in (select 1)", "IN takes a list"),
        ("(select 1) > x", "is not allowed"),
        ("read_csv('/etc/passwd')", "'read_csv' is not available"),
        ("getenv('HOME') = 'a'", "'getenv' is not available"),
        ("row_number() over ()", "'row_number' is not available"),
        ("x > 1; drop table t", "must be one expression"),
        ("x as y", "Alias is not allowed"),
        ("x >", "cannot be read as SQL"),
        ("x > 'a", "cannot be read as SQL"),
        ("t.x > 1", "without a table"),
        ("[x] = [1]", "Array is not allowed"),
        ("current_date > x", "not allowed"),
        ("? > 1", "not allowed"),
        ("*", "not allowed"),
        ("", "must be an SQL expression"),
        ("absolut(x) > 1", "did you mean"),
        ('x = "Monday"', "single quotes: 'Monday'"),
        ("X1 > 0", "There is no column 'X1'"),
        ("x + 1", "must be true or false"),
    ],
)
def test_what_is_refused(text: str, sentence: str) -> None:
    source = as_source({"x": [1.0]})
    with pytest.raises(SpecError, match=sentence):
        source.select(text).schema()


def test_strings_are_no_code() -> None:
    assert evaluate("x = 'log(1); drop table rows --'", x=["a", "log(1); drop table rows --"]) == [
        False,
        True,
    ]


def test_missing_is_missing() -> None:
    frame = pd.DataFrame({"x": [np.nan, 20.0, 1.0]})
    assert as_source(frame).select("x > 15").to_arrow()["x"].to_pylist() == [20.0]
    assert as_source(frame).select("x is null").to_arrow().num_rows == 1
    assert evaluate("ln(x)", x=[-1.0, 0.0, 1.0, None]) == [None, None, 0.0, None]
    assert evaluate("sqrt(x)", x=[-1.0, 4.0]) == [None, 2.0]
    assert evaluate("1 / x", x=[0.0, 2.0]) == [None, 0.5]
    assert evaluate("exp(x)", x=[1000.0, 0.0]) == [None, 1.0]
    assert evaluate("asin(x)", x=[2.0, 0.0]) == [None, 0.0]


def test_transforms_see_earlier_ones_and_replace_columns() -> None:
    source = as_source({"x": [1, 2, 3]}).select("y > 4 and x > 2", {"x": "x * 2", "y": "x + 1"})
    assert source.schema().names == ["x", "y"]
    assert source.to_arrow().to_pydict() == {"x": [4, 6], "y": [5, 7]}


def test_case_of_names() -> None:
    assert evaluate("arrdelay + 1", ArrDelay=[1]) == [2]
    assert evaluate("x", x=[1], X=[2]) == [1]
    assert evaluate("X", x=[1], X=[2]) == [2]


def test_booleans_become_logical_factors() -> None:
    column = as_source({"x": [1, 2]}).select(transforms={"late": "x > 1"}).schema()["late"]
    assert (column.kind, column.logical) == ("factor", True)


def test_levels_that_are_given_pass_through() -> None:
    frame = pd.DataFrame({"f": pd.Categorical(["b", "a"], categories=["b", "a", "c"]), "x": [1, 2]})
    source = as_source(frame).select("x > 1")
    assert source.schema()["f"].levels == ("b", "a", "c")
    assert source.to_arrow()["f"].to_pylist() == ["a"]


def test_order_is_kept() -> None:
    n = 2_000_000
    table = pa.table({"x": np.arange(n), "f": pa.array(["a", "b"] * (n // 2)).dictionary_encode()})
    result = as_source(table).select("f = 'b' and x % 3 <> 0").to_arrow(["x"])["x"].to_numpy()
    expected = np.arange(n)
    assert np.array_equal(result, expected[(expected % 2 == 1) & (expected % 3 != 0)])


def test_every_source(tmp_path: Path) -> None:
    table = pa.table({"x": [3, 1, 2], "f": ["u", "v", "u"]})
    pq.write_table(table, tmp_path / "t.parquet")
    (tmp_path / "t.csv").write_text("x,f\n3,u\n1,v\n2,u\n")
    with duckdb.connect(str(tmp_path / "t.duckdb")) as connection:
        connection.register("incoming", table)
        connection.execute("create table t as from incoming")
    sources = [
        as_source(str(tmp_path / "t.parquet")),
        as_source(str(tmp_path / "t.csv")),
        RxOdbcData(f"duckdb:///{tmp_path}/t.duckdb", table="t"),
        as_source(str(tmp_path / "t.parquet"), column_info={"x": {"newName": "z"}}),
    ]
    for source in sources:
        name = source.schema().names[0]
        chosen = source.select(f"f = 'u' and {name} < 9", {"y": f"{name} * 10"})
        assert chosen.to_arrow(["y", "f"]).to_pydict() == {"y": [30, 20], "f": ["u", "u"]}


def test_a_cast_that_fails_is_a_data_error() -> None:
    with pytest.raises(DataError, match="Could not convert string 'a'"):
        evaluate("cast(x as integer)", x=["1", "a"])
    with pytest.raises(DataError, match=r"transforms\['result'\] cannot be computed"):
        evaluate("abs(x)", x=["a"])


def test_a_chain_of_transforms_cannot_explode() -> None:
    transforms = {"a0": "x + 1"} | {f"a{i}": f"a{i - 1} + a{i - 1}" for i in range(1, 40)}
    with pytest.raises(SpecError, match="make it shorter"):
        as_source({"x": [1.0]}).select(transforms=transforms).schema()


def test_rendering_and_columns() -> None:
    tree = parse_expression('"a ""b""" > x and x < 2', "row_selection")
    assert used_columns(tree) == ['a "b"', "x"]
    assert render(tree) == '"a ""b""" > x AND x < 2'
