"""The rows of the table: each makes its data, and times insitu, the limit and the peers."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import insitu
from bench import data, timing
from bench.timing import Row

X = [f"x{k}" for k in range(data.COLUMNS)]
DENSE = "y ~ " + " + ".join(X)
FACTORS = "y ~ carrier + airport + day + x0 + x1"
TURNS = 9


def _finish(row: Row, limit, ours, others: dict[str, Callable[[], object]], quick: bool) -> Row:
    times = timing.alternate(1 if quick else TURNS, limit=limit, ours=ours)
    row.limits, row.turns = times["limit"], times["ours"]
    row.peers = timing.peers(others)
    return row


def _matrix(table: pa.Table) -> tuple[np.ndarray, np.ndarray]:
    return np.column_stack([table[n].to_numpy() for n in X]), table["y"].to_numpy()


def _sklearn(X: np.ndarray, y: np.ndarray) -> object:
    from sklearn.linear_model import LinearRegression

    return LinearRegression().fit(X, y)


def ols_dense(folder: Path, n: int, quick: bool) -> Row:
    """Least squares on doubles in memory."""
    table = data.dense(n)

    def sklearn():
        return _sklearn(*_matrix(table))

    def statsmodels():
        import statsmodels.api as sm

        X, y = _matrix(table)
        return sm.OLS(y, sm.add_constant(X)).fit().bse

    def pyfixest():
        import pyfixest

        return pyfixest.feols(DENSE, table.to_pandas())

    row = Row("ols_dense", "OLS, 20 doubles + y in memory (Arrow)", "touching the columns", 3.5, 2)
    others = {"scikit-learn": sklearn, "statsmodels": statsmodels, "pyfixest": pyfixest}
    return _finish(
        row, timing.toucher(table), lambda: insitu.rx_lin_mod(DENSE, table), others, quick
    )


def ols_parquet(folder: Path, n: int, quick: bool) -> Row:
    """Least squares on doubles in a file."""
    path = str(data.dense_parquet(folder, n))

    def with_polars():
        import polars

        return polars.read_parquet(path)

    def with_duckdb():
        import duckdb

        sums = ", ".join(f"sum({name})" for name in ["y", *X])
        return duckdb.sql(f"select {sums} from read_parquet('{path}')").fetchall()

    def sklearn():
        return _sklearn(*_matrix(pq.read_table(path)))

    readers = timing.peers(
        {"polars": with_polars, "pyarrow": lambda: pq.read_table(path), "DuckDB sum": with_duckdb}
    )
    fastest = min((k for k, v in readers.items() if isinstance(v, float)), key=readers.get)
    reader = {"polars": with_polars, "DuckDB sum": with_duckdb}.get(
        fastest, lambda: pq.read_table(path)
    )
    row = Row(
        "ols_parquet", "the same from Parquet", f"the fastest plain reader ({fastest})", 1.4, 1.1
    )
    return _finish(
        row,
        reader,
        lambda: insitu.rx_lin_mod(DENSE, path),
        {"scikit-learn + reading": sklearn},
        quick,
    )


def ols_factors(folder: Path, n: int, quick: bool) -> Row:
    """Least squares on factors in memory."""
    table = data.factors(n)

    def glum():
        import glum

        frame = table.to_pandas()
        model = glum.GeneralizedLinearRegressor(family="normal", alpha=0, drop_first=True)
        return model.fit(frame.drop(columns="y"), frame["y"])

    def pyfixest():
        import pyfixest

        return pyfixest.feols("y ~ x0 + x1 | carrier + airport + day", table.to_pandas())

    row = Row(
        "ols_factors",
        "OLS, factors of 20 + 300 + 7 levels and 2 numbers, in memory as dictionaries",
        "touching them", 4, 2.5,
    )  # fmt: skip
    others = {"glum": glum, "pyfixest": pyfixest}
    return _finish(
        row, timing.toucher(table), lambda: insitu.rx_lin_mod(FACTORS, table), others, quick
    )


def factors_parquet(folder: Path, n: int, quick: bool) -> Row:
    """Least squares on text columns of a file."""
    path = str(data.factors_parquet(folder, n))
    row = Row(
        "factors_parquet", "the same from Parquet, levels unknown", "pyarrow dictionary read", 2, 1.3
    )  # fmt: skip
    return _finish(
        row,
        lambda: pq.read_table(path, read_dictionary=list(data.LEVELS)),
        lambda: insitu.rx_lin_mod(FACTORS, path),
        {},
        quick,
    )


def factors_duckdb(folder: Path, n: int, quick: bool) -> Row:
    """Least squares on text columns of a database."""
    import duckdb

    path = data.factors_duckdb(folder, n)
    string = f"duckdb:///{path}"
    context = insitu.RxInSqlServer(connection_string=string, num_tasks=0)
    source = insitu.RxSqlServerData(table="flights", connection_string=string)

    def stream():
        with duckdb.connect(str(path)) as connection:
            reader = connection.sql("select * from flights").to_arrow_reader(100_000)
            return sum(batch.num_rows for batch in reader)

    row = Row(
        "factors_duckdb", "the same from a DuckDB table of text columns", "its Arrow stream", 4, 2
    )
    return _finish(
        row,
        stream,
        lambda: insitu.rx_lin_mod(FACTORS, source, compute_context=context),
        {},
        quick,
    )


def summary(folder: Path, n: int, quick: bool) -> Row:
    """Moments of 21 columns."""
    table = data.dense(n)
    formula = "~ y + " + " + ".join(X)

    def polars():
        import polars

        return polars.from_arrow(table).describe()

    row = Row("summary", "`rx_summary` of 21 columns in memory", "touching the columns", 3, None)
    others = {"Polars describe": polars, "pandas describe": lambda: table.to_pandas().describe()}
    return _finish(
        row, timing.toucher(table), lambda: insitu.rx_summary(formula, table), others, quick
    )


def predict(folder: Path, n: int, quick: bool) -> Row:
    """Scoring from file to file."""
    path = str(data.dense_parquet(folder, n))
    model = insitu.rx_lin_mod(DENSE, data.dense(min(n, 100_000)))
    out = tempfile.TemporaryDirectory(dir=folder)
    ours, plain, other = (str(Path(out.name) / f"{k}.parquet") for k in ("ours", "plain", "other"))

    def read_and_write():
        table = pq.read_table(path, columns=X)
        pq.write_table(pa.table({"y_Pred": table["x0"]}), plain)

    def score():
        insitu.rx_predict(model, data=path, output_data=ours, overwrite=True)

    def sklearn():
        import pandas as pd
        from sklearn.linear_model import LinearRegression

        frame = pd.read_parquet(path)
        fit = LinearRegression().fit(frame[X].head(1000), frame["y"].head(1000))
        pd.DataFrame({"y_Pred": fit.predict(frame[X])}).to_parquet(other)

    row = Row("predict", "`rx_predict`, Parquet to Parquet", "read and write by pyarrow", 1.5, 1.2)
    return _finish(row, read_and_write, score, {"scikit-learn on frames": sklearn}, quick)


ROWS = {
    f.__name__: f
    for f in (
        ols_dense,
        ols_parquet,
        ols_factors,
        factors_parquet,
        factors_duckdb,
        summary,
        predict,
    )
}
