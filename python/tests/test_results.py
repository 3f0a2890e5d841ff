"""Results: elements under every name, frames, intervals and layouts, of models given as the engine's dicts."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

import insitu

# R's data set `cars`.
SPEED = (
    "4 4 7 7 8 9 10 10 10 11 11 12 12 12 12 13 13 13 13 14 14 14 14 15 15 15 16 16 17 17 17 18 18 18 18 19 19 19 20 20 20"
    " 20 20 22 23 24 24 24 24 25"
)
DIST = (
    "2 10 4 22 16 10 18 26 34 17 28 14 20 24 28 26 34 34 46 26 36 60 80 20 26 54 32 40 32 40 50 42 56 76 84 36 46 68 32 48"
    " 52 56 64 66 54 70 92 93 120 85"
)


@pytest.fixture
def cars(linear_dict) -> insitu.LinearModel:
    speed, dist = (np.array(text.split(), dtype=float) for text in (SPEED, DIST))
    X = np.column_stack([np.ones(50), speed])
    tree = linear_dict(X, dist, ["(Intercept)", "speed"]) | {
        "formula": "dist ~ speed",
        "response": "dist",
    }
    tree["n_missing_obs"] = 0
    return insitu.LinearModel(tree, call="rx_lin_mod(...)", data="Data: cars")


def test_brief_layout(cars):
    assert str(cars).splitlines() == [
        "Call:",
        "rx_lin_mod(...)",
        "",
        "Linear Regression Results for: dist ~ speed",
        "Data: cars",
        "Dependent variable(s): dist",
        "Total independent variables: 2 ",
        "Number of valid observations: 50",
        "Number of missing observations: 0 ",
        "",
        "Coefficients:",
        "                  dist",
        "(Intercept) -17.579095",
        "speed         3.932409",
    ]


def test_summary_layout_has_the_numbers_of_r(cars):
    # summary(lm(dist ~ speed, cars)), R 4.
    text = str(cars.summary()).splitlines()
    assert text[text.index("Coefficients:") :] == [
        "Coefficients:",
        "            Estimate Std. Error t value Pr(>|t|)    ",
        "(Intercept) -17.5791     6.7584  -2.601   0.0123 *  ",
        "speed         3.9324     0.4155   9.464 1.49e-12 ***",
        "---",
        "Signif. codes:  0 '***' 0.001 '**' 0.01 '*' 0.05 '.' 0.1 ' ' 1 ",
        "",
        "Residual standard error: 15.38 on 48 degrees of freedom",
        "Multiple R-squared: 0.6511",
        "Adjusted R-squared: 0.6438 ",
        "F-statistic: 89.57 on 1 and 48 DF,  p-value: 1.49e-12 ",
        "Condition number: 1",
    ]


def test_confint_and_criteria_of_r(cars):
    # confint(lm(dist ~ speed, cars)); AIC 419.1569, BIC 424.8929.
    expected = [[-31.167850, -3.990340], [3.096964, 4.767853]]
    np.testing.assert_allclose(cars.confint().to_numpy(), expected, rtol=0, atol=5e-7)
    assert list(cars.confint()) == ["2.5 %", "97.5 %"]
    assert round(cars.aic, 4) == 419.1569
    assert round(cars.bic, 4) == 424.8929
    with pytest.raises(insitu.SpecError, match="between 0 and 1"):
        cars.confint(95)


def test_weights_and_dropped_terms_in_the_head(airline_dict):
    text = str(insitu.LinearModel(airline_dict | {"pweights": "w"}))
    assert "Probability weights: w\n" in text
    assert "Total independent variables: 4 (Including number dropped: 1)" in text
    assert text.endswith("f=last         Dropped")
    text = str(insitu.LinearModel(airline_dict | {"fweights": "w", "sum_of_weights": 4e5}))
    assert "Frequency weights: w\n" in text
    assert "Sum of weights of valid observations: 400000\n" in text
    summary = str(insitu.LinearModel(airline_dict).summary())
    assert "Coefficients: (1 not defined because of singularities)" in summary
    assert "f=last       Dropped    Dropped Dropped   Dropped    " in summary


def test_condition_number_prints_as_the_reciprocal_of_the_element(airline_dict):
    text = str(insitu.LinearModel(airline_dict | {"condition_number": 0.08}).summary())
    assert text.splitlines()[-1] == "Condition number: 12.5"


def test_cube_layout(airline_dict):
    model = insitu.LinearModel(airline_dict | {"cube": True, "counts": [120, 80]})
    text = str(model.summary())
    assert "Cube Linear Regression Results for: y ~ a + b" in text
    assert "(as if intercept included)" in text
    # As RevoScaleR's manual prints a cube: a column of bars, and the note on one line only.
    lines = text.splitlines()
    at = next(i for i, line in enumerate(lines) if line.endswith(" | Counts"))
    bar = lines[at].index(" | Counts") + 1
    assert [line[bar:] for line in lines[at + 1 : at + 5]] == [
        "|    120",
        "|     80",
        "|       ",
        "|       ",
    ]
    assert "(as if intercept included)\nAdjusted R-squared: 0.7888 \n" in text
    assert text.count("as if") == 1
    page = model._repr_html_()
    assert "<th>Counts</th>" in page
    assert page.count("<td>120</td>") == 1


def test_elements_by_every_name(airline_dict):
    model = insitu.LinearModel(airline_dict)
    for name, attribute in model.r_names.items():
        by_attribute = getattr(model, attribute)
        assert repr(model[name]) == repr(by_attribute) == repr(model[attribute])
        assert repr(model._results[name]) == repr(by_attribute)
    assert model.coefficients.index.tolist() == ["(Intercept)", "a", "b", "f=last"]
    assert math.isnan(model.coefficients["f=last"])
    assert model.aliased.tolist() == [False, False, False, True]
    assert model.df == (3, 197, 4)
    assert model.cov_coef.loc["a", "a"] == pytest.approx(model.coef_std_error["a"] ** 2)
    assert model.fstatistics.index.tolist() == ["value", "numdf", "dendf"]
    assert model.nobs == 200
    assert model.precision == "double-double"
    assert model.summary().sigma == model.sigma
    with pytest.raises(KeyError, match=r"r\.squared"):
        model["no.such.element"]


def test_frames(airline_dict):
    model = insitu.LinearModel(airline_dict)
    tidy = model.tidy()
    assert list(tidy) == [
        "term",
        "estimate",
        "std_error",
        "statistic",
        "p_value",
        "conf_low",
        "conf_high",
    ]
    assert tidy.iloc[3, 1:].isna().all()
    assert tidy["term"][3] == "f=last"
    glance = model.glance()
    assert list(glance) == [
        "r_squared",
        "adj_r_squared",
        "sigma",
        "statistic",
        "p_value",
        "df",
        "df_residual",
        "aic",
        "bic",
        "nobs",
        "cov_type",
    ]
    assert glance.loc[0, ["df", "df_residual", "nobs"]].tolist() == [2, 197, 200]


def test_html(airline_dict, summary_dict):
    page = insitu.LinearModel(airline_dict | {"formula": "y ~ `<b>`"})._repr_html_()
    assert "&lt;b&gt;" in page
    assert "<b>`" not in page
    assert "Statistics by category (3 categories)" in insitu.Summary(summary_dict)._repr_html_()


def test_summary_layout(summary_dict):
    text = str(insitu.Summary(summary_dict, call="rx_summary(...)", data="Data: hand"))
    assert text.splitlines() == [
        "Call:",
        "rx_summary(...)",
        "",
        "Summary Statistics Results for: ~x + f + x:f",
        "Data: hand",
        "Number of valid observations: 4 ",
        " ",
        " Name Mean     StdDev   Min Max ValidObs MissingObs",
        " x    2.333333 1.527525 1   4   3        1         ",
        " x:f  2.333333 1.527525 1   4   3        1         ",
        "",
        "Category Counts for f",
        "Number of categories: 3",
        "Number of valid observations: 4",
        "Number of missing observations: 0",
        "",
        " f Counts",
        " u 2     ",
        " v 2     ",
        " w 0     ",
        "",
        "Statistics by category (3 categories):",
        "",
        " Category  f Means StdDev  Min Max ValidObs",
        " x for f=u u 2.5   2.12132   1   4 2       ",
        " x for f=v v 2.0       NaN   2   2 1       ",
        " x for f=w w NaN       NaN NaN NaN 0       ",
    ]


def test_summary_elements(summary_dict):
    summary = insitu.Summary(summary_dict)
    frame = summary["sDataFrame"]
    assert list(frame) == ["Name", "Mean", "StdDev", "Min", "Max", "ValidObs", "MissingObs"]
    assert frame["Name"].tolist() == ["x", "f", "x:f"]
    assert frame.iloc[1, 1:].isna().all()
    # The row over all cells equals the numeric term.
    np.testing.assert_allclose(
        frame.iloc[2, 1:].astype(float), frame.iloc[0, 1:].astype(float), rtol=1e-15
    )
    assert summary["categorical.type"] == "cube"
    assert [list(f) for f in summary.categorical] == [
        ["f", "Counts"],
        ["Category", "f", "Means", "StdDev", "Min", "Max", "ValidObs"],
    ]
    assert (summary.nobs_valid, summary["nobs.missing"]) == (4, 0)
    asked = summary_dict | {"options": {"statistics": ["Sum", "Mean"], "remove_zero_counts": True}}
    chosen = insitu.Summary(asked)
    assert list(chosen.summary_data_frame) == ["Name", "Sum", "Mean"]
    assert len(chosen.categorical[0]) == len(chosen.categorical[1]) == 2


def test_group_files(summary_dict, tmp_path):
    from insitu.summary import write_group_files

    summary = insitu.Summary(summary_dict)
    path = str(tmp_path / "cells.parquet")
    assert write_group_files(summary, path, overwrite=False) == [path]
    frame = pd.read_parquet(path)
    assert list(frame) == ["f", "Counts", "x_Mean", "x_StdDev", "x_Min", "x_Max", "x_ValidObs"]
    with pytest.raises(insitu.SpecError, match="exists"):
        write_group_files(summary, path, overwrite=False)
    write_group_files(summary, path, overwrite=True)
    with pytest.raises(insitu.SpecError, match="neither"):
        write_group_files(summary, str(tmp_path / "cells.xdf"), overwrite=False)


@pytest.mark.parametrize("df", [1, 2, 3.5, 10, 99, 101, 1000, 19_999, 20_001, 582_621])
@pytest.mark.parametrize("level", [0.2, 0.9, 0.95, 0.99, 1 - 2e-8])
def test_intervals_are_students(df, level, airline_dict):
    from scipy import stats

    airline_dict["df"][1] = df
    airline_dict["coefficients"]["std_error"][0] = 1.0
    model = insitu.LinearModel(airline_dict)
    reach = stats.t.ppf((1 + level) / 2, df)
    low, high = model.confint(level).iloc[0]
    assert (high - low) / 2 == pytest.approx(reach, rel=1e-12)
    assert (low + high) / 2 == pytest.approx(model.coefficients.iloc[0], rel=1e-12, abs=1e-9)
    tidy = model.tidy(level).iloc[0]
    assert (tidy["conf_low"], tidy["conf_high"]) == (low, high)


def test_no_degrees_of_freedom_no_interval(airline_dict):
    airline_dict["df"][1] = 0
    assert insitu.LinearModel(airline_dict).confint().isna().all(axis=None)
