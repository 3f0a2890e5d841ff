"""The printed layouts of a linear model: the brief one, the summary, and HTML for notebooks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..printing import (
    STARS_LEGEND,
    coefficient_table,
    format_number,
    format_numbers,
    format_p_value,
    format_p_values,
    html_page,
    html_table,
    right_aligned,
    stars,
)

if TYPE_CHECKING:
    from .linear_model import LinearModel


def head(model: LinearModel) -> list[str]:
    """Call, formula, data and counts: the lines that both layouts start with."""
    raw = model._model
    title = "Cube Linear Regression" if raw.get("cube") else "Linear Regression"
    lines = ["Call:", model.call or "rx_lin_mod(...)", ""]
    lines.append(f"{title} Results for: {model.formula}")
    if model._data_line:
        lines.append(model._data_line)
    if raw.get("pweights"):
        lines.append(f"Probability weights: {raw['pweights']}")
    if raw.get("fweights"):
        lines.append(f"Frequency weights: {raw['fweights']}")
    lines.append(f"Dependent variable(s): {model.response}")
    names = raw["coefficients"]["names"]
    dropped = int(model.aliased.sum())
    lines.append(
        f"Total independent variables: {len(names)} "
        + (f"(Including number dropped: {dropped})" if dropped else "")
    )
    if raw.get("fweights"):
        total = format_number(model.n_valid_obs, 15)
        lines.append(f"Sum of weights of valid observations: {total}")
    else:
        lines.append(f"Number of valid observations: {model.n_valid_obs}")
    lines.append(f"Number of missing observations: {model.n_missing_obs} ")
    return lines


def brief(model: LinearModel) -> str:
    """What `print(model)` shows: the head and the coefficients."""
    dropped = list(model.aliased)
    values = list(model.coefficients)
    shown = iter(format_numbers([v for v, gone in zip(values, dropped, strict=True) if not gone]))
    cells = ["Dropped" if gone else next(shown) for gone in dropped]
    table = right_aligned(list(model.coefficients.index), {model.response: cells})
    return "\n".join([*head(model), "", "Coefficients:", table])


def full(model: LinearModel) -> str:
    """What `print(model.summary())` shows."""
    raw = model._model
    dropped = list(model.aliased)
    gone = sum(dropped)
    counts = raw.get("counts")
    table = coefficient_table(
        names=list(model.coefficients.index),
        estimate=list(model.coefficients),
        std_error=list(model.coef_std_error),
        statistic=list(model.coef_t_value),
        p_value=list(model.coef_p_value),
        dropped=dropped,
        counts=None if counts is None else _padded(counts, len(dropped)),
    )
    title = "Coefficients:"
    if gone:
        title += f" ({gone} not defined because of singularities)"
    lines = [*head(model), "", title, table]
    if any(stars(p).strip() for p in model.coef_p_value):
        lines += ["---", STARS_LEGEND]
    lines += ["", *_tail(model)]
    return "\n".join(lines)


def _tail(model: LinearModel) -> list[str]:
    cube = " (as if intercept included)" if model._model.get("cube") else ""
    f, numerator, denominator = model.fstatistics
    inverse = model.condition_number
    condition = 1.0 / inverse if inverse != 0.0 else np.inf
    return [
        f"Residual standard error: {format_number(model.sigma, 4)} on {model.df[1]} degrees of freedom",
        f"Multiple R-squared: {format_number(model.r_squared, 4)}{cube}",
        f"Adjusted R-squared: {format_number(model.adj_r_squared, 4)} ",
        f"F-statistic: {format_number(f, 4)} on {_count(numerator)} and {_count(denominator)} DF,  "
        f"p-value: {format_p_value(model.f_pvalue, 4)} ",
        f"Condition number: {format_number(_decimals(condition, 4))}",
    ]


def _padded(counts: list[float], length: int) -> list[float | None]:
    """The counts of a cube's cells, and nothing beside the other coefficients."""
    return [*counts, *[None] * (length - len(counts))]


def _count(value: float) -> str:
    return format_number(value, 15)


def _decimals(value: float, places: int) -> float:
    return round(value, places) if np.isfinite(value) else value


def as_html(model: LinearModel) -> str:
    """The summary for notebooks."""
    facts = [tuple(line.split(":", 1)) for line in [*head(model)[3:], *_tail(model)] if ":" in line]
    dropped = list(model.aliased)
    columns = {
        "Estimate": format_numbers(list(model.coefficients)),
        "Std. Error": format_numbers(list(model.coef_std_error)),
        "t value": format_numbers(list(model.coef_t_value), 5),
        "Pr(>|t|)": format_p_values(list(model.coef_p_value), 3),
    }
    cells: dict[str, list[str]] = {"": list(model.coefficients.index)}
    for name, texts in columns.items():
        cells[name] = ["Dropped" if gone else t for t, gone in zip(texts, dropped, strict=True)]
    if (counts := model._model.get("counts")) is not None:
        padded = _padded(counts, len(dropped))
        cells["Counts"] = ["" if v is None else _count(v) for v in padded]
    return html_page(
        f"Linear model: {model.formula}", [(a, b.strip()) for a, b in facts], [html_table(cells)]
    )
