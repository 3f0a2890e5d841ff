"""Levels that Arrow data give: pandas writes into a schema which columns are categories, and how many each has."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from .types import label


def stated_categories(schema: pa.Schema) -> dict[str, int]:
    """The dictionary columns that pandas' metadata call categorical, with their number of categories.

    Example:
        >>> import pandas as pd
        >>> frame = pd.DataFrame({"f": pd.Categorical(["a"], categories=["b", "a"]), "s": ["a"]})
        >>> stated_categories(pa.Table.from_pandas(frame).schema)
        {'f': 2}
    """
    try:
        listed = (schema.pandas_metadata or {}).get("columns", [])
    except (ValueError, AttributeError):
        return {}  # somebody else's text under that name
    found: dict[str, int] = {}
    for column in listed if isinstance(listed, list) else []:
        if not isinstance(column, dict) or column.get("pandas_type") != "categorical":
            continue
        name = column.get("field_name", column.get("name"))
        count = (column.get("metadata") or {}).get("num_categories")
        if not isinstance(name, str) or not isinstance(count, int):
            continue
        index = schema.get_field_index(name)
        if index >= 0 and pa.types.is_dictionary(schema.field(index).type):
            found[name] = count
    return found


def given_levels(chunks: Sequence[pa.DictionaryArray], count: int) -> list[str] | None:
    """The labels of dictionaries that are all the same and of so many values; None if they are not."""
    if not chunks or len(chunks[0].dictionary) != count:
        return None
    first = chunks[0].dictionary
    if not all(chunk.dictionary.equals(first) for chunk in chunks[1:]):
        return None
    return [label(value) for value in first.to_pylist()]
