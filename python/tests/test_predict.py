"""`rx_predict`: outputs, names, targets, missing rows and unknown levels."""

from __future__ import annotations

import pickle
import warnings
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import insitu
from insitu import predict


@pytest.fixture
def data() -> pd.DataFrame:
    rng = np.random.default_rng(21)
    n = 90
    x, f = rng.normal(size=n), np.array(["low", "mid", "top"])[np.arange(n) % 3]
    return pd.DataFrame({"x": x, "f": f, "y": 2 * x + (f == "mid") + rng.normal(size=n)})


@pytest.fixture
def model(data) -> insitu.LinearModel:
    return insitu.rx_lin_mod("y ~ x + f", data, cov_coef=True)


@pytest.fixture
def expected(data) -> pd.DataFrame:
    """statsmodels' predictions: mean, mean_se, mean_ci_lower, obs_ci_lower, …"""
    import statsmodels.api as sm

    X = np.column_stack([np.ones(90), data["x"], data["f"] == "low", data["f"] == "mid"]).astype(
        float
    )
    return sm.OLS(data["y"], X).fit().get_prediction(X).summary_frame(alpha=0.1)


def test_a_frame_gives_only_the_computed_columns(model, data, expected):
    frame = insitu.rx_predict(model, data)
    assert list(frame) == ["y_Pred"]
    np.testing.assert_allclose(frame["y_Pred"], expected["mean"], rtol=1e-12)


@pytest.mark.parametrize(("interval", "prefix"), [("confidence", "mean"), ("prediction", "obs")])
def test_errors_intervals_residuals(model, data, expected, interval, prefix):
    frame = insitu.rx_predict(
        model,
        data,
        compute_standard_errors=True,
        interval=interval,
        confidence_level=0.9,
        compute_residuals=True,
    )
    assert list(frame) == ["y_Pred", "y_Resid", "y_StdErr", "y_Lower", "y_Upper"]
    want = expected[["mean", "mean_se", f"{prefix}_ci_lower", f"{prefix}_ci_upper"]]
    np.testing.assert_allclose(frame.drop(columns="y_Resid"), want, rtol=1e-10)
    np.testing.assert_allclose(frame["y_Resid"], data["y"] - expected["mean"], atol=1e-13)


def test_interval_without_standard_errors(model, data):
    assert list(insitu.rx_predict(model, data, interval="confidence")) == [
        "y_Pred",
        "y_Lower",
        "y_Upper",
    ]


def test_names_spellings_and_kept_columns(model, data):
    frame = insitu.rx_predict(
        model,
        data.assign(id=range(90)),
        computeStdErrors=True,
        interval="confidence",
        predict_var_names="p",
        stdErrorVarNames=["s"],
        interval_var_names=["lo", "hi"],
        write_model_vars=True,
        extra_vars_to_write="id",
    )
    assert sorted(frame) == sorted(["y", "x", "f", "id", "p", "s", "lo", "hi"])
    assert frame["id"].tolist() == list(range(90))
    assert frame["f"].tolist() == data["f"].tolist()
    with pytest.raises(insitu.SpecError, match="takes 2 name"):
        insitu.rx_predict(model, data, interval="confidence", interval_var_names="lo")
    with pytest.raises(insitu.SpecError, match="computed and kept"):
        insitu.rx_predict(model, data, predict_var_names="x", extra_vars_to_write=["x"])
    with pytest.raises(insitu.SpecError, match="Two outputs are called"):
        insitu.rx_predict(model, data, interval="confidence", interval_var_names=["a", "a"])


def test_outputs_are_called_by_the_column_without_back_quotes(data):
    spaced = data.rename(columns={"y": "the y"})
    model = insitu.rx_lin_mod("`the y` ~ x", spaced)
    frame = insitu.rx_predict(model, spaced, compute_residuals=True)
    assert list(frame) == ["the y_Pred", "the y_Resid"]


def test_index_and_appending_to_a_frame(model, data):
    data.index = pd.Index(range(1000, 1090))
    frame = insitu.rx_predict(model, data)
    assert frame.index.equals(data.index)
    target = data[["x"]].copy()
    both = insitu.rx_predict(model, data, target)
    assert list(both) == ["x", "y_Pred"]
    assert list(target) == ["x"]
    np.testing.assert_array_equal(both["y_Pred"], frame["y_Pred"])
    with pytest.raises(insitu.SpecError, match="the same rows"):
        insitu.rx_predict(model, data, target.iloc[:5])


def test_missing_rows_and_unknown_levels(model):
    new = pd.DataFrame(
        {"x": [1.0, np.nan, 3.0, 4.0, 5.0], "f": ["low", "mid", "new", "newer", None]}
    )
    with pytest.warns(UserWarning, match="no level of the fitted model") as caught:
        frame = insitu.rx_predict(model, new)
    assert len(caught) == 1
    assert "2 of 'f'" in str(caught[0].message)
    assert frame["y_Pred"].isna().tolist() == [False, True, True, True, True]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        insitu.rx_predict(model, new, check_factor_levels=False)
        frame = insitu.rx_predict(model, new, check_factor_levels=False, remove_missings=True)
    assert len(frame) == 1


def test_levels_match_by_label(model, data):
    plain = insitu.rx_predict(model, data)
    turned = data.assign(f=pd.Categorical(data["f"], categories=["top", "other", "mid", "low"]))
    assert insitu.rx_predict(model, turned).equals(plain)


def test_residuals_of_a_missing_response_take_the_row(model, data):
    data.loc[7, "y"] = np.nan
    frame = insitu.rx_predict(model, data, compute_residuals=True)
    assert frame.isna().all(axis=1).tolist() == [i == 7 for i in range(90)]
    assert insitu.rx_predict(model, data.drop(columns="y"))["y_Pred"].notna().all()
    with pytest.raises(insitu.SpecError, match="y"):
        insitu.rx_predict(model, data.drop(columns="y"), compute_residuals=True)


def test_transforms_of_the_fit_are_applied_again(data):
    model = insitu.rx_lin_mod("late ~ z", data, transforms={"z": "x * 2", "late": "y + 1"})
    frame = insitu.rx_predict(model, data[["x"]])
    same = insitu.rx_predict(model, pd.DataFrame({"z": data["x"] * 2}))
    np.testing.assert_allclose(frame["late_Pred"], same["late_Pred"], rtol=1e-15)


def test_what_the_model_cannot_answer(data):
    model = insitu.rx_lin_mod("y ~ x", data)
    with pytest.raises(insitu.SpecError, match="cov_coef=True"):
        insitu.rx_predict(model, data, compute_standard_errors=True)
    with pytest.raises(insitu.SpecError, match="cov_coef=True"):
        insitu.rx_predict(model, data, interval="prediction")
    cube = insitu.rx_lin_mod("y ~ f", data, cube=True, cov_coef=True)
    with pytest.raises(insitu.SpecError, match="cube"):
        insitu.rx_predict(cube, data, compute_standard_errors=True)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"data": None}, "needs data"),
        ({"model_object": {}}, "needs a fitted model, and got a dict"),
        ({"type": "class"}, "'response' or 'link'"),
        ({"interval": "both"}, "'confidence' or 'prediction'"),
        ({"interval": "confidence", "confidence_level": 95}, "between 0 and 1"),
        ({"data": pd.DataFrame({"x": [1.0]})}, "f"),
        ({"extra_vars_to_write": ["nothing"]}, "nothing"),
    ],
)
def test_sentences(model, data, options, sentence):
    with pytest.raises(insitu.SpecError, match=sentence):
        insitu.rx_predict(**({"model_object": model, "data": data} | options))


def test_saved_models_predict_the_same(model, data, tmp_path):
    want = insitu.rx_predict(model, data, compute_standard_errors=True)
    model.save(tmp_path / "m")
    blob = insitu.rx_serialize_model(model)
    for copy in (insitu.load_model(tmp_path / "m"), pickle.loads(pickle.dumps(model)), blob):
        assert insitu.rx_predict(copy, data, compute_standard_errors=True).equals(want)
    small = insitu.rx_serialize_model(model, realtime_scoring_only=True)
    assert insitu.rx_predict(small, data).equals(want[["y_Pred"]])


def test_augment(model, data, expected):
    frame = model.augment(data)
    assert list(frame) == ["x", "f", "y", "fitted", "resid", "std_error"]
    np.testing.assert_allclose(frame["fitted"], expected["mean"], rtol=1e-12)
    np.testing.assert_allclose(frame["std_error"], expected["mean_se"], rtol=1e-10)
    with pytest.warns(UserWarning, match="cov_coef"):
        plain = insitu.rx_lin_mod("y ~ x + f", data).augment(pa.Table.from_pandas(data))
    assert plain["std_error"].isna().all()
    np.testing.assert_allclose(plain["resid"], frame["resid"], rtol=1e-12)


def test_augment_replaces_no_column_of_the_data(model, data):
    with pytest.raises(insitu.SpecError, match="the data have 'resid' already"):
        model.augment(data.assign(resid=1.0))


def test_parquet_to_parquet(model, data, tmp_path):
    source, target = str(tmp_path / "in.parquet"), str(tmp_path / "out.parquet")
    pq.write_table(pa.Table.from_pandas(data), source, row_group_size=10)
    insitu.rx_predict(model, source, target, extra_vars_to_write=["x"])
    written = pd.read_parquet(target)
    np.testing.assert_array_equal(written["x"], data["x"])
    np.testing.assert_array_equal(written["y_Pred"], insitu.rx_predict(model, data)["y_Pred"])
    before = Path(target).read_bytes()
    with pytest.raises((insitu.SpecError, insitu.SourceError), match="overwrite"):
        insitu.rx_predict(model, source, target)
    assert Path(target).read_bytes() == before
    insitu.rx_predict(model, source, target, overwrite=True)
    assert list(pd.read_parquet(target)) == ["y_Pred"]
    with pytest.raises(insitu.SpecError, match="never writes into its input"):
        insitu.rx_predict(model, source, source, overwrite=True)
    insitu.rx_predict(model, source, target, overwrite=True, remove_missings=True)
    assert len(pd.read_parquet(target)) == 90


def test_a_source_gives_a_frame_up_to_the_limit(model, data, tmp_path, monkeypatch):
    path = str(tmp_path / "in.parquet")
    pq.write_table(pa.Table.from_pandas(data), path)
    assert len(insitu.rx_predict(model, path)) == 90
    monkeypatch.setattr(predict, "MAX_CELLS", 100)
    assert len(insitu.rx_predict(model, path)) == 90
    with pytest.raises(
        insitu.SpecError, match=r"90 rows of 2 columns.*at most 100 cells.*output_data"
    ):
        insitu.rx_predict(model, path, compute_standard_errors=True)
    assert len(insitu.rx_predict(model, data, compute_standard_errors=True)) == 90


def test_the_limit_holds_where_rows_are_not_known(monkeypatch):
    class Unknown:
        in_memory = False

        def row_count(self):
            return None

    monkeypatch.setattr(predict, "MAX_CELLS", 100)
    table = pa.table({"a": range(60), "b": range(60)})
    with pytest.raises(insitu.SpecError, match="more than 50 rows"):
        predict.FrameSink(Unknown(), 2).write(table.to_reader(max_chunksize=20))
    assert predict.FrameSink(Unknown(), 1).write(table.to_reader()).num_rows == 60


def test_a_table_is_not_its_own_target(model, data, tmp_path):
    path = tmp_path / "a.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.register("rows", data)
        connection.execute("create table t as select * from rows; create schema s")
    string = f"duckdb:///{path}"

    def table(name):
        return insitu.RxSqlServerData(string, table=name)

    query = insitu.RxSqlServerData(string, sql_query="select * from dbo.[T] where x > -9")
    for source, target in [
        (table("t"), table("t")),
        (table("t"), table("T")),
        (table("t"), table("dbo.t")),
        (table("t"), table("main.t")),
        (table("t"), insitu.RxOdbcData(f"duckdb:///{tmp_path}/../{tmp_path.name}/a.duckdb", "t")),
        (query, table("t")),
    ]:
        with pytest.raises(insitu.SpecError, match="never writes into its input"):
            insitu.rx_predict(model, source, target, overwrite=True)
        with pytest.raises(insitu.SpecError, match="never writes into its input"):
            insitu.rx_import(source, target, overwrite=True, row_selection="x > 0")
    assert table("t").row_count() == 90
    assert insitu.rx_predict(model, table("t"), table("s.t")).row_count() == 90


def test_a_file_of_a_set_is_not_its_target(model, data, tmp_path):
    path = str(tmp_path / "a.parquet")
    pq.write_table(pa.Table.from_pandas(data), path)
    for source in (str(tmp_path), str(tmp_path / "*.parquet"), [path]):
        with pytest.raises(insitu.SpecError, match="never writes into its input"):
            insitu.rx_predict(model, source, path, overwrite=True)
    assert pq.read_table(path).num_rows == 90
