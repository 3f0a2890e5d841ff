"""Peak memory of a fit on a file, over what importing takes; in a process of its own."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

from bench import data

BUDGET = 256 << 20
FORMULA = "y ~ carrier + airport + day + x0 + x1"

_CHILD = """
import json, re, sys
import numpy, pandas, pyarrow, pyarrow.parquet, duckdb, insitu
def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read()).group(1)) * 1024
insitu.RxOptions.set_option("cacheBytes", int(sys.argv[3]))
before = peak()
model = insitu.rx_lin_mod(sys.argv[1], sys.argv[2])
print(json.dumps({"before": before, "after": peak(), "rows": model.n_valid_obs}))
"""


def measure(folder: Path, n: int) -> dict[str, float]:
    """Bytes at the peak, before and after, and the size of the file."""
    path = data.factors_parquet(folder, n)
    command = [sys.executable, "-c", _CHILD, FORMULA, str(path), str(BUDGET)]
    result = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert result["rows"] == n
    return {**result, "peak": result["after"] - result["before"], "file": path.stat().st_size}


def markdown(n: int, result: dict[str, float]) -> str:
    """The row of the table."""
    mb = result["peak"] / 1e6
    met = "" if result["peak"] <= 1e9 else " **(not reached)**"
    return (
        f"Peak memory over import: **{mb:.0f} MB**{met} for {n:,} rows of y, two numbers and three text columns "
        f"on disk ({result['file'] / 1e9:.2f} GB of Parquet), with the budget for decoded columns at 256 MB. "
        "To reach: ≤ 1 GB (aim ≤ 400 MB). In memory the same columns take "
        f"{n * (3 * 8 + 3 * 4) / 1e9:.1f} GB as numbers and codes."
    )


def machine() -> str:
    """The processor, its number and the memory."""
    info = Path("/proc/cpuinfo").read_text()
    name = re.search(r"model name\s*:\s*(.*)", info)
    cores = len(re.findall(r"^processor", info, re.M))
    memory = re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text())
    widest = next((k for k in ("avx512f", "avx2") if k in info), "no AVX2")
    return (
        f"{name.group(1).strip() if name else 'unknown processor'}, {cores} processors, "
        f"{int(memory.group(1)) / 2**20:.0f} GiB, {widest}"
    )
