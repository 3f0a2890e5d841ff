"""Progress of long work: a bar in a terminal or notebook, silence elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from .options import RxOptions

# Work shorter than this shows nothing.
DELAY_SECONDS = 1.0


@contextmanager
def progress_bar(
    what: str, total: int | None, report_progress: int | None
) -> Iterator[Callable[[int, int], None] | None]:
    """Gives a function of (rows, bytes) that shows them, or None where nobody looks.

    Arguments:
        what: the work's name. total: rows, if known. report_progress: 0 is silent; None takes the option.
    """
    level = RxOptions.get_option("reportProgress") if report_progress is None else report_progress
    if not level or not someone_looks():
        yield None
        return
    bar = _Bar(what, total)
    try:
        yield bar.show
    finally:
        bar.close()


def someone_looks() -> bool:
    """True in a terminal or a notebook."""
    shell = sys.modules.get("IPython")
    if shell is not None and type(shell.get_ipython()).__name__ == "ZMQInteractiveShell":
        return True
    return bool(sys.stderr is not None and sys.stderr.isatty())


class _Bar:
    def __init__(self, what: str, total: int | None) -> None:
        self._what = what
        self._total = total
        self._start = time.monotonic()
        self._bar: Any = None
        self._tried = False

    def show(self, rows: int, n_bytes: int) -> None:
        if time.monotonic() - self._start < DELAY_SECONDS:
            return
        if not self._tried:
            self._tried = True
            try:
                from tqdm.auto import tqdm

                self._bar = tqdm(total=self._total, desc=self._what, unit=" rows", unit_scale=True, leave=False)
            except ImportError:
                return
        if self._bar is not None:
            if rows < self._bar.n:  # the next pass begins
                self._bar.reset(total=self._total)
            self._bar.update(rows - self._bar.n)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()
