"""`insitu.sklearn` on rows that are read by the names of their columns: files, sources, queries."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from python.tests.test_sklearn import ROWS, everything
from sklearn.base import clone

import insitu
from insitu import RxParquetData
from insitu.sklearn import GLMRegressor, LinearRegression, LogisticRegression


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return everything()


@pytest.fixture(scope="module")
def path(frame, tmp_path_factory) -> str:
    file = tmp_path_factory.mktemp("sklearn") / "rows.parquet"
    frame.to_parquet(file, row_group_size=90)
    return str(file)


@pytest.mark.parametrize("estimator", [LinearRegression(), LogisticRegression(), GLMRegressor("poisson")])  # fmt: skip
def test_a_file_gives_what_its_frame_gives(frame, path, estimator):
    response = {"LinearRegression": "y", "LogisticRegression": "won", "GLMRegressor": "n"}[type(estimator).__name__]  # fmt: skip
    names = ["x", "z", "member", "f"]
    by_frame = clone(estimator).fit(frame[names], frame[response], frame["w"])
    by_path = clone(estimator).fit(path, response, "w", features=names)
    for attribute in ("coef_", "coef_std_error_", "intercept_", "intercept_std_error_"):
        np.testing.assert_allclose(getattr(by_path, attribute), getattr(by_frame, attribute), rtol=1e-9)  # fmt: skip
    for attribute in ("coef_names_", "feature_names_in_", "n_features_in_"):
        assert np.array_equal(getattr(by_path, attribute), getattr(by_frame, attribute))
    assert by_path.coef_names_.tolist() == ["x", "z", "member", "f=low", "f=mid", "f=top"]
    assert np.ravel(by_path.coef_)[-1] == 0.0
    expected = by_frame.predict(frame[names])
    for rows in (path, RxParquetData(path), [path], frame[names], pl.scan_parquet(path)):
        np.testing.assert_allclose(by_path.predict(rows), expected, rtol=1e-9)
    assert by_path.score(path, response, "w") == pytest.approx(
        by_frame.score(frame[names], frame[response], frame["w"]), rel=1e-9
    )
    if isinstance(estimator, LogisticRegression):
        assert by_path.classes_.tolist() == by_frame.classes_.tolist() == [False, True]
        np.testing.assert_allclose(by_path.predict_proba(path), by_frame.predict_proba(frame[names]), rtol=1e-9)  # fmt: skip


def test_all_other_columns_predict(frame, path):
    estimator = LinearRegression().fit(path, "y", "w")
    assert estimator.feature_names_in_.tolist() == [c for c in frame if c not in ("y", "w")]
    model = insitu.rx_lin_mod("y ~ x + z + f", path, pweights="w")
    chosen = LinearRegression().fit(path, y="y", sample_weight="w", features=["x", "z", "f"])
    assert chosen.model_.coefficients.equals(model.coefficients)
    assert chosen.model_.r_squared == model.r_squared


def test_clusters_by_name(frame, path):
    by_path = LinearRegression(cov_type="cluster").fit(path, "y", features=["x"], cluster="firm")
    by_array = LinearRegression(cov_type="cluster").fit(
        frame[["x"]].to_numpy(), frame["y"], cluster=frame["firm"]
    )
    np.testing.assert_allclose(by_path.coef_std_error_, by_array.coef_std_error_, rtol=1e-12)
    assert by_path.model_.clusters == {"firm": frame["firm"].nunique()}
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        LinearRegression(cov_type="cluster").fit(frame[["x"]], frame["y"], cluster=[1, 2])


def test_kinds_of_responses_by_name(frame, tmp_path):
    words = frame.assign(
        word=np.where(frame["won"], "won", "lost"),
        digit=frame["won"].astype(int),
        real=frame["won"].astype(float),
    )
    words.to_csv(tmp_path / "rows.csv", index=False)
    expected = LogisticRegression().fit(frame[["x", "z"]], frame["won"])
    for name, classes in {"word": ["lost", "won"], "digit": [0, 1], "won": [False, True]}.items():
        found = LogisticRegression().fit(tmp_path / "rows.csv", name, features=["x", "z"])
        assert found.classes_.tolist() == classes
        np.testing.assert_allclose(found.coef_, expected.coef_, rtol=1e-9)
        guesses = found.predict(tmp_path / "rows.csv")
        assert (guesses == np.array(classes)[expected.predict(frame[["x", "z"]]).astype(int)]).all()
        assert found.score(tmp_path / "rows.csv", name) == expected.score(frame[["x", "z"]], frame["won"])  # fmt: skip
    assert LogisticRegression().fit(words, "real", features=["x"]).classes_.tolist() == [0.0, 1.0]
    with pytest.raises(ValueError, match="3 levels"):
        LogisticRegression().fit(words, "f", features=["x"])


def test_missing_values_by_name_are_left_out(frame, tmp_path):
    holes = frame[["x", "z", "f", "y", "won"]].copy()
    holes.loc[:9, "x"] = np.nan
    holes.loc[10:14, "y"] = np.nan
    holes.to_parquet(tmp_path / "holes.parquet")
    complete = holes.dropna()
    estimator = LinearRegression().fit(tmp_path / "holes.parquet", "y", features=["x", "z", "f"])
    assert estimator.model_.n_missing_obs == 15
    expected = LinearRegression().fit(complete[["x", "z", "f"]], complete["y"])
    np.testing.assert_allclose(estimator.coef_, expected.coef_, rtol=1e-12)
    found = estimator.predict(tmp_path / "holes.parquet")
    assert np.isnan(found).tolist() == [True] * 10 + [False] * (ROWS - 10)
    assert estimator.score(tmp_path / "holes.parquet", "y") == pytest.approx(
        expected.score(complete[["x", "z", "f"]], complete["y"]), rel=1e-12
    )
    classifier = LogisticRegression().fit(tmp_path / "holes.parquet", "won", features=["x"])
    assert np.isnan(classifier.predict_proba(tmp_path / "holes.parquet")).sum() == 20
    with pytest.raises(ValueError, match="10 rows lack a predictor"):
        classifier.predict(tmp_path / "holes.parquet")
    assert 0.5 < classifier.score(tmp_path / "holes.parquet", "won") < 1.0


def test_levels_that_the_model_does_not_know(frame):
    estimator = LinearRegression().fit(frame[["x", "f"]], frame["y"])
    with pytest.warns(UserWarning, match="1 of 'f'"):
        found = estimator.predict(pd.DataFrame({"x": [1.0, 1.0], "f": ["low", "new"]}))
    assert np.isnan(found).tolist() == [False, True]


def test_what_is_a_name_and_what_is_not(frame, path):
    with pytest.raises(ValueError, match=r"y is then the name of one.*and is a Series"):
        LinearRegression().fit(path, frame["y"])
    with pytest.raises(ValueError, match="y is then the name of one"):
        LinearRegression().fit(frame, frame["y"], features=["x"])
    with pytest.raises(ValueError, match="then sample_weight is one too"):
        LinearRegression().fit(path, "y", frame["w"])
    with pytest.raises(ValueError, match="then cluster is one too"):
        LinearRegression(cov_type="cluster").fit(path, "y", cluster=frame["firm"])
    with pytest.raises(ValueError, match="no column 'yy'; did you mean 'y'"):
        LinearRegression().fit(path, "yy")
    with pytest.raises(ValueError, match="no column 'v'"):
        LinearRegression().fit(path, "y", features=["v"])
    with pytest.raises(ValueError, match="no column to predict 'y' from"):
        LinearRegression().fit(frame[["y"]], "y")
    with pytest.raises(OSError, match=r"nowhere\.parquet"):
        LinearRegression().fit("nowhere.parquet", "y")


def test_predictions_of_a_file_may_be_many(tmp_path):
    rows = 3_200_000  # a data frame of rx_predict's ends at 3,000,000
    x = np.arange(rows, dtype=np.float64)
    pq.write_table(pa.table({"x": x, "y": 2.0 * x + 1.0}), tmp_path / "long.parquet")
    estimator = LinearRegression().fit(tmp_path / "long.parquet", "y")
    np.testing.assert_allclose(estimator.predict(tmp_path / "long.parquet"), 2.0 * x + 1.0)
