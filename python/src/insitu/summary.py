"""`rx_summary`: moments, counts of categories, and moments by category, in one pass."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from . import _core
from . import arguments as args
from .errors import SourceError, SpecError
from .results import Summary
from .results.summary import DEFAULT, DEFAULT_WEIGHTED, STATISTICS

if TYPE_CHECKING:
    from .contexts.base import RxComputeContext
    from .data import RxFileData
    from .data.source import Schema


@args.tolerant
def rx_summary(
    formula: str,
    data: Any,
    by_group_out_file: str | RxFileData | Sequence[str | RxFileData] | None = None,
    summary_stats: str | Sequence[str] | None = None,
    by_term: bool = True,
    pweights: str | None = None,
    fweights: str | None = None,
    row_selection: str | None = None,
    transforms: Mapping[str, str] | None = None,
    transform_objects: Mapping[str, Any] | None = None,
    transform_function: Any = None,
    transform_variables: Sequence[str] | None = None,
    transform_packages: Sequence[str] | None = None,
    transform_environment: Any = None,
    overwrite: bool = False,
    use_sparse_cube: bool | None = None,
    remove_zero_counts: bool | None = None,
    blocks_per_read: int | None = None,
    rows_per_block: int = 100000,
    report_progress: int | None = None,
    verbose: int = 0,
    compute_context: RxComputeContext | str | None = None,
    **kwargs: Any,
) -> Summary:
    """Summarises columns: moments of numbers, counts of categories, moments by cell of factors.

    Arguments:
        formula: `"~ x + f"`; a number gives moments, a factor its counts, `x:f` (or `y ~ f`) the moments of each
            cell and over all, `f:g` counts of cells, `.` all columns.
        data: a data frame, a path (Parquet, CSV) or a data source.
        by_group_out_file: path or source (or a list, one per set of factors) of a Parquet or CSV file for the frames
            by cell; several sets under one path get the suffixes 1, 2, ….
        summary_stats: of Mean, StdDev, Min, Max, ValidObs, MissingObs, Sum, SumOfWeights, MissingWeights; None
            takes the first six, with weights SumOfWeights and MissingWeights for the last two.
        by_term: leave out missing values term by term; False: rows with any missing value.
        pweights: name of a column of probability weights; the variance is Σw(x-m)²/Σw · n/(n-1).
        fweights: name of a column of frequency weights; equal to repeating rows.
        row_selection: an SQL expression; only rows where it is true are used.
        transforms: SQL expressions by the name of the new column.
        overwrite: replace existing files of `by_group_out_file`.
        remove_zero_counts: leave out cells without rows (default: `use_sparse_cube`).
        use_sparse_cube: default of `remove_zero_counts`.
        report_progress: 0 silent, 1 rows, 2 rows and times; None takes the option `reportProgress`.
        compute_context: where to compute; None takes the active context.
        transform_objects, transform_function, transform_variables, transform_packages, transform_environment:
            not supported in this version; given, they are a SpecError.
        blocks_per_read, rows_per_block, verbose: accepted, without effect.

    Returns: a Summary with `summary_data_frame` (a row per term), `categorical` (a frame per term with factors),
        `nobs_valid`, `nobs_missing`; it prints as the original does.

    Raises: SpecError (formula, unknown column or statistic), DataError (infinite values, negative weights),
        SourceError (data cannot be read, a file cannot be written).

    See: docs/functions/rx_summary.md.

    Example:
        >>> import pandas as pd, insitu
        >>> data = pd.DataFrame({"x": [1.0, 2.0, 4.0, None], "f": ["a", "b", "a", "b"]})
        >>> insitu.rx_summary("~ x", data).summary_data_frame[["Name", "Max", "ValidObs", "MissingObs"]]
          Name  Max  ValidObs  MissingObs
        0    x  4.0         3           1
    """
    given = args.changed(
        rx_summary, {k: v for k, v in locals().items() if k not in ("kwargs", "verbose")}
    )
    args.refuse("rx_summary", locals(), args.TRANSFORMS_INSTEAD)
    args.warn_unknown("rx_summary", kwargs)
    pweights, fweights = args.weights(pweights, fweights)
    text = args.formula_text(formula)
    formula = text if "~" in text else f"~{text}"
    spec = {
        "formula": formula,
        "by_term": bool(by_term),
        "pweights": pweights,
        "fweights": fweights,
    }
    statistics = chosen_statistics(summary_stats, weighted=bool(pweights or fweights))
    from .data import as_source
    from .fitting import run_fit

    source = as_source(data)
    if by_group_out_file is not None:
        schema = source.select(row_selection, transforms).schema()
        group_files(by_group_out_file, _factor_sets(formula, schema), overwrite)
    result = run_fit(
        "summary",
        spec,
        source,
        compute_context,
        row_selection=row_selection,
        transforms=transforms,
        report_progress=report_progress,
    )
    empty = use_sparse_cube if remove_zero_counts is None else remove_zero_counts
    result |= {
        "pweights": pweights,
        "fweights": fweights,
        "options": {"statistics": statistics, "remove_zero_counts": bool(empty)},
    }
    summary = Summary(
        result, call=args.call_text("rx_summary", given), data=source.description, params=given
    )
    args.emit(summary.warnings)
    if by_group_out_file is not None:
        write_group_files(summary, by_group_out_file, overwrite)
    return summary


def chosen_statistics(asked: str | Sequence[str] | None, weighted: bool) -> list[str]:
    """The statistics by their proper names; SpecError names one that does not exist.

    >>> chosen_statistics(["mean", "Sum"], weighted=False)
    ['Mean', 'Sum']
    """
    if asked is None:
        return list(DEFAULT_WEIGHTED if weighted else DEFAULT)
    proper = {name.lower(): name for name in STATISTICS}
    if not asked:
        raise SpecError(
            f"summary_stats asks for no statistic: choose among {', '.join(STATISTICS)}, or leave it out."
        )
    chosen = []
    for name in [asked] if isinstance(asked, str) else asked:
        if not isinstance(name, str) or name.lower() not in proper:
            raise SpecError(
                f"There is no statistic {name!r}; the choice is {', '.join(STATISTICS)}."
            )
        chosen.append(proper[name.lower()])
    return list(dict.fromkeys(chosen))


def write_group_files(summary: Summary, paths: Any, overwrite: bool) -> list[str]:
    """Writes one file per set of factors, of the moments and counts by cell; gives the paths."""
    tables = summary.by_group()
    names = group_files(paths, len(tables), overwrite)
    for name, table in zip(names, tables, strict=True):
        _write_whole(table, name)
    return names


def group_files(paths: Any, sets: int, overwrite: bool) -> list[str]:
    """The path of each set of factors; SpecError if one cannot be written."""
    if sets == 0:
        raise SpecError("by_group_out_file is given, but the formula has no term with factors.")
    if isinstance(paths, list | tuple):
        names = [_path(target) for target in paths]
    else:
        stem, ending = os.path.splitext(_path(paths))
        names = [f"{stem}{i if sets > 1 else ''}{ending}" for i in range(1, sets + 1)]
    if len(names) != sets:
        raise SpecError(
            f"by_group_out_file names {len(names)} files, and there are {sets} sets of factors."
        )
    for name in names:
        if os.path.splitext(name)[1].lower() not in (".parquet", ".csv"):
            raise SpecError(
                f"by_group_out_file writes .parquet and .csv files, and {name!r} is neither."
            )
        if os.path.exists(name) and not overwrite:
            raise SpecError(f"The file {name!r} exists: give overwrite=True to replace it.")
    return names


def _factor_sets(formula: str, schema: Schema) -> int:
    """How many sets of factors the terms of a summary have."""
    described = json.loads(_core.formula_describe(formula, json.dumps(schema.spec())))
    response = (described["response"],) if described["response_kind"] == "factor" else ()
    sets = {(*response, *(f["name"] for f in term["factors"])) for term in described["terms"]}
    return len((sets or {response}) - {()})


def _path(target: Any) -> str:
    """The path of a target, which may be a source of one file."""
    from .data import RxFileData

    path = target.file if isinstance(target, RxFileData) else target
    if not isinstance(path, str | os.PathLike):
        raise SpecError(
            "by_group_out_file is a path or a source of one Parquet or CSV file (or a list of these), and holds "
            f"an object of type {type(path).__name__}."
        )
    return os.fspath(path)


def _write_whole(table: pd.DataFrame, name: str) -> None:
    temporary = f"{name}.{secrets.token_hex(4)}.tmp"
    try:
        if name.lower().endswith(".csv"):
            table.to_csv(temporary, index=False)
        else:
            table.to_parquet(temporary, index=False)
        os.replace(temporary, name)
    except OSError as error:
        raise SourceError(f"{name!r} cannot be written: {error.strerror or error}.") from error
    finally:
        if os.path.exists(temporary):
            os.unlink(temporary)
