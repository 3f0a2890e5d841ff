"""column_info: types, levels, renaming, and contradictions."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from insitu.data import as_source
from insitu.errors import DataError, SpecError


def column(values: Any, **info: Any) -> Any:
    return as_source({"v": values}, column_info={"v": info})


def values(source: Any) -> list[Any]:
    array = source.to_arrow()[source.schema().names[0]]
    return (array.cast(pa.string()) if pa.types.is_dictionary(array.type) else array).to_pylist()


@pytest.mark.parametrize("kind", ["integer", "int16", "uint16"])
def test_text_becomes_integers(kind: str) -> None:
    source = column([" 1", "20", None, ""], type=kind)
    assert source.schema()["v"].integer
    assert values(source) == [1, 20, None, None]


@pytest.mark.parametrize("kind", ["numeric", "float", "double"])
def test_text_becomes_numbers(kind: str) -> None:
    assert values(column(["1.5", "-2"], type=kind)) == [1.5, -2.0]


def test_a_wide_integer_is_not_cut() -> None:
    assert values(column([2**40], type="integer")) == [2**40]


def test_a_declared_type_that_does_not_fit_names_the_value() -> None:
    with pytest.raises(DataError, match=r"Column 'v' .* holds 'abc', which is not a number"):
        values(column(["1", "abc"], type="numeric"))
    with pytest.raises(DataError, match=r"holds 1.5, which is not a whole number"):
        values(column([1.0, 1.5], type="integer"))


def test_factor_of_numbers() -> None:
    source = column([3, 1, 2], type="factor", levels=["1", "2"])
    assert source.schema()["v"].levels == ("1", "2")
    assert source.schema()["v"].kind == "factor"
    assert values(source) == ["3", "1", "2"]  # "3" is missing to the engine, which knows the levels
    assert values(column([1.0, 2.5], type="factor")) == ["1", "2.5"]
    assert values(column([True, None], type="factor")) == ["True", None]


def test_levels_without_a_type_make_a_factor() -> None:
    assert column([1, 2], levels=[2, 1]).schema()["v"].levels == ("2", "1")


def test_factor_index_counts_from_zero() -> None:
    source = column([0, 2, 5, None], type="factorIndex", levels=["a", "b", "c"])
    assert values(source) == ["a", "c", None, None]
    with pytest.raises(SpecError, match="needs its levels"):
        column([0], type="factorIndex").schema()


def test_new_levels_relabel_and_merge() -> None:
    source = column(
        ["a", "b", "c", "z"], type="factor", levels=["a", "b", "c"], newLevels=["x", "y", "x"]
    )
    assert source.schema()["v"].levels == ("x", "y")
    assert values(source) == ["x", "y", "x", None]
    with pytest.raises(SpecError, match="has 1 levels and 2 newLevels"):
        column(["a"], levels=["a"], newLevels=["x", "y"]).schema()
    with pytest.raises(SpecError, match="needs the levels"):
        column(["a"], newLevels=["x"]).schema()


def test_new_name_low_high_description() -> None:
    source = column([1, 2], newName="w", low=0, high=9, description="a count")
    found = source.schema()["w"]
    assert (found.low, found.high, found.description) == (0.0, 9.0, "a count")
    assert source.to_arrow().to_pydict() == {"w": [1, 2]}


def test_logical() -> None:
    assert values(column(["T", "false", "1", None], type="logical")) == [True, False, True, None]
    assert values(column([0.0, 2.0], type="bool")) == [False, True]
    with pytest.raises(DataError, match="holds 'maybe'"):
        values(column(["maybe"], type="bool"))


def test_dates() -> None:
    import datetime

    assert values(column(["2024-02-29"], type="Date")) == [datetime.date(2024, 2, 29)]
    assert values(column([1.5], type="POSIXct")) == [
        datetime.datetime(1970, 1, 1, 0, 0, 1, 500_000)
    ]
    with pytest.raises(DataError, match="write dates as"):
        values(column(["yesterday"], type="Date"))


def test_precedence_and_unknowns() -> None:
    source = as_source(
        {"v": ["1"]}, column_info={"v": {"type": "integer"}}, column_classes={"v": "factor"}
    )
    assert source.schema()["v"].integer
    with pytest.raises(SpecError, match="unknown type 'complex'"):
        column([1], type="complex").schema()
    with pytest.raises(SpecError, match="did you mean 'v'"):
        as_source({"v": [1]}, column_info={"V": {}}).schema()
    assert column([1], someKey=3).schema().names == ["v"]
    with pytest.raises(SpecError, match="must be a list"):
        column(["a"], levels="abc").schema()
    with pytest.raises(SpecError, match="'a' of column 'v' is listed more than once"):
        column(["a"], levels=["a", "b", "a"]).schema()


def test_keep_and_drop() -> None:
    data = {"a": [1], "b": [2], "c": [3]}
    assert as_source(data, vars_to_keep=["c", "a"]).schema().names == ["a", "c"]
    assert as_source(data, vars_to_drop="b").schema().names == ["a", "c"]
    with pytest.raises(SpecError, match="exclude each other"):
        as_source(data, vars_to_keep=["a"], vars_to_drop=["b"]).schema()
    with pytest.raises(SpecError, match="no column 'd'"):
        as_source(data, vars_to_keep=["d"]).schema()
