"""p values, intervals and information criteria against distributions computed to 30 digits."""

import math

import mpmath
import pytest

import insitu
from conformance.cases import linear
from conformance.reference import nist, oracle

NAMES = nist.available(("Longley", "Norris", "Wampler3", "NoInt2", "NoInt1"))


def two_sided(t, df):
    """P(|T| > |t|) for Student's t."""
    with mpmath.workdps(30):
        return mpmath.betainc(
            mpmath.mpf(df) / 2, mpmath.mpf(1) / 2, 0, df / (df + t * t), regularized=True
        )


def upper_tail(f, df1, df2):
    """P(F > f)."""
    with mpmath.workdps(30):
        return mpmath.betainc(
            mpmath.mpf(df2) / 2, mpmath.mpf(df1) / 2, 0, df2 / (df2 + df1 * f), regularized=True
        )


@pytest.mark.parametrize("name", NAMES)
def test_inference(name):
    case = linear.nist_case(name)
    model = insitu.rx_lin_mod(case.formula, case.table)
    answer = case.answer(tuple(case.columns))
    df = answer.n - answer.rank
    tidy, glance = model.tidy(), model.glance().iloc[0]
    rows = zip(tidy.itertuples(), answer.coefficients, answer.std_errors, strict=True)
    for row, estimate, error in rows:
        t = oracle.to_mpf(estimate) / error
        p = two_sided(t, df)
        assert oracle.lre(row.statistic, t) >= 13
        # The tail multiplies the error of t by about t·df.
        assert oracle.lre(row.p_value, p) >= 10
        half = (row.conf_high - row.conf_low) / 2
        assert oracle.lre(two_sided(half / error, df), 0.05) >= 10
        assert math.isclose((row.conf_high + row.conf_low) / 2, row.estimate, rel_tol=1e-9)
    # Without an intercept R² and F are about zero.
    df1 = answer.rank - case.intercept
    f = oracle.to_mpf(answer.f_statistic)
    assert oracle.lre(glance["p_value"], upper_tail(f, df1, df)) >= 10
    assert oracle.lre(glance["bic"], _criterion(answer, math.log(answer.n))) >= 12
    assert oracle.lre(glance["aic"], _criterion(answer, 2)) >= 12


def _criterion(answer, k):
    return -2 * answer.log_likelihood + k * (answer.rank + 1)


def test_published_values_of_r():
    """R's `women`: lm(weight ~ height), as printed by R and in its documentation."""
    height = list(range(58, 73))
    weight = [115, 117, 120, 123, 126, 129, 132, 135, 139, 142, 146, 150, 154, 159, 164]
    table = linear.table_of(height=height, weight=weight)
    model = insitu.rx_lin_mod("weight ~ height", table)
    tidy, glance = model.tidy(), model.glance().iloc[0]
    assert tidy["estimate"].round(5).tolist() == [-87.51667, 3.45]
    assert tidy["std_error"].round(5).tolist() == [5.93694, 0.09114]
    # R rounds to three decimals before it prints four digits: 37.855 is shown as 37.85.
    assert tidy["statistic"].round(3).tolist() == [-14.741, 37.855]
    assert round(model.sigma, 3) == 1.525
    assert round(glance["r_squared"], 3) == 0.991
    assert round(glance["adj_r_squared"], 4) == 0.9903
    assert round(glance["statistic"]) == 1433
    assert f"{tidy['p_value'][0]:.2e}" == "1.71e-09"
    assert f"{glance['p_value']:.3e}" == "1.091e-14"
