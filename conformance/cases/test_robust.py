"""Robust and clustered covariances in every place, against statsmodels."""

from __future__ import annotations

import functools

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import statsmodels.api as sm
from scipy.stats import t

from insitu.fitting import run_fit

ROWS = 1200
NAMES = ("(Intercept)", "x", "f=a", "f=b")
ROBUST = ("HC0", "HC1", "HC2", "HC3")
CLUSTERS = (("firm",), ("year",), ("firm", "year"))


@functools.cache
def _data() -> tuple[pa.Table, pd.DataFrame]:
    """A panel with holes, some of them in the clusters, and its complete rows."""
    generator = np.random.default_rng(17)
    firm, year = generator.integers(0, 30, ROWS), generator.integers(2001, 2009, ROWS)
    x = generator.normal(size=ROWS)
    f = generator.integers(0, 3, ROWS)
    mean = 0.4 * x + 0.3 * (f == 1) + 0.5 * generator.normal(size=30)[firm] + 0.05 * (year - 2004)
    table = pd.DataFrame(
        {
            "y": mean + generator.normal(size=ROWS) * (1 + x**2),
            "event": (generator.random(ROWS) < 1 / (1 + np.exp(-mean))).astype(float),
            "count": generator.poisson(np.exp(mean)).astype(float),
            "size": generator.gamma(2, np.exp(mean) / 2),
            "x": x,
            "f": np.array(list("abc"))[f],
            "firm": np.where(generator.random(ROWS) < 0.03, None, [f"firm {k}" for k in firm]),
            "year": np.where(generator.random(ROWS) < 0.02, np.nan, year),
            "w": 0.5 + generator.random(ROWS),
        }
    )
    return pa.Table.from_pandas(table), table


def _complete(clusters: tuple[str, ...]) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    rows = _data()[1].dropna(subset=list(clusters))
    columns = [np.ones(len(rows)), rows["x"], rows["f"] == "a", rows["f"] == "b"]
    groups = np.column_stack([pd.factorize(rows[name])[0] for name in clusters] or [rows["x"]])
    return rows, np.column_stack(columns).astype(float), groups


def _same(table: dict, errors: np.ndarray, relative: float) -> None:
    by_name = dict(zip(table["names"], table["std_error"], strict=True))
    ours = np.array([by_name[name] for name in NAMES])
    np.testing.assert_allclose(ours, errors, rtol=relative)


@pytest.mark.parametrize("weights", [None, "w"])
@pytest.mark.parametrize("kind", ROBUST)
def test_rows_of_unequal_variance(place, kind, weights):
    rows, X, _ = _complete(())
    model = place.fit("y ~ x + f", place.load(_data()[0]), cov_type=kind, pweights=weights)
    prior = 1.0 if weights is None else rows["w"]
    theirs = sm.WLS(rows["y"].to_numpy(), X, weights=prior).fit(cov_type=kind, use_t=True)
    _same(model._model["coefficients"], theirs.bse, 1e-11)
    assert model.cov_type == kind
    test = theirs.f_test(np.eye(4)[1:])
    np.testing.assert_allclose(model.fstatistics, (test.fvalue, 3, ROWS - 4), rtol=1e-10)
    assert model.f_pvalue == pytest.approx(test.pvalue, rel=1e-8)


@pytest.mark.parametrize("clusters", CLUSTERS)
def test_clusters(place, clusters):
    rows, X, groups = _complete(clusters)
    model = place.fit("y ~ x + f", place.load(_data()[0]), cluster=list(clusters), cov_coef=True)
    theirs = sm.OLS(rows["y"].to_numpy(), X).fit(
        cov_type="cluster", cov_kwds={"groups": groups.squeeze()}, use_t=True
    )
    assert model.n_valid_obs == len(rows)
    assert model.clusters == {name: rows[name].nunique() for name in clusters}
    _same(model._model["coefficients"], theirs.bse, 1e-10)
    ours = model.coef_p_value[list(NAMES)].to_numpy()
    np.testing.assert_allclose(ours, theirs.pvalues, rtol=1e-8)
    covariance = model.cov_coef.loc[list(NAMES), list(NAMES)].to_numpy()
    scale = np.sqrt(np.outer(np.diag(covariance), np.diag(covariance)))
    np.testing.assert_allclose(covariance / scale, theirs.cov_params() / scale, atol=1e-10)


GENERALIZED = {
    "event": ({"name": "binomial"}, sm.families.Binomial()),
    "count": ({"name": "poisson"}, sm.families.Poisson()),
    "size": ({"name": "Gamma", "link": "log"}, sm.families.Gamma(sm.families.links.Log())),
}


def _sandwich(family: object, response: str, clusters: tuple[str, ...], kind: str) -> np.ndarray:
    """Standard errors by statsmodels' scores and expected information."""
    rows, X, groups = _complete(clusters)
    model = sm.GLM(rows[response].to_numpy(), X, family=family)
    params = model.fit(tol=1e-15, maxiter=200).params
    scores = model.score_obs(params, scale=1.0)
    bread = np.linalg.inv(-model.hessian(params, scale=1.0, observed=False))
    if kind == "cluster":
        scores = np.array([scores[groups[:, 0] == g].sum(axis=0) for g in np.unique(groups)])
    n, g = len(rows), len(scores)
    if kind in ("HC2", "HC3"):
        weights = model.hessian_factor(params, scale=1.0, observed=False)
        rest = 1 - np.einsum("ij,jk,ik->i", X, bread, X) * weights
        scores = scores / (rest if kind == "HC3" else np.sqrt(rest))[:, None]
    factor = {"HC1": n / (n - 4), "cluster": g / (g - 1) * (n - 1) / (n - 4)}.get(kind, 1.0)
    return np.sqrt(factor * np.diag(bread @ scores.T @ scores @ bread))


@pytest.mark.parametrize("kind", [*ROBUST, "cluster"])
@pytest.mark.parametrize("response", GENERALIZED)
def test_generalised_linear_models(place, response, kind):
    family, theirs = GENERALIZED[response]
    clusters = ("firm",) if kind == "cluster" else ()
    spec = {"formula": f"{response} ~ x + f", "family": family, "tolerance": "tight"}
    spec |= {"cov_type": kind, "clusters": list(clusters), "rows": None}
    result = run_fit("glm", spec, place.load(_data()[0]), place.context)
    _same(result["coefficients"], _sandwich(theirs, response, clusters, kind), 1e-8)
    normal = response != "size" and kind != "cluster"
    assert ("z_value" in result["coefficients"]) == normal
    assert result["clusters"] == ([{"column": "firm", "groups": 30}] if clusters else [])


def test_errors_of_predictions_are_robust_too():
    import insitu

    rows, X, groups = _complete(("firm",))
    model = insitu.rx_lin_mod("y ~ x + f", rows, cluster="firm", cov_coef=True)
    found = insitu.rx_predict(model, rows, compute_std_errors=True, interval="confidence")
    theirs = sm.OLS(rows["y"].to_numpy(), X).fit(
        cov_type="cluster", cov_kwds={"groups": groups.squeeze()}, use_t=True
    )
    expected = theirs.get_prediction(X).summary_frame()
    np.testing.assert_allclose(found.iloc[:, 1], expected["mean_se"], rtol=1e-9)
    # Their interval counts rows; tests of theirs, as ours, count clusters.
    lower = expected["mean"] - t.ppf(0.975, 29) * expected["mean_se"]
    np.testing.assert_allclose(found.iloc[:, 2], lower, atol=1e-8)
