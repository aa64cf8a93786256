"""The same numbers by another road: SQL, statsmodels, SciPy, closed forms, known truth."""

from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from crmstudy.collection.simulate import simulate_firm
from crmstudy.indicators import choose_window, compare_intervals, measure_indicators
from crmstudy.indicators.intervals import measure_mean, measure_share

YEAR = {"window_start": "2025-01-01", "window_end": "2026-01-01"}
TABLES = ("transactions", "costs", "contacts", "leads", "web_events", "campaigns", "responses")


def open_firm(seed, n_customers):
    """Take what the database would hold of a simulated firm: no tests, nothing cancelled."""
    firm = simulate_firm(seed=seed, n_customers=n_customers)
    tables = {name: firm.tables[name] for name in TABLES}
    lines = tables["transactions"]
    tables["transactions"] = lines[lines["status"] != "cancelled"]
    return tables, firm.truth


@pytest.fixture(scope="module")
def firm():
    return open_firm(7, 900)[0]


@pytest.fixture(scope="module")
def measured(firm):
    return measure_indicators(firm, **YEAR)


ORDERS = """
    WITH lines AS (SELECT *, ordered_at >= '2025-01-01' AS now FROM transactions),
    sums AS (
        SELECT customer_id,
            count(DISTINCT CASE WHEN now AND revenue >= 0 THEN basket_id END) AS orders,
            count(DISTINCT CASE WHEN NOT now AND revenue >= 0 THEN basket_id END) AS before,
            coalesce(sum(revenue) FILTER (now), 0) AS revenue,
            coalesce(sum(revenue - cost) FILTER (now), 0) AS profit
        FROM lines GROUP BY customer_id)
"""
SQL = {
    "repeat_purchase_rate": f"""{ORDERS} SELECT count(*) FILTER (orders >= 2)
        / count(*) FILTER (orders >= 1) FROM sums""",
    "retention_rate": f"""{ORDERS} SELECT count(*) FILTER (orders >= 1 AND before >= 1)
        / count(*) FILTER (before >= 1) FROM sums""",
    "contribution_rate": f"""{ORDERS} SELECT sum(revenue) FILTER (orders >= 2) / sum(revenue)
        FROM sums""",
    "profit_share": f"""{ORDERS} SELECT sum(profit) FILTER (orders >= 2) / sum(profit) FROM sums""",
    "profit_margin": f"{ORDERS} SELECT sum(profit) / sum(revenue) FROM sums",
    "care_cost": f"""{ORDERS} SELECT (SELECT sum(amount) FROM costs
        WHERE cost_type = 'care' AND period >= '2025-01-01')
        / count(*) FILTER (orders >= 1) FROM sums""",
    "service_cost_per_retained": f"""{ORDERS} SELECT (SELECT sum(amount) FROM costs
        WHERE cost_type = 'service' AND period >= '2025-01-01')
        / count(*) FILTER (orders >= 1 AND before >= 1) FROM sums""",
    "lead_conversion_rate": """SELECT avg((status = 'won')::INT) FROM leads
        WHERE created_on >= '2025-01-01'""",
    "visitor_conversion_rate": """SELECT avg(bought) FROM (
        SELECT visitor_id, max((event = 'purchase')::INT) AS bought FROM web_events
        WHERE occurred_at >= '2025-01-01' AND event NOT IN ('review', 'mention') GROUP BY ALL)""",
    "campaign_response_rate": """
        SELECT count(DISTINCT r.customer_id) / count(DISTINCT c.customer_id)
        FROM campaigns c LEFT JOIN responses r USING (campaign_id, customer_id) WHERE treated""",
    "first_response_time": """SELECT median(
        coalesce(date_diff('second', opened_at, first_response_at) / 3600, 1e9))
        FROM contacts WHERE opened_at >= '2025-01-01'""",
}


@pytest.mark.parametrize("name", SQL)
def test_numbers_are_those_of_sql(firm, measured, name):
    with duckdb.connect() as connection:
        for table, frame in firm.items():
            connection.register(
                table, frame.astype(dict.fromkeys(frame.select_dtypes("category"), str))
            )
        (value,) = connection.execute(SQL[name]).fetchone()
    found = {**measured.measured, **measured.beside}[name]
    assert found.value == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize(("successes", "n"), [(0, 8), (1, 9), (37, 90), (90, 90), (4113, 9001)])
@pytest.mark.parametrize("level", [0.8, 0.95, 0.99])
def test_wilson_is_that_of_statsmodels(successes, n, level):
    interval = measure_share(successes, n, level=level).interval
    low, high = proportion_confint(successes, n, alpha=1 - level, method="wilson")
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=1e-12)


def test_t_is_that_of_scipy():
    values = np.random.default_rng(2).lognormal(0, 1, 40)
    interval = measure_mean(values, level=0.9).interval
    low, high = stats.t.interval(0.9, 39, values.mean(), stats.sem(values))
    assert (interval.low, interval.high) == pytest.approx((low, high), rel=1e-12)


def test_the_order_of_rows_changes_nothing(firm, measured):
    rng = np.random.default_rng(4)
    shuffled = {name: frame.iloc[rng.permutation(len(frame))] for name, frame in firm.items()}
    again = measure_indicators(shuffled, **YEAR)
    assert again.values == pytest.approx(measured.values, rel=1e-12)
    one, other = (compare_intervals(t, **YEAR, seed=1, n_draws=200) for t in (firm, shuffled))
    assert one.to_metrics() == pytest.approx(other.to_metrics(), rel=1e-12)


def test_money_in_another_currency_scales_money_alone(firm, measured):
    dearer = firm | {
        "transactions": firm["transactions"].assign(
            revenue=firm["transactions"]["revenue"] * 7, cost=firm["transactions"]["cost"] * 7
        ),
        "costs": firm["costs"].assign(amount=firm["costs"]["amount"] * 7),
    }
    again = measure_indicators(dearer, **YEAR)
    for name, found in measured.measured.items():
        if not found:
            continue
        factor = 7 if name.endswith("_cost") else 1
        assert again.values[name] == pytest.approx(found.value * factor, rel=1e-12)


def test_what_lies_outside_the_window_changes_no_rate_of_the_window(firm, measured):
    lines = firm["transactions"]
    more = lines[lines["ordered_at"] < "2024-03-01"].assign(
        ordered_at=pd.Timestamp("2026-01-15"), basket_id="later"
    )
    again = measure_indicators(firm | {"transactions": pd.concat([lines, more])}, **YEAR)
    assert again.values == pytest.approx(measured.values, rel=1e-12)


def test_comparison_of_intervals_covers_means_and_ratios(firm):
    compared = compare_intervals(firm, **YEAR, seed=1, n_draws=2_000)
    assert list(compared.formulas) == ["contribution_rate", "profit_share", "profit_margin"]
    assert compared.table()["ratio of widths"].between(0.85, 1.15).all()
    assert compared.widest_gap[0] in set(compared.table()["indicator"])


def test_poisson_buyers_come_back_as_often_as_they_must():
    """Customers buy at one rate and never leave: both rates have closed forms."""
    rng = np.random.default_rng(12)
    rate, customers = 1.5, 4_000  # orders a year
    counts = rng.poisson(rate * 2, customers)
    buyers = np.repeat(np.arange(customers), counts)
    lines = pd.DataFrame(
        {
            "customer_id": buyers.astype(str),
            "basket_id": np.arange(len(buyers)).astype(str),
            "ordered_at": pd.Timestamp("2024-01-01")
            + pd.to_timedelta(rng.uniform(0, 731, len(buyers)), unit="D"),
            "revenue": rng.gamma(3.0, 10.0, len(buyers)),
        }
    )
    window = choose_window({"transactions": lines})
    assert window.length == "year"
    found = measure_indicators(
        {"transactions": lines}, window_start=window.start, window_end=window.end, level=0.999
    ).measured
    some = 1 - np.exp(-rate)
    truth = {
        "retention_rate": some,
        "repeat_purchase_rate": (some - rate * np.exp(-rate)) / some,
        # Spend does not depend on the number of orders: of those, exp(-rate) are single.
        "contribution_rate": 1 - np.exp(-rate),
    }
    for name, value in truth.items():
        assert found[name].interval.low < value < found[name].interval.high


def test_the_simulated_firm_is_recovered():
    """Twenty firms: intervals hold what the firm was made with as often as they promise."""
    hits = {"first_response_time": 0, "campaign_response_rate": 0}
    for seed in range(20):
        tables, truth = open_firm(seed, 400)
        found = measure_indicators(tables, **YEAR)
        true = {
            "first_response_time": truth["service.response_hours_after"],
            "campaign_response_rate": truth["campaign.response_rate"],
        }
        for name, value in true.items():
            interval = found.beside[name].interval
            hits[name] += interval.low <= value <= interval.high
        platform = found.measured["platform_cost"]
        assert platform.value * platform.n == pytest.approx(
            12 * tables["costs"].query("cost_type == 'platform'")["amount"].iloc[0]
        )
    assert min(hits.values()) >= 16, hits
