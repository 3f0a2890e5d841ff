"""`rx_predict`: a model's predictions for rows, streamed to a frame, a file or a table."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from . import arguments as args
from .errors import SpecError
from .results import CoefficientModel, GeneralizedLinearModel

if TYPE_CHECKING:
    from .contexts.base import RxComputeContext
    from .data.sinks import Sink
    from .data.source import Source

# Cells that a source may become in memory without being asked; the original truncated there.
MAX_CELLS = 3_000_000
Interval = Literal["none", "confidence", "prediction"]
Residuals = Literal["response", "working", "pearson", "deviance"]
_RESIDUALS = ("response", "working", "pearson", "deviance")
Names = str | Sequence[str] | None


@args.tolerant
def rx_predict(
    model_object: Any = None, data: Any = None, output_data: Any = None, **kwargs: Any
) -> Any:
    """Predicts from any fitted model; the model's class decides which arguments there are.

    Arguments:
        model_object: a model, or the bytes of one (`rx_serialize_model`).
        data: rows to score: a data frame, a path or a data source.
        output_data: where to write; see `rx_predict_default`.
        kwargs: arguments of `rx_predict_default`.

    Returns: a data frame, or the target that was written.

    Raises: as `rx_predict_default`.

    See: docs/functions/rx_predict.md.

    Example:
        >>> import pandas as pd, insitu
        >>> data = pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0], "y": [1.0, 3.0, 2.0, 5.0]})
        >>> model = insitu.rx_lin_mod("y ~ x", data)
        >>> insitu.rx_predict(model, pd.DataFrame({"x": [5.0]}))["y_Pred"].round(4).tolist()
        [5.5]
    """
    return rx_predict_default(model_object, data, output_data, **kwargs)


@args.tolerant
def rx_predict_default(
    model_object: Any = None,
    data: Any = None,
    output_data: Any = None,
    compute_standard_errors: bool = False,
    interval: Interval = "none",
    confidence_level: float = 0.95,
    compute_residuals: bool = False,
    type: str | None = None,
    write_model_vars: bool = False,
    extra_vars_to_write: str | Sequence[str] | None = None,
    remove_missings: bool = False,
    append: str | None = None,
    overwrite: bool = False,
    check_factor_levels: bool = True,
    predict_var_names: Names = None,
    residual_var_names: Names = None,
    interval_var_names: Names = None,
    std_errors_var_names: Names = None,
    blocks_per_read: int | None = 0,
    report_progress: int | None = None,
    verbose: int = 0,
    xdf_compression_level: int | None = 0,
    compute_context: RxComputeContext | str | None = None,
    residual_type: Residuals | Literal["usual"] = "response",
    **kwargs: Any,
) -> Any:
    """Predicts from a linear or generalised linear model; rows keep their order and their number.

    A row with a missing predictor, or with a level that the model does not know, gets missing predictions; one
    warning counts the latter. Levels are matched by label, whatever their order.

    Arguments:
        model_object: a LinearModel or GeneralizedLinearModel, or the bytes of one.
        data: rows to score: a data frame, a path (Parquet, CSV) or a data source.
        output_data: None gives a data frame of only the computed columns (from a source up to 3,000,000 cells);
            a data frame gives a copy of it with the columns appended; a Parquet or CSV path or a source
            (`RxParquetData`, `RxSqlServerData`, …) is written, streamed, and appears whole or not at all.
        compute_standard_errors: add the standard error of the prediction (by the delta method on the scale of the
            response); the model needs `cov_coef=True`.
        interval: "confidence" (of the mean) or, for linear models, "prediction" (of an observation), by Student's t,
            or normal where the dispersion is known. That of a generalised linear model is computed on the scale of the
            link, and brought back to that of the response.
        confidence_level: of the interval, between 0 and 1.
        compute_residuals: add observed minus predicted; where the response is missing all outputs of the row are.
        type: "response" (the mean) or "link" (the linear predictor); the same for a linear model.
        write_model_vars: keep the model's variables beside the outputs.
        extra_vars_to_write: names of further columns to keep.
        remove_missings: leave out rows without a prediction.
        append: "rows" adds to an existing target; "none" (default) makes a new one.
        overwrite: replace an existing target; without effect with append="rows".
        check_factor_levels: warn of levels that the model does not know.
        predict_var_names, residual_var_names, std_errors_var_names: names instead of `<y>_Pred`, `<y>_Resid`,
            `<y>_StdErr`.
        interval_var_names: two names instead of `<y>_Lower`, `<y>_Upper`.
        report_progress: 0 silent, 1 rows, 2 rows and times; None takes the option `reportProgress`.
        compute_context: where to compute; None takes the active context.
        residual_type: "response" (observed minus mean), "working" (that over the slope of the mean), "pearson" (over
            the root of the variance function) or "deviance" (signed root of the row's deviance); the last two count
            prior weights, as in R. "usual" is "response".
        blocks_per_read, verbose, xdf_compression_level: accepted, without effect.

    Returns: a data frame, or what was written (a data source).

    Raises: SpecError (no covariance in the model, unknown column, existing target, too many cells for a frame),
        DataError (infinite values), SourceError (data cannot be read, target cannot be written).

    See: docs/functions/rx_predict.md.

    Example:
        >>> import pandas as pd, insitu
        >>> data = pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0], "y": [1.0, 3.0, 2.0, 5.0]})
        >>> model = insitu.rx_lin_mod("y ~ x", data, cov_coef=True)
        >>> result = insitu.rx_predict_default(model, data, interval="confidence", compute_residuals=True)
        >>> list(result)
        ['y_Pred', 'y_Resid', 'y_Lower', 'y_Upper']
    """
    args.warn_unknown("rx_predict", kwargs)
    model = as_model(model_object)
    if data is None:
        raise SpecError("rx_predict needs data: a model does not hold the rows it was fitted to.")
    if type not in (None, "response", "link"):
        raise SpecError(f"type is 'response' or 'link', and was given as {type!r}.")
    request = Request(
        model=model,
        std_errors=bool(compute_standard_errors),
        interval=interval,
        confidence_level=confidence_level,
        residuals=bool(compute_residuals),
        type=type or "response",
        residual_type="response" if residual_type == "usual" else residual_type,
    )
    request.check()
    names = request.output_names(
        predict_var_names, residual_var_names, std_errors_var_names, interval_var_names
    )
    from .data import as_source

    source = as_source(data)
    extra = [extra_vars_to_write] if isinstance(extra_vars_to_write, str) else extra_vars_to_write
    keep = request.kept(bool(write_model_vars), list(extra or []))
    clash = sorted(set(names) & set(keep))
    if clash:
        raise SpecError(
            f"The column {clash[0]!r} is both computed and kept: name the outputs by predict_var_names and the like."
        )
    appended_to = output_data if _is_frame(output_data) else None
    sink: Sink
    if output_data is None or appended_to is not None:
        sink = FrameSink(source, len(names) + len(keep))
    else:
        sink = _target(output_data, source, overwrite, append)
    if remove_missings:
        if appended_to is not None:
            raise SpecError(
                "remove_missings would change the rows of output_data: leave one of them out."
            )
        sink = CompleteRows(sink, names[: 1 + request.residuals])
    result, notes = request.run(
        source, sink, compute_context, keep=keep, names=names, report_progress=report_progress
    )
    if check_factor_levels:
        warn_unseen(notes)
    if not isinstance(result, pa.Table):
        return result
    frame = _to_frame(result, source, names)
    if appended_to is not None:
        return _appended(appended_to, frame)
    if isinstance(data, pd.DataFrame) and len(frame) == len(data):
        frame.index = data.index
    return frame


@dataclass(frozen=True)
class Request:
    """What is asked of the row function `linear_predict`."""

    model: CoefficientModel
    std_errors: bool = False
    interval: str = "none"
    confidence_level: float = 0.95
    residuals: bool = False
    type: str = "response"
    residual_type: str = "response"

    def check(self) -> None:
        """SpecError if the model cannot answer."""
        if self.interval not in ("none", "confidence", "prediction"):
            raise SpecError(
                f"interval is 'none', 'confidence' or 'prediction', and was given as {self.interval!r}."
            )
        if not 0.0 < self.confidence_level < 1.0:
            raise SpecError(
                f"confidence_level lies between 0 and 1, and was given as {self.confidence_level!r}."
            )
        if self.residual_type not in _RESIDUALS:
            raise SpecError(
                f"residual_type is 'response', 'working', 'pearson' or 'deviance', and was given as {self.residual_type!r}."
            )
        if not self.std_errors and self.interval == "none":
            return
        if self.interval == "prediction" and isinstance(self.model, GeneralizedLinearModel):
            raise SpecError(
                "A prediction interval of a generalised linear model is not one of a normal distribution: ask for "
                "interval='confidence', which is for the mean."
            )
        what = "Standard errors" if self.std_errors else f"A {self.interval} interval"
        if self.model._model.get("cube"):
            raise SpecError(f"{what} cannot be computed from a cube: fit with cube=False.")
        if self.model._model.get("cov_coef") is None:
            raise SpecError(
                f"{what} of predictions need the covariance of the coefficients: fit with cov_coef=True."
            )

    def spec(self) -> dict[str, Any]:
        """The row function's spec."""
        covariance = self.std_errors or self.interval != "none"
        return {
            "model": self.model.scoring_model(covariance),
            "std_errors": self.std_errors,
            "interval": self.interval,
            "confidence_level": float(self.confidence_level),
            "residuals": self.residuals,
            "type": self.type,
            "residual_type": self.residual_type,
        }

    def output_names(
        self,
        predicted: Names = None,
        residual: Names = None,
        std_error: Names = None,
        bounds: Names = None,
    ) -> list[str]:
        """Names of the outputs asked for, in the row function's order."""
        y = self.model.response
        if re.fullmatch(r"`[^`]+`", y):  # back-quotes belong to the formula, not to the name
            y = y[1:-1]
        names = _names("predict_var_names", predicted, [f"{y}_Pred"])
        if self.residuals:
            names += _names("residual_var_names", residual, [f"{y}_Resid"])
        if self.std_errors:
            names += _names("std_errors_var_names", std_error, [f"{y}_StdErr"])
        if self.interval != "none":
            names += _names("interval_var_names", bounds, [f"{y}_Lower", f"{y}_Upper"])
        twice = [name for name in names if names.count(name) > 1]
        if twice:
            raise SpecError(f"Two outputs are called {twice[0]!r}: give them different names.")
        return names

    def kept(self, model_variables: bool, extra: list[str]) -> list[str]:
        """Columns to pass through: the model's variables if asked for, then the extra ones."""
        variables = self.columns(response=True) if model_variables else []
        return list(dict.fromkeys([*variables, *extra]))

    def columns(self, response: bool) -> list[str]:
        """The columns that the model reads, with or without those of the response."""
        from . import _core

        spec = {
            "model": self.model.scoring_model(covariance=False),
            "residuals": response,
            "residual_type": self.residual_type,
        }
        description = json.loads(_core.RowFunction("linear_predict", json.dumps(spec)).describe())
        return [c["name"] if isinstance(c, dict) else str(c) for c in description["columns"]]

    def run(
        self,
        source: Source,
        sink: Sink,
        context: RxComputeContext | str | None,
        *,
        keep: Sequence[str],
        names: Sequence[str],
        report_progress: int | None = None,
    ) -> tuple[Any, Mapping[str, Any]]:
        """Sends the rows through the row function."""
        from .fitting import run_map

        return run_map(
            "linear_predict",
            self.spec(),
            source,
            sink,
            context,
            keep=keep,
            output_names=names,
            transforms=self.transforms(source, keep),
            report_progress=report_progress,
        )

    def transforms(self, source: Source, keep: Sequence[str]) -> dict[str, str] | None:
        """The fit's transforms that these predictions need and that the data have not been through."""
        fitted = self.model.params.get("transforms") or {}
        if not fitted:
            return None
        needed = {*keep, *self.columns(response=self.residuals)}
        schema = source.schema()
        chosen = {
            name: text
            for name, text in fitted.items()
            if name in needed and (name not in schema or _mentions(text, name))
        }
        return chosen or None


class FrameSink:
    """Gathers rows in memory; a source that is not there already may bring 3,000,000 cells."""

    def __init__(self, source: Source, columns: int) -> None:
        self._rows_allowed = None if source.in_memory else MAX_CELLS // max(1, columns)
        self._columns = columns
        rows = source.row_count()
        if self._rows_allowed is not None and rows is not None and rows > self._rows_allowed:
            raise self._too_many(f"{rows:,}")

    def _too_many(self, rows: str) -> SpecError:
        return SpecError(
            f"The predictions are {rows} rows of {self._columns} columns, and a source gives a frame of at most "
            f"{MAX_CELLS:,} cells: write them to output_data (a Parquet path or a table)."
        )

    def opened(self) -> AbstractContextManager[Any]:
        """Nothing needs to be opened."""
        return nullcontext()

    def write(self, reader: pa.RecordBatchReader) -> pa.Table:
        """The rows as a table."""
        batches, rows = [], 0
        for batch in reader:
            rows += batch.num_rows
            if self._rows_allowed is not None and rows > self._rows_allowed:
                raise self._too_many(f"more than {self._rows_allowed:,}")
            batches.append(batch)
        return pa.Table.from_batches(batches, reader.schema)


class CompleteRows:
    """Passes on the rows whose outputs are not missing."""

    def __init__(self, sink: Sink, names: Sequence[str]) -> None:
        self._sink = sink
        self._names = names

    def opened(self) -> AbstractContextManager[Any]:
        """Opens the other sink."""
        return self._sink.opened()

    def write(self, reader: pa.RecordBatchReader) -> Any:
        """What the other sink makes of the complete rows."""

        def complete() -> Iterator[pa.RecordBatch]:
            for batch in reader:
                for name in self._names:
                    column = batch.column(batch.schema.get_field_index(name))
                    batch = batch.filter(pc.invert(pc.is_null(column, nan_is_null=True)))
                yield batch

        return self._sink.write(pa.RecordBatchReader.from_batches(reader.schema, complete()))


def as_model(model: object) -> CoefficientModel:
    """The model a user passed, as an object or as bytes."""
    if isinstance(model, bytes | bytearray | memoryview):
        from .serialization import rx_unserialize_model

        model = rx_unserialize_model(model)
    if not isinstance(model, CoefficientModel):
        raise SpecError(f"rx_predict needs a fitted model, and got a {type(model).__name__}.")
    return model


def predict_columns(
    model: CoefficientModel, data: Any, *, std_errors: bool, residuals: bool
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A copy of the data as a frame, and the outputs of the model for its rows."""
    from .data import as_source, to_pandas

    request = Request(model, std_errors=std_errors, residuals=residuals)
    request.check()
    source = as_source(data)
    names = ["pred"] + ["resid"] * residuals + ["std_err"] * std_errors
    table, notes = request.run(
        source, FrameSink(source, len(source.schema()) + len(names)), None, keep=[], names=names
    )
    warn_unseen(notes)
    if isinstance(data, pd.DataFrame):
        frame = data.copy()
    else:
        frame = to_pandas(source.to_arrow(), source.schema())
    return frame, _to_frame(table, source, names)


def warn_unseen(notes: Mapping[str, Any]) -> None:
    """One warning that counts the rows whose level the model does not know."""
    unseen = {name: int(n) for name, n in (notes.get("unseen_levels") or {}).items() if n}
    if unseen:
        counts = ", ".join(f"{n} of {name!r}" for name, n in unseen.items())
        args.warn(
            f"Values that are no level of the fitted model were met ({counts}): their predictions are missing."
        )


def _target(output_data: Any, source: Source, overwrite: bool, append: str | None) -> Sink:
    from .data.sinks import as_sink, refuse_input

    refuse_input(output_data, source)
    return as_sink(output_data, overwrite=overwrite, append=append)


def _is_frame(value: Any) -> bool:
    return isinstance(value, pd.DataFrame)


def _appended(target: pd.DataFrame, computed: pd.DataFrame) -> pd.DataFrame:
    if len(target) != len(computed):
        raise SpecError(
            f"output_data has {len(target)} rows, and the data have {len(computed)}: they must be the same rows."
        )
    frame = target.copy()
    for name in computed:
        frame[name] = computed[name].to_numpy() if name not in frame else frame[name]
    return frame


def _to_frame(table: pa.Table, source: Source, names: Sequence[str]) -> pd.DataFrame:
    """Outputs as float64 with NaN for missing, kept columns as `rx_import` gives them."""
    from .data import to_pandas

    kept = [name for name in table.column_names if name not in names]
    frame = to_pandas(table.select(kept), source.schema())
    for name in names:
        values = table.column(name).combine_chunks()
        frame[name] = np.asarray(values.to_numpy(zero_copy_only=False), dtype=np.float64)
    return frame


def _names(argument: str, given: Names, default: list[str]) -> list[str]:
    if given is None:
        return default
    names = [given] if isinstance(given, str) else list(given)
    if len(names) != len(default) or not all(isinstance(name, str) for name in names):
        raise SpecError(f"{argument} takes {len(default)} name(s), and was given {names!r}.")
    return names


def _mentions(text: str, name: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) is not None
