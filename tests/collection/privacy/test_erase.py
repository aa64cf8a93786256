"""Erasing a person: gone from all that was made, never back, and proven."""

from __future__ import annotations

import duckdb
import pytest

from crmstudy.collection.privacy.erase import erase_customer
from crmstudy.collection.privacy.erased import (
    Erased,
    erased_customers,
    erasure_list,
    hash_person,
    leave_out_erased,
    list_erased,
    normalise_contact,
)
from crmstudy.collection.privacy.keys import key_place, study_key
from crmstudy.collection.privacy.protect import collect_names, protect
from crmstudy.collection.privacy.pseudonyms import pseudonym_of
from crmstudy.collection.privacy.vault import write_clean
from crmstudy.collection.warehouse import Warehouse, load_tables
from crmstudy.errors import DataError, UsageError
from crmstudy.settings import read_study

TABLES = {
    "customers": {"file": "c.csv"},
    "transactions": {"file": "t.csv"},
    "contacts": {"file": "k.csv", "encoding": "gb18030", "delimiter": ";"},
    "leads": {"file": "l.csv"},
    "survey": {"file": "s.csv", "columns": {"customer_id": "Kunde"}},
    "invitations": {"file": "i.csv"},
}
FILES = {
    "c.csv": "customer_id,name,email,phone,region\n"
    "C000001,王小明,wang@firm.example,138 0013 8000,north\n"
    "C000002,Anna Schmidt,anna@firm.example,,south\n"
    "7,Bo Li,bo@firm.example,,south\n",
    "t.csv": "customer_id,ordered_at,revenue\n"
    "C000002,2026-01-31,5\nC000001,2026-01-31,6\n7,2026-01-31,7\n",
    "k.csv": "contact_id;customer_id;opened_at;text\n"
    "T1;C000001;2026-01-31;请打13800138000\nT2;C000002;2026-01-31;王小明推荐了我\n".encode(
        "gb18030"
    ),
    "l.csv": "lead_id,customer_id,created_on,status,email,phone\n"
    "L1,,2026-01-31,new,WANG@firm.example,\nL2,,2026-01-31,new,other@firm.example,\n"
    "L3,,2026-01-31,new,,+86 13800138000\n",
    "s.csv": "respondent_id,Kunde,Q1\nR00001,C000001,5\nR00002,C000002,4\n",
    "i.csv": "respondent_id,invited_on,outcome\n"
    "R00001,2026-01-31,complete\nR00002,2026-01-31,complete\n",
}


def build(study):
    """Build the database as the warehouse does, with every step of privacy in its order."""
    place = study.paths.warehouse
    place.parent.mkdir(parents=True, exist_ok=True)
    part = place.with_suffix(".part")
    part.unlink(missing_ok=True)
    with duckdb.connect(str(part)) as connection:
        loaded, problems = load_tables(connection, study)
        assert not problems
        names = collect_names(connection, study)
        leave_out_erased(connection, study, "firm")
        protect(connection, study, loaded, names=names)
    write_clean(part, place)
    part.unlink()
    return Warehouse(place)


@pytest.fixture
def study(make_study):
    return make_study(TABLES, FILES)


def report(study, name, text):
    file = study.paths.reports / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def ids(database, table, column="customer_id"):
    return database.query(f"SELECT {column} AS id FROM firm.{table}")["id"].tolist()


def test_one_person_goes_and_the_others_stay(study):
    before = build(study)
    other = pseudonym_of("C000002", key=study_key(study), dataset="firm")
    gone = pseudonym_of("C000001", key=study_key(study), dataset="firm")
    assert gone in ids(before, "customers")
    erasure = erase_customer(study, "C000001", rebuild=build)
    after = Warehouse(study.paths.warehouse)
    assert erasure.passed, erasure.table().to_string()
    assert gone not in ids(after, "customers") + ids(after, "transactions")
    assert other in ids(after, "customers")
    assert len(ids(after, "customers")) == 2
    # Records without a customer that carry the person's e-mail or telephone go as well.
    assert len(ids(after, "leads", "lead_id")) == 1
    assert len(ids(after, "survey", "respondent_id")) == 1
    assert len(ids(after, "invitations", "respondent_id")) == 1
    assert after.query("SELECT text FROM firm.contacts")["text"].tolist() == ["[name]推荐了我"]


def test_working_files_and_the_report_are_deleted(study):
    build(study)
    (study.paths.work / "cache.json").write_text("{}")
    files = [
        report(study, "01_data.ipynb", "{}"),
        report(study, "results.json", "{}"),
        report(study, "tables/one/a.csv", "a\n"),
        report(study, "figures/one/a.svg", "<svg/>"),
    ]
    mine = report(study, "my notes.txt", "nothing")
    erasure = erase_customer(study, "C000001", rebuild=build)
    assert not any(file.exists() for file in files)
    assert mine.exists()
    assert erasure.deleted == 6
    assert [file.name for file in study.paths.work.iterdir()] == ["warehouse.duckdb"]


def test_a_file_of_the_user_s_own_that_holds_the_person_is_found(study):
    report(study, "my notes.txt", "called 王小明\n")
    report(study, "list.csv", "id\nC000001\n")
    erasure = erase_customer(study, "C000001", rebuild=build)
    assert not erasure.passed
    left = erasure.proof[erasure.proof["found"] > 0]
    assert left[["place", "searched for"]].to_numpy().tolist() == [
        ["report/list.csv", "identifier"],
        ["report/my notes.txt", "name"],
    ]


def test_the_proof_fails_when_the_database_still_holds_the_person(study):
    def careless(study):
        erasure_list(study).rename(study.paths.inputs / "away.txt")
        database = build(study)
        (study.paths.inputs / "away.txt").rename(erasure_list(study))
        return database

    erasure = erase_customer(study, "C000001", rebuild=careless)
    assert not erasure.passed
    assert set(erasure.proof.loc[erasure.proof["found"] > 0, "searched for"]) >= {"pseudonym"}


def test_the_proof_fails_on_raw_rows_left_in_free_blocks(study):
    def careless(study):
        database = build(study)
        with duckdb.connect(str(database.place)) as connection:
            connection.execute(
                "CREATE TABLE firm.old AS SELECT 'C000001' || repeat(' ', 20) || i AS id "
                "FROM range(3000) s(i)"
            )
            connection.execute("CHECKPOINT")
            connection.execute("DROP TABLE firm.old")
        return database

    erasure = erase_customer(study, "C000001", rebuild=careless)
    left = erasure.proof[erasure.proof["found"] > 0]
    assert left["place"].tolist() == ["bytes of work/warehouse.duckdb"]


def test_the_raw_identifier_is_written_nowhere_and_told_nowhere(study):
    erasure = erase_customer(study, "C000001", rebuild=build)
    written = erasure_list(study).read_text(encoding="utf-8")
    told = f"{erasure!r}{erasure.table().to_csv()}{erasure.inputs.to_csv()}{written}"
    for secret in ("C000001", "王小明", "wang@firm.example", "13800138000", "R00001"):
        assert secret not in told
    lines = [line for line in written.splitlines() if not line.startswith("#")]
    assert len(lines) == 3
    assert all(len(line) == 64 for line in lines)


def test_the_inputs_are_told_and_left_alone(study):
    before = {file.name: file.read_bytes() for file in study.paths.inputs.glob("*.csv")}
    inputs = erase_customer(study, "C000001", rebuild=build).inputs
    assert {file.name: file.read_bytes() for file in study.paths.inputs.glob("*.csv")} == before
    found = {(f, c): r for f, c, r, _ in inputs.to_numpy().tolist()}
    assert found["c.csv", "customer_id"] == "2"
    assert found["t.csv", "customer_id"] == "3"
    assert found["k.csv", "text"] == "2, 3"
    assert found["l.csv", "email"] == "2"
    assert found["l.csv", "phone"] == "4"
    assert found["s.csv", "Kunde"] == "2"
    remedies = {(f, c): remedy for f, c, _, remedy in inputs.to_numpy().tolist()}
    assert remedies["t.csv", "customer_id"] == "delete these rows in the file"
    # A name or a mention may be of somebody else.
    assert remedies["k.csv", "text"].startswith("look whether it is the same person")


def test_a_new_export_does_not_bring_the_person_back(study, make_study):
    erase_customer(study, "C000001", rebuild=build)
    (study.paths.inputs / "t.csv").write_text(FILES["t.csv"] + "C000001,2026-05-01,9\n")
    assert len(ids(build(study), "transactions")) == 2


def test_twice_is_the_same_as_once(study):
    first = erase_customer(study, "C000001", rebuild=build)
    listed = erasure_list(study).read_bytes()
    second = erase_customer(study, "C000001", rebuild=build)
    assert (first.newly_listed, second.newly_listed) == (3, 0)
    assert erasure_list(study).read_bytes() == listed
    assert second.passed


def test_a_short_number_is_not_taken_for_a_count(study):
    report(study, "mine.md", "7 of 70 customers; 7.0\n")
    erasure = erase_customer(study, "7", rebuild=build)
    assert erasure.passed, erasure.table().to_string()
    assert len(ids(Warehouse(study.paths.warehouse), "customers")) == 2
    report(study, "mine.csv", "customer_id\n7\n")
    assert not erase_customer(study, "7", rebuild=build).passed


def test_nobody_of_this_identifier(study):
    with pytest.raises(UsageError, match="no customer of this identifier in firm") as error:
        erase_customer(study, "C999999", rebuild=build)
    assert "C999999" not in str(error.value)
    assert not erasure_list(study).exists()
    assert erase_customer(study, "C999999", unseen=True, rebuild=build).passed


def test_one_identifier_in_two_data_sets(make_study):
    tables = {"customers": {"file": "c.csv"}, "old.customers": {"file": "c.csv"}}
    study = make_study(tables, {"c.csv": "customer_id\nC000001\nC000002\n"})
    with pytest.raises(UsageError, match="firm, old; name one"):
        erase_customer(study, "C000001")
    with pytest.raises(UsageError, match="no data set 'new' with persons"):
        erase_customer(study, "C000001", dataset="new")
    erase_customer(study, "C000001", dataset="old", rebuild=lambda _: NoDatabase())
    erased = erased_customers(study)
    assert erased.among(["C000001", "C000002"], dataset="old") == ["C000001"]
    assert erased.among(["C000001", "C000002"], dataset="firm") == []


class NoDatabase:
    def query(self, sql):
        import pandas as pd

        return pd.DataFrame({"schema": [], "name": [], "field": []})


@pytest.mark.parametrize("name", ["open", "simulated", "template"])
def test_the_project_s_own_studies_are_refused(name):
    with pytest.raises(DataError, match="one of the project's own studies"):
        erase_customer(read_study(name), "C000001")


def test_open_data_are_refused(make_study):
    study = make_study({"transactions": {"open": "cdnow/transactions"}})
    with pytest.raises(UsageError, match="holds open data only"):
        erase_customer(study, "0001")


def test_a_list_made_with_another_key_is_refused(study):
    list_erased(study, [hash_person("C1", key=study_key(study), dataset="firm", kind="customer")])
    assert erased_customers(study).among(["C1"], dataset="firm") == ["C1"]
    key_place(study).unlink()
    with pytest.raises(DataError, match="was made with another key"):
        erased_customers(study)


def test_a_damaged_list_is_refused(study):
    list_erased(study, [])
    with erasure_list(study).open("a") as stream:
        stream.write("C000001\n")
    with pytest.raises(DataError, match="entry 1 is no hash"):
        erased_customers(study)


def test_contacts_are_known_in_all_their_spellings():
    assert normalise_contact(" Wang@Firm.Example ", "email") == "wang@firm.example"
    spellings = ["138 0013 8000", "+86-13800138000", "0086 138 00138000"]
    assert len({normalise_contact(spelling, "phone") for spelling in spellings}) == 1
    assert normalise_contact("12345", "phone") == ""


def test_nobody_is_among_nobody():
    assert Erased(bytes(32), frozenset()).among(["C1"], dataset="firm") == []


def test_what_hangs_on_a_record_known_by_its_address_goes_too(study):
    key = study_key(study)
    list_erased(study, [hash_person("a@b.example", key=key, dataset="firm", kind="email")])
    with duckdb.connect() as connection:
        connection.execute("CREATE SCHEMA firm")
        connection.execute(
            "CREATE TABLE firm.survey AS SELECT * FROM (VALUES ('R1', NULL, 'A@b.example'), "
            "('R2', 'C2', 'a@b.example'), ('R3', NULL, NULL)) s(respondent_id, customer_id, email)"
        )
        for table in ("invitations", "staff_survey"):
            connection.execute(
                f"CREATE TABLE firm.{table} AS SELECT 'R' || i AS respondent_id "
                "FROM range(1, 4) t(i)"
            )
        removed = leave_out_erased(connection, study, "firm")
        left = {
            table: [r[0] for r in connection.execute(f"FROM firm.{table}").fetchall()]
            for table in ("survey", "invitations", "staff_survey")
        }
    # Another customer of the same address need not be the same person; staff never is.
    assert left["survey"] == left["invitations"] == ["R2", "R3"]
    assert left["staff_survey"] == ["R1", "R2", "R3"]
    assert {one.table: one.rows for one in removed} == {"survey": 1, "invitations": 1}
