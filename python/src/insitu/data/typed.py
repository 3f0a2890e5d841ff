"""The base of public sources: raw columns of some store, seen through column_info."""

from __future__ import annotations

import atexit
import inspect
import time
import weakref
from abc import abstractmethod
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from typing import Any

import duckdb
import pyarrow as pa

from ..errors import DataError, SourceError, SpecError
from .column_info import Plan, converted_schema, converter, plan_columns
from .source import Schema, Source, Stream


class RxDataSource(Source):
    """Base class of data sources: a handle that never reads data until it is asked to.

    Arguments:
        column_info: by column name, a dict with any of `type`, `newName`, `levels`, `newLevels`, `low`, `high`, `description`.
        column_classes: types by column name, where column_info has none.
        vars_to_keep, vars_to_drop: names of columns; at most one of the two.
        strings_as_factors: text columns are factors, unless column_info says otherwise.

    Example:
        >>> import pandas as pd
        >>> from insitu.data import as_source
        >>> source = as_source(pd.DataFrame({"x": [1, 2]}), column_info={"x": {"newName": "y"}})
        >>> source.head(1)["y"].tolist()
        [1]
    """

    def __init__(
        self,
        column_info: Mapping[str, Mapping[str, Any]] | None = None,
        *,
        column_classes: Mapping[str, str] | None = None,
        vars_to_keep: Iterable[str] | None = None,
        vars_to_drop: Iterable[str] | None = None,
        strings_as_factors: bool = False,
    ) -> None:
        self.column_info = (
            {} if column_info is None else {k: dict(v) for k, v in column_info.items()}
        )
        self.column_classes = dict(column_classes or {})
        self.vars_to_keep = None if vars_to_keep is None else name_list(vars_to_keep)
        self.vars_to_drop = None if vars_to_drop is None else name_list(vars_to_drop)
        self.strings_as_factors = strings_as_factors
        self._planned: list[Plan] | None = None

    @abstractmethod
    def _fields(self) -> tuple[list[tuple[str, pa.DataType]], Mapping[str, Sequence[str]]]:
        """Raw names with their Arrow types, and the levels that the store itself gives."""

    @abstractmethod
    def _scan(self, names: Sequence[str]) -> Stream:
        """Batches of these raw columns, in this order."""

    def plans(self) -> list[Plan]:
        """How each column is read."""
        if self._planned is None:
            fields, levels = self._fields()
            self._planned = plan_columns(
                fields,
                levels,
                self.column_info,
                self.column_classes,
                self.vars_to_keep,
                self.vars_to_drop,
                self.strings_as_factors,
            )
        return self._planned

    def schema(self) -> Schema:
        """The columns, without reading rows."""
        return Schema(plan.column for plan in self.plans())

    def _open(self, columns: Sequence[str]) -> Stream:
        by_name = {plan.column.name: plan for plan in self.plans()}
        plans = [by_name[name] for name in columns]
        raw = self._scan([plan.raw for plan in plans])
        if all(plan.plain and plan.raw == plan.column.name for plan in plans):
            return raw
        schema = converted_schema(plans, raw.reader().schema)
        return mapped(raw, converter(plans, schema), schema)

    @property
    def data_name(self) -> str:
        return f"{type(self).__name__} Data Source"

    def __repr__(self) -> str:
        parts = [f"{k}={v!r}" for k, v in self._shown().items() if v not in (None, {}, [])]
        return f"{type(self).__name__}({', '.join(parts)})"

    def _shown(self) -> dict[str, Any]:
        """What repr shows; never a password."""
        return {
            "column_info": self.column_info,
            "column_classes": self.column_classes,
            "vars_to_keep": self.vars_to_keep,
            "vars_to_drop": self.vars_to_drop,
        }


def name_list(names: Iterable[str]) -> list[str]:
    """One name as a list of it.

    Example:
        >>> name_list("x"), name_list(("x", "y"))
        (['x'], ['x', 'y'])
    """
    return [names] if isinstance(names, str) else list(names)


def mapped(
    raw: Stream, change: Callable[[pa.RecordBatch], pa.RecordBatch], schema: pa.Schema
) -> Stream:
    """A stream with every batch changed by Python; its first error is kept for whoever runs it."""

    def batches() -> Iterator[pa.RecordBatch]:
        for batch in raw.reader():
            yield change(batch)

    reader = watched_reader(schema, batches, None, raw.errors)
    return Stream(
        reader, cancel=raw.cancel, close=raw.close, keep=raw, errors=raw.errors, sql=raw.sql
    )


def watched_reader(
    schema: pa.Schema,
    batches: Callable[[], Iterable[pa.RecordBatch]],
    explain: Callable[[str], Exception] | None,
    errors: list[BaseException],
) -> pa.RecordBatchReader:
    """A reader over batches that are made when the first is asked for, on the thread that asks.

    So whoever polls can interrupt even a query that has given nothing yet. The first error, told by `explain`, is kept in
    `errors`: a C stream hands on its text only.
    """

    def made() -> Generator[pa.RecordBatch, None, None]:
        try:
            yield from batches()
        except (SpecError, DataError, SourceError) as error:
            errors.append(error)
            raise
        except (duckdb.Error, pa.ArrowException, RuntimeError, OSError) as error:
            if errors:
                raise errors[0] from error
            if explain is None:
                raise
            errors.append(explain(str(error)))
            raise errors[0] from error

    reading = made()
    _readings.add(reading)
    return pa.RecordBatchReader.from_batches(schema, reading)


# Batches being made, by the generators that make them.
_readings: weakref.WeakSet[Generator[pa.RecordBatch, None, None]] = weakref.WeakSet()
_EXIT_SECONDS = 10.0


@atexit.register
def _wait_for_readers() -> None:
    """Waits for threads that an interrupted computation left inside a foreign query.

    They come back to Python when the query gives its next rows, which ends the process badly if Python is gone by then.
    """
    busy = [r for r in _readings if inspect.getgeneratorstate(r) == inspect.GEN_RUNNING]
    running = [weakref.ref(reading) for reading in busy]
    del busy
    end = time.monotonic() + _EXIT_SECONDS
    while any(reading() is not None for reading in running) and time.monotonic() < end:
        time.sleep(0.01)
