"""`LinearModel.to_sql`: the expression, run by the databases that it is for, gives what `rx_predict` gives."""

from __future__ import annotations

import contextlib
import math
import sqlite3
from collections.abc import Callable

import duckdb
import numpy as np
import pandas as pd
import pytest
import sqlglot

import insitu
from insitu import SpecError, families
from insitu.families import Family

# Names and labels with every kind of quote, a backslash, a bracket, an emoji, a blank at the end.
NUMBER, LABEL = "x \"`'[]]\\🙂", "f \"`'[]]"
LEVELS = ["a", "A", "b'c", 'q"', "back\\slash", "🙂é", "", "blank ", "blank", "12"]


def table(seed: int, rows: int = 400, missing: float = 0.05) -> pd.DataFrame:
    rng = np.random.default_rng(seed)

    def holed(values: np.ndarray) -> pd.Series:
        column = pd.Series(values, dtype=object if values.dtype.kind in "OUb" else float)
        column[rng.random(rows) < missing] = None
        return column

    f = rng.integers(0, len(LEVELS), rows)
    x = rng.normal(size=rows)
    return pd.DataFrame(
        {
            "y": 3.0 + x + 0.3 * f + rng.normal(size=rows),
            NUMBER: holed(1e6 + 10 * x),
            "z": holed(rng.exponential(size=rows)),
            "k": holed(rng.integers(-3, 6, rows).astype(float)),
            LABEL: holed(np.array(LEVELS, dtype=object)[f]),
            "g": holed(np.array(["u", "v", "w"], dtype=object)[rng.integers(0, 3, rows)]),
            "b": holed(rng.random(rows) < 0.5),
        }
    )


def by_duckdb(sql: str, rows: pd.DataFrame) -> np.ndarray:
    with contextlib.closing(duckdb.connect()) as connection:
        connection.register("rows_of_test", rows.assign(row_of_test=range(len(rows))))
        query = f"SELECT {sql} AS p FROM rows_of_test ORDER BY row_of_test"
        found = connection.execute(query).fetchall()
    return np.array([math.nan if p is None else p for (p,) in found])


def by_sqlite(sql: str, rows: pd.DataFrame) -> np.ndarray:
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        rows.to_sql("t", connection, index=False)
        found = connection.execute(f"SELECT {sql} FROM t ORDER BY rowid").fetchall()
    return np.array([math.nan if p is None else p for (p,) in found])


SERVERS: dict[str, Callable[[str, pd.DataFrame], np.ndarray]] = {
    "duckdb": by_duckdb,
    "sqlite": by_sqlite,
}


def quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


X, F = quoted(NUMBER), quoted(LABEL)
FORMULAS = [
    f"y ~ {X}",
    f"y ~ {X} + {F} - 1",
    f"y ~ {F}:{X} + g",
    f"y ~ {F}:g",
    f"y ~ z:k + {F}:g:b",
    f"y ~ b + b:z + N({F}) + N(b)",
    "y ~ F(k) + F(z, 0, 2):g",
    f"y ~ F({F}, 2, 5) + z",
    f"y ~ {X}:z + offset(k)",
    "y ~ log(k) + log10(z) + log2(z) + sqrt(k)",
    "y ~ exp(k) + I(exp(1000 * z) > 2) + exp(-1000 * z)",
    "y ~ abs(k) + sin(z) + cos(z) + tan(z) + floor(z) + ceil(z)",
    "y ~ I(1 / k) + I(z / (k - 1)) + I(z - k) + I(-z)",
    "y ~ I(k > 1) + I(k <= z) + I(k == 2) + I(z != k) + I(k < 0) + I(z >= 1)",
    "y ~ k^2 + z^3 + k^-1 + z^-2 + k^0.5 + pow(z, 0.3) + pow(z, -0.3) + pow(k, 0)",
    "y ~ I(z^k) + I(k^k) + I(k^(k / 2))",
    "y ~ I(exp(log(z)) * 2) + log(exp(z) - 1)",
    "y ~ I(1 / exp(1000 * z)) + I(exp(z * 1000) > 1)",
]


@pytest.mark.parametrize("formula", FORMULAS)
@pytest.mark.parametrize("dialect", SERVERS)
def test_servers_agree_with_rx_predict(dialect, formula):
    model = insitu.rx_lin_mod(formula, table(1))
    rows = table(2)
    rows.loc[rows.index[:5], LABEL] = "never seen"
    rows.loc[rows.index[5:9], "g"] = "U"
    rows.loc[rows.index[9:15], LABEL] = ["B'C", "b", "a ", " a", "blank  ", "12.0"]
    predicted = insitu.rx_predict(model, rows, check_factor_levels=False)
    expected = predicted["y_Pred"].to_numpy()
    found = SERVERS[dialect](model.to_sql(dialect), rows)
    np.testing.assert_array_equal(np.isnan(found), np.isnan(expected))
    assert np.isfinite(expected).sum() > 50
    np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("formula", FORMULAS)
def test_expressions_are_of_their_dialect(formula):
    """One expression, and nothing behind it, in the eyes of another parser."""
    model = insitu.rx_lin_mod(formula, table(1))
    for dialect in ("postgres", "duckdb", "sqlite", "tsql"):
        (parsed,) = sqlglot.parse(f"SELECT {model.to_sql(dialect)} AS p FROM t", read=dialect)
        (column,) = parsed.expressions
        assert column.alias == "p"
        used = {c.name for c in column.find_all(sqlglot.exp.Column)}
        assert used <= set(table(1)) - {"y"}


@pytest.mark.parametrize("dialect", SERVERS)
def test_what_is_not_a_number_is_null(dialect):
    data = pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0], "y": [1.0, 3.0, 2.0, 5.0]})
    rows = pd.DataFrame({"x": [1.0, math.nan, math.inf, -math.inf, None]})
    for formula in ("y ~ x", "y ~ log(x)", "y ~ I(x > 2)", "y ~ exp(x)", "y ~ x^2 + x^-1"):
        model = insitu.rx_lin_mod(formula, data)
        found = SERVERS[dialect](model.to_sql(dialect), rows)
        assert np.isfinite(found[0]), formula
        assert np.isnan(found[[1, 4]]).all(), formula
    assert np.isnan(by_duckdb(insitu.rx_lin_mod("y ~ x", data).to_sql("duckdb"), rows)[1:]).all()


@pytest.mark.parametrize("dialect", SERVERS)
def test_columns_that_are_not_there_are_errors(dialect):
    """SQLite would take "x" for a text where there is no such column."""
    model = insitu.rx_lin_mod("y ~ x", {"x": [1.0, 2.0, 4.0], "y": [1.0, 3.0, 2.0]})
    with pytest.raises((duckdb.Error, sqlite3.Error), match="x"):
        SERVERS[dialect](model.to_sql(dialect), pd.DataFrame({"z": [1.0]}))


@pytest.mark.parametrize(
    ("dialect", "declared"),
    [("duckdb", "VARCHAR COLLATE nocase"), ("sqlite", "TEXT COLLATE NOCASE")],
)
def test_labels_are_compared_by_their_bytes(dialect, declared):
    data = {"f": ["a", "b", "a", "b"], "y": [1.0, 2.0, 3.0, 6.0]}
    sql = insitu.rx_lin_mod("y ~ f", data).to_sql(dialect)
    connect = duckdb.connect if dialect == "duckdb" else sqlite3.connect
    with contextlib.closing(connect(":memory:")) as connection:
        connection.execute(f"CREATE TABLE t (f {declared})")
        connection.execute("INSERT INTO t VALUES ('a'), ('A'), ('b')")
        found = connection.execute(f"SELECT {sql} FROM t").fetchall()
    assert found == [(2.0,), (None,), (4.0,)]


@pytest.mark.parametrize(
    ("declared", "values"), [("ENUM ('5', '7')", "'5', '7'"), ("INTEGER", "5, 7"), ("TEXT", "'5', '7'")]
)  # fmt: skip
def test_factors_of_other_types(declared, values):
    data = pd.DataFrame({"f": ["5", "7", "5", "7"], "y": [1.0, 2.0, 3.0, 6.0]})
    sql = insitu.rx_lin_mod("y ~ f", data).to_sql("duckdb")
    with contextlib.closing(duckdb.connect()) as connection:
        connection.execute(f"CREATE TABLE t (f {declared})")
        for value in values.split(", "):
            connection.execute(f"INSERT INTO t VALUES ({value})")
        assert connection.execute(f"SELECT {sql} FROM t").fetchall() == [(2.0,), (4.0,)]


def test_cells_without_rows_and_dropped_terms():
    data = pd.DataFrame(
        {
            "f": ["a", "a", "b", "b", "a", "b"],
            "g": ["u", "v", "u", "u", "u", "u"],
            "x": [1.0, 2.0, 3.0, 5.0, 8.0, 4.0],
            "y": [1.0, 2.0, 4.0, 8.0, 3.0, 1.0],
        }
    )
    data["twice"] = 2 * data["x"]
    model = insitu.rx_lin_mod("y ~ f:g + x + twice", data)
    rows = pd.DataFrame(
        {
            "f": ["a", "b", "b", "a"],
            "g": ["v", "v", "u", "u"],
            "x": [1.0] * 4,
            "twice": [2.0, 2.0, 2.0, None],
        }
    )
    predicted = insitu.rx_predict(model, rows, check_factor_levels=False)
    expected = predicted["y_Pred"].to_numpy()
    assert np.isnan(expected).tolist() == [False, True, False, True]
    for dialect, run in SERVERS.items():
        np.testing.assert_allclose(run(model.to_sql(dialect), rows), expected, rtol=1e-12)


def test_large_offsets_cost_no_digits():
    rng = np.random.default_rng(3)
    x = 1e9 + rng.normal(size=100)
    data = pd.DataFrame({"x": x, "f": rng.choice(["a", "b"], 100), "y": x - 1e9})
    with pytest.warns(UserWarning, match="nearly combinations"):
        model = insitu.rx_lin_mod("y ~ f + f:x", data)
    for dialect, run in SERVERS.items():
        found = run(model.to_sql(dialect), data)
        np.testing.assert_allclose(found, data["y"], atol=2e-7, err_msg=dialect)


def test_scoring_form_is_enough():
    data = {"x": [1.0, 2.0, 4.0], "y": [1.0, 3.0, 2.0]}
    model = insitu.rx_lin_mod("y ~ x", data, cov_coef=True)
    small = insitu.rx_unserialize_model(
        insitu.rx_serialize_model(model, realtime_scoring_only=True)
    )
    for dialect in ("postgres", "duckdb", "sqlite", "tsql"):
        assert small.to_sql(dialect) == model.to_sql(dialect)
    assert model.to_sql() == model.to_sql("postgres")


def test_other_dialects_are_refused():
    model = insitu.rx_lin_mod("y ~ x", {"x": [1.0, 2.0, 4.0], "y": [1.0, 3.0, 2.0]})
    with pytest.raises(
        SpecError, match=r"no SQL dialect 'postgre', only 'postgres', 'duckdb', .*mean"
    ):
        model.to_sql("postgre")


LINKS = {
    "logit": families.binomial(),
    "probit": families.binomial("probit"),
    "cauchit": families.binomial("cauchit"),
    "cloglog": families.binomial("cloglog"),
    "log": families.poisson(),
    "identity": families.poisson("identity"),
    "sqrt": families.poisson("sqrt"),
    "inverse": families.gamma(),
    "1/mu^2": families.inverse_gaussian(),
    "mu^-0.5": families.tweedie(1.5),
    "mu^0.3": families.tweedie(1.5, 0.3),
}


def with_coefficients(
    family: Family, intercept: float, slope: float
) -> insitu.GeneralizedLinearModel:
    """A model of one number with these coefficients."""
    data = pd.DataFrame({"x": [0.1, 0.2, 0.3, 0.4, 0.5], "y": [0.5, 0.4, 0.6, 0.5, 0.4]})
    payload = insitu.rx_glm("y ~ x", data, family=family).to_payload()
    payload["model"]["coefficients"]["estimate"] = [intercept, slope]
    payload["model"]["scoring"] = {"intercept": intercept, "centers": [0.0]}
    return insitu.GeneralizedLinearModel.from_payload(payload)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize("dialect", SERVERS)
def test_every_link(dialect, link):
    """From probabilities of 1e-300 to means of 1e300, and beyond both."""
    model = with_coefficients(LINKS[link], 0.25, -1.0)
    near = np.concatenate([np.linspace(-9, 9, 361), np.linspace(-60, 60, 121)])
    far = np.array([-1e6, -2000, -745.2, -720, -700, -150, 150, 700, 709, 745, 800, 1e6])
    rows = pd.DataFrame({"x": np.concatenate([near, far, [math.nan]])})
    expected = insitu.rx_predict(model, rows)["y_Pred"].to_numpy()
    found = SERVERS[dialect](model.to_sql(dialect), rows)
    tiny = np.abs(np.nan_to_num(expected)) < 1e-305  # subnormal numbers hold fewer digits
    np.testing.assert_array_equal(np.isnan(found), np.isnan(expected))
    np.testing.assert_allclose(found[~tiny], expected[~tiny], rtol=3e-13)
    assert (found[tiny & np.isfinite(expected)] < 1e-304).all()
    assert np.isnan(found[-1])


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("link", LINKS)
def test_links_are_of_their_dialect(link):
    model = with_coefficients(LINKS[link], 0.25, -1.0)
    for dialect in ("postgres", "duckdb", "sqlite", "tsql"):
        (parsed,) = sqlglot.parse(f"SELECT {model.to_sql(dialect)} AS p FROM t", read=dialect)
        assert len(parsed.expressions) == 1


# Levels of one response only have infinite coefficients: means are 0, or 1.
SEPARATED = {
    "logit": families.binomial(),
    "probit": families.binomial("probit"),
    "cauchit": families.binomial("cauchit"),
    "cloglog": families.binomial("cloglog"),
    "poisson": families.poisson(),
}


def separated(family: Family) -> tuple[insitu.GeneralizedLinearModel, pd.DataFrame]:
    """A model with a level without any event, and, of a binomial, one with nothing else."""
    rng = np.random.default_rng(8)
    rows = pd.DataFrame({"k": np.arange(200), "x": rng.normal(size=200), "f": rng.choice(list("abcd"), 200)})  # fmt: skip
    rows["y"] = (rng.random(200) < 1 / (1 + np.exp(-rows["x"]))).astype(float)
    rows.loc[rows["f"] == "b", "y"] = 0.0
    if family.name == "binomial":
        rows.loc[rows["f"] == "c", "y"] = 1.0
    return insitu.rx_glm("y ~ x + f", rows, family=family), rows


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", SEPARATED)
@pytest.mark.parametrize("dialect", SERVERS)
def test_infinite_coefficients(dialect, name):
    model, rows = separated(SEPARATED[name])
    assert model.coefficients["f=b"] == -np.inf
    found = SERVERS[dialect](model.to_sql(dialect), rows)
    assert (found[rows["f"] == "b"] < 1e-300).all()  # of a Cauchy variable not beyond -1e300
    if name != "poisson":
        assert (found[rows["f"] == "c"] == 1.0).all()
    expected = insitu.rx_predict(model, rows)["y_Pred"].to_numpy()
    np.testing.assert_allclose(found, expected, rtol=3e-13, atol=1e-300)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("dialect", SERVERS)
def test_infinite_coefficients_of_opposite_signs(dialect):
    """A row in a level without events and in one with nothing else has no prediction."""
    rng = np.random.default_rng(9)
    rows = pd.DataFrame({"k": np.arange(400), "x": rng.normal(size=400), "f": rng.choice(list("abcd"), 400), "g": rng.choice(list("uvw"), 400)})  # fmt: skip
    rows["y"] = (rng.random(400) < 1 / (1 + np.exp(-rows["x"]))).astype(float)
    rows = rows[(rows["f"] != "b") | (rows["g"] != "w")].reset_index(drop=True)
    rows.loc[rows["f"] == "b", "y"] = 0.0
    rows.loc[rows["g"] == "w", "y"] = 1.0
    model = insitu.rx_logit("y ~ x + f + g", rows)
    assert model.coefficients["f=b"] == -np.inf
    assert model.coefficients["g=w"] == np.inf
    both = pd.DataFrame({"k": [400, 401, 402], "x": 0.5, "f": ["b", "b", "a"], "g": ["w", "u", "w"], "y": 0.0})  # fmt: skip
    rows = pd.concat([rows, both], ignore_index=True)
    found = SERVERS[dialect](model.to_sql(dialect), rows)
    expected = insitu.rx_predict(model, rows)["y_Pred"].to_numpy()
    assert np.isnan(expected[-3])
    assert expected[-2] == 0.0
    assert expected[-1] == 1.0
    np.testing.assert_allclose(found, expected, rtol=3e-13, atol=1e-300)
