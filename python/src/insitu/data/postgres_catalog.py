"""What PostgreSQL's catalog says: which table a name means, what its columns hold, and how each is read."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import sqlglot
from sqlglot import exp

from ..errors import SourceError, SpecError
from .postgres_session import Session
from .queries import translated

# Types that the driver hands over as Arrow's own.
_PLAIN: dict[str, pa.DataType] = {
    "bool": pa.bool_(),
    "int2": pa.int16(),
    "int4": pa.int32(),
    "int8": pa.int64(),
    "float4": pa.float32(),
    "float8": pa.float64(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
    "timestamptz": pa.timestamp("us", "UTC"),
}
_LISTED = "('r', 'p', 'v', 'm', 'f')"
_NEAR_LIMIT = 5000


@dataclass(frozen=True)
class ServerColumn:
    """One column in the server: its type's name, the Arrow type in which it is read (None: not at all), its levels.

    `cast` is the type to which the server converts it first.
    """

    name: str
    type: str
    arrow_type: pa.DataType | None
    cast: str | None = None
    levels: tuple[str, ...] | None = None

    def read(self) -> exp.Expression:
        """The column as it is streamed."""
        column = column_node(self.name)
        return column if self.cast is None else exp.cast(column, self.cast, dialect="postgres")


@dataclass(frozen=True)
class Relation:
    """What stands after FROM, its columns, and where it is a table its schema and name."""

    tree: exp.Expression
    columns: Mapping[str, ServerColumn]
    table: tuple[str, str] | None = None


def column_node(name: str) -> exp.Column:
    """A column, quoted."""
    return exp.Column(this=exp.to_identifier(name, quoted=True))


def literal(text: str) -> str:
    """Text as SQL."""
    return str(exp.Literal.string(text).sql(dialect="postgres"))


def table_relation(session: Session, name: str) -> Relation:
    """The table, view or foreign table of that name: exact first, then without regard to case if that is unique."""
    schema, found = resolved(session, name)
    tree = table_node(schema, found)
    return Relation(tree, _columns(session, f"SELECT * FROM {_text(tree)}", name), (schema, found))


def table_node(schema: str, name: str) -> exp.Table:
    """A table, both parts quoted."""
    return exp.Table(
        this=exp.to_identifier(name, quoted=True), db=exp.to_identifier(schema, quoted=True)
    )


def query_relation(session: Session, query: str, dialect: str) -> Relation:
    """One SELECT, written in any dialect."""
    text = _native(query) if dialect == "postgres" else translated(query, dialect, "postgres")
    # The server reads it alone first, so that it cannot close the bracket that is put around it.
    names = session.names_of(session.tagged(text), query)
    if not names:
        raise SpecError("sql_query must be one SELECT statement; the query holds something else.")
    tree = exp.Subquery(
        this=exp.Var(this=f"{text}\n"),  # a comment may end the query
        alias=exp.TableAlias(this=exp.to_identifier("query")),
    )
    return Relation(tree, _columns(session, text, query, names))


def _native(query: str) -> str:
    """A query in PostgreSQL's own language, as it is; what sqlglot cannot read is left to the server."""
    text = query.strip().rstrip(";").strip()
    try:
        trees = [tree for tree in sqlglot.parse(text, read="postgres") if tree is not None]
    except (sqlglot.ParseError, sqlglot.TokenError):
        return text
    if len(trees) != 1 or not isinstance(trees[0], exp.Query) or trees[0].find(exp.Into):
        raise SpecError("sql_query must be one SELECT statement; the query holds something else.")
    return text


def _text(tree: exp.Expression) -> str:
    return str(tree.sql(dialect="postgres"))


def split_name(name: str) -> list[str]:
    """`schema.name`, `[schema].[name]` or `"schema"."name"` as its parts.

    Example:
        >>> split_name("s.t"), split_name("[a.b].[c]"), split_name('"a.b".c')
        (['s', 't'], ['a.b', 'c'], ['a.b', 'c'])
    """
    parts = [
        bracketed or quoted.replace('""', '"') or plain
        for bracketed, quoted, plain in re.findall(
            r'\[([^\]]+)\](?:\.|$)|"((?:[^"]|"")+)"(?:\.|$)|([^."\[\]]+)(?:\.|$)', name
        )
    ]
    return parts or [name]


def resolved(session: Session, name: str) -> tuple[str, str]:
    """Schema and name of a table; SourceError with near names if there is none."""
    found = find_table(session, name)
    if found is not None:
        return found
    visible = session.execute(
        "SELECT n.nspname AS schema, c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        f" WHERE c.relkind IN {_LISTED} AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')"
        f" ORDER BY 1, 2 LIMIT {_NEAR_LIMIT}"
    )
    wanted = split_name(name)[-1].lower()
    by_name = {row["name"].lower(): f"{row['schema']}.{row['name']}" for row in visible}
    near = [by_name[m] for m in difflib.get_close_matches(wanted, list(by_name), n=3, cutoff=0.6)]
    hint = (
        f"did you mean {' or '.join(map(repr, near))}?"
        if near
        else "check the name, and the schemas of search_path."
    )
    raise SourceError(f"There is no table {name!r} in the database; {hint}")


def find_table(session: Session, name: str) -> tuple[str, str] | None:
    """Schema and name of the table that a name means, or None."""
    parts = split_name(name)
    if len(parts) > 1 and parts[-2].lower() == "dbo":
        parts = parts[-1:]
    rows = session.execute(
        "SELECT n.nspname AS schema, c.relname AS name, pg_table_is_visible(c.oid) AS visible"
        " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        f" WHERE c.relkind IN {_LISTED} AND lower(c.relname) IN (lower($1::text), lower($2::text))",
        [name, parts[-1]],
    )
    schema = parts[-2] if len(parts) > 1 else None
    choices = [
        [r for r in rows if r["visible"] and r["name"] == name],
        [r for r in rows if _in_schema(r, schema) and r["name"] == parts[-1]],
        [r for r in rows if r["visible"] and r["name"].lower() == name.lower()],
        [r for r in rows if _in_schema(r, schema) and r["name"].lower() == parts[-1].lower()],
    ]
    for chosen in choices:
        if len(chosen) == 1:
            return str(chosen[0]["schema"]), str(chosen[0]["name"])
    return None


def _in_schema(row: Mapping[str, object], schema: str | None) -> bool:
    return bool(row["visible"]) if schema is None else str(row["schema"]).lower() == schema.lower()


def size_of(session: Session, relation: Relation) -> int | None:
    """Bytes of a table's files, with those of its parts; None for what has no files of its own."""
    if relation.table is None:
        return None
    rows = session.execute(_SIZE.format(name=literal(_text(relation.tree))))
    return None if rows[0]["bytes"] is None else int(rows[0]["bytes"])


_SIZE = """WITH RECURSIVE parts(oid) AS (
  SELECT {name}::regclass::oid UNION SELECT i.inhrelid FROM pg_inherits i JOIN parts p ON i.inhparent = p.oid
) SELECT CASE WHEN bool_and(c.relkind IN ('r', 'p', 'm')) THEN sum(pg_relation_size(c.oid)) END::bigint AS bytes
FROM parts JOIN pg_class c ON c.oid = parts.oid"""


def _columns(
    session: Session, query: str, shown: str, names: Sequence[str] | None = None
) -> dict[str, ServerColumn]:
    """Names and types of a query's columns: it is joined to one row on a condition that never holds, and so never run."""
    if names is None:
        names = session.names_of(session.tagged(query), shown)
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise SpecError(f"Column {twice!r} occurs more than once: rename or drop one of them.")
    if not names:
        return {}
    types = ", ".join(f"pg_typeof(q.{_text(column_node(name))})" for name in names)
    rows = session.execute(_TYPES.format(types=types, query=query), shown=shown)
    return {name: _server_column(name, row) for name, row in zip(names, rows, strict=True)}


# Types by column, with domains followed to what they are made of.
_TYPES = """WITH RECURSIVE columns(i, type) AS (
  SELECT u.i, u.type::oid FROM (SELECT ARRAY[{types}] AS types FROM (SELECT) AS one LEFT JOIN ({query}
  ) AS q ON false) AS t, unnest(t.types) WITH ORDINALITY AS u(type, i)
), base(i, type) AS (
  SELECT i, type FROM columns
  UNION ALL
  SELECT b.i, p.typbasetype FROM base b JOIN pg_type p ON p.oid = b.type WHERE p.typtype = 'd'
)
SELECT p.typname::text AS name, format_type(p.oid, NULL) AS shown, p.typtype::text AS kind,
  p.typcategory::text AS category, n.nspname = 'pg_catalog' AS builtin,
  (SELECT json_agg(e.enumlabel ORDER BY e.enumsortorder)::text FROM pg_enum e WHERE e.enumtypid = p.oid) AS levels
FROM base b JOIN pg_type p ON p.oid = b.type JOIN pg_namespace n ON n.oid = p.typnamespace
WHERE p.typtype <> 'd' ORDER BY b.i"""


def _server_column(name: str, row: Mapping[str, object]) -> ServerColumn:
    kind, shown = str(row["name"]), str(row["shown"])
    if row["kind"] == "e":
        labels = row["levels"]
        levels = tuple(json.loads(str(labels))) if labels else ()
        return ServerColumn(name, shown, pa.string(), "text", levels)
    if row["builtin"] and kind in _PLAIN:
        return ServerColumn(name, shown, _PLAIN[kind])
    if row["builtin"] and kind == "numeric":
        return ServerColumn(name, shown, pa.float64(), "double")
    if row["builtin"] and kind == "oid":
        return ServerColumn(name, shown, pa.int64(), "bigint")
    if row["category"] == "S" or (row["builtin"] and kind == "char"):
        # char(n) loses its trailing blanks, which mean nothing in it.
        return ServerColumn(name, shown, pa.string(), None if kind == "text" else "text")
    return ServerColumn(name, shown, None)
