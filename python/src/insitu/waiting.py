"""Waiting for work that may be deep in C code, with Ctrl-C seen at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TypeVar

T = TypeVar("T")
POLL_SECONDS = 0.05


def run_aside(work: Callable[[], T], cancel: Callable[[], None]) -> T:
    """Does the work on a thread of its own while the main thread waits.

    Arguments:
        work: what to do. cancel: wakes the work; called until it lets go when the wait is interrupted.
    Returns: what the work returns.
    Raises: what the work raises, or the KeyboardInterrupt that ended the wait.

    Example:
        >>> run_aside(lambda: 6 * 7, lambda: None)
        42
    """
    if threading.current_thread() is not threading.main_thread():
        return work()  # Ctrl-C reaches the main thread only
    with ThreadPoolExecutor(1, thread_name_prefix="insitu") as pool:
        future = pool.submit(work)
        try:
            while not future.done():
                wait([future], POLL_SECONDS)
        except BaseException:
            while not future.done():
                cancel()
                wait([future], POLL_SECONDS)
            raise
        return future.result()
