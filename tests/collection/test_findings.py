"""What was found on the way, as chapters read it: shapes, whole numbers, reasons."""

from __future__ import annotations

import pandas as pd
import pytest

from crmstudy.collection import study as studies
from crmstudy.collection.unified.findings import ABSENT, check_accounts, read_findings
from crmstudy.collection.warehouse import open_warehouse
from crmstudy.errors import NotAvailable, SettingsError

CUSTOMERS = """\
customer_id,name,email,phone,postcode,birth_year
a,Ann Able,ann@x.example,13800138000,200001,1980
b,Ann Able,ann@x.example,13800138000,200001,1980
c,Carl Cole,carl@x.example,13900139000,100002,1975
d,Dora Dale,dora@x.example,13700137000,300003,1960
e,Ernst Egg,ernst@x.example,13600136000,400004,1950
"""
TRANSACTIONS = """\
customer_id,ordered_at,revenue,status,currency
a,2024-01-01,10.5,completed,
b,2024-01-02,20,cancelled,
c,2024-01-03,30,completed,USD
"""
LEADS = """\
lead_id,created_on,status,name,email,birth_year
L1,2024-01-01,won,Carl Cole,carl@x.example,1974
L2,2024-01-01,won,Ann Able,ann@x.example,1980
L3,2024-01-01,new,Nora New,nora@x.example,1990
"""
CONSENTS = """\
customer_id,purpose,given,decided_on
a,analysis,yes,2024-01-01
c,analysis,no,2024-01-01
"""
COMPARED = ["table", "measure", "before", "after", "difference", "explained", "unexplained"]


@pytest.fixture
def rich(make_study):
    texts = {
        "customers": CUSTOMERS,
        "transactions": TRANSACTIONS,
        "leads": LEADS,
        "consents": CONSENTS,
    }
    study = make_study(
        {name: {"file": f"{name}.csv"} for name in texts},
        {f"{name}.csv": text for name, text in texts.items()},
        privacy={"purpose": "analysis"},
        cleaning={"exchange_rates": {"USD": 0.5}},
    )
    return studies.StudyData(study, open_warehouse(study))


@pytest.fixture
def poor(make_study):
    study = make_study(
        {"judgements": {"file": "j.csv"}},
        {"j.csv": "expert,matrix,row,column,value\nE,criteria,x,y,3\n"},
    )
    return studies.StudyData(study, open_warehouse(study))


def test_every_finding_of_a_rich_study_has_its_columns(rich):
    expected = {
        "links": ["data set", "source", "method", "records", "match rate"],
        "conflicts": [
            "data set",
            "source",
            "attribute",
            "compared",
            "agree",
            "conflict",
            "conflict rate",
        ],
        "duplicates": [
            "data set",
            "customers",
            "pairs one person",
            "pairs for review",
            "clusters",
            "surplus customers",
            "surplus share",
            "expected false pairs",
        ],
        "currencies": ["data set", "currency", "rate", "rows", "before", "after"],
        "consents": ["data set", "purpose", "decision", "customers", "share"],
        "pseudonyms": ["data set", "table", "column", "kind", "identifiers", "rows"],
        "reconciliation": ["data set", "step", *COMPARED, "reasons"],
        "rows": ["data set", *[name for name in COMPARED if name != "measure"], "reasons"],
        "sums": ["data set", *COMPARED, "reasons"],
        "fields": [
            "data set",
            "table",
            "column",
            "class",
            "legal basis",
            "purpose",
            "what becomes of it",
        ],
    }
    for name, columns in expected.items():
        assert read_findings(rich, name).columns.tolist() == columns, name


def test_every_finding_of_a_poor_study_is_there_or_says_why_not(poor):
    for name in ABSENT:
        found = read_findings(poor, name)
        if name in ("reconciliation", "rows", "fields"):
            assert isinstance(found, pd.DataFrame)
        else:
            assert found == NotAvailable(ABSENT[name])


def test_rows_are_whole_numbers_from_the_source_on(rich):
    rows = read_findings(rich, "rows")
    counts = ["before", "after", "difference", "explained", "unexplained"]
    assert (rows[counts].dtypes == "int64").all()
    assert rows["table"].tolist() == ["customers", "transactions", "leads", "consents"]
    # b is a, and c, who refused, leaves with his line.
    assert rows.set_index("table")["after"].to_dict() == {
        "customers": 1,
        "transactions": 1,
        "leads": 2,
        "consents": 2,
    }
    assert (rows["before"] - rows["after"] == rows["explained"]).all()


def test_sums_hold_money_and_no_counts(rich):
    sums = read_findings(rich, "sums")
    assert sums["measure"].tolist() == ["revenue"]
    row = sums.iloc[0]
    assert (row["before"], row["after"], row["unexplained"]) == (60.5, 10.5, 0)
    assert row["reasons"] == "cancelled (1); no consent to analysis (1)"


def test_duplicates_stand_in_one_row_a_data_set_with_whole_counts(rich):
    found = read_findings(rich, "duplicates")
    assert found[["customers", "surplus customers"]].to_numpy().tolist() == [[5, 1]]
    assert found["customers"].dtype == "int64"
    assert found["expected false pairs"].dtype == "float64"


def test_conflicts_and_links_are_counts(rich):
    links = read_findings(rich, "links").set_index("method")["records"]
    assert links["not linked"] >= 1
    assert links["all methods"] + links["not linked"] == 3


def test_the_accounts_balance(rich, poor):
    assert check_accounts(rich).passed
    assert check_accounts(poor).passed


def test_an_unknown_finding_is_refused(poor):
    with pytest.raises(SettingsError, match=r"no finding 'link'; known: links, conflicts"):
        read_findings(poor, "link")  # type: ignore[arg-type]
