"""Laws on generated tables: where rows are cut, who computes and in which order of levels must not matter."""

import itertools

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import insitu
from conformance import postgres, sources
from conformance.reference import oracle

settings.register_profile(
    "suite",
    derandomize=True,
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
settings.load_profile("suite")

NUMBERS = st.floats(-1e6, 1e6, allow_nan=False).map(lambda v: round(v, 3))
TYPES = (
    (pa.float64(), NUMBERS),
    (pa.float32(), st.integers(-(2**20), 2**20).map(lambda v: v / 64)),
    (pa.int64(), st.integers(-(2**40), 2**40)),
    (pa.int16(), st.integers(-(2**15), 2**15 - 1)),
    (pa.uint8(), st.integers(0, 255)),
    (pa.bool_(), st.booleans()),
)
LEVELS = ("a", "b b", "ç", "Δ'\"", "🙂")


@st.composite
def tables(draw, nulls=True):
    """A response, one or two numbers of any type, a factor and weights; nulls anywhere but in the weights."""
    n = draw(st.integers(3, 40))

    def column(kind, values):
        cells = st.one_of(st.none(), values) if nulls and draw(st.booleans()) else values
        return pa.array(draw(st.lists(cells, min_size=n, max_size=n)), kind)

    arrays = {"y": column(pa.float64(), NUMBERS)}
    for i in range(draw(st.integers(1, 2))):
        arrays[f"x{i}"] = column(*draw(st.sampled_from(TYPES)))
    text = column(pa.string(), st.sampled_from(LEVELS[: draw(st.integers(1, len(LEVELS)))]))
    arrays["f"] = text.dictionary_encode() if draw(st.booleans()) else text
    weights = st.sampled_from([0.0, 0.25, 1.0, 3.0, 1000.0])
    arrays["w"] = pa.array(draw(st.lists(weights, min_size=n, max_size=n)), pa.float64())
    return pa.table(arrays)


def formula_of(table):
    return "y ~ " + " + ".join(n for n in table.column_names if n not in {"y", "w"})


def outcome(table, **options):
    """The fit, or the error's type: both must be the same however rows are cut."""
    try:
        model = insitu.rx_lin_mod(formula_of(table), table, **options)
    except (ValueError, ArithmeticError) as error:
        return type(error).__name__, str(error)
    return model.tidy(), model.glance()


def same(left, right):
    if isinstance(left[0], str) or isinstance(right[0], str):
        return left == right
    return all(a.equals(b) for a, b in zip(left, right, strict=True))


@given(data=st.data())
def test_cuts_change_no_bit(data):
    table = data.draw(tables())
    n = table.num_rows
    cuts = sorted(data.draw(st.lists(st.integers(0, n), max_size=6)))
    bounds = list(itertools.pairwise([0, *cuts, n]))
    chunked = pa.concat_tables([table.slice(a, b - a) for a, b in bounds])
    assert same(outcome(table), outcome(chunked))
    assert same(outcome(table, pweights="w"), outcome(chunked, pweights="w"))


@given(table=tables(), threads=st.sampled_from([2, 3, 5]))
def test_contexts_change_no_bit(table, threads):
    one = outcome(table, compute_context=insitu.RxLocalSeq())
    many = outcome(table, compute_context=insitu.RxLocalParallel())
    assert same(one, many)


@given(table=tables(nulls=False))
@settings(max_examples=25)
def test_database_agrees_with_memory(table, tmp_path_factory):
    directory = tmp_path_factory.mktemp("db")
    # A database has no dictionaries of its own accord: levels are found, and sorted, in both.
    table = table.set_column(table.column_names.index("f"), "f", table["f"].cast(pa.string()))
    source = sources.as_duckdb_table(table, directory, "t", {})
    context = insitu.RxInSqlServer(connection_string=sources.connection_string(directory))
    inside = outcome_of(source, formula_of(table), context)
    assert same(outcome(table), inside)


@pytest.mark.skipif(postgres.missing() is not None, reason=f"PostgreSQL: {postgres.missing()}")
@given(table=tables())
@settings(max_examples=25)
def test_a_server_s_rows_change_no_bit(table, tmp_path_factory):
    # A server has one kind of text, and no small or unsigned numbers.
    table = table.set_column(table.column_names.index("f"), "f", table["f"].cast(pa.string()))
    source = sources.as_postgres_table(table, tmp_path_factory.mktemp("pg"), "t", {})
    context = insitu.RxInPostgres(postgres.connection_string(), how="streaming")
    assert same(outcome(table), outcome_of(source, formula_of(table), context))


def outcome_of(source, formula, context):
    try:
        model = insitu.rx_lin_mod(formula, source, compute_context=context)
    except (ValueError, ArithmeticError) as error:
        return type(error).__name__, str(error)
    return model.tidy(), model.glance()


@given(table=tables(nulls=False))
def test_numeric_fits_are_exact(table):
    names = [n for n in table.column_names if n.startswith("x") and table[n].type != pa.bool_()]
    assume(names)
    columns = {n: [float(v) for v in table[n].to_pylist()] for n in names}
    y, w = table["y"].to_pylist(), table["w"].to_pylist()
    assume(sum(v > 0 for v in w) > 0)
    model = insitu.rx_lin_mod("y ~ " + " + ".join(names), table, pweights="w")
    answer = oracle.linear(names, list(columns.values()), y, w)
    found = model.tidy()["estimate"].tolist()
    assert [v != v for v in found] == list(answer.aliased)
    scale = max(map(abs, y)) + 1e-300
    for name, value, exact in zip(answer.names, found, answer.coefficients, strict=True):
        if exact is None:
            continue
        # Relative to what the term contributes to the response: a slope of zero has no relative error.
        size = max(map(abs, columns[name])) if name in columns else 1.0
        error = abs(oracle.Fraction(value) - exact)
        assert error <= 1e-12 * abs(exact) + oracle.Fraction(1e-13 * scale / max(size, 1e-300))


@pytest.mark.parametrize("order", list(itertools.permutations(range(3)))[:4])
def test_order_of_rows_changes_little(order):
    rows = {"y": [1.0, 2.0, 4.0], "x": [0.1, 0.2, 0.7]}
    table = pa.table({k: [v[i] for i in order] for k, v in rows.items()})
    answer = oracle.linear(["x"], [rows["x"]], rows["y"])
    model = insitu.rx_lin_mod("y ~ x", table)
    assert oracle.lre(model.tidy()["estimate"][1], answer.coefficients[1]) >= 15
