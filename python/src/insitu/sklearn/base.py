"""What the estimators share: checked input, one fit by the engine, and predictions as arrays."""

from __future__ import annotations

import re
import warnings
from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import (
    _check_sample_weight,
    check_consistent_length,
    check_is_fitted,
    column_or_1d,
    validate_data,
)

from .. import arguments as args
from ..data import Source, as_source
from ..data.sinks import ArrowSink
from ..predict import Request, warn_unseen
from ..results import CoefficientModel, GeneralizedLinearModel
from .rows import (
    Rows,
    array_table,
    complete_table,
    engine_frame,
    is_store,
    joined_rows,
    named_rows,
    source_of,
)

if TYPE_CHECKING:
    from ..contexts.base import RxComputeContext

# The engine reads both as they are; other numbers become float64.
_FLOATS = (np.float64, np.float32)
# What a fit warns of, and scikit-learn has a class of warnings for.
_TOLD_AGAIN = (
    "the iterations did not converge|the responses are (completely separated|separated in part)"
)
# No user calls a column so.
_PREDICTED = "(predicted)"


class EngineEstimator:
    """Fits and scores a model of all columns of X by the engine; a mixin, to stand before scikit-learn's."""

    # Of every estimator's __init__.
    fit_intercept: bool
    cov_type: str | None
    cov_coef: bool
    compute_context: RxComputeContext | str | None
    # Of every fit.
    model_: Any
    coef_: np.ndarray
    coef_std_error_: np.ndarray
    intercept_: float | np.ndarray
    intercept_std_error_: float | np.ndarray
    # What the engine is asked for, to predict of it.
    _scale: ClassVar[str] = "response"

    @abstractmethod
    def _run(self, rows: Rows) -> CoefficientModel:
        """The fitted model."""

    @abstractmethod
    def _to_numbers(self, y: np.ndarray, sample_weight: np.ndarray | None) -> np.ndarray:
        """A response in memory as the engine models it."""

    @abstractmethod
    def _outcome(self, computed: np.ndarray) -> np.ndarray:
        """What `predict` returns of what the engine computes."""

    @abstractmethod
    def _goodness(self, y: Any, predicted: np.ndarray, sample_weight: Any) -> float:
        """What `score` returns."""

    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        features: Sequence[str] | None = None,
        cluster: Any = None,
    ) -> Self:
        """Fits the model.

        Arguments:
            X: an array, or a data frame (pandas, Polars, Arrow), whose text and categories are factors; or, where `y`
                is a name, all that insitu reads: a path (Parquet, CSV), a data source, a query, a frame.
            y: the response; or the name of its column in X: then all other columns predict it, or `features`.
            sample_weight: a weight (≥ 0) for each row, or the name of their column. Degrees of freedom count rows.
            features: names of the columns that predict, where `y` is a name.
            cluster: for `cov_type="cluster"`: a label for each row; or the name of a column, or two.

        Returns: the estimator.

        Raises: ValueError for missing and infinite values, wrong lengths, unknown columns (SpecError and DataError
            are such); where `y` is a name, rows with a missing value are left out and counted in
            `model_.n_missing_obs`. NumericError; SourceError if data cannot be read.
        """
        if isinstance(y, str):
            rows = named_rows(X, y, sample_weight, features, cluster)
            self.n_features_in_ = len(rows.predictors)
            self.feature_names_in_ = np.asarray(rows.predictors, dtype=object)
        elif features is not None or is_store(X):
            raise ValueError(
                "X is to be read by the names of its columns: y is then the name of one, as in "
                f"fit('rows.parquet', 'price'), and is a {type(y).__name__}."
            )
        else:
            rows = self._rows_in_memory(X, y, sample_weight, cluster)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=_TOLD_AGAIN)
            model = self._run(rows)
        if isinstance(model, GeneralizedLinearModel):
            for text in filter(re.compile(_TOLD_AGAIN).match, model.warnings):
                args.warn(text, ConvergenceWarning)
        self._predictors = rows.predictors
        self._take(model)
        if isinstance(y, str):
            self._note_response(rows)
        return self

    def _rows_in_memory(self, X: Any, y: Any, sample_weight: Any, cluster: Any) -> Rows:
        frame = engine_frame(X)
        info: dict[str, Any] = {}
        if frame is None:
            X, checked = validate_data(self, X, y, dtype=_FLOATS)
            table = array_table(X, self._names(X.shape[1]))
        else:
            validate_data(self, X, y, skip_check_array=True)
            checked = column_or_1d(y, warn=True)
            table, info = complete_table(frame)
        check_consistent_length(checked, X, cluster)
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, checked)
        target = self._to_numbers(checked, sample_weight)
        return joined_rows(table, info, y, target, sample_weight, cluster)

    def _names(self, count: int) -> list[str]:
        return list(getattr(self, "feature_names_in_", (f"x{i}" for i in range(count))))

    def _note_response(self, rows: Rows) -> None:
        """What is to be kept of a response that was given by name."""

    def _arguments(self, rows: Rows) -> dict[str, Any]:
        """What all fits take."""
        return {
            "formula": rows.formula(self.fit_intercept),
            "data": rows.source,
            "pweights": rows.weights,
            "cov_coef": self.cov_coef,
            "cov_type": self.cov_type,
            "cluster": rows.clusters,
            "report_progress": 0,
            "compute_context": self.compute_context,
        }

    def _take(self, model: CoefficientModel) -> None:
        """The model's coefficients as scikit-learn has them: those that are dropped are 0."""
        first = 1 if self.fit_intercept else 0
        estimates, errors = model.coefficients, model.coef_std_error.to_numpy()
        values = estimates.fillna(0.0).to_numpy()
        self.model_ = model
        self.coef_names_ = np.asarray(estimates.index[first:], dtype=object)
        self.coef_, self.coef_std_error_ = values[first:], errors[first:]
        self.intercept_ = float(values[0]) if first else 0.0
        self.intercept_std_error_ = float(errors[0]) if first else 0.0

    def predict(self, X: Any) -> np.ndarray:
        """Predictions for the rows of X, in their order.

        Arguments:
            X: an array or a data frame with the columns of the fit; or a path, a data source or a query, which has
                them among others, in any order.

        Returns: an array of a prediction for each row: all that is kept of a file larger than memory. Where a row of
            it lacks a predictor it is NaN (of a classifier a ValueError).

        Raises: NotFittedError; ValueError for missing and infinite values, other columns; SourceError.
        """
        return self._outcome(self._computed(X, self._scale))

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """How well the rows of X are predicted: R² (LinearRegression), accuracy (LogisticRegression), D² (GLMRegressor).

        Arguments:
            X, y, sample_weight: as for `fit`; where `y` is a name, rows with a missing value are left out.

        Returns: the measure, of which 1 is best.

        Raises: as `predict`.
        """
        if not isinstance(y, str):
            return self._goodness(y, self.predict(X), sample_weight)
        check_is_fitted(self)
        kept = [y] if sample_weight is None else [y, sample_weight]
        table = self._scored(source_of(X, self._predictors), self._scale, kept)
        for name in table.column_names:
            table = table.filter(pc.invert(pc.is_null(table[name], nan_is_null=True)))
        columns = [table[name].to_pandas().to_numpy() for name in kept]
        predicted = self._outcome(_numbers(table))
        return self._goodness(columns[0], predicted, *columns[1:] or [None])

    def _computed(self, X: Any, scale: str) -> np.ndarray:
        """The engine's predictions, on the scale of the "response" or of the "link"."""
        check_is_fitted(self)
        if is_store(X):
            source = source_of(X, self._predictors)
        elif (frame := engine_frame(X)) is not None:
            validate_data(self, X, reset=False, skip_check_array=True)
            table, info = complete_table(frame)
            source = as_source(table, column_info=info)
        else:
            X = validate_data(self, X, reset=False, dtype=_FLOATS)
            source = as_source(array_table(X, self._predictors))
        return _numbers(self._scored(source, scale))

    def _scored(self, source: Source, scale: str, keep: Sequence[str] = ()) -> pa.Table:
        """Columns to keep, and predictions."""
        request = Request(self.model_, type=scale)
        table, notes = request.run(
            source,
            ArrowSink(),
            self.compute_context,
            keep=keep,
            names=[_PREDICTED],
            report_progress=0,
        )
        warn_unseen(notes)
        found: pa.Table = table
        return found


def _numbers(table: pa.Table) -> np.ndarray:
    """The predictions; NaN where there is none."""
    column = table[_PREDICTED]
    return np.array(column.to_numpy(zero_copy_only=False), dtype=np.float64)
