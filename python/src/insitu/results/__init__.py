"""What computations return: models and summaries that print, tidy and save themselves."""

from __future__ import annotations

from .base import Result
from .linear_model import LinearModel
from .summary import Summary

# The kinds a model file may hold.
RESULT_KINDS: dict[str, type[Result]] = {LinearModel.kind: LinearModel, Summary.kind: Summary}

__all__ = ["RESULT_KINDS", "LinearModel", "Result", "Summary"]
