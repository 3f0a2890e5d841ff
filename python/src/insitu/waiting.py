"""Waiting for work that may be deep in C code, with Ctrl-C seen at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TypeVar

T = TypeVar("T")
POLL_SECONDS = 0.05


def run_aside(
    work: Callable[[], T], cancel: Callable[[], None], tick: Callable[[], None] | None = None
) -> T:
    """Does the work on a thread of its own while this thread waits.

    Arguments:
        work: what to do. cancel: wakes the work; called until it lets go when the wait is interrupted.
        tick: called about twenty times a second meanwhile; what it raises ends the wait.
    Returns: what the work returns.
    Raises: what the work raises, or the KeyboardInterrupt or error of `tick` that ended the wait.

    Example:
        >>> run_aside(lambda: 6 * 7, lambda: None)
        42
    """
    if tick is None and threading.current_thread() is not threading.main_thread():
        return work()  # Ctrl-C reaches the main thread only
    with ThreadPoolExecutor(1, thread_name_prefix="insitu") as pool:
        future = pool.submit(work)
        try:
            while not future.done():
                wait([future], POLL_SECONDS)
                if tick is not None:
                    tick()
        except BaseException:
            while not future.done():
                cancel()
                wait([future], POLL_SECONDS)
            raise
        try:
            return future.result()
        finally:
            del (
                future
            )  # its error holds this frame: a cycle that would keep the engine's objects alive
