"""Parquet and text files: sets of files, levels, and files that are broken."""

from __future__ import annotations

import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from insitu.data import RxParquetData, RxTextData, as_source
from insitu.data.sniffing import Layout, whole_number_problem
from insitu.errors import DataError, SourceError, SpecError
from insitu.options import RxOptions


def write(path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_parquet_sets(tmp_path: Path) -> None:
    for i in (2, 1, 3):
        pq.write_table(
            pa.table({"x": [i * 10, i * 10 + 1], "f": ["a", "b"]}), tmp_path / f"{i}.parquet"
        )
    expected = [10, 11, 20, 21, 30, 31]
    for file in (
        str(tmp_path),
        str(tmp_path / "*.parquet"),
        [str(tmp_path / f"{i}.parquet") for i in (1, 2, 3)],
    ):
        source = as_source(file)
        assert isinstance(source, RxParquetData)
        assert source.to_arrow(["x"])["x"].to_pylist() == expected
        assert source.row_count() == 6


def test_parquet_text_comes_as_dictionaries(tmp_path: Path) -> None:
    path = str(tmp_path / "t.parquet")
    pq.write_table(pa.table({"f": ["b", "a", None], "x": [1.0, 2.0, 3.0]}), path)
    source = as_source(path)
    assert source.schema()["f"].levels is None
    table = source.to_arrow(["x", "f"])
    assert table.column_names == ["x", "f"]
    assert pa.types.is_dictionary(table["f"].type)
    assert table["f"].to_pylist() == ["b", "a", None]
    assert source.head()["f"].dtype == "str"


def test_parquet_of_every_text_layout_and_of_categories(tmp_path: Path) -> None:
    path = str(tmp_path / "t.parquet")
    values = ["b", "a", "b"]
    table = pa.table(
        {
            "large": pa.array(values, pa.large_string()),
            "view": pa.array(values, pa.string_view()),
            "category": pa.array(values).dictionary_encode(),
            "a.b": values,
        }
    )
    pq.write_table(table, path)
    source = as_source(path, column_info={"large": {"newName": "renamed"}})
    result = source.to_arrow()
    assert result.column_names == ["renamed", "view", "category", "a.b"]
    assert all(column.to_pylist() == values for column in result.columns)
    assert source.select("\"a.b\" = 'b'").to_arrow(["view"])["view"].to_pylist() == ["b", "b"]
    assert source.schema()["category"].categorical
    assert source.schema()["category"].levels is None


def test_files_whose_columns_differ(tmp_path: Path) -> None:
    pq.write_table(pa.table({"x": [1, 2], "f": ["a", "b"]}), tmp_path / "1.parquet")
    pq.write_table(pa.table({"f": ["c"], "x": pa.array([3.0])}), tmp_path / "2.parquet")
    table = as_source([str(tmp_path / "1.parquet"), str(tmp_path / "2.parquet")]).to_arrow()
    assert table["x"].to_pylist() == [1, 2, 3]
    assert table["f"].to_pylist() == ["a", "b", "c"]


def test_hive_partitions_are_columns(tmp_path: Path) -> None:
    for day in ("Mon", "Tue"):
        (tmp_path / f"day={day}").mkdir()
        pq.write_table(pa.table({"x": [1.0]}), tmp_path / f"day={day}" / "part.parquet")
    table = as_source(str(tmp_path)).to_arrow()
    assert table["day"].cast(pa.string()).to_pylist() == ["Mon", "Tue"]


def test_a_truncated_parquet_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"x": list(range(10_000))}), path)
    whole = path.read_bytes()
    for size in (0, 3, 100, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:size])
        with pytest.raises(SourceError, match=r"t\.parquet"):
            as_source(str(path)).to_arrow()


def test_a_damaged_page_is_a_source_error(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"x": [float(i) for i in range(100_000)]}), path, compression="zstd")
    damaged = bytearray(path.read_bytes())
    damaged[200:20_000] = b"\xff" * 19_800
    path.write_bytes(damaged)
    with pytest.raises(SourceError, match=r"t\.parquet"):
        as_source(str(path)).to_arrow()


def test_missing_files(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="There is no file"):
        as_source(str(tmp_path / "no.parquet")).schema()
    with pytest.raises(SourceError, match="No file matches"):
        as_source(str(tmp_path / "*.parquet")).schema()
    with pytest.raises(SourceError, match="holds no file"):
        RxParquetData(str(tmp_path)).schema()


def test_data_path_is_searched(tmp_path: Path) -> None:
    pq.write_table(pa.table({"x": [1]}), tmp_path / "found.parquet")
    before = RxOptions.set_option("DataPath", [".", str(tmp_path)])["DataPath"]
    try:
        assert as_source("found.parquet").row_count() == 1
    finally:
        RxOptions.set_option("DataPath", before)


def test_csv_types_missing_and_levels(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", 'x,day,late\n1.5,Mon,True\nNA,"Tue, early",False\n,,\n')
    source = as_source(path, column_info={"day": {"type": "factor", "levels": ["Mon"]}})
    assert isinstance(source, RxTextData)
    schema = source.schema()
    assert (schema["x"].kind, schema["day"].levels, schema["late"].logical) == (
        "numeric",
        ("Mon",),
        True,
    )
    assert source.to_arrow().to_pydict() == {
        "x": [1.5, None, None],
        "day": ["Mon", "Tue, early", None],
        "late": [True, False, None],
    }


def test_csv_values_are_doubles_of_full_precision(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "x\n1.2\n0.1\n1e-300\n123456789.123456789\n")
    assert as_source(path).to_arrow()["x"].to_pylist() == [1.2, 0.1, 1e-300, 123456789.123456789]


def test_csv_arguments(tmp_path: Path) -> None:
    path = write(tmp_path / "t.txt", "a comment\n1;'x;y';1,5\n2;z;?\n")
    source = RxTextData(
        path,
        delimiter=";",
        quote_mark="'",
        decimal_point=",",
        rows_to_skip=1,
        first_row_is_column_names=False,
        missing_value_string=["NA", "?"],
    )
    assert source.to_arrow().to_pydict() == {"V1": [1, 2], "V2": ["x;y", "z"], "V3": [1.5, None]}


def test_csv_directory(tmp_path: Path) -> None:
    write(tmp_path / "1.csv", "x,y\n1,a\n")
    write(tmp_path / "2.csv", "x,y\n2,b\n")
    assert as_source(str(tmp_path)).to_arrow()["x"].to_pylist() == [1, 2]


def test_a_broken_line_is_named_by_its_number(tmp_path: Path) -> None:
    rows = "".join(f"{i},{i}\n" for i in range(50_000))
    path = write(tmp_path / "wide.csv", f"x,y\n{rows}1,2,3,4\n")
    with pytest.raises(SourceError, match=r"Line 50002 of the file .*wide\.csv"):
        as_source(path).to_arrow()
    path = write(tmp_path / "type.csv", f"x,y\n{rows}oops,1\n")
    with pytest.raises(SourceError, match=r"Line 50002 of the file .*type\.csv.*oops"):
        as_source(path).to_arrow()


def test_a_declared_type_that_does_not_fit_is_a_data_error(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "x\n1\noops\n")
    with pytest.raises(DataError, match="'oops'"):
        as_source(path, column_info={"x": {"type": "integer"}}).to_arrow()


def test_a_fraction_among_whole_numbers_is_not_rounded(tmp_path: Path) -> None:
    path = write(tmp_path / "late.csv", "x,f\n" + "1,a\n" * 20_000 + "2.5,b\n")
    with pytest.raises(SourceError, match=r"Line 20002 of the file .*late\.csv.*'x' holds '2\.5'"):
        RxTextData(path).to_arrow()
    total = 20_002.5
    for options in ({"rows_to_sniff": -1}, {"column_info": {"x": {"type": "numeric"}}}):
        assert sum(RxTextData(path, **options).to_arrow()["x"].to_pylist()) == total
    exact = write(tmp_path / "id.csv", "x\n9007199254740993\n")
    assert RxTextData(exact).to_arrow()["x"].to_pylist() == [9007199254740993]


def test_a_value_with_colons_does_not_hide_its_column(tmp_path: Path) -> None:
    path = write(tmp_path / "late.csv", "n,n: 10,f\n" + "1,2,a\n" * 20_000 + "10: 30,2,b\n")
    with pytest.raises(SourceError, match=r"Line 20002 of .*late\.csv.* 'n' holds '10: 30'"):
        RxTextData(path).to_arrow()
    text = write(tmp_path / "text.csv", "n,n: 10\n" + "1,a\n" * 20_000 + "10: 30,b\n")
    with pytest.raises(SourceError, match=r"Line 20002 of .*text\.csv.* 'n' holds '10: 30'"):
        RxTextData(text).to_arrow()
    other = write(tmp_path / "other.csv", "n,n: 10,f\n" + "1,2,a\n" * 20_000 + "1,2.5: 3,b\n")
    with pytest.raises(SourceError, match=r"Line 20002 of .*other\.csv.* 'n: 10' holds '2\.5: 3'"):
        RxTextData(other).to_arrow()


def test_a_file_that_is_gone_hides_no_other_error() -> None:
    layout = Layout({"sample_size": 1, "decimal_separator": "."}, {"n": "BIGINT"})
    assert whole_number_problem("not a whole number: n: 1.5", ["gone.csv"], layout) is None


def test_numbers_are_read_as_the_file_writes_them(tmp_path: Path) -> None:
    path = write(tmp_path / "de.csv", "x;n\n1.234,5;1.000\n2,25;7\n")
    for info in (None, {"x": {"type": "numeric"}, "n": {"type": "integer"}}):
        source = RxTextData(path, decimal_point=",", thousands_separator=".", column_info=info)
        assert source.to_arrow()["x"].to_pylist() == [1234.5, 2.25]
        assert source.to_arrow()["n"].to_pylist() == [1000, 7]


@pytest.mark.parametrize(
    ("line", "reason"),
    [("1,a,b", "Columns: 2 Found: 3"), ("1", "Columns: 2 Found: 1"), ('1,"a', "unterminated")],
)
def test_a_broken_line_among_the_first_does_not_make_one_column(
    tmp_path: Path, line: str, reason: str
) -> None:
    path = write(tmp_path / "b.csv", "# made\nx,f\n" + "1,a\n" * 5 + f"{line}\n2,c\n")
    with pytest.raises(SourceError, match=rf"Line 8 of the file .*b\.csv.*{reason}"):
        RxTextData(path, rows_to_skip=1).schema()


def test_names_alone_are_a_table_without_rows(tmp_path: Path) -> None:
    table = RxTextData(write(tmp_path / "h.csv", "x,f\n")).to_arrow()
    assert (table.column_names, table.num_rows) == (["x", "f"], 0)


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|", " "])
def test_delimiters_are_found(tmp_path: Path, delimiter: str) -> None:
    path = write(tmp_path / "d.txt", f"x{delimiter}f\n1{delimiter}a\n2{delimiter}b\n")
    assert RxTextData(path).to_arrow().to_pydict() == {"x": [1, 2], "f": ["a", "b"]}
    sentences = write(tmp_path / "s.txt", "title\nto be or not\nbe\n")
    assert RxTextData(sentences).schema().names == ["title"]


def test_strings_as_factors(tmp_path: Path) -> None:
    path = write(tmp_path / "f.csv", "x,f,g\n1,b,u\n2,a,v\n")
    info = {"g": {"type": "character"}}
    schema = RxTextData(path, strings_as_factors=True, column_info=info).schema()
    assert [column.categorical for column in schema] == [False, True, False]


def test_an_argument_that_nobody_knows_is_named(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="RxTextData has no argument delimeter"):
        RxTextData("t.csv", delimeter=";")


def test_what_text_cannot_do_yet(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="Fixed-width"):
        RxTextData("t.txt", is_fixed_format=True)
    with pytest.raises(SpecError, match="input_encoding"):
        RxTextData("t.txt", input_encoding="gb18030")


def test_columns_of_many_encodings(tmp_path: Path) -> None:
    path = tmp_path / "latin.csv"
    path.write_bytes("n\nGöteborg\n".encode("latin-1"))
    assert RxTextData(str(path), input_encoding="latin-1").to_arrow()["n"].to_pylist() == [
        "Göteborg"
    ]


def test_repr_shows_the_parameters() -> None:
    assert repr(RxParquetData("a.parquet")) == "RxParquetData(file='a.parquet')"
    assert RxParquetData(os.path.join("d", "a.parquet")).description == "File name: d/a.parquet"
