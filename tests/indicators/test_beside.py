"""Numbers beside the hierarchy, by hand; costs per retained customer; further refusals."""

import numpy as np
import pandas as pd
import pytest

from crmstudy.errors import DataError, ModelError, NotAvailable, SettingsError
from crmstudy.indicators import measure_indicators, measure_margin, name_indicator
from crmstudy.indicators.intervals import measure_median, resample_ratio

WINDOW = {"window_start": "2024-07-01", "window_end": "2025-01-01"}


def days(*texts):
    return pd.to_datetime(list(texts))


@pytest.fixture
def tables():
    transactions = pd.DataFrame(
        {
            "customer_id": ["a", "b", "c", "a", "d", "e"],
            "basket_id": list("123456"),
            "ordered_at": days(
                "2024-01-02", "2024-02-01", "2024-03-01", "2024-07-05", "2024-08-01", "2024-12-30"
            ),
            "revenue": [10.0] * 6,
        }
    )
    return {
        "transactions": transactions,
        "costs": pd.DataFrame(
            {
                "period": days("2024-07-01", "2024-12-01"),
                "cost_type": "care",
                "amount": [20.0, 10.0],
            }
        ),
        "leads": pd.DataFrame(
            {
                "lead_id": list("pqrst"),
                "created_on": days(
                    "2024-07-01", "2024-08-01", "2024-09-01", "2024-12-31", "2025-01-01"
                ),
                "status": ["won", "lost", "new", "qualified", "won"],
            }
        ),
        "web_events": pd.DataFrame(
            {
                "visitor_id": ["v", "v", "w", "x", "y", "v"],
                "occurred_at": days(*["2024-10-01"] * 5, "2024-10-02"),
                "event": ["visit", "purchase", "view", "review", "cart", "purchase"],
            }
        ),
        "campaigns": pd.DataFrame(
            {
                "campaign_id": ["k", "k", "k", "k", "old"],
                "customer_id": list("abcda"),
                "start_on": days(*["2024-11-01"] * 4, "2024-01-01"),
                "treated": [True, True, True, False, True],
            }
        ),
        "responses": pd.DataFrame(
            {"campaign_id": ["k", "k", "k", "old"], "customer_id": ["a", "a", "d", "a"]}
        ),
        "contacts": pd.DataFrame(
            {
                "opened_at": days(*["2024-09-01 10:00"] * 5),
                "first_response_at": days(
                    "2024-09-01 11:00", "2024-09-01 12:00", "2024-09-01 14:00", "2024-09-02 10:00",
                    None,
                ),
            }
        ),
    }  # fmt: skip


@pytest.fixture
def found(tables):
    return measure_indicators(tables, **WINDOW)


@pytest.mark.parametrize(
    ("name", "value", "n"),
    [
        ("care_cost_per_retained", 30 / 1, 1),  # a alone of a, d, e had bought before
        ("lead_conversion_rate", 1 / 4, 4),  # the fifth was recorded after the window
        ("visitor_conversion_rate", 1 / 3, 3),  # v of v, w, y; a review is no visit
        ("campaign_response_rate", 1 / 3, 3),  # a of a, b, c; d was held back, old began before
        ("first_response_time", 4.0, 5),  # 1, 2, 4, 24 hours and one still waiting
    ],
)
def test_by_hand(found, name, value, n):
    assert found.beside[name].value == pytest.approx(value)
    assert found.beside[name].n == n


def test_the_same_sum_is_divided_by_all_buyers(found):
    assert found.measured["care_cost"].value == pytest.approx(30 / 3)


def test_notes_say_what_a_number_rests_on(found):
    assert found.beside["lead_conversion_rate"].note == "2 of 4 undecided, not counted as won"
    assert found.beside["campaign_response_rate"].note == "1 campaign"
    assert found.beside["first_response_time"].note == "1 unanswered"
    remarks = found.table().set_index("indicator")["remark"]
    assert remarks["response rate of campaigns"].endswith("Wilson; 1 campaign")


def test_lifetime_value_states_its_terms(tables):
    values = pd.Series([1.0, 2.0, 6.0], index=list("abc"))
    found = measure_indicators(
        tables | {"lifetime_values": values}, **WINDOW, horizon_weeks=52, annual_discount_rate=0.1
    ).measured["lifetime_value"]
    assert found.value == pytest.approx(3)
    assert found.note == "horizon 52 weeks, discounted at 10% a year"


def test_upper_boxes(tables):
    survey = pd.DataFrame({"S": [5, 4, 4, 3, 1, np.nan]})
    options = {"survey_roles": {"overall_satisfaction": "S"}}
    of_five = {"S": {"minimum": 1, "maximum": 5}}
    found = measure_indicators({"survey": survey}, **WINDOW, instrument=of_five, **options)
    assert found.beside["satisfied_share"].value == pytest.approx(3 / 5)
    assert found.beside["satisfied_share"].note == "answers 4 and 5 of 1 to 5"
    of_ten = {"S": {"minimum": 1, "maximum": 10}}
    found = measure_indicators({"survey": survey}, **WINDOW, instrument=of_ten, **options)
    assert found.beside["satisfied_share"].value == 0
    of_three = {"S": {"minimum": 1, "maximum": 3}}
    found = measure_indicators(
        {"survey": survey.clip(upper=3)}, **WINDOW, instrument=of_three, **options
    )
    assert "scale of 4 or more; it has 3" in found.beside["satisfied_share"].reason


@pytest.mark.parametrize(
    ("table", "name", "reason"),
    [
        ("leads", "lead_conversion_rate", "no lead was recorded in the window"),
        ("web_events", "visitor_conversion_rate", "no visit was recorded in the window"),
        ("campaigns", "campaign_response_rate", "no campaign began in the window"),
        ("contacts", "first_response_time", "no ticket was opened in the window"),
    ],
)
def test_nothing_in_the_window_is_a_reason(tables, table, name, reason):
    found = measure_indicators(tables | {table: tables[table].head(0)}, **WINDOW)
    assert found.beside[name] == NotAvailable(reason)


def test_a_cost_ledger_must_cover_the_window(tables):
    short = tables["costs"].head(1)
    found = measure_indicators(tables | {"costs": short}, **WINDOW)
    assert found.measured["care_cost"] == NotAvailable(
        "the cost ledger runs from 2024-07 to 2024-07 and does not cover 2024-07 to 2024-12"
    )


def test_months_without_a_booking_are_told(tables):
    said = measure_indicators(tables, **WINDOW).table().set_index("indicator")["remark"]
    assert "no booking in 4 of 6 months, which count as free" in said["care cost per customer"]
    months = pd.date_range("2024-07-01", periods=6, freq="MS")
    full = pd.DataFrame({"period": months, "cost_type": "care", "amount": 1.0})
    found = measure_indicators(tables | {"costs": full}, **WINDOW)
    assert (
        "no booking" not in found.table().set_index("indicator")["remark"]["care cost per customer"]
    )


def test_nobody_retained_has_a_reason(tables):
    tables["transactions"].loc[3, "customer_id"] = "new"
    found = measure_indicators(tables, **WINDOW)
    assert found.measured["retention_rate"].value == 0
    assert "no customer of the period before" in found.beside["care_cost_per_retained"].reason


def test_without_a_window_everything_dated_says_so(tables):
    found = measure_indicators(tables, window_start=None, window_end=None)
    reason = "no table of purchases, tickets or costs sets a window in time"
    assert found.measured["repeat_purchase_rate"] == NotAvailable(reason)


def test_an_order_of_zero_money_counts_and_a_return_does_not(tables):
    tables["transactions"].loc[3:, "revenue"] = [0.0, -5.0, 10.0]
    found = measure_indicators(tables, **WINDOW)
    assert found.measured["repeat_purchase_rate"].n == 2  # a and e; d only handed something back


def test_without_baskets_a_day_is_an_order(tables):
    lines = tables["transactions"].drop(columns="basket_id")
    twice = pd.concat([lines, lines.iloc[[3]]])
    found = measure_indicators({"transactions": twice}, **WINDOW)
    assert found.measured["repeat_purchase_rate"].value == 0


def test_anonymous_lines_belong_to_nobody(tables):
    lines = tables["transactions"]
    nobody = lines.iloc[[3]].assign(customer_id=None, basket_id="99", revenue=1e6)
    found = measure_indicators({"transactions": pd.concat([lines, nobody])}, **WINDOW)
    assert found.measured["repeat_purchase_rate"].n == 3
    assert found.measured["contribution_rate"].value == 0


@pytest.mark.parametrize(
    ("error", "options", "message"),
    [
        (SettingsError, {"level": 1.0}, "level must lie between 0 and 1, found 1"),
        (SettingsError, {"recommends_above": 5}, "recommends_above must lie between 0 and 1"),
    ],
)
def test_refused_conventions(tables, error, options, message):
    with pytest.raises(error, match=message):
        measure_indicators(tables, **WINDOW, **options)


def test_negative_costs_and_answers_off_the_scale_are_refused(tables):
    tables["costs"].loc[0, "amount"] = -3.0
    with pytest.raises(DataError, match="found a care booking of -3; allowed: 0 or more"):
        measure_indicators(tables, **WINDOW)
    with pytest.raises(DataError, match=r"item 'R': found 11 .*allowed: 0 to 10"):
        measure_indicators(
            {"survey": pd.DataFrame({"R": [1, 11]})},
            **WINDOW,
            survey_roles={"recommendation": "R"},
            instrument={"R": {"minimum": 0, "maximum": 10}},
        )


def test_margin_of_a_whole_log(tables):
    with pytest.raises(ModelError, match="no cost of goods"):
        measure_margin(tables["transactions"])
    lines = tables["transactions"].assign(cost=[4.0, 4, 4, 8, 8, 8])
    assert measure_margin(lines).value == pytest.approx(24 / 60)


def test_names_for_readers():
    assert name_indicator("service_cost") == "service cost per customer"
    assert name_indicator("shelf_life") == "shelf life"


# Ranks of the ends of a 95% interval of a median, Conover (1999), table A3 (binomial, 1/2):
# the largest r with P(X <= r - 1) of at most .025.
@pytest.mark.parametrize(("n", "rank"), [(6, 1), (10, 2), (20, 6)])
def test_published_ranks_of_a_median(n, rank):
    interval = measure_median(np.arange(1.0, n + 1)).interval
    assert (interval.low, interval.high) == (rank, n + 1 - rank)


def test_a_median_of_few_or_endless_cases():
    assert isinstance(measure_median(np.arange(5.0)).interval, NotAvailable)
    with pytest.raises(ModelError, match="half of the cases or more have no end"):
        measure_median(np.array([1.0, np.inf]))
    with pytest.raises(ModelError, match="no cases to take a median of"):
        measure_median(np.array([]))
    upper = measure_median(np.array([1.0, 2, 3, 4, 5, 6, 7, np.inf, np.inf, np.inf])).interval
    assert "among cases without end" in upper.reason


def test_median_interval_covers():
    rng = np.random.default_rng(11)
    hits = 0
    for _ in range(1_000):
        interval = measure_median(rng.lognormal(1.0, 0.8, 60)).interval
        hits += interval.low <= np.e <= interval.high
    assert 940 <= hits <= 985


def test_bootstrap_agrees_with_the_formula_of_a_mean():
    values = np.random.default_rng(5).gamma(2.0, 3.0, 800)
    drawn = resample_ratio(values, np.ones(800), seed=1, n_draws=4_000)
    spread = values.std(ddof=1) / np.sqrt(800)
    assert drawn.high - drawn.low == pytest.approx(2 * 1.96 * spread, rel=0.05)
    assert (drawn.high + drawn.low) / 2 == pytest.approx(values.mean(), abs=0.1 * spread)


def test_bootstrap_does_not_depend_on_the_order_of_cases():
    rng = np.random.default_rng(6)
    pairs = rng.gamma(1.0, 1.0, (50, 2))
    shuffled = pairs[rng.permutation(50)]
    one, other = (resample_ratio(*each.T, seed=3, n_draws=200) for each in (pairs, shuffled))
    assert (one.low, one.high) == (other.low, other.high)
