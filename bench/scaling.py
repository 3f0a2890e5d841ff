"""Cost per row against columns and against levels."""

from __future__ import annotations

import statistics

import numpy as np
import pyarrow as pa

import insitu
from bench import data, timing

COLUMNS = (5, 10, 20, 50, 100, 200, 500)
LEVELS = (10, 100, 1_000, 10_000, 100_000)


def columns(n: int) -> list[str]:
    """Nanoseconds per row for 5 … 500 columns."""
    lines = [
        "| columns | rows | insitu, ns per row | touching, ns per row | ratio |",
        "|---|---|---|---|---|",
    ]
    for p in COLUMNS:
        rows = max(1000, min(n, 20 * n // p))
        table = pa.Table.from_batches([data.dense_block(0, rows, p)])
        formula = "y ~ " + " + ".join(table.column_names[1:])
        times = timing.alternate(
            3, ours=lambda t=table, f=formula: insitu.rx_lin_mod(f, t), limit=timing.toucher(table)
        )
        lines.append(f"| {p} | {rows:,} | {_cells(times, rows)} |")
    return lines


def levels(n: int) -> list[str]:
    """Nanoseconds per row for a factor of 10 … 100,000 levels, another of 20 and a number."""
    lines = [
        "| levels | rows | insitu, ns per row | touching, ns per row | ratio |",
        "|---|---|---|---|---|",
    ]
    rng = np.random.default_rng(3)
    small = rng.integers(0, 20, n, dtype=np.int32)
    x = rng.standard_normal(n)
    y = x + np.sin(small) + rng.standard_normal(n)
    for count in LEVELS:
        codes = rng.integers(0, count, n, dtype=np.int32)
        table = pa.table(
            {
                "y": y,
                "x": x,
                "small": _dictionary("s", small, 20),
                "large": _dictionary("l", codes, count),
            }
        )
        times = timing.alternate(
            3,
            ours=lambda t=table: insitu.rx_lin_mod("y ~ large + small + x", t),
            limit=timing.toucher(table),
        )
        lines.append(f"| {count:,} | {n:,} | {_cells(times, n)} |")
    return lines


def _cells(times: dict[str, list[float]], rows: int) -> str:
    """Nanoseconds per row of insitu and of the limit, and their ratio."""
    ours, limit = (statistics.median(times[name]) / rows * 1e9 for name in ("ours", "limit"))
    return f"{ours:.2f} | {limit:.2f} | {timing.paired_ratio(times['ours'], times['limit']):.1f}×"


def _dictionary(name: str, codes: np.ndarray, count: int) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(
        pa.array(codes), pa.array([f"{name}{k:06d}" for k in range(count)])
    )
