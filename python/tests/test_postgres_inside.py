"""RxInPostgres by the extension: states and predictions made in the server, the choice of a way, and what is told about it."""

from __future__ import annotations

import _thread
import json
import threading
import time
import warnings
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from python.tests.test_postgres_streaming import MODEL_DATA, gone, load, numbers, slow_passes

import insitu
from insitu.data import RxPostgresData
from insitu.errors import DataError, SourceError, SpecError
from insitu.fitting import run_fit
from insitu.options import RxOptions


@pytest.fixture(autouse=True)
def _extension() -> None:
    from conformance import postgres

    if (reason := postgres.missing() or postgres.missing_extension()) is not None:
        pytest.skip(f"PostgreSQL: {reason}")


@pytest.fixture
def inside(pg: Any) -> Any:
    """A database with the extension in it."""
    pg.sql("create extension insitu")
    return pg


def close(left: Any, right: Any, path: str = "") -> None:
    """Two results that differ in no more than rounding."""
    if isinstance(left, dict):
        assert left.keys() == right.keys()
        for key in left.keys() - {"passes", "condition_number"}:
            close(left[key], right[key], f"{path}.{key}")
    elif isinstance(left, list):
        assert len(left) == len(right)
        for i, (a, b) in enumerate(zip(left, right, strict=True)):
            close(a, b, f"{path}[{i}]")
    elif isinstance(left, float) and isinstance(right, float):
        assert left == pytest.approx(right, rel=1e-11, abs=1e-12), path
    else:
        assert left == right, path


FITS = [
    ("linear", "y ~ x + f", {}),
    ("linear", "y ~ f:x + F(k) + I(x^2)", {}),
    ("linear", "y ~ N(f) + log(abs(x) + 1)", {}),
    ("linear", "y ~ x + f", {"pweights": "w"}),
    ("linear", "y ~ f", {"cube": True}),
    ("summary", "~ x + f + x:f + k", {}),
    ("summary", "y ~ F(k)", {"fweights": "k"}),
]


@pytest.mark.parametrize(("name", "formula", "options"), FITS)
@pytest.mark.parametrize("workers", [0, 3])
def test_the_same_as_locally(
    inside: Any, name: str, formula: str, options: dict[str, Any], workers: int
) -> None:
    table = numbers(3000).append_column("w", pa.array(np.linspace(0, 2, 3000)))
    source = load(inside, table)
    inside.sql(f"""alter database {inside.name} set parallel_setup_cost = 0; alter database {inside.name} set parallel_tuple_cost = 0;
                   alter database {inside.name} set min_parallel_table_scan_size = 0""")  # fmt: skip
    spec = {"formula": formula, **options, **({"rows": None} if name == "linear" else {})}
    context = insitu.RxInPostgres(inside.uri, num_tasks=workers, how="extension")
    if workers == 0:
        inside.sql(f"alter database {inside.name} set max_parallel_workers_per_gather = 0")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        close(run_fit(name, spec, source, context), run_fit(name, spec, table))
    explained = context.explain()
    assert explained.way == "the extension builds the state in the server"
    assert "insitu.state(" in explained.sql[-1]
    assert ("parallel: " in explained.notes[0]) == (workers > 0)
    assert explained.bytes > 0


def test_types_that_the_server_reads_itself(inside: Any) -> None:
    inside.sql("""create type mood as enum ('sad', 'ok', 'happy', 'unused'); create domain share as numeric;
        create table t as select sin(i)::float8 y, (i % 7)::int2 i2, i::int8 i8, (i * 0.1)::numeric(9, 3) n, (i * 0.5)::share s, (i / 3.0)::real r,
               (array['sad', 'ok', 'happy'])[1 + i % 3]::mood m, ('v' || i % 4)::varchar(9) v, ('c' || i % 5)::char(6) c, i % 2 = 0 b,
               '2020-01-01'::date + i % 11 d, '2020-01-01'::timestamp + i % 13 * interval '1 hour' ts, now() + i % 5 * interval '1 day' tz,
               nullif(i % 10, 3) k from generate_series(1, 500) i""")  # fmt: skip
    source = RxPostgresData(inside.uri, table="t")
    context = insitu.RxInPostgres(inside.uri, how="extension")
    for formula in (
        "y ~ i2 + n + s + r + d + ts",
        "y ~ m + v + c + b",
        "y ~ F(i2) + i8 + k",
        "y ~ tz + d:b",
    ):
        spec = {"formula": formula, "rows": None}
        close(run_fit("linear", spec, source, context), run_fit("linear", spec, source))
    info = {
        "i2": {"type": "factor"},
        "n": {"type": "float"},
        "v": {"levels": ["v3", "v1"], "newName": "w"},
    }
    changed = RxPostgresData(inside.uri, table="t", column_info=info)
    spec = {"formula": "y ~ i2 + n + w", "rows": None}
    close(run_fit("linear", spec, changed, context), run_fit("linear", spec, changed))


def test_many_columns_go_as_one_row(inside: Any) -> None:
    rng = np.random.default_rng(1)
    columns = {f"x{i}": rng.normal(size=300) for i in range(130)}
    table = pa.table({"y": rng.normal(size=300), **columns})
    source = load(inside, table)
    spec = {"formula": "y ~ " + " + ".join(columns), "rows": None}
    context = insitu.RxInPostgres(inside.uri, how="extension")
    close(run_fit("linear", spec, source, context), run_fit("linear", spec, table))
    assert "ROW(" in context.explain().sql[0]


def test_no_rows_are_the_empty_state(inside: Any) -> None:
    source = load(inside, numbers(50))
    context = insitu.RxInPostgres(inside.uri, how="extension")
    result = run_fit("summary", {"formula": "~ x"}, source, context, row_selection="x > 1e9")
    assert result["n_rows"] == 0
    with pytest.raises(DataError, match="no rows"):
        run_fit("linear", {"formula": "y ~ x"}, source, context, row_selection="x > 1e9")


def test_the_way_is_chosen_by_what_is_there(pg: Any) -> None:
    table = numbers(200)
    source = load(pg, table)
    auto = insitu.RxInPostgres(pg.uri)
    insitu.rx_lin_mod("y ~ x", source, compute_context=auto)
    assert auto.explain().way == "rows streamed to this process"
    assert any("CREATE EXTENSION insitu" in note for note in auto.explain().notes)
    forced = insitu.RxInPostgres(pg.uri, how="extension")
    with pytest.raises(
        SpecError,
        match=r"how='extension' is not possible here: the extension insitu is not in the database",
    ):
        insitu.rx_lin_mod("y ~ x", source, compute_context=forced)
    pg.sql("create extension insitu")
    insitu.rx_lin_mod("y ~ x", source, compute_context=auto)
    assert auto.explain().way == "the extension builds the state in the server"
    insitu.rx_lin_mod("y ~ x", source, compute_context=insitu.RxInPostgres(pg.uri, how="streaming"))
    sql_server = insitu.RxInSqlServer(pg.uri)
    insitu.rx_lin_mod("y ~ x", source, compute_context=sql_server)
    assert sql_server.explain().way == "the extension builds the state in the server"
    with pytest.raises(SpecError, match="how is one of 'auto'"):
        insitu.RxInPostgres(pg.uri, how="fast")


def test_an_extension_of_another_version(inside: Any) -> None:
    source = load(inside, numbers(200))
    inside.sql(
        "create or replace function insitu.version() returns text language sql as $$select '0.0.7'$$"
    )
    auto = insitu.RxInPostgres(inside.uri)
    insitu.rx_lin_mod("y ~ x", source, compute_context=auto)
    assert auto.explain().way == "rows streamed to this process"
    assert any("of version 0.0.7, and this library of" in note for note in auto.explain().notes)
    with pytest.raises(SpecError, match=r"version 0\.0\.7.*ALTER EXTENSION insitu UPDATE"):
        insitu.rx_lin_mod(
            "y ~ x", source, compute_context=insitu.RxInPostgres(inside.uri, how="extension")
        )


def test_a_user_who_may_not_call_it_streams(inside: Any) -> None:
    load(inside, numbers(200))
    uri = inside.role("plain", "pw")
    inside.sql("grant select on t to plain; revoke usage on schema insitu from public")
    context = insitu.RxInPostgres(uri)
    insitu.rx_lin_mod("y ~ x", RxPostgresData(uri, table="t"), compute_context=context)
    assert context.explain().way == "rows streamed to this process"


def test_what_is_made_here_is_streamed(inside: Any) -> None:
    source = load(inside, numbers(200))
    context = insitu.RxInPostgres(inside.uri)
    insitu.rx_lin_mod("y ~ x", source, row_selection="lower(f) = 'a'", compute_context=context)
    assert context.explain().way == "rows streamed to this process"
    assert any("lower is computed in DuckDB" in note for note in context.explain().notes)
    changed = RxPostgresData(inside.uri, table="t", column_info={"x": {"type": "factor"}})
    insitu.rx_summary("~ x", changed, compute_context=context)
    assert any("column 'x' is converted by column_info" in note for note in context.explain().notes)


@pytest.mark.parametrize(
    ("setup", "data", "reason"),
    [
        ("", {"table": "t"}, "the tables are small"),
        ("alter database {db} set max_parallel_workers_per_gather = 0", {"table": "t"}, "workers are off"),
        ("", {"sql_query": "with c as materialized (select * from t) select * from c"}, "a CTE is computed once"),
        ("", {"sql_query": "select * from t tablesample bernoulli (50) repeatable (1)"}, "TABLESAMPLE"),
        ("", {"sql_query": "select i::float8 y, i::float8 x from generate_series(1, 9) i"}, "rows come from a function"),
    ],
)  # fmt: skip
def test_why_a_plan_is_serial(inside: Any, setup: str, data: dict[str, str], reason: str) -> None:
    load(inside, numbers(200))
    if setup:
        inside.sql(setup.format(db=inside.name))
    context = insitu.RxInPostgres(inside.uri, how="extension")
    insitu.rx_summary("~ x", RxPostgresData(inside.uri, **data), compute_context=context)
    assert f"serial: {reason}" in context.explain().notes[0]


def test_all_passes_see_one_snapshot(inside: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    table = numbers(500)
    source = load(inside, table)
    spec = {"formula": "y ~ x + N(f)", "rows": None}
    expected = run_fit("linear", spec, table)
    written = []
    slow_passes(
        monkeypatch, lambda: written.append(inside.sql("insert into t values (1e9, 1e9, 'zz', 1)"))
    )
    close(
        run_fit("linear", spec, source, insitu.RxInPostgres(inside.uri, how="extension")), expected
    )
    assert len(written) >= 2


def test_errors_keep_their_kinds(inside: Any) -> None:
    inside.sql(
        "create table t as select i::float8 x, i::float8 y from generate_series(1, 10) i; update t set x = 'Infinity' where y = 5"
    )
    source = RxPostgresData(inside.uri, table="t")
    context = insitu.RxInPostgres(inside.uri, how="extension")
    with pytest.raises(DataError, match="inf"):
        insitu.rx_lin_mod("y ~ x", source, compute_context=context)
    bad = RxPostgresData(inside.uri, sql_query="select 1 / (y::int - 3) x, y from t")
    with pytest.raises(DataError, match="division by zero"):
        insitu.rx_lin_mod("y ~ x", bad, compute_context=context)
    inside.sql(f"alter database {inside.name} set statement_timeout = '200ms'")
    slow = RxPostgresData(inside.uri, sql_query="select y, pg_sleep(0.1)::text s from t")
    with pytest.raises(SourceError, match="statement timeout"):
        insitu.rx_summary("~ s", slow, compute_context=context)
    inside.sql("drop table t")
    with pytest.raises(SourceError, match="does not exist"):
        insitu.rx_lin_mod("y ~ x", source, compute_context=context)


def test_ctrl_c_and_timeouts_cancel_in_the_server(inside: Any) -> None:
    query = "select a::float8 x, sin(b)::float8 y from generate_series(1, 100000) a, generate_series(1, 100000) b"
    source = RxPostgresData(inside.uri, sql_query=query)
    source.schema()
    context = insitu.RxInPostgres(inside.uri, how="extension")
    threading.Timer(0.7, _thread.interrupt_main).start()
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        insitu.rx_lin_mod("y ~ x", source, compute_context=context)
    assert time.monotonic() - started < 1.9
    assert gone(inside)
    limited = insitu.RxInPostgres(inside.uri, how="extension", execution_timeout_seconds=1)
    with pytest.raises(SourceError, match="execution_timeout_seconds=1"):
        insitu.rx_lin_mod("y ~ x", source, compute_context=limited)
    assert gone(inside)


def test_queries_are_tagged(inside: Any) -> None:
    inside.sql("create table log (q text)")
    query = "select 1.0::float8 x, current_query() as q from generate_series(1, 3)"
    source = RxPostgresData(inside.uri, sql_query=query)
    summary = insitu.rx_summary(
        "~ q", source, compute_context=insitu.RxInPostgres(inside.uri, how="extension")
    )
    text = json.dumps(summary.categorical[0].iloc[:, 0].tolist())
    assert "/* insitu run " in text
    assert "*/ SELECT CAST(insitu.state" in text


# ---- predictions -----------------------------------------------------------------------------------------------------


@pytest.fixture
def model() -> Any:
    return insitu.rx_lin_mod("y ~ a + x", MODEL_DATA, cov_coef=True)


@pytest.mark.parametrize(
    "options", [{}, {"compute_standard_errors": True, "interval": "prediction"}]
)
def test_tables_are_scored_in_the_server(inside: Any, model: Any, options: dict[str, Any]) -> None:
    rng = np.random.default_rng(2)
    n = 5000
    table = pa.table(
        {
            "id": np.arange(n),
            "a": rng.choice(["u", "v"], n),
            "x": rng.normal(size=n),
            "y": rng.normal(size=n),
        }
    )
    source = load(inside, table)
    inside.sql("alter table t add column price numeric default 1.10")
    context = insitu.RxInPostgres(inside.uri)
    target = RxPostgresData(inside.uri, table="scored")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        written = insitu.rx_predict(
            model,
            source,
            target,
            extra_vars_to_write=["id", "price"],
            compute_residuals=True,
            compute_context=context,
            **options,
        )
    assert written is target
    assert context.explain().way == "the extension scores the rows in the server"
    there = target.to_arrow().sort_by("id").to_pandas()
    here = insitu.rx_predict(
        model, table, extra_vars_to_write=["id"], compute_residuals=True, **options
    )
    assert there.columns.tolist() == ["id", "price", *here.columns.tolist()[1:]]
    for name in here.columns[1:]:
        np.testing.assert_allclose(
            there[name].to_numpy(float), here[name].to_numpy(float), rtol=1e-13
        )
    assert inside.sql("select distinct price from scored") == "1.10"
    assert (
        inside.sql("select count(*) from pg_class where relname like 'insitu%' and relkind = 'r'")
        == "0"
    )


def test_unseen_levels_are_counted_in_the_server(inside: Any, model: Any) -> None:
    table = pa.table({"a": ["u", "w", None, "w", "z", "v"], "x": [1.0, 2.0, 3.0, None, 5.0, 6.0]})
    source = load(inside, table)
    target = RxPostgresData(inside.uri, table="scored")
    context = insitu.RxInPostgres(inside.uri)
    counted = []
    for data, where in ((source, target), (table, None)):
        with pytest.warns(UserWarning, match="no level of the fitted model") as caught:
            insitu.rx_predict(
                model, data, where, compute_context=context if data is source else None
            )
        counted.append(str(caught[0].message))
    assert counted[0] == counted[1]
    assert context.explain().way == "the extension scores the rows in the server"
    assert inside.sql('select count("y_Pred") from scored') == "2"


def test_targets_in_the_server(inside: Any, model: Any) -> None:
    source = load(inside, pa.table(MODEL_DATA))
    target = RxPostgresData(inside.uri, table="o")
    context = insitu.RxInPostgres(inside.uri)
    insitu.rx_predict(model, source, target, compute_context=context)
    with pytest.raises(SpecError, match="The table 'o' exists"):
        insitu.rx_predict(model, source, target, compute_context=context)
    insitu.rx_predict(model, source, target, overwrite=True, compute_context=context)
    assert target.row_count() == 5
    insitu.rx_predict(model, source, target, append="rows", compute_context=context)
    assert target.row_count() == 10
    assert any("rows are added" in note for note in context.explain().notes)
    with pytest.raises(SpecError, match="never writes into its input"):
        insitu.rx_predict(
            model,
            source,
            RxPostgresData(inside.uri, table="T"),
            overwrite=True,
            compute_context=context,
        )
    inside.sql("update t set x = 'Infinity' where y = 7")
    for name in ("o", "new"):
        with pytest.raises(DataError, match="inf"):
            insitu.rx_predict(
                model,
                source,
                RxPostgresData(inside.uri, table=name),
                overwrite=True,
                compute_context=context,
            )
    assert target.row_count() == 10
    assert inside.sql("select to_regclass('new')") == ""
    inside.sql("create schema z; revoke all on schema z from public")
    reader = inside.role("writer", "pw")
    inside.sql("grant select on t to writer")
    denied = RxPostgresData(reader, table="z.o")
    with pytest.raises(
        SourceError, match=r"'z\.o' cannot be written: .*permission denied for schema z"
    ):
        insitu.rx_predict(
            model,
            RxPostgresData(reader, table="t"),
            denied,
            compute_context=insitu.RxInPostgres(reader),
        )


def test_frames_are_scored_by_the_client(inside: Any, model: Any) -> None:
    source = load(inside, pa.table(MODEL_DATA))
    context = insitu.RxInPostgres(inside.uri)
    frame = insitu.rx_predict(model, source, compute_context=context)
    assert len(frame) == 5
    assert context.explain().way == "rows streamed to this process"
    complete = RxPostgresData(inside.uri, table="complete")
    insitu.rx_predict(model, source, complete, remove_missings=True, compute_context=context)
    assert complete.row_count() == 5


def test_ctrl_c_leaves_no_table(inside: Any, model: Any) -> None:
    query = "select 'u'::text a, sin(b)::float8 x from generate_series(1, 100000) a, generate_series(1, 100000) b"
    source = RxPostgresData(inside.uri, sql_query=query)
    source.schema()
    context = insitu.RxInPostgres(inside.uri)
    threading.Timer(0.7, _thread.interrupt_main).start()
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        insitu.rx_predict(
            model, source, RxPostgresData(inside.uri, table="o"), compute_context=context
        )
    assert time.monotonic() - started < 1.9
    assert gone(inside)
    assert inside.sql("select to_regclass('o')") == ""


def test_the_cache_is_no_part_of_it(inside: Any) -> None:
    """Streamed passes keep their rows; passes in the server leave nothing to keep."""
    source = load(inside, numbers(300))
    before = RxOptions.get_option("cacheBytes")
    context = insitu.RxInPostgres(inside.uri, how="extension")
    run_fit("linear", {"formula": "y ~ x + N(f)", "rows": None}, source, context)
    assert context.explain().passes == 2
    assert not any("memory" in note for note in context.explain().notes)
    assert RxOptions.get_option("cacheBytes") == before


def test_foreign_tables(inside: Any) -> None:
    if (
        inside.sql("select count(*) from pg_available_extensions where name = 'postgres_fdw'")
        == "0"
    ):
        pytest.skip("this PostgreSQL carries no postgres_fdw")
    table = numbers(800)
    load(inside, table, "here")
    inside.sql(f"""create extension postgres_fdw; create server other foreign data wrapper postgres_fdw
          options (host '127.0.0.1', port '{inside.server.port}', dbname '{inside.name}');
        create user mapping for postgres server other options (user 'postgres', password '{inside.server.password}');
        create foreign table there (y float8, x float8, f text, k int8) server other options (table_name 'here')""")
    source = RxPostgresData(inside.uri, table="there")
    spec = {"formula": "y ~ x + f", "rows": None}
    expected = run_fit("linear", spec, table)
    for how in ("extension", "streaming"):
        context = insitu.RxInPostgres(inside.uri, how=how)
        close(run_fit("linear", spec, source, context), expected)
    context = insitu.RxInPostgres(inside.uri, how="extension")
    insitu.rx_summary("~ x", source, compute_context=context)
    assert "serial: a foreign table is read by one process" in context.explain().notes[0]
    assert source.row_count() is None
