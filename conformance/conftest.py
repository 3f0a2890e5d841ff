"""Places where cases run: every context of contexts/ with every kind of source it reads."""

from __future__ import annotations

import importlib
import pkgutil
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from conformance import contexts, sources, summing
from conformance.contexts.base import ContextCase
from conformance.reference import nist


def _cases() -> list[ContextCase]:
    names = [m.name for m in pkgutil.iter_modules(contexts.__path__) if m.name != "base"]
    return [importlib.import_module(f"conformance.contexts.{name}").CASE for name in names]


CONTEXTS = _cases()
PLACES = [
    (case, kind)
    for case in CONTEXTS
    if not case.missing()
    for kind in case.reads
    if not sources.missing(kind)
]


@dataclass
class Place:
    """A compute context, a kind of source, and a directory for both."""

    case: ContextCase
    kind: str
    directory: Path
    context: Any
    warned: list[Any] = field(default_factory=list)

    def load(
        self, table: pa.Table, name: str = "t", levels: dict[str, list[str]] | None = None
    ) -> Any:
        """The table as this place's source."""
        return self.case.load(self.kind, table, self.directory, name, levels)

    def fit(self, formula: str, data: Any, **options: Any) -> Any:
        """`rx_lin_mod` here; data outside the context must give one warning, and only once."""
        return self._call("rx_lin_mod", formula, data, **options)

    def summarise(self, formula: str, data: Any, **options: Any) -> Any:
        """`rx_summary` here."""
        return self._call("rx_summary", formula, data, **options)

    def _call(self, function: str, formula: str, data: Any, **options: Any) -> Any:
        import insitu

        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            result = getattr(insitu, function)(
                formula, data, compute_context=self.context, **options
            )
        local = [w for w in caught if "locally" in str(w.message)]
        first = not any(data is seen for seen in self.warned)
        self.warned.append(data)
        self._check_way()
        expected = self.kind in self.case.outside and first
        assert len(local) == expected, [str(w.message) for w in caught]
        return result

    def _check_way(self) -> None:
        """It was computed as this context is there to try."""
        if self.case.expected_way is None or self.kind in self.case.outside:
            return
        told = self.context.explain()
        other = self.case.other_way
        if other is None or not any(note.startswith(other) for note in told.notes):
            assert told.way == self.case.expected_way, str(told)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each context with each kind of source in turn; with the marker `kinds`, those kinds."""
    if "place" not in metafunc.fixturenames:
        return
    marker = metafunc.definition.get_closest_marker("kinds")
    places = [place for place in PLACES if marker is None or place[1] in marker.args]
    metafunc.parametrize(
        "place", places, ids=[f"{case.name}-{kind}" for case, kind in places], indirect=True
    )


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """A context with a kind of source."""
    case, kind = request.param
    return Place(case, kind, tmp_path, case.connect(tmp_path))


@pytest.fixture(params=summing.ways(), ids=lambda way: way.label)
def way(request: pytest.FixtureRequest) -> type[summing.Summing]:
    """Each database that SQL's aggregates are tried in."""
    return request.param


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Names what did not run: nothing is left out in silence."""
    if nist.left_out():
        terminalreporter.write_line(
            f"INSITU_NIST_DIR is not set; left out: {', '.join(nist.left_out())}"
        )
    for case in CONTEXTS:
        if case.missing():
            terminalreporter.write_line(f"context {case.name} left out: {case.missing()}")
    for kind in sources.KINDS:
        if sources.missing(kind):
            terminalreporter.write_line(f"source {kind} left out: {sources.missing(kind)}")
