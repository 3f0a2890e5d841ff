"""The estimator of two classes: `LogisticRegression`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from scipy.special import expit, log_expit
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.metrics import accuracy_score
from sklearn.utils.multiclass import check_classification_targets, type_of_target

from ..glm import rx_logit
from ..results import CoefficientModel, GeneralizedLinearModel
from .base import EngineEstimator
from .rows import Rows

if TYPE_CHECKING:
    from ..contexts.base import RxComputeContext


class LogisticRegression(EngineEstimator, ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Logistic regression of two classes with standard errors, by `rx_logit`; nothing is penalised.

    It is scikit-learn's with `C=np.inf`. Where columns tell the classes apart exactly there is no finite estimate: a
    ConvergenceWarning names them, and the last estimates are kept; their standard errors mean nothing. A level of a
    factor that has one class only has the coefficient -inf or inf, with a warning.

    Arguments:
        method: "ml" (maximum likelihood), or "firth", whose estimates are finite also where classes are separated.
        max_iter: most steps of iteratively reweighted least squares.
        tol: change of a coefficient, over the largest one, at which they end, if the deviance too has come to rest.
        fit_intercept, cov_type, cov_coef, compute_context: as of `LinearRegression`.

    Attributes:
        classes_: the two classes, sorted; of a column of numbers, which are 0 and 1 (or shares), 0 and 1.
        coef_, coef_std_error_: of one row; `coef_names_`, `intercept_`, `intercept_std_error_` as of
            `LinearRegression`, the latter two of one element.
        n_iter_: steps that were taken, in an array.
        model_: the GeneralizedLinearModel.
        n_features_in_, feature_names_in_: as of `LinearRegression`.

    See: docs/functions/sklearn.md; `insitu.rx_logit`.

    Example:
        >>> import numpy as np
        >>> X, y = np.arange(1.0, 7.0).reshape(-1, 1), ["lost", "lost", "won", "lost", "won", "won"]
        >>> estimator = LogisticRegression().fit(X, y)
        >>> estimator.coef_.round(4), estimator.predict([[1.0], [6.0]])
        (array([[1.214]]), array(['lost', 'won'], dtype='<U4'))
    """

    _scale: ClassVar[str] = "link"

    def __init__(
        self,
        *,
        method: Literal["ml", "firth"] = "ml",
        fit_intercept: bool = True,
        max_iter: int = 25,
        tol: float = 1e-6,
        cov_type: str | None = None,
        cov_coef: bool = False,
        compute_context: RxComputeContext | str | None = None,
    ) -> None:
        self.method = method
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.tol = tol
        self.cov_type = cov_type
        self.cov_coef = cov_coef
        self.compute_context = compute_context

    def _to_numbers(self, y: np.ndarray, sample_weight: np.ndarray | None) -> np.ndarray:
        check_classification_targets(y)
        kind = type_of_target(y, input_name="y", raise_unknown=True)
        if kind != "binary":
            raise ValueError(
                f"Only binary classification is supported. The type of the target is {kind}."
            )
        self.classes_, codes = np.unique(y, return_inverse=True)
        if np.count_nonzero(np.bincount(codes, weights=sample_weight)) < 2:
            raise ValueError(
                f"{type(self).__name__} tells two classes apart, and y holds one class only (of weight above zero)."
            )
        return codes.astype(np.float64)

    def _run(self, rows: Rows) -> GeneralizedLinearModel:
        model = rx_logit(
            **self._arguments(rows),
            initial_values=0.0,  # unlike a start from the responses, the same for weights and for repeated rows
            max_iterations=self.max_iter,
            coefficent_tolerance=self.tol,
            method=self.method,
        )
        self.n_iter_ = np.array([model.iterations], dtype=np.int32)
        return model

    def _take(self, model: CoefficientModel) -> None:
        super()._take(model)
        self.coef_, self.coef_std_error_ = self.coef_[np.newaxis], self.coef_std_error_[np.newaxis]
        self.intercept_ = np.array([self.intercept_])
        self.intercept_std_error_ = np.array([self.intercept_std_error_])

    def _note_response(self, rows: Rows) -> None:
        columns = self.model_._model["design"]["columns"]
        column = next(column for column in columns if column["name"] == rows.response)
        if column.get("logical"):
            self.classes_ = np.array([False, True])
        elif column["kind"] == "factor":
            self.classes_ = np.array(column["levels"], dtype=object)
        else:
            self.classes_ = np.array([0, 1])

    def _outcome(self, computed: np.ndarray) -> np.ndarray:
        unknown = int(np.isnan(computed).sum())
        if unknown:
            raise ValueError(
                f"{unknown:,} rows lack a predictor or have a level that the model does not know: they have no class; "
                "decision_function and predict_proba give them NaN."
            )
        found: np.ndarray = self.classes_[(computed > 0).astype(np.intp)]
        return found

    def _goodness(self, y: Any, predicted: np.ndarray, sample_weight: Any) -> float:
        return float(accuracy_score(y, predicted, sample_weight=sample_weight))

    def decision_function(self, X: Any) -> np.ndarray:
        """The linear predictor of each row: the log odds of the second class. X as of `predict`."""
        return self._computed(X, "link")

    def predict_proba(self, X: Any) -> np.ndarray:
        """The probabilities of the two classes, in the order of `classes_`. X as of `predict`."""
        eta = self._computed(X, "link")
        return np.column_stack([expit(-eta), expit(eta)])

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """The logarithms of the probabilities, exact also where these are tiny. X as of `predict`."""
        eta = self._computed(X, "link")
        return np.column_stack([log_expit(-eta), log_expit(eta)])

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        return tags
