"""Drawings of results, by matplotlib, which is loaded when first asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .errors import SpecError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .results.roc import Curve, Roc


def new_axes() -> Axes:
    """Axes of a new figure; SpecError where matplotlib is missing."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise SpecError(
            "Plots need matplotlib, which is not installed: pip install insitu[plot]."
        ) from error
    axes: Axes = plt.subplots()[1]
    return axes


def draw_evaluation(roc: Roc, what: Curve, axes: Axes | None) -> Axes:
    """Draws a curve of each prediction; SpecError for one that there is not."""
    # columns of the frame, their names, and the line of predictions that tell nothing (or are right)
    kinds = {
        "roc": ("1 - specificity", "sensitivity", (0.0, 1.0)),
        "precision-recall": ("recall", "precision", (roc.prevalence, roc.prevalence)),
        "calibration": ("mean_predicted", "observed", (0.0, 1.0)),
        "lift": ("share", "gain", (0.0, 1.0)),
    }
    if what not in kinds:
        raise SpecError(f"plot draws {', '.join(map(repr, kinds))}, and was asked for {what!r}.")
    x, y, plain = kinds[what]
    axes = new_axes() if axes is None else axes
    axes.plot((0.0, 1.0), plain, color="grey", linewidth=0.8, linestyle="--")
    frame = {
        "roc": lambda: roc.curve.assign(**{x: lambda curve: 1.0 - curve["specificity"]}),
        "precision-recall": roc.precision_recall,
        "calibration": roc.calibration,
        "lift": roc.lift,
    }[what]()
    summary = roc.glance()
    shown = {"roc": ("auc", "AUC"), "precision-recall": ("average_precision", "AP")}.get(what)
    for name in roc.predictions:
        mine = frame[frame["pred_var_name"] == name]
        label = name if shown is None else f"{name} ({shown[1]} {summary.loc[name, shown[0]]:.4f})"
        axes.plot(mine[x], mine[y], label=label, marker="." if what == "calibration" else "")
    axes.set(xlabel=x.replace("_", " "), ylabel=y, title=f"{what} of {roc.outcome}")
    axes.legend()
    return axes
