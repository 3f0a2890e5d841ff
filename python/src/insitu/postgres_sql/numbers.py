"""Rules for numbers: IEEE arithmetic where the server stops with an error, single precision where DuckDB has it."""

from __future__ import annotations

import pyarrow as pa
from sqlglot import exp

from ..data.types import is_decimal
from .nodes import call, cast, double, number, paren, when
from .translator import Rule, Translator, name_of
from .types import UntranslatableError, is_number, is_plain_time

# Beyond these exp() leaves the range of doubles, which is an error in the server.
_EXP_HIGH, _EXP_LOW = "709.782712893384", "-708.396418532264"
_DOUBLES: dict[str, str] = {
    "Acos": "acos", "Asin": "asin", "Atan": "atan", "Atan2": "atan2", "Cos": "cos", "Sin": "sin", "Tan": "tan",
    "Degrees": "degrees", "Radians": "radians", "Ln": "ln", "Sqrt": "sqrt",
}  # fmt: skip


def comparison(t: Translator, node: exp.Expression) -> exp.Expression:
    """Single precision with whole numbers or decimals is compared in single precision."""
    left, right = node.this, node.expression
    if not t.is_(left, pa.types.is_float32):
        left, right = right, left
    if t.is_(left, pa.types.is_float32) and t.is_(right, pa.types.is_integer, is_decimal):
        made = node.copy()
        made.set("this", cast(t.of(node.this), "real"))
        made.set("expression", cast(t.of(node.expression), "real"))
        return made
    return t.same(node)


def arithmetic(t: Translator, node: exp.Expression) -> exp.Expression:
    left, right = node.this, node.expression
    if t.is_(left, pa.types.is_date, is_plain_time):
        _moments(t, node)
        made = t.same(node)
        return cast(made, "bigint") if t.is_(node, pa.types.is_integer) else made
    t.need(node, left, is_number)
    t.need(node, right, is_number)
    return _single(t, node, type(node)(this=paren(t.of(left)), expression=paren(t.of(right))))  # fmt: skip


def _moments(t: Translator, node: exp.Expression) -> None:
    """Dates with days and intervals, times with intervals, and differences of dates are what the two agree on."""
    left, right = node.this, node.expression
    dates = t.is_(left, pa.types.is_date)
    agreed = isinstance(right, exp.Interval) or (
        dates and t.is_(right, pa.types.is_date, pa.types.is_int32, pa.types.is_int16)
    )
    if not agreed or isinstance(node, exp.Mul):
        raise UntranslatableError("such arithmetic with dates and times is computed in DuckDB")


def _single(t: Translator, node: exp.Expression, made: exp.Expression) -> exp.Expression:
    """DuckDB computes in single precision where one side is single and none double; the server in double."""
    return cast(paren(made), "real") if t.is_(node, pa.types.is_float32) else made


def division(t: Translator, node: exp.Expression) -> exp.Expression:
    """IEEE division: what is divided by zero is infinite, and nothing where it is zero too."""
    left, right = (cast(t.of(side), "double precision") for side in (node.this, node.expression))  # fmt: skip
    infinite = exp.Case(
        ifs=[when(exp.GT(this=left, expression=number("0")), double("Infinity")),
             when(exp.LT(this=left.copy(), expression=number("0")), double("-Infinity")),
             when(exp.EQ(this=left.copy(), expression=number("0")), double("NaN"))]
    )  # fmt: skip
    divided = exp.Div(this=left.copy(), expression=right.copy(), typed=True, safe=False)
    zero = exp.EQ(this=right, expression=number("0"))
    return _single(t, node, exp.Case(ifs=[when(zero, infinite)], default=divided))


def whole_division(t: Translator, node: exp.Expression) -> exp.Expression:
    """Towards zero; by zero is an error in both."""
    t.need(node, node.this, pa.types.is_integer)
    t.need(node, node.expression, pa.types.is_integer)
    left, right = paren(t.of(node.this)), paren(t.of(node.expression))
    if isinstance(node, exp.Mod):
        return exp.Mod(this=left, expression=right)
    return exp.Div(this=left, expression=right, typed=True, safe=False)


def power(t: Translator, node: exp.Expression) -> exp.Expression:
    """Missing where it is no real number, infinite or zero beyond doubles: all three are errors in the server."""
    t.need(node, node.this, is_number)
    t.need(node, node.expression, is_number)
    base, power = (cast(t.of(side), "double precision") for side in (node.this, node.expression))  # fmt: skip
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


def doubles(t: Translator, node: exp.Expression) -> exp.Expression:
    values = [node.this, *([node.expression] if node.args.get("expression") else [])]
    for value in values:
        t.need(node, value, is_number)
    return call(_DOUBLES[type(node).__name__], *(cast(t.of(v), "double precision") for v in values))


def exponential(t: Translator, node: exp.Expression) -> exp.Expression:
    t.need(node, node.this, is_number)
    value = cast(t.of(node.this), "double precision")
    return exp.Case(
        ifs=[
            when(exp.GT(this=value, expression=number(_EXP_HIGH)), double("Infinity")),
            when(exp.LT(this=value.copy(), expression=number(_EXP_LOW)), double("0")),
        ],
        default=call("exp", value.copy()),
    )


def logarithm(t: Translator, node: exp.Expression) -> exp.Expression:
    base = node.this.name if isinstance(node.this, exp.Literal) else None
    if node.args.get("expression") is None or base not in ("10", "2"):
        raise UntranslatableError("such a logarithm is computed in DuckDB")
    value = cast(t.of(node.expression), "double precision")
    if base == "10":
        return call("log", value)
    two = call("ln", double("2"))
    return exp.Div(this=call("ln", value), expression=two, typed=True, safe=False)


def sign(t: Translator, node: exp.Expression) -> exp.Expression:
    t.need(node, node.this, is_number)
    return cast(call("sign", cast(t.of(node.this), "double precision")), "smallint")


def whole(t: Translator, node: exp.Expression) -> exp.Expression:
    """ceil, floor and trunc."""
    if node.args.get("decimals") is not None or node.args.get("to") is not None:
        raise UntranslatableError(f"{name_of(node)} to decimals is computed in DuckDB")
    t.need(node, node.this, is_number)
    name = type(node).__name__.lower()
    if t.is_(node, pa.types.is_integer):
        return t.of(node.this)
    if t.is_(node.this, is_decimal):
        return call(name, t.of(node.this))
    return _single(t, node, call(name, cast(t.of(node.this), "double precision")))


def round(t: Translator, node: exp.Expression) -> exp.Expression:
    """Half away from zero, as DuckDB does; the server's own rounds doubles half to even."""
    decimals = node.args.get("decimals")
    if decimals is not None and not (isinstance(decimals, exp.Literal) and decimals.name.isdigit()):  # fmt: skip
        raise UntranslatableError("round to such decimals is computed in DuckDB")
    digits = 0 if decimals is None else int(decimals.name)
    if t.is_(node.this, is_decimal):
        return call("round", t.of(node.this), number(str(digits)))
    if t.is_(node.this, pa.types.is_integer):
        return t.of(node.this)
    t.need(node, node.this, pa.types.is_float64)
    value = t.of(node.this)
    if digits == 0:
        return _half_away(value)
    scale = double(f"1e{digits}")
    scaled = exp.Mul(this=paren(value), expression=scale)
    return exp.Div(this=paren(_half_away(scaled)), expression=scale.copy(), typed=True, safe=False)  # fmt: skip


def extreme(t: Translator, node: exp.Expression) -> exp.Expression:
    t.refuse_mixed_singles(node)
    values = [node.this, *node.expressions]
    return call(type(node).__name__.lower(), *(t.of(v) for v in values))


def special(t: Translator, node: exp.Expression) -> exp.Expression:
    """isnan, isinf."""
    words = ("NaN",) if type(node).__name__ == "IsNan" else ("Infinity", "-Infinity")
    return among(t, node, node.this, words)


def among(
    t: Translator, node: exp.Expression, value: exp.Expression, words: tuple[str, ...]
) -> exp.Expression:
    t.need(node, value, is_number)
    found = cast(t.of(value), "double precision")
    return exp.Paren(this=exp.In(this=found, expressions=[double(word) for word in words]))


def _half_away(value: exp.Expression) -> exp.Expression:
    """The nearest whole number, by steps that are exact in doubles."""
    whole = call("trunc", value)
    rest = exp.Sub(this=paren(value.copy()), expression=whole)
    far = exp.GTE(this=call("abs", rest), expression=double("0.5"))
    step = exp.Case(ifs=[when(far, call("sign", value.copy()))], default=number("0"))
    return paren(exp.Add(this=whole.copy(), expression=step))


def pi(t: Translator, node: exp.Expression) -> exp.Expression:
    return call("pi")


RULES: dict[str, Rule] = {
    **dict.fromkeys(
        ("EQ", "NEQ", "LT", "LTE", "GT", "GTE", "NullSafeEQ", "NullSafeNEQ"), comparison
    ),
    **dict.fromkeys(("Add", "Sub", "Mul"), arithmetic),
    "Div": division,
    **dict.fromkeys(("IntDiv", "Mod"), whole_division),
    "Pow": power,
    "Exp": exponential,
    "Log": logarithm,
    "Sign": sign,
    **dict.fromkeys(("Ceil", "Floor", "Trunc"), whole),
    "Round": round,
    **dict.fromkeys(("Greatest", "Least"), extreme),
    **dict.fromkeys(("IsNan", "IsInf"), special),
    "Pi": pi,
    **dict.fromkeys(_DOUBLES, doubles),
}
