"""Tables and queries of DuckDB databases, connection strings, locks and secrets."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from insitu.data import RxOdbcData, RxSqlServerData
from insitu.data.connections import parse_connection, without_secrets
from insitu.data.queries import to_duckdb
from insitu.errors import SourceError, SpecError


@pytest.fixture
def database(tmp_path: Path) -> str:
    path = tmp_path / "d.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "create table t as select range::double x, 'l' || range % 3 f from range(100)"
        )
        connection.execute('create table "odd ""name"".x" as select 1 as "a b"')
        connection.execute("create schema s")
        connection.execute("create table s.u as select 7 v")
    return f"duckdb:///{path}"


def test_tables_and_queries(database: str) -> None:
    assert RxSqlServerData(database, table="t").row_count() == 100
    assert RxSqlServerData(database, table='odd "name".x').to_arrow().to_pydict() == {"a b": [1]}
    assert RxOdbcData(database, table="s.u").to_arrow().to_pydict() == {"v": [7]}
    assert RxSqlServerData(database, table="dbo.t").row_count() == 100
    top = RxSqlServerData(
        database, sql_query="select top 10 * from [dbo].[t] where x >= 5 order by x"
    )
    assert top.to_arrow()["x"].to_pylist() == [float(i) for i in range(5, 15)]
    native = RxSqlServerData(database, sql_query="from t limit 2", dialect="duckdb")
    assert native.to_arrow(["x"]).num_rows == 2
    assert RxOdbcData(database, sql_query="from t limit 3").to_arrow(["x"]).num_rows == 3


def test_order_is_kept_on_several_threads(tmp_path: Path) -> None:
    path = tmp_path / "big.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create table t as select range x from range(1000000)")
    table = RxOdbcData(f"duckdb:///{path}", table="t").to_arrow()
    assert table["x"].to_numpy().tolist() == list(range(1_000_000))


@pytest.mark.parametrize("name", ["t", "T", "dbo.t", "[t]", "[dbo].[t]", "main.t"])
def test_spellings_of_a_table(database: str, name: str) -> None:
    assert RxSqlServerData(database, table=name).row_count() == 100


def test_tsql_float_is_double() -> None:
    assert (
        to_duckdb("select cast(x as float) as y from t", "tsql")
        == "SELECT CAST(x AS DOUBLE) AS y FROM t"
    )


def test_only_one_select(database: str) -> None:
    with pytest.raises(SpecError, match="one SELECT"):
        RxSqlServerData(database, sql_query="select * into u from t").schema()
    for query in ("drop table t", "select 1; drop table t", "delete from t", ""):
        for kind in (RxSqlServerData, RxOdbcData):
            with pytest.raises(SpecError):
                kind(database, sql_query=query).schema()
    assert RxOdbcData(database, table="t").row_count() == 100


def test_a_query_that_fails_says_where(database: str) -> None:
    with pytest.raises(SourceError, match=r"(?s)failed: .*nothere.*select \* from nothere"):
        RxOdbcData(database, sql_query="select * from nothere").schema()
    with pytest.raises(SourceError, match="Could not convert string 'l0'"):
        RxOdbcData(database, sql_query="select f::int i from t").to_arrow()
    with pytest.raises(SpecError, match="cannot be read as tsql"):
        RxSqlServerData(database, sql_query="select (x from t").schema()


def test_table_xor_query(database: str) -> None:
    for arguments in ({}, {"table": "t", "sql_query": "select 1"}):
        with pytest.raises(SpecError, match="exactly one"):
            RxSqlServerData(database, **arguments)


def test_files_that_are_no_database(tmp_path: Path) -> None:
    path = tmp_path / "no.duckdb"
    path.write_text("hello " * 5000)
    with pytest.raises(SourceError, match="is not a DuckDB database"):
        RxOdbcData(f"duckdb:///{path}", table="t").schema()
    with pytest.raises(SourceError, match="There is no database file"):
        RxOdbcData(f"duckdb:///{tmp_path}/none.duckdb", table="t").schema()
    assert not (tmp_path / "none.duckdb").exists()


def test_a_database_open_in_this_process_is_shared(database: str, tmp_path: Path) -> None:
    source = RxOdbcData(database, table="t")
    with duckdb.connect(str(tmp_path / "d.duckdb")) as connection:
        connection.execute("insert into t values (1e6, 'new')")
        assert source.row_count() == 101
        assert source.to_arrow()["x"].to_pylist()[-1] == 1e6
    with duckdb.connect(str(tmp_path / "d.duckdb"), read_only=True):
        assert source.row_count() == 101


def test_other_settings_need_the_connection_itself(database: str, tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "d.duckdb"), config={"threads": "1"}) as connection:
        with pytest.raises(SourceError, match="pass that connection itself"):
            RxOdbcData(database, table="t").row_count()
        assert RxOdbcData(connection, table="t").row_count() == 100


def test_nothing_stays_open(database: str, tmp_path: Path) -> None:
    source = RxOdbcData(database, table="t", column_info={"f": {"newName": "g"}})
    source.head()
    source.select("x > 1").to_arrow()
    duckdb.connect(str(tmp_path / "d.duckdb"), config={"threads": "1"}).close()


def test_a_lock_names_its_holder(database: str, tmp_path: Path) -> None:
    code = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "d.duckdb")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline().strip() == b"open"
        with pytest.raises(SourceError, match=rf"locked by process {holder.pid}"):
            RxOdbcData(database, table="t").row_count()
    finally:
        holder.communicate(b"")


@pytest.mark.parametrize(
    "connection",
    [
        "Driver=SQL Server;Server=.;Database=RevoTestDB;Uid=me;Pwd=s3cret",
        "Driver={ODBC Driver 17 for SQL Server};Server=x;PWD={s3cret;}",
        "mysql://me:s3cret@host/db",
        "mssql+pyodbc://me:s3cret@host/db",
        "sqlite:///x.db",
    ],
)
def test_engines_to_come(connection: str) -> None:
    source = RxSqlServerData(connection, table="t")
    with pytest.raises(SourceError, match="not available yet") as caught:
        source.schema()
    assert "s3cret" not in str(caught.value)
    assert "s3cret" not in repr(source)


def test_connection_strings() -> None:
    assert parse_connection("duckdb:////a/b.duckdb").path == "/a/b.duckdb"
    assert parse_connection("duckdb:///b.duckdb").path == str(Path.cwd() / "b.duckdb")
    assert parse_connection("duckdb:///with%20space.duckdb").path.endswith("/with space.duckdb")
    for wrong in ("flights", "duckdb://host/x", 3, None):
        with pytest.raises(SpecError):
            parse_connection(wrong)
    assert without_secrets("token=abc;x=1") == "token=***;x=1"


def test_memory_is_this_process_default_database() -> None:
    duckdb.sql("create or replace table insitu_memory as select 3 z")
    try:
        source = RxOdbcData("duckdb:///:memory:", table="insitu_memory")
        assert source.to_arrow().to_pydict() == {"z": [3]}
    finally:
        duckdb.sql("drop table insitu_memory")


def test_server_arguments_make_a_string() -> None:
    source = RxSqlServerData(
        table="t", server="srv", database_name="db", user="u", password="s3cret"
    )
    assert "s3cret" not in repr(source)
    assert "Server=srv" in source.connection_string
