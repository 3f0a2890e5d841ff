"""What SQL alone cannot test: cancelled and killed backends, many fits at once, crashes, dumps, upgrades.

The extension must be installed for the server that conformance.postgres_server finds.
"""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from conformance.postgres_server import PostgresServer

LONG = """SELECT insitu.state((SELECT insitu.spec('y ~ x + f', 'rows')), y, x, f) IS NULL
            FROM rows, generate_series(1, 100000)"""


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """A server with the extension and a table of 1,000 rows in its first database."""
    with PostgresServer({"max_parallel_workers_per_gather": "2"}) as made:
        made.psql(
            """CREATE EXTENSION insitu;
            CREATE TABLE rows AS SELECT id, (id * 37 % 101)::float8 AS x, 'level ' || id % 7 AS f,
                   2 * (id * 37 % 101)::float8 + id % 13 AS y FROM generate_series(1, 1000) id;"""
        )
        yield made


@contextmanager
def running(server: PostgresServer, sql: str) -> Iterator[subprocess.Popen[str]]:
    """psql with statements on their way, once the first long one is seen to run."""
    command = [
        str(server.bindir / "psql"),
        "-X",
        "-q",
        "-A",
        "-t",
        "-d",
        server.connection_string(),
    ]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as psql:
        assert psql.stdin is not None
        psql.stdin.write(sql)
        psql.stdin.close()
        psql.stdin = None
        wait_until(lambda: pid_of_fit(server) != "")
        yield psql


def wait_until(what: object, seconds: float = 20.0) -> None:
    """Waits for a condition."""
    end = time.monotonic() + seconds
    while not what():  # type: ignore[operator]
        assert time.monotonic() < end, "nothing happened"
        time.sleep(0.02)


def pid_of_fit(server: PostgresServer) -> str:
    """The backend that runs LONG, or nothing."""
    return server.psql(
        "SELECT pid FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%100000%' "
        "AND pid <> pg_backend_pid() AND backend_type = 'client backend' LIMIT 1"
    )


def test_a_cancelled_fit_leaves_its_session_clean(server: PostgresServer) -> None:
    """Within a second; the same session goes on, without locks, and without the engine's memory."""
    used = "SELECT sum(total_bytes) FROM pg_backend_memory_contexts"
    script = f"{used};\n{LONG};\nSELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'relation' AND relation = 'rows'::regclass;\n{used};\n"
    with running(server, script) as psql:
        started = time.monotonic()
        server.psql(f"SELECT pg_cancel_backend({pid_of_fit(server)})")
        out, errors = psql.communicate(timeout=30)
        assert time.monotonic() - started < 1.5
    before, locks, after = out.split()
    assert "canceling statement due to user request" in errors
    assert locks == "0"
    assert int(after) < int(before) + 4_000_000


def test_a_terminated_fit_takes_nobody_along(server: PostgresServer) -> None:
    """pg_terminate_backend in mid-fit: the server stays as it is."""
    started = server.psql("SELECT pg_postmaster_start_time()")
    with running(server, LONG) as psql:
        server.psql(f"SELECT pg_terminate_backend({pid_of_fit(server)})")
        _, errors = psql.communicate(timeout=30)
    assert "terminating connection due to administrator command" in errors
    assert server.psql("SELECT pg_postmaster_start_time()") == started
    assert "recovery" not in server.log().split("database system is ready")[-1]


def test_fifty_fits_at_once(server: PostgresServer) -> None:
    """Each gives the same model."""
    query = """SELECT string_agg(round(estimate::numeric, 9)::text, ' ') FROM insitu.coef(insitu.lm('y ~ x + f',
               'SELECT r.* FROM rows r, generate_series(1, 50)'))"""
    results: list[str] = []
    fits = [threading.Thread(target=lambda: results.append(server.psql(query))) for _ in range(50)]
    for fit in fits:
        fit.start()
    for fit in fits:
        fit.join()
    assert len(results) == 50
    assert len(set(results)) == 1


@pytest.fixture
def stored(server: PostgresServer) -> str:
    """A database with models and states in tables; what they say as text."""
    server.drop_database("stored")
    server.create_database("stored")
    server.psql(
        """CREATE EXTENSION insitu;
        CREATE TABLE rows AS SELECT id, (id * 37 % 101)::float8 AS x, 'level ' || id % 7 AS f,
               2 * (id * 37 % 101)::float8 + id % 13 AS y FROM generate_series(1, 1000) id;
        CREATE TABLE models AS SELECT 'm' AS name, insitu.lm('y ~ x + f', 'rows') AS model;
        CREATE TABLE states AS SELECT id % 4 AS day, insitu.state((SELECT insitu.spec('y ~ x + f', 'rows')), y, x, f) AS state
          FROM rows GROUP BY 1;
        CREATE VIEW scored AS SELECT id, insitu.predict((SELECT model FROM models), r) AS p FROM rows r;""",
        "stored",
    )
    return said(server, "stored")


def said(server: PostgresServer, database: str) -> str:
    """Everything that the stored models and states tell."""
    return server.psql(
        """SELECT string_agg(term || estimate, ' ' ORDER BY term) FROM models, insitu.coef(model);
        SELECT string_agg(term || estimate, ' ' ORDER BY term)
          FROM insitu.coef(insitu.finalize((SELECT insitu.rollup(state ORDER BY day) FROM states)));
        SELECT sum(p) FROM scored;""",
        database,
    )


def test_dump_and_restore(server: PostgresServer, stored: str) -> None:
    """Models, states, and views that predict go through pg_dump as they are."""
    server.drop_database("restored")
    server.create_database("restored")
    dump = subprocess.run(
        [str(server.bindir / "pg_dump"), "-d", server.connection_string("stored")],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    server.psql(dump.stdout, "restored")
    assert said(server, "restored") == stored


def test_a_crash_loses_nothing(server: PostgresServer, stored: str) -> None:
    """A backend killed in mid-fit restarts the cluster, which recovers what was committed."""
    with running(server, LONG) as psql:
        server.psql("CHECKPOINT")
        subprocess.run(["kill", "-9", pid_of_fit(server)], check=True)
        psql.communicate(timeout=30)
    wait_until(lambda: answers(server), 60)
    assert said(server, "stored") == stored


def answers(server: PostgresServer) -> bool:
    """True once the server takes connections again."""
    try:
        return server.psql("SELECT 1") == "1"
    except RuntimeError:
        return False


def test_upgrade_to_the_next_version(server: PostgresServer, stored: str) -> None:
    """ALTER EXTENSION UPDATE keeps what is stored; the script of a next version is made here."""
    share = subprocess.run(
        [str(server.bindir / "pg_config"), "--sharedir"], capture_output=True, text=True, check=True
    ).stdout.strip()
    script = Path(share) / "extension" / "insitu--0.1.0--0.1.0test.sql"
    try:
        script.write_text(
            "COMMENT ON TYPE insitu.model IS 'a fitted model, of the next version';\n"
        )
    except PermissionError:
        pytest.skip(f"only an administrator may write to {script.parent}")
    try:
        server.psql("ALTER EXTENSION insitu UPDATE TO '0.1.0test'", "stored")
        version = "SELECT extversion FROM pg_extension WHERE extname = 'insitu'"
        assert server.psql(version, "stored") == "0.1.0test"
        assert said(server, "stored") == stored
    finally:
        script.unlink()
