"""What a cube fit says of the cells of its first term."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

import pandas as pd

from .. import _core
from ..errors import StateError
from ..fitting import number, numbers


def cubed_term(model: Mapping[str, Any]) -> dict[str, Any]:
    """The first term of a cube fit: its name and its factors."""
    design = model["design"]
    described = json.loads(_core.formula_describe(design["formula"], json.dumps(design["columns"])))
    return dict(described["terms"][0])


def count_frame(model: Mapping[str, Any]) -> pd.DataFrame:
    """A row per cell: the level of each factor, its coefficient or prediction, its count of rows (or sum of weights)."""
    factors = [factor["name"] for factor in cubed_term(model)["factors"]]
    counts = numbers(model["counts"])
    cell = re.compile(", ".join(f"{re.escape(name)}=(.*)" for name in factors), re.DOTALL)
    table = model["coefficients"]
    matches = [cell.fullmatch(name) for name in table["names"][: len(counts)]]
    if not all(matches):
        raise StateError(f"The cells of the model are not named by its factors {factors}.")
    levels = [match.groups() for match in matches if match]
    frame = pd.DataFrame(
        {
            name: pd.Categorical(column, categories=list(dict.fromkeys(column)))
            for name, column in zip(factors, zip(*levels, strict=True), strict=True)
        }
    )
    values = numbers(table["estimate"])[: len(counts)]
    if model.get("cube_predictions"):
        values = predictions_at_means(values, counts, number(model["response_mean"]))
    frame[model["response"]] = values
    frame["Counts"] = [int(c) for c in counts] if all(map(float.is_integer, counts)) else counts
    return frame


def predictions_at_means(effects: list[float], counts: list[float], mean: float) -> list[float]:
    """Each cell's prediction at the means of the other variables.

    Residuals sum to zero over the cells, so what the other variables add at their means is the mean of the response
    less the mean of the cells' effects.
    """
    total = math.fsum(counts)
    cells = math.fsum(
        n / total * effect for n, effect in zip(counts, effects, strict=True) if n > 0
    )
    return [effect + (mean - cells) for effect in effects]
