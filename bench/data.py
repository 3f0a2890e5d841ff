"""Generated data of the benchmarks, with fixed seeds, kept under build/bench."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

COLUMNS = 20
LEVELS = {"carrier": 20, "airport": 300, "day": 7}
BLOCK = 1_000_000  # rows per row group, and per step of generation


def _once(path: Path, write) -> Path:
    """The file, written whole or not at all."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(path.name + ".part")
        part.unlink(missing_ok=True)
        write(part)
        part.rename(path)
    return path


def _blocks(n: int):
    return [(start, min(BLOCK, n - start)) for start in range(0, n, BLOCK)]


def dense_block(start: int, rows: int, columns: int = COLUMNS) -> pa.RecordBatch:
    """y and `columns` doubles: normal, with offsets that grow from column to column."""
    rng = np.random.default_rng([1, start])
    x = rng.standard_normal((columns, rows))
    y = x.T @ np.linspace(1, -1, columns) + rng.standard_normal(rows)
    x += np.arange(columns)[:, None]
    return pa.record_batch([y, *x], names=["y", *(f"x{k}" for k in range(columns))])


def level_names(name: str, count: int) -> list[str]:
    """Texts of the length that such codes have."""
    return [f"{name}{k:05d}" if count > 1000 else f"{name}{k:03d}" for k in range(count)]


def factor_block(start: int, rows: int) -> pa.RecordBatch:
    """y, two doubles and three factors as dictionaries."""
    rng = np.random.default_rng([2, start])
    x = rng.standard_normal((2, rows))
    y = x[0] - 2 * x[1] + rng.standard_normal(rows)
    arrays, names = [y, *x], ["y", "x0", "x1"]
    for name, count in LEVELS.items():
        codes = rng.integers(0, count, rows, dtype=np.int32)
        arrays[0] = arrays[0] + np.sin(codes)
        levels = pa.array(level_names(name, count))
        arrays.append(pa.DictionaryArray.from_arrays(pa.array(codes), levels))
        names.append(name)
    return pa.record_batch(arrays, names=names)


def dense(n: int) -> pa.Table:
    """Doubles in memory."""
    return pa.Table.from_batches([dense_block(*b) for b in _blocks(n)]).combine_chunks()


def factors(n: int) -> pa.Table:
    """Doubles and dictionaries in memory."""
    return pa.Table.from_batches([factor_block(*b) for b in _blocks(n)]).combine_chunks()


def _parquet(path: Path, n: int, block, columns=None) -> Path:
    def write(part: Path) -> None:
        writer = None
        for start, rows in _blocks(n):
            batch = block(start, rows)
            if columns is not None:
                batch = columns(batch)
            if writer is None:
                writer = pq.ParquetWriter(part, batch.schema)
            writer.write_batch(batch, row_group_size=BLOCK)
        writer.close()

    return _once(path, write)


def _texts(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Dictionaries as plain texts: a reader does not know the levels."""
    arrays = [c.cast(pa.string()) if pa.types.is_dictionary(c.type) else c for c in batch.columns]
    return pa.record_batch(arrays, names=batch.schema.names)


def dense_parquet(folder: Path, n: int) -> Path:
    """The doubles as a file."""
    return _parquet(folder / f"dense-{n}.parquet", n, dense_block)


def factors_parquet(folder: Path, n: int) -> Path:
    """Doubles and text columns as a file."""
    return _parquet(folder / f"factors-{n}.parquet", n, factor_block, _texts)


def factors_duckdb(folder: Path, n: int) -> Path:
    """Doubles and text columns as the table `flights` of a DuckDB file."""
    import duckdb

    def write(part: Path) -> None:
        with duckdb.connect(str(part)) as connection:
            connection.execute(
                "create table flights as select * from read_parquet(?)",
                [str(factors_parquet(folder, n))],
            )

    return _once(folder / f"factors-{n}.duckdb", write)


def response_block(start: int, rows: int) -> pa.RecordBatch:
    """The factors and numbers of `factor_block`, with responses of four families for one linear predictor."""
    batch = factor_block(start, rows)
    rng = np.random.default_rng([4, start])
    eta = 0.4 * batch.column("x0").to_numpy() - 0.3 * batch.column("x1").to_numpy() - 0.5
    for name in LEVELS:
        eta = eta + 0.3 * np.sin(batch.column(name).indices.to_numpy())
    mean = np.exp(eta)
    event = (rng.random(rows) < 1 / (1 + np.exp(-eta))).astype(float)
    count = rng.poisson(mean).astype(float)
    size = rng.gamma(2.0, mean / 2)
    claims = np.where(rng.random(rows) < 0.4, 0.0, size / 0.6)
    arrays = [event, count, size, claims, *batch.columns[1:]]
    return pa.record_batch(
        arrays, names=["event", "count", "size", "claims", *batch.schema.names[1:]]
    )


def responses(n: int) -> pa.Table:
    """The same in memory."""
    return pa.Table.from_batches([response_block(*b) for b in _blocks(n)]).combine_chunks()


def responses_parquet(folder: Path, n: int) -> Path:
    """The event and its predictors as a file, factors as texts."""

    def columns(batch: pa.RecordBatch) -> pa.RecordBatch:
        return _texts(batch.select(["event", "x0", "x1", *LEVELS]))

    return _parquet(folder / f"events-{n}.parquet", n, response_block, columns)


def events(n: int, columns: int) -> pa.Table:
    """An event and doubles in memory."""

    def block(start: int, rows: int) -> pa.RecordBatch:
        batch = dense_block(start, rows, columns)
        eta = 0.2 * (batch.column(0).to_numpy() - 1.0)
        event = np.random.default_rng([5, start]).random(rows) < 1 / (1 + np.exp(-eta))
        return pa.record_batch(
            [event.astype(float), *batch.columns[1:]], names=["event", *batch.schema.names[1:]]
        )

    return pa.Table.from_batches([block(*b) for b in _blocks(n)]).combine_chunks()
