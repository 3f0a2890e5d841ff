"""Summary statistics: moments by term, counts of categories, moments by cell, and their printed layout."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import pandas as pd

from ..errors import StateError
from ..fitting import number, numbers
from ..printing import format_numbers, html_page, html_table, left_aligned
from .base import Result, expect, expect_number, expect_numbers

STATISTICS = {
    "Mean": "mean",
    "StdDev": "std_dev",
    "Min": "min",
    "Max": "max",
    "Sum": "sum",
    "ValidObs": "valid_obs",
    "MissingObs": "missing_obs",
    "SumOfWeights": "sum_of_weights",
    "MissingWeights": "missing_weights",
}
DEFAULT = ("Mean", "StdDev", "Min", "Max", "ValidObs", "MissingObs")
DEFAULT_WEIGHTED = ("Mean", "StdDev", "Min", "Max", "SumOfWeights", "MissingWeights")
_COUNTS = ("ValidObs", "MissingObs")
_BY_CELL = ("Mean", "StdDev", "Min", "Max", "Sum", "ValidObs", "SumOfWeights")


class Summary(Result):
    """Summary statistics, as `rx_summary` returns them.

    Example:
        >>> import pandas as pd, insitu
        >>> data = pd.DataFrame({"x": [1.0, 2.0, 4.0], "f": ["a", "b", "a"]})
        >>> result = insitu.rx_summary("~ x + f", data)
        >>> result.summary_data_frame["Max"][:1].tolist(), result.categorical[0]["Counts"].tolist()
        ([4.0], [2, 1])
    """

    kind = "summary"
    r_names: ClassVar[Mapping[str, str]] = {
        "nobs.valid": "nobs_valid",
        "nobs.missing": "nobs_missing",
        "sDataFrame": "summary_data_frame",
        "categorical": "categorical",
        "categorical.type": "categorical_type",
        "formula": "formula",
        "call": "call",
        "params": "params",
    }

    @property
    def nobs_valid(self) -> int:
        """Rows used: all of them when each term is treated by itself."""
        return int(self._model["n_valid_obs"])

    @property
    def nobs_missing(self) -> int:
        """Rows left out because some variable is missing (listwise only)."""
        return int(self._model["n_missing_obs"])

    @property
    def statistics(self) -> list[str]:
        """The columns of the tables."""
        return [str(name) for name in self._options["statistics"]]

    @property
    def _options(self) -> dict[str, Any]:
        weighted = bool(self._model.get("pweights") or self._model.get("fweights"))
        return {
            "statistics": list(DEFAULT_WEIGHTED if weighted else DEFAULT),
            "remove_zero_counts": False,
            **(self._model.get("options") or {}),
        }

    @property
    def _terms(self) -> list[dict[str, Any]]:
        return list(self._model["terms"])

    @property
    def summary_data_frame(self) -> pd.DataFrame:
        """One row per term: Name and the statistics asked for; NaN for factors."""
        rows = [self._overall(term) for term in self._terms]
        return _frame(["Name", *self.statistics], rows)

    s_data_frame = summary_data_frame

    @property
    def categorical(self) -> list[pd.DataFrame]:
        """A frame per term with factors: counts of categories, or moments by cell."""
        return [_cells(term, self._options) for term in self._terms if term["type"] != "numeric"]

    @property
    def categorical_type(self) -> str:
        """ "counts", "cube" (moments by cell) or "none"."""
        types = {term["type"] for term in self._terms}
        return "cube" if "cells" in types else "counts" if "counts" in types else "none"

    def by_group(self) -> list[pd.DataFrame]:
        """A frame per set of factors: their levels, then `<variable>_<Statistic>` and `Counts` by cell."""
        tables: dict[tuple[str, ...], pd.DataFrame] = {}
        for term, frame in self._with_factors():
            factors = tuple(term["factors"])
            renamed = frame.drop(columns="Category", errors="ignore").rename(
                columns={
                    name: f"{term.get('variable')}_{'Mean' if name == 'Means' else name}"
                    for name in frame.columns
                    if name not in (*factors, "Counts")
                }
            )
            if factors in tables:
                tables[factors] = tables[factors].merge(
                    renamed, on=list(factors), how="outer", sort=False
                )
            else:
                tables[factors] = renamed
        return list(tables.values())

    def _with_factors(self) -> list[tuple[dict[str, Any], pd.DataFrame]]:
        terms = [term for term in self._terms if term["type"] != "numeric"]
        return list(zip(terms, self.categorical, strict=True))

    def _overall(self, term: Mapping[str, Any]) -> dict[str, Any]:
        """The row of a term in the first table."""
        row: dict[str, Any] = {"Name": term["name"]}
        if term["type"] != "counts":
            values = term if term["type"] == "numeric" else term["overall"]
            row |= {name: number(values.get(key)) for name, key in STATISTICS.items()}
        return row

    def _head(self) -> list[str]:
        raw = self._model
        lines = ["Call:", self.call or "rx_summary(...)", ""]
        lines.append(f"Summary Statistics Results for: {self.formula}")
        if self._data_line:
            lines.append(self._data_line)
        if raw.get("pweights"):
            lines.append(f"Probability weights: {raw['pweights']}")
        if raw.get("fweights"):
            lines.append(f"Frequency weights: {raw['fweights']}")
        what = "Sum of weights" if raw.get("fweights") else "Number"
        lines.append(f"{what} of valid observations: {self.nobs_valid} ")
        if self.nobs_missing:
            lines.append(f"Number of missing observations: {self.nobs_missing} ")
        return lines

    def __str__(self) -> str:
        parts = ["\n".join(self._head())]
        rows = [self._overall(term) for term in self._terms if term["type"] != "counts"]
        if rows:
            table = left_aligned(_text(_frame(["Name", *self.statistics], rows)))
            parts[0] += f"\n \n{table}"
        for term, frame in self._with_factors():
            parts.append("\n".join([*self._title(term), "", left_aligned(_text(frame))]))
        return "\n\n".join(parts)

    __repr__ = __str__

    def _title(self, term: Mapping[str, Any]) -> list[str]:
        cells = math.prod(len(levels) for levels in term["levels"])
        if term["type"] == "cells":
            return [f"Statistics by category ({cells} categories):"]
        lines = [f"Category Counts for {term['name']}", f"Number of categories: {cells}"]
        if not (self._model.get("pweights") or self._model.get("fweights")):
            lines.append(f"Number of valid observations: {term['valid_obs']}")
            lines.append(f"Number of missing observations: {term['missing_obs']}")
        return lines

    def _repr_html_(self) -> str:
        tables = []
        rows = [self._overall(term) for term in self._terms if term["type"] != "counts"]
        if rows:
            tables.append(html_table(_text(_frame(["Name", *self.statistics], rows))))
        for term, frame in self._with_factors():
            tables.append(html_table(_text(frame), self._title(term)[0]))
        facts = [line.split(":", 1) for line in self._head()[4:] if ":" in line]
        return html_page(f"Summary: {self.formula}", [(a, b.strip()) for a, b in facts], tables)

    @classmethod
    def check(cls, model: Mapping[str, Any]) -> None:
        """StateError unless the engine's part of a model file has the right shape."""
        if expect(model, "kind", str) != cls.kind:
            raise StateError(
                f"The model says it is a {model['kind']!r}, in a file of {cls.kind!r}."
            )
        expect(model, "formula", str)
        for key in ("n_valid_obs", "n_missing_obs"):
            expect(model, key, int)
        options = expect(model, "options", dict, {})
        if any(name not in STATISTICS for name in expect(options, "statistics", list, [])):
            raise StateError(
                f"The summary names unknown statistics: {options['statistics']!r:.80}."
            )
        for term in expect(model, "terms", list):
            if not isinstance(term, dict):
                raise StateError("A term of the summary is not an object.")
            _check_term(term)


def _check_term(term: Mapping[str, Any]) -> None:
    kind = expect(term, "type", str)
    expect(term, "name", str)
    if kind == "numeric":
        _check_moments(term)
        return
    if kind not in ("counts", "cells"):
        raise StateError(f"A term of the summary has the unknown type {kind!r}.")
    levels = expect(term, "levels", list)
    if len(levels) != len(expect(term, "factors", list)) or not all(
        isinstance(of_factor, list) and all(isinstance(level, str) for level in of_factor)
        for of_factor in levels
    ):
        raise StateError("A term of the summary needs a list of level names for each factor.")
    cells = math.prod(len(of_factor) for of_factor in levels)
    if kind == "counts":
        expect_numbers(term, "counts", cells)
        return
    expect(term, "variable", str)
    _check_moments(expect(term, "overall", dict))
    for key in ("mean", "std_dev", "min", "max", "sum", "valid_obs", "sum_of_weights"):
        expect_numbers(term, key, cells)


def _check_moments(moments: Mapping[str, Any]) -> None:
    for key in STATISTICS.values():
        expect_number(key, moments.get(key))


def _frame(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    frame = pd.DataFrame(
        [{c: row.get(c, math.nan) for c in columns} for row in rows], columns=columns
    )
    for name in _COUNTS:
        if name in frame:
            frame[name] = frame[name].astype("Float64").astype("Int64")
    return frame


def _cells(term: Mapping[str, Any], options: Mapping[str, Any]) -> pd.DataFrame:
    """Every cell of a term as a row, the first factor varying fastest."""
    levels = [list(of_factor) for of_factor in term["levels"]]
    grid = [cell[::-1] for cell in itertools.product(*levels[::-1])]
    data: dict[str, Any] = {}
    if term["type"] == "cells":
        labels = term.get("factor_labels") or term["factors"]
        names = [
            ", ".join(f"{f}={level}" for f, level in zip(labels, cell, strict=True))
            for cell in grid
        ]
        data["Category"] = [f"{term['variable']} for {name}" for name in names]
    for i, (factor, of_factor) in enumerate(zip(term["factors"], levels, strict=True)):
        data[factor] = pd.Categorical([cell[i] for cell in grid], categories=of_factor)
    if term["type"] == "counts":
        counts = numbers(term["counts"])
        present = [c > 0 for c in counts]
        whole = all(c.is_integer() for c in counts)
        data["Counts"] = [int(c) for c in counts] if whole else counts
    else:
        present = [c > 0 for c in numbers(term["valid_obs"])]
        for name in [name for name in options["statistics"] if name in _BY_CELL]:
            values = numbers(term[STATISTICS[name]])
            title = "Means" if name == "Mean" else name
            data[title] = [int(v) for v in values] if name in _COUNTS else values
    frame = pd.DataFrame(data)
    return frame[present].reset_index(drop=True) if options["remove_zero_counts"] else frame


def _text(frame: pd.DataFrame) -> dict[str, list[str]]:
    """The cells of a frame as text, numbers with the digits R would show."""
    columns: dict[str, list[str]] = {}
    for name in frame:
        values = frame[name]
        if not pd.api.types.is_numeric_dtype(values.dtype):
            columns[str(name)] = [str(v) for v in values]
        elif pd.api.types.is_integer_dtype(values.dtype):
            columns[str(name)] = _padded(["NaN" if v is pd.NA else str(v) for v in values])
        else:
            columns[str(name)] = format_numbers([float(v) for v in values])
    return columns


def _padded(cells: list[str]) -> list[str]:
    width = max(map(len, cells), default=0)
    return [cell.rjust(width) for cell in cells]


__all__ = ["DEFAULT", "DEFAULT_WEIGHTED", "STATISTICS", "Summary"]
