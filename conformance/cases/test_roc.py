"""ROC curves in every place, against scikit-learn."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from sklearn import metrics

import insitu


@pytest.mark.parametrize("passes", ["kept", "counted"])
def test_as_scikit_learn(place, passes):
    rng = np.random.default_rng(17)
    n = 3000
    p = np.round(rng.beta(0.5, 3.0, n), 3)
    y = (rng.random(n) < p).astype(float)
    w = rng.integers(1, 4, n).astype(float)
    missing = rng.random(n) < 0.02
    table = pa.table({"y": y, "p": pa.array(p, mask=missing), "w": w})
    source = place.load(table)
    options = {} if passes == "kept" else {"num_breaks": 1000}  # p lies on the grid
    roc = insitu.rx_roc("y", "p", source, pweights="w", compute_context=place.context, **options)
    used = ~missing
    arguments = (y[used], p[used])
    assert roc.n_valid_obs == used.sum()
    assert roc.n_missing_obs == missing.sum()
    found = roc.glance().loc["p"]
    expected = {
        "auc": metrics.roc_auc_score(*arguments, sample_weight=w[used]),
        "average_precision": metrics.average_precision_score(*arguments, sample_weight=w[used]),
        "brier_score": metrics.brier_score_loss(*arguments, sample_weight=w[used]),
    }
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, rel=1e-12), name
    impossible = (y[used] == 1) & (p[used] == 0)
    if not impossible.any():
        log_loss = metrics.log_loss(*arguments, sample_weight=w[used])
        assert found["log_loss"] == pytest.approx(log_loss, rel=1e-12)
