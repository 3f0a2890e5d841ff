"""R's results of generalised linear models against their definitions in fifty digits."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import pytest

from conformance.reference.glm_exact import Problem
from conformance.reference.glm_sets import all_sets

STEP = 1e-12  # from R's estimates to the maximum, of the larger of the estimate and its error
ERRORS = 1e-9
DEVIANCE = 1e-12


@functools.cache
def _answers() -> dict[str, Any]:
    text = (Path(__file__).parent / "glm.json").read_text()
    return {answer["name"]: answer for answer in json.loads(text)["sets"]}


@pytest.mark.parametrize("name", all_sets())
def test_results_of_r_are_the_maximum(name):
    answer = _answers()[name]
    rows = zip(answer["names"], answer["estimates"], answer["std_errors"], strict=True)
    kept = {column: (estimate, error) for column, estimate, error in rows if estimate is not None}
    problem = Problem(all_sets()[name], list(kept))
    place = problem.at([estimate for estimate, _ in kept.values()])
    for step, (estimate, error) in zip(problem.step(place), kept.values(), strict=True):
        assert abs(step) <= STEP * max(abs(estimate), error)
    for exact, (_, error) in zip(problem.errors(place), kept.values(), strict=True):
        assert abs(error / exact - 1) <= ERRORS
    assert abs(answer["deviance"] - place.deviance) <= DEVIANCE * (1 + place.deviance)
    assert abs(answer["dispersion"] / problem.dispersion(place) - 1) <= ERRORS
