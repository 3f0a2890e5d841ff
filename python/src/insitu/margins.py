"""`rx_margins`: average marginal effects of a fitted model, computed where the rows are."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from numbers import Real
from typing import TYPE_CHECKING, Any, Literal

from . import _core
from . import arguments as args
from .errors import SpecError
from .predict import Request, as_model
from .results import CoefficientModel, Margins
from .results.model_layout import covariance_line

if TYPE_CHECKING:
    from .contexts.base import RxComputeContext
    from .data.source import Source

Variables = str | Sequence[str] | Mapping[str, Sequence[Any] | None] | None


@args.tolerant
def rx_margins(
    model_object: Any,
    data: Any,
    variables: Variables = None,
    at: Mapping[str, Any] | None = None,
    type: Literal["response", "link"] = "response",
    confidence_level: float = 0.95,
    row_selection: str | None = None,
    report_progress: int | None = None,
    verbose: int = 0,
    compute_context: RxComputeContext | str | None = None,
) -> Margins:
    """Average marginal effects: by how much the prediction changes with each variable, on average over the rows.

    Of a number it is the mean of the derivative of the prediction, whatever the terms and functions of the formula that it
    is in. Of a factor it is the mean prediction with all rows at a level less that with all rows at the first level. Rows
    count by the model's weights. Errors are by the delta method, with the model's covariance (classical, robust or
    clustered); the rows are taken as given. Tests and intervals are as the model's: normal or Student's.

    Rows with a missing predictor or weight are left out, and those with a missing response if the data have the response,
    so that the rows of the fit give what other programs average over. The fit's `transforms` are applied where the data
    lack their columns; its `row_selection` is not.

    Arguments:
        model_object: a LinearModel or GeneralizedLinearModel fitted with `cov_coef=True`, or the bytes of one.
        data: the rows to average over: a data frame, a path (Parquet, CSV) or a data source.
        variables: names of columns; or values to compare by name, {"treated": [0, 1], "f": ["c", "a", "b"]}: each with
            the first (None: as without values). None takes all columns that have a coefficient.
        at: values to hold columns at in all rows, {"x": 10.0, "f": "a"}.
        type: "response" (the mean) or "link" (the linear predictor).
        confidence_level: of the intervals, between 0 and 1.
        row_selection: an SQL expression; only rows where it is true are averaged over.
        report_progress: 0 silent, 1 rows, 2 rows and times; None takes the option `reportProgress`.
        verbose: 1 prints how it was computed.
        compute_context: where to compute; None takes the active context.

    Returns: a Margins: prints, and by `tidy()` is a frame with variable, contrast ("dy/dx", "b - a"), effect, std_error,
        statistic, p_value, conf_low, conf_high. An effect that does not exist in some row (a derivative that is not
        finite, levels that the fit never saw together) is NaN, with a warning.

    Raises: SpecError (no covariance; a column that the predictors do not read; a level that the model does not know; a
        formula that steps with the variable, as `floor(x)`), DataError (infinite values, no rows), SourceError (data
        cannot be read).

    See: docs/functions/models.md; Stata's `margins`, R's `marginaleffects::avg_slopes`, statsmodels' `get_margeff`.

    Example:
        >>> import pandas as pd, insitu
        >>> data = pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0], "f": list("aabbab"), "n": [1, 3, 2, 7, 9, 8]})
        >>> model = insitu.rx_glm("n ~ x + f", data, family="poisson", cov_coef=True)
        >>> insitu.rx_margins(model, data).tidy()[["variable", "contrast", "effect"]].round(4)
          variable contrast  effect
        0        x    dy/dx  1.9424
        1        f    b - a -1.3978
    """
    from .data import as_source
    from .fitting import print_explanation, run_fit

    model = as_model(model_object)
    held = _held(at)
    if model._model.get("cube"):
        raise SpecError("A cube keeps no covariance for marginal effects: fit with cube=False.")
    if model._model.get("cov_coef") is None:
        raise SpecError(
            "Errors of marginal effects need the covariance of the coefficients: fit the model with cov_coef=True."
        )
    source = as_source(data)
    transforms, response = _prepared(model, source)
    spec = {
        "model": model.scoring_model(covariance=True),
        "variables": _variables(variables),
        "at": held,
        "type": type,
        "response": response,
        "conf_level": confidence_level,
        "rows": None,
    }
    result = run_fit(
        "margins",
        spec,
        source,
        compute_context,
        row_selection=row_selection,
        transforms=transforms,
        report_progress=report_progress,
    )
    margins = Margins(
        result, formula=model.formula, at=dict(at or {}), covariance=covariance_line(model)
    )
    args.emit(margins.warnings)
    if verbose:
        print_explanation(compute_context)
    return margins


def _prepared(model: CoefficientModel, source: Source) -> tuple[dict[str, str] | None, bool]:
    """The fit's transforms that these rows need, and whether they then have the response."""
    design = model._model["design"]
    described = json.loads(_core.formula_describe(design["formula"], json.dumps(design["columns"])))
    response = set(described["response_variables"])
    columns = [column["name"] for column in design["columns"]]
    request = Request(model)
    try:
        transforms = request.transforms(source, columns)
        schema = source.select(None, transforms).schema()
        if all(name in schema for name in response):
            return transforms, True
    except SpecError:  # the response's own columns are not there
        pass
    return request.transforms(source, [name for name in columns if name not in response]), False


def _variables(given: Variables) -> list[dict[str, Any]] | None:
    """As the engine takes them."""
    if given is None:
        return None
    if isinstance(given, str):
        given = [given]
    asked: Mapping[Any, Any] = given if isinstance(given, Mapping) else dict.fromkeys(given)
    result = []
    for name, values in asked.items():
        if not isinstance(name, str):
            raise SpecError(f"A variable is the name of a column, and is {name!r:.40}.")
        if values is not None and (isinstance(values, str) or not isinstance(values, Sequence)):
            raise SpecError(
                f"The values of {name!r} to compare are a list, and are {values!r:.60}."
            )
        chosen = None if values is None else [_value(name, value) for value in values]
        result.append({"column": name, "values": chosen})
    if not result:
        raise SpecError("variables names no column: leave it out for all of them.")
    return result


def _held(at: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    if at is None:
        return []
    if not isinstance(at, Mapping):
        raise SpecError(f"at gives values by the name of a column, and is {at!r:.60}.")
    return [{"column": name, "value": _value(name, value)} for name, value in at.items()]


def _value(name: object, value: Any) -> float | str:
    """A value of a column as the engine takes it: a number, or a level by its label."""
    if isinstance(value, bool) or type(value).__name__ == "bool_":
        return "True" if value else "False"
    if isinstance(value, Real):
        return float(value)
    if isinstance(value, str):
        return value
    raise SpecError(f"A value of {name!r} is a number or a level, as text, and is {value!r:.60}.")
