"""What a generalised linear model prints of its own."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ..printing import format_number
from .model_layout import Layout, count_text

if TYPE_CHECKING:
    from .glm import GeneralizedLinearModel


def layout(model: GeneralizedLinearModel) -> Layout:
    """Headings and closing lines: the original's for a logistic regression, and for the other families."""
    family = model._model["family"]
    statistic = "z" if model.tests_are_normal else "t"
    inverse = model.condition_number
    condition = 1.0 / inverse if inverse else math.inf
    rounded = round(condition, 4) if math.isfinite(condition) else condition
    end = [
        f"Condition number of final variance-covariance matrix: {format_number(rounded)}",
        f"Number of iterations: {model.iterations}",
    ]
    if not model.converged:
        end.append(f"Not converged: {model.ended}")
    df = count_text(model.df[1])
    if model.is_logit:
        return Layout(
            title="Logistic Regression",
            caption="Logistic regression",
            statistic=statistic,
            fit=[
                f"-2*LogLikelihood: {_number(-2.0 * model.log_likelihood)} "
                f"(Residual deviance on {df} degrees of freedom)"
            ],
            tail=end,
        )
    dispersion = format_number(model.dispersion)
    found = []
    if model.theta_std_error is not None and model.theta is not None:
        error = format_number(model.theta_std_error)
        found = [
            f"Theta: {format_number(model.theta)} (standard error {error})",
            f"2 x log-likelihood: {_number(2.0 * model.log_likelihood)}",
        ]
    return Layout(
        title="Generalized Linear Model",
        caption="Generalized linear model",
        statistic=statistic,
        facts=[f"Family-link: {family['title']} "],
        fit=["", f"Residual deviance: {_number(model.deviance)} (on {df} degrees of freedom)"],
        tail=[
            f"(Dispersion parameter for {family['name']} family taken to be {dispersion})",
            *found,
            "",
            *end,
        ],
    )


def _number(value: float) -> str:
    """Seven figures, and four decimals at least, as the original prints deviances."""
    if not math.isfinite(value):
        return format_number(value)
    return format_number(round(value, 4), 15)
