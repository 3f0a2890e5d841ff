"""RxInPostgres by streaming: the same bits as locally, one snapshot for all passes, cancelling and timeouts."""

from __future__ import annotations

import _thread
import threading
import time
import warnings
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import insitu
from insitu.data import RxPostgresData, RxSqlServerData, postgres_pages
from insitu.errors import DataError, SourceError, SpecError
from insitu.fitting import run_fit

ROWS = 20_000


def numbers(rows: int = ROWS) -> pa.Table:
    rng = np.random.default_rng(3)
    x = rng.normal(5, 2, rows)
    return pa.table(
        {
            "y": 3 * x + rng.normal(size=rows),
            "x": x,
            "f": rng.choice(["a", "b", "c"], rows),
            "k": rng.integers(0, 5, rows),
        }
    )


def load(pg: Any, table: pa.Table, name: str = "t") -> RxPostgresData:
    from adbc_driver_postgresql import dbapi

    with dbapi.connect(pg.uri, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.adbc_ingest(name, table, mode="create")
    return RxPostgresData(pg.uri, table=name)


def test_tables_over_several_connections(pg: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    # Ranges of pages, in the table's order and of one snapshot, whatever happens to the table meanwhile.
    monkeypatch.setattr(postgres_pages, "_BYTES_AT_ONCE", 8 * 8192)
    table = numbers()
    source = load(pg, table)
    pg.sql(f"analyze t; alter database {pg.name} set parallel_tuple_cost = 0;"
           f" alter database {pg.name} set parallel_setup_cost = 0;"
           f" alter database {pg.name} set min_parallel_table_scan_size = 0")  # fmt: skip
    read = postgres_pages.SideBySide._read
    one_at_a_time = threading.Lock()  # two updates of the same rows would wait for each other

    def change_and_read(self: Any, sql: str) -> Any:
        with one_at_a_time:
            pg.sql("update t set x = x + 1 where k = 1")
        return read(self, sql)

    context = insitu.RxInPostgres(pg.uri, num_tasks=3, how="streaming")
    for formula in ("y ~ f + x + F(k)", "y ~ f:x + N(f)"):
        spec = {"formula": formula, "rows": None}
        assert run_fit("linear", spec, source, context) == run_fit("linear", spec, table)
        assert context.explain().sql[0].endswith("over 3 connections")
        assert "\"ctid\" >= CAST('(0,0)' AS tid)" in context.explain().sql[0]
    monkeypatch.setattr(postgres_pages.SideBySide, "_read", change_and_read)
    assert run_fit("linear", spec, source, context) == run_fit("linear", spec, table)
    assert run_fit("linear", spec, source, context) != run_fit("linear", spec, table)

    # What has no pages of its own is read over one, as are tables with the pages of others.
    pg.sql(
        """create view v as select * from t; create table p (like t) partition by list (f);
        create table parent as select * from t; create table child () inherits (parent)"""
    )
    for name in ("v", "p", "parent"):
        odd = RxPostgresData(pg.uri, table=name)
        insitu.rx_summary("~ x", odd, compute_context=context, report_progress=0)
        assert "connections" not in context.explain().sql[0]


def test_several_connections_after_a_failed_attempt(
    pg: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A snapshot is exported outside of savepoints: what was tried before is behind it.
    monkeypatch.setattr(postgres_pages, "_BYTES_AT_ONCE", 8 * 8192)
    pg.sql("create table t as select i::text as f, i::float8 as x, i * 2.0::float8 as y from generate_series(1, 20000) i")  # fmt: skip
    source = RxPostgresData(pg.uri, table="t")
    context = insitu.RxInPostgres(pg.uri, num_tasks=3, how="pushdown")
    insitu.rx_summary("~ x:f", source, compute_context=context, report_progress=0)
    told = context.explain()
    assert any("not by pushdown" in note for note in told.notes)
    assert told.sql[0].endswith("over 3 connections")


def test_a_table_that_somebody_is_to_change_is_read_over_one_connection(
    pg: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Who waits for the first connection lets no other in: those would wait for each other, and no server would see it.
    monkeypatch.setattr(postgres_pages, "_BYTES_AT_ONCE", 8 * 8192)
    monkeypatch.setattr(postgres_pages, "_LOCK_TIMEOUT", "200ms")
    table = numbers()
    source = load(pg, table)
    context = insitu.RxInPostgres(pg.uri, num_tasks=3, how="streaming")
    waiting = threading.Thread(target=lambda: pg.sql("alter table t add column z int"))

    def alter() -> None:
        if not waiting.ident:
            waiting.start()
            time.sleep(0.3)

    slow_passes(monkeypatch, alter)
    spec = {"formula": "y ~ x + N(f)"}
    assert run_fit("linear", spec, source, context) == run_fit("linear", spec, table)
    assert context.explain().sql[-1].endswith("over 1 connections")
    waiting.join()
    assert pg.sql("select count(z) from t") == "0"


def test_predictions_over_several_connections(pg: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_pages, "_BYTES_AT_ONCE", 8 * 8192)
    table = numbers()
    source = load(pg, table)
    model = insitu.rx_lin_mod("y ~ x + f", table)
    context = insitu.RxInPostgres(pg.uri, num_tasks=3)
    there = insitu.rx_predict(model, source, compute_context=context)
    assert context.explain().sql[0].endswith("over 3 connections")
    np.testing.assert_array_equal(there["y_Pred"], insitu.rx_predict(model, table)["y_Pred"])


def test_an_interrupt_while_connections_are_made(pg: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_pages, "_BYTES_AT_ONCE", 8 * 8192)
    source = load(pg, numbers())
    prepare = postgres_pages._prepare
    prepared: list[Any] = []

    def interrupted(*arguments: Any) -> None:
        if prepared:
            raise KeyboardInterrupt
        prepared.append(prepare(*arguments))

    monkeypatch.setattr(postgres_pages, "_prepare", interrupted)
    with pytest.raises(KeyboardInterrupt):
        insitu.rx_lin_mod(
            "y ~ x", source, compute_context=insitu.RxInPostgres(pg.uri, 3, "streaming")
        )
    assert prepared
    assert gone(pg)


def test_an_error_on_one_of_several_connections(pg: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_pages, "_BYTES_AT_ONCE", 8 * 8192)
    source = load(pg, numbers())
    context = insitu.RxInPostgres(pg.uri, num_tasks=3, how="streaming")
    read = postgres_pages.SideBySide._read

    def fail(self: Any, sql: str) -> Any:
        return read(self, "select 1 / 0" if "(16,0)" in sql else sql)

    with monkeypatch.context() as patch:
        patch.setattr(postgres_pages.SideBySide, "_read", fail)
        with pytest.raises(DataError, match="division by zero"):
            insitu.rx_lin_mod("y ~ x", source, compute_context=context, report_progress=0)
    assert gone(pg)
    model = insitu.rx_lin_mod("y ~ x", source, compute_context=context, report_progress=0)
    assert model.n_valid_obs == ROWS


def test_the_same_bits_as_locally(pg: Any) -> None:
    table = numbers()
    source = load(pg, table)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for kind in (insitu.RxInPostgres, insitu.RxInSqlServer):
            context = kind(pg.uri)
            for formula in ("y ~ x", "y ~ f + x + F(k)", "y ~ f:x + N(f)"):
                inside = run_fit("linear", {"formula": formula, "rows": None}, source, context)
                assert inside == run_fit("linear", {"formula": formula, "rows": None}, table)
            summary = run_fit("summary", {"formula": "~ x:f + y"}, source, context)
            assert summary == run_fit("summary", {"formula": "~ x:f + y"}, table)
    assert context.explain().way == "rows streamed to this process"
    assert 'FROM "public"."t"' in context.explain().sql[0]


def test_other_spellings_of_the_server_are_the_same_place(pg: Any) -> None:
    source = load(pg, numbers(100))
    other = f"host=127.0.0.1 port={pg.server.port} user=postgres password='{pg.server.password}' dbname={pg.name}"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        insitu.rx_lin_mod("y ~ x", source, compute_context=insitu.RxInPostgres(other))
        sql_server = RxSqlServerData(other, table="dbo.t")
        insitu.rx_lin_mod("y ~ x", sql_server, compute_context=insitu.RxInPostgres(pg.uri))
    with pytest.warns(UserWarning, match="not in the database of RxInPostgres"):
        insitu.rx_lin_mod("y ~ x", numbers(50), compute_context=insitu.RxInPostgres(other))


def slow_passes(monkeypatch: pytest.MonkeyPatch, between: Any) -> None:
    """Calls `between` after each pass of a fit, whose passes all read the server."""
    monkeypatch.setattr(RxPostgresData, "needs_cache", False)
    real = insitu._core.Fit

    class Watched:
        def __init__(self, name: str, spec: str) -> None:
            self._fit = real(name, spec)

        def next(self) -> Any:
            return self._fit.next()

        def accept(self, state: Any) -> None:
            self._fit.accept(state)
            between()

        def cancel(self) -> None:
            self._fit.cancel()

        def result(self) -> str:
            return self._fit.result()

    monkeypatch.setattr(insitu._core, "Fit", Watched)


@pytest.mark.parametrize("context", ["local", "inside"])
def test_all_passes_see_one_snapshot(
    pg: Any, monkeypatch: pytest.MonkeyPatch, context: str
) -> None:
    table = numbers(500)
    source = load(pg, table)
    formula = {"formula": "y ~ x + N(f)"}  # the levels of f are a pass of their own
    expected = run_fit("linear", formula, table)
    written = []

    def insert() -> None:
        written.append(pg.sql("insert into t values (1e9, 1e9, 'zz', 1)"))

    slow_passes(monkeypatch, insert)
    where = insitu.RxInPostgres(pg.uri) if context == "inside" else None
    assert run_fit("linear", formula, source, where) == expected
    assert len(written) >= 2
    assert source.row_count() == 500 + len(written)


def test_a_table_cannot_be_dropped_between_passes(pg: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    source = load(pg, numbers(500))
    refused = []

    def drop() -> None:
        with pytest.raises(RuntimeError, match="lock timeout"):
            pg.sql("set lock_timeout = '50ms'; drop table t")
        refused.append(True)

    slow_passes(monkeypatch, drop)
    run_fit("linear", {"formula": "y ~ x + N(f)"}, source, insitu.RxInPostgres(pg.uri))
    assert refused
    pg.sql("drop table t")
    with pytest.raises(SourceError, match=r'relation "public\.t" does not exist'):
        run_fit("linear", {"formula": "y ~ x"}, source, insitu.RxInPostgres(pg.uri))


def test_a_server_that_ends_the_connection(pg: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    source = load(pg, numbers(500))
    end = "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'insitu'"
    slow_passes(monkeypatch, lambda: pg.sql(end))
    with pytest.raises(SourceError, match=r"terminating connection|connection .*(broke|closed)"):
        run_fit("linear", {"formula": "y ~ x + N(f)"}, source, insitu.RxInPostgres(pg.uri))
    monkeypatch.undo()
    assert run_fit("linear", {"formula": "y ~ x"}, source)["rank"] == 2


def running(pg: Any) -> int:
    return int(
        pg.sql(
            f"select count(*) from pg_stat_activity where application_name = 'insitu' and datname = '{pg.name}'"
        )
    )


def gone(pg: Any) -> bool:
    end = time.monotonic() + 1
    while running(pg) and time.monotonic() < end:
        time.sleep(0.05)
    return running(pg) == 0


# A query that gives its rows late, and one that gives them slowly.
SLOW = {
    "no row yet": "select sum(sin(a * b))::float8 x, 1.0::float8 y from generate_series(1, 30000) a, generate_series(1, 30000) b",
    "slow rows": "select a::float8 x, 1.0::float8 y from generate_series(1, 1000000000) a where sin(a) > 0.9999999",
}


@pytest.mark.parametrize("query", SLOW)
@pytest.mark.parametrize("work", ["fit", "import", "predict", "predict to a table"])
def test_ctrl_c_cancels_the_server_s_query(pg: Any, query: str, work: str) -> None:
    source = RxPostgresData(pg.uri, sql_query=SLOW[query])
    source.schema()
    context = insitu.RxInPostgres(pg.uri)
    model = insitu.rx_lin_mod("y ~ x", {"x": [1.0, 2.0, 3.0], "y": [1.0, 2.0, 4.0]})
    target = RxPostgresData(pg.uri, table="o")
    calls = {
        "fit": lambda: insitu.rx_lin_mod("y ~ x", source, compute_context=context),
        "import": lambda: insitu.rx_import(source),
        "predict": lambda: insitu.rx_predict(model, source, compute_context=context),
        "predict to a table": lambda: insitu.rx_predict(
            model, source, target, compute_context=context
        ),
    }
    threading.Timer(0.7, _thread.interrupt_main).start()
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        calls[work]()
    assert time.monotonic() - started < 1.9
    assert gone(pg)
    assert pg.sql("select to_regclass('o')") == ""


def test_ctrl_c_on_several_connections(pg: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_pages, "_BYTES_AT_ONCE", 8 * 8192)
    source = load(pg, numbers())
    context = insitu.RxInPostgres(pg.uri, num_tasks=3, how="streaming")
    read = postgres_pages.SideBySide._read

    def wait(self: Any, sql: str) -> Any:
        return read(self, "select pg_sleep(30)::text" if "(16,0)" in sql else sql)

    monkeypatch.setattr(postgres_pages.SideBySide, "_read", wait)
    threading.Timer(0.7, _thread.interrupt_main).start()
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        insitu.rx_lin_mod("y ~ x", source, compute_context=context, report_progress=0)
    assert time.monotonic() - started < 1.9
    assert gone(pg)


def test_ctrl_c_while_connecting(pg: Any) -> None:
    import socket

    with socket.socket() as silent:  # accepts, and never says a word
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        source = RxPostgresData(
            f"postgresql://u@127.0.0.1:{silent.getsockname()[1]}/d?connect_timeout=4", table="t"
        )
        threading.Timer(0.5, _thread.interrupt_main).start()
        started = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            source.schema()
        assert time.monotonic() - started < 1.5


def test_execution_timeout(pg: Any) -> None:
    source = RxPostgresData(pg.uri, sql_query=SLOW["no row yet"])
    context = insitu.RxInPostgres(pg.uri, execution_timeout_seconds=1)
    with pytest.raises(SourceError, match="execution_timeout_seconds=1"):
        insitu.rx_lin_mod("y ~ x", source, compute_context=context)
    assert gone(pg)


def test_wrong_arguments() -> None:
    for wrong in (-1, 1.5):
        with pytest.raises(SpecError, match="num_tasks"):
            insitu.RxInPostgres("postgresql://h/d", wrong)  # type: ignore[arg-type]


MODEL_DATA = {"y": [1.0, 2.0, 4.0, 7.0, 5.0], "a": list("uvuvu"), "x": [1.0, 5.0, 2.0, 3.0, 9.0]}


def test_a_snapshot_that_is_taken_back_is_read_anew(pg: Any) -> None:
    """A standby stops queries whose rows its primary removed: the fit begins again, at most three times."""
    source = load(pg, numbers())
    pg.sql(
        """CREATE TABLE moment AS SELECT clock_timestamp() + interval '0.3 s' AS calm;
        CREATE FUNCTION disturbed() RETURNS boolean LANGUAGE plpgsql STABLE AS $$
        BEGIN
          IF clock_timestamp() < (SELECT calm FROM moment) THEN
            PERFORM pg_sleep(0.4);
            RAISE EXCEPTION 'canceling statement due to conflict with recovery' USING ERRCODE = '40001';
          END IF;
          RETURN true;
        END $$;
        CREATE VIEW disturbed_t AS SELECT * FROM t WHERE (SELECT disturbed());"""
    )
    expected = insitu.rx_lin_mod("y ~ x + f", source)
    view = RxPostgresData(pg.uri, table="disturbed_t")
    model = insitu.rx_lin_mod("y ~ x + f", view, compute_context=insitu.RxInPostgres(pg.uri))
    assert np.allclose(model.coefficients, expected.coefficients, rtol=1e-12, equal_nan=True)
    pg.sql("UPDATE moment SET calm = clock_timestamp() + interval '1 hour'")
    with pytest.raises(SourceError, match="conflict with recovery; run it again"):
        insitu.rx_lin_mod("y ~ x", view, compute_context=insitu.RxInPostgres(pg.uri))


def test_workers_of_queries(pg: Any) -> None:
    pg.sql(f"alter database {pg.name} set max_parallel_workers_per_gather = 5")
    query = "select current_setting('max_parallel_workers_per_gather')::float8 x from generate_series(1, 3)"
    source = RxPostgresData(pg.uri, sql_query=query)
    for tasks, expected in ((0, 5.0), (3, 3.0)):
        context = insitu.RxInPostgres(pg.uri, tasks, how="streaming")
        summary = insitu.rx_summary("~ x", source, compute_context=context)
        assert summary.summary_data_frame["Mean"][0] == expected


def test_what_is_told_of_a_table(pg: Any) -> None:
    load(pg, numbers(500))
    for source in (
        RxPostgresData(pg.uri, table="t"),
        RxPostgresData(pg.uri, sql_query="select * from t"),
    ):
        info = insitu.rx_get_info(source, get_var_info=True)
        assert "x" in str(info)
        assert insitu.rx_get_var_names(source) == ["y", "x", "f", "k"]
        assert len(insitu.rx_import(source, row_selection="k = 1", vars_to_keep=["x"])) > 50
        assert source.tail(2).shape == (2, 4)
