"""Where rows go: each target appears whole or not at all."""

from __future__ import annotations

from typing import Any, Protocol

import pyarrow as pa


class Sink(Protocol):
    """Takes a reader to its end and gives what the user gets: a frame, or the source that was written."""

    def write(self, reader: pa.RecordBatchReader) -> Any: ...


def as_sink(
    output_data: object,
    *,
    overwrite: bool = False,
    append: str | None = None,
) -> Sink:
    """The sink for a path, a source (RxParquetData, RxSqlServerData …), or None ("pandas" and "arrow" name frames)."""
    raise NotImplementedError
