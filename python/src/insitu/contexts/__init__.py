"""Compute contexts: where computations run."""

from .active import (
    rx_get_compute_context,
    rx_set_compute_context,
    rx_set_temp_compute_context,
)
from .base import Explanation, RxComputeContext
from .in_postgres import RxInPostgres
from .in_sqlserver import RxInSqlServer
from .local import RxLocalParallel, RxLocalSeq

__all__ = [
    "Explanation",
    "RxComputeContext",
    "RxInPostgres",
    "RxInSqlServer",
    "RxLocalParallel",
    "RxLocalSeq",
    "rx_get_compute_context",
    "rx_set_compute_context",
    "rx_set_temp_compute_context",
]
