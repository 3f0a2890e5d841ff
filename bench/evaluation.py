"""Row for judging predictions: the limit is scikit-learn's exact area under the curve."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa

import insitu
from bench import timing
from bench.timing import Row

TURNS = 3


def auc(folder: Path, n: int, quick: bool) -> Row:
    """The area under the ROC curve of n different predictions."""
    from sklearn.metrics import roc_auc_score

    rng = np.random.default_rng(7)
    p = rng.beta(1.0, 3.0, n)
    y = (rng.random(n) < p).astype(float)
    table = pa.table({"y": y, "p": p})

    def ours() -> float:
        return float(insitu.rx_auc("y", "p", table, report_progress=0)["p"])

    def theirs() -> float:
        return float(roc_auc_score(y, p))

    assert abs(ours() - theirs()) < 1e-12
    row = Row("auc", f"exact AUC of {n:,} predictions", "scikit-learn", 0.2, None)
    times = timing.alternate(1 if quick else TURNS, limit=theirs, ours=ours)
    row.limits, row.turns = times["limit"], times["ours"]
    return row


ROWS = {"auc": auc}
