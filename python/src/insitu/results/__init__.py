"""What computations return: models and summaries that print, tidy and save themselves."""

from __future__ import annotations

from .base import Result
from .coefficient_model import CoefficientModel
from .glm import GeneralizedLinearModel
from .linear_model import LinearModel
from .roc import Roc
from .summary import Summary

# The kinds a model file may hold.
RESULT_KINDS: dict[str, type[Result]] = {
    result.kind: result for result in (LinearModel, GeneralizedLinearModel, Summary, Roc)
}

__all__ = [
    "RESULT_KINDS",
    "CoefficientModel",
    "GeneralizedLinearModel",
    "LinearModel",
    "Result",
    "Roc",
    "Summary",
]
