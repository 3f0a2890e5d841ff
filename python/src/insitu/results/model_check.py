"""What is checked of every model with a linear predictor in a file before it is believed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import StateError
from .base import expect, expect_number, expect_numbers


def check_model(
    model: Mapping[str, Any], kind: str, columns: Sequence[str], scalars: Sequence[str]
) -> None:
    """StateError unless the parts that such models share have the right shape.

    Arguments: columns: lists of the table of coefficients. scalars: keys of the numbers.
    """
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
    for key in (*columns, "aliased"):
        expect_numbers(table, key, len(names))
    expect_numbers(model, "df", 3)
    for key in scalars:
        if key not in model:
            raise StateError(f"The model has no {key!r}.")
        expect_number(key, model[key])
    for key in ("rank", "n_valid_obs", "n_missing_obs"):
        if not isinstance(model[key], int | float) or not math.isfinite(model[key]):
            raise StateError(f"The model's {key!r} should be a count, and is {model[key]!r:.40}.")
    if "test_df" in model:
        expect_number("test_df", model["test_df"])
    clusters = expect(model, "clusters", list) if "clusters" in model else []
    for found in clusters:
        expect(found, "column", str)
        expect(found, "groups", int)
    check_matrix("cov_coef", model.get("cov_coef"), len(names))


def check_matrix(key: str, matrix: object, size: int) -> None:
    """StateError unless it is a square matrix of numbers, or not there."""
    if matrix is None:
        return
    if not isinstance(matrix, list) or len(matrix) != size:
        raise StateError(f"The model's {key!r} should be a matrix of {size} rows.")
    for row in matrix:
        expect_numbers({key: row}, key, size)
