"""`rx_summary`: statistics, weights, cells and sentences, against pandas."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import insitu


@pytest.fixture
def data() -> pd.DataFrame:
    rng = np.random.default_rng(31)
    n = 100
    frame = pd.DataFrame(
        {
            "x": rng.normal(10, 3, n),
            "f": np.array(["u", "v", "w", "z"])[np.arange(n) % 4],
            "g": np.arange(n) % 3 == 0,
            "w": 1.0 + np.arange(n) % 5,
            "y": rng.normal(size=n),
        }
    )
    frame.loc[[0, 10], "x"] = np.nan
    frame.loc[[0, 5], "f"] = None
    return frame


def test_moments_and_counts(data):
    summary = insitu.rx_summary("~ x + f", data)
    row = summary.summary_data_frame.iloc[0]
    x = data["x"].dropna()
    np.testing.assert_allclose(
        row[["Mean", "StdDev", "Min", "Max"]].astype(float),
        [x.mean(), x.std(), x.min(), x.max()],
        rtol=1e-14,
    )
    assert (row["ValidObs"], row["MissingObs"]) == (98, 2)
    assert summary.summary_data_frame.iloc[1, 1:].isna().all()
    assert dict(summary.categorical[0].values) == dict(data["f"].value_counts())
    assert summary.categorical_type == "counts"
    assert summary.nobs_valid == 100
    text = str(summary)
    assert "Summary Statistics Results for: ~ x + f" in text
    assert (
        "Category Counts for f\nNumber of categories: 4\nNumber of valid observations: 98\n" in text
    )


def test_response_by_factor_is_cells_and_a_row_over_all(data):
    summary = insitu.rx_summary("x ~ f", data)
    cells, both = summary.categorical[0], data.dropna(subset=["x", "f"])
    by = both.groupby("f")["x"]
    np.testing.assert_allclose(cells["Means"], by.mean(), rtol=1e-14)
    np.testing.assert_allclose(cells["StdDev"], by.std(), rtol=1e-13)
    assert cells["Category"][0] == "x for f=u"
    assert cells["ValidObs"].tolist() == by.count().tolist()
    row = summary.summary_data_frame.iloc[0]
    np.testing.assert_allclose(
        row[["Mean", "StdDev"]].astype(float), [both["x"].mean(), both["x"].std()], rtol=1e-13
    )
    assert (row["ValidObs"], row["MissingObs"]) == (97, 3)
    assert "Statistics by category (4 categories):" in str(summary)


def test_cells_of_two_factors_vary_the_first_fastest(data):
    frame = insitu.rx_summary("~ f:g", data).categorical[0]
    assert frame["f"].tolist() == ["u", "v", "w", "z"] * 2
    assert frame["Counts"].sum() == 98


def test_listwise(data):
    row = insitu.rx_summary("~ x + y", data, by_term=False).summary_data_frame.iloc[1]
    y = data.loc[data["x"].notna(), "y"]
    assert row["ValidObs"] == 98
    assert row["Mean"] == pytest.approx(y.mean(), rel=1e-13)


def test_weights(data):
    some = data.dropna(subset=["x"])
    x, w = some["x"], some["w"]
    mean, n = (w * x).sum() / w.sum(), len(some)
    squares = (w * (x - mean) ** 2).sum()
    row = insitu.rx_summary("~ x", data, pweights="w").summary_data_frame.iloc[0]
    assert row["StdDev"] == pytest.approx(np.sqrt(squares / w.sum() * n / (n - 1)), rel=1e-12)
    assert row["SumOfWeights"] == pytest.approx(w.sum())
    summary = insitu.rx_summary("~ x", data, fweights="w")
    assert summary.summary_data_frame["StdDev"][0] == pytest.approx(
        np.sqrt(squares / (w.sum() - 1)), rel=1e-12
    )
    total = int(data["w"].sum())
    lines = f"Frequency weights: w\nSum of weights of valid observations: {total} \n"
    assert lines in str(summary)
    assert list(summary.summary_data_frame)[-2:] == ["SumOfWeights", "MissingWeights"]
    cells = insitu.rx_summary("~ f", data, pweights="w")
    assert dict(cells.categorical[0].values) == dict(data.groupby("f")["w"].sum())
    assert "Number of missing observations" not in str(cells)


def test_choice_of_statistics(data):
    summary = insitu.rx_summary("~ x + x:f", data, summary_stats=["Sum", "mean"])
    assert list(summary.summary_data_frame) == ["Name", "Sum", "Mean"]
    assert summary.summary_data_frame["Sum"][0] == pytest.approx(data["x"].sum())
    assert list(summary.categorical[0]) == ["Category", "f", "Sum", "Means"]
    with pytest.raises(insitu.SpecError, match=r"no statistic 'Median'.*Mean"):
        insitu.rx_summary("~ x", data, summary_stats=["Median"])
    with pytest.raises(insitu.SpecError, match=r"asks for no statistic: choose among Mean"):
        insitu.rx_summary("~ x", data, summary_stats=[])


def test_empty_cells_can_be_left_out(data):
    data["f"] = pd.Categorical(data["f"], categories=["u", "v", "w", "z", "never"])
    assert len(insitu.rx_summary("~ f", data).categorical[0]) == 5
    assert len(insitu.rx_summary("~ f", data, remove_zero_counts=True).categorical[0]) == 4
    assert len(insitu.rx_summary("~ x:f", data, use_sparse_cube=True).categorical[0]) == 4


def test_formula_without_tilde_dot_and_functions(data):
    assert insitu.rx_summary("x", data).summary_data_frame["Name"].tolist() == ["x"]
    assert len(insitu.rx_summary("~ .", data)._terms) == 5
    # The logarithm of a negative number is missing.
    row = insitu.rx_summary("~ log(y)", data).summary_data_frame.iloc[0]
    assert row["MissingObs"] == (data["y"] <= 0).sum()


def test_row_selection_and_group_files(data, tmp_path):
    path = str(tmp_path / "cells.csv")
    summary = insitu.rx_summary("~ x:f + y:f", data, row_selection="y > 0", by_group_out_file=path)
    assert summary.nobs_valid == (data["y"] > 0).sum()
    written = pd.read_csv(path)
    assert {"f", "x_Mean", "y_Mean", "x_ValidObs"} <= set(written)
    with pytest.raises(insitu.SpecError, match="overwrite=True"):
        insitu.rx_summary("~ x:f", data, by_group_out_file=path)


@pytest.mark.parametrize(
    ("formula", "target", "sentence"),
    [
        ("~ x + y", "o.csv", "no term with factors"),
        ("~ x:f", "o.txt", "is neither"),
        ("x ~ f", "there.csv", "overwrite=True"),
        ("~ x:f + y:f + f:g", "two.csv", "two2.csv"),
        ("f ~ x", "there.csv", "overwrite=True"),
        ("f", "there.csv", "overwrite=True"),
        ("~ x:f + x:g", ["o.csv"], "names 1 files, and there are 2 sets"),
    ],
)
def test_group_files_are_checked_before_the_pass(
    data, tmp_path, monkeypatch, formula, target, sentence
):
    for name in ("there.csv", "two2.csv"):
        (tmp_path / name).touch()
    monkeypatch.setattr("insitu.fitting.run_fit", lambda *_, **__: pytest.fail("rows were read"))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(insitu.SpecError, match=sentence):
        insitu.rx_summary(formula, data, by_group_out_file=target)


def test_group_files_may_be_sources(data, tmp_path):
    path = str(tmp_path / "cells.parquet")
    insitu.rx_summary("~ x:f", data, by_group_out_file=insitu.RxParquetData(path))
    means = pd.read_parquet(path)["x_Mean"]
    np.testing.assert_allclose(means, data.dropna().groupby("f")["x"].mean(), rtol=1e-13)
    paths = [tmp_path / "f.csv", tmp_path / "g.csv"]
    sources = [insitu.RxTextData(str(each)) for each in paths]
    insitu.rx_summary("~ x:f + x:g", data, by_group_out_file=sources)
    assert [next(iter(pd.read_csv(each))) for each in paths] == ["f", "g"]
    with pytest.raises(insitu.SpecError, match=r"by_group_out_file is .* type int"):
        insitu.rx_summary("~ x:f", data, by_group_out_file=3)


def test_unknown_arguments_and_what_is_refused(data):
    with pytest.warns(UserWarning, match="no argument quantiles: ignored"):
        insitu.rx_summary("~ x", data, quantiles=True)
    with pytest.raises(insitu.SpecError, match="transform_function"):
        insitu.rx_summary("~ x", data, transformFunction=len)


def test_saved_summary(data, tmp_path):
    summary = insitu.rx_summary("~ x + f + x:f", data)
    summary.save(tmp_path / "s")
    assert str(insitu.load_model(tmp_path / "s")) == str(summary)
