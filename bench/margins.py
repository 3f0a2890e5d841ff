"""A row for average marginal effects: the limit is what statsmodels does, in numpy on a matrix that lies ready."""

from __future__ import annotations

from pathlib import Path

import numpy as np

import insitu
from bench import data, timing
from bench.glm import DENSE_COLUMNS, DENSE_ROWS, TURNS
from bench.timing import Row


def _effects(X: np.ndarray, b: np.ndarray, V: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of each column but the constant in a logistic regression, with errors by the delta method."""
    p = 1.0 / (1.0 + np.exp(-(X @ b)))
    slope = p * (1.0 - p)
    curve = slope * (1.0 - 2.0 * p)
    mean = slope.mean()
    J = np.outer(b, curve @ X / len(X)) + mean * np.eye(len(b))
    return mean * b[1:], np.sqrt(np.einsum("ij,jk,ik->i", J, V, J))[1:]


def margins_dense(folder: Path, n: int, quick: bool) -> Row:
    """Effects of numbers that enter the formula once."""
    rows = min(n, DENSE_ROWS)
    table = data.events(rows, DENSE_COLUMNS)
    names = [name for name in table.column_names if name != "event"]
    model = insitu.rx_logit(f"event ~ {' + '.join(names)}", table, cov_coef=True)
    X = np.column_stack([np.ones(rows), *(table[name].to_numpy() for name in names)])
    b, V = model.coefficients.to_numpy(), model.cov_coef.to_numpy()

    def limit():
        return _effects(X, b, V)

    def ours():
        return insitu.rx_margins(model, table)

    found, (effects, errors) = ours().tidy(), limit()
    np.testing.assert_allclose(found["effect"], effects, rtol=1e-8)
    np.testing.assert_allclose(found["std_error"], errors, rtol=1e-8)
    row = Row("margins_dense", f"average effects of {DENSE_COLUMNS} doubles in a logit, in memory", "numpy on a matrix", 10, None)  # fmt: skip
    times = timing.alternate(1 if quick else TURNS, limit=limit, ours=ours)
    row.limits, row.turns = times["limit"], times["ours"]
    return row


ROWS = {"margins_dense": margins_dense}
