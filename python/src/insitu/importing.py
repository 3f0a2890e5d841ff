"""`rx_import`: rows of any source as a data frame, or written to another place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd
import pyarrow as pa

from . import arguments as args
from .data import Source, as_source, to_pandas
from .data.source import Stream
from .data.typed import name_list
from .errors import SourceError, SpecError
from .waiting import run_aside


@args.tolerant
def rx_import(
    input_data: Any,
    output_file: Any = None,
    vars_to_keep: Sequence[str] | None = None,
    vars_to_drop: Sequence[str] | None = None,
    row_selection: str | None = None,
    transforms: Mapping[str, str] | None = None,
    transform_objects: Mapping[str, Any] | None = None,
    transform_function: Any = None,
    transform_variables: Sequence[str] | None = None,
    transform_packages: Sequence[str] | None = None,
    append: str | None = None,
    overwrite: bool = False,
    number_rows: int | None = None,
    strings_as_factors: bool | None = None,
    column_classes: Mapping[str, str] | None = None,
    column_info: Mapping[str, Mapping[str, Any]] | None = None,
    rows_per_read: int | None = None,
    type: str | None = None,
    max_rows_by_columns: int | None = None,
    report_progress: int | None = None,
    verbose: int | None = None,
    xdf_compression_level: int | None = None,
    create_composite_set: bool | None = None,
    blocks_per_composite_file: int | None = None,
    **kwargs: Any,
) -> Any:
    """Reads any data into a data frame, or writes them to a file or table.

    Whole numbers with missing values come as nullable Int64, factors as Categorical; nothing is a sentinel and nothing is truncated
    unless `max_rows_by_columns` asks for it.

    Arguments:
        input_data: a data frame, a path of Parquet or CSV files, or a data source.
        output_file: None gives a data frame; a Parquet or CSV path or a source with a table is written and returned.
        vars_to_keep, vars_to_drop: names of columns; at most one of the two.
        row_selection, transforms: SQL expressions in DuckDB's dialect.
        append, overwrite: as in `rx_predict`.
        number_rows: rows to read at most; None or -1 reads all.
        strings_as_factors: text columns become Categorical with sorted levels.
        column_info, column_classes: types and levels of the columns of a path or frame; a source has its own.
        max_rows_by_columns: cells of a data frame at most; beyond it rows are cut off, with a warning.
        The other arguments of revoscalepy are accepted and have no effect.

    Returns: a pandas data frame, or the source that was written.

    Raises: SpecError for arguments that contradict each other, SourceError if the data cannot be read or written.

    See: docs/functions/sources.md.

    Example:
        >>> import pandas as pd
        >>> frame = rx_import(pd.DataFrame({"x": [1, 2, 3], "f": ["a", "b", "a"]}), row_selection="x > 1", strings_as_factors=True)
        >>> frame["x"].tolist(), frame["f"].cat.categories.tolist()
        ([2, 3], ['a', 'b'])
    """
    args.refuse("rx_import", locals(), args.TRANSFORMS_INSTEAD)
    args.warn_unknown("rx_import", kwargs)
    source = _source(
        input_data, {"column_info": column_info, "column_classes": column_classes}
    ).select(row_selection, transforms)
    columns = chosen_columns(source, vars_to_keep, vars_to_drop)
    limit = None if number_rows is None or number_rows < 0 else int(number_rows)
    if output_file is not None:
        return _write(source, columns, limit, output_file, overwrite, append)
    table = _read(source, columns, limit, max_rows_by_columns)
    frame = to_pandas(table, source.schema())
    if strings_as_factors:
        frame = _factors(frame)
    if (
        isinstance(input_data, pd.DataFrame)
        and row_selection is None
        and len(frame) == len(input_data)
    ):
        frame.index = input_data.index
    return frame


def _source(data: Any, options: Mapping[str, Any]) -> Source:
    given = {name: value for name, value in options.items() if value}
    if not isinstance(data, Source):
        return as_source(data, **given)
    if given:
        raise SpecError(
            f"{next(iter(given))} belongs to the data source: give it to {type(data).__name__}."
        )
    return data


def chosen_columns(
    source: Source, keep: str | Sequence[str] | None, drop: str | Sequence[str] | None
) -> list[str]:
    """The columns to read, in the source's order, by the names that they have now.

    Raises: SpecError for both arguments at once or a name that does not exist, DataError for a column to keep that no
    model can read.
    """
    if keep and drop:
        raise SpecError("vars_to_keep and vars_to_drop were both given: use one of them.")
    schema = source.schema()
    kept, dropped = set(name_list(keep or ())), set(name_list(drop or ()))
    schema.require(kept)
    for name in dropped:
        schema.index_of(name)
    if kept:
        return [name for name in schema.names if name in kept]
    return [c.name for c in schema if c.problem is None and c.name not in dropped]


def _read(source: Source, columns: list[str], limit: int | None, cells: int | None) -> pa.Table:
    """The rows, cut off with one warning where they would be more cells than allowed."""
    allowed = None if cells is None or cells < 0 else cells // max(1, len(columns))
    if allowed is None or (limit is not None and limit <= allowed):
        return source.to_arrow(columns, limit)
    table = source.to_arrow(columns, allowed + 1)  # one more shows that there are more
    if table.num_rows > allowed:
        table = table.slice(0, allowed)
        args.warn(
            f"rx_import gives the first {allowed:,} rows and leaves out the others: max_rows_by_columns allows {cells:,} cells."
        )
    return table


def _factors(frame: pd.DataFrame) -> pd.DataFrame:
    from .data.frames import sorted_levels

    for name in frame:
        column = frame[name]
        if pd.api.types.is_string_dtype(column.dtype) or column.dtype == object:
            levels = sorted_levels({str(value) for value in column.dropna().unique()})
            frame[name] = pd.Categorical(column, categories=levels)
    return frame


def _write(
    source: Source,
    columns: list[str],
    limit: int | None,
    output: Any,
    overwrite: bool,
    append: str | None,
) -> Any:
    from .data.sinks import as_sink, refuse_input

    refuse_input(output, source)
    sink = as_sink(output, overwrite=overwrite, append=append)
    with sink.opened():
        stream = source.stream(columns)
        try:
            reader = _first(stream, limit)
            return run_aside(lambda: sink.write(reader), stream.cancel)
        except (pa.ArrowException, OSError) as error:
            if stream.error is not None:
                raise stream.error from error
            if isinstance(error, SourceError):
                raise
            raise source.read_error(str(error)) from error
        finally:
            stream.close()


def _first(stream: Stream, rows: int | None) -> pa.RecordBatchReader:
    """The stream's first rows (None: all of them)."""
    schema = stream.reader().schema

    def batches() -> Iterator[pa.RecordBatch]:
        left = rows
        for batch in stream.batches():
            if left is None:
                yield batch
                continue
            if left <= 0:
                return
            yield batch.slice(0, left)
            left -= batch.num_rows

    return pa.RecordBatchReader.from_batches(schema, batches())
