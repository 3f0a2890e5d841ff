"""`cov_type` and `cluster`: arguments, errors, what is printed, saved and predicted. Figures: conformance."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import insitu
from insitu import DataError, SpecError, StateError

ROWS = 300


@pytest.fixture(scope="module")
def panel() -> pd.DataFrame:
    rng = np.random.default_rng(8)
    firm = rng.integers(0, 12, ROWS)
    x = rng.normal(size=ROWS)
    return pd.DataFrame(
        {
            "y": x + rng.normal(size=12)[firm] + rng.normal(size=ROWS),
            "x": x,
            "won": rng.random(ROWS) < 1 / (1 + np.exp(-x)),
            "firm": firm,
            "name": [f"firm {k}" for k in firm],
            "year": rng.integers(2001, 2005, ROWS),
        }
    )


def test_the_names_of_covariances(panel):
    classical = insitu.rx_lin_mod("y ~ x", panel)
    assert classical.cov_type == "classical"
    assert classical.clusters == {}
    assert "Standard errors:" not in str(classical.summary())
    assert insitu.rx_lin_mod("y ~ x", panel, cov_type="hc1").cov_type == "HC1"
    by_name = insitu.rx_lin_mod("y ~ x", panel, cov_type="cluster", cluster="name")
    by_number = insitu.rx_lin_mod("y ~ x", panel, cluster=["firm"])
    assert by_name.clusters == {"name": 12}
    assert by_number.clusters == {"firm": 12}
    pd.testing.assert_series_equal(by_name.coef_std_error, by_number.coef_std_error)


def test_what_is_printed(panel):
    robust = insitu.rx_lin_mod("y ~ x", panel, cov_type="HC3")
    line = "Standard errors: robust to unequal variances (HC3)"
    assert line in str(robust.summary()).splitlines()
    two = insitu.rx_lin_mod("y ~ x", panel, cluster=["firm", "year"])
    line = "Standard errors: clustered by firm (12 clusters) and year (4 clusters)"
    assert line in str(two.summary()).splitlines()
    assert "F-statistic" in str(two.summary())
    assert " and 3 DF" in str(two.summary())
    assert "clustered by firm" in two._repr_html_()
    logit = insitu.rx_logit("won ~ x", panel, cluster="firm")
    assert "t value" in str(logit.summary())
    assert "Pr(>|t|)" in str(logit.summary())
    assert "z value" in str(insitu.rx_logit("won ~ x", panel, cov_type="HC1").summary())


def test_intervals_have_the_degrees_of_freedom_of_the_clusters(panel):
    from scipy.stats import t

    for model in (
        insitu.rx_lin_mod("y ~ x", panel, cluster="firm"),
        insitu.rx_logit("won ~ x", panel, cluster="firm"),
    ):
        tidy = model.tidy()
        reach = (tidy["conf_high"] - tidy["conf_low"]) / 2 / tidy["std_error"]
        assert reach.to_numpy() == pytest.approx(t.ppf(0.975, 11), rel=1e-12)
        p = 2 * t.sf(np.abs(tidy["statistic"]), 11)
        assert tidy["p_value"].to_numpy() == pytest.approx(p, rel=1e-9)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"cov_type": "HC4"}, "'HC0', 'HC1', 'HC2', 'HC3', 'cluster', and was given as 'HC4'"),
        ({"cov_type": "cluster"}, "needs the columns that rows are clustered by"),
        ({"cov_type": "HC1", "cluster": "firm"}, "leave out one of them"),
        ({"cluster": "frim"}, 'no column "frim" to cluster by; did you mean .firm.'),
        ({"cluster": ["firm", "year", "x"]}, "one or two columns, and 3 are given"),
        ({"cluster": ["firm", "firm"]}, "named twice"),
        ({"cluster": 3}, "cluster is the name of a column, or a list of two"),
    ],
)
def test_what_is_refused(panel, arguments, said):
    with pytest.raises(SpecError, match=said):
        insitu.rx_lin_mod("y ~ x", panel, **arguments)


def test_one_cluster_is_not_enough(panel):
    with pytest.raises(DataError, match='"year" has 1 value in the rows that were used'):
        insitu.rx_lin_mod("y ~ x", panel, cluster="year", row_selection="year = 2001")


def test_a_missing_cluster_is_a_missing_row(panel):
    holes = panel.assign(name=panel["name"].where(panel["firm"] > 1))
    model = insitu.rx_lin_mod("y ~ x", holes, cluster="name")
    assert model.n_missing_obs == (panel["firm"] <= 1).sum()
    assert model.clusters == {"name": 10}


def test_predictions_do_not_need_the_clusters(panel):
    model = insitu.rx_lin_mod("y ~ x", panel, cluster="firm", cov_coef=True)
    found = insitu.rx_predict(model, panel[["x"]], compute_std_errors=True)
    X = np.column_stack([np.ones(ROWS), panel["x"]])
    expected = np.sqrt(np.einsum("ij,jk,ik->i", X, model.cov_coef.to_numpy(), X))
    assert found.iloc[:, 1].to_numpy() == pytest.approx(expected, rel=1e-10)
    assert "firm" not in model.to_sql()
    assert "x" in model.to_sql()


def test_models_are_saved_with_their_covariance(panel, tmp_path):
    with pytest.warns(UserWarning, match="some variances of two-way clusters are negative"):
        model = insitu.rx_logit("won ~ x", panel, cluster=["firm", "year"])
    model.save(tmp_path / "m.insitu")
    again = insitu.load_model(tmp_path / "m.insitu")
    assert again.clusters == model.clusters == {"firm": 12, "year": 4}
    assert str(again.summary()) == str(model.summary())
    pd.testing.assert_frame_equal(again.tidy(), model.tidy())


def test_damaged_clusters_in_a_file_are_refused(panel):
    from insitu.results.glm_check import check_glm

    model = json.loads(json.dumps(insitu.rx_logit("won ~ x", panel, cluster="firm")._model))
    check_glm(model, "glm")
    for clusters in ("firm", [{"column": "firm"}], [{"column": 1, "groups": 3}]):
        with pytest.raises(StateError):
            check_glm({**model, "clusters": clusters}, "glm")


def test_dots_leave_clusters_out(panel):
    model = insitu.rx_lin_mod("y ~ .", panel[["y", "x", "name"]], cluster="name")
    assert list(model.coefficients.index) == ["(Intercept)", "x"]
