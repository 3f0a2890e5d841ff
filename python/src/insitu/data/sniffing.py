"""How a text file is laid out: DuckDB's sniffer, and what it gets wrong when a line is broken or a file is short."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
from sqlglot import exp

from ..errors import SourceError
from .embedded import quoted, scratch

_DELIMITERS = (",", "\t", ";", "|", " ")
# What `error()` carries out of a query: the column and the value that is no whole number.
_NOT_WHOLE = "not a whole number: "


@dataclass(frozen=True)
class Layout:
    """DuckDB's options for the files, and the types that their first rows show, by raw name."""

    options: Mapping[str, Any]
    types: Mapping[str, str]

    def query(self, paths: Sequence[str], types: Mapping[str, str]) -> str:
        """The rows as these types. Whole numbers are checked: DuckDB's reader would round the 1.5 of a later row to 2."""
        whole = [n for n, t in types.items() if t == "BIGINT" and self.options["sample_size"] != -1]
        read = {name: "VARCHAR" if name in whole else kind for name, kind in types.items()}
        items = [
            f"{self._whole(name)} AS {quoted(name)}" if name in whole else quoted(name)
            for name in types
        ]
        return f"SELECT {', '.join(items)} FROM {_read(paths, {**self.options, 'types': read})}"

    def _whole(self, name: str) -> str:
        text = self._number(name)
        whole = f"try_cast({text} AS BIGINT)"
        failed = f"error({literal(_NOT_WHOLE + name + ': ')} || {quoted(name)})"
        return (
            f"CASE WHEN {whole} = try_cast({text} AS DOUBLE) THEN {whole}"
            f" WHEN {quoted(name)} IS NOT NULL THEN {failed} END"
        )

    def _number(self, name: str) -> str:
        """The text of a number as SQL writes it."""
        text = quoted(name)
        if "thousands" in self.options:
            text = f"replace({text}, {literal(self.options['thousands'])}, '')"
        if self.options["decimal_separator"] != ".":
            text = f"replace({text}, {literal(self.options['decimal_separator'])}, '.')"
        return text

    def first_fraction(self, path: str, name: str) -> tuple[int, str] | None:
        """Number and text of the first row of a file whose value in this column is no whole number."""
        read = {**self.options, "types": dict.fromkeys(self.types, "VARCHAR")}
        text = self._number(name)
        bad = f"try_cast({text} AS BIGINT) IS DISTINCT FROM try_cast({text} AS DOUBLE)"
        query = (
            f"SELECT n, value FROM (SELECT row_number() OVER () AS n, {quoted(name)} AS value,"
            f" {bad} OR try_cast({text} AS BIGINT) IS NULL AS bad FROM {_read([path], read)})"
            " WHERE bad AND value IS NOT NULL LIMIT 1"
        )
        with scratch() as connection:
            found = connection.execute(query).fetchall()
        return found[0] if found else None


def sniff(
    connection: duckdb.DuckDBPyConnection, paths: Sequence[str], options: Mapping[str, Any]
) -> Layout:
    """The layout of the files; one broken line among the first is an error, not a file of one column.

    Raises: duckdb.Error, with the number of the line.
    """
    firm = dict(options)
    first = _lines(connection, paths[0], options)
    if len(first) == 1 and "header" not in options:
        firm["header"] = True  # names alone: a table without rows
    try:
        types = _types(connection, paths, firm)
    except duckdb.Error:
        types = {}
    if len(types) > 1 or not first:
        return Layout(firm, types or _types(connection, paths, firm))
    counts = {d: first[0].count(d) for d in _DELIMITERS}
    likely = options.get("delim") or max(_DELIMITERS, key=lambda d: counts[d])
    if likely not in first[0]:
        return Layout(firm, types or _types(connection, paths, firm))
    try:
        delimited = {**firm, "delim": likely}
        return Layout(delimited, _types(connection, paths, delimited))
    except duckdb.Error:
        if likely == " " and types:
            return Layout(firm, types)  # a column of sentences
        _raise_broken_line(connection, paths, delimited, first[0])
        raise


def _types(
    connection: duckdb.DuckDBPyConnection, paths: Sequence[str], options: Mapping[str, Any]
) -> dict[str, str]:
    relation = connection.sql(f"SELECT * FROM {_read(paths, options)}")
    return {name: str(kind) for name, kind in zip(relation.columns, relation.types, strict=True)}


def _lines(
    connection: duckdb.DuckDBPyConnection, path: str, options: Mapping[str, Any]
) -> list[str]:
    """The first two lines that are not left out."""
    whole = {"delim": "\x01", "quote": "", "escape": "", "header": False, "auto_detect": False}
    kept = {key: options[key] for key in ("skip", "encoding") if key in options}
    reading = _read([path], {**whole, **kept, "columns": {"line": "VARCHAR"}})
    rows = connection.execute(f"SELECT line FROM {reading} LIMIT 2").fetchall()
    return [row[0] or "" for row in rows]


def _raise_broken_line(
    connection: duckdb.DuckDBPyConnection,
    paths: Sequence[str],
    options: Mapping[str, Any],
    first: str,
) -> None:
    """Reads everything as text, so that DuckDB says which line is broken."""
    columns = {f"c{i}": "VARCHAR" for i in range(first.count(options["delim"]) + 1)}
    known = {key: value for key, value in options.items() if key != "sample_size"}
    reading = _read(paths, {"header": True, **known, "auto_detect": False, "columns": columns})
    connection.execute(f"SELECT count(*), max(c0) FROM {reading}").fetchall()


def whole_number_problem(
    message: str, paths: Sequence[str], layout: Layout | None
) -> SourceError | None:
    """The sentence for a fraction in a column whose first rows are whole, if that is what the message tells."""
    told = message.partition(_NOT_WHOLE)[2]
    if not told or layout is None:
        return None
    # Names and values may hold colons: the longest name that has such a value is meant.
    whole = [name for name, kind in layout.types.items() if kind == "BIGINT"]
    for name in sorted(whole, key=len, reverse=True):
        if told.startswith(f"{name}: "):
            with contextlib.suppress(duckdb.Error):  # the first error says more
                for path in paths:
                    if fraction := layout.first_fraction(path, name):
                        return _fraction_error(path, name, fraction, layout.options)
    return None


def _fraction_error(
    path: str, name: str, fraction: tuple[int, str], options: Mapping[str, Any]
) -> SourceError:
    row, value = fraction
    header = options.get("header", not re.fullmatch(r"column\d+", name))
    line = row + int(header) + options.get("skip", 0)
    return SourceError(
        f"Line {line} of the file {path!r} cannot be read: column {name!r} holds {value!r}, and whole numbers"
        " in the rows that decided its type; give its type in column_info (numeric), list the text in"
        " missing_value_string, or set rows_to_sniff=-1."
    )


def _read(paths: Sequence[str], options: Mapping[str, Any]) -> str:
    arguments = [literal(list(paths))]
    arguments += [f"{name} = {literal(value)}" for name, value in options.items()]
    return f"read_csv({', '.join(arguments)})"


def literal(value: object) -> str:
    """A value as DuckDB's SQL writes it.

    Example:
        >>> literal(["it's", 1]), literal({"a": True})
        ("['it''s', 1]", "{'a': true}")
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{literal(k)}: {literal(v)}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(literal(item) for item in value) + "]"
    if isinstance(value, int):
        return str(value)
    return str(exp.Literal.string(str(value)).sql(dialect="duckdb"))
