"""Rows for covariances that do not trust the model: the limit is pyfixest, which absorbs the factors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa

import insitu
from bench import data, timing
from bench.timing import Row

FORMULA = "y ~ carrier + airport + day + x0 + x1"
CLUSTERS = 10_000
TURNS = 3


def _row(row: Row, table: pa.Table, quick: bool, **ours: str) -> Row:
    """Both, in alternate turns, once they are seen to agree; ours alone where pyfixest is not installed."""
    frame = table.to_pandas()
    vcov = {"CRV1": ours["cluster"]} if "cluster" in ours else "HC1"

    def theirs():
        import pyfixest

        return pyfixest.feols("y ~ x0 + x1 | carrier + airport + day", frame, vcov=vcov)

    def fit():
        return insitu.rx_lin_mod(FORMULA, table, **ours)

    turns = 1 if quick else TURNS
    try:
        errors = theirs().se()
    except ImportError as error:
        row.peers = {row.limit: f"not installed ({error.name})"}
        row.turns = timing.alternate(turns, ours=fit)["ours"]
        return row
    model = fit()
    for name in ("x0", "x1"):  # they count degrees of freedom in their own ways
        assert abs(model.coef_std_error[name] / errors[name] - 1) < 0.01, name
    times = timing.alternate(turns, limit=theirs, ours=fit)
    row.limits, row.turns = times["limit"], times["ours"]
    row.peers = {"passes": str(model.passes)}
    return row


def hc1_factors(folder: Path, n: int, quick: bool) -> Row:
    """Errors that hold whatever the variances of rows are."""
    work = "HC1, OLS on factors of 20 + 300 + 7 levels and 2 numbers, in memory"
    return _row(
        Row("hc1_factors", work, "pyfixest", 0.1, 1 / 30), data.factors(n), quick, cov_type="HC1"
    )


def cluster_factors(folder: Path, n: int, quick: bool) -> Row:
    """Errors that hold whatever happens within clusters."""
    clusters = np.random.default_rng(5).integers(0, CLUSTERS, n, dtype=np.int32)
    levels = pa.array(data.level_names("firm", CLUSTERS))
    column = pa.DictionaryArray.from_arrays(pa.array(clusters), levels)
    table = data.factors(n).append_column("firm", column)
    work = f"the same, clustered by one column of {CLUSTERS:,} clusters"
    return _row(Row("cluster_factors", work, "pyfixest", 0.1, 1 / 30), table, quick, cluster="firm")


ROWS = {f.__name__: f for f in (hc1_factors, cluster_factors)}
