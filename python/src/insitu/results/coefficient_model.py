"""What models with a linear predictor share: coefficients and their tests, frames, SQL, and the printed layouts."""

from __future__ import annotations

import json
import math
import warnings
from abc import abstractmethod
from collections.abc import Mapping
from numbers import Real
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from .. import _core
from ..errors import SpecError
from ..fitting import number, numbers
from ..serialization import to_json
from . import model_layout, tests
from .base import Result
from .tests import Anova, WaldTest

# Columns of the table that the engine makes, in order.
_TIDY = ("term", "estimate", "std_error", "statistic", "p_value", "conf_low", "conf_high")


class CoefficientModel(Result):
    """A fitted model with a linear predictor: `LinearModel`, `GeneralizedLinearModel`.

    Every element of the R object is an attribute in snake_case, `model['r.name']`, and an item of `_results`.
    """

    # The columns of `glance`.
    _glance_columns: ClassVar[tuple[str, ...]]

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
    @abstractmethod
    def coef_t_value(self) -> pd.Series:
        """Estimates over their standard errors."""

    @property
    def coef_p_value(self) -> pd.Series:
        """Two-sided p-values, never floored: of Student's t, or normal where the dispersion is known."""
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
        return None if matrix is None else square(matrix, self._model["coefficients"]["names"])

    @property
    def cov_type(self) -> str:
        """What standard errors are: "classical", "HC0" to "HC3", or "cluster"."""
        return str(self._model.get("cov_type") or "classical")

    @property
    def test_df(self) -> float:
        """Degrees of freedom of t tests: residual, or clusters less one; infinite where tests are normal."""
        if "test_df" not in self._model:
            return float(self.df[1])
        found = self._model["test_df"]
        return math.inf if found is None else number(found)

    @property
    def clusters(self) -> dict[str, int]:
        """Clusters by the name of their column; empty where rows are not clustered."""
        return {found["column"]: int(found["groups"]) for found in self._model.get("clusters", ())}

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
    def passes(self) -> int:
        """How often the rows were read."""
        return int(self._model.get("passes") or 0)

    @property
    def condition_number(self) -> float:
        """Reciprocal 1-norm condition number of the correlation matrix of the kept predictors (as the last pass weighted them)."""
        return self._number("condition_number")

    @property
    def log_likelihood(self) -> float:
        """Log-likelihood at its maximum."""
        return self._number("log_likelihood")

    @property
    def aic(self) -> float:
        """Akaike's criterion as R's AIC: an estimated dispersion counts as a parameter."""
        return self._number("aic")

    @property
    def bic(self) -> float:
        """Bayesian criterion as R's BIC: an estimated dispersion counts as a parameter."""
        return self._number("bic")

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
        """Confidence intervals of the coefficients, by Student's t, or normal where the dispersion is known.

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
        keys = [key for key in ("kind", "coefficients", "df", "test_df") if key in self._model]
        parts = self._as_json(*keys)
        tidy: dict[str, list[Any]] = json.loads(_core.model_tidy(parts, float(level)))
        return tidy

    def _as_json(self, *keys: str) -> str:
        """These parts of the engine's dict as the engine reads them."""
        return json.dumps(to_json({key: self._model.get(key) for key in keys}))

    def glance(self) -> pd.DataFrame:
        """The whole model in one row: the columns that `_glance_columns` names, and cov_type."""
        scalars = [k for k, v in self._model.items() if not isinstance(v, dict | list)]
        found = json.loads(_core.model_glance(self._as_json("df", *scalars)))
        row = {
            key: found[key] if isinstance(found[key], int) else number(found[key])
            for key in self._glance_columns
        }
        row["cov_type"] = found["cov_type"]
        return pd.DataFrame([row])

    def wald_test(self, hypothesis: Any, values: Any = None) -> WaldTest:
        """Wald's test of a linear hypothesis about the coefficients: chi-squared, or F where the model's tests are Student's.

        It takes the covariance of the model, classical, robust or clustered, so that the fit needs `cov_coef=True`.

        Arguments:
            hypothesis: one of these, or a list of them, which are tested together:
                the name of a coefficient ("x", "f=a") or of a term of the formula ("f", "x:f"): all its coefficients are 0;
                an equation, with names that are not plain in square brackets: "x1 = x2", "[f=a] - 2*[x for f=a] = 0.5";
                weights by coefficient, {"f=a": 1, "f=b": -1}: their sum is 0;
                a matrix with a column for each coefficient, in their order, dropped ones too: its product with them is 0.
            values: instead of 0: a number, or one for each line; not with equations that have a right side.

        Returns: a WaldTest: statistic, df, df_residual, p_value, lines; it prints, and is a frame by `tidy()`.

        Raises: SpecError (no covariance; a coefficient that is unknown or dropped; lines that contradict each other),
            NumericError (a combination of the lines has no variance).

        See: docs/functions/results.md; R's `car::linearHypothesis`, Stata's `test`, statsmodels' `wald_test`.

        Example:
            >>> import pandas as pd, insitu
            >>> data = pd.DataFrame({"a": [1.0, 2.0, 3.0, 4.0], "b": [1.0, 0.0, 2.0, 1.0], "y": [1.0, 3.0, 2.0, 5.0]})
            >>> model = insitu.rx_lin_mod("y ~ a + b", data, cov_coef=True)
            >>> print(model.wald_test("a = b"))
            Wald test
            Hypothesis:
              a - b = 0
            <BLANKLINE>
            F: 25 on 1 and 1 DF,  p-value: 0.1257
        """
        return tests.wald_test(self, hypothesis, values)

    def anova(self) -> Anova:
        """Wald's test of each term of the formula, given all others: that all its coefficients are 0.

        Like R's `car::Anova(type=3)` with the model's coding, and statsmodels' `wald_test_terms`; without interactions the
        same as type 2. It holds with robust and clustered covariances too. Models are compared by `rx_anova`.

        Returns: an Anova, whose `tidy()` is a frame with term, df, statistic (chi-squared, or F where the model's tests
            are Student's), p_value; NaN where all coefficients of the term are dropped or cannot be tested together.

        Raises: SpecError if the model was fitted without `cov_coef=True`.

        Example:
            >>> import pandas as pd, insitu
            >>> data = pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0], "y": [1.0, 3.0, 2.0, 5.0]})
            >>> insitu.rx_lin_mod("y ~ x", data, cov_coef=True).anova().tidy().round(4)
              term  df  statistic  p_value
            0    x   1     4.4815   0.1685
        """
        return tests.term_tests(self)

    def augment(self, data: Any) -> pd.DataFrame:
        """The data with what the model says of each row.

        Arguments:
            data: a data frame or any source; it must hold the response for the residuals.

        Returns: a frame: the columns of the data, then fitted, resid (both on the scale of the response), std_error
            (of the fitted mean; NaN, with one warning, if the model was fitted without `cov_coef=True`).

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
        """The prediction (of a generalised linear model the mean) as one SQL expression, for a query or a view of a server where nothing is installed.

        It names the columns as the model does, takes numbers as doubles and compares labels by their bytes. It is
        NULL where `rx_predict` gives a missing value: a missing predictor, a level that the model does not know, a
        step of the formula that is not finite. (Infinite values in a column, which `rx_predict` refuses, give NULL
        or what the server's arithmetic makes of them.) Columns that the fit made with `transforms` must be there.
        Dates and timestamps are what they were where the model was fitted; in SQLite, which has no such types, days
        and seconds since 1970.

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
        parts = {
            key: scoring[key]
            for key in ("kind", "family", "design", "coefficients", "scoring")
            if key in scoring
        }
        return _core.model_to_sql(json.dumps(to_json(parts)), dialect)

    def summary(self) -> ModelSummary:
        """The long printed form: coefficients with errors, and the statistics of the fit.

        Example:
            >>> import pandas as pd, insitu
            >>> data = pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0], "y": [1.0, 3.0, 2.0, 5.0]})
            >>> print(str(insitu.rx_lin_mod("y ~ x", data).summary()).splitlines()[-1])
            Condition number: 1
        """
        return ModelSummary(self)

    def __str__(self) -> str:
        return model_layout.brief(self)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return model_layout.as_html(self)

    @abstractmethod
    def _layout(self) -> model_layout.Layout:
        """What the printed layouts of this kind of model differ in."""

    def _scoring_part(self) -> Mapping[str, Any]:
        return {**self.scoring_model(covariance=False), "warnings": []}

    def scoring_model(self, covariance: bool) -> dict[str, Any]:
        """The engine's dict without what predictions do not read: matrices, which may be large."""
        scoring = dict(self._model.get("scoring") or {})
        if not covariance:
            scoring = {k: v for k, v in scoring.items() if k not in ("covariance", "columns")}
        return {**self._model, "cov_coef": None, "cov_data": None, "scoring": scoring}


class ModelSummary:
    """What `model.summary()` gives: prints the long layout, and hands out the model's elements."""

    def __init__(self, model: CoefficientModel) -> None:
        self.model = model

    def __str__(self) -> str:
        return model_layout.full(self.model)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return model_layout.as_html(self.model)

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


def square(matrix: Any, names: Any) -> pd.DataFrame:
    """A square matrix, named."""
    rows = np.array([numbers(row) for row in matrix], dtype=float).reshape(len(names), len(names))
    return pd.DataFrame(rows, index=pd.Index(names), columns=pd.Index(names))
