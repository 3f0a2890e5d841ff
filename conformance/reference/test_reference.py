"""The oracle against certified values, and the generated sets against NIST's files."""

import math
from fractions import Fraction

import pytest

from conformance.reference import nist, oracle


def exact(data: nist.LinearSet) -> oracle.LinearAnswer:
    names, columns = list(data.x), list(data.x.values())
    if data.degree > 1:
        names = [f"x^{k}" for k in range(1, data.degree + 1)]
        columns = [oracle.power(data.x["x"], k) for k in range(1, data.degree + 1)]
    return oracle.linear(names, columns, data.y, intercept=data.intercept)


# What the doubles of the file hold, when compared with values certified for its decimals.
HELD = {"Filip": 12.0, "Norris": 14.0, "Pontius": 13.4, "Wampler2": 13.0}


@pytest.mark.parametrize("name", nist.available(nist.LINEAR))
def test_oracle_gives_certified_coefficients(name):
    data = nist.linear(name)
    answer = exact(data)
    need = HELD.get(name, 14.3)
    for found, certified in zip(answer.coefficients, data.estimates, strict=True):
        assert oracle.lre(float(found), float(certified)) >= need
    for found, certified in zip(answer.std_errors, data.std_errors, strict=True):
        if float(certified) == 0:
            assert found <= 1e-13
        else:
            assert oracle.lre(float(found), float(certified)) >= min(need, 13.4)


@pytest.mark.parametrize("name", nist.available(nist.UNIVARIATE))
def test_oracle_gives_certified_moments(name):
    data = nist.univariate(name)
    answer = oracle.moments(data.y)
    held = {"Michelso": 13.8, "Mavro": 13.0, "NumAcc3": 9.0, "NumAcc4": 8.0}
    assert oracle.lre(float(answer.mean), float(data.mean)) >= 14.5
    assert oracle.lre(float(answer.std_dev), float(data.std_dev)) >= held.get(name, 14.3)


@pytest.mark.parametrize("name", [n for n in nist.available(nist.ANOVA) if n <= "SmLs06"])
def test_oracle_gives_certified_f(name):
    data = nist.anova(name)
    answer = anova_answer(data)
    need = 12.5 if name in {"SmLs01", "SmLs02", "SmLs03", "SiRstv"} else 9.9
    assert oracle.lre(float(answer.f_statistic), float(data.f_statistic)) >= need


def anova_answer(data: nist.AnovaSet) -> oracle.LinearAnswer:
    groups = sorted(set(data.group))
    columns = [[int(g == level) for g in data.group] for level in groups]
    return oracle.linear([f"F_group={g}" for g in groups], columns, data.y)


@pytest.mark.skipif(nist.directory() is None, reason="needs NIST's files: INSITU_NIST_DIR")
@pytest.mark.parametrize("kind", ["linear", "univariate", "anova"])
def test_generated_sets_are_those_of_the_files(kind):
    names = {"linear": nist.LINEAR, "univariate": nist.UNIVARIATE, "anova": nist.ANOVA}[kind]
    make = {
        "linear": nist._generated_linear,
        "univariate": nist._generated_sample,
        "anova": nist.generated_anova,
    }[kind]
    for name in names:
        if name in nist.OBSERVED:
            continue
        made, read = make(name), getattr(nist, kind)(name)
        assert made.y == read.y, name
        if kind == "linear":
            assert made.x == read.x
            assert made.degree == read.degree
            assert [float(v) for v in made.estimates] == [float(v) for v in read.estimates]
            for a, b in zip(made.std_errors, read.std_errors, strict=True):
                assert math.isclose(float(a), float(b), rel_tol=1e-14)
        if kind == "anova":
            assert made.group == read.group
            assert float(made.f_statistic) == float(read.f_statistic)


def test_oracle_by_hand():
    # y = 1, 2, 4 on x = 0, 1, 2: slope 3/2, intercept 5/6, residual squares 1/6.
    answer = oracle.linear(["x"], [[0.0, 1.0, 2.0]], [1.0, 2.0, 4.0])
    assert answer.coefficients == (Fraction(5, 6), Fraction(3, 2))
    assert answer.residual_squares == Fraction(1, 6)
    assert answer.r_squared == Fraction(27, 28)
    assert answer.f_statistic == 27
    assert oracle.lre(float(answer.std_errors[1]), oracle.root(Fraction(1, 12))) > 15


def test_oracle_finds_the_rank():
    x = [1.0, 2.0, 3.0, 5.0]
    answer = oracle.linear(["a", "b", "c"], [x, x, [v * v for v in x]], [1.0, 0.0, 2.0, 1.0])
    assert answer.aliased == (False, False, True, False)
    assert answer.rank == 3


def test_oracle_weights_are_copies_or_variances():
    x, y, w = [1.0, 2.0, 4.0], [1.0, 3.0, 2.0], [2.0, 0.0, 3.0]
    copies = oracle.linear(["x"], [[1.0, 1.0, 4.0, 4.0, 4.0]], [1.0, 1.0, 2.0, 2.0, 2.0])
    counted = oracle.linear(["x"], [x], y, w, frequency=True)
    assert counted.coefficients == copies.coefficients
    assert counted.n == copies.n == 5
    weighted = oracle.linear(["x"], [x], y, w)
    assert weighted.coefficients == copies.coefficients
    assert weighted.n == 2
