"""Models as bytes and files: what is written comes back; what was touched is refused with a sentence."""

from __future__ import annotations

import json
import os
import pickle
import pickletools
import struct

import numpy as np
import pytest

import insitu
from insitu import _core, serialization
from insitu.checksum import crc64


@pytest.fixture
def model(airline_dict) -> insitu.LinearModel:
    return insitu.LinearModel(
        airline_dict, call="rx_lin_mod(…)", data="Data: d", params={"transforms": {"é": "a*2"}}
    )


def resealed(payload: object, name: str = "linear_model") -> bytes:
    """An envelope with a right checksum around any content."""
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    head = serialization.MAGIC + struct.pack("<II", 1, 5) + b"model"
    head += struct.pack("<I", len(name)) + name.encode() + struct.pack("<QQ", 0, len(body)) + body
    return head + struct.pack("<Q", crc64(head))


def test_checksum_of_the_catalogue():
    # CRC-64/XZ of "123456789" in the catalogue of parametrised CRC algorithms.
    assert crc64(b"123456789") == 0x995DC9BBDF1939FA


@pytest.mark.parametrize("size", [8, 9, 15, 16, 17, 63, 64, 65, 255, 256, 257, 1000, 4097])
def test_checksum_by_bits(size):
    data = np.random.default_rng(size).bytes(size)
    register = 2**64 - 1
    for byte in data:
        register ^= byte
        for _ in range(8):
            register = (register >> 1) ^ (0xC96C5795D7870F42 if register & 1 else 0)
    assert crc64(data) == register ^ (2**64 - 1)


def test_round_trip(model, tmp_path):
    copy = insitu.rx_unserialize_model(insitu.rx_serialize_model(model))
    assert copy == model
    assert str(copy.summary()) == str(model.summary())
    assert copy.params == model.params
    path = tmp_path / "m.insitu"
    model.save(path)
    assert insitu.load_model(path) == model
    assert os.listdir(tmp_path) == ["m.insitu"]


def test_numbers_come_back_bit_for_bit(airline_dict):
    values = [0.1, 5e-324, -1.7976931348623157e308, 1 / 3]
    airline_dict["coefficients"]["estimate"] = values
    airline_dict["f_statistic"] = "Infinity"
    model = insitu.LinearModel(airline_dict)
    copy = insitu.rx_unserialize_model(insitu.rx_serialize_model(model))
    assert copy.coefficients.tolist() == values
    assert copy.fstatistics["value"] == np.inf


def test_models_sealed_by_the_core_load_in_python(airline_dict):
    engine = json.dumps(serialization.to_json(airline_dict))
    assert insitu.rx_unserialize_model(_core.model_seal(engine)) == insitu.LinearModel(airline_dict)


@pytest.mark.parametrize("scoring_only", [False, True])
def test_models_sealed_by_python_open_in_the_core(model, scoring_only):
    data = insitu.rx_serialize_model(model, realtime_scoring_only=scoring_only)
    opened = json.loads(_core.model_open(data))
    assert opened == serialization.unseal(data)[1]["model"]
    # The envelope is the same to the byte: what differs is the content, which Python says more of.
    content = {"format": "insitu-model", "kind": model.kind, "model": opened}
    assert _core.model_seal(json.dumps(opened, separators=(",", ":"))) == serialization.seal(
        model.kind, content
    )


def test_the_core_refuses_what_python_refuses(model):
    data = insitu.rx_serialize_model(model, realtime_scoring_only=True)
    for end in range(0, len(data), 7):
        with pytest.raises(insitu.StateError):
            _core.model_open(data[:end])
    changed = bytearray(data)
    for i in range(0, len(data), 5):
        changed[i] ^= 1 << (i % 8)
        with pytest.raises(insitu.StateError):
            _core.model_open(bytes(changed))
        changed[i] ^= 1 << (i % 8)
    for content in (b"[]", b"{", b"\xff\xfe", b"null", {}, {"kind": "linear_model"}):
        with pytest.raises(insitu.StateError):
            _core.model_open(resealed(content))


def test_summary_round_trip(summary_dict):
    summary = insitu.Summary(summary_dict)
    copy = insitu.rx_unserialize_model(insitu.rx_serialize_model(summary))
    assert str(copy) == str(summary)


def test_pickle_goes_through_the_checked_format(model):
    data = pickle.dumps(model)
    called = [
        arg
        for op, arg, _ in pickletools.genops(data)
        if op.name in ("SHORT_BINUNICODE", "BINUNICODE")
    ]
    assert called == ["insitu.serialization", "rx_unserialize_model"]
    assert serialization.MAGIC in data
    assert pickle.loads(data) == model


def test_scoring_form_is_smaller_and_has_no_covariance(model):
    small = insitu.rx_serialize_model(model, realtime_scoring_only=True)
    assert len(small) < len(insitu.rx_serialize_model(model))
    copy = insitu.rx_unserialize_model(small)
    assert copy.cov_coef is None
    assert copy.coefficients.equals(model.coefficients)


def test_every_flipped_bit_is_found(model):
    data = bytearray(insitu.rx_serialize_model(model, realtime_scoring_only=True))
    for i in range(len(data)):
        data[i] ^= 1 << (i % 8)
        with pytest.raises(insitu.StateError):
            insitu.rx_unserialize_model(data)
        data[i] ^= 1 << (i % 8)


def test_every_prefix_and_an_extra_byte_are_refused(model):
    data = insitu.rx_serialize_model(model, realtime_scoring_only=True)
    for end in range(len(data)):
        with pytest.raises(insitu.StateError):
            insitu.rx_unserialize_model(data[:end])
    with pytest.raises(insitu.StateError, match="added to"):
        insitu.rx_unserialize_model(data + b"\0")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            lambda d: d[:8] + struct.pack("<I", 2) + d[12:],
            "format version 2, and this insitu reads version 1",
        ),
        (lambda d: b"PK\3\4" + d[4:], "not an insitu model: they begin with"),
        (lambda d: d[:12] + struct.pack("<I", 0xFFFFFFFF) + d[16:], "a name of 4294967295 bytes"),
        (lambda d: d.replace(b"\5\0\0\0model", b"\5\0\0\0state", 1), "saved 'state', not a model"),
        (
            lambda d: d[: d.index(b"{") - 8] + struct.pack("<Q", 1 << 62) + d[d.index(b"{") :],
            "header promises 4611686018",
        ),
        (lambda d: d[:100] + bytes([d[100] ^ 1]) + d[101:], "damaged: its checksum says"),
        (lambda d: d[:200], "truncated"),
    ],
)
def test_sentences(model, change, sentence, tmp_path):
    data = change(insitu.rx_serialize_model(model))
    with pytest.raises(insitu.StateError, match=sentence):
        insitu.rx_unserialize_model(data)
    path = tmp_path / "bad.insitu"
    path.write_bytes(data)
    with pytest.raises(insitu.StateError, match=rf"bad\.insitu: .*{sentence}"):
        insitu.load_model(path)


@pytest.mark.parametrize(
    "content",
    [
        b"[]",
        b"{",
        b"\xff\xfe",
        b"[" * 200_000,
        b'{"kind": NaN}',
        b'{"kind": ' + b"9" * 100_000 + b"}",
        b"null",
        {},
        {"kind": "linear_model"},
        {"kind": "linear_model", "model": []},
        {"kind": "linear_model", "model": {"kind": "linear_model"}},
        {"kind": "summary", "model": {}},
    ],
)
def test_hostile_content_with_a_right_checksum(content):
    with pytest.raises(insitu.StateError):
        insitu.rx_unserialize_model(resealed(content))


def test_unknown_kind():
    with pytest.raises(insitu.StateError, match="knows evaluation, glm, linear_model, summary"):
        insitu.rx_unserialize_model(resealed({"kind": "x"}, "x"))


@pytest.mark.parametrize("key", ["formula", "design", "coefficients", "df", "sigma", "aic", "rank"])
@pytest.mark.parametrize("value", ["delete", [], "text", {"a": 1}, [[]]])
def test_each_part_is_checked(model, key, value):
    payload = json.loads(json.dumps(model.to_payload()))
    if value == "delete":
        del payload["model"][key]
    elif (key, value) in (("design", {"a": 1}), ("formula", "text")):
        return
    else:
        payload["model"][key] = value
    with pytest.raises(insitu.StateError, match=f"'?{key}|names"):
        insitu.rx_unserialize_model(resealed(payload))


def test_lists_of_other_lengths_are_refused(model):
    payload = json.loads(json.dumps(model.to_payload()))
    payload["model"]["coefficients"]["estimate"].pop()
    with pytest.raises(insitu.StateError, match="should have 4 numbers, and has 3"):
        insitu.rx_unserialize_model(resealed(payload))
    payload = json.loads(json.dumps(model.to_payload()))
    payload["model"]["cov_coef"].pop()
    with pytest.raises(insitu.StateError, match="matrix of 4 rows"):
        insitu.rx_unserialize_model(resealed(payload))


def test_other_model_version(model):
    payload = model.to_payload()
    payload["model"]["version"] = 2
    with pytest.raises(insitu.StateError, match="version 2, and this insitu reads version 1"):
        insitu.rx_unserialize_model(resealed(payload))


def test_what_is_no_model_is_not_written():
    with pytest.raises(insitu.SpecError, match="got a dict"):
        insitu.rx_serialize_model({})
    with pytest.raises(insitu.SpecError, match="needs bytes"):
        insitu.rx_unserialize_model("text")


def test_a_failed_save_leaves_the_old_file(model, tmp_path, monkeypatch):
    path = tmp_path / "m.insitu"
    path.write_bytes(b"old")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(insitu.SourceError, match="No space left on device"):
        model.save(path)
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["m.insitu"]


def test_files_that_are_not_there(model, tmp_path):
    with pytest.raises(insitu.SourceError, match="cannot be read"):
        insitu.load_model(tmp_path / "none")
    with pytest.raises(insitu.SourceError, match="cannot be written"):
        model.save(tmp_path / "no" / "such" / "folder")
