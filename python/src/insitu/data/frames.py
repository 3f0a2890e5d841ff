"""Rows that another library holds: pandas, Polars, pyarrow, DuckDB relations, anything with the Arrow PyCapsule interface."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds

from ..errors import DataError, SourceError, SpecError
from .categories import given_levels, stated_categories
from .embedded import listed, relation_fields, relation_stream
from .source import Column, Schema, Stream
from .typed import RxDataSource, mapped
from .types import is_text, label

if TYPE_CHECKING:
    import pandas as pd

# Rows of one batch cut from memory: small enough to show progress and to be cancelled, without copies.
BATCH_ROWS = 1 << 18


class FrameSource(RxDataSource):
    """Rows in memory, read where they are; made by `as_source`."""

    in_memory = True

    def __init__(
        self, frame: Any, column_info: Mapping[str, Mapping[str, Any]] | None = None, **options: Any
    ) -> None:
        super().__init__(column_info, **options)
        self.frame = frame

    @property
    def data_name(self) -> str:
        module = type(self.frame).__module__.split(".")[0]
        return f"{module} {type(self.frame).__name__}"

    def row_count(self) -> int | None:
        for count in ("num_rows", "height"):
            if isinstance(getattr(self.frame, count, None), int):
                return int(getattr(self.frame, count))
        return None


class ArrowSource(FrameSource):
    """A pyarrow Table, or any object whose stream can be opened again and again."""

    def _open_frame(self, names: Sequence[str] | None) -> Any:
        if names is not None and hasattr(self.frame, "select"):
            return self.frame.select(list(names))
        return self.frame

    def _fields(self) -> tuple[list[tuple[str, pa.DataType]], dict[str, Sequence[str]]]:
        schema = _schema_of(self.frame)
        fields = _unique([(field.name, field.type) for field in schema])
        return fields, _table_levels(self.frame) if isinstance(self.frame, pa.Table) else {}

    def _scan(self, names: Sequence[str]) -> Stream:
        if isinstance(self.frame, pa.Table):
            table = self.frame.select([self.frame.column_names.index(name) for name in names])
            return Stream(_no_columns(table, BATCH_ROWS), keep=table)
        reader = pa.RecordBatchReader.from_stream(self.frame)
        return _picked(Stream(reader, keep=self.frame), names, reader.schema)


class OnceSource(ArrowSource):
    """A stream that can be read once: a RecordBatchReader, or a bare Arrow C stream."""

    in_memory = False
    can_reread = False

    def __init__(
        self, frame: Any, column_info: Mapping[str, Mapping[str, Any]] | None = None, **options: Any
    ) -> None:
        super().__init__(frame, column_info, **options)
        self._used = False

    def _fields(self) -> tuple[list[tuple[str, pa.DataType]], dict[str, Sequence[str]]]:
        return _unique([(field.name, field.type) for field in self.frame.schema]), {}

    def row_count(self) -> int | None:
        return None

    def _scan(self, names: Sequence[str]) -> Stream:
        if self._used:
            raise SourceError(
                "This stream of record batches can be read only once and was read before:"
                " give a table (reader.read_all()), a file or a database table instead."
            )
        self._used = True
        return _picked(Stream(self.frame), names, self.frame.schema)


class DatasetSource(FrameSource):
    """A pyarrow Dataset."""

    in_memory = False

    def _fields(self) -> tuple[list[tuple[str, pa.DataType]], dict[str, Sequence[str]]]:
        return _unique([(field.name, field.type) for field in self.frame.schema]), {}

    def row_count(self) -> int | None:
        return None

    def _scan(self, names: Sequence[str]) -> Stream:
        scanner = self.frame.scanner(
            columns=list(names), batch_size=BATCH_ROWS, batch_readahead=4, fragment_readahead=2
        )
        return Stream(scanner.to_reader(), keep=scanner)


class PolarsSource(FrameSource):
    """A Polars DataFrame, or a LazyFrame that is collected anew for each pass."""

    def __init__(
        self, frame: Any, column_info: Mapping[str, Mapping[str, Any]] | None = None, **options: Any
    ) -> None:
        super().__init__(frame, column_info, **options)
        self.in_memory = not hasattr(frame, "collect")

    def _fields(self) -> tuple[list[tuple[str, pa.DataType]], dict[str, Sequence[str]]]:
        schema = self.frame.collect_schema()
        empty = schema.to_frame() if hasattr(schema, "to_frame") else self.frame.head(0)
        levels: dict[str, Sequence[str]] = {
            name: list(dtype.categories)
            for name, dtype in schema.items()
            if type(dtype).__name__ == "Enum"
        }
        return [(name, self._arrow_type(empty, name)) for name in schema], levels

    @staticmethod
    def _arrow_type(empty: Any, name: str) -> pa.DataType:
        """The type that a column is exported as; some, such as Int128, pyarrow does not know."""
        try:
            return pa.RecordBatchReader.from_stream(empty.select([name])).schema.field(0).type
        except pa.ArrowInvalid:
            return _Mixed(str(empty.schema[name]))

    def _scan(self, names: Sequence[str]) -> Stream:
        frame = self.frame.select(list(names))
        if hasattr(frame, "collect"):
            frame = frame.collect()
        return Stream(frame, keep=frame)


class RelationSource(FrameSource):
    """A DuckDB relation: a query that is run again for each pass."""

    in_memory = False

    def _fields(self) -> tuple[list[tuple[str, pa.DataType]], dict[str, Sequence[str]]]:
        fields, levels = relation_fields(self.frame)
        return _unique(fields), levels

    def row_count(self) -> int | None:
        return None

    def _scan(self, names: Sequence[str]) -> Stream:
        return relation_stream(self.frame, listed(names), self.read_error)


class PandasSource(FrameSource):
    """A pandas DataFrame; floats are borrowed where pandas holds them."""

    def __init__(
        self,
        frame: pd.DataFrame,
        column_info: Mapping[str, Mapping[str, Any]] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(frame, column_info, **options)
        self._names = [str(name) for name in frame.columns]
        self._objects: dict[int, pa.ChunkedArray] = {}
        self._problems: dict[int, str] = {}

    def row_count(self) -> int | None:
        return len(self.frame)

    def _fields(self) -> tuple[list[tuple[str, pa.DataType]], dict[str, Sequence[str]]]:
        fields: list[tuple[str, pa.DataType]] = []
        levels: dict[str, Sequence[str]] = {}
        for i, name in enumerate(self._names):
            dtype = self.frame.dtypes.iloc[i]
            if hasattr(dtype, "categories"):
                levels[name] = [label(value) for value in dtype.categories]
                fields.append((name, pa.dictionary(pa.int32(), pa.string())))
            elif isinstance(dtype, np.dtype) and dtype.kind == "O":
                fields.append((name, self._object(i)))
            else:
                fields.append((name, self._convert(i, 0, 0).type))
        return _unique(fields), levels

    def _object(self, i: int) -> pa.DataType:
        """The Arrow type of a column of Python objects, whose values decide it."""
        try:
            array = pa.array(self.frame.iloc[:, i], from_pandas=True)
        except OverflowError:
            return _Mixed("integers beyond 64 bits")
        except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError):
            kinds = sorted({type(v).__name__ for v in self.frame.iloc[:, i].dropna().head(10_000)})
            return _Mixed(" and ".join(kinds[:4]) or "objects")
        if isinstance(array, pa.Array):
            array = pa.chunked_array([array])
        self._objects[i] = array
        return array.type

    def _convert(self, i: int, start: int, stop: int) -> pa.Array | pa.ChunkedArray:
        if i in self._objects:
            return self._objects[i].slice(start, stop - start)
        series = self.frame.iloc[start:stop, i]
        dtype = series.dtype
        if hasattr(dtype, "categories"):
            codes = np.asarray(series.cat.codes).astype(np.int32)
            labels = pa.array([label(value) for value in dtype.categories], pa.string())
            return pa.DictionaryArray.from_arrays(pa.array(codes, mask=codes < 0), labels)
        if type(dtype).__name__ == "SparseDtype":
            series = series.sparse.to_dense()
        if isinstance(series.dtype, np.dtype) and series.dtype.kind in "fiub":
            # NaN stays NaN: looking for it would cost a pass. Strided columns are copied, batch by batch.
            values = np.ascontiguousarray(series.to_numpy())
            native = values.astype(values.dtype.newbyteorder("="), copy=False)
            if native.dtype.itemsize <= 8:  # a long double is no type of Arrow's
                return pa.array(native, from_pandas=False)
        try:
            return pa.array(series, from_pandas=True)
        except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError):
            return pa.nulls(stop - start, _Mixed(str(dtype)))

    def _scan(self, names: Sequence[str]) -> Stream:
        self.plans()
        indices = [self._names.index(name) for name in names]
        rows = len(self.frame)
        if all(self._borrowed(i) for i in indices):
            columns = [_chunked(self._convert(i, 0, rows)) for i in indices]
            table = pa.Table.from_arrays(columns, names=list(names))
            return Stream(_no_columns(table, BATCH_ROWS, rows), keep=(table, self.frame))
        starts = range(0, rows, BATCH_ROWS)
        empty = [_chunked(self._convert(i, 0, 0)) for i in indices]
        schema = pa.schema([(n, c.type) for n, c in zip(names, empty, strict=True)])

        def batches() -> Iterator[pa.RecordBatch]:
            for start in starts:
                stop = min(rows, start + BATCH_ROWS)
                arrays = [_whole(self._convert(i, start, stop)) for i in indices]
                yield pa.RecordBatch.from_arrays(arrays, schema=schema)

        return Stream(pa.RecordBatchReader.from_batches(schema, batches()), keep=self.frame)

    def _borrowed(self, i: int) -> bool:
        """True where a column becomes Arrow without a copy."""
        if i in self._objects:
            return True
        series = self.frame.iloc[:, i]
        if isinstance(series.dtype, np.dtype):
            return (
                series.dtype.kind in "fiu" and series.to_numpy().strides[0] == series.dtype.itemsize
            )
        return hasattr(series.array, "__arrow_array__") and not hasattr(series.array, "_mask")


class _Mixed(pa.ExtensionType):  # type: ignore[misc]
    """Stands for pandas columns that have no Arrow type; its text says what they hold."""

    def __init__(self, what: str) -> None:
        self.what = what
        super().__init__(pa.list_(pa.null()), "insitu.mixed")

    def __arrow_ext_serialize__(self) -> bytes:
        return self.what.encode()

    def __str__(self) -> str:
        return self.what


def _whole(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _chunked(column: pa.Array | pa.ChunkedArray) -> pa.ChunkedArray:
    return column if isinstance(column, pa.ChunkedArray) else pa.chunked_array([column])


def _no_columns(table: pa.Table, batch_rows: int, rows: int | None = None) -> pa.RecordBatchReader:
    """The table's batches; a table without columns keeps its number of rows."""
    return table.to_reader(max_chunksize=batch_rows)


def _unique(fields: list[tuple[str, pa.DataType]]) -> list[tuple[str, pa.DataType]]:
    names = [name for name, _ in fields]
    if len(set(names)) != len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise SpecError(f"Column {twice!r} occurs more than once: rename or drop one of them.")
    return fields


def _table_levels(table: pa.Table) -> dict[str, Sequence[str]]:
    """The levels that a table gives: pandas' categories, and ordered dictionaries; others are an encoding."""
    levels: dict[str, Sequence[str]] = {}
    stated = stated_categories(table.schema)
    for name, column in zip(table.column_names, table.columns, strict=True):
        if not pa.types.is_dictionary(column.type):
            continue
        found = given_levels(column.chunks, stated[name]) if name in stated else None
        if found is not None:
            levels[name] = found
        elif column.type.ordered:
            levels[name] = _dictionary_levels(column)
    return levels


def _dictionary_levels(column: pa.ChunkedArray) -> list[str]:
    """The values of an ordered dictionary, whose chunks may list them each."""
    unified = column.unify_dictionaries()
    if unified.num_chunks == 0:
        return []
    return [label(value) for value in unified.chunk(0).dictionary.to_pylist()]


def _schema_of(frame: Any) -> pa.Schema:
    if hasattr(frame, "__arrow_c_schema__"):
        return pa.schema(frame)
    if isinstance(getattr(frame, "schema", None), pa.Schema):
        return frame.schema
    return pa.RecordBatchReader.from_stream(frame).schema


def _picked(raw: Stream, names: Sequence[str], schema: pa.Schema) -> Stream:
    """The columns named, of a stream that has more."""
    if list(names) == schema.names:
        return raw
    indices = [schema.get_field_index(name) for name in names]
    wanted = pa.schema([schema.field(i) for i in indices])

    def pick(batch: pa.RecordBatch) -> pa.RecordBatch:
        return batch.select(indices)

    return mapped(raw, pick, wanted)


def _table_of(columns: dict[str, Any]) -> pa.Table:
    """A dict of columns as a table."""
    lengths = {str(name): len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        raise SpecError(f"The columns of a dict are of one length, and these are of {lengths}.")
    try:
        return pa.table({str(name): values for name, values in columns.items()})
    except (pa.ArrowException, OverflowError, TypeError) as error:
        raise DataError(f"The columns of the dict cannot be read: {error}.") from error


def frame_source(
    data: Any, column_info: Mapping[str, Mapping[str, Any]] | None = None, **options: Any
) -> FrameSource | None:
    """The source over an object that holds rows, or None if it holds none that we know how to read."""
    module = type(data).__module__.split(".")[0]
    name = type(data).__name__
    make: Callable[..., FrameSource]
    if module == "pandas" and name == "Series":
        data, make = data.to_frame(), PandasSource
    elif module == "pandas" and name == "DataFrame":
        make = PandasSource
    elif module == "polars" and name in ("DataFrame", "LazyFrame"):
        make = PolarsSource
    elif isinstance(data, pa.RecordBatch):
        data, make = pa.Table.from_batches([data]), ArrowSource
    elif isinstance(data, pa.Table):
        make = ArrowSource
    elif isinstance(data, ds.Dataset):
        make = DatasetSource
    elif name == "DuckDBPyRelation":
        make = RelationSource
    elif isinstance(data, pa.RecordBatchReader):
        make = OnceSource
    elif isinstance(data, dict) and data and all(hasattr(v, "__len__") for v in data.values()):
        data, make = _table_of(data), ArrowSource
    elif hasattr(data, "__arrow_c_stream__"):
        make = ArrowSource
        if isinstance(data, Iterator):
            data, make = pa.RecordBatchReader.from_stream(data), OnceSource
    elif hasattr(data, "__arrow_c_array__"):
        data, make = pa.Table.from_batches([pa.record_batch(data)]), ArrowSource
    else:
        return None
    return make(data, column_info, **options)


def to_pandas(table: pa.Table, schema: Schema | None = None) -> pd.DataFrame:
    """An Arrow table as a data frame: nullable Int64 for whole numbers with gaps, Categorical for factors with levels.

    Example:
        >>> to_pandas(pa.table({"n": [1, None], "s": ["a", "b"]})).dtypes.astype(str).tolist()
        ['Int64', 'str']
    """
    import pandas as pd

    columns: dict[str, Any] = {}
    for name, column in zip(table.column_names, table.columns, strict=True):
        known = schema[name] if schema is not None and name in schema else None
        columns[name] = _to_series(column, known)
    return pd.DataFrame(columns, index=pd.RangeIndex(table.num_rows), copy=False)


def _to_series(column: pa.ChunkedArray, known: Column | None) -> Any:
    import pandas as pd

    kind = column.type
    if known is not None and known.kind == "factor" and not known.logical:
        if pa.types.is_dictionary(kind) or is_text(kind):
            column = column.cast(pa.string())
        if not known.categorical:
            return column.to_pandas()
        values = column.to_pandas()
        levels = (
            known.levels if known.levels is not None else sorted_levels(values.dropna().unique())
        )
        categories = pd.Index(list(levels), dtype="str")
        return pd.Categorical.from_codes(categories.get_indexer(values), categories=categories)
    if pa.types.is_integer(kind) and column.null_count > 0:
        target = "UInt64" if kind == pa.uint64() else "Int64"
        return pd.array(column.to_pandas(integer_object_nulls=True), dtype=target)
    if pa.types.is_boolean(kind) and column.null_count > 0:
        return pd.array(column.to_pandas(), dtype="boolean")
    if pa.types.is_decimal(kind):
        column = column.cast(pa.float64())
    return column.to_pandas()


def sorted_levels(labels: Iterable[str]) -> list[str]:
    """Labels in the order of levels that nobody gave: by number if all are whole numbers, else by their UTF-8 bytes.

    Example:
        >>> sorted_levels(["10", "9"]), sorted_levels(["b", "Ä", "a"])
        (['9', '10'], ['a', 'b', 'Ä'])
    """
    listed = list(labels)
    if all(re.fullmatch(r"-?[0-9]+", text) for text in listed):
        return sorted(listed, key=lambda text: (int(text), text))
    return sorted(listed, key=lambda text: text.encode())
