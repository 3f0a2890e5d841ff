"""`rx_glm` and `rx_logit`: arguments, errors, results and what they print."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

import insitu
from insitu import DataError, SpecError, StateError, families
from insitu.families import Family, as_family

ROWS = 400


@pytest.fixture(scope="module")
def data() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    x, z = rng.normal(size=(2, ROWS))
    f = rng.integers(0, 3, ROWS)
    eta = 0.3 + 0.8 * x - 0.4 * z + 0.3 * f
    years = rng.uniform(0.5, 4, ROWS)
    return pd.DataFrame(
        {
            "x": x,
            "z": z,
            "f": np.array(["a", "b", "c"])[f],
            "won": rng.random(ROWS) < 1 / (1 + np.exp(-eta)),
            "n": rng.poisson(years * np.exp(eta / 2)),
            "size": rng.gamma(2, np.exp(eta / 3) / 2),
            "years": years,
            "logyears": np.log(years),
            "trials": rng.integers(1, 9, ROWS).astype(float),
            "w": rng.uniform(0.5, 2, ROWS),
        }
    )


def test_families_as_text():
    assert as_family("poisson") == families.poisson()
    assert as_family("Gamma-log") == families.gamma("log")
    assert as_family("binomial(probit)") == as_family("binomial(link='probit')")
    assert as_family("inverse.gaussian") == as_family("inverse_gaussian") == Family("inverse.gaussian", "1/mu^2")  # fmt: skip
    assert as_family(families.binomial) == families.binomial()
    assert as_family("negative binomial") == families.negative_binomial()
    assert as_family("negative.binomial(sqrt)") == families.negative_binomial(link="sqrt")
    assert as_family("quasi") == families.quasi("identity", "constant")
    assert families.tweedie(1.5, 0) == Family("Tweedie", "log", power=1.5)
    assert families.tweedie(1.5, -0.5).link == "mu^-0.5"


@pytest.mark.parametrize(
    ("family", "said"),
    [
        ("poison", "no family 'poison': there are gaussian, binomial, poisson"),
        ("tweedie", r"families.tweedie\(var_power\)"),
        (3, "is a name such as 'poisson' or a Family, and is a int"),
        ("poisson(logit)", "poisson has no link 'logit'; it has log, identity, sqrt"),
        ("binomial(legit)", "no link 'legit': there are identity, .*; did you mean 'logit'"),
        (
            families.tweedie(0.5),
            "no Tweedie distribution whose variance power lies between 0 and 1",
        ),
        (families.negative_binomial(0), "theta of the negative binomial must be above 0"),
    ],
)
def test_unknown_families(data, family, said):
    with pytest.raises(SpecError, match=said):
        insitu.rx_glm("n ~ x", data, family=family)


def test_logit_is_glm_with_binomial(data):
    logit = insitu.rx_logit("won ~ x + z + f", data)
    glm = insitu.rx_glm("won ~ x + z + f", data, family="binomial")
    assert logit.coefficients.equals(glm.coefficients)
    assert logit.is_logit
    assert logit["coef.t.value"].equals(logit.coefficients / logit.coef_std_error)
    assert isinstance(logit, insitu.RxLogitResults)


def test_a_gaussian_model_is_the_linear_one(data):
    glm = insitu.rx_glm("size ~ x + z + f", data)
    linear = insitu.rx_lin_mod("size ~ x + z + f", data)
    for key in ("coefficients", "coef_std_error", "coef_p_value"):
        np.testing.assert_allclose(getattr(glm, key), getattr(linear, key), rtol=1e-9)
    for key in ("condition_number", "aic", "bic", "log_likelihood", "rank", "df"):
        assert getattr(glm, key) == pytest.approx(getattr(linear, key), rel=1e-9)


def test_responses_of_two_kinds(data):
    expected = insitu.rx_logit("won ~ x", data).coefficients
    for won in (
        data["won"].astype(float),
        data["won"].map({True: "yes", False: "no"}),
        pd.Categorical(data["won"].map({True: "yes", False: "no"}), ["no", "yes"]),
    ):
        found = insitu.rx_logit("won ~ x", data.assign(won=won)).coefficients
        np.testing.assert_allclose(found, expected, rtol=1e-12)
        assert found.name == "won"


def test_exposure_and_offset(data):
    by_exposure = insitu.rx_glm("n ~ x + f", data, family="poisson", exposure="years")
    by_offset = insitu.rx_glm("n ~ x + f", data, family="poisson", offset="logyears")
    in_formula = insitu.rx_glm("n ~ x + f + offset(log(years))", data, family="poisson")
    np.testing.assert_allclose(by_exposure.coefficients, in_formula.coefficients, rtol=1e-12)
    np.testing.assert_allclose(by_offset.coefficients, in_formula.coefficients, rtol=1e-9)
    assert by_exposure.formula == "n ~ x + f"
    np.testing.assert_allclose(
        insitu.rx_predict(by_exposure, data), insitu.rx_predict(in_formula, data), rtol=1e-12
    )
    bad = data.assign(years=np.where(np.arange(ROWS) == 7, -1.0, data["years"]))
    with pytest.raises(DataError, match=r'"years" holds -1 at row 8; an exposure must be above'):
        insitu.rx_glm("n ~ x", bad, family="poisson", exposure="years")
    with pytest.raises(SpecError, match="an exposure needs the log link"):
        insitu.rx_glm("n ~ x", data, family="poisson(identity)", exposure="years")
    with pytest.raises(SpecError, match="year"):
        insitu.rx_glm("n ~ x", data, family="poisson", exposure="year")


def test_shares_of_trials(data):
    rng = np.random.default_rng(8)
    wins = rng.binomial(data["trials"].astype(int), 1 / (1 + np.exp(-data["x"])))
    frame = data.assign(share=wins / data["trials"])
    model = insitu.rx_glm("share ~ x + z", frame, family="binomial", pweights="trials")
    X = sm.add_constant(frame[["x", "z"]])
    peer = sm.GLM(
        np.column_stack([wins, frame["trials"] - wins]), X, family=sm.families.Binomial()
    ).fit(tol=1e-12)
    np.testing.assert_allclose(model.coefficients, peer.params, rtol=1e-9)
    assert model.log_likelihood == pytest.approx(peer.llf, rel=1e-10)
    assert model.aic == pytest.approx(peer.aic, rel=1e-10)


@pytest.mark.parametrize(
    ("family", "response", "peer"),
    [
        ("gaussian", "size", sm.families.Gaussian()),
        ("binomial", "won", sm.families.Binomial()),
        ("poisson", "n", sm.families.Poisson()),
        (families.negative_binomial(2.5), "n", sm.families.NegativeBinomial(alpha=0.4)),
    ],
)
def test_likelihoods_as_statsmodels(data, family, response, peer):
    model = insitu.rx_glm(f"{response} ~ x + z", data, family=family)
    X = sm.add_constant(data[["x", "z"]])
    fit = sm.GLM(data[response].astype(float), X, family=peer).fit(tol=1e-12)
    assert model.deviance == pytest.approx(fit.deviance, rel=1e-11)
    dispersion = response == "size"  # R counts it as a parameter; statsmodels takes Pearson's
    llf = sm.OLS(data["size"], X).fit().llf if dispersion else fit.llf
    llnull = sm.OLS(data["size"], X[["const"]]).fit().llf if dispersion else fit.llnull
    assert model.log_likelihood == pytest.approx(llf, rel=1e-10)
    parameters = 3 + dispersion
    assert model.aic == pytest.approx(2 * parameters - 2 * llf, rel=1e-10)
    assert model.bic == pytest.approx(parameters * math.log(ROWS) - 2 * llf, rel=1e-10)
    assert model.pseudo_r_squared() == pytest.approx(1 - llf / llnull, rel=1e-9)
    assert model.pseudo_r_squared("cox_snell") == pytest.approx(
        1 - math.exp(2 * (llnull - llf) / ROWS), rel=1e-9
    )
    assert model.pseudo_r_squared("deviance") == pytest.approx(
        1 - fit.deviance / fit.null_deviance, rel=1e-8
    )


@pytest.mark.parametrize("family", ["Gamma(log)", "inverse.gaussian(log)"])
def test_likelihoods_with_a_dispersion(data, family):
    """R's logLik: the density at the dispersion deviance / n, written out."""
    model = insitu.rx_glm("size ~ x", data, family=family)
    y = data["size"].to_numpy()
    mu = insitu.rx_predict(model, data)["size_Pred"].to_numpy()
    phi = model.deviance / ROWS
    if family.startswith("Gamma"):
        a = 1 / phi
        terms = a * np.log(a * y / mu) - np.log(y) - a * y / mu - math.lgamma(a)
    else:
        terms = -0.5 * (np.log(2 * math.pi * phi * y**3) + (y - mu) ** 2 / (phi * mu**2 * y))
    assert model.log_likelihood == pytest.approx(terms.sum(), rel=1e-10)
    assert model.aic == pytest.approx(2 * 3 - 2 * terms.sum(), rel=1e-10)


@pytest.mark.parametrize("family", ["quasipoisson", "quasibinomial", families.tweedie(1.5, 0)])
def test_quasi_families_have_no_likelihood(data, family):
    response = "won" if family == "quasibinomial" else "n"
    model = insitu.rx_glm(f"{response} ~ x", data, family=family)
    for value in (model.log_likelihood, model.aic, model.bic, model.pseudo_r_squared()):
        assert math.isnan(value)
    assert 0 < model.pseudo_r_squared("deviance") < 1
    assert model.dispersion == pytest.approx(model.pearson_chi2 / (ROWS - 2))


def test_frequency_weights_repeat_rows(data):
    repeated = data.loc[data.index.repeat(data["trials"].astype(int))]
    for formula, family in (("n ~ x + f", "poisson"), ("won ~ x", "binomial"), ("size ~ x", "Gamma(log)")):  # fmt: skip
        options = {"family": family, "tolerance": "tight"}
        weighted = insitu.rx_glm(formula, data, fweights="trials", **options)
        plain = insitu.rx_glm(formula, repeated, **options)
        for key in ("coefficients", "coef_std_error", "coef_p_value"):
            np.testing.assert_allclose(getattr(weighted, key), getattr(plain, key), rtol=1e-8)
        for key in ("aic", "bic", "deviance", "null_deviance", "dispersion", "nobs"):
            assert getattr(weighted, key) == pytest.approx(getattr(plain, key), rel=1e-9)


def test_bad_responses(data):
    for family, value, allowed in (
        ("poisson", -2, "at least 0"),
        ("Gamma", 0, "above 0"),
        ("binomial", 1.5, "from 0 to 1"),
    ):
        y = np.where(np.arange(ROWS) == 11, value, 0.5)
        with pytest.raises(DataError, match=rf'"y" is {value} in row 12, and the family .*{allowed}'):  # fmt: skip
            insitu.rx_glm("y ~ x", data.assign(y=y), family=family)
    with pytest.raises(DataError, match=r'"f" has 3 levels .* and two are needed'):
        insitu.rx_logit("f ~ x", data)
    with pytest.raises(DataError, match='"won" is 1 in all of 400 rows'):
        insitu.rx_logit("won ~ x", data.assign(won=1.0))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"initial_values": [0.0]}, "initial_values holds 1 numbers, and the model has 2"),
        ({"initial_values": "zero"}, "initial_values are numbers"),
        ({"max_iterations": 0}, "max_iterations is a whole number of at least 1"),
        ({"coefficent_tolerance": -1}, "A tolerance is a number of at least 0"),
        ({"tolerance": "loose"}, "'default' or 'tight'"),
        ({"cube": True}, "does not support cube"),
        ({"pweights": "w", "fweights": "trials"}, "choose one kind of weight"),
        ({"offset": 3}, "offset is the name of a column"),
    ],
)
def test_bad_arguments(data, options, said):
    with pytest.raises(SpecError, match=said):
        insitu.rx_glm("n ~ x", data, family="poisson", **options)


def test_where_to_start(data):
    expected = insitu.rx_logit("won ~ x", data)
    for start in (0.0, math.nan, [0.1, 0.2], expected.coefficients):
        model = insitu.rx_logit("won ~ x", data, initial_values=start)
        np.testing.assert_allclose(model.coefficients, expected.coefficients, rtol=1e-8)
    warm = insitu.rx_logit("won ~ x", data, initial_values=expected.coefficients)
    assert warm.passes < expected.passes


def test_non_convergence_is_told(data):
    with pytest.warns(UserWarning, match="the iterations did not converge"):
        model = insitu.rx_logit("won ~ x + z", data, max_iterations=1)
    assert not model.converged
    assert "max_iterations=1" in model.ended
    assert "Not converged" in str(model.summary())


def test_what_is_printed(data):
    text = str(insitu.rx_logit("won ~ x + f", data).summary())
    assert "Logistic Regression Results for: won ~ x + f\nData: " in text
    assert "-2*LogLikelihood: " in text
    assert "(Residual deviance on 396 degrees of freedom)" in text
    assert "Estimate Std. Error z value Pr(>|z|)" in text
    assert "f=c          Dropped    Dropped Dropped  Dropped" in text
    assert "Condition number of final variance-covariance matrix: " in text
    assert text.splitlines()[-1].startswith("Number of iterations: ")
    text = str(insitu.rx_glm("size ~ x", data, family="Gamma").summary())
    assert "Generalized Linear Model Results for: size ~ x" in text
    assert "Family-link: Gamma-inverse" in text
    assert "(on 398 degrees of freedom)" in text
    assert "t value Pr(>|t|)" in text
    assert "(Dispersion parameter for Gamma family taken to be 0." in text
    brief = str(insitu.rx_glm("n ~ x", data, family="poisson"))
    assert "Family-link: poisson-log" in brief
    assert "Coefficients:" in brief
    assert "deviance" not in brief
    html = insitu.rx_glm("n ~ x", data, family="poisson")._repr_html_()
    assert "z value" in html
    assert "Generalized linear model: n ~ x" in html


def test_frames(data):
    model = insitu.rx_glm("n ~ x", data, family="poisson", cov_coef=True, tolerance="tight")
    X = sm.add_constant(data["x"])
    peer = sm.GLM(data["n"], X, family=sm.families.Poisson()).fit(tol=1e-12)
    tidy = model.tidy(0.9)
    np.testing.assert_allclose(tidy[["conf_low", "conf_high"]], peer.conf_int(0.1), rtol=1e-8)
    np.testing.assert_allclose(tidy["p_value"], peer.pvalues, rtol=1e-7)
    glance = model.glance()
    assert glance["null_deviance"][0] == pytest.approx(peer.null_deviance)
    assert glance["df_null"][0] == ROWS - 1
    frame = model.augment(data)
    np.testing.assert_allclose(frame["fitted"] + frame["resid"], data["n"])
    np.testing.assert_allclose(model.cov_coef, peer.cov_params(), rtol=1e-8)


def test_saved_models_are_the_same(data, tmp_path):
    for model in (
        insitu.rx_logit("won ~ x + f", data, cov_coef=True),
        insitu.rx_glm("size ~ x", data, family=families.tweedie(1.5), pweights="w"),
    ):
        model.save(tmp_path / "model")
        read = insitu.load_model(tmp_path / "model")
        assert read == model
        assert read.family == model.family
        assert str(read.summary()) == str(model.summary())
        pd.testing.assert_frame_equal(insitu.rx_predict(read, data), insitu.rx_predict(model, data))
    payload = model.to_payload()
    payload["model"]["family"] = {"name": "poisson"}
    with pytest.raises(StateError, match="'link'"):
        insitu.GeneralizedLinearModel.from_payload(payload)


def test_prediction_arguments(data):
    model = insitu.rx_logit("won ~ x", data, cov_coef=True)
    link = insitu.rx_predict(model, data, type="link")["won_Pred"]
    mean = insitu.rx_predict(model, data)["won_Pred"]
    np.testing.assert_allclose(mean, 1 / (1 + np.exp(-link)), rtol=1e-14)
    usual = insitu.rx_predict(model, data, compute_residuals=True, residual_type="usual")
    np.testing.assert_allclose(usual["won_Resid"], data["won"] - mean, atol=1e-15)
    with pytest.raises(SpecError, match="ask for interval='confidence'"):
        insitu.rx_predict(model, data, interval="prediction")
    with pytest.raises(SpecError, match="residual_type is 'response', 'working'"):
        insitu.rx_predict(model, data, compute_residuals=True, residual_type="raw")
    with pytest.raises(SpecError, match="fit with cov_coef=True"):
        insitu.rx_predict(insitu.rx_logit("won ~ x", data), data, interval="confidence")


def test_falling_links_keep_bounds_in_order(data):
    model = insitu.rx_glm("size ~ x", data, family="Gamma", cov_coef=True)
    found = insitu.rx_predict(model, data, interval="confidence")
    assert (found["size_Lower"] < found["size_Pred"]).all()
    assert (found["size_Pred"] < found["size_Upper"]).all()


def test_bounds_end_at_the_pole_of_the_inverse_link(data):
    """1 / eta: an interval of eta that holds 0 bounds the mean on one side only."""
    frame = data.assign(size=1.0 / (1.0 + 0.02 * np.arange(ROWS))).iloc[:60]
    frame["size"] *= np.tile([0.7, 1.3, 1.0], 20)
    frame["x"] = np.arange(60.0)
    model = insitu.rx_glm("size ~ x", frame, family="Gamma", cov_coef=True)
    rows = pd.DataFrame({"x": np.linspace(-90.0, 90.0, 181)})
    eta = insitu.rx_predict(model, rows, type="link", interval="confidence")
    low, at, high = (eta[f"size_{part}"] for part in ("Lower", "Pred", "Upper"))
    found = insitu.rx_predict(model, rows, interval="confidence")
    crossing = (low < 0.0) & (high > 0.0)
    assert crossing.sum() > 10
    assert (crossing & (at > 0.0)).any()
    assert (crossing & (at < 0.0)).any()
    np.testing.assert_allclose(found["size_Pred"], 1.0 / at, rtol=1e-14)
    nearest = np.where(at > 0.0, 1.0 / high, 1.0 / low)  # on the side of the estimate
    beyond = np.where(crossing, np.nan, np.where(at > 0.0, 1.0 / low, 1.0 / high))
    expected = np.where(at > 0.0, [nearest, beyond], [beyond, nearest])
    np.testing.assert_allclose(found["size_Lower"], expected[0], rtol=1e-13)
    np.testing.assert_allclose(found["size_Upper"], expected[1], rtol=1e-13)


def test_names_of_any_characters(data):
    plain = insitu.rx_glm("n ~ x", data, family="poisson", exposure="years", offset="z")
    for name in ("a\\", "a\\\\b", "`", "a b", "1", "µ"):
        frame = data.rename(columns={"years": name, "z": name + "z"})
        model = insitu.rx_glm("n ~ x", frame, family="poisson", exposure=name, offset=name + "z")
        assert model.coefficients["x"] == plain.coefficients["x"], name


def test_numbers_of_numpy_are_numbers(data):
    for number in (np.int64(30), np.int8(30)):
        model = insitu.rx_logit("won ~ x", data, max_iterations=number)
        assert model.converged


def test_a_value_just_outside_is_told_with_its_digits(data):
    frame = data.assign(share=np.where(np.arange(ROWS) == 7, 1.00000001, 0.5))
    with pytest.raises(
        DataError, match=r'"share" is 1\.00000001 in row 8, and the family binomial'
    ):
        insitu.rx_glm("share ~ x", frame, family="binomial")
    with pytest.raises(DataError, match=r'"share" is 1\.00000001 in row 8: predictions are'):
        insitu.rx_roc("won", "share", frame)


def test_too_many_coefficients_for_a_covariance(tmp_path):
    path = tmp_path / "rows.parquet"
    rows = pd.DataFrame({"f": np.arange(9000) % 4100, "x": np.arange(9000.0) % 7.0})
    rows["n"] = 1.0 + rows["x"]
    rows["f"] = rows["f"].astype(str)
    rows.to_parquet(path)
    for how in ({"cov_coef": True}, {"cov_type": "HC1"}, {"cov_type": "HC3"}):
        name = "cov_coef=True" if "cov_coef" in how else f"cov_type='{how['cov_type']}'"
        with pytest.raises(
            SpecError, match=rf"{name} needs the covariance of 4102 coefficients; at most 4000"
        ):
            insitu.rx_glm("n ~ x + f", path, family="poisson", max_iterations=1, **how)
        with pytest.raises(
            SpecError, match=rf"{name} needs the covariance of 4102 coefficients; at most 4000"
        ):
            insitu.rx_lin_mod("n ~ x + f", path, **how)


def test_linear_residuals_count_weights_where_asked(data):
    model = insitu.rx_lin_mod("size ~ x", data, pweights="w")
    raw = insitu.rx_predict(model, data, compute_residuals=True)["size_Resid"]
    pearson = insitu.rx_predict(model, data, compute_residuals=True, residual_type="pearson")
    np.testing.assert_allclose(pearson["size_Resid"], raw * np.sqrt(data["w"]), rtol=1e-14)
