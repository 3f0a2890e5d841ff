"""`rx_anova`: nested models compared by their deviances, and terms dropped one at a time."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from . import _core
from . import arguments as args
from .errors import SpecError
from .predict import as_model
from .results import Anova, CoefficientModel, GeneralizedLinearModel, LinearModel
from .results.tests import tail_areas

if TYPE_CHECKING:
    from .contexts.base import RxComputeContext

Test = Literal["chisq", "F"]
# What two fits of the same rows may differ by in sums over them, as parts of the sum.
_SAME = 1e-8
# The arguments of a fit that make it what it is, beside its formula and family.
_KEPT = (
    "pweights", "fweights", "offset", "exposure", "row_selection", "transforms", "drop_first", "drop_main",
    "max_iterations", "coefficent_tolerance", "objective_function_tolerance", "tolerance",
)  # fmt: skip


@args.tolerant
def rx_anova(
    model_object: Any,
    *models: Any,
    data: Any = None,
    test: Test | None = None,
    report_progress: int | None = None,
    compute_context: RxComputeContext | str | None = None,
) -> Anova:
    """Compares fitted models by what their deviances differ by, or tests the terms of one.

    Several models of the same rows, each nested in the next, are compared one by one, as R's `anova(m1, m2, …)` does: by
    the likelihood ratio where the dispersion is 1, else by F, with the dispersion of the largest model. Of negative
    binomials whose theta is estimated it is that of the models with a theta each, as of R's `anova.negbin`. With one model and
    its `data`, the model is fitted again without each term that no other term contains, as R's `drop1` does. With one model
    alone the terms are tested by Wald's test: `model.anova()`.

    Whether a model is nested in another cannot be seen in general: where its terms are not among the other's, a warning
    says so.

    Arguments:
        model_object: a LinearModel or GeneralizedLinearModel, or the bytes of one.
        models: further models to compare with it; they are put in order of their degrees of freedom.
        data: the rows that the one model was fitted to; its terms are then dropped one at a time.
        test: "chisq" (the scaled difference of the deviances) or "F"; None takes "chisq" where the dispersion is 1.
        report_progress: of the fits with `data`. compute_context: where they run.

    Returns: an Anova: prints, and by `tidy()` is a frame: of models model, df_residual, deviance (of linear models the
        residual sum of squares), df, difference, statistic, p_value; with `data` term, df, deviance, aic, statistic, p_value.

    Raises: SpecError for models of different rows (it says which numbers differ), responses, weights, families or links;
        for robust or clustered ones, whose likelihood ratio is none: use `wald_test` or `anova()`; for models of equal
        degrees of freedom.

    See: docs/functions/models.md; R's `anova.glm`, `anova.lm`, `drop1`; statsmodels' `anova_lm`, `compare_f_test`.

    Example:
        >>> import pandas as pd, insitu
        >>> data = pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0, 5.0], "z": [1.0, 0.0, 1.0, 1.0, 0.0], "n": [1, 3, 2, 7, 9]})
        >>> small = insitu.rx_glm("n ~ x", data, family="poisson")
        >>> large = insitu.rx_glm("n ~ x + z", data, family="poisson")
        >>> insitu.rx_anova(small, large).tidy()[["model", "deviance", "df", "difference"]].round(4)
               model  deviance   df  difference
        0      n ~ x    1.4235  NaN         NaN
        1  n ~ x + z    1.3759  1.0      0.0475
    """
    if test not in (None, "chisq", "F"):
        raise SpecError(f"test is 'chisq' or 'F', and was given as {test!r}.")
    given = [as_model(each) for each in (model_object, *models)]
    if data is not None:
        if len(given) > 1:
            raise SpecError(
                "Give one model with data, whose terms are dropped, or several models without."
            )
        return _dropped(given[0], data, test, report_progress, compute_context)
    if len(given) == 1:
        if test is not None:
            raise SpecError(
                "The terms of one model are tested by Wald's test, which has no choice: leave test out."
            )
        return given[0].anova()
    return _compared(given, test)


def _compared(models: list[CoefficientModel], test: Test | None) -> Anova:
    """A row for each model, from the smallest, and the test of each against the one before it."""
    models = sorted(models, key=lambda model: -model.df[1])
    for smaller, larger in pairwise(models):
        _require_comparable(smaller, larger)
    test, scale, rest = _basis(models[-1], test)
    rows: list[dict[str, Any]] = []
    for i, model in enumerate(models):
        row = {"model": model.formula, "df_residual": model.df[1], "deviance": _deviance(model)}
        if i > 0:
            row["df"] = models[i - 1].df[1] - model.df[1]
            row["difference"] = _difference(models[i - 1], model)
        rows.append(row)
    _add_tests(rows[1:], test, scale, rest)
    columns = ["model", "df_residual", "deviance", "df", "difference", "statistic", "p_value"]
    frame = pd.DataFrame(rows, columns=columns)
    return Anova("Analysis of deviance", _notes(models[-1], test, scale), frame)


def _dropped(
    model: CoefficientModel,
    data: Any,
    test: Test | None,
    report_progress: int | None,
    context: RxComputeContext | str | None,
) -> Anova:
    """The model and, for each term that no other contains, the model without it."""
    _require_likelihood(model)
    test, scale, rest = _basis(model, test)
    first = {"term": "<none>", "deviance": _deviance(model), "aic": model.aic}
    rows: list[dict[str, Any]] = []
    for label in _droppable(model):
        smaller = _refitted(model, f"{model.formula} - {label}", data, report_progress, context)
        _require_comparable(smaller, model, ordered=False)
        row = {"term": label, "df": smaller.df[1] - model.df[1], "deviance": _deviance(smaller)}
        row |= {"aic": smaller.aic, "difference": _difference(smaller, model)}
        rows.append(row)
    _add_tests(rows, test, scale, rest)
    columns = ["term", "df", "deviance", "aic", "statistic", "p_value"]
    notes = [f"Model: {model.formula}", *_notes(model, test, scale)]
    return Anova("Single term deletions", notes, pd.DataFrame([first, *rows], columns=columns))


def _droppable(model: CoefficientModel) -> list[str]:
    """Labels of the terms whose elements are not all in another term."""
    described = _described(model)
    elements = [set(term["elements"]) for term in described["terms"]]
    labels = [
        str(term["label"])
        for term, own in zip(described["terms"], elements, strict=True)
        if not any(own < other for other in elements)
    ]
    if len(elements) == 1 and not described["intercept"]:
        raise SpecError("Without an intercept the only term of a formula cannot be dropped.")
    return labels


def _refitted(
    model: CoefficientModel,
    formula: str,
    data: Any,
    report_progress: int | None,
    context: RxComputeContext | str | None,
) -> CoefficientModel:
    """A model with another formula, otherwise fitted as this one was."""
    from .glm import rx_glm
    from .linear import rx_lin_mod

    kept: dict[str, Any] = {key: model.params[key] for key in _KEPT if key in model.params}
    kept |= {"report_progress": report_progress, "compute_context": context}
    if isinstance(model, GeneralizedLinearModel):
        family = replace(model.family, theta=None) if _estimates_theta(model) else model.family
        return rx_glm(formula, data, family=family, **kept)
    return rx_lin_mod(formula, data, **kept)


def _basis(model: CoefficientModel, test: Test | None) -> tuple[Test, float, float]:
    """The test, the dispersion it divides by, and that dispersion's degrees of freedom."""
    if isinstance(model, GeneralizedLinearModel):
        known = model.tests_are_normal
        return test or ("chisq" if known else "F"), model.dispersion, float(model.df[1])
    return test or "F", float(getattr(model, "residual_variance", math.nan)), float(model.df[1])


def _add_tests(rows: Sequence[dict[str, Any]], test: Test, scale: float, rest: float) -> None:
    """Statistics and p-values of differences."""
    for row in rows:  # without any dispersion there is no test
        scaled = row["difference"] / scale if scale > 0.0 else math.nan
        row["statistic"] = scaled / (row["df"] if test == "F" else 1)
    areas = tail_areas(
        [row["statistic"] for row in rows],
        [row["df"] for row in rows],
        [rest if test == "F" else None for _ in rows],
    )
    for row, area in zip(rows, areas, strict=True):
        row["p_value"] = area


def _estimates_theta(model: CoefficientModel) -> bool:
    return bool(model._model.get("theta_estimated"))


def _deviance(model: CoefficientModel) -> float:
    """What falls as terms are added; of different thetas deviances cannot be compared."""
    if isinstance(model, LinearModel):
        return model.residual_squares
    if _estimates_theta(model):
        return -2.0 * model.log_likelihood
    return float(getattr(model, "deviance", math.nan))


def _difference(smaller: CoefficientModel, larger: CoefficientModel) -> float:
    """By how much the deviance falls; SpecError if it rises."""
    before, after = _deviance(smaller), _deviance(larger)
    difference = before - after
    if difference < -_SAME * before:
        raise SpecError(
            f"{smaller.formula!r} is not nested in {larger.formula!r}, which has {larger.df[0] - smaller.df[0]} "
            f"coefficients more and the greater deviance ({after:.7g}, not {before:.7g})."
        )
    return max(0.0, difference)


def _notes(model: CoefficientModel, test: Test, scale: float) -> list[str]:
    statistic = "F" if test == "F" else "chi-squared"
    what = "Response: " + model.response
    if isinstance(model, GeneralizedLinearModel):
        what += f", family: {model._model['family']['title']}"
    over = (
        f"of deviances over a dispersion of {scale:.7g}"
        if scale > 0.0
        else "not defined: the dispersion is 0"
    )
    notes = [what, f"Statistic: {statistic}, {over}"]
    if _estimates_theta(model):
        notes.append(
            "Deviances: minus twice the log-likelihood, since each model has its own theta"
        )
    return notes


# ---- whether models can be compared ------------------------------------------------------------------------------------
def _require_likelihood(model: CoefficientModel) -> None:
    if model.cov_type != "classical":
        raise SpecError(
            f"{model.formula!r} has {model.cov_type} errors, with which a likelihood ratio is no test: use "
            "model.wald_test(…), or model.anova() for its terms."
        )
    if isinstance(model, GeneralizedLinearModel):
        if model.method == "firth":
            raise SpecError(
                f"{model.formula!r} is fitted by method='firth', whose deviance is not what it minimises: use "
                "model.wald_test(…), or fit by method='ml'."
            )
        if not model.converged:
            args.warn(f"{model.formula!r} has not converged: its deviance may be too large.")
    if model._model.get("cube"):
        raise SpecError("Cubes cannot be compared: fit with cube=False.")


def _require_comparable(
    smaller: CoefficientModel, larger: CoefficientModel, ordered: bool = True
) -> None:
    """SpecError unless both are fits of the same responses, and differ in their terms alone."""
    for model in (smaller, larger):
        _require_likelihood(model)
    if type(smaller) is not type(larger):
        raise SpecError(
            "A linear model cannot be compared with a generalised linear model: fit both by rx_glm."
        )
    one, other = smaller._model, larger._model
    for what, a, b in (
        ("responses", smaller.response, larger.response),
        ("families", _family(one), _family(other)),
        ("weights", _weights(one), _weights(other)),
    ):
        if a != b:
            raise SpecError(f"Models of different {what} cannot be compared: {a} and {b}.")
    _require_same_rows(smaller, larger)
    offsets = [_described(model)["offsets"] for model in (smaller, larger)]
    if offsets[0] != offsets[1]:
        args.warn(
            f"{smaller.formula!r} and {larger.formula!r} have different offsets: the test holds only if the models are nested."
        )
    if smaller.df[1] == larger.df[1] and ordered:
        raise SpecError(
            f"{smaller.formula!r} and {larger.formula!r} have {smaller.df[1]} residual degrees of freedom both: neither "
            "is nested in the other."
        )
    inner, outer = (
        {frozenset(term["elements"]) for term in _described(model)["terms"]}
        for model in (smaller, larger)
    )
    if not inner <= outer:
        args.warn(
            f"The terms of {smaller.formula!r} are not all in {larger.formula!r}: the test holds only if the models are nested."
        )


def _family(model: dict[str, Any]) -> str:
    family = model.get("family") or {"title": "gaussian-identity"}
    parameters = {key: family[key] for key in ("theta", "power") if family.get(key) is not None}
    if model.get("theta_estimated"):
        parameters["theta"] = "estimated"
    return str(family["title"]) + (f" {parameters}" if parameters else "")


def _weights(model: dict[str, Any]) -> str:
    return f"pweights={model.get('pweights')!r}, fweights={model.get('fweights')!r}"


def _require_same_rows(smaller: CoefficientModel, larger: CoefficientModel) -> None:
    """By counts, weights, and what depends on the responses alone."""
    pairs = [
        ("valid observations", smaller._number("n_valid_obs"), larger._number("n_valid_obs"), 0.0),
        ("sum of weights", smaller.sum_of_weights, larger.sum_of_weights, 1e-12),
        *_of_responses(smaller, larger),
    ]
    for what, a, b, tolerance in pairs:
        if math.isfinite(a) and math.isfinite(b) and abs(a - b) > tolerance * max(abs(a), abs(b)):
            raise SpecError(
                f"{smaller.formula!r} and {larger.formula!r} are not fitted to the same rows: their {what} are {a:.15g} "
                f"and {b:.15g}. Leave out rows with missing values before both fits (row_selection)."
            )


def _of_responses(
    smaller: CoefficientModel, larger: CoefficientModel
) -> list[tuple[str, float, float, float]]:
    """Numbers that fits of the same responses have in common, whatever their terms."""
    same_offsets = _described(smaller)["offsets"] == _described(larger)["offsets"]
    if isinstance(smaller, LinearModel):
        keys = ("total_squares", "y_var") if same_offsets else ()
        names = {
            "total_squares": "sums of squared responses",
            "y_var": "sums of squares about the mean",
        }
        return [(names[k], smaller._number(k), larger._number(k), _SAME) for k in keys]
    if _estimates_theta(smaller):  # on which the null deviance depends
        return []
    if same_offsets and smaller._model["intercept"] == larger._model["intercept"]:
        key = "null_deviance"
        return [("null deviances", smaller._number(key), larger._number(key), _SAME)]
    return []


def _described(model: CoefficientModel) -> dict[str, Any]:
    design = model._model["design"]
    found: dict[str, Any] = json.loads(
        _core.formula_describe(design["formula"], json.dumps(design["columns"]))
    )
    return found
