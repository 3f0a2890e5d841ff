"""Expressions of `row_selection` and `transforms` as PostgreSQL's SQL, with DuckDB's meaning.

What means something else in the two, or would need the server's locale, is refused: such expressions are computed in DuckDB,
over the rows that are streamed. NaN is missing in columns, division by zero is infinite, roots and logarithms are guarded before
they come here; texts compare by their bytes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import pyarrow as pa
from sqlglot import exp

from .data.types import is_decimal, is_text
from .sql_nodes import call, cast, double, number, paren, when

Types = Callable[[exp.Expression], pa.DataType | None]

# Beyond these exp() leaves the range of doubles, which is an error in the server.
_EXP_HIGH, _EXP_LOW = "709.782712893384", "-708.396418532264"
# What DuckDB trims: the Unicode spaces.
_SPACES = " \u00a0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u202f\u205f\u3000"
_SAME = frozenset([
    "Paren", "Neg", "Not", "And", "Or", "Is", "Tuple", "Null", "Boolean", "Literal", "Interval", "Var",
    "Abs", "In", "Between", "Case",
    "If", "Coalesce", "Nullif",
])  # fmt: skip
_DOUBLES: dict[str, str] = {
    "Acos": "acos", "Asin": "asin", "Atan": "atan", "Atan2": "atan2", "Cos": "cos", "Sin": "sin", "Tan": "tan",
    "Degrees": "degrees", "Radians": "radians", "Ln": "ln", "Sqrt": "sqrt",
}  # fmt: skip
_PARTS: dict[str, str] = {
    "year": "year", "month": "month", "day": "day", "quarter": "quarter", "week": "week", "dow": "dow", "dayofweek": "dow",
    "weekday": "dow", "isodow": "isodow", "doy": "doy", "dayofyear": "doy", "hour": "hour", "minute": "minute", "second": "second",
}  # fmt: skip
_PART_CLASSES: dict[str, str] = {
    "Year": "year", "Month": "month", "Day": "day", "Quarter": "quarter", "Week": "week", "WeekOfYear": "week",
    "DayOfWeek": "dow", "DayOfWeekIso": "isodow", "DayOfYear": "doy", "Hour": "hour", "Minute": "minute", "Second": "second",
    "DayOfMonth": "day",
}  # fmt: skip
_TRUNCATED = frozenset(["year", "quarter", "month", "week", "day", "hour", "minute", "second"])
_ISO = re.compile(r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d(\.\d{1,6})?)?)?")


class UntranslatableError(Exception):
    """An expression that the server would compute differently, or not at all; the text says which part and why."""


def server_type(arrow_type: pa.DataType) -> str | None:
    """PostgreSQL's type for values of an Arrow type; None if there is none.

    Example:
        >>> server_type(pa.int32()), server_type(pa.time64("us"))
        ('integer', None)
    """
    for test, name in (
        (pa.types.is_boolean, "boolean"),
        (lambda t: pa.types.is_int8(t) or pa.types.is_int16(t) or pa.types.is_uint8(t), "smallint"),
        (lambda t: pa.types.is_int32(t) or pa.types.is_uint16(t), "integer"),
        (lambda t: pa.types.is_int64(t) or pa.types.is_uint32(t), "bigint"),
        (pa.types.is_float32, "real"),
        (lambda t: pa.types.is_float64(t) or is_decimal(t) or pa.types.is_uint64(t), "double precision"),
        (is_text, "text"),
        (pa.types.is_date, "date"),
        (lambda t: pa.types.is_timestamp(t) and t.tz is None, "timestamp"),
    ):  # fmt: skip
        if test(arrow_type):
            return name
    return None


def column_value(node: exp.Expression, arrow_type: pa.DataType) -> exp.Expression:
    """A column as expressions see it: NaN is missing, and texts are compared by their bytes."""
    if pa.types.is_floating(arrow_type):
        return call("nullif", node, exp.Literal.string("NaN"))
    if is_text(arrow_type):
        return exp.Paren(
            this=exp.Collate(this=node, expression=exp.to_identifier("C", quoted=True))
        )
    return node


def finished(value: exp.Expression, arrow_type: pa.DataType) -> exp.Expression:
    """What a transform gives: of the type that DuckDB gives it, and missing where it is not finite."""
    name = server_type(arrow_type)
    if name is None:
        raise UntranslatableError(f"values of type {arrow_type} stay in DuckDB")
    made = cast(value, name)
    if not (pa.types.is_floating(arrow_type) or is_decimal(arrow_type)):
        return made
    for word in ("NaN", "Infinity", "-Infinity"):
        made = call("nullif", made, exp.Literal.string(word))
    return made


def translated(
    tree: exp.Expression, columns: Mapping[str, exp.Expression], types: Types
) -> exp.Expression:
    """The tree in PostgreSQL's SQL.

    Arguments:
        columns: what stands for each column. types: DuckDB's type of a part of the tree.
    Raises: UntranslatableError.
    """
    return _Translator(columns, types).of(tree)


class _Translator:
    def __init__(self, columns: Mapping[str, exp.Expression], types: Types) -> None:
        self._columns = columns
        self._type = types

    def of(self, node: exp.Expression) -> exp.Expression:
        if isinstance(node, exp.Column):
            return self._columns[node.name].copy()
        name = type(node).__name__
        rule = _RULES.get(name)
        if rule is not None:
            made: exp.Expression = rule(self, node)
            return made
        if name in _PART_CLASSES:
            return self._part(_PART_CLASSES[name], node.this)
        if name in _SAME:
            self._refuse_mixed_singles(node)
            return self._same(node)
        raise UntranslatableError(f"{_name(node)} is computed in DuckDB")

    def _same(self, node: exp.Expression) -> exp.Expression:
        """The node with its parts translated."""
        made = node.copy()
        for key, value in node.args.items():
            if isinstance(value, exp.Expression) and not isinstance(value, exp.DataType):
                made.set(key, self.of(value))
            elif isinstance(value, list):
                made.set(key, [self.of(v) if isinstance(v, exp.Expression) else v for v in value])
        return made

    def _parts_of(self, node: exp.Expression) -> list[exp.Expression]:
        found = []
        for value in node.args.values():
            found += [v for v in (value if isinstance(value, list) else [value]) if isinstance(v, exp.Expression)]  # fmt: skip
        return found

    def comparison(self, node: exp.Expression) -> exp.Expression:
        """Single precision with whole numbers or decimals is compared in single precision."""
        left, right = node.this, node.expression
        if not self._is(left, pa.types.is_float32):
            left, right = right, left
        if self._is(left, pa.types.is_float32) and self._is(right, pa.types.is_integer, is_decimal):
            made = node.copy()
            made.set("this", cast(self.of(node.this), "real"))
            made.set("expression", cast(self.of(node.expression), "real"))
            return made
        return self._same(node)

    def _refuse_mixed_singles(self, node: exp.Expression) -> None:
        """The server compares single precision with other numbers in double precision, DuckDB in single."""
        kinds = [self._type(part) for part in self._parts_of(node)]
        numbers = {k for k in kinds if k is not None and _is_number(k)}
        if len(numbers) > 1 and pa.float32() in numbers and pa.float64() not in numbers:
            raise UntranslatableError("single precision beside other numbers is computed in DuckDB")

    def _is(self, node: exp.Expression, *tests: Callable[[pa.DataType], bool]) -> bool:
        kind = self._type(node)
        return kind is not None and any(test(kind) for test in tests)

    def _need(self, node: exp.Expression, what: exp.Expression, *tests: Any) -> None:
        if not self._is(what, *tests):
            raise UntranslatableError(f"{_name(node)} of such values is computed in DuckDB")

    # ---- arithmetic ------------------------------------------------------------------------------------------------------

    def arithmetic(self, node: exp.Expression) -> exp.Expression:
        left, right = node.this, node.expression
        if self._is(left, pa.types.is_date, _is_plain_time):
            self._moments(node)
            made = self._same(node)
            return cast(made, "bigint") if self._is(node, pa.types.is_integer) else made
        self._need(node, left, _is_number)
        self._need(node, right, _is_number)
        return self._single(node, type(node)(this=paren(self.of(left)), expression=paren(self.of(right))))  # fmt: skip

    def _moments(self, node: exp.Expression) -> None:
        """Dates with days and intervals, times with intervals, and differences of dates are what the two agree on."""
        left, right = node.this, node.expression
        dates = self._is(left, pa.types.is_date)
        agreed = isinstance(right, exp.Interval) or (
            dates and self._is(right, pa.types.is_date, pa.types.is_int32, pa.types.is_int16)
        )
        if not agreed or isinstance(node, exp.Mul):
            raise UntranslatableError("such arithmetic with dates and times is computed in DuckDB")

    def _single(self, node: exp.Expression, made: exp.Expression) -> exp.Expression:
        """DuckDB computes in single precision where one side is single and none double; the server in double."""
        return cast(paren(made), "real") if self._is(node, pa.types.is_float32) else made

    def division(self, node: exp.Expression) -> exp.Expression:
        """IEEE division: what is divided by zero is infinite, and nothing where it is zero too."""
        left, right = (cast(self.of(side), "double precision") for side in (node.this, node.expression))  # fmt: skip
        infinite = exp.Case(
            ifs=[when(exp.GT(this=left, expression=number("0")), double("Infinity")),
                 when(exp.LT(this=left.copy(), expression=number("0")), double("-Infinity")),
                 when(exp.EQ(this=left.copy(), expression=number("0")), double("NaN"))]
        )  # fmt: skip
        divided = exp.Div(this=left.copy(), expression=right.copy(), typed=True, safe=False)
        zero = exp.EQ(this=right, expression=number("0"))
        return self._single(node, exp.Case(ifs=[when(zero, infinite)], default=divided))

    def whole_division(self, node: exp.Expression) -> exp.Expression:
        """Towards zero; by zero is an error in both."""
        self._need(node, node.this, pa.types.is_integer)
        self._need(node, node.expression, pa.types.is_integer)
        left, right = paren(self.of(node.this)), paren(self.of(node.expression))
        if isinstance(node, exp.Mod):
            return exp.Mod(this=left, expression=right)
        return exp.Div(this=left, expression=right, typed=True, safe=False)

    def power(self, node: exp.Expression) -> exp.Expression:
        """Missing where it is no real number, infinite or zero beyond doubles: all three are errors in the server."""
        self._need(node, node.this, _is_number)
        self._need(node, node.expression, _is_number)
        base, power = (cast(self.of(side), "double precision") for side in (node.this, node.expression))  # fmt: skip
        zero, at_zero = number("0"), exp.EQ(this=base, expression=number("0"))
        pole = exp.Case(ifs=[when(exp.LT(this=power, expression=zero), double("Infinity")),
                             when(exp.EQ(this=power.copy(), expression=zero.copy()), double("1"))],
                        default=double("0"))  # fmt: skip
        below = exp.LT(this=base.copy(), expression=zero.copy())
        complex_ = exp.And(
            this=below,
            expression=exp.NEQ(this=power.copy(), expression=call("trunc", power.copy())),
        )
        size = exp.Mul(this=power.copy(), expression=call("ln", call("abs", base.copy())))
        # Not power(-1, …): the server computes constants beforehand, also where they are never used.
        half = exp.Div(this=power.copy(), expression=number("2"), typed=True, safe=False)
        even = exp.EQ(this=half, expression=call("trunc", half.copy()))
        odd = exp.And(this=below.copy(), expression=exp.Not(this=paren(even)))
        sign = exp.Case(ifs=[when(odd, double("-1"))], default=double("1"))
        huge = exp.Mul(this=double("Infinity"), expression=paren(sign))
        return exp.Case(
            ifs=[
                when(at_zero, pole),
                when(complex_, exp.Null()),
                when(exp.GT(this=size, expression=number(_EXP_HIGH)), huge),
                when(exp.LT(this=size.copy(), expression=number(_EXP_LOW)), double("0")),
            ],
            default=call("power", base.copy(), power.copy()),
        )

    def doubles(self, node: exp.Expression) -> exp.Expression:
        values = [node.this, *([node.expression] if node.args.get("expression") else [])]
        for value in values:
            self._need(node, value, _is_number)
        return call(
            _DOUBLES[type(node).__name__], *(cast(self.of(v), "double precision") for v in values)
        )

    def exponential(self, node: exp.Expression) -> exp.Expression:
        self._need(node, node.this, _is_number)
        value = cast(self.of(node.this), "double precision")
        return exp.Case(
            ifs=[
                when(exp.GT(this=value, expression=number(_EXP_HIGH)), double("Infinity")),
                when(exp.LT(this=value.copy(), expression=number(_EXP_LOW)), double("0")),
            ],
            default=call("exp", value.copy()),
        )

    def logarithm(self, node: exp.Expression) -> exp.Expression:
        base = node.this.name if isinstance(node.this, exp.Literal) else None
        if node.args.get("expression") is None or base not in ("10", "2"):
            raise UntranslatableError("such a logarithm is computed in DuckDB")
        value = cast(self.of(node.expression), "double precision")
        if base == "10":
            return call("log", value)
        two = call("ln", double("2"))
        return exp.Div(this=call("ln", value), expression=two, typed=True, safe=False)

    def sign(self, node: exp.Expression) -> exp.Expression:
        self._need(node, node.this, _is_number)
        return cast(call("sign", cast(self.of(node.this), "double precision")), "smallint")

    def whole(self, node: exp.Expression) -> exp.Expression:
        """ceil, floor and trunc."""
        if node.args.get("decimals") is not None or node.args.get("to") is not None:
            raise UntranslatableError(f"{_name(node)} to decimals is computed in DuckDB")
        self._need(node, node.this, _is_number)
        name = type(node).__name__.lower()
        if self._is(node, pa.types.is_integer):
            return self.of(node.this)
        if self._is(node.this, is_decimal):
            return call(name, self.of(node.this))
        return self._single(node, call(name, cast(self.of(node.this), "double precision")))

    def round(self, node: exp.Expression) -> exp.Expression:
        """Half away from zero, as DuckDB does; the server's own rounds doubles half to even."""
        decimals = node.args.get("decimals")
        if decimals is not None and not (isinstance(decimals, exp.Literal) and decimals.name.isdigit()):  # fmt: skip
            raise UntranslatableError("round to such decimals is computed in DuckDB")
        digits = 0 if decimals is None else int(decimals.name)
        if self._is(node.this, is_decimal):
            return call("round", self.of(node.this), number(str(digits)))
        if self._is(node.this, pa.types.is_integer):
            return self.of(node.this)
        self._need(node, node.this, pa.types.is_float64)
        value = self.of(node.this)
        if digits == 0:
            return _half_away(value)
        scale = double(f"1e{digits}")
        scaled = exp.Mul(this=paren(value), expression=scale)
        return exp.Div(this=paren(_half_away(scaled)), expression=scale.copy(), typed=True, safe=False)  # fmt: skip

    def extreme(self, node: exp.Expression) -> exp.Expression:
        self._refuse_mixed_singles(node)
        values = [node.this, *node.expressions]
        return call(type(node).__name__.lower(), *(self.of(v) for v in values))

    def special(self, node: exp.Expression) -> exp.Expression:
        """isnan, isinf."""
        words = ("NaN",) if type(node).__name__ == "IsNan" else ("Infinity", "-Infinity")
        return self._among(node, node.this, words)

    def _among(
        self, node: exp.Expression, value: exp.Expression, words: tuple[str, ...]
    ) -> exp.Expression:
        self._need(node, value, _is_number)
        found = cast(self.of(value), "double precision")
        return exp.Paren(this=exp.In(this=found, expressions=[double(word) for word in words]))

    # ---- texts -----------------------------------------------------------------------------------------------------------

    def _texts(self, node: exp.Expression, *parts: exp.Expression) -> list[exp.Expression]:
        for part in parts:
            self._need(node, part, is_text)
        return [self.of(part) for part in parts]

    def like(self, node: exp.Expression) -> exp.Expression:
        """A backslash is a character like any other."""
        text, pattern = self._texts(node, node.this, node.expression)
        return exp.Escape(this=exp.Like(this=text, expression=pattern), expression=exp.Literal.string(""))  # fmt: skip

    def joined(self, node: exp.Expression) -> exp.Expression:
        left, right = self._texts(node, node.this, node.expression)
        return exp.DPipe(this=left, expression=right, safe=False)

    def concat(self, node: exp.Expression) -> exp.Expression:
        return call("concat", *self._texts(node, *node.expressions))

    def contains(self, node: exp.Expression) -> exp.Expression:
        found = call("strpos", *self._texts(node, node.this, node.expression))
        return exp.Paren(this=exp.GT(this=found, expression=number("0")))

    def begins(self, node: exp.Expression) -> exp.Expression:
        return call("starts_with", *self._texts(node, node.this, node.expression))

    def ends(self, node: exp.Expression) -> exp.Expression:
        return self._ends(*self._texts(node, node.this, node.expression))

    def _ends(self, text: exp.Expression, end: exp.Expression) -> exp.Expression:
        last = call("right", text, call("char_length", end))
        return exp.Paren(this=exp.EQ(this=last, expression=end.copy()))

    def side(self, node: exp.Expression) -> exp.Expression:
        """left, right."""
        (text,) = self._texts(node, node.this)
        self._need(node, node.expression, pa.types.is_integer)
        return call(type(node).__name__.lower(), text, cast(self.of(node.expression), "integer"))

    def length(self, node: exp.Expression) -> exp.Expression:
        return cast(call("char_length", *self._texts(node, node.this)), "bigint")

    def replace(self, node: exp.Expression) -> exp.Expression:
        parts = self._texts(node, node.this, node.expression, node.args["replacement"])
        return call("replace", *parts)

    def substring(self, node: exp.Expression) -> exp.Expression:
        (text,) = self._texts(node, node.this)
        bounds = [node.args.get("start"), node.args.get("length")]
        if not all(b is None or (isinstance(b, exp.Literal) and b.name.isdigit()) for b in bounds):
            raise UntranslatableError("substring between such bounds is computed in DuckDB")
        return call("substr", text, *(b.copy() for b in bounds if b is not None))

    def trim(self, node: exp.Expression) -> exp.Expression:
        name = {"LEADING": "ltrim", "TRAILING": "rtrim"}.get(str(node.args.get("position")).upper(), "btrim")  # fmt: skip
        given = node.args.get("expression")
        characters = exp.Literal.string(_SPACES) if given is None else self._texts(node, given)[0]
        return call(name, *self._texts(node, node.this), characters)

    # ---- dates and times -------------------------------------------------------------------------------------------------

    def _part(self, part: str, value: exp.Expression) -> exp.Expression:
        if not self._is(value, pa.types.is_date, _is_plain_time):
            raise UntranslatableError(f"{part} of such values is computed in DuckDB")
        moment = cast(self.of(value), "timestamp")
        if part == "epoch":
            return cast(call("date_part", exp.Literal.string(part), moment), "double precision")
        if part not in _PARTS:
            raise UntranslatableError(f"{part} of a date is computed in DuckDB")
        found = call("date_part", exp.Literal.string(_PARTS[part]), moment)
        return cast(call("floor", found), "bigint")

    def extract(self, node: exp.Expression) -> exp.Expression:
        return self._part(node.this.name.lower(), node.expression)

    def date_trunc(self, node: exp.Expression) -> exp.Expression:
        unit = node.args["unit"].name.lower()
        if unit not in _TRUNCATED or not self._is(node.this, pa.types.is_date, _is_plain_time):
            raise UntranslatableError("such a date_trunc is computed in DuckDB")
        made = call("date_trunc", exp.Literal.string(unit), cast(self.of(node.this), "timestamp"))
        return cast(made, "date") if self._is(node, pa.types.is_date) else made

    def named(self, node: exp.Expression) -> exp.Expression:
        """dayname, monthname: in English, whatever the locale."""
        if not self._is(node.this, pa.types.is_date, _is_plain_time):
            raise UntranslatableError("such a name is computed in DuckDB")
        form = "FMDay" if type(node).__name__ == "Dayname" else "FMMonth"
        made = call("to_char", cast(self.of(node.this), "timestamp"), exp.Literal.string(form))
        return column_value(made, pa.string())

    # ---- the rest --------------------------------------------------------------------------------------------------------

    def if_(self, node: exp.Expression) -> exp.Expression:
        self._refuse_mixed_singles(node)
        if isinstance(node.parent, exp.Case) and node.arg_key == "ifs":
            return self._same(node)
        return exp.Case(ifs=[when(self.of(node.this), self.of(node.args["true"]))],
                        default=self.of(node.args["false"]) if node.args.get("false") else None)  # fmt: skip

    def pi(self, node: exp.Expression) -> exp.Expression:
        return call("pi")

    def called(self, node: exp.Expression) -> exp.Expression:
        """Functions that sqlglot knows by name only."""
        name, values = node.name.lower(), node.expressions
        if name in ("prefix", "starts_with"):
            return call("starts_with", *self._texts(node, *values))
        if name in ("suffix", "ends_with"):
            return self._ends(*self._texts(node, *values))
        if name == "strlen":
            (text,) = self._texts(node, *values)
            return cast(call("octet_length", call("convert_to", text, exp.Literal.string("UTF8"))), "bigint")  # fmt: skip
        if name == "isfinite":
            return exp.Not(this=self._among(node, values[0], ("NaN", "Infinity", "-Infinity")))
        if name == "date_part" and isinstance(values[0], exp.Literal):
            return self._part(values[0].name.lower(), values[1])
        if name in _PARTS:
            return self._part(name, values[0])
        raise UntranslatableError(f"{name} is computed in DuckDB")

    def converted(self, node: exp.Expression) -> exp.Expression:
        kind, value = self._type(node), node.this
        name = None if kind is None or is_decimal(kind) else server_type(kind)
        of, is_ = self._type(value), self._is
        if name is None or of is None or isinstance(node, exp.TryCast):
            raise UntranslatableError(f"{_name(node)} is computed in DuckDB")
        to_number = _is_number(kind)
        if (_is_number(of) and to_number) or (is_(value, pa.types.is_date, _is_plain_time) and name in ("date", "timestamp")):  # fmt: skip
            return cast(self.of(value), name)
        if pa.types.is_integer(of) and name == "text":
            return column_value(cast(self.of(value), name), pa.string())
        if is_text(of) and name in ("text", "double precision"):
            return cast(self.of(value), name)
        if pa.types.is_boolean(of) and to_number:
            return cast(cast(self.of(value), "integer"), name)
        if isinstance(value, exp.Literal) and _ISO.fullmatch(value.name) and name in ("date", "timestamp"):  # fmt: skip
            return cast(self.of(value), name)
        raise UntranslatableError(f"a cast of {of} to {kind} is computed in DuckDB")


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or is_decimal(kind))


def _is_plain_time(kind: pa.DataType) -> bool:
    return bool(pa.types.is_timestamp(kind) and kind.tz is None)


def _name(node: exp.Expression) -> str:
    return node.name.lower() if isinstance(node, exp.Anonymous) else type(node).__name__.lower()


def _half_away(value: exp.Expression) -> exp.Expression:
    """The nearest whole number, by steps that are exact in doubles."""
    whole = call("trunc", value)
    rest = exp.Sub(this=paren(value.copy()), expression=whole)
    far = exp.GTE(this=call("abs", rest), expression=double("0.5"))
    step = exp.Case(ifs=[when(far, call("sign", value.copy()))], default=number("0"))
    return paren(exp.Add(this=whole.copy(), expression=step))


# By the names of sqlglot's classes, of which not every version has all.
_RULES: dict[str, Callable[[_Translator, Any], exp.Expression]] = {
    **dict.fromkeys(
        ("EQ", "NEQ", "LT", "LTE", "GT", "GTE", "NullSafeEQ", "NullSafeNEQ"), _Translator.comparison
    ),
    "Add": _Translator.arithmetic,
    "Sub": _Translator.arithmetic,
    "Mul": _Translator.arithmetic,
    "Div": _Translator.division,
    "IntDiv": _Translator.whole_division,
    "Mod": _Translator.whole_division,
    "Pow": _Translator.power,
    "Exp": _Translator.exponential,
    "Log": _Translator.logarithm,
    "Sign": _Translator.sign,
    "Ceil": _Translator.whole,
    "Floor": _Translator.whole,
    "Round": _Translator.round,
    "Greatest": _Translator.extreme,
    "Least": _Translator.extreme,
    "IsNan": _Translator.special,
    "IsInf": _Translator.special,
    "Like": _Translator.like,
    "DPipe": _Translator.joined,
    "Concat": _Translator.concat,
    "Contains": _Translator.contains,
    "StartsWith": _Translator.begins,
    "EndsWith": _Translator.ends,
    "Left": _Translator.side,
    "Right": _Translator.side,
    "Length": _Translator.length,
    "Replace": _Translator.replace,
    "Substring": _Translator.substring,
    "Trim": _Translator.trim,
    "Extract": _Translator.extract,
    "DateTrunc": _Translator.date_trunc,
    "TimestampTrunc": _Translator.date_trunc,
    "If": _Translator.if_,
    "Anonymous": _Translator.called,
    "Cast": _Translator.converted,
    "TryCast": _Translator.converted,
    "Trunc": _Translator.whole,
    "Dayname": _Translator.named,
    "Monthname": _Translator.named,
    "Pi": _Translator.pi,
    **dict.fromkeys(_DOUBLES, _Translator.doubles),
}
