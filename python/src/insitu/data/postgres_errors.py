"""What PostgreSQL and its driver say, as the sentences of our errors."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from ..errors import DataError, NumericError, ReadConflictError, SourceError, SpecError, StateError
from .connections import first_line

# Errors that insitu's own functions raise inside the server, by SQLSTATE.
_OURS = {"IS001": SpecError, "IS002": DataError, "IS003": StateError, "IS004": NumericError}
_LONGEST = 200
CANCELLED = "57014"
# A standby stops a query whose rows its primary has removed, or two transactions cannot both be as if alone.
_CONFLICT = "40001"


def details(error: BaseException) -> dict[str, str]:
    """The fields of the server's report, by their names without "PG_DIAG_"."""
    found: dict[str, str] = {}
    for name, value in getattr(error, "details", None) or []:
        found[_decoded(name).removeprefix("PG_DIAG_")] = _decoded(value)
    return found


def _decoded(raw: object) -> str:
    return raw.decode("utf-8", "replace") if isinstance(raw, bytes) else str(raw)


def sqlstate(error: BaseException) -> str:
    """The five characters that name the kind of an error; "" where there are none."""
    return str(getattr(error, "sqlstate", None) or "")


def is_driver_error(error: BaseException) -> bool:
    """True for what the driver raises; told by name, so that nothing is imported for it."""
    return any(kind.__module__.startswith("adbc_driver_manager") for kind in type(error).__mro__)


def said(error: BaseException) -> str:
    """The server's sentence, with its detail and hint."""
    fields = details(error)
    primary = fields.get("MESSAGE_PRIMARY")
    if primary is None:
        match = re.search(r"(?:ERROR|FATAL|PANIC): +(.*)", str(error))
        primary = match[1] if match else first_line(str(error).removeprefix("IO: "))
    primary = re.sub(r'"([^"]{30})[^"]{30,}"', r'"\1…"', primary)  # a value of hundreds of digits
    parts = [primary, fields.get("MESSAGE_DETAIL"), fields.get("MESSAGE_HINT")]
    return "; ".join(_short(part.rstrip(".! ")) for part in parts if part)


def query_error(error: BaseException, query: str, *, computing: bool = False) -> Exception:
    """The sentence for a query that the server refuses or cannot finish.

    Arguments:
        query: what is shown of it. computing: the values of rows are computed by expressions of ours, so that one that cannot
            be computed is a DataError.
    """
    code, words = sqlstate(error), said(error)
    if code in _OURS:
        return _OURS[code](words if words.endswith(".") else f"{words}.")
    shown = f"the query is {_short(query)!r}"
    if code == _CONFLICT or "conflict with recovery" in words:
        return ReadConflictError(f"The server stopped the query: {words}; run it again; {shown}.")
    if code == CANCELLED and "timeout" in words:
        return SourceError(
            f"The server stopped the query: {words}; raise statement_timeout for this user or in the connection"
            f" string (options=-c statement_timeout=…); {shown}."
        )
    if code == CANCELLED:
        return SourceError(f"The query was interrupted: {words}; {shown}.")
    if code == "42501":
        return SourceError(f"The server refuses the query: {words}; {shown}.")
    if code.startswith(("08", "57P")) or not code:
        return SourceError(f"The connection to the server broke: {words}; {shown}.")
    if code.startswith("22") and computing:
        return DataError(f"The values cannot be computed in the server: {words}; {shown}.")
    return SourceError(f"The query failed: {words}{_near(error)}; {shown}.")


def connect_error(error: BaseException, where: str, secrets: Sequence[str]) -> SourceError:
    """The sentence for a server that cannot be reached or refuses us; the driver may repeat any part of the string."""
    words = str(error).removeprefix("IO: ")
    words = words.split("Failed to connect: ")[-1]
    words = "; ".join(line.strip().rstrip(".") for line in words.splitlines() if line.strip())
    for secret in secrets:
        words = words.replace(secret, "***")
    return SourceError(f"PostgreSQL cannot be reached ({where}): {first_line(words)}.")


def _near(error: BaseException) -> str:
    """The fragment of SQL that the server points at."""
    found = re.search(r"LINE \d+: (.*)\n( *)\^", str(error))
    if found is None:
        return ""
    at = max(0, len(found[2]) - (found.start(1) - found.start(0)))
    return f", near {found[1][max(0, at - 5) : at + 30].strip()!r}"


def _short(text: Any) -> str:
    flat = " ".join(str(text).split())
    return flat if len(flat) <= _LONGEST else flat[: _LONGEST - 1] + "…"
