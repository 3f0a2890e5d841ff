"""ROC curves, areas, calibration, lift and scores, against scikit-learn and the definitions."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn import calibration, metrics

import insitu


def frame(n=4000, seed=3, digits=None):
    """Outcomes, two predictions (of `digits` digits, so that there are ties), and weights."""
    rng = np.random.default_rng(seed)
    p = rng.beta(0.7, 2.0, n)
    q = np.clip(p + rng.normal(0, 0.2, n), 0, 1)
    data = pd.DataFrame({"y": (rng.random(n) < p).astype(int), "p": p, "q": q})
    data["w"] = rng.integers(1, 5, n).astype(float)
    return data if digits is None else data.round({"p": digits, "q": digits})


@pytest.mark.parametrize("digits", [None, 2])
@pytest.mark.parametrize("weights", [None, "w"])
def test_as_scikit_learn(digits, weights):
    data = frame(digits=digits)
    data[["p", "q"]] = data[["p", "q"]].clip(1e-6, 1 - 1e-6)
    w = None if weights is None else data[weights]
    found = insitu.rx_roc("y", ["p", "q"], data, pweights=weights).glance()
    for name in ("p", "q"):
        expected = {
            "auc": metrics.roc_auc_score(data["y"], data[name], sample_weight=w),
            "average_precision": metrics.average_precision_score(data["y"], data[name], sample_weight=w),
            "log_loss": metrics.log_loss(data["y"], data[name], sample_weight=w),
            "brier_score": metrics.brier_score_loss(data["y"], data[name], sample_weight=w),
        }  # fmt: skip
        for key, value in expected.items():
            assert found.loc[name, key] == pytest.approx(value, rel=1e-12), (name, key)
        assert found.loc[name, "auc_error"] == found.loc[name, "average_precision_error"] == 0


def test_curves_as_scikit_learn():
    data = frame(digits=2)
    roc = insitu.rx_roc("y", "p", data)
    false, true, thresholds = metrics.roc_curve(data["y"], data["p"], drop_intermediate=False)
    curve = roc.curve
    assert list(curve) == ["threshold", "pred_var_name", "sensitivity", "specificity"]
    np.testing.assert_array_equal(curve["threshold"], thresholds)
    np.testing.assert_allclose(curve["sensitivity"], true, atol=1e-15)
    np.testing.assert_allclose(1 - curve["specificity"], false, atol=1e-15)
    precision, recall, thresholds = metrics.precision_recall_curve(data["y"], data["p"])
    found = roc.precision_recall().iloc[::-1]
    np.testing.assert_array_equal(found["threshold"], thresholds)
    np.testing.assert_allclose(found["precision"], precision[:-1], rtol=1e-14)
    np.testing.assert_allclose(found["recall"], recall[:-1], rtol=1e-14)


def test_calibration_and_lift():
    data = frame(n=5000)
    roc = insitu.rx_roc("y", "p", data, num_points=5000)
    observed, mean = calibration.calibration_curve(
        data["y"], data["p"], n_bins=10, strategy="quantile"
    )
    found = roc.calibration()
    np.testing.assert_allclose(found["mean_predicted"], mean, rtol=1e-12)
    np.testing.assert_allclose(found["observed"], observed, rtol=1e-12)
    assert (found["weight"] == 500).all()

    grid = insitu.rx_roc("y", "p", data, num_breaks=20)
    observed, mean = calibration.calibration_curve(data["y"], data["p"], n_bins=5)
    found = grid.calibration(5, strategy="uniform")
    np.testing.assert_allclose(found["mean_predicted"], mean, rtol=1e-12)
    np.testing.assert_allclose(found["observed"], observed, rtol=1e-12)

    lift = roc.lift(10)
    top = data.sort_values("p", ascending=False)["y"].to_numpy().reshape(10, 500).mean(axis=1)
    np.testing.assert_allclose(lift["lift"], top / data["y"].mean(), rtol=1e-12)
    np.testing.assert_allclose(lift["gain"].iloc[-1], 1.0)
    np.testing.assert_allclose(lift["cumulative_lift"], lift["gain"] / lift["share"], rtol=1e-14)


def test_the_originals_grid():
    data = frame(n=500)
    roc = insitu.rx_roc("y", "p", data, num_breaks=10, remove_dups=False)
    curve = roc.curve.iloc[1:]
    np.testing.assert_array_equal(curve["threshold"], np.arange(10, -1, -1) / 10)
    for row in curve.itertuples():
        above = data["p"] >= row.threshold
        assert row.sensitivity == pytest.approx(above[data["y"] == 1].mean())
        assert row.specificity == pytest.approx(1 - above[data["y"] == 0].mean())
    exact = metrics.roc_auc_score(data["y"], data["p"])
    assert 0 < abs(roc.auc["p"] - exact) <= roc.auc_error["p"]
    assert roc.auc["p"] == pytest.approx(
        np.trapezoid(roc.curve["sensitivity"], 1 - roc.curve["specificity"])
    )


def test_weights_repeat_rows():
    data = frame(n=3000)
    repeated = data.loc[data.index.repeat(data["w"].astype(int))]
    assert insitu.rx_auc("y", "p", data, fweights="w")["p"] == pytest.approx(
        insitu.rx_auc("y", "p", repeated)["p"], rel=1e-14
    )


@pytest.mark.parametrize(("breaks", "bins"), [(100, 100), (100, 50), (1000, 250), (49, 49)])
def test_bins_of_equal_width(breaks, bins):
    """Each row lies in one bin, those at a bound in the upper one."""
    data = frame(n=5000)
    data["p"] = np.round(data["p"] * breaks) / breaks  # at the bounds themselves
    for remove_dups in (True, False):
        roc = insitu.rx_roc("y", "p", data, num_breaks=breaks, remove_dups=remove_dups)
        found = roc.calibration(bins, "uniform")
        numbers = np.minimum(np.round(data["p"] * breaks).astype(int) * bins // breaks, bins - 1)
        weight = np.bincount(numbers, minlength=bins)
        full = weight > 0
        np.testing.assert_array_equal(found["weight"], weight[full])
        observed = np.bincount(numbers, data["y"], minlength=bins)[full] / weight[full]
        np.testing.assert_allclose(found["observed"], observed, rtol=1e-14)
        mean = np.bincount(numbers, data["p"], minlength=bins)[full] / weight[full]
        np.testing.assert_allclose(found["mean_predicted"], mean, rtol=1e-12)


def test_thresholds_that_no_row_reaches():
    data = frame(n=500)
    data["p"] = data["p"] / 2.0
    roc = insitu.rx_roc("y", "p", data, num_breaks=20, remove_dups=False)
    found = roc.precision_recall()
    assert len(found) == 21
    for row in found.itertuples():
        above = data["p"] >= row.threshold
        assert row.precision == (pytest.approx(data["y"][above].mean()) if above.any() else 1.0)
    assert not roc.calibration(5).isna().any(axis=None)
    assert not roc.lift(5).isna().any(axis=None)


def test_missing_values_labels_and_booleans():
    data = frame(n=300)
    exact = insitu.rx_auc("y", "p", data.iloc[10:])["p"]
    data.loc[:4, "p"] = np.nan
    data.loc[5:9, "q"] = np.nan
    roc = insitu.rx_roc("y", ["p", "q"], data)
    assert (roc.n_valid_obs, roc.n_missing_obs) == (290, 10)
    assert roc.auc["p"] == exact
    data["won"] = data["y"] == 1
    data["label"] = np.where(data["won"], "yes", "no")
    assert insitu.rx_auc("won", "p", data)["p"] == insitu.rx_auc("y", "p", data)["p"]
    assert insitu.rx_auc("label", "p", data)["p"] == insitu.rx_auc("y", "p", data)["p"]


@pytest.mark.parametrize("name", ["a `b` ~ c", "a\\", "a\\\\b`"])
def test_odd_names_selections_and_files(tmp_path, name):
    data = frame(n=400).rename(columns={"p": name})
    path = tmp_path / "rows.parquet"
    data.to_parquet(path)
    roc = insitu.rx_roc(
        "y", [name, "half"], str(path), row_selection="w > 1", transforms={"half": "q / 2"}
    )
    kept = data[data["w"] > 1]
    expected = [metrics.roc_auc_score(kept["y"], kept[each]) for each in (name, "q")]
    assert roc.predictions == [name, "half"]
    np.testing.assert_allclose(roc.auc, expected, rtol=1e-14)


def test_saved_and_printed(tmp_path):
    roc = insitu.rx_roc("y", ["p", "q"], frame())
    roc.save(tmp_path / "roc.insitu")
    assert insitu.load_model(tmp_path / "roc.insitu") == roc == pickle.loads(pickle.dumps(roc))
    text = str(roc)
    assert "ROC Results for: y" in text
    assert "Number of valid observations: 4000" in text
    assert f"{roc.auc['q']:.6f}" in text
    assert "auc_error" not in text
    assert "auc_error" in str(insitu.rx_roc("y", "p", frame(), num_breaks=10))
    assert "ROC: y" in roc._repr_html_()
    assert roc["auc"].equals(roc.auc)


def test_drawings():
    import matplotlib

    matplotlib.use("Agg")
    roc = insitu.rx_roc("y", ["p", "q"], frame())
    for what in ("roc", "precision-recall", "calibration", "lift"):
        axes = roc.plot(what)
        assert len(axes.lines) == 3
    axes = insitu.rx_roc_curve("y", "p", frame(), title="A", ax=axes)
    assert axes.get_title() == "A"
    line = roc.plot("roc").lines[1]
    np.testing.assert_allclose(
        line.get_xdata(), 1 - roc.curve["specificity"][: len(line.get_xdata())]
    )
    with pytest.raises(insitu.SpecError, match=r"plot draws 'roc', .*and was asked for 'x'"):
        roc.plot("x")


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"p": 1.5}, insitu.DataError, 'the prediction "p" is 1.5 in row 1: predictions are'),
        ({"y": 2}, insitu.DataError, 'the outcome "y" is 2 in row 1: outcomes are 1'),
        ({"p": "a"}, insitu.SpecError, 'the prediction "p" is not a number'),
    ],
)
def test_bad_data(change, error, message):
    with pytest.raises(error, match=message):
        insitu.rx_roc("y", "p", frame(n=5).assign(**change))


def test_bad_requests():
    data = frame(n=50)
    with pytest.raises(insitu.DataError, match='"y" is 1 in all of 50 rows: there is nothing'):
        insitu.rx_roc("y", "p", data.assign(y=1))
    with pytest.raises(insitu.SpecError, match="num_breaks is a whole number"):
        insitu.rx_roc("y", "p", data, num_breaks=0)
    with pytest.raises(insitu.SpecError, match="error_bound is a number from 0"):
        insitu.rx_roc("y", "p", data, error_bound=2)
    with pytest.raises(insitu.SpecError, match="each once"):
        insitu.rx_roc("y", ["p", "p"], data)
    with pytest.raises(insitu.SpecError, match="names of columns"):
        insitu.rx_roc("y", [3], data)
    with pytest.raises(insitu.SpecError, match="nope"):
        insitu.rx_roc("y", "nope", data)
    with pytest.raises(insitu.SpecError, match="takes a Roc, or"):
        insitu.rx_auc("y")
    with pytest.raises(insitu.SpecError, match="takes no other arguments"):
        insitu.rx_auc(insitu.rx_roc("y", "p", data), "p")
    roc = insitu.rx_roc("y", "p", data)
    with pytest.raises(insitu.SpecError, match="bins is a whole number"):
        roc.lift(0)
    with pytest.raises(insitu.SpecError, match="strategy is 'quantile' or 'uniform'"):
        roc.calibration(strategy="x")
