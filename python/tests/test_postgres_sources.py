"""Tables and queries of PostgreSQL: types, names, errors, secrets, and that nothing can be changed by reading."""

from __future__ import annotations

import datetime
import math
import sys
from typing import Any

import pyarrow as pa
import pytest

import insitu
from insitu.data import RxOdbcData, RxPostgresData, RxSqlServerData
from insitu.data.connections import parse_connection, without_secrets
from insitu.data.conninfo import parts_of, place_of
from insitu.errors import DataError, SourceError, SpecError

# A value of each type that models read, and how it comes.
READ: dict[str, tuple[str, pa.DataType, Any]] = {
    "bool": ("true", pa.bool_(), True),
    "int2": ("-32768", pa.int16(), -32768),
    "int4": ("2147483647", pa.int32(), 2147483647),
    "int8": ("-9223372036854775808", pa.int64(), -(2**63)),
    "oid": ("4294967295", pa.int64(), 4294967295),
    "float4": ("0.1", pa.float32(), 0.10000000149011612),
    "float8": ("0.1", pa.float64(), 0.1),
    "numeric": ("1234567890123456789.5", pa.float64(), 1234567890123456789.5),
    "numeric(10,3)": ("0.125", pa.float64(), 0.125),
    "text": ("'ü 🙂'", pa.string(), "ü 🙂"),
    "varchar(5)": ("'ab '", pa.string(), "ab "),
    "char(5)": ("'ab'", pa.string(), "ab"),
    '"char"': ("'x'", pa.string(), "x"),
    "name": ("'n'", pa.string(), "n"),
    "date": ("'1969-12-31'", pa.date32(), datetime.date(1969, 12, 31)),
    "timestamp": ("'2001-02-03 04:05:06.000007'", pa.timestamp("us"), datetime.datetime(2001, 2, 3, 4, 5, 6, 7)),
    "timestamptz": ("'2001-02-03 04:05:06+02'", pa.timestamp("us", "UTC"),
                    datetime.datetime(2001, 2, 3, 2, 5, 6, tzinfo=datetime.UTC)),
    "mood": ("'ok'", pa.string(), "ok"),
    "positive": ("2.5", pa.float64(), 2.5),
    "cheerful": ("'happy'", pa.string(), "happy"),
}  # fmt: skip
UNREADABLE = {
    "uuid": "'00000000-0000-0000-0000-000000000000'",
    "bytea": "'\\x00'",
    "json": "'{}'",
    "jsonb": "'{}'",
    "int4[]": "'{1}'",
    "interval": "'1 day'",
    "time": "'12:00'",
    "money": "'1.00'",
    "inet": "'127.0.0.1'",
    "point": "'(0,0)'",
    "tsvector": "'a'",
    "int4range": "'[1,2)'",
    "bit(3)": "B'101'",
}


@pytest.fixture
def types(pg: Any) -> Any:
    """A database with a column of every type, one row of values and one of NULLs."""
    pg.sql("create type mood as enum ('sad', 'ok', 'happy')")
    pg.sql(
        "create domain positive as numeric check (value > 0); create domain cheerful as mood not null"
    )
    every = {**{t: v for t, (v, _, _) in READ.items()}, **UNREADABLE}
    columns = ", ".join(f"c{i} {kind}" for i, kind in enumerate(every) if kind != "cheerful")
    pg.sql(f"create table t ({columns}, ch cheerful)")
    values = ", ".join(v for kind, v in every.items() if kind != "cheerful")
    pg.sql(f"insert into t values ({values}, 'happy')")
    return pg


def _column(index: int, kind: str) -> str:
    return "ch" if kind == "cheerful" else f"c{index}"


def test_each_type(types: Any) -> None:
    source = RxPostgresData(types.uri, table="t")
    table, schema = source.to_arrow(), source.schema()
    for i, (kind, (_, arrow_type, value)) in enumerate(READ.items()):
        name = _column(i, kind)
        assert table.schema.field(name).type == arrow_type, kind
        assert table[name].to_pylist() == [value], kind
        assert schema[name].problem is None
    moods = [
        schema[_column(i, kind)] for i, kind in enumerate(READ) if kind in ("mood", "cheerful")
    ]
    assert [column.levels for column in moods] == [("sad", "ok", "happy")] * 2
    assert table.num_columns == len(READ)


def test_types_that_no_model_reads_are_named(types: Any) -> None:
    schema = RxPostgresData(types.uri, table="t").schema()
    for i, kind in enumerate(UNREADABLE, len(READ)):
        said = {"int4[]": "integer[]", "time": "time without time zone", "bit(3)": "bit"}.get(
            kind, kind
        )
        assert schema[f"c{i}"].problem is not None
        assert f"holds {said}, which no model reads" in schema[f"c{i}"].problem
    with pytest.raises(DataError, match="holds uuid"):
        insitu.rx_summary(f"~ c{len(READ)}", RxPostgresData(types.uri, table="t"))


def test_null_of_each_type(types: Any) -> None:
    types.sql("truncate t; insert into t (ch) values ('sad')")
    table = RxPostgresData(types.uri, table="t").to_arrow()
    for i, kind in enumerate(READ):
        if kind != "cheerful":
            assert table[f"c{i}"].null_count == 1, kind


def test_nan_and_infinity(pg: Any) -> None:
    pg.sql(
        "create table t as select v::float8 x, v::numeric n, v::float4 f from unnest(array['NaN', '1', '2', '4']) v"
    )
    summary = insitu.rx_summary("~ x + n + f", RxPostgresData(pg.uri, table="t")).summary_data_frame
    assert summary["ValidObs"].tolist() == [3, 3, 3]
    assert summary["MissingObs"].tolist() == [1, 1, 1]
    pg.sql("update t set x = 'Infinity' where x = 4")
    with pytest.raises(DataError, match="inf"):
        insitu.rx_lin_mod("n ~ x", RxPostgresData(pg.uri, table="t"))
    pg.sql("update t set n = 10::numeric ^ 400 where x = 1")
    with pytest.raises(
        DataError, match=r"cannot be computed in the server.*out of range for type double precision"
    ):
        RxPostgresData(pg.uri, table="t").to_arrow(["n"])


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("date", "infinity"),
        ("date", "-infinity"),
        ("timestamp", "infinity"),
        ("timestamptz", "-infinity"),
    ],
)
def test_infinite_dates_are_refused_with_their_row(pg: Any, kind: str, value: str) -> None:
    pg.sql(
        f"create table t as select ('2020-01-01'::date + i)::{kind} d from generate_series(1, 3000) i"
    )
    pg.sql(f"insert into t values ('{value}')")
    with pytest.raises(DataError, match=r"Column 'd' holds an infinite date or time in row 3,001"):
        RxPostgresData(pg.uri, table="t").to_arrow()
    pg.sql("truncate t; insert into t values ('4713-01-01 BC')")
    assert (
        insitu.rx_summary("~ d", RxPostgresData(pg.uri, table="t")).summary_data_frame["ValidObs"][
            0
        ]
        == 1
    )


def test_levels_of_an_enum_are_the_factor_s(pg: Any) -> None:
    pg.sql("create type size as enum ('s', 'm', 'l', 'unused')")
    pg.sql(
        "create table t (y float8, f size); insert into t values (1, 'l'), (2, 'm'), (4, 's'), (5, 'l')"
    )
    source = RxPostgresData(pg.uri, table="t")
    counts = insitu.rx_summary("~ f", source).categorical[0]
    assert counts.iloc[:, 0].tolist() == ["s", "m", "l", "unused"]
    assert counts["Counts"].tolist() == [1, 1, 2, 0]


@pytest.mark.parametrize(
    "name", ["t", "T", "public.t", "[t]", "[public].[t]", '"public"."t"', "dbo.t"]
)
def test_spellings_of_a_table(pg: Any, name: str) -> None:
    pg.sql("create table t as select 1 x")
    assert RxSqlServerData(pg.uri, table=name).row_count() == 1


def test_names_are_quoted(pg: Any) -> None:
    pg.sql("""create schema "S 1"; create table "S 1"."odd "".x" ("a b" int, "drop""; --" int);
              insert into "S 1"."odd "".x" values (1, 2); create table "Case" (x int); create table "case" (y int)""")
    source = RxPostgresData(pg.uri, table='[S 1].[odd ".x]')
    assert source.to_arrow().to_pydict() == {"a b": [1], 'drop"; --': [2]}
    assert RxPostgresData(pg.uri, table="Case").schema().names == ["x"]
    assert RxPostgresData(pg.uri, table="case").schema().names == ["y"]
    pg.sql(
        'set search_path = "S 1"; create table "a.b" (z int); alter database '
        + pg.name
        + ' set search_path = "S 1"'
    )
    assert RxPostgresData(pg.uri, table="a.b").schema().names == ["z"]


def test_every_kind_of_relation(pg: Any) -> None:
    pg.sql("""create table base as select i::float8 x from generate_series(1, 10) i;
              create view v as select x * 2 as x from base;
              create materialized view m as select x from base where x > 5;
              create table parts (x float8, k int) partition by list (k);
              create table part1 partition of parts for values in (1); create table part2 partition of parts for values in (2);
              insert into parts select i, 1 + i % 2 from generate_series(1, 10) i;
              create table child (extra int) inherits (base); insert into child values (100, 1)""")
    sums = {"base": 155, "v": 310, "m": 40, "parts": 55}
    for name, total in sums.items():
        assert sum(RxPostgresData(pg.uri, table=name).to_arrow(["x"])["x"].to_pylist()) == total
    rows = [RxPostgresData(pg.uri, table=name).row_count() for name in sums]
    assert rows == [11, None, 5, 10]


def test_queries_and_dialects(pg: Any) -> None:
    pg.sql("create table t as select i x, i % 3 f from generate_series(1, 9) i")
    native = "with a as (select x, f from t) select x, sum(x) over (order by x)::int8 as total from a where f = 0 -- end"
    source = RxPostgresData(pg.uri, sql_query=native)
    assert source.to_arrow().to_pydict() == {"x": [3, 6, 9], "total": [3, 9, 18]}
    assert RxOdbcData(
        pg.uri, sql_query="select x from t order by x desc limit 1;"
    ).to_arrow().to_pydict() == {"x": [9]}
    tsql = RxSqlServerData(pg.uri, sql_query="select top 2 x from [dbo].[t] order by x")
    assert tsql.to_arrow()["x"].to_pylist() == [1, 2]
    duck = RxPostgresData(pg.uri, sql_query="from t select x where x = 4", dialect="duckdb")
    assert duck.to_arrow()["x"].to_pylist() == [4]
    assert source.row_count() is None
    # sqlglot may not read all of PostgreSQL's language; the server does.
    odd = "select x from t tablesample bernoulli (100) repeatable (1) where x = any (array[1, 2]) order by 1"
    assert RxPostgresData(pg.uri, sql_query=odd).to_arrow()["x"].to_pylist() == [1, 2]


@pytest.mark.parametrize(
    "query",
    ["delete from t", "drop table t", "select 1; drop table t", "select * into u from t", "", "insert into t values (1) returning x",
     "select 1) as a; drop table t; --", "with d as (delete from t returning x) select x from d", "select 1 as x, 2 as x",
     "copy t to stdout", "create table u as select 1 x", "select x from t for update"],
)  # fmt: skip
def test_nothing_can_be_changed(pg: Any, query: str) -> None:
    pg.sql("create table t as select 1 x")
    for kind in (RxPostgresData, RxOdbcData):
        with pytest.raises((SpecError, SourceError)):
            kind(pg.uri, sql_query=query).to_arrow()
    assert pg.sql("select count(*) from t") == "1"
    assert pg.sql("select to_regclass('u')") == ""


def test_near_names_of_tables_and_words_of_the_server(pg: Any) -> None:
    pg.sql(
        "create table flights as select 1 delay; create schema air; create table air.carriers (x int)"
    )
    with pytest.raises(
        SourceError, match=r"There is no table 'flihgts'.*did you mean 'public\.flights'\?"
    ):
        RxPostgresData(pg.uri, table="flihgts").schema()
    with pytest.raises(SourceError, match=r"did you mean 'air\.carriers'"):
        RxPostgresData(pg.uri, table="carriers").schema()
    with pytest.raises(
        SourceError, match=r'(?s)column "dely" does not exist.*near .*dely.*the query is'
    ):
        RxPostgresData(pg.uri, sql_query="select dely from flights").schema()
    with pytest.raises(SpecError, match="did you mean 'delay'"):
        insitu.rx_lin_mod("delay ~ dealy", RxPostgresData(pg.uri, table="flights"))
    with pytest.raises(SourceError, match=r"division by zero; the query is 'select 1/\(delay"):
        RxPostgresData(pg.uri, sql_query="select 1/(delay - 1) z from flights").to_arrow()
    with pytest.raises(SpecError, match="cannot be read as tsql"):
        RxSqlServerData(pg.uri, sql_query="select (x from t").schema()


def test_no_permission(pg: Any) -> None:
    pg.sql("create table t as select 1 x")
    uri = pg.role("reader", "pw")
    with pytest.raises(SourceError, match="refuses the query: permission denied for table t"):
        RxPostgresData(uri, table="t").to_arrow()
    pg.sql("grant select (x) on t to reader")
    assert RxPostgresData(uri, table="t").to_arrow().num_rows == 1
    pg.sql("alter table t enable row level security; create policy p on t using (x > 1)")
    assert RxPostgresData(uri, table="t").to_arrow().num_rows == 0
    assert RxPostgresData(pg.uri, table="t").to_arrow().num_rows == 1


def test_a_statement_timeout(pg: Any) -> None:
    pg.sql(
        f"create table t as select 1 x; alter database {pg.name} set statement_timeout = '300ms'"
    )
    source = RxPostgresData(pg.uri, sql_query="select x, pg_sleep(60)::text s from t")
    with pytest.raises(SourceError, match="statement timeout; raise statement_timeout"):
        source.to_arrow()


@pytest.mark.parametrize("secret", ["s3cret", "s3/c:ret", "a@b", "it's"])
def test_passwords_are_never_shown(pg: Any, secret: str) -> None:
    from urllib.parse import quote

    quoted = secret.replace("'", "\\'")
    host = f"127.0.0.1:{pg.server.port}"
    strings = [
        f"postgresql://nobody:{quote(secret, safe='')}@{host}/{pg.name}",
        f"postgresql://nobody@{host}/{pg.name}?password={quote(secret, safe='')}",
        f"host=127.0.0.1 port={pg.server.port} dbname={pg.name} user=nobody password='{quoted}'",
        f"postgresql://nobody:{quote(secret, safe='')}%zz@{host}/{pg.name}",
        f"postgresql://nobody:{quote(secret, safe='')}@127.0.0.1:1/{pg.name}",
    ]
    for string in strings:
        source = RxPostgresData(string, table="t")
        context = insitu.RxInPostgres(string)
        with pytest.raises(SourceError) as caught:
            source.schema()
        told = [
            repr(source),
            str(caught.value),
            repr(context),
            str(source.connection_string),
            repr(source.target),
        ]
        for text in told:
            assert secret not in text
            assert quote(secret, safe="") not in text


def test_servers_that_do_not_answer(pg: Any) -> None:
    role = pg.role("someone", "right")
    for uri, words in {
        role.replace(":right@", ":wrong@"): "password authentication failed for user",
        pg.uri.rsplit("/", 1)[0] + "/nothere": 'database "nothere" does not exist',
        "postgresql://127.0.0.1:1/x": "Connection refused",
        "postgresql://no.such.host.invalid/x": "translate host name",
        "host=127.0.0.1 port=none": "port",
    }.items():
        with pytest.raises(SourceError, match=rf"PostgreSQL cannot be reached.*{words}"):
            RxPostgresData(uri, table="t").schema()
    assert RxPostgresData(role, sql_query="select 1 x").to_arrow().num_rows == 1


def test_connection_strings() -> None:
    assert parse_connection("postgres://h/db").engine == "PostgreSQL"
    assert parse_connection("host=h dbname=db").engine == "PostgreSQL"
    assert parse_connection("postgresql+psycopg://h/db").engine == "PostgreSQL"
    assert (
        parse_connection("postgresql://u:p@H:5432/db").key
        == parse_connection("host=h dbname=db user=v").key
    )
    assert (
        parse_connection("postgresql://h:5433/db").key != parse_connection("postgresql://h/db").key
    )
    assert parts_of("postgresql://[::1]:7/db?sslmode=require&user=me") == {
        "host": "::1", "port": "7", "dbname": "db", "sslmode": "require", "user": "me"
    }  # fmt: skip
    assert place_of(parts_of("postgresql://u@a,b:6000,c/d"))[:2] == ("a,b,c", ",6000,")
    assert without_secrets("host=h password='a b' user=u") == "host=h password=*** user=u"
    with pytest.raises(SpecError, match="RxInPostgres takes a connection string"):
        insitu.RxInPostgres("duckdb:///x.duckdb")
    with pytest.raises(SpecError, match="exactly one"):
        RxPostgresData("postgresql://h/db")


def test_a_missing_driver_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "adbc_driver_postgresql", None)
    with pytest.raises(SourceError, match=r"pip install 'insitu\[postgres\]'"):
        RxPostgresData("postgresql://h/db", table="t").schema()


def test_reading_says_who_reads_and_what_for(pg: Any) -> None:
    query = "select current_setting('application_name') as a, current_query() as q, current_setting('transaction_read_only') as r"
    row = RxPostgresData(pg.uri, sql_query=query).to_arrow().to_pylist()[0]
    assert row["a"] == "insitu"
    assert row["r"] == "on"
    assert "/* insitu read */" in row["q"]


def test_a_database_that_is_not_in_utf8(pg: Any) -> None:
    pg.server.psql(f"create database {pg.name}l encoding 'LATIN1' locale 'C' template template0")
    try:
        uri = pg.server.connection_string(f"{pg.name}l")
        pg.server.psql("create table t as select chr(233) s", f"{pg.name}l")
        assert RxPostgresData(uri, table="t").to_arrow()["s"].to_pylist() == ["é"]
    finally:
        pg.server.drop_database(f"{pg.name}l")


def test_nothing_stays_open(pg: Any) -> None:
    pg.sql("create table t as select i::float8 x, i::float8 y from generate_series(1, 300000) i")
    source = RxPostgresData(pg.uri, table="t", column_info={"y": {"newName": "z"}})
    source.head(3)
    source.select("x > 1").head(2)
    insitu.rx_lin_mod("z ~ x", source)
    with pytest.raises(SpecError):
        insitu.rx_lin_mod("z ~ nothing", source)
    assert math.isclose(insitu.rx_summary("~ x", source).summary_data_frame["Mean"][0], 150000.5)
    assert pg.sql("select count(*) from pg_stat_activity where application_name = 'insitu'") == "0"
