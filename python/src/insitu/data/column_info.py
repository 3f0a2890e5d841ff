"""`column_info`, `column_classes`, `vars_to_keep` and `vars_to_drop`: how raw columns become the columns that users named.

Precedence: column_info over column_classes. Unknown keys are ignored; a column not mentioned is read as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ..errors import DataError, SpecError
from .source import Column, unknown_column
from .types import Convert, as_text, column_of, is_text, label, readable, to_numbers, unreadable

_NUMBER_TYPES: dict[str, pa.DataType] = {
    "integer": pa.int32(),
    "int": pa.int32(),
    "int8": pa.int8(),
    "int16": pa.int16(),
    "int32": pa.int32(),
    "int64": pa.int64(),
    "uint8": pa.uint8(),
    "uint16": pa.uint16(),
    "uint32": pa.uint32(),
    "float32": pa.float32(),
    "numeric": pa.float64(),
    "float": pa.float64(),
    "double": pa.float64(),
    "float64": pa.float64(),
}
_OTHER_TYPES = {
    "bool": "logical",
    "boolean": "logical",
    "logical": "logical",
    "character": "text",
    "string": "text",
    "str": "text",
    "factor": "factor",
    "ordered": "factor",
    "factorindex": "factorIndex",
    "date": "date",
    "posixct": "datetime",
    "datetime": "datetime",
}


@dataclass(frozen=True)
class Plan:
    """How one raw column is read: its raw name, the column it becomes, and the conversion (None: as it is)."""

    raw: str
    column: Column
    convert: Convert | None = None

    @property
    def plain(self) -> bool:
        """True if values pass unchanged."""
        return self.convert is None


def plan_columns(
    fields: Sequence[tuple[str, pa.DataType]],
    levels: Mapping[str, Sequence[str]],
    column_info: Mapping[str, Mapping[str, Any]] | None = None,
    column_classes: Mapping[str, str] | None = None,
    vars_to_keep: Iterable[str] | None = None,
    vars_to_drop: Iterable[str] | None = None,
    strings_as_factors: bool = False,
) -> list[Plan]:
    """Plans for the raw fields, in their order.

    Arguments:
        fields: raw names and Arrow types. levels: the levels that the source itself gives, by raw name.
        column_info: see §3.2 of the specification; keys are raw names.
        vars_to_keep, vars_to_drop: raw or new names; at most one of the two.
        strings_as_factors: text columns are factors, unless column_info or column_classes says otherwise.
    Raises: SpecError for unknown columns, types and keys that contradict each other.
    """
    names = [name for name, _ in fields]
    info = {name: dict(entry) for name, entry in (column_info or {}).items()}
    for name, kind in (column_classes or {}).items():
        info.setdefault(name, {}).setdefault("type", kind)
    if strings_as_factors:
        for name, arrow_type in fields:
            if is_text(arrow_type):
                info.setdefault(name, {}).setdefault("type", "factor")
    for name in info:
        if name not in names:
            raise SpecError(f"column_info: {unknown_column(name, names)}")
    plans = [plan_column(name, kind, levels.get(name), info.get(name, {})) for name, kind in fields]
    return _chosen(plans, vars_to_keep, vars_to_drop)


def _chosen(
    plans: list[Plan], keep: Iterable[str] | None, drop: Iterable[str] | None
) -> list[Plan]:
    if keep is not None and drop is not None:
        raise SpecError("vars_to_keep and vars_to_drop exclude each other: give one of them.")
    wanted = set(_names(keep if keep is not None else drop))
    known = {plan.raw for plan in plans} | {plan.column.name for plan in plans}
    for name in wanted - known:
        raise SpecError(unknown_column(name, [plan.column.name for plan in plans]))
    if keep is not None:
        return [plan for plan in plans if {plan.raw, plan.column.name} & wanted]
    return [plan for plan in plans if not {plan.raw, plan.column.name} & wanted]


def _names(names: Iterable[str] | None) -> list[str]:
    if names is None:
        return []
    return [names] if isinstance(names, str) else list(names)


def plan_column(
    raw: str, arrow_type: pa.DataType, levels: Sequence[str] | None, info: Mapping[str, Any]
) -> Plan:
    """The plan for one raw column under its entry of column_info."""
    given = tuple(levels) if levels is not None else None
    base = _read_as(raw, arrow_type, given)
    kind = info.get("type")
    if kind is not None:
        base = _typed(base, str(kind), info)
    elif "levels" in info:
        base = _factor(base, info)
    if "newLevels" in info:
        base = _relevelled(base, info)
    low, high = info.get("low"), info.get("high")
    column = replace(
        base.column,
        name=str(info.get("newName", raw)),
        low=None if low is None else float(low),
        high=None if high is None else float(high),
        description=info.get("description"),
    )
    return replace(base, column=column)


def _read_as(raw: str, arrow_type: pa.DataType, levels: tuple[str, ...] | None) -> Plan:
    found = readable(arrow_type)
    return Plan(raw, column_of(raw, arrow_type, levels), None if found is None else found[1])


def _typed(base: Plan, kind: str, info: Mapping[str, Any]) -> Plan:
    name = base.raw
    folded = kind.lower()
    if base.column.problem is not None:
        return base
    if folded in _NUMBER_TYPES:
        target = _NUMBER_TYPES[folded]
        # A declared integer keeps a wider integer of the source: nothing is cut off.
        if pa.types.is_integer(target) and folded in ("integer", "int"):
            target = base.column.arrow_type if _is_integer(base) else pa.int64()
        column = Column(name, "numeric", target, integer=pa.types.is_integer(target))
        if base.column.arrow_type == target and base.plain:
            return Plan(name, column)
        return Plan(name, column, _then(base, lambda array: to_numbers(array, target, name)))
    meaning = _OTHER_TYPES.get(folded)
    if meaning == "factor":
        return _factor(base, info)
    if meaning == "factorIndex":
        return _factor_index(base, info)
    if meaning == "text":
        text = _factor(base, {})
        return replace(text, column=replace(text.column, levels=None, categorical=False))
    if meaning == "logical":
        return _logical(base)
    if meaning in ("date", "datetime"):
        target = pa.date32() if meaning == "date" else pa.timestamp("us")
        return _moment(base, target)
    known = ", ".join(
        sorted({*_NUMBER_TYPES, "bool", "character", "factor", "factorIndex", "Date", "POSIXct"})
    )
    raise SpecError(
        f"column_info: column {name!r} has the unknown type {kind!r}; types are {known}."
    )


def number_type(kind: object) -> pa.DataType | None:
    """The Arrow type of a type of column_info that is a number.

    Example:
        >>> number_type("float"), number_type("factor")
        (DataType(double), None)
    """
    return _NUMBER_TYPES.get(str(kind).lower())


def _is_integer(base: Plan) -> bool:
    return bool(pa.types.is_integer(base.column.arrow_type))


def _then(base: Plan, convert: Convert) -> Convert:
    first = base.convert
    return convert if first is None else lambda array: convert(first(array))


def _factor(base: Plan, info: Mapping[str, Any]) -> Plan:
    if base.column.problem is not None:
        return base
    levels = base.column.levels
    if info.get("levels") is not None:
        levels = _level_list(base.raw, info["levels"])
    arrow_type = base.column.arrow_type
    if is_text(arrow_type) or pa.types.is_dictionary(arrow_type):
        return Plan(
            base.raw, Column(base.raw, "factor", arrow_type, levels, categorical=True), base.convert
        )
    encoded = not (
        pa.types.is_boolean(arrow_type) or _is_integer(base) or pa.types.is_date(arrow_type)
    )
    target = pa.dictionary(pa.int32(), pa.string()) if encoded else pa.string()
    return Plan(
        base.raw, Column(base.raw, "factor", target, levels, categorical=True), _then(base, as_text)
    )


def _level_list(name: str, levels: Iterable[object]) -> tuple[str, ...]:
    if isinstance(levels, str):
        raise SpecError(f"column_info: levels of {name!r} must be a list, not the text {levels!r}.")
    labels = tuple(label(value) for value in levels)
    if len(set(labels)) != len(labels):
        twice = next(value for value in labels if labels.count(value) > 1)
        raise SpecError(
            f"column_info: level {twice!r} of column {name!r} is listed more than once."
        )
    return labels


def _factor_index(base: Plan, info: Mapping[str, Any]) -> Plan:
    name = base.raw
    if info.get("levels") is None:
        raise SpecError(f"column_info: type 'factorIndex' of column {name!r} needs its levels.")
    levels = _level_list(name, info["levels"])
    dictionary = pa.array(levels, pa.string())

    def convert(array: pa.Array) -> pa.Array:
        codes = to_numbers(array, pa.int64(), name)
        # A code outside the levels is missing, as any value that the levels do not list.
        inside = pc.and_(pc.greater_equal(codes, 0), pc.less(codes, len(levels)))
        codes = pc.if_else(inside, codes, None).cast(pa.int32())
        return pa.DictionaryArray.from_arrays(codes, dictionary)

    column = Column(
        name, "factor", pa.dictionary(pa.int32(), pa.string()), levels, categorical=True
    )
    return Plan(name, column, _then(base, convert))


def _relevelled(base: Plan, info: Mapping[str, Any]) -> Plan:
    name, levels = base.raw, base.column.levels
    if base.column.problem is not None:
        return base
    if base.column.kind != "factor" or levels is None:
        raise SpecError(
            f"column_info: newLevels of column {name!r} needs the levels that they replace."
        )
    new = [label(value) for value in info["newLevels"]]
    if len(new) != len(levels):
        raise SpecError(
            f"column_info: column {name!r} has {len(levels)} levels and {len(new)} newLevels; give as many."
        )
    mapping = dict(zip(levels, new, strict=True))
    merged = tuple(dict.fromkeys(new))
    column = Column(
        name, "factor", pa.dictionary(pa.int32(), pa.string()), merged, categorical=True
    )
    return Plan(name, column, _then(base, lambda array: recoded(array, mapping, merged)))


def recoded(
    array: pa.Array, mapping: Mapping[str, str], levels: Sequence[str]
) -> pa.DictionaryArray:
    """A factor with its labels replaced; a label that is not mapped becomes missing."""
    encoded = array if pa.types.is_dictionary(array.type) else array.dictionary_encode()
    code = {level: i for i, level in enumerate(levels)}
    table = pa.array(
        [
            code.get(mapping.get(old, "")) if old in mapping else None
            for old in encoded.dictionary.to_pylist()
        ],
        pa.int32(),
    )
    empty = len(table) == 0
    codes = pa.nulls(len(array), pa.int32()) if empty else table.take(encoded.indices)
    return pa.DictionaryArray.from_arrays(codes, pa.array(list(levels), pa.string()))


def _logical(base: Plan) -> Plan:
    name = base.raw
    column = Column(name, "factor", pa.bool_(), logical=True)
    if pa.types.is_boolean(base.column.arrow_type):
        return Plan(name, column, base.convert)

    def convert(array: pa.Array) -> pa.Array:
        if pa.types.is_dictionary(array.type):
            array = array.dictionary_decode()
        if not is_text(array.type):
            return pc.not_equal(to_numbers(array, pa.float64(), name), 0.0)
        folded = pc.utf8_lower(array)
        true = pc.is_in(folded, pa.array(["true", "t", "1"], folded.type))
        false = pc.is_in(folded, pa.array(["false", "f", "0"], folded.type))
        other = pc.and_(pc.invert(pc.or_(true, false)), pc.is_valid(folded))
        if pc.any(other).as_py():
            value = array.filter(other)[0].as_py()
            raise DataError(
                f"Column {name!r} is declared bool but holds {value!r}: use True, False, T, F, 1 or 0."
            )
        return pc.if_else(pc.is_valid(folded), true, None)

    return Plan(name, column, _then(base, convert))


def _moment(base: Plan, target: pa.DataType) -> Plan:
    name, arrow_type = base.raw, base.column.arrow_type
    column = Column(name, "numeric", target)
    if arrow_type == target and base.plain:
        return Plan(name, column)

    def convert(array: pa.Array) -> pa.Array:
        if pa.types.is_dictionary(array.type):
            array = array.dictionary_decode()
        try:
            if pa.types.is_date(target) and not is_text(array.type) and not _is_time(array.type):
                return array.cast(pa.int32()).cast(target)
            if (
                pa.types.is_timestamp(target)
                and not is_text(array.type)
                and not _is_time(array.type)
            ):
                seconds = array.cast(pa.float64())
                return pc.round(pc.multiply(seconds, 1e6)).cast(pa.int64()).cast(target)
            if pa.types.is_date(target) and is_text(array.type):
                return array.cast(pa.timestamp("us")).cast(target)
            return array.cast(target)
        except pa.ArrowInvalid as error:
            raise DataError(
                f"Column {name!r} is declared {target} but {error}: write dates as 2024-12-31."
            ) from error

    if readable(arrow_type) is None or pa.types.is_boolean(arrow_type):
        return Plan(name, replace(column, problem=unreadable(name, str(arrow_type))))
    return Plan(name, column, _then(base, convert))


def _is_time(arrow_type: pa.DataType) -> bool:
    return bool(pa.types.is_date(arrow_type) or pa.types.is_timestamp(arrow_type))


def converted_schema(plans: Sequence[Plan], raw: pa.Schema) -> pa.Schema:
    """Types after conversion: a column that passes unchanged keeps the layout it comes in, such as a dictionary."""
    return pa.schema(
        [
            (plan.column.name, field.type if plan.plain else plan.column.arrow_type)
            for plan, field in zip(plans, raw, strict=True)
        ]
    )


def converter(
    plans: Sequence[Plan], schema: pa.Schema
) -> Callable[[pa.RecordBatch], pa.RecordBatch]:
    """Turns batches of the raw columns (in the order of the plans) into batches of the schema."""

    def convert(batch: pa.RecordBatch) -> pa.RecordBatch:
        arrays = []
        for plan, array, field in zip(plans, batch.columns, schema, strict=True):
            made = array if plan.convert is None else plan.convert(array)
            arrays.append(made if made.type == field.type else made.cast(field.type))
        return pa.RecordBatch.from_arrays(arrays, schema=schema)

    return convert
