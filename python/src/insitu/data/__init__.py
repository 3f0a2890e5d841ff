"""Sources of data, and `as_source`, which makes one of everything that users pass."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from ..errors import SpecError
from .database import RxOdbcData, RxPostgresData, RxSqlServerData
from .files import RxFileData
from .frames import frame_source, to_pandas
from .parquet import RxParquetData
from .source import ArrowStream, Column, Schema, Source, Stream
from .text import RxTextData
from .typed import RxDataSource

__all__ = [
    "ArrowStream",
    "Column",
    "RxDataSource",
    "RxFileData",
    "RxOdbcData",
    "RxParquetData",
    "RxPostgresData",
    "RxSqlServerData",
    "RxTextData",
    "Schema",
    "Source",
    "Stream",
    "as_source",
    "to_pandas",
]


def as_source(
    data: Any, column_info: Mapping[str, Mapping[str, Any]] | None = None, **options: Any
) -> Source:
    """A source over what users pass: a frame, anything with the Arrow PyCapsule interface, a path, or a source.

    Arguments:
        data: pandas, Polars or pyarrow data, a DuckDB relation, a dict of columns, a path of Parquet or CSV files, a source.
        column_info: see `RxDataSource`; not for sources, which have their own.
        options: further arguments of the source that is made (`vars_to_keep`, `column_classes`, …).
    Returns: a `Source`.
    Raises: SpecError if the object is nothing that holds rows.

    Example:
        >>> as_source({"x": [1.0, 2.0]}).row_count()
        2
    """
    if isinstance(data, Source):
        return data
    if isinstance(data, (str, os.PathLike)):
        return _path_source(os.fspath(data), column_info, options)
    if (
        isinstance(data, (list, tuple))
        and data
        and all(isinstance(d, (str, os.PathLike)) for d in data)
    ):
        kind = RxTextData if _is_text_path(os.fspath(data[0])) else RxParquetData
        return kind(list(data), column_info=column_info, **options)
    source = frame_source(data, column_info, **options)
    if source is None:
        raise SpecError(
            f"Data of type {type(data).__name__} cannot be read: give a data frame, an object with the Arrow PyCapsule"
            " interface, a path of Parquet or CSV files, or a data source such as RxParquetData."
        )
    return source


def _path_source(
    path: str, column_info: Mapping[str, Mapping[str, Any]] | None, options: dict[str, Any]
) -> Source:
    lower = path.lower()
    if lower.endswith(".xdf"):
        raise SpecError(
            f"{path!r} is an XDF file, whose format is not public: export it to Parquet or CSV."
        )
    if lower.endswith((".duckdb", ".db")) or lower.startswith("duckdb:"):
        raise SpecError(
            f"{path!r} is a database: name the table with RxOdbcData('duckdb:///…', table='…')."
        )
    if _is_text_path(lower):
        return RxTextData(path, column_info=column_info, **options)
    return RxParquetData(path, column_info=column_info, **options)


def _is_text_path(path: str) -> bool:
    if os.path.isdir(path):
        files = [name.lower() for _, _, names in os.walk(path) for name in names]
        return not any(f.endswith(RxParquetData.suffixes) for f in files) and any(
            f.endswith(RxTextData.suffixes) for f in files
        )
    return path.lower().endswith(RxTextData.suffixes)
