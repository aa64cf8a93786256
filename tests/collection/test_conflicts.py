"""Contradictions are listed for the desk and counted for the report."""

from __future__ import annotations

import pandas as pd
import pytest

from crmstudy.collection.conflicts import RULES, count_conflicts, cross_checks, list_conflicts

CUSTOMERS = pd.DataFrame(
    {
        "customer_id": ["c1", "c2", "c3"],
        "name": ["Anna Smith", "王小明", "Ben Hall"],
        "email": ["anna@x.com", None, "ben@x.com"],
        "phone": ["13800138000", "13900139000", None],
        "birth_year": [1980, 1990, 1970],
        "region": ["North", "South", "east "],
    }
)
RECORDS = pd.DataFrame(
    {
        "contact_id": ["k1", "k2", "k3", "k4"],
        "name": ["JONES, Anna", "李雷", "Ben Hall", "Somebody Else"],
        "email": ["ANNA@x.com", "wang@x.cn", "benjamin@x.com", "x@x.com"],
        "phone": ["+86 138 0013 8000", "13900139001", "13700137000", None],
        "birth_year": [1980, 1990, 1971, 1999],
        "region": ["north", "South", "East", "West"],
    }
)
LINKS = pd.DataFrame({"record_id": ["k1", "k2", "k3"], "customer_id": ["c1", "c2", "c3"]})


def test_conflicts_are_listed_with_both_sides():
    found = list_conflicts(RECORDS, CUSTOMERS, LINKS, key="contact_id", source="contacts")
    assert found.to_numpy().tolist() == [
        ["contacts", "k2", "c2", "name", "李 雷", "小明 王"],
        ["contacts", "k2", "c2", "phone", "13900139001", "13900139000"],
        ["contacts", "k3", "c3", "birth_year", "1971", "1970"],
        ["contacts", "k3", "c3", "email", "benjamin@x.com", "ben@x.com"],
    ]


def test_conflicts_are_counted_where_both_sides_speak():
    found = count_conflicts(RECORDS, CUSTOMERS, LINKS, key="contact_id", source="contacts")
    counts = found.set_index("attribute")
    assert counts.loc["email"].tolist() == ["contacts", 2, 1, 1, 0.5]
    assert counts.loc["phone"].tolist() == ["contacts", 2, 1, 1, 0.5]
    assert counts.loc["region", "conflict"] == 0
    assert counts.loc["name", ["compared", "conflict"]].tolist() == [3, 1]
    assert "postcode" not in counts.index
    assert (found["agree"] + found["conflict"]).equals(found["compared"])


def test_the_counts_hold_no_personal_data():
    text = count_conflicts(RECORDS, CUSTOMERS, LINKS, key="contact_id").to_csv()
    assert "@" not in text
    assert "139" not in text


def test_list_and_counts_agree():
    listed = list_conflicts(RECORDS, CUSTOMERS, LINKS, key="contact_id")
    counted = count_conflicts(RECORDS, CUSTOMERS, LINKS, key="contact_id")
    conflicts = counted.set_index("attribute")["conflict"]
    found = listed["attribute"].value_counts().reindex(conflicts.index, fill_value=0)
    assert found.tolist() == conflicts.tolist()


@pytest.mark.parametrize("links", [LINKS.head(0), LINKS])
def test_tables_without_attributes_have_no_conflicts(links):
    bare = RECORDS[["contact_id"]]
    assert list_conflicts(bare, CUSTOMERS, links, key="contact_id").empty
    assert count_conflicts(bare, CUSTOMERS, links, key="contact_id").empty


def day(*texts: str | None) -> pd.Series:
    return pd.Series(pd.to_datetime(list(texts), format="mixed"))


def test_cross_checks_count_breaks():
    customers = pd.DataFrame(
        {"customer_id": ["a", "b"], "registered_on": day("2026-02-01 10:00", None)}
    )
    tables = {
        "customers": customers,
        "transactions": pd.DataFrame(
            {
                "customer_id": ["a", "a", "b", "x", None],
                "ordered_at": day(
                    "2026-01-31 23:00", "2026-02-01 00:00", "2020-01-01", "2026-01-01", "2026-01-01"
                ),
                "product_id": ["p", "q", None, "p", "p"],
            }
        ),
        "products": pd.DataFrame({"product_id": ["p"]}),
        "contacts": pd.DataFrame(
            {"customer_id": ["a", "y", None], "opened_at": day("2026-03-01", "2026-03-01", None)}
        ),
        "campaigns": pd.DataFrame(
            {
                "campaign_id": ["1", "1", "2"],
                "customer_id": ["a", "b", "a"],
                "start_on": day("2026-04-01", "2026-04-01", "2026-05-01"),
                "treated": pd.array([True, False, None], dtype="boolean"),
            }
        ),
        "responses": pd.DataFrame(
            {
                "campaign_id": ["1", "1", "2", "2"],
                "customer_id": ["a", "b", "b", "a"],
                "responded_at": day("2026-04-01 09:00", "2026-04-02", "2026-05-03", "2026-04-30"),
            }
        ),
        "survey": pd.DataFrame(
            {"respondent_id": ["1", "2"], "answered_on": day("2026-01-01", None)}
        ),
        "invitations": pd.DataFrame(
            {"respondent_id": ["1", "2"], "invited_on": day("2026-01-02", "2026-01-02")}
        ),
    }
    found = cross_checks(tables).set_index("rule")[["compared", "broken"]]
    expected = {
        "a purchase is of a known customer": [4, 1],
        "a ticket is of a known customer": [2, 1],
        "who is addressed is a known customer": [3, 0],
        "who responds is a known customer": [4, 0],
        "a product bought is in the list of products": [4, 1],
        "no purchase is before the registration": [2, 1],
        "no ticket is before the registration": [1, 0],
        "who responds to a campaign was addressed by it": [4, 1],
        "who responds to a campaign was not held back from it": [4, 1],
        "no response is before the campaign's first day": [4, 1],
        "no answer is before its invitation": [1, 1],
    }
    assert found.T.to_dict("list") == expected


def test_rules_without_their_tables_are_left_out():
    assert cross_checks({}).empty
    assert cross_checks({"customers": CUSTOMERS}).empty
    ledger = pd.DataFrame({"customer_id": ["c1"], "ordered_at": day("2026-01-01")})
    found = cross_checks({"customers": CUSTOMERS, "transactions": ledger})
    assert found["rule"].tolist() == ["a purchase is of a known customer"]


def test_every_rule_names_columns_of_the_contracts():
    from crmstudy.collection.tables import CONTRACTS

    for rule in RULES:
        assert set(rule.columns) <= set(CONTRACTS[rule.tables[0]].columns), rule.words
    assert len({rule.words for rule in RULES}) == len(RULES)
