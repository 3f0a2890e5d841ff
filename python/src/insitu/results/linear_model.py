"""The linear model: coefficients and statistics under R's names, frames, intervals, and the printed layouts."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from numbers import Real
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from .. import _core
from ..errors import SpecError
from ..fitting import number, numbers
from ..serialization import to_json
from . import linear_layout
from .base import Result
from .cube import count_frame, cubed_term
from .linear_check import check_linear_model

# Columns of the tables that the engine makes, in order.
_TIDY = ("term", "estimate", "std_error", "statistic", "p_value", "conf_low", "conf_high")
_GLANCE = ("r_squared", "adj_r_squared", "sigma", "statistic", "p_value", "df", "df_residual", "aic", "bic", "nobs")  # fmt: skip


class LinearModel(Result):
    """A fitted linear model, as `rx_lin_mod` returns it.

    Every element of the R object is an attribute in snake_case, `model['r.name']`, and an item of `_results`.

    Example:
        >>> import pandas as pd, insitu
        >>> data = pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0], "y": [1.0, 3.0, 2.0, 5.0]})
        >>> model = insitu.rx_lin_mod("y ~ x", data)
        >>> round(model["r.squared"], 4), model.rank
        (0.6914, 2)
    """

    kind = "linear_model"
    r_names: ClassVar[Mapping[str, str]] = {
        "coefficients": "coefficients",
        "coef.std.error": "coef_std_error",
        "coef.t.value": "coef_t_value",
        "coef.p.value": "coef_p_value",
        "covCoef": "cov_coef",
        "covData": "cov_data",
        "condition.number": "condition_number",
        "rank": "rank",
        "aliased": "aliased",
        "residual.squares": "residual_squares",
        "residual.variance": "residual_variance",
        "sigma": "sigma",
        "total.squares": "total_squares",
        "y.var": "y_var",
        "r.squared": "r_squared",
        "adj.r.squared": "adj_r_squared",
        "f.pvalue": "f_pvalue",
        "fstatistics": "fstatistics",
        "df": "df",
        "y.names": "y_names",
        "partitions": "partitions",
        "countDF": "count_df",
        "nValidObs": "n_valid_obs",
        "nMissingObs": "n_missing_obs",
        "deviance": "deviance",
        "aic": "aic",
        "formula": "formula",
        "call": "call",
        "params": "params",
    }

    def _column(self, key: str) -> pd.Series:
        table = self._model["coefficients"]
        return pd.Series(
            numbers(table[key]), index=pd.Index(table["names"]), name=self.response, dtype=float
        )

    @property
    def response(self) -> str:
        """The left side of the formula."""
        return str(self._model["response"])

    @property
    def coefficients(self) -> pd.Series:
        """Estimates by name; NaN where a coefficient is dropped."""
        return self._column("estimate")

    @property
    def coef_std_error(self) -> pd.Series:
        """Standard errors by name."""
        return self._column("std_error")

    @property
    def coef_t_value(self) -> pd.Series:
        """Estimates over their standard errors."""
        return self._column("t_value")

    @property
    def coef_p_value(self) -> pd.Series:
        """Two-sided p-values of Student's t, never floored."""
        return self._column("p_value")

    @property
    def aliased(self) -> pd.Series:
        """True for each coefficient that is dropped."""
        table = self._model["coefficients"]
        return pd.Series([bool(v) for v in table["aliased"]], index=pd.Index(table["names"]))

    @property
    def cov_coef(self) -> pd.DataFrame | None:
        """Covariance of the coefficients (NaN where dropped), if the fit was asked for it."""
        matrix = self._model.get("cov_coef")
        return None if matrix is None else _square(matrix, self._model["coefficients"]["names"])

    @property
    def cov_data(self) -> pd.DataFrame | None:
        """Covariance of the expanded predictors, if the fit was asked for it."""
        data = self._model.get("cov_data")
        return None if data is None else _square(data["matrix"], data["names"])

    @property
    def condition_number(self) -> float:
        """Reciprocal 1-norm condition number of the correlation matrix of the kept predictors."""
        return self._number("condition_number")

    @property
    def rank(self) -> int:
        """Number of coefficients that are estimated."""
        return int(self._model["rank"])

    @property
    def df(self) -> tuple[int, int, int]:
        """(estimated, residual degrees of freedom, all coefficients)."""
        p, residual, total = (int(number(v)) for v in self._model["df"])
        return p, residual, total

    @property
    def residual_squares(self) -> float:
        """(Weighted) sum of squared residuals."""
        return self._number("residual_squares")

    @property
    def residual_variance(self) -> float:
        """Residual sum of squares over its degrees of freedom."""
        return self._number("residual_variance")

    @property
    def sigma(self) -> float:
        """Residual standard error."""
        return self._number("sigma")

    @property
    def total_squares(self) -> float:
        """(Weighted) sum of squares of the response, not centred."""
        return self._number("total_squares")

    @property
    def y_var(self) -> float:
        """(Weighted) sum of squares of the response about its mean: not a variance, despite R's name."""
        return self._number("y_var")

    @property
    def r_squared(self) -> float:
        """Multiple R²; about zero if there is no intercept."""
        return self._number("r_squared")

    @property
    def adj_r_squared(self) -> float:
        """R² adjusted for the number of coefficients."""
        return self._number("adj_r_squared")

    @property
    def fstatistics(self) -> pd.Series:
        """F and its degrees of freedom: value, numdf, dendf."""
        return pd.Series(
            {
                "value": self._number("f_statistic"),
                "numdf": self._number("f_num_df"),
                "dendf": self._number("f_den_df"),
            }
        )

    f_statistics = fstatistics

    @property
    def f_pvalue(self) -> float:
        """p-value of F."""
        return self._number("f_pvalue")

    @property
    def y_names(self) -> list[str]:
        """The name of the response, in a list as in R."""
        return [self.response]

    @property
    def partitions(self) -> list[str] | None:
        """Cube fits: the name of the cubed term."""
        return None if self._model.get("counts") is None else [cubed_term(self._model)["name"]]

    @property
    def count_df(self) -> pd.DataFrame | None:
        """Cube fits: by cell the levels of the cubed factors, the coefficient, and the count of rows (or weight)."""
        return None if self._model.get("counts") is None else count_frame(self._model)

    @property
    def n_valid_obs(self) -> float | int:
        """Rows used; with frequency weights the observations that they stand for."""
        return _whole(
            self._model["sum_of_weights" if self._model.get("fweights") else "n_valid_obs"]
        )

    @property
    def n_missing_obs(self) -> float | int:
        """Rows left out because a used variable is missing."""
        return _whole(self._model["n_missing_obs"])

    @property
    def sum_of_weights(self) -> float:
        """Sum of the weights of the rows used (their number without weights)."""
        return self._number("sum_of_weights")

    @property
    def nobs(self) -> float | int:
        """Observations that degrees of freedom count: `n_valid_obs`."""
        return self.n_valid_obs

    @property
    def deviance(self) -> float:
        """-2 · log-likelihood, with its constants (not the residual sum of squares)."""
        return self._number("deviance")

    @property
    def log_likelihood(self) -> float:
        """Gaussian log-likelihood at its maximum."""
        return self._number("log_likelihood")

    @property
    def aic(self) -> float:
        """Akaike's criterion as R's AIC: sigma counts as a parameter."""
        return self._number("aic")

    @property
    def bic(self) -> float:
        """Bayesian criterion as R's BIC: sigma counts as a parameter."""
        return self._number("bic")

    @property
    def precision(self) -> str:
        """Arithmetic of the fit's last pass: "double" or "double-double"."""
        return str(self._model.get("precision"))

    @property
    def passes(self) -> int:
        """How often the rows were read."""
        return int(self._model.get("passes") or 0)

    def tidy(self, conf_level: float = 0.95) -> pd.DataFrame:
        """One row per coefficient.

        Arguments:
            conf_level: of the interval, between 0 and 1.

        Returns: a frame with term, estimate, std_error, statistic, p_value, conf_low, conf_high; dropped
            terms are rows of NaN.

        Raises: SpecError if `conf_level` is not between 0 and 1.

        Example:
            >>> import pandas as pd, insitu
            >>> data = pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0], "y": [1.0, 3.0, 2.0, 5.0]})
            >>> insitu.rx_lin_mod("y ~ x", data).tidy()[["term", "estimate"]].round(4)
                      term  estimate
            0  (Intercept)       0.0
            1            x       1.1
        """
        return pd.DataFrame(
            {
                name: values if name == "term" else numbers(values)
                for name, values in self._tidy(conf_level).items()
            },
            columns=list(_TIDY),
        )

    def confint(self, level: float = 0.95) -> pd.DataFrame:
        """Confidence intervals of the coefficients, by Student's t.

        Arguments:
            level: between 0 and 1.

        Returns: a frame indexed by coefficient with columns such as `2.5 %` and `97.5 %`.

        Raises: SpecError if `level` is not between 0 and 1.

        Example:
            >>> import pandas as pd, insitu
            >>> data = pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0], "y": [1.0, 3.0, 2.0, 5.0]})
            >>> list(insitu.rx_lin_mod("y ~ x", data).confint(0.9))
            ['5 %', '95 %']
        """
        tidy = self._tidy(level)
        low, high = numbers(tidy["conf_low"]), numbers(tidy["conf_high"])
        names = [f"{100 * p:.6g} %" for p in ((1 - level) / 2, (1 + level) / 2)]
        index = pd.Index(tidy["term"])
        return pd.DataFrame({names[0]: low, names[1]: high}, index=index)

    def _tidy(self, level: float) -> dict[str, list[Any]]:
        if not (isinstance(level, Real) and 0.0 < level < 1.0):
            raise SpecError(f"The level of an interval lies between 0 and 1, and is {level!r}.")
        parts = self._as_json("kind", "coefficients", "df")
        tidy: dict[str, list[Any]] = json.loads(_core.model_tidy(parts, float(level)))
        return tidy

    def _as_json(self, *keys: str) -> str:
        """These parts of the engine's dict as the engine reads them."""
        return json.dumps(to_json({key: self._model.get(key) for key in keys}))

    def glance(self) -> pd.DataFrame:
        """The whole model in one row.

        Returns: a frame with r_squared, adj_r_squared, sigma, statistic (F), p_value (of F), df, df_residual,
            aic, bic, nobs.

        Example:
            >>> import pandas as pd, insitu
            >>> data = pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0], "y": [1.0, 3.0, 2.0, 5.0]})
            >>> insitu.rx_lin_mod("y ~ x", data).glance()[["df", "df_residual", "nobs"]]
               df  df_residual  nobs
            0   1            2     4
        """
        scalars = [k for k, v in self._model.items() if not isinstance(v, dict | list)]
        found = json.loads(_core.model_glance(self._as_json("df", *scalars)))
        row = {
            key: found[key] if isinstance(found[key], int) else number(found[key])
            for key in _GLANCE
        }
        return pd.DataFrame([row])

    def augment(self, data: Any) -> pd.DataFrame:
        """The data with what the model says of each row.

        Arguments:
            data: a data frame or any source; it must hold the response for the residuals.

        Returns: a frame: the columns of the data, then fitted, resid, std_error (of the fitted mean; NaN, with
            one warning, if the model was fitted without `cov_coef=True`).

        Raises: SpecError if a column of the model is missing, or the data have a column of those names.

        Example:
            >>> import pandas as pd, insitu
            >>> data = pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0], "y": [1.0, 3.0, 2.0, 5.0]})
            >>> list(insitu.rx_lin_mod("y ~ x", data, cov_coef=True).augment(data))
            ['x', 'y', 'fitted', 'resid', 'std_error']
        """
        from ..predict import predict_columns

        errors = self._model.get("cov_coef") is not None
        if not errors:
            reason = (
                "a cube keeps no covariance: fit with cube=False"
                if self._model.get("cube")
                else "the model was fitted without cov_coef=True"
            )
            warnings.warn(f"std_error is NaN: {reason}.", stacklevel=2)
        frame, found = predict_columns(self, data, std_errors=errors, residuals=True)
        taken = [name for name in ("fitted", "resid", "std_error") if name in frame]
        if taken:
            raise SpecError(
                f"augment adds fitted, resid and std_error, and the data have {', '.join(map(repr, taken))} already: "
                "rename or leave out these columns."
            )
        frame["fitted"] = found["pred"].to_numpy()
        frame["resid"] = found["resid"].to_numpy()
        frame["std_error"] = found["std_err"].to_numpy() if errors else np.nan
        return frame

    def to_sql(self, dialect: str = "postgres") -> str:
        """The prediction as one SQL expression, for a query or a view of a server where nothing is installed.

        It names the columns as the model does, takes numbers as doubles and compares labels by their bytes. It is
        NULL where `rx_predict` gives a missing value: a missing predictor, a level that the model does not know, a
        step of the formula that is not finite. (Infinite values in a column, which `rx_predict` refuses, give NULL
        or what the server's arithmetic makes of them.) Columns that the fit made with `transforms` must be there;
        dates must be numbers: days, or seconds since 1970.

        Arguments:
            dialect: "postgres", "duckdb", "sqlite" (with its mathematical functions) or "tsql".

        Returns: the expression as text. In PostgreSQL and SQL Server, sums and products beyond what a double
            holds are the server's own error.

        Raises: SpecError for another dialect, or a model whose expression would take more than 16 MiB.

        Example:
            >>> import pandas as pd, insitu
            >>> data = pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0], "f": ["a", "b", "a", "b"], "y": [5.0, 2.0, 9.0, 6.0]})
            >>> print(insitu.rx_lin_mod("y ~ f", data).to_sql("sqlite"))
            4e0 + CASE CAST(`f` AS TEXT) COLLATE BINARY WHEN 'a' THEN 3e0 WHEN 'b' THEN 0e0 END
        """
        scoring = self.scoring_model(covariance=False)
        parts = {key: scoring.get(key) for key in ("kind", "design", "coefficients", "scoring")}
        return _core.model_to_sql(json.dumps(to_json(parts)), dialect)

    def summary(self) -> LinearModelSummary:
        """The long printed form: coefficients with errors, and the statistics of the fit.

        Example:
            >>> import pandas as pd, insitu
            >>> data = pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0], "y": [1.0, 3.0, 2.0, 5.0]})
            >>> print(str(insitu.rx_lin_mod("y ~ x", data).summary()).splitlines()[-1])
            Condition number: 1
        """
        return LinearModelSummary(self)

    def __str__(self) -> str:
        return linear_layout.brief(self)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return linear_layout.as_html(self)

    def _scoring_part(self) -> Mapping[str, Any]:
        return {**self.scoring_model(covariance=False), "warnings": []}

    def scoring_model(self, covariance: bool) -> dict[str, Any]:
        """The engine's dict without what predictions do not read: matrices, which may be large."""
        scoring = dict(self._model.get("scoring") or {})
        if not covariance:
            scoring = {k: v for k, v in scoring.items() if k not in ("covariance", "columns")}
        return {**self._model, "cov_coef": None, "cov_data": None, "scoring": scoring}

    @classmethod
    def check(cls, model: Mapping[str, Any]) -> None:
        """StateError unless the engine's part of a model file has the right shape."""
        check_linear_model(model, cls.kind)


class LinearModelSummary:
    """What `model.summary()` gives: prints the long layout, and hands out the model's elements."""

    def __init__(self, model: LinearModel) -> None:
        self.model = model

    def __str__(self) -> str:
        return linear_layout.full(self.model)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return linear_layout.as_html(self.model)

    def __getitem__(self, name: str) -> Any:
        return self.model[name]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name == "model":
            raise AttributeError(name)
        return getattr(self.model, name)


def _whole(value: object) -> float | int:
    """A count as an int where it is one (sums of weights need not be)."""
    count = number(value)
    return int(count) if count.is_integer() else count


def _square(matrix: Any, names: Any) -> pd.DataFrame:
    rows = np.array([numbers(row) for row in matrix], dtype=float).reshape(len(names), len(names))
    return pd.DataFrame(rows, index=pd.Index(names), columns=pd.Index(names))
