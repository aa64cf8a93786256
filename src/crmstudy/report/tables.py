"""A frame as people read it: rounded, in Markdown and as a LaTeX three-line table."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd

#: Columns whose rows are quantities of different kinds, a count beside a p-value.
MIXED = ("statistic",)
SNAKE_CASE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)+")


def spell(text: str) -> str:
    """Write a name in snake case as words; leave any other text as it is."""
    return text.replace("_", " ") if SNAKE_CASE.fullmatch(text) else text


def format_value(value: Any, decimals: int = 3) -> str:
    """Write one value for a reader.

    Whole numbers get thousands separators, other numbers ``decimals`` places, very
    small ones a bound (``<0.001``), missing ones a dash.
    """
    if value is None or (pd.api.types.is_scalar(value) and pd.isna(value)):
        return "–"
    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "no"
    if isinstance(value, (int, np.integer)):
        return f"{value:,}".replace("-", "−")
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d}" if value == value.normalize() else f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, (float, np.floating)):
        return _format_float(float(value), decimals)
    return spell(str(value))


def _format_float(value: float, decimals: int) -> str:
    if not np.isfinite(value):
        return "∞" if value > 0 else "−∞"
    if value != 0 and abs(value) < 0.5 * 10.0**-decimals:
        return (
            f"<{10.0**-decimals:.{decimals}f}" if value > 0 else f">−{10.0**-decimals:.{decimals}f}"
        )
    # A share just below one is not all of it; with one decimal or none the loss is too large.
    below_one = 1 - 10.0**-decimals
    rounds_to_one = f"{abs(value):.{decimals}f}" == f"{1:.{decimals}f}"
    if decimals >= 2 and abs(value) < 1 and rounds_to_one:
        return f">{below_one:.{decimals}f}" if value > 0 else f"<−{below_one:.{decimals}f}"
    if value.is_integer() and abs(value) >= 1000:
        decimals = 0
    value = value or 0.0  # no minus before a zero
    return f"{value:,.{decimals}f}".replace("-", "−")


def format_frame(frame: pd.DataFrame, decimals: int = 3) -> pd.DataFrame:
    """Write every cell of a frame for a reader; an index with a name becomes a column.

    A float column that holds only whole numbers is written without decimals; in a column
    of mixed quantities every whole number is.
    """
    named = frame.reset_index() if any(frame.index.names) else frame
    written = {}
    for position in range(named.shape[1]):
        values = named.iloc[:, position]
        whole = _whole_rows(values) if values.name in MIXED else [_whole(values)] * len(values)
        written[position] = [
            format_value(value, 0 if bare else decimals)
            for value, bare in zip(values.tolist(), whole, strict=True)
        ]
    return pd.DataFrame(written).set_axis([spell(str(name)) for name in named.columns], axis=1)


def _whole(values: pd.Series) -> bool:
    if not pd.api.types.is_float_dtype(values):
        return False
    known = values.dropna()
    return bool(len(known) and np.isfinite(known).all() and (known % 1 == 0).all())


def _whole_rows(values: pd.Series) -> list[bool]:
    return [isinstance(value, float) and value.is_integer() for value in values.tolist()]


def to_markdown(frame: pd.DataFrame, decimals: int = 3) -> str:
    """Write a frame as a Markdown table; columns of numbers are set flush right."""
    named = frame.reset_index() if any(frame.index.names) else frame
    written = format_frame(frame, decimals)
    numeric = [pd.api.types.is_numeric_dtype(named.iloc[:, i]) for i in range(named.shape[1])]
    rows = [list(written.columns), ["---:" if right else ":---" for right in numeric]]
    rows += written.to_numpy().tolist()
    return "\n".join("| " + " | ".join(_escape(cell) for cell in row) + " |" for row in rows)


def _escape(cell: str) -> str:
    """Keep a cell from ending its column, from starting a formula and from being a tag."""
    text = " ".join(cell.split("\n")).replace("|", r"\|").replace("$", r"\$")
    return re.sub(r"<(?=[A-Za-z/!])", "&lt;", text)


def to_latex(frame: pd.DataFrame, *, caption: str, label: str, decimals: int = 3) -> str:
    """Write a frame as a LaTeX table with three rules (booktabs)."""
    named = frame.reset_index() if any(frame.index.names) else frame
    layout = "".join(
        "r" if pd.api.types.is_numeric_dtype(named.iloc[:, i]) else "l"
        for i in range(named.shape[1])
    )
    return format_frame(frame, decimals).to_latex(
        index=False, escape=True, caption=_escape_latex(caption), label=label, column_format=layout
    )


LATEX = {
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
}


def _escape_latex(text: str) -> str:
    return "".join(LATEX.get(sign, sign) for sign in text)


def to_csv(frame: pd.DataFrame) -> str:
    """Write a frame as CSV with ten significant digits, the same on every platform."""
    return frame.to_csv(index=any(frame.index.names), float_format="%.10g", lineterminator="\n")
