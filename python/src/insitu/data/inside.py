"""Rows as a query of the database that holds them, for those who compute there instead of reading them here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pyarrow as pa
from sqlglot import exp

if TYPE_CHECKING:
    from ..postgres_sql import Types
    from .connections import Rows


@dataclass(frozen=True)
class Computed:
    """What is made of a source's columns: new ones, by name, and which rows are kept; all in DuckDB's meaning.

    `types` are those of the new columns, `type_of` tells DuckDB's type of any part of the expressions.
    """

    columns: Mapping[str, exp.Expression]
    where: exp.Expression | None
    types: Mapping[str, pa.DataType]
    type_of: Types

    def needed(self, columns: Sequence[str]) -> list[str]:
        """The source's own columns that the wanted ones and the selection are made of."""
        trees = [self.columns[name] for name in columns if name in self.columns]
        trees += [] if self.where is None else [self.where]
        names = [name for name in columns if name not in self.columns]
        used = (node.name for tree in trees for node in tree.find_all(exp.Column))
        return list(dict.fromkeys([*names, *used]))


@dataclass(frozen=True)
class Inside:
    """One SELECT that gives columns as a source streams them, or the reason why there is none.

    `schema` is that of the rows if they are streamed. `rows` is the table or query underneath.
    """

    select: exp.Select | None = None
    schema: pa.Schema = field(default_factory=lambda: pa.schema([]))
    rows: Rows | None = None
    reason: str = ""
