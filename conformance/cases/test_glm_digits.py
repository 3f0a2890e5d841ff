"""Digits of generalised linear models: R's glm run to convergence, on published and drawn sets (conformance/reference/glm.R)."""

from __future__ import annotations

import functools
import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import insitu
from conformance import reference
from conformance.cases import glm_digits
from conformance.conftest import Place
from conformance.reference.glm_exact import Problem
from conformance.reference.glm_sets import all_sets
from insitu.families import Family

SCORES = 1e-8  # of their scale
FITTED = 1e-9  # relative


@functools.cache
def _answers() -> dict[str, dict[str, Any]]:
    """R's, by the name of the set."""
    path = Path(reference.__file__).parent / "glm.json"
    return {answer["name"]: answer for answer in json.loads(path.read_text())["sets"]}


def _coefficients(answer: dict[str, Any]) -> dict[str, tuple[float, float]]:
    pairs = zip(answer["estimates"], answer["std_errors"], strict=True)
    return dict(zip(answer["names"], pairs, strict=True))


def _check(place: Place, name: str) -> None:
    data, answer = all_sets()[name], _answers()[name]
    passes = []
    for tolerance in ("default", "tight"):
        model = glm_digits.fit(place, data, tolerance=tolerance)
        passes.append(model["passes"])
        assert model["converged"], model["ended"]
        glm_digits.check_coefficients(model, _coefficients(answer), tolerance)
        assert model["deviance"] == pytest.approx(answer["deviance"], rel=glm_digits.DEVIANCE)
        nothing = pytest.approx(answer["null_deviance"], rel=glm_digits.DEVIANCE)
        assert model["null_deviance"] == nothing
        spread = pytest.approx(answer["dispersion"], rel=2.0 * glm_digits.ERRORS[tolerance])
        assert model["dispersion"] == spread
        if answer["aic"] is not None:
            assert model["aic"] == pytest.approx(answer["aic"], rel=glm_digits.DEVIANCE)
        freedom = (model["df"][1], model["null_df"], model["rank"])
        assert freedom == (answer["df"], answer["null_df"], answer["rank"])
    # With offsets the null model may be what takes the last passes.
    assert passes[1] - passes[0] in (0, 1)


@pytest.fixture
def run(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Place, str]:
    """A place and the name of a set."""
    case, kind, name = request.param
    return Place(case, kind, tmp_path, case.connect(tmp_path)), name


def test_sets_are_those_of_the_answers():
    """R was given the same numbers, and there are as many families and links as there should be."""
    assert {name: data.digest() for name, data in all_sets().items()} == {
        name: answer["digest"] for name, answer in _answers().items()
    }
    assert len(all_sets()) >= 40
    families = {(data.family["name"], data.family.get("link")) for data in all_sets().values()}
    assert len(families) >= 45


@pytest.mark.parametrize("run", glm_digits.runs(all_sets()), indirect=True)
def test_digits(run):
    """By default, and with tolerance="tight", which is one more pass."""
    _check(*run)


@pytest.mark.parametrize("name", all_sets())
def test_scores_and_means(name):
    """In our own coding, whose dropped levels are the last: every column's score is zero, dropped ones' too."""
    data, answer = all_sets()[name], _answers()[name]
    frame = pa.table(data.table).to_pandas()
    for factor, levels in data.levels.items():
        frame[factor] = frame[factor].astype("category").cat.set_categories(levels)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = insitu.rx_glm(
            data.formula, frame, family=Family(**data.family), compute_context=insitu.RxLocalSeq(), **data.options,
        )  # fmt: skip
        means = insitu.rx_predict(model, frame).to_numpy()[:, 0]
    estimates = model.coefficients.fillna(0.0).to_dict()
    problem = Problem(data, list(data.design()))
    place = problem.at([estimates[name] for name in problem.names])
    off = [float(size) for size in problem.relative_scores(place)]
    assert max(off) <= SCORES, dict(zip(problem.names, off, strict=True))
    np.testing.assert_allclose(means[answer["rows"]], answer["fitted"], rtol=FITTED)
