"""What a linear model prints of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..printing import format_number, format_p_value
from .model_layout import Layout, count_text

if TYPE_CHECKING:
    from .linear_model import LinearModel


def layout(model: LinearModel) -> Layout:
    """Headings and closing lines."""
    cube = model._model.get("cube")
    return Layout(
        title="Cube Linear Regression" if cube else "Linear Regression",
        caption="Linear model",
        statistic="t",
        tail=_tail(model),
    )


def _tail(model: LinearModel) -> list[str]:
    cube = " (as if intercept included)" if model._model.get("cube") else ""
    f, numerator, denominator = model.fstatistics
    inverse = model.condition_number
    condition = 1.0 / inverse if inverse != 0.0 else np.inf
    return [
        f"Residual standard error: {format_number(model.sigma, 4)} on {model.df[1]} degrees of freedom",
        f"Multiple R-squared: {format_number(model.r_squared, 4)}{cube}",
        f"Adjusted R-squared: {format_number(model.adj_r_squared, 4)} ",
        f"F-statistic: {format_number(f, 4)} on {count_text(numerator)} and {count_text(denominator)} DF,  "
        f"p-value: {format_p_value(model.f_pvalue, 4)} ",
        f"Condition number: {format_number(_decimals(condition, 4))}",
    ]


def _decimals(value: float, places: int) -> float:
    return round(value, places) if np.isfinite(value) else value
