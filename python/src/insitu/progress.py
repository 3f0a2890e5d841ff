"""Progress bars for long work in a terminal or notebook; silent elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from .options import RxOptions

if TYPE_CHECKING:
    from .data.source import Source

Progress = Callable[[int, int], None]
# Work shorter than this shows no bar.
DELAY_SECONDS = 1.0


def _watched() -> bool:
    return sys.stderr.isatty() or "ipykernel" in sys.modules


@contextmanager
def progress_bar(report_progress: int | None, source: Source) -> Iterator[Progress | None]:
    """A function of (rows, bytes) that draws a bar, or None where nobody looks or the extra `progress` is missing.

    Example:
        >>> from insitu.data import as_source
        >>> with progress_bar(0, as_source({"x": [1.0]})) as progress:
        ...     progress is None
        True
    """
    level = RxOptions.get_option("reportProgress") if report_progress is None else report_progress
    if not level or not _watched():
        yield None
        return
    try:
        from tqdm.auto import tqdm
    except ImportError:
        yield None
        return
    with tqdm(total=source.row_count(), unit=" rows", unit_scale=True, delay=DELAY_SECONDS) as bar:
        yield _drawer(bar)


def _drawer(bar: Any) -> Progress:
    def draw(rows: int, _bytes: int) -> None:
        if rows < bar.n:  # the next pass
            bar.reset()
        bar.update(rows - bar.n)

    return draw
