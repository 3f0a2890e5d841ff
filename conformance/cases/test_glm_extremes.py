"""Generalised linear models far out: against their definitions in fifty digits, or a fit of the same rows by other arithmetic."""

from __future__ import annotations

import functools
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import insitu
from conformance.cases import glm_digits
from conformance.conftest import Place
from conformance.reference import glm_zipf
from conformance.reference.glm_exact import Fit, Problem
from conformance.reference.glm_extremes import ROWS_OF_ONE_EVENT, extremes, one_event


@functools.cache
def _exact(name: str) -> Fit:
    data = extremes()[name]
    firsts = {f"f={data.levels_of('f')[0]}"} if "f" in data.terms else set()
    return Problem(data, [column for column in data.design() if column not in firsts]).fit()


@pytest.fixture
def run(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Place, str]:
    """A place and the name of a set."""
    case, kind, name = request.param
    return Place(case, kind, tmp_path, case.connect(tmp_path)), name


@pytest.mark.parametrize("run", glm_digits.runs(extremes()), indirect=True)
def test_extremes(run):
    place, name = run
    exact = _exact(name)
    expected = {
        column: (float(estimate), float(exact.std_errors[column]))
        for column, estimate in exact.estimates.items()
    }
    for tolerance in ("default", "tight"):
        model = glm_digits.fit(place, extremes()[name], tolerance=tolerance)
        assert model["converged"], model["ended"]
        glm_digits.check_coefficients(model, expected, tolerance)
        assert model["deviance"] == pytest.approx(float(exact.deviance), rel=glm_digits.DEVIANCE)


def test_one_event_in_ten_million_rows():
    """The rows themselves."""
    data = one_event()
    times = data.table["times"]
    assert sum(times) == ROWS_OF_ONE_EVENT
    frame = pd.DataFrame({name: np.repeat(data.table[name], times) for name in ("x", "y")})
    model = insitu.rx_logit("y ~ x", frame)
    exact = _exact(data.name)
    for name, estimate in exact.estimates.items():
        error = float(exact.std_errors[name])
        assert abs(model.coefficients[name] - float(estimate)) <= 1e-9 * max(abs(estimate), error)
        assert model.coef_std_error[name] == pytest.approx(error, rel=1e-5)


@pytest.mark.parametrize("family", ["poisson", "binomial"])
def test_levels_without_events(family):
    """Five thousand levels, of which 190 have no event: what is left is the fit without them."""
    rows = glm_zipf.rows(family)
    names = np.array([glm_zipf.level_name(k) for k in range(glm_zipf.LEVELS)])
    levels = pd.Categorical.from_codes(rows.level, names)
    frame = pd.DataFrame({"y": rows.y, "x": rows.x, "z": rows.z, "k": levels})
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        model = insitu.rx_glm(
            "y ~ x + z + k", frame, family=family, drop_first=True, compute_context=insitu.RxLocalSeq()
        )  # fmt: skip
    assert model.converged
    exact = glm_zipf.fit(rows, family)
    found = model.coefficients
    effects = found[[f"k={name}" for name in names]].to_numpy()
    errors = model.coef_std_error[[f"k={name}" for name in names]].to_numpy()
    infinite = np.isnan(exact.effects)
    lowest = np.bincount(rows.level, rows.y, glm_zipf.LEVELS) == 0
    assert lowest.sum() == glm_zipf.WITHOUT
    assert (effects[lowest] == -np.inf).all()
    assert (effects[infinite & ~lowest] == np.inf).all()
    named = [str(warning.message) for warning in told]
    assert named[-1].startswith(
        f"likewise the coefficients of {infinite.sum() - len(named) + 1} more"
    )
    finite = ~infinite
    finite[0] = False  # the first level, which the others are compared with
    assert exact.effects[0] == 0.0
    scale = np.maximum(np.abs(exact.effects), exact.effect_errors)[finite]
    assert np.max(np.abs(effects - exact.effects)[finite] / scale) <= glm_digits.COEFFICIENTS
    np.testing.assert_allclose(
        errors[finite], exact.effect_errors[finite], rtol=glm_digits.ERRORS["default"]
    )
    np.testing.assert_allclose(
        found[["(Intercept)", "x", "z"]], [exact.constant, *exact.slopes], rtol=glm_digits.COEFFICIENTS
    )  # fmt: skip
    np.testing.assert_allclose(
        model.coef_std_error[["(Intercept)", "x", "z"]],
        [exact.constant_error, *exact.slope_errors],
        rtol=glm_digits.ERRORS["default"],
    )
    assert model.deviance == pytest.approx(exact.deviance, rel=glm_digits.DEVIANCE)
