"""The window: long enough, whole months, and a period before it."""

import pandas as pd
import pytest

from crmstudy.errors import NotAvailable
from crmstudy.indicators.window import choose_window, precede


def log(first, last):
    return {
        "transactions": pd.DataFrame(
            {"ordered_at": pd.to_datetime([first, last], format="ISO8601")}
        )
    }


@pytest.mark.parametrize(
    ("first", "last", "start", "end", "length"),
    [
        ("2024-01-01", "2025-12-28", "2025-01-01", "2026-01-01", "year"),
        ("2024-01-09", "2025-12-28", "2025-07-01", "2026-01-01", "half-year"),  # a day too late
        ("2017-01-01", "2018-01-01 04:01", "2017-07-01", "2018-01-01", "half-year"),
        ("1997-01-01", "1998-06-30", "1998-01-01", "1998-07-01", "half-year"),
        ("2024-01-03", "2024-07-02", "2024-04-01", "2024-07-01", "quarter"),
        ("2024-01-01", "2024-03-15", "2024-02-01", "2024-03-01", "month"),
        ("2024-01-01", "2024-01-31", "2024-01-01", "2024-02-01", "all there is"),
        ("2024-01-10", "2024-02-15", "2024-01-10", "2024-02-16", "all there is"),
    ],
)
def test_the_longest_window_with_a_period_before_it(first, last, start, end, length):
    window = choose_window(log(first, last))
    assert (window.start, window.end) == (pd.Timestamp(start), pd.Timestamp(end))
    assert window.length == length
    table = window.table()
    assert table.loc[table["chosen"], "length"].tolist() == [length]


def test_one_more_month_moves_the_window_by_one():
    one = choose_window(log("2023-01-01", "2025-11-30"))
    other = choose_window(log("2023-01-01", "2025-12-31"))
    assert other.start == one.start + pd.DateOffset(months=1)
    assert other.length == one.length == "year"


def test_tickets_and_costs_set_the_window_where_nothing_is_sold():
    costs = pd.DataFrame({"period": pd.date_range("2023-01-01", "2024-12-01", freq="MS")})
    window = choose_window({"transactions": NotAvailable("none"), "costs": costs})
    assert (window.start, window.end) == (pd.Timestamp("2024-01-01"), pd.Timestamp("2025-01-01"))
    tickets = pd.DataFrame({"opened_at": pd.to_datetime(["2024-01-02", "2024-12-31"])})
    assert choose_window({"contacts": tickets, "costs": costs}).length == "half-year"


@pytest.mark.parametrize("tables", [{}, {"transactions": NotAvailable("no ledger")}])
def test_without_dates_there_is_no_window(tables):
    window = choose_window(tables)
    assert (window.start, window.end, window.length) == (None, None, "")
    assert window.table().empty


def test_months_are_preceded_by_months_and_days_by_days():
    def before(start, end):
        return precede(pd.Timestamp(start), pd.Timestamp(end))

    assert before("2024-03-01", "2024-04-01") == pd.Timestamp("2024-02-01")
    assert before("2024-07-01", "2025-01-01") == pd.Timestamp("2024-01-01")
    assert before("2024-03-05", "2024-03-15") == pd.Timestamp("2024-02-24")
