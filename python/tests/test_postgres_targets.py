"""What is written to PostgreSQL: predictions and frames as tables, whole or not at all, and never into their own input."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from python.tests.test_postgres_streaming import MODEL_DATA, load

import insitu
from insitu.data import RxPostgresData
from insitu.errors import DataError, SourceError, SpecError


@pytest.fixture
def model() -> Any:
    return insitu.rx_lin_mod("y ~ a + x", MODEL_DATA)


def test_predictions_from_table_to_table(pg: Any, model: Any) -> None:
    source = load(
        pg,
        pa.table(
            {
                "id": pa.array([1, 2, 3, 4], pa.int16()),
                "a": ["v", None, "w", "u"],
                "x": [1.0, 2, 3, 4],
            }
        ),
    )
    target = RxPostgresData(pg.uri, table="scored")
    context = insitu.RxInPostgres(pg.uri)
    with pytest.warns(UserWarning, match=r"\(1 of 'a'\)"):
        written = insitu.rx_predict(
            model, source, target, extra_vars_to_write=["id", "a"], compute_context=context
        )
    assert written is target
    expected = insitu.rx_predict(
        model, source.to_arrow(), extra_vars_to_write=["id", "a"], check_factor_levels=False
    )
    frame = target.head(10)
    assert frame.columns.tolist() == expected.columns.tolist() == ["id", "a", "y_Pred"]
    np.testing.assert_array_equal(
        frame["y_Pred"].to_numpy(float), expected["y_Pred"].to_numpy(float)
    )
    assert pg.sql("select string_agg(format_type(atttypid, null), ' ' order by attnum) from pg_attribute"
                  " where attrelid = 'scored'::regclass and attnum > 0") == "smallint text double precision"  # fmt: skip


def test_targets_that_exist(pg: Any, model: Any) -> None:
    source = load(pg, pa.table(MODEL_DATA))
    target = RxPostgresData(pg.uri, table="o")
    pg.sql("create table o (old int); create view v as select x, a from t")
    with pytest.raises(SpecError, match="The table 'o' exists"):
        insitu.rx_predict(model, source, target)
    insitu.rx_predict(model, source, target, overwrite=True)
    assert RxPostgresData(pg.uri, table="o").to_arrow().num_rows == 5
    insitu.rx_predict(model, source, target, append="rows")
    assert target.row_count() == 10
    with pytest.raises(SpecError, match="must match"):
        insitu.rx_predict(model, source, target, append="rows", extra_vars_to_write=["x"])
    pg.sql('create table p ("y_Pred" int)')
    with pytest.raises(SpecError, match="make them of one type"):
        insitu.rx_predict(model, source, RxPostgresData(pg.uri, table="p"), append="rows")
    pg.sql('create view w as select "y_Pred" from o')
    with pytest.raises(
        SourceError, match=r"'o' cannot be written: .*other objects depend on it.*it is as it was"
    ):
        insitu.rx_predict(model, source, target, overwrite=True)
    assert target.row_count() == 10
    with pytest.raises(SourceError, match="nowhere"):
        insitu.rx_predict(model, source, RxPostgresData(pg.uri, table="nowhere.o"))
    assert pg.sql("select count(*) from pg_class where relname like 'insitu%'") == "0"


def test_a_target_is_never_its_own_input(pg: Any, model: Any) -> None:
    load(pg, pa.table(MODEL_DATA))
    pg.sql("""create view v as select a, x from t; create table parts (a text, x float8) partition by list (a);
              create table part_u partition of parts for values in ('u')""")
    inputs = {"table": "T", "v": "t", "part_u": "parts", "parts": "part_u"}
    for read, target in inputs.items():
        source = RxPostgresData(pg.uri, table="t" if read == "table" else read)
        with pytest.raises(SpecError, match="never writes into its input"):
            insitu.rx_predict(model, source, RxPostgresData(pg.uri, table=target), overwrite=True)
    query = RxPostgresData(
        pg.uri, sql_query="with q as (select a, x from t) select * from q join (select 1) o on true"
    )
    with pytest.raises(SpecError, match="never writes into its input"):
        insitu.rx_predict(model, query, RxPostgresData(pg.uri, table="public.t"), overwrite=True)


def test_a_target_appears_whole_or_not_at_all(pg: Any, model: Any) -> None:
    rows = 300_000
    x = np.ones(rows)
    x[-1] = np.inf
    source = load(pg, pa.table({"a": ["u"] * rows, "x": x}))
    pg.sql("create table o as select 1 as old")
    for table in ("o", "new"):
        with pytest.raises(DataError, match='column "x" holds inf'):
            insitu.rx_predict(model, source, RxPostgresData(pg.uri, table=table), overwrite=True)
    assert pg.sql("select old from o") == "1"
    assert pg.sql("select to_regclass('new')") == ""


def test_frames_go_to_tables_and_back(pg: Any) -> None:
    frame = pd.DataFrame(
        {
            "i8": np.array([1, -2], "int8"),
            "u8": np.array([1, 200], "uint8"),
            "u32": np.array([1, 2**32 - 1], "uint32"),
            "f": [0.5, np.nan],
            "c": pd.Categorical(["b", None], categories=["b", "a"]),
            "s": ["x", "ü"],
            "b": [True, False],
            "t": pd.to_datetime(["2001-02-03 04:05:06", None]),
        }
    )
    target = RxPostgresData(pg.uri, table="frames")
    insitu.rx_import(frame, target)
    back = target.to_arrow()
    assert back["u32"].to_pylist() == [1, 2**32 - 1]
    assert back["c"].to_pylist() == ["b", None]
    assert back["s"].to_pylist() == ["x", "ü"]
    assert back["t"].to_pylist()[0].isoformat() == "2001-02-03T04:05:06"
    assert back["i8"].type == pa.int16()
    with pytest.raises(SpecError, match="exists"):
        insitu.rx_import(frame, target)
