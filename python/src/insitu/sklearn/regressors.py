"""The estimators of numbers: `LinearRegression` and `GLMRegressor`."""

from __future__ import annotations

import contextlib
import dataclasses
import math
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import xlogy
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.metrics import r2_score
from sklearn.utils.validation import check_array, check_consistent_length, column_or_1d

from ..errors import SpecError
from ..families import Family, as_family
from ..glm import rx_glm
from ..linear import rx_lin_mod
from ..results import GeneralizedLinearModel, LinearModel
from .base import EngineEstimator
from .rows import Rows

if TYPE_CHECKING:
    from ..contexts.base import RxComputeContext

# Variance is mu to this power, of a family or of what "quasi" takes.
_POWERS = {
    **{"gaussian": 0, "poisson": 1, "quasipoisson": 1, "Gamma": 2, "inverse.gaussian": 3},
    **{"constant": 0, "mu": 1, "mu^2": 2, "mu^3": 3},
}


class _Regressor(EngineEstimator):
    def _to_numbers(self, y: np.ndarray, sample_weight: np.ndarray | None) -> np.ndarray:
        found: np.ndarray = check_array(y, ensure_2d=False, dtype=np.float64, input_name="y")
        return found

    def _outcome(self, computed: np.ndarray) -> np.ndarray:
        return computed


class LinearRegression(_Regressor, RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """Least squares with standard errors, by `rx_lin_mod`: scikit-learn's LinearRegression, of data of any size.

    Arguments:
        fit_intercept: False for a model without an intercept.
        cov_type: of standard errors: "classical" (None), "HC0" to "HC3", or "cluster", as `rx_lin_mod` has them.
        cov_coef: keep the covariance of the coefficients, which errors and intervals of predictions need:
            `insitu.rx_predict(estimator.model_, data, interval="confidence")`.
        compute_context: where to compute; None takes the active context.

    Attributes:
        coef_, coef_std_error_: estimates, and their standard errors. A column that others make redundant has the
            coefficient 0, and the error NaN.
        coef_names_: what the coefficients are called: columns, or levels of factors ("day=Mon").
        intercept_, intercept_std_error_: 0 without an intercept.
        rank_: how many coefficients are estimated.
        n_features_in_, feature_names_in_: columns of X; their names, if they have any.
        model_: the LinearModel: tests, intervals, R², AIC, `summary()`, `tidy()`, `to_sql()`, `save(path)`.

    See: docs/functions/sklearn.md; `insitu.rx_lin_mod`.

    Example:
        >>> import pandas as pd
        >>> X = pd.DataFrame({"size": [1.0, 2.0, 3.0, 4.0], "day": ["Mon", "Tue", "Mon", "Tue"]})
        >>> estimator = LinearRegression().fit(X, [1.0, 3.0, 2.0, 5.0])
        >>> dict(zip(estimator.coef_names_.tolist(), estimator.coef_.round(4).tolist()))
        {'size': 0.75, 'day=Mon': -1.75, 'day=Tue': 0.0}
        >>> estimator.coef_std_error_.round(4)
        array([0.25  , 0.559,    nan])
    """

    def __init__(
        self,
        *,
        fit_intercept: bool = True,
        cov_type: str | None = None,
        cov_coef: bool = False,
        compute_context: RxComputeContext | str | None = None,
    ) -> None:
        self.fit_intercept = fit_intercept
        self.cov_type = cov_type
        self.cov_coef = cov_coef
        self.compute_context = compute_context

    def _run(self, rows: Rows) -> LinearModel:
        model = rx_lin_mod(**self._arguments(rows))
        self.rank_ = model.rank
        return model

    def _goodness(self, y: Any, predicted: np.ndarray, sample_weight: Any) -> float:
        return float(r2_score(y, predicted, sample_weight=sample_weight))


class GLMRegressor(_Regressor, RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """A generalised linear model with standard errors, by `rx_glm`; nothing is penalised. Predictions are means.

    Arguments:
        family: "gaussian", "poisson", "Gamma", "inverse.gaussian", "binomial" (shares), "negative.binomial" (theta is
            estimated), "quasipoisson", "quasibinomial"; or a `Family`, such as `insitu.families.tweedie(1.5, 0)`.
        link: "log", "identity", …; None is the family's own, which for "Gamma" is "inverse", not scikit-learn's "log".
        max_iter: most steps; beyond them the estimates are kept, with a ConvergenceWarning.
        tol: change of a coefficient, over the largest one, at which they end, if the deviance too has come to rest.
        fit_intercept, cov_type, cov_coef, compute_context: as of `LinearRegression`.

    Attributes:
        n_iter_: steps that were taken.
        model_: the GeneralizedLinearModel.
        coef_, coef_std_error_, coef_names_, intercept_, intercept_std_error_, n_features_in_, feature_names_in_: as of
            `LinearRegression`.

    See: docs/functions/sklearn.md; `insitu.rx_glm`.

    Example:
        >>> import numpy as np
        >>> X, y = np.arange(1.0, 6.0).reshape(-1, 1), [1, 3, 2, 7, 9]
        >>> estimator = GLMRegressor(family="poisson").fit(X, y)
        >>> estimator.coef_.round(4), round(estimator.score(X, y), 4)
        (array([0.5023]), 0.8702)
    """

    def __init__(
        self,
        family: str | Family = "gaussian",
        *,
        link: str | None = None,
        fit_intercept: bool = True,
        max_iter: int = 25,
        tol: float = 1e-6,
        cov_type: str | None = None,
        cov_coef: bool = False,
        compute_context: RxComputeContext | str | None = None,
    ) -> None:
        self.family = family
        self.link = link
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.tol = tol
        self.cov_type = cov_type
        self.cov_coef = cov_coef
        self.compute_context = compute_context

    def _run(self, rows: Rows) -> GeneralizedLinearModel:
        model = rx_glm(
            **self._arguments(rows),
            family=self._family(),
            max_iterations=self.max_iter,
            coefficent_tolerance=self.tol,
        )
        self.n_iter_ = model.iterations
        return model

    def _family(self) -> Family:
        family = as_family(self.family)
        return family if self.link is None else dataclasses.replace(family, link=self.link)

    def _goodness(self, y: Any, predicted: np.ndarray, sample_weight: Any) -> float:
        return deviance_explained(self.model_.family, y, predicted, sample_weight)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        with contextlib.suppress(SpecError):  # `fit` says it
            tags.target_tags.positive_only = as_family(self.family).name != "gaussian"
        return tags


def deviance_explained(family: Family, y: Any, predicted: np.ndarray, sample_weight: Any) -> float:
    """D²: the share that predictions take of the deviance of the mean; NaN where that is 0.

    A mean at the bound of the family, as of a level whose responses are all 0, explains those wholly.

    Example:
        >>> deviance_explained(Family("poisson"), [1.0, 2.0, 4.0], np.array([1.0, 2.0, 4.0]), None)
        1.0
    """
    y = column_or_1d(y).astype(np.float64)
    check_consistent_length(y, predicted, sample_weight)
    null = np.full_like(y, np.average(y, weights=sample_weight))
    left, all_of_it = (
        np.average(_deviances(family, y, mean), weights=sample_weight) for mean in (predicted, null)
    )
    return float(1.0 - left / all_of_it) if all_of_it > 0.0 else math.nan


def _deviances(family: Family, y: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Half the unit deviance of each row (McCullagh and Nelder, 1989, 2.3; of Tweedie's Jørgensen, 1997)."""
    theta = family.theta
    power = _POWERS.get(family.variance or family.name, family.power)
    if theta is not None and math.isinf(theta):
        power = 1  # Poisson's
    found: np.ndarray
    if power is None and theta is None:
        found = _log_ratio(y, mean) + _log_ratio(1.0 - y, 1.0 - mean)
    elif power is None:
        total = y + theta
        found = _log_ratio(y, mean) - total * np.log(total / (mean + theta))
    elif power == 1:
        found = _log_ratio(y, mean) - (y - mean)
    elif power == 2:
        found = (y - mean) / mean - np.log(y / mean)
    elif power == 0:
        found = 0.5 * (y - mean) ** 2
    else:
        rate = np.power(mean, 1.0 - power, where=y != 0.0, out=np.zeros_like(mean))
        found = np.power(y, 2.0 - power) / ((1.0 - power) * (2.0 - power))
        found = found - y * rate / (1.0 - power) + np.power(mean, 2.0 - power) / (2.0 - power)
    return found


def _log_ratio(y: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """y log(y / mean); 0 where y is 0."""
    return xlogy(y, y) - xlogy(y, mean)  # type: ignore[no-any-return]
