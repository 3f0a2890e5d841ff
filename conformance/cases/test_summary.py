"""Summaries against exact moments and counts, in every context, on every kind of source."""

from collections import Counter
from fractions import Fraction

from conformance.cases import linear
from conformance.reference import oracle


def test_moments_by_term(place):
    data = linear._groups(21)
    data["x"] = [None if i % 13 == 0 else v for i, v in enumerate(data["x"])]
    summary = place.summarise("~ x + y", place.load(linear.table_of(**data)))
    for (_, row), name in zip(summary.summary_data_frame.iterrows(), ["x", "y"], strict=True):
        values = [v for v in data[name] if v is not None]
        exact = oracle.moments(values)
        assert row["Name"] == name
        assert oracle.lre(row["Mean"], exact.mean) >= 15 - place.case.tolerance
        assert oracle.lre(row["StdDev"], exact.std_dev) >= 15 - place.case.tolerance
        assert (row["Min"], row["Max"]) == (min(values), max(values))
        assert row["ValidObs"] == len(values)
        assert row["MissingObs"] == len(data[name]) - len(values)


def test_listwise(place):
    data = linear._groups(22)
    data["x"] = [None if i % 13 == 0 else v for i, v in enumerate(data["x"])]
    summary = place.summarise("~ x + y", place.load(linear.table_of(**data)), by_term=False)
    values = [y for x, y in zip(data["x"], data["y"], strict=True) if x is not None]
    row = summary.summary_data_frame.iloc[1]
    assert row["ValidObs"] == len(values)
    assert oracle.lre(row["Mean"], oracle.moments(values).mean) >= 15 - place.case.tolerance


def test_probability_weights(place):
    data = linear._groups(23)
    data["w"] = [0.0 if i % 19 == 0 else 1.5 + i % 7 for i in range(len(data["y"]))]
    summary = place.summarise("~ y", place.load(linear.table_of(**data)), pweights="w")
    row = summary.summary_data_frame.iloc[0]
    exact = oracle.moments(data["y"], data["w"])
    assert oracle.lre(row["Mean"], exact.mean) >= 15 - place.case.tolerance
    assert oracle.lre(row["StdDev"], exact.std_dev) >= 14.5 - place.case.tolerance


def test_frequency_weights_are_copies(place):
    data = linear._groups(24)
    data["w"] = [i % 4 for i in range(len(data["y"]))]
    summary = place.summarise("~ y", place.load(linear.table_of(**data)), fweights="w")
    copies = [y for y, w in zip(data["y"], data["w"], strict=True) for _ in range(w)]
    row = summary.summary_data_frame.iloc[0]
    exact = oracle.moments(copies)
    assert oracle.lre(row["Mean"], exact.mean) >= 15 - place.case.tolerance
    assert oracle.lre(row["StdDev"], exact.std_dev) >= 14.5 - place.case.tolerance


def test_counts_and_cells(place):
    data = linear._groups(25)
    source = place.load(linear.table_of(**data))
    counts = place.summarise("~ a", source).categorical[0]
    assert dict(zip(counts.iloc[:, 0], counts["Counts"], strict=True)) == Counter(data["a"])
    cells = place.summarise("~ y:a", source).categorical[0]
    for level in linear.A:
        values = [y for y, a in zip(data["y"], data["a"], strict=True) if a == level]
        row = cells[cells["a"] == level].iloc[0]
        exact = oracle.moments(values)
        assert oracle.lre(row["Means"], exact.mean) >= 15 - place.case.tolerance
        assert oracle.lre(row["StdDev"], exact.std_dev) >= 14.5 - place.case.tolerance
        assert row["ValidObs"] == exact.n


def test_means_of_huge_offsets(place):
    values = [1e15 + 0.125 * k for k in range(64)]
    summary = place.summarise("~ y", place.load(linear.table_of(y=values)))
    row = summary.summary_data_frame.iloc[0]
    exact = oracle.moments(values)
    assert row["Mean"] == float(exact.mean)
    assert oracle.lre(row["StdDev"], exact.std_dev) >= 15 - place.case.tolerance
    assert exact.mean == Fraction(10**15) + Fraction(63, 16)
