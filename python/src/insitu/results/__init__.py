"""What computations return: models and summaries that print, tidy and save themselves."""

from __future__ import annotations

from .base import Result
from .coefficient_model import CoefficientModel
from .glm import GeneralizedLinearModel
from .linear_model import LinearModel
from .margins import Margins
from .roc import Roc
from .summary import Summary
from .tests import Anova, WaldTest

# The kinds a model file may hold.
RESULT_KINDS: dict[str, type[Result]] = {
    result.kind: result for result in (LinearModel, GeneralizedLinearModel, Summary, Roc)
}

__all__ = [
    "RESULT_KINDS",
    "Anova",
    "CoefficientModel",
    "GeneralizedLinearModel",
    "LinearModel",
    "Margins",
    "Result",
    "Roc",
    "Summary",
    "WaldTest",
]
