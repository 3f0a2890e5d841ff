"""Compute contexts: which is active, where work runs, what is explained, and how it stops."""

from __future__ import annotations

import _thread
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import insitu
from insitu import _core
from insitu.contexts import (
    RxComputeContext,
    RxInSqlServer,
    RxLocalParallel,
    RxLocalSeq,
    rx_get_compute_context,
    rx_set_compute_context,
    rx_set_temp_compute_context,
)
from insitu.data import RxSqlServerData, as_source
from insitu.errors import DataError, SourceError, SpecError
from insitu.fitting import run_fit
from insitu.options import RxOptions


@pytest.fixture
def connection_string(tmp_path: Path) -> str:
    path = tmp_path / "d.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "create table t as select range::double x, sin(range) y from range(1000)"
        )
    return f"duckdb:///{path}"


def test_set_returns_the_previous_and_aliases_work() -> None:
    first = rx_get_compute_context()
    assert isinstance(first, RxLocalSeq)
    assert rx_set_compute_context("localpar") is first
    assert isinstance(rx_get_compute_context(), RxLocalParallel)
    rx_set_compute_context(first)
    assert rx_get_compute_context() is first
    for wrong in ("nowhere", 3):
        with pytest.raises(SpecError):
            rx_set_compute_context(wrong)  # type: ignore[arg-type]
    assert rx_get_compute_context() is first


def test_temporary_context_is_left_also_on_errors() -> None:
    first = rx_get_compute_context()

    def fail() -> None:
        with rx_set_temp_compute_context(RxLocalParallel()):
            assert isinstance(rx_get_compute_context(), RxLocalParallel)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert rx_get_compute_context() is first


def test_contexts_by_name_and_lookup() -> None:
    context = RxComputeContext("RxInSqlServer", connection_string="duckdb:///x.duckdb", num_tasks=2)
    assert isinstance(context, RxInSqlServer)
    assert context.num_tasks == 2
    assert isinstance(RxComputeContext("RxLocalSeq"), RxLocalSeq)
    assert RxComputeContext.lookup(context.id) is context
    assert RxComputeContext.lookup("none") is None


def test_in_database_and_local_are_equal(connection_string: str) -> None:
    source = RxSqlServerData(connection_string, table="t")
    context = RxInSqlServer(connection_string, num_tasks=2)
    spec = {"formula": "y ~ x", "rows": None}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        inside = run_fit("linear", spec, source, context)
    assert inside == run_fit("linear", spec, source)
    explained = context.explain()
    assert (explained.context, explained.passes, explained.rows) == ("RxInSqlServer", 1, 1000)
    assert 'FROM "t"' in explained.sql[0]
    assert "1,000" in str(explained)
    assert connection_string.removeprefix("duckdb:///") not in str(explained.way)


@pytest.mark.parametrize("kind", ["frame", "file", "other database"])
def test_data_outside_are_computed_here_with_one_warning(
    kind: str, connection_string: str, tmp_path: Path
) -> None:
    table = pa.table({"x": [1.0, 2.0, 4.0], "y": [1.0, 2.0, 3.0]})
    pq.write_table(table, tmp_path / "t.parquet")
    with duckdb.connect(str(tmp_path / "other.duckdb")) as connection:
        connection.register("incoming", table)
        connection.execute("create table t as from incoming")
    data = {
        "frame": table,
        "file": str(tmp_path / "t.parquet"),
        "other database": RxSqlServerData(f"duckdb:///{tmp_path}/other.duckdb", table="t"),
    }[kind]
    context = RxInSqlServer(connection_string)
    with pytest.warns(UserWarning, match="not in the database") as caught:
        model = insitu.rx_lin_mod("y ~ x", data, compute_context=context)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert model.n_valid_obs == 3
    explained = context.explain()
    assert (explained.context, explained.passes, explained.rows) == ("RxLocalSeq", 1, 3)


def test_a_selection_stays_inside(connection_string: str) -> None:
    source = RxSqlServerData(connection_string, table="t")
    context = RxInSqlServer(connection_string)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = run_fit("summary", {"formula": "~x"}, source, context, row_selection="x >= 990")
    assert result["n_rows"] == 10


def test_wrong_contexts() -> None:
    with pytest.raises(SpecError, match=r"no compute context 'RxFoo'.*RxLocalSeq"):
        RxComputeContext("RxFoo")
    with pytest.raises(SpecError, match="num_tasks"):
        RxInSqlServer("duckdb:///x.duckdb", num_tasks=-1)
    with pytest.raises(SpecError, match="wait=False"):
        RxInSqlServer("duckdb:///x.duckdb", wait=False)
    secret = "Driver=SQL Server;Server=.;Uid=me;Pwd=s3cret"
    with pytest.raises(SourceError, match="not available yet") as caught:
        insitu.rx_summary("~x", {"x": [1.0]}, compute_context=RxInSqlServer(secret))
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("call", ["lin_mod", "summary"])
def test_levels_that_a_formula_needs_first_cost_no_second_reading(
    call: str, tmp_path: Path
) -> None:
    path = str(tmp_path / "t.parquet")
    table = pa.table({"y": [1.0, 2.0, 4.0, 8.0], "x": [1.0, 3.0, 2.0, 5.0], "f": list("bcab")})
    pq.write_table(table, path)
    context = RxLocalSeq()
    if call == "lin_mod":
        insitu.rx_lin_mod("y ~ x + N(f)", path, compute_context=context)
    else:
        insitu.rx_summary("y ~ N(f) + F(f, 1, 2)", path, pweights="x", compute_context=context)
    assert context.explain().passes == 2
    assert context.explain().notes == ["pass 2 read decoded columns from memory"]


def test_the_same_bits_for_any_threads_and_batches() -> None:
    rng = np.random.default_rng(5)
    n = 300_000
    x = rng.normal(size=n)
    table = pa.table({"x": x, "f": rng.choice(["a", "b", "c"], n), "y": x + rng.normal(size=n)})
    spec = {"formula": "y ~ x + f"}
    results = []
    before = RxOptions.get_option("NumCoresToUse")
    try:
        for cores, rows in ((1, n), (2, n), (2, 1234), (1, 99_999)):
            RxOptions.set_option("NumCoresToUse", cores)
            chunked = pa.Table.from_batches(table.combine_chunks().to_batches(max_chunksize=rows))
            results.append(run_fit("linear", spec, chunked))
    finally:
        RxOptions.set_option("NumCoresToUse", before)
    assert all(result == results[0] for result in results)


def test_passes_and_cache(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    n = 50_000
    base = rng.normal(size=n)
    columns = {f"x{i}": base + 1e-6 * rng.normal(size=n) for i in range(100)}
    table = pa.table(columns | {"y": rng.normal(size=n)})
    pq.write_table(table, tmp_path / "t.parquet")
    formula = "y ~ " + " + ".join(columns)
    context = RxLocalSeq()
    results = {}
    before = RxOptions.get_option("cacheBytes")
    try:
        for budget in (1 << 30, 1 << 16):
            RxOptions.set_option("cacheBytes", budget)
            results[budget] = run_fit(
                "linear", {"formula": formula}, str(tmp_path / "t.parquet"), context
            )
            explained = context.explain()
            assert explained.passes == results[budget]["passes"]
            kept = any("memory" in note for note in explained.notes)
            assert kept == (explained.passes > 1 and budget > 1 << 20)
    finally:
        RxOptions.set_option("cacheBytes", before)
    assert results[1 << 30] == results[1 << 16]


def _slow(seconds: float) -> pa.RecordBatchReader:
    schema = pa.schema([("x", pa.float64()), ("y", pa.float64())])

    def batches():
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            values = pa.array(np.random.default_rng(0).normal(size=1000))
            yield pa.RecordBatch.from_arrays([values, values], schema=schema)
            time.sleep(0.005)

    return pa.RecordBatchReader.from_batches(schema, batches())


def test_ctrl_c_stops_a_fit_within_a_second() -> None:
    threading.Timer(0.5, _thread.interrupt_main).start()
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        run_fit("linear", {"formula": "y ~ x"}, _slow(30))
    assert time.monotonic() - started < 1.5


def test_ctrl_c_stops_a_query_that_has_given_no_row(connection_string: str) -> None:
    query = "select range::double x, sin(range) y from range(100000000) order by hash(range)"
    source = RxSqlServerData(connection_string, sql_query=query, dialect="duckdb")
    source.schema()
    threading.Timer(0.5, _thread.interrupt_main).start()
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        run_fit("linear", {"formula": "y ~ x"}, source)
    assert time.monotonic() - started < 1.5


def test_ctrl_c_stops_the_solution_of_a_large_system(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []

    class SlowFit:
        """A fit whose system takes half a minute to solve, unless it is cancelled."""

        def __init__(self, name: str, spec: str) -> None:
            self._fit = real(name, spec)
            self.cancelled = threading.Event()
            made.append(self)

        def next(self):
            return self._fit.next()

        def accept(self, state) -> None:
            threading.Timer(0.2, _thread.interrupt_main).start()
            self.cancelled.wait(30)

        def cancel(self) -> None:
            self.cancelled.set()

    real = _core.Fit
    monkeypatch.setattr(_core, "Fit", SlowFit)
    table = pa.table({"x": [1.0, 2.0, 3.0], "y": [1.0, 2.0, 4.0]})
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        run_fit("linear", {"formula": "y ~ x"}, table)
    assert made[0].cancelled.is_set()
    assert time.monotonic() - started < 1.5


def test_ctrl_c_stops_the_third_pass_of_a_fit(
    connection_string: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []

    class Counted:
        """A fit that is interrupted just after it has handed out its third pass."""

        def __init__(self, name: str, spec: str) -> None:
            self._fit = real(name, spec)
            self.passes = 0
            made.append(self)

        def next(self):
            self.passes += 1
            if self.passes == 3:
                threading.Timer(0.02, _thread.interrupt_main).start()
            return self._fit.next()

        def __getattr__(self, name: str):
            return getattr(self._fit, name)

    real = _core.Fit
    query = (
        "select sin(range) x, (hash(range) % 100 < 50 + 30 * sin(range))::double y "
        "from range(5000000)"
    )
    source = RxSqlServerData(connection_string, sql_query=query, dialect="duckdb")
    before = RxOptions.get_option("cacheBytes")
    RxOptions.set_option("cacheBytes", 0)  # each pass asks the database again
    monkeypatch.setattr(_core, "Fit", Counted)
    try:
        with pytest.raises(KeyboardInterrupt):
            insitu.rx_logit("y ~ x", source)
    finally:
        RxOptions.set_option("cacheBytes", before)
    assert made[0].passes == 3


@pytest.mark.parametrize("work", ["import", "predict", "to a table", "info"])
def test_ctrl_c_stops_reading_and_writing_too(
    work: str, connection_string: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    query = "select sum(a.i * b.i)::double x, 1.0 y from range(90000) a(i), range(90000) b(i)"
    source = RxSqlServerData(connection_string, sql_query=query, dialect="duckdb")
    model = insitu.rx_lin_mod("y ~ x", {"x": [1.0, 2.0, 3.0], "y": [1.0, 2.0, 4.0]})
    target = RxSqlServerData(f"duckdb:///{tmp_path}/o.duckdb", table="o")
    calls = {
        "import": lambda: insitu.rx_import(source),
        "predict": lambda: insitu.rx_predict(model, source),
        "to a table": lambda: insitu.rx_predict(model, source, target),
        "info": lambda: insitu.rx_get_info(source),
    }
    source.schema()
    threading.Timer(0.5, _thread.interrupt_main).start()
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        calls[work]()
    assert time.monotonic() - started < 1.5
    assert not (tmp_path / "o.duckdb").exists()
    assert capfd.readouterr() == ("", "")


def test_ctrl_c_leaves_no_file(tmp_path: Path) -> None:
    model = insitu.rx_lin_mod("y ~ x", pd.DataFrame({"x": [1.0, 2.0, 3.0], "y": [1.0, 2.0, 4.0]}))
    threading.Timer(0.5, _thread.interrupt_main).start()
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        insitu.rx_predict(model, _slow(30), output_data=str(tmp_path / "out.parquet"))
    assert time.monotonic() - started < 1.5
    assert list(tmp_path.iterdir()) == []


_INTERRUPTED = """
import _thread, threading, time
import duckdb, insitu
relation = duckdb.connect().sql({query!r})
threading.Timer({seconds}, _thread.interrupt_main).start()
try:
    insitu.rx_lin_mod("y ~ x", relation)
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


@pytest.mark.parametrize(
    "query",
    [
        # no row before the end
        "select sum(a.i * b.i)::double x, 1.0 y from range(300000) a(i), range(300000) b(i)",
        # a few rows, then long nothing
        "select a.i::double x, 1.0 y from range(400000000) a(i) where sin(a.i) > 0.99999999999999",
    ],
)
def test_ctrl_c_in_a_relation_of_the_users_ends_the_process_well(query: str) -> None:
    code = _INTERRUPTED.format(query=query, seconds=0.7)
    started = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "interrupted\n", "")
    assert time.monotonic() - started < 20


def test_execution_timeout_of_predictions(connection_string: str, tmp_path: Path) -> None:
    query = "select sum(a.i * b.i)::double x, 1.0 y from range(300000) a(i), range(300000) b(i)"
    source = RxSqlServerData(connection_string, sql_query=query, dialect="duckdb")
    context = RxInSqlServer(connection_string, execution_timeout_seconds=1)
    model = insitu.rx_lin_mod("y ~ x", {"x": [1.0, 2.0, 3.0], "y": [1.0, 2.0, 4.0]})
    for target in (None, str(tmp_path / "out.parquet")):
        started = time.monotonic()
        with pytest.raises(SourceError, match="execution_timeout_seconds=1"):
            insitu.rx_predict(model, source, target, compute_context=context)
        assert time.monotonic() - started < 4
    assert not (tmp_path / "out.parquet").exists()


def test_execution_timeout(connection_string: str) -> None:
    query = (
        "select r.range::double x, r.range::double y from range(100000000) r order by hash(r.range)"
    )
    source = RxSqlServerData(connection_string, sql_query=query, dialect="duckdb")
    context = RxInSqlServer(connection_string, execution_timeout_seconds=1)
    started = time.monotonic()
    with pytest.raises(SourceError, match="execution_timeout_seconds=1"):
        run_fit("linear", {"formula": "y ~ x"}, source, context)
    assert time.monotonic() - started < 4


def test_a_stream_that_breaks_keeps_its_error() -> None:
    schema = pa.schema([("x", pa.float64())])

    def batches():
        yield pa.RecordBatch.from_arrays([pa.array([1.0])], schema=schema)
        raise OSError("the cable was pulled")

    with pytest.raises(SourceError, match="the cable was pulled"):
        run_fit("summary", {"formula": "~x"}, pa.RecordBatchReader.from_batches(schema, batches()))


def test_errors_of_rows_in_a_map_keep_their_type(tmp_path: Path) -> None:
    model = insitu.rx_lin_mod("y ~ x", pd.DataFrame({"x": [1.0, 2.0, 3.0], "y": [1.0, 2.0, 4.0]}))
    data = pd.DataFrame({"x": [1.0, float("inf")]})
    for target in (
        str(tmp_path / "o.parquet"),
        RxSqlServerData(f"duckdb:///{tmp_path}/o.duckdb", table="o"),
    ):
        with pytest.raises(DataError, match='column "x" holds inf'):
            insitu.rx_predict(model, data, output_data=target)
        assert list(tmp_path.iterdir()) == []


def test_columns_that_no_model_reads() -> None:
    frame = pd.DataFrame({"x": [1.0, 2.0], "z": [1j, 2j], "y": [1.0, 3.0]})
    assert run_fit("linear", {"formula": "y ~ ."}, frame)["coefficients"]["names"] == [
        "(Intercept)",
        "x",
    ]
    with pytest.raises(DataError, match="'z' holds complex128"):
        run_fit("linear", {"formula": "y ~ z"}, frame)
    with pytest.raises(SpecError, match="did you mean"):
        run_fit("linear", {"formula": "y ~ X"}, frame)
    with pytest.raises(SpecError, match='no column "w" for the weights'):
        run_fit("linear", {"formula": "y ~ x", "pweights": "w"}, frame)


def test_a_reader_serves_one_pass() -> None:
    table = pa.table({"x": [1.0, 2.0, 4.0]})
    assert run_fit("summary", {"formula": "~x"}, as_source(table.to_reader()))["n_rows"] == 3
