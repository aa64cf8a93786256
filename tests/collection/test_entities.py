"""What was loaded, as tables and relations."""

from __future__ import annotations

import pytest

from crmstudy.collection.contracts.tables import CONTRACTS
from crmstudy.collection.quality.entities import list_entities
from crmstudy.collection.quality.links import LINKS
from crmstudy.collection.study import StudyData
from crmstudy.collection.warehouse import open_warehouse

FILES = {
    "c.csv": "customer_id,level\na,1\nb,2\nz,2\n",
    "t.csv": "customer_id,ordered_at,revenue,product_id\na,2026-01-05,1,p\nq,2026-01-05,1,p\n",
    "k.csv": "campaign_id,customer_id,start_on,end_on\nK,a,2026-01-01,2026-01-31\n",
    "r.csv": "campaign_id,customer_id,responded_at\nK,a,2026-01-05\nK,b,2026-01-05\n",
}


@pytest.fixture
def data(make_study) -> StudyData:
    tables = {
        "transactions": {"file": "t.csv"},
        "customers": {"file": "c.csv"},
        "campaigns": {"file": "k.csv"},
        "responses": {"file": "r.csv"},
        "old.transactions": {"file": "t.csv"},
    }
    study = make_study(tables, FILES)
    return StudyData(study, open_warehouse(study))


def test_links_name_columns_of_the_contracts():
    for link in LINKS:
        assert set(link.columns) <= set(CONTRACTS[link.child].columns), link
        assert set(link.columns) <= set(CONTRACTS[link.parent].columns), link


def test_every_table_with_customers_is_linked():
    linked = {link.child for link in LINKS} | {"customers"}
    assert linked >= {name for name, one in CONTRACTS.items() if "customer_id" in one.columns}


def test_tables(data):
    entities = list_entities(data)
    assert [(one.dataset, one.table, one.rows) for one in entities.tables] == [
        ("firm", "transactions", 2),
        ("firm", "customers", 3),
        ("firm", "campaigns", 1),
        ("firm", "responses", 2),
        ("old", "transactions", 2),
    ]
    ledger = entities.tables[0]
    assert (ledger.key, ledger.links) == ((), ("customer_id",))
    assert ledger.columns == ("ordered_at", "revenue", "product_id", "basket_id")
    campaign = entities.tables[2]
    assert campaign.key == ("campaign_id", "customer_id")
    # In a data set of its own nothing is there that the ledger could point to.
    assert entities.tables[4].links == ()
    assert entities.datasets() == ["firm", "old"]
    assert len(entities.of("old").tables) == 1
    assert entities.to_metrics() == {"tables": 5, "relations": 3, "rows": 10}


def test_relations_are_links_whose_ids_should_be_found(data):
    found = {(one.child, one.parent, one.ids, one.matched) for one in list_entities(data).relations}
    assert found == {
        ("transactions", "customers", 2, 1),
        ("campaigns", "customers", 1, 1),
        ("responses", "campaigns", 2, 1),  # b was never addressed
    }


def test_table_for_readers(data):
    table = list_entities(data).table()
    assert table.loc[3, ["table", "key", "points to", "other columns"]].tolist() == [
        "responses",
        "none",
        "campaigns",
        1,
    ]


def test_items_are_only_counted(make_study):
    study = make_study({"survey": {"open": "mobi/survey"}}, instrument=MOBI)
    entity = list_entities(StudyData(study, open_warehouse(study))).tables[0]
    assert (entity.items, len(entity.columns)) == (2, 22)


MOBI = {
    "scale": [1, 10],
    "constructs": {"trust": {"label": "Trust", "items": ["IMAG1", "IMAG2"]}},
    "items": {"IMAG1": {"text": "One"}, "IMAG2": {"text": "Two"}},
}
