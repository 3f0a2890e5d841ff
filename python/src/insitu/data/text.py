"""Delimited text files, read by DuckDB."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import duckdb
import pyarrow as pa

from ..arguments import warn_unknown
from ..errors import SourceError, SpecError
from .column_info import number_type
from .connections import first_line
from .embedded import quoted, relation_stream, schema_of, scratch
from .files import PathLike, RxFileData
from .sniffing import Layout, sniff, whole_number_problem
from .source import Stream
from .typed import name_list

_ENCODINGS = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "utf-16": "utf-16",
    "latin-1": "latin-1",
    "iso-8859-1": "latin-1",
}

# What DuckDB says of a broken line, apart from the line itself.
_REASONS = r"(Expected Number of Columns|Error when converting|Value with unterminated quote|Invalid unicode|Maximum line size).*"


class RxTextData(RxFileData):
    """Delimited text: a path, a glob, or a directory whose files have one layout; `.gz` and `.zst` are unpacked.

    Arguments:
        file: where the rows are.
        column_info, column_classes, vars_to_keep, vars_to_drop: see `RxDataSource`.
        missing_value_string: what stands for a missing value (a text or a list); empty fields are missing too.
        strings_as_factors: text columns are factors, unless column_info says otherwise.
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
        default_read_buffer_size: int = 10_000,
        default_decimal_column_type: str | None = None,
        default_missing_column_type: str | None = None,
        write_precision: int = 7,
        strip_zeros: bool = False,
        quoted_delimiters: bool = False,
        is_fixed_format: bool | None = None,
        use_fast_read: bool = True,
        create_file_set: bool | None = None,
        rows_per_out_file: int | None = None,
        verbose: int = 0,
        check_vars_to_keep: bool = False,
        file_system: object = "native",
        input_encoding: str = "utf-8",
        write_factors_as_indexes: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            file,
            column_info,
            column_classes=column_classes,
            vars_to_keep=vars_to_keep,
            vars_to_drop=vars_to_drop,
            strings_as_factors=strings_as_factors,
        )
        warn_unknown(type(self).__name__, kwargs)
        if is_fixed_format or any("start" in entry for entry in self.column_info.values()):
            raise SpecError(
                "Fixed-width text is not supported in this version: convert the file to CSV or Parquet."
            )
        if combine_delimiters:
            raise SpecError(
                "combine_delimiters is not supported in this version: give a file with single delimiters."
            )
        if input_encoding.lower() not in _ENCODINGS:
            raise SpecError(
                f"input_encoding {input_encoding!r} is not one of utf-8, utf-16 and latin-1."
            )
        missing = name_list(missing_value_string)
        options: dict[str, Any] = {
            "nullstr": list(dict.fromkeys(["", *missing])),
            "quote": quote_mark,
            "decimal_separator": decimal_point,
            "sample_size": rows_to_sniff,
            "encoding": _ENCODINGS[input_encoding.lower()],
            "delim": delimiter,
            "thousands": thousands_separator,
            "header": first_row_is_column_names,
            "skip": rows_to_skip or None,
        }
        self.options = {key: value for key, value in options.items() if value is not None}
        self._layout: Layout | None = None

    def _relation(self, connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyRelation:
        """The rows, with columns that are declared read as text."""
        try:
            if self._layout is None:
                self._layout = sniff(connection, self.paths(), self.options)
            types = {name: self._read_type(name, t) for name, t in self._layout.types.items()}
            return connection.sql(self._layout.query(self.paths(), types))
        except duckdb.Error as error:
            raise self.read_error(str(error)) from error

    def _read_type(self, raw: str, sniffed: str) -> str:
        """Declared columns are read as text, so that our own rules (what is missing, what an error) hold as everywhere.

        Numbers declared as numbers stay as they were found: only the reader knows how they are written.
        """
        name = _renamed(raw)
        info = self.column_info.get(name, {})
        kind = info.get("type", self.column_classes.get(name))
        if kind is None and "levels" not in info:
            return sniffed
        number = number_type(kind)
        if number is None or sniffed not in ("BIGINT", "DOUBLE"):
            return "VARCHAR"
        return "DOUBLE" if pa.types.is_floating(number) else sniffed

    def _fields(self) -> tuple[list[tuple[str, pa.DataType]], dict[str, Sequence[str]]]:
        with scratch() as connection:
            try:
                schema = schema_of(self._relation(connection))
            except duckdb.Error as error:
                raise self.read_error(str(error)) from error
        return [(_renamed(field.name), field.type) for field in schema], {}

    def _scan(self, names: Sequence[str]) -> Stream:
        connection = scratch()
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
        problem = whole_number_problem(message, self.paths(), self._layout)
        if problem is not None:
            return problem
        line = re.search(r"(?:CSV Error on Line|at line|Line): ?(\d+)", message)
        if line is None:
            return super().read_error(first_line(message))
        content = re.search(r"Original Line: ?(.*)", message)
        shown = f" ({content[1].strip()[:120]!r})" if content else ""
        told = re.search(_REASONS, message)
        reason = told[0].rstrip(".") if told else "it does not fit the columns before it"
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
