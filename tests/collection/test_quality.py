"""The tables on data quality count what is there, against a small study counted by hand."""

from __future__ import annotations

import pytest

from crmstudy.chapters import check_parameters
from crmstudy.collection import StudyData, open_study
from crmstudy.collection.quality import (
    list_drops,
    list_hypotheses,
    list_sources,
    match_links,
    measure_completeness,
    summarise_ledgers,
    vary_choices,
)
from crmstudy.collection.warehouse import open_warehouse
from crmstudy.errors import NotAvailable, SettingsError

HEADER = "customer_id,ordered_at,revenue,basket_id,quantity\n"
LEDGER = HEADER + (
    "a,2026-01-31,0,1,0\n"
    "a,2026-02-01,-5,2,1\n"
    "b,2026-02-03 10:00,10.5,3,0\n"
    ",2026-02-04,7,4,1\n"
    "c,2026-02-05,4.5,5,\n"
)
CUSTOMERS = 'customer_id,"odd ""name""",all_rows,empty\na,1,,\nb,,,\nd,1,,\n'


@pytest.fixture
def data(make_study) -> StudyData:
    study = make_study(
        {
            "transactions": {"file": "t.csv"},
            "customers": {"file": "c.csv"},
            "old.transactions": {"file": "o.csv", "note": "Old."},
            "old.contacts": {"file": "k.csv"},
            "old.customers": {"file": "c.csv"},
        },
        {
            "t.csv": LEDGER,
            "c.csv": CUSTOMERS,
            "o.csv": "customer_id,ordered_at,revenue\nz,2020-01-01,5\n",
            "k.csv": "contact_id,customer_id,opened_at\n1,,2020-01-01\n",
        },
    )
    return StudyData(study, open_warehouse(study))


def test_sources(data):
    table = list_sources(data).set_index(["data set", "table"])
    assert table.loc[("firm", "transactions"), ["rows read", "rows kept"]].tolist() == [5, 4]
    assert set(table["licence"]) == {"own data"}


def test_licences(make_study):
    study = make_study(
        {"a.survey": {"open": "mobi/survey"}, "b.survey": {"simulated": "survey"}},
        simulation={"n_customers": 300},
    )
    table = list_sources(StudyData(study, open_warehouse(study)))
    assert table["licence"].tolist() == ["GPL-3.0", "simulated"]


def test_drops(data):
    assert list_drops(data).to_dict("records") == [
        {
            "data set": "firm",
            "table": "transactions",
            "reason": "no customer (anonymous sale)",
            "rows": 1,
        }
    ]


def test_nothing_dropped_is_said(make_study):
    study = make_study({"customers": {"file": "c.csv"}}, {"c.csv": "customer_id\na\n"})
    assert list_drops(StudyData(study, open_warehouse(study)))["reason"].tolist() == ["none"]


def test_completeness(data):
    table = measure_completeness(data).set_index(["data set", "table"])
    customers = table.loc[("firm", "customers")]
    assert customers["rows"] == 3
    assert customers["empty share"] == pytest.approx(7 / 12)
    assert customers["emptiest column"] == "all_rows"
    assert customers["its empty share"] == 1
    assert table.loc[("old", "transactions"), "emptiest column"] == "none"


def test_links(data):
    table = match_links(data).set_index(["data set", "link"])
    row = table.loc[("firm", "transactions.customer_id in customers")]
    # Customer c bought one line and is not listed.
    assert row.tolist() == [3, 2, 2 / 3, 4, 1, True]
    # Contacts name no customer at all: nothing to match is not a match of none.
    assert "contacts.customer_id in customers" not in table.index.get_level_values("link")


def test_nothing_to_link(make_study):
    study = make_study({"customers": {"file": "c.csv"}}, {"c.csv": "customer_id\na\n"})
    data = StudyData(study, open_warehouse(study))
    assert isinstance(match_links(data), NotAvailable)
    assert isinstance(summarise_ledgers(data), NotAvailable)


def test_ledgers(data):
    table = summarise_ledgers(data).set_index("data set")
    firm = table.loc["firm"]
    assert firm[["customers", "purchases", "lines", "revenue"]].tolist() == [3, 4, 4, 10]
    assert firm[["first day", "last day"]].tolist() == ["2026-01-31", "2026-02-05"]
    assert firm["revenue is zero"] == 1
    assert firm["revenue is negative (a return)"] == 1
    assert firm["quantity is zero"] == 2
    assert firm["quantity is zero but revenue is not"] == 1
    assert table.loc["old"].isna().sum() == 2  # no quantities, so nothing is said of them


def test_hypotheses(make_study):
    study = make_study(
        {"survey": {"open": "mobi/survey"}},
        hypotheses=[
            {
                "id": "H1",
                "statement": "So it is.",
                "expected_sign": "+",
                "chapter": "case_study",
                "decided_by": "campaign_effect",
            }
        ],
    )
    data = StudyData(study, open_warehouse(study))
    assert list_hypotheses(data)["source"].tolist() == ["none given"]


def test_no_hypothesis(data):
    assert isinstance(list_hypotheses(data), NotAvailable)


def test_a_study_says_where_its_tables_come_from(data):
    assert data.dataset("transactions") == "firm"
    assert data.origin("transactions") == "t.csv."
    assert data.origin("survey") == ""
    assert data.label("survey") == "none"
    assert isinstance(data.table("survey"), NotAvailable)
    old = StudyData(data.study, data.warehouse, preferred="old")
    assert old.origin("transactions") == "o.csv. Old."
    assert old.companion("contacts")["contact_id"].tolist() == ["1"]
    assert isinstance(old.companion("products"), NotAvailable)


def test_unknown_data_set_names_the_known(data):
    folder = str(data.study.paths.inputs)
    gate = check_parameters(
        "conclusions", STUDY=folder, DATASET="olt", MULTIPLICITY="holm", POWER=0.8
    )
    with pytest.raises(SettingsError, match=r"DATASET = 'olt'; did you mean 'old'.*known: firm, o"):
        open_study(gate)
    assert open_study(gate.model_copy(update={"DATASET": "old"})).preferred == "old"


def test_choices_leave_out_what_they_name(data):
    found = vary_choices(data)
    firm = found[found["data set"] == "firm"].set_index("choice")
    # Of 0, -5, 10.5 and 4.5 (the sale to nobody never came in).
    assert firm["lines"].to_dict() == {
        "as analysed": 4,
        "without returns": 3,
        "without zero prices": 3,
        "without extremely high lines": 4,
        "without extremely low lines": 4,
        "without any of these": 2,
    }
    assert firm.loc["without returns", "revenue"] == 15.0
    assert firm.loc["without returns", "change in revenue"] == pytest.approx(0.5)
    assert firm.loc["without zero prices", "change in revenue"] == 0
    assert firm.loc["without any of these", "customers"] == 2
