"""The tutorial inside PostgreSQL, in psql and in Python: `python examples/demo_postgres.py build/demo`.

Starts a server in a temporary folder, for which the extension must be installed, and removes it afterwards.
"""

import subprocess
import sys
import time
from pathlib import Path

import duckdb

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import tutorial
from flights import DAYS, make_database

import insitu
from conformance.postgres_server import PostgresServer

PSQL = """
CREATE EXTENSION insitu;
CREATE TABLE models AS SELECT 'delay' AS name, insitu.lm('ArrDelay ~ DayOfWeek + CRSDepTime', 'airlinedemosmall') AS model;
SELECT term, round(estimate::numeric, 4) AS estimate, round(std_error::numeric, 4) AS std_error, round(statistic::numeric, 2) AS t
  FROM models, insitu.coef(model);
SELECT round(r_squared::numeric, 5) AS r_squared, round(sigma::numeric, 3) AS sigma, nobs FROM models, insitu.glance(model);

-- One model for each day of the week, in one query.
SELECT "DayOfWeek", round(c.estimate::numeric, 4) AS "minutes per hour", round(c.std_error::numeric, 4) AS std_error
  FROM (SELECT "DayOfWeek", insitu.finalize(insitu.state(insitu.spec('ArrDelay ~ CRSDepTime', 'airlinedemosmall'),
                                                         "ArrDelay", "CRSDepTime")) AS model
          FROM airlinedemosmall GROUP BY "DayOfWeek") m, insitu.coef(model) c
 WHERE c.term = 'CRSDepTime' ORDER BY 2 DESC;

-- States as a habit: one for each day is kept, and rolled up to the model of the week.
CREATE TABLE spec AS SELECT insitu.spec('ArrDelay ~ CRSDepTime', 'airlinedemosmall') AS spec;
CREATE TABLE days AS SELECT "DayOfWeek" AS day, insitu.state((SELECT spec FROM spec), "ArrDelay", "CRSDepTime") AS state
  FROM airlinedemosmall GROUP BY 1;
SELECT count(*) AS states, pg_size_pretty(sum(octet_length(state::bytea))) AS size FROM days;
SELECT term, round(estimate::numeric, 4) AS estimate FROM insitu.coef(insitu.finalize((SELECT insitu.rollup(state) FROM days)));

-- Scoring in a view.
CREATE VIEW expected AS SELECT f.*, insitu.predict((SELECT model FROM models WHERE name = 'delay'), f) AS expected FROM airlinedemosmall f;
SELECT "DayOfWeek", round(avg("ArrDelay"), 2) AS late, round(avg(expected)::numeric, 2) AS expected
  FROM expected WHERE "ArrDelay" IS NOT NULL GROUP BY 1 ORDER BY 1;
"""


def load(server: PostgresServer, database: Path, csv: Path) -> None:
    """The tutorial's table, by COPY."""
    with duckdb.connect(str(database), read_only=True) as connection:
        connection.execute(f"copy airlinedemosmall to '{csv}' (header)")
    days = ", ".join(f"'{day}'" for day in DAYS)
    server.psql(
        f"CREATE TYPE weekday AS ENUM ({days});\n"
        'CREATE TABLE airlinedemosmall ("ArrDelay" integer, "CRSDepTime" float8, "DayOfWeek" weekday);\n'
        f"\\copy airlinedemosmall from '{csv}' csv header\n"
        "ANALYZE airlinedemosmall;"
    )
    csv.unlink()


def in_psql(server: PostgresServer) -> None:
    """What people see who never leave psql."""
    command = [str(server.bindir / "psql"), "-X", "-q", "-e", "-v", "ON_ERROR_STOP=1", "-d", server.connection_string()]  # fmt: skip
    done = subprocess.run(command, input=PSQL, text=True, capture_output=True, check=False)
    print(done.stdout)
    if done.returncode != 0:
        raise SystemExit(done.stderr)


def in_python(connection_string: str) -> None:
    """The same model from Python, three ways, to the same digits."""
    source = insitu.RxPostgresData(
        connection_string,
        table="airlinedemosmall",
        column_info={"DayOfWeek": {"type": "factor", "levels": DAYS}},
    )
    models = {}
    for how in ("extension", "pushdown", "streaming"):
        context = insitu.RxInPostgres(connection_string, how=how)
        start = time.perf_counter()
        models[how] = insitu.rx_lin_mod(
            "ArrDelay ~ DayOfWeek + CRSDepTime", source, compute_context=context
        )
        print(f"--- {how}: {time.perf_counter() - start:.2f} s\n{context.explain()}\n")
    print(models["extension"].summary())
    for how, model in models.items():
        far = (model.coefficients / models["extension"].coefficients - 1).abs().max()
        assert far < 1e-10, f"{how} differs by {far}"
    print("The three ways agree to ten digits.")


def main(out: Path) -> None:
    """Everything."""
    database = out / "flights.duckdb"
    flights = make_database(database)
    with PostgresServer() as server:
        print(f"PostgreSQL runs in {server.folder}; loading {flights:,} flights\n")
        load(server, database, out / "airlinedemosmall.csv")
        print("--- In psql")
        in_psql(server)
        print("--- The tutorial's script, with its connection string changed\n")
        tutorial.run(server.connection_string())
        print("\n--- In Python, the whole table\n")
        in_python(server.connection_string())


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "build/demo"))
