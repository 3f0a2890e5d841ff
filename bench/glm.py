"""Rows for generalised linear models: the limit is glum, which fits the same model without standard errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

import insitu
from bench import data, timing
from bench.timing import Row
from insitu import families

PREDICTORS = "carrier + airport + day + x0 + x1"
TURNS = 3
# Columns of the dense row, and rows at most.
DENSE_COLUMNS = 30
DENSE_ROWS = 1_000_000


def _glum(frame, response: str, family: object, link: str) -> dict[str, float]:
    """Its coefficients of the numbers, which do not depend on the coding of factors."""
    import glum

    model = glum.GeneralizedLinearRegressor(family=family, link=link, alpha=0, drop_first=True)
    names = ["x0", "x1", *data.LEVELS]
    model.fit(frame[names], frame[response])
    return dict(zip(names[:2], model.coef_[:2], strict=True))


def _row(
    row: Row,
    glum: Callable[[], Mapping[str, float]],
    ours: Callable[[], insitu.GeneralizedLinearModel],
    quick: bool,
) -> Row:
    """Both, in alternate turns, once they are seen to agree."""
    model, other = ours(), glum()
    for name, value in other.items():
        error = model.coef_std_error[name]
        assert abs(model.coefficients[name] - value) < 0.05 * error, (name, value)
    times = timing.alternate(1 if quick else TURNS, limit=glum, ours=ours)
    row.limits, row.turns = times["limit"], times["ours"]
    row.peers = {"passes": str(model.passes)}
    return row


def _factors(
    name: str, work: str, targets: tuple[float, float], response: str, ours, glums, n: int, quick: bool
) -> Row:  # fmt: skip
    table = data.responses(n)
    frame = table.to_pandas()
    formula = f"{response} ~ {PREDICTORS}"
    return _row(
        Row(name, work, "glum on a frame in memory", *targets),
        lambda: _glum(frame, response, *glums),
        lambda: insitu.rx_glm(formula, table, family=ours),
        quick,
    )


def logit_factors(folder: Path, n: int, quick: bool) -> Row:
    """Logistic regression on factors in memory."""
    work = "logit, factors of 20 + 300 + 7 levels and 2 numbers, in memory"
    return _factors("logit_factors", work, (0.15, 0.06), "event", "binomial", ("binomial", "logit"), n, quick)  # fmt: skip


def logit_parquet(folder: Path, n: int, quick: bool) -> Row:
    """The same from a file, beside glum once it has loaded it."""
    path = str(data.responses_parquet(folder, n))
    names = list(data.LEVELS)
    frame = pq.read_table(path, read_dictionary=names).to_pandas()
    return _row(
        Row(
            "logit_parquet", "the same from Parquet, levels unknown", "glum after loading", 0.2, 0.1
        ),
        lambda: _glum(frame, "event", "binomial", "logit"),
        lambda: insitu.rx_logit(f"event ~ {PREDICTORS}", path),
        quick,
    )


def poisson_factors(folder: Path, n: int, quick: bool) -> Row:
    """Counts."""
    return _factors("poisson_factors", "poisson of the same shape", (0.25, 0.1), "count", "poisson", ("poisson", "log"), n, quick)  # fmt: skip


def gamma_factors(folder: Path, n: int, quick: bool) -> Row:
    """Positive numbers."""
    return _factors("gamma_factors", "Gamma with the log link of the same shape", (0.25, 0.1), "size", families.gamma("log"), ("gamma", "log"), n, quick)  # fmt: skip


def tweedie_factors(folder: Path, n: int, quick: bool) -> Row:
    """Sums of claims."""
    import glum

    peer = (glum.TweedieDistribution(1.5), "log")
    return _factors("tweedie_factors", "Tweedie 1.5 with the log link of the same shape", (0.25, 0.1), "claims", families.tweedie(1.5, 0), peer, n, quick)  # fmt: skip


def logit_dense(folder: Path, n: int, quick: bool) -> Row:
    """Logistic regression on doubles, beside scikit-learn and statsmodels too."""
    table = data.events(min(n, DENSE_ROWS), DENSE_COLUMNS)
    names = [f"x{k}" for k in range(DENSE_COLUMNS)]
    X, y = np.column_stack([table[x].to_numpy() for x in names]), table["event"].to_numpy()
    frame = table.to_pandas()

    def glum():
        import glum

        model = glum.GeneralizedLinearRegressor(family="binomial", alpha=0)
        model.fit(frame[names], frame["event"])
        return dict(zip(names, model.coef_, strict=True))

    def sklearn():
        from sklearn.linear_model import LogisticRegression

        return LogisticRegression(C=np.inf, max_iter=1000).fit(X, y)

    def statsmodels():
        import statsmodels.api as sm

        return sm.GLM(y, sm.add_constant(X), family=sm.families.Binomial()).fit().bse

    formula = "event ~ " + " + ".join(names)
    work = f"logit of {DENSE_COLUMNS} doubles, {table.num_rows:,} rows"
    row = Row("logit_dense", work, "glum", 1.0, 1 / 3)
    _row(row, glum, lambda: insitu.rx_logit(formula, table), quick)
    row.peers |= timing.peers({"scikit-learn": sklearn, "statsmodels": statsmodels})
    return row


ROWS = {
    f.__name__: f
    for f in (
        logit_factors,
        logit_parquet,
        logit_dense,
        poisson_factors,
        gamma_factors,
        tweedie_factors,
    )
}
