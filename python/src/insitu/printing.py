"""Numbers and tables as R prints them: common significant digits per column, signif stars, aligned text."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence

STARS_LEGEND = "Signif. codes:  0 '***' 0.001 '**' 0.01 '*' 0.05 '.' 0.1 ' ' 1 "
_LARGEST_WHOLE = 1e15  # whole numbers below it never print as 1e+05, which R would
_SMALLEST_NORMAL = 2.2250738585072014e-308


def _decimal_parts(value: float, digits: int) -> tuple[int, int]:
    """The decimal exponent of a value rounded to `digits` figures, and how many of them are needed."""
    mantissa, exponent = f"{abs(value):.{digits - 1}e}".split("e")
    return int(exponent), max(1, len(mantissa.replace(".", "").rstrip("0")))


def _special(value: float) -> str | None:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Inf" if value > 0 else "-Inf"
    return None


def format_numbers(values: Sequence[float | int | None], digits: int = 7) -> list[str]:
    """Formats a column: the fewest decimals that show `digits` figures of every value, all in fixed
    or all in scientific notation, whichever is narrower; padded to one width. None prints as NA."""
    finite = [float(v) for v in values if v is not None and math.isfinite(v)]
    parts = [_decimal_parts(v, digits) for v in finite]
    decimals = max((max(0, figures - exponent - 1) for exponent, figures in parts), default=0)
    figures = max((f for _, f in parts), default=1)
    left = max(
        (max(exponent, 0) + 1 + (v < 0) for v, (exponent, _) in zip(finite, parts, strict=True)),
        default=1,
    )
    fixed_width = left + (decimals + 1 if decimals else 0)
    exponent_width = max((len(str(abs(exponent))) for exponent, _ in parts), default=2)
    scientific_width = (
        any(v < 0 for v in finite)
        + (figures + 1 if figures > 1 else 1)
        + 2
        + max(2, exponent_width)
    )
    whole = all(v.is_integer() and abs(v) < _LARGEST_WHOLE for v in finite)
    scientific = fixed_width > scientific_width and not whole
    cells = []
    for value in values:
        if value is None:
            cells.append("NA")
        elif (special := _special(value)) is not None:
            cells.append(special)
        elif scientific:
            cells.append(f"{float(value):.{figures - 1}e}")
        else:
            cells.append(f"{value + 0.0:.{decimals}f}")
    width = max((len(cell) for cell in cells), default=0)
    return [cell.rjust(width) for cell in cells]


def format_number(value: float | int | None, digits: int = 7) -> str:
    """Formats one number with at most `digits` significant figures.

    >>> format_number(40.65432, 4), format_number(1e-20), format_number(336776)
    ('40.65', '1e-20', '336776')
    """
    return format_numbers([value], digits)[0]


def format_p_values(values: Sequence[float | None], digits: int = 3) -> list[str]:
    """Formats p-values as R does, except that small ones print as they are; those below the smallest
    normal double print as `<2e-308`, which is what is known of them."""
    known = [v for v in values if v is not None and math.isfinite(v) and v >= _SMALLEST_NORMAL]
    fixed = [v for v in known if v >= 1e-3]
    small = [v for v in known if v < 1e-3]
    texts = dict(zip(fixed, format_numbers(fixed, digits), strict=True))
    texts |= zip(small, (cell.strip() for cell in format_numbers(small, digits)), strict=True)
    cells = []
    for value in values:
        if value is None or math.isnan(value):
            cells.append("NaN")
        else:
            cells.append(texts.get(value, "<2e-308"))
    return cells


def format_p_value(value: float | None, digits: int = 4) -> str:
    """One p-value with its relation sign spelled out: `0.0123`, `< 2.2e-308`."""
    if value is not None and value < _SMALLEST_NORMAL:
        return "< 2.2e-308"
    return "NaN" if value is None else format_number(value, digits)


def stars(p_value: float | None) -> str:
    """The significance mark of a p-value.

    >>> [stars(p) for p in (1e-9, 0.005, 0.02, 0.07, 0.5)]
    ['***', '**', '*', '.', ' ']
    """
    if p_value is None or math.isnan(p_value):
        return ""
    for mark, bound in (("***", 0.001), ("**", 0.01), ("*", 0.05), (".", 0.1)):
        if p_value <= bound:
            return mark
    return " "


def right_aligned(row_names: Sequence[str], columns: Mapping[str, Sequence[str]]) -> str:
    """A table of text with left-aligned row names and right-aligned columns."""
    head = max((len(name) for name in row_names), default=0)
    widths = {name: max([len(name), *map(len, cells)]) for name, cells in columns.items()}
    lines = [" " * head + "".join(" " + name.rjust(widths[name]) for name in columns)]
    for i, row in enumerate(row_names):
        cells = "".join(" " + column[i].rjust(widths[name]) for name, column in columns.items())
        lines.append(row.ljust(head) + cells)
    return "\n".join(lines)


def left_aligned(columns: Mapping[str, Sequence[str]]) -> str:
    """A table of text without row names; every cell starts under its header, padded on the right."""
    widths = {name: max([len(name), *map(len, cells)]) for name, cells in columns.items()}
    lines = ["".join(" " + name.ljust(widths[name]) for name in columns)]
    rows = len(next(iter(columns.values()), ()))
    for i in range(rows):
        lines.append("".join(" " + cells[i].ljust(widths[name]) for name, cells in columns.items()))
    return "\n".join(lines)


def coefficient_table(
    names: Sequence[str],
    estimate: Sequence[float | None],
    std_error: Sequence[float | None],
    statistic: Sequence[float | None],
    p_value: Sequence[float | None],
    dropped: Sequence[bool],
    counts: Sequence[float | None] | None = None,
    digits: int = 4,
    letter: str = "t",
) -> str:
    """The coefficient block of a model summary, laid out by the rules of R's printCoefmat."""
    kept = [i for i, gone in enumerate(dropped) if not gone]

    def column(cells: Sequence[str], fill: str = "Dropped") -> list[str]:
        shown = dict(zip(kept, cells, strict=True))
        return [shown.get(i, fill) for i in range(len(names))]

    pairs = [estimate[i] for i in kept] + [std_error[i] for i in kept]
    cells = format_numbers(_rounded_jointly(pairs, digits), digits)
    figures = max(1, min(5, digits - 1))
    tests = [None if v is None else round(v, figures) for v in (statistic[i] for i in kept)]
    columns: dict[str, Sequence[str]] = {
        "Estimate": column(cells[: len(kept)]),
        "Std. Error": column(cells[len(kept) :]),
        f"{letter} value": column(format_numbers(tests, digits)),
        f"Pr(>|{letter}|)": column(format_p_values([p_value[i] for i in kept], figures)),
    }
    marks = [stars(p_value[i]) if not dropped[i] else "" for i in range(len(names))]
    if any(mark.strip() for mark in marks):
        columns[""] = [mark.ljust(3) for mark in marks]
    if counts is None:
        return right_aligned(names, columns)
    texts = iter(format_numbers([v for v in counts if v is not None]))
    columns["|"] = ["|"] * len(counts)
    columns["Counts"] = ["" if v is None else next(texts) for v in counts]
    return right_aligned(names, columns)


def _rounded_jointly(values: Sequence[float | None], digits: int) -> list[float | None]:
    """Rounds estimates and errors to the decimals that the largest and the smallest of them ask for."""
    sizes = [abs(v) for v in values if v is not None and math.isfinite(v) and v != 0.0]
    if not sizes:
        return list(values)
    lowest = 1 + math.floor(math.log10(min(sizes)))
    decimals = max(1, digits - lowest)
    return [v if v is None or not math.isfinite(v) else round(v, decimals) for v in values]


def html_page(title: str, facts: Sequence[tuple[str, str]], tables: Sequence[str]) -> str:
    """A result as HTML for notebooks: a caption, a list of facts and ready-made tables."""
    rows = "".join(
        f"<tr><th style='text-align:left'>{html.escape(name)}</th><td>{html.escape(value)}</td></tr>"
        for name, value in facts
    )
    return f"<div><p><b>{html.escape(title)}</b></p><table>{rows}</table>{''.join(tables)}</div>"


def html_table(columns: Mapping[str, Sequence[str]], caption: str | None = None) -> str:
    """Columns of text as one HTML table; every name and cell is escaped."""
    top = f"<caption>{html.escape(caption)}</caption>" if caption else ""
    head = "".join(f"<th>{html.escape(name)}</th>" for name in columns)
    rows = "".join(
        "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in cells) + "</tr>"
        for cells in zip(*columns.values(), strict=True)
    )
    return f"<table>{top}<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
