"""The bindings: states, laws seen from Python, streams, and exceptions."""

from __future__ import annotations

import gc
import json

import numpy as np
import pyarrow as pa
import pytest

import insitu
from insitu import _core
from insitu.errors import SpecError, StateError

SPEC = json.dumps({"formula": "~x", "columns": [{"name": "x", "kind": "numeric"}], "by_term": True})


def first_pass(spec: str = SPEC) -> _core.Analysis:
    analysis = _core.Fit("summary", spec).next()
    assert analysis is not None
    return analysis


def test_registry_and_version() -> None:
    assert _core.version() == insitu.__version__
    names = {(entry["kind"], entry["name"]) for entry in json.loads(_core.registry())}
    assert {("fit", "linear"), ("fit", "summary"), ("row_function", "linear_predict")} <= names


def test_formula_describe() -> None:
    columns = [
        {"name": n, "kind": k} for n, k in (("y", "numeric"), ("x", "numeric"), ("f", "factor"))
    ]
    described = json.loads(_core.formula_describe("y ~ .", json.dumps(columns)))
    assert set(described["variables"]) >= {"x", "f"}
    with pytest.raises(SpecError):
        _core.formula_describe("y ~ (x", json.dumps(columns))


def test_update_merge_save_load() -> None:
    analysis = first_pass()
    batch = pa.record_batch({"x": [1.0, 2.0, None, 4.0]})
    whole, left, right = analysis.empty(), analysis.empty(), analysis.empty()
    analysis.update(whole, batch, 0)
    analysis.update(left, batch.slice(0, 2), 0)
    analysis.update(right, batch.slice(2), 2)
    analysis.merge(left, right)
    assert json.loads(analysis.finalize(left)) == json.loads(analysis.finalize(whole))
    saved = analysis.save(whole)
    assert analysis.save(analysis.load(saved)) == saved
    for broken in (saved[:-1], saved + b"x", b"", saved[:10] + bytes([saved[10] ^ 1]) + saved[11:]):
        with pytest.raises(StateError):
            analysis.load(broken)


def test_stored_states() -> None:
    analysis = first_pass()
    described = json.loads(analysis.describe())
    spec = json.dumps({"analysis": described["name"], "spec": described["spec"]})
    saved = analysis.save(analysis.empty())
    stored = _core.stored_state_seal(spec, saved)
    assert _core.stored_state_open(stored) == (spec, saved)
    for broken in (stored[:-1], stored + b"x", saved, b""):
        with pytest.raises(StateError):
            _core.stored_state_open(broken)
    with pytest.raises(StateError):
        _core.stored_state_seal(spec, b"no state")


def test_states_of_another_spec_are_refused() -> None:
    other = json.dumps({"formula": "~z", "columns": [{"name": "z", "kind": "numeric"}]})
    one, two = first_pass(), first_pass(other)
    with pytest.raises(StateError):
        two.load(one.save(one.empty()))


def test_unknown_names_are_spec_errors() -> None:
    with pytest.raises(SpecError, match="sumary"):
        _core.Fit("sumary", SPEC)
    with pytest.raises(SpecError):
        _core.Fit("summary", "{not json")


def run(stream: object, cache: _core.Cache | None = None) -> dict[str, object]:
    analysis = first_pass()
    running = _core.Run(analysis, stream, cache)
    finished = False
    while not finished:
        rows, n_bytes, finished = running.poll(50)
    result: dict[str, object] = json.loads(analysis.finalize(running.finish()))
    return result | {"rows": rows, "bytes": n_bytes}


def test_run_and_cache() -> None:
    table = pa.table({"x": np.arange(1000.0)})
    cache = _core.Cache(1 << 20)
    assert not cache.serves(first_pass())
    first = run(table, cache)
    assert cache.serves(first_pass())
    again = run(None, cache)
    assert first["rows"] == again["rows"] == 1000
    assert {k: v for k, v in first.items() if k != "bytes"} == {
        k: v for k, v in again.items() if k != "bytes"
    }


def test_a_run_that_nobody_finishes_is_stopped() -> None:
    schema = pa.schema([("x", pa.float64())])
    count = 0

    def batches():
        nonlocal count
        while True:
            count += 1
            yield pa.RecordBatch.from_arrays([pa.array([1.0] * 1000)], schema=schema)

    running = _core.Run(first_pass(), pa.RecordBatchReader.from_batches(schema, batches()))
    running.poll(50)
    del running
    gc.collect()
    stopped = count
    assert stopped > 0
    running = _core.Run(first_pass(), pa.table({"x": [1.0]}))
    running.poll(100)
    assert count == stopped


def test_a_column_that_is_not_there() -> None:
    with pytest.raises(SpecError, match='no column "x"'):
        run(pa.table({"z": [1.0]}))


def linear_predict() -> _core.RowFunction:
    model = insitu.rx_lin_mod("y ~ x", {"x": [1.0, 2.0, 4.0], "y": [3.0, 5.0, 9.0]})
    return _core.RowFunction("linear_predict", json.dumps({"model": model.scoring_model(False)}))


def test_map_keeps_order_columns_and_notes() -> None:
    function = linear_predict()
    assert json.loads(function.describe())["outputs"] == ["pred"]
    table = pa.table({"id": np.arange(100_000), "x": np.arange(100_000.0)})
    options = json.dumps({"keep": ["id"], "output_names": ["y_hat"], "threads": 2})
    stream = _core.map_stream(function, table, options)
    result = pa.RecordBatchReader.from_stream(stream).read_all()
    assert result.column_names == ["id", "y_hat"]
    assert np.array_equal(result["id"].to_numpy(), np.arange(100_000))
    assert np.allclose(result["y_hat"].to_numpy(), 2 * np.arange(100_000.0) + 1, rtol=1e-12)
    assert "unseen_levels" in json.loads(stream.notes())
    with pytest.raises(ValueError, match="read already"):
        stream.__arrow_c_stream__()


def test_a_map_that_nobody_reads_is_stopped() -> None:
    function = linear_predict()
    table = pa.table({"x": np.arange(1_000_000.0)})
    stream = _core.map_stream(function, table)
    del stream
    reader = pa.RecordBatchReader.from_stream(_core.map_stream(function, table))
    reader.read_next_batch()
    del reader
    gc.collect()
