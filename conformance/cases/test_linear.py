"""Linear models against exact arithmetic, in every context, on every kind of source."""

import math

import pytest

from conformance.cases import linear
from conformance.reference import oracle

CASES = linear.cases()


def check(case, model, tolerance=0.0):
    """The whole model against the exact fit on the columns it kept."""
    tidy = model.tidy()
    assert len(tidy) == len(case.names)
    found = {n: row for n, (_, row) in zip(tidy["term"], tidy.iterrows(), strict=True)}
    if "-powers" in case.name:  # a formula's own spelling of powers: by position
        found = dict(zip(case.names, found.values(), strict=True))
    assert sorted(found) == sorted(case.names)
    dropped = {name for name, row in found.items() if math.isnan(row["estimate"])}
    if case.dropped is not None:
        assert dropped == set(case.dropped)
    kept = tuple(name for name in case.columns if name not in dropped)
    answer = case.answer(kept)
    assert answer.rank == len(answer.names) == case.rank()
    scale = oracle.root(answer.total_squares / max(1, answer.n - 1))
    # Residuals below the resolution of the response have no digits of their own.
    exact_fit = answer.sigma is None or answer.sigma <= 1e-13 * scale
    for name, estimate, error in zip(
        answer.names, answer.coefficients, answer.std_errors, strict=True
    ):
        digits = oracle.lre(found[name]["estimate"], estimate)
        assert digits >= case.coefficient_digits - tolerance, (name, digits)
        if not exact_fit:
            digits = oracle.lre(found[name]["std_error"], error)
            assert digits >= case.error_digits - tolerance, (name, digits)
    if "fweights" not in case.options:  # rows; the weights count in degrees of freedom
        assert model.n_valid_obs == answer.n
    if answer.sigma is None:
        assert not (model.sigma > 0)
    elif exact_fit:
        assert model.sigma <= 1e-13 * scale
    else:
        check_whole(case, model, answer, tolerance)


def check_whole(case, model, answer, tolerance):
    """Residual spread, R², F, likelihood."""
    glance = model.glance().iloc[0]
    need = case.error_digits - tolerance
    assert oracle.lre(model.sigma, answer.sigma) >= need
    assert oracle.lre(glance["r_squared"], answer.r_squared) >= need
    assert glance["df_residual"] == answer.n - answer.rank
    if answer.f_statistic is not None:
        assert oracle.lre(glance["statistic"], answer.f_statistic) >= need - 0.5
    if "fweights" not in case.options:
        # R's: sigma counts as a parameter.
        aic = -2 * answer.log_likelihood + 2 * (answer.rank + 1)
        assert oracle.lre(glance["aic"], aic) >= 12.5 - tolerance


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_linear(case, place):
    data = place.load(case.table, levels=case.levels)
    check(case, place.fit(case.formula, data, **case.options), place.case.tolerance)
