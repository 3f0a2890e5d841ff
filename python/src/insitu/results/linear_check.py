"""The shape of a linear model in a file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .base import expect, expect_number, expect_numbers
from .model_check import check_matrix, check_model

# The columns of the table of coefficients.
COLUMNS = ("estimate", "std_error", "t_value", "p_value")
_SCALARS = [
    "n_valid_obs",
    "n_missing_obs",
    "sum_of_weights",
    "rank",
    "residual_squares",
    "residual_variance",
    "sigma",
    "total_squares",
    "y_var",
    "r_squared",
    "adj_r_squared",
    "f_statistic",
    "f_num_df",
    "f_den_df",
    "f_pvalue",
    "condition_number",
    "deviance",
    "log_likelihood",
    "aic",
    "bic",
]


def check_linear_model(model: Mapping[str, Any], kind: str) -> None:
    """StateError unless the engine's part of a model file has the right shape."""
    check_model(model, kind, COLUMNS, _SCALARS)
    names = model["coefficients"]["names"]
    data = model.get("cov_data")
    if data is not None:
        check_matrix("cov_data", expect(data, "matrix", list), len(expect(data, "names", list)))
    counts = model.get("counts")
    if counts is not None:
        expect_numbers(model, "counts", min(len(counts), len(names)))
        expect(model["design"], "formula", str)
        expect(model["design"], "columns", list)
        if model.get("cube_predictions"):
            expect_number("response_mean", model.get("response_mean"))
