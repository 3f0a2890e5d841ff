"""Arrow types: what a column of each means to a model, and the form in which the engine reads it."""

from __future__ import annotations

import math
from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc

from ..errors import DataError
from .source import Column

Convert = Callable[[pa.Array], pa.Array]

_TEXT = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
_AS_IS = (
    *_TEXT,
    pa.types.is_boolean,
    pa.types.is_integer,
    pa.types.is_floating,
    pa.types.is_decimal128,
    pa.types.is_date,
    pa.types.is_timestamp,
)


def is_text(arrow_type: pa.DataType) -> bool:
    """True for the three layouts of UTF-8."""
    return any(check(arrow_type) for check in _TEXT)


def is_decimal(arrow_type: pa.DataType) -> bool:
    """True for decimals of every width."""
    return bool(pa.types.is_decimal(arrow_type))


def readable(arrow_type: pa.DataType) -> tuple[pa.DataType, Convert | None] | None:
    """The type that the engine reads for `arrow_type` and how to get there (None: as it is); None if there is none."""
    if any(check(arrow_type) for check in _AS_IS):
        return arrow_type, None
    if pa.types.is_dictionary(arrow_type):
        if pa.types.is_string_view(arrow_type.value_type):
            # Polars' layout of categories, of which pyarrow cannot take elements.
            return pa.dictionary(arrow_type.index_type, pa.string()), _without_views
        if is_text(arrow_type.value_type):
            return arrow_type, None
        if readable(arrow_type.value_type) is None or is_decimal(arrow_type.value_type):
            return None
        return pa.dictionary(arrow_type.index_type, pa.string()), relabelled
    if pa.types.is_null(arrow_type) or is_decimal(arrow_type):
        return pa.float64(), lambda array: array.cast(pa.float64())
    if pa.types.is_run_end_encoded(arrow_type):
        return _through(arrow_type.value_type, pc.run_end_decode)
    if isinstance(arrow_type, pa.BaseExtensionType):
        if arrow_type.extension_name == "arrow.bool8":
            return pa.bool_(), lambda array: array.storage.cast(pa.bool_())
        return _through(arrow_type.storage_type, lambda array: array.storage)
    return None


def _through(arrow_type: pa.DataType, first: Convert) -> tuple[pa.DataType, Convert | None] | None:
    inner = readable(arrow_type)
    if inner is None:
        return None
    target, then = inner
    return target, first if then is None else lambda array: then(first(array))


def column_of(name: str, arrow_type: pa.DataType, levels: tuple[str, ...] | None = None) -> Column:
    """The column that values of an Arrow type make; one that no model can read carries its `problem`."""
    found = readable(arrow_type)
    if found is None:
        return Column(name, "numeric", arrow_type, problem=unreadable(name, str(arrow_type)))
    target = found[0]
    if pa.types.is_boolean(target):
        return Column(name, "factor", target, levels, logical=True)
    if levels is not None or is_text(target) or pa.types.is_dictionary(target):
        category = levels is not None or bool(pa.types.is_dictionary(target))
        return Column(name, "factor", target, levels, categorical=category)
    return Column(name, "numeric", target, integer=pa.types.is_integer(target))


def unreadable(name: str, what: str) -> str:
    """The sentence about a column that no model can read."""
    return f"Column {name!r} holds {what}, which no model reads: convert it to numbers or text, or leave it out."


def label(value: object) -> str:
    """The label of a value that becomes a level: whole numbers without a point.

    Example:
        >>> label(2.0), label(0.1), label(True), label("a")
        ('2', '0.1', 'True', 'a')
    """
    if isinstance(value, float) and math.isfinite(value) and value == int(value):
        return str(int(value))
    return str(value)


def as_text(array: pa.Array) -> pa.Array:
    """Labels of any readable values; NaN becomes null."""
    kind = array.type
    if is_text(kind):
        return array
    if pa.types.is_boolean(kind):
        return pc.if_else(array, "True", "False")
    if pa.types.is_integer(kind) or pa.types.is_date(kind):
        return array.cast(pa.string())
    if pa.types.is_floating(kind):
        encoded = pc.if_else(pc.is_nan(array), None, array).dictionary_encode()
        return pa.DictionaryArray.from_arrays(encoded.indices, _labels(encoded.dictionary))
    encoded = array if pa.types.is_dictionary(kind) else array.dictionary_encode()
    return relabelled(encoded)


def _without_views(array: pa.DictionaryArray) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(array.indices, array.dictionary.cast(pa.string()))


def relabelled(array: pa.DictionaryArray) -> pa.DictionaryArray:
    """A dictionary of any values as a dictionary of their labels."""
    return pa.DictionaryArray.from_arrays(array.indices, _labels(array.dictionary))


def _labels(values: pa.Array) -> pa.Array:
    return pa.array(
        [None if value is None else label(value) for value in values.to_pylist()], pa.string()
    )


def to_numbers(array: pa.Array, target: pa.DataType, name: str) -> pa.Array:
    """Values as numbers of a type; DataError with the first value that is none."""
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if is_text(array.type):
        array = pc.utf8_trim_whitespace(array)
        array = pc.if_else(pc.equal(array, ""), None, array)
    if pa.types.is_date(array.type):
        array = array.cast(pa.date32()).cast(pa.int32())
    elif pa.types.is_timestamp(array.type):
        array = array.cast(pa.timestamp("us", array.type.tz)).cast(pa.int64())
        array = pc.divide(array.cast(pa.float64()), 1e6)
    elif pa.types.is_boolean(array.type):
        array = array.cast(pa.int8())
    if pa.types.is_integer(target) and pa.types.is_floating(array.type):
        array = pc.if_else(pc.is_nan(array), None, array)
    try:
        return array.cast(target)
    except pa.ArrowInvalid as error:
        value = next((v for v in array.to_pylist() if v is not None and not _casts(v, target)), "?")
        what = "a whole number in range" if pa.types.is_integer(target) else "a number"
        raise DataError(
            f"Column {name!r} is declared {target} but holds {value!r}, which is not {what}:"
            " correct the value or the type in column_info."
        ) from error


def _casts(value: object, target: pa.DataType) -> bool:
    try:
        pa.array([value]).cast(target)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return False
    return True
