"""How many digits a generalised linear model has to have, and where each set is fitted."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from conformance import conftest, sources
from conformance.conftest import Place
from conformance.reference.glm_set import GlmSet
from insitu.fitting import number, run_fit

COEFFICIENTS = 1e-9  # of the larger of the coefficient and its standard error
ERRORS = {"default": 1e-5, "tight": 1e-8}  # relative, by the argument `tolerance`
DEVIANCE = 1e-11  # relative
PLAIN = ("local_seq", "pandas")


def fit(place: Place, data: GlmSet, **options: Any) -> dict[str, Any]:
    """The model with R's coding: the first level is dropped, and main effects stay."""
    spec = {
        "formula": data.formula,
        "family": {"link": None, **data.family},
        "rows": None,
        "drop_first": True,
        "drop_main": False,
        **data.options,
        **options,
    }
    source = place.load(pa.table(data.table), levels=data.levels)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return run_fit("glm", spec, source, place.context, report_progress=0)


def coefficients(model: Mapping[str, Any]) -> dict[str, tuple[float, float]]:
    """Estimates and standard errors by name; nan of what is aliased."""
    listed = model["coefficients"]
    pairs = zip(listed["estimate"], listed["std_error"], strict=True)
    return {
        name: (number(estimate), number(error))
        for name, (estimate, error) in zip(listed["names"], pairs, strict=True)
    }


def check_coefficients(
    model: Mapping[str, Any], expected: Mapping[str, Sequence[Any]], tolerance: str = "default"
) -> None:
    """Estimates and errors are those expected; None is aliased."""
    found = coefficients(model)
    aliased = {name for name, (estimate, _) in expected.items() if estimate is None}
    assert {name for name in expected if math.isnan(found[name][0])} == aliased
    kept = [name for name in expected if name not in aliased]
    ours = np.array([found[name] for name in kept])
    theirs = np.array([expected[name] for name in kept], float)
    scale = np.maximum(np.abs(theirs[:, 0]), theirs[:, 1])
    off = dict(zip(kept, np.abs(ours[:, 0] - theirs[:, 0]) / scale, strict=True))
    assert max(off.values()) <= COEFFICIENTS, off
    off = dict(zip(kept, np.abs(ours[:, 1] / theirs[:, 1] - 1.0), strict=True))
    assert max(off.values()) <= ERRORS[tolerance], off


def runs(names: Iterable[str]) -> list[Any]:
    """Every set in the plain place, and a third of them in every other context."""
    names = list(names)
    params = [
        pytest.param((case, kind, name), id=f"{case.name}-{kind}-{name}")
        for case, kind in conftest.PLACES
        if (case.name, kind) == PLAIN
        for name in names
    ]
    others = [case for case in conftest.CONTEXTS if case.name != PLAIN[0] and not case.missing()]
    for turn, case in enumerate(others):
        kinds = [k for k in case.reads if k not in case.outside and not sources.missing(k)]
        for count, name in enumerate(names[turn % 3 :: 3]):
            kind = kinds[count % len(kinds)]
            params.append(pytest.param((case, kind, name), id=f"{case.name}-{kind}-{name}"))
    return params
