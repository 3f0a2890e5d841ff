"""Numbers and tables against what R prints."""

from __future__ import annotations

import math

import pytest

from insitu import printing

# summary(lm(dist ~ speed, cars)) and summary(lm(mpg ~ wt, mtcars)), R 4; only the p-value that R floors to "< 2e-16" differs.
HEADER = "            Estimate Std. Error t value Pr(>|t|)    "
CARS = [
    HEADER,
    "(Intercept) -17.5791     6.7584  -2.601   0.0123 *  ",
    "speed         3.9324     0.4155   9.464 1.49e-12 ***",
]
MTCARS = [
    HEADER,
    "(Intercept)  37.2851     1.8776  19.858 8.24e-19 ***",
    "wt           -5.3445     0.5591  -9.559 1.29e-10 ***",
]


def table(estimate, std_error, statistic, p_value, names):
    return printing.coefficient_table(
        names, estimate, std_error, statistic, p_value, [False] * len(names)
    ).splitlines()


def test_coefficient_tables_of_r():
    assert (
        table(
            [-17.579094890511, 3.93240875912409],
            [6.75844016937923, 0.415512776657122],
            [-2.60105800022196, 9.46398999029837],
            [0.0123188161533808, 1.48983649629508e-12],
            ["(Intercept)", "speed"],
        )
        == CARS
    )
    assert (
        table(
            [37.285126167342, -5.34447157272267],
            [1.87762733647, 0.559101045108],
            [19.8575752, -9.55904414697],
            [8.24179870e-19, 1.293958701e-10],
            ["(Intercept)", "wt"],
        )
        == MTCARS
    )


def test_dropped_rows_and_no_stars():
    text = printing.coefficient_table(
        ["(Intercept)", "DayOfWeek=Wednesday"],
        [10.33184, None],
        [0.13306, None],
        [77.6731, None],
        [0.5, None],
        [False, True],
    )
    assert text.splitlines()[1] == "(Intercept)          10.3318     0.1331   77.67      0.5"
    assert text.splitlines()[2] == "DayOfWeek=Wednesday  Dropped    Dropped Dropped  Dropped"
    assert text.splitlines()[0].endswith("Pr(>|t|)")


@pytest.mark.parametrize(
    ("values", "digits", "expected"),
    [
        ([1 / 3, 100.0], 7, ["  0.3333333", "100.0000000"]),
        ([123456.0, 0.001], 7, ["123456.000", "     0.001"]),
        ([1e-10, 1.0], 7, ["1e-10", "1e+00"]),
        ([math.pi * 1e6], 7, ["3141593"]),
        ([10.3318058, 1.6937981, -0.1234567], 7, ["10.3318058", " 1.6937981", "-0.1234567"]),
        ([1e5], 7, ["100000"]),
        ([1.5e300, -2.0], 7, ["1.5e+300", "-2.0e+00"]),
        ([math.nan, math.inf, -math.inf, None, 2.5], 7, [" NaN", " Inf", "-Inf", "  NA", " 2.5"]),
        ([], 7, []),
        ([-0.0], 7, ["0"]),
    ],
)
def test_numbers_of_r(values, digits, expected):
    width = max((len(cell) for cell in expected), default=0)
    assert printing.format_numbers(values, digits) == [cell.rjust(width) for cell in expected]


def test_p_values_are_never_floored():
    cells = printing.format_p_values([9.5e-13, 0.04321, 1e-300, 0.0, None, 5e-310])
    assert cells == ["9.5e-13", "0.0432", "1.0e-300", "<2e-308", "NaN", "<2e-308"]
    assert printing.format_p_value(0.0) == "< 2.2e-308"
    assert printing.format_p_value(1.48983649629508e-12) == "1.49e-12"


def test_names_are_escaped_in_html():
    page = printing.html_page("<b>", [("a&b", "<i>")], [printing.html_table({"<x>": ["<script>"]})])
    assert "<script>" not in page
    assert "<i>" not in page
    assert "&lt;script&gt;" in page
