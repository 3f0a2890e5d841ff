"""What every result shares: R's names beside Python's, saving, and a checked payload."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Self

from ..errors import StateError
from ..fitting import number, numbers


class Result:
    """A result of a computation: plain data with attributes, `obj['r.name']`, `_results` and `save`."""

    kind: ClassVar[str]
    # R's element name → attribute.
    r_names: ClassVar[Mapping[str, str]]

    def __init__(
        self,
        model: Mapping[str, Any],
        *,
        call: str = "",
        data: str = "",
        params: Mapping[str, Any] | None = None,
    ) -> None:
        self._model = dict(model)
        self._call = call
        self._data_line = data
        self._params = dict(params or {})

    @property
    def call(self) -> str:
        """The call that made the result, as text."""
        return self._call

    @property
    def params(self) -> dict[str, Any]:
        """The arguments of the call that differ from their defaults."""
        return dict(self._params)

    @property
    def formula(self) -> str:
        """The formula as it was given."""
        return str(self._model["formula"])

    @property
    def warnings(self) -> list[str]:
        """What the fit noticed: sentences."""
        return [str(text) for text in self._model.get("warnings") or []]

    @property
    def _results(self) -> dict[str, Any]:
        """Every element by its R name, as scripts for revoscalepy expect."""
        return {name: getattr(self, attribute) for name, attribute in self.r_names.items()}

    def __getitem__(self, name: str) -> Any:
        if not isinstance(name, str):
            raise KeyError(name)
        if name in self.r_names:
            return getattr(self, self.r_names[name])
        if name in self.r_names.values():
            return getattr(self, name)
        raise KeyError(f"{name!r}: the elements are {', '.join(self.r_names)}")

    def __contains__(self, name: object) -> bool:
        return name in self.r_names or name in self.r_names.values()

    def keys(self) -> list[str]:
        """R's names of the elements."""
        return list(self.r_names)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Result):
            return NotImplemented
        return self.to_payload() == other.to_payload()

    __hash__ = None  # type: ignore[assignment]

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the result to a file that `insitu.load_model` reads, in the checked format, whole or not at all."""
        from ..serialization import save_model

        save_model(self, path)

    def to_payload(self, scoring_only: bool = False) -> dict[str, Any]:
        """The content of a model file (docs/model-format.md)."""
        from ..serialization import to_json

        model = self._scoring_part() if scoring_only else self._model
        payload = {"format": "insitu-model", "kind": self.kind, "model": to_json(model)}
        if not scoring_only:
            payload |= {
                "call": self._call,
                "data": self._data_line,
                "params": to_json(self._params),
            }
        return payload

    @classmethod
    def from_payload(cls, payload: Mapping[str, Any]) -> Self:
        """The result from the content of a model file; StateError if a part is missing or of another shape."""
        model = expect(payload, "model", dict)
        if model.get("version", 1) != 1:
            raise StateError(
                f"The model has version {model.get('version')!r}, and this insitu reads version 1: "
                "load it with the insitu that wrote it, or fit it again."
            )
        cls.check(model)
        return cls(
            model,
            call=expect(payload, "call", str, ""),
            data=expect(payload, "data", str, ""),
            params=expect(payload, "params", dict, {}),
        )

    @classmethod
    def check(cls, model: Mapping[str, Any]) -> None:
        """StateError unless the engine's part of a model file has the right shape."""

    def _scoring_part(self) -> Mapping[str, Any]:
        return self._model

    def __reduce__(self) -> tuple[Callable[[bytes], Any], tuple[bytes]]:
        from ..serialization import rx_serialize_model, rx_unserialize_model

        return rx_unserialize_model, (rx_serialize_model(self),)

    def _number(self, key: str) -> float:
        return number(self._model.get(key))

    def _numbers(self, key: str) -> list[float]:
        return numbers(self._model[key])


def expect(tree: Mapping[str, Any], key: str, kind: type, default: Any = ...) -> Any:
    """The item of a tree read from a file; StateError if it is missing or of another type."""
    value = tree.get(key, default)
    if value is ...:
        raise StateError(f"The model has no {key!r}.")
    if not isinstance(value, kind):
        raise StateError(
            f"The model's {key!r} should be a {kind.__name__}, and is a {type(value).__name__}."
        )
    return value


def expect_numbers(tree: Mapping[str, Any], key: str, length: int) -> None:
    """StateError unless the item is a list of so many numbers (or null, or the words for infinity)."""
    values = expect(tree, key, list)
    if len(values) != length:
        raise StateError(
            f"The model's {key!r} should have {length} numbers, and has {len(values)}."
        )
    for value in values:
        expect_number(key, value)


def expect_number(key: str, value: object) -> None:
    """StateError unless the value is a number as model files write it."""
    words = value in ("Infinity", "-Infinity") if isinstance(value, str) else False
    if not (value is None or words or (isinstance(value, int | float))):
        raise StateError(f"The model's {key!r} should be a number, and is {value!r:.40}.")
