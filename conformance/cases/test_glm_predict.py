"""Predictions of generalised linear models in every place, against statsmodels."""

from __future__ import annotations

import functools
import warnings

import numpy as np
import pytest
from scipy import stats

import insitu
from conformance.cases import test_glm
from insitu.families import Family

FAMILIES = ("logit", "probit", "cauchit", "poisson", "Gamma", "inverse gaussian", "Tweedie")
ESTIMATED_DISPERSION = ("Gamma", "inverse gaussian", "Tweedie")
FORMULA = "y ~ x + z + f + offset(t)"
RESIDUALS = {
    "response": "resid_response",
    "working": "resid_working",
    "pearson": "resid_pearson",
    "deviance": "resid_deviance",
}


@functools.cache
def _expected(name):
    """Complete rows, and statsmodels' predictions and residuals for them."""
    table, fits = test_glm._data(name)
    fit = fits[True]
    complete = np.array([x is not None for x in table["x"].to_pylist()])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        prediction = fit.get_prediction(
            fit.model.exog, offset=fit.model.offset, transform=False, which="mean"
        )
        mean, error = np.asarray(prediction.predicted), np.asarray(prediction.se)
        residuals = {ours: np.asarray(getattr(fit, name)) for ours, name in RESIDUALS.items()}
        eta = np.asarray(fit.predict(which="linear"))
    # Its own intervals are normal whatever the dispersion; where it is estimated, ours are Student's.
    freedom = fit.df_resid if name in ESTIMATED_DISPERSION else np.inf
    X, link = fit.model.exog, fit.model.family.link
    half = stats.t.ppf(0.95, freedom) * np.sqrt(np.einsum("ij,jk,ik->i", X, fit.cov_params(), X))
    low, high = np.sort([link.inverse(eta - half), link.inverse(eta + half)], axis=0)
    return complete, eta, mean, error, (low, high), residuals


def _fitted(name, source, place):
    family = Family(**{"link": None, **test_glm.FAMILIES[name][0]})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return insitu.rx_glm(
            FORMULA, source, family=family, pweights="w", cov_coef=True,
            max_iterations=100, compute_context=place.context, tolerance="tight",
        )  # fmt: skip


@pytest.mark.kinds("pandas", "csv", "postgres_table", "duckdb_table")
@pytest.mark.parametrize("name", FAMILIES)
def test_as_statsmodels(place, name):
    table, _ = test_glm._data(name)
    complete, eta, mean, error, (low, high), residuals = _expected(name)
    source = place.load(table)
    model = _fitted(name, source, place)

    def predicted(**options):
        """Of the complete rows; a table need not keep the order in which it was filled."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            frame = insitu.rx_predict(
                model, source, compute_context=place.context, extra_vars_to_write=["z"], **options
            )
        assert len(frame) == table.num_rows
        frame = frame.set_index("z").loc[table["z"].to_numpy()]
        assert frame[~complete].isna().all(axis=None)
        return frame[complete]

    frame = predicted(compute_standard_errors=True, interval="confidence", confidence_level=0.9)
    assert list(frame) == ["y_Pred", "y_StdErr", "y_Lower", "y_Upper"]
    np.testing.assert_allclose(frame["y_Pred"], mean, rtol=1e-8)
    np.testing.assert_allclose(frame["y_StdErr"], error, rtol=1e-8)
    np.testing.assert_allclose(frame["y_Lower"], low, rtol=1e-8)
    np.testing.assert_allclose(frame["y_Upper"], high, rtol=1e-8)
    for kind, expected in residuals.items():
        frame = predicted(compute_residuals=True, residual_type=kind, type="link")
        np.testing.assert_allclose(frame["y_Pred"], eta, rtol=1e-8, atol=1e-8)
        scale = np.abs(expected).max()
        np.testing.assert_allclose(frame["y_Resid"], expected, rtol=1e-8, atol=1e-10 * scale)
