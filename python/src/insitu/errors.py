"""The five errors of insitu: each message is one sentence with what, where, the numbers, and what to do.

Example:
    >>> from insitu.errors import SpecError
    >>> issubclass(SpecError, ValueError)
    True
"""

from __future__ import annotations

__all__ = ["DataError", "NumericError", "SourceError", "SpecError", "StateError"]


class SpecError(ValueError):
    """The request is wrong: a formula, an option, a column that does not exist."""


class DataError(ValueError):
    """The rows are wrong: the message says column, row and value."""


class StateError(ValueError):
    """The bytes are wrong: truncated, changed, foreign, or of another version."""


class NumericError(ArithmeticError):
    """The problem has no solution."""


class SourceError(OSError):
    """Data cannot be reached, read or written."""


class ReadConflictError(SourceError):
    """A database took back the snapshot that was being read, as standbys do to keep up: reading anew may succeed."""
