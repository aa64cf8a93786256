"""Contradictions are listed for the desk and counted for the report."""

from __future__ import annotations

import pandas as pd
import pytest

from crmstudy.collection.matching.conflicts import find_conflicts

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
    found = find_conflicts(RECORDS, CUSTOMERS, LINKS, key="contact_id", source="contacts").listed
    assert found.to_numpy().tolist() == [
        ["contacts", "k2", "c2", "name", "李 雷", "小明 王"],
        ["contacts", "k2", "c2", "phone", "13900139001", "13900139000"],
        ["contacts", "k3", "c3", "birth_year", "1971", "1970"],
        ["contacts", "k3", "c3", "email", "benjamin@x.com", "ben@x.com"],
    ]


def test_conflicts_are_counted_where_both_sides_speak():
    found = find_conflicts(RECORDS, CUSTOMERS, LINKS, key="contact_id", source="contacts").counts
    counts = found.set_index("attribute")
    assert counts.loc["email"].tolist() == ["contacts", 2, 1, 1, 0.5]
    assert counts.loc["phone"].tolist() == ["contacts", 2, 1, 1, 0.5]
    assert counts.loc["region", "conflict"] == 0
    assert counts.loc["name", ["compared", "conflict"]].tolist() == [3, 1]
    assert "postcode" not in counts.index
    assert (found["agree"] + found["conflict"]).equals(found["compared"])


def test_the_counts_hold_no_personal_data():
    text = find_conflicts(RECORDS, CUSTOMERS, LINKS, key="contact_id").counts.to_csv()
    assert "@" not in text
    assert "139" not in text


def test_list_and_counts_agree():
    listed = find_conflicts(RECORDS, CUSTOMERS, LINKS, key="contact_id").listed
    counted = find_conflicts(RECORDS, CUSTOMERS, LINKS, key="contact_id").counts
    conflicts = counted.set_index("attribute")["conflict"]
    found = listed["attribute"].value_counts().reindex(conflicts.index, fill_value=0)
    assert found.tolist() == conflicts.tolist()


@pytest.mark.parametrize("links", [LINKS.head(0), LINKS])
def test_tables_without_attributes_have_no_conflicts(links):
    bare = RECORDS[["contact_id"]]
    assert find_conflicts(bare, CUSTOMERS, links, key="contact_id").listed.empty
    assert find_conflicts(bare, CUSTOMERS, links, key="contact_id").counts.empty


def day(*texts: str | None) -> pd.Series:
    return pd.Series(pd.to_datetime(list(texts), format="mixed"))
