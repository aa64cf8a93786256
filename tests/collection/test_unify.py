"""From files to one database: who leaves, who is linked, what is hidden, and that it balances."""

from __future__ import annotations

import re
import stat

import duckdb
import pandas as pd
import pytest
import yaml

from crmstudy.collection import study as studies
from crmstudy.collection.privacy.erased import erased_customers, hash_person, list_erased
from crmstudy.collection.unified import clean, unify
from crmstudy.collection.unified.findings import check_accounts, read_findings
from crmstudy.collection.warehouse import open_warehouse
from crmstudy.settings import read_study

CUSTOMERS = """\
customer_id,registered_on,name,email,phone,postcode,birth_year,sex,region,is_test
KDN-9001,2020-01-01,Anneliese Zuckmayer,anneliese.z@ph.example,13800138001,200001,1980,f,north,no
KDN-9002,2020-02-01,Bartholomew Quigley,bquigley@ph.example,13900139002,100002,1975,m,south,no
KDN-9003,2020-03-01,王小明,wangxm@ph.example,13700137003,510003,1990,m,south,no
KDN-9004,2020-04-01,Dorothea Vandermeer,dorothea@ph.example,13600136004,310004,1985,f,north,no
KDN-9005,2021-05-01,Anneliese Zuckmayer,anneliese.z@ph.example,13800138001,200001,1980,f,north,no
KDN-9006,2020-06-01,Testina Testarossa,testina@ph.example,13500135006,610006,1970,f,south,yes
KDN-9007,2020-07-01,Ferdinand Oberhuber,ferdl@ph.example,13400134007,710007,1965,m,north,no
"""
TRANSACTIONS = """\
customer_id,ordered_at,revenue,cost,quantity,discount,basket_id,status,currency
KDN-9001,2024-01-02,10.10,4.05,1,0.10,B1,completed,
KDN-9001,2024-02-02,20.20,8.05,2,,B2,,USD
KDN-9002,2024-01-05,30.30,12.05,3,0.30,B3,returned,EUR
KDN-9002,2024-03-05,3.33,1.11,1,,B4,cancelled,USD
KDN-9003,2024-01-07,40.40,16.05,4,0.40,B5,completed,CNY
KDN-9004,2024-01-09,50.50,20.05,5,0.50,B6,,
KDN-9005,2024-03-11,60.60,24.05,6,0.60,B7,completed,USD
KDN-9006,2024-01-12,70.70,28.05,7,0.70,B8,completed,USD
KDN-9006,2024-01-13,7.07,2.80,7,0.70,B9,cancelled,USD
KDN-9007,2024-01-14,80.80,32.05,8,0.80,B10,,
,2024-01-15,5.05,2.02,1,,B11,,
"""
CAMPAIGNS = """\
campaign_id,customer_id,start_on,end_on,treated
SPRING,KDN-9001,2024-01-01,2024-01-31,yes
SPRING,KDN-9005,2024-01-01,2024-01-31,no
SPRING,KDN-9002,2024-01-01,2024-01-31,no
AUTUMN,KDN-9005,2024-09-01,2024-09-30,yes
"""
LEADS = """\
lead_id,customer_id,created_on,status,name,email,phone,postcode,birth_year
L1,,2023-01-01,won,B. Quigley,bquigley@ph.example,,,
L2,,2023-01-02,won,,,0086 137-0013-7003,,
L3,,2023-01-03,won,Dorothea Vandermeer,,,310004,1985
L4,,2023-01-04,lost,Leopold Nobody,leopold@nowhere.example,13111131111,990099,1955
L5,KDN-9005,2023-01-05,won,,,,,
L6,KDN-7777,2023-01-06,new,,,,,
"""
CONTACTS = """\
contact_id,customer_id,opened_at,channel,text,email
T1,KDN-9001,2024-02-01 10:00,phone,Dorothea Vandermeer said so: x@elsewhere.example or 13512345678,
T2,,2024-02-02 10:00,e-mail,王小明 told me,ferdl@ph.example
T3,KDN-9006,2024-02-03 10:00,phone,a test,
"""
COSTS = """\
period,cost_type,amount,customer_id
2024-01-01,service,5.55,KDN-9001
2024-01-01,care,6.66,KDN-9005
2024-01-01,care,7.77,KDN-9006
2024-01-01,platform,100.01,
"""
CONSENTS = """\
customer_id,purpose,given,decided_on
KDN-9001,analysis,yes,2020-01-01
KDN-9002,analysis,yes,2020-01-01
KDN-9003,analysis,no,2020-01-01
KDN-9005,analysis,yes,2021-05-01
KDN-9007,analysis,yes,2020-01-01
KDN-9006,analysis,yes,2020-01-01
"""
FILES = {
    "customers": CUSTOMERS,
    "transactions": TRANSACTIONS,
    "campaigns": CAMPAIGNS,
    "leads": LEADS,
    "contacts": CONTACTS,
    "costs": COSTS,
    "consents": CONSENTS,
}
PLAIN = {"privacy": {"pseudonyms": False}}
#: Without customers nothing is linked, and the tests are fast.
BARE = ("customers", "consents")
RATES = {"USD": 0.92, "CNY": 0.128}

#: Pieces of what must not be readable anywhere.
RAW = re.compile(
    rb"KDN-9|Anneliese|Zuckmayer|Quigley|Dorothea|Vandermeer|Testarossa|Oberhuber|Nobody|"
    rb"@ph\.|nowhere\.example|elsewhere|138001380|139001390|137001370|137-0013|13512345678|"
    + "小明".encode()
)


@pytest.fixture
def firm(make_study):
    """Make a firm with all that can happen; keywords are keys of study.yml, files texts."""

    def make(files=None, without=(), **settings):
        texts = {
            name: text for name, text in (FILES | (files or {})).items() if name not in without
        }
        tables = {name: {"file": f"{name}.csv"} for name in texts}
        settings.setdefault("privacy", {"purpose": ""})
        settings.setdefault("cleaning", {"exchange_rates": RATES})
        settings.setdefault("currency", "EUR")
        contents = {f"{name}.csv": text for name, text in texts.items()}
        return make_study(tables, contents, **settings)

    return make


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """Open the firm with raw identifiers, once for all tests that only read it."""
    folder = tmp_path_factory.mktemp("plain") / "firm"
    folder.mkdir()
    for name, text in FILES.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    content = {"title": "A firm", "seed": 1, "currency": "EUR", **PLAIN}
    content["tables"] = {name: {"file": f"{name}.csv"} for name in FILES}
    content["cleaning"] = {"exchange_rates": RATES}
    (folder / "study.yml").write_text(yaml.safe_dump(content), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CRMSTUDY_WORK", str(folder.parent / "work"))
        patch.setenv("CRMSTUDY_KEY_FILE", str(folder.parent / "key"))
        yield opened(read_study(str(folder)))


def opened(study):
    return studies.StudyData(study, open_warehouse(study))


def table(data, name):
    return data.warehouse.table("firm", name)


def balances(data):
    accounts = read_findings(data, "reconciliation")
    assert (accounts["unexplained"] == 0).all(), accounts[accounts["unexplained"] != 0]
    check = check_accounts(data)
    assert check.passed
    drops = data.warehouse.drops().groupby(["dataset", "table"])["rows"].sum()
    for row in data.warehouse.sources().to_dict("records"):
        place = row["dataset"], row["table"]
        kept = len(data.warehouse.table(*place))
        assert row["rows_kept"] == kept
        assert row["rows_read"] - kept == drops.get(place, 0)
    return accounts


def drops(data, reason):
    frame = data.warehouse.drops()
    return frame[frame["reason"].eq(reason)].set_index("table")["rows"].to_dict()


# --- test customers, cancelled lines, currencies ------------------------------------------


def test_test_customers_leave_by_mark_and_by_list(firm):
    cleaning = {"exchange_rates": RATES, "test_customers": ["KDN-9002", "KDN-0000"]}
    data = opened(firm(cleaning=cleaning, **PLAIN))
    assert drops(data, clean.TEST) == {
        "customers": 2,
        "transactions": 4,
        "campaigns": 1,
        "contacts": 1,
        "costs": 1,
        "consents": 2,
    }
    assert "is_test" not in table(data, "customers")
    assert not {"KDN-9002", "KDN-9006"} & set(table(data, "transactions")["customer_id"].dropna())
    balances(data)


def test_cancelled_lines_are_dropped_and_counted(plain):
    data = plain
    # The other cancelled line is of the test customer, who leaves before.
    assert drops(data, clean.CANCELLED) == {"transactions": 1}
    assert "cancelled" not in set(table(data, "transactions")["status"].dropna())
    balances(data)


def test_cancelled_lines_are_kept_when_told(firm):
    cleaning = {"exchange_rates": RATES, "drop_cancelled": False}
    data = opened(firm(without=BARE, cleaning=cleaning, **PLAIN))
    assert drops(data, clean.CANCELLED) == {}
    assert table(data, "transactions")["status"].eq("cancelled").sum() == 2
    balances(data)


def test_currencies_are_converted_and_the_sums_reconciled(plain):
    data = plain
    lines = table(data, "transactions").set_index("basket_id")
    assert lines.loc["B2", "revenue"] == 20.20 * 0.92
    assert lines.loc["B5", "cost"] == 16.05 * 0.128
    assert lines.loc["B3", "revenue"] == 30.30
    converted = read_findings(data, "currencies").set_index("currency")
    # USD: B2 and B7; the test customer's and the cancelled lines are gone before.
    assert converted["rows"].to_dict() == {"CNY": 1, "USD": 2}
    assert converted.loc["USD", "before"] == pytest.approx(20.20 + 60.60)
    sums = balances(data).query("measure == 'revenue'").iloc[0]
    assert sums["before"] == pytest.approx(374.0, abs=1e-9)
    assert sums["after"] == pytest.approx(lines["revenue"].sum(), abs=1e-9)
    for reason in ("test customer (2)", "cancelled (1)", "USD converted", "CNY converted"):
        assert reason in sums["reasons"]


# --- duplicates ---------------------------------------------------------------------------


def test_duplicates_become_one_customer(plain):
    data = plain
    assert drops(data, clean.MERGED) == {"customers": 1, "campaigns": 1}
    assert table(data, "customers")["customer_id"].tolist() == [
        "KDN-9001",
        "KDN-9002",
        "KDN-9003",
        "KDN-9004",
        "KDN-9007",
    ]
    assert table(data, "transactions")["customer_id"].eq("KDN-9001").sum() == 3
    assert table(data, "costs")["customer_id"].eq("KDN-9001").sum() == 2
    assert table(data, "leads").set_index("lead_id").loc["L5", "customer_id"] == "KDN-9001"
    balances(data)


def test_a_campaign_names_a_merged_customer_once(plain):
    campaigns = table(plain, "campaigns")
    assert not campaigns.duplicated(["campaign_id", "customer_id"]).any()
    spring = campaigns[campaigns["campaign_id"].eq("SPRING")].set_index("customer_id")["treated"]
    assert spring.to_dict() == {"KDN-9001": True, "KDN-9002": False}


def test_duplicates_stay_when_told_and_are_counted_all_the_same(firm):
    data = opened(firm(linkage={"merge_duplicates": False}, **PLAIN))
    assert drops(data, clean.MERGED) == {}
    assert "KDN-9005" in set(table(data, "transactions")["customer_id"])
    found = read_findings(data, "duplicates").iloc[0]
    assert (found["customers"], found["surplus customers"]) == (6, 1)
    balances(data)


def test_who_refused_under_either_identifier_has_refused(firm):
    refusing = CONSENTS.replace(
        "KDN-9005,analysis,yes,2021-05-01", "KDN-9005,analysis,no,2021-05-01"
    )
    data = opened(
        firm({"consents": refusing}, privacy={"pseudonyms": False, "purpose": "analysis"})
    )
    assert "KDN-9001" not in set(table(data, "transactions")["customer_id"])
    balances(data)


def test_a_refusal_of_the_same_day_is_not_lost_when_customers_are_merged(firm):
    refusing = CONSENTS.replace(
        "KDN-9005,analysis,yes,2021-05-01", "KDN-9005,analysis,no,2020-01-01"
    )
    data = opened(
        firm({"consents": refusing}, privacy={"pseudonyms": False, "purpose": "analysis"})
    )
    assert "KDN-9001" not in set(table(data, "transactions")["customer_id"])
    balances(data)


# --- linkage ------------------------------------------------------------------------------


def test_leads_and_contacts_find_their_customers(plain):
    data = plain
    leads = table(data, "leads").set_index("lead_id")["customer_id"]
    assert leads[["L1", "L2", "L3"]].tolist() == ["KDN-9002", "KDN-9003", "KDN-9004"]
    assert pd.isna(leads["L4"])
    assert table(data, "contacts").set_index("contact_id").loc["T2", "customer_id"] == "KDN-9007"
    links = read_findings(data, "links").set_index(["source", "method"])["records"]
    assert links["leads"][["given", "e-mail", "phone", "name"]].tolist() == [1, 1, 1, 1]
    assert links["contacts"]["e-mail"] == 1
    balances(data)


def test_an_identifier_that_no_customer_has_is_kept(plain):
    leads = table(plain, "leads").set_index("lead_id")["customer_id"]
    assert leads["L6"] == "KDN-7777"


# --- consent and erasure ------------------------------------------------------------------


def test_who_did_not_consent_leaves_every_table(firm):
    data = opened(firm(privacy={"pseudonyms": False, "purpose": "analysis"}))
    # 9003 refused, 9004 and the unknown customer 7777 are silent. L2 and L3 were linked.
    assert drops(data, "no consent to analysis") == {
        "customers": 2,
        "transactions": 2,
        "leads": 3,
    }
    consents = read_findings(data, "consents").set_index("decision")["customers"]
    assert consents.to_dict() == {"consented": 3, "refused": 1, "undecided": 2}
    assert "KDN-9003" in set(table(data, "consents")["customer_id"])
    balances(data)


def test_merging_and_consent_together_balance(firm):
    """A merged customer who refuses takes the lines of both records along."""
    refusing = CONSENTS.replace("analysis,yes", "analysis,no")
    data = opened(
        firm({"consents": refusing}, privacy={"pseudonyms": False, "purpose": "analysis"})
    )
    lines = table(data, "transactions")
    assert lines["customer_id"].isna().all()
    balances(data)


def erase(study, *customers):
    key = erased_customers(study).key
    list_erased(
        study, [hash_person(c, key=key, dataset="firm", kind="customer") for c in customers]
    )


def test_erased_persons_do_not_come_back_with_new_files(firm):
    study = firm()
    erase(study, "KDN-9002")
    assert drops(opened(study), "erased person") == {
        "customers": 1,
        "transactions": 2,
        "campaigns": 1,
        "consents": 1,
    }
    again = firm({"transactions": TRANSACTIONS + "KDN-9002,2025-01-01,9.99,1,1,,B12,,\n"})
    data = opened(again)
    assert drops(data, "erased person")["transactions"] == 3
    balances(data)
    # The lead of the same e-mail address has no customer now, and nobody to be linked to.
    assert read_findings(data, "pseudonyms") is not None
    assert pd.isna(table(data, "leads").iloc[0]["customer_id"])


def test_an_erased_duplicate_is_not_merged_into_the_other(firm):
    study = firm(**PLAIN)
    erase(study, "KDN-9005")
    data = opened(study)
    assert drops(data, clean.MERGED) == {}
    assert table(data, "transactions")["customer_id"].eq("KDN-9001").sum() == 2
    balances(data)


# --- what can be read ---------------------------------------------------------------------


def all_text(data):
    """Write every cell of every table of the database down."""
    with duckdb.connect(str(data.warehouse.readable), read_only=True) as connection:
        names = connection.execute(
            "SELECT table_schema, table_name FROM information_schema.tables"
        ).fetchall()
        frames = [connection.execute(f'SELECT * FROM "{a}"."{b}"').fetchall() for a, b in names]
    return repr(frames).encode()


def test_the_finished_database_names_nobody(firm, tmp_path):
    study = firm(linkage={"accept": 0.999999, "review": 1e-9})
    data = opened(study)
    assert not RAW.search(all_text(data))
    review = study.paths.work / unify.REVIEW
    files = [file for file in study.paths.work.rglob("*") if file.is_file()]
    assert study.paths.warehouse in files
    for file in files:
        if file.parent != review:
            assert not RAW.search(file.read_bytes()), file
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(review.stat().st_mode) == 0o700
    assert any(b"KDN-9" in file.read_bytes() for file in review.iterdir())
    balances(data)


def test_the_search_for_names_would_find_them(plain):
    assert RAW.search(all_text(plain))
    assert RAW.search(plain.study.paths.warehouse.read_bytes())


def test_pseudonyms_are_the_same_person_in_every_table(firm):
    data = opened(firm())
    known = set(table(data, "customers")["customer_id"])
    assert all(re.fullmatch("C[A-Z2-7]{16}", one) for one in known)
    assert len(known) == 5
    for name in ("transactions", "campaigns", "costs", "consents"):
        assert set(table(data, name)["customer_id"].dropna()) <= known
    replaced = read_findings(data, "pseudonyms")
    assert {"customers", "transactions", "campaigns", "leads", "contacts", "costs"} <= set(
        replaced["table"]
    )


def test_words_are_masked(firm):
    data = opened(firm())
    words = table(data, "contacts")["text"].tolist()
    assert words == [
        "[name] said so: [e-mail] or [phone]",
        "[name] told me",
    ]
    masked = read_findings(data, "masked").groupby("kind")["places"].sum()
    assert masked.sum() == 4


def test_persons_of_open_data_stay_as_they_are(make_study):
    tables = {
        "firm.customers": {"file": "c.csv"},
        "shop.transactions": {"open": "cdnow_master/transactions"},
    }
    data = opened(make_study(tables, {"c.csv": CUSTOMERS}, privacy={}))
    shop = data.warehouse.table("shop", "transactions")
    assert shop["customer_id"].str.fullmatch("[0-9]+").all()
    assert data.warehouse.sources().set_index("dataset").loc["shop", "rows_kept"] == len(shop)
    assert set(read_findings(data, "pseudonyms")["data set"]) == {"firm"}


def test_review_files_of_an_earlier_run_do_not_stay(firm):
    loose = {"accept": 0.999999, "review": 1e-9}
    study = firm(linkage=loose)
    opened(study)
    review = study.paths.work / unify.REVIEW
    assert list(review.iterdir())
    sealed = firm(linkage=loose, privacy={"encrypt": True})
    opened(sealed)
    assert not review.exists() or not list(review.iterdir())


# --- the books can fail -------------------------------------------------------------------


def spoil(monkeypatch, sql):
    """Let the step that drops cancelled lines do something that it does not tell."""
    honest = clean.drop_cancelled

    def step(connection, dataset):
        removed = honest(connection, dataset)
        connection.execute(sql)
        return removed

    monkeypatch.setattr(clean, "drop_cancelled", step)


@pytest.mark.parametrize(
    ("sql", "measure"),
    [
        ("DELETE FROM firm.transactions WHERE basket_id = 'B6'", "rows"),
        ("DELETE FROM firm.leads WHERE lead_id = 'L4'", "rows"),
        ("UPDATE firm.transactions SET revenue = revenue + 0.01 WHERE basket_id = 'B6'", "revenue"),
        ("UPDATE firm.transactions SET currency = 'CNY' WHERE basket_id = 'B2'", "revenue"),
        ("UPDATE firm.transactions SET discount = NULL WHERE basket_id = 'B6'", "discount"),
        ("UPDATE firm.costs SET amount = 0 WHERE cost_type = 'platform'", "amount"),
        ("INSERT INTO firm.costs SELECT * FROM firm.costs LIMIT 1", "rows"),
    ],
)
def test_a_step_that_takes_or_changes_in_silence_is_found(firm, monkeypatch, sql, measure):
    spoil(monkeypatch, sql)
    data = opened(firm(without=BARE, **PLAIN))
    accounts = read_findings(data, "reconciliation")
    wrong = accounts[accounts["unexplained"] != 0]
    assert measure in set(wrong["measure"])
    check = check_accounts(data)
    assert not check.passed
    assert check.statistic == wrong["unexplained"].abs().max()


def test_a_reason_given_for_the_wrong_lines_is_found(firm, monkeypatch):
    """As many rows leave as are told, but others: the sums tell."""
    monkeypatch.setattr(clean, "drop_cancelled", _drop_another)
    data = opened(firm(without=BARE, **PLAIN))
    accounts = read_findings(data, "reconciliation").set_index(["step", "table", "measure"])
    gap = accounts["unexplained"]
    assert gap["source to database", "transactions", "rows"] == 0
    assert gap["loaded to database", "transactions", "revenue"] != 0
    assert not check_accounts(data).passed


def _drop_another(connection, dataset):
    connection.execute("DELETE FROM firm.transactions WHERE basket_id = 'B6'")
    return [clean.Removed(dataset, "transactions", clean.CANCELLED, 1)]
