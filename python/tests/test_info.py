"""rx_get_info, rx_get_var_info, rx_get_var_names, with the printed layouts of the original."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from insitu import rx_get_info, rx_get_var_info, rx_get_var_names
from insitu.data import RxParquetData, RxSqlServerData
from insitu.errors import SpecError


@pytest.fixture
def path(tmp_path: Path) -> str:
    file = tmp_path / "claims.parquet"
    ages = ["17-20", "21-24", "60+"]
    table = pa.table(
        {"RowNum": pa.array([1, 2, 3], pa.int32()), "age": ages, "cost": [289.0, 282.0, 133.0]}
    )
    pq.write_table(table, file)
    return str(file)


def test_layout_of_a_file(path: str) -> None:
    source = RxParquetData(path, column_info={"age": {"levels": ["17-20", "21-24", "60+"]}})
    info = rx_get_info(source, get_var_info=True, compute_info=True, num_rows=2)
    lines = str(info).split("\n")
    assert lines[:9] == [
        f"File name:{path}",
        "Number of observations:3",
        "Number of variables:3",
        "Number of blocks:1",
        "Variable information: ",
        "Var 1: RowNum, Type: integer, Storage: int32, Low/High: (1.0000, 3.0000)",
        "Var 2: age",
        "\t3 factor levels: ['17-20', '21-24', '60+']",
        "Var 3: cost, Type: numeric, Storage: float64, Low/High: (133.0000, 289.0000)",
    ]
    assert lines[9] == "Data (2 rows starting with row 1):"
    assert (info.numRows, info["numVars"], info.fileName) == (3, 3, path)
    assert info.data["cost"].tolist() == [289.0, 282.0]
    with pytest.raises(AttributeError):
        _ = info.nothing


def test_blocks_are_row_groups(tmp_path: Path) -> None:
    pq.write_table(pa.table({"x": range(25)}), tmp_path / "b.parquet", row_group_size=10)
    info = rx_get_info(str(tmp_path / "b.parquet"), get_block_sizes=True)
    assert (info.numBlocks, info.rowsPerBlock) == (3, [10, 10, 5])
    assert str(info).endswith("Number of blocks:3\nRows per block: 10, 10, 5")


def test_rows_from_the_middle(path: str) -> None:
    assert rx_get_info(path, start_row=2, num_rows=5).data["RowNum"].tolist() == [2, 3]


def test_a_query_is_counted(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "d.duckdb")) as connection:
        connection.execute("create table t as select range x from range(10)")
    source = RxSqlServerData(f"duckdb:///{tmp_path}/d.duckdb", sql_query="select top 4 * from t")
    info = rx_get_info(source)
    assert info.numRows == 4
    assert "Data: query (RxSqlServerData Data Source)" in str(info)


def test_var_info_types() -> None:
    frame = pd.DataFrame(
        {
            "n": pd.array([1, None], dtype="Int64"),
            "x": [0.5, float("nan")],
            "f": pd.Categorical(["b", "a"], categories=["b", "a", "c"]),
            "s": ["u", "v"],
            "b": [True, False],
        }
    )
    found = rx_get_var_info(frame)
    assert {name: facts["varType"] for name, facts in found.items()} == {
        "n": "integer",
        "x": "numeric",
        "f": "factor",
        "s": "character",
        "b": "logical",
    }
    assert found["f"]["levels"] == ["b", "a", "c"]
    assert found["s"]["levels"] is None
    computed = rx_get_var_info(frame, compute_info=True)
    assert (computed["n"]["low"], computed["n"]["high"]) == (1.0, 1.0)
    assert (computed["x"]["low"], computed["x"]["high"]) == (0.5, 0.5)
    assert computed["s"]["levels"] == ["u", "v"]
    assert computed["f"]["levels"] == ["b", "a", "c"]


def test_names_after_renaming_and_dropping(path: str) -> None:
    source = RxParquetData(path, column_info={"age": {"newName": "years"}}, vars_to_drop=["cost"])
    assert rx_get_var_names(source) == ["RowNum", "years"]
    assert list(rx_get_var_info(path, vars_to_keep=["cost"])) == ["cost"]
    with pytest.raises(SpecError, match="did you mean 'cost'"):
        rx_get_var_info(path, vars_to_keep=["Cost"])
