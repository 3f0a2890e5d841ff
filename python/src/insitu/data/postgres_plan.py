"""What EXPLAIN says of a query: which tables it reads, how many workers it gets, and why none."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .postgres_session import Session


@dataclass(frozen=True)
class QueryPlan:
    """A plan: its nodes from the top, the tables it reads, the workers it asks for, and why there are none."""

    nodes: tuple[str, ...]
    tables: frozenset[tuple[str, str]]
    workers: int
    scanned_bytes: int
    serial_because: str


def read_plan(session: Session, sql: str, shown: str) -> QueryPlan:
    """The plan that the server makes for a query; nothing is run."""
    rows = session.execute(f"EXPLAIN (VERBOSE, FORMAT JSON) {sql}", shown=shown)
    found = [node for item in json.loads(rows[0]["QUERY PLAN"]) for node in _walk(item["Plan"])]
    kinds = tuple(node["Node Type"] for node in found)
    tables = frozenset((n["Schema"], n["Relation Name"]) for n in found if "Relation Name" in n)
    workers = max((n.get("Workers Planned", 0) for n in found), default=0)
    size, temporary = _measured(session, tables)
    reason = "" if workers else _why_serial(session, kinds, size, temporary)
    return QueryPlan(kinds, tables, workers, size, reason)


def expected_rows(session: Session, sql: str, shown: str) -> int:
    """How many rows the planner expects of a query."""
    rows = session.execute(f"EXPLAIN (FORMAT JSON) {sql}", shown=shown)
    return int(json.loads(rows[0]["QUERY PLAN"])[0]["Plan"]["Plan Rows"])


def _walk(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", []):
        yield from _walk(child)


def with_ancestors(session: Session, tables: frozenset[tuple[str, str]]) -> set[tuple[str, str]]:
    """The tables, and those that they are partitions of."""
    found = set(tables)
    for schema, name in tables:
        parents = session.execute(
            "SELECT n.nspname AS schema, c.relname AS name"
            " FROM pg_partition_ancestors(to_regclass(format('%I.%I', $1::text, $2::text))) a"
            " JOIN pg_class c ON c.oid = a.relid JOIN pg_namespace n ON n.oid = c.relnamespace",
            [schema, name],
        )
        found |= {(row["schema"], row["name"]) for row in parents}
    return found


def _measured(session: Session, tables: frozenset[tuple[str, str]]) -> tuple[int, bool]:
    """Bytes of the tables' files, and whether one of them is temporary."""
    if not tables:
        return 0, False
    listed = json.dumps([{"s": schema, "n": name} for schema, name in sorted(tables)])
    rows = session.execute(
        "SELECT coalesce(sum(pg_relation_size(c.oid)), 0)::bigint AS bytes, bool_or(c.relpersistence = 't') AS temporary"
        # The driver may call text by another type that is received alike (refcursor), which has no cast to json.
        " FROM json_to_recordset($1::text::json) AS t(s text, n text)"
        " JOIN pg_namespace m ON m.nspname = t.s JOIN pg_class c ON c.relnamespace = m.oid AND c.relname = t.n",
        [listed],
    )
    return int(rows[0]["bytes"]), bool(rows[0]["temporary"])


def _why_serial(session: Session, kinds: tuple[str, ...], size: int, temporary: bool) -> str:
    settings = session.execute(
        "SELECT current_setting('max_parallel_workers_per_gather')::int AS per_query,"
        " current_setting('max_parallel_workers')::int AS workers,"
        " pg_size_bytes(current_setting('min_parallel_table_scan_size')) AS least"
    )[0]
    if settings["per_query"] == 0:
        return "workers are off (num_tasks, max_parallel_workers_per_gather)"
    if settings["workers"] == 0:
        return "workers are off (max_parallel_workers)"
    if temporary:
        return "it reads a temporary table, which other processes cannot see"
    for kind, reason in {
        "CTE Scan": "a CTE is computed once and kept",
        "Sample Scan": "TABLESAMPLE is read by one process",
        "Foreign Scan": "a foreign table is read by one process",
        "Function Scan": "rows come from a function",
        "Values Scan": "rows are written in the query",
    }.items():
        if kind in kinds:
            return reason
    if size < settings["least"]:
        return f"the tables are small ({size:,} bytes; min_parallel_table_scan_size is {settings['least']:,})"
    return "the server's planner expects no gain, or something in the query is not parallel safe"
