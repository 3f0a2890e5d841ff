"""What a data set holds: names, types, levels, ranges, first rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from . import arguments as args
from .data import Source, as_source
from .data.source import Column
from .importing import chosen_columns

_KEYS = ("varType", "storage", "low", "high", "levels", "description")


class GetVarInfoResults(Mapping[str, dict[str, Any]]):
    """Facts of each variable by name: varType, storage, low, high, levels, description. Prints one line each.

    Example:
        >>> print(rx_get_var_info({"x": [1.5, 2.5]}))
        Var 1: x, Type: numeric, Storage: float64
    """

    def __init__(self, variables: Mapping[str, dict[str, Any]]) -> None:
        self._variables = dict(variables)

    def __getitem__(self, name: str) -> dict[str, Any]:
        return self._variables[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._variables)

    def __len__(self) -> int:
        return len(self._variables)

    def __repr__(self) -> str:
        return "\n".join(
            _var_lines(i + 1, name, v) for i, (name, v) in enumerate(self._variables.items())
        )


class GetInfoResults:
    """What `rx_get_info` finds; attributes and `["name"]` give the same.

    Example:
        >>> rx_get_info({"x": [1.5, 2.5]}).numRows
        2
    """

    def __init__(self, facts: Mapping[str, Any], lines: Sequence[str]) -> None:
        self._facts = dict(facts)
        self._lines = list(lines)

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__["_facts"][name]
        except KeyError:
            raise AttributeError(f"rx_get_info has no {name!r}") from None

    def __getitem__(self, name: str) -> Any:
        return self._facts[name]

    def __repr__(self) -> str:
        return "\n".join(self._lines)


@args.tolerant
def rx_get_info(
    data: Any,
    get_var_info: bool = False,
    get_block_sizes: bool = False,
    get_value_labels: bool | None = None,
    vars_to_keep: Sequence[str] | None = None,
    vars_to_drop: Sequence[str] | None = None,
    start_row: int = 1,
    num_rows: int = 0,
    compute_info: bool = False,
    all_nodes: bool = False,
    verbose: int = 0,
) -> GetInfoResults:
    """Counts and names of a data set, its variables if asked for, and its first rows.

    Arguments:
        data: a data frame, a path or a source.
        get_var_info: list the variables too. compute_info: read the data for their ranges and levels.
        vars_to_keep, vars_to_drop: names of columns; at most one of the two.
        start_row, num_rows: rows to show, from 1.
        get_block_sizes: list the rows of each block (a Parquet row group; other data are one block).
        get_value_labels, all_nodes, verbose: accepted, without effect.
    Returns: an object that prints itself, with fileName, objName, numRows, numVars, numBlocks, rowsPerBlock, varInfo, data.
    Raises: SourceError if the data cannot be read.

    Example:
        >>> print(rx_get_info({"x": [1.5, 2.5], "f": ["a", "b"]}, get_var_info=True, compute_info=True))
        Data frame: dict
        Number of observations:2
        Number of variables:2
        Number of blocks:1
        Variable information:
        Var 1: x, Type: numeric, Storage: float64, Low/High: (1.5000, 2.5000)
        Var 2: f
                2 factor levels: ['a', 'b']
    """
    source = as_source(data)
    columns = chosen_columns(source, vars_to_keep, vars_to_drop)
    rows = source.row_count()
    if rows is None:
        rows = sum(batch.num_rows for batch in source.batches(columns[:1]))
    blocks = source.block_rows() or [rows]
    heading, name = _heading(data, source)
    lines = [
        f"{heading}{name}",
        f"Number of observations:{rows}",
        f"Number of variables:{len(columns)}",
        f"Number of blocks:{len(blocks)}",
    ]
    facts: dict[str, Any] = {
        "fileName": source.file_name or "",
        "objName": "" if source.file_name is not None else name,
        "class": type(source).__name__,
        "length": len(columns),
        "numCompositeFiles": 0,
        "numRows": rows,
        "numVars": len(columns),
        "numBlocks": len(blocks),
        "rowsPerBlock": blocks if get_block_sizes else None,
        "varInfo": None,
        "data": None,
    }
    if get_block_sizes:
        more = ", …" if len(blocks) > 10 else ""
        lines.append(f"Rows per block: {', '.join(map(str, blocks[:10]))}{more}")
    if get_var_info:
        facts["varInfo"] = _variables(source, columns, compute_info)
        lines += ["Variable information: ", repr(facts["varInfo"])]
    if num_rows > 0:
        facts["data"] = _rows(source, columns, start_row, num_rows)
        shown = len(facts["data"])
        lines += [f"Data ({shown} rows starting with row {start_row}):", facts["data"].to_string()]
    return GetInfoResults(facts, lines)


@args.tolerant
def rx_get_var_info(
    data: Any,
    get_value_labels: bool = True,
    vars_to_keep: Sequence[str] | None = None,
    vars_to_drop: Sequence[str] | None = None,
    compute_info: bool = False,
    all_nodes: bool = False,
) -> GetVarInfoResults:
    """Types of the variables of a data set, with levels and ranges where known.

    Arguments: as `rx_get_info`.
    Returns: a mapping of name to facts, which prints itself.

    Example:
        >>> rx_get_var_info({"x": [1, 2]})["x"]["varType"]
        'integer'
    """
    source = as_source(data)
    return _variables(source, chosen_columns(source, vars_to_keep, vars_to_drop), compute_info)


@args.tolerant
def rx_get_var_names(data: Any) -> list[str]:
    """Names of the variables of a data set, after renaming and selection by its source.

    Example:
        >>> rx_get_var_names({"x": [1], "y": [2]})
        ['x', 'y']
    """
    return list(as_source(data).schema().names)


def _heading(data: Any, source: Source) -> tuple[str, str]:
    """What the first line says, and the name of the data."""
    if source.file_name is not None:
        return "File name:", source.file_name
    if isinstance(data, Source):
        return "Data: ", source.data_name
    return "Data frame: ", type(data).__name__


def _rows(source: Source, columns: list[str], start: int, count: int) -> pd.DataFrame:
    from .data import to_pandas

    table = source.to_arrow(columns, start - 1 + count).slice(start - 1)
    return to_pandas(table, source.schema())


def _variables(source: Source, columns: Sequence[str], compute: bool) -> GetVarInfoResults:
    schema = source.schema()
    found = {name: _facts(schema[name]) for name in columns}
    if compute:
        for batch in source.batches(list(columns)):
            for name, values in zip(columns, batch.columns, strict=True):
                _extend(found[name], values)
    for facts in found.values():
        if isinstance(facts["levels"], set):
            from .data.frames import sorted_levels

            facts["levels"] = sorted_levels(facts["levels"])
    return GetVarInfoResults(found)


def _facts(column: Column) -> dict[str, Any]:
    if column.kind == "factor":
        kind = (
            "logical"
            if column.logical
            else "factor"
            if column.levels is not None or column.categorical
            else "character"
        )
    else:
        kind = "integer" if column.integer else "numeric"
    storage = (
        "string"
        if kind == "character"
        else "uint32"
        if kind == "factor"
        else _storage(column.arrow_type)
    )
    facts: dict[str, Any] = dict.fromkeys(_KEYS)
    facts |= {"varType": kind, "storage": storage, "low": column.low, "high": column.high}
    facts |= {
        "levels": None if column.levels is None else list(column.levels),
        "description": column.description,
    }
    return facts


def _storage(kind: pa.DataType) -> str:
    return {"double": "float64", "float": "float32", "halffloat": "float16"}.get(
        str(kind), str(kind)
    )


def _extend(facts: dict[str, Any], values: pa.Array) -> None:
    """Widens the range, or the levels, by the values of a batch."""
    if facts["varType"] in ("factor", "character", "logical"):
        if facts["levels"] is None:
            facts["levels"] = set()
        if isinstance(facts["levels"], set):
            seen = pc.unique(values).to_pylist()
            facts["levels"] |= {str(value) for value in seen if value is not None}
        return
    try:
        numbers = values.cast(pa.float64(), safe=False)
    except pa.ArrowInvalid:
        return
    except pa.ArrowNotImplementedError:
        return
    bounds = pc.min_max(pc.if_else(pc.is_nan(numbers), None, numbers))
    low, high = bounds["min"].as_py(), bounds["max"].as_py()
    if low is None:
        return
    facts["low"] = low if facts["low"] is None else min(facts["low"], low)
    facts["high"] = high if facts["high"] is None else max(facts["high"], high)


def _var_lines(position: int, name: str, facts: Mapping[str, Any]) -> str:
    levels = facts.get("levels")
    if levels is not None:
        return f"Var {position}: {name}\n\t{len(levels)} factor levels: {list(levels)}"
    line = f"Var {position}: {name}, Type: {facts['varType']}, Storage: {facts['storage']}"
    if facts.get("low") is not None and facts.get("high") is not None:
        line += f", Low/High: ({facts['low']:.4f}, {facts['high']:.4f})"
    return line
