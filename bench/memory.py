"""Peak memory of a fit on a file, over what importing takes; in a process of its own."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

from bench import data

BUDGET = 256 << 20
PREDICTORS = "carrier + airport + day + x0 + x1"
# What is called, the response, and the file.
CALLS = {
    "memory": ("rx_lin_mod", "y", data.factors_parquet),
    "memory_glm": ("rx_logit", "event", data.responses_parquet),
}

_CHILD = """
import json, re, sys, time
import numpy, pandas, pyarrow, pyarrow.parquet, duckdb, insitu
def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read()).group(1)) * 1024
insitu.RxOptions.set_option("cacheBytes", int(sys.argv[3]))
before = peak()
start = time.perf_counter()
model = getattr(insitu, sys.argv[4])(sys.argv[1], sys.argv[2])
print(json.dumps({"before": before, "after": peak(), "rows": model.n_valid_obs, "seconds": time.perf_counter() - start}))
"""


def measure(name: str, folder: Path, n: int) -> dict[str, float]:
    """Bytes at the peak, before and after, and the size of the file."""
    function, response, write = CALLS[name]
    path = write(folder, n)
    formula = f"{response} ~ {PREDICTORS}"
    command = [sys.executable, "-c", _CHILD, formula, str(path), str(BUDGET), function]
    result = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert result["rows"] == n
    return {**result, "peak": result["after"] - result["before"], "file": path.stat().st_size}


def markdown(name: str, n: int, result: dict[str, float]) -> str:
    """The row of the table."""
    mb = result["peak"] / 1e6
    function, response, _ = CALLS[name]
    met = "" if result["peak"] <= 1e9 else " **(not reached)**"
    return (
        f"Peak memory over import of `{function}`: **{mb:.0f} MB**{met} for {n:,} rows of {response}, two numbers and three text columns "
        f"on disk ({result['file'] / 1e9:.2f} GB of Parquet), with the budget for decoded columns at 256 MB. "
        "To reach: ≤ 1 GB (aim ≤ 400 MB). In memory the same columns take "
        f"{n * (3 * 8 + 3 * 4) / 1e9:.1f} GB as numbers and codes. It took {result['seconds']:.1f} s."
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
