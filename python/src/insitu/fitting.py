"""The loop that fits every model: passes are pulled from the engine and run by a compute context."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from . import _core
from .data import as_source
from .errors import ReadConflictError, SpecError
from .options import RxOptions
from .progress import Progress, progress_bar
from .waiting import run_aside

if TYPE_CHECKING:
    from .contexts.base import RxComputeContext
    from .data.sinks import Sink
    from .data.source import Schema, Source

# Fits that never read twice: nothing need be kept for them.
_ONE_PASS = frozenset({"summary", "margins"})
# Arguments of a spec that are names of columns.
_COLUMN_ARGUMENTS = ("pweights", "fweights", "offset", "exposure")
# How often a fit begins when a database takes back its snapshot.
_READINGS = 3


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
    """Fits the model `name`.

    Arguments:
        name: of the fit in the registry. spec: what docs/architecture.md says of it; "columns" is filled in here, and
            "rows" where the spec has that key.
        source: rows, as `as_source` takes them. context: where to compute; None is the active one.
        row_selection, transforms: see `Source.select`.
        report_progress: 0 shows no bar; None takes the option `reportProgress`.
    Returns: the result as plain data.
    Raises: SpecError, DataError, NumericError from the fit; SourceError where rows cannot be read.

    Example:
        >>> spec = {"formula": "y ~ x", "rows": None}
        >>> run_fit("linear", spec, {"x": [0.0, 1.0, 2.0], "y": [1.0, 2.0, 3.0]})["rank"]
        2
    """
    from .contexts.active import resolve

    selected = as_source(source).select(row_selection, transforms)
    chosen = resolve(context).serving(selected)
    for attempt in range(_READINGS):
        try:
            return _fit_once(name, spec, selected, chosen, report_progress)
        except ReadConflictError:  # all passes see one snapshot: they begin anew
            if attempt + 1 == _READINGS:
                raise
    raise AssertionError("unreachable")


def _as_json(spec: Mapping[str, Any]) -> str:
    """As the engine reads it; SpecError where an argument holds a number that is none."""
    for key, value in spec.items():
        try:
            json.dumps(value, allow_nan=False)
        except ValueError:
            raise SpecError(f"{key} holds a number that is not finite: {value!r:.80}.") from None
    return json.dumps(spec)


def _fit_once(
    name: str,
    spec: Mapping[str, Any],
    source: Source,
    context: RxComputeContext,
    report_progress: int | None,
) -> dict[str, Any]:
    """All passes of a fit over one snapshot of the source."""
    with source.reading(f"run {name}"):
        schema = source.schema()
        _require_usable(schema, spec)
        full = {**spec, "columns": _columns(schema, spec)}
        if "rows" in spec:
            full["rows"] = source.expected_rows()
        if context.frugal and full.get("precision") == "auto":
            full["precision"] = "needed"
        fit = _core.Fit(name, _as_json(full))
        with progress_bar(report_progress, source) as progress:
            _run_passes(fit, name, _columns_of(full), source, context, progress)
    result: dict[str, Any] = json.loads(fit.result())
    return result


def _run_passes(
    fit: _core.Fit,
    name: str,
    needed: Sequence[str],
    source: Source,
    context: RxComputeContext,
    progress: Progress | None,
) -> None:
    """The loop of every fit: it hands out passes, and takes what each ends in."""
    cache = None
    while (analysis := fit.next()) is not None:
        more = not set(needed) <= set(json.loads(analysis.describe())["columns"])
        if cache is None and source.needs_cache and (more or name not in _ONE_PASS):
            cache = _core.Cache(int(RxOptions.get_option("cacheBytes")))
        ahead = needed if more else ()  # a pass over the levels: the next one reads the rest
        state = context.run(analysis, source, cache=cache, progress=progress, ahead=ahead)
        run_aside(partial(fit.accept, state), fit.cancel)


def _columns(schema: Schema, spec: Mapping[str, Any]) -> list[dict[str, object]]:
    """The columns as specs list them; frequency weights are marked as whole numbers."""
    return [
        {**column, "whole": True} if column["name"] == spec.get("fweights") else column
        for column in schema.spec()
    ]


def _named(spec: Mapping[str, Any]) -> list[str]:
    """The columns that a spec names beside its formula."""
    single = [str(spec[key]) for key in _COLUMN_ARGUMENTS if spec.get(key)]
    return [*single, *(spec.get("clusters") or ())]


def _columns_of(full: Mapping[str, Any]) -> list[str]:
    """The columns that a fit of this spec reads in all; none where it has no formula, but a model that says so."""
    if "formula" not in full:
        return []
    columns = json.dumps(full["columns"])
    formula = json.loads(_core.formula_describe(str(full["formula"]), columns))
    return list(dict.fromkeys([*formula["variables"], *_named(full)]))


def print_explanation(context: RxComputeContext | str | None) -> None:
    """Prints how the context computed what it computed last; for verbose=1."""
    from .contexts import rx_get_compute_context

    active = rx_get_compute_context() if context is None else context
    if not isinstance(active, str):
        print(active.explain())


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
    """Maps a source through the row function `name` to a sink; gives the sink's result and the function's notes.

    Arguments: as `run_fit`; keep: columns passed through; output_names: what the outputs are called.
    Raises: SpecError, DataError from the function; SourceError where rows cannot be read or written.
    """
    from .contexts.active import resolve

    selected = as_source(source).select(row_selection, transforms)
    chosen = resolve(context).serving(selected)
    function = _core.RowFunction(name, _as_json(spec))
    with (
        selected.reading(f"map {name}"),
        progress_bar(report_progress, selected) as progress,
    ):
        return chosen.map(
            function, selected, sink, keep=keep, output_names=output_names, progress=progress
        )


def _require_usable(schema: Schema, spec: Mapping[str, Any]) -> None:
    """Refuses a formula or weight that uses a column whose type cannot be read."""
    unusable = [column for column in schema if column.problem is not None]
    formula = str(spec.get("formula", ""))
    named = set(_named(spec))
    if not unusable:
        return
    columns = [{"name": column.name, "kind": column.kind} for column in schema]
    try:
        named |= set(json.loads(_core.formula_describe(formula, json.dumps(columns)))["variables"])
    except SpecError:
        return  # the fit says it better
    if re.search(r"(^|[~+\s])\.($|[\s+])", formula):  # "." stands for the columns that can be used
        named -= {column.name for column in unusable if column.name not in formula}
    schema.require(column.name for column in unusable if column.name in named)
