"""A row for average marginal effects, beside statsmodels."""

from __future__ import annotations

from pathlib import Path

import numpy as np

import insitu
from bench import data, timing
from bench.glm import DENSE_COLUMNS
from bench.timing import Row

# statsmodels holds several matrices of them.
ROWS_OF_PEER = 200_000


def margins_dense(folder: Path, n: int, quick: bool) -> Row:
    """Effects of numbers that enter the formula once."""
    import statsmodels.api as sm

    rows = min(n, ROWS_OF_PEER)
    table = data.events(rows, DENSE_COLUMNS)
    names = [name for name in table.column_names if name != "event"]
    model = insitu.rx_logit(f"event ~ {' + '.join(names)}", table, cov_coef=True)
    X = np.column_stack([np.ones(rows), *(table[name].to_numpy() for name in names)])
    other = sm.Logit(table["event"].to_numpy(), X).fit(start_params=model.coefficients, disp=0)

    def limit():
        return other.get_margeff()

    def ours():
        return insitu.rx_margins(model, table)

    found, expected = ours().tidy(), limit()
    np.testing.assert_allclose(found["effect"], expected.margeff, rtol=1e-8)
    np.testing.assert_allclose(found["std_error"], expected.margeff_se, rtol=1e-8)
    row = Row("margins_dense", f"average effects of {DENSE_COLUMNS} doubles in a logit of {rows:,} rows, in memory", "statsmodels", 1, None)  # fmt: skip
    times = timing.alternate(1, limit=limit, ours=ours)
    row.limits, row.turns = times["limit"], times["ours"]
    return row


ROWS = {"margins_dense": margins_dense}
