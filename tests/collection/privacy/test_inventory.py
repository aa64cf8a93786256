"""The inventory: every column once, with its class, its basis and its fate."""

from __future__ import annotations

import pytest

from crmstudy.collection.privacy.inventory import (
    classify_column,
    direct_columns,
    list_fields,
    quasi_columns,
    sensitive_columns,
)
from crmstudy.collection.warehouse import check_inputs

TABLES = {
    "customers": {"file": "c.csv", "legal_basis": "consent (6.1a)"},
    "products": {"file": "p.csv"},
    "contacts": {"file": "k.csv"},
}
FILES = {
    "c.csv": "customer_id,name,sex,手机,income,note\nC1,Anna,f,138,9,x\n",
    "p.csv": "product_id,phone\nP1,x\n",
    "k.csv": "contact_id,customer_id,opened_at,text\nT1,C1,2026-01-31,x\n",
}


def listed(study):
    loaded, problems = check_inputs(study)
    assert not problems
    return list_fields(study, loaded).set_index(["table", "column"])


def test_every_column_has_a_class_a_basis_and_a_fate(make_study):
    fields = listed(make_study(TABLES, FILES, privacy={"sensitive": ["income"]}))
    fate, kind = fields["what becomes of it"], fields["class"]
    assert len(fields) == 12
    assert kind["customers", "customer_id"] == "identifier"
    assert fate["customers", "customer_id"] == "replaced by a pseudonym"
    assert fate["customers", "name"] == fate["customers", "手机"] == "taken out after linking"
    assert (kind["customers", "sex"], fate["customers", "sex"]) == ("quasi-identifier", "kept")
    assert (kind["customers", "income"], fate["customers", "income"])[0] == "sensitive"
    assert fate["customers", "note"] == fate["contacts", "text"] == "masked"
    assert kind["contacts", "opened_at"] == "about a person"
    assert kind["products", "product_id"] == "not about a person"
    assert set(fields.loc["customers", "legal basis"]) == {"consent (6.1a)"}
    assert set(fields.loc["contacts", "legal basis"]) == {"contract (6.1b)"}


def test_without_pseudonyms_identifiers_stay_and_names_do_not(make_study):
    fate = listed(make_study(TABLES, FILES, privacy={"pseudonyms": False}))["what becomes of it"]
    assert fate["customers", "customer_id"] == "kept"
    assert fate["customers", "name"] == "taken out after linking"


def test_open_data_stay_as_they_are(make_study):
    fields = listed(make_study({"survey": {"open": "mobi/survey"}}))
    assert set(fields["what becomes of it"]) == {"kept"}
    assert set(fields["legal basis"]) == {"public already"}


@pytest.mark.parametrize(
    ("table", "column", "kind"),
    [
        ("customers", "E-Mail", "direct"),
        ("customers", "mobile phone", "direct"),
        ("survey", "姓名", "direct"),
        ("products", "name", "none"),
        ("customers", "email_opt_in", "none"),
        ("customers", "region", "quasi"),
    ],
)
def test_an_unknown_column_is_judged_by_its_name(make_study, table, column, kind):
    assert classify_column(make_study(TABLES, FILES), table, column) == kind


def test_study_yml_names_quasi_identifiers_and_sensitive_columns(make_study):
    study = make_study(
        TABLES, FILES, privacy={"quasi_identifiers": ["age"], "sensitive": ["region"]}
    )
    columns = ["customer_id", "age", "sex", "region", "name"]
    assert quasi_columns(study, columns) == ["age"]
    assert quasi_columns(make_study(TABLES, FILES), columns) == ["sex", "region"]
    assert sensitive_columns(study, columns) == ["region"]
    assert direct_columns(study, "customers", columns) == ["name"]
