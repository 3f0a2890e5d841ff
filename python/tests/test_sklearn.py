"""`insitu.sklearn`: scikit-learn's own checks, its numbers, and its tools."""

from __future__ import annotations

import math
import pickle
import subprocess
import sys
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import statsmodels.api as sm
from scipy import sparse
from sklearn import linear_model, set_config
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import insitu
from insitu import RxLocalParallel, families
from insitu.sklearn import GLMRegressor, LinearRegression, LogisticRegression
from insitu.sklearn.rows import array_table

ROWS = 400
ESTIMATORS = (LinearRegression(), LogisticRegression(), GLMRegressor())


def everything() -> pd.DataFrame:
    """Rows with predictors of every kind, and a response for every family."""
    rng = np.random.default_rng(7)
    x, z = rng.normal(size=(2, ROWS))
    f = rng.integers(0, 3, ROWS)
    member = rng.random(ROWS) < 0.4
    eta = 0.3 + 0.8 * x - 0.4 * z + 0.3 * f - 0.5 * member
    return pd.DataFrame(
        {
            "x": x,
            "z": z,
            "member": member,
            "f": np.array(["low", "mid", "top"])[f],
            "won": rng.random(ROWS) < 1 / (1 + np.exp(-eta)),
            "n": rng.poisson(np.exp(eta / 2)),
            "size": rng.gamma(2, np.exp(eta / 3) / 2),
            "cost": rng.poisson(np.exp(eta / 2)) * rng.gamma(2, 1, ROWS),
            "share": rng.binomial(6, 1 / (1 + np.exp(-eta))) / 6,
            "y": eta + rng.normal(size=ROWS),
            "w": rng.integers(0, 4, ROWS).astype(float),
            "firm": rng.integers(0, 30, ROWS),
        }
    )


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return everything()


@pytest.fixture(scope="module")
def X(frame) -> np.ndarray:  # noqa: N802
    return frame[["x", "z", "member"]].to_numpy(dtype=float)


@pytest.fixture(scope="module")
def path(frame, tmp_path_factory) -> str:
    file = tmp_path_factory.mktemp("sklearn") / "rows.parquet"
    frame.to_parquet(file, row_group_size=90)
    return str(file)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore:no degrees of freedom|.*nearly a combination:UserWarning")
@parametrize_with_checks(
    [*ESTIMATORS, GLMRegressor("poisson"), GLMRegressor("Gamma", link="log")],
)
def test_scikit_learns_own_checks(estimator, check):
    check(estimator)


# ---- numbers of other implementations ---------------------------------------------------------------------------------


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
def test_least_squares(frame, X, intercept, weighted):
    weights = frame["w"] if weighted else None
    ours = LinearRegression(fit_intercept=intercept).fit(X, frame["y"], weights)
    theirs = linear_model.LinearRegression(fit_intercept=intercept).fit(X, frame["y"], weights)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=1e-10)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, rtol=1e-10)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-9)
    assert ours.score(X, frame["y"], weights) == pytest.approx(
        theirs.score(X, frame["y"], weights), rel=1e-10
    )
    assert ours.rank_ == 3 + intercept
    assert ours.coef_names_.tolist() == ["x0", "x1", "x2"]


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
def test_logistic_regression(frame, X, intercept, weighted):
    weights = frame["w"] if weighted else None
    y = np.where(frame["won"], "won", "lost")
    ours = LogisticRegression(fit_intercept=intercept).fit(X, y, weights)
    theirs = linear_model.LogisticRegression(
        C=np.inf, fit_intercept=intercept, solver="newton-cholesky", tol=1e-12, max_iter=100
    ).fit(X, y, weights)
    assert ours.classes_.tolist() == theirs.classes_.tolist() == ["lost", "won"]
    for name in ("coef_", "intercept_"):
        assert getattr(ours, name).shape == getattr(theirs, name).shape
        np.testing.assert_allclose(getattr(ours, name), getattr(theirs, name), rtol=1e-7)
    for name in ("decision_function", "predict_proba", "predict_log_proba"):
        np.testing.assert_allclose(getattr(ours, name)(X), getattr(theirs, name)(X), rtol=1e-6, atol=1e-9)  # fmt: skip
    assert (ours.predict(X) == theirs.predict(X)).all()
    assert ours.score(X, y, weights) == theirs.score(X, y, weights)


GLMS = {
    "poisson": ("n", GLMRegressor("poisson"), linear_model.PoissonRegressor),
    "gamma": ("size", GLMRegressor("Gamma", link="log"), linear_model.GammaRegressor),
    "tweedie": (
        "cost",
        GLMRegressor(families.tweedie(1.5, 0)),
        lambda **given: linear_model.TweedieRegressor(power=1.5, link="log", **given),
    ),
    "normal": (
        "y",
        GLMRegressor(),
        lambda **given: linear_model.TweedieRegressor(power=0, **given),
    ),
}


@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("name", GLMS)
def test_generalised_linear_models(frame, X, name, weighted):
    response, ours, make = GLMS[name]
    weights = frame["w"] if weighted else None
    y = frame[response]
    ours = clone(ours).fit(X, y, weights)
    theirs = make(alpha=0, solver="newton-cholesky", tol=1e-10, max_iter=1000).fit(X, y, weights)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=1e-6)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, rtol=1e-6)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-6)
    assert ours.score(X, y, weights) == pytest.approx(theirs.score(X, y, weights), rel=1e-8)


@pytest.mark.parametrize(
    ("family", "response"),
    [
        ("binomial", "share"),
        ("quasibinomial", "share"),
        ("quasipoisson", "n"),
        ("inverse.gaussian(log)", "size"),
        (families.negative_binomial(2.0), "n"),
        ("negative.binomial", "n"),
        (families.negative_binomial(math.inf), "n"),
        (families.quasi("log", "mu^2"), "size"),
        (families.quasi("logit", "mu(1-mu)"), "share"),
        (families.quasi("log", "mu"), "n"),
        ("gaussian", "y"),
    ],
)
def test_score_is_the_engines_share_of_deviance(frame, X, family, response):
    for weights in (None, frame["w"] + 0.5):
        estimator = GLMRegressor(family).fit(X, frame[response], weights)
        share = estimator.model_.pseudo_r_squared("deviance")
        assert 0.0 < share < 1.0
        assert estimator.score(X, frame[response], weights) == pytest.approx(share, rel=1e-9)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("family", "response"),
    [
        ("binomial", "share"),
        ("poisson", "n"),
        (families.negative_binomial(2.0), "n"),
        (families.tweedie(1.5, 0), "n"),
    ],
)
def test_levels_without_any_event_are_explained(frame, family, response):
    rows = pd.DataFrame({"x": frame["n"] % 3.0, "f": np.array(list("abcd"))[np.arange(len(frame)) % 4]})  # fmt: skip
    y = frame[response].where(rows["f"] != "c", 0.0)
    estimator = GLMRegressor(family).fit(rows, y)
    assert estimator.model_.coefficients["f=c"] == -math.inf
    share = estimator.model_.pseudo_r_squared("deviance")
    assert estimator.score(rows, y) == pytest.approx(share, rel=1e-9)


def test_searches_over_numbers_of_numpy(frame, X):
    found = GridSearchCV(
        LogisticRegression(), {"max_iter": np.array([10, 50])}, error_score="raise"
    )
    assert found.fit(X, frame["won"]).best_params_["max_iter"] in (10, 50)


@pytest.mark.parametrize("cov_type", ["nonrobust", "HC0", "HC1", "HC2", "HC3", "cluster"])
def test_standard_errors(frame, X, cov_type):
    groups = frame["firm"].to_numpy() if cov_type == "cluster" else None
    ours = LinearRegression(cov_type="classical" if cov_type == "nonrobust" else cov_type)
    ours.fit(X, frame["y"], cluster=groups)
    theirs = sm.OLS(frame["y"], sm.add_constant(X)).fit(
        cov_type=cov_type, cov_kwds=None if groups is None else {"groups": groups}
    )
    np.testing.assert_allclose(ours.coef_std_error_, theirs.bse.iloc[1:], rtol=1e-8)
    assert ours.intercept_std_error_ == pytest.approx(theirs.bse.iloc[0], rel=1e-8)


def test_standard_errors_of_generalised_linear_models(frame, X):
    logit = LogisticRegression().fit(X, frame["won"])
    theirs = sm.Logit(frame["won"].astype(float), sm.add_constant(X)).fit(disp=0, tol=1e-12)
    np.testing.assert_allclose(logit.coef_std_error_[0], theirs.bse.iloc[1:], rtol=1e-5)
    np.testing.assert_allclose(logit.intercept_std_error_[0], theirs.bse.iloc[0], rtol=1e-5)
    poisson = GLMRegressor("poisson", cov_type="HC0").fit(X, frame["n"])
    theirs = sm.GLM(frame["n"], sm.add_constant(X), sm.families.Poisson()).fit(
        cov_type="HC0", tol=1e-12
    )
    np.testing.assert_allclose(poisson.coef_std_error_, theirs.bse.iloc[1:], rtol=1e-5)


@pytest.mark.parametrize("estimator", [LinearRegression(), LogisticRegression(), GLMRegressor("poisson")])  # fmt: skip
def test_weights_are_repeated_rows(frame, X, estimator):
    y = frame[{"LinearRegression": "y", "LogisticRegression": "won", "GLMRegressor": "n"}[type(estimator).__name__]]  # fmt: skip
    times = frame["w"].astype(int)
    weighted = clone(estimator).fit(X, y, sample_weight=times)
    repeated = clone(estimator).fit(np.repeat(X, times, axis=0), np.repeat(y.to_numpy(), times))
    np.testing.assert_allclose(weighted.coef_, repeated.coef_, rtol=1e-9)
    np.testing.assert_allclose(weighted.intercept_, repeated.intercept_, rtol=1e-9)


# ---- frames and arrays ---------------------------------------------------------------------------------------------------


def test_frames_of_other_libraries(frame):
    names = ["x", "member", "f"]
    expected = LinearRegression().fit(frame[names], frame["y"])
    table = pa.Table.from_pandas(frame[names], preserve_index=False)
    for rows in (pl.from_pandas(frame[names]), table):
        found = LinearRegression().fit(rows, frame["y"].to_numpy())
        np.testing.assert_allclose(found.coef_, expected.coef_, rtol=1e-12)
        np.testing.assert_allclose(found.predict(rows), expected.predict(frame[names]), rtol=1e-12)
        assert found.coef_names_[:2].tolist() == ["x", "member"]
    numbers = pl.from_pandas(frame[["x", "z"]])
    found = LinearRegression().fit(numbers, pl.Series("y", frame["y"].to_numpy()))
    assert found.feature_names_in_.tolist() == found.coef_names_.tolist() == ["x", "z"]
    assert found.model_.response == "y"


def test_categories_keep_their_levels(frame):
    kind = pd.CategoricalDtype(["top", "low", "mid", "none"])
    rows = frame[["x", "f"]].astype({"f": kind})
    found = LinearRegression().fit(rows, frame["y"])
    model = insitu.rx_lin_mod("y ~ x + f", rows.assign(y=frame["y"]))
    assert found.model_.coefficients.equals(model.coefficients)
    assert found.coef_names_.tolist() == ["x", "f=top", "f=low", "f=mid", "f=none"]


def test_names_of_columns(frame):
    rows = frame[["x", "z", "f"]].set_axis(["y", "a `b\\", "(Intercept)"], axis=1)
    found = LinearRegression().fit(rows, frame["y"], frame["w"])
    expected = LinearRegression().fit(frame[["x", "z", "f"]], frame["y"], frame["w"])
    np.testing.assert_allclose(found.coef_, expected.coef_, rtol=1e-12)
    np.testing.assert_allclose(found.predict(rows), expected.predict(frame[["x", "z", "f"]]))
    assert found.coef_names_[:2].tolist() == ["y", "a `b\\"]
    numbered = frame[["x", "z"]].set_axis([3, 4], axis=1)
    assert LinearRegression().fit(numbered, frame["y"]).coef_names_.tolist() == ["x0", "x1"]


def test_names_must_be_those_of_the_fit(frame):
    estimator = LinearRegression().fit(frame[["x", "f"]], frame["y"])
    with pytest.raises(ValueError, match="same order"):
        estimator.predict(frame[["f", "x"]])
    with pytest.raises(ValueError, match="unseen at fit time"):
        estimator.predict(frame[["x", "f", "z"]])
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        LinearRegression().fit(frame[["x", "z"]], frame["y"]).predict(np.zeros((1, 2)))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_values_that_no_model_has(frame, X, bad):
    broken = X.copy()
    broken[3, 1] = bad
    for estimator, y in ((LinearRegression(), frame["y"]), (LogisticRegression(), frame["won"])):
        with pytest.raises(ValueError, match=r"NaN|infinity"):
            clone(estimator).fit(broken, y)
        with pytest.raises(ValueError, match=r"NaN|infinity"):
            clone(estimator).fit(X, y).predict(broken)
        mixed = frame[["x", "f"]].copy()
        clone(estimator).fit(mixed, y)
        mixed.loc[3, "x"] = bad
        with pytest.raises(ValueError, match=r"NaN or missing values in column 'x'|infinite"):
            clone(estimator).fit(mixed, y)
    with pytest.raises(ValueError, match=r"y contains NaN|infinity"):
        LinearRegression().fit(frame[["x", "f"]], frame["y"].where(frame["x"] < 1, bad))
    with pytest.raises(TypeError, match="Sparse data"):
        LinearRegression().fit(sparse.csr_array(X), frame["y"])


def test_redundant_columns(frame, X):
    doubled = np.column_stack([X, X[:, 0] + X[:, 1], np.ones(ROWS)])
    found = LinearRegression().fit(doubled, frame["y"])
    assert found.rank_ == 4
    assert (found.coef_ == 0.0).sum() == np.isnan(found.coef_std_error_).sum() == 2
    np.testing.assert_allclose(found.predict(doubled), LinearRegression().fit(X, frame["y"]).predict(X))  # fmt: skip


def test_arrays_become_columns():
    rng = np.random.default_rng(1)
    for shape in ((5000, 3), (1, 4), (1025, 1)):
        by_rows = rng.normal(size=shape).astype(">f8" if shape[0] == 1 else "<f4")
        for array in (by_rows, np.asfortranarray(by_rows), by_rows[::-1]):
            table = array_table(array, [f"x{i}" for i in range(shape[1])])
            assert all((table[f"x{i}"].to_numpy() == array[:, i]).all() for i in range(shape[1]))
    columns = np.asfortranarray(rng.normal(size=(1000, 2)))
    borrowed = array_table(columns, ["a", "b"])["b"].chunk(0).buffers()[1]
    assert borrowed.address == columns[:, 1].ctypes.data


# ---- the rules of the classifier -------------------------------------------------------------------------------------------


def test_separated_classes():
    rng = np.random.default_rng(3)
    X = rng.normal(size=(60, 2))
    y = X[:, 0] + X[:, 1] > 0
    with pytest.warns(ConvergenceWarning, match='completely separated by "x0", "x1"') as told:
        estimator = LogisticRegression().fit(X, y)
    assert len(told) == 1
    assert told[0].filename == __file__
    assert not estimator.model_.converged
    assert estimator.n_iter_.tolist() == [25]
    assert estimator.score(X, y) == 1.0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        LogisticRegression().fit(X, y ^ (rng.random(60) < 0.2))


def test_firths_estimates_are_finite():
    counts = {(0, 0): 9, (0, 1): 4, (1, 0): 7}  # of x and y: none is an event where x is 1
    x, y = np.repeat(np.array(list(counts)), list(counts.values()), axis=0).T
    found = LogisticRegression(method="firth", tol=1e-12).fit(x[:, np.newaxis], y)
    # Of a table of two by two they are the logits of the counts, each with a half more.
    low, high = np.log(4.5 / 9.5), np.log(0.5 / 7.5)
    np.testing.assert_allclose(found.intercept_, [low], rtol=1e-8)
    np.testing.assert_allclose(found.coef_, [[high - low]], rtol=1e-8)
    assert found.model_.converged


def test_levels_of_one_class(frame):
    rows, y = frame[["x", "f"]], frame["won"] & (frame["f"] != "mid")
    with pytest.warns(UserWarning, match="f=mid: all .* responses are 0") as told:
        found = LogisticRegression().fit(rows, y)
    assert not any(issubclass(warning.category, ConvergenceWarning) for warning in told)
    assert found.coef_[0][found.coef_names_ == "f=mid"] == -np.inf
    middle = frame["f"] == "mid"
    assert (found.predict_proba(rows)[middle] == [1.0, 0.0]).all()
    rest = LogisticRegression().fit(rows[~middle], y[~middle])
    np.testing.assert_allclose(
        found.predict_proba(rows)[~middle], rest.predict_proba(rows[~middle]), rtol=1e-6
    )


def test_steps_and_tolerances(frame, X):
    with pytest.warns(ConvergenceWarning, match="max_iterations=1"):
        assert LogisticRegression(max_iter=1).fit(X, frame["won"]).n_iter_[0] == 1
    with pytest.warns(ConvergenceWarning, match="max_iterations=2"):
        assert GLMRegressor("poisson", max_iter=2).fit(X, frame["n"]).n_iter_ == 2
    loose, tight = (GLMRegressor("poisson", tol=tol).fit(X, frame["n"]) for tol in (1e-6, 1e-14))
    assert loose.n_iter_ < tight.n_iter_
    with pytest.raises(ValueError, match="max_iterations is a whole number"):
        LogisticRegression(max_iter=0).fit(X, frame["won"])


def test_classes(frame, X):
    with pytest.raises(ValueError, match=r"Only binary classification is supported.*multiclass"):
        LogisticRegression().fit(X, frame["f"])
    with pytest.raises(ValueError, match="one class only"):
        LogisticRegression().fit(X, np.ones(ROWS))
    with pytest.raises(ValueError, match="one class only"):
        LogisticRegression().fit(X, frame["won"], frame["won"].astype(float))
    with pytest.raises(ValueError, match=r"Unknown label type|continuous"):
        LogisticRegression().fit(X, frame["y"])
    for classes in (["a", "b"], [-1, 1], [7, 9], [False, True]):
        y = np.array(classes)[frame["won"].astype(int)]
        assert set(LogisticRegression().fit(X, y).predict(X)) == set(classes)


def test_log_probabilities_of_the_tails(frame, X):
    estimator = LogisticRegression().fit(X, frame["won"])
    far = np.array([[900.0, -900.0, 0.0], [-900.0, 900.0, 0.0]])
    eta = estimator.decision_function(far)
    assert abs(eta).min() > 750.0  # beyond what a probability can be
    np.testing.assert_allclose(estimator.predict_log_proba(far)[[0, 1], [0, 1]], -abs(eta))


# ---- scikit-learn's tools ---------------------------------------------------------------------------------------------------


def test_not_fitted(path):
    for estimator in ESTIMATORS:
        for rows in (np.zeros((1, 2)), path):
            with pytest.raises(NotFittedError):
                clone(estimator).predict(rows)
        with pytest.raises(NotFittedError):
            clone(estimator).score(path, "y")
    with pytest.raises(NotFittedError):
        LogisticRegression().predict_proba(path)


def test_parameters(frame, X):
    family = families.tweedie(1.5, 0)
    given = GLMRegressor(family, fit_intercept=False, cov_type="HC1", compute_context=RxLocalParallel())  # fmt: skip
    copy = clone(given)
    assert copy.get_params().keys() == given.get_params().keys()
    assert copy.family == family
    assert copy.fit(X, frame["cost"]).model_.cov_type == "HC1"
    assert copy.set_params(family="poisson", cov_type=None).fit(X, frame["n"]).intercept_ == 0.0
    assert copy.model_.family.name == "poisson"
    for estimator in (GLMRegressor("poison"), LinearRegression(cov_type="HC9")):
        with pytest.raises(ValueError, match=r"'poison'|'HC9'"):
            estimator.fit(X, frame["n"])
    kept = LinearRegression(cov_coef=True).fit(frame[["x"]], frame["y"])
    assert kept.model_.cov_coef.shape == (2, 2)
    assert list(insitu.rx_predict(kept.model_, frame, interval="confidence")) == [
        "y_Pred", "y_Lower", "y_Upper"
    ]  # fmt: skip


def test_pipelines_and_searches(frame, X):
    pipeline = make_pipeline(PolynomialFeatures(include_bias=False), StandardScaler(), LinearRegression())  # fmt: skip
    search = GridSearchCV(pipeline, {"polynomialfeatures__degree": [1, 2], "linearregression__fit_intercept": [True, False]}, cv=3)  # fmt: skip
    theirs = GridSearchCV(
        make_pipeline(PolynomialFeatures(include_bias=False), StandardScaler(), linear_model.LinearRegression()),
        search.param_grid, cv=3,
    )  # fmt: skip
    search.fit(X[:, :2], frame["y"]), theirs.fit(X[:, :2], frame["y"])
    assert search.best_params_ == theirs.best_params_
    for key in ("mean_test_score", "split0_test_score"):
        np.testing.assert_allclose(search.cv_results_[key], theirs.cv_results_[key], rtol=1e-9)
    scores = cross_val_score(LogisticRegression(), X, frame["won"], cv=4, scoring="roc_auc")
    expected = cross_val_score(linear_model.LogisticRegression(C=np.inf, tol=1e-8), X, frame["won"], cv=4, scoring="roc_auc")  # fmt: skip
    np.testing.assert_allclose(scores, expected, atol=1e-3)
    assert cross_val_score(GLMRegressor("poisson"), frame[["x", "f"]], frame["n"]).shape == (5,)


def test_frames_out_of_a_pipeline(frame):
    pipeline = make_pipeline(StandardScaler(), LinearRegression()).set_output(transform="pandas")
    pipeline.fit(frame[["x", "z"]], frame["y"], linearregression__sample_weight=frame["w"])
    assert pipeline[-1].coef_names_.tolist() == ["x", "z"]
    scaled = pipeline[0].transform(frame[["x", "z"]])
    np.testing.assert_array_equal(pipeline.predict(frame[["x", "z"]]), pipeline[-1].predict(scaled))


def test_weights_are_routed(frame, X):
    set_config(enable_metadata_routing=True)
    try:
        estimator = LinearRegression().set_fit_request(sample_weight=True)
        scaler = StandardScaler().set_fit_request(sample_weight=False)
        routed = make_pipeline(scaler, estimator).fit(X, frame["y"], sample_weight=frame["w"])  # fmt: skip
    finally:
        set_config(enable_metadata_routing=False)
    assert routed[-1].model_.sum_of_weights == frame["w"].sum()


def test_pickling(frame, path):
    for estimator in (
        LinearRegression().fit(path, "y", features=["x", "f"]),
        LogisticRegression().fit(frame[["x", "f"]], frame["won"]),
        GLMRegressor(families.negative_binomial(2.0)).fit(frame[["x", "f"]], frame["n"]),
    ):
        copy = pickle.loads(pickle.dumps(estimator))
        np.testing.assert_array_equal(copy.predict(path), estimator.predict(path))
        assert copy.model_ == estimator.model_


def test_fitting_again_forgets(frame, X, path):
    estimator = LinearRegression().fit(path, "y", features=["x", "f"])
    estimator.fit(X, frame["y"])
    assert not hasattr(estimator, "feature_names_in_")
    assert estimator.predict(X[:2]).shape == (2,)


def test_without_scikit_learn():
    program = (
        "import sys; sys.modules['sklearn'] = None\n"
        "import insitu\n"
        "try:\n    import insitu.sklearn\nexcept ImportError as error:\n    print(error)\n"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # fmt: skip
    assert said.stdout.strip() == (
        "insitu.sklearn needs scikit-learn 1.6 or later: pip install 'insitu[sklearn]'."
    )
