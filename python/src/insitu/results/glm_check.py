"""The shape of a generalised linear model in a file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .base import expect, expect_number
from .model_check import check_model

_SCALARS = [
    "n_valid_obs",
    "n_missing_obs",
    "sum_of_weights",
    "rank",
    "null_df",
    "deviance",
    "null_deviance",
    "log_likelihood",
    "null_log_likelihood",
    "aic",
    "bic",
    "pearson",
    "dispersion",
    "condition_number",
    "iterations",
    "passes",
]


def check_glm(model: Mapping[str, Any], kind: str) -> None:
    """StateError unless the engine's part of a model file has the right shape."""
    table = expect(model, "coefficients", dict)
    statistic = "z_value" if "z_value" in table else "t_value"
    check_model(model, kind, ("estimate", "std_error", statistic, "p_value"), _SCALARS)
    family = expect(model, "family", dict)
    for key in ("name", "link", "title"):
        expect(family, key, str)
    for key in ("theta", "power"):
        expect_number(key, family.get(key))
    expect(model, "converged", bool)
    expect(model, "ended", str)
