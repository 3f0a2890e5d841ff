"""The active compute context of this process."""

from __future__ import annotations

from types import TracebackType

from ..errors import SpecError
from .base import RxComputeContext
from .local import RxLocalParallel, RxLocalSeq

_ALIASES = {"local": RxLocalSeq, "localpar": RxLocalParallel}
_active: RxComputeContext = RxLocalSeq()


def resolve(context: RxComputeContext | str | None) -> RxComputeContext:
    """The context itself, the one an alias names, or for None the active one.

    Raises: SpecError for anything else.
    """
    if context is None:
        return _active
    if isinstance(context, RxComputeContext):
        return context
    if isinstance(context, str) and context.lower() in _ALIASES:
        return _ALIASES[context.lower()]()
    raise SpecError(
        f"A compute context is an object such as RxLocalSeq(), or one of 'local' and 'localpar'; got {context!r}."
    )


def rx_get_compute_context() -> RxComputeContext:
    """The compute context that functions use when none is given.

    Example:
        >>> rx_get_compute_context()
        RxLocalSeq()
    """
    return _active


def rx_set_compute_context(compute_context: RxComputeContext | str) -> RxComputeContext:
    """Makes a compute context the active one.

    Arguments:
        compute_context: a context, or "local" or "localpar".
    Returns: the previous context, so that it can be set again.
    Raises: SpecError if it is no context.

    Example:
        >>> previous = rx_set_compute_context("localpar")
        >>> rx_set_compute_context(previous)
        RxLocalParallel()
    """
    global _active
    previous, _active = _active, resolve(compute_context)
    return previous


class rx_set_temp_compute_context:  # noqa: N801 - the original's name
    """A `with` block in which another compute context is active.

    Example:
        >>> with rx_set_temp_compute_context("localpar"):
        ...     rx_get_compute_context()
        RxLocalParallel()
        >>> rx_get_compute_context()
        RxLocalSeq()
    """

    def __init__(self, compute_context: RxComputeContext | str) -> None:
        self._context = resolve(compute_context)

    def __enter__(self) -> RxComputeContext:
        self._previous = rx_set_compute_context(self._context)
        return self._context

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        rx_set_compute_context(self._previous)
