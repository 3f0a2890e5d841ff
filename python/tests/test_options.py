"""RxOptions: defaults, spellings, and what setting gives back."""

from __future__ import annotations

import pytest

from insitu.errors import SpecError
from insitu.options import ISAS, RxOptions, check_isa, worker_threads


def test_defaults() -> None:
    expected = {
        "blocksPerRead": 1,
        "reportProgress": 2,
        "RowDisplayMax": -1,
        "NumDigits": 7,
        "ShowTransformFn": False,
        "DataPath": ".",
        "OutDataPath": ".",
        "XdfCompressionLevel": 1,
        "FileSystem": "native",
        "UseSparseCube": False,
        "RngBfferSize": 1,
        "DropMain": True,
        "CoefLabelStyle": "Revo",
        "NumTasks": 1,
        "traceLevel": 0,
        "spark.numExecutors": 65535,
        "spark.executorMem": "4g",
    }
    assert {name: RxOptions.get_option(name) for name in expected} == expected


@pytest.mark.parametrize("name", ["NumTasks", "numTasks", "num_tasks", "NUMTASKS"])
def test_spellings(name: str) -> None:
    before = RxOptions.set_option(name, 7)
    try:
        assert RxOptions.get_option("NumTasks") == 7
        assert before["NumTasks"] == 1
    finally:
        RxOptions.set_option("NumTasks", before["NumTasks"])


def test_the_misspelt_original_and_its_correction() -> None:
    assert RxOptions.get_option("RngBufferSize") == RxOptions.get_option("rng_bffer_size") == 1


def test_an_unknown_instruction_set_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INSITU_ISA", "avx22")
    with pytest.warns(UserWarning, match="INSITU_ISA is 'avx22', .* baseline, avx2, avx512"):
        check_isa()
    for known in ISAS:
        monkeypatch.setenv("INSITU_ISA", known)
        check_isa()
    monkeypatch.delenv("INSITU_ISA")
    check_isa()


def test_unknown_options() -> None:
    assert RxOptions.get_option("noSuchOption") is None
    assert RxOptions.get_option("noSuchOption", 3) == 3


def test_a_wrong_kind_is_refused() -> None:
    with pytest.raises(SpecError, match="'NumTasks' is a number"):
        RxOptions.set_option("NumTasks", "four")


def test_cache_bytes_is_a_quarter_of_memory() -> None:
    import psutil

    assert 0 < RxOptions.get_option("cacheBytes") <= psutil.virtual_memory().total // 4 + 1


def test_threads() -> None:
    before = RxOptions.set_option("NumCoresToUse", 1)["NumCoresToUse"]
    try:
        assert worker_threads() == worker_threads(8) == 1
    finally:
        RxOptions.set_option("NumCoresToUse", before)
    assert worker_threads(1) == 1
    assert worker_threads() >= 1
