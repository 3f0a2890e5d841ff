"""The engine, as Python sees it. Everything here is a thin cover of the C border."""

class Analysis:
    """One pass over rows that ends in a small state."""

    def __init__(self, name: str, spec: str) -> None: ...
    def describe(self) -> str:
        """JSON: {name, fingerprint, columns, state_bytes, spec}."""

    def empty(self) -> State: ...
    def update(self, state: State, batch: object, first_row: int = -1) -> None:
        """Adds the rows of anything with __arrow_c_array__."""

    def merge(self, into: State, other: State) -> None: ...
    def save(self, state: State) -> bytes: ...
    def load(self, data: bytes) -> State: ...
    def finalize(self, state: State) -> str: ...
    def sums(self) -> str:
        """JSON: what a database would have to sum for a state; null where SQL cannot express it."""

    def from_sums(self, facts: str, answer: object) -> State:
        """The state of rows that a database summed: `answer` is anything with __arrow_c_array__."""

class State:
    """What a pass ends in; opaque."""

class Fit:
    """A model that hands out passes until it is ready."""

    def __init__(self, name: str, spec: str) -> None: ...
    def next(self) -> Analysis | None: ...
    def accept(self, state: State) -> None: ...
    def cancel(self) -> None:
        """Ends an `accept` under way on another thread, and later ones."""

    def result(self) -> str: ...

class RowFunction:
    """Columns in, columns out, row by row."""

    def __init__(self, name: str, spec: str) -> None: ...
    def describe(self) -> str:
        """JSON: {name, columns, outputs, spec}."""

class Cache:
    """Decoded batches kept for later passes, up to a budget in bytes."""

    def __init__(self, budget_bytes: int) -> None: ...
    def serves(self, analysis: Analysis) -> bool:
        """True if a run of the analysis needs no stream."""

class Run:
    """A pass on worker threads."""

    def __init__(
        self,
        analysis: Analysis,
        stream: object | None,
        cache: Cache | None = None,
        options: str = "{}",
    ) -> None: ...
    def poll(self, timeout_ms: int) -> tuple[int, int, bool]:
        """Waits up to the time for the end: (rows, bytes, finished)."""

    def cancel(self) -> None: ...
    def finish(self) -> State: ...

class MapStream:
    """Rows on their way through a row function; read it once through __arrow_c_stream__."""

    def __arrow_c_stream__(self, requested_schema: object = None) -> object: ...
    def notes(self) -> str:
        """JSON of what the function noticed, after the stream was read to its end."""

def map_stream(function: RowFunction, stream: object, options: str = "{}") -> MapStream: ...
def stored_state_seal(spec: str, state: bytes) -> bytes:
    """A state with the request that made it, as databases keep it."""

def stored_state_open(data: bytes) -> tuple[str, bytes]:
    """(spec, state)"""

def model_seal(model: str) -> bytes:
    """The bytes of docs/model-format.md around a fit's result."""

def model_open(data: bytes) -> str: ...
def model_tidy(model: str, conf_level: float) -> str: ...
def model_glance(model: str) -> str: ...
def model_to_sql(model: str, dialect: str) -> str: ...
def compute(name: str, spec: str) -> str:
    """What needs no rows, by name of the registry: JSON to JSON."""

def formula_describe(formula: str, columns: str) -> str: ...
def registry() -> str: ...
def version() -> str: ...
