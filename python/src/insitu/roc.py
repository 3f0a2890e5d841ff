"""`rx_roc`, `rx_auc`, `rx_roc_curve`: predicted probabilities against what happened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from . import arguments as args
from .errors import SpecError
from .results.roc import Roc

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .contexts.base import RxComputeContext


@args.tolerant
def rx_roc(
    actual_var_name: str,
    pred_var_names: str | Sequence[str],
    data: Any,
    num_breaks: int | None = None,
    remove_dups: bool = True,
    pweights: str | None = None,
    fweights: str | None = None,
    row_selection: str | None = None,
    transforms: Mapping[str, str] | None = None,
    report_progress: int | None = None,
    compute_context: RxComputeContext | str | None = None,
    *,
    error_bound: float = 0.0,
    num_points: int = 1000,
    **kwargs: Any,
) -> Roc:
    """Compares predicted probabilities with outcomes: ROC curve, its area, precision, calibration and scores.

    Rows with a missing value in any of the columns are left out and counted. The area is exact, ties counting half:
    up to 16 million rows (of all predictions together) take one pass, more are read again until it is known.

    Arguments:
        actual_var_name: column of the outcomes: 1 the event, 0 not; or true and false; or text of two values, of which
            the second (in their order) is the event.
        pred_var_names: column, or columns, of predictions: numbers from 0 to 1.
        data: a data frame, a path (Parquet, CSV) or a data source.
        num_breaks: the original's way: thresholds at i / num_breaks alone, in one pass. The area is then that under the
            lines between these, and `auc_error` tells how far it may be off.
        remove_dups: leave out thresholds that no prediction lies at; without num_breaks there are none.
        pweights: name of a column of weights. fweights: of frequency weights (whole numbers).
        row_selection: an SQL expression; only rows where it is true are used.
        transforms: SQL expressions by the name of the new column.
        report_progress: 0 silent, 1 rows, 2 rows and times; None takes the option `reportProgress`.
        compute_context: where to compute; None takes the active context.
        error_bound: how far the area may be off: 0 is exact; 1e-6 spares passes over more than 16 million rows.
        num_points: about how many points the curves have; their coordinates are exact.

    Returns: a Roc with `auc`, `curve`, `precision_recall()`, `calibration()`, `lift()`, `log_loss`, `brier_score`,
        `glance()` and `plot()`.

    Raises: SpecError (unknown column, a prediction that is no number), DataError (a prediction outside 0 to 1, an
        outcome other than 0 and 1 or of more than two levels, one outcome only, no rows), SourceError (data cannot be
        read).

    See: docs/functions/rx_roc.md; Hanley and McNeil, Radiology 143 (1982).

    Example:
        >>> import pandas as pd, insitu
        >>> data = pd.DataFrame({"y": [0, 0, 1, 1], "p": [0.1, 0.4, 0.35, 0.8]})
        >>> insitu.rx_roc("y", "p", data).glance()["auc"].to_dict()
        {'p': 0.75}
    """
    given = args.changed(rx_roc, {k: v for k, v in locals().items() if k != "kwargs"})
    args.warn_unknown("rx_roc", kwargs)
    pweights, fweights = args.weights(pweights, fweights)
    predictions = [pred_var_names] if isinstance(pred_var_names, str) else list(pred_var_names)
    formula = f"{_quoted(actual_var_name)} ~ {' + '.join(map(_quoted, predictions))}"
    if not predictions or len(set(predictions)) < len(predictions):
        raise SpecError("pred_var_names names one or more columns, each once.")
    spec = {
        "formula": formula,
        "pweights": pweights,
        "fweights": fweights,
        "grid": args.whole_number("num_breaks", num_breaks) if num_breaks is not None else 0,
        "error_bound": _bound(error_bound),
        "points": args.whole_number("num_points", num_points),
        "rows": None,
    }
    from .data import as_source
    from .fitting import run_fit

    source = as_source(data)
    result = run_fit(
        "evaluation",
        spec,
        source,
        compute_context,
        row_selection=row_selection,
        transforms=transforms,
        report_progress=report_progress,
    )
    for one, name in zip(result["predictions"], predictions, strict=True):
        one["name"] = name
        if num_breaks is not None and not remove_dups:
            one["curve"] = _whole_grid(one["curve"], num_breaks)
    return Roc(result, call=args.call_text("rx_roc", given), data=source.description, params=given)


def rx_auc(roc: Roc | str, pred_var_names: Any = None, data: Any = None, **kwargs: Any) -> Any:
    """The area under the ROC curve of each prediction.

    Arguments:
        roc: what `rx_roc` returned; or the column of outcomes, with pred_var_names and data as for `rx_roc`.
        kwargs: arguments of `rx_roc`.

    Returns: a Series by prediction.

    Raises: as `rx_roc`.

    See: docs/functions/rx_roc.md.

    Example:
        >>> import pandas as pd, insitu
        >>> data = pd.DataFrame({"y": [0, 0, 1, 1], "p": [0.1, 0.4, 0.35, 0.8]})
        >>> insitu.rx_auc("y", "p", data).to_dict(), insitu.rx_auc(insitu.rx_roc("y", "p", data)).to_dict()
        ({'p': 0.75}, {'p': 0.75})
    """
    if isinstance(roc, Roc):
        if pred_var_names is not None or data is not None or kwargs:
            raise SpecError("rx_auc of a Roc takes no other arguments: they belong to rx_roc.")
        return roc.auc
    if pred_var_names is None or data is None:
        raise SpecError("rx_auc takes a Roc, or an outcome, predictions and data as rx_roc does.")
    return rx_roc(roc, pred_var_names, data, **kwargs).auc


def rx_roc_curve(
    actual_var_name: str,
    pred_var_names: str | Sequence[str],
    data: Any,
    num_breaks: int | None = None,
    *,
    title: str | None = None,
    ax: Axes | None = None,
    **kwargs: Any,
) -> Axes:
    """Draws the ROC curve of each prediction, with its area; needs matplotlib.

    Arguments:
        actual_var_name, pred_var_names, data, num_breaks, kwargs: as for `rx_roc`.
        title: above the drawing. ax: where to draw; None makes a figure.

    Returns: the axes.

    Raises: as `rx_roc`; SpecError where matplotlib is missing.

    See: docs/functions/rx_roc.md.

    Example:
        >>> import matplotlib; matplotlib.use("Agg")
        >>> import pandas as pd, insitu
        >>> data = pd.DataFrame({"y": [0, 0, 1, 1], "p": [0.1, 0.4, 0.35, 0.8]})
        >>> insitu.rx_roc_curve("y", "p", data).get_legend_handles_labels()[1]
        ['p (AUC 0.7500)']
    """
    axes = rx_roc(actual_var_name, pred_var_names, data, num_breaks, **kwargs).plot("roc", ax)
    if title is not None:
        axes.set_title(title)
    return axes


def _quoted(name: object) -> str:
    """A column's name as formulas have it."""
    if not isinstance(name, str):
        raise SpecError(
            f"actual_var_name and pred_var_names are names of columns (text), and one is a {type(name).__name__}."
        )
    return args.back_quoted(name)


def _bound(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0.0 <= value < 1.0:
        raise SpecError(
            f"error_bound is a number from 0 (exact) to below 1, and was given as {value!r}."
        )
    return float(value)


def _whole_grid(curve: Mapping[str, Any], breaks: int) -> dict[str, Any]:
    """The curve with all its thresholds, also those that no prediction lies at."""
    grid = pd.Index([i / breaks for i in range(breaks + 1)], name="threshold")
    table = pd.DataFrame(dict(curve)).set_index("threshold")
    whole = table.reindex(grid, fill_value=0.0).reset_index()
    return {str(name): whole[name].tolist() for name in whole}
