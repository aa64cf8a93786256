"""All steps in their order: nothing of a person is left but what the study needs."""

from __future__ import annotations

import duckdb
import pytest

from crmstudy.collection.privacy.keys import study_key
from crmstudy.collection.privacy.protect import protect
from crmstudy.collection.privacy.pseudonyms import pseudonym_of
from crmstudy.collection.warehouse import load_tables
from crmstudy.errors import DataError

TABLES = {
    "customers": {"file": "c.csv"},
    "transactions": {"file": "t.csv"},
    "products": {"file": "p.csv"},
    "consents": {"file": "d.csv"},
    "cdnow.transactions": {"open": "cdnow/transactions"},
}
FILES = {
    "c.csv": "customer_id,name,email,region,remark\n"
    "C1,Anna Schmidt,a@b.example,north,Anna Schmidt called\nC2,王小明,,south,13800138000\n",
    "t.csv": "customer_id,ordered_at,revenue\nC2,2026-01-31,5\nC1,2026-01-31,6\n",
    "p.csv": "product_id,name\nP1,Anna Schmidt\n",
    "d.csv": "customer_id,purpose,given,decided_on\nC1,analysis,yes,2026-01-01\n",
}


def protected(study):
    connection = duckdb.connect()
    loaded, problems = load_tables(connection, study)
    assert not problems
    return connection, protect(connection, study, loaded)


def rows(connection, table):
    return connection.execute(f"FROM {table}").fetchall()


def test_identifiers_names_and_words(make_study):
    study = make_study(TABLES, FILES)
    connection, done = protected(study)
    one, two = (pseudonym_of(c, key=study_key(study), dataset="firm") for c in ("C1", "C2"))
    assert rows(connection, "firm.customers") == [
        (one, "north", "[name] called"),
        (two, "south", "[phone]"),
    ]
    assert [row[0] for row in rows(connection, "firm.transactions")] == [two, one]
    # A product may be called as a customer is, and open data are public.
    assert rows(connection, "firm.products") == [("P1", "Anna Schmidt")]
    assert rows(connection, "cdnow.transactions")[0][0].isdecimal()
    assert done.taken_out == (("firm", "customers", "name"), ("firm", "customers", "email"))
    assert done.masked_table()["places"].tolist() == [1, 1]
    assert set(done.replaced_table()["data set"]) == {"firm"}
    assert done.consent_table().empty


def test_a_purpose_leaves_out_who_has_not_consented(make_study):
    tables = {key: source for key, source in TABLES.items() if not key.startswith("cdnow")}
    study = make_study(tables, FILES, privacy={"purpose": "analysis"})
    connection, done = protected(study)
    assert len(rows(connection, "firm.customers")) == 1
    assert done.removed_table()["rows"].tolist() == [1, 1]
    assert done.consent_table()["customers"].tolist() == [1, 0, 1]


def test_a_purpose_without_consents_is_refused(make_study):
    tables = {key: TABLES[key] for key in ("customers", "transactions")}
    study = make_study(tables, FILES, privacy={"purpose": "analysis"})
    with pytest.raises(DataError, match="needs a table consents"):
        protected(study)


def test_pseudonyms_can_be_switched_off_and_names_go_all_the_same(make_study):
    study = make_study(TABLES, FILES, privacy={"pseudonyms": False})
    connection, _ = protected(study)
    assert [row[0] for row in rows(connection, "firm.customers")] == ["C1", "C2"]
    assert len(rows(connection, "firm.customers")[0]) == 3
