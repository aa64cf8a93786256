"""Who recommended the shop: nobody who is not there, one pseudonym, and books that balance."""

from __future__ import annotations

import re

import pytest

from crmstudy.collection.privacy import referrals
from crmstudy.collection.privacy.erase import erase_customer
from crmstudy.collection.privacy.erased import erased_customers, hash_person, list_erased
from crmstudy.collection.study import StudyData
from crmstudy.collection.unified import clean, unify
from crmstudy.collection.unified.findings import check_accounts, read_findings
from crmstudy.collection.unified.referral_check import REFERENCES
from crmstudy.collection.warehouse import open_warehouse
from crmstudy.errors import NotAvailable

CUSTOMERS = """\
customer_id,registered_on,name,email,phone,postcode,birth_year,is_test,referred_by
KDN-9001,2020-01-01,Anneliese Zuckmayer,anneliese.z@ph.example,13800138001,200001,1980,no,
KDN-9002,2020-02-01,Bartholomew Quigley,bquigley@ph.example,13900139002,100002,1975,no,KDN-9001
KDN-9003,2020-03-01,王小明,wangxm@ph.example,13700137003,510003,1990,no,KDN-9002
KDN-9004,2020-04-01,Dorothea Vandermeer,dorothea@ph.example,13600136004,310004,1985,no,KDN-9003
KDN-9005,2021-05-01,Anneliese Zuckmayer,anneliese.z@ph.example,13800138001,200001,1980,no,KDN-9002
KDN-9006,2020-06-01,Testina Testarossa,testina@ph.example,13500135006,610006,1970,yes,KDN-9001
KDN-9007,2021-07-01,Ferdinand Oberhuber,ferdl@ph.example,13400134007,710007,1965,no,KDN-9005
KDN-9008,2021-08-01,Gundula Niederreiter,gundi@ph.example,13300133008,810008,1966,no,KDN-9006
KDN-9009,2021-09-01,Hieronymus Schachner,hiero@ph.example,13200132009,910009,1967,no,KDN-9009
KDN-9010,2021-10-01,Ignatia Pfefferkorn,ignatia@ph.example,13100131010,110010,1968,no,KDN-7777
KDN-9011,2021-11-01,Josephine Kalteneder,josephine@ph.example,,110011,1969,no, KDN-9001
"""
TRANSACTIONS = "customer_id,ordered_at,revenue\nKDN-9001,2024-01-02,5\nKDN-9002,2024-01-02,6\n"
CONSENTS = "customer_id,purpose,given,decided_on\n" + "".join(
    f"KDN-90{n:02d},analysis,{'no' if n == 3 else 'yes'},2020-01-01\n" for n in range(1, 12)
)
PLAIN = {"pseudonyms": False}


@pytest.fixture
def firm(make_study):
    """Make the firm; keywords are keys of study.yml, ``customers`` another file."""

    def make(customers=CUSTOMERS, **settings):
        files = {"customers.csv": customers, "transactions.csv": TRANSACTIONS}
        files["consents.csv"] = CONSENTS
        tables = {name.removesuffix(".csv"): {"file": name} for name in files}
        settings.setdefault("privacy", PLAIN)
        return make_study(tables, files, **settings)

    return make


def opened(study) -> StudyData:
    return StudyData(study, open_warehouse(study))


def recommenders(data) -> dict[str, str]:
    customers = data.warehouse.table("firm", "customers").set_index("customer_id")
    return customers["referred_by"].dropna().to_dict()


def emptied(data) -> dict[str, int]:
    found = read_findings(data, "emptied")
    assert set(found["table"] + "." + found["column"]) == {"customers.referred_by"}
    return found.set_index("reason")["cells"].to_dict()


def booked(data):
    """The account of the recommenders, which must balance."""
    accounts = read_findings(data, "reconciliation")
    assert check_accounts(data).passed
    row = accounts[accounts["step"].eq(REFERENCES)].iloc[0]
    assert row["after"] == len(recommenders(data))
    assert row["unexplained"] == 0
    return row


def test_who_is_not_there_is_named_no_more(firm):
    data = opened(firm())
    assert recommenders(data) == {
        "KDN-9002": "KDN-9001",
        "KDN-9003": "KDN-9002",
        "KDN-9004": "KDN-9003",
        "KDN-9007": "KDN-9001",  # who recommended under a second identifier is one person
        "KDN-9011": "KDN-9001",
    }
    assert emptied(data) == {
        referrals.ONESELF: 1,
        referrals.UNKNOWN: 1,
        clean.TEST: 1,
    }
    row = booked(data)
    assert (row["table"], row["measure"]) == ("customers", "referred_by")
    assert (row["before"], row["after"]) == (10, 5)
    # The test customer's own recommender and that of the second record went with their rows.
    assert f"{clean.TEST} (2)" in row["reasons"]
    assert f"{clean.MERGED} (1)" in row["reasons"]
    sums = read_findings(data, "sums")
    assert not sums["measure"].eq("referred_by").any()


def test_a_second_record_recommended_by_the_first_is_nobody_s(firm):
    # The first record names its own second one: after merging, the very customer.
    own = CUSTOMERS.replace("1980,no,\n", "1980,no,KDN-9005\n", 1)
    data = opened(firm(own))
    assert "KDN-9001" not in recommenders(data)
    assert read_findings(data, "emptied")["cells"].sum() == 4
    assert "under two identifiers (1)" in booked(data)["reasons"]


def test_records_that_stay_apart_keep_their_recommender(firm):
    data = opened(firm(linkage={"merge_duplicates": False}))
    assert recommenders(data)["KDN-9007"] == "KDN-9005"
    assert recommenders(data)["KDN-9005"] == "KDN-9002"
    booked(data)


def test_who_did_not_consent_recommended_nobody(firm):
    data = opened(firm(privacy={"pseudonyms": False, "purpose": "analysis"}))
    assert "KDN-9004" not in recommenders(data)
    assert "KDN-9003" not in recommenders(data)
    assert emptied(data)["no consent to analysis"] == 1
    assert "no consent to analysis (2)" in booked(data)["reasons"]


def test_who_is_erased_recommended_nobody(firm):
    study = firm()
    key = erased_customers(study).key
    hashes = [hash_person(c, key=key, dataset="firm", kind="customer") for c in ("KDN-9002",)]
    list_erased(study, hashes)
    data = opened(study)
    assert recommenders(data) == {
        "KDN-9004": "KDN-9003",
        "KDN-9007": "KDN-9001",
        "KDN-9011": "KDN-9001",
    }
    # 9003 and the second record of 9001 named the erased customer.
    assert emptied(data)["erased person"] == 2
    assert "erased person (3)" in booked(data)["reasons"]


def test_erasing_leaves_the_recommended_and_says_where_the_inputs_name_the_person(firm):
    study = firm(privacy={})
    erasure = erase_customer(study, "KDN-9001")
    assert erasure.passed, erasure.table().to_string()
    found = {(f, c): (r, what) for f, c, r, what in erasure.inputs.to_numpy().tolist()}
    assert found["customers.csv", "referred_by"] == (
        "3, 7, 12",
        "empty these cells in the file",
    )
    assert found["customers.csv", "customer_id"][1] == "delete these rows in the file"
    customers = opened(study).warehouse.table("firm", "customers")
    # The recommended customer is another person, and stays.
    assert len(customers) == 9


def test_erasing_the_recommended_searches_for_the_recommender_nowhere(firm):
    erasure = erase_customer(firm(privacy={}), "KDN-9002")
    assert erasure.passed, erasure.table().to_string()
    assert "linked identifiers" not in set(erasure.proof["searched for"])


def test_one_person_has_one_pseudonym_in_both_columns(firm):
    data = opened(firm(privacy={}))
    customers = data.warehouse.table("firm", "customers")
    named = customers["referred_by"].dropna()
    assert len(named) == 5
    assert set(named) <= set(customers["customer_id"])
    assert all(re.fullmatch("C[A-Z2-7]{16}", one) for one in named)
    assert (customers["referred_by"] != customers["customer_id"]).all()
    replaced = read_findings(data, "pseudonyms").set_index(["table", "column"])
    assert replaced.loc[("customers", "referred_by"), ["kind", "rows"]].tolist() == ["customer", 5]
    fields = read_findings(data, "fields").set_index(["table", "column"])
    assert fields["what becomes of it"]["customers", "referred_by"] == "replaced by a pseudonym"


def test_a_study_that_names_nobody(firm):
    plain = "\n".join(line.rpartition(",")[0] for line in CUSTOMERS.splitlines()) + "\n"
    data = opened(firm(plain))
    assert isinstance(read_findings(data, "emptied"), NotAvailable)
    assert REFERENCES not in set(read_findings(data, "reconciliation")["step"])
    assert check_accounts(data).passed


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE firm.customers SET referred_by = NULL WHERE customer_id = 'KDN-9002'",
        "UPDATE firm.customers SET referred_by = 'KDN-9004' WHERE customer_id = 'KDN-9001'",
    ],
)
def test_a_name_lost_or_made_in_silence_is_found(firm, monkeypatch, sql):
    honest = unify.empty_own

    def step(connection, dataset):
        told = honest(connection, dataset)
        connection.execute(sql)
        return told

    monkeypatch.setattr(unify, "empty_own", step)
    check = check_accounts(opened(firm()))
    assert not check.passed
    assert check.statistic == 1


def test_a_step_that_forgets_the_recommenders_is_found(firm, monkeypatch):
    monkeypatch.setattr(unify, "empty_dangling", lambda *_, **__: [])
    assert not check_accounts(opened(firm())).passed
