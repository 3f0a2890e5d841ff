"""Predicted probabilities against what happened: curves, areas, calibration and scores."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
import pandas as pd

from .. import arguments as args
from ..errors import SpecError, StateError
from ..fitting import number, numbers
from ..printing import html_page, html_table
from .base import Result, expect, expect_number, expect_numbers

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Curve = Literal["roc", "precision-recall", "calibration", "lift"]
_BINS = ("threshold", "events", "others", "mean")
_METRICS = ("auc", "auc_error", "average_precision", "average_precision_error", "log_loss", "brier_score")  # fmt: skip


class Roc(Result):
    """How well predictions tell events from other rows, as `rx_roc` returns it.

    Example:
        >>> import pandas as pd, insitu
        >>> data = pd.DataFrame({"y": [0, 0, 1, 1], "p": [0.1, 0.4, 0.35, 0.8]})
        >>> roc = insitu.rx_roc("y", "p", data)
        >>> float(roc.auc["p"]), roc.curve.shape
        (0.75, (5, 4))
    """

    kind = "evaluation"
    r_names: ClassVar[Mapping[str, str]] = {
        "nobs.valid": "n_valid_obs",
        "nobs.missing": "n_missing_obs",
        "auc": "auc",
        "curve": "curve",
        "call": "call",
        "params": "params",
    }

    @property
    def outcome(self) -> str:
        """The column of outcomes."""
        return str(self._model["outcome"])

    @property
    def predictions(self) -> list[str]:
        """The columns of predictions."""
        return [str(one["name"]) for one in self._model["predictions"]]

    @property
    def n_valid_obs(self) -> int:
        """Rows used."""
        return int(self._model["n_valid_obs"])

    @property
    def n_missing_obs(self) -> int:
        """Rows left out because the outcome, a prediction or a weight is missing."""
        return int(self._model["n_missing_obs"])

    @property
    def prevalence(self) -> float:
        """The (weighted) share of events."""
        events, others = self._number("events"), self._number("others")
        return events / (events + others)

    def glance(self) -> pd.DataFrame:
        """One row per prediction: areas with their bounds of error, average precision, log loss and Brier score."""
        rows = [
            {name: number(one[name]) for name in _METRICS} for one in self._model["predictions"]
        ]
        return pd.DataFrame(rows, index=pd.Index(self.predictions, name="pred_var_name"))

    @property
    def auc(self) -> pd.Series[float]:
        """The area under the ROC curve: how often an event's prediction is above another row's, ties counting half."""
        return self.glance()["auc"]

    @property
    def auc_error(self) -> pd.Series[float]:
        """By how much `auc` may be off; 0 where all rows were compared."""
        return self.glance()["auc_error"]

    @property
    def average_precision(self) -> pd.Series[float]:
        """Precision averaged over the events, at the threshold of each."""
        return self.glance()["average_precision"]

    @property
    def log_loss(self) -> pd.Series[float]:
        """Mean of minus the logarithm of the probability given to what happened; infinite if that was 0 once."""
        return self.glance()["log_loss"]

    @property
    def brier_score(self) -> pd.Series[float]:
        """Mean squared difference between prediction and outcome."""
        return self.glance()["brier_score"]

    @property
    def curve(self) -> pd.DataFrame:
        """The ROC curve: `threshold`, `pred_var_name`, `sensitivity`, `specificity`, from the highest threshold down.

        A row is predicted to be an event if its prediction is at least the threshold.
        """
        return self._frames(_roc_points)

    def precision_recall(self) -> pd.DataFrame:
        """`threshold`, `pred_var_name`, `recall` and `precision`, from the highest threshold down."""
        return self._frames(_precision_points)

    def calibration(self, bins: int = 10, strategy: str = "quantile") -> pd.DataFrame:
        """Mean prediction against the share of events, in bins of the prediction.

        Arguments:
            bins: how many. strategy: "quantile" (of equal weight) or "uniform" (of equal width). Bins are put together of
                the curve's, so quantiles are as fine as its number of points; bins of equal width are exact where
                `num_breaks` is a multiple of their number.
        Returns: `pred_var_name`, `mean_predicted`, `observed` and `weight` (rows, or their weights).
        """
        if strategy not in ("quantile", "uniform"):
            raise SpecError(f"strategy is 'quantile' or 'uniform', and was given as {strategy!r}.")
        return self._grouped(bins, strategy, _calibration_of)

    def lift(self, bins: int = 10) -> pd.DataFrame:
        """How many events are among the rows with the highest predictions.

        Arguments:
            bins: groups of about equal weight, from the highest predictions down.
        Returns: `pred_var_name`, `share` of rows so far, `gain` (share of events among them), `lift` (of this group:
            its share of events over the prevalence) and `cumulative_lift`.
        """
        return self._grouped(bins, "quantile", _lift_of)

    def plot(self, what: Curve = "roc", ax: Axes | None = None) -> Axes:
        """Draws "roc", "precision-recall", "calibration" or "lift"; needs matplotlib.

        Arguments:
            ax: where to draw; None makes a figure.
        Returns: the axes.
        """
        from ..plots import draw_evaluation

        return draw_evaluation(self, what, ax)

    def _frames(self, points: Any) -> pd.DataFrame:
        frames = []
        for one in self._model["predictions"]:
            frame: pd.DataFrame = points(_descending(one["curve"]))
            frame.insert(1, "pred_var_name", str(one["name"]))
            frames.append(frame)
        return pd.concat(frames, ignore_index=True)

    def _grouped(self, bins: int, strategy: str, rows: Any) -> pd.DataFrame:
        bins = args.whole_number("bins", bins)
        frames = []
        for one in self._model["predictions"]:
            table = _descending(one["curve"])
            table = table[
                table["events"] + table["others"] > 0
            ]  # thresholds without any row may be listed
            weight = table["events"] + table["others"]
            if strategy == "uniform":
                # By the bounds k / bins themselves: the product of a threshold and bins may round below k.
                bounds = np.arange(1, bins) / bins
                group = np.searchsorted(bounds, table["threshold"], side="right")
            else:  # by the middle of each bin's weight
                middle = (weight.cumsum() - weight / 2) / weight.sum()
                group = np.minimum(middle * bins, bins - 1).astype(int)
            table = table.assign(weighted=table["mean"] * weight)
            frame = rows(table.groupby(group, sort=strategy != "uniform").sum())
            frame.insert(0, "pred_var_name", str(one["name"]))
            frames.append(frame)
        return pd.concat(frames, ignore_index=True)

    def __str__(self) -> str:
        lines = ["Call:", self.call or "rx_roc(...)", "", f"ROC Results for: {self.outcome}"]
        if self._data_line:
            lines.append(self._data_line)
        lines += self._facts()
        return "\n".join([*lines, "", self._table().to_string()])

    __repr__ = __str__

    def _facts(self) -> list[str]:
        facts = [f"Number of valid observations: {self.n_valid_obs}"]
        if self.n_missing_obs:
            facts.append(f"Number of missing observations: {self.n_missing_obs}")
        return [*facts, f"Share of events: {self.prevalence:.6g}"]

    def _table(self) -> pd.DataFrame:
        """What is printed: bounds of error where there is an error."""
        table = self.glance()
        exact = [name for name in table if str(name).endswith("_error") and not table[name].any()]
        return table.drop(columns=exact)

    def _repr_html_(self) -> str:
        table = self._table()
        cells = {"": list(table.index)} | {
            str(name): [f"{value:.6g}" for value in table[name]] for name in table
        }
        facts = [(a, b.strip()) for a, b in (line.split(":", 1) for line in self._facts())]
        return html_page(f"ROC: {self.outcome}", facts, [html_table(cells)])

    @classmethod
    def check(cls, model: Mapping[str, Any]) -> None:
        """StateError unless the engine's part of a model file has the right shape."""
        if expect(model, "kind", str) != cls.kind:
            raise StateError(
                f"The model says it is a {model['kind']!r}, in a file of {cls.kind!r}."
            )
        expect(model, "outcome", str)
        for key in ("n_valid_obs", "n_missing_obs"):
            expect(model, key, int)
        for key in ("events", "others"):
            expect_number(key, model.get(key))
        for one in expect(model, "predictions", list):
            if not isinstance(one, dict):
                raise StateError("A prediction of the evaluation is not an object.")
            expect(one, "name", str)
            for key in _METRICS:
                expect_number(key, one.get(key))
            curve = expect(one, "curve", dict)
            for key in _BINS:
                expect_numbers(curve, key, len(expect(curve, "threshold", list)))


def _descending(curve: Mapping[str, Any]) -> pd.DataFrame:
    """The bins of a curve, the highest first."""
    return pd.DataFrame({name: numbers(curve[name])[::-1] for name in _BINS})


def _roc_points(table: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "threshold": [np.inf, *table["threshold"]],
            "sensitivity": [0.0, *(table["events"].cumsum() / table["events"].sum())],
            "specificity": [
                1.0,
                *(1.0 - table["others"].cumsum() / table["others"].sum()).clip(lower=0.0),
            ],
        }
    )


def _precision_points(table: pd.DataFrame) -> pd.DataFrame:
    events, others = table["events"].cumsum(), table["others"].cumsum()
    return pd.DataFrame(
        {
            "threshold": table["threshold"],
            "recall": events / table["events"].sum(),
            # Where no row is predicted to be an event there is nothing wrong.
            "precision": (events / (events + others)).where(events + others > 0, 1.0),
        }
    )


def _calibration_of(groups: pd.DataFrame) -> pd.DataFrame:
    weight = groups["events"] + groups["others"]
    found = pd.DataFrame(
        {
            "mean_predicted": groups["weighted"] / weight,
            "observed": groups["events"] / weight,
            "weight": weight,
        }
    )
    return found.sort_values("mean_predicted", ignore_index=True)


def _lift_of(groups: pd.DataFrame) -> pd.DataFrame:
    weight = groups["events"] + groups["others"]
    prevalence = groups["events"].sum() / weight.sum()
    share = weight.cumsum() / weight.sum()
    gain = groups["events"].cumsum() / groups["events"].sum()
    return pd.DataFrame(
        {
            "share": share,
            "gain": gain,
            "lift": groups["events"] / weight / prevalence,
            "cumulative_lift": gain / share,
        }
    ).reset_index(drop=True)
