"""Scripts for revoscalepy: flat and deep names, early names, other spellings, and names that are not here."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pandas as pd
import pytest

import insitu
import revoscalepy
from revoscalepy import _deep, _names


@pytest.fixture
def data() -> pd.DataFrame:
    return pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0], "y": [1.0, 3.0, 2.0, 5.0]})


def test_every_name_of_insitu_is_here():
    for name in insitu.__all__:
        if name.startswith(("rx_", "Rx")):
            assert name in revoscalepy.__all__
            assert getattr(revoscalepy, name) is not None


@pytest.mark.parametrize("path", _deep.MODULES)
def test_deep_modules(path):
    module = importlib.import_module(f"revoscalepy.{path}")
    for name in _deep.MODULES[path]:
        assert getattr(module, name) is getattr(revoscalepy, name)


def test_deep_imports_of_scripts():
    from revoscalepy.computecontext.RxInSqlServer import RxInSqlServer, RxSqlServerData
    from revoscalepy.etl.RxImport import rx_import
    from revoscalepy.functions.RxLinMod import rx_lin_mod, rx_lin_mod_ex
    from revoscalepy.utils.RxOptions import RxOptions

    assert issubclass(RxInSqlServer, insitu.RxInSqlServer)
    assert issubclass(RxSqlServerData, insitu.RxSqlServerData)
    assert all(map(callable, (rx_import, rx_lin_mod, rx_lin_mod_ex, RxOptions)))


def test_names_that_are_not_here_say_so():
    with pytest.raises(
        NotImplementedError, match=r"rx_dforest is not in this version.*docs/compat\.md"
    ):
        from revoscalepy import rx_dforest  # noqa: F401
    with pytest.raises(NotImplementedError, match="rx_dtree"):
        from revoscalepy.functions.RxDTree import rx_dtree  # noqa: F401
    with pytest.raises(AttributeError, match="did you mean rx_lin_mod"):
        _ = revoscalepy.rx_linmod
    assert not hasattr(revoscalepy, "nothing_like_it")


def test_early_names(data):
    model = revoscalepy.rx_lin_mod_ex(formula="y ~ x", data=data, covCoef=True)
    assert model._results["covCoef"] is not None
    found = revoscalepy.rx_predict_ex(model, data=data)
    assert found._results.equals(insitu.rx_predict(model, data=data))
    assert found._data is found._results
    assert len(found) == len(found["y_Pred"]) == 4
    assert isinstance(revoscalepy.rx_summary_ex("~ x", data=data), insitu.Summary)
    assert isinstance(revoscalepy.rx_import_datasource(inData=data), pd.DataFrame)


def test_contexts_are_handed_back():
    previous = revoscalepy.rx_set_computecontext(revoscalepy.RxLocalSeq())
    assert isinstance(revoscalepy.rx_set_compute_context(previous), revoscalepy.RxLocalSeq)


def test_camel_case_arguments_of_sources(tmp_path):
    import duckdb

    path = tmp_path / "a.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "create table t as select i::double x, (i % 3)::varchar f from range(30) r(i)"
        )
    source = revoscalepy.RxSqlServerData(
        connectionString=f"duckdb:///{path}",
        sqlQuery="select top 10 * from t",
        colInfo={"f": {"type": "factor", "levels": ["2", "1", "0"]}},
    )
    context = revoscalepy.RxInSqlServer(
        connectionString=f"duckdb:///{path}", numTasks=2, autoCleanup=False
    )
    frame = revoscalepy.rx_import(inData=source)
    assert frame["f"].cat.categories.tolist() == ["2", "1", "0"]
    model = revoscalepy.rx_lin_mod("x ~ f", data=source, computeContext=context)
    assert model.n_valid_obs == 10
    assert model.coefficients.index.tolist() == ["(Intercept)", "f=2", "f=1", "f=0"]


def test_files_take_other_spellings_and_tell_of_unknown_arguments(tmp_path):
    path = tmp_path / "t.parquet"
    pd.DataFrame({"f": ["b", "a"]}).to_parquet(path)
    levels = {"f": {"type": "factor", "levels": ["b", "a"]}}
    with pytest.warns(UserWarning, match="RxParquetData has no argument colour: ignored"):
        source = revoscalepy.RxParquetData(str(path), colInfo=levels, colour=3)
    assert isinstance(source, insitu.RxParquetData)
    assert source.schema()["f"].levels == ("b", "a")
    found = revoscalepy.rx_get_var_info(source)
    assert isinstance(found, revoscalepy.GetVarInfoResults)


def test_missing_markers_and_privacy():
    assert revoscalepy.RxMissingValues.int32() == -2147483648
    assert revoscalepy.RxMissingValues.uint16() == 65535
    assert revoscalepy.rx_privacy_control(True) is False


def test_the_page_lists_every_name():
    page = (Path(__file__).parents[2] / "docs" / "compat.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"`((?:rx_|Rx)\w+|GetVarInfoResults)`", page))
    assert {*_names.__all__, *_names.NOT_HERE} <= listed
