"""`rx_lin_mod`: arguments, their other spellings, what is refused, and the sentences of bad input."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pandas as pd
import pytest

import insitu


@pytest.fixture
def data() -> pd.DataFrame:
    rng = np.random.default_rng(11)
    n = 120
    x, f, w = (
        rng.normal(size=n),
        np.array(["low", "mid", "top"])[np.arange(n) % 3],
        np.arange(n) % 5,
    )
    return pd.DataFrame({"x": x, "f": f, "w": w, "y": 2 * x + (f == "mid") + rng.normal(size=n)})


def reference(data: pd.DataFrame, **options):
    import statsmodels.api as sm

    X = np.column_stack(
        [np.ones(len(data)), data["x"], data["f"] == "low", data["f"] == "mid"]
    ).astype(float)
    if "weights" in options:
        return sm.WLS(data["y"], X, weights=options["weights"]).fit()
    return sm.OLS(data["y"], X).fit()


def kept(model: insitu.LinearModel) -> np.ndarray:
    return model.tidy().dropna()[["estimate", "std_error", "statistic", "p_value"]].to_numpy()


def of(fit) -> np.ndarray:
    return np.column_stack([fit.params, fit.bse, fit.tvalues, fit.pvalues])


def test_codes_of_a_factor_without_given_levels(data):
    # Positions in the sorted order, as pandas' category codes are; one more pass finds the levels.
    coded = data.assign(code=data["f"].astype("category").cat.codes.astype(float))
    for formula, plain in [("y ~ N(f)", "y ~ code"), ("y ~ x + N(f)^2", "y ~ x + code^2")]:
        model = insitu.rx_lin_mod(formula, data)
        expected = insitu.rx_lin_mod(plain, coded)
        np.testing.assert_array_equal(kept(model), kept(expected))
        np.testing.assert_array_equal(
            insitu.rx_predict(model, data).to_numpy(), insitu.rx_predict(expected, coded).to_numpy()
        )
    odd = pd.DataFrame({"f": ["low", "never", None]})
    with pytest.warns(UserWarning, match="1 of 'f'"):
        predicted = insitu.rx_predict(insitu.rx_lin_mod("y ~ N(f)", data), odd)
    assert predicted.iloc[:, 0].isna().tolist() == [False, True, True]


def test_against_statsmodels(data):
    model = insitu.rx_lin_mod("y ~ x + f", data, cov_coef=True)
    fit = reference(data)
    np.testing.assert_allclose(kept(model), of(fit), rtol=1e-9)
    assert model.coefficients.index.tolist() == ["(Intercept)", "x", "f=low", "f=mid", "f=top"]
    assert model.aliased.tolist() == [False] * 4 + [True]
    glance = model.glance().iloc[0]
    expected = [fit.rsquared, fit.rsquared_adj, math.sqrt(fit.scale), fit.fvalue, fit.f_pvalue]
    np.testing.assert_allclose(
        glance[["r_squared", "adj_r_squared", "sigma", "statistic", "p_value"]].astype(float),
        expected,
        rtol=1e-10,
    )
    # R counts sigma as a parameter; statsmodels does not.
    assert glance["aic"] == pytest.approx(fit.aic + 2)
    assert glance["bic"] == pytest.approx(fit.bic + math.log(len(data)))
    np.testing.assert_allclose(model.cov_coef.iloc[:4, :4], fit.cov_params(), rtol=1e-9, atol=1e-15)
    np.testing.assert_allclose(model.confint().iloc[:4], fit.conf_int(), rtol=1e-10)


def test_probability_weights_count_rows_and_frequency_weights_are_copies(data):
    some = data[data["w"] > 0]
    model = insitu.rx_lin_mod("y ~ x + f", data, pweights="w")
    np.testing.assert_allclose(kept(model), of(reference(some, weights=some["w"])), rtol=1e-9)
    copies = data.loc[data.index.repeat(data["w"])]
    model = insitu.rx_lin_mod("y ~ x + f", data, fweights="w")
    np.testing.assert_allclose(kept(model), of(reference(copies)), rtol=1e-9)
    assert model.nobs == len(copies)
    assert "Sum of weights of valid observations: 240\n" in str(model)


def test_row_selection_and_transforms(data):
    model = insitu.rx_lin_mod(
        "y ~ z", data, row_selection="f <> 'low'", transforms={"z": "x * 2"}, drop_first=True
    )
    some = data[data["f"] != "low"]
    slope = np.polyfit(2 * some["x"], some["y"], 1)
    np.testing.assert_allclose(model.coefficients[::-1], slope, rtol=1e-10)
    assert model.params["transforms"] == {"z": "x * 2"}


def test_missing_values_are_counted(data):
    data.loc[[3, 5], "x"] = np.nan
    data.loc[5, "f"] = None
    model = insitu.rx_lin_mod("y ~ x + f", data)
    assert (model.n_valid_obs, model.n_missing_obs) == (118, 2)


def test_one_level_present(data):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = insitu.rx_lin_mod("y ~ f", data[data["f"] == "low"])
    assert model.coefficients["(Intercept)"] == pytest.approx(data["y"][data["f"] == "low"].mean())
    assert model.aliased.tolist() == [False, True]
    assert model.r_squared == 0
    assert math.isnan(model.fstatistics["value"])
    assert "Dropped" in str(model.summary())


def test_without_intercept_r_squared_is_about_zero(data):
    import statsmodels.api as sm

    model = insitu.rx_lin_mod("y ~ x - 1", data)
    fit = sm.OLS(data["y"], data[["x"]]).fit()
    assert model.r_squared == pytest.approx(fit.rsquared)
    assert model.fstatistics["value"] == pytest.approx(fit.fvalue)


def test_cube(data):
    model = insitu.rx_lin_mod("y ~ f", data, cube=True)
    means = data.groupby("f")["y"].mean()
    np.testing.assert_allclose(model.coefficients, means, rtol=1e-12)
    assert "(as if intercept included)" in str(model.summary())
    assert model.partitions == ["f"]
    assert list(model.count_df) == ["f", "y", "Counts"]
    assert model.count_df["f"].tolist() == ["low", "mid", "top"]
    assert model.count_df["Counts"].tolist() == [40, 40, 40]


def test_cube_of_an_interaction_lists_its_cells(data):
    data["g=h, i"] = np.where(np.arange(120) % 2, "a=b, c", "d")
    frame = insitu.rx_lin_mod("y ~ f:`g=h, i` + x", data, cube=True, pweights="w").count_df
    assert list(frame) == ["f", "g=h, i", "y", "Counts"]
    assert frame["f"].tolist() == ["low", "mid", "top"] * 2
    assert frame["g=h, i"].tolist() == ["a=b, c"] * 3 + ["d"] * 3
    weights = data.groupby(["g=h, i", "f"])["w"].sum()
    assert frame["Counts"].tolist() == weights.tolist()


def test_a_cube_is_the_model_with_intercept_in_other_coordinates(data):
    cube = insitu.rx_lin_mod("y ~ f + x", data, cube=True, cov_coef=True, cov_data=True)
    fit = reference(data)
    assert cube.r_squared == pytest.approx(fit.rsquared, rel=1e-12)
    assert cube.adj_r_squared == pytest.approx(fit.rsquared_adj, rel=1e-12)
    assert cube.fstatistics.tolist() == pytest.approx([fit.fvalue, 3, 116], rel=1e-12)
    assert cube.aic == pytest.approx(fit.aic + 2, rel=1e-12)
    with pytest.warns(UserWarning, match="a cube keeps no covariance"):
        assert cube.augment(data)["std_error"].isna().all()
    assert cube.cov_coef is None
    assert cube.cov_data is None


def test_the_level_of_an_interval_is_a_number_between_0_and_1(data):
    model = insitu.rx_lin_mod("y ~ x + f", data)
    for level in (0, 1, 95, -0.5, math.nan, "0.95"):
        with pytest.raises(insitu.SpecError, match="between 0 and 1"):
            model.confint(level)
    frame = model.tidy(conf_level=0.9)
    np.testing.assert_allclose(
        frame[["conf_low", "conf_high"]].iloc[:4], reference(data).conf_int(0.1), rtol=1e-10
    )
    assert frame.iloc[4, 1:].isna().all()


def test_condition_number_is_of_the_correlations_of_the_kept_columns(data):
    data["z"] = 3.0 + data["x"] ** 2
    model = insitu.rx_lin_mod("y ~ x + z + f", data, pweights="w")
    X = np.column_stack([data["x"], data["z"], data["f"] == "low", data["f"] == "mid"])
    covariance = np.cov(X.astype(float).T, aweights=data["w"])
    sd = np.sqrt(np.diag(covariance))
    R = covariance / np.outer(sd, sd)
    expected = np.linalg.norm(R, 1) * np.linalg.norm(np.linalg.inv(R), 1)
    assert 1 / model.condition_number == pytest.approx(expected, rel=1e-12)
    assert model["condition.number"] == model.condition_number
    assert insitu.rx_lin_mod("y ~ x", data).condition_number == 1


def test_condition_number_of_a_cube_is_of_what_its_cells_leave(data):
    data["z"] = 3.0 + data["x"] ** 2
    model = insitu.rx_lin_mod("y ~ f + x + z", data, pweights="w", cube=True)
    S = np.zeros((2, 2))
    for _, rows in data.groupby("f"):
        S += np.cov(rows[["x", "z"]].T, aweights=rows["w"], ddof=0) * rows["w"].sum()
    expected = np.linalg.norm(S, 1) * np.linalg.norm(np.linalg.inv(S), 1)
    assert 1 / model.condition_number == pytest.approx(expected, rel=1e-12)
    assert insitu.rx_lin_mod("y ~ f + x", data, cube=True).condition_number == pytest.approx(1)
    assert insitu.rx_lin_mod("y ~ f", data, cube=True).condition_number == 1


def test_a_crossed_cube_drops_what_the_documented_one_drops():
    # RevoScaleR's cube of region*sex: both regions, Female and Rural:Female stay.
    rows = [(r, s) for r in ("Rural", "Urban") for s in ("Female", "Male")] * 3
    data = pd.DataFrame(rows, columns=["region", "sex"]).assign(y=np.arange(12.0) ** 2)
    terms = insitu.rx_lin_mod("y ~ region*sex", data, cube=True).tidy().dropna()["term"]
    assert terms.tolist() == [
        "region=Rural", "region=Urban", "sex=Female", "region=Rural, sex=Female",
    ]  # fmt: skip


def test_near_combinations_are_one_warning(data):
    for k in range(5):
        data[f"near{k}"] = data["x"] + 1e-9 * np.sin(np.arange(120.0) * (k + 1))
    formula = "y ~ x + near0 + near1 + near2 + near3 + near4"
    with pytest.warns(UserWarning, match="nearly") as caught:
        insitu.rx_lin_mod(formula, data)
    (message,) = [str(w.message) for w in caught]
    assert message.startswith('5 columns ("near0", "near1", "near2", …) are nearly combinations')


def test_one_row_is_not_called_a_constant_response(data):
    with pytest.warns(UserWarning, match="no degrees of freedom are left") as caught:
        insitu.rx_lin_mod("y ~ x", data.iloc[:1])
    assert len(caught) == 1


def test_covariance_of_the_expanded_predictors(data):
    X = np.column_stack([data["x"], *(data["f"] == level for level in ("low", "mid", "top"))])
    model = insitu.rx_lin_mod("y ~ x + f", data, cov_data=True)
    np.testing.assert_allclose(model.cov_data, np.cov(X.astype(float).T), rtol=1e-12, atol=1e-15)
    assert list(model.cov_data) == ["x", "f=low", "f=mid", "f=top"]
    model = insitu.rx_lin_mod("y ~ x + f", data, cov_data=True, fweights="w")
    np.testing.assert_allclose(
        model.cov_data, np.cov(X.astype(float).T, fweights=data["w"]), rtol=1e-12, atol=1e-15
    )


@pytest.mark.parametrize(
    ("formula", "same"),
    [
        ("y ~ f*g", "y ~ f*g"),
        ("y ~ f:g", "y ~ f*g"),
        ("y ~ f*x", "y ~ f*x"),
        ("y ~ f:x", "y ~ f:x"),
        ("y ~ x*z + x^2", "y ~ x*z + I(x**2)"),
        ("y ~ F(k)*g + log(z)", "y ~ C(k)*g + np.log(z)"),
        ("y ~ f*g*x", "y ~ f*g*x"),
        ("y ~ f:x - 1", "y ~ f:x - 1"),
        ("y ~ (f + g)*x", "y ~ (f + g)*x"),
        ("y ~ I(x > 0) + pow(z, 2) + sqrt(abs(x))", "y ~ I(1.0*(x>0)) + I(z**2) + np.sqrt(abs(x))"),
    ],
)
@pytest.mark.parametrize("options", [{}, {"drop_first": True}, {"drop_main": False}])
def test_every_coding_spans_the_same_columns(data, formula, same, options):
    import statsmodels.formula.api as smf

    rng = np.random.default_rng(3)
    data = data.assign(
        z=rng.uniform(1, 4, 120), g=rng.choice(["u", "v"], 120), k=rng.integers(1, 4, 120)
    )
    model = insitu.rx_lin_mod(formula, data, **options)
    fit = smf.ols(same, data).fit()
    fitted = insitu.rx_predict(model, data)["y_Pred"]
    np.testing.assert_allclose(fitted, fit.fittedvalues, rtol=1e-11, atol=1e-12)
    assert model.rank == fit.df_model + fit.k_constant
    np.testing.assert_allclose(
        [model.r_squared, model.sigma, model.aic, model.bic],
        [fit.rsquared, math.sqrt(fit.scale), fit.aic + 2, fit.bic + math.log(120)],
        rtol=1e-11,
    )


def test_main_effects_of_a_product_are_dropped_first_unless_asked(data):
    data["g"] = np.where(np.arange(120) % 2, "u", "v")
    means = data.groupby(["f", "g"])["y"].mean()
    kept = insitu.rx_lin_mod("y ~ f*g", data).coefficients.dropna()
    # Every cell against the last one.
    assert list(kept.index) == ["(Intercept)"] + [
        f"f={f}, g={g}" for g in "uv" for f in ("low", "mid", "top") if (f, g) != ("top", "v")
    ]
    assert kept["f=low, g=u"] == pytest.approx(means["low", "u"] - means["top", "v"], rel=1e-12)
    # R's lm with contr.SAS, and with contr.treatment.
    last = insitu.rx_lin_mod("y ~ f*g", data, drop_main=False).coefficients.dropna()
    assert list(last.index) == ["(Intercept)", "f=low", "f=mid", "g=u", "f=low, g=u", "f=mid, g=u"]
    first = insitu.rx_lin_mod("y ~ f*g", data, drop_main=False, drop_first=True).coefficients
    assert list(first.dropna().index) == [
        "(Intercept)", "f=mid", "f=top", "g=v", "f=mid, g=v", "f=top, g=v",
    ]  # fmt: skip
    assert first["f=mid, g=v"] == pytest.approx(
        means["mid", "v"] - means["mid", "u"] - means["low", "v"] + means["low", "u"], rel=1e-11
    )


def test_an_empty_last_level_moves_the_reference_of_every_factor(data):
    data["g"] = np.where(np.arange(120) % 2, "u", "v")
    data["f"] = pd.Categorical(data["f"], categories=["low", "mid", "top", "none"])
    model = insitu.rx_lin_mod("y ~ f + g", data)
    assert model.coefficients.index[model.aliased].tolist() == ["f=low", "f=none", "g=u"]
    data["f"] = data["f"].cat.reorder_categories(["none", "low", "mid", "top"])
    model = insitu.rx_lin_mod("y ~ f + g", data)
    assert model.coefficients.index[model.aliased].tolist() == ["f=none", "f=top", "g=v"]


def test_f_of_a_number_has_a_level_for_each_whole_number(data):
    data["k"] = np.arange(120) % 5 + 1.75
    model = insitu.rx_lin_mod("y ~ F(k)", data, row_selection="k > 2 and k < 6", cube=True)
    assert model.coefficients.index.tolist() == ["F_k=2", "F_k=3", "F_k=4", "F_k=5"]
    assert model.coefficients["F_k=4"] == pytest.approx(data["y"][data["k"] == 4.75].mean())
    model = insitu.rx_lin_mod("y ~ F(k, 0, 3)", data, cube=True)
    assert model.count_df["F_k_0_3_T"].tolist() == ["0", "1", "2", "3"]
    assert model.count_df["Counts"].tolist() == [0, 24, 24, 24]
    assert (model.n_valid_obs, model.n_missing_obs) == (72, 48)


def test_an_offset_enters_with_coefficient_one(data):
    model = insitu.rx_lin_mod("y ~ x + f + offset(w)", data)
    fit = reference(data.assign(y=data["y"] - data["w"]))
    np.testing.assert_allclose(kept(model), of(fit), rtol=1e-9)
    assert model.r_squared == pytest.approx(fit.rsquared, rel=1e-12)
    np.testing.assert_allclose(
        insitu.rx_predict(model, data)["y_Pred"], fit.fittedvalues + data["w"], rtol=1e-11
    )


def test_bounds_of_a_factor_restrict_it(data, tmp_path):
    import statsmodels.api as sm

    inside = data["f"] != "low"
    some = data[inside]
    X = np.column_stack([np.ones(len(some)), some["x"], some["f"] == "mid"]).astype(float)
    fit = sm.OLS(some["y"], X).fit()
    model = insitu.rx_lin_mod("y ~ x + F(f, 2, 3)", data)
    np.testing.assert_allclose(kept(model), of(fit), rtol=1e-9)
    assert model.n_missing_obs == (~inside).sum()
    assert model.coefficients.index[2:].tolist() == ["F_f_2_3_T=mid", "F_f_2_3_T=top"]
    model.save(tmp_path / "m")
    with pytest.warns(UserWarning, match="no level of the fitted model"):
        predicted = insitu.rx_predict(insitu.load_model(tmp_path / "m"), data)["y_Pred"]
    assert (predicted.notna() == inside).all()
    np.testing.assert_allclose(predicted[inside], fit.fittedvalues, rtol=1e-10)


@pytest.mark.parametrize("weights", [{}, {"pweights": "w"}, {"fweights": "w"}])
def test_cube_predictions_are_at_the_means_of_the_other_variables(data, weights):
    data["g"] = np.where(np.arange(120) % 7 < 3, "u", "v")
    cube = insitu.rx_lin_mod("y ~ f + x + g", data, cube=True, cube_predictions=True, **weights)
    w = data["w"] if weights else np.ones(120)
    fit = reference_with(data, w)
    other = np.average(np.column_stack([data["x"], data["g"] == "u"]), axis=0, weights=w)
    expected = [fit.predict([*cell, *other])[0] for cell in np.eye(3)]
    np.testing.assert_allclose(cube.count_df["y"], expected, rtol=1e-11)


def reference_with(data, w):
    import statsmodels.api as sm

    cells = [data["f"] == level for level in ("low", "mid", "top")]
    X = np.column_stack([*cells, data["x"], data["g"] == "u"]).astype(float)
    return sm.WLS(data["y"], X, weights=w).fit()


def test_f_of_a_perfect_fit_is_infinite():
    data = pd.DataFrame({"f": ["a", "a", "b", "b"], "y": [1.0, 1.0, 2.0, 2.0]})
    model = insitu.rx_lin_mod("y ~ f", data)
    assert model.fstatistics["value"] == math.inf
    assert model.f_pvalue == 0


def test_precision_is_reported(data):
    assert insitu.rx_lin_mod("y ~ x", data, precision="double").precision == "double"
    assert insitu.rx_lin_mod("y ~ x", data, precision="double-double").precision == "double-double"
    with pytest.raises(insitu.SpecError, match="'single'"):
        insitu.rx_lin_mod("y ~ x", data, precision="single")


def test_other_spellings_and_unknown_arguments(data):
    model = insitu.rx_lin_mod("y ~ x", data, pWeights="w", covCoef=True, rowSelection="x > 0")
    assert model._model["pweights"] == "w"
    assert model.cov_coef is not None
    with pytest.warns(UserWarning, match=r"no arguments colour, foo: ignored") as caught:
        insitu.rx_lin_mod("y ~ x", data, foo=1, colour=2)
    assert len(caught) == 1
    with pytest.raises(insitu.SpecError, match="two spellings"):
        insitu.rx_lin_mod("y ~ x", data, pWeights="w", pweights="w")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"pweights": [1.0, 2.0]}, "name of a column"),
        ({"pweights": "w", "fweights": "w"}, "choose one kind"),
        ({"transform_function": len}, "SQL expressions in transforms"),
        ({"transform_objects": {"a": 1}}, "does not support transform_objects"),
        ({"pweights": "weight"}, 'no column "weight" for the weights'),
        ({"pweights": "W"}, "did you mean 'w'"),
        ({"formula": "f ~ x"}, "response f is a factor .* at character 1; write N\\(f\\)"),
        ({"formula": "y ~ F(f, 2, 9)"}, 'levels 2 to 9 of "f", which has'),
        ({"row_selection": "x >"}, "something is missing after 'x >'"),
        ({"formula": "y ~ f:x", "cube": True}, "has a number in it"),
        ({"formula": 3}, "formula is text"),
        ({"transforms": "x * 2"}, "transforms .* 'x \\* 2'"),
        ({"transforms": {"z": 2}}, "transforms\\['z'\\]"),
        ({"formula": "y ~ xx"}, "'x'|\"x\""),
        ({"formula": "y ~ x +"}, "\\^|character|end"),
        ({"data": 5}, "type int cannot be read"),
        ({"compute_context": "moon"}, "moon"),
    ],
)
def test_sentences_of_bad_requests(data, options, sentence):
    with pytest.raises(insitu.SpecError, match=sentence):
        insitu.rx_lin_mod(**({"formula": "y ~ x", "data": data} | options))


def test_sentences_of_bad_data(data):
    with pytest.raises(insitu.DataError):
        insitu.rx_lin_mod("y ~ x", data.iloc[:0])
    with pytest.raises(insitu.DataError):
        insitu.rx_lin_mod("y ~ x", data.assign(x=np.nan))
    with pytest.raises(insitu.DataError, match="w"):
        insitu.rx_lin_mod("y ~ x", data.assign(w=-1.0), pweights="w")
    with pytest.raises(insitu.DataError):
        insitu.rx_lin_mod("y ~ x", data.assign(w=0.0), pweights="w")
    with pytest.raises(insitu.DataError, match=r'"w" holds 0\.5 at row 1;.* whole number'):
        insitu.rx_lin_mod("y ~ x", data.assign(w=0.5), fweights="w")
    with pytest.raises(insitu.DataError, match=r'"w" holds 1\.5 at row 1;.* whole number'):
        insitu.rx_summary("~ x", data.assign(w=1.5), fweights="w")
    with pytest.raises(insitu.DataError, match="x"):
        insitu.rx_lin_mod("y ~ x", data.assign(x=np.inf))
    with pytest.warns(UserWarning, match="constant"):
        assert math.isnan(insitu.rx_lin_mod("y ~ x", data.assign(y=1.0)).r_squared)


def test_the_call_holds_no_password(data):
    from insitu.arguments import changed

    given = changed(insitu.rx_lin_mod, {"data": "mssql://me:secret@host/db", "cov_coef": True})
    assert given == {"data": "mssql://…@host/db", "cov_coef": True}


def test_a_model_holds_no_rows(data):
    model = insitu.rx_lin_mod("y ~ x", data[["x", "y"]].to_dict("list"))
    assert model.call == "rx_lin_mod(formula='y ~ x', data=<dict>)"
    assert model.params["data"] == "<dict>"
    summary = insitu.rx_summary("~ x", {"x": [1.0, 2.0]})
    assert summary.params == {"formula": "~ x", "data": "<dict>"}


def test_odd_names():
    names = ["two words", "it's", 'say "hi"', "naïve 🙂", "x; drop table t"]
    rng = np.random.default_rng(5)
    data = pd.DataFrame(rng.normal(size=(30, 6)), columns=[*names, "y"])
    model = insitu.rx_lin_mod("y ~ " + " + ".join(f"`{name}`" for name in names), data)
    X = np.column_stack([np.ones(30), data[names]])
    np.testing.assert_allclose(
        model.coefficients, np.linalg.lstsq(X, data["y"], rcond=None)[0], rtol=1e-10, atol=1e-14
    )
    assert all(name in str(model) for name in names)
