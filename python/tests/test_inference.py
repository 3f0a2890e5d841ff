"""Wald tests and comparisons of models, against statsmodels."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import scipy.stats
import statsmodels.api as sm
import statsmodels.formula.api as smf

import insitu
from insitu import NumericError, SpecError

ROWS = 600


@pytest.fixture(scope="module")
def data(rows_of_every_family) -> pd.DataFrame:
    return rows_of_every_family


# statsmodels drops the first level; ours does here too.
FORMULA = "y ~ x + z + f"
THEIRS = ["f[T.b]", "f[T.c]"]


def _ols(data: pd.DataFrame, **options: object) -> object:
    return smf.ols(FORMULA, data).fit(**options)


# ---- Wald tests --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", ["classical", "HC0", "HC1", "HC3", "cluster"])
def test_wald_tests_agree_with_statsmodels(data, kind):
    ours: dict[str, object] = {"cov_type": kind}
    theirs: dict[str, object] = {"cov_type": "nonrobust" if kind == "classical" else kind}
    if kind == "cluster":
        ours["cluster"] = "firm"
        theirs["cov_kwds"] = {"groups": pd.factorize(data["firm"])[0]}
    model = insitu.rx_lin_mod(FORMULA, data, drop_first=True, cov_coef=True, **ours)
    other = _ols(data, use_t=True, **theirs)
    cases = {
        "f": "f[T.b] = 0, f[T.c] = 0",
        "x": "x = 0",
        "x = z": "x = z",
        "[f=b] - 2*[f=c] = 0.5": "f[T.b] - 2*f[T.c] = 0.5",
        "[f=b] = [f=c] = x": "f[T.b] = f[T.c], f[T.c] = x",
    }
    for mine, yours in cases.items():
        test = model.wald_test(mine)
        expected = other.f_test(yours)
        assert test.distribution == "F"
        assert test.statistic == pytest.approx(float(np.squeeze(expected.fvalue)), rel=1e-8), mine
        assert test.p_value == pytest.approx(float(expected.pvalue), rel=1e-7)
        assert (test.df, test.df_residual) == (expected.df_num, expected.df_denom)
        assert test.cov_type == kind
    assert model.glance()["cov_type"][0] == kind


def test_wald_tests_of_a_known_dispersion_are_chi_squared(data):
    model = insitu.rx_glm("count ~ x + z + f", data, "poisson", cov_coef=True, drop_first=True, tolerance="tight")  # fmt: skip
    other = smf.glm("count ~ x + z + f", data, family=sm.families.Poisson()).fit(tol=1e-14)
    test = model.wald_test(["f", {"x": 1, "z": 1}])
    expected = other.wald_test("f[T.b] = 0, f[T.c] = 0, x + z = 0", scalar=True)
    assert (test.distribution, test.df, test.df_residual) == ("chi2", 3, None)
    assert test.statistic == pytest.approx(expected.statistic, rel=1e-8)
    assert test.p_value == pytest.approx(expected.pvalue, rel=1e-7)
    assert np.isnan(test.tidy()["df_residual"][0])


def test_every_form_of_a_hypothesis_says_the_same(data):
    model = insitu.rx_lin_mod("y ~ x + z + f", data, cov_coef=True)  # f=c is dropped
    names = list(model.coefficients.index)
    line = np.zeros(len(names))
    line[names.index("x")], line[names.index("f=a")] = 2.0, -1.0
    forms = [
        "2*x - [f=a]",
        "2*x = [f=a]",
        "-[f=a] + x + x = 0",
        "x*2 - [f=a] - 3 = -3",
        {"x": 2, "f=a": -1},
        [line],
        line.tolist(),
        line,
    ]
    found = [model.wald_test(form) for form in forms]
    assert {round(test.statistic, 9) for test in found} == {round(found[0].statistic, 9)}
    right = [model.wald_test(form, values=0.25) for form in forms[4:]]
    right.append(model.wald_test("2*x - [f=a] = 0.25"))
    assert {round(test.statistic, 9) for test in right} == {round(right[0].statistic, 9)}
    assert right[0].lines["value"][0] == 0.25
    assert right[0].lines["hypothesis"][0] == "2*x - [f=a] = 0.25"
    assert right[0].lines["std_error"][0] == pytest.approx(
        np.sqrt(line @ model.cov_coef.fillna(0.0).to_numpy() @ line)
    )


def test_lines_that_repeat_others_do_not_count(data):
    model = insitu.rx_lin_mod("y ~ x + z", data, cov_coef=True)
    once, twice = model.wald_test(["x", "z"]), model.wald_test(["x", "z", "x + z = 0", "2*x = 0"])
    assert (twice.df, twice.statistic) == (2, pytest.approx(once.statistic, rel=1e-12))
    with pytest.raises(SpecError, match="line 3 of the hypothesis contradicts"):
        model.wald_test(["x", "z", "x + z = 1"])


def test_names_with_signs_and_brackets_in_them():
    frame = pd.DataFrame({"g": ["a]b", "u = v", "[w"] * 8, "y": np.arange(24.0) ** 1.5})
    model = insitu.rx_lin_mod("y ~ g", frame, cov_coef=True, drop_first=True)
    names = [name for name in model.coefficients.index[1:] if not model.aliased[name]]
    quoted = [f"[{name.replace(']', ']]')}]" for name in names]
    by_text = model.wald_test(" = ".join(quoted))
    by_weights = model.wald_test({names[0]: 1, names[1]: -1})
    assert by_text.statistic == by_weights.statistic
    again = model.wald_test(list(by_weights.lines["hypothesis"]))
    assert again.statistic == by_weights.statistic
    assert model.wald_test(names[0]).df == 1


def test_what_cannot_be_tested_is_refused_by_name(data):
    model = insitu.rx_lin_mod("y ~ x + f", data, cov_coef=True)
    for hypothesis, sentence in (
        ("[f=c] = 0", "'f=c' is dropped"),
        ("f=c", "'f=c' is dropped"),
        ("q = 0", "no coefficient 'q'"),
        ("(Intercept) = 0", "square brackets"),
        ("x z", "no sum of coefficients|lacks a sign"),
        ("x =", "empty side"),
        ("x = x", "no coefficient left"),
        ({"x": "1"}, "Weights of a hypothesis"),
        ([[1.0, 2.0]], "a column for each of the 5 coefficients"),
        (3.0, "A hypothesis is"),
        ([], "A hypothesis is"),
    ):
        with pytest.raises(SpecError, match=sentence):
            model.wald_test(hypothesis)
    with pytest.raises(SpecError, match="one for each of the 2 lines"):
        model.wald_test("f", values=[1.0, 2.0, 3.0])
    with pytest.raises(SpecError, match="not both"):
        model.wald_test("x = 1", values=2.0)
    with pytest.raises(SpecError, match="cov_coef=True"):
        insitu.rx_lin_mod("y ~ x", data).wald_test("x")
    cube = insitu.rx_lin_mod("y ~ f", data, cube=True)
    with pytest.raises(SpecError, match="cube=False"):
        cube.wald_test("f")


def test_more_lines_than_clusters_are_refused(data):
    frame = data.assign(firm=np.arange(ROWS) % 2)
    model = insitu.rx_lin_mod("y ~ x + z", frame, cluster="firm", cov_coef=True)
    assert model.wald_test("x").df == 1
    with pytest.raises(NumericError, match="fewer clusters than lines"):
        model.wald_test(["x", "z"])


def test_terms_are_tested_one_by_one(data):
    model = insitu.rx_glm("count ~ x + z + f", data, "poisson", cov_coef=True, tolerance="tight")
    other = smf.glm("count ~ x + z + f", data, family=sm.families.Poisson()).fit(tol=1e-14)
    expected = other.wald_test_terms(skip_single=False, scalar=True).table.loc[["x", "z", "f"]]
    table = model.anova().tidy().set_index("term")
    assert list(table["df"]) == [1, 1, 2]
    np.testing.assert_allclose(table["statistic"], expected["statistic"].astype(float), rtol=1e-8)
    np.testing.assert_allclose(table["p_value"], expected["pvalue"].astype(float), rtol=1e-7)
    printed = str(model.anova())
    assert "Wald tests of terms" in printed
    assert "chi-squared" in printed
    robust = insitu.rx_lin_mod("y ~ x + f", data, cov_type="HC1", cov_coef=True)
    assert robust.anova()["statistic"][1] == robust.wald_test("f").statistic
    assert "robust to unequal variances (HC1)" in str(robust.anova())
    assert insitu.rx_anova(robust).tidy().equals(robust.anova().tidy())


# ---- comparing models --------------------------------------------------------------------------------------------------
def test_linear_models_are_compared_by_f(data):
    models = [insitu.rx_lin_mod(f, data) for f in ("y ~ x + z + f", "y ~ x", "y ~ x + z")]
    others = [smf.ols(f, data).fit() for f in ("y ~ x", "y ~ x + z", "y ~ x + z + f")]
    expected = sm.stats.anova_lm(*others)
    table = insitu.rx_anova(*models).tidy()
    assert list(table["model"]) == ["y ~ x", "y ~ x + z", "y ~ x + z + f"]
    np.testing.assert_allclose(table["deviance"], expected["ssr"], rtol=1e-10)
    np.testing.assert_allclose(table["difference"][1:], expected["ss_diff"][1:], rtol=1e-8)
    np.testing.assert_allclose(table["statistic"][1:], expected["F"][1:], rtol=1e-8)
    # They take each model's own degrees of freedom for p; R and we those of the dispersion.
    areas = scipy.stats.f.sf(expected["F"][1:], expected["df_diff"][1:], ROWS - 5)
    np.testing.assert_allclose(table["p_value"][1:], areas, rtol=1e-7)
    assert table["p_value"][2] == pytest.approx(expected["Pr(>F)"][2], rel=1e-7)
    f, p, df = others[2].compare_f_test(others[0])
    pair = insitu.rx_anova(models[1], models[0]).tidy().iloc[1]
    assert (pair["statistic"], pair["p_value"], pair["df"]) == (
        pytest.approx(f, rel=1e-8), pytest.approx(p, rel=1e-7), df
    )  # fmt: skip


def test_generalised_linear_models_are_compared_by_likelihood_ratios(data):
    models = [insitu.rx_glm(f, data, "poisson") for f in ("count ~ x", "count ~ x + z + f")]
    others = [smf.poisson(f, data).fit(disp=0) for f in ("count ~ x", "count ~ x + z + f")]
    ratio = 2 * (others[1].llf - others[0].llf)
    row = insitu.rx_anova(*models).tidy().iloc[1]
    assert row["statistic"] == pytest.approx(ratio, rel=1e-8)
    assert row["p_value"] == pytest.approx(scipy.stats.chi2.sf(ratio, 3), rel=1e-7)
    gamma = [insitu.rx_glm(f, data, "Gamma(log)", tolerance="tight") for f in ("size ~ x", "size ~ x + z + f")]  # fmt: skip
    link = sm.families.Gamma(sm.families.links.Log())
    theirs = [
        smf.glm(f, data, family=link).fit(tol=1e-14) for f in ("size ~ x", "size ~ x + z + f")
    ]
    f = (theirs[0].deviance - theirs[1].deviance) / 3 / theirs[1].scale
    row = insitu.rx_anova(*gamma).tidy().iloc[1]
    assert row["statistic"] == pytest.approx(f, rel=1e-7)
    assert row["p_value"] == pytest.approx(scipy.stats.f.sf(f, 3, ROWS - 5), rel=1e-6)
    scaled = insitu.rx_anova(*gamma, test="chisq").tidy().iloc[1]
    assert scaled["p_value"] == pytest.approx(scipy.stats.chi2.sf(3 * f, 3), rel=1e-6)


def test_each_model_has_its_own_theta(data):
    formulas = ("n ~ x", "n ~ x + z + f")
    spread = data.assign(n=data["count"] * (1 + (data["w"] > 1) * 3))
    models = [insitu.rx_glm(f, spread, "negative.binomial", tolerance="tight") for f in formulas]
    assert models[0].theta < 0.99 * models[1].theta
    others = [smf.negativebinomial(f, spread).fit(disp=0, maxiter=500) for f in formulas]
    ratio = 2 * (others[1].llf - others[0].llf)
    comparison = insitu.rx_anova(*models)
    row = comparison.tidy().iloc[1]
    assert row["statistic"] == pytest.approx(ratio, rel=1e-6)
    assert row["df"] == 3
    assert row["p_value"] == pytest.approx(scipy.stats.chi2.sf(ratio, 3), rel=1e-5)
    np.testing.assert_allclose(comparison.tidy()["deviance"], [-2 * each.llf for each in others], rtol=1e-8)  # fmt: skip
    assert "each model has its own theta" in str(comparison)
    dropped = insitu.rx_anova(models[1], data=spread).tidy().set_index("term")
    without = smf.negativebinomial("n ~ x + f", spread).fit(disp=0, maxiter=500)
    assert dropped.loc["z", "statistic"] == pytest.approx(2 * (others[1].llf - without.llf), rel=1e-5)  # fmt: skip
    given = insitu.rx_glm("n ~ x", spread, insitu.families.negative_binomial(models[0].theta))
    with pytest.raises(SpecError, match="different families"):
        insitu.rx_anova(given, models[1])


def test_models_of_other_rows_or_responses_are_not_compared(data):
    holes = data.copy()
    holes.loc[:9, "z"] = np.nan
    small, large = insitu.rx_lin_mod("y ~ x", holes), insitu.rx_lin_mod("y ~ x + z", holes)
    with pytest.raises(SpecError, match="valid observations are 600 and 590"):
        insitu.rx_anova(small, large)
    counts = [
        insitu.rx_glm("count ~ x", data, "poisson"),
        insitu.rx_glm("count ~ x + z", holes, "poisson"),
    ]
    with pytest.raises(SpecError, match="valid observations"):
        insitu.rx_anova(*counts)
    shifted = data.assign(count=2 * data["count"] + 1)
    for family, formula in (("poisson", "count"), ("gaussian", "count")):
        pair = [insitu.rx_glm(f"{formula} ~ x", data, family), insitu.rx_glm(f"{formula} ~ x + z", shifted, family)]  # fmt: skip
        with pytest.raises(SpecError, match="null deviances are"):
            insitu.rx_anova(*pair)
    linear = [insitu.rx_lin_mod("count ~ x", data), insitu.rx_lin_mod("count ~ x + z", shifted)]
    with pytest.raises(SpecError, match="sums of squared responses"):
        insitu.rx_anova(*linear)


def test_models_that_cannot_be_compared(data):
    model = insitu.rx_lin_mod("y ~ x + z", data)
    glm = insitu.rx_glm("count ~ x", data, "poisson")
    for other, sentence in (
        (insitu.rx_lin_mod("size ~ x", data), "different responses"),
        (insitu.rx_lin_mod("y ~ x", data, pweights="w"), "different weights"),
        (insitu.rx_lin_mod("y ~ x", data, cov_type="HC1"), "HC1 errors.*wald_test"),
        (insitu.rx_lin_mod("y ~ f", data), "degrees of freedom both"),
        (glm, "generalised linear model"),
    ):
        with pytest.raises(SpecError, match=sentence):
            insitu.rx_anova(model, other)
    with pytest.raises(SpecError, match="different families"):
        insitu.rx_anova(glm, insitu.rx_glm("count ~ x + z", data, "quasipoisson"))
    firth = [insitu.rx_logit(f, data, method="firth") for f in ("event ~ x", "event ~ x + z")]
    with pytest.raises(SpecError, match=r"method='firth'.*wald_test"):
        insitu.rx_anova(*firth)
    moved = insitu.rx_glm("count ~ x", data, "poisson", offset="w")
    with pytest.warns(UserWarning, match="different offsets"):
        insitu.rx_anova(moved, insitu.rx_glm("count ~ x + f", data, "poisson"))
    with pytest.warns(UserWarning, match="did not converge"):
        early = insitu.rx_glm("count ~ x + z", data, "poisson", max_iterations=1)
    with pytest.warns(UserWarning, match="has not converged"):
        insitu.rx_anova(glm, early)
    with pytest.raises(SpecError, match="'chisq' or 'F'"):
        insitu.rx_anova(glm, glm, test="Cp")
    with pytest.warns(UserWarning, match="not all in"):
        insitu.rx_anova(insitu.rx_lin_mod("y ~ firm", data.assign(firm=data["f"])), insitu.rx_lin_mod("y ~ x + z + f", data))  # fmt: skip


def test_terms_are_dropped_one_at_a_time(data):
    formula = "count ~ x + f + x:f + z"
    model = insitu.rx_glm(formula, data, "poisson")
    table = insitu.rx_anova(model, data=data).tidy().set_index("term")
    assert list(table.index) == ["<none>", "x:f", "z"]  # x and f are within x:f
    full = smf.poisson("count ~ x*f + z", data).fit(disp=0)
    for term, rest in (("x:f", "count ~ x + f + z"), ("z", "count ~ x*f")):
        other = smf.poisson(rest, data).fit(disp=0)
        ratio = 2 * (full.llf - other.llf)
        assert table.loc[term, "statistic"] == pytest.approx(ratio, rel=1e-7)
        assert table.loc[term, "aic"] == pytest.approx(other.aic, rel=1e-9)
        assert table.loc[term, "p_value"] == pytest.approx(
            scipy.stats.chi2.sf(ratio, table.loc[term, "df"]), rel=1e-6
        )
    linear = insitu.rx_lin_mod("y ~ x + f", data, pweights="w", row_selection="z > 0.5")
    table = insitu.rx_anova(linear, data=data).tidy().set_index("term")
    kept = data[data["z"] > 0.5]
    other = smf.wls("y ~ x + f", kept, weights=kept["w"]).fit()
    expected = sm.stats.anova_lm(other, typ=2)
    np.testing.assert_allclose(table["statistic"][1:], expected["F"][["x", "f"]], rtol=1e-8)
    assert "Single term deletions" in str(insitu.rx_anova(linear, data=data))
    holes = data.assign(x=data["x"].where(data["x"] < 1))
    with pytest.raises(SpecError, match="not fitted to the same rows"):
        insitu.rx_anova(insitu.rx_lin_mod("y ~ x + f", holes), data=holes)


# ---- likelihoods -------------------------------------------------------------------------------------------------------
def test_pseudo_r_squared_and_criteria(data):
    model = insitu.rx_logit("event ~ x + z", data, tolerance="tight")
    other = smf.logit("event ~ x + z", data).fit(disp=0)
    assert model.pseudo_r_squared() == pytest.approx(other.prsquared, rel=1e-8)
    glm = smf.glm("event ~ x + z", data, family=sm.families.Binomial()).fit(tol=1e-14)
    cox_snell = glm.pseudo_rsquared("cs")
    assert model.pseudo_r_squared("cox_snell") == pytest.approx(cox_snell, rel=1e-8)
    most = 1 - np.exp(2 * other.llnull / ROWS)
    assert model.pseudo_r_squared("nagelkerke") == pytest.approx(cox_snell / most, rel=1e-8)
    assert model.pseudo_r_squared("deviance") == pytest.approx(1 - glm.deviance / glm.null_deviance)
    for family in ("quasipoisson", "quasibinomial"):
        response = "count" if family == "quasipoisson" else "event"
        quasi = insitu.rx_glm(f"{response} ~ x", data, family)
        assert np.isnan(
            [quasi.aic, quasi.bic, quasi.log_likelihood, quasi.pseudo_r_squared()]
        ).all()
        assert 0 < quasi.pseudo_r_squared("deviance") < 1
    with pytest.raises(SpecError, match="There is no pseudo R² 'adjusted'"):
        model.pseudo_r_squared("adjusted")


def test_saved_models_answer_the_same(data, tmp_path):
    model = insitu.rx_glm("count ~ x + f", data, "poisson", cov_coef=True, pweights="w")
    model.save(tmp_path / "model")
    again = insitu.load_model(tmp_path / "model")
    assert again.wald_test("f").statistic == model.wald_test("f").statistic
    mine, other = (insitu.rx_margins(each, data).tidy() for each in (model, again))
    assert mine.equals(other)
    assert insitu.rx_margins(insitu.rx_serialize_model(model), data).tidy().equals(mine)


def test_printed_layouts(data):
    model = insitu.rx_logit("event ~ x + f", data, cov_coef=True)
    printed = str(insitu.rx_margins(model, data))
    assert printed.startswith(
        "Average marginal effects\nModel: event ~ x + f\nScale: the response\n"
    )
    assert "Number of valid observations: 600" in printed
    assert "b - a" in printed
    for result in (model.wald_test("f"), model.anova(), insitu.rx_margins(model, data)):
        assert result._repr_html_().startswith("<div>")
        assert "f" in repr(result)


@pytest.mark.filterwarnings("ignore")
def test_terms_with_infinite_coefficients_are_not_tested(data):
    frame = data.assign(event=np.where(data["f"] == "a", 0.0, data["event"]))
    model = insitu.rx_logit("event ~ x + f", frame, cov_coef=True)
    assert model.coefficients["f=a"] == -np.inf
    table = model.anova()
    tidy = table.tidy().set_index("term")
    assert np.isnan(tidy.loc["f", "p_value"])
    assert 0.0 <= tidy.loc["x", "p_value"] <= 1.0
    assert tidy.loc["x", "statistic"] == pytest.approx(model.wald_test("x").statistic)
    assert "Not tested: terms with coefficients that have no standard error, as f=a" in str(table)


def test_models_without_dispersion_have_no_test():
    frame = pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0, 5.0], "z": [1.0, 0.0, 1.0, 1.0, 0.0], "y": 3.0})
    small, large = (insitu.rx_lin_mod(f"y ~ {terms}", frame) for terms in ("x", "x + z"))
    table = insitu.rx_anova(small, large)
    assert table.tidy()["p_value"].isna().all()
    assert "not defined: the dispersion is 0" in str(table)
    model = insitu.rx_glm("y ~ x", frame, family="Gamma")
    assert np.isnan(model.pseudo_r_squared("deviance"))
