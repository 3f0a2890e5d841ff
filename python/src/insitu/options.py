"""RxOptions: settings of this process."""

from __future__ import annotations

import os
import re
import tempfile
from typing import Any, ClassVar

from .arguments import warn
from .errors import SpecError

# What INSITU_ISA may ask for: the engine's kernels.
ISAS = ("baseline", "avx2", "avx512")


def _default_cache_bytes() -> int:
    """A quarter of the machine's memory (or of what a container may use)."""
    limits = []
    try:
        limits.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, OSError, ValueError):
        limits.append(4 << 30)
    for path in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        try:
            with open(path, encoding="ascii") as file:
                limits.append(int(file.read()))
        except (OSError, ValueError):
            continue
    return min(limits) // 4


_DEFAULTS: dict[str, Any] = {
    "sampleDataDir": "",
    "unitTestDataDir": "",
    "blocksPerRead": 1,
    "reportProgress": 2,
    "RowDisplayMax": -1,
    "MemStatsReset": 0,
    "MemStatsDiff": 0,
    "NumCoresToUse": -1,
    "NumDigits": 7,
    "ShowTransformFn": False,
    "DataPath": ".",
    "OutDataPath": ".",
    "XdfCompressionLevel": 1,
    "FileSystem": "native",
    "UseSparseCube": False,
    "RngBfferSize": 1,
    "DropMain": True,
    "CoefLabelStyle": "Revo",
    "NumTasks": 1,
    "unixPythonPath": "",
    "traceLevel": 0,
    "hdfsHost": "default",
    "hdfsPort": 0,
    "spark.numExecutors": 65535,
    "spark.executorCores": 2,
    "spark.executorMem": "4g",
    "spark.driverMem": "4g",
    "spark.executorOverheadMem": "4g",
    "defaultDecimalColType": "float64",
    "defaultMissingColType": "float64",
    "tempDir": tempfile.gettempdir(),
    # Bytes of decoded columns that are kept for later passes; None is a quarter of memory.
    "cacheBytes": None,
}


def _folded(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


_BY_FOLDED = {_folded(name): name for name in _DEFAULTS} | {
    "rngbuffersize": "RngBfferSize",
    "numcores": "NumCoresToUse",
    "datacachebytes": "cacheBytes",
}


class RxOptions:
    """Settings of this process, by name; case and underscores do not matter (`NumTasks`, `num_tasks`).

    Those with an effect: `DataPath`, `OutDataPath`, `reportProgress`, `NumCoresToUse` (-1: all), `cacheBytes` (bytes of
    decoded columns kept for later passes). The others are kept for revoscalepy's scripts.

    Example:
        >>> RxOptions.get_option("NumTasks"), RxOptions.get_option("num_tasks")
        (1, 1)
    """

    _values: ClassVar[dict[str, Any]] = dict(_DEFAULTS)

    @staticmethod
    def get_option(name: str, default: Any = None) -> Any:
        """The value of an option, or `default` if there is no such option.

        Example:
            >>> RxOptions.get_option("reportProgress")
            2
        """
        known = _BY_FOLDED.get(_folded(name), name)
        value = RxOptions._values.get(known, default)
        if known == "cacheBytes" and value is None:
            return _default_cache_bytes()
        return value

    @staticmethod
    def set_option(name: str, value: Any) -> dict[str, Any]:
        """Sets an option and gives all options as they were before.

        Raises: SpecError for a value of the wrong kind.

        Example:
            >>> before = RxOptions.set_option("num_tasks", 4)
            >>> before["NumTasks"], RxOptions.get_option("NumTasks")
            (1, 4)
            >>> _ = RxOptions.set_option("NumTasks", before["NumTasks"])
        """
        known = _BY_FOLDED.get(_folded(name), name)
        default = _DEFAULTS.get(known)
        if isinstance(default, int) and not isinstance(value, (int, float)):
            raise SpecError(f"Option {known!r} is a number, such as {default!r}; got {value!r}.")
        before = dict(RxOptions._values)
        RxOptions._values[known] = value
        return before


def worker_threads(limit: int | None = None) -> int:
    """Threads that the engine may use: the cores of this process, the option NumCoresToUse, and a limit."""
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:
        cores = os.cpu_count() or 1
    wanted = int(RxOptions.get_option("NumCoresToUse"))
    if wanted > 0:
        cores = min(cores, wanted)
    return max(1, min(cores, limit) if limit else cores)


def check_isa() -> None:
    """Warns of an INSITU_ISA that names no instruction set: the engine then takes the best there is."""
    wish = os.environ.get("INSITU_ISA")
    if wish is not None and wish not in ISAS:
        warn(
            f"INSITU_ISA is {wish!r}, which is none of {', '.join(ISAS)}: it is ignored, and the best"
            " instruction set of this machine is used."
        )
