"""Fixtures shared by the Python tests."""

from __future__ import annotations

import itertools
import math
import os
import signal
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest

# scikit-learn's checks of array-API input are left out without; SciPy reads it when it is imported.
os.environ.setdefault("SCIPY_ARRAY_API", "1")
# A shell's background jobs ignore Ctrl-C, and so would the tests of it.
signal.signal(signal.SIGINT, signal.default_int_handler)


def linear_dict(
    X: np.ndarray, y: np.ndarray, names: list[str], dropped: tuple[str, ...] = ()
) -> dict[str, Any]:
    """The engine's dict of a linear model (docs/architecture.md), with the numbers of statsmodels."""
    import statsmodels.api as sm

    fit = sm.OLS(y, X).fit()
    n, p = X.shape
    every = [*names, *dropped]

    def column(values: Any) -> list[float | None]:
        return [float(v) for v in values] + [None] * len(dropped)

    covariance = [[float(v) for v in row] + [None] * len(dropped) for row in fit.cov_params()]
    covariance += [[None] * len(every)] * len(dropped)
    correlation = np.corrcoef(X[:, 1:], rowvar=False).reshape(p - 1, p - 1)
    inverse = 1.0 / (np.linalg.norm(correlation, 1) * np.linalg.norm(np.linalg.inv(correlation), 1))
    rss = float(fit.ssr)
    return {
        "kind": "linear_model",
        "version": 1,
        "formula": "y ~ " + " + ".join(names[1:]),
        "response": "y",
        "design": {"columns": [{"name": name, "kind": "numeric"} for name in names[1:]]},
        "scoring": {"intercept": 0.0, "centers": [0.0] * (p - 1)},
        "coefficients": {
            "names": every,
            "estimate": column(fit.params),
            "std_error": column(fit.bse),
            "t_value": column(fit.tvalues),
            "p_value": column(fit.pvalues),
            "aliased": [False] * p + [True] * len(dropped),
        },
        "n_valid_obs": n,
        "n_missing_obs": 3,
        "sum_of_weights": float(n),
        "rank": p,
        "df": [p, n - p, len(every)],
        "residual_squares": rss,
        "residual_variance": rss / (n - p),
        "sigma": math.sqrt(rss / (n - p)),
        "total_squares": float(y @ y),
        "y_var": float(fit.centered_tss),
        "r_squared": float(fit.rsquared),
        "adj_r_squared": float(fit.rsquared_adj),
        "f_statistic": float(fit.fvalue),
        "f_num_df": p - 1,
        "f_den_df": n - p,
        "f_pvalue": float(fit.f_pvalue),
        "condition_number": float(inverse),
        "log_likelihood": float(fit.llf),
        "deviance": rss,
        "aic": float(fit.aic) + 2,
        "bic": float(fit.bic) + math.log(n),
        "cov_coef": covariance,
        "cov_data": None,
        "intercept": True,
        "cube": False,
        "counts": None,
        "pweights": None,
        "fweights": None,
        "precision": "double-double",
        "passes": 1,
        "warnings": [],
    }


@pytest.fixture(name="linear_dict")
def linear_dict_fixture() -> Callable[..., dict[str, Any]]:
    """`linear_dict` above."""
    return linear_dict


@pytest.fixture
def airline_dict() -> dict[str, Any]:
    """Two predictors, one dropped coefficient, p values from large to tiny."""
    rng = np.random.default_rng(7)
    a, b = rng.normal(size=200), rng.normal(size=200)
    y = 3.0 + 2.0 * a + 0.02 * b + rng.normal(size=200)
    X = np.column_stack([np.ones(200), a, b])
    return linear_dict(X, y, ["(Intercept)", "a", "b"], ("f=last",))


@pytest.fixture
def summary_dict() -> dict[str, Any]:
    """Numbers by hand: x = 1, 2, 4 and one missing; f = u, v, u, v."""
    return {
        "kind": "summary",
        "formula": "~x + f + x:f",
        "n_rows": 4,
        "n_valid_obs": 4,
        "n_missing_obs": 0,
        "sum_of_weights": 4.0,
        "terms": [
            {
                "type": "numeric",
                "name": "x",
                "mean": 7 / 3,
                "std_dev": math.sqrt(7 / 3),
                "min": 1.0,
                "max": 4.0,
                "sum": 7.0,
                "valid_obs": 3,
                "missing_obs": 1,
                "sum_of_weights": 3.0,
                "missing_weights": 1.0,
            },
            {
                "type": "counts",
                "name": "f",
                "factors": ["f"],
                "levels": [["u", "v", "w"]],
                "counts": [2, 2, 0],
                "valid_obs": 4,
                "missing_obs": 0,
            },
            {
                "type": "cells",
                "name": "x:f",
                "variable": "x",
                "overall": {
                    "mean": 7 / 3,
                    "std_dev": math.sqrt(7 / 3),
                    "min": 1.0,
                    "max": 4.0,
                    "sum": 7.0,
                    "valid_obs": 3,
                    "missing_obs": 1,
                    "sum_of_weights": 3.0,
                    "missing_weights": 1.0,
                },
                "factors": ["f"],
                "levels": [["u", "v", "w"]],
                "mean": [2.5, 2.0, None],
                "std_dev": [math.sqrt(4.5), None, None],
                "min": [1.0, 2.0, None],
                "max": [4.0, 2.0, None],
                "sum": [5.0, 2.0, 0.0],
                "valid_obs": [2, 1, 0],
                "missing_obs": [0, 1, 0],
                "sum_of_weights": [2.0, 1.0, 0.0],
                "missing_weights": [0.0, 1.0, 0.0],
            },
        ],
    }


class PostgresDatabase:
    """A database of its own on the suite's PostgreSQL server."""

    def __init__(self, server: Any, name: str) -> None:
        self.server = server
        self.name = name
        self.uri = server.create_database(name)

    def sql(self, text: str) -> str:
        """Runs statements and gives what psql prints."""
        return self.server.psql(text, self.name)

    def role(self, name: str, password: str) -> str:
        """A new role that may connect; the URL with which it does."""
        self.sql(f"create role {name} login password '{password}'")
        return self.server.connection_string(self.name, name, password)


@pytest.fixture
def pg(request: pytest.FixtureRequest) -> Iterator[PostgresDatabase]:
    """A new, empty PostgreSQL database; skipped, with the reason, where no server can be had."""
    from conformance import postgres

    if (reason := postgres.missing()) is not None:
        pytest.skip(f"PostgreSQL: {reason}")
    made = PostgresDatabase(postgres.server(), f"t{next(_databases)}")
    yield made
    made.server.drop_database(made.name)


_databases = itertools.count(1)


@pytest.fixture(scope="session")
def rows_of_every_family() -> pd.DataFrame:
    """600 rows with a response for every family, numbers, a factor, groups and weights."""
    rows = 600
    generator = np.random.default_rng(3)
    x, z = generator.normal(size=rows), generator.gamma(2.0, 1.0, rows)
    f = generator.integers(0, 3, rows)
    eta = 0.3 + 0.4 * x - 0.2 * z + 0.5 * (f == 1) - 0.3 * (f == 2)
    return pd.DataFrame(
        {
            "y": eta + generator.normal(size=rows) * (1 + x**2) / 2,
            "count": generator.poisson(np.exp(0.5 * eta)),
            "event": (generator.random(rows) < 1 / (1 + np.exp(-eta))).astype(float),
            "size": generator.gamma(2.0, np.exp(0.3 * eta) / 2.0),
            "x": x,
            "z": z,
            "f": np.array(list("abc"))[f],
            "treated": generator.random(rows) < 0.4,
            "firm": [f"firm {k}" for k in generator.integers(0, 25, rows)],
            "w": 0.5 + generator.random(rows),
        }
    )
