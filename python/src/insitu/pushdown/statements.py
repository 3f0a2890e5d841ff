"""The queries of a pass as trees: a sample of the rows, the sums, and what is wrong with values that no pass can use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlglot import exp

from .dialects import Dialect, Tree, call, column, is_null, is_set, number, special, when, whole
from .expressions import Key, Keys, Numbers, number_null
from .layout import Block
from .request import Request, columns_in
from .rows import Rows

# What becomes of a row, and of its group.
USED, MISSING, ZERO_WEIGHT, FAULTY = range(4)
_INT = exp.DataType.build("int")
# As a literal without a type it is a constant at once; the planner takes OFFSET 0 for a limit that forbids workers.
_ZERO = exp.Literal.string("0")
# Groups of an answer that are taken at most.
MOST_GROUPS = 1_000_000


@dataclass(frozen=True)
class CellOrigins:
    """Origins of values in each cell of a block: labels (as the answer has them) to numbers, in order of the values."""

    values: tuple[int, ...]
    cells: Mapping[tuple[object, ...], Sequence[float]]


class Statements:
    """Builds the queries of a request over rows.

    Raises: NotOffered for what the dialect cannot say.
    """

    def __init__(self, request: Request, rows: Rows, dialect: Dialect) -> None:
        self.request = request
        self.rows = rows
        self.dialect = dialect
        self._numbers = Numbers(rows, dialect, nan=not request.complete)
        self._values = [self._numbers.value(tree) for tree in request.values]
        keys = Keys(rows, dialect)
        self._keys: list[Key] = [keys.key(factor) for factor in request.factors]
        self._weight: Tree | None = None
        if request.weight is not None:
            self._weight = rows.column(request.weight).number(dialect)

    def sample(self, limit: int, percent: float | None = None) -> exp.Select:
        """Some rows as they are: "v1", …, "f0", … and "status"; the first, or of this share of a table's pages."""
        items = {f"v{j}": tree for j, tree in enumerate(self._values, 1)}
        items |= {f"f{k}": key.tree for k, key in enumerate(self._keys)}
        select = self._select({**items, "status": self._status()}).limit(limit)
        if percent is not None:
            for table in list(select.find_all(exp.Table)):
                table.set("sample", _pages(percent))
        return select

    def sums(
        self,
        blocks: Sequence[Block],
        origin: Sequence[float],
        cells: Mapping[int, CellOrigins] | None = None,
    ) -> exp.Query:
        """The answer that the engine reads (core/design/sum_groups.hpp): one SELECT for each block."""
        parts = [
            self._block(i, block, blocks, origin, (cells or {}).get(i))
            for i, block in enumerate(blocks)
        ]
        query: exp.Query = parts[0]
        for part in parts[1:]:
            query = exp.union(query, part, distinct=False)
        return exp.select("*").from_(query.subquery("answer")).limit(MOST_GROUPS + 1)

    def _block(
        self,
        index: int,
        block: Block,
        blocks: Sequence[Block],
        origin: Sequence[float],
        cells: CellOrigins | None,
    ) -> exp.Select:
        used = {v for p in block.products for v in p if v > 0} | set(block.described)
        items: dict[str, Tree] = {"status": self._status()}
        items |= {f"v{j}": self._values[j - 1] for j in {*block.shared, *block.described}}
        items |= {f"d{j}": self._distance(j, block, origin, cells) for j in sorted(used)}
        if self._weight is not None:
            items["w"] = self._weight
        keys = self._grouping(block, items)
        sums = self._sums(block)
        answer: dict[str, Tree] = {"block": whole(index), "status": exp.Min(this=column("status"))}
        for k in _all(blocks, "factors"):
            answer[f"f{k}"] = keys[f"f{k}"] if k in block.factors else self._keys[k].null()
        for j in _all(blocks, "shared"):
            answer[f"v{j}"] = column(f"v{j}") if j in block.shared else number_null()
        for name in dict.fromkeys(name for b in blocks for name in self._sums(b)):
            answer[name] = sums.get(name, number_null())
        rows = self._select(items)
        if self.dialect.fenced:
            rows = rows.offset(_ZERO)
        return (
            exp.select(*(exp.alias_(tree, name, quoted=True) for name, tree in answer.items()))
            .from_(rows.subquery("r"))
            .group_by(*(tree.copy() for tree in keys.values()))
        )

    def _grouping(self, block: Block, items: dict[str, Tree]) -> dict[str, Tree]:
        """What rows are grouped by, over the columns of `items`, to which those are added that it needs.

        PostgreSQL's planner looks through a subquery's columns only where they are a table's own, and takes a comparison to
        have two values: so it knows about how many groups there will be.
        """
        keys: dict[str, Tree] = {}
        status = column("status")
        if self.dialect.fenced:
            keys["unused"] = exp.GT(this=status, expression=whole(MISSING))
            odd = exp.Mod(this=status.copy(), expression=whole(2))
            keys["odd"] = exp.EQ(this=exp.Paren(this=odd), expression=whole(1))
        else:
            keys["status"] = status
        for k in block.factors:
            tree = self._keys[k].tree
            if self.dialect.fenced:
                keys[f"f{k}"] = _over_columns(tree, items, f"c{k}_")
            else:
                items[f"f{k}"] = tree
                keys[f"f{k}"] = column(f"f{k}")
        keys |= {f"v{j}": column(f"v{j}") for j in block.shared}
        keys |= {f"p{j}": self.dialect.above(column(f"d{j}")) for j in block.parts}
        return keys

    def _sums(self, block: Block) -> dict[str, Tree]:
        dialect, weighted = self.dialect, self._weight is not None
        found: dict[str, Tree] = {"rows": dialect.count()}
        if weighted:
            found["weight"] = dialect.sum(column("w"))
        if self.request.log_weights:
            positive = exp.GT(this=column("w"), expression=number(0))
            log = call(dialect.functions["ln"], column("w"))
            found["log_weight"] = dialect.sum(when((positive, log)))
        for a, b in block.products:
            factors = [column("w")] * weighted + [column(f"d{v}") for v in (a, b) if v > 0]
            found[f"s{a}_{b}"] = dialect.sum(_product(factors))
        for j in block.described:
            value = column(f"v{j}")
            found[f"n{j}"] = dialect.count(value)
            found[f"l{j}"] = exp.Min(this=value)
            found[f"g{j}"] = exp.Max(this=value)
            if weighted:
                found[f"w{j}"] = dialect.sum(when((is_set(value), column("w"))))
                found[f"m{j}"] = dialect.sum(when((is_null(value), column("w"))))
        return found

    def _distance(
        self, j: int, block: Block, origin: Sequence[float], cells: CellOrigins | None
    ) -> Tree:
        """A value about its origin; nothing is subtracted where that is zero."""
        value = self._values[j - 1]
        if cells is None or j not in cells.values:
            shift = origin[j - 1]
            return exp.Sub(this=value, expression=number(shift)) if shift else value
        at = cells.values.index(j)
        cases = [
            (self._cell(block, labels), number(origins[at]))
            for labels, origins in cells.cells.items()
        ]
        return exp.Sub(this=value, expression=when(*cases, otherwise=number(origin[j - 1])))

    def _cell(self, block: Block, labels: Sequence[object]) -> Tree:
        tests = []
        for k, label in zip(block.factors, labels, strict=True):
            key = self._keys[k]
            if label is None:
                tests.append(is_null(key.tree.copy()))
            else:
                text = str(int(label)) if isinstance(label, float) else str(label)
                tests.append(key.equals(text))
        return exp.and_(*tests)

    def faults(self) -> exp.Select:
        """One row: of each column with values that no pass can use, one of these ("a0") and how many rows have them ("n0")."""
        items: dict[str, Tree] = {}
        for i, (_, _, test, value) in enumerate(self._faults()):
            items[f"a{i}"] = exp.Min(this=when((test.copy(), value.copy())))
            items[f"n{i}"] = self.dialect.count(when((test.copy(), whole(1))))
        return self._select(items)

    def fault_names(self) -> list[tuple[str, str]]:
        """Column and kind of each pair of `faults`."""
        return [(name, kind) for name, kind, _, _ in self._faults()]

    def _faults(self) -> list[tuple[str, str, Tree, Tree]]:
        """Column, kind, test and value, in the order in which the engine looks for them."""
        found = []
        for name in self._stored():
            value = self.rows.column(name).number(self.dialect)
            found.append((name, "infinite", _is_infinite(value), value))
        if self._weight is not None:
            name, w = str(self.request.weight), self._weight
            negative = exp.LT(this=w.copy(), expression=number(0))
            found.append((name, "negative", negative, w))
            if self.request.whole_weights:
                floor = call(self.dialect.functions["floor"], w.copy())
                found.append((name, "fraction", exp.NEQ(this=w.copy(), expression=floor), w))
        return found

    def _stored(self) -> list[str]:
        """Columns whose stored numbers may be infinite."""
        names = [name for tree in self.request.values for name in columns_in(tree)]
        if self.request.weight is not None:
            names.append(self.request.weight)
        return [
            name
            for name in dict.fromkeys(names)
            if self.rows.column(name).may_be_special(self.dialect)
        ]

    def _status(self) -> Tree:
        """What becomes of a row."""
        faults = [exp.Paren(this=test.copy()) for _, _, test, _ in self._faults()]
        cases: list[tuple[Tree, Tree]] = []
        if faults:
            cases.append((exp.or_(*faults), whole(FAULTY)))
        if self._weight is not None:
            zero = exp.EQ(this=self._weight.copy(), expression=number(0))
            cases.append((zero, whole(ZERO_WEIGHT)))
        used = self._usable_weight() if self._weight is not None else []
        if self.request.complete:
            used += self._present()
            # First, since they are most: no row that passes is any of the others.
            cases.insert(0, (exp.and_(*used), whole(USED)))
        elif used:
            cases.append((exp.and_(*used), whole(USED)))
        otherwise = whole(MISSING if used else USED)
        return when(*cases, otherwise=otherwise) if cases else exp.Cast(this=otherwise, to=_INT)

    def _present(self) -> list[Tree]:
        """What is true of a row in which nothing is missing or infinite."""
        tests: list[Tree] = []
        for name in self._stored():
            if name == self.request.weight:
                continue
            value = self.rows.column(name).number(self.dialect)
            tests += [
                exp.GT(this=value.copy(), expression=special("-Infinity")),
                exp.LT(this=value.copy(), expression=special("Infinity")),
            ]
        for tree, value in zip(self.request.values, self._values, strict=True):
            if not self._numbers.is_stored(tree):
                tests.append(is_set(value.copy()))
        for factor, key in zip(self.request.factors, self._keys, strict=True):
            tests.append(is_set(key.tree.copy()))
            if factor.floor and self.rows.column(factor.column).may_be_special(self.dialect):
                tests.append(exp.NEQ(this=key.tree.copy(), expression=special("NaN")))
        return tests

    def _usable_weight(self) -> list[Tree]:
        assert self._weight is not None
        weight = self._weight
        tests: list[Tree] = [exp.GT(this=weight.copy(), expression=number(0))]
        if self.rows.column(str(self.request.weight)).may_be_special(self.dialect):
            tests.append(exp.LT(this=weight.copy(), expression=special("Infinity")))
        if self.request.whole_weights:
            floor = call(self.dialect.functions["floor"], weight.copy())
            tests.append(exp.EQ(this=weight.copy(), expression=floor))
        return tests

    def _select(self, items: Mapping[str, Tree]) -> exp.Select:
        named = [exp.alias_(tree.copy(), name, quoted=True) for name, tree in items.items()]
        select = exp.select(*named).from_(self.rows.table.copy())
        return select if self.rows.where is None else select.where(self.rows.where.copy())


def _over_columns(tree: Tree, items: dict[str, Tree], prefix: str) -> Tree:
    """The tree over columns that are added to the items under names of their own."""

    def renamed(node: Tree) -> Tree:
        if not isinstance(node, exp.Column):
            return node
        name = next(
            (known for known, item in items.items() if known.startswith(prefix) and item == node),
            None,
        )
        if name is None:
            name = f"{prefix}{len(items)}"
            items[name] = node.copy()
        return column(name)

    return tree.transform(renamed)


def _pages(percent: float) -> exp.TableSample:
    """The same pages each time."""
    share = exp.Literal.number(f"{percent:.6f}")
    return exp.TableSample(method=exp.var("SYSTEM"), percent=share, seed=whole(1))


def _all(blocks: Sequence[Block], what: str) -> list[int]:
    return sorted({i for block in blocks for i in getattr(block, what)})


def _product(factors: Sequence[Tree]) -> Tree:
    product = factors[0]
    for factor in factors[1:]:
        product = exp.Mul(this=product, expression=factor)
    return product


def _is_infinite(value: Tree) -> Tree:
    return exp.EQ(this=call("ABS", value.copy()), expression=special("Infinity"))
