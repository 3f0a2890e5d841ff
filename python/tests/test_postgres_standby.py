"""A hot standby, which takes back what a fit reads when the primary changes it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from python.tests.test_postgres_streaming import slow_passes

import insitu
from insitu.data import RxPostgresData
from insitu.errors import SourceError
from insitu.fitting import run_fit

SPEC = {"formula": "y ~ x + N(f)", "rows": None}


@pytest.fixture(scope="module")
def servers() -> Iterator[tuple[Any, Any]]:
    """A primary with a table, and a standby that puts up with no query in its way."""
    from conformance import postgres
    from conformance.postgres_server import PostgresServer

    if (reason := postgres.missing()) is not None:
        pytest.skip(f"PostgreSQL: {reason}")
    with PostgresServer({"autovacuum": "off", "synchronous_commit": "on"}) as primary:
        primary.psql(
            "create table t as select sin(i)::float8 y, i::float8 x, 'l' || i % 3 f from generate_series(1, 2000) i"
        )
        with primary.standby({"max_standby_streaming_delay": "0"}) as standby:
            yield primary, standby


def vacuumed(primary: Any, standby: Any) -> None:
    """Takes rows away that a snapshot on the standby still sees, and waits until the standby knows."""
    primary.psql(
        "delete from t where x > 1990; insert into t select 0, i, 'l0' from generate_series(1991, 2000) i"
    )
    primary.psql("vacuum t")
    place = primary.psql("select pg_current_wal_insert_lsn()")
    end = time.monotonic() + 20
    while standby.psql(f"select pg_last_wal_replay_lsn() >= '{place}'") != "t":
        assert time.monotonic() < end
        time.sleep(0.05)


def conflicts(servers: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch, most: int) -> list[int]:
    """Makes every pass of a fit be followed by a conflict, so many times at most."""
    made: list[int] = []

    def between() -> None:
        if len(made) < most:
            made.append(1)
            vacuumed(*servers)

    slow_passes(monkeypatch, between)
    return made


def test_a_fit_begins_again(servers: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    source = RxPostgresData(servers[1].connection_string(), table="t")
    context = insitu.RxInPostgres(servers[1].connection_string(), how="streaming")
    made = conflicts(servers, monkeypatch, 1)
    result = run_fit("linear", SPEC, source, context)
    assert made == [1]
    monkeypatch.undo()
    assert result == run_fit(
        "linear", SPEC, RxPostgresData(servers[0].connection_string(), table="t")
    )
    assert context.explain().passes == 3  # the first was in vain


def test_it_gives_up_with_the_reason(
    servers: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    source = RxPostgresData(servers[1].connection_string(), table="t")
    made = conflicts(servers, monkeypatch, 100)
    with pytest.raises(SourceError, match=r"stopped the query: .*conflict with recovery"):
        run_fit("linear", SPEC, source)
    assert len(made) == 3
