"""rx_import, and the targets that rows are written to."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import warnings
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from insitu import rx_import
from insitu.data import RxParquetData, RxSqlServerData, RxTextData, as_source
from insitu.data.sinks import as_sink
from insitu.errors import SourceError, SpecError
from insitu.options import RxOptions


def test_types_of_a_frame_have_no_sentinels(tmp_path: Path) -> None:
    table = pa.table({"n": [1, None], "x": [1.5, None], "b": [True, None], "f": ["b", "a"]})
    pq.write_table(table, tmp_path / "t.parquet")
    info = {"f": {"type": "factor", "levels": ["a", "b", "c"]}}
    frame = rx_import(str(tmp_path / "t.parquet"), column_info=info)
    assert frame["n"].dtype == "Int64"
    assert frame["n"].isna().tolist() == [False, True]
    assert frame["x"].dtype == "float64"
    assert frame["b"].dtype == "boolean"
    assert frame["f"].cat.categories.tolist() == ["a", "b", "c"]
    assert frame["f"].tolist() == ["b", "a"]
    text = rx_import(str(tmp_path / "t.parquet"))
    assert text["f"].dtype == "str"
    assert rx_import(str(tmp_path / "t.parquet"), strings_as_factors=True)[
        "f"
    ].cat.categories.tolist() == ["a", "b"]


def test_values_outside_the_levels_are_missing() -> None:
    frame = rx_import(pd.DataFrame({"f": ["a", "z"]}), column_info={"f": {"levels": ["a"]}})
    assert frame["f"].isna().tolist() == [False, True]


def test_columns_rows_and_expressions() -> None:
    data = {"a": [1, 2, 3], "b": [4, 5, 6], "c": [7, 8, 9]}
    assert list(rx_import(data, vars_to_keep=["c", "a"])) == ["a", "c"]
    assert list(rx_import(data, vars_to_drop=["b"])) == ["a", "c"]
    assert rx_import(data, number_rows=2)["a"].tolist() == [1, 2]
    assert rx_import(data, row_selection="a > 1", transforms={"d": "a + b"})["d"].tolist() == [7, 9]
    with pytest.raises(SpecError):
        rx_import(data, vars_to_keep=["a"], vars_to_drop=["b"])
    with pytest.warns(UserWarning, match="max_rows_by_columns"):
        assert len(rx_import(data, max_rows_by_columns=3)) == 1


def test_chosen_columns_do_not_hide_what_expressions_use(tmp_path: Path) -> None:
    data = {"a": [1, 2, 3], "b": [4, 5, 6]}
    assert rx_import(data, vars_to_keep=["d"], transforms={"d": "a + b"})["d"].tolist() == [5, 7, 9]
    assert rx_import(data, vars_to_keep="a", row_selection="b > 5").to_dict("list") == {"a": [3]}
    assert list(rx_import(data, vars_to_drop="a")) == ["b"]
    with pytest.raises(SpecError, match="no column 'c'"):
        rx_import(as_source(data), vars_to_drop=["c"])


def test_rows_that_are_cut_off_are_told_of_any_source(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("x,y\n1,2\n3,4\n5,6\n")
    with pytest.warns(UserWarning, match="first 2 rows.*max_rows_by_columns allows 5 cells"):
        assert len(rx_import(str(tmp_path / "t.csv"), max_rows_by_columns=5)) == 2
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(rx_import(str(tmp_path / "t.csv"), max_rows_by_columns=6)) == 3
        assert len(rx_import(str(tmp_path / "t.csv"), max_rows_by_columns=4, number_rows=2)) == 2


def test_output_file_is_written_whole(tmp_path: Path) -> None:
    data = pd.DataFrame({"x": np.arange(600_000.0), "f": ["a", "b", "c"] * 200_000})
    target = str(tmp_path / "out.parquet")
    written = rx_import(data, output_file=target)
    assert isinstance(written, RxParquetData)
    assert written.to_arrow(["x"])["x"].to_numpy().tolist() == data["x"].tolist()
    assert pq.ParquetFile(target).num_row_groups == 2
    assert pq.ParquetFile(target).schema_arrow.field("f").type == pa.string()
    with pytest.raises(SpecError, match="exists"):
        rx_import(data, output_file=target)
    rx_import(data.head(3), output_file=target, overwrite=True)
    assert as_source(target).row_count() == 3
    rx_import(data.head(2), output_file=target, append="rows")
    assert as_source(target).to_arrow()["x"].to_pylist() == [0.0, 1.0, 2.0, 0.0, 1.0]
    with pytest.raises(SpecError, match="must match"):
        rx_import({"z": [1]}, output_file=target, append="rows")
    assert os.listdir(tmp_path) == ["out.parquet"]


def test_csv_target(tmp_path: Path) -> None:
    target = str(tmp_path / "out.csv")
    written = rx_import(
        pd.DataFrame({"x": [1.5, np.nan], "f": pd.Categorical(["a", "b"])}), output_file=target
    )
    assert isinstance(written, RxTextData)
    rx_import({"x": [0.1], "f": ["c"]}, output_file=target, append="rows")
    table = written.to_arrow()
    assert table["f"].to_pylist() == ["a", "b", "c"]
    assert table["x"].to_pylist()[2] == 0.1


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("o.csv", {"delimiter": ";"}),
        ("o.txt", {"delimiter": "\t"}),
        ("o.tsv", {}),
        ("o.csv.gz", {}),
        ("o.csv.zst", {}),
        ("o.csv", {"first_row_is_column_names": False}),
    ],
)
def test_text_is_written_as_it_is_read(tmp_path: Path, name: str, options: dict) -> None:
    target = RxTextData(str(tmp_path / name), **options)
    rx_import({"x": [0.5, None], "f": ["a", "b"]}, output_file=target)
    rx_import({"x": [3.0], "f": ["c"]}, output_file=target, append="rows")
    read = RxTextData(str(tmp_path / name), **options).to_arrow()
    assert [column.to_pylist() for column in read] == [[0.5, None, 3.0], ["a", "b", "c"]]


def test_table_target_is_replaced_in_one_transaction(tmp_path: Path) -> None:
    string = f"duckdb:///{tmp_path}/d.duckdb"
    target = RxSqlServerData(string, table="t")
    assert rx_import({"x": [1, 2]}, output_file=target) is target
    with pytest.raises(SpecError, match="exists"):
        rx_import({"x": [3]}, output_file=target)
    rx_import({"x": [3]}, output_file=target, append="rows")
    assert target.to_arrow()["x"].to_pylist() == [1, 2, 3]
    with pytest.raises(SpecError, match="must match"):
        rx_import({"z": [1]}, output_file=target, append="rows")
    with pytest.raises(SpecError, match=r"'x' of the table 't' holds int64, and .* double"):
        rx_import({"x": [1.5]}, output_file=target, append="rows")
    broken = RxSqlServerData(
        string,
        sql_query="select case when x < 3 then x else error('stop') end x from range(1, 5) t(x)",
        dialect="duckdb",
    )
    for options in ({"overwrite": True}, {"append": "rows"}):
        with pytest.raises(SourceError, match="stop"):
            rx_import(broken, output_file=target, **options)
        assert target.to_arrow()["x"].to_pylist() == [1, 2, 3]
    rx_import({"y": ["a"]}, output_file=target, overwrite=True)
    assert RxSqlServerData(string, table="t").to_arrow().to_pydict() == {"y": ["a"]}
    with duckdb.connect(str(tmp_path / "d.duckdb")) as connection:
        tables = connection.execute("select table_name from information_schema.tables").fetchall()
    assert tables == [("t",)]


def test_a_source_may_lie_beside_its_target(tmp_path: Path) -> None:
    string = f"duckdb:///{tmp_path}/d.duckdb"
    with duckdb.connect(str(tmp_path / "d.duckdb")) as connection:
        connection.execute("create table t as select range x from range(300000)")
    rx_import(
        RxSqlServerData(string, table="t"),
        output_file=RxSqlServerData(string, table="u"),
        row_selection="x % 2 = 0",
    )
    assert RxSqlServerData(string, table="u").to_arrow()["x"].to_numpy().tolist() == list(
        range(0, 300_000, 2)
    )


def test_a_failed_target_leaves_nothing(tmp_path: Path) -> None:
    string = f"duckdb:///{tmp_path}/new.duckdb"
    source = tmp_path / "broken.csv"
    source.write_text("x\n" + "1\n" * 50_000 + "oops\n")
    for target in (
        str(tmp_path / "o.parquet"),
        str(tmp_path / "o.csv"),
        RxSqlServerData(string, table="t"),
    ):
        with pytest.raises(SourceError, match=r"Line 50002"):
            rx_import(str(source), output_file=target)
        assert os.listdir(tmp_path) == ["broken.csv"]


def test_a_full_disk_is_a_sentence_and_leaves_what_was_there(tmp_path: Path) -> None:
    target = tmp_path / "o.parquet"
    pq.write_table(pa.table({"x": [1.0]}), target)
    data = pd.DataFrame({"x": np.random.default_rng(0).normal(size=500_000)})
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(
        resource.RLIMIT_FSIZE, (100_000, limits[1])
    )  # as if the disk were full at 100 kB
    try:
        with pytest.raises(SourceError, match=r"Writing .*o\.parquet.* failed: .*too large"):
            rx_import(data, output_file=str(target), overwrite=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert os.listdir(tmp_path) == ["o.parquet"]
    assert as_source(str(target)).to_arrow()["x"].to_pylist() == [1.0]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_no_space_is_told(tmp_path: Path) -> None:
    from insitu.data.sinks import writing

    with (
        pytest.raises(SourceError, match="No space left on device"),
        writing("t.parquet"),
        open("/dev/full", "wb", buffering=0) as file,
    ):
        file.write(b"x")


def test_targets_that_make_no_sense(tmp_path: Path) -> None:
    for wrong in (3, "out.xyz", str(tmp_path)):
        with pytest.raises(SpecError):
            as_sink(wrong)
    with pytest.raises(SpecError, match="query"):
        as_sink(RxSqlServerData("duckdb:///x.duckdb", sql_query="select 1"))
    with pytest.raises(SpecError, match="append"):
        as_sink("x.parquet", append="cols")
    with pytest.raises(SourceError, match="no directory"):
        rx_import({"x": [1]}, output_file=str(tmp_path / "none" / "o.parquet"))


def test_output_path_option(tmp_path: Path) -> None:
    before = RxOptions.set_option("OutDataPath", [str(tmp_path / "none"), str(tmp_path)])[
        "OutDataPath"
    ]
    try:
        rx_import({"x": [1]}, output_file="o.parquet")
    finally:
        RxOptions.set_option("OutDataPath", before)
    assert (tmp_path / "o.parquet").exists()


def test_no_rows_make_an_empty_file(tmp_path: Path) -> None:
    target = str(tmp_path / "o.parquet")
    rx_import({"x": [1.0]}, output_file=target, row_selection="x > 5")
    assert as_source(target).to_arrow().to_pydict() == {"x": []}


@pytest.mark.parametrize("before", ["x\n1\n2", "x\n1\n2\n"])
def test_rows_of_text_begin_a_line_of_their_own(tmp_path: Path, before: str) -> None:
    target = tmp_path / "t.csv"
    target.write_text(before)
    rx_import({"x": [3]}, output_file=str(target), append="rows")
    assert as_source(str(target)).to_arrow()["x"].to_pylist() == [1, 2, 3]


def test_lines_that_end_otherwise_are_not_mixed(tmp_path: Path) -> None:
    target = tmp_path / "t.csv"
    target.write_bytes(b"x\r\n1\r\n")
    with pytest.raises(SpecError, match=r"t\.csv' end in a carriage return"):
        rx_import({"x": [3]}, output_file=str(target), append="rows")
    assert target.read_bytes() == b"x\r\n1\r\n"


def test_text_takes_rows_of_its_own_columns_only(tmp_path: Path) -> None:
    target = tmp_path / "t.csv"
    target.write_text('x,"a ""b"" 😀"\n1,2\n')
    for other in ({'a "b" 😀': [3], "x": [4]}, {"x": [3]}, {"x": [3], "z": [4]}):
        with pytest.raises(SpecError, match=r"are \['x', 'a \"b\" 😀'\], and those to append are"):
            rx_import(other, output_file=str(target), append="rows")
    rx_import({"x": [3], 'a "b" 😀': [4]}, output_file=str(target), append="rows")
    assert as_source(str(target)).to_arrow().to_pydict() == {"x": [1, 3], 'a "b" 😀': [2, 4]}
    assert os.listdir(tmp_path) == ["t.csv"]
    bare = RxTextData(str(target), first_row_is_column_names=False, rows_to_skip=1)
    with pytest.raises(SpecError, match=r"are \['V1', 'V2'\], and those to append are \['x'\]"):
        rx_import({"x": [5]}, output_file=bare, append="rows")


def test_a_header_without_end_is_told(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a" * 200_000)
    with pytest.raises(SourceError, match=r"Writing '.*t\.csv' failed: field larger"):
        rx_import({"x": [3]}, output_file=str(tmp_path / "t.csv"), append="rows")


def test_an_empty_file_of_text_gets_a_header(tmp_path: Path) -> None:
    target = tmp_path / "t.csv"
    target.touch()
    rx_import({"x": [1]}, output_file=str(target), append="rows")
    assert as_source(str(target)).to_arrow().to_pydict() == {"x": [1]}


def test_a_table_of_another_schema_is_another_table(tmp_path: Path) -> None:
    string = f"duckdb:///{tmp_path}/d.duckdb"
    with duckdb.connect(str(tmp_path / "d.duckdb")) as connection:
        connection.execute("create schema s; create table s.t as select 1 x")
    rx_import({"x": [2]}, output_file=RxSqlServerData(string, table="t"))
    assert RxSqlServerData(string, table="t").to_arrow()["x"].to_pylist() == [2]
    assert RxSqlServerData(string, table="s.t").to_arrow()["x"].to_pylist() == [1]
    with pytest.raises(SpecError, match=r"'S.T' exists"):
        rx_import({"x": [2]}, output_file=RxSqlServerData(string, table="S.T"))


def test_a_table_of_an_attached_database_is_not_replaced_unasked() -> None:
    with duckdb.connect() as connection:
        connection.execute("attach ':memory:' as other; create table other.t as select 1 x")
        with pytest.raises(SpecError, match=r"'other.t' exists"):
            rx_import({"x": [2]}, output_file=RxSqlServerData(connection, table="other.t"))


def test_a_view_that_fails_is_told_as_the_target(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "d.duckdb")) as connection:
        connection.execute("create table t (x int); create view v as from t; drop table t")
    target = RxSqlServerData(f"duckdb:///{tmp_path}/d.duckdb", table="v")
    with pytest.raises(SourceError, match=r"table 'v' cannot be written: .*; it is as it was"):
        rx_import({"x": [1]}, output_file=target, append="rows")


@pytest.mark.parametrize(
    ("before", "now", "types"),
    [
        ([1, 2], [1.5], "int64, and .* double"),
        ([0.5], ["1.5"], "double, and .* string"),
        ([True], [1], "bool, and .* int64"),
    ],
)
def test_rows_of_another_type_are_not_appended(
    tmp_path: Path, before: list, now: list, types: str
) -> None:
    table = RxSqlServerData(f"duckdb:///{tmp_path}/d.duckdb", table="t")
    for target, name in (
        (str(tmp_path / "t.parquet"), r"file '.*t\.parquet'"),
        (table, "table 't'"),
    ):
        rx_import({"x": before}, output_file=target)
        with pytest.raises(SpecError, match=f"'x' of the {name} holds {types}"):
            rx_import({"x": now}, output_file=target, append="rows")
        assert as_source(target).to_arrow()["x"].to_pylist() == before
    assert sorted(os.listdir(tmp_path)) == ["d.duckdb", "t.parquet"]


def test_whole_numbers_are_appended_to_numbers_and_anything_to_text(tmp_path: Path) -> None:
    target = str(tmp_path / "t.parquet")
    rx_import({"x": [0.5], "f": ["a"]}, output_file=target)
    more = pd.DataFrame({"x": [2], "f": pd.Categorical(["b"])})
    rx_import(more, output_file=target, append="rows")
    rx_import(pa.table({"x": pa.nulls(1), "f": pa.nulls(1)}), output_file=target, append="rows")
    expected = {"x": [0.5, 2.0, None], "f": ["a", "b", None]}
    assert as_source(target).to_arrow().to_pydict() == expected


def test_a_number_too_large_for_the_target_is_not_blamed_on_the_source(tmp_path: Path) -> None:
    target = tmp_path / "t.parquet"
    pq.write_table(pa.table({"x": pa.array([1], pa.int32())}), target)
    with pytest.raises(SourceError, match=r"Writing '.*t\.parquet' failed: .*3000000000"):
        rx_import({"x": [3_000_000_000]}, output_file=str(target), append="rows")
    assert pq.read_table(target)["x"].to_pylist() == [1]


def test_a_truncated_target_is_named(tmp_path: Path) -> None:
    target = tmp_path / "t.parquet"
    pq.write_table(pa.table({"x": [1]}), target)
    target.write_bytes(target.read_bytes()[:-6])
    with pytest.raises(SourceError, match=r"Writing '.*t\.parquet' failed: .*Parquet"):
        rx_import({"x": [2]}, output_file=str(target), append="rows")


_REFUSED = """
import insitu
rows = {"x": [1.0, 2.0, 3.0], "y": [1.0, 2.0, 4.0]}
model = insitu.rx_lin_mod("y ~ x", rows)
insitu.rx_import({"z": [1]}, output_file="t.parquet")
try:
    insitu.rx_predict(model, rows, output_data="t.parquet", append="rows")
except insitu.SpecError:
    print("refused")
"""


def test_a_refused_target_keeps_nothing_alive(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _REFUSED]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("refused\n", "")
