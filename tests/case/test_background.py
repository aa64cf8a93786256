"""The data card counted by hand, growth between whole years, practice of the same definition."""

import numpy as np
import pandas as pd
import pytest

from crmstudy.case.background.card import describe_firm, share_channels
from crmstudy.case.background.figures_of_firm import share_of_largest
from crmstudy.case.background.practice import (
    OWN,
    compare_benchmarks,
    judge_distance,
    read_period,
)
from crmstudy.errors import ModelError, NotAvailable
from crmstudy.improvement import Case
from crmstudy.shares import wilson_limits

SAID = {"title": "A shop", "dataset": "shop", "currency": "EUR"}


@pytest.fixture
def transactions():
    """Five orders of three customers, a return, and a line of nobody known."""
    rows = [
        ("A", "b1", "2024-01-02", 10.0, "web"),
        ("A", "b1", "2024-01-02", 20.0, "web"),
        ("A", "b2", "2024-12-29", 30.0, "store"),
        ("B", "b3", "2024-06-01", 40.0, "web"),
        ("B", "b4", "2025-06-01", 60.0, "store"),
        ("B", "b5", "2025-06-02", -10.0, "store"),
        ("C", "b6", "2025-12-29", 50.0, "web"),
        (None, "b7", "2025-12-29", 5.0, "web"),
    ]
    columns = ["customer_id", "basket_id", "ordered_at", "revenue", "channel"]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.assign(ordered_at=pd.to_datetime(frame["ordered_at"]))


@pytest.fixture
def tables(transactions):
    return {
        "transactions": transactions,
        "customers": pd.DataFrame(
            {"customer_id": list("ABCD"), "region": ["north", "north", "south", None]}
        ),
        "contacts": pd.DataFrame(
            {
                "customer_id": ["A", "B", "B"],
                "opened_at": pd.to_datetime(["2024-02-01", "2025-06-03", "2025-07-01"]),
                "complaint": [True, True, False],
            }
        ),
        "costs": pd.DataFrame(
            {
                "period": pd.to_datetime(["2024-01-01", "2024-01-01", "2024-02-01"]),
                "cost_type": ["service", "care", "service"],
                "amount": [3.0, 5.0, 4.0],
            }
        ),
        "survey": NotAvailable("no survey"),
    }


def test_the_card_by_hand(tables):
    card = describe_firm(tables, **SAID, origin=lambda name: f"file of {name}")
    facts = {(one.about, one.fact): one.value for one in card.facts}
    assert facts["customers", "in the table of customers"] == 4
    assert facts["customers", "with a purchase"] == 3
    assert facts["customers", "with a purchase in the last 365 days"] == 2
    assert facts["customers", "regions"] == 2
    assert facts["customers", "share of the largest region, north"] == pytest.approx(2 / 3)
    assert facts["purchases", "orders"] == 5
    assert facts["purchases", "revenue, less returns"] == pytest.approx(200)
    assert facts["purchases", "mean order"] == pytest.approx(40)
    assert facts["purchases", "handed back"] == pytest.approx(10 / 215)
    assert facts["purchases", "lines of nobody known, not counted here"] == pytest.approx(1 / 8)
    # Of three customers the largest fifth is one: B with 90 of 200.
    assert facts["purchases", "share of the largest 20% of customers"] == pytest.approx(0.45)
    assert facts["service", "complaints among them"] == pytest.approx(2 / 3)
    assert facts["costs booked", "service, 2024-01 to 2024-02"] == 7
    assert card.absent == ("survey",)
    assert card.sources["origin"].tolist()[0] == "file of transactions"
    assert card.to_metrics()["revenue"] == pytest.approx(200)
    assert isinstance(card.value("survey", "respondents"), NotAvailable)


def test_growth_is_told_between_whole_years_only(tables):
    years = describe_firm(tables, **SAID).years.set_index("year")
    assert years["covered"].tolist() == ["whole", "whole"]
    assert years.loc["2024", "revenue"] == pytest.approx(100)
    assert years.loc["2025", "growth of revenue"] == pytest.approx(0)
    assert years.loc["2025", "growth of customers"] == pytest.approx(0)
    late = tables["transactions"][lambda t: t["ordered_at"] > "2024-03-01"]
    part = describe_firm({"transactions": late}, **SAID).years.set_index("year")
    assert part["covered"].tolist() == ["06-01 to 12-31", "whole"]
    assert part["growth of revenue"].isna().all()


def test_channels_share_orders_and_revenue(transactions):
    table = share_channels(transactions).set_index("channel")
    assert table.loc["web", "orders"] == 3
    assert table.loc["web", "revenue"] == pytest.approx(120)
    assert table["share of revenue"].sum() == pytest.approx(1)
    many = transactions.assign(channel=[f"store {i}" for i in range(len(transactions))])
    joined = share_channels(many, most=2)
    assert joined["channel"].tolist()[-1] == "5 others"
    assert joined["revenue"].sum() == pytest.approx(200)
    with pytest.raises(ModelError, match="tell no channel"):
        share_channels(transactions.drop(columns="channel"))


def test_the_order_of_rows_does_not_matter(tables):
    turned = {
        n: t.sample(frac=1, random_state=2) if n != "survey" else t for n, t in tables.items()
    }
    one, two = describe_firm(tables, **SAID), describe_firm(turned, **SAID)
    assert one.to_metrics() == pytest.approx(two.to_metrics())
    assert [f.fact for f in one.facts] == [f.fact for f in two.facts]
    pd.testing.assert_frame_equal(one.years, two.years)


def test_money_in_another_unit_scales_money_only(tables):
    scaled = tables["transactions"].assign(revenue=lambda t: 3 * t["revenue"])
    one, two = (
        describe_firm({**tables, "transactions": t}, **SAID)
        for t in (tables["transactions"], scaled)
    )
    pairs = {(a.about, a.fact): (a, b) for a, b in zip(one.facts, two.facts, strict=True)}
    mean, mean3 = pairs["purchases", "mean order"]
    assert mean3.value == pytest.approx(3 * mean.value)
    share, share3 = pairs["purchases", "share of the largest 20% of customers"]
    assert share3.value == pytest.approx(share.value)


def test_equal_customers_are_not_concentrated():
    assert share_of_largest(pd.Series(np.ones(50))) == pytest.approx(0.2)
    assert share_of_largest(pd.Series([7.0, 0, 0, 0, 0])) == 1


def test_a_firm_without_purchases_still_has_a_card(tables):
    card = describe_firm(
        {"contacts": tables["contacts"], "transactions": NotAvailable("none")}, **SAID
    )
    assert isinstance(card.years, NotAvailable)
    assert card.absent == ("transactions",)
    with pytest.raises(ModelError, match="no table that tells anything"):
        describe_firm({"survey": NotAvailable("none")}, **SAID)


def test_the_author_s_words_are_kept(tables):
    assert describe_firm(tables, **SAID).case == Case()
    case = Case(background="A shop in a town.")
    assert describe_firm(tables, **SAID, case=case).case.background == "A shop in a town."


def published(rows):
    return pd.DataFrame(rows, columns=["indicator", "period", "value", "unit", "source"])


def test_figures_of_one_definition_and_period_are_compared(tables):
    benchmarks = published(
        [
            ("complaint rate", "2024", 0.9, "share of purchases", "an office"),
            ("mean purchase", "2025", 55.0, "EUR", "an office"),
            ("Retention rate", 2025, 0.7, "share", "an office"),
        ]
    )
    found = compare_benchmarks(benchmarks, tables, currency="EUR")
    table = found.table().set_index("indicator")
    # One complaint and three orders in 2024.
    assert table.loc["complaint rate", "own"] == pytest.approx(1 / 3)
    low, high = wilson_limits(1, 3, confidence=0.95)
    assert table.loc["complaint rate", "lower"] == pytest.approx(float(low))
    assert table.loc["complaint rate", "own is"] == "below"
    assert table.loc["complaint rate", "better"] == "smaller"
    assert float(high) < 0.9
    # 100 of revenue less returns, two orders in 2025.
    assert table.loc["mean purchase", "own"] == pytest.approx(50)
    # A and B bought in 2024, B again in 2025.
    assert table.loc["Retention rate", "own"] == pytest.approx(0.5)
    assert table.loc["Retention rate", "own is"] == "not told apart"
    assert found.to_metrics()["n_below"] == 1


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (("customer satisfaction index", "2024", 76, "points of 100", "x"), "weighs several items"),
        (("retention rate", "2025", 70, "percent", "x"), "its unit is 'percent'"),
        (("retention rate", "2024", 0.7, "share", "x"), "do not cover 2023-01-01"),
        (("retention rate", "2024-2025", 0.7, "share", "x"), "no year, quarter or month"),
        (("mean purchase", "2024", 30, "USD", "x"), "its unit is 'USD'"),
        (("customer happiness", "2024", 1, "share", "x"), "measures nothing under this name"),
        (("recommendation rate", "2024", 0.5, "share", "x"), "no survey"),
        (("response rate of customer surveys", "2024", 0.3, "share", "x"), "invitations"),
    ],
)
def test_unlike_figures_are_not_compared(tables, row, why):
    found = compare_benchmarks(published([row]), tables, currency="EUR")
    only = found.table().iloc[0]
    assert only["own is"] == "not compared"
    assert pd.isna(only["own"])
    assert why in only["remark"]
    assert found.compared.empty


def test_the_response_rate_is_aapor_s_second():
    # AAPOR (2023): RR2 = (I + P) / (I + P + R + NC + U); the ineligible do not count.
    outcomes = ["complete"] * 4 + ["partial", "refused", "no_contact", "unknown", "ineligible"]
    invitations = pd.DataFrame(
        {"invited_on": pd.Timestamp("2025-03-01"), "wave": "1", "outcome": outcomes}
    )
    row = ("response rate of customer surveys", "2025", 0.2, "share", "x")
    found = compare_benchmarks(published([row]), {"invitations": invitations}).table().iloc[0]
    assert found["own"] == pytest.approx(5 / 8)
    assert found["n"] == 8
    assert found["own is"] == "above"


def test_where_an_interval_lies():
    assert judge_distance(1.0, 1.1, 2.0) == "above"
    assert judge_distance(1.0, 0.1, 0.9) == "below"
    assert judge_distance(1.0, 1.0, 2.0) == "not told apart"


def test_periods_are_read_as_they_are_written():
    assert read_period("2025") == (pd.Timestamp("2025-01-01"), pd.Timestamp("2026-01-01"))
    assert read_period("2025-Q3") == (pd.Timestamp("2025-07-01"), pd.Timestamp("2025-10-01"))
    assert read_period("2025-07") == (pd.Timestamp("2025-07-01"), pd.Timestamp("2025-08-01"))
    with pytest.raises(ModelError, match="no year, quarter or month"):
        read_period("last year")


def test_every_name_is_written_as_it_is_looked_up():
    assert all(name == name.strip().lower() for name in OWN)


def test_an_empty_table_of_benchmarks_is_refused(tables):
    with pytest.raises(ModelError, match="benchmarks is empty"):
        compare_benchmarks(published([]), tables)
    absent = NotAvailable("none")
    assert compare_benchmarks(absent, tables) is absent
