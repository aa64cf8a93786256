"""Basic, added and potential value: by hand, against the ledgers, laws, refusals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crmstudy.errors import ModelError, NotAvailable, SettingsError
from crmstudy.value.worth.decompose import decompose_value
from crmstudy.value.worth.margin import observe_margin
from crmstudy.value.worth.named_shares import name_shares


def days(*texts):
    return pd.to_datetime(list(texts), format="ISO8601")


@pytest.fixture
def ledger():
    """Three customers, an anonymous line and a return."""
    return pd.DataFrame(
        {
            "customer_id": ["A", "A", "B", "C", None, "B"],
            "ordered_at": days(
                "2025-01-10", "2025-03-05", "2025-01-20", "2025-02-11", "2025-02-12", "2025-02-01"
            ),
            "revenue": [100.0, 50.0, 40.0, 10.0, 5.0, -20.0],
            "cost": [60.0, 30.0, 30.0, 4.0, 3.0, -15.0],
        }
    )


@pytest.fixture
def tickets():
    return pd.DataFrame(
        {
            "customer_id": ["A", "B", None, "Z"],
            "opened_at": days("2025-01-11 10:00", "2025-02-03 09:00", "2025-02-04", "2025-03-31"),
            "fee": [0.0, 12.0, 3.0, np.nan],
            "cost": [4.0, 6.0, 5.0, np.nan],
        }
    )


@pytest.fixture
def costs():
    return pd.DataFrame(
        {
            "period": days(*["2025-01-01"] * 3, *["2025-02-01"] * 3, *["2025-03-01"] * 2),
            "cost_type": [
                "service",
                "care",
                "platform",
                "service",
                "care",
                "campaign",
                "care",
                "other",
            ],
            "amount": [10.0, 6.0, 7.0, 20.0, 9.0, 2.0, 3.0, 1.5],
            "customer_id": [None] * 5 + ["C"] + [None, "Z"],
        }
    )


@pytest.fixture
def people():
    return pd.DataFrame(
        {
            "customer_id": ["A", "B", "C", "D"],
            "registered_on": days("2024-12-01", "2025-01-20", "2025-01-31", "2025-02-28"),
            "referred_by": [None, "A", "A", "B"],
        }
    )


def by_customer(worth):
    return worth.customers.set_index("customer_id")


# --- by hand ---------------------------------------------------------------------------


def test_every_part_by_hand(ledger, tickets, costs, people):
    worth = decompose_value(
        ledger,
        margin=0.3,
        contacts=tickets,
        costs=costs,
        customers=people,
        future=pd.Series({"A": 30.0, "C": 5.0, "Z": 7.0}),
    )
    found = by_customer(worth)
    assert found["revenue"].to_dict() == {"A": 150.0, "B": 32.0, "C": 10.0}
    assert found["margin_of_goods"].to_dict() == {"A": 60.0, "B": 5.0, "C": 6.0}
    assert found["service_fees"].to_dict() == {"A": 0.0, "B": 12.0, "C": 0.0}
    assert found["ticket_cost"].to_dict() == {"A": -4.0, "B": -6.0, "C": 0.0}
    # active: January A, B; February A, B, C; March A
    assert found["care_cost"].to_dict() == {"A": -9.0, "B": -6.0, "C": -3.0}
    assert found["other_cost"].to_dict() == {"A": 0.0, "B": 0.0, "C": -2.0}
    assert found["future_margin"].to_dict() == {"A": 30.0, "B": 0.0, "C": 5.0}
    assert found["value"].to_dict() == {"A": 77.0, "B": 5.0, "C": 6.0}
    assert found["profit"].to_dict() == {"A": 47.0, "B": 5.0, "C": 1.0}
    assert found["n_recommended"].to_dict() == {"A": 2, "B": 0, "C": 0}
    assert found["recommended_value"].to_dict() == {"A": 11.0, "B": 0.0, "C": 0.0}
    left = worth.left().set_index(["what", "why"])["amount"].to_dict()
    assert left == {
        ("revenue", "sold to nobody known"): 5.0,
        ("margin of goods", "sold to nobody known"): 2.0,
        ("fees for service", "paid by nobody in the ledger"): 3.0,
        ("cost of tickets", "of nobody in the ledger"): 10.0,  # 5, and one at the mean of 5
        ("cost of service", "booked beyond the tickets' own costs"): 10.0,
        ("other cost", "booked to nobody in the ledger"): 1.5,
        ("platform cost", "not caused by single customers"): 7.0,
        ("expected margin of purchases", "of nobody in the ledger"): 7.0,
    }
    assert all(check.passed for check in worth.checks)
    assert worth.to_metrics()["unallocated_cost"] == 28.5


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        # registered by January: A, B, C; D, who never bought, from February on
        ("known", {"A": -2 - 2.25 - 0.75, "B": -5.0, "C": -5.0}),
        # February: B brought less than nothing
        ("revenue", {"A": -6 * 100 / 140 - 3, "B": -6 * 40 / 140, "C": -9.0}),
    ],
)
def test_other_keys_by_hand(ledger, costs, people, key, expected):
    worth = decompose_value(ledger, margin=0.3, costs=costs, customers=people, care_key=key)
    assert by_customer(worth)["care_cost"].to_dict() == pytest.approx(expected)
    strangers = worth.left().query("what == 'cost of care'")["amount"].sum()
    assert strangers == pytest.approx(3.0 if key == "known" else 0.0)
    assert all(check.passed for check in worth.checks)


def test_booked_service_is_spread_over_tickets_without_costs(ledger, tickets, costs):
    worth = decompose_value(
        ledger, margin=0.3, contacts=tickets.drop(columns=["cost", "fee"]), costs=costs
    )
    # January: one ticket, 10. February: two tickets, 10 each, one of nobody.
    assert by_customer(worth)["ticket_cost"].to_dict() == {"A": -10.0, "B": -10.0, "C": 0.0}
    assert worth.left().query("what == 'cost of tickets'")["amount"].item() == 10.0
    assert worth.lacking["fees for service"] == "the service tickets have no fee"
    assert all(check.passed for check in worth.checks)


def test_tickets_cost_without_a_ledger_of_costs(ledger, tickets):
    worth = decompose_value(ledger, margin=0.3, contacts=tickets)
    assert by_customer(worth)["ticket_cost"].to_dict() == {"A": -4.0, "B": -6.0, "C": 0.0}
    assert worth.lacking["cost of care"] == "no cost ledger"
    assert isinstance(worth.profit, pd.Series)


def test_contracts_bring_their_fees(ledger):
    contracts = pd.DataFrame(
        {
            "subscription_id": ["S1", "S2", "S3"],
            "customer_id": ["A", "D", "D"],
            "plan": "club",
            "started_on": days("2024-12-15", "2025-01-31", "2025-04-01"),
            "ended_on": pd.to_datetime([None, "2025-03-30", None]),
            "fee": [10.0, 20.0, 30.0],
        }
    )
    worth = decompose_value(ledger, margin=0.3, subscriptions=contracts, until="2025-03-31")
    # A: fees of January 15 (within), February and March 15, and not December's; D: January 31
    # and February 28; the contract ends before March 31.
    assert by_customer(worth)["margin_of_contracts"].round(9).to_dict() == {
        "A": 9.0,
        "B": 0.0,
        "C": 0.0,
        "D": 12.0,
    }
    window = decompose_value(
        ledger, margin=0.3, subscriptions=contracts, since="2025-02-01", until="2025-03-31"
    )
    assert by_customer(window)["margin_of_contracts"].round(9).to_dict() == {
        "A": 6.0,
        "B": 0.0,
        "C": 0.0,
        "D": 6.0,
    }


def test_the_window_cuts_sales_tickets_and_months(ledger, tickets, costs):
    worth = decompose_value(
        ledger, margin=0.3, contacts=tickets, costs=costs, since="2025-02-01", until="2025-02-14"
    )
    found = by_customer(worth)
    assert found["revenue"].to_dict() == {"A": 0.0, "B": -8.0, "C": 10.0}
    assert found["care_cost"].sum() == pytest.approx(-4.5)  # half of February
    platform = worth.left().query("what == 'platform cost'")
    assert platform.empty
    assert all(check.passed for check in worth.checks)


def test_the_whole_month_counts_when_no_day_is_asked_for(ledger, costs):
    worth = decompose_value(ledger.iloc[:1], margin=0.3, costs=costs)
    assert by_customer(worth)["care_cost"].to_dict() == {"A": -6.0}


# --- margin and named shares -----------------------------------------------------------


def test_the_margin_is_observed_where_costs_are_known(ledger):
    partly = ledger.assign(cost=[60.0, np.nan, 30.0, 4.0, 3.0, -15.0])
    margin = observe_margin(partly, assumed=0.5)
    assert margin.source == "observed"
    assert margin.value == pytest.approx(1 - 82 / 135)
    assert margin.coverage == pytest.approx(5 / 6)
    worth = decompose_value(partly, margin=0.5)
    assert by_customer(worth)["margin_of_goods"]["A"] == pytest.approx(40 + 50 * margin.value)
    assert [check.passed for check in worth.checks] == [True, False]


@pytest.mark.parametrize("without", ["no column", "no value"])
def test_else_it_is_assumed(ledger, without):
    lines = {
        "no column": ledger.drop(columns="cost"),
        "no value": ledger.assign(cost=np.nan),
    }[without]
    margin = observe_margin(lines, assumed=0.25)
    assert (margin.value, margin.source, margin.coverage) == (0.25, "assumed", 0.0)
    worth = decompose_value(lines, margin=0.25)
    assert by_customer(worth)["margin_of_goods"].to_dict() == {"A": 37.5, "B": 5.0, "C": 2.5}
    assert "assumed: 25%" in worth.table()["how known"].iloc[0]
    assert isinstance(worth.profit, NotAvailable)
    assert "only repeats revenue" in str(worth.profit)


def test_a_cost_counts_where_more_was_returned_than_sold(ledger):
    returned = ledger.iloc[[1, 5]].assign(cost=[np.nan, -15.0])
    worth = decompose_value(returned, margin=0.25)
    assert (worth.margin.source, worth.margin.value) == ("observed", 0.25)
    assert by_customer(worth)["margin_of_goods"].to_dict() == {"A": 12.5, "B": -5.0}


def test_three_shares_are_three_things():
    shares = name_shares(pd.Series([60.0, 40.0, 0.0]), pd.Series([6.0, 18.0, -4.0]))
    assert shares["contribution rate"].tolist() == [0.6, 0.4, 0.0]
    assert shares["profit share"].tolist() == [0.3, 0.9, -0.2]
    assert shares["profit margin"].tolist()[:2] == [0.1, 0.45]
    assert np.isnan(shares["profit margin"].iloc[2])
    losing = name_shares(pd.Series([1.0, 1.0]), pd.Series([1.0, -3.0]))
    assert losing["profit share"].isna().all()


def test_the_largest_customers_come_first(ledger):
    largest = decompose_value(ledger, margin=0.3).largest(top=2)
    assert largest["customer"].tolist() == ["A", "B"]
    assert largest["rank"].tolist() == [1, 2]
    assert largest["contribution rate"].tolist() == pytest.approx([150 / 180, 20 / 180])


# --- laws ------------------------------------------------------------------------------


@pytest.fixture
def firm():
    """Four hundred customers with tickets, costs and recommendations."""
    rng = np.random.default_rng(7)
    names = np.array([f"K{i:03d}" for i in range(400)])
    when = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 700, 3000), unit="D")
    revenue = rng.lognormal(3, 1, 3000).round(2)
    lines = pd.DataFrame(
        {
            "customer_id": rng.choice([*names, None], 3000),
            "ordered_at": when,
            "revenue": revenue,
            "cost": (revenue * rng.uniform(0.4, 0.9, 3000)).round(2),
        }
    )
    opened = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 700, 500), unit="D")
    tickets = pd.DataFrame(
        {
            "customer_id": rng.choice([*names, "stranger", None], 500),
            "opened_at": opened,
            "fee": rng.choice([0.0, 10.0], 500),
            "cost": rng.uniform(3, 20, 500).round(2),
        }
    )
    months = pd.date_range("2024-01-01", "2025-12-01", freq="MS")
    costs = pd.DataFrame(
        {
            "period": np.repeat(months, 3),
            "cost_type": ["service", "care", "platform"] * len(months),
            "amount": rng.uniform(100, 400, 3 * len(months)).round(2),
        }
    )
    people = pd.DataFrame(
        {
            "customer_id": [*names, "stranger"],
            "registered_on": pd.Timestamp("2024-01-01"),
            "referred_by": rng.choice([*names[:40], "nobody", None], 401),
        }
    )
    return {"transactions": lines, "contacts": tickets, "costs": costs, "customers": people}


def decompose(firm, **settings):
    tables = dict(firm)
    return decompose_value(tables.pop("transactions"), margin=0.3, **tables, **settings)


@pytest.mark.parametrize("key", ["active", "known", "revenue"])
@pytest.mark.parametrize("until", ["", "2025-06-10"])
def test_parts_and_what_is_left_add_up_to_the_ledgers(firm, key, until):
    worth = decompose(firm, care_key=key, until=until)
    assert all(check.passed for check in worth.checks)
    left = worth.left()
    day = pd.Timestamp(until) if until else pd.Timestamp("2025-12-31")
    lines = firm["transactions"][firm["transactions"]["ordered_at"] <= day]
    frame = worth.customers
    sold = left.query("what == 'margin of goods'")["amount"].sum()
    assert frame["basic_value"].sum() + sold == pytest.approx(
        (lines["revenue"] - lines["cost"]).sum(), rel=1e-12
    )
    if not until:
        inside = firm["costs"]["period"] <= lines["ordered_at"].max()  # whole months
        booked = firm["costs"].loc[inside, "amount"].sum()
        borne = -(frame["ticket_cost"] + frame["care_cost"]).sum()
        rest = left[left["what"].str.contains("cost")]["amount"].sum()
        assert borne + rest == pytest.approx(booked, rel=1e-12)


def test_blocks_are_sums_of_their_parts(firm):
    worth = decompose(firm, future=pd.Series(1.0, [f"K{i:03d}" for i in range(400)]))
    frame = worth.customers
    assert worth.blocks == ("basic value", "added value", "potential value")
    total = frame["basic_value"] + frame["added_value"] + frame["potential_value"]
    np.testing.assert_allclose(frame["value"], total, rtol=1e-12)
    np.testing.assert_allclose(frame["profit"], total - frame["potential_value"], atol=1e-9)
    table = worth.table().set_index(["block", "component"])
    assert table["sum"]["value", "all of it"] == pytest.approx(frame["value"].sum())
    parts = table.drop(index=[i for i in table.index if i[1] == "all of it" or "memo" in i[0]])
    assert np.nansum(parts["sum"]) == pytest.approx(frame["value"].sum())


def test_moving_referral_value_changes_no_sum(firm):
    without, moved = decompose(firm), decompose(firm, referral_share=0.25)
    before, after = by_customer(without), by_customer(moved)
    assert after["value"].sum() == pytest.approx(before["value"].sum(), rel=1e-12)
    blocks = after["basic_value"] + after["added_value"] + after["potential_value"]
    np.testing.assert_allclose(after["value"], blocks, rtol=1e-12)
    people = firm["customers"].set_index("customer_id")["referred_by"]
    recommended = people[people.isin(before.index) & people.index.isin(before.index)]
    recommended = recommended[recommended != recommended.index]
    name = recommended.index[recommended.index > "K050"][0]  # recommends nobody herself
    assert after["value"][name] == pytest.approx(0.75 * before["value"][name])
    credit = before["value"][recommended.index].groupby(recommended).sum()
    np.testing.assert_allclose(before["recommended_value"][credit.index], credit)
    assert before["n_recommended"].sum() == len(recommended)


def test_nothing_depends_on_order(firm):
    rng = np.random.default_rng(3)
    mixed = {name: frame.iloc[rng.permutation(len(frame))] for name, frame in firm.items()}
    first, second = decompose(firm), decompose(mixed)
    pd.testing.assert_frame_equal(first.customers, second.customers, rtol=1e-12)
    pd.testing.assert_frame_equal(first.left(), second.left(), rtol=1e-9)
    groups = pd.Series([f"g{i % 3}" for i in range(400)], [f"K{i:03d}" for i in range(400)])
    bounds = [w.by_segment(groups, seed=4, n_replicates=50) for w in (first, second)]
    pd.testing.assert_frame_equal(*bounds, rtol=1e-9)


def test_names_of_customers_do_not_matter(firm):
    """Pseudonyms differ from key to key; the intervals of segments must not."""
    renamed = {name: frame.copy() for name, frame in firm.items()}
    reverse = {f"K{i:03d}": f"Q{999 - i}" for i in range(400)}
    for frame in renamed.values():
        for column in {"customer_id", "referred_by"} & set(frame):
            frame[column] = frame[column].replace(reverse)
    groups = pd.Series([f"g{i % 3}" for i in range(400)], [f"K{i:03d}" for i in range(400)])
    first = decompose(firm).by_segment(groups, seed=4, n_replicates=50)
    second = decompose(renamed).by_segment(groups.rename(reverse), seed=4, n_replicates=50)
    pd.testing.assert_frame_equal(first, second, rtol=1e-9)


def test_currency_scales_everything(firm):
    scaled = {name: frame.copy() for name, frame in firm.items()}
    for name, columns in (
        ("transactions", ["revenue", "cost"]),
        ("contacts", ["fee", "cost"]),
        ("costs", ["amount"]),
    ):
        scaled[name][columns] = scaled[name][columns] * 100
    first, second = decompose(firm), decompose(scaled)
    np.testing.assert_allclose(second.customers["value"], 100 * first.customers["value"])
    keys = first.compare_keys(), second.compare_keys()
    np.testing.assert_allclose(keys[0]["rank correlation"], keys[1]["rank correlation"])


def test_the_key_in_use_is_compared_with_the_others(firm):
    worth = decompose(firm, care_key="known")
    keys = worth.compare_keys().set_index("key")
    assert keys["rank correlation"]["known"] == pytest.approx(1.0)
    assert (keys["rank correlation"] < 1.0 + 1e-12).all()
    other = decompose(firm, care_key="revenue")
    assert keys["customers with a loss"]["revenue"] == pytest.approx(
        (other.customers["profit"] < 0).mean()
    )


def test_intervals_of_segments_cover_the_truth():
    hits = 0
    for seed in range(120):
        rng = np.random.default_rng(seed)
        lines = pd.DataFrame(
            {
                "customer_id": [f"K{i}" for i in range(80)],
                "ordered_at": pd.Timestamp("2025-01-01"),
                "revenue": rng.gamma(4, 25, 80),
            }
        )
        worth = decompose_value(lines, margin=0.3)
        groups = pd.Series("all", lines["customer_id"])
        row = worth.by_segment(groups, seed=seed, n_replicates=200).iloc[0]
        hits += row["value lower"] <= 30 <= row["value upper"]
    assert 104 <= hits <= 120  # .95 of 120 within four standard errors, a little low


def test_segments_keep_their_order_and_strangers_come_last(ledger):
    worth = decompose_value(ledger, margin=0.3)
    groups = pd.Series(
        pd.Categorical(["small", "large"], ["large", "small", "empty"]), index=["B", "A"]
    )
    rows = worth.by_segment(groups, seed=1, n_replicates=20)
    assert rows["segment"].tolist() == ["large", "small", "no segment"]
    assert rows["customers"].tolist() == [1, 1, 1]
    assert rows["value lower"].isna().all()  # one customer has no interval
    shares = worth.shares(groups)
    assert shares["segment"].tolist() == ["large", "small", "no segment"]
    assert shares["contribution rate"].sum() == pytest.approx(1.0)


def test_the_input_is_left_alone(firm):
    before = {name: frame.copy() for name, frame in firm.items()}
    decompose(firm, referral_share=0.5)
    for name, frame in firm.items():
        pd.testing.assert_frame_equal(frame, before[name])


# --- absences and refusals -------------------------------------------------------------


def test_absent_tables_are_named_with_their_reasons(ledger):
    gone = NotAvailable("no table of that kind in cdnow")
    worth = decompose_value(
        ledger.drop(columns="cost"),
        margin=0.3,
        contacts=gone,
        costs=gone,
        customers=gone,
        subscriptions=gone,
        future=NotAvailable("no model"),
    )
    assert worth.contains == ("margin of goods",)
    assert worth.lacking["expected margin of purchases"] == "no model"
    assert worth.blocks == ("basic value",)
    said = worth.table().set_index("component")["how known"]
    assert said["cost of care"] == "not available: no table of that kind in cdnow"
    assert "added_value" not in worth.customers
    assert worth.left()["what"].tolist() == ["revenue", "margin of goods"]
    with pytest.raises(ModelError, match="no cost of care is booked"):
        worth.compare_keys()
    assert decompose_value(gone, margin=0.3) is gone


def test_bad_settings_are_refused(ledger, costs):
    with pytest.raises(SettingsError, match=r"spread by active, known, revenue, not by 'activ'"):
        decompose_value(ledger, margin=0.3, costs=costs, care_key="activ")
    with pytest.raises(SettingsError, match="referral_share must be between 0 and 1"):
        decompose_value(ledger, margin=0.3, referral_share=1.5)
    with pytest.raises(SettingsError, match="margin must be above 0"):
        decompose_value(ledger, margin=0.0)
    with pytest.raises(SettingsError, match="lies after"):
        decompose_value(ledger, margin=0.3, since="2025-03-01", until="2025-01-01")
    with pytest.raises(ModelError, match="nobody bought between"):
        decompose_value(ledger, margin=0.3, since="2026-01-01", until="2026-02-01")
    with pytest.raises(ModelError, match="no purchase to value"):
        decompose_value(ledger.iloc[:0], margin=0.3)
    with pytest.raises(ModelError, match="no purchase names its customer"):
        decompose_value(ledger.assign(customer_id=None), margin=0.3)
    with pytest.raises(ModelError, match="none of the customers has a segment"):
        decompose_value(ledger, margin=0.3).by_segment(pd.Series({"X": "s"}), seed=1)


def test_one_customer_is_enough(ledger, costs):
    worth = decompose_value(ledger.iloc[:1], margin=0.3, costs=costs)
    assert worth.to_metrics()["customers"] == 1
    assert len(worth.table()) > 0
    keys = worth.compare_keys()
    assert keys["rank correlation"].isna().all()


# --- recovery --------------------------------------------------------------------------


def test_the_firm_s_costs_come_back_to_who_caused_them():
    """The simulated firm spends the same on every registered customer, every month."""
    from crmstudy.collection.simulate.firm import simulate_firm

    firm = simulate_firm(seed=20261123)
    tables = {name: firm.tables[name] for name in ("customers", "costs")}
    worth = decompose_value(firm.tables["transactions"], margin=0.3, care_key="known", **tables)
    found = by_customer(worth)["care_cost"]
    joined = firm.tables["customers"].set_index("customer_id")["registered_on"][found.index]
    months = 12 * (2025 - joined.dt.year) + 12 - joined.dt.month + 1
    each = firm.parameters.cost_care_per_customer
    np.testing.assert_allclose(-found, months * each, rtol=1e-3)
    assert all(check.passed for check in worth.checks)
    known = firm.tables["customers"]
    pairs = known[known["referred_by"].isin(found.index) & known["customer_id"].isin(found.index)]
    assert worth.customers["n_recommended"].sum() == len(pairs) > 0
