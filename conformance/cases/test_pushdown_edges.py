"""Pushdown where numbers are hard, rows are wrong, or SQL is not enough."""

import json
import math
import re

import numpy as np
import pyarrow as pa
import pytest
import sqlglot
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance import summing
from conformance.cases.test_properties import formula_of, tables
from conformance.cases.test_pushdown import random_table
from conformance.reference import oracle
from conformance.summing import DuckDbSumming, PostgresSumming, fit_of, fitted, streamed
from insitu import _core
from insitu.errors import DataError, SpecError
from insitu.pushdown import POSTGRES, TSQL, NotOffered, Plan, rows_of_query


def state_of(way, formula, table, name="linear", **options):
    """The state that SQL sums of the last pass of a fit, and how."""
    fit = fit_of(name, formula, table, **options)
    done = way(table)
    return done.state(fit.next()), done


# ---- numbers ---------------------------------------------------------------------------------------------------------


def test_a_sample_that_misleads_is_made_good(way):
    # The first rows lie a million deviations from the others.
    rng = np.random.default_rng(1)
    x = np.concatenate([rng.normal(0, 1e-3, 1500), 1e9 + rng.normal(0, 1, 4000)])
    y = rng.normal(0, 1, len(x)) + np.sin(x)
    table = pa.table({"y": y, "x": x, "k": np.arange(len(x)) % 7})
    done = summing.compare(way, "linear", "y ~ x + k", table)
    assert len(done.statements) == 3
    assert done.notes == ["summed again: a mean was far from where the sample had it"]


@pytest.mark.skipif(PostgresSumming not in summing.ways(), reason="needs a PostgreSQL server")
def test_a_table_is_sampled_all_over():
    # The first pages lie far from the others: a sample of all pages is not misled.
    class Sampled(PostgresSumming):
        expected = 40_000
        is_table = True

    rng = np.random.default_rng(5)
    x = np.concatenate([rng.normal(0, 1e-3, 2000), 1e9 + rng.normal(0, 1, 38_000)])
    table = pa.table({"y": rng.normal(0, 1, len(x)), "x": x})
    done = Sampled(table)
    model = fitted(fit_of("linear", "y ~ x", table), done.state)
    assert model["n_valid_obs"] == 40_000
    assert done.notes == []
    assert "TABLESAMPLE SYSTEM (10.0" in done.statements[0]
    assert "REPEATABLE (1)" in done.statements[0]
    assert len(done.statements) == 2


def test_sums_are_taken_in_parts(way):
    # By the side of its origin that each of three values is on; the engine adds the parts up.
    rng = np.random.default_rng(6)
    x, z, e = rng.uniform(0, 1, (3, 60_000))
    table = pa.table({"y": x + e, "x": x, "z": z})
    _, done = state_of(way, "y ~ x + z", table)
    by = done.statements[-1].split("GROUP BY")[1]
    assert by.count(" > ") - by.count('"status" > ') == (
        3 if way.label == "postgres_in_parts" else 0
    )


@pytest.mark.parametrize("offset", [0.0, 1e9, 1e15])
def test_offsets_cost_no_digits(way, offset):
    rng = np.random.default_rng(2)
    u, v, e = (rng.uniform(-1000, 1000, 3000) for _ in range(3))
    columns = {"x": (offset + u).tolist(), "z": (offset - v).tolist()}
    y = (offset + (u - 2 * v + e)).tolist()
    model = fitted(
        fit_of("linear", "y ~ x + z", pa.table({"y": y, **columns})),
        way(pa.table({"y": y, **columns})).state,
    )
    answer = oracle.linear(list(columns), list(columns.values()), y)
    for name in ("x", "z"):
        at = model["coefficients"]["names"].index(name)
        assert oracle.lre(model["coefficients"]["estimate"][at], answer.coefficient(name)) >= 13


def test_whole_numbers_add_up_exactly(way):
    # A shift of few digits leaves few in the distances: no sum rounds, whoever adds them.
    rng = np.random.default_rng(3)
    n = 20_000
    flag = (rng.random(n) < 0.3).astype(float)
    month = rng.integers(1, 13, n).astype(float)
    y = np.floor(100 * rng.random(n)) + 1000 * flag + month
    table = pa.table({"y": y, "flag": flag, "month": month, "noise": rng.normal(0, 1, n)})
    fit = fit_of("linear", "y ~ flag + month", table)
    done = way(table)
    model = fitted(fit, done.state)
    answer = oracle.linear(["flag", "month"], [flag.tolist(), month.tolist()], y.tolist())
    found = model["coefficients"]["estimate"]
    assert min(oracle.lre(a, b) for a, b in zip(found, answer.coefficients, strict=True)) >= 15.5
    assert oracle.lre(model["residual_squares"], answer.residual_squares) >= 15.5


def test_cells_far_from_each_other(way):
    # Within cells the spread is a billionth of their distance.
    rng = np.random.default_rng(4)
    f = rng.integers(0, 5, 4000)
    x = 1e9 * f + rng.normal(0, 1, 4000)
    table = pa.table({"x": x, "f": [f"level {v}" for v in f], "w": rng.random(4000)})
    done = summing.compare(way, "summary", "~ x:f + x", table)
    assert len(done.statements) == 3
    summing.compare(way, "summary", "~ x:f", table, pweights="w")


def test_constant_columns_and_single_rows(way):
    table = pa.table({"y": [1.0, 2.0, 4.0], "x": [0.1, 0.1, 0.1], "f": ["a", "a", "a"]})
    summing.compare(way, "linear", "y ~ x + f", table)
    summing.compare(way, "summary", "~ x + y:f", table)
    summing.compare(way, "summary", "~ x + y:f", table.slice(0, 1))


def test_sums_beyond_doubles_are_left_to_the_engine(way):
    table = pa.table({"y": [1.0, 2.0, 3.0, 5.0], "x": [1e200, -1e200, 1e200, 3e200]})
    with pytest.raises(Exception, match=r"beyond what doubles hold|out of range: overflow"):
        state_of(way, "y ~ x", table)


# ---- how rows are grouped --------------------------------------------------------------------------------------------


def test_few_rows_are_grouped_and_not_summed(way):
    rng = np.random.default_rng(5)
    n = 3000
    k, hour = rng.integers(0, 3, n), rng.integers(0, 6, n) / 10
    table = pa.table({"y": rng.normal(0, 1, n) + k, "k": k, "hour": hour, "b": k % 2 == 0})
    done = summing.compare(way, "linear", "y ~ k + hour + k:hour", table)
    assert '"s0_4"' in done.statements[-1]
    assert '"s1_1"' not in done.statements[-1]
    done = summing.compare(way, "linear", "b ~ k + hour", table)
    assert '"s0_3"' not in done.statements[-1]


def test_many_cells_are_grouped_apart(way):
    rng = np.random.default_rng(6)
    n = 6000
    big, wide = rng.integers(0, 300, n), rng.integers(0, 250, n)
    table = pa.table(
        {
            "y": rng.normal(0, 1, n),
            "x": rng.normal(9, 1, n),
            "big": [f"b{v}" for v in big],
            "wide": [f"w{v}" for v in wide],
            "f": [f"{v}" for v in big % 3],
            "row": [f"r{v}" for v in rng.permutation(n)],
        }
    )
    done = summing.compare(way, "summary", "~ x:big + x:wide + f", table)
    assert done.statements[-1].count("GROUP BY") == 3
    done = summing.compare(way, "linear", "y ~ x + f + wide", table)
    assert done.statements[-1].count("GROUP BY") == 1
    with pytest.raises(NotOffered, match="grouping by row hardly makes fewer rows"):
        state_of(way, "y ~ row", table)


# ---- wrong rows ------------------------------------------------------------------------------------------------------


def sentence(call):
    try:
        call()
    except (DataError, SpecError) as error:
        return type(error).__name__, re.sub(r" (at row [^;]*|in \d+ rows?);", ";", str(error))
    return None


@pytest.mark.parametrize(
    ("column", "row", "value", "options"),
    [
        ("x", 7, math.inf, {}),
        ("x", 7, -math.inf, {}),
        ("w", 3, -2.5, {"pweights": "w"}),
        ("w", 3, math.inf, {"pweights": "w"}),
        ("c", 3, 1.5, {"fweights": "c"}),
    ],
)
@pytest.mark.parametrize("name", ["linear", "summary"])
def test_wrong_values_are_the_errors_of_rows(way, name, column, row, value, options):
    table = random_table(7, 900)
    values = {"x": table["x"].to_pylist(), "w": table["w"].to_pylist()}
    values["c"] = [float(v) for v in table["n"].to_pylist()]
    values[column][row] = value
    for key, list_ in values.items():
        at = table.column_names.index(key) if key in table.column_names else table.num_columns
        field = pa.array(list_, pa.float64())
        table = (
            table.set_column(at, key, field)
            if at < table.num_columns
            else table.append_column(key, field)
        )
    y = table["y"].to_pylist()
    y[7] = None  # a row that would be left out is looked at too
    table = table.set_column(0, "y", pa.array(y, pa.float64()))
    formula = "y ~ x + a" if name == "linear" else "~ y + x:a"
    analysis = fit_of(name, formula, table, **options).next()
    found = sentence(lambda: way(table).state(analysis))
    assert found is not None
    assert found == sentence(lambda: streamed(analysis, table))


def test_numbers_that_no_level_can_be(way):
    table = pa.table({"y": [1.0, 2.0, 3.0], "x": [1.0, 2.0, 1e300]})
    analysis = fit_of("linear", "y ~ F(x)", table).next()
    found = sentence(lambda: way(table).state(analysis))
    assert found == sentence(lambda: streamed(analysis, table))
    table = pa.table({"y": [1.0, 2.0, 3.0], "x": [1.0, 2.0, 3e6]})
    analysis = fit_of("linear", "y ~ F(x)", table).next()
    found = sentence(lambda: way(table).state(analysis))
    assert found is not None
    assert found == sentence(lambda: streamed(analysis, table))


# ---- what SQL is not asked -------------------------------------------------------------------------------------------


def test_what_is_not_offered_says_why():
    table = random_table(8, 50)
    rows = DuckDbSumming(table).rows
    cases = [
        ("SQL has no double-double arithmetic", fit_of("linear", "y ~ x", table, precision="double-double").next()),
        ("the analysis 'grouped' cannot be written as sums",
         _core.Analysis("grouped", json.dumps({"key": "a", "analysis": {"name": "levels", "spec": {"columns": ["b"]}}}))),
        ("an expression of the formula is too long for SQL", fit_of("linear", "y ~ " + "log(1 + " * 12 + "x" + ")" * 12, table).next()),
    ]  # fmt: skip
    for why, analysis in cases:
        with pytest.raises(NotOffered, match=re.escape(why)):
            Plan(analysis, rows(), DuckDbSumming.dialect)
    log2 = fit_of("linear", "y ~ log2(x)", table).next()
    Plan(log2, rows(), DuckDbSumming.dialect)
    with pytest.raises(NotOffered, match="postgres has no function log2"):
        Plan(log2, rows(), POSTGRES)


def test_log2_of_duckdb():
    summing.compare(DuckDbSumming, "linear", "y ~ log2(x) + k", random_table(9))


# ---- names and dialects ----------------------------------------------------------------------------------------------

NAMES = ["y", 'say "x"', "select", "größe, m", "a'b;--"]


def test_names_are_quoted(way):
    rng = np.random.default_rng(10)
    table = pa.table({name: rng.normal(0, 1, 800) for name in NAMES[:3]})
    table = table.append_column(NAMES[3], pa.array(rng.choice(["it's", "b"], 800)))
    table = table.append_column(NAMES[4], pa.array(rng.random(800)))
    formula = "y ~ " + " + ".join(f"`{name}`" for name in NAMES[1:4])
    summing.compare(way, "linear", formula, table, pweights=NAMES[4])


def test_text_is_grouped_by_its_bytes(way):
    words = ["a", "A", "a ", "ä", "", "æ", "AE", "a\u0308"]
    rng = np.random.default_rng(11)
    table = pa.table({"y": rng.normal(0, 1, 2000), "f": rng.choice(words, 2000)})
    done = summing.compare(way, "linear", "y ~ f", table)
    if way is DuckDbSumming:
        done.connection.execute('alter table t alter "f" type varchar collate nocase')
    else:
        name = done.table.sql(dialect="postgres")
        done.run(
            "create collation if not exists nocase (provider = icu, locale = 'und-u-ks-level1', deterministic = false)",
            f"alter table {name} alter f type text collate nocase",
        )
    fit = fit_of("linear", "y ~ f", table)
    expected = fitted(fit_of("linear", "y ~ f", table), lambda a: streamed(a, table))
    summing.assert_close(fitted(fit, done.state), expected)


def test_statements_are_readable_by_every_dialect():
    table = random_table(12, 50)
    levels = {"a": ["high", "l'ow"], "flag": ["False", "True"]}
    for dialect in (DuckDbSumming.dialect, POSTGRES, TSQL):
        for formula in ("y ~ x + a + flag + F(k) + day + at + N(a)", "~ x:a + y"):
            name = "linear" if formula.startswith("y") else "summary"
            fit = fit_of(name, formula, table, levels=levels, pweights="w")
            rows = rows_of_query(sqlglot.exp.select("*").from_("t"), table.schema)
            plan = Plan(fit.next(), rows, dialect)
            for tree in plan.statements():
                text = tree.sql(dialect=dialect.name)
                assert isinstance(sqlglot.parse_one(text, read=dialect.name), sqlglot.exp.Query)


def test_t_sql_minds_spaces_and_characters():
    table = random_table(12, 50)
    fit = fit_of("linear", "y ~ b", table, levels={"b": ["östlich", "s'th"]})
    rows = rows_of_query(sqlglot.exp.select("*").from_("t"), table.schema)
    text = Plan(fit.next(), rows, TSQL).statements()[1].sql(dialect="tsql")
    assert "IN (N'östlich.', N's''th.')" in text
    assert "COUNT_BIG(*)" in text
    assert "FLOAT" in text
    assert "NaN" not in text


# ---- any table -------------------------------------------------------------------------------------------------------


@given(table=tables(), weighted=st.booleans())
@settings(max_examples=60)
def test_any_table_gives_the_same_model(table, weighted):
    options = {"pweights": "w"} if weighted else {}
    check_any(DuckDbSumming, table, options)


@pytest.mark.skipif(PostgresSumming not in summing.ways(), reason="no PostgreSQL")
@given(table=tables(), weighted=st.booleans())
@settings(max_examples=25)
def test_any_table_gives_the_same_model_in_postgres(table, weighted):
    options = {"pweights": "w"} if weighted else {}
    check_any(PostgresSumming, table, options)


def check_any(way, table, options):
    """States of both ways say the same of rows, levels and means; models agree where they are well posed."""
    fit = fit_of("linear", formula_of(table), table, **options)
    analysis = fit.next()
    expected = json.loads(analysis.finalize(streamed(analysis, table)))
    try:
        found = json.loads(analysis.finalize(way(table).state(analysis)))
    except NotOffered:
        return
    for result in (found, expected):
        result["levels"] = [sorted(levels) for levels in result["levels"]]
    summing.assert_close(found, expected, 12)
    pass_ = fit_of("summary", "~ " + formula_of(table)[4:], table, **options)
    other = fit_of("summary", "~ " + formula_of(table)[4:], table, **options)
    summing.assert_close(
        fitted(pass_, way(table).state), fitted(other, lambda a: streamed(a, table)), 11
    )
