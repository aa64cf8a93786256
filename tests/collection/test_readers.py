"""Two readers, one table: DuckDB's fast one gives what Python's precise one gives, or refuses."""

from __future__ import annotations

import csv
import io
import itertools
import re
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmstudy.collection.contracts.contract import CONTRACTS, Expected
from crmstudy.collection.intake import load as loading
from crmstudy.collection.intake.load import load_into
from crmstudy.collection.intake.read import look_through
from crmstudy.collection.intake.rules import select_typed
from crmstudy.collection.intake.sqltypes import Staged, plan_columns
from crmstudy.errors import DataError
from crmstudy.settings import TableSource

NUMBER = "[+-]?(?:[0-9]+[.]?[0-9]*|[.][0-9]+)(?:[eE][+-]?[0-9]+)?"
SIGNS = ["a", "1", ",", '"', '""', "\n", "\r\n", "\r", " ", "\t", "\u3000", "'", "\\", "#", "-"]
SIGNS += ["1,2\n", "a,b\n", '"x"', '"x,y"', ",\n", "\x00", "NULL", "客"]


def precisely(text: str) -> list[list[str]] | None:
    try:
        records = list(csv.reader(io.StringIO(text, newline=""), strict=True))[1:]
    except csv.Error:
        return None
    rows = [[cell.strip() for cell in record] for record in records]
    level = all(len(row) == 2 or not any(row) for row in rows)
    return rows if level else None


@given(st.lists(st.sampled_from(SIGNS), max_size=14))
def test_fast_reader_agrees_or_refuses(tmp_path_factory, parts):
    compare_readers(tmp_path_factory.getbasetemp() / "law.csv", "x,y\n" + "".join(parts))


@pytest.mark.parametrize(
    "rows",
    [
        *('1, "2"\n', '1,"2" \n', '1,"2",\n', '1,"2",\r\n', '1,"2"\n3,4,\n', '"a""b",2\n'),
        *(" 1,2\n", "1 ,2\n", "1, 2\n", "1,2 \n", "1,2 \r\n", "1,2 "),
        *("1,2,\n", "1,2,\n\n", "\n1,2\n", "1,2\n\n3,4", ",\n", ",", "1,2,", '"1",2,', "1\n"),
        *(
            '1,"a\nb"\n',
            '1,"a\n\nb"\n',
            '1,"a"b"\n',
            '1,a"b\n',
            "1,2\r\r\n",
            '1,"\t2"\n',
            '1,\t"2"\n',
        ),
    ],
)
def test_fast_reader_agrees_or_refuses_where_the_two_differ(tmp_path, rows):
    compare_readers(tmp_path / "law.csv", "x,y\n" + rows)


def compare_readers(place: Path, text: str) -> None:
    place.write_text(text, encoding="utf-8", newline="")
    file = look_through(place, "law.csv", TableSource(file="law.csv"))
    if not file.sure:
        return
    source = Expected(CONTRACTS["products"])
    staged = file.staged()
    plan = plan_columns({"x": "x", "y": "y"}, source, staged)
    try:
        found = duckdb.sql(f"SELECT t0, t1 FROM ({select_typed(staged, plan)})").fetchall()
    except duckdb.Error:
        return
    wanted = precisely(text)
    if not file.level(len(found)):
        return
    assert wanted is not None
    assert [[cell or "" for cell in row] for row in found] == wanted
    assert file.rows in (None, len(wanted))


CONTENTS = {
    "plain": "customer_id,plan\na,x\nb,\n",
    "blank lines": "customer_id,plan\na,x\n\nb,\n\n",
    "returns": "customer_id,plan\r\na,x\r\nb,\r\n",
    "lone returns": "customer_id,plan\ra,x\rb,\r",
    "mixed ends": "customer_id,plan\r\na,x\nb,\n",
    "no last end": "customer_id,plan\na,x\nb,",
    "quoted": 'customer_id,plan\n"a","x"\n"b",""\n',
    "blanks by quotes": 'customer_id,plan\n"a","x"\nb,   \n',
    "wide blanks": "customer_id,plan\n\u3000a\u3000,\tx\nb,\u00a0\n",
    "mark": "\ufeffcustomer_id,plan\na,x\nb,\n",
    "quoted header": '"customer_id","plan"\na,x\nb,\n',
    "header in two lines": 'customer_id,"plan\n"\na,x\nb,\n',
}


@pytest.mark.parametrize("name", CONTENTS)
def test_every_way_to_write_a_table_gives_the_same(make_study, name):
    content = CONTENTS[name].encode()
    study = make_study({"customers": {"file": "c.csv"}}, {"c.csv": content})
    loaded = load_into(duckdb.connect(), study, "firm", "customers")
    assert not loaded.problems, "\n".join(map(str, loaded.problems))
    frame = loaded.frame()
    assert frame["customer_id"].tolist() == ["a", "b"]
    assert frame["plan"].tolist()[0] == "x"
    assert frame["plan"].isna().tolist() == [False, True]
    assert loaded.rows_read == loaded.rows_kept + sum(loaded.dropped.values())


def test_both_readers_give_equal_tables(make_study, monkeypatch):
    rows = "".join(f"c{i % 7},2026-01-{i % 28 + 1:02d},{i / 7:.3f},\n" for i in range(500))
    content = "customer_id,ordered_at,revenue,channel\n" + rows
    study = make_study({"transactions": {"file": "t.csv"}}, {"t.csv": content})
    fast = load_into(duckdb.connect(), study, "firm", "transactions")
    monkeypatch.setattr(loading, "_load_fast", lambda *_: 0)
    precise = load_into(duckdb.connect(), study, "firm", "transactions")
    pd.testing.assert_frame_equal(fast.frame(), precise.frame(), check_exact=True)
    assert fast == precise


def test_the_fast_reader_reads_good_files_alone(make_study, monkeypatch):
    def fail(*_: object) -> None:
        raise AssertionError("read a second time")

    monkeypatch.setattr(loading, "stage_csv", fail)
    content = "customer_id,ordered_at,revenue\na,2026-01-31,1\n,2026-01-31,2\n"
    study = make_study({"transactions": {"file": "t.csv"}}, {"t.csv": content})
    loaded = load_into(duckdb.connect(), study, "firm", "transactions")
    assert (loaded.rows_read, loaded.rows_kept) == (2, 1)


def test_anonymous_sales_are_checked_before_they_are_left_out(make_study):
    content = "customer_id,ordered_at,revenue\na,2026-01-31,1\n,2026-01-31,x\n"
    study = make_study({"transactions": {"file": "t.csv"}}, {"t.csv": content})
    loaded = load_into(duckdb.connect(), study, "firm", "transactions")
    assert [(p.row, p.column) for p in loaded.problems] == [(3, "revenue")]


def test_a_field_without_end_is_an_open_quotation_mark(make_study):
    content = 'customer_id,plan\na,"' + "x,y\n" * 400_000
    study = make_study({"customers": {"file": "c.csv"}}, {"c.csv": content})
    with pytest.raises(DataError, match="row 2: found a quotation mark that is not closed"):
        load_into(duckdb.connect(), study, "firm", "customers")


@pytest.mark.parametrize("decimal", [".", ","])
def test_numbers_are_those_of_the_pattern(decimal):
    """DuckDB reads more as a number than is one: 1_000, +-1, inf."""
    texts = ["".join(p) for n in range(1, 5) for p in itertools.product("+-.,eE_01x", repeat=n)]
    texts += ["inf", "-inf", "nan", "NaN", "infinity", "1e308", "1e309", "１２", "0x10", "1e-400"]
    connection = duckdb.connect()
    connection.register("words", pa.table({"amount": texts}))
    staged = Staged("words", {"amount": "VARCHAR"})
    source = TableSource(file="a.csv", decimal=decimal)
    (plan,) = plan_columns({"amount": "amount"}, Expected(CONTRACTS["costs"]), staged, source)
    typed = select_typed(staged, [plan])
    found = connection.execute(f"SELECT p0 IS NOT NULL FROM ({typed})").fetchall()
    pattern = re.compile(NUMBER.replace("[.]", f"[{decimal}]"), re.ASCII)
    for text, (read,) in zip(texts, found, strict=True):
        number = bool(pattern.fullmatch(text)) and float(text.replace(",", ".")) < 1e309
        assert read == number, text
