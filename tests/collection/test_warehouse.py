"""The database: built when an input changes and only then, whole or not at all."""

from __future__ import annotations

import os
import stat

import duckdb
import pandas as pd
import pytest

from crmstudy.collection import inputs, warehouse
from crmstudy.collection.inputs import hash_inputs
from crmstudy.collection.intake.load import load_into
from crmstudy.collection.warehouse import ensure_warehouse, fingerprint_warehouse, open_warehouse
from crmstudy.errors import DataError, NotAvailable

HEADER = "customer_id,ordered_at,revenue,basket_id\n"
LEDGER = HEADER + "甲,2026-01-31,0.1,1\n乙,2026-02-01 14:05,0.2,2\n,2026-02-01,9,3\n\n"
#: What is loaded is compared with what comes out, so persons keep their identifiers.
OPENLY = {"pseudonyms": False}
TABLES = {
    "transactions": {"file": "t.csv"},
    "customers": {"file": "c.csv"},
    "old.transactions": {"file": "o.csv"},
}
FILES = {
    "t.csv": LEDGER,
    "c.csv": "customer_id,city,empty\n甲,北京\u3000“城”,\n乙,O'Hare,\n",
    "o.csv": HEADER + "x,2020-01-01,5,1\n",
}


@pytest.fixture
def study(make_study):
    return make_study(TABLES, FILES, privacy=OPENLY)


def built(study) -> int:
    return os.stat(ensure_warehouse(study)).st_ino


def test_what_goes_in_comes_out(study):
    opened = open_warehouse(study)
    for dataset, table in study.table_sources():
        frame = load_into(duckdb.connect(), study, dataset, table).frame()
        pd.testing.assert_frame_equal(opened.table(dataset, table), frame, check_dtype=False)
    total = opened.query("SELECT sum(revenue) AS total FROM firm.transactions")["total"][0]
    assert (
        total == load_into(duckdb.connect(), study, "firm", "transactions").frame()["revenue"].sum()
    )


def test_data_sets_do_not_mix(study):
    opened = open_warehouse(study)
    assert opened.table("old", "transactions")["customer_id"].tolist() == ["x"]
    assert opened.table("firm", "transactions")["customer_id"].tolist() == ["甲", "乙"]
    assert opened.table("firm", "transactions", ["revenue"]).columns.tolist() == ["revenue"]


def test_chinese_and_quotes_survive(study):
    assert open_warehouse(study).table("firm", "customers")["city"].tolist() == [
        "北京\u3000“城”",
        "O'Hare",
    ]


def test_a_table_that_is_not_there(study):
    absent = open_warehouse(study).table("old", "customers")
    assert isinstance(absent, NotAvailable)
    assert absent.reason == "no table customers in old"


def test_sources_and_drops_account_for_every_row(study):
    opened = open_warehouse(study)
    sources = opened.sources().set_index(["dataset", "table"])
    drops = opened.drops()
    assert sources.loc[("firm", "transactions"), ["rows_read", "rows_kept"]].tolist() == [4, 2]
    assert sources.loc[("firm", "customers"), "attributes"] == "city, empty"
    assert drops[["table", "reason", "rows"]].to_numpy().tolist() == [
        ["transactions", "empty row", 1],
        ["transactions", "no customer (anonymous sale)", 1],
    ]
    lost = (sources["rows_read"] - sources["rows_kept"]).sum()
    assert lost == drops["rows"].sum()


def test_built_once_while_nothing_changes(study):
    assert built(study) == built(study)


@pytest.mark.parametrize("file", FILES)
def test_built_again_when_a_byte_changes(study, make_study, file):
    before = built(study), fingerprint_warehouse(study)
    place = study.paths.inputs / file
    place.write_text(FILES[file].replace("x,", "y,").replace("甲", "丙"), encoding="utf-8")
    assert (built(study), fingerprint_warehouse(study)) != before
    assert built(study) != before[0]


def test_built_again_when_study_yml_reads_a_file_differently(study, make_study):
    before = built(study)
    tables = {**TABLES, "transactions": {"file": "t.csv", "columns": {"amount": "basket_id"}}}
    assert built(make_study(tables, FILES, privacy=OPENLY)) != before


def test_built_again_when_the_code_changes(study, monkeypatch):
    before = built(study)
    monkeypatch.setattr(warehouse, "source_hash", lambda folder: "another code")
    assert built(study) != before


def test_a_damaged_database_is_built_again(study):
    place = ensure_warehouse(study)
    place.write_bytes(b"no database")
    assert open_warehouse(study).has("firm", "transactions")


def test_bad_inputs_leave_the_old_database(study):
    before = built(study)
    content = study.paths.warehouse.read_bytes()
    (study.paths.inputs / "t.csv").write_text(HEADER + "a,x,y,1\n", encoding="utf-8")
    (study.paths.inputs / "c.csv").unlink()
    with pytest.raises(DataError) as caught:
        ensure_warehouse(study)
    for part in ("found 'x'", "found 'y'", "c.csv does not exist"):
        assert part in str(caught.value)
    assert os.stat(study.paths.warehouse).st_ino == before
    assert study.paths.warehouse.read_bytes() == content


def test_a_build_that_fails_leaves_the_old_database_and_no_remains(study, monkeypatch):
    place = ensure_warehouse(study)
    content = place.read_bytes()
    (study.paths.inputs / "o.csv").write_text(HEADER + "z,2020-01-01,5,1\n", encoding="utf-8")

    def fail(loaded: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(warehouse, "_drops", fail)
    with pytest.raises(OSError, match="disk full"):
        ensure_warehouse(study)
    assert place.read_bytes() == content
    assert [file.name for file in place.parent.iterdir()] == [place.name]


def test_many_problems_of_one_kind_are_told_by_three_and_their_number(make_study):
    rows = "".join(f"c{i},2026-01-01,x,{i}\n" for i in range(50))
    study = make_study({"transactions": {"file": "t.csv"}}, {"t.csv": HEADER + rows})
    with pytest.raises(DataError) as caught:
        ensure_warehouse(study)
    lines = str(caught.value).splitlines()
    assert len(lines) == 4
    assert lines[-1] == "t.csv, column 'revenue': and 47 more of this kind, rows 5 to 51"
    assert len(caught.value.problems) == 50


def test_hashes_name_what_changed(study):
    before = hash_inputs(study)
    (study.paths.inputs / "o.csv").write_text(HEADER + "z,2020-01-01,5,1\n", encoding="utf-8")
    after = hash_inputs(study)
    assert {name for name in before if before[name] != after[name]} == {"old.transactions"}
    (study.paths.inputs / "o.csv").unlink()
    assert hash_inputs(study)["old.transactions"] not in (before, after)


def test_hash_of_the_seed(make_study):
    def of(seed: int) -> dict[str, str]:
        return hash_inputs(make_study({"survey": {"simulated": "survey"}}, seed=seed))

    assert of(1) == of(1)
    assert of(1) != of(2)


def test_hash_of_source_sees_names_and_bytes(tmp_path):
    (tmp_path / "a.py").write_text("x = 1\n", encoding="utf-8")
    first = inputs.source_hash(tmp_path)
    (tmp_path / "a.py").write_text("x = 2\n", encoding="utf-8")
    second = inputs.source_hash(tmp_path)
    (tmp_path / "a.py").rename(tmp_path / "b.py")
    assert len({first, second, inputs.source_hash(tmp_path)}) == 3


def test_only_its_owner_may_read_the_database(study):
    place = ensure_warehouse(study)
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert stat.S_IMODE(place.parent.stat().st_mode) == 0o700


def test_the_same_inputs_give_the_same_rows_in_the_same_order(study):
    tables = [open_warehouse(study).query("SELECT * FROM firm.transactions")]
    study.paths.warehouse.unlink()
    tables.append(open_warehouse(study).query("SELECT * FROM firm.transactions"))
    pd.testing.assert_frame_equal(*tables, check_exact=True)


def test_problems_are_told_in_the_language_of_the_study(make_study):
    files = {"t.csv": HEADER + "a,x,y,1\n"}
    study = make_study({"transactions": {"file": "t.csv"}}, files, language="zh")
    with pytest.raises(DataError, match="第 2 行，列“ordered_at”：发现'x'；允许：日期"):
        ensure_warehouse(study)


def test_loading_leaves_nothing_beside_the_database(study):
    place = ensure_warehouse(study)
    assert [file.name for file in place.parent.iterdir()] == [place.name]
