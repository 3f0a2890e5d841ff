"""Linear hypotheses about the coefficients of a model, as lines of R b = r."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from numbers import Real
from typing import Any

import numpy as np

from ..errors import SpecError

# A name in square brackets (where "]]" is a bracket), a plain name, a number, or a sign.
_TOKEN = re.compile(
    r"\s*(?:\[(?P<quoted>(?:[^\]]|\]\])+)\](?!\])|(?P<number>\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)"
    r"|(?P<name>[^\W\d][\w.]*)|(?P<sign>[-+*]))"
)


@dataclass(frozen=True)
class Coefficients:
    """What a hypothesis may speak of: names in order, those dropped, and positions by term of the formula."""

    names: Sequence[str]
    aliased: Sequence[bool]
    terms: Mapping[str, range]

    def position(self, name: str) -> int:
        """Where a coefficient is; SpecError for an unknown or a dropped one."""
        if name not in self.names:
            near = difflib.get_close_matches(name, [*self.names, *self.terms], n=3, cutoff=0.5)
            advice = f"; is {' or '.join(map(repr, near))} meant?" if near else ""
            raise SpecError(f"The model has no coefficient {name!r}{advice}")
        position = list(self.names).index(name)
        if self.aliased[position]:
            raise SpecError(
                f"The coefficient {name!r} is dropped, so that nothing can be tested of it: "
                "others are compared with it, or follow from it."
            )
        return position

    def kept(self, term: str) -> list[int]:
        """The estimated coefficients of a term; SpecError if there are none."""
        kept = [i for i in self.terms[term] if not self.aliased[i]]
        if not kept:
            raise SpecError(f"All coefficients of the term {term!r} are dropped.")
        return kept


@dataclass
class Hypothesis:
    """Lines of R b = r: per line its weights by position, its value and how it reads."""

    lines: list[dict[int, float]] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    def add(self, weights: Mapping[int, float], value: float, text: str) -> None:
        """Another line."""
        self.lines.append({i: w for i, w in weights.items() if w != 0.0})
        self.values.append(value)
        self.texts.append(text)
        if not self.lines[-1]:
            raise SpecError(f"The hypothesis {text!r} has no coefficient left in it.")


def as_hypothesis(given: Any, values: Any, known: Coefficients) -> Hypothesis:
    """The lines that a user asked for, in any of the forms of `wald_test`."""
    found = Hypothesis()
    if isinstance(given, str | Mapping):
        given = [given]
    if _is_matrix(given):
        _add_matrix(found, given, known)
    elif isinstance(given, Sequence) and given:
        for item in given:
            if isinstance(item, str):
                _add_text(found, item, known)
            elif isinstance(item, Mapping):
                _add_weights(found, item, known)
            else:
                raise _unknown_form(item)
    else:
        raise _unknown_form(given)
    if values is not None:
        _set_values(found, values)
    return found


def _unknown_form(given: object) -> SpecError:
    return SpecError(
        "A hypothesis is the name of a term or coefficient, an equation, weights by coefficient, a list of these, or a "
        f"matrix, and is {given!r:.60}."
    )


def _is_matrix(given: Any) -> bool:
    """Numbers, or lines of numbers."""
    if hasattr(given, "__array__"):
        return np.asarray(given).dtype.kind in "iufb"
    if isinstance(given, str | Mapping) or not isinstance(given, Sequence) or not given:
        return False
    first = given[0]
    return isinstance(first, Real) or _is_matrix(first)


def _add_matrix(found: Hypothesis, given: Any, known: Coefficients) -> None:
    try:
        matrix = np.atleast_2d(np.asarray(given, dtype=float))
    except (TypeError, ValueError):
        raise _unknown_form(given) from None
    if matrix.ndim != 2 or matrix.shape[1] != len(known.names):
        raise SpecError(
            f"The matrix of a hypothesis has a column for each of the {len(known.names)} coefficients, dropped ones "
            f"too, and is {' x '.join(map(str, matrix.shape))}."
        )
    for row in matrix:
        weights = {
            known.position(name): float(weight)
            for name, weight in zip(known.names, row, strict=True)
            if weight != 0.0
        }
        found.add(weights, 0.0, _text(weights, 0.0, known))


def _add_weights(found: Hypothesis, given: Mapping[Any, Any], known: Coefficients) -> None:
    weights: dict[int, float] = {}
    for name, weight in given.items():
        if not isinstance(name, str) or isinstance(weight, bool) or not isinstance(weight, Real):
            raise SpecError(
                f"Weights of a hypothesis are numbers by coefficient, not {name!r}: {weight!r:.40}."
            )
        weights[known.position(name)] = float(weight)
    found.add(weights, 0.0, _text(weights, 0.0, known))


def _add_text(found: Hypothesis, text: str, known: Coefficients) -> None:
    if text in known.names:
        position = known.position(text)
        found.add({position: 1.0}, 0.0, f"{_quoted(text)} = 0")
    elif text in known.terms:
        for position in known.kept(text):
            found.add({position: 1.0}, 0.0, f"{_quoted(known.names[position])} = 0")
    else:
        sides = [_side(side, text, known) for side in _split(text)]
        if len(sides) == 1:
            sides.append(({}, 0.0))
        for (left, a), (right, b) in pairwise(sides):
            weights = {i: left.get(i, 0.0) - right.get(i, 0.0) for i in {**left, **right}}
            found.add(weights, b - a, _text(weights, b - a, known))


def _split(text: str) -> list[str]:
    """The sides of an equation: "=" within square brackets belongs to a name."""
    sides, bracket, at = [""], False, 0
    while at < len(text):
        size = 2 if bracket and text[at : at + 2] == "]]" else 1
        here = text[at : at + size]
        if here == "=" and not bracket:
            sides.append("")
        else:
            sides[-1] += here
        bracket = here == "[" or (bracket and here != "]")
        at += size
    return sides


def _side(text: str, whole: str, known: Coefficients) -> tuple[dict[int, float], float]:
    """Weights by position, and the constant, of a sum such as "2*[f=a] - x + 1"."""
    weights: dict[int, float] = {}
    constant = 0.0
    tokens = _tokens(text, whole)
    if not tokens:
        raise SpecError(f"The hypothesis {whole!r} has an empty side.")
    at = 0
    while at < len(tokens):
        sign, signs = 1.0, 0
        while at < len(tokens) and tokens[at] in (("sign", "+"), ("sign", "-")):
            sign = -sign if tokens[at][1] == "-" else sign
            at, signs = at + 1, signs + 1
        factor, name, at = _item(tokens, at, whole)
        if signs == 0 and (weights or constant):
            raise SpecError(f"The hypothesis {whole!r} lacks a sign between two of its parts.")
        if name is None:
            constant += sign * factor
        else:
            position = known.position(name)
            weights[position] = weights.get(position, 0.0) + sign * factor
    return weights, constant


def _item(tokens: list[tuple[str, str]], at: int, whole: str) -> tuple[float, str | None, int]:
    """A product of one number and one name at most, and where it ends."""
    factor, name, parts = 1.0, None, 0
    while at < len(tokens):
        kind, text = tokens[at]
        if kind == "number":
            factor *= float(text)
        elif kind == "name" and name is None:
            name = text
        else:
            break
        at, parts = at + 1, parts + 1
        if at == len(tokens) or tokens[at] != ("sign", "*"):
            return factor, name, at
        at += 1
    raise SpecError(
        f"The hypothesis {whole!r} is no sum of coefficients with numbers: write names that are not plain in square "
        "brackets, as in '[f=a] - 2*[f=b] = 0'."
    )


def _tokens(text: str, whole: str) -> list[tuple[str, str]]:
    tokens = []
    at = 0
    end = len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None:
            raise SpecError(
                f"The hypothesis {whole!r} cannot be read at {text[at : at + 20].strip()!r}: write names that are not "
                "plain in square brackets, as in '[f=a] - 2*[f=b] = 0'."
            )
        kind = str(match.lastgroup)
        token = str(match[kind])
        tokens.append(("name", token.replace("]]", "]")) if kind == "quoted" else (kind, token))
        at = match.end()
    return tokens


def _set_values(found: Hypothesis, values: Any) -> None:
    numbers = [values] * len(found.lines) if isinstance(values, Real) else list(values)
    if len(numbers) != len(found.lines) or not all(isinstance(v, Real) for v in numbers):
        raise SpecError(
            f"values are one number, or one for each of the {len(found.lines)} lines of the hypothesis, and are "
            f"{values!r:.60}."
        )
    if any(value != 0.0 for value in found.values):
        raise SpecError("Give the right side in the equations or as values, not both.")
    found.values = [float(value) for value in numbers]
    found.texts = [
        f"{text.rsplit(' = ', 1)[0]} = {value:g}"
        for text, value in zip(found.texts, found.values, strict=True)
    ]


def _quoted(name: str) -> str:
    plain = re.fullmatch(r"[^\W\d][\w.]*", name) is not None
    return name if plain else f"[{name.replace(']', ']]')}]"


def _text(weights: Mapping[int, float], value: float, known: Coefficients) -> str:
    """A line as an equation that reads back the same."""
    out = ""
    for position, weight in weights.items():
        if weight == 0.0:
            continue
        sign = " - " if weight < 0 else " + "
        size = "" if abs(weight) == 1.0 else f"{abs(weight):g}*"
        out += (sign if out else "-" if weight < 0 else "") + size + _quoted(known.names[position])
    return f"{out} = {value:g}"
