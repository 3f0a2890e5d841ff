"""The generalised linear model: its statistics under R's names."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import pandas as pd

from ..errors import SpecError
from ..families import Family
from . import glm_layout
from .coefficient_model import CoefficientModel
from .glm_check import check_glm
from .model_layout import Layout

PseudoRSquared = Literal["mcfadden", "cox_snell", "nagelkerke", "deviance"]


class GeneralizedLinearModel(CoefficientModel):
    """A fitted generalised linear model, as `rx_glm` and `rx_logit` return it.

    Every element of the R object is an attribute in snake_case, `model['r.name']`, and an item of `_results`.

    Example:
        >>> import pandas as pd, insitu
        >>> data = pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0, 5.0], "n": [1, 3, 2, 7, 9]})
        >>> model = insitu.rx_glm("n ~ x", data, family="poisson")
        >>> model.family.name, model.converged, round(model.deviance, 4)
        ('poisson', True, 1.4235)
    """

    kind = "glm"
    _glance_columns = ("null_deviance", "df_null", "log_likelihood", "aic", "bic", "deviance", "df_residual", "dispersion", "nobs")  # fmt: skip
    r_names: ClassVar[Mapping[str, str]] = {
        "coefficients": "coefficients",
        "coef.std.error": "coef_std_error",
        "coef.t.value": "coef_t_value",
        "coef.p.value": "coef_p_value",
        "covCoef": "cov_coef",
        "condition.number": "condition_number",
        "rank": "rank",
        "aliased": "aliased",
        "df": "df",
        "y.names": "y_names",
        "family": "family",
        "dispersion": "dispersion",
        "deviance": "deviance",
        "null.deviance": "null_deviance",
        "df.null": "df_null",
        "aic": "aic",
        "iterations": "iterations",
        "converged": "converged",
        "nValidObs": "n_valid_obs",
        "nMissingObs": "n_missing_obs",
        "formula": "formula",
        "call": "call",
        "params": "params",
    }

    @property
    def coef_t_value(self) -> pd.Series:
        """Estimates over their standard errors: z where tests are normal, else t."""
        return self._column("z_value" if self.tests_are_normal else "t_value")

    @property
    def tests_are_normal(self) -> bool:
        """True if the dispersion is 1 by definition, and rows are not clustered; else tests are Student's."""
        return "z_value" in self._model["coefficients"]

    @property
    def is_logit(self) -> bool:
        """True for a binomial family with the logit link."""
        family = self._model["family"]
        return (family["name"], family["link"]) == ("binomial", "logit")

    @property
    def y_names(self) -> list[str]:
        """The name of the response, in a list as in R."""
        return [self.response]

    @property
    def family(self) -> Family:
        """Family and link, with what was estimated of them."""
        found = self._model["family"]
        theta = found.get("theta")
        return Family(
            found["name"],
            found["link"],
            theta=None if theta is None else float(theta),
            power=found.get("power"),
            variance=found.get("variance"),
        )

    @property
    def method(self) -> str:
        """ "ml", or "firth"."""
        return str(self._model.get("method", "ml"))

    @property
    def penalized_log_likelihood(self) -> float | None:
        """Of method="firth": the log-likelihood and half the log of the information's determinant."""
        return self._number("penalized_log_likelihood") if self.method == "firth" else None

    @property
    def theta(self) -> float | None:
        """Of a negative binomial: as given or as estimated; infinite where counts are not overdispersed."""
        return self.family.theta

    @property
    def theta_std_error(self) -> float | None:
        """Standard error of an estimated theta, by its observed information; NaN where theta is infinite."""
        if not self._model.get("theta_estimated", False):
            return None
        return self._number("theta_std_error")

    @property
    def deviance(self) -> float:
        """Residual deviance: twice the log-likelihood that the fitted means leave to the saturated model (unscaled)."""
        return self._number("deviance")

    @property
    def null_deviance(self) -> float:
        """Deviance of the model of an intercept (none, if the model has none) and the offsets."""
        return self._number("null_deviance")

    @property
    def df_null(self) -> float:
        """Degrees of freedom of the null deviance."""
        return self._number("null_df")

    @property
    def pearson_chi2(self) -> float:
        """Pearson's statistic: the weighted sum of (y - mu)² / V(mu)."""
        return self._number("pearson")

    @property
    def dispersion(self) -> float:
        """1 for binomial, poisson and negative binomial; otherwise Pearson's statistic over its degrees of freedom."""
        return self._number("dispersion")

    @property
    def iterations(self) -> int:
        """Steps of iteratively reweighted least squares."""
        return int(self._model["iterations"])

    @property
    def converged(self) -> bool:
        """False if the iterations were stopped by their number, or where there is no finite end; a warning said so."""
        return bool(self._model["converged"])

    @property
    def ended(self) -> str:
        """How the iterations ended."""
        return str(self._model["ended"])

    def pseudo_r_squared(self, kind: PseudoRSquared = "mcfadden") -> float:
        """How much better than the null model the fit is, as one number up to 1.

        Arguments:
            kind: "mcfadden" (1 - logLik / null logLik), "cox_snell" (1 - (L0 / L)^(2/n)), "nagelkerke" (Cox-Snell over
                its maximum), "deviance" (1 - deviance / null deviance, which every family has).

        Returns: the number; NaN where the family has no likelihood (quasi families, Tweedie), except "deviance", and
            where the null model leaves nothing to explain.

        Raises: SpecError for another kind.

        See: McFadden (1974), Cox and Snell (1989), Nagelkerke (1991).

        Example:
            >>> import pandas as pd, insitu
            >>> data = pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0, 5.0], "n": [1, 3, 2, 7, 9]})
            >>> round(insitu.rx_glm("n ~ x", data, family="poisson").pseudo_r_squared("deviance"), 4)
            0.8702
        """
        if kind == "deviance":
            return 1.0 - _ratio(self.deviance, self.null_deviance)
        full, null = self.log_likelihood, self._number("null_log_likelihood")
        if kind == "mcfadden":
            return 1.0 - _ratio(full, null)
        n = self.nobs
        cox_snell = 1.0 - math.exp(2.0 * (null - full) / n)
        if kind == "cox_snell":
            return cox_snell
        if kind == "nagelkerke":
            return _ratio(cox_snell, 1.0 - math.exp(2.0 * null / n))
        raise SpecError(
            f"There is no pseudo R² {kind!r}: there are 'mcfadden', 'cox_snell', 'nagelkerke' and 'deviance'."
        )

    def glance(self) -> pd.DataFrame:
        """The whole model in one row.

        Returns: a frame with null_deviance, df_null, log_likelihood, aic, bic (NaN where the family has no
            likelihood), deviance, df_residual, dispersion, nobs, cov_type.

        Example:
            >>> import pandas as pd, insitu
            >>> data = pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0, 5.0], "n": [1, 3, 2, 7, 9]})
            >>> insitu.rx_glm("n ~ x", data, family="poisson").glance()[["df_null", "df_residual", "nobs"]]
               df_null  df_residual  nobs
            0        4            3     5
        """
        return super().glance()

    def _layout(self) -> Layout:
        return glm_layout.layout(self)

    @classmethod
    def check(cls, model: Mapping[str, Any]) -> None:
        """StateError unless the engine's part of a model file has the right shape."""
        check_glm(model, cls.kind)


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole != 0.0 else math.nan
