"""`rx_lin_mod`: the linear model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from . import arguments as args
from .errors import SpecError
from .results import LinearModel

if TYPE_CHECKING:
    from .contexts.base import RxComputeContext

Precision = Literal["auto", "double", "double-double"]


@args.tolerant
def rx_lin_mod(
    formula: str,
    data: Any,
    pweights: str | None = None,
    fweights: str | None = None,
    cube: bool = False,
    cube_predictions: bool = False,
    row_selection: str | None = None,
    transforms: Mapping[str, str] | None = None,
    transform_objects: Mapping[str, Any] | None = None,
    transform_function: Any = None,
    transform_variables: Sequence[str] | None = None,
    transform_packages: Sequence[str] | None = None,
    drop_first: bool = False,
    drop_main: bool | None = True,
    cov_coef: bool = False,
    cov_data: bool = False,
    blocks_per_read: int | None = 1,
    report_progress: int | None = None,
    verbose: int = 0,
    compute_context: RxComputeContext | str | None = None,
    *,
    precision: Precision = "auto",
    cov_type: str | None = None,
    cluster: str | Sequence[str] | None = None,
    **kwargs: Any,
) -> LinearModel:
    """Fits a linear model by (weighted) least squares, where the data lives.

    Rows with a missing value in any used variable are left out and counted. Text, categories and booleans are
    factors; of each factor one level is dropped: the last, unless it is empty or the system is singular, then the
    first of all factors.

    Arguments:
        formula: `"y ~ a + b"`; see docs/formulas.md for `a:b`, `a*b`, `F(x)`, `I(x^2)`, `log(x)`, `-1`, ….
        data: a data frame (pandas, Polars, Arrow, DuckDB relation), a path (Parquet, CSV) or a data source.
        pweights: name of a column of probability weights (≥ 0); degrees of freedom count rows.
        fweights: name of a column of frequency weights (whole numbers); equal to repeating rows.
        cube: the first term, a factor or an interaction of factors, keeps all its levels; no intercept.
        cube_predictions: `count_df` of a cube holds predictions at the means of the other variables, not coefficients.
        row_selection: an SQL expression; only rows where it is true are used.
        transforms: SQL expressions by the name of the new column.
        drop_first: drop the first level of each factor instead of the last.
        drop_main: for `a*b`, drop redundant main effects before interactions.
        cov_coef: keep the covariance of the coefficients; predictions need it for standard errors. Not of a cube.
        cov_data: keep the covariance of the expanded predictors; only with an intercept, not of a cube.
        report_progress: 0 silent, 1 rows, 2 rows and times; None takes the option `reportProgress`.
        verbose: 1 prints how the fit was computed.
        compute_context: where to compute; None takes the active context.
        precision: "auto" computes again in double-double where double would keep too few digits;
            "double" or "double-double" decide it.
        cov_type: of standard errors and tests: "classical" (of the model's variances); "HC0" to "HC3", which hold for
            rows of unequal variance (HC1 as Stata's `robust`); "cluster". All but the first take one more pass.
        cluster: name of a column, or of two, within whose values rows may depend on one another; tests have one degree
            of freedom less than there are clusters. Rows without a cluster are left out as missing.
        transform_objects, transform_function, transform_variables, transform_packages: not supported in this
            version; given, they are a SpecError.
        blocks_per_read: accepted, without effect.

    Returns: a LinearModel: coefficients, errors, tests, R², AIC and BIC; it prints, predicts, saves itself and
        gives data frames by `tidy()`, `glance()`, `augment(data)`.

    Raises: SpecError (formula, unknown column, option), DataError (infinite values, negative weights, no rows),
        NumericError, SourceError (data cannot be read).

    See: docs/functions/models.md; of robust errors White (1980), MacKinnon and White (1985), Cameron, Gelbach and Miller
        (2011).

    Example:
        >>> import pandas as pd, insitu
        >>> data = pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0], "y": [1.0, 3.0, 2.0, 5.0]})
        >>> model = insitu.rx_lin_mod("y ~ x", data)
        >>> model.coefficients.round(4).to_dict()
        {'(Intercept)': 0.0, 'x': 1.1}
    """
    given = args.changed(
        rx_lin_mod, {k: v for k, v in locals().items() if k not in ("kwargs", "verbose")}
    )
    args.refuse("rx_lin_mod", locals(), args.TRANSFORMS_INSTEAD)
    args.warn_unknown("rx_lin_mod", kwargs)
    names = args.weights(pweights, fweights)
    if precision not in ("auto", "double", "double-double"):
        raise SpecError(
            f"precision is 'auto', 'double' or 'double-double', and was given as {precision!r}."
        )
    spec = {
        "formula": args.formula_text(formula),
        "pweights": names[0],
        "fweights": names[1],
        "drop_first": bool(drop_first),
        "drop_main": drop_main is None or bool(drop_main),
        "cube": bool(cube),
        "cov_coef": bool(cov_coef) and not cube,
        "cov_data": bool(cov_data) and not cube,
        "precision": precision,
        **args.covariance(cov_type, cluster),
        "rows": None,
    }
    from .data import as_source
    from .fitting import print_explanation, run_fit

    source = as_source(data)
    result = run_fit(
        "linear",
        spec,
        source,
        compute_context,
        row_selection=row_selection,
        transforms=transforms,
        report_progress=report_progress,
    )
    result["cube_predictions"] = bool(cube and cube_predictions)
    model = LinearModel(
        result, call=args.call_text("rx_lin_mod", given), data=source.description, params=given
    )
    args.emit(model.warnings)
    if verbose:
        print_explanation(compute_context)
    return model
