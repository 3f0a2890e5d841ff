"""The classic tutorial of revoscalepy, with nothing changed but the connection string.

A model of arrival delay by day of week, fitted first here and then in the database, by the same call.
"""

import sys
from pathlib import Path

from revoscalepy import (
    RxComputeContext,
    RxInSqlServer,
    RxSqlServerData,
    rx_get_compute_context,
    rx_import,
    rx_lin_mod,
    rx_predict,
    rx_set_compute_context,
    rx_summary,
)

sys.path.insert(0, str(Path(__file__).parent))
from flights import DAYS, make_database

DATABASE = Path("build/demo/flights.duckdb")


def test_linmod_local(connection_string: str):
    """Fits on ten rows, in this process."""
    data_source = RxSqlServerData(
        sql_query="select top 10 * from airlinedemosmall",
        connection_string=connection_string,
        column_info={
            "ArrDelay": {"type": "integer"},
            "DayOfWeek": {"type": "factor", "levels": DAYS},
        },
    )
    linmod = rx_lin_mod("ArrDelay ~ DayOfWeek", data=data_source)
    print(linmod)
    predict = rx_predict(linmod, data=rx_import(input_data=data_source))
    print(predict)
    return linmod


def test_linmod_sql(connection_string: str):
    """Fits the same ten rows in the database."""
    cc = RxInSqlServer(connection_string=connection_string, num_tasks=4, auto_cleanup=False)
    local_cc = RxComputeContext("RxLocalSeq")
    previous = rx_set_compute_context(cc)
    print(rx_get_compute_context())
    data_source = RxSqlServerData(
        sql_query="select top 10 * from airlinedemosmall",
        connection_string=connection_string,
        column_info={
            "ArrDelay": {"type": "integer"},
            "DayOfWeek": {"type": "factor", "levels": DAYS},
        },
    )
    linmod = rx_lin_mod("ArrDelay ~ DayOfWeek", data=data_source)
    print(linmod)
    summary = rx_summary("ArrDelay ~ DayOfWeek", data=data_source, compute_context=cc)
    print(summary)
    predict = rx_predict(linmod, data=rx_import(input_data=data_source), compute_context=local_cc)
    print(predict)
    rx_set_compute_context(previous)
    return linmod


def run(connection_string: str) -> None:
    """Both fits, and the proof that they are one."""
    local = test_linmod_local(connection_string)
    in_database = test_linmod_sql(connection_string)
    assert local.tidy().equals(in_database.tidy()), "the two fits differ"
    print("The local fit and the fit in the database agree in every digit.")


def main(database: Path = DATABASE) -> None:
    """The tutorial on the embedded database."""
    make_database(database)
    run(f"duckdb:///{database}")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:2]))
