"""Statistical models fitted where the data lives: data frames, files larger than memory, DuckDB.

Example:
    >>> import pandas as pd, insitu
    >>> data = pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0], "y": [1.0, 3.0, 2.0, 5.0]})
    >>> insitu.rx_lin_mod("y ~ x", data).rank
    2
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from . import families
from .anova import rx_anova
from .errors import DataError, NumericError, SourceError, SpecError, StateError
from .families import Family
from .glm import rx_glm, rx_logit
from .linear import rx_lin_mod
from .margins import rx_margins
from .options import RxOptions, check_isa
from .predict import rx_predict, rx_predict_default
from .results import GeneralizedLinearModel, LinearModel, Roc, Summary
from .roc import rx_auc, rx_roc, rx_roc_curve
from .serialization import load_model, rx_serialize_model, rx_unserialize_model
from .summary import rx_summary

if TYPE_CHECKING:
    from .contexts import (
        RxComputeContext,
        RxInPostgres,
        RxInSqlServer,
        RxLocalParallel,
        RxLocalSeq,
        rx_get_compute_context,
        rx_set_compute_context,
        rx_set_temp_compute_context,
    )
    from .data import (
        RxDataSource,
        RxFileData,
        RxOdbcData,
        RxParquetData,
        RxPostgresData,
        RxSqlServerData,
        RxTextData,
    )
    from .importing import rx_import
    from .info import rx_get_info, rx_get_var_info, rx_get_var_names

check_isa()

# The original's names of the classes.
RxLinModResults = LinearModel
RxGlmResults = RxLogitResults = GeneralizedLinearModel
RxSummaryResults = Summary

__version__ = "0.1.0"

__all__ = [
    "DataError",
    "Family",
    "GeneralizedLinearModel",
    "LinearModel",
    "NumericError",
    "Roc",
    "RxComputeContext",
    "RxDataSource",
    "RxFileData",
    "RxGlmResults",
    "RxInPostgres",
    "RxInSqlServer",
    "RxLinModResults",
    "RxLocalParallel",
    "RxLocalSeq",
    "RxLogitResults",
    "RxOdbcData",
    "RxOptions",
    "RxParquetData",
    "RxPostgresData",
    "RxSqlServerData",
    "RxSummaryResults",
    "RxTextData",
    "SourceError",
    "SpecError",
    "StateError",
    "Summary",
    "families",
    "load_model",
    "rx_anova",
    "rx_auc",
    "rx_get_compute_context",
    "rx_get_info",
    "rx_get_var_info",
    "rx_get_var_names",
    "rx_glm",
    "rx_import",
    "rx_lin_mod",
    "rx_logit",
    "rx_margins",
    "rx_predict",
    "rx_predict_default",
    "rx_roc",
    "rx_roc_curve",
    "rx_serialize_model",
    "rx_set_compute_context",
    "rx_set_temp_compute_context",
    "rx_summary",
    "rx_unserialize_model",
]

# Loaded when first asked for: these bring DuckDB and sqlglot.
_LATER = {
    **dict.fromkeys(
        ("RxComputeContext", "RxInPostgres", "RxInSqlServer", "RxLocalParallel", "RxLocalSeq"),
        "contexts",
    ),
    **dict.fromkeys(
        ("rx_get_compute_context", "rx_set_compute_context", "rx_set_temp_compute_context"),
        "contexts",
    ),
    **dict.fromkeys(
        (
            "RxDataSource",
            "RxFileData",
            "RxOdbcData",
            "RxParquetData",
            "RxPostgresData",
            "RxSqlServerData",
            "RxTextData",
        ),
        "data",
    ),
    "rx_import": "importing",
    **dict.fromkeys(("rx_get_info", "rx_get_var_info", "rx_get_var_names"), "info"),
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module 'insitu' has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{_LATER[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
