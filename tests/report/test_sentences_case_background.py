"""What is said of the firm is what its tables hold."""

import datetime as dt

import pandas as pd
import pytest

from crmstudy.case.background.card import describe_firm
from crmstudy.case.background.practice import compare_benchmarks
from crmstudy.errors import NotAvailable
from crmstudy.improvement import Case
from crmstudy.report.sentences.case.background import (
    read_firm_card,
    read_growth,
    read_measures,
    read_practice,
)


def shop(years=("2024", "2025"), later=1):
    """Two customers who buy in each year; `later` more of them in the last one."""
    rows = []
    for year in years:
        people = 2 + (later if year == years[-1] else 0)
        for who in range(people):
            rows += [(f"c{who}", f"{year}-01-02", 10.0), (f"c{who}", f"{year}-12-30", 10.0)]
    frame = pd.DataFrame(rows, columns=["customer_id", "ordered_at", "revenue"])
    return frame.assign(ordered_at=pd.to_datetime(frame["ordered_at"]))


def card_of(transactions, **others):
    case = others.pop("case", None)
    tables = {"transactions": transactions, **others}
    return describe_firm(tables, title="A shop", dataset="shop", currency="EUR", case=case)


def test_the_card_is_said_with_what_is_missing():
    said = read_firm_card(card_of(shop(), survey=NotAvailable("no survey")))
    assert "3 customers placed 10 orders for 100.00 EUR" in said
    assert "no table of survey of this firm; what it would tell is not told" in said
    assert "Every table" in read_firm_card(card_of(shop()))
    alone = read_firm_card(
        card_of(
            NotAvailable("none"),
            costs=pd.DataFrame(
                {"period": [pd.Timestamp("2025-01-01")], "cost_type": ["care"], "amount": [1.0]}
            ),
        )
    )
    assert "No table holds purchases" in alone


@pytest.mark.parametrize(
    ("later", "word"),
    [
        (1, "customers rose by 50.0%"),
        (-1, "customers fell by 50.0%"),
        (0, "customers stayed the same"),
    ],
)
def test_growth_turns_with_the_data(later, word):
    said = read_growth(card_of(shop(later=later)))
    assert word in said
    assert "to 2025" in said


def test_growth_of_one_year_is_not_told():
    assert "one calendar year whole; growth cannot be told" in read_growth(card_of(shop(("2025",))))
    absent = card_of(NotAvailable("none"), survey=pd.DataFrame({"x": [1]}))
    assert isinstance(read_growth(absent), NotAvailable)


def test_the_author_s_words_end_as_sentences():
    case = Case(description="A coupon", changed_on=dt.date(2025, 1, 1), change="The desk moved!")
    said = read_measures(card_of(shop(), case=case))
    assert said == ("A coupon. From 2025-01-01 on something changed for everybody: The desk moved!")
    assert "describes no measure" in read_measures(card_of(shop()))
    assert read_firm_card(card_of(shop(), case=Case(background="小店"))).startswith("小店.")


def test_a_campaign_of_others_is_not_told_as_the_firm_s():
    case = Case(campaign_id="18", description="It ran in May")
    reached = pd.DataFrame({"campaign_id": ["18"], "customer_id": ["a"]})
    assert read_measures(card_of(shop(), case=case, campaigns=reached)) == "It ran in May."
    for others in ({}, {"campaigns": reached.assign(campaign_id="7")}):
        said = read_measures(card_of(shop(), case=case, **others))
        assert said == "Campaign 18, which study.yml describes, is not in the tables of shop."


def practice(value, unit="EUR"):
    row = ("mean purchase", "2025", value, unit, "an office")
    columns = ["indicator", "period", "value", "unit", "source"]
    lines = shop()
    lines["revenue"] = [8.0, 12.0] * (len(lines) // 2)
    lines.loc[0, "revenue"] = 9.0
    lines.loc[4, "revenue"] = 9.0
    return compare_benchmarks(
        pd.DataFrame([row], columns=columns), {"transactions": lines}, currency="EUR"
    )


def test_where_the_firm_stands_turns_with_the_published_figure():
    assert "lies below the published figure" in read_practice(practice(90.0))
    assert "lies above the published figure" in read_practice(practice(1.0))
    assert "is not told apart from the published figure" in read_practice(practice(10.1))
    none = read_practice(practice(10.0, unit="USD"))
    assert "1 published figure none can be set beside" in none
    absent = NotAvailable("no benchmarks")
    assert read_practice(absent) is absent
