"""Average marginal effects, against statsmodels and by brute force."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import statsmodels.formula.api as smf
from scipy.stats import norm

import insitu
from insitu import DataError, SpecError, families


@pytest.fixture(scope="module")
def data(rows_of_every_family) -> pd.DataFrame:
    return rows_of_every_family


@pytest.mark.parametrize("family", ["binomial", "poisson"])
def test_marginal_effects_agree_with_statsmodels(data, family):
    response = "count" if family == "poisson" else "event"
    fit = {"binomial": smf.logit, "poisson": smf.poisson}[family]
    other = fit(f"{response} ~ x + z", data).fit(disp=0, method="newton", tol=1e-14, maxiter=100)
    expected = other.get_margeff(at="overall").summary_frame()
    model = insitu.rx_glm(f"{response} ~ x + z", data, family, cov_coef=True, tolerance="tight")
    found = insitu.rx_margins(model, data).tidy()
    assert list(found["variable"]) == ["x", "z"]
    assert list(found["contrast"]) == ["dy/dx", "dy/dx"]
    np.testing.assert_allclose(found["effect"], expected.iloc[:, 0], rtol=1e-8)
    np.testing.assert_allclose(found["std_error"], expected.iloc[:, 1], rtol=1e-8)
    np.testing.assert_allclose(found["statistic"], expected.iloc[:, 2], rtol=1e-8)
    np.testing.assert_allclose(found["p_value"], expected.iloc[:, 3], rtol=1e-7, atol=1e-300)
    np.testing.assert_allclose(found["conf_low"], expected.iloc[:, 4], rtol=1e-7)
    np.testing.assert_allclose(found["conf_high"], expected.iloc[:, 5], rtol=1e-7)


@pytest.mark.parametrize("link", ["probit", "cloglog", "cauchit"])
def test_links_that_are_not_canonical(data, link):
    """By the delta method from statsmodels' coefficients and their covariance of expected information."""
    links = {"probit": sm.families.links.Probit, "cloglog": sm.families.links.CLogLog, "cauchit": sm.families.links.Cauchy}  # fmt: skip
    known = links[link]()
    other = smf.glm("event ~ x + z", data.assign(event=data["event"].astype(float)), family=sm.families.Binomial(known)).fit(tol=1e-15, maxiter=300)  # fmt: skip
    b, covariance = other.params.to_numpy(), other.cov_params().to_numpy()
    X = np.column_stack([np.ones(len(data)), data["x"], data["z"]])
    eta = X @ b
    slope, bend = known.inverse_deriv(eta), known.inverse_deriv2(eta)
    model = insitu.rx_glm(
        "event ~ x + z", data, families.binomial(link), cov_coef=True, tolerance="tight"
    )
    found = insitu.rx_margins(model, data).tidy()
    for row, k in zip(found.itertuples(), (1, 2), strict=True):
        gradient = b[k] * (bend[:, None] * X).mean(axis=0)
        gradient[k] += slope.mean()
        error = np.sqrt(gradient @ covariance @ gradient)
        assert row.effect == pytest.approx(b[k] * slope.mean(), rel=1e-7)
        assert row.std_error == pytest.approx(error, rel=1e-6)
        assert row.statistic == pytest.approx(row.effect / row.std_error, rel=1e-14)
        assert row.conf_high == pytest.approx(
            row.effect + norm.ppf(0.975) * row.std_error, rel=1e-12
        )
        assert row.p_value == pytest.approx(2 * norm.sf(abs(row.statistic)), rel=1e-10)


def test_discrete_changes_agree_with_statsmodels(data):
    frame = data.assign(t=data["treated"].astype(float))
    other = smf.logit("event ~ x + t", frame).fit(disp=0, method="newton", tol=1e-14)
    expected = other.get_margeff(at="overall", dummy=True).summary_frame()
    as_number = insitu.rx_logit("event ~ x + t", frame, cov_coef=True, tolerance="tight")
    as_boolean = insitu.rx_logit("event ~ x + treated", frame, cov_coef=True, tolerance="tight")
    for found in (
        insitu.rx_margins(as_number, frame, {"x": None, "t": [0, 1]}).tidy(),
        insitu.rx_margins(as_boolean, frame).tidy(),
        insitu.rx_margins(as_boolean, frame, {"x": None, "treated": [False, True]}).tidy(),
    ):
        np.testing.assert_allclose(found["effect"], expected.iloc[:, 0], rtol=1e-8)
        np.testing.assert_allclose(found["std_error"], expected.iloc[:, 1], rtol=1e-8)
    assert insitu.rx_margins(as_boolean, frame).tidy()["contrast"][1] == "True - False"


def _columns(frame: pd.DataFrame) -> np.ndarray:
    """The columns of x + I(x^2) + log(z) + f + z:f, in the order of our coefficients."""
    x, z = frame["x"].to_numpy(), frame["z"].to_numpy()
    dummies = [(frame["f"] == level).to_numpy(float) for level in "abc"]
    parts = [np.ones(len(frame)), x, x**2, np.log(z), *dummies, *(z * d for d in dummies)]
    return np.column_stack(parts)


@pytest.mark.parametrize("weights", [None, "w"])
def test_marginal_effects_by_brute_force(data, weights):
    """Derivatives of what rx_predict says, with the gradient's own derivatives by finite differences."""
    formula = "count ~ x + I(x^2) + log(z) + f + z:f"
    model = insitu.rx_glm(
        formula,
        data,
        "poisson",
        pweights=weights,
        cov_coef=True,
        tolerance="tight",
        drop_first=True,
    )
    b = model.coefficients.fillna(0.0).to_numpy()
    covariance = model.cov_coef.fillna(0.0).to_numpy()
    w = np.ones(len(data)) if weights is None else data[weights].to_numpy()
    slope_x = np.zeros_like(_columns(data))
    slope_x[:, 1], slope_x[:, 2] = 1.0, 2 * data["x"]
    slope_z = np.zeros_like(slope_x)
    slope_z[:, 3] = 1 / data["z"]
    slope_z[:, 7:10] = _columns(data)[:, 4:7]

    def mean(values: np.ndarray) -> np.ndarray:
        return np.average(values, axis=0, weights=w)

    expected = {}
    X = _columns(data)
    mu = np.exp(X @ b)
    for name, S in (("x", slope_x), ("z", slope_z)):
        gradient = mean((mu * (S @ b))[:, None] * X + mu[:, None] * S)
        expected[name, "dy/dx"] = mean(mu * (S @ b)), gradient
    at = {level: _columns(data.assign(f=level)) for level in "abc"}
    means = {k: (mean(np.exp(A @ b)), mean(np.exp(A @ b)[:, None] * A)) for k, A in at.items()}
    for level in "bc":
        expected["f", f"{level} - a"] = tuple(
            one - other for one, other in zip(means[level], means["a"], strict=True)
        )
    found = insitu.rx_margins(model, data).tidy()
    assert [*zip(found["variable"], found["contrast"], strict=True)] == list(expected)
    for row, (effect, gradient) in zip(found.itertuples(), expected.values(), strict=True):
        assert row.effect == pytest.approx(effect, rel=1e-8), row
        assert row.std_error == pytest.approx(np.sqrt(gradient @ covariance @ gradient), rel=1e-8)


def test_a_straight_line_has_its_slope(data):
    model = insitu.rx_lin_mod("y ~ x + f", data, cov_type="HC3", cov_coef=True, drop_first=True)
    table = insitu.rx_margins(model, data).tidy()
    names = ["x", "f=b", "f=c"]
    np.testing.assert_allclose(table["effect"], model.coefficients[names], rtol=1e-12)
    np.testing.assert_allclose(table["std_error"], model.coef_std_error[names], rtol=1e-10)
    np.testing.assert_allclose(table["p_value"], model.coef_p_value[names], rtol=1e-9)
    interval = model.confint().loc[names]
    np.testing.assert_allclose(table[["conf_low", "conf_high"]], interval, rtol=1e-9)


def test_values_that_are_held_and_compared(data):
    model = insitu.rx_glm("count ~ x*f + z", data, "poisson", cov_coef=True)
    at = insitu.rx_margins(model, data, "x", at={"f": "b", "z": 1.0}).tidy()["effect"][0]
    frame = data.assign(f="b", z=1.0)
    step = 1e-5
    up, down = (
        insitu.rx_predict(model, frame.assign(x=frame["x"] + h)).iloc[:, 0].mean()
        for h in (step, -step)
    )
    assert at == pytest.approx((up - down) / (2 * step), rel=1e-8)
    compared = insitu.rx_margins(model, data, {"f": ["c", "a"], "x": [0, 1, 2]}).tidy()
    assert list(compared["contrast"]) == ["a - c", "1.0 - 0.0", "2.0 - 0.0"]
    means = [insitu.rx_predict(model, data.assign(x=float(v))).iloc[:, 0].mean() for v in (0, 2)]
    assert compared["effect"][2] == pytest.approx(means[1] - means[0], rel=1e-10)
    link = insitu.rx_margins(model, data, "z", type="link").tidy()
    assert link["effect"][0] == pytest.approx(model.coefficients["z"], rel=1e-12)
    assert link["std_error"][0] == pytest.approx(model.coef_std_error["z"], rel=1e-10)
    assert "At: f = b, z = 1.0" in str(insitu.rx_margins(model, data, "x", at={"f": "b", "z": 1.0}))


def test_rows_that_margins_leave_out(data):
    holes = data.copy()
    holes["y"] = holes["y"].where(holes.index >= 50)
    holes.loc[50:59, "x"] = np.nan
    model = insitu.rx_lin_mod("y ~ I(x^2)", holes, cov_coef=True)
    inside = insitu.rx_margins(model, holes)
    assert (inside.n_valid_obs, inside.n_missing_obs) == (len(data) - 60, 60)
    assert inside.tidy()["effect"][0] == pytest.approx(
        2 * model.coefficients["I(x^2)"] * holes["x"][60:].mean()
    )
    without = insitu.rx_margins(model, holes.drop(columns="y"))
    assert (without.n_valid_obs, without.n_missing_obs) == (len(data) - 10, 10)
    some = insitu.rx_margins(model, holes, row_selection="z > 1")
    assert some.n_valid_obs == int((holes["z"][60:] > 1).sum())
    made = insitu.rx_lin_mod("half ~ twice", data, transforms={"twice": "2 * x", "half": "y / 2"}, cov_coef=True)  # fmt: skip
    assert insitu.rx_margins(made, data).n_valid_obs == len(data)
    assert insitu.rx_margins(made, holes).n_valid_obs == len(data) - 60
    assert insitu.rx_margins(made, holes.drop(columns="y")).n_valid_obs == len(data) - 10


def test_effects_that_do_not_exist_are_told(data):
    model = insitu.rx_lin_mod("y ~ sqrt(z)", data, cov_coef=True)
    frame = data.assign(z=data["z"].where(data.index != 7, 0.0))
    with pytest.warns(UserWarning, match=r"does not exist in 1 of 600 rows"):
        table = insitu.rx_margins(model, frame).tidy()
    assert table.iloc[0, 2:].isna().all()
    for formula in ("y ~ floor(x)", "y ~ I(x > 0)"):
        with pytest.raises(SpecError, match="steps with it; give two or more of its values"):
            insitu.rx_margins(insitu.rx_lin_mod(formula, data, cov_coef=True), data)
    steps = insitu.rx_lin_mod("y ~ I(x > 0)", data, cov_coef=True)
    table = insitu.rx_margins(steps, data, {"x": [-1, 1]}).tidy()
    assert table["effect"][0] == pytest.approx(steps.coefficients["I(x > 0)"])


def test_margins_refuse_what_they_cannot_answer(data):
    model = insitu.rx_logit("event ~ x + f", data, cov_coef=True)
    for arguments, sentence in (
        ({"variables": "q"}, 'do not read a column "q"'),
        ({"variables": ["event"]}, 'do not read a column "event"'),
        ({"variables": []}, "names no column"),
        ({"variables": {"f": ["a", "d"]}}, '"d" is no level of'),
        ({"variables": {"f": ["a"]}}, "two values or more"),
        ({"variables": {"x": "ab"}}, "are a list"),
        ({"variables": "f", "at": {"f": "a"}}, "cannot be held at a value and compared"),
        ({"at": {"x": None}}, "a number or a level"),
        ({"at": "x"}, "at gives values"),
        ({"type": "terms"}, "type"),
        ({"confidence_level": 1.0}, "between 0 and 1"),
    ):
        with pytest.raises(SpecError, match=sentence):
            insitu.rx_margins(model, data, **arguments)
    with pytest.raises(SpecError, match="cov_coef=True"):
        insitu.rx_margins(insitu.rx_logit("event ~ x", data), data)
    with pytest.raises(DataError, match="no row is left"):
        insitu.rx_margins(model, data.assign(x=np.nan))
    with pytest.raises((SpecError, DataError), match="f"):
        insitu.rx_margins(model, data.drop(columns="f"))


def test_damaged_levels_are_told(data):
    frame = data.assign(k=np.arange(len(data)) % 3)
    model = insitu.rx_lin_mod("x ~ F(k) + z", frame, cov_coef=True)
    for label in ("one", "1e400", "1.5"):
        damaged = json.loads(json.dumps(model._model))
        damaged["design"]["factor_levels"]["F(k)"][1] = label
        with pytest.raises(SpecError, match="is not a whole number; it is damaged"):
            insitu.rx_margins(type(model)(damaged), frame)
