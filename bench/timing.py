"""Timing side by side: several turns taken alternately, their medians, and the median of the ratios turn by turn."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

THREADS = 2


@dataclass
class Row:
    """One line of the table: seconds of insitu, the limit, and the peers; what to reach and to aim at, as ratios."""

    name: str
    work: str
    limit: str
    reach: float
    aim: float | None
    limits: list[float] = field(default_factory=list)
    turns: list[float] = field(default_factory=list)
    peers: dict[str, float | str] = field(default_factory=dict)
    note: str = ""

    @property
    def seconds(self) -> float:
        """Of insitu."""
        return statistics.median(self.turns)

    @property
    def limit_seconds(self) -> float:
        """Of the limit."""
        return statistics.median(self.limits)

    @property
    def ratio(self) -> float:
        """How much longer than the limit, turn by turn: a machine whose speed drifts is the same for both."""
        return paired_ratio(self.turns, self.limits)

    def verdict(self, judged: bool = True) -> str:
        """The ratio, and whether it misses what was to be reached."""
        met = "" if self.ratio <= self.reach or not judged else " **(not reached)**"
        return f"{self.ratio:.2f}×{met}"

    @property
    def target(self) -> str:
        """What to reach and to aim at."""
        return f"≤ {self.reach:.3g}×{f' (aim {self.aim:.3g}×)' if self.aim else ''}"

    def markdown(self, judged: bool = True) -> str:
        """The line as Markdown; `judged`: at the size for which the ratio to reach was set."""
        peers = "; ".join(
            f"{name} {value}"
            if isinstance(value, str)
            else f"{name} {value:.2f} s ({value / self.seconds:.0f}×)"
            for name, value in self.peers.items()
        )
        if not self.limits:
            return (
                f"| {self.work} | {self.limit}: not measured | {self.seconds:.3f} s "
                f"| – | {self.target} | {peers or '–'} |"
            )
        return (
            f"| {self.work} | {self.limit}: {self.limit_seconds:.3f} s | {self.seconds:.3f} s "
            f"| {self.verdict(judged)} | {self.target} | {peers or '–'} |"
        )


HEADER = (
    "| work | limit | insitu | insitu / limit | to reach | peers (times insitu) |\n"
    "|---|---|---|---|---|---|"
)


def seconds(function: Callable[[], object]) -> float:
    """One turn."""
    gc.collect()
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def alternate(turns: int, **functions: Callable[[], object]) -> dict[str, list[float]]:
    """Times of each, in alternate turns, so that a busy moment of the machine meets all."""
    times: dict[str, list[float]] = {name: [] for name in functions}
    for _ in range(turns):
        for name, function in functions.items():
            times[name].append(seconds(function))
    return times


def paired_ratio(ours: list[float], limits: list[float]) -> float:
    """The median of the ratios of turns taken next to each other."""
    return statistics.median(a / b for a, b in zip(ours, limits, strict=True))


def peers(functions: dict[str, Callable[[], object]]) -> dict[str, float | str]:
    """One turn of each peer; one that is not installed is named as such."""
    times: dict[str, float | str] = {}
    for name, function in functions.items():
        try:
            times[name] = seconds(function)
        except ImportError as error:
            times[name] = f"not installed ({error.name})"
    return times


def toucher(table: pa.Table) -> Callable[[], int]:
    """Reads every byte of the table's columns, with two threads: what no computation on them can beat."""
    buffers = []
    for column in table.columns:
        for chunk in column.chunks:
            if pa.types.is_dictionary(chunk.type):
                chunk = chunk.indices
            raw = np.frombuffer(chunk.buffers()[1], np.uint8)
            words = raw[: raw.size // 8 * 8].view(np.uint64)
            buffers.extend(np.array_split(words, THREADS))
    pool = ThreadPoolExecutor(THREADS)

    def touch() -> int:
        return len(list(pool.map(np.bitwise_or.reduce, buffers)))

    return touch
