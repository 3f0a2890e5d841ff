"""Tests of fitted models: Wald's of chosen hypotheses, and tables of tests."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from .. import _core
from ..errors import NumericError, SpecError
from ..fitting import number
from ..printing import (
    STARS_LEGEND,
    format_number,
    format_numbers,
    format_p_value,
    format_p_values,
    html_page,
    html_table,
    right_aligned,
    stars,
)
from ..serialization import to_json
from . import model_layout
from .hypothesis import Coefficients, Hypothesis, as_hypothesis

if TYPE_CHECKING:
    from .coefficient_model import CoefficientModel


class WaldTest:
    """Wald's test of a hypothesis about coefficients, as `model.wald_test` gives it.

    Attributes:
        statistic: chi-squared, or F where the model's tests are Student's. p_value: of it.
        df: number of independent lines. df_residual: of F; None for chi-squared.
        distribution: "chi2" or "F". cov_type: of the covariance.
        lines: a frame with a row for each line of the hypothesis: hypothesis, estimate (of its left side), std_error, value.
    """

    def __init__(
        self, model: CoefficientModel, result: dict[str, Any], lines: pd.DataFrame
    ) -> None:
        self.statistic = number(result["statistic"])
        self.df = int(result["df"])
        self.df_residual = None if result["df_residual"] is None else number(result["df_residual"])
        self.p_value = number(result["p_value"])
        self.distribution = "chi2" if self.df_residual is None else "F"
        self.cov_type = model.cov_type
        self.lines = lines
        self._covariance = model_layout.covariance_line(model)

    def tidy(self) -> pd.DataFrame:
        """The test as a frame of one row: statistic, df, df_residual (NaN for chi-squared), p_value, distribution, cov_type."""
        rest = np.nan if self.df_residual is None else self.df_residual
        return pd.DataFrame(
            {
                "statistic": [self.statistic],
                "df": [self.df],
                "df_residual": [rest],
                "p_value": [self.p_value],
                "distribution": [self.distribution],
                "cov_type": [self.cov_type],
            }
        )

    def _sentence(self) -> str:
        name = "F" if self.distribution == "F" else "Chi-squared"
        df = f"{self.df}"
        if self.df_residual is not None:
            df += f" and {format_number(self.df_residual, 15)}"
        return (
            f"{name}: {format_number(self.statistic, 4)} on {df} DF,  "
            f"p-value: {format_p_value(self.p_value, 4)}"
        )

    def __str__(self) -> str:
        lines = ["Wald test", "Hypothesis:", *(f"  {text}" for text in self.lines["hypothesis"])]
        lines += ["", self._sentence()]
        return "\n".join(lines if self._covariance is None else [*lines, self._covariance])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        cells = {
            "Hypothesis": list(self.lines["hypothesis"]),
            "Estimate": format_numbers(list(self.lines["estimate"])),
            "Std. Error": format_numbers(list(self.lines["std_error"])),
        }
        facts = [self._sentence().split(":", 1)]
        if self._covariance is not None:
            facts.append(self._covariance.split(":", 1))
        return html_page("Wald test", [(a, b.strip()) for a, b in facts], [html_table(cells)])


class Anova:
    """A table of tests, as `model.anova` and `rx_anova` give it: prints, and hands out its frame by `tidy()`."""

    def __init__(self, title: str, notes: Sequence[str], frame: pd.DataFrame) -> None:
        self.title = title
        self.notes = list(notes)
        self._frame = frame  # the first column names the rows

    def tidy(self) -> pd.DataFrame:
        """The table as a frame."""
        return self._frame.copy()

    def __getitem__(self, column: str) -> pd.Series:
        return self._frame[column]

    def _names(self) -> list[str]:
        return [str(name) for name in self._frame.iloc[:, 0]]

    def _cells(self) -> dict[str, list[str]]:
        cells: dict[str, list[str]] = {}
        for name in self._frame.columns[1:]:
            values = [float(v) for v in self._frame[name]]
            known = [v for v in values if not np.isnan(v)]
            texts = format_p_values(known, 3) if name == "p_value" else format_numbers(known, 5)
            shown = iter(texts)
            cells[str(name)] = ["" if np.isnan(v) else next(shown) for v in values]
        return cells

    def __str__(self) -> str:
        cells = self._cells()
        marks = [stars(p) for p in self._frame["p_value"]]
        if any(mark.strip() for mark in marks):
            cells[""] = [mark.ljust(3) for mark in marks]
        lines = [self.title, *self.notes, "", right_aligned(self._names(), cells)]
        if "" in cells:
            lines += ["---", STARS_LEGEND]
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        table = html_table({str(self._frame.columns[0]): self._names(), **self._cells()})
        notes = [note.split(":", 1) for note in self.notes if ":" in note]
        return html_page(self.title, [(a, b.strip()) for a, b in notes], [table])


def wald_test(model: CoefficientModel, given: Any, values: Any) -> WaldTest:
    """Tests a hypothesis; see `CoefficientModel.wald_test`."""
    hypothesis = as_hypothesis(given, values, _coefficients(model))
    result, lines = _wald(model, hypothesis)
    if result["statistic"] is None:
        raise NumericError(
            f"The hypothesis of {len(hypothesis.lines)} lines cannot be tested: to the digits that the covariance holds, "
            "a combination of the lines has no variance, as with fewer clusters than lines, or numbers far from 0. "
            "Test fewer lines at once, or take the numbers about their means."
        )
    return WaldTest(model, result, lines)


def term_tests(model: CoefficientModel) -> Anova:
    """Wald's test of each term of the formula; see `CoefficientModel.anova`."""
    known = _coefficients(model)
    rows = []
    errors = model._model["coefficients"]["std_error"]
    untested: list[str] = []
    for term, positions in known.terms.items():
        kept = [i for i in positions if not known.aliased[i]]
        without = [known.names[i] for i in kept if np.isnan(number(errors[i]))]
        untested += without[:1]
        row = {"term": term, "df": len(kept), "statistic": np.nan, "p_value": np.nan}
        if kept and not without:
            hypothesis = Hypothesis()
            for position in kept:
                hypothesis.add({position: 1.0}, 0.0, known.names[position])
            result, _ = _wald(model, hypothesis)
            row |= {key: number(result[key]) for key in ("statistic", "p_value")}
        rows.append(row)
    frame = pd.DataFrame(rows, columns=["term", "df", "statistic", "p_value"])
    df = model.test_df
    notes = [f"Model: {model.formula}"]
    notes.append(
        "Statistic: chi-squared"
        if np.isinf(df)
        else f"Statistic: F with {format_number(df, 15)} residual degrees of freedom"
    )
    if (line := model_layout.covariance_line(model)) is not None:
        notes.append(line)
    if untested:
        names = ", ".join(untested)
        notes.append(f"Not tested: terms with coefficients that have no standard error, as {names}")
    return Anova("Wald tests of terms", notes, frame)


def tail_areas(
    statistics: Sequence[float], df: Sequence[float], df_residual: Sequence[float | None]
) -> list[float]:
    """p-values of F(df, df_residual), or of chi-squared(df) where there is no df_residual."""
    spec = {"statistics": statistics, "df": df, "df_residual": df_residual}
    found = json.loads(_core.compute("tail_areas", json.dumps(to_json(spec))))
    return [number(value) for value in found["p_values"]]


def _coefficients(model: CoefficientModel) -> Coefficients:
    found = json.loads(
        _core.compute("model_terms", json.dumps(to_json({"design": model._model["design"]})))
    )
    terms = {
        term["label"]: range(term["first"], term["first"] + term["count"])
        for term in found["terms"]
    }
    table = model._model["coefficients"]
    return Coefficients(list(table["names"]), [bool(a) for a in table["aliased"]], terms)


def _wald(model: CoefficientModel, hypothesis: Hypothesis) -> tuple[dict[str, Any], pd.DataFrame]:
    """The engine's answer, from the part of the covariance that the hypothesis speaks of."""
    if model._model.get("cube"):
        raise SpecError("A cube keeps no covariance to test with: fit with cube=False.")
    matrix = model._model.get("cov_coef")
    if matrix is None:
        raise SpecError(
            "Wald tests need the covariance of the coefficients: fit the model with cov_coef=True."
        )
    used = sorted({position for line in hypothesis.lines for position in line})
    names = model._model["coefficients"]["names"]
    covariance = np.array([[number(matrix[i][j]) for j in used] for i in used])
    for k, position in enumerate(used):
        if np.isnan(covariance[k, k]):
            raise NumericError(
                f"The coefficient {names[position]!r} has no standard error, so that nothing can be tested of it: the "
                "warnings of the model say why."
            )
    estimates = np.array([number(model._model["coefficients"]["estimate"][i]) for i in used])
    lines = np.array([[line.get(i, 0.0) for i in used] for line in hypothesis.lines])
    df = model.test_df
    spec = {
        "estimates": estimates.tolist(),
        "covariance": covariance[np.triu_indices(len(used))].tolist(),
        "matrix": lines.tolist(),
        "values": hypothesis.values,
        "df": None if np.isinf(df) else df,
    }
    result = json.loads(_core.compute("wald_test", json.dumps(to_json(spec))))
    variances = np.einsum("ij,jk,ik->i", lines, covariance, lines)
    with np.errstate(invalid="ignore"):
        errors = np.sqrt(variances)
    frame = pd.DataFrame(
        {
            "hypothesis": hypothesis.texts,
            "estimate": lines @ estimates,
            "std_error": errors,
            "value": hypothesis.values,
        }
    )
    return result, frame
