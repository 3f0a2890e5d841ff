"""Timing side by side: the best of several turns, taken alternately."""

from __future__ import annotations

import gc
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
    limit_seconds: float = float("nan")
    seconds: float = float("nan")
    peers: dict[str, float | str] = field(default_factory=dict)
    note: str = ""

    @property
    def ratio(self) -> float:
        """How much longer than the limit."""
        return self.seconds / self.limit_seconds

    def markdown(self) -> str:
        """The line as Markdown."""
        peers = "; ".join(
            f"{name} {value}"
            if isinstance(value, str)
            else f"{name} {value:.2f} s ({value / self.seconds:.0f}×)"
            for name, value in self.peers.items()
        )
        met = "" if self.ratio <= self.reach else " **(not reached)**"
        aim = f" (aim {self.aim:g}×)" if self.aim else ""
        return (
            f"| {self.work} | {self.limit}: {self.limit_seconds:.3f} s | {self.seconds:.3f} s "
            f"| {self.ratio:.2f}×{met} | ≤ {self.reach:g}×{aim} | {peers or '–'} |"
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


def alternate(turns: int, **functions: Callable[[], object]) -> dict[str, float]:
    """The best time of each, in alternate turns, so that a busy moment of the machine meets all."""
    best = dict.fromkeys(functions, float("inf"))
    for _ in range(turns):
        for name, function in functions.items():
            best[name] = min(best[name], seconds(function))
    return best


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
