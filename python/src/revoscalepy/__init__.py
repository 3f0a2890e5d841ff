"""Scripts written for revoscalepy 9, on insitu: the same names, with other spellings of arguments accepted.

What differs from the original, and which of its names are still missing, is in docs/compat.md.

Example:
    >>> import pandas as pd
    >>> from revoscalepy import rx_lin_mod
    >>> data = pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0], "y": [1.0, 3.0, 2.0, 5.0]})
    >>> rx_lin_mod("y ~ x", data=data).coefficients.round(4).tolist()
    [0.0, 1.1]
"""

from __future__ import annotations

from typing import Any

from . import _deep, _names
from ._names import *  # noqa: F403

__all__ = list(_names.__all__)

_deep.install(__name__)


def __getattr__(name: str) -> Any:
    """A sentence for names of the original that are not here (yet), and for those that never were."""
    raise _names.missing(name)
