"""Inside PostgreSQL: each row against plain SQL over the same columns, in alternate turns, with 0, 1 and 2 parallel workers.

The extension must be installed for the server that conformance.postgres_server finds. MADlib is a peer where MADPACK names its
program (docs/benchmarks.md tells how it is built).
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import insitu
from bench import timing
from bench.timing import Row
from conformance.postgres_server import PostgresServer

X = [f"x{k}" for k in range(1, 11)]
NUMBERS = "y ~ " + " + ".join(X)
FACTORS = "y ~ carrier + F(day) + x1 + x2 + x3"
TURNS = 5
WORKERS = (0, 1, 2)
SIZES = (5_000_000, 20_000_000)
SLOW = ("streamed", "pushdown")  # a minute a turn at the larger size, which then is one
SETTINGS = {
    "shared_buffers": "4GB", "work_mem": "64MB", "max_wal_size": "16GB", "jit": "off",
    "max_parallel_workers": "8", "max_worker_processes": "16", "autovacuum": "off",
    "min_parallel_table_scan_size": "1MB",
}  # fmt: skip


class Bench:
    """A server with the tables, and one connection for plain SQL."""

    def __init__(self, server: PostgresServer, n: int) -> None:
        from adbc_driver_postgresql import dbapi

        self.server = server
        self.n = n
        server.psql(
            f"""CREATE EXTENSION insitu;
            CREATE TABLE rows AS SELECT {", ".join(f"random() AS {x}" for x in X)}, 0.0::float8 AS y, i AS id,
                   'carrier ' || i % 20 AS carrier, (i / 20 % 7)::int AS day, i % 5000 AS part FROM generate_series(1, {n}) i;
            CREATE TABLE numerics AS SELECT {", ".join(f"{x}::numeric(14, 10) AS {x}" for x in X)},
                   (x1 + 2 * x2 - x3 + random())::numeric(14, 10) AS y FROM rows;
            CREATE TABLE t AS SELECT {", ".join(X)}, x1 + 2 * x2 - x3 + random() AS y, carrier, day, part,
                   (random() < 1 / (1 + exp(1 - x1 - 2 * x2 + x3)))::int::float8 AS event FROM rows;
            DROP TABLE rows; VACUUM ANALYZE t; VACUUM ANALYZE numerics;"""
        )
        self.url = server.connection_string()
        self._connection = dbapi.connect(self.url, autocommit=True)
        self.source = insitu.RxPostgresData(self.url, table="t")
        self.fetch(f"SELECT {', '.join(f'sum({x})' for x in X)} FROM t")  # all pages are read once
        self.fetch("SELECT sum(y) FROM numerics")

    def close(self) -> None:
        """Ends the connection."""
        self._connection.close()

    def workers(self, count: int) -> None:
        """For connections made from now on, and for the plain one."""
        self.server.psql(f"ALTER SYSTEM SET max_parallel_workers_per_gather = {count}; SELECT pg_reload_conf();")  # fmt: skip
        self.fetch(f"SET max_parallel_workers_per_gather = {count}")

    def fetch(self, sql: str) -> Any:
        """The rows of a statement."""
        with self._connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall() if cursor.description else None

    def fit(self, formula: str, table: str = "t", how: str = "extension") -> Any:
        """The whole call of a client."""
        source = insitu.RxPostgresData(self.url, table=table)
        context = insitu.RxInPostgres(self.url, how=how)
        return insitu.rx_lin_mod(formula, source, compute_context=context, report_progress=0)


def sums(table: str = "t", by: str = "", response: str = "y") -> str:
    """Plain SQL over the columns of NUMBERS."""
    items = ", ".join(f"sum({name})" for name in [*X, response])
    return f"SELECT {items} FROM {table}{f' GROUP BY {by}' if by else ''}"


def numbers(bench: Bench) -> tuple[Row, Callable[[], Any], Callable[[], Any]]:
    """A linear model of ten numbers."""
    row = Row("numbers", "OLS of 10 numbers, whole call", "`SELECT sum(…)` of the columns", 1.3, 0.95)  # fmt: skip
    return row, lambda: bench.fetch(sums()), lambda: bench.fit(NUMBERS)


def logit(bench: Bench) -> tuple[Row, Callable[[], Any], Callable[[], Any]]:
    """A logistic regression on the same numbers."""
    row = Row("logit", "logit of 10 numbers, whole call", "`SELECT sum(…)` of the columns, once for each pass", 1.6, 1.2)  # fmt: skip
    context = insitu.RxInPostgres(bench.url, how="extension")
    formula = f"event ~ {' + '.join(X)}"

    def fit() -> insitu.GeneralizedLinearModel:
        return insitu.rx_logit(formula, bench.source, compute_context=context, report_progress=0)

    passes = fit().passes
    plain = sums(response="event")
    return row, lambda: [bench.fetch(plain) for _ in range(passes)], fit


def factors(bench: Bench) -> tuple[Row, Callable[[], Any], Callable[[], Any]]:
    """Factors and three numbers."""
    row = Row("factors", "factors (20 text, 7 integer levels) and 3 numbers", "`count(*) GROUP BY` the factors", 1.0, 0.8)  # fmt: skip
    plain = "SELECT carrier, day, count(*) FROM t GROUP BY carrier, day"
    return row, lambda: bench.fetch(plain), lambda: bench.fit(FACTORS)


def numerics(bench: Bench) -> tuple[Row, Callable[[], Any], Callable[[], Any]]:
    """The same numbers as numeric."""
    row = Row("numerics", "the 10 numbers as `numeric`", "as float8", 2.0, None)
    return row, lambda: bench.fit(NUMBERS), lambda: bench.fit(NUMBERS, "numerics")


def streamed(bench: Bench) -> tuple[Row, Callable[[], Any], Callable[[], Any]]:
    """Against rows sent to the client."""
    row = Row("streamed", "OLS of 10 numbers, whole call", "binary COPY (ADBC) and a local fit", 1 / 6, 1 / 9)  # fmt: skip
    return row, lambda: bench.fit(NUMBERS, how="streaming"), lambda: bench.fit(NUMBERS)


def predict(bench: Bench) -> tuple[Row, Callable[[], Any], Callable[[], Any]]:
    """Predictions, against the arithmetic written out."""
    model = bench.fit(NUMBERS)
    terms = [f"{model.coefficients[x]!r} * {x}" for x in X]
    written = re.sub(r"np\.float64\((.*?)\)", r"\1", " + ".join([repr(model.coefficients["(Intercept)"]), *terms]))  # fmt: skip
    bench.server.psql(
        f"CREATE TABLE IF NOT EXISTS models AS SELECT insitu.lm('{NUMBERS}', 't') AS model"
    )
    text = bench.server.psql("SELECT model::text FROM models LIMIT 1")
    row = Row("predict", "`insitu.predict` of every row", "the same arithmetic in SQL", 1.3, 1.0)
    ours = f"SELECT sum(insitu.predict('{text}'::insitu.model, {', '.join(X)})) FROM t"
    return row, lambda: bench.fetch(f"SELECT sum({written}) FROM t"), lambda: bench.fetch(ours)


def pushdown(bench: Bench) -> tuple[Row, Callable[[], Any], Callable[[], Any]]:
    """Pushdown, against its own SQL run by hand."""
    source = insitu.RxPostgresData(bench.url, table="t")
    context = insitu.RxInPostgres(bench.url, how="pushdown")
    insitu.rx_lin_mod(NUMBERS, source, compute_context=context, report_progress=0)
    by_hand = context.explain().sql
    row = Row("pushdown", "pushdown, 10 numbers", "its own SQL run by hand", 1.1, None)
    return row, lambda: [bench.fetch(sql) for sql in by_hand], lambda: bench.fit(NUMBERS, how="pushdown")  # fmt: skip


def groups(bench: Bench) -> tuple[Row, Callable[[], Any], Callable[[], Any]]:
    """One model for each of 5,000 groups."""
    spec = f"insitu.spec('{NUMBERS}', 't')"
    ours = f"SELECT count(s) FROM (SELECT insitu.state({spec}, y, {', '.join(X)}) AS s FROM t GROUP BY part OFFSET 0) q"
    plain = f"SELECT count(*) FROM ({sums(by='part')} OFFSET 0) q"
    row = Row("groups", "one model for each of 5,000 groups, 10 numbers", "`GROUP BY` with 11 sums", 3.0, 1.5)  # fmt: skip
    return row, lambda: bench.fetch(plain), lambda: bench.fetch(ours)


def madlib(bench: Bench) -> tuple[Row, Callable[[], Any], Callable[[], Any]]:
    """MADlib's linear regression, which declares no combine function on PostgreSQL: one core."""
    independent = f"ARRAY[1, {', '.join(X)}]"

    def train() -> None:
        bench.fetch("DROP TABLE IF EXISTS trained, trained_summary")
        bench.fetch(f"SELECT madlib.linregr_train('t', 'trained', 'y', '{independent}')")

    row = Row("madlib", "OLS of 10 numbers, whole call", "MADlib's `linregr_train`", 1 / 5, None)
    return row, train, lambda: bench.fit(NUMBERS)


ROWS = (numbers, logit, factors, numerics, streamed, predict, pushdown, groups)


def install_madlib(server: PostgresServer, madpack: str) -> None:
    """MADlib in the server's database, by its own program, which wants a user that is not root."""
    server.psql("CREATE EXTENSION plpython3u")
    place = f"postgres@127.0.0.1:{server.port}/postgres"
    environment = {"PATH": f"{server.bindir}:/usr/bin:/bin", "LC_ALL": "C.UTF-8", "PGPASSWORD": server.password}  # fmt: skip
    user = {"user": "postgres"} if os.geteuid() == 0 else {}
    subprocess.run(
        [madpack, "-p", "postgres", "-s", "madlib", "-c", place, "install"],
        check=True, stdout=subprocess.DEVNULL, cwd=server.folder.parent, env=environment, **user,
    )  # fmt: skip


def memory(bench: Bench) -> str:
    """50,000 groups: what the hash table takes, beside what it may."""
    spec = f"insitu.spec('{NUMBERS}', 't')"
    text = bench.server.psql(
        f"""SET max_parallel_workers_per_gather = 0; SET enable_sort = off; SET work_mem = '16MB'; SET hash_mem_multiplier = 1;
        EXPLAIN (ANALYZE, COSTS off) SELECT part * 10 + floor(x1 * 10)::int, insitu.state({spec}, y, {", ".join(X)}) FROM t GROUP BY 1"""
    )
    used = re.search(r"Memory Usage: (\d+)kB", text)
    found = re.search(r"rows=(\d+)", text)
    assert used is not None, text
    assert found is not None, text
    return (
        f"Memory: the hash table of {int(found[1]):,} groups took {int(used[1]) / 1024:.1f} MB with work_mem at 16 MB; "
        "beyond, it spilled to disk. To reach: within twice work_mem."
    )


@contextmanager
def benched(n: int) -> Iterator[Bench]:
    """A server with tables of n rows."""
    with PostgresServer(SETTINGS) as server:
        bench = Bench(server, n)
        try:
            yield bench
        finally:
            bench.close()


def measured(n: int, quick: bool) -> list[str]:
    """The lines of one size: each row with 0, 1 and 2 workers, and the memory of many groups."""
    columns = WORKERS[-1:] if quick else WORKERS
    madpack = os.environ.get("MADPACK")
    named = " | ".join(f"{count} worker{'' if count == 1 else 's'}" for count in columns)
    lines = [
        f"| {n:,} rows | against | {named} | to reach |",
        f"|---|---|{'---|' * len(columns)}---|",
    ]
    with benched(n) as bench:
        if madpack:
            install_madlib(bench.server, madpack)
        for make in (*ROWS, madlib) if madpack else ROWS:
            cells = []
            for workers in columns:
                bench.workers(workers)
                row, limit, ours = make(bench)
                turns = 1 if quick or (n > SIZES[0] and row.name in SLOW) else TURNS
                times = timing.alternate(turns, limit=limit, ours=ours)
                row.limits, row.turns = times["limit"], times["ours"]
                cells.append(f"{row.seconds:.3f} s / {row.limit_seconds:.3f} s = {row.verdict(judged=not quick)}")  # fmt: skip
                print(f"{n:,} rows, {workers} workers, {row.name}: {cells[-1]}", file=sys.stderr, flush=True)  # fmt: skip
            lines.append(f"| {row.work} | {row.limit} | {' | '.join(cells)} | {row.target} |")
        lines += ["", memory(bench)]
    return lines


def markdown(quick: bool) -> str:
    """The whole section."""
    sizes = (20_000,) if quick else SIZES
    return "\n\n".join("\n".join(measured(n, quick)) for n in sizes)
