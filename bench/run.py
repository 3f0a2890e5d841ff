"""`make bench`: every row in a process of its own, printed as it ends, and kept in docs/benchmarks.md.

--row NAME runs one row (or memory, columns, levels, postgres) and writes no file; --quick (or QUICK=1) takes a small size.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[0] = str(ROOT)
for variable in (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "POLARS_MAX_THREADS",
    "NUMBA_NUM_THREADS",
):
    os.environ.setdefault(variable, "2")

LINEAR = ("ols_dense", "ols_parquet", "ols_factors", "factors_parquet", "factors_duckdb", "summary", "predict")  # fmt: skip
GENERALIZED = ("logit_factors", "logit_parquet", "logit_dense", "poisson_factors", "gamma_factors", "tweedie_factors")  # fmt: skip
ROBUST = ("hc1_factors", "cluster_factors")
EVALUATION = ("auc",)
MARGINS = ("margins_dense",)
NAMES = (
    *LINEAR,
    *GENERALIZED,
    *ROBUST,
    *EVALUATION,
    *MARGINS,
    "memory",
    "memory_glm",
    "columns",
    "levels",
    "postgres",
)
INTRODUCTION = """# Benchmarks

`make bench` prints these tables: insitu, its peers and the limit side by side in one run, in nine alternate turns (peers: one).
Seconds are medians, ratios the median of the ratios turn by turn. The limit is the same columns merely read. Data are generated with fixed seeds: {rows:,} rows, 2 threads.
Seconds belong to this machine ({machine}); the ratios count.

"""
GLM = (
    "Whole calls, with standard errors and tests, beside glum's `fit`, which has none; three alternate turns, once both are seen to agree within a "
    "twentieth of a standard error. The same number of threads."
)
ROBUST_NOTE = "Whole calls, beside `pyfixest.feols`, which absorbs the factors; three alternate turns, once both are seen to agree within a hundredth of the standard errors."
MARGINS_NOTE = "With errors by the delta method, beside `get_margeff` of a fitted model; one turn, once both agree to eight digits."
MADLIB = (
    "MADlib is measured where `MADPACK` names its program: MADlib 2.1.0 (`rel/v2.1.0`, with `#include <array>` in "
    "`src/ports/postgres/dbconnector/dbconnector.hpp`) builds by its own cmake with gcc 12, Boost 1.74, its own Eigen branch and `postgresql-plpython3`."
)


def one(name: str, folder: Path, quick: bool) -> str:
    """A row, as Markdown."""
    from bench import evaluation, glm, margins, memory, postgres, robust, rows, scaling

    if name == "postgres":
        return postgres.markdown(quick)
    n = 20_000 if quick else 10_000_000
    if make := {**rows.ROWS, **glm.ROWS, **robust.ROWS, **evaluation.ROWS, **margins.ROWS}.get(
        name
    ):
        return make(folder, n, quick).markdown(judged=not quick)
    if name in memory.CALLS:
        n = 200_000 if quick else 100_000_000
        return memory.markdown(name, n, memory.measure(name, folder, n))
    return "\n".join(getattr(scaling, name)(n if name == "levels" else n // 10))


def main() -> int:
    """All rows, or one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--row", choices=NAMES)
    parser.add_argument("--quick", action="store_true", default=bool(os.environ.get("QUICK")))
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    folder = ROOT / "build" / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    if options.row:
        print(one(options.row, folder, options.quick))
        return 0

    from bench import memory, timing

    parts: dict[str, str] = {}
    print(timing.HEADER)
    for name in NAMES:
        command = [sys.executable, __file__, "--row", name, *(["--quick"] if options.quick else [])]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode != 0:
            print(f"bench: row {name} failed", file=sys.stderr)
            return 1
        parts[name] = done.stdout.strip()
        print(parts[name], flush=True)

    def table(names: tuple[str, ...]) -> str:
        return "\n".join([timing.HEADER, *(parts[name] for name in names)])

    text = INTRODUCTION.format(
        rows=20_000 if options.quick else 10_000_000, machine=memory.machine()
    )
    text += f"{table(LINEAR)}\n\n{parts['memory']}\n"
    text += f"\n## Generalised linear models\n\n{GLM}\n\n{table(GENERALIZED)}\n\n{parts['memory_glm']}\n"
    text += f"\n## Robust and clustered covariances\n\n{ROBUST_NOTE}\n\n{table(ROBUST)}\n"
    text += f"\n## Judging predictions\n\nWhole calls, which also give the curve, log loss and Brier score, beside `roc_auc_score`.\n\n{table(EVALUATION)}\n"
    text += f"\n## Average marginal effects\n\n{MARGINS_NOTE}\n\n{table(MARGINS)}\n"
    text += (
        f"\n## Cost per row against columns\n\nOLS on doubles in memory.\n\n{parts['columns']}\n"
    )
    text += (
        "\n## Cost per row against levels\n\nOLS on a factor of so many levels, one of 20 and a number, in memory as "
        f"dictionaries; the largest factor is eliminated, never squared.\n\n{parts['levels']}\n"
    )
    text += (
        "\n## Inside PostgreSQL\n\nEach cell: insitu / the other = the median of the ratios of five alternate turns (streaming and pushdown of 20 million rows: one). "
        f"Both read the same tables from PostgreSQL's own memory. {MADLIB}\n\n{parts['postgres']}\n"
    )
    out = options.out or (None if options.quick else ROOT / "docs" / "benchmarks.md")
    if out:
        out.write_text(text, encoding="utf-8")
        print(f"written: {out}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
