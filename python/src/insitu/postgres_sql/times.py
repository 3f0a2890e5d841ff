"""Rules for dates and times, all without a zone."""

from __future__ import annotations

import pyarrow as pa
from sqlglot import exp

from .nodes import call, cast
from .translator import Rule, Translator
from .types import UntranslatableError, column_value, is_plain_time

PARTS: dict[str, str] = {
    "year": "year", "month": "month", "day": "day", "quarter": "quarter", "week": "week", "dow": "dow", "dayofweek": "dow",
    "weekday": "dow", "isodow": "isodow", "doy": "doy", "dayofyear": "doy", "hour": "hour", "minute": "minute", "second": "second",
}  # fmt: skip
_PART_CLASSES: dict[str, str] = {
    "Year": "year", "Month": "month", "Day": "day", "Quarter": "quarter", "Week": "week", "WeekOfYear": "week",
    "DayOfWeek": "dow", "DayOfWeekIso": "isodow", "DayOfYear": "doy", "Hour": "hour", "Minute": "minute", "Second": "second",
    "DayOfMonth": "day",
}  # fmt: skip
_TRUNCATED = frozenset(["year", "quarter", "month", "week", "day", "hour", "minute", "second"])


def part(t: Translator, part: str, value: exp.Expression) -> exp.Expression:
    if not t.is_(value, pa.types.is_date, is_plain_time):
        raise UntranslatableError(f"{part} of such values is computed in DuckDB")
    moment = cast(t.of(value), "timestamp")
    if part == "epoch":
        return cast(call("date_part", exp.Literal.string(part), moment), "double precision")
    if part not in PARTS:
        raise UntranslatableError(f"{part} of a date is computed in DuckDB")
    found = call("date_part", exp.Literal.string(PARTS[part]), moment)
    return cast(call("floor", found), "bigint")


def extract(t: Translator, node: exp.Expression) -> exp.Expression:
    return part(t, node.this.name.lower(), node.expression)


def date_trunc(t: Translator, node: exp.Expression) -> exp.Expression:
    unit = node.args["unit"].name.lower()
    if unit not in _TRUNCATED or not t.is_(node.this, pa.types.is_date, is_plain_time):
        raise UntranslatableError("such a date_trunc is computed in DuckDB")
    made = call("date_trunc", exp.Literal.string(unit), cast(t.of(node.this), "timestamp"))
    return cast(made, "date") if t.is_(node, pa.types.is_date) else made


def named(t: Translator, node: exp.Expression) -> exp.Expression:
    """dayname, monthname: in English, whatever the locale."""
    if not t.is_(node.this, pa.types.is_date, is_plain_time):
        raise UntranslatableError("such a name is computed in DuckDB")
    form = "FMDay" if type(node).__name__ == "Dayname" else "FMMonth"
    made = call("to_char", cast(t.of(node.this), "timestamp"), exp.Literal.string(form))
    return column_value(made, pa.string())


def _by_class(t: Translator, node: exp.Expression) -> exp.Expression:
    return part(t, _PART_CLASSES[type(node).__name__], node.this)


RULES: dict[str, Rule] = {
    **dict.fromkeys(_PART_CLASSES, _by_class),
    "Extract": extract,
    **dict.fromkeys(("DateTrunc", "TimestampTrunc"), date_trunc),
    **dict.fromkeys(("Dayname", "Monthname"), named),
}
