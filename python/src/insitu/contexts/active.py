"""The active compute context."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import SpecError
from .base import RxComputeContext
from .local import RxLocalParallel, RxLocalSeq

_active: RxComputeContext = RxLocalSeq()
_ALIASES = {
    "local": RxLocalSeq,
    "localseq": RxLocalSeq,
    "rxlocalseq": RxLocalSeq,
    "localpar": RxLocalParallel,
    "localparallel": RxLocalParallel,
    "rxlocalparallel": RxLocalParallel,
}


def resolve_context(context: RxComputeContext | str | None) -> RxComputeContext:
    """The context that an argument means: None is the active one, "local" and "localpar" are aliases.

    Example:
        >>> resolve_context("localpar")
        RxLocalParallel()
    """
    if context is None:
        return _active
    if isinstance(context, RxComputeContext):
        return context
    if isinstance(context, str) and context.lower() in _ALIASES:
        return _ALIASES[context.lower()]()
    raise SpecError(
        f"{context!r} is no compute context: give 'local', 'localpar', or an object such as RxLocalSeq()."
    )


def rx_get_compute_context() -> RxComputeContext:
    """The active compute context.

    Example:
        >>> rx_get_compute_context()
        RxLocalSeq()
    """
    return _active


def rx_set_compute_context(compute_context: RxComputeContext | str) -> RxComputeContext:
    """Makes a context the active one.

    Arguments:
        compute_context: a context, or "local" or "localpar".
    Returns: the context that was active before, so that it can be set again.
    Raises: SpecError if it is no context.

    Example:
        >>> previous = rx_set_compute_context("localpar")
        >>> rx_set_compute_context(previous)
        RxLocalParallel()
    """
    global _active
    wanted = resolve_context(compute_context)
    previous, _active = _active, wanted
    return previous


@contextmanager
def rx_set_temp_compute_context(compute_context: RxComputeContext | str) -> Iterator[RxComputeContext]:
    """Makes a context the active one for the length of a `with` block.

    Raises: SpecError if it is no context.

    Example:
        >>> with rx_set_temp_compute_context("localpar") as context:
        ...     context is rx_get_compute_context()
        True
    """
    previous = rx_set_compute_context(compute_context)
    try:
        yield _active
    finally:
        rx_set_compute_context(previous)
