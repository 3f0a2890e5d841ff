"""Predictions against exact arithmetic, on every kind of source."""

import numpy as np
import pyarrow.parquet
import pytest

import insitu
from conformance.cases import linear
from conformance.reference import oracle


def fitted(case, answer):
    """X·b in rational numbers, rounded once."""
    columns = [[1] * len(case.y)] * case.intercept
    columns += [case.columns[name] for name in answer.names if name in case.columns]
    rows = zip(*columns, strict=True)
    return [
        float(sum(b * oracle.Fraction(x) for b, x in zip(answer.coefficients, row, strict=True)))
        for row in rows
    ]


def predict(place, model, data, **options):
    """A frame of predictions, read back where the place writes."""
    return insitu.rx_predict(model, data=data, compute_context=place.context, **options)


def test_fitted_values_and_residuals(place):
    data = linear._groups(31)
    a = linear.dummies("a", data["a"], linear.A)
    case = linear.LinearCase(
        "p", linear.table_of(**data), "y ~ a + x", {**a, "x": data["x"]}, data["y"]
    )
    source = place.load(case.table)
    model = place.fit(case.formula, source)
    answer = case.answer(("a=high", "a=low", "x"))
    expected = fitted(case, answer)
    frame = predict(place, model, source, compute_residuals=True)
    assert frame.columns.tolist() == ["y_Pred", "y_Resid"]
    lost = 10.0**place.case.tolerance
    np.testing.assert_allclose(frame["y_Pred"], expected, rtol=1e-14 * lost)
    residuals = np.array(data["y"]) - expected
    np.testing.assert_allclose(frame["y_Resid"], residuals, rtol=0, atol=1e-13 * lost)


@pytest.mark.parametrize(
    ("formula", "options"),
    [
        ("y ~ a + x - 1", {}),
        ("y ~ a + x", {"cube": True}),
        ("y ~ a*x", {}),
        ("y ~ b + a + a:x - 1", {}),
    ],
)
def test_an_offset_of_a_predictor_moves_no_prediction(formula, options):
    data = linear._groups(33)
    far = [1e9 + v for v in data["x"]]
    data["x"] = [v - 1e9 for v in far]  # exact
    data["y"] = [y - 16.0 for y in data["y"]]
    near, moved = (linear.table_of(**{**data, "x": x}) for x in (data["x"], far))
    scored = [
        insitu.rx_predict(
            insitu.rx_lin_mod(formula, table, **options, cov_coef="cube" not in options),
            data=table,
            compute_standard_errors="cube" not in options,
        )
        for table in (near, moved)
    ]
    np.testing.assert_allclose(scored[1]["y_Pred"], scored[0]["y_Pred"], rtol=1e-12, atol=1e-12)
    if "y_StdErr" in scored[0]:
        # Errors are taken about centers rounded to doubles, here by up to 6e-8 of a spread of 9.
        np.testing.assert_allclose(scored[1]["y_StdErr"], scored[0]["y_StdErr"], rtol=1e-8)


def test_missing_and_unseen_rows_stay_in_place(place):
    fit = place.load(linear.table_of(y=[1.0, 2.0, 4.0, 7.0], a=["u", "v", "u", "v"]), name="fit")
    model = place.fit("y ~ a", fit)
    new = place.load(linear.table_of(a=["v", None, "w", "u"]), name="new")
    frame = predict(place, model, new)
    assert frame["y_Pred"].round(12).tolist()[::3] == [4.5, 2.5]
    assert frame["y_Pred"].isna().tolist() == [False, True, True, False]


def test_standard_errors_and_intervals():
    case = linear.nist_case("NoInt1")
    model = insitu.rx_lin_mod(case.formula, case.table, cov_coef=True)
    frame = insitu.rx_predict(
        model, data=case.table, compute_standard_errors=True, interval="prediction"
    )
    answer = case.answer(("x",))
    # One slope through the origin: the error of a fitted value is |x| times that of the slope.
    errors = [float(answer.std_errors[0]) * x for x in case.columns["x"]]
    np.testing.assert_allclose(frame["y_StdErr"], errors, rtol=1e-13)
    t = 2.2281388519862747  # quantile 0.975 of Student's t with 10 degrees of freedom
    half = t * np.sqrt(np.square(errors) + float(answer.sigma) ** 2)
    np.testing.assert_allclose(frame["y_Upper"] - frame["y_Lower"], 2 * half, rtol=1e-12)


def test_file_to_file_in_order(tmp_path):
    data = linear._groups(32, 20_000)
    table = linear.table_of(**data)
    pyarrow.parquet.write_table(table, tmp_path / "in.parquet", row_group_size=3_000)
    model = insitu.rx_lin_mod("y ~ a + x", table)
    frame = insitu.rx_predict(model, data=table)
    insitu.rx_predict(
        model, data=str(tmp_path / "in.parquet"), output_data=str(tmp_path / "out.parquet")
    )
    written = pyarrow.parquet.read_table(tmp_path / "out.parquet")
    assert written["y_Pred"].to_pylist() == frame["y_Pred"].tolist()
