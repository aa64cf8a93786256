"""Reading files: every kind of file comes through whole, every bad one is refused by name."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pandas as pd
import pytest

from crmstudy.collection.intake.load import Loaded, load_into
from crmstudy.collection.warehouse import check_inputs
from crmstudy.errors import DataError, SettingsError
from crmstudy.settings import Study

HEADER = "customer_id,ordered_at,revenue,basket_id\n"
GOOD = HEADER + "a,2026-01-31,1.5,1\nb,2026-02-01 14:05,-2,2\n"


def load_table(study: Study, dataset: str, table: str) -> Loaded:
    return load_into(duckdb.connect(), study, dataset, table)


@pytest.fixture
def load(make_study):
    """Load one file as transactions; keywords say how study.yml describes it."""

    def run(content: str | bytes, table: str = "transactions", file: str = "t.csv", **how: object):
        study = make_study({table: {"file": file, **how}}, {file: content})
        return load_table(study, "firm", table)

    return run


def said(loaded: Loaded) -> str:
    return "\n".join(str(problem) for problem in loaded.problems)


def test_good_file_comes_through_typed_and_whole(load):
    loaded = load(GOOD)
    assert said(loaded) == ""
    assert loaded.frame()["revenue"].tolist() == [1.5, -2.0]
    assert loaded.frame()["ordered_at"].tolist() == [
        pd.Timestamp("2026-01-31"),
        pd.Timestamp("2026-02-01 14:05"),
    ]
    assert loaded.frame()["customer_id"].tolist() == ["a", "b"]
    assert (loaded.rows_read, dict(loaded.dropped), loaded.attributes) == (2, {}, ())


# --- kinds of files -----------------------------------------------------------------


def test_byte_order_mark_and_windows_line_ends(load):
    loaded = load(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    assert said(loaded) == ""
    assert list(loaded.frame()) == ["customer_id", "ordered_at", "revenue", "basket_id"]
    assert loaded.frame()["basket_id"].tolist() == ["1", "2"]


@pytest.mark.parametrize(("encoding", "word"), [("gb18030", "客户甲"), ("big5", "顧客甲")])
def test_chinese_encodings(load, encoding, word):
    text = HEADER + f"{word},2026-01-31,1,1\n"
    with pytest.raises(
        DataError, match=r"t\.csv, row 2: found bytes that are not utf-8 text .* encoding: "
    ):
        load(text.encode(encoding))
    assert load(text.encode(encoding), encoding=encoding).frame()["customer_id"].tolist() == [word]


def test_unknown_encoding(load):
    with pytest.raises(DataError, match="unknown encoding 'gb1803O'"):
        load(GOOD, encoding="gb1803O")


def test_continental_file(load):
    content = "Kunde;Datum;Umsatz\n7;31.01.2026;1,5\n8;01.02.2026;-99\n;02.02.2026;3\n"
    names = {"customer_id": "Kunde", "ordered_at": "Datum", "revenue": "Umsatz"}
    loaded = load(
        content,
        columns=names,
        delimiter=";",
        decimal=",",
        date_format="%d.%m.%Y",
        missing=[-98],
    )
    assert said(loaded) == ""
    assert loaded.frame()["revenue"].tolist() == [1.5, -99.0]
    assert loaded.frame()["ordered_at"].iloc[1] == pd.Timestamp("2026-02-01")
    assert loaded.frame()["basket_id"].tolist() == ["7|2026-01-31", "8|2026-02-01"]
    assert dict(loaded.dropped) == {"no customer (anonymous sale)": 1}
    assert loaded.rows_read == 3


def test_quoted_fields_keep_delimiters_quotes_and_line_breaks(load):
    content = GOOD.replace("a,", '"a, ""b""\nc",')
    loaded = load(content)
    assert loaded.frame()["customer_id"].tolist() == ['a, "b"\nc', "b"]


def test_rows_are_counted_as_a_spreadsheet_counts_them(load):
    content = HEADER + '"two\nlines",2026-01-31,1,1\n\nc,2026-01-31,x,3\n'
    assert [problem.row for problem in load(content).problems] == [4]


def test_empty_lines_are_left_out_and_counted(load):
    content = HEADER + "\na,2026-01-31,1,1\n,,,\n,,\n  , ,,\nb,2026-01-31,1,1\n\n \t,\n"
    loaded = load(content)
    assert said(loaded) == ""
    assert loaded.rows_read == 8
    assert dict(loaded.dropped) == {"empty row": 6}
    assert len(loaded.frame()) == loaded.rows_read - sum(loaded.dropped.values())


def test_parquet_gives_what_csv_gives(load, make_study, tmp_path: Path):
    frame = pd.DataFrame(
        {
            "customer_id": pd.array([1, None, 3], dtype="Int64"),
            "ordered_at": pd.to_datetime(["2026-01-31", "2026-02-01", "2026-02-03"]),
            "revenue": [0.1, 2.5, -99.0],
            "basket_id": ["x", "y", "z"],
            "quantity": [1.0, None, 3.0],
            "club": [True, None, False],
        }
    )
    place = tmp_path / "x.parquet"
    frame.to_parquet(place)
    loaded = load(place.read_bytes(), file="t.parquet", missing=[-77])
    assert said(loaded) == ""
    assert loaded.frame()["customer_id"].tolist() == ["1", "3"]
    assert loaded.frame()["revenue"].tolist() == [0.1, -99.0]
    assert loaded.frame()["ordered_at"].iloc[1] == pd.Timestamp("2026-02-03")
    assert (loaded.rows_read, dict(loaded.dropped)) == (3, {"no customer (anonymous sale)": 1})
    assert loaded.attributes == ("club",)
    # A code is a code, however its column writes the number.
    broken = load(place.read_bytes(), file="t.parquet", missing=[-99])
    assert [(p.row, p.column, p.found) for p in broken.problems] == [
        (4, "revenue", "an empty value")
    ]


def test_parquet_without_a_number_and_with_a_zone(load, tmp_path: Path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    moment = pd.Timestamp("2026-01-31 10:00", tz="UTC")
    table = pa.table(
        {
            "customer_id": ["a", "b"],
            "ordered_at": pa.array([moment, moment]),
            "revenue": [1.0, 2.0],
            "quantity": pa.array([float("nan"), 3.0], from_pandas=False),
        }
    )
    pq.write_table(table, tmp_path / "x.parquet")
    loaded = load((tmp_path / "x.parquet").read_bytes(), file="t.parquet")
    assert {(p.column, p.row) for p in loaded.problems} == {("ordered_at", 2), ("ordered_at", 3)}
    assert "in local time" in said(loaded)
    local = table.set_column(1, "ordered_at", pa.array([moment.tz_localize(None)] * 2))
    pq.write_table(local, tmp_path / "x.parquet")
    loaded = load((tmp_path / "x.parquet").read_bytes(), file="t.parquet")
    assert loaded.frame()["quantity"].isna().tolist() == [True, False]


def test_file_that_is_no_parquet(load):
    with pytest.raises(DataError, match=r"t\.parquet cannot be read as Parquet"):
        load(GOOD, file="t.parquet")


def test_upper_case_suffix(load):
    assert len(load(GOOD, file="T.CSV").frame()) == 2


# --- files that are no table --------------------------------------------------------


def test_missing_file_names_the_nearest(make_study):
    study = make_study({"transactions": {"file": "sale.csv"}}, {"sales.csv": GOOD})
    with pytest.raises(DataError, match=r"sale\.csv does not exist .*did you mean 'sales\.csv'"):
        load_table(study, "firm", "transactions")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "t.csv is empty"),
        ("\n\n", "t.csv is empty"),
        (HEADER, "t.csv has no data rows"),
        (HEADER + "a,2026-01-31,1\nb,2026-01-31,1,2,3\n", "row 2: found 3 fields; allowed: 4"),
        (HEADER + "a,2026-01-31,1\nb,2026-01-31,1,2,3\n", "row 3: found 5 fields; allowed: 4"),
        (HEADER + "a,2026-01-31,1,1,\nb,2026-01-31,1,2,\n", "row 2: found 5 fields"),
        (HEADER + '"a,2026-01-31,1,1\n', "quotation mark that is not closed"),
        ("a,b,,d\n1,2,3,4\n", "no name for column 3"),
        ("a,b,A\n1,2,3\n", "row 1, column 'A': found 2 columns of this name"),
        (GOOD.replace(",", ";"), 'say delimiter: ";" in study.yml'),
    ],
)
def test_files_that_make_no_table(load, content, message):
    with pytest.raises(DataError) as caught:
        load(content)
    assert message in str(caught.value)


def test_unknown_suffix(load):
    allowed = r"cannot read \.ods; allowed: one of \.csv, \.parquet, \.xlsx, \.sav"
    with pytest.raises(DataError, match=allowed):
        load(b"PK", file="t.ods")


def test_rows_that_are_all_empty(load):
    assert "no row with a value" in said(load(HEADER + ",,,\n"))


def test_purchases_of_nobody(load):
    assert "no row with a value" in said(load(HEADER + ",2026-01-31,1,1\n"))


# --- columns ------------------------------------------------------------------------


def test_every_missing_column_is_named_with_its_neighbour(load):
    loaded = load("Customer_ID,ordered_on,revenue\na,2026-01-31,x\n")
    text = said(loaded)
    assert "column 'customer_id': found only" in text
    assert "did you mean 'Customer_ID'?" in text
    assert "did you mean 'ordered_on'?" in text
    assert "columns: {ordered_at: <your column>}" in text
    # The values of the other columns are looked at all the same.
    assert "t.csv, row 2, column 'revenue': found 'x'; allowed: a number" in text


def test_mistyped_optional_column_is_not_taken_for_an_attribute(load):
    content = GOOD.replace("basket_id", "basketid")
    assert "did you mean 'basket_id'?" in said(load(content))
    kept = load(content, columns={"basketid": "basketid"})
    assert said(kept) == ""
    assert kept.attributes == ("basketid",)


def test_further_columns_stay_as_attributes(load):
    loaded = load("customer_id,plan,Größe\na, gold ,\nb,NA,1\n", table="customers")
    assert loaded.attributes == ("plan", "Größe")
    assert loaded.frame()["plan"].tolist() == ["gold", "NA"]
    assert loaded.frame()["Größe"].isna().tolist() == [True, False]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"revenue": "umsatz"}, "study.yml maps 'revenue' to it"),
        ({"revenue": "revenu"}, "did you mean 'revenue'?"),
        ({"revenue": "basket_id"}, "found 'revenue' as well; allowed: each once"),
        ({"cost": "revenue", "discount": "revenue"}, "a second use of column 'revenue'"),
    ],
)
def test_mappings_that_cannot_be(load, columns, message):
    assert message in said(load(GOOD, columns=columns))


def test_columns_may_be_swapped(load):
    loaded = load(GOOD, columns={"customer_id": "basket_id", "basket_id": "customer_id"})
    assert said(loaded) == ""
    assert loaded.frame()["customer_id"].tolist() == ["1", "2"]


# --- values -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "number", ["1,234.5", "1.234,5", "12 USD", "1_000", "inf", "nan", "１２", "1e999"]
)
def test_numbers_that_would_become_something_else(load, number):
    loaded = load(HEADER + f'a,2026-01-31,"{number}",1\n')
    assert [(p.row, p.column, p.found) for p in loaded.problems] == [(2, "revenue", repr(number))]
    assert "thousands separators" in said(loaded)


@pytest.mark.parametrize("number", ["1.234", "1.234,5", "1.234.567"])
def test_points_beside_a_decimal_comma_are_refused(load, number):
    loaded = load(HEADER + f'a,2026-01-31,"{number}",1\n', decimal=",")
    assert [p.found for p in loaded.problems] == [repr(number)]


@pytest.mark.parametrize(("number", "value"), [("+3", 3), ("-.5", -0.5), ("1.", 1), ("1e3", 1000)])
def test_numbers_as_programs_write_them(load, number, value):
    assert load(HEADER + f"a,2026-01-31,{number},1\n").frame()["revenue"].tolist() == [value]


@pytest.mark.parametrize(
    "date",
    ["31.01.2026", "2026-02-30", "2026", "45688", "yesterday", "2026-01-31T10:00:00Z", "31/1/26"],
)
def test_dates_that_cannot_be_read(load, date):
    loaded = load(HEADER + f"a,2026-01-30T08:00:00,1,1\nb,{date},1,2\n")
    assert [(p.row, p.column, p.found) for p in loaded.problems] == [(3, "ordered_at", repr(date))]
    assert "write 2026-01-31" in said(loaded)


@pytest.mark.parametrize("time", ["10:00+08:00", "10:00:00-0500", "10:00:00.5Z"])
def test_times_of_another_zone_are_refused(load, time):
    assert len(load(HEADER + f"a,2026-01-30T{time},1,1\n").problems) == 1


def test_booleans(load):
    head = "campaign_id,customer_id,start_on,end_on,treated\n"
    rows = "".join(
        f"c,{i},2026-01-01,2026-01-02,{word}\n"
        for i, word in enumerate(["yes", "No", "1", "否", "", "maybe"])
    )
    loaded = load(head + rows, table="campaigns")
    assert "row 7, column 'treated': found 'maybe'; allowed: yes or no or empty" in said(loaded)
    assert len(loaded.problems) == 1
    frame = load(head + rows.replace("maybe", "NO"), table="campaigns").frame()
    assert frame["treated"].tolist()[:4] == [True, False, True, False]
    assert frame["treated"].isna().tolist() == [False, False, False, False, True, False]


def test_missing_codes(load):
    content = "customer_id,ordered_at,revenue,quantity,channel\na,2026-01-31,1,-99.0,-99\n"
    loaded = load(content, missing=[-99, "k.A."])
    assert said(loaded) == ""
    assert loaded.frame()[["quantity", "channel"]].isna().all(axis=None)


def test_survey_answers_outside_the_scale(load, make_study):
    instrument = {
        "scale": [1, 10],
        "constructs": {"quality": {"label": "Quality", "items": ["Q1", "Q2"]}},
        "items": {"Q2": {"scale": [0, 5]}},
    }
    content = "respondent_id,Q1,Q2\n1,11,5\n2,0,6\n3,10,\n4,x,0\n"
    study = make_study({"survey": {"file": "s.csv"}}, {"s.csv": content}, instrument=instrument)
    loaded = load_table(study, "firm", "survey")
    assert [(p.row, p.column, p.found) for p in loaded.problems] == [
        (2, "Q1", "11"),
        (3, "Q1", "0"),
        (3, "Q2", "6"),
        (5, "Q1", "'x'"),
    ]
    assert "allowed: a number from 1 to 10 or empty" in said(loaded)
    assert "allowed: a number from 0 to 5 or empty" in said(loaded)


def test_survey_without_an_item(make_study):
    instrument = {"constructs": {"quality": {"label": "Quality", "items": ["Q1", "Q2"]}}}
    study = make_study(
        {"survey": {"file": "s.csv"}}, {"s.csv": "respondent_id,Q1\n1,1\n"}, instrument=instrument
    )
    assert "column 'Q2': found only" in said(load_table(study, "firm", "survey"))


def test_keys_twice_or_missing(load):
    loaded = load("customer_id,plan\na,x\n,y\na,z\nb,z\n", table="customers")
    assert [(p.row, p.column, p.found) for p in loaded.problems] == [
        (3, "customer_id", "an empty value"),
        (4, "customer_id", "'a' a second time"),
    ]


def test_words_outside_the_list(load):
    loaded = load("period,cost_type,amount\n2026-01,servce,-1\n", table="costs")
    text = said(loaded)
    assert "found 'servce'; allowed: one of service, care, platform, campaign, other" in text
    assert "found -1; allowed: a number of at least 0" in text


# --- several at once ----------------------------------------------------------------


def bad_study(make_study) -> Study:
    return make_study(
        {
            "transactions": {"file": "t.csv"},
            "customers": {"file": "c.csv"},
            "products": {"file": "nowhere.csv"},
            "costumers": {"file": "c.csv"},
            "other.transactions": {"open": "cdnow/transaction"},
        },
        {"t.csv": HEADER + "a,x,y,1\n", "c.csv": "customer_id\na\na\n"},
    )


def test_all_bad_tables_are_reported(make_study):
    loaded, problems = check_inputs(bad_study(make_study))
    text = "\n".join(map(str, problems))
    assert [one.table for one in loaded] == ["transactions", "customers"]
    for part in (
        "t.csv, row 2, column 'ordered_at': found 'x'",
        "t.csv, row 2, column 'revenue': found 'y'",
        "c.csv, row 3, column 'customer_id': found 'a' a second time",
        "nowhere.csv does not exist",
        "unknown table 'costumers'; did you mean 'customers'?",
        "unknown open data 'cdnow/transaction'; did you mean 'cdnow/transactions'?",
    ):
        assert part in text
    assert len(problems) == 6


def test_unknown_parameter_of_the_simulation(make_study):
    study = make_study({"customers": {"simulated": "customers"}}, simulation={"n_custmers": 5})
    with pytest.raises(SettingsError, match="unknown parameter 'n_custmers'"):
        check_inputs(study)


def test_unknown_simulated_table(make_study):
    study = make_study({"customers": {"simulated": "custmers"}}, simulation={"n_customers": 200})
    with pytest.raises(DataError, match="no table 'custmers'; did you mean 'customers'"):
        load_table(study, "firm", "customers")
