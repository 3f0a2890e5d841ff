"""Sources over frames: kinds, levels, missing values, and what cannot be used."""

from __future__ import annotations

import datetime
import decimal
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import insitu
from insitu.data import as_source
from insitu.errors import DataError, SourceError, SpecError


def kinds(data: object, **options: object) -> dict[str, str]:
    return {c.name: c.kind for c in as_source(data, **options).schema()}


def test_pandas_kinds() -> None:
    frame = pd.DataFrame(
        {
            "float": [1.0, np.nan],
            "int": [1, 2],
            "Int64": pd.array([1, None], dtype="Int64"),
            "bool": [True, False],
            "boolean": pd.array([True, None], dtype="boolean"),
            "text": ["a", None],
            "object": pd.Series(["a", None], dtype=object),
            "category": pd.Categorical(["b", "a"]),
            "when": pd.to_datetime(["2024-01-01", None]),
            "decimal": pd.Series([decimal.Decimal("1.5"), None], dtype=object),
        }
    )
    numeric = {"float", "int", "Int64", "when", "decimal"}
    assert kinds(frame) == {n: "numeric" if n in numeric else "factor" for n in frame}
    schema = as_source(frame).schema()
    assert [c.name for c in schema if c.integer] == ["int", "Int64"]
    assert [c.name for c in schema if c.logical] == ["bool", "boolean"]
    values = as_source(frame).to_arrow().to_pydict()
    assert values["Int64"] == [1, None]
    assert values["boolean"] == [True, None]
    assert values["when"] == [datetime.datetime(2024, 1, 1), None]


def test_given_levels_are_kept_as_listed() -> None:
    levels = ["low", "high", "never"]
    categorical = pd.DataFrame({"f": pd.Categorical(["high", "low"], categories=levels)})
    enum = pl.DataFrame({"f": pl.Series(["high", "low"], dtype=pl.Enum(levels))})
    ordered = pa.DictionaryArray.from_arrays(pa.array([1, 0]), pa.array(levels), ordered=True)
    relation = duckdb.sql(
        "select unnest(['high', 'low'])::enum('low', 'high', 'never') as f",
        connection=duckdb.connect(),
    )
    for data in (categorical, enum, pa.table({"f": ordered}), relation):
        source = as_source(data)
        assert source.schema()["f"].levels == tuple(levels), type(data)
        assert source.to_arrow()["f"].cast(pa.string()).to_pylist() == ["high", "low"]


def _categories(tmp_path: Path, frame: pd.DataFrame) -> list[object]:
    """A frame, and the same as a table and as files of pandas' and of pyarrow's."""
    frame.to_parquet(tmp_path / "pandas.parquet")
    table = pa.Table.from_pandas(frame)
    pq.write_table(table, tmp_path / "arrow.parquet", row_group_size=2)
    pieces = pa.concat_tables([table.slice(0, 1), table.slice(1)])
    return [frame, table, pieces, *(str(tmp_path / f"{w}.parquet") for w in ("pandas", "arrow"))]


def test_categories_of_pandas_keep_their_order_everywhere(tmp_path: Path) -> None:
    levels = ["b", "z", "a"]
    frame = pd.DataFrame(
        {"y": [1.0, 2.0, 4.0, 7.0], "f": pd.Categorical(["a", "b", "a", "b"], categories=levels)}
    )
    names = [f"f={level}" for level in levels]
    for data in _categories(tmp_path, frame):
        assert as_source(data).schema()["f"].levels == tuple(levels), data
        model = insitu.rx_lin_mod("y ~ f", data)
        assert list(model.coefficients.index) == ["(Intercept)", *names]
        # The last level, a, is dropped; its mean is 2.5, that of b 4.5.
        np.testing.assert_allclose(model.coefficients, [2.5, 2.0, np.nan, np.nan], rtol=1e-14)
        assert insitu.rx_summary("~ f", data).categorical[0]["Counts"].tolist() == [2, 0, 2]


def test_files_of_other_categories_are_sorted(tmp_path: Path) -> None:
    for name, levels in (("1", ["z", "a"]), ("2", ["b", "a"])):
        frame = pd.DataFrame({"f": pd.Categorical(["a", levels[0]], categories=levels)})
        frame.to_parquet(tmp_path / f"{name}.parquet")
    assert as_source(str(tmp_path)).schema()["f"].levels is None
    summary = insitu.rx_summary("~ f", str(tmp_path))
    assert summary.categorical[0]["f"].tolist() == ["a", "b", "z"]
    frame.to_parquet(tmp_path / "1.parquet")
    assert as_source(str(tmp_path)).schema()["f"].levels == ("b", "a")


def test_metadata_of_pandas_that_lie_give_no_levels() -> None:
    encoded = pa.array(["b", "a"]).dictionary_encode()
    for text in (
        b"no json",
        b"[]",
        b'{"columns": [{"field_name": "f", "pandas_type": "categorical", "metadata": {"num_categories": 3}}]}',
        b'{"columns": [{"field_name": "g", "pandas_type": "categorical", "metadata": {"num_categories": 2}}]}',
        b'{"columns": {"f": "categorical"}}',
    ):
        table = pa.table({"f": encoded}).replace_schema_metadata({b"pandas": text})
        assert as_source(table).schema()["f"].levels is None, text


def test_encodings_give_no_levels() -> None:
    unordered = pa.table({"f": pa.array(["b", "a"]).dictionary_encode()})
    categorical = pl.DataFrame({"f": pl.Series(["b", "a"], dtype=pl.Categorical)})
    for data in (unordered, categorical):
        assert as_source(data).schema()["f"].levels is None


def test_categories_of_other_types_become_labels() -> None:
    frame = pd.DataFrame(
        {
            "n": pd.Categorical([3, 1], categories=[3, 1]),
            "x": pd.Categorical([0.5, 2.0]),
            "cut": pd.cut([1, 9], [0, 5, 10]),
        }
    )
    schema = as_source(frame).schema()
    assert schema["n"].levels == ("3", "1")
    assert schema["x"].levels == ("0.5", "2")
    assert schema["cut"].levels == ("(0, 5]", "(5, 10]")


def test_unusable_columns_are_refused_only_when_used() -> None:
    frame = pd.DataFrame({"x": [1.0], "z": [1j], "mixed": pd.Series([object()], dtype=object)})
    source = as_source(frame)
    assert source.to_arrow().column_names == ["x"]
    with pytest.raises(DataError, match="Column 'z' holds complex128, which no model reads"):
        source.stream(["z"])
    with pytest.raises(DataError, match="Column 'mixed' holds"):
        source.stream(["mixed"])
    with pytest.raises(DataError, match="'l' holds list<"):
        as_source(pa.table({"l": [[1]]})).stream(["l"])


@pytest.mark.parametrize("dtype", [">f8", ">i4", ">u2"])
def test_numbers_of_the_other_byte_order(dtype: str) -> None:
    assert as_source(pd.DataFrame({"x": np.arange(3).astype(dtype)})).to_arrow()[
        "x"
    ].to_pylist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("frame", "what"),
    [
        (pd.DataFrame({"y": [1.0], "x": pd.Series([2**70], dtype=object)}), "beyond 64 bits"),
        (pd.DataFrame({"y": [1.0], "x": np.array([1], "longdouble")}), "longdouble|float128"),
        (pl.DataFrame({"y": [1.0], "x": pl.Series([1]).cast(pl.Int128)}), "Int128"),
    ],
)
def test_numbers_that_arrow_does_not_know(frame: object, what: str) -> None:
    source = as_source(frame)
    assert source.to_arrow().column_names == ["y"]
    with pytest.raises(DataError, match=f"Column 'x' holds ({what}), which no model reads|{what}"):
        source.to_arrow(["x"])


def test_columns_of_a_dict_are_of_one_length() -> None:
    with pytest.raises(SpecError, match=r"\{'x': 2, 'y': 1\}"):
        as_source({"x": [1, 2], "y": [1]})
    with pytest.raises(DataError, match="cannot be read"):
        as_source({"x": [1, "a"]})


def test_mixed_objects_name_the_types() -> None:
    frame = pd.DataFrame({"m": pd.Series([1, "a"], dtype=object)})
    with pytest.raises(DataError, match="int and str"):
        as_source(frame).stream(["m"])


def test_missing_column_offers_near_names() -> None:
    with pytest.raises(SpecError, match="no column 'arrdelay'; did you mean 'ArrDelay'"):
        as_source({"ArrDelay": [1.0]}).stream(["arrdelay"])


def test_repeated_names_are_refused() -> None:
    frame = pd.DataFrame([[1, 2]], columns=["a", "a"])
    with pytest.raises(SpecError, match="'a' occurs more than once"):
        as_source(frame).schema()


@pytest.mark.parametrize(
    "name", ['say "hi"', "Robert'); DROP TABLE t;--", "emoji 🎈", "two words", "ünï", "a.b", "1"]
)
def test_any_name_passes(name: str) -> None:
    table = pa.table({name: [1.0, 2.0, 3.0], "other": ["a", "b", "c"]})
    sources = [table, table.to_pandas(), pl.from_arrow(table)]
    connection = duckdb.connect()
    connection.register("t", table)
    sources.append(connection.sql("from t"))
    for data in sources:
        source = as_source(data)
        assert source.to_arrow([name])[name].to_pylist() == [1.0, 2.0, 3.0]
        quoted = name.replace('"', '""')
        assert source.select(f'"{quoted}" > 1').to_arrow([name])[name].to_pylist() == [2.0, 3.0]


def test_floats_of_pandas_are_borrowed() -> None:
    values = np.arange(10.0)
    frame = pd.DataFrame({"x": values}, copy=False)
    array = as_source(frame).to_arrow()["x"].chunk(0)
    assert array.buffers()[1].address == frame["x"].to_numpy().__array_interface__["data"][0]


def test_strided_frames_are_cut_in_batches() -> None:
    frame = pd.DataFrame(np.arange(2_000_000.0).reshape(-1, 2), columns=["a", "b"])[::2]
    table = as_source(frame).to_arrow()
    assert np.array_equal(table["b"].to_numpy(), frame["b"].to_numpy())


def test_a_reader_is_read_once() -> None:
    table = pa.table({"x": [1, 2], "y": [3, 4]})
    source = as_source(table.to_reader())
    assert not source.can_reread
    assert source.schema().names == ["x", "y"]
    assert source.to_arrow(["y"])["y"].to_pylist() == [3, 4]
    with pytest.raises(SourceError, match="only once"):
        source.to_arrow()


class Capsule:
    """Nothing but an Arrow stream."""

    def __init__(self, table: pa.Table) -> None:
        self.table = table

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.table.__arrow_c_stream__(requested_schema)


def test_anything_with_a_stream() -> None:
    source = as_source(Capsule(pa.table({"x": [1, 2], "y": ["a", "b"]})))
    for _ in range(2):
        assert source.to_arrow(["y", "x"]).to_pydict() == {"y": ["a", "b"], "x": [1, 2]}


def test_lazy_frames_are_collected() -> None:
    lazy = pl.LazyFrame({"x": [1, 2, 3]}).filter(pl.col("x") > 1)
    assert as_source(lazy).to_arrow()["x"].to_pylist() == [2, 3]


def test_polars_text_passes_everywhere() -> None:
    frame = pl.DataFrame(
        {"f": ["b", "a", None], "c": pl.Series(["u", "v", "u"], dtype=pl.Categorical)}
    )
    source = as_source(frame)
    assert source.head()["f"].tolist()[:2] == ["b", "a"]
    assert source.head()["c"].tolist() == ["u", "v", "u"]
    assert source.select("f = 'a' or c = 'u'").to_arrow()["f"].to_pylist() == ["b", "a", None]
    declared = as_source(frame, column_info={"f": {"levels": ["a"], "newLevels": ["z"]}})
    assert declared.head()["f"].tolist()[1:2] == ["z"]


def test_null_columns_are_missing_numbers() -> None:
    source = as_source(pa.table({"n": pa.nulls(2)}))
    assert source.schema()["n"].kind == "numeric"
    assert source.to_arrow()["n"].type == pa.float64()


def test_head_tail_and_iteration() -> None:
    source = as_source(pa.table({"x": list(range(10))}))
    assert source.head(3)["x"].tolist() == [0, 1, 2]
    assert source.tail(2)["x"].tolist() == [8, 9]
    assert sum(batch.num_rows for batch in source) == 10


def test_not_data() -> None:
    with pytest.raises(SpecError, match="type int cannot be read"):
        as_source(3)
    with pytest.raises(SpecError, match="XDF"):
        as_source("AirlineDemoSmall.xdf")
    with pytest.raises(SpecError, match="is a database"):
        as_source("flights.duckdb")
