"""The twelve indicators: by hand on a small firm, published intervals, absences, refusals."""

import numpy as np
import pandas as pd
import pytest

from crmstudy.errors import ModelError, NotAvailable, SettingsError
from crmstudy.evaluation.hierarchy.synthesis import rebuild_hierarchy
from crmstudy.indicators import HIERARCHY, INDICATORS, SUPPLEMENTS, measure_indicators
from crmstudy.indicators.intervals import measure_mean, measure_ratio, measure_share

NO_LEDGER = NotAvailable("no cost ledger")
WINDOW = {"window_start": "2024-07-01", "window_end": "2025-01-01"}
ROLES = {
    "product_satisfaction": ["P1", "P2"],
    "service_satisfaction": "S1",
    "recommendation": "R",
}
INSTRUMENT = {
    "P1": {"minimum": 1, "maximum": 5},
    "P2": {"minimum": 1, "maximum": 5, "reverse": True},
    "S1": {"minimum": 1, "maximum": 10},
    "R": {"minimum": 0, "maximum": 10},
}


@pytest.fixture
def tables():
    """Four customers buy in the first half of 2024, three of them and one more in the second."""
    lines = [
        # customer, basket, day, revenue, cost
        ("a", "1", "2024-01-02", 10.0, 5.0),
        ("b", "2", "2024-02-01", 10.0, 5.0),
        ("c", "3", "2024-03-01", 10.0, 5.0),
        ("d", "4", "2024-06-30", 10.0, 5.0),
        ("a", "5", "2024-07-01", 30.0, 10.0),
        ("a", "6", "2024-08-01", 20.0, 10.0),
        ("a", "6", "2024-08-01", 10.0, 5.0),
        ("b", "7", "2024-09-01", 40.0, 30.0),
        ("c", "8", "2024-10-01", 15.0, 10.0),
        ("c", "9", "2024-11-01", -5.0, 0.0),  # a return is no order
        ("e", "10", "2024-12-31", 10.0, 5.0),
        ("e", "11", "2024-12-31", 20.0, 15.0),
    ]
    transactions = pd.DataFrame(
        lines, columns=["customer_id", "basket_id", "ordered_at", "revenue", "cost"]
    )
    costs = pd.DataFrame(
        {
            "period": pd.to_datetime(["2024-06-01", "2024-07-01", "2024-12-01", "2024-12-01"]),
            "cost_type": ["service", "service", "service", "platform"],
            "amount": [1000.0, 12.0, 8.0, 100.0],
        }
    )
    survey = pd.DataFrame(
        {
            "respondent_id": list("vwxyz"),
            "P1": [5, 4, 3, np.nan, 1],
            "P2": [1, 2, np.nan, np.nan, 5],
            "S1": [10, 1, 5.5, 10, 10],
            "R": [10, 9, 6, 5, np.nan],
        }
    )
    values = pd.DataFrame({"customer_id": list("abcd"), "lifetime_value": [10.0, 20, 30, 40]})
    return {
        "transactions": transactions.astype({"ordered_at": "datetime64[us]"}),
        "costs": costs,
        "survey": survey,
        "lifetime_values": values,
    }


@pytest.fixture
def measured(tables):
    return measure_indicators(tables, **WINDOW, survey_roles=ROLES, instrument=INSTRUMENT)


@pytest.mark.parametrize(
    ("name", "value", "n"),
    [
        # v: 100, 100; w: 75, 75; x: 50; z: 0, 0.
        ("product_satisfaction", (100 + 75 + 50 + 0) / 4, 4),
        ("service_satisfaction", (100 + 0 + 50 + 100 + 100) / 5, 5),
        ("repeat_purchase_rate", 2 / 4, 4),  # a and e of a, b, c, e
        ("recommendation_rate", 3 / 4, 4),  # 10, 9, 6 above the middle
        ("retention_rate", 3 / 4, 4),  # a, b, c of a, b, c, d
        ("service_cost", 20 / 4, 4),
        ("platform_cost", 100 / 4, 4),
        ("contribution_rate", (60 + 30) / (60 + 40 + 10 + 30), 4),
        ("lifetime_value", 25, 4),
        ("profit_share", (35 + 10) / (35 + 10 + 0 + 10), 4),
    ],
)
def test_indicators_by_hand(measured, name, value, n):
    found = measured.measured[name]
    assert found.value == pytest.approx(value)
    assert found.n == n


def test_neighbours_have_their_own_names(measured):
    # Promoters 10, 9; detractors 6, 5: a recommendation rate of .75 is a score of 0.
    assert measured.beside["net_promoter_score"].value == pytest.approx(0)
    assert measured.beside["profit_margin"].value == pytest.approx(55 / 140)
    assert measured.measured["profit_share"].value != measured.beside["profit_margin"].value


def test_what_is_missing_says_why(measured):
    assert measured.measured["overall_satisfaction"] == NotAvailable(
        "no survey item asks for overall satisfaction"
    )
    assert measured.measured["care_cost"] == NotAvailable(
        "the cost ledger has no booking of type 'care' in the window"
    )
    table = measured.table().set_index("indicator")
    assert table.loc["care cost per customer", "remark"].startswith("not available: the cost led")
    assert pd.isna(table.loc["care cost per customer", "value"])
    assert measured.to_metrics()["care_cost"] == measured.measured["care_cost"]
    rebuilt = rebuild_hierarchy(HIERARCHY, measured.measured)
    assert set(rebuilt.dropped) == {"overall_satisfaction", "care_cost"}


@pytest.mark.parametrize(
    ("table", "replacement", "name", "reason"),
    [
        ("costs", NO_LEDGER, "service_cost", "no cost ledger"),
        ("costs", None, "service_cost", "the study has no table 'costs'"),
        ("survey", NO_LEDGER, "recommendation_rate", "no cost ledger"),
        ("lifetime_values", None, "lifetime_value", "the study has no table 'lifetime_values'"),
        ("transactions", None, "service_cost", "the study has no table 'transactions'"),
    ],
)
def test_a_missing_table_is_the_reason(tables, table, replacement, name, reason):
    tables[table] = replacement
    if replacement is None:
        del tables[table]
    found = measure_indicators(tables, **WINDOW, survey_roles=ROLES, instrument=INSTRUMENT)
    assert found.measured[name] == NotAvailable(reason)


def test_no_table_at_all_still_gives_a_table():
    found = measure_indicators({}, **WINDOW)
    assert list(found.measured) == list(INDICATORS)
    assert found.values == {}
    assert len(found.table()) == len(INDICATORS) + len(SUPPLEMENTS)
    with pytest.raises(ModelError, match="no indicator of the hierarchy can be measured"):
        rebuild_hierarchy(HIERARCHY, found.measured)


def test_profit_needs_every_cost_of_goods(tables):
    without = tables["transactions"].drop(columns="cost")
    found = measure_indicators(tables | {"transactions": without}, **WINDOW)
    assert "no cost of goods" in found.measured["profit_share"].reason
    assert "no cost of goods" in found.beside["profit_margin"].reason
    tables["transactions"].loc[5, "cost"] = np.nan
    found = measure_indicators(tables, **WINDOW)
    assert found.measured["profit_share"] == NotAvailable(
        "the cost of goods is missing in 1 of 8 lines"
    )


def test_a_log_must_cover_its_windows(tables):
    late = tables["transactions"].iloc[3:]
    found = measure_indicators({"transactions": late}, **WINDOW)
    assert found.measured["repeat_purchase_rate"].value == 0.5
    assert found.measured["retention_rate"] == NotAvailable(
        "the transactions run from 2024-06-30 to 2024-12-31 and do not cover "
        "2024-01-01 to 2024-07-01"
    )
    short = measure_indicators(tables, window_start="2024-07-01", window_end="2025-07-01")
    assert "do not cover 2024-07-01 to 2025-07-01" in short.measured["contribution_rate"].reason
    empty = measure_indicators({"transactions": late.head(0)}, **WINDOW)
    assert empty.measured["contribution_rate"] == NotAvailable("there are no transactions")


def test_costs_booked_to_customers_have_an_interval(tables):
    costs = pd.DataFrame(
        {
            "period": pd.to_datetime(["2024-07-01", "2024-09-01", "2024-12-01"]),
            "cost_type": "service",
            "amount": [4.0, 6.0, 2.0],
            "customer_id": ["a", "b", "zz"],
        }
    )
    booked = measure_indicators(tables | {"costs": costs}, **WINDOW).measured["service_cost"]
    # zz did not buy: the money counts, the customer does not.
    assert booked.value == pytest.approx(12 / 4)
    assert booked.interval.method == "t, ratio of sums"
    total = measure_indicators(tables, **WINDOW).measured["service_cost"]
    assert isinstance(total.interval, NotAvailable)
    table = measure_indicators(tables, **WINDOW).table().set_index("indicator")
    assert "counted, not sampled" in table.loc["service cost per customer", "remark"]


def test_net_promoter_score_needs_its_scale(tables):
    instrument = INSTRUMENT | {"R": {"minimum": 0, "maximum": 20}}
    found = measure_indicators(tables, **WINDOW, survey_roles=ROLES, instrument=instrument)
    assert "needs a scale from 0 (or 1) to 10, the item has 0 to 20" in (
        found.beside["net_promoter_score"].reason
    )
    assert found.measured["recommendation_rate"].value == 0


def test_yes_no_recommendation(tables):
    tables["survey"]["R"] = [1, 1, 0, 0, 1]
    instrument = INSTRUMENT | {"R": {"minimum": 0, "maximum": 1}}
    found = measure_indicators(tables, **WINDOW, survey_roles=ROLES, instrument=instrument)
    assert found.measured["recommendation_rate"].value == pytest.approx(0.6)


def test_order_of_rows_does_not_matter(tables, measured):
    shuffled = {name: table.sample(frac=1, random_state=1) for name, table in tables.items()}
    again = measure_indicators(shuffled, **WINDOW, survey_roles=ROLES, instrument=INSTRUMENT)
    for name, value in measured.values.items():
        assert again.values[name] == pytest.approx(value)


def test_twelve_in_four_criteria_and_three_better_smaller():
    assert {criterion: len(names) for criterion, names in HIERARCHY.items()} == {
        "satisfaction": 3,
        "loyalty": 3,
        "relationship_cost": 3,
        "customer_value": 3,
    }
    smaller = [name for name, one in INDICATORS.items() if one.better == "smaller"]
    assert smaller == list(HIERARCHY["relationship_cost"])


def test_directions_and_metrics(measured):
    assert measured.directions["service_cost"] == "smaller"
    assert measured.directions["retention_rate"] == "larger"
    metrics = measured.to_metrics()
    assert metrics["n_retention_rate"] == 4
    assert metrics["retention_rate_lower"] < 0.75 < metrics["retention_rate_upper"]
    assert "service_cost_lower" not in metrics
    assert len(measured.definitions()) == len(INDICATORS) + len(SUPPLEMENTS)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"window_end": "2024-07-01"}, "runs from 2024-07-01 to 2024-07-01; allowed: an end after"),
        ({"survey_roles": {"recomendation": "R"}}, "is unknown.*did you mean 'recommendation'"),
        ({"survey_roles": {"recommendation": "Q"}}, "item 'Q' is not in the survey"),
        ({"survey_roles": {"recommendation": ["R", "S1"]}}, "names R, S1; allowed: one item"),
    ],
)
def test_refusals(tables, options, message):
    with pytest.raises(SettingsError, match=message):
        measure_indicators(
            tables, **({**WINDOW, "survey_roles": ROLES, "instrument": INSTRUMENT} | options)
        )


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [
        # Newcombe (1998), Statistics in Medicine, 17, 857-872, table I, method 3.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_published_wilson_intervals(successes, n, low, high):
    interval = measure_share(successes, n).interval
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=5e-5)


def test_wilson_mirrors():
    there, back = measure_share(3, 17).interval, measure_share(14, 17).interval
    assert (there.low, there.high) == pytest.approx((1 - back.high, 1 - back.low))
    assert measure_share(20, 20).interval.high == 1


def test_t_interval_by_hand():
    # Mean 3, s = sqrt(2.5), t(.975; 4) = 2.776445.
    interval = measure_mean(np.array([1.0, 2, 3, 4, 5])).interval
    assert interval.high - 3 == pytest.approx(2.776445 * np.sqrt(2.5 / 5), abs=1e-6)


def test_ratio_interval_is_the_t_interval_when_denominators_are_one():
    values = np.array([1.0, 4, 2, 8])
    assert measure_ratio(values, np.ones(4)).interval.low == pytest.approx(
        measure_mean(values).interval.low
    )


def test_ratio_interval_covers():
    rng = np.random.default_rng(3)
    covered = 0
    for _ in range(1_000):
        size = rng.gamma(2.0, 1.0, 80)
        part = size * rng.beta(2, 3, 80)
        interval = measure_ratio(part, size).interval
        covered += interval.low < 0.4 < interval.high
    assert 920 <= covered <= 970


def test_intervals_need_cases():
    with pytest.raises(ModelError, match="needs two cases or more; found 1"):
        measure_mean(np.array([1.0]))
    with pytest.raises(ModelError, match="no cases to take a share of"):
        measure_share(0, 0)
    with pytest.raises(ModelError, match="denominators sum to 0; a ratio needs more than 0"):
        measure_ratio(np.ones(3), np.zeros(3))
