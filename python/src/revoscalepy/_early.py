"""Names of early releases and small things of the original that insitu itself does not need."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

import insitu
from insitu.arguments import tolerant


class RxSqlServerData(insitu.RxSqlServerData):
    """`insitu.RxSqlServerData`, which takes `connectionString`, `sqlQuery`, `colInfo` too."""

    __init__ = tolerant(insitu.RxSqlServerData.__init__)


class RxOdbcData(insitu.RxOdbcData):
    """`insitu.RxOdbcData`, which takes `connectionString`, `sqlQuery`, `colInfo` too."""

    __init__ = tolerant(insitu.RxOdbcData.__init__)


class RxTextData(insitu.RxTextData):
    """`insitu.RxTextData`, which takes `stringsAsFactors`, `colInfo` too."""

    __init__ = tolerant(insitu.RxTextData.__init__)


class RxParquetData(insitu.RxParquetData):
    """`insitu.RxParquetData`, which takes `colInfo`, `stringsAsFactors` too."""

    __init__ = tolerant(insitu.RxParquetData.__init__)


class RxInSqlServer(insitu.RxInSqlServer):
    """`insitu.RxInSqlServer`, which takes `connectionString`, `numTasks`, `autoCleanup` too."""

    __init__ = tolerant(insitu.RxInSqlServer.__init__)


class RxMissingValues:
    """The marker of a missing value in each type, as the original's chunks used them.

    insitu never makes them: missing is NaN, None, or pandas' NA.

    Example:
        >>> RxMissingValues.int32(), RxMissingValues.uint8()
        (-2147483648, 255)
    """

    @staticmethod
    def int8() -> int:
        """The smallest value."""
        return -(2**7)

    @staticmethod
    def int16() -> int:
        """The smallest value."""
        return -(2**15)

    @staticmethod
    def int32() -> int:
        """The smallest value."""
        return -(2**31)

    @staticmethod
    def int64() -> int:
        """The smallest value."""
        return -(2**63)

    @staticmethod
    def uint8() -> int:
        """The largest value."""
        return 2**8 - 1

    @staticmethod
    def uint16() -> int:
        """The largest value."""
        return 2**16 - 1

    @staticmethod
    def uint32() -> int:
        """The largest value."""
        return 2**32 - 1

    @staticmethod
    def uint64() -> int:
        """The largest value."""
        return 2**64 - 1

    @staticmethod
    def float16() -> float:
        """NaN."""
        return math.nan

    @staticmethod
    def float32() -> float:
        """NaN."""
        return math.nan

    @staticmethod
    def float64() -> float:
        """NaN."""
        return math.nan


class RxNativeFileSystem:
    """The files of this machine; the only file system there is."""

    def file_system_type(self) -> str:
        """ "native"."""
        return "native"


class PredictResults:
    """A frame of predictions that scripts of early releases look into by `_results` and `_data`."""

    def __init__(self, frame: Any) -> None:
        self._results = frame
        self._data = frame

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name in ("_results", "_data"):
            raise AttributeError(name)
        return getattr(self._results, name)

    def __getitem__(self, key: Any) -> Any:
        return self._results[key]

    def __len__(self) -> int:
        return len(self._results)

    def __repr__(self) -> str:
        return repr(self._results)


def rx_lin_mod_ex(*args: Any, **kwargs: Any) -> insitu.LinearModel:
    """`rx_lin_mod` under its early name."""
    return insitu.rx_lin_mod(*args, **kwargs)


def rx_logit_ex(*args: Any, **kwargs: Any) -> insitu.GeneralizedLinearModel:
    """`rx_logit` under its early name."""
    return insitu.rx_logit(*args, **kwargs)


def rx_summary_ex(*args: Any, **kwargs: Any) -> insitu.Summary:
    """`rx_summary` under its early name."""
    return insitu.rx_summary(*args, **kwargs)


def rx_predict_ex(*args: Any, **kwargs: Any) -> Any:
    """`rx_predict` under its early name; a frame comes with `_results` and `_data`.

    Example:
        >>> import pandas as pd, revoscalepy as rp
        >>> data = pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0], "y": [1.0, 3.0, 2.0, 5.0]})
        >>> rp.rx_predict_ex(rp.rx_lin_mod_ex("y ~ x", data=data), data=data)._data["y_Pred"].round(4).tolist()
        [1.1, 2.2, 3.3, 4.4]
    """
    result = insitu.rx_predict(*args, **kwargs)
    return PredictResults(result) if isinstance(result, pd.DataFrame) else result


def rx_import(*args: Any, **kwargs: Any) -> Any:
    """`insitu.rx_import`, which takes `inData`, `stringsAsFactors`, `maxRowsByCols` too."""
    return tolerant(insitu.rx_import)(*args, **kwargs)


def rx_import_datasource(*args: Any, **kwargs: Any) -> Any:
    """`rx_import` under its early name."""
    return tolerant(insitu.rx_import)(*args, **kwargs)


def rx_set_computecontext(compute_context: Any) -> Any:
    """`rx_set_compute_context` as a tutorial misspelt it; gives the previous context."""
    return insitu.rx_set_compute_context(compute_context)


def rx_privacy_control(enable: bool | None = None) -> bool:
    """The original's switch for telemetry. There is none here: always False."""
    return False
