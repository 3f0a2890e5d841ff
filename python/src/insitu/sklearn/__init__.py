"""scikit-learn estimators over insitu's engine: standard errors, and data larger than memory; needs the extra `sklearn`.

Example:
    >>> import numpy as np
    >>> from insitu.sklearn import LinearRegression
    >>> X, y = np.array([[1.0], [2.0], [3.0], [4.0]]), np.array([1.0, 3.0, 2.0, 5.0])
    >>> LinearRegression().fit(X, y).predict([[5.0]]).round(4)
    array([5.5])
"""

from __future__ import annotations

try:
    from sklearn.utils.validation import validate_data as _  # noqa: F401 - new in 1.6
except ImportError as error:
    raise ImportError(
        "insitu.sklearn needs scikit-learn 1.6 or later: pip install 'insitu[sklearn]'."
    ) from error

from .classifier import LogisticRegression
from .regressors import GLMRegressor, LinearRegression

__all__ = ["GLMRegressor", "LinearRegression", "LogisticRegression"]
