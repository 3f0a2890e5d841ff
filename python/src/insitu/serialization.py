"""Models as bytes: the engine's versioned, checked envelope around JSON, which any host reads without running anything.

Layout (docs/model-format.md): magic, format version, kind, name, fingerprint, payload length, JSON payload, CRC-64 of
all before.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import secrets
import struct
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .checksum import crc64
from .errors import SourceError, SpecError, StateError

if TYPE_CHECKING:
    from .results.base import Result

MAGIC = b"\x8binsitu\r"
FORMAT_VERSION = 1
MAX_PAYLOAD_BYTES = 1 << 30
_KIND = b"model"
_LONGEST_NAME = 256
_HEAD_BYTES = 4096
_SMALLEST = len(MAGIC) + 4 + 4 + 4 + 8 + 8 + 8
_WORDS = {math.inf: "Infinity", -math.inf: "-Infinity"}


def to_json(value: Any) -> Any:
    """A tree of dicts, lists and scalars with NaN as None and infinities as words, as the engine writes them."""
    if isinstance(value, Mapping):
        return {str(key): to_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_json(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return _WORDS.get(value)
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if hasattr(value, "item"):  # numpy scalars
        return to_json(value.item())
    raise SpecError(f"A model file cannot hold a {type(value).__name__}.")


def seal(name: str, payload: Mapping[str, Any]) -> bytes:
    """Puts a JSON-able mapping into the envelope of a model."""
    text = json.dumps(to_json(payload), allow_nan=False, ensure_ascii=True, separators=(",", ":"))
    body = text.encode("ascii")
    if len(body) > MAX_PAYLOAD_BYTES:
        raise SpecError(
            f"The model takes {len(body)} bytes, and a model file holds {MAX_PAYLOAD_BYTES}: "
            "fit it without cov_coef and cov_data."
        )
    label = name.encode()
    head = b"".join(
        (
            MAGIC,
            struct.pack("<II", FORMAT_VERSION, len(_KIND)),
            _KIND,
            struct.pack("<I", len(label)),
            label,
            struct.pack("<QQ", 0, len(body)),
            body,
        )
    )
    return head + struct.pack("<Q", crc64(head))


def unseal(data: bytes | bytearray | memoryview) -> tuple[str, dict[str, Any]]:
    """Opens the envelope: the name and the payload. Every size is checked before it is used."""
    view = memoryview(data).cast("B")
    name, start, length = _read_header(view, len(view))
    end = start + length
    (expected,) = struct.unpack_from("<Q", view, end)
    actual = crc64(view[:end])
    if actual != expected:
        raise StateError(
            f"The model has been damaged: its checksum says {expected:016x}, and its content gives {actual:016x}; "
            "copy or save it again."
        )
    try:
        payload = json.loads(bytes(view[start:end]).decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise StateError(f"The content of the model cannot be read: {error}.") from None
    if not isinstance(payload, dict):
        raise StateError(f"The content of the model is a {type(payload).__name__}, not an object.")
    return name, payload


def _no_constant(word: str) -> Any:
    raise ValueError(f"{word} is not JSON")


def _read_header(view: memoryview, size: int) -> tuple[str, int, int]:
    """Name, offset and length of the payload, from the first bytes of `size` in all."""
    if bytes(view[: len(MAGIC)]) != MAGIC[: len(view)] or len(view) == 0:
        raise StateError(
            f"These {size} bytes are not an insitu model: they begin with {bytes(view[:8])!r} instead of {MAGIC!r}."
        )
    if size < _SMALLEST or len(view) < _SMALLEST:
        raise StateError(
            f"The model is truncated: {size} bytes, and the smallest envelope takes {_SMALLEST}."
        )
    (version,) = struct.unpack_from("<I", view, 8)
    if version != FORMAT_VERSION:
        raise StateError(
            f"The model has format version {version}, and this insitu reads version {FORMAT_VERSION}: "
            "load it with the insitu that wrote it, or fit it again."
        )
    kind, at = _read_text(view, 12)
    if kind != _KIND:
        raise StateError(
            f"These bytes are a saved {kind.decode('utf-8', 'replace')!r}, not a model."
        )
    name, at = _read_text(view, at)
    if at + 16 > len(view):
        raise StateError(f"The model is truncated: {size} bytes, and its header goes on.")
    _, length = struct.unpack_from("<QQ", view, at)
    there = size - at - 16 - 8
    if length > MAX_PAYLOAD_BYTES or length != there:
        raise StateError(
            f"The model is truncated or has been added to: its header promises {length} bytes of content, "
            f"and there are {max(there, 0)}."
        )
    return name.decode("utf-8", "replace"), at + 16, length


def _read_text(view: memoryview, at: int) -> tuple[bytes, int]:
    (length,) = struct.unpack_from("<I", view, at)
    if length > _LONGEST_NAME or at + 4 + length + 4 > len(view):
        raise StateError(f"The model's header is damaged: it holds a name of {length} bytes.")
    return bytes(view[at + 4 : at + 4 + length]), at + 4 + length


def rx_serialize_model(model: Result, realtime_scoring_only: bool = False) -> bytes:
    """Writes a model as bytes that can be stored in a file or a binary column of a table.

    Arguments:
        model: what `rx_lin_mod` (or another fit) returned.
        realtime_scoring_only: leave out what only reports need (covariances, call); the model still
            predicts, but without standard errors, and is smaller.

    Returns: the bytes of docs/model-format.md: versioned and checksummed; reading them runs no code.

    Raises: SpecError if the object is not an insitu model.

    See: `rx_unserialize_model`, `load_model`; docs/functions/models.md, docs/model-format.md.

    Example:
        >>> import pandas as pd, insitu
        >>> data = pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0], "y": [1.0, 3.0, 2.0, 5.0]})
        >>> model = insitu.rx_lin_mod("y ~ x", data)
        >>> blob = insitu.rx_serialize_model(model)
        >>> insitu.rx_unserialize_model(blob).coefficients.equals(model.coefficients)
        True
    """
    from .results.base import Result

    if not isinstance(model, Result):
        raise SpecError(
            f"rx_serialize_model needs a model fitted by insitu, and got a {type(model).__name__}."
        )
    return seal(model.kind, model.to_payload(scoring_only=realtime_scoring_only))


def rx_unserialize_model(data: bytes | bytearray | memoryview) -> Any:
    """Reads a model from the bytes that `rx_serialize_model` wrote; runs no code from them.

    Arguments:
        data: the bytes.

    Returns: the model, of the class that was written.

    Raises: StateError if the bytes are truncated, changed, foreign or of another version.

    See: `rx_serialize_model`, `load_model`; docs/functions/models.md, docs/model-format.md.

    Example:
        >>> import insitu
        >>> insitu.rx_unserialize_model(b"not a model")
        Traceback (most recent call last):
        insitu.errors.StateError: These 11 bytes are not an insitu model: they begin with b'not a mo' instead of b'\\x8binsitu\\r'.
    """
    if not isinstance(data, bytes | bytearray | memoryview):
        raise SpecError(f"rx_unserialize_model needs bytes, and got a {type(data).__name__}.")
    from .results import RESULT_KINDS

    name, payload = unseal(data)
    if name not in RESULT_KINDS or payload.get("kind") != name:
        raise StateError(
            f"The model is a {name!r} with content of kind {payload.get('kind')!r:.40}; "
            f"this insitu knows {', '.join(sorted(RESULT_KINDS))}."
        )
    return RESULT_KINDS[name].from_payload(payload)


def save_model(model: Result, path: str | os.PathLike[str]) -> None:
    """Writes a model file that appears whole or not at all: a temporary file beside it is renamed."""
    target = os.path.abspath(os.fspath(path))
    data = rx_serialize_model(model)
    temporary = os.path.join(
        os.path.dirname(target), f".{os.path.basename(target)}.{secrets.token_hex(4)}.tmp"
    )
    try:
        with open(temporary, "xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except OSError as error:
        raise SourceError(
            f"The model cannot be written to {target!r}: {error.strerror or error}. "
            "Nothing was left there; choose another path or make room."
        ) from error
    finally:  # also on Ctrl-C; after the rename there is nothing left to remove
        with contextlib.suppress(OSError):
            os.unlink(temporary)


def load_model(path: str | os.PathLike[str]) -> Any:
    """Reads a model that `model.save(path)` wrote; runs no code from it.

    Arguments:
        path: the file.

    Returns: the model, of the class that was saved.

    Raises: SourceError if the file cannot be read; StateError if it is truncated, damaged (one flipped
        bit suffices), foreign, or of another version.

    See: docs/functions/models.md, docs/model-format.md.

    Example:
        >>> import os, tempfile, pandas as pd, insitu
        >>> data = pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0], "y": [1.0, 3.0, 2.0, 5.0]})
        >>> path = os.path.join(tempfile.mkdtemp(), "line.insitu")
        >>> insitu.rx_lin_mod("y ~ x", data).save(path)
        >>> insitu.load_model(path).formula
        'y ~ x'
    """
    name = os.fspath(path)
    try:
        with open(name, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            head = file.read(_HEAD_BYTES)
            _read_header(memoryview(head), size)  # before anything large is read
            return rx_unserialize_model(head + file.read(max(0, size - len(head))))
    except StateError as error:
        raise StateError(f"{name}: {error}") from None
    except OSError as error:
        raise SourceError(
            f"The model file {name!r} cannot be read: {error.strerror or error}."
        ) from error
