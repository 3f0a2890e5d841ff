"""A source seen through transforms and row selection, which DuckDB computes over its batches, in order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

import duckdb
import pyarrow as pa
from sqlglot import exp

from ..errors import DataError, SpecError
from ..expressions import guarded, parse_expression, resolve, used_columns
from .connections import first_line
from .embedded import close_connection, lazy_reader, schema_of, scratch
from .inside import Computed, Inside
from .source import Column, Schema, Source, Stream
from .types import column_of

_ROWS = "rows"  # what the rows are called in our queries


class SelectedSource(Source):
    """Transforms (later ones see earlier ones; `x` in the transform that makes `x` is the source's), then row selection."""

    def __init__(
        self, source: Source, row_selection: str | None, transforms: Mapping[str, str]
    ) -> None:
        self.source = source
        self.row_selection = row_selection
        self.transforms = dict(transforms)
        self.can_reread = source.can_reread
        self.in_memory = source.in_memory
        self._where_tree = (
            None if row_selection is None else parse_expression(row_selection, "row_selection")
        )
        self._trees = {
            name: parse_expression(text, f"transforms[{name!r}]")
            for name, text in self.transforms.items()
        }
        self._resolved: tuple[dict[str, exp.Expression], exp.Expression | None] | None = None
        self._schema: Schema | None = None

    @property
    def base(self) -> Source:
        return self.source.base

    def explain_sql(self) -> str | None:
        return self.source.explain_sql()

    def reading(self, purpose: str) -> AbstractContextManager[Any]:
        return self.source.reading(purpose)

    def expected_rows(self) -> int | None:
        return self.source.expected_rows()  # at most

    @property
    def needs_cache(self) -> bool:
        return True  # DuckDB computes them anew each time

    @property
    def file_name(self) -> str | None:
        return self.source.file_name

    @property
    def data_name(self) -> str:
        return self.source.data_name

    def expressions(self) -> tuple[dict[str, exp.Expression], exp.Expression | None]:
        """The transforms and the selection over the source's own columns."""
        if self._resolved is None:
            known: dict[str, exp.Expression] = {
                c.name: _column(c.name) for c in self.source.schema()
            }
            made: dict[str, exp.Expression] = {}
            for name, tree in self._trees.items():
                made[name] = guarded(resolve(tree, known, f"transforms[{name!r}]"))
                known[name] = exp.Paren(this=made[name])
            where = None
            if self._where_tree is not None:
                where = guarded(resolve(self._where_tree, known, "row_selection"))
            self._resolved = made, where
        return self._resolved

    def schema(self) -> Schema:
        if self._schema is None:
            made, where = self.expressions()
            base = self.source.schema()
            types = self._types(made, where, base)
            columns = {column.name: _passed(column) for column in base}
            for name in made:
                columns[name] = column_of(name, types[name])
            self._schema = Schema(columns.values())
        return self._schema

    def _types(
        self, made: Mapping[str, exp.Expression], where: exp.Expression | None, base: Schema
    ) -> dict[str, pa.DataType]:
        """Types of the new columns: DuckDB binds them over no rows."""
        types: dict[str, pa.DataType] = {}
        used = _used([*made.values(), *([] if where is None else [where])], base)
        base.require(used)
        with scratch() as connection:
            connection.register(_ROWS, _empty(base, used))
            for name, tree in [
                *made.items(),
                *([] if where is None else [("row_selection", where)]),
            ]:
                query = _query({name: tree}, None, base, used, {})
                try:
                    schema = schema_of(connection.sql(query))
                except duckdb.Error as error:
                    what = (
                        name
                        if name == "row_selection" and name not in made
                        else f"transforms[{name!r}]"
                    )
                    raise DataError(f"{what} cannot be computed: {first_line(error)}.") from error
                types.setdefault(name, schema.field(0).type)
                if (
                    name == "row_selection"
                    and name not in made
                    and not pa.types.is_boolean(schema.field(0).type)
                ):
                    raise SpecError(
                        f"row_selection must be true or false for each row; {self.row_selection!r} is {schema.field(0).type}."
                    )
        return types

    def inside(
        self, columns: Sequence[str], computed: Computed | None = None, *, native: bool = False
    ) -> Inside:
        if computed is not None:
            return Inside(reason="a selection of a selection is computed in this process")
        made, where = self.expressions()
        schema = self.schema()
        wanted = {name: made[name] for name in columns if name in made}
        types = {name: schema[name].arrow_type for name in wanted}
        trees = [*wanted.values(), *([] if where is None else [where])]
        asked = Computed(wanted, where, types, _Types(trees, self.source.schema()))
        return self.source.inside(columns, asked, native=native)

    def _open(self, columns: Sequence[str]) -> Stream:
        inside = self.inside(columns)
        if inside.select is not None and inside.rows is not None:
            return inside.rows.stream(inside)
        schema = self.schema()
        made, where = self.expressions()
        wanted = {name: made.get(name, _column(name)) for name in columns}
        used = _used([*wanted.values(), *([] if where is None else [where])], self.source.schema())
        names = (
            used or [column.name for column in self.source.schema() if column.problem is None][:1]
        )
        types = {name: schema[name].arrow_type for name in columns if name in made}
        query = _query(wanted, where, self.source.schema(), names, types)
        base = self.source.stream(names)
        connection = scratch()

        def cancel() -> None:
            base.cancel()
            connection.interrupt()

        def close() -> None:
            close_connection(connection)
            base.close()

        try:
            # Types first, over no rows: looking at the stream itself would use it up.
            connection.register(_ROWS, _empty(self.source.schema(), names))
            made_schema = schema_of(connection.sql(query))
            connection.register(_ROWS, base.reader())
            relation = connection.sql(query)
        except duckdb.Error as error:
            close()
            raise self.read_error(str(error)) from error
        reader = lazy_reader(relation, made_schema, self.read_error, base.errors)
        return Stream(
            reader,
            cancel=cancel,
            close=close,
            keep=(base, connection),
            errors=base.errors,
            sql=base.sql,
        )

    def read_error(self, message: str) -> Exception:
        if any(
            kind in message for kind in ("Conversion Error", "Out of Range", "Invalid Input Error")
        ):
            return DataError(
                f"row_selection or transforms cannot be computed: {first_line(message)}."
            )
        return self.source.read_error(message)


# Parts of an expression that have a value, and so a type.
_VALUES = (exp.Column, exp.Literal, exp.Func, exp.Binary, exp.Unary, exp.Between, exp.In)
_MOST_VALUES = 500


class _Types:
    """DuckDB's types of all parts of some expressions, asked for at once when the first is needed."""

    def __init__(self, trees: Sequence[exp.Expression], schema: Schema) -> None:
        self._trees = trees
        self._schema = schema
        self._found: dict[int, pa.DataType] | None = None

    def __call__(self, node: exp.Expression) -> pa.DataType | None:
        if self._found is None:
            self._found = self._ask()
        return self._found.get(id(node))

    def _ask(self) -> dict[int, pa.DataType]:
        nodes = [n for tree in self._trees for n in tree.walk() if isinstance(n, _VALUES)]
        if len(nodes) > _MOST_VALUES:
            return {}
        used = _used(self._trees, self._schema)
        query = _query({f"n{i}": n for i, n in enumerate(nodes)}, None, self._schema, used, {})
        with scratch() as connection:
            connection.register(_ROWS, _empty(self._schema, used))
            try:
                types = schema_of(connection.sql(query)).types
            except duckdb.Error:
                return {}
        return {id(node): kind for node, kind in zip(nodes, types, strict=True)}


def _empty(schema: Schema, names: Sequence[str]) -> pa.Table:
    """A table of these columns (or of one that does not matter) without rows."""
    if not names:
        return pa.table({"none": pa.array([], pa.int8())})
    return pa.table({name: pa.array([], schema[name].arrow_type) for name in names})


def _passed(column: Column) -> Column:
    """A column that DuckDB hands through: dictionaries come out as text."""
    if not pa.types.is_dictionary(column.arrow_type):
        return column
    return Column(
        column.name, column.kind, pa.string(), column.levels, low=column.low, high=column.high,
        description=column.description, problem=column.problem, categorical=column.categorical,
    )  # fmt: skip


def _column(name: str) -> exp.Column:
    return exp.Column(this=exp.to_identifier(name, quoted=True))


def _used(trees: Sequence[exp.Expression], schema: Schema) -> list[str]:
    used = {name for tree in trees for name in used_columns(tree)}
    return [name for name in schema.names if name in used]


def _query(
    wanted: Mapping[str, exp.Expression],
    where: exp.Expression | None,
    base: Schema,
    names: Sequence[str],
    types: Mapping[str, pa.DataType],
) -> str:
    """SELECT over the rows, whose columns are called c0, c1, … so that no name can matter."""
    plain = {name: exp.Column(this=exp.to_identifier(f"c{i}")) for i, name in enumerate(names)}
    # NaN is missing to us; to DuckDB it is a number above all others.
    known = {
        name: _when("isnan", column, negated=True)
        if pa.types.is_floating(base[name].arrow_type)
        else column
        for name, column in plain.items()
    }
    items = []
    for name, tree in wanted.items():
        if isinstance(tree, exp.Column):
            made: exp.Expression = plain[tree.name].copy()
        else:
            made = resolve(tree, known, name)
        if name in types and pa.types.is_floating(types[name]):
            made = _when("isfinite", made)
        items.append(exp.alias_(exp.Paren(this=made), name, quoted=True))
    aliases = [exp.to_identifier(f"c{i}") for i in range(max(1, len(names)))]
    alias = exp.TableAlias(this=exp.to_identifier("t"), columns=aliases)
    select = exp.select(*items).from_(
        exp.Table(this=exp.to_identifier(_ROWS, quoted=True), alias=alias)
    )
    if where is not None:
        select = select.where(resolve(where, known, "row_selection"))
    return str(select.sql(dialect="duckdb"))


def _when(test: str, value: exp.Expression, *, negated: bool = False) -> exp.Expression:
    """CASE WHEN test(value) THEN value END."""
    called: exp.Expression = exp.Anonymous(this=test, expressions=[value.copy()])
    if negated:
        called = exp.Not(this=called)
    return exp.Case(ifs=[exp.If(this=called, true=value.copy())])
