"""Tables for readers: laws of rounding, nothing that breaks Markdown, LaTeX or CSV."""

from __future__ import annotations

import datetime as dt
import io

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmstudy.report.tables import (
    format_frame,
    format_value,
    spell,
    to_csv,
    to_latex,
    to_markdown,
)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (1234567, "1,234,567"),
        (-1234, "−1,234"),
        (np.int64(12), "12"),
        (1234.5678, "1,234.568"),
        (-0.5, "−0.500"),
        (2000.0, "2,000"),
        (2.0, "2.000"),
        (0.0, "0.000"),
        (-0.0, "0.000"),
        (0.0004, "<0.001"),
        (-0.0004, ">−0.001"),
        (0.0005, "0.001"),
        (np.float32(0.5), "0.500"),
        (float("inf"), "∞"),
        (float("-inf"), "−∞"),
        (float("nan"), "–"),
        (np.float32("nan"), "–"),
        (None, "–"),
        (pd.NA, "–"),
        (pd.NaT, "–"),
        (True, "yes"),
        (np.False_, "no"),
        (pd.Timestamp("2026-01-31"), "2026-01-31"),
        (pd.Timestamp("2026-01-31 14:05"), "2026-01-31 14:05"),
        (dt.date(2026, 1, 31), "2026-01-31"),
        ("customer_value", "customer value"),
        ("Customer_Value", "Customer_Value"),
        ("客户", "客户"),
        ("", ""),
    ],
)
def test_values(value, written):
    assert format_value(value) == written


@given(st.floats(-1e12, 1e12), st.integers(0, 6))
def test_a_written_number_is_never_further_off_than_half_its_last_digit(value, decimals):
    written = format_value(value, decimals)
    assert "-" not in written
    if written[0] in "<>":
        bound = float(written[1:].replace("−", "-"))
        assert value < bound if written[0] == "<" else value > bound
        assert value != 0
        assert abs(bound - value) <= 10.0**-decimals
        assert abs(bound) in (10.0**-decimals, 1 - 10.0**-decimals)
        return
    back = float(written.replace(",", "").replace("−", "-"))
    assert abs(back - value) <= 0.5 * 10.0**-decimals + 1e-3 * (abs(value) > 1e9) + 1e-12


@given(st.floats(0, 1e9, exclude_min=True))
def test_a_number_that_is_not_zero_is_never_written_as_zero(value):
    assert set(format_value(value).replace(",", "")) - set("0.")


@pytest.mark.parametrize(
    ("value", "decimals", "written"),
    [
        (0.99975, 3, ">0.999"),
        (-0.99975, 3, "<−0.999"),
        (0.9994, 3, "0.999"),
        (1.0, 3, "1.000"),
        (0.999, 2, ">0.99"),
        (0.97, 1, "1.0"),
        (0.7, 0, "1"),
    ],
)
def test_a_share_just_below_one_is_not_written_as_one(value, decimals, written):
    assert format_value(value, decimals) == written


def test_spell_leaves_other_text_alone():
    assert [spell(text) for text in ("a_b", "a", "A_b", "a__b", "x.csv")] == [
        "a b",
        "a",
        "A_b",
        "a__b",
        "x.csv",
    ]


def test_whole_columns_have_no_decimals_and_missing_a_dash():
    frame = pd.DataFrame({"n_kept": [1.0, np.nan, 3000.0], "share": [0.5, 1.0, np.nan]})
    assert format_frame(frame, 2).to_dict("list") == {
        "n kept": ["1", "–", "3,000"],
        "share": ["0.50", "1.00", "–"],
    }


def test_two_names_that_are_spelled_alike_stay_two_columns():
    frame = pd.DataFrame([[1, 2]], columns=["a_b", "a b"])
    assert to_markdown(frame).splitlines()[-1] == "| 1 | 2 |"


def test_a_named_index_is_printed_and_another_is_not():
    frame = pd.DataFrame({"n": [1]}, index=pd.Index(["x"], name="group"))
    assert to_markdown(frame).splitlines()[0] == "| group | n |"
    assert to_markdown(frame.rename_axis(None)).splitlines()[0] == "| n |"


def test_markdown_is_one_line_a_row_whatever_a_cell_says():
    frame = pd.DataFrame({"a|b": ["x|y\nz", "<b>bold", "$5 to $10", "< 1"], "n": [1, 2, 3, 4]})
    assert to_markdown(frame).splitlines() == [
        r"| a\|b | n |",
        "| :--- | ---: |",
        r"| x\|y z | 1 |",
        "| &lt;b>bold | 2 |",
        r"| \$5 to \$10 | 3 |",
        "| < 1 | 4 |",
    ]


def test_latex_escapes_cells_and_caption():
    frame = pd.DataFrame({"a_B & c": ["50% of $5 #1 {x} \\ ~ ^"], "n": [1234.5]})
    latex = to_latex(frame, caption=r"Cost & share_of 5% \ ~", label="tab:x")
    assert r"\caption{Cost \& share\_of 5\% \textbackslash{} \textasciitilde{}}" in latex
    assert r"a\_B \& c" in latex
    assert r"50\% of \$5 \#1 \{x\} \textbackslash " in latex
    assert r"\begin{tabular}{lr}" in latex
    assert [latex.count(rule) for rule in (r"\toprule", r"\midrule", r"\bottomrule")] == [1, 1, 1]
    assert "1,234.500" in latex


def test_csv_comes_back_at_ten_digits():
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(
        {
            "x": rng.normal(size=50) * 10.0 ** rng.integers(-8, 9, 50),
            "n": range(50),
            "词": "a,“b”\n",
        }
    )
    back = pd.read_csv(io.StringIO(to_csv(frame)))
    np.testing.assert_allclose(back["x"], frame["x"], rtol=1e-9)
    pd.testing.assert_frame_equal(back.drop(columns="x"), frame.drop(columns="x"))
    assert "\r" not in to_csv(frame)


def test_an_empty_frame_is_a_header():
    assert to_markdown(pd.DataFrame({"a": []})).splitlines()[0] == "| a |"
    assert to_csv(pd.DataFrame({"a": []})) == "a\n"


def test_the_same_frame_gives_the_same_bytes_and_is_not_changed():
    frame = pd.DataFrame({"a_b": [1.5, np.nan], "d": pd.to_datetime(["2026-01-01", None])})
    copy = frame.copy(deep=True)
    for write in (to_csv, to_markdown, lambda f: to_latex(f, caption="c", label="l")):
        assert write(frame) == write(frame)
    pd.testing.assert_frame_equal(frame, copy)


def test_a_count_beside_a_p_value_is_written_as_a_count():
    frame = pd.DataFrame({"statistic": [52.0, 0.048, 1.0, float("nan")], "mean": [52.0, 0.5, 1, 2]})
    written = format_frame(frame)
    assert written["statistic"].tolist() == ["52", "0.048", "1", "–"]
    assert written["mean"].tolist() == ["52.000", "0.500", "1.000", "2.000"]
