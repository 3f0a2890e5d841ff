"""Delimited text files, read by DuckDB."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import duckdb
import pyarrow as pa
from sqlglot import exp

from ..errors import SourceError, SpecError
from .connections import first_line
from .database import relation_stream, schema_of
from .files import PathLike, RxFileData
from .queries import quoted
from .source import Stream

_ENCODINGS = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "utf-16": "utf-16",
    "latin-1": "latin-1",
    "iso-8859-1": "latin-1",
}


class RxTextData(RxFileData):
    """Delimited text: a path, a glob, or a directory whose files have one layout; `.gz` and `.zst` are unpacked.

    Arguments:
        file: where the rows are.
        column_info, column_classes, vars_to_keep, vars_to_drop: see `RxDataSource`.
        missing_value_string: what stands for a missing value (a text or a list); empty fields are missing too.
        delimiter: found in the first rows if not given (comma, tab, semicolon, bar or space).
        quote_mark, decimal_point, thousands_separator: as in the file.
        first_row_is_column_names: found if not given; without names columns are V1, V2, ….
        rows_to_sniff: rows that decide the types (-1: all); a later value that does not fit is an error with its line.
        rows_to_skip: leading lines left out. input_encoding: "utf-8", "utf-16" or "latin-1".
        The other arguments of revoscalepy are accepted and have no effect.
    Raises: SpecError for what this version cannot do (fixed-width files); SourceError, with the number of the line,
        for a broken line.

    Example:
        >>> import tempfile, os
        >>> path = os.path.join(tempfile.mkdtemp(), "t.csv")
        >>> with open(path, "w") as file:
        ...     _ = file.write("x,day\\n1,Mon\\nNA,Tue\\n")
        >>> RxTextData(path).head()["x"].tolist()
        [1, <NA>]
    """

    suffixes = (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", ".txt.gz", ".csv.zst", ".tsv.zst")

    def __init__(
        self,
        file: PathLike | Iterable[PathLike],
        strings_as_factors: bool = False,
        column_classes: Mapping[str, str] | None = None,
        column_info: Mapping[str, Mapping[str, Any]] | None = None,
        vars_to_keep: Sequence[str] | None = None,
        vars_to_drop: Sequence[str] | None = None,
        missing_value_string: str | Sequence[str] = "NA",
        rows_per_read: int = 500_000,
        delimiter: str | None = None,
        combine_delimiters: bool = False,
        quote_mark: str = '"',
        decimal_point: str = ".",
        thousands_separator: str | None = None,
        read_date_format: str = "[%y[-][/]%m[-][/]%d]",
        read_posixct_format: str = "%y[-][/]%m[-][/]%d [%H:%M[:%S]][%p]",
        century_cutoff: int = 20,
        first_row_is_column_names: bool | None = None,
        rows_to_sniff: int = 10_000,
        rows_to_skip: int = 0,
        return_data_frame: bool = True,
        *args: Any,
        is_fixed_format: bool | None = None,
        input_encoding: str = "utf-8",
        **kwargs: Any,
    ) -> None:
        super().__init__(
            file,
            column_info,
            column_classes=column_classes,
            vars_to_keep=vars_to_keep,
            vars_to_drop=vars_to_drop,
        )
        if is_fixed_format or any("start" in entry for entry in self.column_info.values()):
            raise SpecError(
                "Fixed-width text is not supported in this version: convert the file to CSV or Parquet."
            )
        if combine_delimiters and delimiter not in (None, " "):
            raise SpecError(
                "combine_delimiters is not supported in this version: give a file with single delimiters."
            )
        if input_encoding.lower() not in _ENCODINGS:
            raise SpecError(
                f"input_encoding {input_encoding!r} is not one of utf-8, utf-16 and latin-1."
            )
        self.strings_as_factors = strings_as_factors
        missing = (
            [missing_value_string]
            if isinstance(missing_value_string, str)
            else list(missing_value_string)
        )
        self.options: dict[str, Any] = {
            "nullstr": list(dict.fromkeys(["", *missing])),
            "quote": quote_mark,
            "decimal_separator": decimal_point,
            "sample_size": rows_to_sniff,
            "encoding": _ENCODINGS[input_encoding.lower()],
        }
        optional = {
            "delim": delimiter,
            "thousands": thousands_separator,
            "header": first_row_is_column_names,
            "skip": rows_to_skip or None,
        }
        self.options |= {key: value for key, value in optional.items() if value is not None}
        self._sniffed: dict[str, str] | None = None

    def _relation(self, connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyRelation:
        try:
            if self._sniffed is None:
                relation = connection.sql(self._query({}))
                self._sniffed = {
                    name: str(kind)
                    for name, kind in zip(relation.columns, relation.types, strict=True)
                }
            types = {name: self._read_type(name, kind) for name, kind in self._sniffed.items()}
            return connection.sql(self._query({"types": types}))
        except duckdb.Error as error:
            raise self.read_error(str(error)) from error

    def _query(self, more: Mapping[str, Any]) -> str:
        arguments = [_literal(self.paths())]
        arguments += [
            f"{name} = {_literal(value)}" for name, value in {**self.options, **more}.items()
        ]
        return f"SELECT * FROM read_csv({', '.join(arguments)})"

    def _read_type(self, raw: str, sniffed: str) -> str:
        """Declared columns are read as text, so that our own rules (what is missing, what an error) hold as everywhere."""
        name = _renamed(raw)
        info = self.column_info.get(name, {})
        declared = name in self.column_classes or "type" in info or "levels" in info
        return "VARCHAR" if declared else sniffed

    def _fields(self) -> tuple[list[tuple[str, pa.DataType]], dict[str, Sequence[str]]]:
        with duckdb.connect() as connection:
            try:
                schema = schema_of(self._relation(connection))
            except duckdb.Error as error:
                raise self.read_error(str(error)) from error
        return [(_renamed(field.name), field.type) for field in schema], {}

    def _scan(self, names: Sequence[str]) -> Stream:
        connection = duckdb.connect()
        try:
            relation = self._relation(connection)
            raw = {_renamed(name): name for name in relation.columns}
            items = ", ".join(f"{quoted(raw[name])} AS {quoted(name)}" for name in names)
            return relation_stream(relation, items, self.read_error, connection)
        except duckdb.Error as error:
            connection.close()
            raise self.read_error(str(error)) from error

    def read_error(self, message: str) -> SourceError:
        """The sentence for a file that DuckDB cannot read, with the number of the broken line."""
        line = re.search(r"(?:CSV Error on Line|at line|Line): ?(\d+)", message)
        if line is None:
            return super().read_error(first_line(message))
        content = re.search(r"Original Line: ?(.*)", message)
        shown = f" ({content[1].strip()[:120]!r})" if content else ""
        details = [part.strip() for part in message.split("\n")[1:] if part.strip()]
        reasons = [
            d for d in details if not re.match(r"(Original Line|Possible|\*|file ?=|LINE )", d)
        ]
        reason = reasons[0].rstrip(".") if reasons else "it does not fit the columns before it"
        hint = ""
        if "convert" in reason.lower():
            hint = "; give the column's type in column_info, list the text in missing_value_string, or set rows_to_sniff=-1"
        return SourceError(
            f"Line {line[1]} of the file {_file_of(message, self.file_name)!r} cannot be read{shown}: {reason}{hint}."
        )


def _file_of(message: str, name: str) -> str:
    found = re.search(r"^\s*file ?= ?(.*)$", message, re.MULTILINE)
    return found[1].strip() if found else name


def _renamed(name: str) -> str:
    """Columns without a header are V1, V2, … as in revoscalepy."""
    found = re.fullmatch(r"column(\d+)", name)
    return f"V{int(found[1]) + 1}" if found else name


def _literal(value: object) -> str:
    """A value as DuckDB's SQL writes it.

    Example:
        >>> _literal(["it's", 1]), _literal({"a": True})
        ("['it''s', 1]", "{'a': true}")
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_literal(k)}: {_literal(v)}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_literal(item) for item in value) + "]"
    if isinstance(value, int):
        return str(value)
    return str(exp.Literal.string(str(value)).sql(dialect="duckdb"))
