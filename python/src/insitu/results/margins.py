"""Average marginal effects: their table, and how it prints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from ..fitting import number, numbers
from ..printing import (
    STARS_LEGEND,
    format_number,
    format_numbers,
    format_p_values,
    html_page,
    html_table,
    right_aligned,
    stars,
)

_NUMBERS = ("effect", "std_error", "statistic", "p_value", "conf_low", "conf_high")


class Margins:
    """Average marginal effects, as `rx_margins` gives them: prints, and is a frame by `tidy()`.

    Example:
        >>> import pandas as pd, insitu
        >>> data = pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0, 5.0], "n": [1, 3, 2, 7, 9]})
        >>> model = insitu.rx_glm("n ~ x", data, family="poisson", cov_coef=True)
        >>> insitu.rx_margins(model, data).tidy()[["variable", "contrast", "effect"]].round(4)
          variable contrast  effect
        0        x    dy/dx  2.2103
    """

    def __init__(
        self,
        result: Mapping[str, Any],
        *,
        formula: str,
        at: Mapping[str, Any],
        covariance: str | None,
    ) -> None:
        self._result = dict(result)
        self._formula = formula
        self._at = dict(at)
        self._covariance = covariance

    @property
    def n_valid_obs(self) -> int:
        """Rows averaged over."""
        return int(self._result["n_valid_obs"])

    @property
    def n_missing_obs(self) -> int:
        """Rows left out because a used variable is missing."""
        return int(self._result["n_missing_obs"])

    @property
    def sum_of_weights(self) -> float:
        """Sum of the weights of the rows averaged over (their number without weights)."""
        return number(self._result["sum_of_weights"])

    @property
    def type(self) -> str:
        """The scale of the effects: "response" or "link"."""
        return str(self._result["type"])

    @property
    def warnings(self) -> list[str]:
        """What was noticed: sentences."""
        return [str(text) for text in self._result["warnings"]]

    def tidy(self) -> pd.DataFrame:
        """One row per effect: variable, contrast, effect, std_error, statistic, p_value, conf_low, conf_high."""
        table = self._result["effects"]
        columns = {name: list(table[name]) for name in ("variable", "contrast")}
        return pd.DataFrame({**columns, **{name: numbers(table[name]) for name in _NUMBERS}})

    def _head(self) -> list[str]:
        scale = "the linear predictor" if self.type == "link" else "the response"
        lines = [f"Model: {self._formula}", f"Scale: {scale}"]
        if self._at:
            lines.append(
                "At: " + ", ".join(f"{name} = {value}" for name, value in self._at.items())
            )
        lines.append(f"Number of valid observations: {self.n_valid_obs}")
        lines.append(f"Number of missing observations: {self.n_missing_obs}")
        return lines if self._covariance is None else [*lines, self._covariance]

    def _cells(self) -> dict[str, list[str]]:
        table = self.tidy()
        letter = "z" if self._result["test_df"] is None else "t"
        level = format_number(100 * number(self._result["conf_level"]), 6)
        bounds = format_numbers([*table["conf_low"], *table["conf_high"]], 4)
        return {
            "Contrast": list(table["contrast"]),
            "Effect": format_numbers(list(table["effect"]), 4),
            "Std. Error": format_numbers(list(table["std_error"]), 4),
            f"{letter} value": format_numbers(list(table["statistic"]), 4),
            f"Pr(>|{letter}|)": format_p_values(list(table["p_value"]), 3),
            f"Low {level} %": bounds[: len(table)],
            f"High {level} %": bounds[len(table) :],
        }

    def __str__(self) -> str:
        table = self.tidy()
        cells = self._cells()
        marks = [stars(p) for p in table["p_value"]]
        if any(mark.strip() for mark in marks):
            cells[""] = [mark.ljust(3) for mark in marks]
        lines = ["Average marginal effects", *self._head(), ""]
        lines.append(right_aligned(list(table["variable"]), cells))
        if "" in cells:
            lines += ["---", STARS_LEGEND]
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        facts = [tuple(line.split(":", 1)) for line in self._head()]
        table = html_table({"Variable": list(self.tidy()["variable"]), **self._cells()})
        return html_page("Average marginal effects", [(a, b.strip()) for a, b in facts], [table])
