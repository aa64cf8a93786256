"""The collection plan says what study.yml says, and marks what is only usual."""

from __future__ import annotations

from typing import get_args

import pandas as pd
import pytest

from crmstudy.collection.contracts.tables import CONTRACTS, Channel
from crmstudy.collection.quality.plan import ABSENT, CHANNELS, plan_collection
from crmstudy.collection.study import StudyData
from crmstudy.collection.warehouse import open_warehouse

LEDGER = "customer_id,ordered_at,revenue\na,2026-01-05,1\nb,2026-02-03,2\na,2026-02-04,1\n"
ITEMS = {
    "scale": [1, 5],
    "constructs": {"trust": {"label": "Trust", "items": ["A1", "A2"]}},
    "items": {"A1": {"text": "One"}, "A2": {"text": "Two"}},
}


def plan_of(make_study, tables, files, **settings) -> pd.DataFrame:
    study = make_study(tables, files, **settings)
    return plan_collection(StudyData(study, open_warehouse(study)))


def test_every_channel_has_words():
    assert set(CHANNELS) == set(get_args(Channel))
    assert {contract.channel for contract in CONTRACTS.values()} <= set(CHANNELS)


def test_what_is_stated_and_what_is_usual(make_study):
    plan = plan_of(
        make_study,
        {
            "survey": {"file": "s.csv"},
            "transactions": {
                "file": "t.csv",
                "owner": "Sales 销售部",
                "frequency": "daily",
                "legal_basis": "contract",
            },
        },
        {"t.csv": LEDGER, "s.csv": "respondent_id,customer_id,A1,A2\n1,c,1,2\n2,,3,\n"},
        instrument=ITEMS,
    )
    assert plan["channel"].tolist() == list(CHANNELS.values())
    by = plan.set_index("table")
    stated = ["owner", "frequency", "legal basis", "source"]
    assert by.loc["transactions", stated].tolist() == [
        "Sales 销售部",
        "daily",
        "contract",
        "t.csv",
    ]
    assert by.loc["survey", stated].tolist() == [
        "not stated",
        "usual: once, or a wave",
        "usual: consent (6.1a)",
        "s.csv",
    ]
    assert by.loc["survey", "variables"] == "respondent_id, customer_id, 2 items"
    # Customers a and b bought, c answered: three are known.
    assert by.loc["transactions", ["rows", "customers", "customers covered"]].tolist() == [
        3,
        2,
        pytest.approx(2 / 3),
    ]
    assert by.loc["transactions", ["first day", "last day"]].tolist() == [
        "2026-01-05",
        "2026-02-04",
    ]
    assert by.loc["survey", ["customers", "first day"]].tolist() == [1, "–"]


def test_a_channel_without_a_table_is_said(make_study):
    plan = plan_of(make_study, {"transactions": {"file": "t.csv"}}, {"t.csv": LEDGER})
    assert plan["channel"].tolist() == list(CHANNELS.values())
    assert plan.loc[plan["table"] == ABSENT, "channel"].tolist() == [
        words for words in CHANNELS.values() if words != "sales channel feedback"
    ]
    assert plan.loc[plan["table"] == ABSENT, "rows"].isna().all()
    # The only table covers all customers, also where they buy more than once.
    assert plan.set_index("table").loc["transactions", "customers covered"] == 1


def test_customers_of_other_data_sets_do_not_count(make_study):
    plan = plan_of(
        make_study,
        {"a.transactions": {"file": "t.csv"}, "b.customers": {"file": "c.csv"}},
        {"t.csv": LEDGER, "c.csv": "customer_id\nx\ny\nz\n"},
    )
    covered = plan.set_index("table")["customers covered"]
    assert covered[["transactions", "customers"]].tolist() == [1, 1]


def test_open_and_simulated_data_say_so(make_study):
    plan = plan_of(
        make_study,
        {"a.survey": {"open": "mobi/survey"}, "b.products": {"simulated": "products"}},
        {},
        simulation={"n_customers": 300},
    ).set_index("table")
    assert plan.loc["survey", "legal basis"] == "public licence: GPL-3.0"
    assert plan.loc["survey", "source"].startswith("ECSI mobile phone survey")
    assert pd.isna(plan.loc["survey", "customers covered"])
    assert plan.loc["products", "legal basis"] == "simulated: no personal data"
    assert plan.loc["products", "source"] == "simulated firm"
