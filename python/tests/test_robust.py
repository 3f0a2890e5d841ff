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
        ({"cov_type": "HC1", "cluster": "firm"}, "cov_type is .HC1.: it must be .cluster."),
        ({"cluster": "frim"}, 'no column "frim" to cluster by; did you mean .firm.'),
        ({"cluster": ["firm", "year", "x"]}, "one or two columns, and 3 are given"),
        ({"cluster": ["firm", "firm"]}, "named twice"),
        ({"cluster": 3}, "cluster is the name of a column of the data, or a list of two names"),
        ({"cluster": []}, "cluster is the name of a column of the data"),
        ({"cluster": [1]}, r"and was given as \[1\]"),
        ({"vcov": "HC1"}, "has no argument vcov: give cov_type='HC1'"),
        ({"cov_type": "nonrobust"}, "'classical' is meant"),
    ],
)
def test_what_is_refused(panel, arguments, said):
    with pytest.raises(SpecError, match=said):
        insitu.rx_lin_mod("y ~ x", panel, **arguments)


def test_one_cluster_is_not_enough(panel):
    with pytest.raises(DataError, match='rows that were used have 1 value of "year"'):
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
    with pytest.warns(UserWarning, match="is not above zero, which two columns of clusters can do"):
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


def test_each_value_of_a_number_is_a_cluster(panel):
    names = insitu.rx_lin_mod("y ~ x", panel, cluster="name").coef_std_error
    for ids in (
        panel["firm"] * 0.25,
        panel["firm"] * 10**12 - 5,
        pd.Timestamp("2020-01-01") + pd.to_timedelta(panel["firm"] * 300, unit="ms"),
        pd.Timestamp("2020-01-01") + pd.to_timedelta(panel["firm"] * 7, unit="D"),
        panel["firm"].map(lambda k: -0.0 if k == 0 else float(k)),
    ):
        model = insitu.rx_lin_mod("y ~ x", panel.assign(id=ids), cluster="id")
        assert model.clusters == {"id": 12}
        pd.testing.assert_series_equal(model.coef_std_error, names, rtol=1e-12)
    with pytest.raises(DataError, match="as clusters numbers must lie within 2"):
        insitu.rx_lin_mod("y ~ x", panel.assign(id=panel["firm"] + 2.0**60), cluster="id")


@pytest.mark.parametrize("formula", ["y ~ g - 1", "y ~ g + x - 1", "y ~ g:x - 1", "y ~ g + x"])
@pytest.mark.parametrize("how", [{"cov_type": "HC1"}, {"cluster": "firm"}])
def test_f_is_wald_of_all_but_the_intercept(panel, formula, how):
    data = panel.assign(g=np.array(list("abc"))[np.arange(ROWS) % 3])
    model = insitu.rx_lin_mod(formula, data, cov_coef=True, **how)
    names = [n for n in model.coefficients.index[~model.aliased] if n != "(Intercept)"]
    b, v = model.coefficients[names], model.cov_coef.loc[names, names]
    value, numerator, denominator = model.fstatistics
    assert value == pytest.approx(b @ np.linalg.solve(v, b) / len(names), rel=1e-9)
    assert (numerator, denominator) == (len(names), model.test_df)


@pytest.mark.parametrize("seed", range(6))
def test_a_level_of_one_row_has_no_robust_error(seed):
    y = np.random.default_rng(seed).normal(size=31)
    data = pd.DataFrame({"y": y, "g": ["z"] + ["a", "b"] * 15})
    with pytest.warns(UserWarning, match="variance of 1 of 3 coefficients .*Intercept"):
        model = insitu.rx_lin_mod("y ~ g", data, cov_type="HC1")
    assert model.coef_std_error.isna().to_dict() == {
        "(Intercept)": True, "g=a": False, "g=b": False, "g=z": True
    }  # fmt: skip


def test_without_degrees_of_freedom_there_are_no_errors():
    two = pd.DataFrame({"x": [0.3, -0.8], "n": [3, 5], "c": [1, 2]})
    for how in ({"cov_type": "HC3"}, {"cov_type": "HC0"}, {"cluster": "c"}):
        for fit in (insitu.rx_lin_mod, insitu.rx_glm):
            options = {"family": "poisson"} if fit is insitu.rx_glm else {}
            with pytest.warns(UserWarning, match="no degrees of freedom are left"):
                model = fit("n ~ x", two, **options, **how)
            assert model.coef_std_error.isna().all()


def test_f_needs_as_many_clusters_as_coefficients(panel):
    data = panel.assign(g=[f"{k % 15:02}" for k in range(ROWS)])
    with pytest.warns(UserWarning, match="F is not defined: 15 coefficients .* 4 clusters"):
        model = insitu.rx_lin_mod("y ~ x + g", data, cluster="year")
    assert np.isnan(model.fstatistics["value"])


def test_lost_digits_are_told():
    x = np.linspace(100, 110, 200)
    data = pd.DataFrame({"x": x, "y": np.sin(x)})
    with pytest.warns(UserWarning, match="nearly combinations of others: cov_type='HC1' may keep as few as"):  # fmt: skip
        insitu.rx_lin_mod("y ~ x + I(x^2) + I(x^3) + I(x^4)", data, cov_type="HC1")
