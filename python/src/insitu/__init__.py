"""Statistical models fitted where the data lives: data frames, files larger than memory, DuckDB.

Example:
    >>> import pandas as pd, insitu
    >>> data = pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0], "y": [1.0, 3.0, 2.0, 5.0]})
    >>> insitu.rx_lin_mod("y ~ x", data).rank
    2
"""

from __future__ import annotations

from .errors import DataError, NumericError, SourceError, SpecError, StateError
from .linear import rx_lin_mod
from .predict import rx_predict, rx_predict_default
from .results import LinearModel, Summary
from .serialization import load_model, rx_serialize_model, rx_unserialize_model
from .summary import rx_summary

# The original's names of the classes.
RxLinModResults = LinearModel
RxSummaryResults = Summary

__version__ = "0.1.0"

__all__ = [
    "DataError",
    "LinearModel",
    "NumericError",
    "RxLinModResults",
    "RxSummaryResults",
    "SourceError",
    "SpecError",
    "StateError",
    "Summary",
    "load_model",
    "rx_lin_mod",
    "rx_predict",
    "rx_predict_default",
    "rx_serialize_model",
    "rx_summary",
    "rx_unserialize_model",
]
