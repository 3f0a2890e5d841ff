"""The linear model: its statistics under R's names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import pandas as pd

from . import linear_layout
from .coefficient_model import CoefficientModel, square
from .cube import count_frame, cubed_term
from .linear_check import check_linear_model
from .model_layout import Layout


class LinearModel(CoefficientModel):
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
    _glance_columns = ("r_squared", "adj_r_squared", "sigma", "statistic", "p_value", "df", "df_residual", "aic", "bic", "nobs")  # fmt: skip
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

    @property
    def coef_t_value(self) -> pd.Series:
        """Estimates over their standard errors."""
        return self._column("t_value")

    @property
    def cov_data(self) -> pd.DataFrame | None:
        """Covariance of the expanded predictors, if the fit was asked for it."""
        data = self._model.get("cov_data")
        return None if data is None else square(data["matrix"], data["names"])

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
    def deviance(self) -> float:
        """-2 · log-likelihood, with its constants (not the residual sum of squares)."""
        return self._number("deviance")

    @property
    def precision(self) -> str:
        """Arithmetic of the fit's last pass: "double" or "double-double"."""
        return str(self._model.get("precision"))

    def glance(self) -> pd.DataFrame:
        """The whole model in one row.

        Returns: a frame with r_squared, adj_r_squared, sigma, statistic (F), p_value (of F), df, df_residual,
            aic, bic, nobs, cov_type.

        Example:
            >>> import pandas as pd, insitu
            >>> data = pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0], "y": [1.0, 3.0, 2.0, 5.0]})
            >>> insitu.rx_lin_mod("y ~ x", data).glance()[["df", "df_residual", "nobs"]]
               df  df_residual  nobs
            0   1            2     4
        """
        return super().glance()

    def _layout(self) -> Layout:
        return linear_layout.layout(self)

    @classmethod
    def check(cls, model: Mapping[str, Any]) -> None:
        """StateError unless the engine's part of a model file has the right shape."""
        check_linear_model(model, cls.kind)
