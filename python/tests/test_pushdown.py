"""States that SQL's aggregates build against those of the engine, on the same rows."""

import datetime
import json
import math

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from sqlglot import exp

import insitu
from insitu import _core
from insitu.data import as_source
from insitu.pushdown import DUCKDB, Plan, rows_of_query

# ---- the two ways over one table ------------------------------------------------------------------------------------


class Summing:
    """A DuckDB connection that holds one table and counts the statements it is given."""

    def __init__(self, table: pa.Table) -> None:
        self.schema = table.schema
        self.connection = duckdb.connect()
        self.connection.register("incoming", table)
        self.connection.execute("create table t as select * from incoming")
        self.statements: list[str] = []

    def rows(self):
        return rows_of_query(exp.select("*").from_("t"), self.schema)

    def execute(self, tree: exp.Query) -> pa.Table:
        self.statements.append(tree.sql(dialect="duckdb"))
        return self.connection.sql(self.statements[-1]).to_arrow_table()

    def state(self, analysis: _core.Analysis) -> _core.State:
        return Plan(analysis, self.rows(), DUCKDB).run(self.execute)


def streamed(analysis: _core.Analysis, table: pa.Table) -> _core.State:
    state = analysis.empty()
    for batch in table.combine_chunks().to_batches():
        analysis.update(state, batch)
    return state


def fit_of(name: str, formula: str, table: pa.Table, **options):
    levels = options.pop("levels", {})
    columns = as_source(table).schema().spec()
    for column in columns:
        if column["name"] in levels:
            column["levels"] = levels[column["name"]]
        if column["name"] == options.get("fweights"):
            column["whole"] = True
    spec = {"formula": formula, "columns": columns, **options}
    if name == "linear":
        spec.setdefault("precision", "double")
    return _core.Fit(name, json.dumps(spec))


def fitted(fit: _core.Fit, state_of) -> dict:
    """The result of a fit whose every pass is made by `state_of`."""
    while (analysis := fit.next()) is not None:
        fit.accept(state_of(analysis))
    return json.loads(fit.result())


def assert_close(found, expected, where="", rtol=1e-12, scale=0.0):
    """The same plain data, numbers to 12 digits."""
    if isinstance(expected, dict):
        assert found.keys() == expected.keys(), where
        for key in expected:
            assert_close(found[key], expected[key], f"{where}.{key}", rtol, scale)
    elif isinstance(expected, list):
        assert len(found) == len(expected), where
        numbers = [abs(v) for v in expected if isinstance(v, float)]
        own = max([scale, *numbers])
        for i, (a, b) in enumerate(zip(found, expected, strict=True)):
            assert_close(a, b, f"{where}[{i}]", rtol, own)
    elif isinstance(expected, float) and isinstance(found, (int, float)):
        assert math.isclose(found, expected, rel_tol=rtol, abs_tol=rtol * max(scale, 1e-300)), (
            where,
            found,
            expected,
        )
    else:
        assert found == expected, where


def checked(result: dict) -> dict:
    """Without what other numbers here imply, with fewer digits."""
    for key in ("condition_number", "f_pvalue"):
        result.pop(key, None)
    result.get("coefficients", {}).pop("p_value", None)
    return result


def compare(name: str, formula: str, table: pa.Table, **options) -> Summing:
    """Both ways give the same model; so do states saved, and half of the rows each way."""
    summing = Summing(table)
    expected = fitted(fit_of(name, formula, table, **options), lambda a: streamed(a, table))
    found = fitted(fit_of(name, formula, table, **options), summing.state)
    assert_close(checked(found), checked(expected), formula)
    half = Summing(table.slice(table.num_rows // 2))

    def mixed(analysis):
        state = streamed(analysis, table.slice(0, table.num_rows // 2))
        other = analysis.load(analysis.save(half.state(analysis)))
        analysis.merge(state, other)
        return state

    merged = fitted(fit_of(name, formula, table, **options), mixed)
    assert_close(checked(merged), checked(expected), formula)
    return summing


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
    "log10(y) ~ log2(x) + k",
    "pow(y, 1.5) ~ x^0.5 + k",
    "y ~ k",
]


@pytest.mark.parametrize("formula", LINEAR)
@pytest.mark.parametrize("weights", [{}, {"pweights": "w"}, {"fweights": "n"}], ids=str)
def test_linear_models_are_those_of_the_engine(formula, weights):
    compare("linear", formula, random_table(1), **weights)


@pytest.mark.parametrize("seed", range(4))
def test_few_rows_and_none(seed):
    for n in (1, 2, 7):
        table = random_table(seed, 40).slice(3, n)
        summing = Summing(table)
        fit = fit_of("linear", "y ~ x + a", table)
        analysis = fit.next()
        found = json.loads(analysis.finalize(summing.state(analysis)))
        expected = json.loads(analysis.finalize(streamed(analysis, table)))
        for result in (found, expected):
            result["levels"] = [sorted(v) for v in result["levels"]]
        assert_close(found, expected)


def test_no_rows_give_the_empty_state():
    table = random_table(1, 20)
    analysis = fit_of("linear", "y ~ x + a", table).next()
    state = Summing(table.slice(0, 0)).state(analysis)
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
def test_summaries_are_those_of_the_engine(formula, weights, by_term):
    compare("summary", formula, random_table(2), by_term=by_term, **weights)


def test_levels_and_what_is_outside_of_them():
    table = random_table(3)
    levels = {"a": ["mid", "high", "none"], "b": ["west", "", "s'th"], "flag": ["True"]}
    compare("linear", "y ~ a + b + x", table, levels=levels)
    compare("linear", "y ~ N(a) + x:N(b)", table, levels=levels)
    compare("linear", "y ~ F(a, 1, 2) + x", table, levels=levels)
    compare("summary", "~ x:a + b + flag", table, levels=levels)


def test_levels_that_nobody_gives_take_a_pass():
    summing = compare("linear", "y ~ N(a) + F(b, 2, 4)", random_table(4))
    assert len(summing.statements) == 4


def test_given_levels_of_integers_and_dates():
    table = random_table(5)
    fit = fit_of("linear", "y ~ x + F(k, -1, 3)", table)
    analysis = fit.next()
    assert json.loads(analysis.sums())["factors"][0]["levels"] == ["-1", "0", "1", "2", "3"]


# ---- through a context ----------------------------------------------------------------------------------------------


@pytest.fixture
def database(tmp_path):
    """A DuckDB file with the table t."""
    path = tmp_path / "data.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.register("incoming", random_table(6, 20_000))
        connection.execute("create table t as select * from incoming")
    return f"duckdb:///{path}"


def source_of(database, **options):
    return insitu.RxSqlServerData(connection_string=database, table="t", **options)


def both_ways(database, function, *args, **options):
    """What a function gives by pushdown and by streaming, and how the first was done."""
    context = insitu.RxInSqlServer(database, how="pushdown")
    found = function(*args, compute_context=context, **options)
    expected = function(*args, compute_context=insitu.RxInSqlServer(database), **options)
    return found, expected, context.explain()


def test_models_from_a_database(database):
    model, expected, done = both_ways(
        database,
        insitu.rx_lin_mod,
        "late ~ a + x + F(k)",
        source_of(database),
        row_selection="k > -2 and b <> 'west'",
        transforms={"late": "y * 2 + x"},
        pweights="w",
    )
    assert done.way == "DuckDB's own SQL aggregates"
    assert done.passes == 1
    assert "FSUM" in done.sql[-1]
    assert not done.notes
    assert model.precision == "double"
    np.testing.assert_allclose(
        model.tidy()["estimate"], expected.tidy()["estimate"], rtol=1e-11, atol=1e-11
    )
    assert model.n_valid_obs == expected.n_valid_obs
    assert model.n_missing_obs == expected.n_missing_obs


def test_summaries_from_a_database(database):
    found, expected, done = both_ways(
        database, insitu.rx_summary, "~ y + x:a + k", source_of(database)
    )
    assert done.way == "DuckDB's own SQL aggregates"
    np.testing.assert_allclose(
        found.summary_data_frame["StdDev"], expected.summary_data_frame["StdDev"], rtol=1e-13
    )


def test_what_sql_cannot_do_is_streamed_and_said(database):
    model, expected, done = both_ways(
        database, insitu.rx_lin_mod, "y ~ x", source_of(database), precision="double-double"
    )
    assert done.notes == ["not by pushdown: SQL has no double-double arithmetic"]
    assert model.tidy().equals(expected.tidy())


def test_too_few_digits_are_streamed(database):
    # The columns differ by 1e-6 of their deviation: doubles would keep 4 digits.
    transforms = {"near": "x + 1e-6 * sin(k)", "far": "x + y"}
    model, expected, done = both_ways(
        database, insitu.rx_lin_mod, "far ~ x + near", source_of(database), transforms=transforms
    )
    assert done.passes == 2
    assert model.precision == "double-double"
    assert model.tidy().equals(expected.tidy())
