"""Generalised linear models that are hard to fit: wild predictors, small theta, links whose first step leads too far."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

import insitu
from insitu import NumericError, SpecError, families

SEEDS = range(8)


def _fit(formula: str, data: pd.DataFrame, family: object, **options: object) -> object:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return insitu.rx_glm(formula, data, family=family, **options)


def _agrees(model, data: pd.DataFrame, family) -> None:
    """The deviance is no greater than statsmodels', and where both end at one place the estimates are the same."""
    assert model.converged
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        other = sm.GLM(data["y"], sm.add_constant(data[["x"]]), family=family).fit(
            start_params=model.coefficients, tol=1e-14, maxiter=300
        )
    assert model.deviance <= other.deviance * (1 + 1e-10) + 1e-12
    errors = model.coef_std_error.to_numpy()
    np.testing.assert_array_less(np.abs(model.coefficients - other.params.to_numpy()), 1e-6 * errors)  # fmt: skip


LINKS = sm.families.links


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("name", "theirs"), [("probit", LINKS.Probit), ("cloglog", LINKS.CLogLog), ("cauchit", LINKS.Cauchy)]
)  # fmt: skip
def test_wild_predictors(name, theirs, seed):
    rng = np.random.default_rng(seed)
    x = rng.lognormal(size=1000)
    data = pd.DataFrame({"x": x, "y": (rng.random(1000) < 0.3 + 0.4 * (x > 1)).astype(float)})
    model = _fit("y ~ x", data, f"binomial({name})", max_iterations=60)
    _agrees(model, data, sm.families.Binomial(theirs()))


@pytest.mark.parametrize("seed", SEEDS)
def test_means_that_are_one_but_for_rounding(seed):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=1000)
    data = pd.DataFrame({"x": x, "y": (rng.random(1000) < 1 / (1 + np.exp(-8 * x))).astype(float)})
    model = insitu.rx_glm("y ~ x", data, family="binomial(cloglog)")
    assert model.converged
    # Its score equations, with the weights of the definition.
    eta = model.coefficients["(Intercept)"] + model.coefficients["x"] * data["x"]
    rest = np.exp(-np.exp(eta))
    score = np.where(data["y"] == 1, np.exp(eta) * rest / -np.expm1(-np.exp(eta)), -np.exp(eta))
    for column in (np.ones(1000), data["x"]):
        assert abs(np.sum(score * column)) <= 1e-8 * np.sum(np.abs(score * column))
    assert any("but for rounding" in text for text in model.warnings)


def test_a_mixed_step_uphill_is_taken_back():
    data = pd.DataFrame({"x": [-1.0, -0.5, 0, 0.5, 1, -2, 20], "y": [1, 0, 1, 0, 1, 1, 0]})
    for start in (None, [0.39, -0.16], [0.39, -0.2]):
        model = insitu.rx_glm("y ~ x", data, family="binomial(probit)", initial_values=start)
        _agrees(model, data, sm.families.Binomial(LINKS.Probit()))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("theta", [0.02, 0.05, 0.1])
def test_small_thetas(theta, seed):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=200)
    rate = np.minimum(100 * np.exp(0.5 * x) * rng.gamma(theta, 1 / theta, 200), 1e15)
    data = pd.DataFrame({"x": x, "y": rng.poisson(rate).astype(float)})
    model = _fit("y ~ x", data, families.negative_binomial(theta))
    assert model.converged
    mean = np.exp(model.coefficients["(Intercept)"] + model.coefficients["x"] * x)
    score = (data["y"] - mean) / (1 + mean / theta)
    for column in (np.ones(200), x):
        assert abs(np.sum(score * column)) <= 1e-8 * np.sum(np.abs(score * column))
    estimated = _fit("y ~ x", data, "negative.binomial", max_iterations=60)
    assert estimated.converged
    given = _fit("y ~ x", data, families.negative_binomial(estimated.theta), tolerance="tight")
    np.testing.assert_allclose(estimated.coefficients, given.coefficients, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("family", "theirs"),
    [
        ("inverse.gaussian", sm.families.InverseGaussian()),
        ("inverse.gaussian(log)", sm.families.InverseGaussian(LINKS.Log())),
        ("inverse.gaussian(identity)", sm.families.InverseGaussian(LINKS.Identity())),
        ("Gamma(identity)", sm.families.Gamma(LINKS.Identity())),
        ("Gamma", sm.families.Gamma()),
    ],
)
def test_first_steps_that_lead_too_far(family, theirs, seed):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=300)
    data = pd.DataFrame({"x": x, "y": rng.gamma(2, np.exp(1 + 0.1 * x) / 2)})
    _agrees(_fit("y ~ x", data, family, max_iterations=100), data, theirs)


def test_means_at_the_edge_are_told():
    data = pd.DataFrame({"x": [0.0, 0, 0, 1, 1, 1, 2, 2], "y": [4, 6, 5, 2, 3, 2, 0, 0]})
    with pytest.warns(UserWarning, match="2 rows lie at the bound 0 of the family"):
        insitu.rx_glm("y ~ x", data, family="poisson(identity)", max_iterations=200)


def test_steps_are_no_more_than_allowed():
    rng = np.random.default_rng(4)
    data = pd.DataFrame({"x": rng.normal(size=100), "o": 3 * rng.normal(size=100)})
    data["n"] = rng.poisson(np.exp(0.3 * data["x"] + data["o"])).astype(float)
    for family in ("poisson", "negative.binomial", families.negative_binomial(2.0, "sqrt")):
        offset = None if family != "poisson" else "o"
        for most in (1, 2, 3):
            model = _fit("n ~ x", data, family, offset=offset, max_iterations=most)
            assert model.iterations <= most
            assert np.isfinite(model.null_deviance)
    few = _fit("n ~ x", data, "poisson", offset="o", max_iterations=2)
    theirs = sm.GLM(data["n"], sm.add_constant(data[["x"]]), family=sm.families.Poisson(), offset=data["o"])  # fmt: skip
    null = sm.GLM(data["n"], np.ones(100), family=sm.families.Poisson(), offset=data["o"]).fit(tol=1e-14)  # fmt: skip
    assert few.null_deviance == pytest.approx(null.deviance, rel=1e-8)
    assert not few.converged
    assert few.deviance > theirs.fit().deviance


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"initial_values": math.inf}, "initial_values holds a number that is not finite"),
        ({"initial_values": [math.inf, 1.0]}, "initial_values holds a number that is not finite"),
        ({"family": families.tweedie(math.nan)}, "power of a family is a finite number"),
        ({"family": families.negative_binomial(math.nan)}, "theta of a family is a finite number"),
        ({"family": families.tweedie("a")}, "power of a family is a finite number"),
        ({"initial_values": [1.0, 2.0, 3.0]}, "holds 3 numbers, and the model has 2 coefficients: give one"),
    ],
)  # fmt: skip
def test_numbers_that_are_none(options, sentence):
    data = pd.DataFrame({"x": [1.0, 2, 3, 4], "y": [1.0, 3, 2, 5]})
    with pytest.raises(SpecError, match=sentence):
        insitu.rx_glm("y ~ x", data, **options)


def test_numbers_of_numpy_are_numbers():
    data = pd.DataFrame({"x": [1.0, 2, 3, 4], "y": [1.0, 3, 2, 5]})
    for value in (np.int64(0), np.float32(0.5)):
        assert insitu.rx_glm("y ~ x", data, "poisson", initial_values=value).converged


def test_initial_values_whose_means_there_are_not():
    data = pd.DataFrame({"x": [1.0, 2, 3, 4], "y": [1.0, 3, 2, 5]})
    with pytest.raises(NumericError, match=r"initial_values lead to means .* in 4 of 4 rows"):
        insitu.rx_glm("y ~ x", data, "Gamma", initial_values=[-1.0, 0.0])


def test_an_exposure_that_is_nearly_zero_is_told_with_its_digits():
    data = pd.DataFrame({"x": [1.0, 2, 3], "y": [1.0, 3, 2], "t": [1.0, -1e-9, 1.0]})
    with pytest.raises(insitu.DataError, match="holds -1e-09 at row 2"):
        insitu.rx_glm("y ~ x", data, "poisson", exposure="t")
