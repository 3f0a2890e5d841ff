"""Parquet files."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from ..arguments import warn_unknown
from ..errors import SourceError, SpecError
from .categories import given_levels, stated_categories
from .files import PathLike, RxFileData
from .source import Stream
from .typed import watched_reader
from .types import is_text

# Measured on 2 cores, 5 million rows of 21 doubles in row groups of a million, page cache warm, wall seconds and peak memory:
# ParquetFile.iter_batches with a 1 MB buffer 0.9 s, 245 MB; without a buffer 1.3 s, 430 MB; the dataset scanner with buffered
# streams 1.0 s, 525 MB; either with pre_buffer 1.4 s and 1.3 GB, since it keeps the file's bytes to the end; DuckDB four times as
# long as any. For texts read as dictionaries they are alike. So files are iterated with a small buffer; the scanner serves only
# what needs it: partitions, and files whose columns differ.
# Fewer and larger batches decode faster, as far as a batch of doubles stays within these bytes (10 million rows of 3 doubles and 3
# texts: 0.25 s in batches of 131,072 rows, 0.20 s in 524,288).
BATCH_BYTES = 1 << 25
LEAST_ROWS, MOST_ROWS = 1 << 16, 1 << 19
BUFFER_BYTES = 1 << 20


def batch_rows(columns: int) -> int:
    """Rows of a batch of so many columns.

    Example:
        >>> batch_rows(6), batch_rows(21), batch_rows(500)
        (524288, 131072, 65536)
    """
    fit = BATCH_BYTES // (8 * max(columns, 1))
    return min(max(1 << (fit.bit_length() - 1), LEAST_ROWS), MOST_ROWS)


class RxParquetData(RxFileData):
    """Parquet files: a path, a glob, a list, or a directory (of plain files or hive partitions `key=value/`).

    Arguments:
        file: where the rows are; several files are read one after the other, sorted by name.
        column_info, column_classes, vars_to_keep, vars_to_drop, strings_as_factors: see `RxDataSource`.
        file_system, write_factors_as_indexes: accepted for revoscalepy, without effect.
    Raises: SourceError, when it is read, if a file is missing or is no complete Parquet file.

    Example:
        >>> import pyarrow as pa, pyarrow.parquet as pq, tempfile, os
        >>> path = os.path.join(tempfile.mkdtemp(), "t.parquet")
        >>> pq.write_table(pa.table({"x": [1.0, 2.0], "f": ["a", "b"]}), path)
        >>> source = RxParquetData(path)
        >>> source.row_count(), source.schema().names
        (2, ['x', 'f'])
    """

    suffixes = (".parquet", ".pq", ".parq")

    def __init__(
        self,
        file: PathLike | Iterable[PathLike] | None = None,
        column_info: Mapping[str, Mapping[str, Any]] | None = None,
        file_system: object = None,
        write_factors_as_indexes: bool = False,
        *,
        column_classes: Mapping[str, str] | None = None,
        vars_to_keep: Iterable[str] | None = None,
        vars_to_drop: Iterable[str] | None = None,
        strings_as_factors: bool = False,
        **kwargs: Any,
    ) -> None:
        if file is None:
            raise SpecError(
                "RxParquetData needs a file: a path, a glob, a directory or a list of paths."
            )
        super().__init__(
            file,
            column_info,
            column_classes=column_classes,
            vars_to_keep=vars_to_keep,
            vars_to_drop=vars_to_drop,
            strings_as_factors=strings_as_factors,
        )
        warn_unknown("RxParquetData", kwargs)

    def dataset(self, dictionaries: Sequence[str] = ()) -> ds.Dataset:
        """The files as a pyarrow dataset, with the text columns named decoded to dictionaries."""
        paths = self.paths()
        read_options = ds.ParquetReadOptions(dictionary_columns=list(dictionaries))
        layout = ds.ParquetFileFormat(read_options=read_options)
        base = self._partition_base()
        try:
            if base is None:
                return ds.dataset(paths, format=layout)
            return ds.dataset(paths, format=layout, partitioning="hive", partition_base_dir=base)
        except (pa.ArrowException, OSError) as error:
            raise parquet_error(_culprit(paths, str(error)), error) from error

    def _partition_base(self) -> str | None:
        if isinstance(self.file, str) and os.path.isdir(os.path.expanduser(self.file)):
            return str(Path(self.file).expanduser())
        return None

    def _fields(self) -> tuple[list[tuple[str, pa.DataType]], dict[str, Sequence[str]]]:
        schema = self.dataset().schema
        return [(field.name, field.type) for field in schema], self._categories(schema)

    def _categories(self, schema: pa.Schema) -> dict[str, Sequence[str]]:
        """The levels that pandas' categories give: those in the first row group of every file, if they are the same."""
        stated = stated_categories(schema)
        chunks: dict[str, list[pa.DictionaryArray]] = {name: [] for name in stated}
        for path in self.paths() if stated else []:
            with self._file(path, []) as file:
                if file.num_row_groups == 0:
                    continue
                group = file.read_row_group(0, columns=list(stated))
            for name in stated:
                column = group.column(name) if name in group.column_names else None
                if column is None or not pa.types.is_dictionary(column.type):
                    return {}
                chunks[name] += column.chunks
        found = {name: given_levels(chunks[name], count) for name, count in stated.items()}
        return {name: levels for name, levels in found.items() if levels is not None}

    def _scan(self, names: Sequence[str]) -> Stream:
        dataset = self.dataset()
        texts = [name for name in names if is_text(dataset.schema.field(name).type)]
        errors: list[BaseException] = []
        if self._partition_base() is None and self._alike(dataset.schema):
            with self._file(self.paths()[0], texts) as first:
                schema = pa.schema([first.schema_arrow.field(name) for name in names])
            reader = watched_reader(
                schema, lambda: self._batches(names, texts), self.read_error, errors
            )
            return Stream(reader, errors=errors)
        options = ds.ParquetFragmentScanOptions(pre_buffer=False, use_buffered_stream=True)
        scanner = self.dataset(texts).scanner(
            columns=list(names),
            batch_size=batch_rows(len(names)),
            batch_readahead=1,
            fragment_readahead=1,
            fragment_scan_options=options,
        )
        return Stream(scanner.to_reader(), keep=scanner)

    def _alike(self, schema: pa.Schema) -> bool:
        """True if every file has the columns of the first."""
        paths = self.paths()
        return len(paths) == 1 or all(pq.read_schema(path).equals(schema) for path in paths[1:])

    def _file(self, path: str, texts: Sequence[str]) -> pq.ParquetFile:
        return pq.ParquetFile(
            path, read_dictionary=list(texts), buffer_size=BUFFER_BYTES, pre_buffer=False
        )

    def _batches(self, names: Sequence[str], texts: Sequence[str]) -> Iterator[pa.RecordBatch]:
        for path in self.paths():
            with self._file(path, texts) as file:
                for batch in file.iter_batches(batch_rows(len(names)), columns=list(names)):
                    yield batch.select(list(names))

    def row_count(self) -> int | None:
        try:
            return int(self.dataset().count_rows())
        except (pa.ArrowException, OSError) as error:
            if isinstance(error, SourceError):
                raise
            raise self.read_error(str(error)) from error

    def block_rows(self) -> list[int]:
        """Rows of each row group."""
        found = [pq.read_metadata(path) for path in self.paths()]
        return [meta.row_group(i).num_rows for meta in found for i in range(meta.num_row_groups)]

    def read_error(self, message: str) -> SourceError:
        return parquet_error(_culprit(self.paths(), message), message)


def _culprit(paths: list[str], message: str) -> str:
    """The file that a message speaks of, where it names one."""
    named = [path for path in paths if path in message]
    if named:
        return named[0]
    return paths[0] if len(paths) == 1 else f"{paths[0]} … {paths[-1]}"


def parquet_error(path: str, error: object) -> SourceError:
    """The sentence for a Parquet file that cannot be read."""
    text = " ".join(str(error).split())
    if "magic bytes" in text or "too small" in text or "file size is" in text.lower():
        return SourceError(
            f"The file {path!r} is not a complete Parquet file (its footer is missing): write it again, or check the path."
        )
    for noise in (
        f"Could not open Parquet input source '{path}': ",
        f"Error creating dataset. Could not read schema from '{path}'. ",
    ):
        text = text.replace(noise, "")
    return SourceError(
        f"The Parquet file {path!r} cannot be read: {text.split(' Detail: ')[0].rstrip('.')}."
    )
