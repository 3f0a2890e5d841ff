"""Parquet files."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds

from ..errors import SourceError, SpecError
from .files import PathLike, RxFileData
from .source import Stream
from .types import is_text

# Measured on 2 cores, 5 million rows of 21 doubles (s) and of 3 texts + 2 doubles (s): dataset scanner 0.19 and 0.05 for any
# batch size from 64 Ki to 1 Mi rows, ParquetFile.iter_batches 0.28 and 0.07, row group by row group 0.25 and 0.06, DuckDB
# 0.80 and 0.29. So the scanner reads, and its read-ahead is kept small, since it decides how much memory a slow consumer costs.
BATCH_ROWS = 1 << 17
BATCH_READAHEAD = 4
FRAGMENT_READAHEAD = 2


class RxParquetData(RxFileData):
    """Parquet files: a path, a glob, a list, or a directory (of plain files or hive partitions `key=value/`).

    Arguments:
        file: where the rows are; several files are read one after the other, sorted by name.
        column_info: see `RxDataSource`.
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
        **options: Any,
    ) -> None:
        if file is None:
            raise SpecError(
                "RxParquetData needs a file: a path, a glob, a directory or a list of paths."
            )
        super().__init__(file, column_info, **options)

    def dataset(self, dictionaries: Sequence[str] = ()) -> ds.Dataset:
        """The files as a pyarrow dataset, with the text columns named decoded to dictionaries."""
        paths = self.paths()
        read_options = ds.ParquetReadOptions(dictionary_columns=set(dictionaries))
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
        return [(field.name, field.type) for field in self.dataset().schema], {}

    def _scan(self, names: Sequence[str]) -> Stream:
        fields = dict(self._fields()[0])
        dataset = self.dataset([name for name in names if is_text(fields[name])])
        scanner = dataset.scanner(
            columns=list(names),
            batch_size=BATCH_ROWS,
            batch_readahead=BATCH_READAHEAD,
            fragment_readahead=FRAGMENT_READAHEAD,
        )
        return Stream(scanner.to_reader(), keep=scanner)

    def row_count(self) -> int | None:
        try:
            return int(self.dataset().count_rows())
        except (pa.ArrowException, OSError) as error:
            if isinstance(error, SourceError):
                raise
            raise self.read_error(str(error)) from error

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
