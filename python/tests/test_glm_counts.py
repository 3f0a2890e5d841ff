"""Counts as responses, theta of the negative binomial, quasi families, and infinite estimates."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

import insitu
from insitu import SpecError, families

ROWS = 500


@pytest.fixture(scope="module")
def data() -> pd.DataFrame:
    rng = np.random.default_rng(12)
    x = rng.normal(size=ROWS)
    f = rng.integers(0, 3, ROWS)
    trials = rng.integers(0, 6, ROWS)
    mean = 1 / (1 + np.exp(-x))
    wins = rng.binomial(trials, mean)
    return pd.DataFrame(
        {
            "x": x,
            "f": np.array(["a", "b", "c"])[f],
            "wins": wins,
            "losses": trials - wins,
            "trials": trials,
            "n": rng.negative_binomial(2, 2 / (2 + np.exp(0.5 + x / 2))),
            "even": np.arange(ROWS) % 4,
            "rare": np.where(f == 0, 0.0, rng.random(ROWS) < mean),
        }
    )


def test_counts_are_shares_of_trials(data):
    model = insitu.rx_glm("cbind(wins, losses) ~ x + f", data, family="binomial")
    frame = data.assign(share=data["wins"] / data["trials"].replace(0, 1))
    shares = insitu.rx_glm("share ~ x + f", frame, family="binomial", pweights="trials")
    pd.testing.assert_series_equal(model.coefficients, shares.coefficients, check_names=False)
    assert model.aic == shares.aic
    assert insitu.rx_logit("cbind(wins, trials - wins) ~ x + f", data).aic == shares.aic
    mean = insitu.rx_predict(model, data).iloc[:, 0]
    np.testing.assert_allclose(mean, insitu.rx_predict(shares, frame)["share_Pred"])
    for kind in ("response", "pearson", "deviance", "working"):
        ours = insitu.rx_predict(model, data, compute_residuals=True, residual_type=kind)
        theirs = insitu.rx_predict(shares, frame, compute_residuals=True, residual_type=kind)
        known = data["trials"] > 0
        np.testing.assert_allclose(ours[known].iloc[:, 1], theirs[known].iloc[:, 1])
        assert ours[~known].isna().all(axis=None)
    assert insitu.rx_unserialize_model(insitu.rx_serialize_model(model)) == model


@pytest.mark.parametrize("cov_type", ["classical", "HC0", "HC3", "cluster"])
def test_failures_counted_as_successes_change_signs_alone(data, cov_type):
    """Shares within 1e-12 of 0 or of 1 are held by their counts, not by the share."""
    rng = np.random.default_rng(4)
    frame = pd.DataFrame({"x": rng.normal(size=200), "firm": np.arange(200) % 20})
    frame["few"] = rng.poisson(30.0 * np.exp(frame["x"] / 2)).astype(float)
    frame["many"] = 1e12 - frame["few"]
    how = {"cluster": "firm"} if cov_type == "cluster" else {"cov_type": cov_type}
    one, other = (
        insitu.rx_logit(f"cbind({counts}) ~ x", frame, tolerance="tight", **how)
        for counts in ("few, many", "many, few")
    )
    np.testing.assert_allclose(one.coefficients, -other.coefficients, rtol=1e-11)
    np.testing.assert_allclose(one.coef_std_error, other.coef_std_error, rtol=1e-9)
    for kind in ("working", "pearson", "deviance"):
        found, swapped = (
            insitu.rx_predict(model, frame, compute_residuals=True, residual_type=kind).iloc[:, -1]
            for model in (one, other)
        )
        np.testing.assert_allclose(found, -swapped, rtol=1e-8)


def test_counts_are_for_binomial_families(data):
    with pytest.raises(SpecError, match="several responses are not supported yet"):
        insitu.rx_lin_mod("cbind(wins, losses) ~ x", data)
    with pytest.raises(SpecError, match="several responses are not supported yet"):
        insitu.rx_glm("cbind(wins, losses) ~ x", data, family="poisson")
    with pytest.raises(SpecError, match="counts trials already"):
        insitu.rx_logit("cbind(wins, losses) ~ x", data, fweights="trials")
    with pytest.raises(insitu.DataError, match="has a count below 0 at row"):
        insitu.rx_logit("cbind(wins - 1, losses) ~ x", data)


def test_theta(data):
    model = insitu.rx_glm("n ~ x + f", data, family="negative.binomial")
    X = np.column_stack([np.ones(ROWS), data["x"], data["f"] == "a", data["f"] == "b"])
    peer = sm.NegativeBinomial(data["n"].to_numpy(), X.astype(float)).fit(
        disp=0, method="newton", maxiter=200, tol=1e-14
    )
    assert model.theta == pytest.approx(1 / peer.params[-1], rel=1e-6)
    assert model.log_likelihood == pytest.approx(peer.llf, rel=1e-11)
    assert model.aic == pytest.approx(2 * 5 - 2 * peer.llf, rel=1e-11)
    again = insitu.rx_glm("n ~ x + f", data, family=families.negative_binomial(model.theta))
    np.testing.assert_allclose(again.coefficients, model.coefficients, rtol=1e-8)
    assert again.theta_std_error is None
    assert again.aic == pytest.approx(model.aic - 2, rel=1e-9)
    text = str(model.summary())
    assert "Theta: " in text
    assert "2 x log-likelihood: -" in text


def test_counts_without_overdispersion(data):
    with pytest.warns(UserWarning, match="not overdispersed"):
        model = insitu.rx_glm("even ~ x", data, family=families.negative_binomial())
    poisson = insitu.rx_glm("even ~ x", data, family="poisson")
    assert model.theta == math.inf
    assert math.isnan(model.theta_std_error)
    np.testing.assert_allclose(model.coefficients, poisson.coefficients, rtol=1e-9)
    payload = model.to_payload()
    assert insitu.GeneralizedLinearModel.from_payload(payload) == model
    np.testing.assert_allclose(insitu.rx_predict(model, data), insitu.rx_predict(poisson, data))


@pytest.mark.parametrize(
    ("variance", "same"),
    [("constant", "gaussian(log)"), ("mu", "quasipoisson"), ("mu^2", "Gamma(log)")],
)
def test_quasi_is_a_family_without_likelihood(data, variance, same):
    frame = data.assign(y=data["n"] + 0.5)
    found = insitu.rx_glm("y ~ x + f", frame, family=families.quasi("log", variance))
    peer = insitu.rx_glm("y ~ x + f", frame, family=same)
    np.testing.assert_allclose(found.coefficients, peer.coefficients, rtol=1e-7)
    np.testing.assert_allclose(found.coef_std_error, peer.coef_std_error, rtol=1e-6)
    assert math.isnan(found.aic)
    assert math.isnan(found.bic)
    assert math.isnan(found.log_likelihood)
    assert found.family == families.quasi("log", variance)


def test_quasi_arguments(data):
    assert families.quasi(variance="mu (1 - mu)").variance == "mu(1-mu)"
    with pytest.raises(SpecError, match="no variance 'mu\\^4'; it has constant"):
        insitu.rx_glm("n ~ x", data, family=families.quasi(variance="mu^4"))


def test_levels_without_events(data):
    with pytest.warns(UserWarning, match="f=a: all .* responses are 0: its coefficient is -inf"):
        model = insitu.rx_logit("rare ~ x + f", data, cov_coef=True)
    rest = insitu.rx_logit("rare ~ x + f", data[data["f"] != "a"])
    assert model.coefficients["f=a"] == -math.inf
    assert math.isnan(model.coef_std_error["f=a"])
    np.testing.assert_allclose(model.coefficients["x"], rest.coefficients["x"], rtol=1e-9)
    assert model.deviance == pytest.approx(rest.deviance, rel=1e-10)
    assert model.df[0] == rest.df[0] + 1
    predicted = insitu.rx_predict(model, data, interval="confidence", compute_standard_errors=True)
    level = data["f"] == "a"
    assert (predicted.loc[level, "rare_Pred"] == 0).all()
    assert (predicted.loc[level, "rare_Upper"] == 0).all()
    np.testing.assert_allclose(
        predicted.loc[~level, "rare_Pred"], insitu.rx_predict(rest, data[~level])["rare_Pred"]
    )
    again = insitu.rx_unserialize_model(insitu.rx_serialize_model(model))
    assert again == model
    assert "-inf" in str(model.summary()).lower()


def test_separation_is_told(data):
    frame = data.assign(y=(data["x"] > 0).astype(float))
    with pytest.warns(UserWarning, match='completely separated by "x"'):
        model = insitu.rx_logit("y ~ x", frame)
    assert not model.converged


def firth(X, y):
    """Firth's estimates by Newton's steps of the modified score, written out."""
    beta = np.zeros(X.shape[1])
    for _ in range(500):
        mean = 1 / (1 + np.exp(-X @ beta))
        weight = mean * (1 - mean)
        inverse = np.linalg.inv(X.T @ (weight[:, None] * X))
        leverage = weight * np.einsum("ij,jk,ik->i", X, inverse, X)
        step = inverse @ (X.T @ (y - mean + leverage * (0.5 - mean)))
        beta = beta + step
    return beta, np.sqrt(np.diag(inverse))


def test_firth(data):
    frame = data.assign(y=(data["x"] > 0).astype(float))[:120]
    model = insitu.rx_logit("y ~ x + f", frame, method="firth", max_iterations=200)
    X = np.column_stack([np.ones(120), frame["x"], frame["f"] == "a", frame["f"] == "b"])
    estimates, errors = firth(X.astype(float), frame["y"].to_numpy())
    assert model.converged
    np.testing.assert_allclose(model.coefficients.dropna(), estimates, rtol=1e-8)
    np.testing.assert_allclose(model.coef_std_error.dropna(), errors, rtol=1e-7)
    assert model.penalized_log_likelihood < 0
    assert model.method == "firth"
    with pytest.raises(SpecError, match="method is 'ml' or 'firth'"):
        insitu.rx_logit("y ~ x", frame, method="bayes")
    with pytest.raises(SpecError, match="is for logistic regression"):
        insitu.rx_glm("n ~ x", data, family="poisson", method="firth")
