"""Excel, SPSS and Parquet, units, kinds and words: what stands in the file comes out right."""

from __future__ import annotations

import datetime as dt
from io import BytesIO
from pathlib import Path

import duckdb
import openpyxl
import pandas as pd
import pyreadstat
import pytest

from crmstudy.collection.intake.load import Loaded, load_into
from crmstudy.collection.warehouse import open_warehouse
from crmstudy.settings import Study

HEADER = "customer_id,ordered_at,revenue,basket_id\n"
INSTRUMENT = {
    "scale": [1, 5],
    "constructs": {"quality": {"label": "Quality", "items": ["Q1", "Q2"]}},
}


def load(study: Study, table: str = "transactions") -> Loaded:
    loaded = load_into(duckdb.connect(), study, "firm", table)
    assert not loaded.problems, "\n".join(map(str, loaded.problems))
    return loaded


# --- Excel ------------------------------------------------------------------------------


def workbook(*rows: list[object], other: list[list[object]] | None = None) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    for row in other or []:
        if len(book.worksheets) == 1:
            book.create_sheet("二月")
        book["二月"].append(row)
    content = BytesIO()
    book.save(content)
    return content.getvalue()


HEAD = ["customer_id", "ordered_at", "revenue", "basket_id", "club", "note"]


def test_cells_come_as_they_are_held(make_study):
    rows = [
        [1, dt.datetime(2026, 1, 31), 1.5, "x", True, "客户 "],
        [None, None, None, None, None, "  "],
        [2.0, dt.datetime(2026, 2, 1, 14, 5), -3, 7, None, 2.5],
        ["c", "2026-02-03", "4.25", "y", False, None],
    ]
    content = workbook(HEAD, *rows, [None] * 6, [None] * 6)
    how = {"file": "t.xlsx", "kinds": {"club": "boolean"}}
    loaded = load(make_study({"transactions": how}, {"t.xlsx": content}))
    frame = loaded.frame()
    assert frame["customer_id"].tolist() == ["1", "2", "c"]
    assert frame["ordered_at"].tolist() == [
        pd.Timestamp("2026-01-31"),
        pd.Timestamp("2026-02-01 14:05"),
        pd.Timestamp("2026-02-03"),
    ]
    assert frame["revenue"].tolist() == [1.5, -3.0, 4.25]
    assert frame["basket_id"].tolist() == ["x", "7", "y"]
    assert frame["club"].tolist()[::2] == [True, False]
    assert frame["note"].tolist()[:2] == ["客户", "2.5"]
    # Formatted cells below the last row are no rows; the empty one in between is.
    assert (loaded.rows_read, dict(loaded.dropped)) == (4, {"empty row": 1})


def test_a_sheet_by_its_name_and_the_first_without(make_study):
    content = workbook(HEAD[:3], ["a", "2026-01-31", 1], other=[HEAD[:3], ["b", "2026-02-01", 2]])
    for how, customer in (({}, "a"), ({"sheet": "二月"}, "b")):
        study = make_study({"transactions": {"file": "t.xlsx", **how}}, {"t.xlsx": content})
        assert load(study).frame()["customer_id"].tolist() == [customer]


def test_typed_cells_beside_the_layout_of_the_texts(make_study):
    rows = [["a", dt.datetime(2026, 1, 31), 1.5], ["b", "01.02.2026", "2,5"]]
    how = {"file": "t.xlsx", "date_format": "%d.%m.%Y", "decimal": ","}
    study = make_study({"transactions": how}, {"t.xlsx": workbook(HEAD[:3], *rows)})
    frame = load(study).frame()
    assert frame["revenue"].tolist() == [1.5, 2.5]
    assert frame["ordered_at"].dt.month.tolist() == [1, 2]


# --- SPSS -------------------------------------------------------------------------------


@pytest.fixture
def survey(make_study):
    study = make_study(
        {"survey": {"file": "s.sav", "columns": {"respondent_id": "ID"}}},
        instrument=INSTRUMENT,
        privacy={"pseudonyms": False},
    )
    frame = pd.DataFrame(
        {
            "ID": [101.0, 102.0, 103.0],
            "Q1": [5.0, 9.0, None],
            "Q2": [1.0, 2.0, 3.0],
            "sex": [1.0, 2.0, 7.0],
            "answered_on": pd.to_datetime(["2026-01-31", "2026-02-01", None]),
            "comment": ["很好", "", "Größe"],
        }
    )
    pyreadstat.write_sav(
        frame,
        str(study.paths.inputs / "s.sav"),
        column_labels={"Q1": "产品质量", "sex": "Sex", "comment": "Comment"},
        variable_value_labels={"sex": {1.0: "女", 2.0: "男"}, "Q2": {1.0: "bad", 5.0: "good"}},
        missing_ranges={"Q1": [9]},
    )
    return study


def test_labels_become_words_and_numbers_stay_numbers(survey):
    frame = load(survey, "survey").frame()
    assert frame["respondent_id"].tolist() == ["101", "102", "103"]
    assert frame["sex"].tolist() == ["女", "男", "7"]
    assert frame["Q2"].tolist() == [1.0, 2.0, 3.0]
    # 9 is user-missing; it is off the scale as well, and no problem.
    assert frame["Q1"].isna().tolist() == [False, True, True]
    assert frame["answered_on"].tolist()[0] == pd.Timestamp("2026-01-31")
    assert frame["comment"].tolist()[::2] == ["很好", "Größe"]
    assert frame["comment"].isna().tolist() == [False, True, False]


def test_labels_are_kept_for_the_dictionary(survey):
    labels = open_warehouse(survey).labels()
    assert labels.columns.tolist() == [
        *("dataset", "table", "column", "label", "value", "value_label")
    ]
    rows = labels.iloc[:, 2:].to_numpy().tolist()
    assert ["Q1", "产品质量", "", ""] in rows
    assert ["Q2", "", "5", "good"] in rows
    assert ["sex", "Sex", "1", "女"] in rows
    assert len(rows) == 6


# --- units, kinds, words ------------------------------------------------------------------


def test_units_bring_numbers_into_ours(make_study):
    """1999 cents are 19.99 to the last bit, which 1999 * 0.01 is not."""
    content = "customer_id,ordered_at,revenue,cost,weight\na,2026-01-31,1999,3,2\n"
    how = {
        "units": {"revenue": 0.01, "cost": 2.5, "weight": 1000},
        "kinds": {"weight": "number"},
        "missing": [3],
    }
    study = make_study({"transactions": {"file": "t.csv", **how}}, {"t.csv": content})
    frame = load(study).frame()
    assert frame["revenue"].tolist() == [19.99]
    assert frame["weight"].tolist() == [2000.0]
    # A missing code is one of the file's numbers, before they are converted.
    assert frame["cost"].isna().tolist() == [True]


def test_kinds_type_further_columns_and_text_stays_text(make_study):
    content = "customer_id,age,since,member,code\na,41,2020-05-01,是,007\nb,,,,\n"
    how = {"kinds": {"age": "integer", "since": "date", "member": "boolean"}}
    study = make_study({"customers": {"file": "c.csv", **how}}, {"c.csv": content})
    loaded = load(study, "customers")
    frame = loaded.frame()
    assert frame["age"].tolist()[0] == 41
    assert frame["since"].tolist()[0] == pd.Timestamp("2020-05-01")
    assert frame["member"].tolist()[0] is True
    assert frame["code"].tolist()[0] == "007"
    assert frame.iloc[1, 1:].isna().all()
    assert loaded.attributes == ("age", "since", "member", "code")


def test_words_are_mapped_to_ours(make_study):
    content = "contact_id,customer_id,opened_at,complaint,渠道\n1,a,2026-01-31,投诉,电话\n"
    how = {
        "columns": {"channel": "渠道"},
        "values": {"complaint": {"投诉": "yes"}, "channel": {"电话": "phone's"}},
    }
    study = make_study({"contacts": {"file": "c.csv", **how}}, {"c.csv": content})
    frame = load(study, "contacts").frame()
    assert frame["complaint"].tolist() == [True]
    assert frame["channel"].tolist() == ["phone's"]


def test_currencies_with_a_rate_pass(make_study):
    content = "customer_id,ordered_at,revenue,currency\na,2026-01-31,1,USD\nb,2026-01-31,1,\n"
    study = make_study(
        {"transactions": {"file": "t.csv"}},
        {"t.csv": content},
        currency="EUR",
        cleaning={"exchange_rates": {"USD": 0.9}},
    )
    assert load(study).rows_kept == 2


# --- Parquet ------------------------------------------------------------------------------


def test_whole_numbers_that_became_fractions_are_identifiers_again(make_study, tmp_path: Path):
    """pandas turns a column of whole numbers with a gap into 17.0."""
    frame = pd.DataFrame(
        {
            "customer_id": [17.0, None, 1234567.0],
            "ordered_at": pd.to_datetime(["2026-01-31"] * 3),
            "revenue": [1, 2, 3],
            "channel": ["\u3000店 ", "", "x"],
        }
    )
    frame.to_parquet(tmp_path / "x.parquet")
    content = (tmp_path / "x.parquet").read_bytes()
    loaded = load(make_study({"transactions": {"file": "t.parquet"}}, {"t.parquet": content}))
    frame = loaded.frame()
    assert frame["customer_id"].tolist() == ["17", "1234567"]
    assert frame["revenue"].tolist() == [1.0, 3.0]
    assert frame["channel"].tolist() == ["店", "x"]
    assert frame["basket_id"].tolist() == ["17|2026-01-31", "1234567|2026-01-31"]


def test_traditional_chinese_names_and_file(make_study):
    content = "顧客編號,日期,金額\n顧客甲,2026年1月31日,1\n".encode("big5")
    how = {
        "encoding": "big5",
        "date_format": "%Y年%m月%d日",
        "columns": {"customer_id": "顧客編號", "ordered_at": "日期", "revenue": "金額"},
    }
    study = make_study({"transactions": {"file": "銷售.csv", **how}}, {"銷售.csv": content})
    loaded = load(study)
    assert loaded.source == "銷售.csv"
    assert loaded.frame()["ordered_at"].tolist() == [pd.Timestamp("2026-01-31")]
    assert not [file for file in study.paths.work.iterdir() if "part" in file.name]
