"""The loop that fits every model: passes are pulled from the engine and run by a compute context."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .contexts.base import RxComputeContext
    from .data.sinks import Sink
    from .data.source import Source


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
    """Fits the model `name`; see the architecture for specs ("columns" and "rows" are filled in here) and results."""
    raise NotImplementedError


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
    """Maps a source through the row function `name` to a sink; gives the sink's result and the function's notes."""
    raise NotImplementedError
