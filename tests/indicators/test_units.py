"""Units side by side: periods, groups of customers, places; what is left out and why."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from crmstudy.collection.simulate import simulate_firm
from crmstudy.errors import ModelError, NotAvailable, SettingsError
from crmstudy.indicators import examine_differences, measure_by_unit, measure_indicators
from crmstudy.indicators.differences import examine_homogeneity

YEAR = {"window_start": "2025-01-01", "window_end": "2026-01-01"}
ROLES = {"overall_satisfaction": "SA1", "recommendation": "REC"}
INSTRUMENT = {"SA1": {"minimum": 1, "maximum": 10}, "REC": {"minimum": 0, "maximum": 10}}
ASKED = {"survey_roles": ROLES, "instrument": INSTRUMENT}


@pytest.fixture(scope="module")
def firm():
    tables = simulate_firm(seed=3, n_customers=1_200).tables
    lines = tables["transactions"]
    lines = lines[lines["status"] != "cancelled"]
    return {**tables, "transactions": lines}


@pytest.fixture(scope="module")
def quarters(firm):
    return measure_by_unit(firm, unit="quarter", **YEAR, **ASKED)


def test_a_quarter_is_the_firm_in_that_window(firm, quarters):
    assert list(quarters.tables) == [
        *("2024-Q2", "2024-Q3", "2024-Q4", "2025-Q1", "2025-Q2", "2025-Q3", "2025-Q4")
    ]
    alone = measure_indicators(firm, window_start="2025-04-01", window_end="2025-07-01")
    of_quarter = quarters.tables["2025-Q2"].values
    for name, value in of_quarter.items():
        assert alone.values[name] == pytest.approx(value, rel=1e-12)
    assert {"retention_rate", "platform_cost", "profit_share"} <= of_quarter.keys()


def test_the_first_period_has_nothing_to_be_compared_with(quarters):
    assert quarters.left_out == {"2024-Q1": "no period before it to compare with"}


def test_the_matrix_holds_what_is_known_of_every_unit(quarters):
    matrix = quarters.matrix()
    assert matrix.shape == (7, len(quarters.directions))
    assert list(matrix.columns) == list(quarters.directions)
    assert matrix.notna().all(axis=None)
    assert (matrix.dtypes == "float64").all()
    assert quarters.directions["platform_cost"] == "smaller"
    assert quarters.dropped["overall_satisfaction"].startswith("not known of 5 of 7 units, 2024-Q2")
    assert set(quarters.dropped) | set(matrix.columns) == set(quarters.tables["2024-Q2"].measured)


def test_months_are_compared_with_the_month_before(firm):
    months = measure_by_unit(firm, unit="month", **YEAR)
    assert list(months.tables)[:2] == ["2024-02", "2024-03"]
    assert len(months.tables) == 23
    alone = measure_indicators(firm, window_start="2024-03-01", window_end="2024-04-01")
    march = months.tables["2024-03"].measured["retention_rate"]
    assert march.value == pytest.approx(alone.values["retention_rate"])


def test_groups_of_customers_add_up_to_the_firm(firm):
    units = measure_by_unit(firm, unit="region", **YEAR, **ASKED, at_least=1)
    whole = measure_indicators(firm, **YEAR, **ASKED)
    assert units.shared == 0
    for name in ("retention_rate", "repeat_purchase_rate", "overall_satisfaction"):
        found = [table.measured[name] for table in units.tables.values()]
        total = sum(one.value * one.n for one in found) / sum(one.n for one in found)
        if name != "overall_satisfaction":  # of some respondents the customer is not known
            assert sum(one.n for one in found) == whole.measured[name].n
        assert total == pytest.approx(whole.values[name], rel=0.03)
    assert "booked to the firm as a whole" in units.dropped["service_cost"]


def test_lifetime_values_and_booked_costs_follow_their_customers(firm):
    people = firm["customers"]["customer_id"]
    worth = pd.Series(np.arange(len(people), dtype=float), index=people)
    booked = pd.DataFrame(
        {
            "period": np.resize(pd.date_range("2025-01-01", periods=12, freq="MS"), len(people)),
            "cost_type": "care",
            "amount": 2.0,
            "customer_id": people,
        }
    )
    units = measure_by_unit(
        firm | {"lifetime_values": worth, "costs": booked}, unit="region", **YEAR
    )
    region = firm["customers"].set_index("customer_id")["region"]
    matrix = units.matrix()
    for name in matrix.index:
        assert matrix.loc[name, "lifetime_value"] == pytest.approx(worth[region == name].mean())
        buyers = units.counts[name]
        assert matrix.loc[name, "care_cost"] == pytest.approx(2 * (region == name).sum() / buyers)


def test_customers_may_buy_in_several_channels(firm):
    units = measure_by_unit(firm, unit="transactions.channel", **YEAR, **ASKED)
    lines = firm["transactions"]
    inside = lines[(lines["ordered_at"] >= "2025-01-01") & (lines["revenue"] >= 0)]
    by_channel = inside.groupby("channel", observed=True)["customer_id"].nunique()
    assert units.counts == by_channel.to_dict()
    per_customer = inside.groupby("customer_id", observed=True)["channel"].nunique()
    assert units.shared == int((per_customer > 1).sum())
    assert units.dropped["recommendation_rate"] == "only purchases say which channel"
    assert measure_by_unit(firm, unit="channel", **YEAR).source == "customers"


def test_small_units_and_those_after_the_twelfth_are_left_out(firm):
    rng = np.random.default_rng(1)
    shops = firm["transactions"].assign(
        shop=rng.choice([f"s{i}" for i in range(20)], len(firm["transactions"]))
    )
    shops.loc[shops.index[:3], "shop"] = "tiny"
    units = measure_by_unit({"transactions": shops}, unit="shop", **YEAR, most=4)
    assert len(units.tables) == 4
    assert "fewer than 30 customers" in units.left_out["tiny"]
    largest = min(units.counts.values())
    for name, reason in units.left_out.items():
        if name != "tiny":
            assert int(reason.rpartition("(")[2].rstrip(")")) <= largest
            assert "not among the 4 with the most customers" in reason


def test_customers_without_the_column_are_counted(firm):
    people = firm["customers"].copy()
    lines = firm["transactions"]
    lost = lines["customer_id"].iloc[0]
    people.loc[people["customer_id"] == lost, "region"] = None
    units = measure_by_unit(firm | {"customers": people}, unit="region", **YEAR)
    assert units.left_out["no region"] == "1 customer in the log without it"


def test_a_period_that_the_log_covers_in_part_is_no_unit(firm):
    lines = firm["transactions"]
    short = lines[lines["ordered_at"] < "2025-11-15"]
    units = measure_by_unit({"transactions": short}, unit="quarter", **YEAR)
    assert units.left_out["2025-Q4"] == "the log covers it only in part"
    assert list(units.tables)[-1] == "2025-Q3"


def test_the_order_of_rows_changes_nothing(firm, quarters):
    rng = np.random.default_rng(9)
    shuffled = {name: frame.iloc[rng.permutation(len(frame))] for name, frame in firm.items()}
    again = measure_by_unit(shuffled, unit="quarter", **YEAR, **ASKED)
    pd.testing.assert_frame_equal(again.matrix(), quarters.matrix(), rtol=1e-12)
    assert again.counts == quarters.counts


def test_tables_of_units(quarters):
    table = quarters.table()
    assert list(table.columns) == [
        *("quarter", "criterion", "indicator", "value", "lower", "upper", "n"),
        *("unit", "better", "remark"),
    ]
    assert len(table) == 7 * 12
    shown = quarters.compare()
    assert list(shown.columns)[:3] == ["quarter", "customers", "repeat purchase rate"]
    left_out = quarters.tabulate_left_out()
    assert set(left_out["what"]) == {"unit", "indicator"}
    metrics = quarters.to_metrics()
    assert metrics["units"] == 7
    assert metrics["smallest_retention_rate"] == quarters.matrix()["retention_rate"].min()


def test_many_units_left_out_for_one_reason_share_a_row(quarters):
    few = {f"store {k}": f"fewer than 30 customers with an order ({k})" for k in range(25)}
    rare = {"2024-Q1": "no period before it to compare with"}
    table = replace(quarters, left_out={**few, **rare}).tabulate_left_out()
    units = table[table["what"] == "unit"].to_dict("split")["data"]
    assert units == [
        [
            *("unit", "25 units: store 0, store 1, store 2 and 22 more"),
            "fewer than 30 customers with an order (0 to 24)",
        ],
        ["unit", "2024-Q1", "no period before it to compare with"],
    ]
    table = replace(quarters, left_out=dict(list(few.items())[:10])).tabulate_left_out()
    assert list(table["name"])[:2] == ["store 0", "store 1"]


@pytest.mark.parametrize(
    ("error", "unit", "message"),
    [
        (SettingsError, "regoin", "no period and no column .* did you mean 'region'"),
        (SettingsError, "week", "UNIT = 'week' is no period"),
        (SettingsError, "customers.status", "is no period and no column"),
        (ModelError, "sex", r"0 of 2 units of 'sex' can be measured \(female: fewer than 9999"),
    ],
)
def test_refusals(firm, error, unit, message):
    with pytest.raises(error, match=message):
        measure_by_unit(firm, unit=unit, **YEAR, at_least=9_999)


def test_without_purchases_there_are_no_units():
    with pytest.raises(ModelError, match="no ledger"):
        measure_by_unit({"transactions": NotAvailable("no ledger")}, unit="quarter", **YEAR)


def test_nothing_in_common_is_said(firm):
    one_day = firm["transactions"].head(1)
    with pytest.raises(ModelError, match="0 of"):
        measure_by_unit({"transactions": one_day}, unit="quarter", **YEAR)


def test_homogeneity_by_hand():
    # Weights 4 and 1, mean (4 * 1 + 1 * 4) / 5 = 1.6, Q = 4 * .36 + 5.76 = 7.2.
    found = examine_homogeneity(np.array([1.0, 4.0]), np.array([0.5, 1.0]))
    assert found["q"] == pytest.approx(7.2)
    assert found["df"] == 1
    assert found["p_value"] == pytest.approx(0.00729, abs=5e-6)  # chi-squared, one degree
    assert found["i2"] == pytest.approx(1 - 1 / 7.2)
    alike = examine_homogeneity(np.array([2.0, 2.0, 2.0]), np.ones(3))
    assert (alike["q"], alike["p_value"], alike["i2"]) == (0, 1, 0)


def test_true_differences_are_found(firm):
    """Satisfaction differs between the regions of the simulated firm."""
    regions = measure_by_unit(firm, unit="region", **YEAR, **ASKED)
    tests = examine_differences(regions)
    assert tests.tests.loc["overall_satisfaction", "p_value"] < 0.05
    assert "overall_satisfaction" not in tests.within_chance


def test_chance_is_called_chance():
    """Six units of one true rate: one test in twenty finds a difference."""
    rng = np.random.default_rng(2)
    shares = rng.binomial(400, 0.6, (2_000, 6)) / 400
    errors = np.sqrt(shares * (1 - shares) / 400)
    found = [examine_homogeneity(*pair)["p_value"] for pair in zip(shares, errors, strict=True)]
    assert 0.035 <= np.mean(np.array(found) < 0.05) <= 0.065


def test_counted_costs_are_compared_without_a_test(quarters):
    tests = examine_differences(quarters)
    assert {"service_cost", "care_cost", "platform_cost"} <= set(tests.uncertain)
    assert set(tests.tests.index) | set(tests.uncertain) == set(quarters.directions)
    assert list(tests.table().columns) == [
        *("indicator", "smallest", "largest", "Q", "df", "p", "share of variance beyond chance"),
    ]
