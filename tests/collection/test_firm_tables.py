"""Tables of one firm: the surveyed one, the one with purchases, or the one that is named."""

import pytest

from crmstudy.collection.study import StudyData
from crmstudy.collection.warehouse import open_warehouse
from crmstudy.errors import NotAvailable

SALES = "customer_id,basket_id,ordered_at,revenue\n{},1,2024-01-01,5\n"
SURVEY = "respondent_id,Q1\nr1,5\n"


@pytest.fixture
def data(make_study):
    study = make_study(
        {
            "old.transactions": {"file": "old.csv"},
            "new.transactions": {"file": "new.csv"},
            "asked.survey": {"file": "survey.csv"},
        },
        files={"old.csv": SALES.format("a"), "new.csv": SALES.format("b"), "survey.csv": SURVEY},
        instrument={"scale": [1, 10], "constructs": {"joy": {"label": "Joy", "items": ["Q1"]}}},
    )
    return StudyData(study, open_warehouse(study))


def test_without_a_preference_the_surveyed_firm_is_taken(data):
    assert data.firm == "asked"
    tables = data.firm_tables("survey", "transactions")
    assert len(tables["survey"]) == 1
    assert tables["transactions"] == NotAvailable("no table transactions in asked")


def test_a_named_data_set_gives_its_own_tables_and_no_others(data):
    new = data.of("new")
    assert new.firm == "new"
    tables = new.firm_tables("transactions", "survey")
    assert tables["transactions"]["customer_id"].tolist() == ["b"]
    assert tables["survey"] == NotAvailable("no table survey in new")
    assert data.of("").firm == "asked"


def test_sources_name_what_the_firm_has(data):
    assert data.firm_sources("survey", "transactions", "costs") == ["asked.survey"]
    assert data.of("old").firm_sources("survey", "transactions") == ["old.transactions"]


def test_without_a_survey_the_first_firm_with_purchases_is_taken(make_study):
    study = make_study(
        {"old.transactions": {"file": "old.csv"}}, files={"old.csv": SALES.format("a")}
    )
    assert StudyData(study, open_warehouse(study)).firm == "old"
