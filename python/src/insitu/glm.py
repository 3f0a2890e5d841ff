"""`rx_glm` and `rx_logit`: generalised linear models."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from numbers import Real
from typing import TYPE_CHECKING, Any, Literal

from . import arguments as args
from .errors import SpecError
from .families import Family, as_family, binomial
from .results import GeneralizedLinearModel

if TYPE_CHECKING:
    from .contexts.base import RxComputeContext

Tolerance = Literal["default", "tight"]
Method = Literal["ml", "firth"]
InitialValues = float | Sequence[float] | None
_MAX_ITERATIONS = 25
# What to do instead of what this version does not have.
_INSTEAD = {
    "cube": "fit without it; rx_lin_mod has cubes",
    "cube_predictions": "rx_lin_mod has cubes",
    "cov_data": "rx_lin_mod keeps it for the same predictors",
    "variable_selection": "choose the terms in the formula",
    "coef_label_style": "labels are the original's",
    **args.TRANSFORMS_INSTEAD,
}


@args.tolerant
def rx_glm(
    formula: str,
    data: Any,
    family: str | Family = "gaussian",
    pweights: str | None = None,
    fweights: str | None = None,
    offset: str | None = None,
    cube: bool = False,
    variable_selection: Any = None,
    row_selection: str | None = None,
    transforms: Mapping[str, str] | None = None,
    transform_objects: Mapping[str, Any] | None = None,
    transform_function: Any = None,
    transform_variables: Sequence[str] | None = None,
    transform_packages: Sequence[str] | None = None,
    transform_environment: Any = None,
    drop_first: bool = False,
    drop_main: bool | None = None,
    cov_coef: bool = False,
    compute_aic: bool = False,
    initial_values: InitialValues = None,
    coef_label_style: str | None = None,
    max_iterations: int | None = None,
    coefficent_tolerance: float = 1e-06,
    objective_function_tolerance: float = 1e-08,
    blocks_per_read: int | None = 1,
    report_progress: int | None = None,
    verbose: int = 0,
    compute_context: RxComputeContext | str | None = None,
    *,
    exposure: str | None = None,
    tolerance: Tolerance = "default",
    method: Method = "ml",
    cov_type: str | None = None,
    cluster: str | Sequence[str] | None = None,
    **kwargs: Any,
) -> GeneralizedLinearModel:
    """Fits a generalised linear model by iteratively reweighted least squares, where the data lives.

    Rows with a missing value in any used variable are left out and counted. Text, categories and booleans are
    factors, coded as `rx_lin_mod` codes them. A response that is a factor of two levels or a boolean counts as 1 for
    the second level, or for true.

    Arguments:
        formula: `"y ~ a + b"`, with `offset(x)` as a term where wanted; of a binomial family also
            `"cbind(success, failure) ~ a + b"`; see docs/formulas.md.
        data: a data frame (pandas, Polars, Arrow, DuckDB relation), a path (Parquet, CSV) or a data source.
        family: "gaussian", "binomial", "poisson", "Gamma", "inverse.gaussian", "quasibinomial", "quasipoisson", "quasi",
            "negative.binomial" (theta is estimated), with a link in parentheses where it is not the default:
            "binomial(probit)"; or a `Family`, as `insitu.families.tweedie(1.5)`, `insitu.families.quasi("log", "mu^2")`
            and `insitu.families.negative_binomial(theta)` give it.
        pweights: name of a column of prior weights (≥ 0): of a binomial share its number of trials.
        fweights: name of a column of frequency weights (whole numbers); equal to repeating rows.
        offset: name of a column that enters the linear predictor with coefficient 1; predictions need it too.
        row_selection: an SQL expression; only rows where it is true are used.
        transforms: SQL expressions by the name of the new column.
        drop_first: drop the first level of each factor instead of the last.
        drop_main: for `a*b`, drop redundant main effects before interactions (None: yes).
        cov_coef: keep the covariance of the coefficients; predictions need it for standard errors.
        initial_values: where to start: one number for all coefficients, or one for each, in the order of the fitted
            model's; None (or NaN) starts from the responses.
        max_iterations: most steps; None is 25. The model says whether it converged, and warns if not.
        coefficent_tolerance: largest change of a coefficient, over the largest coefficient; 0 leaves the test out.
        objective_function_tolerance: relative change of the deviance; 0 leaves the test out. Both tests must hold, and
            no step may exceed a thousandth of its standard error.
        report_progress: 0 silent, 1 rows, 2 rows and times; None takes the option `reportProgress`.
        verbose: 1 prints how the fit was computed.
        compute_context: where to compute; None takes the active context.
        exposure: name of a column of positive numbers, such as years: its logarithm is an offset. For the log link.
        tolerance: "tight" makes one more pass at the end, for standard errors to about 8 digits more.
        method: "ml" (maximum likelihood) or, of logistic regressions, "firth": the likelihood times the root of the
            information's determinant (Firth 1993; Heinze and Schemper 2002), whose estimates are finite also where the
            responses are separated. Up to 4,000 coefficients; it takes more passes.
        cov_type: of standard errors and tests: "classical" (of the model's variances); "HC0" to "HC3", which hold for
            rows of unequal variance; "cluster". All but the first take one more pass.
        cluster: name of a column, or of two, within whose values rows may depend on one another; tests have one degree
            of freedom less than there are clusters. Rows without a cluster are left out as missing.
        cube, variable_selection, coef_label_style, transform_objects, transform_function, transform_variables,
            transform_packages, transform_environment: not supported in this version; given, they are a SpecError.
        compute_aic, blocks_per_read: accepted, without effect; AIC is always computed.

    A level whose responses are all 0 (or all 1) has an infinite coefficient: a warning names it, and the others are
    those of the limit. Columns of numbers that separate the responses are named too; the model has then not converged.
    Means that lie at a bound of the family are counted in a warning: by rounding, where the link only approaches it (R's
    "fitted probabilities numerically 0 or 1 occurred"), or at the edge of what the link allows, as of identity and log.

    Returns: a GeneralizedLinearModel: coefficients, errors, tests, deviances, AIC and BIC; it prints, predicts, saves
        itself and gives data frames by `tidy()`, `glance()`, `augment(data)`.

    Raises: SpecError (formula, unknown column, family, link, option), DataError (a response that the family does not
        allow, infinite values, negative weights, no rows, one response only), NumericError (no solution), SourceError
        (data cannot be read).

    See: docs/functions/models.md; McCullagh and Nelder, Generalized Linear Models (1989).

    Example:
        >>> import pandas as pd, insitu
        >>> data = pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0, 5.0], "n": [1, 3, 2, 7, 9]})
        >>> model = insitu.rx_glm("n ~ x", data, family="poisson")
        >>> model.coefficients.round(4).to_dict()
        {'(Intercept)': -0.2652, 'x': 0.5023}
    """
    given = args.changed(
        rx_glm, {k: v for k, v in locals().items() if k not in ("kwargs", "verbose")}
    )
    args.refuse("rx_glm", locals(), _INSTEAD)
    args.warn_unknown("rx_glm", kwargs)
    spec = _spec(
        formula,
        as_family(family),
        (pweights, fweights),
        offset=offset,
        exposure=exposure,
        drop_first=drop_first,
        drop_main=drop_main,
        cov_coef=cov_coef,
        initial_values=initial_values,
        max_iterations=max_iterations,
        tolerances=(coefficent_tolerance, objective_function_tolerance),
        tolerance=tolerance,
        method=method,
        covariance=args.covariance(cov_type, cluster),
    )
    return _fitted(
        rx_glm, spec, given, data, compute_context, row_selection, transforms, report_progress, verbose
    )  # fmt: skip


@args.tolerant
def rx_logit(
    formula: str,
    data: Any,
    pweights: str | None = None,
    fweights: str | None = None,
    cube: bool = False,
    cube_predictions: bool = False,
    variable_selection: Any = None,
    row_selection: str | None = None,
    transforms: Mapping[str, str] | None = None,
    transform_objects: Mapping[str, Any] | None = None,
    transform_function: Any = None,
    transform_variables: Sequence[str] | None = None,
    transform_packages: Sequence[str] | None = None,
    transform_environment: Any = None,
    drop_first: bool = False,
    drop_main: bool | None = None,
    cov_coef: bool = False,
    cov_data: bool = False,
    initial_values: InitialValues = None,
    coef_label_style: str | None = None,
    blocks_per_read: int | None = None,
    max_iterations: int | None = None,
    coefficent_tolerance: float = 1e-06,
    gradient_tolerance: float = 1e-06,
    objective_function_tolerance: float = 1e-08,
    report_progress: int | None = None,
    verbose: int = 0,
    compute_context: RxComputeContext | str | None = None,
    *,
    tolerance: Tolerance = "default",
    method: Method = "ml",
    cov_type: str | None = None,
    cluster: str | Sequence[str] | None = None,
    **kwargs: Any,
) -> GeneralizedLinearModel:
    """Fits a logistic regression: `rx_glm` with the binomial family and the logit link.

    Arguments:
        formula: `"y ~ a + b"`; the response is a boolean, a factor of two levels (the second is the event), a number
            from 0 to 1 (with pweights as numbers of trials, if a share), or `cbind(success, failure)`.
        gradient_tolerance: accepted, without effect, as in the original.
        cube, cube_predictions, cov_data, variable_selection, coef_label_style, transform_objects, transform_function,
            transform_variables, transform_packages, transform_environment: not supported in this version; given, they
            are a SpecError.
        data, pweights, fweights, row_selection, transforms, drop_first, drop_main, cov_coef, initial_values,
            max_iterations, coefficent_tolerance, objective_function_tolerance, report_progress, verbose,
            compute_context, tolerance, method, cov_type, cluster, blocks_per_read: as `rx_glm`.

    Returns: a GeneralizedLinearModel.

    Raises: as `rx_glm`; also DataError for a factor of more than two levels.

    See: docs/functions/models.md.

    Example:
        >>> import pandas as pd, insitu
        >>> data = pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0], "won": [False, False, True, False, True, True]})
        >>> insitu.rx_logit("won ~ x", data).coefficients.round(4).to_dict()
        {'(Intercept)': -4.2491, 'x': 1.214}
    """
    given = args.changed(
        rx_logit, {k: v for k, v in locals().items() if k not in ("kwargs", "verbose")}
    )
    args.refuse("rx_logit", locals(), _INSTEAD)
    args.warn_unknown("rx_logit", kwargs)
    spec = _spec(
        formula,
        binomial(),
        (pweights, fweights),
        drop_first=drop_first,
        drop_main=drop_main,
        cov_coef=cov_coef,
        initial_values=initial_values,
        max_iterations=max_iterations,
        tolerances=(coefficent_tolerance, objective_function_tolerance),
        tolerance=tolerance,
        method=method,
        covariance=args.covariance(cov_type, cluster),
    )
    return _fitted(
        rx_logit, spec, given, data, compute_context, row_selection, transforms, report_progress, verbose
    )  # fmt: skip


def _spec(
    formula: str,
    family: Family,
    weights: tuple[str | None, str | None],
    *,
    drop_first: bool,
    drop_main: bool | None,
    cov_coef: bool,
    initial_values: InitialValues,
    max_iterations: int | None,
    tolerances: tuple[float, float],
    tolerance: str,
    method: str,
    covariance: dict[str, Any],
    offset: str | None = None,
    exposure: str | None = None,
) -> dict[str, Any]:
    """The fit's spec, of arguments that were checked."""
    pweights, fweights = args.weights(*weights)
    if tolerance not in ("default", "tight"):
        raise SpecError(f"tolerance is 'default' or 'tight', and was given as {tolerance!r}.")
    if method not in ("ml", "firth"):
        raise SpecError(f"method is 'ml' or 'firth', and was given as {method!r}.")
    iterations = _MAX_ITERATIONS if max_iterations is None else max_iterations
    for value in tolerances:
        if not (isinstance(value, Real) and 0.0 <= value < math.inf):
            raise SpecError(f"A tolerance is a number of at least 0, and was given as {value!r}.")
    return {
        "formula": args.formula_text(formula),
        "family": family.spec(),
        "offset": args.column_name("offset", offset),
        "exposure": args.column_name("exposure", exposure),
        "pweights": pweights,
        "fweights": fweights,
        "drop_first": bool(drop_first),
        "drop_main": drop_main is None or bool(drop_main),
        "cov_coef": bool(cov_coef),
        "initial_values": _start(initial_values),
        "max_iterations": args.whole_number("max_iterations", iterations),
        "coefficient_tolerance": float(tolerances[0]),
        "objective_function_tolerance": float(tolerances[1]),
        "tolerance": tolerance,
        "method": method,
        **covariance,
        "rows": None,
    }


def _start(values: InitialValues) -> float | list[float | None] | None:
    """Initial values as the engine takes them: NaN in place of one number is the start from the responses."""
    if values is None:
        return None
    if isinstance(values, float | Real):
        return None if math.isnan(values) else float(values)
    try:
        numbers = [float(value) for value in values]
    except (TypeError, ValueError):
        raise SpecError(
            f"initial_values are numbers, one for all coefficients or one for each, and are {values!r:.80}."
        ) from None
    return [None if math.isnan(number) else number for number in numbers]


def _fitted(
    function: Callable[..., Any],
    spec: dict[str, Any],
    given: dict[str, Any],
    data: Any,
    context: RxComputeContext | str | None,
    row_selection: str | None,
    transforms: Mapping[str, str] | None,
    report_progress: int | None,
    verbose: int,
) -> GeneralizedLinearModel:
    from .data import as_source
    from .fitting import print_explanation, run_fit

    source = as_source(data)
    result = run_fit(
        "glm",
        spec,
        source,
        context,
        row_selection=row_selection,
        transforms=transforms,
        report_progress=report_progress,
    )
    call = args.call_text(function.__name__, given)
    model = GeneralizedLinearModel(result, call=call, data=source.description, params=given)
    args.emit(model.warnings)
    if verbose:
        print_explanation(context)
    return model
