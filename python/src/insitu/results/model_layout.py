"""The printed layouts of a model with a linear predictor: the brief one, the summary, and HTML for notebooks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..printing import (
    STARS_LEGEND,
    coefficient_table,
    format_number,
    format_numbers,
    format_p_values,
    html_page,
    html_table,
    right_aligned,
    stars,
)

if TYPE_CHECKING:
    from .coefficient_model import CoefficientModel


@dataclass(frozen=True)
class Layout:
    """What one kind of model prints of its own."""

    title: str
    caption: str  # of the HTML
    statistic: str  # the letter of the test
    tail: Sequence[str]  # closing lines of the summary
    facts: Sequence[str] = ()  # below the counts
    fit: Sequence[str] = ()  # above the coefficients of the summary


def head(model: CoefficientModel) -> list[str]:
    """Call, formula, data and counts: the lines that both layouts start with."""
    raw = model._model
    layout = model._layout()
    lines = ["Call:", model.call or "(...)", ""]
    lines.append(f"{layout.title} Results for: {model.formula}")
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
    return [*lines, *layout.facts]


def brief(model: CoefficientModel) -> str:
    """What `print(model)` shows: the head and the coefficients."""
    dropped = list(model.aliased)
    values = list(model.coefficients)
    shown = iter(format_numbers([v for v, gone in zip(values, dropped, strict=True) if not gone]))
    cells = ["Dropped" if gone else next(shown) for gone in dropped]
    table = right_aligned(list(model.coefficients.index), {model.response: cells})
    return "\n".join([*head(model), "", "Coefficients:", table])


def full(model: CoefficientModel) -> str:
    """What `print(model.summary())` shows."""
    raw = model._model
    layout = model._layout()
    dropped = list(model.aliased)
    gone = sum(dropped)
    counts = raw.get("counts")
    table = coefficient_table(
        names=list(model.coefficients.index),
        estimate=list(model.coefficients),
        std_error=list(model.coef_std_error),
        statistic=list(model.coef_t_value),
        letter=layout.statistic,
        p_value=list(model.coef_p_value),
        dropped=dropped,
        counts=None if counts is None else _padded(counts, len(dropped)),
    )
    title = "Coefficients:"
    if gone:
        title += f" ({gone} not defined because of singularities)"
    lines = [*head(model), *layout.fit, "", title, table]
    if any(stars(p).strip() for p in model.coef_p_value):
        lines += ["---", STARS_LEGEND]
    if (line := covariance_line(model)) is not None:
        lines.append(line)
    lines += ["", *layout.tail]
    return "\n".join(lines)


def covariance_line(model: CoefficientModel) -> str | None:
    """What standard errors are robust to; None where they are the model's own."""
    kind = model.cov_type
    if kind == "classical":
        return None
    if kind != "cluster":
        return f"Standard errors: robust to unequal variances ({kind})"
    clusters = " and ".join(
        f"{name} ({count:,} clusters)" for name, count in model.clusters.items()
    )
    return f"Standard errors: clustered by {clusters}"


def _padded(counts: list[float], length: int) -> list[float | None]:
    """The counts of a cube's cells, and nothing beside the other coefficients."""
    return [*counts, *[None] * (length - len(counts))]


def count_text(value: float) -> str:
    """A count without an exponent."""
    return format_number(value, 15)


def as_html(model: CoefficientModel) -> str:
    """The summary for notebooks."""
    layout = model._layout()
    lines = [*head(model)[3:], *layout.fit, *layout.tail, covariance_line(model) or ""]
    facts = [tuple(line.split(":", 1)) for line in lines if ":" in line]
    dropped = list(model.aliased)
    columns = {
        "Estimate": format_numbers(list(model.coefficients)),
        "Std. Error": format_numbers(list(model.coef_std_error)),
        f"{layout.statistic} value": format_numbers(list(model.coef_t_value), 5),
        f"Pr(>|{layout.statistic}|)": format_p_values(list(model.coef_p_value), 3),
    }
    cells: dict[str, list[str]] = {"": list(model.coefficients.index)}
    for name, texts in columns.items():
        cells[name] = ["Dropped" if gone else t for t, gone in zip(texts, dropped, strict=True)]
    if (counts := model._model.get("counts")) is not None:
        padded = _padded(counts, len(dropped))
        cells["Counts"] = ["" if v is None else count_text(v) for v in padded]
    return html_page(
        f"{layout.caption}: {model.formula}",
        [(a, b.strip()) for a, b in facts],
        [html_table(cells)],
    )
