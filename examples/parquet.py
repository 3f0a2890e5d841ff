"""A model on a Parquet file, scored into another one: memory does not grow with rows."""

import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import insitu

with tempfile.TemporaryDirectory() as folder:
    path, scored = Path(folder) / "trips.parquet", Path(folder) / "scored.parquet"
    rng = np.random.default_rng(2013)
    n = 200_000
    distance, zone = rng.gamma(2.0, 3.0, n), rng.integers(0, 5, n)
    fare = 3.0 + 2.5 * distance + np.array([0.0, 1.0, 2.0, 4.0, 8.0])[zone] + rng.normal(0, 1, n)
    names = pa.array(["airport", "centre", "east", "north", "west"])
    zones = pa.DictionaryArray.from_arrays(pa.array(zone, pa.int32()), names)
    pq.write_table(pa.table({"fare": fare, "distance": distance, "zone": zones}), path)

    model = insitu.rx_lin_mod("fare ~ distance + zone", str(path), row_selection="distance < 30")
    print(model.tidy())
    insitu.rx_predict(model, data=str(path), output_data=str(scored), extra_vars_to_write=["zone"])
    print(pq.read_table(scored).slice(0, 5).to_pandas())
    print(insitu.rx_summary("~ fare:zone", str(path)))
