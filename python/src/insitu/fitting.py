"""The loop that fits every model: passes are pulled from the engine and run by a compute context."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from . import _core
from .data import as_source
from .errors import SpecError
from .options import RxOptions
from .progress import progress_bar

from . import _core
from .contexts.active import resolve_context
from .data import as_source
from .data.source import Schema, Source
from .errors import DataError, SpecError
from .options import RxOptions
from .progress import progress_bar

if TYPE_CHECKING:
    from .contexts.base import RxComputeContext
    from .data.sinks import Sink
    from .data.source import Schema, Source


def number(value: object) -> float:
    """A number as specs and results write it: null is NaN, and the infinities are words.

    Example:
        >>> number(None), number("-Infinity"), number(2)
        (nan, -inf, 2.0)
    """
    return math.nan if value is None else float(value)  # type: ignore[arg-type]


def numbers(values: Iterable[object]) -> list[float]:
    """`number` of each.

    Example:
        >>> numbers([1, None, "Infinity"])
        [1.0, nan, inf]
    """
    return [number(value) for value in values]


def run_fit(
    name: str,
    spec: Mapping[str, Any],
    source: Source | object,
    context: RxComputeContext | str | None = None,
    *,
    row_selection: str | None = None,
    transforms: Mapping[str, str] | None = None,
    report_progress: int | None = None,
) -> dict[str, Any]:
    """Fits the model `name`: pulls its passes and has a compute context run them.

    Arguments:
        name, spec: see "Interchange" in the architecture; "columns" (and "rows" of a linear model) are filled in here.
        source: a source, or anything of which `as_source` makes one.
        context: where to compute; None takes the active context.
        row_selection, transforms: SQL expressions, see `Source.select`.
        report_progress: 0 is silent; None takes the option.
    Returns: the result as plain data.
    Raises: the five errors of insitu; KeyboardInterrupt within a second of Ctrl-C, with nothing left running.

    Example:
        >>> result = run_fit("summary", {"formula": "~x"}, {"x": [1.0, 2.0, 4.0]})
        >>> result["terms"][0]["max"]
        4.0
    """
    where = resolve_context(context)
    rows_of = as_source(source).select(row_selection, transforms)
    full = dict(spec)
    full["columns"] = _used_columns(full, rows_of.schema())
    total = rows_of.row_count()
    if name == "linear" and total is not None:
        full.setdefault("rows", total)
    fit = _core.Fit(name, json.dumps(full))
    cache = None
    if name not in _ONE_PASS and rows_of.needs_cache:
        cache = _core.Cache(int(RxOptions.get_option("cacheBytes")))
    where.begin(rows_of)
    with progress_bar(name, total, report_progress) as progress:
        while (analysis := fit.next()) is not None:
            fit.accept(where.run(analysis, rows_of, cache=cache, progress=progress))
    result: dict[str, Any] = json.loads(fit.result())
    return result


# Fits that never read twice: nothing need be kept.
_ONE_PASS = frozenset({"summary"})


def _used_columns(spec: Mapping[str, Any], schema: Schema) -> list[dict[str, object]]:
    """The columns that a formula and its weights use; DataError if one of them cannot be read by any model."""
    formula = str(spec["formula"])
    weights = [spec[key] for key in ("pweights", "fweights") if spec.get(key)]
    every = [{"name": column.name, "kind": column.kind} for column in schema]
    used = [*_variables(formula, every), *weights]
    bad = [schema[name] for name in used if schema[name].problem is not None]
    if bad:
        # "." stands for the columns that can be used; a column that is named cannot be left out.
        usable = [{"name": column.name, "kind": column.kind} for column in schema if column.problem is None]
        try:
            used = [*_variables(formula, usable), *weights]
        except SpecError:
            raise DataError(str(bad[0].problem)) from None
        schema.require(used)
    return schema.spec(dict.fromkeys(used))


def _variables(formula: str, columns: list[dict[str, str]]) -> list[str]:
    described = json.loads(_core.formula_describe(formula, json.dumps(columns)))
    return list(dict.fromkeys([*described["variables"], *(described.get("response_variables") or [])]))


def run_map(
    name: str,
    spec: Mapping[str, Any],
    source: Source | object,
    sink: Sink,
    context: RxComputeContext | str | None = None,
    *,
    keep: Sequence[str] = (),
    output_names: Sequence[str] | None = None,
    row_selection: str | None = None,
    transforms: Mapping[str, str] | None = None,
    report_progress: int | None = None,
) -> tuple[Any, Mapping[str, Any]]:
    """Maps a source through the row function `name` to a sink, in order and in constant memory.

    Arguments:
        name, spec: see "Interchange" in the architecture.
        source, context, row_selection, transforms, report_progress: as `run_fit`.
        sink: where the rows go (`insitu.data.sinks`).
        keep: columns passed through, before the outputs. output_names: names of the outputs.
    Returns: what the sink makes, and what the row function noticed.
    Raises: as `run_fit`; the target is then as it was before.
    """
    where = resolve_context(context)
    rows_of = as_source(source).select(row_selection, transforms)
    function = _core.RowFunction(name, json.dumps(spec))
    where.begin(rows_of)
    with progress_bar(name, rows_of.row_count(), report_progress) as progress:
        return where.map(function, rows_of, sink, keep=keep, output_names=output_names, progress=progress)
