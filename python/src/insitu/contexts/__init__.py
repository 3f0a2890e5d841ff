"""Compute contexts: where computations run."""

from __future__ import annotations

from .active import (
    resolve_context,
    rx_get_compute_context,
    rx_set_compute_context,
    rx_set_temp_compute_context,
)
from .base import Explanation, RxComputeContext
from .in_sqlserver import RxInSqlServer
from .local import RxLocalParallel, RxLocalSeq

__all__ = [
    "Explanation",
    "RxComputeContext",
    "RxInSqlServer",
    "RxLocalParallel",
    "RxLocalSeq",
    "resolve_context",
    "rx_get_compute_context",
    "rx_set_compute_context",
    "rx_set_temp_compute_context",
]
