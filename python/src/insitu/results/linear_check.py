"""The shape of a linear model in a file: what is checked before it is believed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ..errors import StateError
from .base import expect, expect_number, expect_numbers

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
    if expect(model, "kind", str) != kind:
        raise StateError(f"The model says it is a {model['kind']!r}, in a file of {kind!r}.")
    for key in ("formula", "response"):
        expect(model, key, str)
    expect(model, "design", dict)
    expect(model, "scoring", dict)
    table = expect(model, "coefficients", dict)
    names = expect(table, "names", list)
    if not all(isinstance(name, str) for name in names):
        raise StateError("The names of the model's coefficients should be text.")
    for key in (*COLUMNS, "aliased"):
        expect_numbers(table, key, len(names))
    expect_numbers(model, "df", 3)
    for key in _SCALARS:
        if key not in model:
            raise StateError(f"The model has no {key!r}.")
        expect_number(key, model[key])
    for key in ("rank", "n_valid_obs", "n_missing_obs"):
        if not isinstance(model[key], int | float) or not math.isfinite(model[key]):
            raise StateError(f"The model's {key!r} should be a count, and is {model[key]!r:.40}.")
    _check_matrix("cov_coef", model.get("cov_coef"), len(names))
    data = model.get("cov_data")
    if data is not None:
        _check_matrix("cov_data", expect(data, "matrix", list), len(expect(data, "names", list)))
    counts = model.get("counts")
    if counts is not None:
        expect_numbers(model, "counts", min(len(counts), len(names)))
        expect(model["design"], "formula", str)
        expect(model["design"], "columns", list)
        if model.get("cube_predictions"):
            expect_number("response_mean", model.get("response_mean"))


def _check_matrix(key: str, matrix: object, size: int) -> None:
    if matrix is None:
        return
    if not isinstance(matrix, list) or len(matrix) != size:
        raise StateError(f"The model's {key!r} should be a matrix of {size} rows.")
    for row in matrix:
        expect_numbers({key: row}, key, size)
