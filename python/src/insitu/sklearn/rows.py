"""What X and y become: rows that the engine reads, and the names of the columns of a model."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import issparse

from .. import arguments as args
from ..data import Source, as_source
from ..data.frames import FrameSource, frame_source
from ..data.source import Column, Schema
from ..data.typed import name_list

# Rows that are turned into columns at a time: a block of them stays in the processor's cache.
_BLOCK_ROWS = 1024
# Names that a formula takes without back-quotes.
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


@dataclass(frozen=True)
class Rows:
    """Rows, and what each of their columns is to a model."""

    source: Source
    response: str
    predictors: list[str]
    weights: str | None = None
    clusters: list[str] | None = None

    def formula(self, intercept: bool) -> str:
        """The model of all predictors.

        Example:
            >>> Rows(as_source({"y": [1.0], "a b": [1.0]}), "y", ["a b"]).formula(intercept=False)
            'y ~ `a b` - 1'
        """
        terms = " + ".join(_quoted(name) for name in self.predictors)
        return f"{_quoted(self.response)} ~ {terms}{'' if intercept else ' - 1'}"


def _quoted(name: str) -> str:
    if _PLAIN.fullmatch(name):
        return name
    return args.back_quoted(name)


def is_store(X: Any) -> bool:
    """True for rows that are read where they lie (a path, a source, a query), unlike arrays and frames in memory."""
    given = X if isinstance(X, list | tuple) else [X]
    if given and all(isinstance(item, str | os.PathLike | Source) for item in given):
        return True
    found = _frame_of(X)
    return found is not None and not found.in_memory


def _frame_of(X: Any) -> FrameSource | None:
    return None if issparse(X) else frame_source(X)  # a sparse matrix may be a dict


def source_of(X: Any, numbers: Iterable[str]) -> Source:
    """The data as a source in which these columns, where they are booleans, are 0 and 1; a given source stays as it is."""
    source = as_source(X)
    if isinstance(X, Source):
        return source
    wanted = set(numbers)
    logical = [c.name for c in source.schema() if c.logical and c.name in wanted]
    if not logical:
        return source
    return as_source(X, column_info={name: {"type": "double"} for name in logical})


def named_rows(
    X: Any, y: str, sample_weight: Any, features: Sequence[str] | None, cluster: Any
) -> Rows:
    """The rows of data that hold the response too: y, sample_weight and cluster are names of columns."""
    clusters = list(cluster) if isinstance(cluster, list | tuple) else [cluster]
    for argument, given in {"sample_weight": [sample_weight], "cluster": clusters}.items():
        if not all(name is None or isinstance(name, str) for name in given):
            raise ValueError(f"y={y!r} is the name of a column of X: then {argument} is one too.")
    schema = as_source(X).schema()
    others = {name for name in (y, sample_weight, *clusters) if name is not None}
    usable = [c.name for c in schema if c.problem is None and c.name not in others]
    chosen = usable if features is None else name_list(features)
    schema.require([*others, *chosen])
    if not chosen:
        raise ValueError(f"X holds no column to predict {y!r} from: it holds {schema.names}.")
    return Rows(source_of(X, chosen), y, chosen, sample_weight, clusters if cluster else None)


def engine_frame(X: Any) -> Source | None:
    """A frame in memory as a source, if it has columns of text, categories or dates; None for what sklearn reads as numbers."""
    found = _frame_of(X)
    if found is None:
        return None
    schema = found.schema()
    if not any(_is_factor(c) or pa.types.is_temporal(c.arrow_type) for c in schema):
        return None
    return source_of(X, schema.names)


def _is_factor(column: Column) -> bool:
    return column.kind == "factor" and not column.logical


def complete_table(source: Source) -> tuple[pa.Table, dict[str, Any]]:
    """A frame's columns, and what of their types a table does not say.

    Raises: ValueError for a missing value: as in arrays, none is left out in silence.
    """
    schema = source.schema()
    table = source.to_arrow(schema.names)
    for name, column in zip(table.column_names, table.columns, strict=True):
        if pc.any(pc.is_null(column, nan_is_null=True)).as_py():
            raise ValueError(
                f"Input X contains NaN or missing values in column {name!r}: leave these rows out, or impute them."
            )
    return table, _levels(schema)


def _levels(schema: Schema) -> dict[str, Any]:
    return {
        column.name: {"type": "factor", "levels": list(column.levels)}
        for column in schema
        if column.kind == "factor" and column.levels is not None
    }


def array_table(X: np.ndarray, names: Sequence[str]) -> pa.Table:
    """The columns of an array as a table; an array by rows is turned once, others are borrowed.

    Example:
        >>> array_table(np.array([[1.0, 2.0], [3.0, 4.0]]), ["a", "b"])["b"].to_pylist()
        [2.0, 4.0]
    """
    if not X.flags.f_contiguous:
        columns = np.empty(X.shape[::-1], dtype=X.dtype)
        for start in range(0, len(X), _BLOCK_ROWS):
            columns[:, start : start + _BLOCK_ROWS] = X[start : start + _BLOCK_ROWS].T
        X = columns.T
    return pa.Table.from_arrays([_array(X[:, i]) for i in range(X.shape[1])], names=list(names))


def _array(values: np.ndarray) -> pa.Array:
    native = values.astype(values.dtype.newbyteorder("="), copy=False)
    return pa.array(native, from_pandas=False)


def joined_rows(
    table: pa.Table,
    info: Mapping[str, Any],
    y: Any,
    target: np.ndarray,
    sample_weight: np.ndarray | None,
    cluster: Any,
) -> Rows:
    """The rows of a table of predictors with the other columns beside it, under names that are free.

    Arguments:
        table, info: columns and their types in the form of column_info. y: as it was given; a Series may have a name.
        target: the response as numbers. sample_weight: None, or a number for each row. cluster: None, or a label for each.
    """
    predictors = list(table.column_names)
    name = getattr(y, "name", None)
    wanted = {name if isinstance(name, str) and name else "y": target}
    if sample_weight is not None:
        wanted["sample_weight"] = sample_weight
    if cluster is not None:
        wanted["cluster"] = np.asarray(cluster)
    found = []
    for name, values in wanted.items():
        while name in table.column_names:
            name += "_"
        table = table.append_column(
            name, _array(values) if values.dtype.kind != "O" else pa.array(values)
        )
        found.append(name)
    rest = iter(found[1:])
    return Rows(
        as_source(table, column_info=dict(info)),
        found[0],
        predictors,
        None if sample_weight is None else next(rest),
        None if cluster is None else [next(rest)],
    )
